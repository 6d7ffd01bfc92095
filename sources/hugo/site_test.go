package hugo

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/internal/postdir"
	"feedmill/sources/sourcetest"
)

// look fetches once; the items are by path below content, as the source states them.
func look(t *testing.T, src sources.Source, st *sourcetest.State) (items map[string]*feeds.Item, reports []string) {
	t.Helper()
	out := sourcetest.NewSink(st)
	if _, err := src.Fetch(context.Background(), st, out); err != nil {
		t.Fatal(err)
	}
	items = map[string]*feeds.Item{}
	for _, c := range out.Changes {
		items[strings.TrimPrefix(c.Key, "content/")] = c.Item
	}
	for _, r := range out.Rejected {
		reports = append(reports, r.String())
	}
	return items, reports
}

// fetch writes a site and fetches it.
func fetch(t *testing.T, files map[string]string) (items map[string]*feeds.Item, reports []string) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	return look(t, open(dir), sourcetest.NewState())
}

// reported holds that a part is in one of the reports, or that there are none for an empty one.
func reported(t *testing.T, reports []string, part string) {
	t.Helper()
	if part != "" {
		contains(t, reports, part)
	} else if len(reports) > 0 {
		t.Errorf("reported %q", reports)
	}
}

func contains(t *testing.T, reports []string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !slices.ContainsFunc(reports, func(r string) bool { return strings.Contains(r, part) }) {
			t.Errorf("no report of %q in:\n%s", part, strings.Join(reports, "\n"))
		}
	}
}

// TestRefs: what a reference leads to, as Hugo 0.111 finds it.
func TestRefs(t *testing.T) {
	files := map[string]string{
		"hugo.toml":                    "baseURL = 'https://r.example/b/'\nrefLinksNotFoundURL = '/gone/'\n[languages.en]\n[languages.zh]\n[permalinks]\nlog = '/:year/:slug/'\n",
		"content/posts/_index.md":      "---\ntitle: Posts\nurl: /all-posts/\n---\n",
		"content/posts/a.md":           "x",
		"content/posts/a.zh.md":        "x",
		"content/posts/sub/deep.md":    "x",
		"content/posts/b/index.md":     "x",
		"content/posts/b/part.md":      "x",
		"content/log/entry.md":         "---\ndate: 2024-05-06\nslug: The Entry\n---\nx",
		"content/log/My Page.md":       "x",
		"content/log/twin.md":          "x",
		"content/other/twin.md":        "x",
		"content/other/v1.2/index.md":  "x",
		"content/other/draft.md":       "---\ndraft: true\n---\nx",
		"content/other/unseen.md":      "---\n_build: {render: never}\n---\nx",
		"content/docs/below/_index.md": "",
	}
	for _, c := range []struct{ ref, want, report string }{
		{`ref "a"`, "https://r.example/b/posts/a/", ""},
		{`ref "a.md"`, "https://r.example/b/posts/a/", ""},
		{`ref "./a.md"`, "https://r.example/b/posts/a/", ""},
		{`relref "/posts/a"`, "/b/posts/a/", ""},
		{`relref "POSTS/A.md#Part"`, "/b/posts/a/#Part", ""},
		{`ref "#here"`, "#here", ""},
		{`ref path="a.md" lang="zh"`, "https://r.example/b/zh/posts/a/", ""},
		{`ref path="a.md" lang="fr"`, "/gone/", `the language "fr"`},
		{`relref "sub/deep.md"`, "/b/posts/sub/deep/", ""},
		{`relref "deep"`, "/b/posts/sub/deep/", ""},
		{`relref "b"`, "/b/posts/b/", ""},
		{`relref "/posts/b/index.md"`, "/b/posts/b/", ""},
		{`relref "/posts/b/part.md"`, "/gone/", `part.md, which is no page`},
		{`relref "../log/entry.md"`, "/b/2024/the-entry/", ""},
		{`relref "entry"`, "/b/2024/the-entry/", ""},
		{`relref "My Page.md"`, "/b/1/", ""},
		{`relref "twin"`, "/gone/", `the reference "twin" is ambiguous: 2 pages`},
		{`relref "log/twin"`, "/b/1/", ""},
		{`relref "nowhere"`, "/gone/", `the reference "nowhere" leads to no page`},
		{`relref "/other/draft"`, "/gone/", "which is not published"},
		{`relref "unseen"`, "", "which is not rendered"},
		{`relref "/posts"`, "/b/all-posts/", ""},
		{`relref "/log"`, "/b/log/", ""},
		{`relref "docs/below"`, "/b/docs/below/", ""},
		{`relref "/docs/below/_index.md"`, "/b/docs/below/", ""},
		{`relref "/log/_index.md"`, "/gone/", "leads to no page"},
		{`relref "/log/index.md"`, "/gone/", "leads to no page"},
		{`relref "v1.2.md"`, "/b/other/v1.2/", ""},
		{`relref "/posts/a/"`, "/gone/", "leads to no page"},
		{`relref "/posts/"`, "/b/all-posts/", ""},
		{`relref "/tags/x"`, "/b/tags/x/", ""},
		{`relref "/"`, "/b/", ""},
		{`relref "a" "rss"`, "/b/posts/a/", `not to its output format "rss"`},
		{`relref "%zz"`, "/gone/", "is not an address"},
	} {
		t.Run(c.ref, func(t *testing.T) {
			site := maps.Clone(files)
			site["content/log/twin.md"] = "---\nurl: /1/\n---\n"
			site["content/log/My Page.md"] = "---\nurl: /1/\n---\n"
			site["content/posts/here.md"] = "---\ntitle: x\n---\n[x]({{< " + c.ref + " >}})"
			items, reports := fetch(t, site)
			if want := `<p><a href="` + c.want + `">x</a></p>`; items["posts/here.md"].Content != strings.Replace(want, `"/`, `"https://r.example/`, 1) && !(c.want == "" || c.want[0] == '#') {
				t.Errorf("got %s, want %s", items["posts/here.md"].Content, want)
			}
			reported(t, reports, c.report)
		})
	}
}

// TestRefsFollow: a post is published anew when what it refers to moves.
func TestRefsFollow(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"hugo.toml":         "baseURL = 'https://r.example/'\n",
		"content/p/a.md":    "---\ntitle: A\n---\n[b]({{< ref \"b\" >}})",
		"content/p/c.md":    "---\ntitle: C\n---\nc",
		"content/q/keep.md": "x",
	})
	st := sourcetest.NewState()
	src := open(dir)
	_, reports := look(t, src, st)
	contains(t, reports, `"b" leads to no page`)
	write(t, dir, map[string]string{"content/q/b.md": "---\nslug: first\n---\n"})
	for _, step := range []struct{ text, want string }{
		{"---\nslug: first\n---\n", "https://r.example/q/first/"},
		{"---\nslug: second\n---\n", "https://r.example/q/second/"},
	} {
		write(t, dir, map[string]string{"content/q/b.md": step.text})
		items, _ := look(t, open(dir), st)
		if it := items["p/a.md"]; it == nil || !strings.Contains(it.Content, step.want) || items["p/c.md"] != nil {
			t.Errorf("want %s, got %v", step.want, items)
		}
	}
	if err := os.Remove(filepath.Join(dir, "content/q/b.md")); err != nil {
		t.Fatal(err)
	}
	if _, reports = look(t, open(dir), st); len(reports) != 1 {
		t.Errorf("reported %q", reports)
	}
}

// TestShortcodes holds text against what Hugo 0.111 makes of it.
func TestShortcodes(t *testing.T) {
	for name, c := range map[string]struct{ text, want, report string }{
		"figure": {
			"{{< figure src=\"a.png\" alt=\"A\" title=\"T & U\" caption=\"*c*\" attr=\"me\" attrlink=\"/x\" link=\"/l\" class=\"k\" >}}",
			"<figure class=\"k\"><a href=\"/l\"><img src=\"a.png\" alt=\"A\"></a><figcaption><h4>T &amp; U</h4><p><em>c</em>\n<a href=\"/x\">me</a></p></figcaption></figure>", "",
		},
		"caption as alt":    {"{{< figure src=\"a.png\" caption=\"a *b* \\\"c\\\"\" >}}", "<figure><img src=\"a.png\" alt=\"a b “c”\"><figcaption><p>a <em>b</em> &ldquo;c&rdquo;</p></figcaption></figure>", ""},
		"markup":            {"a {{% param kind %}} b", "<p>a <em>k</em> b</p>", ""},
		"no markup":         {"a {{< param kind >}} b", "<p>a *k* b</p>", ""},
		"param of the site": {"{{< param \"deep.er\" >}}", "v", ""},
		"no param":          {"a{{< param none >}}", "<p>a</p>", `"none"`},
		"comment":           {"`{{</* x y=\"z\" */>}}` {{%/* a */%}}", "<p><code>{{&lt; x y=&quot;z&quot; &gt;}}</code> {{% a %}}</p>", ""},
		"highlight":         {"{{< highlight go \"linenos=table\" >}}\na < b\n{{< /highlight >}}", "<pre><code class=\"language-go\" data-lang=\"go\">a &lt; b\n</code></pre>", ""},
		"highlight inline":  {"x {{< highlight go \"hl_inline=true\" >}}a<b{{< /highlight >}}", "<p>x <code class=\"code-inline language-go\">a&lt;b</code></p>", ""},
		"highlight open":    {"{{< highlight go >}}\n*a*", "<p><em>a</em></p>", "highlight is not closed"},
		"in a list":         {"- a\n  {{< highlight go >}}\n  b\n    c\n  {{< /highlight >}}", "<ul>\n<li>a\n<pre><code class=\"language-go\" data-lang=\"go\">b\n  c\n</code></pre></li>\n</ul>", ""},
		"youtube":           {"{{< youtube w7Ft2ymGmfc >}}", "<p><a href=\"https://www.youtube.com/watch?v=w7Ft2ymGmfc\">https://www.youtube.com/watch?v=w7Ft2ymGmfc</a></p>", ""},
		"vimeo":             {"{{< vimeo id=\"1\" class=\"x\" >}}", "<p><a href=\"https://vimeo.com/1\">https://vimeo.com/1</a></p>", ""},
		"gist":              {"{{< gist u 12ab f.go >}}", "<p><a href=\"https://gist.github.com/u/12ab\">https://gist.github.com/u/12ab</a></p>", ""},
		"tweet":             {"{{< tweet user=\"u\" id=\"5\" >}}{{< twitter u 6 >}}", "<p><p><a href=\"https://twitter.com/u/status/5\">https://twitter.com/u/status/5</a></p><p><a href=\"https://twitter.com/u/status/6\">https://twitter.com/u/status/6</a></p></p>", ""},
		"instagram":         {"{{< instagram q >}}", "", ""}, // disabled by privacy
		"own":               {"{{< note \"a>b\" >}}\n**in**\n{{< /note >}}", "<p><strong>in</strong></p>", "left out the tags of shortcodes that are templates of the site: note"},
		"own figure":        {"{{< details >}}x{{< /details >}}", "<p>x</p>", "templates of the site: details"},
		"own in a folder":   {"{{% box/warn %}}x{{% /box/warn %}}", "<p>x</p>", "box/warn"},
		"inline":            {"a {{< t.inline >}}{{ now }}{{< /t.inline >}} b", "<p>a  b</p>", "templates of the site: t"},
		"not one":           {"{{< >}} {{<x", "<p>{{&lt; &gt;}} {{&lt;x</p>", "stays as text"},
		"self closing":      {"a{{< note / >}}b", "<p>ab</p>", "note"},
		"quotes":            {"{{< figure src=`a\nb` >}} {{< figure \\\"c\\\" >}}", "<p><figure><img src=\"a\nb\"></figure> <figure><img src=\"\"></figure></p>", ""},
		"in a heading":      {"## A {{< param kind >}}", "<h2 id=\"a-hahahugoshortcodes0hbhb\">A *k*</h2>", ""},
		"details":           {"{{< details summary=\"S\" / >}}", "", "details"},
		"hidden":            {"a{{< comment >}}b{{< /comment >}}c", "<p>ac</p>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := loadFiles(t, map[string]string{
				"hugo.toml":                        "baseURL = 'https://s.example/'\n[params.deep]\ner = 'v'\n[privacy.instagram]\ndisable = true\n",
				"layouts/shortcodes/details.html":  "{{ .Inner }}",
				"layouts/shortcodes/box/warn.html": "{{ .Inner }}",
			})
			post := decodeText(s, "content/posts/a.md", "---\nkind: \"*k*\"\n---\n"+c.text)
			if d := cmp.Diff(c.want, post.Change.Item.Content); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			f, _ := post.Report()
			if c.report == "" && f.Reason != "" || !strings.Contains(f.Reason, c.report) {
				t.Errorf("reported %q, want %q", f.Reason, c.report)
			}
		})
	}
}

// TestSettings: a setting that shapes pages is read, or reported.
func TestSettings(t *testing.T) {
	page := "---\ntitle: T é C++\ndate: 2024-05-06 07:08:09\ntags: [x]\n---\n"
	for name, c := range map[string]struct {
		conf   string
		files  map[string]string
		want   map[string]string // by path below content: what the item has to hold, as URL, content or summary; empty for no page
		report string
	}{
		"ignoreFiles":        {"ignoreFiles = ['\\.tmp\\.md$', '/skipped/', '(']", map[string]string{"content/a.tmp.md": page, "content/skipped/a.md": page, "content/a.md": page}, map[string]string{"a.md": "/a/", "a.tmp.md": "", "skipped/a.md": ""}, "ignoreFiles"},
		"multihost":          {"[languages.en]\nbaseURL = 'https://en.example/'\n[languages.zh]\nbaseURL = 'https://zh.example/z/'", map[string]string{"content/a.md": page, "content/a.zh.md": page}, map[string]string{"a.md": "https://en.example/a/", "a.zh.md": "https://zh.example/z/a/"}, ""},
		"emoji":              {"enableEmoji = true", map[string]string{"content/a.md": page + ":smile: :none:"}, map[string]string{"a.md": "😄 :none:"}, ""},
		"unsafe":             {"[markup.goldmark.renderer]\nunsafe = true", map[string]string{"content/a.md": page + "<b>x</b>"}, map[string]string{"a.md": "<b>x</b>"}, ""},
		"safe":               {"", map[string]string{"content/a.md": page + "<b>x</b>"}, map[string]string{"a.md": "<p>x</p>"}, ""},
		"hardWraps":          {"[markup.goldmark.renderer]\nhardWraps = true", map[string]string{"content/a.md": page + "a\nb"}, map[string]string{"a.md": "a<br>"}, ""},
		"typographer":        {"[markup.goldmark.extensions.typographer]\nleftDoubleQuote = '«'", map[string]string{"content/a.md": page + `"a"`}, map[string]string{"a.md": "«a"}, ""},
		"passthrough":        {"[markup.goldmark.extensions.passthrough]\nenable = true\n[markup.goldmark.extensions.passthrough.delimiters]\nblock = [['$$', '$$']]\ninline = [['\\(', '\\)']]", map[string]string{"content/a.md": page + "\\(a_1 *b* c_2\\)\n\n$$\nx < *y*\n$$"}, map[string]string{"a.md": "<p>\\(a_1 *b* c_2\\)</p>\n<p>$$\nx &lt; *y*\n$$</p>"}, ""},
		"attributes":         {"[markup.goldmark.parser.attribute]\nblock = true", map[string]string{"content/a.md": page + "> a\n{.c}\n\nb"}, map[string]string{"a.md": "<p>a</p>\n</blockquote>\n<p>b</p>"}, ""},
		"images alone":       {"[markup.goldmark.parser]\nwrapStandAloneImageWithinParagraph = false", map[string]string{"content/a.md": page + "![x](/y.png)"}, map[string]string{"a.md": "<img src=\"https://s.example/y.png\" alt=\"x\">"}, ""},
		"summaryLength":      {"summaryLength = 2", map[string]string{"content/a.md": page + "One two three. Four five."}, map[string]string{"a.md": "One two three."}, ""},
		"hasCJKLanguage":     {"hasCJKLanguage = true\nsummaryLength = 3", map[string]string{"content/a.md": page + "一二三四五六"}, map[string]string{"a.md": "一二三"}, ""},
		"disablePathToLower": {"disablePathToLower = true", map[string]string{"content/Ab C.md": page}, map[string]string{"Ab C.md": "/Ab-C/"}, ""},
		"removePathAccents":  {"removePathAccents = true\n[permalinks]\np = '/:title/'", map[string]string{"content/p/a.md": page}, map[string]string{"p/a.md": "/t-e-c-/"}, ""},
		"uglyURLs":           {"uglyURLs = true", map[string]string{"content/a.md": page}, map[string]string{"a.md": "/a.html"}, ""},
		"uglyURLs of one":    {"[uglyURLs]\np = true", map[string]string{"content/p/a.md": page, "content/q/a.md": page}, map[string]string{"p/a.md": "/p/a.html", "q/a.md": "/q/a/"}, ""},
		"permalinks":         {"[permalinks.page]\np = '/:year/:month/:contentbasename'\n[permalinks.section]\np = '/x/'", map[string]string{"content/p/a.md": page}, map[string]string{"p/a.md": "/2024/05/a/"}, ""},
		"bad permalink":      {"[permalinks]\np = '/:year/:nothing/'", map[string]string{"content/p/a.md": page}, map[string]string{"p/a.md": "/2024/nothing/"}, `":nothing" has no meaning`},
		"site cascade":       {"[cascade]\nslug = 'given'\n[cascade._target]\npath = '/p/*'", map[string]string{"content/p/a.md": page, "content/q/b.md": page}, map[string]string{"p/a.md": "/p/given/", "q/b.md": "/q/b/"}, ""},
		"targets":            {"[[cascade]]\nslug = 'section'\n_target = {kind = 'section'}\n[[cascade]]\nslug = 'zh'\n_target = {lang = 'zh'}\n[[cascade]]\nslug = 'dev'\n_target = {environment = 'development'}\n[[cascade]]\nslug = 'page'\n_target = {kind = '{page,home}', path = '/P/**.md', environment = 'production'}\n", map[string]string{"content/p/a.md": page, "content/b.md": page}, map[string]string{"p/a.md": "/p/page/", "b.md": "https://s.example/b/"}, ""},
		"drafts":             {"buildDrafts = true\nbuildExpired = true", map[string]string{"content/a.md": "---\ndraft: true\nexpiryDate: 2020-01-01\n---\n"}, map[string]string{"a.md": "/a/"}, ""},
		"canonifyURLs":       {"baseURL = 'https://s.example/sub/'\ncanonifyURLs = true", map[string]string{"content/a.md": page + "![x](/y.png) [z](//h.example/)"}, map[string]string{"a.md": "https://s.example/sub/y.png"}, ""},
		"no canonifyURLs":    {"baseURL = 'https://s.example/sub/'", map[string]string{"content/a.md": page + "![x](/y.png)"}, map[string]string{"a.md": "https://s.example/y.png"}, ""},
		"in subdir":          {"defaultContentLanguageInSubdir = true\ndefaultContentLanguage = 'zh'\n[languages.zh]\n[languages.en]", map[string]string{"content/a.md": page, "content/a.en.md": page}, map[string]string{"a.md": "/zh/a/", "a.en.md": "/en/a/"}, ""},
		"wrong default":      {"defaultContentLanguage = 'de'\n[languages.en]", map[string]string{"content/a.md": page}, map[string]string{"a.md": "https://s.example/a/"}, "is none of the languages"},
		"contentDir":         {"contentDir = 'pages'", map[string]string{"pages/a.md": page, "content/b.md": page}, map[string]string{"pages/a.md": "/a/", "b.md": ""}, ""},
		"language dirs":      {"[languages.en]\ncontentDir = 'c/en'\n[languages.zh]\ncontentDir = 'c/zh'\ndisabled = true", map[string]string{"c/en/a.md": page, "c/zh/a.md": page}, map[string]string{"c/en/a.md": "/a/", "c/zh/a.md": ""}, ""},
		"mounts":             {"[[module.mounts]]\nsource = 'src/blog'\ntarget = 'content/news'\nincludeFiles = '*.md'\n[[module.mounts]]\nsource = '/etc'\ntarget = 'content'\n[[module.mounts]]\nsource = 'a'\ntarget = 'assets'", map[string]string{"src/blog/a.md": page, "src/blog/x/b.md": page, "content/c.md": page}, map[string]string{"src/blog/a.md": "/news/a/", "src/blog/x/b.md": "", "c.md": ""}, `pages in "/etc" are not read`},
		"theme":              {"theme = 'th'", map[string]string{"content/a.md": page, "themes/th/content/a.md": page, "themes/th/content/b.md": page, "themes/th/config.toml": "[params]\ndescription = 'D'\n"}, map[string]string{"a.md": "/a/", "themes/th/b.md": "", "themes/th/content/b.md": "/b/", "themes/th/content/a.md": ""}, ""},
		"no theme":           {"theme = 'th'\n[[module.imports]]\npath = 'github.com/x/y'", map[string]string{"content/a.md": page}, map[string]string{"a.md": "/a/"}, `"github.com/x/y" is not in themes`},
		"own templates":      {"", map[string]string{"content/a.md": page, "layouts/_default/_markup/render-link.html": "x"}, map[string]string{"a.md": "/a/"}, "each link stays as Markdown has it"},
		"adapter":            {"", map[string]string{"content/a.md": page, "content/_content.gotmpl": "x"}, map[string]string{"a.md": "/a/"}, "the pages it would make are missing"},
		"handler":            {"[markup]\ndefaultMarkdownHandler = 'blackfriday'", map[string]string{"content/a.md": page}, map[string]string{"a.md": "/a/"}, "markup.defaultMarkdownHandler"},
		"git":                {"enableGitInfo = true", map[string]string{"content/a.md": page}, map[string]string{"a.md": "/a/"}, "enableGitInfo"},
		"no kinds":           {"disableKinds = ['page']", map[string]string{"content/a.md": page}, map[string]string{"a.md": ""}, ""},
		"zone":               {"timeZone = 'Asia/Nowhere'", map[string]string{"content/a.md": page}, map[string]string{"a.md": "/a/"}, "timeZone"},
		"no scheme":          {"baseURL = 's.example/x'", map[string]string{"content/a.md": page}, map[string]string{"a.md": "https://s.example/x/a/"}, `"s.example/x" has no scheme`},
		"no base":            {"baseURL = '/'", map[string]string{"content/a.md": page + "text"}, map[string]string{"a.md": "text"}, "pages have no addresses"},
		"linkify":            {"", map[string]string{"content/a.md": page + "www.example.org"}, map[string]string{"a.md": `<a href="https://www.example.org">`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			conf := c.conf + "\n"
			if !strings.Contains(conf, "baseURL") {
				conf = "baseURL = 'https://s.example/'\n" + conf
			}
			files := maps.Clone(c.files)
			files["hugo.toml"] = conf
			items, reports := fetch(t, files)
			for key, want := range c.want {
				it := items[key]
				switch {
				case (it == nil) != (want == ""):
					t.Errorf("%s: want %q, got %+v", key, want, it)
				case it != nil && !strings.HasSuffix(it.URL, want) && !strings.Contains(it.Content, want) && it.Summary != want:
					t.Errorf("%s: want %q, got %s: %s: %s", key, want, it.URL, it.Summary, it.Content)
				}
			}
			reported(t, reports, c.report)
		})
	}
}

// TestBundles: a directory with an index is one page, whenever the index comes; its pictures are found.
func TestBundles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"hugo.toml":                    "baseURL = 'https://b.example/'\n",
		"content/p/one/index.md":       "---\ntitle: One\n---\n![x](pic.png)",
		"content/p/one/text.md":        "resource",
		"content/p/one/deep/er.md":     "resource",
		"content/p/one/my feature.jpg": "",
		"content/p/two/index.md":       "---\ntitle: Two\nresources:\n- {src: '*.webp', name: cover-image}\n---\n",
		"content/p/two/a.png":          "",
		"content/p/two/z.webp":         "",
		"content/p/three/index.md":     "---\nimages: [a.png, b.png]\n---\nx",
		"content/p/three/a.png":        "",
		"content/p/four.md":            "---\nimages: [a.png]\n---\nx",
		"content/p/five.md":            "---\ncover: {image: /c.png}\n---\nx",
		"content/p/six/page.md":        "x",
	})
	st := sourcetest.NewState()
	src := open(dir)
	items, _ := look(t, src, st)
	got := map[string]string{}
	for key, it := range items {
		got[key] = it.URL + " " + it.Image
	}
	want := map[string]string{
		"p/one/index.md":   "https://b.example/p/one/ https://b.example/p/one/my%20feature.jpg",
		"p/two/index.md":   "https://b.example/p/two/ https://b.example/p/two/z.webp",
		"p/three/index.md": "https://b.example/p/three/ https://b.example/p/three/a.png",
		"p/four.md":        "https://b.example/p/four/ https://b.example/a.png",
		"p/five.md":        "https://b.example/p/five/ https://b.example/c.png",
		"p/six/page.md":    "https://b.example/p/six/page/ ",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if !strings.Contains(items["p/one/index.md"].Content, "https://b.example/p/one/pic.png") {
		t.Error(items["p/one/index.md"].Content)
	}
	change := func(paths ...string) (map[string]*feeds.Item, []string) {
		src.(interface{ Changed(*postdirChanges) }).Changed(&postdirChanges{Paths: paths})
		out := sourcetest.NewSink(st)
		if _, err := src.Fetch(context.Background(), st, out); err != nil {
			t.Fatal(err)
		}
		items := map[string]*feeds.Item{}
		for _, c := range out.Changes {
			items[strings.TrimPrefix(c.Key, "content/")] = c.Item
		}
		return items, out.Withdrawn
	}
	write(t, dir, map[string]string{"content/p/new/index.md": "x", "content/p/new/text.md": "x"})
	if items, _ := change("content/p/new/text.md", "content/p/new/index.md"); len(items) != 1 || items["p/new/index.md"].URL != "https://b.example/p/new/" {
		t.Errorf("a new bundle: %v", items)
	}
	write(t, dir, map[string]string{"content/p/six/index.md": "x"})
	if items, gone := change("content/p/six/index.md"); items["p/six/index.md"] == nil || !slices.Contains(gone, "content/p/six/page.md") {
		t.Errorf("a directory became a bundle: %v, gone %v", items, gone)
	}
	if err := os.Remove(filepath.Join(dir, "content/p/one/index.md")); err != nil {
		t.Fatal(err)
	}
	if items, gone := change("content/p/one/index.md"); items["p/one/text.md"] == nil || items["p/one/deep/er.md"] == nil || !slices.Contains(gone, "content/p/one/index.md") {
		t.Errorf("a bundle became a directory: %v, gone %v", items, gone)
	}
}

// TestTimeOfTargets: a post is looked at again when what it refers to opens or expires.
func TestTimeOfTargets(t *testing.T) {
	tree, s := func() (postdir.Tree, *site) {
		dir := t.TempDir()
		write(t, dir, map[string]string{
			"hugo.toml":       "baseURL = 'https://t.example/'\n",
			"content/soon.md": "---\npublishDate: 2031-02-03\nexpiryDate: 2033-01-01\n---\n",
			"content/ends.md": "---\nexpiryDate: 2032-01-01\n---\n",
		})
		return load(t, dir)
	}()
	for ref, want := range map[string]string{"soon": "2031-02-03", "ends": "2032-01-01"} {
		p := s.open(postdir.NewFile(tree, "content/a.md", nil, fixed, fixed), "content/a.md", []byte("x"))
		p.addressOf("content/" + ref + ".md") //nolint:errcheck // what it says is tested elsewhere
		if got := p.Until.Format(time.DateOnly); got != want {
			t.Errorf("%s: until %s, want %s", ref, got, want)
		}
	}
}

// TestOwnFeeds: subscribers of the feeds that Hugo wrote are led to the topics.
func TestOwnFeeds(t *testing.T) {
	s := loadFiles(t, map[string]string{
		"hugo.toml": "baseURL = 'https://f.example/b/'\n[languages.en]\n[languages.zh]\nlanguageCode = 'zh-CN'\n[taxonomies]\nplace = 'places'\n[outputFormats.RSS]\nbaseName = 'feed'\n",
	})
	notes := s.Notes(&feeds.Item{Language: "zh-CN", Tags: []string{"中文 X"}})
	notes = append(notes, s.Notes(&feeds.Item{Language: "en", Categories: []string{"C"}})...)
	got := s.About(nil, notes).Redirects
	for path, topic := range map[string]feeds.Topic{
		"/feed.xml": feeds.All, "/b/feed.xml": feeds.All, "/b/zh/feed.xml": feeds.NewTopic("lang", "zh-CN"),
		"/b/zh/tags/%E4%B8%AD%E6%96%87-x/feed.xml": feeds.NewTopic("tag", "中文 X"), "/zh/places/%E4%B8%AD%E6%96%87-x/feed.xml": feeds.NewTopic("tag", "中文 X"),
		"/categories/c/feed.xml": feeds.NewTopic("category", "C"),
	} {
		if got[path] != topic {
			t.Errorf("%s leads to %v, want %v", path, got[path], topic)
		}
	}
	if len(got) != 12 {
		t.Errorf("%d addresses: %v", len(got), got)
	}
}

// TestOwnFeedsOfOutputs: the feeds of sections, and those in the formats that a site defines itself.
func TestOwnFeedsOfOutputs(t *testing.T) {
	s := loadFiles(t, map[string]string{
		"hugo.toml": "[outputFormats.Atom]\nmediaType = 'application/atom+xml'\nbaseName = 'atom'\n[outputFormats.feed]\nmediaType = 'application/feed+json'\npath = 'json'\n" +
			"[outputFormats.search]\nmediaType = 'application/json'\n[mediaTypes.'application/atom+xml']\nsuffixes = ['atom']\n[outputs]\nhome = ['HTML', 'Atom', 'feed']\n",
		"content/posts/a.md":               "---\ntitle: A\n---\n",
		"content/notes/deep/_index.md":     "---\ntitle: Deep\n---\n",
		"content/notes/deep/b/index.md":    "---\ntitle: B\n---\n",
		"content/tags/harbour-x/_index.md": "---\ntitle: The harbour\n---\n",
		"content/Old Posts/2024/c.md":      "---\ntitle: C\n---\n",
	})
	got := s.About(nil, s.Notes(&feeds.Item{Tags: []string{"harbour x"}})).Redirects
	want := map[string]feeds.Topic{}
	for _, file := range []string{"index.xml", "atom.atom", "json/index.json"} {
		for _, dir := range []string{"/", "/posts/", "/notes/", "/notes/deep/", "/old-posts/"} {
			want[dir+file] = feeds.All
		}
		want["/tags/harbour-x/"+file] = feeds.NewTopic("tag", "harbour x")
	}
	for path, topic := range want {
		if got[path] != topic {
			t.Errorf("%s leads to %v, want %v", path, got[path], topic)
		}
	}
	for path := range got {
		if want[path] == (feeds.Topic{}) {
			t.Errorf("%s leads to %v", path, got[path])
		}
	}
}

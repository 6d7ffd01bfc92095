package hugo

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// madeUp makes sites of about n pages to compare with Hugo, each with settings of its own.
var madeUp = map[string]func(r *rand.Rand, file func(name, text string), n int){
	"plain": func(r *rand.Rand, file func(name, text string), n int) {
		file("hugo.toml", "baseURL = 'https://a.example/'\ntitle = 'Plain'\n[params]\ncolour = 'red'\n[params.shade]\ndark = 'black'\n[taxonomies]\ntag = 'tags'\ncategory = 'categories'\nseries = 'series'\nplace = 'places'\n")
		file("layouts/shortcodes/note.html", "{{ .Inner }}")
		file("layouts/shortcodes/wrap.html", "{{ $.Page.RenderString (dict \"display\" \"block\") .Inner }}")
		g := &generator{Rand: r, file: file, dirs: []string{"", "posts", "posts/2024", "Notes And More", "docs/a/b"}, own: true}
		file("content/docs/a/_index.md", "---\ntitle: A\ncascade:\n  places: [cascaded]\n  _target:\n    path: '/docs/**'\n---\n")
		file("content/posts/_index.md", "---\ntitle: Posts\ncascade:\n  series: [everywhere]\n---\n")
		g.pages(n)
	},
	"permalinks": func(r *rand.Rand, file func(name, text string), n int) {
		file("config.yaml", `baseURL: https://b.example/sub/dir/
timeZone: Asia/Shanghai
params: {colour: red, shade: {dark: black}}
enableEmoji: true
removePathAccents: true
summaryLength: 20
hasCJKLanguage: true
permalinks:
  posts: /:year/:month/:day/:slug/
  notes: /n/:sections/:title/
  deep: /:sections[1:]/:monthname-:weekdayname/:slugorfilename
  files: /f/:filename.html
  at: /:2006/:yearday/:section/:filename/
taxonomies: {tag: tags, category: categories, series: series, place: places}
frontmatter:
  date: [':filename', ':default']
  lastmod: [modified, lastmod, date]
markup:
  goldmark:
    renderer: {unsafe: true, hardWraps: true}
    parser: {attribute: {block: true}, autoHeadingIDType: github-ascii}
    extensions: {typographer: false}
`)
		g := &generator{Rand: r, file: file, dirs: []string{"posts", "notes", "notes/x", "deep/one/two", "files", "at"}, unsafe: true, dated: true}
		file("content/deep/one/_index.md", "---\ntitle: One\n---\n")
		file("content/deep/one/two/_index.md", "---\ntitle: Two\n---\n")
		g.pages(n)
	},
	"languages": func(r *rand.Rand, file func(name, text string), n int) {
		file("config/_default/config.toml", "baseURL = 'https://c.example'\ndefaultContentLanguage = 'en'\ndefaultContentLanguageInSubdir = true\nignoreFiles = ['ignored', '\\.skip\\.md$']\n[params]\ncolour = 'red'\n[params.shade]\ndark = 'black'\n[taxonomies]\ntag = 'tags'\ncategory = 'categories'\nseries = 'series'\nplace = 'places'\n[uglyURLs]\nposts = true\n")
		file("config/_default/languages.toml", "[en]\nweight = 1\n[zh]\nweight = 2\nhasCJKLanguage = true\nsummaryLength = 30\ntimeZone = 'Asia/Shanghai'\n[zh.permalinks]\nnotes = '/:year/:slug/'\n[fr]\ndisabled = true\n")
		file("config/production/config.toml", "buildFuture = true\n")
		g := &generator{Rand: r, file: file, dirs: []string{"posts", "notes", "Ünï/Cödé", "ignored"}, langs: []string{"", "zh", "en", "fr"}}
		file("content/notes/_index.zh.md", "---\ntitle: 笔记\ncascade:\n  tags: [中文]\n---\n")
		file("content/notes/x.skip.md", "---\ntitle: no\n---\n")
		g.pages(n)
	},
	"directories": func(r *rand.Rand, file func(name, text string), n int) {
		file("hugo.yaml", "defaultContentLanguage: en\ndisablePathToLower: true\nparams: {colour: red, shade: {dark: black}}\ntaxonomies: {tag: tags, category: categories, series: series, place: places}\nlanguages:\n  en: {baseURL: 'https://en.example/', contentDir: content/en}\n  zh: {baseURL: 'https://zh.example/x/', contentDir: content/zh, hasCJKLanguage: true}\n")
		for _, lang := range []string{"en", "zh"} {
			g := &generator{Rand: r, file: file, dirs: []string{"posts", "Notes"}, root: "content/" + lang + "/"}
			g.pages(n / 2)
		}
	},
	"mounts": func(r *rand.Rand, file func(name, text string), n int) {
		file("hugo.toml", "baseURL = 'https://m.example/'\nuglyURLs = true\n[params]\ncolour = 'red'\n[params.shade]\ndark = 'black'\n[taxonomies]\ntag = 'tags'\ncategory = 'categories'\nseries = 'series'\nplace = 'places'\n"+
			"[[module.mounts]]\nsource = 'pages'\ntarget = 'content'\nexcludeFiles = ['**/draft-*', 'old/**']\n[[module.mounts]]\nsource = 'journal'\ntarget = 'content/log'\n[[cascade]]\nplaces = ['site']\n[cascade._target]\npath = '{/log/**,/posts/*}'\n")
		file("pages/old/gone.md", "---\ntitle: gone\n---\n")
		file("pages/posts/draft-x.md", "---\ntitle: gone\n---\n")
		(&generator{Rand: r, file: file, dirs: []string{"", "posts"}, root: "pages/"}).pages(n / 2)
		(&generator{Rand: r, file: file, dirs: []string{"", "sub"}, root: "journal/", n: 5000}).pages(n / 2)
	},
}

// generator writes pages.
type generator struct {
	*rand.Rand
	file   func(name, text string)
	root   string
	dirs   []string
	langs  []string
	unsafe bool
	// own: the site has shortcodes of its own.
	own bool
	// dated: names begin with dates.
	dated bool
	n     int
	names []string
}

func (g *generator) pick(list ...string) string { return list[g.IntN(len(list))] }
func (g *generator) odds(n int) bool            { return g.IntN(n) == 0 }

func (g *generator) pages(n int) {
	if g.root == "" {
		g.root = "content/"
	}
	for range n {
		g.page()
	}
}

func (g *generator) page() {
	g.n++
	name := fmt.Sprintf("%s%d", g.pick("page", "Page Two ", "mit-ümlaut-", "中文名", "c++_", "a.b.", "x~y@z", "UPPER", "two--dash-"), g.n)
	if g.dated || g.odds(10) {
		name = g.pick("2024-02-03-", "2023-11-30_", "2022-01-02 ") + name
	}
	dir := g.pick(g.dirs...)
	if dir != "" {
		dir += "/"
	}
	at := g.root + dir + name
	lang := ""
	if len(g.langs) > 0 {
		if lang = g.pick(g.langs...); lang != "" {
			lang = "." + lang
		}
	}
	switch {
	case g.odds(6) && lang != ".fr": // a bundle; Hugo 0.111 builds those of disabled languages as of the default one
		g.file(at+"/index"+lang+".md", g.text())
		g.file(at+"/picture.png", "x")
		if g.odds(2) {
			g.file(at+"/more/resource.md", g.text())
		}
	case g.odds(15):
		g.file(at+lang+".html", g.front()+"<p>HTML</p>\n{{< param colour >}} more\n")
	case g.odds(12):
		g.file(at+lang+".markdown", g.text())
	default:
		g.file(at+lang+".md", g.text())
	}
	g.names = append(g.names, strings.TrimPrefix(at, g.root))
}

func (g *generator) title() string {
	return g.pick("A Title", "Don't \\\"quote\\\" me", "中文标题：你好", "C++ & <b>bold</b>", "Ünïcödé", "100%", "a/b", "tick `code`", "emoji :smile:", "it's 5 o'clock", "trailing dots...", "#hash", "Slash / and ? mark") +
		fmt.Sprintf(" %d", g.n)
}

func (g *generator) date() string {
	return g.pick("2024-01-02", "2024-01-02T03:04:05Z", "2024-05-06T07:08:09+08:00", "2023-12-31 23:59:59", "2023-12-31T23:59:59", "2024-02-29 10:00:00 +0200", "2 Jan 2022", "1700000000", "2021-03-04T05:06:07.123Z")
}

func (g *generator) labels() string {
	return g.pick(`["a", "b"]`, `["中文", "Two Words"]`, `["C#", "c++", "a/b"]`, `[]`, `["x"]`, `["Case", "case"]`)
}

// front is front matter in one of the three formats.
func (g *generator) front() string {
	var keys [][2]string
	put := func(key, value string) { keys = append(keys, [2]string{key, value}) }
	quoted := func(key, value string) { put(key, `"`+value+`"`) }
	if !g.odds(20) {
		quoted("title", g.title())
	}
	if !g.odds(10) {
		quoted(g.pick("date", "date", "Date"), g.date())
	}
	if g.odds(6) {
		quoted("publishDate", g.pick(g.date(), "2099-01-01", "2099-01-01"))
	}
	if g.odds(6) {
		quoted(g.pick("expiryDate", "unpublishdate"), g.pick("2020-01-01", "2098-01-01"))
	}
	if g.odds(4) {
		quoted(g.pick("lastmod", "modified"), g.pick("2024-08-09T10:11:12Z", "2024-08-09"))
	}
	if g.odds(8) {
		quoted("slug", g.pick("my-slug", "My Slug", "-dash-", "中文 路径", "a/b", "index", "sl.ug")+fmt.Sprint(g.n))
	}
	if g.odds(12) {
		quoted("url", g.pick("/abs/Path/", "rel/path", "/file.html", "/dir.with/dots/", "with space/", "/中文/", "x/index.html", "/a%20b/"))
	}
	for _, t := range []string{"tags", "categories", "series", "places"} {
		if g.odds(2) {
			put(t, g.labels())
		}
	}
	if g.odds(15) {
		put("draft", g.pick("true", "false"))
	}
	if g.odds(25) {
		put("published", g.pick("true", "false"))
	}
	if g.odds(10) {
		quoted("summary", g.pick("A *summary* of its own", "Zwei Wörter", "中文摘要"))
	}
	if g.odds(10) {
		quoted("description", "Described")
	}
	if g.odds(25) {
		put("isCJKLanguage", g.pick("true", "false"))
	}
	if g.odds(20) {
		put("aliases", `["/old/`+fmt.Sprint(g.n)+`/"]`)
	}
	put("colour", `"light *blue*"`)
	if g.odds(25) {
		put("headless", "true")
	}
	var b strings.Builder
	switch g.IntN(5) {
	case 0:
		b.WriteString("+++\n")
		for _, k := range keys {
			fmt.Fprintf(&b, "%s = %s\n", k[0], k[1])
		}
		if g.odds(8) {
			b.WriteString("[_build]\nlist = \"" + g.pick("never", "always", "local") + "\"\n")
		}
		b.WriteString("+++\n")
	case 1:
		b.WriteString("{\n")
		for i, k := range keys {
			if i > 0 {
				b.WriteString(",\n")
			}
			fmt.Fprintf(&b, "  %q: %s", k[0], k[1])
		}
		b.WriteString("\n}\n")
	default:
		b.WriteString("---\n")
		for _, k := range keys {
			v := k[1]
			if strings.Contains(strings.ToLower(k[0]), "date") && g.odds(2) {
				v = strings.Trim(v, `"`)
			}
			fmt.Fprintf(&b, "%s: %s\n", k[0], v)
		}
		if g.odds(10) {
			b.WriteString("_build: {render: " + g.pick("never", "link", "always") + "}\n")
		}
		b.WriteString("---\n")
	}
	return b.String()
}

func (g *generator) text() string {
	if g.odds(20) {
		return "No front matter here, only text.\n\nMore of it.\n" // from the site's cascades
	}
	var b strings.Builder
	b.WriteString(g.front())
	n := 1 + g.IntN(7)
	for i := range n {
		if i == n/2 && g.odds(4) {
			b.WriteString("<!--more-->\n\n")
		}
		b.WriteString(g.block())
		b.WriteString("\n")
	}
	return b.String()
}

const words = "the harbour was closed in the night and the boats waited outside until the storm had passed. Nobody knew when it would open again! "

func (g *generator) block() string {
	blocks := []string{
		"A paragraph with *emphasis*, **strong** text, `code`, a [link](https://example.org/?a=1&b=2 \"Title\") and a [page](other.md).\n",
		strings.Repeat(words, 1+g.IntN(3)) + "\n",
		"海港在夜间关闭，船只在外面等待，直到风暴过去。没有人知道什么时候会重新开放！" + strings.Repeat("第二天早上一切恢复正常。", g.IntN(8)) + "\n",
		"## A heading\n\nText under it with \"quotes\", it's -- dashes --- and dots...\n",
		"## 中文标题 & Ümläut\n\n## A heading\n\n### With {{< param colour >}} in it\n",
		"## Named {#own-id .class}\n\nSetext\n======\n\nText\n",
		"- one\n- two\n  - nested\n- three\n\n1. first\n2. second\n",
		"- loose\n\n- items\n\n- [ ] open\n- [x] done\n",
		"| A | B |\n|---|:-:|\n| 1 | `x|y` |\n| *3* | 4 |\n",
		"```go\nfunc main() { println(\"<hello>\") }\n\n\tx := 1\n```\n",
		"```python {linenos=false,hl_lines=[1]}\nprint('x')\n```\n",
		"```\nno language & <tags>\n```\n",
		"```unknown\nplain\n```\n\n    indented code\n",
		"Term\n: Definition with *emphasis*\n: Another\n",
		"A note[^1] and another[^n].\n\n[^1]: The first.\n[^n]: The *second*, longer.\n",
		"> A quote\n> of two lines\n>\n> > nested\n\n---\n",
		"![Picture](picture.png \"A title\") and ![](https://example.org/x.jpg)\n",
		"Plain www.example.org and https://example.org/path?x=y and me@example.org here. ~~struck~~\n",
		"<div class=\"x\">raw <b>html</b></div>\n\nInline <span>raw</span> &copy; &amp; text<br>\n",
		"Math $x^2 + y_1$ and \\(a\\) and $$\\sum_{i} x_i * y_i$$\n",
		"{{< highlight go >}}\npackage main // <x>\n{{< /highlight >}}\n",
		"{{< highlight html \"linenos=false\" >}}<b>x</b>{{< /highlight >}}\n",
		"{{< figure src=\"/img/a b.png\" alt=\"An \\\"alt\\\"\" title=\"T\" caption=\"A *caption*\" attr=\"me\" attrlink=\"https://example.org\" >}}\n",
		"{{< figure src=\"x.png\" >}} inline {{% figure src=\"y.png\" link=\"z/\" %}}\n",
		"Shown {{</* youtube x */>}} and {{%/* note */%}} as text\n",
		"```\n{{</* figure src=\"x\" */>}}\n```\n",
		"Line one  \nline two\\\nline three\nline four\n",
		"* Lists\n\n  with paragraphs\n\n      and code\n",
		"Escapes \\* \\_ \\` and entities &lt;b&gt; &#39; &hellip;\n",
		"<!-- a comment -->\n\nText after <!-- another --> a comment\n",
		"### A `code` heading with [a link](/x) and *emphasis*\n\n#### A heading\n",
		"Ein Satz mit „Anführungszeichen“, 'single' and \"double 'nested' quotes\" -- 1990--2000 'tis 5'6\"\n",
		"1) one\n2) two\n\n+ plus\n+ list\n\n2. starts\n3. at two\n",
		"[reference]: https://example.org/ref \"T\"\n\nA [reference], a [text][reference] and <https://auto.example/>.\n",
		"| only | head |\n|------|------|\n\n| a \\| b | `c` |\n|:--|--:|\n| ![i](x.png) | [l](y) <br> z |\n",
		"```go {hl_lines=[1,\"2-3\"],linenostart=5}\na := 1\nb := 2\n```\n\n~~~\ntilde {{< param colour >}}\n~~~\n",
		"{{% highlight python %}}\nprint(1)\n{{% /highlight %}}\n\nText right behind\n{{< highlight js >}}let a = 1;{{< /highlight >}}\nand before\n",
		"Very long words " + strings.Repeat("lorem ipsum dolor sit amet ", 30) + "end. And one more sentence!\n",
		"한국어 문장입니다. 日本語の文章です。「引用」も、あります。混合 text 和 English。\n",
		"Emoji :smile: :heart: and :notanemoji: at 10:30:45\n",
		"{{< param \"colour\" >}} and {{% param shade.dark %}}\n",
	}
	if len(g.names) > 0 {
		other := g.names[g.IntN(len(g.names))]
		base := other[strings.LastIndexByte(other, '/')+1:]
		blocks = append(blocks,
			"A [ref]({{< ref \"/"+other+"\" >}}) and [more]({{< relref \"/"+other+"#part\" >}})\n",
			"Refs: {{< relref \""+g.pick("/"+other+".md", "./"+base, "../"+base+".md", strings.ToUpper(base), "/"+other+"/index.md", other+"/", base+"#x", "..", ".", "/"+other+"?a=b", " "+base+" ")+"\" >}} end\n",
			"Lists: {{< ref \""+g.pick("/", "/posts", "posts/", "/notes/_index.md", "/tags", "/tags/a", "/docs/a", "/categories/c++", "/nothing", "posts")+"\" >}} end\n",
			"Other: {{< ref path=\"/"+other+"\" lang=\""+g.pick("zh", "en", "xx")+"\" >}} end\n",
			"See {{< ref \""+base+"\" >}} or {{% relref path=\""+other+"\" %}} and [self]({{< ref \"#here\" >}})\n",
		)
	}
	if g.own {
		blocks = append(blocks,
			"{{% note \"a\" %}}\n- *in* a list\n- of a note\n{{% /note %}}\n",
			"{{< wrap kind=\"x\" >}}\n**Strong** text, and a list:\n\n1. one\n2. two\n{{< /wrap >}}\n",
			"Text {{% note %}}with *a* note{{% /note %}} in it\n",
		)
	}
	if g.unsafe {
		blocks = append(blocks, "A block\n{.class #id-"+fmt.Sprint(g.n)+"}\n\n> quote\n{.q}\n", "<details><summary>S</summary>\n\nInner *text*\n\n</details>\n")
	}
	return blocks[g.IntN(len(blocks))]
}

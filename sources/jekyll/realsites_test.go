package jekyll

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// siteMaker makes up one site for TestReal.
type siteMaker struct {
	t   *testing.T
	dir string
	rnd *rand.Rand
	n   int
}

func newSiteMaker(t *testing.T, dir string, seed uint64) *siteMaker {
	return &siteMaker{t: t, dir: dir, rnd: rand.New(rand.NewPCG(seed, 4))}
}

func (g *siteMaker) file(name, content string) { write(g.t, g.dir, name, content) }

func pick[T any](g *siteMaker, list []T) T { return list[g.rnd.IntN(len(list))] }

// maybe is s once in n.
func (g *siteMaker) maybe(n int, s string) string {
	if g.rnd.IntN(n) == 0 {
		return s
	}
	return ""
}

// realSites are the kinds of sites.
var realSites = []func(*siteMaker){
	// A plain blog, and what posts look at.
	func(g *siteMaker) {
		g.file("_config.yml", "title: 港口观察\nurl: https://Harbour.example.org\nbaseurl: /notes\ntimezone: Asia/Shanghai\nlang: zh-CN\nauthor: {name: 观察站, email: desk@harbour.example.org}\nnumbers: [3, 1, 2]\nmotto: \"慢 & steady\"\n")
		g.shared()
		g.posts(200, "")
	},
	// No configuration but an address; permalinks of one's own in posts.
	func(g *siteMaker) {
		g.file("_config.yml", "url: http://example.org:4000/\npermalink: pretty\nexcerpt_separator: <!--more-->\nauthor: lin\n")
		g.file("_data/authors.yml", "lin: {name: Lin Yu, email: lin@example.org, uri: https://lin.example.org/}\nwu:\n  name: 吴老师\nnoname: {email: x@example.org}\nplain: Plain Text\n")
		g.shared()
		g.posts(150, "")
	},
	// Defaults of all kinds, directories that are categories, collections_dir, collections.
	func(g *siteMaker) {
		g.file("_config.yml", `url: https://example.org
timezone: America/New_York
collections_dir: content
show_drafts: true
permalink: /:categories/:year/:i_month/:i_day/:slug:output_ext
collections:
  notes: {output: true}
  recipes: {output: true, permalink: "/:collection/:name/"}
  staff: {output: true, permalink: "/:collection/:slugified_categories/:title:output_ext"}
feed: {collections: [notes, recipes, staff], excerpt_only: false}
defaults:
  - {scope: {path: ""}, values: {lang: de, image: /all.png, kind: all, nested: {a: 1, b: 2}}}
  - {scope: {path: "", type: posts}, values: {author: posts-author, lang: fr, tags: [default]}}
  - {scope: {path: "", type: drafts}, values: {author: never}}
  - {scope: {path: en, type: posts}, values: {lang: en, categories: [english], nested: {b: 3}}}
  - {scope: {path: "content/en/deep/", type: posts}, values: {lang: en-GB, image: {path: deep.png, alt: x}}}
  - {scope: {path: "content/*/_posts/*-n1*", type: posts}, values: {kind: starred}}
  - {scope: {path: "content/_posts/**/*.md"}, values: {kind: markdown, description: "from a glob"}}
  - {scope: {path: "", type: notes}, values: {lang: nl, category: noted}}
  - {scope: {path: _recipes}, values: {author: cook, permalink: "/kitchen/:path/"}}
  - {scope: {path: "/_staff"}, values: {author: never}}
  - {scope: {path: _drafts}, values: {category: draft}}
`)
		for _, dir := range []string{"", "en/", "en/deep/", "zh 中文/Börse/"} {
			g.posts(40, "content/"+dir)
		}
		g.posts(5, "outside/")
		g.documents("content/_notes/", 40)
		g.documents("content/_notes/sub dir/", 10)
		g.documents("content/_recipes/", 20)
		g.documents("content/_staff/", 20)
		g.documents("content/_unnamed/", 5)
		g.documents("content/_drafts/", 20)
		g.documents("content/en/_drafts/", 10)
	},
	// Every placeholder, in the posts.
	func(g *siteMaker) {
		g.file("_config.yml", "url: https://example.org\ntimezone: Europe/Berlin\npermalink: ordinal\nexclude: [hidden, '*.txt', secret/]\nunpublished: true\nfuture: true\n")
		for i, p := range realPermalinks {
			for range 3 {
				g.post("", fmt.Sprintf("permalink: %q\n", p)+g.maybe(2, "slug: \"A slug/with Ümläut & 中文\"\n")+g.maybe(3, "published: false\n"), fmt.Sprintf("permalink %d {{ page.url }} {{ page.id }}\n", i))
			}
		}
		for _, dir := range []string{"hidden/", "hidden2/", "secret/", "Deep Dir/x.y/", "UPPER/lower/"} {
			g.posts(4, dir)
		}
		g.file("_posts/2030-01-02-far-ahead.md", "---\n---\nahead\n")
		g.file("_posts/2024-01-02-plain.txt", "---\ntitle: t\n---\nplain *text*\n")
	},
	// Other named permalinks.
	func(g *siteMaker) {
		g.file("_config.yml", "url: https://example.org\npermalink: weekdate\ncollections: {posts: {permalink: '/p/:year/:title'}, notes: {output: true}}\nfeed: {collections: {notes: {path: /n.xml, categories: [x]}}}\n")
		g.posts(30, "")
		g.documents("_notes/", 20)
	},
	func(g *siteMaker) {
		g.file("_config.yml", "url: https://example.org\npermalink: weekdate\ncollections: [notes]\nfeed: {collections: [notes]}\n")
		g.posts(30, "a/")
		g.documents("_notes/", 20)
	},
	func(g *siteMaker) {
		g.file("_config.yml", "url: https://example.org\nbaseurl: blog/\npermalink: none\nmarkdown_ext: md,txt\nkramdown: {hard_wrap: true, smart_quotes: 'apos,apos,quot,quot', toc_levels: '2..3'}\n")
		g.posts(60, "")
		g.file("_posts/2024-01-02-note.txt", "---\ntitle: t\n---\n*text*\n")
	},
	// Each text that the Markdown of this program is tested with is a post, and each template.
	func(g *siteMaker) {
		g.file("_config.yml", "url: https://example.org\ntimezone: Asia/Shanghai\n")
		files, err := filepath.Glob("../internal/kramdown/testdata/*.txtar")
		if err != nil {
			g.t.Fatal(err)
		}
		for _, file := range files {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				g.t.Fatal(err)
			}
			for _, f := range archive.Files {
				if strings.HasSuffix(f.Name, ".md") {
					g.post("", "render_with_liquid: false\n", string(f.Data))
				}
			}
		}
	},
	func(g *siteMaker) {
		g.file("_config.yml", "url: https://example.org\ntimezone: Asia/Shanghai\n")
		g.shared()
		for _, name := range []string{"leak.html", "nest.html", "param.html", "plain.html"} {
			b, err := os.ReadFile("../internal/liquid/testdata/includes/" + name)
			if err != nil {
				g.t.Fatal(err)
			}
			g.file("_includes/"+name, string(b))
		}
		b, err := os.ReadFile("../internal/liquid/testdata/cases.txt")
		if err != nil {
			g.t.Fatal(err)
		}
		vars, err := os.ReadFile("../internal/liquid/testdata/vars.json")
		if err != nil {
			g.t.Fatal(err)
		}
		var all struct{ Page map[string]any }
		if err := json.Unmarshal(vars, &all); err != nil {
			g.t.Fatal(err)
		}
		front := ""
		for _, key := range []string{"n", "f", "big", "neg", "yes", "no", "none", "list", "nums", "nested", "map", "deep", "cjk", "key", "num"} {
			v, err := json.Marshal(all.Page[key])
			if err != nil {
				g.t.Fatal(err)
			}
			front += fmt.Sprintf("%q: %s", key, v) + "\n"
		}
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "# ") {
				g.post("", front, strings.ReplaceAll(line, "⏎", "\n")+"\n")
			}
		}
	},
}

// shared is what posts look at.
func (g *siteMaker) shared() {
	g.file("_includes/box.html", "<div class=\"box {{ include.kind }}\">{{ include.text | default: page.title | escape }}{% if include.n > 2 %} many{% endif %}</div>\n")
	g.file("_includes/deep/inner.md", "*inner* {{ include.v }} {% include box.html text=include.v %}")
	g.file("_data/ships.yml", "- name: Aurora\n  tons: 1200\n  built: 1999-05-06\n- {name: 晨星, tons: 300}\n- {name: Borealis, tons: 77.5, sunk: true}\n")
	g.file("_data/fees.csv", "kind,fee\nberth,12\n\"water, fresh\",3\n")
	g.file("_data/deep/ports.json", `{"north": {"name": "北港", "piers": [1, 2, 3]}, "south": null}`)
	g.file("pages/about.md", "---\ntitle: About\n---\nabout\n")
	g.file("index.html", "---\n---\nindex\n")
	g.file("files/plan.pdf", "%PDF")
	g.file("_posts/part.txt", "beside {{ page.title }}\n")
	g.file("_posts/2020-02-03-target.md", "---\ntitle: Target\ncategories: Aim\ndate: 2020-02-03 04:05:06 +0000\n---\ntarget\n")
	g.file("sub/_posts/2020-02-04-second.md", "---\ntitle: Second\n---\nsecond\n")
}

// posts makes n posts below dir.
func (g *siteMaker) posts(n int, dir string) {
	for range n {
		g.post(dir, g.header(), g.body())
	}
}

// documents makes n files without dates in their names, mostly.
func (g *siteMaker) documents(dir string, n int) {
	for range n {
		g.n++
		name := fmt.Sprintf("%s%s-n%d%s", pick(g, []string{"", "", "2023-04-05-", "a.b."}), pick(g, realSlugs), g.n, pick(g, []string{".md", ".md", ".markdown", ".html"}))
		header := g.header()
		if !strings.Contains(header, "date:") {
			header += fmt.Sprintf("date: 2023-0%d-1%d 10:00:00 +0200\n", 1+g.rnd.IntN(9), g.rnd.IntN(10))
		}
		g.file(dir+name, "---\n"+header+"---\n"+g.body())
	}
	g.file(dir+"no-header.md", "no header\n")
}

var realSlugs = []string{
	"hello-world", "I-Dont-Like-Zeroes", "港口通告", "c++-and-c#", "a.b.c", "x", "under_score", "UPPER", "-leading", "trailing-", "it's-here", "50%-off", "a--b", "2024", "Ünïcode-é", "q&a", "plus+minus", "dots...", "(paren)", "comma,semi;", "at@home", "équipe~1",
}

func (g *siteMaker) post(dir, header, body string) {
	g.n++
	day := time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, g.rnd.IntN(3800))
	date := pick(g, []string{"2006-01-02", "2006-01-02", "2006-1-2", "06-1-02"})
	ext := pick(g, []string{".md", ".md", ".md", ".markdown", ".mkd", ".html"})
	name := fmt.Sprintf("%s-%s-n%d%s", day.Format(date), pick(g, realSlugs), g.n, ext)
	ends := "\n"
	if g.rnd.IntN(12) == 0 {
		ends = "\r\n"
	}
	text := "---\n" + header + pick(g, []string{"---\n", "---\n", "---\n", "...\n", "--- \n"}) + body
	if g.rnd.IntN(40) == 0 {
		text = body
	}
	if g.rnd.IntN(30) == 0 {
		text = "\ufeff" + text
	}
	g.file(dir+"_posts/"+g.maybe(15, "sub/")+name, strings.ReplaceAll(text, "\n", ends))
}

var realPermalinks = []string{
	"/:year/:month/:day/:title.html", "/:short_year/:i_month/:i_day/:slug", "/:y_day/:week/:w_year/:w_day/:title/", "/:short_day/:long_day/:short_month/:long_month/:name:output_ext",
	"/:hour:minute:second/:title", "/:categories/:title", "/:slugified_categories/:slug/", "/:collection/:path:output_ext", "/:path/", ":title", "plain", "/fixed.html", "/fixed/dir/", "/a b/ü/中文/:title/",
	"/../:title/../x", "//double//:title", "/:year_:month_:day/:title", "date", "pretty", "none", "/x.txt", "/q?a=b", "/h#ash/:title", "/pct%20/:title", "/:title:output_ext", "/WITH/Upper/:title", "/archive/:year-:month-:day-:slug.html",
	"/:categories/:year/W:week/:short_day/:title:output_ext", "index.html", "/trailing./:title.", "https://elsewhere.example/:title",
}

// header is front matter.
func (g *siteMaker) header() string {
	var b strings.Builder
	b.WriteString(pick(g, []string{
		"title: Plain words\n", "title: \"Quoted: with colon\"\n", "title: 'It''s here -- \"now\"...'\n", "title: 港口今晚停航，明早恢复\n", "title: \"他说“好”了\"\n", "title: 2024\n", "title: 3.50\n", "title: true\n", "title:\n", "title: ~\n", "", "",
		"title: >\n  folded\n  title\n", "title: |\n  block title\n", "title: \"Tom &amp; <b>Jerry</b>\"\n", "title: C++ & C# <T>\n", "title: \"  blanks   inside \"\n", "title: '[x] y'\n", "title: \"emoji 🚢 ok\"\n", "title: 'a \"quoted\" word'\n", "title: \"don't - won't --- 'can'\"\n",
		"title: 10% off\n", "title: \"Tab\\tand\\u00e9\"\n", "title: '`code` in title'\n", "title: \"1 < 2\"\n", "title: 新闻 \"news\" 与'单'引号\n", "title: \"*not* _emphasis_\"\n", "title: \"{{ page.slug }} {% raw %}\"\n",
	}))
	b.WriteString(pick(g, []string{
		"", "", "date: 2021-05-06 07:08:09 +0800\n", "date: 2021-05-06 07:08:09\n", "date: \"2021-05-06 07:08:09\"\n", "date: 2021-05-06\n", "date: \"2021-05-06\"\n", "date: 2021-05-06T07:08:09Z\n", "date: 2021-05-06T07:08:09.123+02:00\n", "date: 2021-05-06 07:08 -0500\n", "date: 2021-05-06 07:08\n",
		"date: May 6, 2021\n", "date: 6 May 2021 07:08:09\n", "date: Thu, 06 May 2021 07:08:09 GMT\n", "date: 2021/05/06 07:08\n", "date: 2021-05-06 7:08:09 +0000\n", "date: 2021-5-6 7:08:09\n", "date: 2021-05-06 07:08:09 PM\n", "date: 20210506\n", "date: '20210506T070809'\n", "date: 2021-05-06 07:08:09 EST\n", "date: 2021-05-06 07:08:09 +08:00\n", "date: 2021-05-06 00:00:00 +1400\n",
	}))
	b.WriteString(pick(g, []string{
		"", "", "category: News\n", "category: two words\n", "category: [x, Y]\n", "categories: one two THREE\n", "categories: [\"with blank\", b, b]\n", "categories:\n  - 航运\n  - 港口 通告\n", "categories: 中文\n", "categories: []\n", "categories:\n", "category: solo\ncategories: [more, solo]\n", "categories: [2024, 3.5, true]\n", "category: 7\n", "categories: a, b\n", "categories: ['']\n", "category: 'C#/.NET'\n", "categories: [null, x]\n",
	}))
	b.WriteString(pick(g, []string{
		"", "", "tag: single\n", "tag: single with blank\n", "tags: a b c\n", "tags: a, b, c\n", "tags: [x, \"y z\", 中文, C++]\n", "tags:\n- one\n- two\n", "tags:\n  - 一\n  - 二 三\n", "tags: []\n", "tags:\n", "tag: t\ntags: [u, v]\n", "tags: [1, 2.5, no]\n", "tags: [a, [b, c]]\n", "tags: 2024\n", "tags: [null, z]\n", "tags: 全角　空格 半角\n", "tags: ['dup', 'dup', 'Dup']\n",
	}))
	for _, group := range [][]string{
		{"author: lin\n", "author: wu\n", "author: unknown name\n", "author: {name: A, email: a@example.org, uri: https://a.example}\n", "authors: [lin, wu]\n", "authors:\n  - Someone Else\n", "author:\n", "author: plain\n", "author: 观察员\n"},
		{"image: /img/a.png\n", "image: b c.png\n", "image: {path: /img/c.png, height: 3}\n", "image: https://cdn.example.org/x.png?a=b&c=d\n", "image: //cdn.example.org/y.png\n", "image:\n", "image: 图.png\n", "image: {url: x}\n"},
		{"description: Stated words\n", "description: \"With <b>tags</b> &amp; refs\"\n", "description: >-\n  folded\n  words\n", "excerpt: Own excerpt\n", "excerpt: \"own *markdown* excerpt\"\n", "description: 描述文字\n", "description:\n", "excerpt_separator: '<!--cut-->'\n", "excerpt_separator: \"\"\n"},
		{"last_modified_at: 2022-01-02 03:04:05 +0000\n", "last_modified_at: 2022-01-02\n", "last_modified_at: 2001-01-01\n", "last_modified_at: \"2022-01-02 03:04\"\n", "last_modified_at: 2022-01-02T03:04:05\n"},
		{"lang: en\n", "lang: zh-Hans\n", "lang: no\n", "lang:\n"},
		{"slug: own-slug\n", "slug: Own Slug 中\n", "slug:\n"},
		{"permalink: /own/:title/\n", "permalink: /own/fixed.html\n", "permalink: own/:year/:slug\n"},
		{"layout: post\n", "layout: none\n", "layout: null\n"},
		{"list: [b, a, c]\nmap: {x: 1, y: {z: 2}}\nflag: yes\nwhen: 2020-02-29\n", "weird key: x\n? complex\n: value\n", "# comment\n", "\n", "anchor: &a [1, 2]\nagain: *a\n", "merged:\n  <<: {a: 1}\n  b: 2\n"},
		{"published: true\n", "published: yes\n", "published: \"false\"\n", "published: false\n", "published:\n", "draft: false\n"},
		{"render_with_liquid: false\n"},
	} {
		if g.rnd.IntN(5) == 0 {
			b.WriteString(pick(g, group))
		}
	}
	return b.String()
}

// body is some blocks.
func (g *siteMaker) body() string {
	var blocks []string
	if g.rnd.IntN(6) == 0 {
		blocks = append(blocks, "")
	}
	for range 1 + g.rnd.IntN(7) {
		blocks = append(blocks, pick(g, realBlocks))
	}
	if g.rnd.IntN(6) == 0 {
		blocks = append(blocks[:len(blocks)/2], append([]string{pick(g, []string{"<!--more-->", "text <!--more--> text", "<!--cut-->"})}, blocks[len(blocks)/2:]...)...)
	}
	return strings.Join(blocks, "\n\n") + pick(g, []string{"\n", "", "\n\n\n"})
}

package jekyll

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"feedmill/sources/internal/postdir"
)

// benchPost is shaped like the posts of a news crawler: a line per key, a few paragraphs of HTML, an autolink and a line
// of links.
func benchPost(n int) string {
	return fmt.Sprintf("---\nlayout: post\ntitle: \"第%d号港口通告：夜间停航与恢复安排\"\ndate: 2024-%02d-%02d 10:44:30 +0800\ncategories: gangkou%d\ntags: 港口通告%d 航运\n---\n%s\n\n"+
		"<https://news.example.com/notice/%d.html>\n\n[返回港口通告](//harbour.example.org/category/gangkou.html)｜[返回首页](//harbour.example.org/)\n",
		n, 1+n%12, 1+n%28, n%40, n%2000, strings.Repeat(" <p>受大风影响，港区今晚八时起停止靠离泊作业，请各船公司提前安排，注意收听甚高频广播。预计明早六时恢复，届时另行通告。</p>\n", 8), n)
}

func benchSite(tb testing.TB) *site {
	conf, err := parseYAML([]byte("url: https://harbour.example.org\ntimezone: Asia/Shanghai\nlang: zh-CN\nauthor: 观察站\n"))
	if err != nil {
		tb.Fatal(err)
	}
	return newSite(configName, conf, postdir.Settings{})
}

// BenchmarkDecode is one post: front matter, date, address, Markdown.
func BenchmarkDecode(b *testing.B) {
	s, now := benchSite(b), time.Now()
	for _, c := range []struct{ name, post string }{
		{"html", benchPost(7)},
		{"markdown", strings.NewReplacer(" <p>", "", "</p>\n", "\n\n").Replace(benchPost(7))},
		{"rich", "---\ntitle: x\n---\n" + strings.Repeat("## 标题\n\n段落*强调*，`代码`和[链接](https://example.org/a)。\n\n- 一\n- 二\n\n```go\nx := 1\n```\n\n", 10)},
	} {
		b.Run(c.name, func(b *testing.B) {
			file := []byte(c.post)
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				if p := decode(s, "_posts/2024-01-01-x.md", file, now); p.Change.Item == nil {
					b.Fatal(p.Report())
				}
			}
		})
	}
}

// BenchmarkHeader is the front matter alone, by hand and through the YAML parser.
func BenchmarkHeader(b *testing.B) {
	header := split([]byte(benchPost(7))).header
	b.Run("simple", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := simple(header); !ok {
				b.Fatal("not simple")
			}
		}
	})
	b.Run("yaml", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := parseYAML(header); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// liquidPost is benchPost with the Liquid of an average blog in it: a page's own words, an include, a loop over data, a
// link to another post.
func liquidPost(n int) string {
	return benchPost(n) + "\n{{ page.title }}, {{ page.date | date: \"%Y-%m-%d\" }}: {{ \"/a.png\" | absolute_url }}\n\n" +
		"{% include box.html text=page.title n=3 %}\n\n{% for s in site.data.ships %}* {{ s.name | upcase }}{% if s.tons > 500 %}, large{% endif %}\n{% endfor %}\n" +
		"[before]({% post_url 2024-01-01-000000 %}) {% raw %}{{ as it is }}{% endraw %}\n"
}

// benchDir writes n posts and what they share.
func benchDir(tb testing.TB, n int, post func(int) string) string {
	dir := tb.TempDir()
	write(tb, dir, "_includes/box.html", "<b class=\"x\">{{ include.text | escape }}{{ include.n }}</b>", "_data/ships.yml", "- {name: Aurora, tons: 1200}\n- {name: 晨星, tons: 300}\n")
	write(tb, dir, "_config.yml", "url: https://harbour.example.org\ntimezone: Asia/Shanghai\n", "_posts/.keep", "")
	old := time.Now().Add(-time.Hour)
	for i := range n {
		p := filepath.Join(dir, "_posts", fmt.Sprintf("2024-%02d-%02d-%06d.md", 1+i%12, 1+i%28, i))
		if err := os.WriteFile(p, []byte(post(i)), 0o644); err != nil {
			tb.Fatal(err)
		}
		if err := os.Chtimes(p, old, old); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// BenchmarkScan is a full scan of 10,000 files: the first one, which reads all, and later ones, which only stat.
func BenchmarkScan(b *testing.B) {
	const n = 10_000
	dir := benchDir(b, n, benchPost)
	b.Run("first", func(b *testing.B) { benchImport(b, dir, n) })
	b.Run("first with liquid", func(b *testing.B) { benchImport(b, benchDir(b, n, liquidPost), n) })
	b.Run("unchanged", func(b *testing.B) {
		r := newRecorder(b)
		s := open(b, dir)
		r.mustFetch(s)
		for b.Loop() {
			s.Changed(nil)
			if res := r.mustFetch(s); !res.Unchanged {
				b.Fatal(res)
			}
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "files/s")
	})
}

func benchImport(b *testing.B, dir string, n int) {
	for b.Loop() {
		r := newRecorder(b)
		r.mustFetch(open(b, dir))
		if len(r.items) != n || len(r.reports) != 0 {
			b.Fatalf("%d items, %d reports", len(r.items), len(r.reports))
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "posts/s")
}

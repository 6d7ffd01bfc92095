package hugo

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/sourcetest"
)

// benchPage is shaped like the posts of a news crawler, as the benchmarks beside those of Jekyll have them.
func benchPage(n int) string {
	return fmt.Sprintf("---\ntitle: \"第%d号港口通告：夜间停航与恢复安排\"\ndate: 2024-%02d-%02dT10:44:30+08:00\ncategories: [\"gangkou%d\"]\ntags: [\"港口通告%d\", \"航运\"]\n---\n%s\n\n<https://news.example.com/notice/%d.html>\n",
		n, 1+n%12, 1+n%28, n%40, n%2000, strings.Repeat("受大风影响，港区今晚八时起停止靠离泊作业，请各船公司提前安排，注意收听甚高频广播。预计明早六时恢复，届时另行通告。\n\n", 8), n)
}

// BenchmarkDecode is one page: front matter, date, address, Markdown, summary.
func BenchmarkDecode(b *testing.B) {
	s := loadFiles(b, map[string]string{"hugo.toml": "baseURL = 'https://harbour.example.org/'\n"})
	for _, c := range []struct{ name, text string }{
		{"markdown", benchPage(7)},
		{"toml", strings.NewReplacer("---", "+++", ": ", " = ").Replace(benchPage(7))},
		{"rich", "---\ntitle: x\n---\n" + strings.Repeat("## 标题\n\n段落*强调*，`代码`和[链接](https://example.org/a)。\n\n- 一\n- 二\n\n```go\nx := 1\n```\n\n", 10)},
		{"shortcodes", "---\ntitle: x\n---\n" + strings.Repeat("{{< figure src=\"a.png\" caption=\"*a*\" >}}\n\n{{< highlight go >}}\nx := 1\n{{< /highlight >}}\n\n{{% note %}}text{{% /note %}}\n\n", 10)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				if p := decodeText(s, "content/posts/x.md", c.text); p.Change.Item == nil {
					b.Fatal(p.Report())
				}
			}
		})
	}
}

// BenchmarkUnclosed is the cutting of texts whose shortcodes have no end, in two sizes: time for a byte has to be the same.
func BenchmarkUnclosed(b *testing.B) {
	for _, text := range []string{"{{< a ", "{{< a \"", "{{< a `", "{{</* ", "{{< a >}}"} {
		for _, size := range []int{64 << 10, 1 << 20} {
			in := strings.Repeat(text, size/len(text))
			b.Run(fmt.Sprintf("%s/%dKiB", strings.NewReplacer(" ", "", "/", "").Replace(text), size>>10), func(b *testing.B) {
				b.SetBytes(int64(len(in)))
				for b.Loop() {
					endsOf(first(cutShortcodes(in)))
				}
			})
		}
	}
}

func first(p []piece, _ []int) []piece { return p }

// BenchmarkScan is a full look at 10,000 files: the first one, which reads all, and later ones, which only stat.
func BenchmarkScan(b *testing.B) {
	const n = 10_000
	dir := b.TempDir()
	write(b, dir, map[string]string{"hugo.toml": "baseURL = 'https://harbour.example.org/'\ntimeZone = 'Asia/Shanghai'\n", "content/posts/_index.md": "---\ntitle: x\n---\n"})
	for i := range n {
		p := filepath.Join(dir, "content/posts", fmt.Sprintf("%06d.md", i))
		if err := os.WriteFile(p, []byte(benchPage(i)), 0o644); err != nil {
			b.Fatal(err)
		}
		if err := os.Chtimes(p, fixed, fixed); err != nil {
			b.Fatal(err)
		}
	}
	scan := func(st *sourcetest.State) {
		if _, err := open(dir).Fetch(b.Context(), st, (*counter)(st)); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			scan(sourcetest.NewState())
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "posts/s")
	})
	b.Run("unchanged", func(b *testing.B) {
		st := sourcetest.NewState()
		scan(st)
		for b.Loop() {
			scan(st)
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "files/s")
	})
}

// fixed is a time that is long past.
var fixed = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)

// counter is a sink that keeps nothing but the state.
type counter sourcetest.State

func (c *counter) Emit(...feeds.Change) error     { (*sourcetest.State)(c).Save(); return nil }
func (*counter) Withdraw(...string) (bool, error) { return true, nil }
func (*counter) Reject(sources.Rejected)          {}
func (*counter) Describe(feeds.About) error       { return nil }

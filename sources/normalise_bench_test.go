package sources

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"feedmill/feeds"
)

// chinesePost is the HTML of a post as the reference site has them: about 3 kB, paragraphs, some links and a picture.
func chinesePost() string {
	var b strings.Builder
	b.WriteString(`<p style="display:none;height:1px;overflow:hidden;"><br /></p><!-- start -->`)
	b.WriteString(`<p style="text-align:center;"><a href="https://quote.example.com/r/1.html" data-code="A|1|7" class="mark" target="_blank"><img src="https://img.example.com/chart?id=1&type=r" border="0" alt="走势图" width="578" height="276" /></a></p>` + "\n")
	for i := range 8 {
		fmt.Fprintf(&b, "<p>第%d季度，<span id=\"s%d\"><a href=\"https://quote.example.com/u/%d.html\" class=\"k\" data-code=\"%d\">甲公司</a></span>的营业收入比上年同期增长百分之十二，主要得益于新产品的销售和海外市场的扩大；公司管理层表示，下一阶段将继续增加研发投入，并改善供应链的稳定性，预计全年利润保持平稳。</p>\n", i, i, i, i)
	}
	b.WriteString(`<p>（来源：示例日报）</p><a href="//news.example.org/">返回首页</a>`)
	return b.String()
}

func benchChange(content string) feeds.Change {
	return feeds.Change{Key: "_posts/2024-01-02-a.md", Base: "https://news.example.org/2024/01/02/a.html", Item: &feeds.Item{
		URL: "https://news.example.org/2024/01/02/a.html", Title: "甲公司第三季度营业收入增长12%", Content: content,
		Categories: []string{"示例日报"}, Tags: []string{"公司", "季报"}, Language: "zh-CN",
		Published: time.Date(2024, 1, 2, 10, 0, 0, 0, time.FixedZone("", 8*3600)),
	}}
}

func BenchmarkNormalise(b *testing.B) {
	english := strings.Repeat("<p>The company said on <a href=\"https://example.com/monday?a=1&amp;b=2\">Monday</a> that its <b>revenue</b> rose, helped by sales of its new product and by markets abroad.</p>\n", 16)
	policy, now := Policy{Source: "news"}, time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	for _, bc := range []struct{ name, content string }{
		{"chinese", chinesePost()},
		{"english", english},
		{"text", "<p>" + strings.Repeat("一二三四五六七八九十，", 100) + "</p>"},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.SetBytes(int64(len(bc.content)))
			b.ReportAllocs()
			for b.Loop() {
				c := benchChange(bc.content)
				if err := Normalise(&c, policy, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCanonical(b *testing.B) {
	it := &feeds.Item{URL: "https://www.news.example.org/2024/01/02/a.html?utm_source=rss&id=7"}
	b.ReportAllocs()
	for b.Loop() {
		if Canonical(it) == "" {
			b.Fatal("none")
		}
	}
}

func BenchmarkReadHTML(b *testing.B) {
	in, base := chinesePost(), baseURL("https://news.example.org/a.html")
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readHTML(in, base); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFloors is what the parts cost by themselves on the same post: the tokenizer alone, and the general-purpose
// sanitiser, which makes nothing absolute and tells neither text nor picture.
func BenchmarkFloors(b *testing.B) {
	in := chinesePost()
	b.Run("tokenizer", func(b *testing.B) {
		b.SetBytes(int64(len(in)))
		b.ReportAllocs()
		for b.Loop() {
			z := html.NewTokenizer(strings.NewReader(in))
			for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
				if kind != html.StartTagToken && kind != html.EndTagToken && kind != html.SelfClosingTagToken {
					z.Text()
					continue
				}
				for _, more := z.TagName(); more; {
					_, _, more = z.TagAttr()
				}
			}
		}
	})
	b.Run("bluemonday", func(b *testing.B) {
		b.SetBytes(int64(len(in)))
		b.ReportAllocs()
		for b.Loop() {
			second.Sanitize(in)
		}
	})
}

package kramdown

import (
	"strings"
	"testing"
)

// BenchmarkConvert renders bodies of a few kilobytes: the HTML that crawlers write, paragraphs without markup, and text
// with some of everything.
func BenchmarkConvert(b *testing.B) {
	const sentence = "受大风影响，港区今晚八时起停止靠离泊作业，请各船公司提前安排，注意收听甚高频广播。预计明早六时恢复，届时另行通告。"
	tail := "\n<https://news.example.com/notice/7.html>\n\n[返回港口通告](//harbour.example.org/a.html)｜[返回首页](//harbour.example.org/)\n"
	for _, c := range []struct{ name, text string }{
		{"html", strings.Repeat(" <p>"+sentence+"</p>\n", 16) + tail},
		{"plain", strings.Repeat(sentence+"\n\n", 16) + tail},
		{"rich", strings.Repeat("## 标题\n\n段落*强调*，`代码`和[链接](https://example.org/a)。\n\n- 一\n- 二\n\n```go\nx := 1\n```\n\n", 24)},
		{"english", strings.Repeat("The harbour's \"night\" service -- as *announced* -- ends at 8 pm; see [the notice](/n). Ships wait outside.\n", 24)},
	} {
		b.Run(c.name, func(b *testing.B) {
			o := Jekyll()
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := o.Convert(c.text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

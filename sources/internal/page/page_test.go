package page

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

func parse(t *testing.T, text string) *Page {
	t.Helper()
	p, err := Parse([]byte(text), "text/html", "https://h.example/dir/page.html?q=1")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEncodings(t *testing.T) {
	const text = "港务局公告：冬季航班调整，囧镕"
	must := func(b []byte, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	gbk := must(simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text)))
	traditional := "港務局公告：冬季航班調整"
	big5 := must(traditionalchinese.Big5.NewEncoder().Bytes([]byte(traditional)))
	japan := "港湾局のお知らせ"
	sjis := must(japanese.ShiftJIS.NewEncoder().Bytes([]byte(japan)))
	utf16 := must(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte("<p>" + text)))
	for _, c := range []struct{ name, body, contentType, want string }{
		{"UTF-8", "<p>" + text, "", text},
		{"UTF-8 with a mark", "\xef\xbb\xbf<p>" + text, "text/html; charset=gbk", text},
		{"UTF-8 that says GBK", "<meta charset=gbk><p>" + text, "text/html; charset=gbk", text},
		{"UTF-8 late in the page", "<p>" + strings.Repeat(" ", 5000) + text, "", text},
		{"UTF-16", utf16, "", text},
		{"GBK by header", "<p>" + gbk, "text/html; charset=GBK", text},
		{"gb2312 by meta", `<meta http-equiv="Content-Type" content="text/html; charset=gb2312"><p>` + gbk, "text/html", text},
		{"GBK without a word", "<p>" + gbk, "", text},
		{"header before meta", "<meta charset=shift_jis><p>" + gbk, "text/html; charset=gb18030", text},
		{"Big5 by meta", "<meta charset=big5><p>" + big5, "", traditional},
		{"KOI8-R by meta", "<meta charset=koi8-r><p>\xf0\xcf\xd2\xd4", "", "Порт"},
		{"Shift_JIS by header", "<p>" + sjis, "text/html; charset=Shift_JIS", japan},
		{"windows-1252", "<p>caf\xe9 au lait, d\xe9j\xe0 vu", "", "café au lait, déjà vu"},
		{"a broken byte", "<p>" + text + text + text + strings.Repeat("港", 1000) + "\xff", "", text + text + text + strings.Repeat("港", 1000) + "\ufffd"},
	} {
		p, err := Parse([]byte(c.body), c.contentType, "https://h.example/")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := Text(p.Doc.Find("p")); got != c.want {
			t.Errorf("%s: %.80q, want %.80q", c.name, got, c.want)
		}
	}
}

func TestBaseAndResolve(t *testing.T) {
	p := parse(t, `<base href="/files/"><base href="/other/"><p>`)
	for ref, want := range map[string]string{
		"a.html": "https://h.example/files/a.html", "/a": "https://h.example/a", "//cdn.example/x": "https://cdn.example/x",
		"https://u:p@x.example/y": "https://x.example/y", " a\n b ": "https://h.example/files/a%20b", "?p=2": "https://h.example/files/?p=2",
		"50%.html": "https://h.example/files/50%25.html", "港口": "https://h.example/files/%E6%B8%AF%E5%8F%A3",
		"": "", "#top": "", "javascript:alert(1)": "", "data:text/html,x": "", "mailto:a@b": "", strings.Repeat("x", 9000): "", "http://[::1": "",
	} {
		if got := p.Resolve(ref); got != want {
			t.Errorf("%.40q: %q, want %q", ref, got, want)
		}
	}
	if p := parse(t, `<base href="javascript:x">`); p.Resolve("a") != "https://h.example/dir/a" {
		t.Error(p.Resolve("a"))
	}
}

func TestText(t *testing.T) {
	p := parse(t, `<div id=x> one<b>two</b><p>three</p><script>no</script><style>no</style><ul><li>a</li><li>b</li></ul>x<br>y <template>no</template></div>`)
	if got := Text(p.Doc.Find("#x")); got != "onetwo three a b x y" {
		t.Errorf("%q", got)
	}
}

func TestFields(t *testing.T) {
	p := parse(t, `<div class=i data-id=7 lang=zh><h3><a href="/x" title="T">Head <b>line</b></a></h3>
<time datetime="2026-11-24T08:00">today</time><span class=by>by A. Writer and B. Writer</span>
<img src=blank.gif data-src=real.jpg alt="alt"><i class=t>a</i><i class=t>b</i><meta itemprop=d content=m><div class=c><p>text</p></div><input class=in value=v></div>`)
	item := p.Doc.Find(".i")
	for _, c := range []struct{ name, rule, want string }{
		{"title", "a", "Head line"},
		{"title", "a@title", "T"},
		{"url", "a", "/x"},
		{"url", "a@href", "/x"},
		{"id", "'@data-id'", "7"},
		{"id", ".@data-id", "7"},
		{"id", ".i@data-id", "7"}, // the item itself
		{"date", "time", "2026-11-24T08:00"},
		{"image", "img", "real.jpg"},
		{"title", "img", "alt"},
		{"tag", ".t", "a|b"},
		{"title", ".t", "a"},
		{"summary", "meta", "m"},
		{"content", ".c", "<p>text</p>"},
		{"title", ".in", "v"},
		{"title", ".none", ""},
		{"title", "{selector: .none, default: d}", "d"},
		{"title", "[.none, .t]", "a"},
		{"title", "[{selector: .none, default: d}, .t]", "a"},
		{"author", "{selector: .by, regexp: 'by (.+?) and'}", "A. Writer"},
		{"author", "{selector: .by, regexp: '[A-Z]\\. Writer$'}", "B. Writer"},
		{"author", "{selector: .by, regexp: 'nobody'}", ""},
		{"url", `'a[href*="x@y"], a[href="/x"]@href'`, "/x"},
	} {
		var f Field
		if err := load(c.rule, &f); err != nil {
			t.Errorf("%s: %v", c.rule, err)
			continue
		}
		var got []string
		for _, v := range f.Find(item, c.name) {
			got = append(got, v.Text)
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%s: %s is %q, want %q", c.name, c.rule, s, c.want)
		}
	}
}

func TestSelectors(t *testing.T) {
	for text, want := range map[string]string{
		"ul > li": "", "a, b": "", "li:nth-child(2n+1):not(.ad)": "", "p:contains('x')": "",
		"": "empty", "li[": "after character 2", "a::text": "after character 1", "//li": "XPath", "a b c >": "not a CSS selector",
		"港 > [": "not a CSS selector", strings.Repeat("a ", 1000): "longer than",
	} {
		var s Selector
		err := s.UnmarshalText([]byte(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

func TestMeta(t *testing.T) {
	for _, c := range []struct{ name, page, want string }{
		{
			"open graph", `<html lang=zh_CN><meta property=og:title content=T><meta name=description content=D><meta property=og:image content=/i.png><meta property="article:published_time" content=P><meta name=author content="A, B"><meta property=article:tag content=x><meta property=article:tag content=y><link rel=canonical href=/c>`,
			"T|D|https://h.example/i.png|zh-CN|P||A,B|x,y|https://h.example/c",
		},
		{
			"JSON-LD first", `<meta property=og:title content=T><script type="application/ld+json">[{"@type":"BreadcrumbList","name":"no"},{"@type":"BlogPosting","headline":"H","datePublished":"P","dateModified":"U","author":{"name":"A"},"keywords":["x","y, z"],"image":["/1.png","/2.png"],"inLanguage":{"@type":"Language","name":"en"}}]</script>`,
			"H||https://h.example/1.png|en|P|U|A|x,y,z|",
		},
		{"broken JSON-LD", `<script type="application/ld+json">{"@type":"Article","headline":</script><title>T</title>`, "T||||||||"},
		{"deep JSON-LD", `<script type="application/ld+json">` + strings.Repeat(`{"@graph":[`, 2000) + strings.Repeat(`]}`, 2000) + `</script><h1>H</h1><title>T</title>`, "H||||||||"},
		{"odd types", `<script type="application/ld+json">{"@type":"NewsArticle","headline":5,"author":[null,[["x"]],{"x":1},"A"],"image":{}}</script><time pubdate datetime=P>`, "||||P||A||"},
		{"addresses are no names", `<meta property=article:author content="https://social.example/a"><h1>H</h1>`, "H||||||||"},
	} {
		m := parse(t, c.page).Meta()
		got := fmt.Sprintf("%s|%s|%s|%s|%s|%s|%s|%s|%s", m.Title, m.Summary, m.Image, m.Language, m.Published, m.Updated, strings.Join(m.Authors, ","), strings.Join(m.Tags, ","), m.Canonical)
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestReading(t *testing.T) {
	long := strings.Repeat("<p>A sentence of the report, which is long enough, as sentences of reports are, to be taken for its text.</p>", 8)
	for _, c := range []struct{ name, reading, page, want string }{
		{"selector", "article", "<article> <p>x</p> </article>", "<p>x</p>"},
		{"one in the other", "div", "<div>a<div>b</div></div><div>c</div>", "a<div>b</div>c"},
		{"readability", "readability", "<nav><a href=/>Home</a></nav><article>" + long + "</article>", "A sentence"},
	} {
		var r Reading
		if err := r.UnmarshalText([]byte(c.reading)); err != nil {
			t.Fatal(err)
		}
		got, err := r.Content(parse(t, c.page))
		if err != nil || !strings.Contains(got, c.want) || strings.Contains(got, "Home") {
			t.Errorf("%s: %q %v", c.name, got, err)
		}
	}
	for _, reading := range []string{"article", "readability", "p"} {
		var r Reading
		if err := r.UnmarshalText([]byte(reading)); err != nil {
			t.Fatal(err)
		}
		if text, err := r.Content(parse(t, "<p></p>")); !errors.Is(err, ErrNoText) {
			t.Errorf("%s of a page without text: %q %v", reading, text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`<base href=x><li><a href="/a">t</a><time>1 h ago</time><script type="application/ld+json">{"@type":"Article"}</script>`), "text/html; charset=gbk")
	f.Add([]byte("<b><p><b><p><a><table><a>"), "")
	f.Add([]byte("\xff\xfe<\x00p\x00"), "text/html")
	guess, exact := Reading{guess: true}, Reading{}
	if err := exact.UnmarshalText([]byte("p, li, article")); err != nil {
		f.Fatal(err)
	}
	field := MustParse("a@href", "time", ".")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		p, err := Parse(body, contentType, "https://h.example/x")
		if err != nil {
			return
		}
		p.Meta()
		for _, name := range []string{"title", "url", "date", "content", "tag"} {
			field.Find(p.Doc.Selection, name)
		}
		_, _ = exact.Content(p)
		_, _ = guess.Content(p)
	})
}

func FuzzSelector(f *testing.F) {
	for _, s := range []string{"ul > li", "a[href*='x']", ":nth-child(2n+1)", "a:has(b):not(c)", "p:matches(x)", "@", "a@b", "::"} {
		f.Add(s)
	}
	p, err := Parse([]byte("<ul><li class=a><a href=/x>y</a><p>z</ul>"), "", "https://h.example/")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		field, err := ParseField(text)
		if err != nil {
			return
		}
		field.Find(p.Doc.Selection, "title")
	})
}

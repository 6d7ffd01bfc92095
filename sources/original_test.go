package sources

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"feedmill/feeds"
)

func TestLastLink(t *testing.T) {
	const own = "https://harbour.example.org/2026/1"
	auto := func(u string) string { return `<p><a href="` + u + `">` + u + "</a></p>\n" }
	for _, c := range []struct{ name, html, want string }{
		{"last block", "<p>text</p>\n" + auto("http://news.example.com/1?a=1&amp;b=2"), "http://news.example.com/1?a=1&b=2"},
		{"before the links back", "<p>text</p>" + auto("http://news.example.com/1") + `<p><a href="//h.example/">a</a>｜<a href="//h.example/c">b</a></p>`, "http://news.example.com/1"},
		{"before one link back", "<p>text</p>" + auto("http://news.example.com/1") + `<p><a href="//h.example/">home</a></p>`, "http://news.example.com/1"},
		{"alone", auto("http://news.example.com/1"), "http://news.example.com/1"},
		{"announced", `<p>t</p><p>原文链接：<a href="http://news.example.com/1">http://news.example.com/1</a></p>`, "http://news.example.com/1"},
		{"no link at all", "<p>text</p><p>https://news.example.com/1</p>", "https://news.example.com/1"},
		{"wrapped", "<div><p>text</p>" + auto("http://news.example.com/1") + "</div> <hr>", "http://news.example.com/1"},
		{"in a paragraph", `<p>text <a href="http://news.example.com/1">http://news.example.com/1</a></p>`, ""},
		{"own host", "<p>text</p>" + auto("https://Harbour.example.org/1"), ""},
		{"not the last block", auto("http://news.example.com/1") + "<p>text</p>", ""},
		{"before text with a link", auto("http://news.example.com/1") + `<p>see <a href="b">a</a></p>`, ""},
		{"words", `<p>text</p><p><a href="http://news.example.com/1">more</a></p>`, ""},
		{"picture", `<p>text</p><p><a href="http://news.example.com/1"><img src="http://a.example/b"></a></p>`, ""},
		{"mail", `<p><a href="mailto:a@b.example">http://a@b.example</a></p>`, ""},
		{"empty", "", ""},
		{"long", "<p>" + strings.Repeat("x", maxParagraph) + auto("http://news.example.com/1"), "http://news.example.com/1"},
	} {
		if got := LastLink(c.html, own); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestOriginalRule(t *testing.T) {
	const text = `<p>A boat ran aground, <a href="/map">here</a>.</p>`
	for _, c := range []struct {
		name, html    string
		rule          OriginalRule
		want, content string
	}{
		{"last", text + `<p><a href="https://a.example/1">More</a></p>`, OriginalRule{Link: LinkLast}, "https://a.example/1", ""},
		{"address before words", text + `<p>https://a.example/1</p><p><a href="https://b.example/">Home</a></p>`, OriginalRule{Link: LinkLast}, "https://a.example/1", ""},
		{"removed", text + `<p>Source: <a href="https://a.example/1">More</a></p>`, OriginalRule{Link: LinkLast, Remove: true}, "https://a.example/1", text},
		{"first", text + `<p>See <a href="https://a.example/1">this</a> or <a href="https://a.example/2">that</a></p>`, OriginalRule{Link: LinkFirst, Remove: true}, "https://a.example/1", "same"},
		{"words", text + `<p><a href="https://a.example/1">Share</a></p><p><a href="https://a.example/2"><b>阅读</b>原文 Now</a></p>`, OriginalRule{Link: "原文 now", Remove: true}, "https://a.example/2", text + `<p><a href="https://a.example/1">Share</a></p>`},
		{"words in a text", text + `<p>Or <a href="https://a.example/2">read the original</a></p>`, OriginalRule{Link: "original", Remove: true}, "https://a.example/2", "same"},
		{"words of the own host", text, OriginalRule{Link: "here"}, "https://stated.example/", ""},
		{"none", text, OriginalRule{Link: LinkLast, Remove: true}, "https://stated.example/", "same"},
		{"stated", text + `<p>https://a.example/1</p>`, OriginalRule{}, "https://stated.example/", "same"},
	} {
		change := func(html string) *feeds.Item {
			ch := feeds.Change{Key: "k", Item: &feeds.Item{URL: "https://harbour.example.org/1", Original: "https://stated.example/", Content: html}}
			if err := Normalise(&ch, Policy{Original: c.rule}, time.Now()); err != nil {
				t.Fatal(err)
			}
			return ch.Item
		}
		it := change(c.html)
		if it.Original != c.want {
			t.Errorf("%s: got %q, want %q", c.name, it.Original, c.want)
		}
		if c.content == "same" {
			c.content = c.html
		}
		if c.content != "" {
			c.rule = OriginalRule{}
			if want := change(c.content); it.Content != want.Content || it.Summary != want.Summary {
				t.Errorf("%s: left %s (%s), want %s (%s)", c.name, it.Content, it.Summary, want.Content, want.Summary)
			}
		}
		if (it.Trace != "") != (it.Original != "https://stated.example/") {
			t.Errorf("%s: trace %q", c.name, it.Trace)
		}
	}
}

func FuzzLastLink(f *testing.F) {
	f.Add(`<p>a</p><p><a href="http://a.example/1">http://a.example/1</a></p><p><a href="//h/">b</a></p>`)
	f.Fuzz(func(t *testing.T, content string) {
		for _, link := range []string{LinkLast, LinkFirst, "a"} {
			it := &feeds.Item{URL: "https://own.example/", Content: content}
			rest, ok := OriginalRule{Link: link, Remove: true}.apply(it)
			if len(rest) > len(content) || ok != (it.Original != "") || ok && !strings.HasPrefix(it.Original, "http") {
				t.Errorf("%q: %q, %v, %q", content, rest, ok, it.Original)
			}
		}
	})
}

// TestAutolink holds that what needs no parser is read as the parser reads it.
func TestAutolink(t *testing.T) {
	for src, want := range map[string]bool{
		`<p><a href="http://a.example/1.html">http://a.example/1.html</a>`:       true,
		`<p><a href="https://a.example/?a">https://a.example/?a</a>`:             true,
		`<p><a href="mailto:a@a.example">mailto:a@a.example</a>`:                 true,
		`<p><a href="http://a.example/?a&amp;b">http://a.example/?a&amp;b</a>`:   false,
		`<p><a href="http://a.example/1">http://a.example/2</a>`:                 false,
		`<p><a href="http://a.example/芯">http://a.example/芯</a>`:                 false,
		`<p><a href="http://a.example/1">http://a.example/1</a> `:                false,
		`<p class="x"><a href="http://a.example/1">http://a.example/1</a>`:       false,
		`<p><a href="http://a.example/1" rel="x">http://a.example/1" rel="x</a>`: false,
		`<p><a href="http://a.example/ 1">http://a.example/ 1</a>`:               false,
		`<p><a href="<i>">&lt;i></a>`:                                            false,
		`<p><a href="">`:                                                         false,
	} {
		if _, got := autolink(src); got != want {
			t.Errorf("%s: autolink is %v", src, got)
		}
		if got, want := readParagraph(src), parseParagraph(src); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, the parser has %+v", src, got, want)
		}
	}
}

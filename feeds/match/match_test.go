package match

import (
	"strings"
	"testing"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"

	"feedmill/feeds"
)

func TestMatch(t *testing.T) {
	it := &feeds.Item{
		Source: "Wire", Title: "ＡＩ 芯片出口新规", Summary: "Straße closed: the harbour bridge", Language: "zh-CN",
		Content:    "<p>The <b>Spon</b>sored part &amp; more</p><p>end</p>",
		Categories: []string{"Go/Redis", "Open Source"}, Tags: []string{"人工智能"},
		Authors: []feeds.Person{{Name: "Ann O'Hara", Email: "ann@example.org"}},
		Also:    []feeds.Copy{{Source: "mirror"}},
	}
	for _, c := range []struct {
		w    Words
		want bool
	}{
		{Words{}, true},
		{Words{Q: "ai 芯片"}, true},
		{Words{Q: "ＡＩ"}, true},
		{Words{Q: "出口"}, true},
		{Words{Q: "口新"}, true},
		{Words{Q: "出口 进口"}, false},
		{Words{Q: "STRASSE"}, true},
		{Words{Q: "sponsored"}, true},
		{Words{Q: `"part & more"`}, true},
		{Words{Q: `"more end"`}, true},
		{Words{Q: `"part   &"`}, true},
		{Words{Q: `“harbour bridge”`}, true},
		{Words{Q: `"bridge harbour"`}, false},
		{Words{Q: "harbour -bridge"}, false},
		{Words{Q: "harbour －bridge"}, false},
		{Words{Q: `harbour -"no such"`}, true},
		{Words{Q: "-"}, false},
		{Words{Q: "人工"}, true},
		{Words{Not: "sponsored"}, false},
		{Words{Not: "absent words"}, true},
		{Words{Not: `absent "the harbour"`}, false},
		{Words{Category: []string{"go"}}, true},
		{Words{Category: []string{"go/redis"}}, true},
		{Words{Category: []string{"GO/"}}, false},
		{Words{Category: []string{"g"}}, false},
		{Words{Category: []string{"x", "open source"}}, true},
		{Words{Tag: []string{"人工智能"}}, true},
		{Words{Tag: []string{"人工"}}, false},
		{Words{Author: []string{"o'hara"}}, true},
		{Words{Author: []string{"bob"}}, false},
		{Words{Source: []string{"wire"}}, true},
		{Words{Source: []string{"mirror"}}, true},
		{Words{Source: []string{"wir"}}, false},
		{Words{Lang: []string{"zh"}}, true},
		{Words{Lang: []string{"zh-cn"}}, true},
		{Words{Lang: []string{"z"}}, false},
		{Words{Q: "ai", Lang: []string{"en"}}, false},
	} {
		f, err := Compile(c.w)
		if err != nil {
			t.Errorf("%+v: %v", c.w, err)
			continue
		}
		if got := f.Match(it); got != c.want {
			t.Errorf("%s: %v, want %v", f, got, c.want)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for begin, w := range map[string]Words{
		"q: a quote":    {Q: `a "b`},
		"q: 1001 bytes": {Q: strings.Repeat("x", 1001)},
		"q: more than":  {Q: strings.Repeat("x ", 51)},
		"not: a minus":  {Not: "-x"},
		"tag: an empty": {Tag: []string{"a", " "}},
		"lang: 51":      {Lang: make([]string, 51)},
	} {
		if _, err := Compile(w); err == nil || !strings.HasPrefix(err.Error(), begin) {
			t.Errorf("%+v: %v, want %q", w, err, begin)
		}
	}
}

func TestString(t *testing.T) {
	f, err := Compile(Words{Q: "a b", Tag: []string{"x", "y"}, Lang: []string{"zh"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.String(), "{q: a b, tag: [x, y], lang: zh}"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add(`a "b c" -d`, "<p>a b c", "人工 智能")
	f.Fuzz(func(t *testing.T, q, content, not string) {
		c, err := Compile(Words{Q: q, Not: not})
		if err != nil {
			return
		}
		it := &feeds.Item{Title: q, Content: content}
		first := c.Match(it)
		if c.Match(it) != first {
			t.Error("two answers to one question")
		}
		if easy, ok := foldEasy(q); ok {
			hard := norm.NFC.String(cases.Fold().String(norm.NFC.String(width.Fold.String(q))))
			if hard = strings.Join(strings.Fields(hard), " "); easy != hard {
				t.Errorf("%q: folded to %q, the general way gives %q", q, easy, hard)
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	it := &feeds.Item{Title: "标题", Summary: strings.Repeat("摘要", 50), Content: "<p>" + strings.Repeat("人工智能的<b>新闻</b>，", 200) + "</p>"}
	c, err := Compile(Words{Q: "sponsored"})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(it.Content)))
	for b.Loop() {
		c.Match(it)
	}
}

// TestFoldEasy holds the short way to the general one, letter by letter.
func TestFoldEasy(t *testing.T) {
	for r := rune(1); r < 0x11000; r++ {
		s := "a" + string(r) + "b"
		easy, ok := foldEasy(s)
		if !ok {
			continue
		}
		hard := norm.NFC.String(cases.Fold().String(norm.NFC.String(width.Fold.String(s))))
		if hard = strings.Join(strings.Fields(hard), " "); easy != hard {
			t.Errorf("%U: folded to %q, the general way gives %q", r, easy, hard)
		}
	}
}

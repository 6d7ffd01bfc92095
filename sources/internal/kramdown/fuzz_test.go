package kramdown

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// FuzzConvert: whatever the text and the options, there is HTML within bounds, valid UTF-8 stays valid, and every
// element that is opened by Markdown is closed.
func FuzzConvert(f *testing.F) {
	for _, file := range []string{"lists", "tables", "html", "attributes", "footnotes", "links", "mixed"} {
		_, pairs := readPairs(f, "testdata/"+file+".txtar")
		for i, p := range pairs {
			f.Add(p.md, byte(i))
		}
	}
	for _, in := range hostile(300) {
		f.Add(in, byte(0))
	}
	f.Fuzz(func(t *testing.T, in string, options byte) {
		if len(in) > 20_000 {
			return
		}
		o := Jekyll()
		o.Plain = options&1 != 0
		o.HardWrap = options&2 != 0
		o.ParseBlockHTML = options&4 != 0
		o.ParagraphEnd = options&8 == 0
		o.MathJax = options&16 == 0
		o.JoinCJK = options&32 != 0
		o.BacklinkInline = options&64 != 0
		o.DropEmptyAutolinks = options&128 != 0
		out, _, err := o.Convert(in)
		if err != nil {
			return
		}
		if len(out) > MaxHTML+len(in) {
			t.Fatalf("%d bytes of HTML", len(out))
		}
		if utf8.ValidString(in) && !utf8.ValidString(out) {
			t.Fatalf("invalid UTF-8: %q", out)
		}
		if !strings.ContainsAny(in, "<{") { // HTML may be anything
			balanced(t, out)
		}
		if again, _, _ := o.Convert(in); again != out {
			t.Fatal("two outputs for one text")
		}
	})
}

// balanced fails if an element has no end tag or is not nested well.
func balanced(t *testing.T, s string) {
	t.Helper()
	var open []string
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Fatalf("%v without end in %q", open, s)
			}
			return
		case html.StartTagToken:
			if name, _ := z.TagName(); !elements[string(name)].void {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Fatalf("</%s> within %v in %q", name, open, s)
			}
			open = open[:len(open)-1]
		}
	}
}

package sources

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestPlainText(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"Plain", "Plain"},
		{"  two\n\tlines  ", "two lines"},
		{"全角　空白", "全角 空白"},
		{"a\u00a0b", "a b"},
		// Both ways of saying it mean the same title.
		{"Use &lt;div&gt;", "Use <div>"},
		{"Use <div>", "Use <div>"},
		{"Use <div> and </div>", "Use and"}, // the price: both halves are there
		{"Use &lt;div&gt; and &lt;/div&gt;", "Use <div> and </div>"},
		{"List<String> in Java", "List<String> in Java"},
		{"if a < b && c > d", "if a < b && c > d"},
		{"1 <2> 3", "1 <2> 3"},
		// HTML from feeds.
		{"<b>New</b>: x", "New: x"},
		{"<p>a</p><p>b</p>", "a b"},
		{"a<br>b<BR/>c", "a b c"},
		{`<a href="x>y">link</a>`, "link"},
		{"<b><i>x</b></i>", "x"},
		{"<b>open", "<b>open"},
		{"closed</b>", "closed</b>"},
		{"a<script>alert('<b>')</script>b", "ab"},
		{"a<!-- b -->c", "ac"},
		{"<b", "<b"},
		{"<", "<"},
		// References are decoded once, and only whole ones.
		{"Q&amp;A", "Q&A"},
		{"Q&A", "Q&A"},
		{"AT&T; x", "AT&T; x"},
		{"&amp;lt;b&amp;gt;", "&lt;b&gt;"},
		{"&#8217;&#x2019;&rsquo;", "’’’"},
		{"&#8;&#0;a", "a"},
		{"a?x=1&copy=2", "a?x=1&copy=2"},
		{"&", "&"},
		{"&hellip", "&hellip"},
		// Characters.
		{"a\u0092b", "a’b"},
		{"a\u0081b\u009db", "abb"},
		{"\ufeffa\u0000b\ufffd", "ab"},
		{"e\u0301", "é"},
		{"caf\xe9 \x93x\x94", "café “x”"},
		{"金\xff融", "金融"},
		{"👩‍💻 ok", "👩‍💻 ok"},
	} {
		if got := plainText(tc.in); got != tc.want {
			t.Errorf("plainText(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func TestCutText(t *testing.T) {
	for _, tc := range []struct {
		in    string
		limit int
		want  string
	}{
		{"short", 10, "short"},
		{"exactly ten", 11, "exactly ten"},
		{"one two three four", 12, "one two…"},
		{"First sentence. And more of it", 22, "First sentence. …"},
		{"一二三四五六七八九十", 8, "一二三四五六…"},
		{"一二三四。五六七八九十", 8, "一二三四。 …"},
		{"一二三四，五六七八九十", 7, "一二三四…"},
		{"他说：“好。”然后走了很远", 10, "他说：“好。” …"},
		{strings.Repeat("x", 50), 10, "xxxxxxxx…"},
		{"abcdefg👩‍💻👩‍💻👩‍💻", 12, "abcdefg👩‍💻…"},
		{strings.Repeat("e\u0302\u0323", 9), 8, "e\u0302\u0323e\u0302\u0323…"},
	} {
		got := cutText(tc.in, tc.limit)
		if got != tc.want {
			t.Errorf("cutText(%q, %d) = %q, want %q", tc.in, tc.limit, got, tc.want)
		}
		if n := utf8.RuneCountInString(got); n > tc.limit {
			t.Errorf("cutText(%q, %d) has %d runes", tc.in, tc.limit, n)
		}
	}
}

// TestIsPlain holds the quick check to the slow way, rune by rune and before a combining mark.
func TestIsPlain(t *testing.T) {
	for r := rune(0); r <= utf8.MaxRune; r++ {
		s := string(r)
		if utf8.ValidRune(r) && isPlain(s) && (strings.Map(cleanRune, s) != s || norm.NFC.String(s) != s || !norm.NFC.PropertiesString(s).BoundaryBefore()) {
			t.Fatalf("%U is called plain", r)
		}
	}
	for _, s := range []string{"\xe4", "\xe4\xb8", "\xc3", "a\xff", "\xe4\xb8a", "\xed\xa0\x80"} {
		if isPlain(s) {
			t.Errorf("%q is called plain", s)
		}
	}
}

func FuzzPlainText(f *testing.F) {
	for _, s := range []string{"Use &lt;div&gt;", "<b>x</b>", "a<br", "\xff\u0092e\u0301", "&amp;#38;", "<!--<b>-->", "</b><b>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{plainText(s), cleanLabel(s), cutText(plainText(s), 20)} {
			if clean(got) != got || !utf8.ValidString(got) || got != foldSpace(got) || !norm.NFC.IsNormalString(got) {
				t.Errorf("%q comes out as %q, which is not clean", s, got)
			}
		}
		if n := utf8.RuneCountInString(cutText(plainText(s), 20)); n > 20 {
			t.Errorf("%d runes", n)
		}
		if k := CleanKey(s); CleanKey(k) != k || !utf8.ValidString(k) || len(k) > 1024 {
			t.Errorf("key %q comes out as %q, then %q", s, k, CleanKey(k))
		}
	})
}

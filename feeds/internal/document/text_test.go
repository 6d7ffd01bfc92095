package document

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"plain", "a b\tc\nd", "a b\tc\nd"},
		{"Chinese", "央行，今日。𠮷", "央行，今日。𠮷"},
		{"line ends", "a\r\nb\rc\r\r\nd\r", "a\nb\nc\n\nd\n"},
		{"controls", "a\x00b\x0bc\x7fd", "abcd"},
		{"C1 as windows-1252", "it\u0092s \u0080 5\u0085", "it’s € 5…"},
		{"C1 without meaning", "a\u0081\u008d\u009db", "ab"},
		{"invalid bytes", "a\xffb\xe4\xb8", "ab"},
		{"surrogates", "a\xed\xa0\x80b", "ab"},
		{"overlong", "a\xe0\x80\x80b\xc0\x80", "ab"},
		{"cut three bytes", "央\xe5\xa4", "央"},
		{"noncharacters", "a\ufffe\uffff\ufdd0\ufdef\U0001ffff\U0010fffeb", "ab"},
		{"next to noncharacters", "\ufdcf\ufdf0\ufffc\U0001fffd", "\ufdcf\ufdf0\ufffc\U0001fffd"},
		{"replacement character", "a\ufffdb", "ab"},
		{"private use and no-break space", "\ue000\u00a0\ufeff", "\ue000\u00a0\ufeff"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		" a ":              "a",
		"a\r\n\tb\nc":      "a b c",
		"\n":               "",
		"\u3000标题\u00a0":   "标题",
		"two  blanks stay": "two  blanks stay",
	} {
		if got := Line(in); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a\r\nb", "a\x00\xff\u0092\ufffe", "中文，\xe4\xb8", "\xed\xa0\x80", "\U0010ffff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) || strings.ContainsRune(got, utf8.RuneError) || strings.Contains(got, "\r") {
			t.Fatalf("Clean(%q) = %q is not clean", s, got)
		}
		for _, r := range got {
			if !char(r) {
				t.Fatalf("Clean(%q) has %U", s, r)
			}
		}
		if Clean(got) != got {
			t.Fatalf("Clean(%q) = %q is not its own clean form", s, got)
		}
		// Nothing is lost that can stand.
		for _, r := range s {
			if char(r) && !strings.ContainsRune(got, r) {
				t.Fatalf("Clean(%q) = %q lost %U", s, got, r)
			}
		}
	})
}

func TestExcerpt(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"paragraphs", "<p>One</p><p>two<br>three</p>", "One two three"},
		{"words stay whole", "<p>央<b>行</b>今<a href=x>日</a></p>", "央行今日"},
		{"references", "a &amp; b &lt;c&gt;&nbsp;d", "a & b <c> d"},
		{"script and style", "<style>p{}</style>a<script>var b</script>c", "a c"},
		{"unfinished", "a <b", "a"},
		{"no words", `<img src="x" alt="y">`, ""},
		{"cut at a blank", strings.Repeat("word ", 20), "word word word word word word word word…"},
		{"cut in Chinese", strings.Repeat("字", 50), strings.Repeat("字", 39) + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := excerpt(tt.in, 40); got != tt.want {
				t.Errorf("excerpt(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
	if got := excerpt(strings.Repeat("字", 1<<20), 40); utf8.RuneCountInString(got) != 40 {
		t.Errorf("excerpt of a long text has %d characters", utf8.RuneCountInString(got))
	}
}

var chinese = strings.Repeat("<p>央行今日开展逆回购操作，中标利率与上次持平；市场流动性总体保持合理充裕。 <strong>3.5%</strong></p>\n", 25)

func BenchmarkClean(b *testing.B) {
	b.SetBytes(int64(len(chinese)))
	b.ReportAllocs()
	for b.Loop() {
		Clean(chinese)
	}
}

func BenchmarkEscaped(b *testing.B) {
	b.SetBytes(int64(len(chinese)))
	b.ReportAllocs()
	for b.Loop() {
		Escaped(chinese)
	}
}

package push_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"feedmill/feeds/push"
)

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		in   string
		most int
		want string
	}{
		{"short", 5, "short"},
		{"longer than that", 9, "longer…"},
		{"证券时报网", 12, "证券时…"},
		{"ab", 2, "ab"},
		{"abcdef", 3, "…"},
		{"abcdef", 2, ""},
		{"👩‍👩‍👧 family", 15, "👩‍👩…"},
		{"a\xff\xfe", 20, "a\uFFFD"},
		{"", 0, ""},
	} {
		if got := push.Cut(tt.in, push.Bytes(tt.most)); got != tt.want {
			t.Errorf("Cut(%q, %d bytes) = %q, want %q", tt.in, tt.most, got, tt.want)
		}
	}
	if got := push.Cut("证券时报网", push.Runes(3)); got != "证券…" {
		t.Errorf("got %q", got)
	}
}

// lines is the plainest platform: a line for each entry, at most so many bytes.
func lines(entries []push.Entry) ([]byte, error) {
	var b bytes.Buffer
	for _, e := range entries {
		b.WriteString(strings.Join([]string{e.Title, e.URL, e.Text, e.Footer}, "|") + "\n")
	}
	return b.Bytes(), nil
}

func FuzzPack(f *testing.F) {
	f.Add("title", "https://example.org/a", "text of it", "footer", 3, 60)
	f.Add("标题", "https://example.org/"+strings.Repeat("a", 200), strings.Repeat("正文", 100), "来源", 7, 128)
	f.Add("t\xff", "", strings.Repeat("&", 99), "\u202e", 1, 12)
	f.Fuzz(func(t *testing.T, title, url, text, footer string, n, most int) {
		n, most = 1+abs(n)%50, 12+abs(most)%5000
		m := &push.Message{}
		for range n {
			m.Entries = append(m.Entries, push.Entry{Title: title, URL: url, Text: text, Footer: footer})
		}
		body, got, err := push.Pack(m, 20, func(b []byte) bool { return len(b) <= most }, lines)
		if err != nil {
			t.Fatalf("12 bytes are enough for a title, an end and the mark: %v", err)
		}
		if got < 1 || got > n || got > 20 || len(body) > most {
			t.Fatalf("%d entries of %d in %d bytes of %d", got, n, len(body), most)
		}
		if whole, _ := lines(m.Entries[:got]); got > 1 && !bytes.Equal(whole, body) {
			t.Fatal("several entries were cut")
		}
		if got < min(n, 20) {
			if more, _ := lines(m.Entries[:got+1]); len(more) <= most {
				t.Fatalf("%d entries would fit, %d are in it", got+1, got)
			}
		}
		if utf8.ValidString(title+" "+url+" "+text+" "+footer) && !utf8.Valid(body) {
			t.Fatal("a letter was cut")
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}

// TestPackCuts: the text goes before the footer, that before the title, and the address last.
func TestPackCuts(t *testing.T) {
	m := &push.Message{Entries: []push.Entry{{Title: "A title of some length", URL: "https://e.org/a", Text: "a text that is longer", Footer: "source"}}}
	for most, want := range map[int]string{
		100: "A title of some length|https://e.org/a|a text that is longer|source\n",
		60:  "A title of some length|https://e.org/a|a text tha…|source\n",
		47:  "A title of some length|https://e.org/a||source\n",
		42:  "A title of some length|https://e.org/a||\n",
		30:  "A title…|https://e.org/a||\n",
		16:  "A title o…|||\n",
	} {
		body, _, err := push.Pack(m, 0, func(b []byte) bool { return len(b) <= most }, lines)
		if err != nil || string(body) != want {
			t.Errorf("%d bytes: %q, %v; want %q", most, body, err, want)
		}
	}
	if _, _, err := push.Pack(m, 0, func([]byte) bool { return false }, lines); push.AsError(err).Class != push.BadPayload {
		t.Errorf("nothing fits: %v", err)
	}
}

func TestWords(t *testing.T) {
	m := &push.Message{More: 37}
	e := &push.Entry{Title: "A\n title", Edited: true}
	if got := m.MoreText() + "|" + m.Headline(e); got != "+37 more|(updated) A title" {
		t.Errorf("got %q", got)
	}
	m.Language = "zh"
	if got := m.MoreText() + "|" + m.Headline(e); got != "另有 37 条|（更新）A title" {
		t.Errorf("got %q", got)
	}
	if got := push.LinkURL("https://e.org/a(b)|<c> d"); got != "https://e.org/a%28b%29%7C%3Cc%3E%20d" {
		t.Errorf("got %q", got)
	}
	if push.Units("a😀\xff") != 4 {
		t.Error("a letter beyond the basic plane counts twice")
	}
}

func TestFullWidth(t *testing.T) {
	for in, want := range map[string]string{
		"snake_case [x](y) <@all> *b* `c`": "snake_case ［x］(y) ＜＠all＞ ＊b＊ ｀c｀",
		"_it_":                             "＿it＿",
		"# h\n- l\n1. n\nC# - 3.5":         "＃ h\n－ l\n1． n\nC# - 3.5",
		"a\n---\nb\n==\n-5 °C\n- - -\n+":   "a\n－--\nb\n＝=\n-5 °C\n－ - -\n＋",
	} {
		if got := push.FullWidth(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// TestHeadlineOfNothing: a title of what nobody sees is shown as a mark: an empty link is refused, or cannot be clicked.
func TestHeadlineOfNothing(t *testing.T) {
	m := &push.Message{}
	for _, title := range []string{"", " \n", "\x00\u202e"} {
		if got := m.Headline(&push.Entry{Title: title}); got != push.Mark {
			t.Errorf("%q: got %q", title, got)
		}
	}
}

package jekyll

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// noLines takes the lines of nulls out, which a YAML parser places behind them.
func noLines(f fields) fields {
	out := make(fields, len(f))
	for i, e := range f {
		if e.value.kind == null {
			e.value.line = 0
		}
		for j := range e.value.list {
			if e.value.list[j].kind == null {
				e.value.list[j].line = 0
			}
		}
		out[i] = e
	}
	return out
}

var compareFields = cmp.AllowUnexported(value{}, field{})

// FuzzSimple holds the reader for simple front matter to the YAML parser.
func FuzzSimple(f *testing.F) {
	for _, s := range []string{
		"title: a\ndate: 2024-01-02 03:04:05 +0800\n", "a: \"b: c\"\nb: 'x # y'\n", "tags: [a, \"b c\", 'd']\nx: []\n",
		"tags:\n- a\n- b c\n\nx: 1\n", "tags:\n  - a\n  - \"b\"\n# c\ny: ~\n", "a: b: c\n", "a:\n  b: c\n", "a: b\r\nc: \r\n", "a: 中文：标题\n",
		"a: x #y\nb: x#y\nc: x:\n", "a: [a: b]\n", "a: - b\n", "a: ? b\n", "a: !x y\n", "a: b\n - c\n", "a: [x y, z]\nb: [,]\n", "a:\n-\n- b\n", "a: x\u0085y\n",
		"a: =\nb: <<\n<<: x\n", "a: '\n'\n", "a: \"\n", "a:\n\n- b\n", "a: 'x'y'\n", "a: \ufeffx\n", "a: x\n\n\n- b\n", "a: [b#c, d #e]\n", "---: x\n", "a: [\"x,y\"]\n",
		"a: b\n- c\n", "a:\n - b\n  - c\n", "a: \"b\" \n", "a: {}\n", "a: \"b\"c\"\n", "_: x\nA-b_1: y\n", "a: -1\n", "a: [b, c]]\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := simple(b)
		if !ok {
			return
		}
		want, err := parseYAML(b)
		if err != nil {
			t.Fatalf("simple reads %q, the YAML parser says %v", b, err)
		}
		if d := cmp.Diff(noLines(want), noLines(got), compareFields); d != "" {
			t.Fatalf("simple reads %q otherwise (-yaml +simple):\n%s", b, d)
		}
	})
}

// FuzzDecode feeds whole files: no panic, and what comes out is sound.
func FuzzDecode(f *testing.F) {
	s := benchSite(f)
	for _, seed := range []string{
		benchPost(1), "---\ntitle: \"他说\"好\"了\"\ndate: x\n---\nb", "---\n", "\n\n---\na: [\n...\nx", "{% raw %}{{ a }}", "{% highlight x %}a", "`{{ a }}` {{ b }} {% c",
		"**「a」**b *c*\n{: .x}\n* x\n{:toc}\n", "<https://a.example/>\n\n[a](b)｜[c](d)", "\xff\xfe-\x00-\x00-\x00", "---\na: &x [*x]\n---\n", "---\ntags: [{a: b}, [c, [d]]]\nauthor: [{name: x}, y]\n---\n",
	} {
		f.Add([]byte(seed))
	}
	now := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, b []byte) {
		p := decode(s, "_posts/2024-01-01-x.md", b, now)
		if (p.Change.Item == nil || p.Rejected != nil) != (p.Hidden || p.Rejected != nil) {
			t.Fatalf("neither item nor reason: %+v", p)
		}
		if p.Rejected != nil || p.Hidden {
			return
		}
		it := p.Change.Item
		if !utf8.ValidString(it.Content) || !utf8.ValidString(it.Title) || it.Published.IsZero() || p.Change.Key == "" {
			t.Fatalf("%q gives %+v", b, it)
		}
	})
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name, in, header, body string
		found, open            bool
		bodyLine               int
	}{
		{"usual", "---\na: b\n---\nbody\n", "a: b\n", "body\n", true, false, 4},
		{"dots", "---\na: b\n...\nbody", "a: b\n", "body", true, false, 4},
		{"crlf", "---\r\na: b\r\n---\r\nbody", "a: b\r\n", "body", true, false, 4},
		{"blank lines first", "\n \n---\na: b\n---\nbody", "a: b\n", "body", true, false, 6},
		{"blanks behind the mark", "--- \t\na: b\n---  \nbody", "a: b\n", "body", true, false, 4},
		{"empty", "---\n---\nbody", "", "body", true, false, 3},
		{"ends with the mark", "---\na: b\n---", "a: b\n", "", true, false, 4},
		{"none", "body\n---\na\n---\n", "", "body\n---\na\n---\n", false, false, 1},
		{"four dashes are a rule", "----\nbody", "", "----\nbody", false, false, 1},
		{"open", "---\na: b\n", "a: b\n", "", true, true, 0},
		{"open without line end", "---", "", "", true, true, 0},
		{"longer dashes do not end it", "---\na: b\n----\n", "a: b\n----\n", "", true, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := split([]byte(c.in))
			if p.found != c.found || p.open != c.open || string(p.header) != c.header || string(p.body) != c.body || p.bodyLine != c.bodyLine {
				t.Errorf("got %q %q found %v open %v line %d", p.header, p.body, p.found, p.open, p.bodyLine)
			}
		})
	}
}

func TestSalvage(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     map[string]string
		lost     string
		line     int
	}{
		{"quotes in a title", "layout: post\ntitle: \"a \"b\" c\"\ntags: x y\n", map[string]string{"title": `a "b" c`, "tags": "x y", "layout": "post"}, "", 2},
		{"colon in a title", "title: a: b: c\ndate: 2024-01-01\n", map[string]string{"title": "a: b: c", "date": "2024-01-01"}, "", 1},
		{"reserved sign", "title: @b and %c\nlang: en\n", map[string]string{"title": "@b and %c", "lang": "en"}, "", 1},
		{"quote without end", "title: \"a b\nlang: en\n", map[string]string{"title": "a b", "lang": "en"}, "", 1},
		{"single quotes", "title: 'it's'\nlang: en\n", map[string]string{"title": "it's", "lang": "en"}, "", 1},
		{"escapes", "title: \"a \\\"b\\\" \"c\"\"\n", map[string]string{"title": `a "b" "c"`}, "", 1},
		{"other keys keep their shape", "title: a: b\nauthor:\n  name: x\ntags:\n  - y\npublished: false\n", map[string]string{"title": "a: b", "published": "false"}, "", 1},
		{"tab", "title: a\n\tb: c\nlang: en\n", map[string]string{"lang": "en"}, "", 0},
		{"control character", "title: a\x01b\nlang: en\n", map[string]string{"title": "ab", "lang": "en"}, "", 1},
		{"ambiguous", "title: \"a\n  b: \"c\"\nlang: en\n", map[string]string{"lang": "en"}, "title", 0},
		{"a line without a key", "nonsense\ntitle: a\n", map[string]string{"title": "a"}, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, m := readHeader([]byte(c.in))
			if m == nil {
				t.Fatal("no report")
			}
			if c.line > 0 && m.line < c.line {
				t.Errorf("line %d, want at least %d", m.line, c.line)
			}
			if c.lost != "" && !strings.Contains(m.reason, "left out "+c.lost) {
				t.Errorf("reason %q", m.reason)
			}
			for k, want := range c.want {
				if got := f.get(k).text; got != want {
					t.Errorf("%s is %q, want %q (%s)", k, got, want, m.reason)
				}
			}
		})
	}
}

// TestHostileHeader holds the bounds against front matter made to exhaust.
func TestHostileHeader(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for _, k := range "bcdefgh" {
		prev := string(k - 1)
		bomb += string(k) + ": &" + string(k) + " [" + strings.Repeat("*"+prev+", ", 8) + "*" + prev + "]\n"
	}
	for name, in := range map[string]string{
		"aliases": bomb,
		"self":    "a: &a [*a]\n",
		"depth":   "a: " + strings.Repeat("[", 100_000) + "\n",
		"levels":  "a: " + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "\n",
		"values":  "a: [" + strings.Repeat("x, ", 20_000) + "]\n",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if _, err := parseYAML([]byte(in)); err == nil {
				t.Error("accepted")
			}
			s := benchSite(t)
			if p := decode(s, "_posts/2024-01-01-x.md", []byte("---\ntitle: t\n"+in+"---\nb"), time.Now()); p.Rejected != nil || p.Change.Item.Title != "t" {
				t.Errorf("the post did not survive: %+v", p)
			}
			t.Log(time.Since(start))
		})
	}
	p := decode(benchSite(t), "_posts/2024-01-01-x.md", []byte("---\na: "+strings.Repeat("x", maxHeader)+"\n---\nb"), time.Now())
	if p.Rejected == nil {
		t.Error("accepted front matter beyond the limit")
	}
}

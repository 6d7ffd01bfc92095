package hugo

import (
	"strings"
	"testing"
	"time"

	"feedmill/sources/internal/postdir"
)

// fuzzSite is a site with everything switched on that a page can meet.
func fuzzSite(f *testing.F) *site {
	return loadFiles(f, map[string]string{
		"hugo.toml": "baseURL = 'https://a.example/b/'\nenableEmoji = true\nremovePathAccents = true\ncanonifyURLs = true\n" +
			"[markup.goldmark.parser.attribute]\nblock = true\n[markup.goldmark.renderer]\nunsafe = true\n" +
			"[markup.goldmark.extensions.passthrough]\nenable = true\n[markup.goldmark.extensions.passthrough.delimiters]\nblock = [['$$', '$$']]\ninline = [['\\(', '\\)']]\n" +
			"[languages.en]\n[languages.zh]\n[permalinks]\nposts = '/:year/:sections[last]/:slug/'\n",
		"content/posts/_index.md":  "---\ncascade:\n  tags: [all]\n---\n",
		"content/posts/b.md":       "---\nslug: x y\n---\n",
		"content/posts/c/index.md": "",
		"content/other/b.md":       "x",
	})
}

func FuzzPage(f *testing.F) {
	for _, s := range []string{
		"---\ntitle: x\n---\n{{< figure src=\"x\" caption=\"*a*\" >}}", "{{% a %}}{{% /a %}}", "+++\nurl='..'\n+++\n{{</* x */>}}",
		"{{< highlight go >}}x{{< /highlight >}}<!--more-->", "{\"date\": 3}\n$$ a $$ \\(b\\) :smile:\n\nx\n{.c #d}\n",
		"---\nslug: [\n---", "<!--\n---\na: 1\n---\n-->\n{{< ref \"b.md#x\" >}} {{% relref path=\"/posts/c\" lang=zh %}}",
		"---\ndate: 2024-01-01\nimages: [a.png]\ntags: &a [x, *a]\n---\n## A {#b}\n\n- [ ] c\n[^1]\n\n[^1]: d",
	} {
		f.Add([]byte(s))
	}
	s := fuzzSite(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, name := range []string{"content/posts/a.zh.md", "content/posts/c/index.html"} {
			p := s.Decode(postdir.NewFile(nil, name, b, time.Time{}, time.Unix(1_700_000_000, 0)))
			if it := p.Change.Item; it != nil && (strings.Contains(it.Content, standIn) && !strings.Contains(string(b), standIn) || !strings.HasPrefix(it.URL, "https://a.example/b/")) {
				t.Errorf("%s: %s: %q", name, it.URL, it.Content)
			}
		}
	})
}

// FuzzShortcodes holds that nothing of a text is lost between the pieces that it is cut into, and that tags are within it.
func FuzzShortcodes(f *testing.F) {
	for _, s := range []string{
		"a {{< b c=\"d\" e=`f` >}} g {{< /b >}}", "{{% h/i \"j\\\"\" %}}", "{{</* k */>}}", "{{< l.inline >}}m{{< /l.inline >}}", "{{< n / >}}",
		"{{< \\\"o\\\" >}}", "{{< p \n q='r' >}}", "{{<", "{{< s `", "{{%/*", strings.Repeat("{{< t \"", 5),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		pieces, faults := cutShortcodes(s)
		plain := 0
		for _, p := range pieces {
			if p.name == "" {
				plain += len(p.text)
			}
			if p.line < 0 || p.line > 1+strings.Count(s, "\n") || p.named != nil && p.place != nil {
				t.Errorf("%+v", p)
			}
		}
		if plain > len(s) || !strings.Contains(s, "{{") && (len(pieces) > 1 || plain != len(s) || len(faults) > 0) {
			t.Errorf("%d bytes of text, %d pieces", plain, len(pieces))
		}
	})
}

// FuzzFrontMatter holds that what is read of front matter is within its bounds, and that reading it again gives the same.
func FuzzFrontMatter(f *testing.F) {
	for _, s := range []string{
		"---\na: b\n---\nx", "+++\na = 1\n+++\n", "{\"a\": [1]}\nx", "---\na: &a [1]\nb: *a\n<<: {c: d}\n---\n", "\ufeff\n---\n---", "<!--\n---\na: 1\n---\n-->\nx",
		"---\na: [[[[[[\n", "+++\n[a.b.c]\nd = 1979-05-27T07:32:00Z\n+++\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c := split(b)
		if len(c.header)+len(c.body) > len(b) || c.bodyLine > 2+strings.Count(string(b), "\n") {
			t.Fatalf("%d + %d of %d bytes, line %d", len(c.header), len(c.body), len(b), c.bodyLine)
		}
		front, err := parse(c.format, c.header)
		if err != nil {
			return
		}
		for _, key := range sortedKeys(front) {
			if key != strings.ToLower(key) {
				t.Errorf("key %q", key)
			}
			front.str(key)
			front.words(key)
			front.flag(key, true)
		}
	})
}

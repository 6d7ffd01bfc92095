package sources

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"
)

// second is an independent statement of what may leave: whatever it takes out of our output is a hole in ours.
var second = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(
		"p", "div", "address", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "hr", "br", "wbr", "ul", "ol", "li", "dl",
		"dt", "dd", "figure", "figcaption", "details", "summary", "table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th",
		"abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd", "mark", "picture", "q", "ruby", "rt", "rp",
		"s", "samp", "small", "strong", "sub", "sup", "time", "u", "var")
	web := regexp.MustCompile(`^https?://[^\s<>"]+$`)
	words := regexp.MustCompile(`^[^<>]*$`)
	number := regexp.MustCompile(`^[0-9]+$`)
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowDataURIImages()
	p.RequireParseableURLs(true)
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("title").Matching(regexp.MustCompile(`(?s).*`)).OnElements("a", "img", "abbr", "dfn")
	p.AllowAttrs("src").OnElements("img")
	p.AllowAttrs("src", "poster").Matching(web).OnElements("video")
	p.AllowAttrs("src").Matching(web).OnElements("audio", "source")
	p.AllowAttrs("srcset").Matching(regexp.MustCompile(`^https?://\S+( [0-9.]+[wxh])?(, https?://\S+( [0-9.]+[wxh])?)*$`)).OnElements("img", "source")
	p.AllowAttrs("sizes", "media", "type").Matching(words).OnElements("img", "source")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("width", "height").Matching(number).OnElements("img", "video")
	p.AllowAttrs("controls").Matching(regexp.MustCompile(`^$`)).OnElements("video", "audio")
	p.AllowAttrs("cite").Matching(web).OnElements("blockquote", "q", "del", "ins")
	p.AllowAttrs("datetime").Matching(words).OnElements("del", "ins", "time")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^language-[-+#._a-zA-Z0-9]+$`)).OnElements("pre", "code")
	p.AllowAttrs("start").Matching(number).OnElements("ol")
	p.AllowAttrs("value").Matching(number).OnElements("li")
	p.AllowAttrs("reversed").Matching(regexp.MustCompile(`^$`)).OnElements("ol")
	p.AllowAttrs("type").Matching(regexp.MustCompile(`^[1aAiI]$`)).OnElements("ol")
	p.AllowAttrs("colspan", "rowspan").Matching(number).OnElements("td", "th")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|center|right)$`)).OnElements("td", "th")
	p.AllowAttrs("scope").Matching(regexp.MustCompile(`^(row|col|rowgroup|colgroup)$`)).OnElements("th")
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(ltr|rtl|auto)$`)).Globally()
	p.AllowAttrs("lang").Matching(regexp.MustCompile(`^[-a-zA-Z0-9]+$`)).Globally()
	p.AllowElements("span", "a", "img", "video", "audio", "source")
	return p
}()

// tokens lists what a tokenizer sees, with neighbouring texts as one, so that ways of escaping do not count.
func tokens(s string) []string {
	var out []string
	text := ""
	flush := func() {
		if text != "" {
			out = append(out, "text "+text)
		}
		text = ""
	}
	z := html.NewTokenizer(strings.NewReader(s))
	for z.Next() != html.ErrorToken {
		tok := z.Token()
		if tok.Type == html.TextToken {
			text += tok.Data
			continue
		}
		flush()
		if tok.Type == html.SelfClosingTagToken {
			tok.Type = html.StartTagToken
		}
		out = append(out, tok.String())
	}
	flush()
	return out
}

// parsed is what a browser's parser makes of s, written down again. The tbody that a parser adds is taken out on both
// sides, and so is the first line end of a pre.
func parsed(t *testing.T, s string) string {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(s), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		t.Fatalf("parse %q: %v", s, err)
	}
	var b strings.Builder
	for _, n := range nodes {
		if err := html.Render(&b, n); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

var noBody = strings.NewReplacer("<tbody>", "", "</tbody>", "")

// checkHTML holds output of readHTML to what it promises whatever went in.
func checkHTML(t *testing.T, out string) {
	t.Helper()
	if !isPlain(out) && (clean(out) != out || !norm.NFC.IsNormalString(out)) {
		t.Errorf("not clean: %q", out)
	}
	want := tokens(out)
	if d := cmp.Diff(want, tokens(second.Sanitize(out))); d != "" {
		t.Errorf("a second sanitiser changes it (-ours +theirs):\n%s", d)
	}
	// Nothing moves: a browser finds each element where it was written.
	if d := cmp.Diff(tokens(noBody.Replace(out)), tokens(noBody.Replace(parsed(t, out)))); d != "" {
		t.Errorf("a parser changes it (-written +parsed) %q:\n%s", out, d)
	}
	for _, tok := range want {
		if name, ok := strings.CutPrefix(tok, "<"); ok && strings.HasSuffix(tok, ">") && slices.Contains(forbidden, strings.Trim(strings.Fields(name)[0], ">")) {
			t.Errorf("has %s", tok)
		}
	}
	again, err := readHTML(out, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again.html != out {
		t.Errorf("not the same when read again:\n%q\n%q", out, again.html)
	}
}

var forbidden = []string{
	"script", "style", "iframe", "object", "embed", "svg", "math", "template", "noscript", "textarea", "form", "input", "base",
	"meta", "link", "title", "xmp", "plaintext", "select", "frameset", "body", "html", "head",
}

func FuzzReadHTML(f *testing.F) {
	for _, s := range []string{
		"<p>one<b>two</p>three", "<table><a href=/x><tr><td>1</table>", "<ul><li>1<li><a href=x>2<ol><li><a href=y>", "<svg><style><img src=x onerror=y>",
		`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
		`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, "<pre>\n\nx</pre>", "<ruby>a<rp>(<rt>b", "<picture><source srcset='a, b 2x'><img src=c>",
		"<video><source src=a><p>b", "<select><option><style></option></select><img src=x>", "e<b></b>\u0301", "<p>\u0338x", "<h1>a<h2>b<p>c<h3>",
		"<table><caption>a<table><tr>b", "<p style=display:none>a<p>b", "<a href=java\tscript:x>", "<http://example.org/>", "<details><summary>a<p>b", "<dl><dd><dt><p><dd>",
		"</br></p>", "<td hidden>x<tr><table><td><div hidden><tr>", "<b><p><b><p><b><p></b>", "<span lang=x><p><span>", "<textarea></p><b>", "a\x00<\x00b>\xff",
		"<a href='https://\u00e9.example/\u00e9?[]'>x", "<img src='//a/../b' srcset=',,' alt=\"&quot;&#0;\">",
	} {
		f.Add(s)
	}
	base := baseURL("https://example.org/a/b")
	f.Fuzz(func(t *testing.T, in string) {
		if len(in) > 1<<14 {
			return
		}
		got, err := readHTML(in, base)
		if err != nil {
			t.Fatal(err)
		}
		checkHTML(t, got.html)
		if clean(got.text) != got.text || strings.ContainsAny(got.text, "\n\t") {
			t.Errorf("summary is not clean: %q", got.text)
		}
	})
}

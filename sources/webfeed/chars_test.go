package webfeed

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/mmcdole/gofeed/atom"
	"github.com/mmcdole/gofeed/rss"
)

// inners are the insides of elements that hold no others, and their texts.
var inners = map[string]string{
	"plain":                               "plain",
	"  \n blanks \t ":                     "blanks",
	"":                                    "",
	"a &lt;b&gt; &amp;amp; &quot;c&quot;": `a <b> &amp; "c"`,
	"<![CDATA[<p>a &amp; b</p>]]>":        "<p>a &amp; b</p>",
	"<![CDATA[ in ]]>":                    " in ",
	"x &lt; <![CDATA[&lt;]]> &gt;<![CDATA[]]>":     "x < &lt; >",
	"caf&eacute; &nbsp;&#8212;&#x41;":              "café \u00a0—A",
	"?a=1&copy=2&amp;b=3; &notit; & &;":            "?a=1©=2&b=3; &notit; & &;",
	"&no where; &CounterClockwiseContourIntegral;": "&no where; ∳",
	"&#55296;&#1;&#0;":                             "\ufffd\x01\ufffd",
	"&apos;&apos":                                  "'&apos",
	"]] > ]]":                                      "]] > ]]",
}

func TestCharacters(t *testing.T) {
	for inner, want := range inners {
		if got := characters([]byte(inner)); got != want {
			t.Errorf("%q: %q, want %q", inner, got, want)
		}
		if !charactersOnly([]byte(inner)) {
			t.Errorf("%q holds more than characters", inner)
		}
	}
	for _, inner := range []string{"<b/>", "a<!-- -->", "<![CDATA[x]]><?x?>", "<![CDATA[x", "<"} {
		if charactersOnly([]byte(inner)) {
			t.Errorf("%q is characters alone", inner)
		}
	}
}

// agree compares the text of an element as gofeed reads it with ours.
func agree(t *testing.T, inner string) {
	t.Helper()
	if !charactersOnly([]byte(inner)) || strings.Contains(inner, "]]>") && !strings.Contains(inner, cdataStart) {
		return
	}
	doc := `<rss version="2.0"><channel><item><description>` + inner + `</description></item></channel></rss>`
	f, err := (&rss.Parser{}).Parse(strings.NewReader(doc))
	if err != nil {
		return // what it cannot read, it does not get to see
	}
	if got := characters([]byte(inner)); got != f.Items[0].Description {
		t.Errorf("RSS %q:\n got %q\nwant %q", inner, got, f.Items[0].Description)
	}
	for _, attrs := range []string{"", ` type="html"`, ` type="text"`, ` type="text/html"`, ` type="TEXT"`, ` mode="escaped"`, ` type="xhtml"`} {
		doc := `<feed xmlns="http://www.w3.org/2005/Atom"><entry><content` + attrs + `>` + inner + `</content></entry></feed>`
		f, err := (&atom.Parser{}).Parse(strings.NewReader(doc))
		if err != nil {
			continue
		}
		var e struct {
			Attrs []xml.Attr `xml:",any,attr"`
		}
		if err := xml.Unmarshal([]byte("<e"+attrs+"/>"), &e); err != nil {
			t.Fatal(err)
		}
		if l := newLeaf("", "content", []byte("content"+attrs)); l.decodes([]byte(inner)) {
			if got := characters([]byte(inner)); got != f.Entries[0].Content.Value {
				t.Errorf("Atom%s %q:\n got %q\nwant %q", attrs, inner, got, f.Entries[0].Content.Value)
			}
		}
	}
}

// FuzzCharacters: a text that is spared the parser is what the parser would have made of it.
func FuzzCharacters(f *testing.F) {
	for inner := range inners {
		f.Add(inner)
	}
	f.Fuzz(func(t *testing.T, inner string) { agree(t, string(clean([]byte(inner)))) })
}

// TestLongTexts: a document says the same whether its texts are long enough to be spared the parser or not.
func TestLongTexts(t *testing.T) {
	long := strings.Repeat("long ", minSpared/5+1) + "end"
	for name, doc := range map[string]string{
		"RSS":               `<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>T</title><item><guid>1</guid><description>&lt;p&gt;LONGd</description><content:encoded><![CDATA[<p>LONGe</p>]]></content:encoded></item></channel></rss>`,
		"another prefix":    `<rss version="2.0" xmlns:c="http://purl.org/rss/1.0/modules/content/"><channel><title>T</title><item><guid>1</guid><c:encoded><![CDATA[<p>LONGe</p>]]></c:encoded></item></channel></rss>`,
		"undeclared prefix": `<rss version="2.0"><channel><title>T</title><item><guid>1</guid><content:encoded><![CDATA[<p>LONGe</p>]]></content:encoded></item></channel></rss>`,
		"not content":       `<rss version="2.0" xmlns:x="urn:x"><channel><title>T</title><item><guid>1</guid><x:encoded><![CDATA[<p>LONGe</p>]]></x:encoded><description>d</description></item></channel></rss>`,
		"RSS 1.0":           `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel/><item rdf:about="https://h.example/1"><description>LONG &amp;amp; d</description></item></rdf:RDF>`,
		"two descriptions":  `<rss version="2.0"><channel><item><guid>1</guid><description>LONG a</description><description>b</description></item></channel></rss>`,
		"elements":          `<rss version="2.0"><channel><item><guid>1</guid><description>LONG<b>bold</b></description></item></channel></rss>`,
		"foreign":           `<rss version="2.0"><channel><item><guid>1</guid><description xmlns="urn:x">LONG</description></item></channel></rss>`,
		"Atom":              `<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>urn:1</id><title>t</title><summary>LONG s</summary><content type="html">&lt;p&gt;LONG c</content></entry></feed>`,
		"XHTML":             `<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>urn:1</id><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>LONG</p></div></content></entry></feed>`,
		"Atom 0.3":          `<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><id>urn:1</id><content mode="escaped" type="text/html">&lt;p&gt;LONG</content><summary type="application/xhtml+xml" mode="escaped">&lt;i&gt;LONG s</summary></entry></feed>`,
		"two contents":      `<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>urn:1</id><content type="text">LONG</content><content type="html">&lt;b&gt;LONG h</content></entry></feed>`,
		"base64":            `<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><id>urn:1</id><content type="text/html" mode="base64">PGI+aGkgTE9ORzwvYj4gPGI+aGkgTE9ORzwvYj4gPGI+aGkgTE9ORzwvYj4gPGI+aGkgTE9ORzwvYj4gPGI+aGkgTE9ORzwvYj4gPGI+aGkgTE9ORzwvYj4gPGI+aGkgTE9ORzwvYj4gPGI+aGkgTE9ORzwvYj4gPGI+aGkgTE9ORzwvYj4gPGI+aGkgTE9ORzwvYj4gPGI+aGkgTE9ORzwvYj4gPGI+aGkgTE9ORzwvYj4gPGI+aGkgTE9ORzwvYj4g</content></entry></feed>`,
		"with xml:base":     `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://h.example/a/"><entry><id>urn:1</id><content type="html" xml:base="b/">&lt;a href="c"&gt;LONG&lt;/a&gt;</content></entry></feed>`,
		"malformed":         `<rss version="2.0"><channel><item><guid>1</guid><description>LONG</description><b></item></channel></rss>`,
		"brackets":          `<rss version="2.0"><channel><item><guid>1</guid><description>LONG ]]></description><title>a ]]></title></item></channel></rss>`,
		"unknown namespace": `<feed xmlns="urn:x"><entry><id>urn:1</id><content type="html">LONG</content></entry></feed>`,
	} {
		t.Run(name, func(t *testing.T) {
			read := func(text string) string {
				doc, err := ParseDocument(t.Context(), []byte(strings.ReplaceAll(doc, "LONG", text)), Hint{URL: "https://h.example/"})
				if err != nil {
					return fmt.Sprint(err)
				}
				for i := range doc.Changes {
					doc.Changes[i].Raw = 0
				}
				return string(shortJSON(t, []any{doc.Changes, doc.Rejected}))
			}
			short := read("SHORT")
			if lost := strings.Contains("not content, foreign, base64, unknown namespace", name); strings.Contains(short, "SHORT") == lost {
				t.Fatalf("lost: %v: %s", !lost, short)
			}
			if got, want := read(long), strings.ReplaceAll(short, "SHORT", long); got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
}

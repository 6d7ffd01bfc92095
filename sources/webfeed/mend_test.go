package webfeed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMalformed holds what is left of documents that are not well-formed: keys of the entries with title and content.
func TestMalformed(t *testing.T) {
	const good = `<item><guid>z</guid><title>Z</title><description>z</description></item>`
	rss := func(inner string) string { return `<rss version="2.0"><channel><title>T</title>` + inner }
	for name, c := range map[string]struct{ in, want string }{
		"well-formed":                   {rss(good + `</channel></rss>`), "z|Z|<p>z</p>"},
		"title not closed":              {rss(`<item><guid>1</guid><title>A<description>a</description></item>` + good + `</channel></rss>`), "1|A|<p>a</p> z|Z|<p>z</p>"},
		"description not closed":        {rss(`<item><guid>1</guid><description>a<title>A</title></item>` + good + `</channel></rss>`), "1||<p>a&lt;title&gt;A&lt;/title&gt;</p> z|Z|<p>z</p>"},
		"description not closed, 2":     {rss(`<item><title>A</title><description>a<guid>1</guid></item>` + good + `</channel></rss>`), "1|A|<p>a</p> z|Z|<p>z</p>"},
		"item not closed":               {rss(`<item><guid>1</guid><title>A</title>` + good + `</channel></rss>`), "1|A| z|Z|<p>z</p>"},
		"last item not closed":          {rss(good + `<item><guid>1</guid><title>A</title></channel></rss>`), "z|Z|<p>z</p> 1|A|"},
		"unclosed HTML":                 {rss(`<item><guid>1</guid><description>a<p>b<br>c<img src="x">d</description></item>` + good + `</channel></rss>`), `1||a<p>b<br/>c<img src="x"/>d</p> z|Z|<p>z</p>`},
		"a stray end tag":               {rss(`<item><guid>1</guid><description>a</b>c</description></item>` + good + `</channel></rss>`), "1||<p>ac</p> z|Z|<p>z</p>"},
		"overlapping tags":              {rss(`<item><guid>1</guid><description><b><i>a</b></i></description></item>` + good + `</channel></rss>`), "1||<b><i>a</i></b> z|Z|<p>z</p>"},
		"cut CDATA":                     {rss(`<item><guid>1</guid><description><![CDATA[a <b></description></item><item><guid>z</guid><title>Z</title><description><![CDATA[z]]></description></item></channel></rss>`), "1||a <b> z|Z|<p>z</p>"},
		"cut CDATA at the end":          {rss(good + `<item><guid>1</guid><description><![CDATA[a</description></item></channel></rss>`), "z|Z|<p>z</p> 1||<p>a</p>"},
		"a bad character":               {rss("<item><guid>1</guid><title>A\x08\x0cB\x1f</title></item>" + good + `</channel></rss>`), "1|A B| z|Z|<p>z</p>"},
		"a less-than sign":              {rss(`<item><guid>1</guid><title>5 < 6 <= 7 <3</title></item>` + good + `</channel></rss>`), "1|5 &lt; 6 &lt;= 7 &lt;3| z|Z|<p>z</p>"},
		"a less-than sign before a tag": {rss(`<item><guid>1</guid><title>a <b</title></item>` + good + `</channel></rss>`), "1|a &lt;b| z|Z|<p>z</p>"},
		"a bare ampersand":              {rss(`<item><guid>1</guid><title>A & B &c; &unknown; &eacute;&nbsp;x</title><link>https://h.example/?a=1&b=2</link></item></channel></rss>`), "1|A &amp; B &amp;c; &amp;unknown; é x|"},
		"an ampersand in an attribute":  {rss(`<item><guid>1</guid><title>A</title><enclosure url="https://h.example/?a=1&b=2&eacute;" type="a<b"/></item>` + good + `</channel></rss>`), "1|A| z|Z|<p>z</p>"},
		"a value that is not closed":    {rss(`<item><guid>1</guid><title>A</title><enclosure url="https://h.example/x/></item>` + good + `</channel></rss>`), "1|A| z|Z|<p>z</p>"},
		"values without quotes":         {rss(`<item><guid isPermaLink=false>1</guid><title>A</title><enclosure url=https://h.example/x type=audio/ogg /></item>` + good + `</channel></rss>`), "1|A| z|Z|<p>z</p>"},
		"a comment with dashes":         {rss(`<!-- a -- b --><item><guid>1</guid><title>A</title></item>` + good + `</channel></rss>`), "1|A| z|Z|<p>z</p>"},
		"a comment that is not closed":  {rss(`<!-- a <item><guid>1</guid></item>` + good + `</channel></rss>`), "z|Z|<p>z</p>"},
		"XML 1.1":                       {`<?xml version="1.1"?>` + rss(good+`</channel></rss>`), "z|Z|<p>z</p>"},
		"two declarations":              {`<?xml version="1.0"?><?xml version="1.0" encoding="GBK"?>` + rss(`<item><guid>1</guid><title>é</title></item></channel></rss>`), "1|é|"},
		"a declaration inside":          {rss(`<item><guid>1</guid><title>é</title></item><?xml version="1.0" encoding="GBK"?><item><guid>2</guid><title>é</title></item></channel></rss>`), "1|é| 2|é|"},
		"a program in it":               {rss(`<?php echo "<item>"; ?>` + good + `</channel></rss>`), "z|Z|<p>z</p>"},
		"several roots":                 {rss(`<item><guid>1</guid></item></channel></rss>`) + "\n" + rss(good+`</channel></rss>`), "1|| z|Z|<p>z</p>"},
		"several channels":              {rss(`<item><guid>1</guid></item></channel><channel><title>U</title><image><title>x</title></image>` + good + `</channel></rss>`), "1|| z|Z|<p>z</p>"},
		"text behind the root":          {rss(good+`</channel></rss>`) + "cached in 3 ms", "z|Z|<p>z</p>"},
		"no root":                       {`<channel><title>T</title>` + good + `</channel>`, "z|Z|<p>z</p>"},
		"nothing but items":             {`<item><guid>1</guid></item>` + good, "1|| z|Z|<p>z</p>"},
		"an entry alone":                {`<entry xmlns="http://www.w3.org/2005/Atom"><id>urn:x:1</id><title>A</title></entry>`, "urn:x:1|A|"},
		"several Atom roots":            {`<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>urn:x:1</id></entry></feed><feed xmlns="http://www.w3.org/2005/Atom"><title>U</title><entry><id>urn:x:2</id></entry></feed>`, "urn:x:1|| urn:x:2||"},
		"the wrong end of the root":     {rss(good + `</channel></rdf>`), "z|Z|<p>z</p>"},
		"capitals":                      {`<RSS VERSION="2.0"><Channel><Title>T</Title><Item><Guid>1</Guid><Title>A</Title></Item></CHANNEL></rss>`, "1|A|"},
		"junk before":                   {"\n\nNotice: x in y.php\n" + rss(good+`</channel></rss>`), "z|Z|<p>z</p>"},
		"cut in a tag":                  {rss(good + `<item><ti`), "z|Z|<p>z</p>"},
		"cut in an entity":              {rss(good + `<item><guid>2</guid><title>a &am`), "z|Z|<p>z</p>"},
		"DOCTYPE that is not closed":    {`<!DOCTYPE rss [<!ENTITY x "y"` + `>` + rss(good+`</channel></rss>`), "z|Z|<p>z</p>"},
		"names with two colons":         {rss(`<a:b:c>x</a:b:c>` + good + `</channel></rss>`), "z|Z|<p>z</p>"},
		"Atom entry in content":         {`<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>urn:x:1</id><title>A</title><content type="application/atom+xml"><entry><id>urn:y</id></entry></content></entry></feed>`, "urn:x:1|A|<entry><id>urn:y</id></entry>"},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := ParseDocument(t.Context(), []byte(c.in), Hint{URL: "https://h.example/feed"})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range doc.Changes {
				got = append(got, c.Key+"|"+c.Item.Title+"|"+c.Item.Content)
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("\n got %s\nwant %s", s, c.want)
			}
			if len(doc.Rejected) > 1 {
				t.Errorf("reported more than once: %v", doc.Rejected)
			}
			if name == "well-formed" != (len(doc.Rejected) == 0) {
				switch name {
				case "text behind the root", "a bare ampersand", "a bad character", "junk before", "XML 1.1", "capitals", "a program in it", "two declarations", "Atom entry in content":
					// the parser copes with these, or nothing was lost
				default:
					t.Errorf("reports %v", doc.Rejected)
				}
			}
		})
	}
}

// cutDocuments are good feeds in each format, with everything a cut can fall into. Entries do not depend on each other.
var cutDocuments = map[string]string{
	"RSS 2.0": `<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment --><!DOCTYPE rss [<!ELEMENT x ANY>]>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>渡轮</title><link>https://h.example/</link><description>d</description>
<item><guid isPermaLink="false">1</guid><title>一 &amp; 二</title><link>https://h.example/1</link><description><![CDATA[<p>短 ]] > </p>]]></description><content:encoded><![CDATA[<p>长 <a href="x">y</a></p>]]></content:encoded></item>
<item><title>Second</title><guid>https://h.example/2</guid><pubDate>Mon, 23 Nov 2026 08:30:00 +0800</pubDate><enclosure url="https://h.example/2.ogg?a=1&amp;b=2" type="audio/ogg" length="7"/><media:group><media:content url='https://h.example/2.jpg' type="image/jpeg"/></media:group><!-- <item> --></item>
<item><guid>3</guid><description>&lt;b&gt;third&lt;/b&gt; é &eacute;</description><category>港口</category></item>
</channel></rss>`,
	"RSS 1.0": `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel rdf:about="https://h.example/"><title>é</title><items><rdf:Seq><rdf:li rdf:resource="urn:x:1"/></rdf:Seq></items></channel>
<item rdf:about="urn:x:1"><title>Un</title><link>https://h.example/un</link></item>
<item rdf:about="urn:x:2"><title>Deux</title><description>d &amp; é</description></item></rdf:RDF>`,
	"Atom 1.0": `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><id>urn:x</id><updated>2026-11-23T08:30:00Z</updated>
<entry><id>urn:x:1</id><title type="html">&lt;b&gt;Één&lt;/b&gt;</title><link href="/1"/><updated>2026-11-22T08:30:00Z</updated><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>a<br/>b</p></div></content></entry>
<entry><id>urn:x:2</id><title>Two</title><updated>2026-11-21T08:30:00Z</updated><author><name>Ana</name></author><content type="html"><![CDATA[<p>two</p>]]></content></entry></feed>`,
}

// TestCutAnywhere cuts good feeds at every byte: every entry that was whole is read, and says the same.
func TestCutAnywhere(t *testing.T) {
	for format, text := range cutDocuments {
		whole, err := ParseDocument(t.Context(), []byte(text), Hint{URL: "https://h.example/feed"})
		if err != nil || len(whole.Rejected) > 0 {
			t.Fatalf("%s: %v %v", format, err, whole)
		}
		mark := "</item>"
		if format == "Atom 1.0" {
			mark = "</entry>"
		}
		last := strings.LastIndex(text, ">")
		for n := 1; n < last; n++ {
			cut := text[:n]
			want := strings.Count(cut, mark)
			doc, err := ParseDocument(t.Context(), []byte(cut), Hint{URL: "https://h.example/feed"})
			if want == 0 {
				if err == nil && len(doc.Changes) > 0 {
					t.Fatalf("%s, cut at %d: %d entries of none", format, n, len(doc.Changes))
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s, cut at %d (…%q): %v", format, n, cut[max(0, n-30):], err)
			}
			if len(doc.Changes) != want || !doc.Cut || len(doc.Rejected) != 1 {
				t.Fatalf("%s, cut at %d (…%q): %d entries of %d, cut %v, %v", format, n, cut[max(0, n-30):], len(doc.Changes), want, doc.Cut, doc.Rejected)
			}
			for i, c := range doc.Changes {
				if w := whole.Changes[i]; c.Key != w.Key || c.Raw != w.Raw || stamp(&c, "") != stamp(&w, "") {
					t.Fatalf("%s, cut at %d: entry %d is other:\n%s\n%s", format, n, i, shortJSON(t, c), shortJSON(t, w))
				}
			}
		}
	}
}

// wellFormed says why a document is not well-formed, as the strict decoder sees it.
func wellFormed(text []byte) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict = false // entities and prefixes nobody declared are left to the parser
	depth := 0
	for {
		tok, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			if depth != 0 {
				return fmt.Errorf("%d elements are open", depth)
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch tok.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			if depth--; depth < 0 {
				return errors.New("an end tag too many")
			}
		}
	}
}

func FuzzMend(f *testing.F) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
			f.Add(b[:len(b)/2])
		}
	}
	for _, text := range cutDocuments {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		text, _, err := decode(body, "text/xml; charset=utf-8")
		if err != nil || text[0] != '<' {
			return
		}
		mended, _ := mend(text)
		if err := wellFormed(mended); err != nil {
			t.Fatalf("%v: %q became %q", err, text, mended)
		}
		again, cut := mend(mended)
		if cut || !bytes.Equal(again, mended) {
			t.Errorf("mended again: %q became %q, then %q", text, mended, again)
		}
	})
}

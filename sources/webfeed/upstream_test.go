package webfeed

import (
	"fmt"
	"strings"
	"testing"

	"feedmill/feeds"
)

// said writes what was read of a feed on lines, such as "link: https://…", without what is empty.
func said(doc *Document) string {
	var b strings.Builder
	line := func(name string, values ...string) {
		for _, v := range values {
			if v != "" {
				fmt.Fprintf(&b, "%s: %s\n", name, v)
			}
		}
	}
	line("feed", doc.About.Title)
	line("feed language", doc.About.Language)
	for _, c := range doc.Changes {
		it := c.Item
		line("key", c.Key)
		line("link", it.URL)
		line("title", it.Title)
		line("summary", it.Summary)
		line("content", it.Content)
		line("category", it.Categories...)
		line("tag", it.Tags...)
		for _, p := range it.Authors {
			line("author", p.String())
		}
		line("published", date(it.Published))
		line("updated", date(it.Updated))
		for _, e := range it.Enclosures {
			line("file", e.URL+" "+e.Type)
		}
		line("language", it.Language)
	}
	return b.String()
}

// TestUpstreamRows holds what plain gofeed loses of feeds, a row each: want are lines that have to be there, never is what
// must not be.
func TestUpstreamRows(t *testing.T) {
	rss := func(item string) string {
		return `<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:media="http://search.yahoo.com/mrss/"
			xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:xhtml="http://www.w3.org/1999/xhtml" xmlns:x="urn:x">
			<channel><title>T</title><link>https://f.example/</link><item><guid isPermaLink="false">k</guid>` + item + `</item></channel></rss>`
	}
	atom := func(entry string) string {
		return `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/"><title>T</title><id>urn:f</id><entry><id>urn:k</id>` + entry + `</entry></feed>`
	}
	zh := sentences["zh-Hans"]
	for _, c := range []struct {
		row, doc    string
		want, never []string
		fails       string
	}{
		// The whole feed is lost or garbled.
		{row: "UTF-16 with a mark", doc: "\xff\xfe" + string(encode(t, "utf-16le", rss("<title>"+zh+"</title>"))), want: []string{"title: " + zh}},
		{row: "UTF-32 without one", doc: string(encode(t, "utf-32be", rss("<title>"+zh+"</title>"))), want: []string{"title: " + zh}},
		{row: "charset not declared", doc: string(encode(t, "gbk", rss("<title>"+zh+"</title>"))), want: []string{"title: " + zh}},
		{row: "wrong charset declared", doc: `<?xml version="1.0" encoding="us-ascii"?>` + rss("<title>"+zh+"</title>"), want: []string{"title: " + zh}},
		{row: "mojibake where the declaration is wrong", doc: `<?xml version="1.0" encoding="ISO-8859-1"?>` + string(encode(t, "gbk", rss("<title>"+zh+"</title>"))), want: []string{"title: " + zh}},
		{row: "unknown encoding name", doc: `<?xml version="1.0" encoding="x-nobody-knows"?>` + rss("<title>é</title>"), want: []string{"title: é"}},
		{row: "junk before the root", doc: "PHP Notice: x in y.php\n\n" + `<?xml version="1.0"?>` + rss("<title>t</title>"), want: []string{"title: t"}},
		{row: "XML 1.1", doc: `<?xml version="1.1"?>` + rss("<title>t</title>"), want: []string{"title: t"}},
		{row: "RSS 1.1", doc: `<Channel xmlns="http://purl.org/net/rss1.1#"><title>T</title></Channel>`, fails: "RSS 1.1"},
		{row: "CDF", doc: `<CHANNEL HREF="https://f.example/"><TITLE>T</TITLE></CHANNEL>`, fails: "CDF"},
		{row: "a tag not closed", doc: rss("<title>t</title><description><b>bold</description>"), want: []string{"title: t"}},
		{row: "CDATA cut", doc: `<rss version="2.0"><channel><title>T</title><item><guid>a</guid><title>whole</title></item><item><guid>b</guid><description><![CDATA[half`, want: []string{"title: whole"}, never: []string{"half"}},
		{row: "a bad character", doc: rss("<title>a\x01b&#2;c</title>"), want: []string{"title: abc"}},
		{row: "an entity in an attribute", doc: rss(`<title>t</title><enclosure url="https://f.example/a.mp3?a=1&b=2&nbsp;" type="audio/mpeg" length="1"/>`), want: []string{"title: t", "file: https://f.example/a.mp3?a=1&b=2"}},
		{row: "an entity of HTML", doc: rss(`<title>caf&eacute;&nbsp;&mdash;</title>`), want: []string{"title: café —"}},
		{
			row: "a JSON member of a wrong type", doc: `{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[{"id":7,"title":"seven","tags":"x"},{"id":"8","title":["y"],"content_text":"eight"}]}`,
			want: []string{"key: 7", "title: seven", "tag: x", "content: <p>eight</p>"},
		},

		// Identity and links.
		{
			row: "rdf:about is the id", doc: `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel rdf:about="https://f.example/"/><item rdf:about="urn:about:1"><title>t</title><link>https://f.example/1</link></item></rdf:RDF>`,
			want: []string{"key: urn:about:1", "link: https://f.example/1"},
		},
		{row: "a permalink guid is the link", doc: `<rss version="2.0"><channel><item><guid>https://f.example/p</guid><title>t</title></item></channel></rss>`, want: []string{"key: https://f.example/p", "link: https://f.example/p"}},
		{row: "a guid that is no permalink is none", doc: `<rss version="2.0"><channel><item><guid isPermaLink="false">https://f.example/p</guid><title>t</title></item></channel></rss>`, want: []string{"key: https://f.example/p"}, never: []string{"link:"}},
		{row: "an id that is no URL is never a link", doc: `<rss version="2.0"><channel><link>https://f.example/</link><item><guid>post 7</guid><title>t</title></item></channel></rss>`, want: []string{"key: post 7"}, never: []string{"link:"}},
		{
			row: "the right one of several alternates", doc: atom(`<title>t</title><link rel="alternate" type="application/pdf" href="https://f.example/pdf"/><link rel="alternate" hreflang="de" type="text/html" href="https://f.example/de"/><link rel="alternate" type="text/html" href="https://f.example/page"/>`),
			want: []string{"link: https://f.example/page"},
		},
		{row: "an id is not resolved as an address", doc: `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://f.example/dir/"><entry><id>../Seven%20.html</id><title>t</title></entry></feed>`, want: []string{"key: ../Seven%20.html"}},

		// Text.
		{row: "xhtml:body", doc: rss(`<description>short</description><xhtml:body><p>the <b>whole</b></p></xhtml:body>`), want: []string{"summary: short", "content: <p>the <b>whole</b></p>"}},
		{row: "body", doc: rss(`<body xmlns="http://www.w3.org/1999/xhtml"><p>whole</p></body>`), want: []string{"content: <p>whole</p>"}},
		{row: "fullitem", doc: rss(`<description>short</description><fullitem>&lt;p&gt;whole&lt;/p&gt;</fullitem>`), want: []string{"summary: short", "content: <p>whole</p>"}},
		{row: "text in media:description alone", doc: rss(`<media:group><media:description>only here</media:description></media:group>`), want: []string{"content: <p>only here</p>"}},
		{row: "text in itunes:summary alone", doc: rss(`<itunes:summary>only here</itunes:summary>`), want: []string{"content: <p>only here</p>"}},
		{row: "text in summary alone", doc: rss(`<summary>only here</summary>`), want: []string{"content: <p>only here</p>"}},
		{row: "base64", doc: `<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><id>urn:k</id><content type="text/html" mode="base64">PGI+Ym9sZDwvYj4=</content></entry></feed>`, want: []string{"content: <b>bold</b>"}},
		{row: "a second description", doc: rss(`<description>short</description><description>much longer than the other</description>`), want: []string{"summary: short", "content: <p>much longer than the other</p>"}},

		// Labels.
		{row: "Atom's label for a term of machines", doc: atom(`<title>t</title><category term="8f14e45fceea167a5a36dedd4bea2543" label="Harbour"/><category term="sea-ports" label="Sea ports"/>`), want: []string{"category: Harbour", "category: Sea ports"}},
		{row: "itunes:category and keywords", doc: rss(`<itunes:category text="Society"><itunes:category text="Places"/></itunes:category><itunes:keywords>crane, pier</itunes:keywords>`), want: []string{"category: Society", "category: Places", "tag: crane", "tag: pier"}},
		{row: "media:category", doc: rss(`<media:category label="Ships">x/ships</media:category>`), want: []string{"category: Ships"}},
		{row: "dc:subject in each form", doc: rss(`<dc:subject>tide</dc:subject><dc:subject xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Bag><rdf:li>ebb</rdf:li><rdf:li>flood</rdf:li></rdf:Bag></dc:subject>`), want: []string{"tag: tide", "tag: ebb", "tag: flood"}},
		{row: "duplicates and empty terms", doc: rss(`<category>a</category><category> a </category><category/><category domain="x"> </category>`), want: []string{"category: a"}, never: []string{"category: a\ncategory: a", "category: \n"}},

		// Dates.
		{row: "dcterms", doc: rss(`<dcterms:issued>2026-11-23T08:30:00+08:00</dcterms:issued><dcterms:modified>2026-11-24T08:30:00Z</dcterms:modified>`), want: []string{"published: 2026-11-23T08:30:00+08:00", "updated: 2026-11-24T08:30:00Z"}},
		{row: "an unknown element", doc: rss(`<x:pubDate>2026-11-23</x:pubDate>`), want: []string{"published: 2026-11-23T00:00:00Z"}},
		{row: "slashes", doc: rss(`<pubDate>2020/1/10 14:33:00</pubDate>`), want: []string{"published: 2020-01-10T14:33:00Z"}},
		{row: "am and a zone", doc: rss(`<pubDate>Mon, 21 Jan 2008 8:56 am PST</pubDate>`), want: []string{"published: 2008-01-21T08:56:00-08:00"}},
		{row: "the month first and PM", doc: rss(`<pubDate>Sat, Dec 16 2023 02:02:33 PM</pubDate>`), want: []string{"published: 2023-12-16T14:02:33Z"}},
		{row: "no seconds", doc: rss(`<pubDate>2018-01-06T08:00</pubDate>`), want: []string{"published: 2018-01-06T08:00:00Z"}},
		{row: "an impossible date is none", doc: rss(`<pubDate>Thu, 31 Feb 2026 08:30:00 +0000</pubDate>`), never: []string{"published:"}},
		{row: "CST in a Chinese feed", doc: strings.Replace(rss(`<pubDate>Mon, 23 Nov 2026 08:30:00 CST</pubDate>`), "<link>", "<language>zh-CN</language><link>", 1), want: []string{"published: 2026-11-23T08:30:00+08:00"}},
		{row: "CST elsewhere", doc: rss(`<pubDate>Mon, 23 Nov 2026 08:30:00 CST</pubDate>`), want: []string{"published: 2026-11-23T08:30:00-06:00"}},
		{row: "an update is no publication", doc: atom(`<title>t</title><published>2026-11-20T00:00:00Z</published><updated>2026-11-23T00:00:00Z</updated>`), want: []string{"published: 2026-11-20T00:00:00Z", "updated: 2026-11-23T00:00:00Z"}},

		// People and languages.
		{row: "several dc:creator", doc: rss(`<dc:creator>Ann Lee</dc:creator><dc:creator>Bo Ray</dc:creator>`), want: []string{"author: Ann Lee\nauthor: Bo Ray"}},
		{row: "several people in one dc:creator", doc: rss(`<dc:creator>张三、李四; Bo Ray</dc:creator>`), want: []string{"author: 张三\nauthor: 李四\nauthor: Bo Ray"}},
		{row: "a comma is no end of a name", doc: rss(`<dc:creator>Martin King, Jr.</dc:creator>`), want: []string{"author: Martin King, Jr.\n"}},
		{row: "a reference in a name", doc: rss(`<dc:creator>R&amp;eacute;mi</dc:creator>`), want: []string{"author: Rémi\n"}},
		{row: "markup in an author", doc: rss(`<author>&lt;a href="/x"&gt;Ann Lee&lt;/a&gt;</author>`), want: []string{"author: Ann Lee\n"}},
		{row: "an author without a name", doc: atom(`<title>t</title><author><name/></author><author><name/><email>b@f.example</email></author>`), want: []string{"author: b@f.example\n"}, never: []string{"author: \n"}},
		{row: "the language in xml:lang", doc: `<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="pt-br"><title>T</title><entry><id>urn:k</id><title>t</title></entry></feed>`, want: []string{"feed language: pt-BR"}},
		{row: "the language in dc:language", doc: `<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>T</title><dc:language>zh_CN</dc:language></channel></rss>`, want: []string{"feed language: zh-CN"}},
	} {
		t.Run(c.row, func(t *testing.T) {
			doc, err := ParseDocument(t.Context(), []byte(c.doc), Hint{URL: "https://f.example/feed"})
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("%v, want an error that names %s", err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			text := said(doc)
			for _, w := range c.want {
				if !strings.Contains("\n"+text, "\n"+w) {
					t.Errorf("%q is missing in:\n%s", w, text)
				}
			}
			for _, n := range c.never {
				if strings.Contains(text, n) {
					t.Errorf("%q is in:\n%s", n, text)
				}
			}
		})
	}
}

// TestFormats reads each format and version under its own name.
func TestFormats(t *testing.T) {
	for want, doc := range map[string]string{
		"RSS 0.9":       `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>T</title></channel><item><title>t</title><link>https://f.example/1</link></item></rdf:RDF>`,
		"RSS 0.91":      `<rss version="0.91"><channel><title>T</title><item><title>t</title><link>https://f.example/1</link></item></channel></rss>`,
		"RSS 0.92":      `<rss version="0.92"><channel><title>T</title><item><title>t</title><link>https://f.example/1</link></item></channel></rss>`,
		"RSS 0.93":      `<rss version="0.93"><channel><title>T</title><item><title>t</title><link>https://f.example/1</link></item></channel></rss>`,
		"RSS 0.94":      `<rss version="0.94"><channel><title>T</title><item><title>t</title><link>https://f.example/1</link></item></channel></rss>`,
		"RSS 1.0":       `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel rdf:about="x"><title>T</title></channel><item rdf:about="https://f.example/1"><title>t</title></item></rdf:RDF>`,
		"RSS 2.0":       `<rss version="2.0"><channel><title>T</title><item><title>t</title><link>https://f.example/1</link></item></channel></rss>`,
		"RSS":           `<rss><channel><title>T</title><item><title>t</title><link>https://f.example/1</link></item></channel></rss>`,
		"Atom 0.3":      `<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>T</title><entry><id>urn:k</id><title>t</title><link rel="alternate" href="https://f.example/1"/></entry></feed>`,
		"Atom 1.0":      `<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>urn:k</id><title>t</title><link href="https://f.example/1"/></entry></feed>`,
		"JSON Feed 1":   `{"version":"https://jsonfeed.org/version/1","title":"T","author":{"name":"Ann"},"items":[{"id":"1","title":"t","url":"https://f.example/1"}]}`,
		"JSON Feed 1.1": `{"version":"https://jsonfeed.org/version/1.1","title":"T","authors":[{"name":"Ann"}],"items":[{"id":"1","title":"t","url":"https://f.example/1"}]}`,
	} {
		t.Run(want, func(t *testing.T) {
			doc, err := ParseDocument(t.Context(), []byte(doc), Hint{})
			if err != nil {
				t.Fatal(err)
			}
			if doc.Format != want || doc.About.Title != "T" || len(doc.Changes) != 1 || doc.Changes[0].Item.Title != "t" || doc.Changes[0].Item.URL != "https://f.example/1" {
				t.Errorf("%s: %s", doc.Format, said(doc))
			}
			if strings.HasPrefix(want, "JSON") && (len(doc.Changes[0].Item.Authors) != 1 || doc.Changes[0].Item.Authors[0] != (feeds.Person{Name: "Ann"})) {
				t.Errorf("authors %v", doc.Changes[0].Item.Authors)
			}
		})
	}
}

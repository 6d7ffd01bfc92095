package lint

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// now is later than every date of the good documents.
var now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func good(t testing.TB, kind string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "good."+kind))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// answer is what a good server says of a document.
func answer(kind string) *Answer {
	types := map[string]string{
		"rss": "application/rss+xml; charset=utf-8", "atom": "application/atom+xml", "json": "application/feed+json", "opml": "text/x-opml; charset=utf-8",
	}
	return &Answer{
		URL: "https://harbour.example/feed." + kind, FinalURL: "https://harbour.example/feed." + kind, Repeated: true, Unchanged: true,
		Header: http.Header{
			"Content-Type": {types[kind]}, "Etag": {`"1"`}, "Last-Modified": {"Mon, 02 Mar 2026 09:30:00 GMT"}, "Cache-Control": {"public, max-age=3600"},
			"Link": {`<https://hub.example/>; rel="hub"`, `<https://harbour.example/feed.` + kind + `>; rel=self`},
		},
	}
}

// broken are the rules that a report names, sorted.
func broken(r *Report) []string {
	var out []string
	for _, f := range r.Findings {
		if !slices.Contains(out, f.Rule.ID) {
			out = append(out, f.Rule.ID)
		}
	}
	slices.Sort(out)
	return out
}

// TestGood: a document that uses everything and breaks nothing has no finding, not even an info. JSON Feed alone has that of Slack, which
// does not read it.
func TestGood(t *testing.T) {
	for kind, format := range map[string]Format{"rss": RSS, "atom": Atom, "json": JSONFeed, "opml": OPML} {
		r := Check(Input{Doc: []byte(good(t, kind)), Answer: answer(kind), Now: now})
		if r.Format != format || r.Items != 2 {
			t.Errorf("%s: format %q with %d items, want %q with 2", kind, r.Format, r.Items, format)
		}
		for _, f := range r.Findings {
			if f.Rule.ID != "slack-format" || kind != "json" {
				t.Errorf("%s:%d: %s: %s", kind, f.Line, f.Rule.ID, f.Message)
			}
		}
	}
}

// case_ breaks one rule: new takes the place of the first old of a good document.
type case_ struct {
	rule, kind, old, new string
}

var cases = []case_{
	{"size-large", "rss", "<description>One boat.", "<description>" + strings.Repeat("One boat. ", 30_000)},
	{"size-burden", "rss", "<description>One boat.", "<description>" + strings.Repeat("One boat. ", 110_000)},
	{"size-limit", "rss", "<description>One boat.", "<description>" + strings.Repeat("One boat. ", 1_700_000)},
	{"text-encoding", "rss", "A boat left", "A boat \xff left"},
	{"text-encoding", "json", "A boat came", "A \xff boat came"},
	{"text-encoding", "rss", `encoding="UTF-8"`, `encoding="klingon"`},
	{"text-utf8", "rss", `encoding="UTF-8"`, `encoding="ISO-8859-1"`},
	{"text-bom", "atom", "<?xml", "\ufeff<?xml"},
	{"text-bom", "json", "{", "\ufeff{"},
	{"text-char", "rss", "A boat left", "A boat\u0092 left"},
	{"text-char", "atom", "A boat left", "A boat&#xFFFD; left"},
	{"text-char", "json", "A boat came", `A boat \u0001 came`},
	{"text-char", "json", "A boat came", `A boat \ud800 came`},
	{"text-cr", "atom", "A boat left", "A boat&#xD; left"},
	{"text-cr", "json", "A boat came", `A boat\r came`},
	{"text-cr", "opml", "<body>\n", "<body>\r\n"},
	{"format-known", "atom", `xmlns="http://www.w3.org/2005/Atom"`, `xmlns="http://purl.org/atom/ns#"`},
	{"xml-wellformed", "rss", "A boat left</title>", "A boat left</titel>"},
	{"xml-wellformed", "rss", "A boat left", "A boat&nbsp;left"},
	{"xml-wellformed", "rss", "A boat left", "A boat &#8; left"},
	{"xml-wellformed", "atom", "</feed>", "</feed><feed/>"},
	{"xml-wellformed", "atom", "</feed>", ""},
	{"xml-wellformed", "atom", "</feed>", "</feed>text"},
	{"xml-wellformed", "atom", "<fh:archive/>", strings.Repeat("<x>", 101)},
	{"xml-attribute", "atom", `rel="self"`, `rel="self" rel="self"`},
	{"xml-prefix", "rss", "<ttl>", "<who:am/><ttl>"},
	{"xml-prefix", "rss", "<ttl>", `<ttl who:am="i">`},
	{"xml-declaration", "atom", `<?xml version="1.0" encoding="UTF-8"?>` + "\n", ""},
	{"xml-doctype", "opml", "<opml", "<!DOCTYPE opml>\n<opml"},
	{"xml-stylesheet", "atom", "<feed", `<?xml-stylesheet type="text/xsl" href="/x.xsl"?><feed`},
	{"xml-unused", "rss", "<rss ", `<rss xmlns:thr="http://purl.org/syndication/thread/1.0" `},
	{"html-element", "rss", "<![CDATA[<p", "<![CDATA[<script>x</script><p"},
	{"html-element", "atom", "<img src", "<iframe/><img src"},
	{"html-handler", "atom", "&lt;p&gt;One", `&lt;p onclick="x()"&gt;One`},
	{"html-style", "rss", "color: red", "position: fixed"},
	{"html-script", "json", `<a href=\"https://harbour.example/boat\"`, `<a href=\"javascript:x\"`},
	{"html-relative", "rss", `<img src="https://harbour.example`, `<img src="`},
	{"html-relative", "rss", "boat.png 1x, https://harbour.example/boat2.png 2x", "boat.png 1x, boat2.png 2x"},
	{"html-relative", "json", `<a href=\"https://harbour.example/boat\"`, `<a href=\"#boat\"`},
	{"html-relative", "atom", ` xml:base="https://harbour.example/left/"`, ""},
	{"date-rfc822", "rss", "02 Mar 2026 09:30:00 +0000", "02 Mar 2026 09:30:00 UTC"},
	{"date-rfc822", "rss", "02 Mar 2026 09:30:00 +0000", "02 Mar 2026 24:30:00 +0000"},
	{"date-rfc822", "opml", "Mon, 02 Mar 2026 09:30:00 GMT", "2026-03-02T09:30:00Z"},
	{"date-rfc3339", "atom", "2026-03-02T08:30:00Z", "2026-03-02T08:30:00"},
	{"date-rfc3339", "json", "2026-03-02T10:30:00Z", "2026-02-30T10:30:00Z"},
	{"date-rfc3339", "json", "2026-03-02T10:30:00Z", "2026-03-02t10:30:00z"},
	{"date-weekday", "rss", "Sun, 01 Mar", "Mon, 01 Mar"},
	{"date-year", "rss", "Sun, 01 Mar 2026", "Sun, 01 Mar 26"},
	{"date-year", "json", "2026-03-01T09:30:00+01:00", "0001-01-01T00:00:00Z"},
	{"date-zone", "rss", "2026 09:30 GMT", "2026 09:30 EST"},
	{"date-zone", "rss", "2026 09:30 GMT", "2026 09:30 -0000"},
	{"date-future", "rss", "<lastBuildDate>Mon, 02 Mar 2026", "<lastBuildDate>Wed, 02 Mar 2033"},

	{"rss-version", "rss", `version="2.0"`, `version="0.92"`},
	{"rss-channel", "rss", "</channel>", "</channel><channel/>"},
	{"rss-required", "rss", "<description>News of the harbour</description>", ""},
	{"rss-once", "rss", "<ttl>", "<ttl>60</ttl><ttl>"},
	{"rss-order", "rss", "</channel>", "<docs>https://harbour.example/</docs></channel>"},
	{"rss-self", "rss", "<ttl>", `<atom:link href="https://harbour.example/feed.rss" rel="self" type="application/rss+xml"/><ttl>`},
	{"rss-self-type", "rss", `type="application/rss+xml"`, `type="text/xml"`},
	{"rss-address", "rss", "<link>https://harbour.example/left", "<link>/left"},
	{"rss-address", "rss", "<link>https://harbour.example/left", "<link>https://harbour.example/船"},
	{"rss-address", "rss", `<source url="https://sea.example/feed.rss"`, `<source`},
	{"rss-address", "rss", "<comments>https:", "<comments>ftp:"},
	{"rss-item-text", "rss", "<title>A boat left</title>\n      <link>https://harbour.example/left</link>\n      <description>None now.</description>", ""},
	{"rss-item-blank", "rss", "<title>A boat left", "<title> "},
	{"rss-guid", "rss", `<guid isPermaLink="false">tag:harbour.example,2026:2</guid>`, ""},
	{"rss-guid-unique", "rss", `<guid isPermaLink="false">tag:harbour.example,2026:2</guid>`, "<guid>https://harbour.example/boat</guid>"},
	{"rss-guid-permalink", "rss", `<guid isPermaLink="false">`, `<guid>`},
	{"rss-guid-permalink", "rss", `isPermaLink="false"`, `isPermaLink="no"`},
	{"rss-guid-global", "rss", "tag:harbour.example,2026:2", "42"},
	{"rss-people", "rss", "<author>ann@harbour.example (Ann)", "<author>Ann"},
	{"rss-creator", "rss", "<dc:creator>Bo", "<dc:creator> "},
	{"rss-creator", "rss", "<author>", "<dc:creator>Ann</dc:creator><author>"},
	{"rss-category", "rss", ">boats</category>", "> </category>"},
	{"rss-category-domain", "rss", `domain="https://harbour.example/tag"`, `domain="tags"`},
	{"rss-subject", "rss", "<category", "<dc:subject>boats</dc:subject><category"},
	{"rss-subject", "rss", "<pubDate>Sun", "<dc:date>2026-03-01</dc:date><pubDate>Sun"},
	{"rss-content-order", "rss", "<description>One boat.</description>", ""},
	{"rss-content-once", "rss", "<author>", "<content:encoded>boat</content:encoded><author>"},
	{"rss-content-namespace", "rss", "<author>", "<encoded>boat</encoded><author>"},
	{"rss-plain", "rss", "A boat left", "A boat &amp; left"},
	{"rss-plain-html", "rss", "A boat left", "<![CDATA[A <b>boat</b> left]]>"},
	{"rss-enclosure-one", "rss", "<guid>", `<enclosure url="https://harbour.example/b.mp3" length="0" type="audio/mpeg"/><guid>`},
	{"rss-enclosure", "rss", ` length="1234"`, ""},
	{"rss-enclosure", "rss", `length="1234" type="audio/mpeg"`, `length="1234" type="audio"`},
	{"rss-source", "rss", ">The sea</source>", "></source>"},
	{"rss-ttl", "rss", "<ttl>60", "<ttl>0"},
	{"rss-skip", "rss", "<hour>23", "<hour>24"},
	{"rss-skip", "rss", "<day>Sunday", "<day>sunday"},
	{"rss-language", "rss", "<language>en", "<language>en_US"},
	{"rss-item-language", "rss", "<dc:language>en", "<dc:language>en_US"},
	{"rss-image", "rss", "logo.png", "logo.svg"},
	{"rss-image", "rss", "<width>144", "<width>145"},
	{"rss-cloud", "rss", ` port="80"`, ""},
	{"rss-avoid", "rss", "<ttl>", "<rating>x</rating><ttl>"},
	{"rss-slash", "rss", "<lastBuildDate>Mon, 02 Mar 2026 09:30:00 GMT</lastBuildDate>", ""},
	{"rss-namespace", "rss", "<ttl>", `<x:y xmlns:x="https://harbour.example/ns"/><ttl>`},
	{"xml-usual", "rss", "xmlns:atom=", `xmlns:a10="http://www.w3.org/2005/Atom" xmlns:atom=`},

	{"atom-required", "atom", "<title>A boat left</title>", ""},
	{"atom-source-required", "atom", "<title>The sea</title>", ""},
	{"atom-once", "atom", "<published>", "<published>2026-03-02T08:30:00Z</published><published>"},
	{"atom-title-blank", "atom", "A boat left", " "},
	{"atom-id", "atom", "<id>tag:harbour.example,2026:2", "<id>2"},
	{"atom-id-canonical", "atom", "<id>https://harbour.example/boat", "<id>https://Harbour.example/boat"},
	{"atom-id-canonical", "atom", "<id>https://harbour.example/boat", "<id>https://harbour.example:443/boat"},
	{"atom-id-twice", "atom", "<id>tag:harbour.example,2026:2", "<id>https://harbour.example/boat"},
	{"atom-updated", "atom", "<updated>2026-03-02T09:30:00Z", "<updated>2026-03-02T09:29:00Z"},
	{"atom-updated-later", "atom", "<updated>2026-03-02T09:30:00Z", "<updated>2026-03-02T09:31:00Z"},
	{"atom-published", "atom", "2026-03-02T08:30:00Z", "2026-03-02T10:30:00Z"},
	{"atom-author", "atom", "<author><name>The desk</name><email>desk@harbour.example</email><uri>https://harbour.example/desk</uri></author>", ""},
	{"atom-person", "atom", "<name>The desk</name>", ""},
	{"atom-person", "atom", "<email>desk@harbour.example", "<email>desk"},
	{"atom-self", "atom", `rel="self"`, `rel="related"`},
	{"atom-address", "atom", "<icon>https://harbour.example/icon.png", "<icon>icon.png"},
	{"atom-alternate", "atom", `<link href="https://harbour.example/"/>`, `<link href="https://harbour.example/"/><link href="https://harbour.example/b" rel="alternate"/>`},
	{"atom-link-type", "atom", `type="audio/mpeg"`, `type="mp3"`},
	{"atom-link-type", "atom", `length="1234"`, `length="a lot"`},
	{"atom-enclosure", "atom", ` length="1234"`, ""},
	{"atom-content", "atom", "<link href=\"https://harbour.example/left/page\"/>\n    <content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><img src=\"none.png\"/></div></content>", "<summary>None.</summary>"},
	{"atom-text", "atom", `<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><img src="none.png"/></div></content>`, ""},
	{"atom-summary", "atom", `<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><img src="none.png"/></div></content>`, `<content src="https://harbour.example/left" type="text/html"/>`},
	{"atom-category", "atom", `term="boats" `, ""},
	{"atom-category", "atom", `label="Boats"/>`, `label="Boats">boats</category>`},
	{"atom-category-scheme", "atom", `scheme="https://harbour.example/tag"`, `scheme="tag"`},
	{"atom-construct", "atom", "<summary>One boat.", "<summary>One <b>boat</b>."},
	{"atom-construct", "atom", "<summary>", `<summary type="text/plain">`},
	{"atom-construct", "atom", `<div xmlns="http://www.w3.org/1999/xhtml"><img src="none.png"/></div>`, `<p xmlns="http://www.w3.org/1999/xhtml">None.</p>`},
	{"atom-language", "atom", `xml:lang="en"`, `xml:lang="en_US"`},
	{"atom-language", "atom", `hreflang="en"`, `hreflang="en_US"`},
	{"atom-language-said", "atom", ` xml:lang="en"`, ""},
	{"atom-base", "atom", "left/page", "left/"},
	{"atom-generator", "atom", ">maker<", "><"},
	{"atom-source", "atom", `<link href="https://sea.example/feed.atom" rel="self"/>`, ""},

	{"json-syntax", "json", `"title": "Harbour",`, `"title": "Harbour"`},
	{"json-syntax", "json", "  ]\n}", "  ]\n"},
	{"json-syntax", "json", "  ]\n}", "  ]\n}{}"},
	{"json-syntax", "json", `"boats": 3`, `"boats": ` + strings.Repeat("[", 101)},
	{"json-duplicate", "json", `"language": "en",`, `"language": "en", "language": "en",`},
	{"json-version", "json", "version/1.1", "version/2"},
	{"json-version-old", "json", "version/1.1", "version/1"},
	{"json-version-first", "json", `"version"`, `"description": "News", "version"`},
	{"json-title", "json", `"title": "Harbour",`, ""},
	{"json-items", "json", `"items": [`, `"_items": {"x": [`},
	{"json-home", "json", `"home_page_url": "https://harbour.example/",`, ""},
	{"json-type", "json", `"id": "2"`, `"id": 2`},
	{"json-type", "json", `"tags": ["boats"]`, `"tags": "boats"`},
	{"json-unknown", "json", "size_in_bytes", "size"},
	{"json-extension", "json", `"boats": 3`, `"_boats": 3`},
	{"json-extension", "json", `"_harbour": {`, `"_1": {`},
	{"json-address", "json", `"icon": "https:`, `"icon": "ftp:`},
	{"json-id", "json", `"id": "2",`, ""},
	{"json-id-unique", "json", `"id": "2"`, `"id": "https://harbour.example/boat"`},
	{"json-url", "json", `"url": "https://harbour.example/left",`, ""},
	{"json-content", "json", `"content_text": "None now.",`, ""},
	{"json-content-empty", "json", `"content_text": "None now.",`, `"content_text": "",`},
	{"json-date-order", "json", "2026-03-02T10:30:00Z", "2026-03-02T08:30:00Z"},
	{"json-author", "json", `"authors": [`, `"authors": [{}, `},
	{"json-author-old", "json", `"id": "2",`, `"id": "2", "author": {"name": "Bo"},`},
	{"json-tags", "json", `["boats"]`, `["boats", 3]`},
	{"json-tag-blank", "json", `["boats"]`, `["boats", " "]`},
	{"json-language", "json", `"language": "en"`, `"language": "en_US"`},
	{"json-attachment", "json", `"mime_type": "audio/mpeg", `, ""},
	{"json-attachment", "json", "1234", "-1"},
	{"json-next", "json", "feed.json?page=2", "feed.json"},
	{"json-hub", "json", `"type": "WebSub", `, ""},
	{"json-icon", "json", `"favicon": "https://harbour.example/favicon.png",`, ""},

	{"opml-version", "opml", `version="2.0"`, ""},
	{"opml-version-old", "opml", `version="2.0"`, `version="1.0"`},
	{"opml-structure", "opml", "</body>", "</body><body><outline text=\"x\"/></body>"},
	{"opml-empty", "opml", "<body>", "<body/><!--"},
	{"opml-head-title", "opml", "<title>Feeds of the harbour</title>", ""},
	{"opml-text", "opml", `text="Sea"`, `text=" "`},
	{"opml-title", "opml", ` title="Harbour"`, ""},
	{"opml-type", "opml", `type="rss"`, `type="link"`},
	{"opml-feed", "opml", `<outline text="Sea"`, `<outline text="Sea" type="rss"`},
	{"opml-address", "opml", `xmlUrl="https:`, `xmlUrl="feed:`},
	{"opml-page", "opml", ` htmlUrl="https://harbour.example/"`, ""},
	{"opml-twice", "opml", "https://sea.example/feed.atom", "https://harbour.example/feed.rss"},

	{"paging-once", "rss", "<ttl>", `<atom:link href="https://harbour.example/3" rel="next"/><ttl>`},
	{"paging-circle", "rss", "feed.rss?page=2", "feed.rss"},
	{"archive-current", "atom", `rel="current"`, `rel="related"`},
	{"complete-alone", "atom", "<fh:archive/>", "<fh:archive/><fh:complete/>"},
	{"media-address", "rss", `<media:thumbnail url="https:`, `<media:thumbnail url="ftp:`},
	{"media-content", "rss", `medium="video" width`, `medium="film" width`},
	{"media-content", "rss", `width="640"`, `width="0"`},
	{"media-content", "rss", `lang="en"><media`, `lang="en_US"><media`},
	{"media-twice", "rss", "boat.webm", "boat.mp4"},
	{"media-group", "rss", `<media:content url="https://harbour.example/boat.webm" type="video/webm" medium="video"/>`, ""},
	{"itunes-once", "rss", "<itunes:episode>", "<itunes:episode>3</itunes:episode><itunes:episode>"},
	{"itunes-word", "rss", "<itunes:episodeType>full", "<itunes:episodeType>Full"},
	{"itunes-number", "rss", "<itunes:episode>3", "<itunes:episode>3.5"},
	{"itunes-author", "rss", "<itunes:author>Ann", "<itunes:author> "},
	{"itunes-explicit", "rss", "<itunes:explicit>false", "<itunes:explicit>perhaps"},
	{"itunes-explicit-old", "rss", "<itunes:explicit>false", "<itunes:explicit>clean"},
	{"itunes-category", "rss", `<itunes:category text="News"/>`, "<itunes:category/>"},
	{"itunes-image", "rss", "cover.png", "cover.gif"},
	{"itunes-image", "rss", `<itunes:image href="https://harbour.example/`, `<itunes:image href="`},
	{"itunes-duration", "rss", "1:02:05", "an hour"},
	{"itunes-owner", "rss", "<itunes:email>desk@harbour.example", "<itunes:email>desk"},
	{"itunes-required", "rss", "<itunes:explicit>false</itunes:explicit>", ""},
	{"podcast-once", "rss", "<podcast:season>", "<podcast:season>2</podcast:season><podcast:season>"},
	{"podcast-number", "rss", "<podcast:season>2", "<podcast:season>two"},
	{"podcast-text", "rss", ` type="text/vtt"`, ""},
	{"podcast-text", "rss", `rel="captions"`, `rel="subtitles"`},
	{"podcast-person", "rss", ">Ann</podcast:person>", "></podcast:person>"},

	{"slack-date", "rss", "<pubDate>Sun, 01 Mar 2026 09:30 GMT</pubDate>", ""},
	{"slack-order", "rss", "Sun, 01 Mar 2026 09:30", "Tue, 03 Mar 2026 09:30"},
	{"slack-unique", "rss", "Sun, 01 Mar 2026 09:30", "Mon, 02 Mar 2026 09:30"},
}

// several are cases of rules that cannot be broken alone.
var several = []struct {
	case_
	also []string
}{
	{case_{"text-empty", "rss", "", ""}, nil},
	{case_{"opml-case", "opml", "htmlUrl", "htmlURL"}, []string{"opml-page"}},
	{case_{"media-namespace", "rss", "<rss ", `<rss xmlns:m="http://search.yahoo.com/mrss" `}, []string{"xml-unused"}},
	{case_{"rss-language-said", "rss", "<language>en</language>", ""}, []string{"itunes-required"}},
	{case_{"json-self", "json", `"feed_url": "https://harbour.example/feed.json",`, ""}, []string{"websub-self"}},
	{case_{"websub-self", "rss", `rel="self"`, `rel="related"`}, []string{"rss-self"}},
	{case_{"atom-updated-unique", "atom", "2026-03-01T09:30:00+01:00", "2026-03-02T09:30:00Z"}, []string{"slack-unique"}},
	{case_{"atom-id-unique", "atom", "<id>tag:harbour.example,2026:2</id>\n    <title>A boat left</title>\n    <updated>2026-03-01T09:30:00+01:00", "<id>https://harbour.example/boat</id>\n    <title>A boat left</title>\n    <updated>2026-03-02T09:30:00Z"}, []string{"slack-unique"}},
}

func damaged(t *testing.T, c case_) []byte {
	t.Helper()
	if c.rule == "text-empty" {
		return []byte(" \n")
	}
	doc := good(t, c.kind)
	bad := strings.Replace(doc, c.old, c.new, 1)
	if bad == doc {
		t.Errorf("%s: good.%s has no %q", c.rule, c.kind, c.old)
	}
	switch c.rule { // what was opened is closed
	case "opml-empty":
		bad = strings.Replace(bad, "</body>", "-->", 1)
	case "json-items":
		bad = strings.Replace(bad, "  ]\n}", "  ]}\n}", 1)
	}
	return []byte(bad)
}

// TestRules damages good documents, one rule at a time: each case has findings of its rule and of no other.
func TestRules(t *testing.T) {
	seen := map[string]bool{"slack-format": true}
	run := func(c case_, also ...string) {
		seen[c.rule] = true
		want := append([]string{c.rule}, also...)
		slices.Sort(want)
		r := Check(Input{Doc: damaged(t, c), Now: now})
		got := slices.DeleteFunc(broken(r), func(id string) bool { return id == "slack-format" })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %s with %.80q for %.80q: found %q, want %q", c.rule, c.kind, c.new, c.old, got, want)
			for _, f := range r.Findings {
				t.Logf("  %d: %s: %s", f.Line, f.Rule.ID, f.Message)
			}
		}
	}
	for _, c := range cases {
		run(c)
	}
	for _, c := range several {
		run(c.case_, c.also...)
	}
	for _, r := range Rules() {
		if !seen[r.ID] && !strings.HasPrefix(r.ID, "http-") {
			t.Errorf("no case breaks the rule %s", r.ID)
		}
	}
}

// TestAnswers changes what a good server says, one rule at a time.
func TestAnswers(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range []struct {
		rule   string
		change func(a *Answer)
	}{
		{"http-type", func(a *Answer) { a.Header.Set("Content-Type", "text/html") }},
		{"http-type", func(a *Answer) { a.Header.Del("Content-Type") }},
		{"http-type-own", func(a *Answer) { a.Header.Set("Content-Type", "text/xml; charset=utf-8") }},
		{"http-validators", func(a *Answer) { a.Header.Del("ETag"); a.Header.Del("Last-Modified") }},
		{"http-etag", func(a *Answer) { a.Header.Set("ETag", "1") }},
		{"http-modified", func(a *Answer) { a.Header.Set("Last-Modified", "yesterday") }},
		{"http-modified", func(a *Answer) { a.Header.Set("Last-Modified", "Wed, 02 Mar 2033 09:30:00 GMT") }},
		{"http-unchanged", func(a *Answer) { a.Unchanged = false }},
		{"http-cache", func(a *Answer) { a.Header.Set("Cache-Control", "max-age=3600, no-store") }},
		{"http-cache", func(a *Answer) { a.Header.Set("Expires", "0") }},
		{"http-cookie", func(a *Answer) { a.Header.Set("Set-Cookie", "a=b") }},
		{"http-self", func(a *Answer) { a.URL, a.FinalURL = "https://harbour.example/x", "https://harbour.example/x" }},
		{"http-ttl", func(a *Answer) { a.Header.Set("Cache-Control", "public, max-age=3599") }},
		{"http-link", func(a *Answer) { a.Header.Set("Link", `<https://hub.example/>; rel="hub"`) }},
		{"http-link", func(a *Answer) {
			a.Header.Set("Link", `<https://harbour.example/>; title="a, b"; rel="self", <https://hub.example/>; rel="hub"`)
		}},
		{"http-redirect", func(a *Answer) { a.URL = "https://harbour.example/x" }},
	} {
		seen[c.rule] = true
		a := answer("rss")
		c.change(a)
		r := Check(Input{Doc: []byte(good(t, "rss")), Answer: a, Now: now})
		if got := broken(r); !slices.Equal(got, []string{c.rule}) {
			t.Errorf("%s: found %q", c.rule, got)
		}
	}
	for _, link := range []string{"", `<https://harbour.example/x>; rel="next"`, `<https://hub.example/>;rel=hub, <https://harbour.example/feed.rss>; rel="self bookmark"`, "<", `>;rel="`} {
		a := answer("rss")
		a.Header.Set("Link", link)
		if got := broken(Check(Input{Doc: []byte(good(t, "rss")), Answer: a, Now: now})); len(got) > 0 {
			t.Errorf("Link %s: found %q", link, got)
		}
	}
	// A wrong charset is that of the document's own text as well.
	a := answer("rss")
	a.Header.Set("Content-Type", "application/rss+xml; charset=iso-8859-1")
	if got := broken(Check(Input{Doc: []byte(good(t, "rss")), Answer: a, Now: now})); !slices.Equal(got, []string{"http-charset", "text-utf8"}) {
		t.Errorf("http-charset: found %q", got)
	}
	seen["http-charset"] = true
	for i := range httpRules {
		if !seen[httpRules[i].ID] {
			t.Errorf("no case breaks the rule %s", httpRules[i].ID)
		}
	}
}

func TestRulesAreDeclared(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.ID] || r.Wants == "" || r.From.Name == "" || r.check == nil || !strings.Contains(r.ID, "-") || !strings.HasSuffix(r.Wants, ".") {
			t.Errorf("rule %+v: twice, or without sentence or source", r)
		}
		seen[r.ID] = true
	}
}

// TestLines: findings name the line where a person finds the fault.
func TestLines(t *testing.T) {
	lineOf := func(doc, what string) int {
		return strings.Count(doc[:strings.Index(doc, what)], "\n") + 1
	}
	for _, c := range []struct{ kind, old, new, at string }{
		{"rss", "tag:harbour.example,2026:2", "42", "<guid isPermaLink"},
		{"rss", `<img src="https://harbour.example`, `<img src="`, "<img"},
		{"atom", "2026-03-02T08:30:00Z", "now", "<published>"},
		{"json", `"id": "2"`, `"id": 2`, `"id": 2`},
		{"json", "1234", "-1", "size_in_bytes"},
		{"json", "<p>One <a href=\\\"https:", "\\n\\n<p>One <a href=\\\"", "content_html"},
		{"atom", "<title>A boat left", "<title>&#10;&#10;A boat\u0092 left", "A boat\u0092"},
		{"json", `"title": "Harbour",`, `"title": "Harbour"`, `"home_page_url"`},
		{"opml", `text="Sea"`, `text=""`, `text=""`},
	} {
		bad := strings.Replace(good(t, c.kind), c.old, c.new, 1)
		r := Check(Input{Doc: []byte(bad)})
		var lines []int
		for _, f := range r.Findings {
			lines = append(lines, f.Line)
		}
		if !slices.Contains(lines, lineOf(bad, c.at)) {
			t.Errorf("%s with %q: lines %v, want %d", c.kind, c.new, lines, lineOf(bad, c.at))
		}
	}
}

// TestSlack: what Slack's reader stumbles over is an error for whoever asks, and an info for others.
func TestSlack(t *testing.T) {
	bad := strings.Replace(good(t, "rss"), "<pubDate>Sun, 01 Mar 2026 09:30 GMT</pubDate>", "", 1)
	for slack, want := range map[bool]Severity{true: Error, false: Info} {
		if worst, ok := Check(Input{Doc: []byte(bad), Slack: slack}).Worst(); worst != want || !ok {
			t.Errorf("slack %v: worst is %v, %v, want %v", slack, worst, ok, want)
		}
	}
}

// TestEncodings: a document is read in the encoding that it has.
func TestEncodings(t *testing.T) {
	gbk := []byte("<?xml version=\"1.0\" encoding=\"GBK\"?><rss version=\"2.0\"><channel><title>\xd6\xd0\xce\xc4</title><link>https://a.example/</link><description>d</description></channel></rss>")
	r := Check(Input{Doc: gbk})
	if got := broken(r); r.Format != RSS || !slices.Equal(got, []string{"rss-language-said", "rss-self", "text-utf8"}) {
		t.Errorf("GBK: %s %q", r.Format, got)
	}
	wide := []byte("\xff\xfe")
	for _, c := range good(t, "opml") {
		wide = append(wide, byte(c), byte(c>>8))
	}
	if r := Check(Input{Doc: wide}); r.Format != OPML || !slices.Equal(broken(r), []string{"text-bom", "text-utf8"}) {
		t.Errorf("UTF-16: %s %q", r.Format, broken(r))
	}
}

// TestHostile: documents made to break a reader are read to their bounds and no further.
func TestHostile(t *testing.T) {
	many := func(n int, s string) string { return strings.Repeat(s, n) }
	for name, doc := range map[string]string{
		"deep XML":         many(500_000, "<a>"),
		"deep JSON":        many(1_000_000, "["),
		"many elements":    "<rss>" + many(1_100_000, "<a/>") + "</rss>",
		"many values":      `{"version":"x","items":[` + many(1_100_000, "0,") + "0]}",
		"entities":         `<!DOCTYPE x [<!ENTITY a "` + many(1000, "a") + `"><!ENTITY b "&a;&a;">]><rss>&b;</rss>`,
		"file":             `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss>&a;</rss>`,
		"many attributes":  "<rss" + many(300_000, ` a=""`) + "/>",
		"endless tag":      "<rss " + many(1_000_000, "a"),
		"endless comment":  "<!--" + many(1_000_000, "-"),
		"endless string":   `{"version":"` + many(1_000_000, "a"),
		"large number":     `{"version":"x","items":[1e999999999]}`,
		"no channel":       `<rss version="2.0"/>`,
		"nothing in atom":  `<feed xmlns="http://www.w3.org/2005/Atom"/>`,
		"nothing in opml":  `<opml/>`,
		"array":            `[{"version":"x"}]`,
		"wrong kinds":      `{"version":{},"items":[1,"x",null,[],{"authors":{},"attachments":[1],"tags":{}}],"hubs":[1],"authors":[null],"author":1}`,
		"escape sequences": `{"version":"x","items":[{"id":"\u001b[2J","content_html":"<p\u001b[2J on\u001b[2J=1 on\nfeed.xml:1:=2>"}]}`,
		"zero bytes":       many(1000, "\x00"),
		"random":           "\xff\xfe\x00<\x00",
		"one brace":        "{",
		"one bracket":      "<",
		"lines":            many(1_000_000, "\n"),
		"items of one id":  `<rss version="2.0"><channel>` + many(50_000, "<item><guid>a</guid></item>") + "</channel></rss>",
		"html of one page": `<rss version="2.0"><channel><item><description>` + many(100_000, "&lt;p onclick=x&gt;") + "</description></item></channel></rss>",
	} {
		r := Check(Input{Doc: []byte(doc), Answer: answer("rss"), Now: now})
		if worst, _ := r.Worst(); worst != Error {
			t.Errorf("%s: no error", name)
		}
		if len(r.Findings) > 2000 {
			t.Errorf("%s: %d findings", name, len(r.Findings))
		}
		for _, f := range r.Findings {
			if len(f.Message) > 1000 || strings.ContainsFunc(f.Message, unicode.IsControl) {
				t.Errorf("%s: a message of %d bytes, or with control characters: %q", name, len(f.Message), f.Message)
			}
		}
	}
	r := Check(Input{Doc: []byte(`<rss version="2.0"><channel>` + many(50, "<item/>") + "</channel></rss>")})
	if r.More["rss-item-text"] != 30 {
		t.Errorf("30 more of the same are %d", r.More["rss-item-text"])
	}
}

// TestRepeats: the same document has the same findings in the same order.
func TestRepeats(t *testing.T) {
	for _, kind := range []string{"rss", "atom", "json", "opml"} {
		doc := bytes.ReplaceAll([]byte(good(t, kind)), []byte("https:"), []byte("x"))
		first := fmt.Sprint(Check(Input{Doc: doc}).Findings)
		for range 5 {
			if again := fmt.Sprint(Check(Input{Doc: doc}).Findings); again != first {
				t.Errorf("%s: other findings for the same document", kind)
			}
		}
	}
}

// FuzzCheck looks for a document that breaks the checker.
func FuzzCheck(f *testing.F) {
	for _, kind := range []string{"rss", "atom", "json", "opml"} {
		doc := good(f, kind)
		f.Add([]byte(doc), "application/xml; charset=utf-8")
		for i, c := range cases {
			if c.kind == kind && i%7 == 0 && len(c.new) < 1000 {
				f.Add([]byte(strings.Replace(doc, c.old, c.new, 1)), "text/html")
			}
		}
	}
	f.Fuzz(func(t *testing.T, doc []byte, contentType string) {
		a := answer("rss")
		a.Header.Set("Content-Type", contentType)
		r := Check(Input{Doc: doc, Answer: a, Now: now, Slack: true})
		lines := bytes.Count(doc, []byte("\n")) + 1
		for _, f := range r.Findings {
			if f.Line < 0 || f.Line > lines && utf8Text(doc, contentType) {
				t.Errorf("%s in line %d of %d", f.Rule.ID, f.Line, lines)
			}
			if len(f.Message) > 2000 {
				t.Errorf("%s: a message of %d bytes", f.Rule.ID, len(f.Message))
			}
		}
	})
}

// utf8Text reports whether lines of a document are where its line feeds are.
func utf8Text(doc []byte, contentType string) bool {
	return !strings.Contains(contentType, "charset") && declared(doc) == "" && !bytes.HasPrefix(doc, []byte("\xff\xfe")) && !bytes.HasPrefix(doc, []byte("\xfe\xff"))
}

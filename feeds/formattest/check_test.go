package formattest_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"feedmill/feeds"
	"feedmill/feeds/atom"
	"feedmill/feeds/formattest"
	"feedmill/feeds/jsonfeed"
	"feedmill/feeds/rss"
)

// document is the full sample in a format.
func document(t *testing.T, format feeds.Format) string { return sample(t, "full", format) }

func sample(t *testing.T, name string, format feeds.Format) string {
	t.Helper()
	var b bytes.Buffer
	if err := format.Encode(&b, sampleFeed(name)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func sampleFeed(name string) *feeds.Feed {
	for _, s := range formattest.Samples() {
		if s.Name == name {
			return s.Feed
		}
	}
	panic("no sample " + name)
}

// TestCheckFindsInMedia damages a document of podcasts and films, one rule at a time.
func TestCheckFindsInMedia(t *testing.T) {
	for _, tt := range []struct {
		rule     string
		format   feeds.Format
		old, new string // new takes the place of the first old
	}{
		{"M1", rss.Format, "<itunes:explicit>true", "<itunes:explicit>yes"},
		{"M1", rss.Format, "<itunes:explicit>true", "<itunes:explicit>true</itunes:explicit><itunes:explicit>true"},
		{"M1", rss.Format, "<itunes:episodeType>bonus", "<itunes:episodeType>Bonus"},
		{"M1", rss.Format, "<itunes:episode>3", "<itunes:episode>3.5"},
		{"M1", rss.Format, "<itunes:season>2", "<itunes:season>0"},
		{"M1", rss.Format, "<itunes:duration>3725", "<itunes:duration>1h"},
		{"M1", atom.Format, `<itunes:image href="https:`, `<itunes:image href="ftp:`},
		{"M1", atom.Format, "<itunes:email>desk@example.org", "<itunes:email>desk"},
		{"M1", rss.Format, "<itunes:author>Ana &#x26; Bo", "<itunes:author> "},
		{"M2", rss.Format, `duration="90"`, `duration="1:30"`},
		{"M2", rss.Format, `medium="video"`, `medium="film"`},
		{"M2", rss.Format, `width="640"`, `width="0"`},
		{"M2", rss.Format, `fileSize="5000000000"`, `fileSize="5 GB"`},
		{"M2", rss.Format, `lang="fr"`, `lang="fr_FR"`},
		{"M2", rss.Format, `<media:content url="https:`, `<media:content url="rtmp:`},
		{"M2", rss.Format, "https://tube.example/v/1280", "https://tube.example/v/640"},
		{"M2", atom.Format, `<media:thumbnail url="https://tube.example/640.png"`, `<media:thumbnail url="640.png"`},
		{"M2", atom.Format, `height="180" width="320"`, `height="180px" width="320"`},
		{"M2", atom.Format, "<media:title>Large</media:title>", "<media:title>Large</media:title><media:title>L</media:title>"},
		{"M2", atom.Format, "</entry>", `<media:group><media:content url="https://tube.example/x"/></media:group></entry>`},
		{"M3", rss.Format, "<podcast:season name=\"Metals &#34;R&#34; us &amp; co\">2", "<podcast:season>two"},
		{"M3", rss.Format, ">12.5</podcast:episode>", ">Twelve</podcast:episode>"},
		{"M3", rss.Format, ` type="text/vtt"`, ""},
		{"M3", rss.Format, `language="de"`, `language="german language"`},
		{"M3", rss.Format, `rel="captions"`, `rel="subtitles"`},
		{"M3", atom.Format, `<podcast:chapters url="https:`, `<podcast:chapters url="`},
		{"M3", atom.Format, ">王小明</podcast:person>", "></podcast:person>"},
		{"M3", atom.Format, `img="https:`, `img="data:`},
		{"R18", rss.Format, "<dc:language>en", "<dc:language>en_US"},
		{"A13", atom.Format, `hreflang="de-CH"`, `hreflang="de_CH"`},
		{"R22", rss.Format, "<rss ", `<rss xmlns:slash="http://purl.org/rss/1.0/modules/slash/" `},
		{"J11", jsonfeed.Format, `"season":2`, `"season":-2`},
		{"J11", jsonfeed.Format, `"type":"bonus"`, `"type":"extra"`},
		{"J11", jsonfeed.Format, `"explicit":false`, `"explicit":"no"`},
		{"J11", jsonfeed.Format, `"mime_type":"text/vtt",`, ""},
		{"J11", jsonfeed.Format, `"persons":[{"name":"Ana & Bo",`, `"persons":[{`},
		{"J11", jsonfeed.Format, `"avatar":"https:`, `"avatar":"`},
		{"J11", jsonfeed.Format, `"medium":"video"`, `"medium":"film"`},
		{"J11", jsonfeed.Format, `"width":640`, `"width":-640`},
		{"J11", jsonfeed.Format, `"home_page_url":"https://cast`, `"home_page_url":"//cast`},
	} {
		doc := sample(t, "media", tt.format)
		bad := strings.Replace(doc, tt.old, tt.new, 1)
		if bad == doc {
			t.Errorf("%s: the %s document has no %q", tt.rule, tt.format.Name, tt.old)
			continue
		}
		found := formattest.Check([]byte(bad), tt.format.ContentType())
		if !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, tt.rule+": ") }) {
			t.Errorf("%s: %s with %q for %q: found only %q", tt.rule, tt.format.Name, tt.new, tt.old, found)
		}
	}
}

// TestSameFindsInMedia damages what a document says of files and episodes while it stays valid.
func TestSameFindsInMedia(t *testing.T) {
	for _, tt := range []struct {
		format   feeds.Format
		old, new string
	}{
		{rss.Format, "<itunes:duration>3725", "<itunes:duration>3726"},
		{rss.Format, `fileSize="5000000000"`, `fileSize="5"`},
		{rss.Format, `width="1280"`, `width="1281"`},
		{rss.Format, "<media:title>Opus", "<media:title>Ogg"},
		{rss.Format, "https://tube.example/640.png", "https://tube.example/641.png"},
		{rss.Format, "<itunes:explicit>false</itunes:explicit>\n      <itunes:episodeType>", "<itunes:episodeType>"},
		{rss.Format, `role="guest"`, `role="host"`},
		{rss.Format, "<dc:language>en</dc:language>", ""},
		{rss.Format, "Cast &#x26; crew", "Crew"},
		{atom.Format, `hreflang="de-CH"`, `hreflang="de"`},
		{atom.Format, `display="Ch.12`, `display="Ch.13`},
		{atom.Format, `href="https://cast.example/feed.rss" rel="self"`, `href="https://cast.example/feed.atom" rel="self"`},
		{atom.Format, `<entry xml:lang="en">`, "<entry>"},
		{atom.Format, "12.chapters.json", "13.chapters.json"},
		{jsonfeed.Format, `"season":2`, `"season":3`},
		{jsonfeed.Format, `"rel":"captions"`, `"rel":""`},
		{jsonfeed.Format, `"medium":"video"`, `"medium":"audio"`},
		{jsonfeed.Format, `"title":"Cast & crew"`, `"title":"Crew"`},
	} {
		doc := sample(t, "media", tt.format)
		bad := strings.Replace(doc, tt.old, tt.new, 1)
		if bad == doc {
			t.Errorf("the %s document has no %q", tt.format.Name, tt.old)
			continue
		}
		if len(formattest.Same(sampleFeed("media"), []byte(bad), tt.format.MediaType)) == 0 {
			t.Errorf("%s with %q for %q says the same", tt.format.Name, tt.new, tt.old)
		}
	}
}

// TestCheckFinds damages a good document, one rule at a time.
func TestCheckFinds(t *testing.T) {
	const lastItem = "<title>Short identity</title>"
	for _, tt := range []struct {
		rule     string
		format   feeds.Format
		old, new string // new takes the place of the first old
	}{
		{"X1", rss.Format, "</title>", "</titel>"},
		{"X1", rss.Format, "Copper steadies", "Copper \x08 steadies"},
		{"X1", rss.Format, "Copper steadies", "Copper &#8; steadies"},
		{"X1", rss.Format, "Copper steadies", "Copper & steadies"},
		{"X1", rss.Format, "Copper steadies", "Copper ]]> steadies"},
		{"X1", rss.Format, "<ttl>", "<undeclared:x/><ttl>"},
		{"X1", rss.Format, "</rss>", "</rss><rss/>"},
		{"X1", atom.Format, `rel="self"`, `rel="self" rel="self"`},
		{"X2", atom.Format, "Copper steadies", "Copper\u0092 steadies"},
		{"X2", atom.Format, "Copper steadies", "Copper&#xFFFD; steadies"},
		{"X2", jsonfeed.Format, "Copper steadies", `Copper\ufdd0 steadies`},
		{"X1", jsonfeed.Format, "Copper steadies", `Copper\u0001 steadies`},
		{"X3", rss.Format, `<?xml version="1.0" encoding="UTF-8"?>`, ""},
		{"X3", rss.Format, `<?xml`, "\ufeff<?xml"},
		{"X3", atom.Format, "Copper steadies", "Copper \xff steadies"},
		{"X3", jsonfeed.Format, "]}\n", "]}"},
		{"X6", rss.Format, "<rss", "<!DOCTYPE rss><rss"},
		{"X1", rss.Format, "Copper steadies", "Copper&nbsp;steadies"},
		{"X7", rss.Format, "Copper steadies", "Copper&#xD;steadies"},
		{"X7", jsonfeed.Format, "Copper steadies", "Copper\rsteadies"},
		{"X8", rss.Format, "<link>https://upstream.example/posts/42</link>", "<link>https://upstream.example/日本</link>"},
		{"X8", rss.Format, "<link>https://upstream.example/posts/42</link>", "<link>/posts/42</link>"},
		{"X9", rss.Format, `src="https://example.org/gold.png"`, `src="/gold.png"`},
		{"X9", jsonfeed.Format, `src=\"https://example.org/gold.png\"`, `srcset=\"https://example.org/a.png 1x, b.png 2x\"`},
		{"X10", rss.Format, "<p>Copper", "<script>x</script><p>Copper"},
		{"X10", atom.Format, "&lt;p&gt;Copper", `&lt;p onclick="x"&gt;Copper`},
		{"X10", jsonfeed.Format, "<p>Copper", `<a href=\"javascript:x\">Copper`},

		{"R1", rss.Format, `version="2.0" xmlns`, `version="0.9" xmlns`},
		{"R1", rss.Format, "<description>What moved, and why: bonds &#x26; metals</description>", ""},
		{"R1", rss.Format, "<ttl>10</ttl>", "<ttl>10</ttl><ttl>10</ttl>"},
		{"R2", rss.Format, "</channel>", "<docs>https://example.org/</docs></channel>"},
		{"R3", rss.Format, `rel="self"`, `rel="alternate"`},
		{"R3", rss.Format, `type="application/rss+xml"`, `type="text/xml"`},
		{"R4", rss.Format, lastItem, "<title> </title>"},
		{"R4", rss.Format, lastItem + "\n      <link>https://example.org/p/%E6%97%A5%E6%9C%AC%E8%AA%9E?q=%C3%BC#%C3%9F</link>\n      <description>An ID from a database.</description>", ""},
		{"R5", rss.Format, `<guid isPermaLink="false">tag:upstream.example,2026:42</guid>`, ""},
		{"R5", rss.Format, `<guid isPermaLink="false">tag:`, `<guid>tag:`},
		{"R5", rss.Format, `<guid isPermaLink="false">tag:`, `<guid isPermaLink="no">tag:`},
		{"R5", rss.Format, "tag:upstream.example,2026:42", "urn:feedmill:desk%3A%20old:42"},
		{"R6", rss.Format, "tag:upstream.example,2026:42", "42"},
		{"R7", rss.Format, "Sun, 01 Mar 2026", "Mon, 01 Mar 2026"},
		{"R7", rss.Format, "01:30:00 GMT", "01:30:00 UTC"},
		{"R7", rss.Format, "01:30:00 GMT", "24:30:00 GMT"},
		{"R7", rss.Format, "Sat, 28 Feb 2026", "Sat, 28 Feb 26"},
		{"R7", rss.Format, "Mon, 02 Mar 2026 02:00:05 GMT", "2026-03-02T02:00:05Z"},
		{"R8", rss.Format, lastItem, lastItem + "<dc:date>2026-03-02</dc:date>"},
		{"R9", rss.Format, "<author>jo@upstream.example (Jo March)", "<author>Jo March"},
		{"R9", rss.Format, "<author>", "<dc:creator>Jo March</dc:creator><author>"},
		{"R9", rss.Format, "<managingEditor>desk@example.org (The desk)", "<managingEditor> (The desk)"},
		{"R10", rss.Format, ">黄金</category>", "> </category>"},
		{"R10", rss.Format, `domain="https://feeds.example.org/news/tag"`, `domain="tags"`},
		{"R10", rss.Format, lastItem, lastItem + "<dc:subject>x</dc:subject>"},
		{"R11", rss.Format, "<description>Copper held its level.\nTraders wait.</description>", ""},
		{"R12", rss.Format, `xmlns:content="http://purl.org/rss/1.0/modules/content/"`, `xmlns:content="http://example.org/content/"`},
		{"R13", rss.Format, "Metals/Gold &#x26; Silver", "Metals/Gold &amp; Silver"},
		{"R13", rss.Format, "Use &#x3C;div&#x3E;", "Use &lt;div&gt;"},
		{"R14", rss.Format, ` length="1234567" type`, ` type`},
		{"R14", rss.Format, `type="video/webm"`, `type="video"`},
		{"R14", rss.Format, "<enclosure ", `<enclosure url="https://example.org/x" length="0" type="a/b"/><enclosure `},
		{"M2", rss.Format, `<media:thumbnail url="https:`, `<media:thumbnail url="ftp:`},
		{"R15", rss.Format, `<source url="https://upstream.example/feed.atom">`, "<source>"},
		{"R16", rss.Format, "<ttl>10<", "<ttl>0<"},
		{"R16", rss.Format, "<ttl>10<", "<ttl>ten<"},
		{"R17", rss.Format, "<ttl>", "<skipHours><hour>24</hour></skipHours><ttl>"},
		{"R17", rss.Format, "<ttl>", "<skipDays>Monday<day>monday</day></skipDays><ttl>"},
		{"R18", rss.Format, "<language>zh-CN", "<language>zh_CN"},
		{"R19", rss.Format, "https://example.org/logo.png", "https://example.org/logo.svg"},
		{"R19", rss.Format, "<url>https://example.org/logo.png</url>\n      <title>Market", "<url>https://example.org/logo.png</url><title>Other"},
		{"R19", rss.Format, "<url>https://example.org/logo.png</url>", "<url>https://example.org/logo.png</url><width>145</width>"},
		{"R20", rss.Format, "<ttl>", "<cloud/><ttl>"},
		{"R20", rss.Format, "<ttl>", "<textInput/><ttl>"},
		{"R21", rss.Format, "<lastBuildDate>Mon, 02 Mar 2026 02:00:05 GMT</lastBuildDate>", ""},
		{"R22", rss.Format, "xmlns:atom", `xmlns:a10="http://www.w3.org/2005/Atom" xmlns:atom`},
		{"R22", rss.Format, lastItem, lastItem + `<x xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"/>`},

		{"A1", atom.Format, `xmlns="http://www.w3.org/2005/Atom"`, `xmlns="http://purl.org/atom/ns#"`},
		{"A1", atom.Format, "<title type=\"text\">Copper steadies</title>", ""},
		{"A1", atom.Format, "Copper steadies", " "},
		{"A1", atom.Format, "<published>", "<published>2026-03-01T19:30:00-05:00</published><published>"},
		{"A2", atom.Format, "<id>tag:upstream.example,2026:42", "<id>42"},
		{"A2", atom.Format, "<id>https://example.org/2026", "<id>https://Example.org/2026"},
		{"A2", atom.Format, "<id>https://example.org/2026", "<id>https://example.org:443/2026"},
		{"A3", atom.Format, "tag:upstream.example,2026:42", "urn:feedmill:desk%3A%20old:42"},
		{"A4", atom.Format, "<updated>2026-02-28T01:30:00Z", "<updated>2026-02-28T01:30:00"},
		{"A4", atom.Format, "<updated>2026-02-28T01:30:00Z", "<updated>2026-02-28t01:30:00z"},
		{"A4", atom.Format, "<updated>2026-03-02T10:00:00+08:00", "<updated>2026-03-02T11:00:00+08:00"},
		{"A5", atom.Format, "<published>2026-02-28T01:30:00Z", "<published>2026-02-28T01:30:01Z"},
		{"A6", atom.Format, "<updated>2026-02-28T01:30:00Z", "<updated>2026-03-01T19:30:00-05:00"},
		{"A7", atom.Format, "<name>Jo March</name>", ""},
		{"A7", atom.Format, "<email>jo@upstream.example", "<email>Jo"},
		{"A7", atom.Format, "<author>\n    <name>The desk</name>\n    <uri>https://example.org/desk</uri>\n    <email>desk@example.org</email>\n  </author>", "<author><name> </name></author>"},
		{"A8", atom.Format, `rel="self"`, `rel="related"`},
		{"A8", atom.Format, `rel="via"`, `rel="alternate"`},
		{"A8", atom.Format, `href="https://feeds.example.org/news/hub"`, `href="hub"`},
		{"A9", atom.Format, `<summary type="text">An ID from a database.</summary>`, ""},
		{"A10", atom.Format, `term="metals" `, ""},
		{"A10", atom.Format, `label="Metals"></category>`, `>Metals</category>`},
		{"A10", atom.Format, `scheme="https://feeds.example.org/news/tag"`, `scheme="tag"`},
		{"A11", atom.Format, `<content type="html">`, `<content type="text/html">`},
		{"A11", atom.Format, "&lt;p&gt;Copper held its level.&lt;/p&gt;", "<p>Copper held its level.</p>"},
		{"A11", atom.Format, "Copper steadies", "Copper <b>steadies</b>"},
		{"A12", atom.Format, `<summary type="text">An ID from a database.</summary>`, `<content src="https://example.org/x" type="text/html"/>`},
		{"A13", atom.Format, `xml:lang="zh-CN"`, `xml:lang="zh_CN"`},
		{"A13", atom.Format, "<entry>", `<entry xml:base="https://example.org/">`},
		{"A1", atom.Format, "<source>\n      <id>https://upstream.example/feed</id>", "<source>"},
		{"A15", atom.Format, `type="audio/mpeg"`, `type="mp3"`},
		{"A16", atom.Format, ">feedmill</generator>", "></generator>"},
		{"A16", atom.Format, "<logo>https://example.org/logo.png", "<logo>logo.png"},

		{"J1", jsonfeed.Format, "version/1.1", "version/1"},
		{"J1", jsonfeed.Format, `{"version":"https://jsonfeed.org/version/1.1",`, `{"user_comment":"","version":"https://jsonfeed.org/version/1.1",`},
		{"J11", jsonfeed.Format, `"title":"Market`, `"title_":"Market`},
		{"J1", jsonfeed.Format, `"title":"Market notes & <b>more</b>",`, ""},
		{"J2", jsonfeed.Format, `"feed_url":"https://feeds.example.org/news/category/%E8%B4%B5%E9%87%91%E5%B1%9E.xml",`, ""},
		{"J3", jsonfeed.Format, `"id":"42"`, `"id":" "`},
		{"J11", jsonfeed.Format, `"id":"42"`, `"id":42`},
		{"J3", jsonfeed.Format, `"id":"42"`, `"id":"tag:upstream.example,2026:42"`},
		{"J3", jsonfeed.Format, `"url":"https://upstream.example/posts/42"`, `"url":"/posts/42"`},
		{"J4", jsonfeed.Format, `"content_text":"An ID from a database.",`, ""},
		{"J5", jsonfeed.Format, "2026-02-28T01:30:00Z", "2026-02-30T01:30:00Z"},
		{"J5", jsonfeed.Format, "2026-02-28T01:30:00Z", "Sat, 28 Feb 2026 01:30:00 GMT"},
		{"J6", jsonfeed.Format, `{"name":"Jo March"}`, "{}"},
		{"J11", jsonfeed.Format, `"authors":[{"name":"Jo March"}]`, `"author":{"name":"Jo March"}`},
		{"J7", jsonfeed.Format, `"language":"en"`, `"language":"en_US"`},
		{"J7", jsonfeed.Format, `"tags":["Metals"]`, `"tags":[""]`},
		{"J11", jsonfeed.Format, `"tags":["Metals"]`, `"tags":"Metals"`},
		{"J8", jsonfeed.Format, `"mime_type":"audio/mpeg",`, ""},
		{"J11", jsonfeed.Format, "size_in_bytes", "size"},
		{"J9", jsonfeed.Format, `"hubs":`, `"next_url":"https://feeds.example.org/news/category/%E8%B4%B5%E9%87%91%E5%B1%9E.xml","hubs":`},
		{"J10", jsonfeed.Format, `"type":"WebSub",`, ""},
		{"J12", jsonfeed.Format, `"icon":"https:`, `"icon":"ftp:`},
		{"J11", jsonfeed.Format, `"hubs":`, `"expired":"no","hubs":`},
		{"J14", jsonfeed.Format, `"language":"en"`, `"language":"en","language":"en"`},
		{"J14", jsonfeed.Format, "]}\n", "]}{}\n"},
		{"J14", jsonfeed.Format, "]}\n", "]\n"},
		{"X2", jsonfeed.Format, "Copper steadies", `Copper \ud800 steadies`},
	} {
		doc := document(t, tt.format)
		bad := strings.Replace(doc, tt.old, tt.new, 1)
		if bad == doc {
			t.Errorf("%s: the %s document has no %q", tt.rule, tt.format.Name, tt.old)
			continue
		}
		if tt.rule == "R21" {
			bad = strings.Replace(bad, "<guid", `<slash:comments>1</slash:comments><guid`, 1)
			bad = strings.Replace(bad, "xmlns:atom", `xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:atom`, 1)
		}
		found := formattest.Check([]byte(bad), tt.format.ContentType())
		if !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, tt.rule+": ") }) {
			t.Errorf("%s: %s with %q for %q: found only %q", tt.rule, tt.format.Name, tt.new, tt.old, found)
		}
	}
}

func TestCheckKnowsNoOtherType(t *testing.T) {
	if found := formattest.Check([]byte("<html></html>\n"), "text/html; charset=utf-8"); len(found) != 1 {
		t.Errorf("found %q, want one complaint about the type", found)
	}
}

// TestSameFinds damages what a document says while it stays valid.
func TestSameFinds(t *testing.T) {
	for _, tt := range []struct {
		format   feeds.Format
		old, new string
	}{
		{rss.Format, "<title>Copper steadies</title>", "<title>Copper</title>"},
		{rss.Format, "<description>Copper held its level.\nTraders", "<description>Copper held its level. Traders"},
		{rss.Format, "现货黄金周一上涨", "现货黄金周一"},
		{rss.Format, "posts/42</link>", "posts/43</link>"},
		{rss.Format, "19:30:00 -0500", "19:30:00 -0600"},
		{rss.Format, ">C++</category>", ">C</category>"},
		{rss.Format, "<dc:creator>Ana Núñez</dc:creator>", ""},
		{rss.Format, "gold.pdf", "gold.ps"},
		{rss.Format, "tag:upstream.example,2026:42", ""},
		{atom.Format, "Copper steadies", "Copper"},
		{atom.Format, `label="C++"`, `label="C"`},
		{atom.Format, "<name>Ana Núñez</name>", "<name>Ana</name>"},
		{atom.Format, "&amp;amp;&amp;amp;", "&amp;&amp;"},
		{atom.Format, "<published>2026-03-01T19:30:00-05:00", "<published>2026-03-01T19:30:00-06:00"},
		{atom.Format, `rel="enclosure" type="audio/mpeg"`, `rel="related" type="audio/mpeg"`},
		{jsonfeed.Format, "Copper steadies", "Copper"},
		{jsonfeed.Format, `"content_html":"<p>Copper held its level.</p>"`, `"content_text":"Copper held its level."`},
		{jsonfeed.Format, `"tags":["Metals"],`, ""},
		{jsonfeed.Format, `"https://upstream.example/posts/42"`, `"https://upstream.example/posts/43"`},
	} {
		doc := document(t, tt.format)
		bad := strings.Replace(doc, tt.old, tt.new, 1)
		if bad == doc {
			t.Errorf("the %s document has no %q", tt.format.Name, tt.old)
			continue
		}
		if len(formattest.Same(formattest.Samples()[0].Feed, []byte(bad), tt.format.MediaType)) == 0 {
			t.Errorf("%s with %q for %q says the same", tt.format.Name, tt.new, tt.old)
		}
	}
}

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
		{"itunes-explicit-old", rss.Format, "<itunes:explicit>true", "<itunes:explicit>yes"},
		{"itunes-once", rss.Format, "<itunes:explicit>true", "<itunes:explicit>true</itunes:explicit><itunes:explicit>true"},
		{"itunes-word", rss.Format, "<itunes:episodeType>bonus", "<itunes:episodeType>Bonus"},
		{"itunes-number", rss.Format, "<itunes:episode>3", "<itunes:episode>3.5"},
		{"itunes-number", rss.Format, "<itunes:season>2", "<itunes:season>0"},
		{"itunes-duration", rss.Format, "<itunes:duration>3725", "<itunes:duration>1h"},
		{"itunes-image", atom.Format, `<itunes:image href="https:`, `<itunes:image href="ftp:`},
		{"itunes-owner", atom.Format, "<itunes:email>desk@example.org", "<itunes:email>desk"},
		{"itunes-author", rss.Format, "<itunes:author>Ana &#x26; Bo", "<itunes:author> "},
		{"media-content", rss.Format, `duration="90"`, `duration="1:30"`},
		{"media-content", rss.Format, `medium="video"`, `medium="film"`},
		{"media-content", rss.Format, `width="640"`, `width="0"`},
		{"media-content", rss.Format, `fileSize="5000000000"`, `fileSize="5 GB"`},
		{"media-content", rss.Format, `lang="fr"`, `lang="fr_FR"`},
		{"media-address", rss.Format, `<media:content url="https:`, `<media:content url="rtmp:`},
		{"media-twice", rss.Format, "https://tube.example/v/1280", "https://tube.example/v/640"},
		{"media-address", atom.Format, `<media:thumbnail url="https://tube.example/640.png"`, `<media:thumbnail url="640.png"`},
		{"media-content", atom.Format, `height="180" width="320"`, `height="180px" width="320"`},
		{"media-twice", atom.Format, "<media:title>Large</media:title>", "<media:title>Large</media:title><media:title>L</media:title>"},
		{"media-group", atom.Format, "</entry>", `<media:group><media:content url="https://tube.example/x"/></media:group></entry>`},
		{"podcast-number", rss.Format, "<podcast:season name=\"Metals &#34;R&#34; us &amp; co\">2", "<podcast:season>two"},
		{"podcast-number", rss.Format, ">12.5</podcast:episode>", ">Twelve</podcast:episode>"},
		{"podcast-text", rss.Format, ` type="text/vtt"`, ""},
		{"podcast-text", rss.Format, `language="de"`, `language="german language"`},
		{"podcast-text", rss.Format, `rel="captions"`, `rel="subtitles"`},
		{"podcast-text", atom.Format, `<podcast:chapters url="https:`, `<podcast:chapters url="`},
		{"podcast-person", atom.Format, ">王小明</podcast:person>", "></podcast:person>"},
		{"podcast-person", atom.Format, `img="https:`, `img="data:`},
		{"rss-item-language", rss.Format, "<dc:language>en", "<dc:language>en_US"},
		{"atom-language", atom.Format, `hreflang="de-CH"`, `hreflang="de_CH"`},
		{"xml-unused", rss.Format, "<rss ", `<rss xmlns:slash="http://purl.org/rss/1.0/modules/slash/" `},
		{"feedmill-extension", jsonfeed.Format, `"season":2`, `"season":-2`},
		{"feedmill-extension", jsonfeed.Format, `"type":"bonus"`, `"type":"extra"`},
		{"feedmill-extension", jsonfeed.Format, `"explicit":false`, `"explicit":"no"`},
		{"feedmill-extension", jsonfeed.Format, `"mime_type":"text/vtt",`, ""},
		{"feedmill-extension", jsonfeed.Format, `"persons":[{"name":"Ana & Bo",`, `"persons":[{`},
		{"feedmill-extension", jsonfeed.Format, `"avatar":"https:`, `"avatar":"`},
		{"feedmill-extension", jsonfeed.Format, `"medium":"video"`, `"medium":"film"`},
		{"feedmill-extension", jsonfeed.Format, `"width":640`, `"width":-640`},
		{"feedmill-extension", jsonfeed.Format, `"home_page_url":"https://cast`, `"home_page_url":"//cast`},
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
		{"xml-wellformed", rss.Format, "</title>", "</titel>"},
		{"xml-wellformed", rss.Format, "Copper steadies", "Copper \x08 steadies"},
		{"xml-wellformed", rss.Format, "Copper steadies", "Copper &#8; steadies"},
		{"xml-wellformed", rss.Format, "Copper steadies", "Copper & steadies"},
		{"xml-wellformed", rss.Format, "Copper steadies", "Copper ]]> steadies"},
		{"xml-prefix", rss.Format, "<ttl>", "<undeclared:x/><ttl>"},
		{"xml-wellformed", rss.Format, "</rss>", "</rss><rss/>"},
		{"xml-attribute", atom.Format, `rel="self"`, `rel="self" rel="self"`},
		{"text-char", atom.Format, "Copper steadies", "Copper\u0092 steadies"},
		{"text-char", atom.Format, "Copper steadies", "Copper&#xFFFD; steadies"},
		{"text-char", jsonfeed.Format, "Copper steadies", `Copper\ufdd0 steadies`},
		{"text-char", jsonfeed.Format, "Copper steadies", `Copper\u0001 steadies`},
		{"feedmill-form", rss.Format, `<?xml version="1.0" encoding="UTF-8"?>`, ""},
		{"text-bom", rss.Format, `<?xml`, "\ufeff<?xml"},
		{"text-encoding", atom.Format, "Copper steadies", "Copper \xff steadies"},
		{"feedmill-form", jsonfeed.Format, "]}\n", "]}"},
		{"xml-doctype", rss.Format, "<rss", "<!DOCTYPE rss><rss"},
		{"xml-wellformed", rss.Format, "Copper steadies", "Copper&nbsp;steadies"},
		{"text-cr", rss.Format, "Copper steadies", "Copper&#xD;steadies"},
		{"text-cr", jsonfeed.Format, "Copper steadies", "Copper\rsteadies"},
		{"rss-address", rss.Format, "<link>https://upstream.example/posts/42</link>", "<link>https://upstream.example/日本</link>"},
		{"rss-address", rss.Format, "<link>https://upstream.example/posts/42</link>", "<link>/posts/42</link>"},
		{"html-relative", rss.Format, `src="https://example.org/gold.png"`, `src="/gold.png"`},
		{"html-relative", jsonfeed.Format, `src=\"https://example.org/gold.png\"`, `srcset=\"https://example.org/a.png 1x, b.png 2x\"`},
		{"html-element", rss.Format, "<p>Copper", "<script>x</script><p>Copper"},
		{"html-handler", atom.Format, "&lt;p&gt;Copper", `&lt;p onclick="x"&gt;Copper`},
		{"html-script", jsonfeed.Format, "<p>Copper", `<a href=\"javascript:x\">Copper`},

		{"rss-version", rss.Format, `version="2.0" xmlns`, `version="0.9" xmlns`},
		{"rss-required", rss.Format, "<description>What moved, and why: bonds &#x26; metals</description>", ""},
		{"rss-once", rss.Format, "<ttl>10</ttl>", "<ttl>10</ttl><ttl>10</ttl>"},
		{"rss-order", rss.Format, "</channel>", "<docs>https://example.org/</docs></channel>"},
		{"rss-self", rss.Format, `rel="self"`, `rel="alternate"`},
		{"rss-self-type", rss.Format, `type="application/rss+xml"`, `type="text/xml"`},
		{"rss-item-blank", rss.Format, lastItem, "<title> </title>"},
		{"rss-item-text", rss.Format, lastItem + "\n      <link>https://example.org/p/%E6%97%A5%E6%9C%AC%E8%AA%9E?q=%C3%BC#%C3%9F</link>\n      <description>An ID from a database.</description>", ""},
		{"rss-guid", rss.Format, `<guid isPermaLink="false">tag:upstream.example,2026:42</guid>`, ""},
		{"rss-guid-permalink", rss.Format, `<guid isPermaLink="false">tag:`, `<guid>tag:`},
		{"rss-guid-permalink", rss.Format, `<guid isPermaLink="false">tag:`, `<guid isPermaLink="no">tag:`},
		{"rss-guid-unique", rss.Format, "tag:upstream.example,2026:42", "urn:feedmill:desk%3A%20old:42"},
		{"rss-guid-global", rss.Format, "tag:upstream.example,2026:42", "42"},
		{"date-weekday", rss.Format, "Sun, 01 Mar 2026", "Mon, 01 Mar 2026"},
		{"date-rfc822", rss.Format, "01:30:00 GMT", "01:30:00 UTC"},
		{"date-rfc822", rss.Format, "01:30:00 GMT", "24:30:00 GMT"},
		{"date-year", rss.Format, "Sat, 28 Feb 2026", "Sat, 28 Feb 26"},
		{"date-rfc822", rss.Format, "Mon, 02 Mar 2026 02:00:05 GMT", "2026-03-02T02:00:05Z"},
		{"rss-subject", rss.Format, lastItem, lastItem + "<dc:date>2026-03-02</dc:date>"},
		{"rss-people", rss.Format, "<author>jo@upstream.example (Jo March)", "<author>Jo March"},
		{"rss-creator", rss.Format, "<author>", "<dc:creator>Jo March</dc:creator><author>"},
		{"rss-people", rss.Format, "<managingEditor>desk@example.org (The desk)", "<managingEditor> (The desk)"},
		{"rss-category", rss.Format, ">黄金</category>", "> </category>"},
		{"rss-category-domain", rss.Format, `domain="https://feeds.example.org/news/tag"`, `domain="tags"`},
		{"rss-subject", rss.Format, "<author>jo@", "<dc:subject>x</dc:subject><author>jo@"},
		{"rss-content-order", rss.Format, "<description>Copper held its level.\nTraders wait.</description>", ""},
		{"rss-content-namespace", rss.Format, `xmlns:content="http://purl.org/rss/1.0/modules/content/"`, `xmlns:content="http://example.org/content/"`},
		{"rss-plain", rss.Format, "Metals/Gold &#x26; Silver", "Metals/Gold &amp; Silver"},
		{"rss-plain", rss.Format, "Use &#x3C;div&#x3E;", "Use &lt;div&gt;"},
		{"rss-enclosure", rss.Format, ` length="1234567" type`, ` type`},
		{"rss-enclosure", rss.Format, `type="video/webm"`, `type="video"`},
		{"rss-enclosure-one", rss.Format, "<enclosure ", `<enclosure url="https://example.org/x" length="0" type="a/b"/><enclosure `},
		{"media-address", rss.Format, `<media:thumbnail url="https:`, `<media:thumbnail url="ftp:`},
		{"rss-address", rss.Format, `<source url="https://upstream.example/feed.atom">`, "<source>"},
		{"rss-ttl", rss.Format, "<ttl>10<", "<ttl>0<"},
		{"rss-ttl", rss.Format, "<ttl>10<", "<ttl>ten<"},
		{"rss-skip", rss.Format, "<ttl>", "<skipHours><hour>24</hour></skipHours><ttl>"},
		{"rss-skip", rss.Format, "<ttl>", "<skipDays>Monday<day>monday</day></skipDays><ttl>"},
		{"rss-language", rss.Format, "<language>zh-CN", "<language>zh_CN"},
		{"rss-image", rss.Format, "https://example.org/logo.png", "https://example.org/logo.svg"},
		{"rss-image", rss.Format, "<url>https://example.org/logo.png</url>\n      <title>Market", "<url>https://example.org/logo.png</url><title>Other"},
		{"rss-image", rss.Format, "<url>https://example.org/logo.png</url>", "<url>https://example.org/logo.png</url><width>145</width>"},
		{"rss-cloud", rss.Format, "<ttl>", "<cloud/><ttl>"},
		{"rss-avoid", rss.Format, "<ttl>", "<textInput/><ttl>"},
		{"rss-slash", rss.Format, "<lastBuildDate>Mon, 02 Mar 2026 02:00:05 GMT</lastBuildDate>", ""},
		{"xml-usual", rss.Format, "xmlns:atom", `xmlns:a10="http://www.w3.org/2005/Atom" xmlns:atom`},
		{"rss-namespace", rss.Format, lastItem, lastItem + `<x xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"/>`},

		{"format-known", atom.Format, `xmlns="http://www.w3.org/2005/Atom"`, `xmlns="http://purl.org/atom/ns#"`},
		{"atom-required", atom.Format, "<title type=\"text\">Copper steadies</title>", ""},
		{"atom-title-blank", atom.Format, "Copper steadies", " "},
		{"atom-once", atom.Format, "<published>", "<published>2026-03-01T19:30:00-05:00</published><published>"},
		{"atom-id", atom.Format, "<id>tag:upstream.example,2026:42", "<id>42"},
		{"atom-id-canonical", atom.Format, "<id>https://example.org/2026", "<id>https://Example.org/2026"},
		{"atom-id-canonical", atom.Format, "<id>https://example.org/2026", "<id>https://example.org:443/2026"},
		{"atom-id-twice", atom.Format, "tag:upstream.example,2026:42", "urn:feedmill:desk%3A%20old:42"},
		{"date-rfc3339", atom.Format, "<updated>2026-02-28T01:30:00Z", "<updated>2026-02-28T01:30:00"},
		{"date-rfc3339", atom.Format, "<updated>2026-02-28T01:30:00Z", "<updated>2026-02-28t01:30:00z"},
		{"atom-updated-later", atom.Format, "<updated>2026-03-02T10:00:00+08:00", "<updated>2026-03-02T11:00:00+08:00"},
		{"atom-published", atom.Format, "<published>2026-02-28T01:30:00Z", "<published>2026-02-28T01:30:01Z"},
		{"atom-updated-unique", atom.Format, "<updated>2026-02-28T01:30:00Z", "<updated>2026-03-01T19:30:00-05:00"},
		{"atom-person", atom.Format, "<name>Jo March</name>", ""},
		{"atom-person", atom.Format, "<email>jo@upstream.example", "<email>Jo"},
		{"atom-person", atom.Format, "<author>\n    <name>The desk</name>\n    <uri>https://example.org/desk</uri>\n    <email>desk@example.org</email>\n  </author>", "<author><name> </name></author>"},
		{"atom-self", atom.Format, `rel="self"`, `rel="related"`},
		{"atom-alternate", atom.Format, `rel="via"`, `rel="alternate"`},
		{"atom-address", atom.Format, `href="https://feeds.example.org/news/hub"`, `href="hub"`},
		{"atom-text", atom.Format, `<summary type="text">An ID from a database.</summary>`, ""},
		{"atom-category", atom.Format, `term="metals" `, ""},
		{"atom-category", atom.Format, `label="Metals"></category>`, `>Metals</category>`},
		{"atom-category-scheme", atom.Format, `scheme="https://feeds.example.org/news/tag"`, `scheme="tag"`},
		{"atom-construct", atom.Format, `<content type="html">`, `<content type="text/html">`},
		{"atom-construct", atom.Format, "&lt;p&gt;Copper held its level.&lt;/p&gt;", "<p>Copper held its level.</p>"},
		{"atom-construct", atom.Format, "Copper steadies", "Copper <b>steadies</b>"},
		{"atom-summary", atom.Format, `<summary type="text">An ID from a database.</summary>`, `<content src="https://example.org/x" type="text/html"/>`},
		{"atom-language", atom.Format, `xml:lang="zh-CN"`, `xml:lang="zh_CN"`},
		{"feedmill-form", atom.Format, "<entry>", `<entry xml:base="https://example.org/">`},
		{"atom-source-required", atom.Format, "<source>\n      <id>https://upstream.example/feed</id>", "<source>"},
		{"atom-link-type", atom.Format, `type="audio/mpeg"`, `type="mp3"`},
		{"atom-generator", atom.Format, ">feedmill</generator>", "></generator>"},
		{"atom-address", atom.Format, "<logo>https://example.org/logo.png", "<logo>logo.png"},

		{"json-version-old", jsonfeed.Format, "version/1.1", "version/1"},
		{"json-version-first", jsonfeed.Format, `{"version":"https://jsonfeed.org/version/1.1",`, `{"user_comment":"","version":"https://jsonfeed.org/version/1.1",`},
		{"json-unknown", jsonfeed.Format, `"title":"Market`, `"title_":"Market`},
		{"json-title", jsonfeed.Format, `"title":"Market notes & <b>more</b>",`, ""},
		{"json-self", jsonfeed.Format, `"feed_url":"https://feeds.example.org/news/category/%E8%B4%B5%E9%87%91%E5%B1%9E.xml",`, ""},
		{"json-id", jsonfeed.Format, `"id":"42"`, `"id":" "`},
		{"json-type", jsonfeed.Format, `"id":"42"`, `"id":42`},
		{"json-id-unique", jsonfeed.Format, `"id":"42"`, `"id":"tag:upstream.example,2026:42"`},
		{"json-address", jsonfeed.Format, `"url":"https://upstream.example/posts/42"`, `"url":"/posts/42"`},
		{"json-content", jsonfeed.Format, `"content_text":"An ID from a database.",`, ""},
		{"date-rfc3339", jsonfeed.Format, "2026-02-28T01:30:00Z", "2026-02-30T01:30:00Z"},
		{"date-rfc3339", jsonfeed.Format, "2026-02-28T01:30:00Z", "Sat, 28 Feb 2026 01:30:00 GMT"},
		{"json-author", jsonfeed.Format, `{"name":"Jo March"}`, "{}"},
		{"json-author-old", jsonfeed.Format, `"authors":[{"name":"Jo March"}]`, `"author":{"name":"Jo March"}`},
		{"json-language", jsonfeed.Format, `"language":"en"`, `"language":"en_US"`},
		{"json-tag-blank", jsonfeed.Format, `"tags":["Metals"]`, `"tags":[""]`},
		{"json-type", jsonfeed.Format, `"tags":["Metals"]`, `"tags":"Metals"`},
		{"json-attachment", jsonfeed.Format, `"mime_type":"audio/mpeg",`, ""},
		{"json-unknown", jsonfeed.Format, "size_in_bytes", "size"},
		{"json-next", jsonfeed.Format, `"hubs":`, `"next_url":"https://feeds.example.org/news/category/%E8%B4%B5%E9%87%91%E5%B1%9E.xml","hubs":`},
		{"json-hub", jsonfeed.Format, `"type":"WebSub",`, ""},
		{"json-address", jsonfeed.Format, `"icon":"https:`, `"icon":"ftp:`},
		{"json-type", jsonfeed.Format, `"hubs":`, `"expired":"no","hubs":`},
		{"json-duplicate", jsonfeed.Format, `"language":"en"`, `"language":"en","language":"en"`},
		{"json-syntax", jsonfeed.Format, "]}\n", "]}{}\n"},
		{"json-syntax", jsonfeed.Format, "]}\n", "]\n"},
		{"text-char", jsonfeed.Format, "Copper steadies", `Copper \ud800 steadies`},
	} {
		doc := document(t, tt.format)
		bad := strings.Replace(doc, tt.old, tt.new, 1)
		if bad == doc {
			t.Errorf("%s: the %s document has no %q", tt.rule, tt.format.Name, tt.old)
			continue
		}
		if tt.rule == "rss-slash" {
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
	if found := formattest.Check([]byte("<html></html>\n"), "text/html; charset=utf-8"); !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, "feedmill-type: ") }) {
		t.Errorf("found %q, want a complaint about the type", found)
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

package main

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestRules holds standards of feed publishing against the running program; the names of the subtests are the rules'.
func TestRules(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		s := everything(t, store)
		for _, rule := range []struct {
			name string
			hold func(t *testing.T, s *server)
		}{
			{"H1 H2 H19 H20 headers of a document", documentHeaders},
			{"H3 If-None-Match", ifNoneMatch},
			{"H4 If-Modified-Since", ifModifiedSince},
			{"H5 preconditions where 2xx would be", onlyWhere2xx},
			{"H6 not modified", notModifiedHeaders},
			{"H7 HEAD", heads},
			{"H8 codings", contentCodings},
			{"H9 ranges", ranges},
			{"H11 methods", methods},
			{"H12 unknown and moved", unknownAndMoved},
			{"H13 Host", hosts},
			{"L1 Link", linkHeader},
			{"L2 S2 pages", pages},
			{"S1 S3 no style sheet, no sniffing", sniffing},
			{"O1 O2 outlines", outlines},
			{"admin", adminIsElsewhere},
		} {
			t.Run(rule.name, func(t *testing.T) {
				was := s.t
				defer func() { s.t = was }()
				s.t = t
				rule.hold(t, s)
			})
		}
	})
}

// some are documents of every kind of content.
var some = []string{
	"/feed.rss", "/feed.atom", "/feed.json", "/category/c%23.rss", "/tag/%E8%AF%81%E5%88%B8%E6%97%B6%E6%8A%A5%E7%BD%91%E6%96%B0%E9%97%BB.atom",
	"/source/up-json.json", "/author/a%2Fb.rss", "/lang/de.atom", "/opml", "/opml/category",
}

var strong = regexp.MustCompile(`^"[\x21\x23-\x7e]{16,}"$`)

func documentHeaders(t *testing.T, s *server) {
	for _, path := range append(s.paths(), "/opml", "/opml/tag") {
		a := s.raw("GET", path, "Accept-Encoding: identity")
		a.want(t, path, 200, "Vary", "Accept-Encoding", "X-Content-Type-Options", "nosniff", "Access-Control-Allow-Origin", "*",
			"Access-Control-Expose-Headers", "ETag, Link", "Set-Cookie", "", "Expires", "", "Pragma", "", "Content-Encoding", "",
			"Content-Length", strconv.Itoa(len(a.body)),
			"Cache-Control", "public, max-age=600, stale-while-revalidate=600, stale-if-error=86400")
		types := map[string]string{
			"rss": "application/rss+xml; charset=utf-8", "atom": "application/atom+xml; charset=utf-8", "json": "application/feed+json",
		}
		want, ok := types[path[strings.LastIndex(path, ".")+1:]]
		if !ok {
			want = "text/x-opml; charset=utf-8"
		}
		a.want(t, path, 200, "Content-Type", want)
		if tag := a.header.Get("Etag"); !strong.MatchString(tag) {
			t.Errorf("%s: ETag %s is not a strong validator", path, tag)
		}
		date, err := http.ParseTime(a.header.Get("Date"))
		changed, err2 := time.Parse(http.TimeFormat, a.header.Get("Last-Modified"))
		if err != nil || err2 != nil || changed.Add(2*time.Second).After(date) {
			t.Errorf("%s: Last-Modified %q, Date %q", path, a.header.Get("Last-Modified"), a.header.Get("Date"))
		}
		if len(a.body) < 100 {
			t.Errorf("%s: %d bytes", path, len(a.body))
		}
	}
}

func ifNoneMatch(t *testing.T, s *server) {
	for _, path := range some {
		tag := s.raw("GET", path).header.Get("Etag")
		hash := strings.Trim(tag, `"`)
		for _, c := range []struct {
			want  int
			lines []string
		}{
			{304, []string{tag}},
			{304, []string{"W/" + tag}},
			{304, []string{"*"}},
			{304, []string{`"a,b" , ` + tag}},
			{304, []string{`, ,"a",,W/` + tag + `,`}},
			{304, []string{`"x"`, `W/"y"`, tag}},
			{304, []string{strings.Repeat(`"aaaaaaaaaaaaaaaa",`, 1500) + tag}},
			{200, []string{hash}},
			{200, []string{tag[:len(tag)-2] + `"`}},
			{200, []string{`"x` + tag[1:]}},
			{200, []string{strings.ToUpper(tag)}},
			{200, []string{"w/" + tag}},
			{200, []string{`"unclosed, ` + tag}},
			{200, []string{`*, ` + tag}},
			{200, []string{tag + tag}},
			{200, []string{"\xff\xfe"}},
			{200, []string{""}},
		} {
			var lines []string
			for _, l := range c.lines {
				lines = append(lines, "If-None-Match: "+l)
			}
			if a := s.raw("GET", path, lines...); a.status != c.want {
				t.Errorf("%s with %.100q: %d, want %d", path, lines, a.status, c.want)
			}
		}
	}
}

func ifModifiedSince(t *testing.T, s *server) {
	for _, path := range some {
		a := s.raw("GET", path)
		at, err := http.ParseTime(a.header.Get("Last-Modified"))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, c := range []struct {
			want  int
			lines []string
		}{
			{304, []string{at.Format(http.TimeFormat)}},
			{304, []string{at.Format("Monday, 02-Jan-06 15:04:05 GMT")}},
			{304, []string{at.Format(time.ANSIC)}},
			{304, []string{at.Add(time.Hour).Format(http.TimeFormat)}},
			{200, []string{at.Add(-time.Second).Format(http.TimeFormat)}},
			{200, []string{"tomorrow"}},
			{200, []string{"0"}},
			{200, []string{at.Format(http.TimeFormat) + "\r\nIf-None-Match: \"other\""}},
			{200, []string{at.Format(http.TimeFormat) + "\r\nIf-None-Match: junk"}},
			{304, []string{"junk\r\nIf-None-Match: " + a.header.Get("Etag")}},
		} {
			for _, method := range []string{"GET", "HEAD"} {
				if b := s.raw(method, path, "If-Modified-Since: "+c.lines[0]); b.status != c.want {
					t.Errorf("%s %s with If-Modified-Since %q: %d, want %d", method, path, c.lines, b.status, c.want)
				}
			}
		}
	}
}

func onlyWhere2xx(t *testing.T, s *server) {
	since := "If-Modified-Since: " + time.Now().UTC().Format(http.TimeFormat)
	for _, line := range []string{"If-None-Match: *", since} {
		s.raw("GET", "/tag/never-seen.rss", line).refused(t, line, 404)
		s.raw("GET", "/feed.rss?limit=x&bogus=1", line).refused(t, line, 400)
		s.raw("DELETE", "/feed.rss", line).refused(t, line, 405)
		s.raw("GET", "/category/C%23.rss", line).want(t, line, 301, "Location", "/category/c%23.rss")
	}
}

func notModifiedHeaders(t *testing.T, s *server) {
	for _, path := range some {
		for _, coding := range []string{"identity", "gzip"} {
			full := s.raw("GET", path, "Accept-Encoding: "+coding)
			for _, line := range []string{"If-None-Match: " + full.header.Get("Etag"), "If-Modified-Since: " + full.header.Get("Last-Modified")} {
				a := s.raw("GET", path, "Accept-Encoding: "+coding, line)
				a.want(t, path+" with "+line, 304, "Content-Length", "", "Content-Type", "", "Content-Encoding", "", "Transfer-Encoding", "")
				for _, name := range []string{"Etag", "Cache-Control", "Vary", "Last-Modified", "Access-Control-Allow-Origin"} {
					if x, y := a.header.Get(name), full.header.Get(name); x != y {
						t.Errorf("%s with %s: %s is %q, of the 200 it was %q", path, line, name, x, y)
					}
				}
				if a.body != "" || a.header.Get("Date") == "" {
					t.Errorf("%s: body %q, Date %q", path, a.body, a.header.Get("Date"))
				}
			}
		}
	}
}

func heads(t *testing.T, s *server) {
	for _, path := range append([]string{"/", "/category/c%23", "/never", "/tag/never.rss", "/feed.xml", "/feed.rss?x=1", "/robots.txt"}, some...) {
		for _, coding := range []string{"identity", "gzip", "br"} {
			get, head := s.raw("GET", path, "Accept-Encoding: "+coding), s.raw("HEAD", path, "Accept-Encoding: "+coding)
			get.header.Del("Date")
			head.header.Del("Date")
			if fmt.Sprint(get.status, get.header) != fmt.Sprint(head.status, head.header) || head.body != "" {
				t.Errorf("%s %s:\nGET  %d %v\nHEAD %d %v %q", coding, path, get.status, get.header, head.status, head.header, head.body)
			}
		}
	}
}

func contentCodings(t *testing.T, s *server) {
	for _, path := range some {
		tags := map[string]string{}
		plain := s.raw("GET", path, "Accept-Encoding: identity").body
		for _, c := range []struct{ accept, want string }{
			{"gzip", "gzip"},
			{"x-gzip", "gzip"},
			{"GZIP;Q=0.5", "gzip"},
			{"br", "hot"},
			{"zstd", "hot"},
			{"identity", ""},
			{"", ""},
			{"deflate", ""},
			{"gzip;q=0", ""},
			{"gzip;q=0, *", ""},
			{"identity;q=0", "406"},
			{"*;q=0", "406"},
			{"identity;q=1, gzip;q=0.2", ""},
			{"gzip;q=0.000, identity;q=0", "406"},
			{"gzip;q=2", ""},
			{"gzip;q=0.1234", ""},
			{";;;,,=", ""},
			{"*", "any"},
		} {
			a := s.raw("GET", path, "Accept-Encoding: "+c.accept)
			if c.want == "406" {
				a.refused(t, path+" "+c.accept, 406)
				continue
			}
			coding := a.header.Get("Content-Encoding")
			if a.status != 200 || c.want == "hot" && coding != "" && coding != c.accept || c.want != "hot" && c.want != "any" && coding != c.want {
				t.Errorf("%s with Accept-Encoding %q: %d in %q, want %q", path, c.accept, a.status, coding, c.want)
				continue
			}
			a.want(t, path+" "+c.accept, 200, "Vary", "Accept-Encoding", "Content-Length", strconv.Itoa(len(a.body)))
			tag := a.header.Get("Etag")
			if was, ok := tags[coding]; ok && was != tag {
				t.Errorf("%s in %q: ETags %s and %s", path, coding, was, tag)
			}
			tags[coding] = tag
			if got := decoded(t, coding, a.body); got != plain {
				t.Errorf("%s in %q: other bytes than identity", path, coding)
			}
			s.raw("GET", path, "Accept-Encoding: "+c.accept, "If-None-Match: "+tag).want(t, path+" "+c.accept, 304, "Etag", tag, "Vary", "Accept-Encoding")
		}
		seen := map[string]bool{}
		for coding, tag := range tags {
			if seen[tag] {
				t.Errorf("%s: the ETag in %q is also that of another coding", path, coding)
			}
			seen[tag] = true
		}
		for range 20 {
			s.raw("GET", path, "Accept-Encoding: br")
		}
		until(t, "brotli of "+path, func() bool {
			return s.raw("GET", path, "Accept-Encoding: gzip, br").header.Get("Content-Encoding") == "br"
		})
		tags["br"] = s.raw("GET", path, "Accept-Encoding: br").header.Get("Etag")
		if s.raw("GET", path, "Accept-Encoding: identity", "If-None-Match: "+tags["br"]).status != 200 {
			t.Errorf("%s: a validator of br matches where only identity is taken", path)
		}
	}
}

func ranges(t *testing.T, s *server) {
	for _, line := range []string{"bytes=0-9", "bytes=9-0", "bytes=-5", "bytes=99999999999999999999-", "lines=1", "bytes=0-1,2-3"} {
		if a := s.raw("GET", "/feed.rss", "Range: "+line); a.status != 200 && a.status != 206 && a.status != 416 || a.status == 200 && len(a.body) < 100 {
			t.Errorf("Range %s: %d with %d bytes", line, a.status, len(a.body))
		}
	}
}

func methods(t *testing.T, s *server) {
	for _, path := range []string{"/feed.rss", "/", "/tag/never.rss", "/opml"} {
		for _, m := range []string{"POST", "PUT", "DELETE", "PATCH", "TRACE", "get", "PROPFIND", "BREW"} {
			s.raw(m, path, "Content-Length: 0").want(t, m+" "+path, 405, "Allow", "GET, HEAD, OPTIONS", "Cache-Control", "no-store")
		}
		a := s.raw("OPTIONS", path, "Origin: https://reader.example", "Access-Control-Request-Method: GET")
		a.want(t, "OPTIONS "+path, 204, "Allow", "GET, HEAD, OPTIONS", "Access-Control-Allow-Origin", "*", "Content-Length", "")
	}
	if a := s.raw("OPTIONS", "*"); a.status != 200 && a.status != 204 {
		t.Errorf("OPTIONS *: %d", a.status)
	}
	if a := s.raw("CONNECT", "elsewhere.invalid:443"); a.status < 400 || a.status >= 500 {
		t.Errorf("CONNECT: %d", a.status)
	}
}

func unknownAndMoved(t *testing.T, s *server) {
	for _, path := range []string{
		"/tag/never.rss", "/category/never", "/source/never.json", "/no", "/feed", "/wp-login.php", "/feed.opml", "/all/x.rss", "/category/.rss", "/category//.rss",
		"/category/a/b.rss", "/metrics", "/status", "/healthz", "/debug/pprof/", "/category/%FF.rss",
	} {
		a := s.raw("GET", path)
		if path == "/feed" {
			a.want(t, path, 200)
			continue
		}
		a.refused(t, path, 404)
	}
	if a := s.raw("GET", "/tag/%E8%AF%81%E5%88%B8%E6%97%B6%E6%8A%A5%E7%BD%91.rss"); !strings.Contains(a.body, "%E6%96%B0%E9%97%BB.rss") {
		t.Errorf("the nearest name is not named:\n%s", a.body)
	}
	for from, to := range map[string]string{
		"/feed.xml":                             "/feed.atom",
		"/feed/by_tag/C%23.xml":                 "/tag/c%23.atom",
		"/feed/by_tag/证券时报网新闻.xml":              "/tag/%E8%AF%81%E5%88%B8%E6%97%B6%E6%8A%A5%E7%BD%91%E6%96%B0%E9%97%BB.atom",
		"/feed/c++.xml":                         "/category/c++.atom",
		"/category/C++.rss":                     "/category/c++.rss",
		"/tag/Two%20%20Words.json":              "/tag/two-words.json",
		"/tag/E\u0301CLAIR.rss":                 "/tag/%C3%A9clair.rss",
		"/tag/%65%CC%81clair.atom":              "/tag/%C3%A9clair.atom",
		"/category/c/":                          "/category/c",
		"/category/c.rss?utm_source=x&fbclid=y": "",
		"/category/C.rss?utm_source=x":          "/category/c.rss",
		"/feed.atom?_=1":                        "",
		"/category/c%2b%2b.rss":                 "",
		"/category/c++.rss":                     "",
		"/category/%63.rss":                     "",
		"http://other.example/feed.rss":         "",
		"/tag/🚀.rss":                            "",
		"/tag/%F0%9F%9A%80.rss":                 "",
		"/tag/שלום.json":                        "",
		"/category/a%2Fb.atom":                  "",
		"/category/a%2fb.atom":                  "",
		"/category/..~.atom":                    "",
		"/category/x.rss~.rss":                  "",
		"/category/tilde~~.rss":                 "",
		"/author/%E8%AF%81%E5%88%B8%E6%97%B6%E6%8A%A5%E7%BD%91%E6%96%B0%E9%97%BB": "",
	} {
		a := s.raw("GET", from)
		if to == "" {
			a.want(t, from, 200)
			continue
		}
		a.want(t, from, 301, "Location", to)
		if a.status == 301 {
			s.raw("GET", a.header.Get("Location")).want(t, from+" → "+to, 200)
		}
	}
}

func hosts(t *testing.T, s *server) {
	for _, path := range append([]string{"/", "/category/c%23", "/tag/never.rss", "/feed.xml"}, some...) {
		for _, target := range []string{path, "http://elsewhere.invalid" + path} {
			w := dial(t, s.Addr())
			w.send("GET " + target + " HTTP/1.1\r\nHost: elsewhere.invalid\r\nX-Forwarded-Host: elsewhere.invalid\r\nForwarded: host=elsewhere.invalid;proto=gopher\r\n" +
				"X-Forwarded-Proto: gopher\r\nX-Original-URL: /elsewhere.invalid\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n")
			a, _ := w.answer("GET")
			if all := fmt.Sprint(a.header) + a.body; strings.Contains(all, "elsewhere.invalid") || strings.Contains(all, "gopher") {
				t.Errorf("%s: the request's host is in the answer", target)
			}
		}
	}
}

func linkHeader(t *testing.T, s *server) {
	for _, path := range s.paths() {
		a := s.raw("GET", path, "Accept-Encoding: identity")
		media, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
		a.want(t, path, 200, "Link", `<https://feeds.example.com`+path+`>; rel="self"; type="`+media+`", <https://feeds.example.com/hub>; rel="hub"`)
		// WebSub §4: the document says it, too.
		says := []string{`href="https://feeds.example.com` + xmlEscape(path) + `" rel="self"`, `href="https://feeds.example.com/hub" rel="hub"`}
		if strings.HasSuffix(path, ".json") {
			says = []string{`"hubs":[{"type":"WebSub","url":"https://feeds.example.com/hub"}]`}
		}
		for _, want := range says {
			if strings.Count(a.body, want) != 1 {
				t.Errorf("%s does not say %s once", path, want)
			}
		}
	}
}

func xmlEscape(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err)
	}
	return b.String()
}

var (
	alternateTag = regexp.MustCompile(`<link rel="alternate" type="([^"]+)" title="([^"]+)" href="([^"]+)">`)
	entityForm   = regexp.MustCompile(`&(amp|#43|#39|#34|lt|gt|quot);`)
)

func unescapeHTML(s string) string {
	return entityForm.ReplaceAllStringFunc(s, func(e string) string {
		return map[string]string{"&amp;": "&", "&#43;": "+", "&#39;": "'", "&#34;": `"`, "&lt;": "<", "&gt;": ">", "&quot;": `"`}[e]
	})
}

func pages(t *testing.T, s *server) {
	paths := []string{"/"}
	for _, p := range s.paths() {
		if stem, ok := strings.CutSuffix(p, ".rss"); ok {
			paths = append(paths, stem)
		}
	}
	for _, path := range paths {
		a := s.raw("GET", path, "Accept-Encoding: identity")
		a.want(t, path, 200, "Content-Type", "text/html; charset=utf-8", "Cache-Control", "no-cache", "X-Content-Type-Options", "nosniff", "Set-Cookie", "")
		head, _, _ := strings.Cut(a.body, "</head>")
		links := alternateTag.FindAllStringSubmatch(head, -1)
		titles := map[string]bool{}
		if len(links) < 3 {
			t.Errorf("%s: %d links to feeds in its head, want 3", path, len(links))
			continue
		}
		for i, l := range links[:3] {
			media, title := unescapeHTML(l[1]), l[2]
			if media != formats[i].MediaType || titles[title] {
				t.Errorf("%s: link %d is of type %s with title %q", path, i, media, title)
			}
			titles[title] = true
			feed, ok := strings.CutPrefix(unescapeHTML(l[3]), "https://feeds.example.com")
			if !ok {
				t.Errorf("%s: link to %s", path, l[3])
				continue
			}
			// The index leads to the pages that show addresses to copy, and to the documents.
			if path == "/" && strings.Contains(unescapeHTML(a.body), `<a href="https://feeds.example.com`+feed+`"`) {
				continue
			}
			if !strings.Contains(unescapeHTML(a.body), "https://feeds.example.com"+feed+"<") && !strings.Contains(unescapeHTML(a.body), `value="https://feeds.example.com`+feed) {
				t.Errorf("%s does not show the address %s to copy", path, feed)
			}
			if b := s.raw("GET", feed); b.status != 200 || !strings.HasPrefix(b.header.Get("Content-Type"), media) {
				t.Errorf("%s: its feed %s is a %d of %s", path, feed, b.status, b.header.Get("Content-Type"))
			}
		}
		// The one script is a file of ours under a name of its content; the policy lets no other run.
		if n := strings.Count(a.body, "<script"); n > 1 || n != len(ownScript.FindAllString(a.body, -1)) || !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s has other scripts, or a policy that lets them run: %s", path, a.header.Get("Content-Security-Policy"))
		}
		s.raw("GET", path, "If-None-Match: "+s.raw("GET", path).header.Get("Etag")).want(t, path, 304, "Cache-Control", "no-cache")
	}
}

// ownScript is the script of pages.
var ownScript = regexp.MustCompile(`<script src="/[a-z]+[.-][0-9a-f]+\.js"></script>`)

func sniffing(t *testing.T, s *server) {
	for _, path := range some {
		want := s.raw("GET", path, "Accept-Encoding: identity")
		if strings.Contains(want.body, "<?xml-stylesheet") || strings.Contains(want.body, "<script") && !strings.Contains(want.body, "&lt;script") && !strings.HasSuffix(path, ".json") {
			t.Errorf("%s has a style sheet or a script", path)
		}
		for _, line := range []string{"Accept: text/html", "Accept: application/json;q=1", "Accept: image/*", "User-Agent: Mozilla/5.0 (Windows NT 10.0)", "User-Agent: ", "Accept-Language: zh", "Cookie: a=b", "DNT: 1"} {
			a := s.raw("GET", path, "Accept-Encoding: identity", line)
			if a.status != 200 || a.body != want.body || a.header.Get("Content-Type") != want.header.Get("Content-Type") || a.header.Get("Etag") != want.header.Get("Etag") {
				t.Errorf("%s with %s is another document", path, line)
			}
		}
	}
}

type outlineNode struct {
	Text    string        `xml:"text,attr"`
	Title   string        `xml:"title,attr"`
	Type    string        `xml:"type,attr"`
	XMLURL  string        `xml:"xmlUrl,attr"`
	HTMLURL string        `xml:"htmlUrl,attr"`
	Nodes   []outlineNode `xml:"outline"`
}

func outlines(t *testing.T, s *server) {
	published := map[string]bool{}
	for _, p := range s.paths() {
		if strings.HasSuffix(p, ".rss") {
			published["https://feeds.example.com"+p] = true
		}
	}
	for _, path := range []string{"/opml", "/opml/category", "/opml/tag", "/opml/source", "/opml/author", "/opml/lang"} {
		a := s.raw("GET", path, "Accept-Encoding: identity")
		var doc struct {
			Version string        `xml:"version,attr"`
			Title   string        `xml:"head>title"`
			Created string        `xml:"head>dateCreated"`
			Nodes   []outlineNode `xml:"body>outline"`
		}
		if err := xml.Unmarshal([]byte(a.body), &doc); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if _, err := time.Parse(http.TimeFormat, doc.Created); err != nil || doc.Version != "2.0" || doc.Title == "" {
			t.Errorf("%s: version %q, title %q, created %q", path, doc.Version, doc.Title, doc.Created)
		}
		listed := map[string]bool{}
		var walk func([]outlineNode)
		walk = func(nodes []outlineNode) {
			for _, n := range nodes {
				if n.Text == "" || n.Title == "" {
					t.Errorf("%s: an outline has text %q and title %q", path, n.Text, n.Title)
				}
				if n.XMLURL == "" {
					walk(n.Nodes)
					continue
				}
				u, err := url.Parse(n.XMLURL)
				if n.Type != "rss" || n.HTMLURL+".rss" != n.XMLURL || err != nil || u.Host != "feeds.example.com" || listed[n.XMLURL] || !published[n.XMLURL] {
					t.Errorf("%s: %+v", path, n)
				}
				listed[n.XMLURL] = true
			}
		}
		walk(doc.Nodes)
		kind := strings.TrimPrefix(strings.TrimPrefix(path, "/opml"), "/")
		for p := range published {
			if strings.Contains(p, "/"+kind) && !listed[p] && !slices.Contains([]string{"https://feeds.example.com/feed.rss"}, p) {
				t.Errorf("%s does not list %s", path, p)
			}
		}
	}
}

func adminIsElsewhere(t *testing.T, s *server) {
	public := *s
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/status": 200, "/debug/pprof/": 200} {
		public.get(path).refused(t, path+" in public", 404)
		res, err := http.Get("http://" + s.AdminAddr() + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s of the admin listener: %d", path, res.StatusCode)
		}
	}
}

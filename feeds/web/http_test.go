package web

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The rows H1–H20 of the checklist, each against a real server.

func TestH1HeadersOfA200(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/feed.rss", "/category/go.atom", "/opml"} {
		a := r.get(path)
		r.want(a, 200, "Vary", "Accept-Encoding", "Last-Modified", epoch.Format(http.TimeFormat),
			"Cache-Control", "public, max-age=600, stale-while-revalidate=600, stale-if-error=86400")
		tag := a.Header.Get("ETag")
		if len(tag) < 10 || tag[0] != '"' || tag[len(tag)-1] != '"' {
			t.Errorf("%s: ETag %s is not a strong one in quotes", path, tag)
		}
		for _, name := range []string{"Date", "Content-Type", "Content-Length"} {
			if a.Header.Get(name) == "" {
				t.Errorf("%s: no %s", path, name)
			}
		}
	}
	r.want(r.get("/feed.rss"), 200, "Link", `<https://feeds.example/feed.rss>; rel="self"; type="application/rss+xml"`)
}

func TestH1LastModifiedWaitsUntilItsSecondIsPast(t *testing.T) {
	r := newRig(t)
	r.now.Store(epoch.Unix() + 1)
	a := r.get("/feed.rss")
	r.want(a, 200, "Last-Modified", "")
	// Without the date in the answer it means nothing in a request either.
	r.want(r.get("/feed.rss", "If-Modified-Since: "+epoch.Format(http.TimeFormat)), 200)
	r.want(r.get("/feed.rss", "If-None-Match: "+a.Header.Get("ETag")), 304, "Last-Modified", "")
	r.now.Store(epoch.Unix() + 2)
	r.want(r.get("/feed.rss"), 200, "Last-Modified", epoch.Format(http.TimeFormat))
	r.want(r.get("/feed.rss", "If-Modified-Since: "+epoch.Format(http.TimeFormat)), 304)
	// A store whose clock is ahead of ours: nothing from the future.
	moved := r.store.put(epoch.Add(time.Hour), post(9, "Go"))
	r.web.Changed(moved...)
	r.want(r.get("/feed.rss"), 200, "Last-Modified", "")
}

func TestH2ContentTypes(t *testing.T) {
	r := newRig(t)
	for path, want := range map[string]string{
		"/feed.rss":      "application/rss+xml; charset=utf-8",
		"/feed.atom":     "application/atom+xml; charset=utf-8",
		"/feed.json":     "application/feed+json",
		"/opml":          "text/x-opml; charset=utf-8",
		"/":              "text/html; charset=utf-8",
		"/category/go":   "text/html; charset=utf-8",
		styleURL:         "text/css; charset=utf-8",
		"/robots.txt":    "text/plain; charset=utf-8",
		"/favicon.svg":   "image/svg+xml",
		"/feed.rss?_=17": "application/rss+xml; charset=utf-8",
	} {
		r.want(r.get(path), 200, "Content-Type", want, "X-Content-Type-Options", "nosniff")
	}
	r.want(r.get("/no"), 404, "Content-Type", "text/plain; charset=utf-8", "X-Content-Type-Options", "nosniff")
}

func TestH3IfNoneMatch(t *testing.T) {
	r := newRig(t)
	tag := r.get("/feed.rss").Header.Get("ETag")
	hash := strings.Trim(tag, `"`)
	for _, c := range []struct {
		lines []string
		want  int
	}{
		{[]string{tag}, 304},
		{[]string{"W/" + tag}, 304},
		{[]string{"*"}, 304},
		{[]string{`"a,b", ` + tag}, 304},
		{[]string{`"a", , ,` + tag + ` ,`}, 304},
		{[]string{"\t" + tag + " \t"}, 304},
		{[]string{`"first"`, tag}, 304},
		{[]string{"", tag}, 304},
		{[]string{`"` + tag[1:len(tag)-2] + `"`}, 200},         // prefix
		{[]string{`"x` + hash + `"`}, 200},                     // substring
		{[]string{strings.ToUpper(tag)}, 200},                  // folded
		{[]string{hash}, 200},                                  // no quotes
		{[]string{"w/" + tag}, 200},                            // weak is W/
		{[]string{"W/ " + tag}, 200},                           //
		{[]string{`"x` + tag}, 200},                            //
		{[]string{tag + tag}, 200},                             // no comma
		{[]string{tag + ` junk`}, 200},                         //
		{[]string{`*, ` + tag}, 200},                           // * stands alone
		{[]string{tag, "*"}, 200},                              //
		{[]string{`"a` + tag + `b"`}, 200},                     //
		{[]string{`"unclosed`}, 200},                           //
		{[]string{""}, 200},                                    //
		{[]string{","}, 200},                                   //
		{[]string{`"a", "b"`}, 200},                            //
		{[]string{strings.Repeat(`"a",`, 5000) + tag}, 304},    //
		{[]string{strings.Repeat(`"`, 999)}, 200},              //
		{[]string{`"` + hash + `,` + `"`}, 200},                // a comma is part of the tag
		{[]string{strings.TrimSuffix(tag, `"`) + `-gz"`}, 304}, // our gzip of the same bytes: may be sent without Accept-Encoding
	} {
		fields := []string{}
		for _, l := range c.lines {
			fields = append(fields, "If-None-Match: "+l)
		}
		a := r.get("/feed.rss", fields...)
		if a.StatusCode != c.want {
			t.Errorf("If-None-Match %.80q: %d, want %d", c.lines, a.StatusCode, c.want)
		}
	}
}

func TestH4IfModifiedSince(t *testing.T) {
	r := newRig(t)
	tag := r.get("/feed.rss").Header.Get("ETag")
	later := epoch.Add(time.Second)
	for _, c := range []struct {
		fields []string
		want   int
	}{
		{[]string{"If-Modified-Since: " + epoch.Format(http.TimeFormat)}, 304},
		{[]string{"If-Modified-Since: " + later.Format(http.TimeFormat)}, 304},
		{[]string{"If-Modified-Since: " + epoch.Format("Monday, 02-Jan-06 15:04:05 GMT")}, 304},
		{[]string{"If-Modified-Since: " + epoch.Format(time.ANSIC)}, 304},
		{[]string{"If-Modified-Since: " + epoch.Add(-time.Second).Format(http.TimeFormat)}, 200},
		{[]string{"If-Modified-Since: yesterday"}, 200},
		{[]string{"If-Modified-Since: "}, 200},
		{[]string{"If-Modified-Since: " + epoch.Format(http.TimeFormat), "If-Modified-Since: " + epoch.Format(http.TimeFormat)}, 200},
		{[]string{"If-Modified-Since: " + later.Format(http.TimeFormat), `If-None-Match: "other"`}, 200},
		{[]string{"If-Modified-Since: " + later.Format(http.TimeFormat), `If-None-Match: junk`}, 200},
		{[]string{"If-Modified-Since: " + epoch.AddDate(-1, 0, 0).Format(http.TimeFormat), "If-None-Match: " + tag}, 304},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			if a := r.do(method, "/feed.rss", c.fields...); a.StatusCode != c.want {
				t.Errorf("%s with %q: %d, want %d", method, c.fields, a.StatusCode, c.want)
			}
		}
	}
	r.want(r.do("POST", "/feed.rss", "If-Modified-Since: "+later.Format(http.TimeFormat)), 405)
}

func TestH5PreconditionsOnlyWhere2xxWouldBe(t *testing.T) {
	r := newRig(t)
	r.want(r.get("/category/never.rss", "If-None-Match: *"), 404)
	r.want(r.get("/category/never.rss", "If-Modified-Since: "+epoch.AddDate(9, 0, 0).Format(http.TimeFormat)), 404)
	r.want(r.get("/category/GO.rss", "If-None-Match: *"), 301)
	r.want(r.get("/feed.rss?x=q", "If-None-Match: *"), 400)
	r.want(r.do("DELETE", "/feed.rss", "If-None-Match: *"), 405)
}

func TestH6NotModifiedHasTheRightFields(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/feed.rss", "/opml", "/category/go"} {
		ok := r.get(path, "Accept-Encoding: gzip")
		tag := ok.Header.Get("ETag")
		a := r.get(path, "Accept-Encoding: gzip", "If-None-Match: "+tag)
		r.want(a, 304, "ETag", tag, "Cache-Control", ok.Header.Get("Cache-Control"), "Vary", ok.Header.Get("Vary"),
			"Last-Modified", ok.Header.Get("Last-Modified"), "Access-Control-Allow-Origin", "*",
			"Content-Length", "", "Content-Type", "", "Content-Encoding", "")
		if a.Header.Get("Date") == "" || a.body != "" {
			t.Errorf("%s: 304 without Date, or with body %q", path, a.body)
		}
	}
}

func TestH7HeadIsGetWithoutBody(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/", "/feed.rss", "/feed.json", "/opml/category", "/category/go", styleURL, "/no", "/category/never.rss", "/feed.xml", "/feed.rss?bad=1"} {
		for _, coding := range []string{"identity", "gzip"} {
			get, head := r.get(path, "Accept-Encoding: "+coding), r.do("HEAD", path, "Accept-Encoding: "+coding)
			if get.StatusCode != head.StatusCode || head.body != "" {
				t.Errorf("%s: HEAD %d with body %q, GET %d", path, head.StatusCode, head.body, get.StatusCode)
			}
			get.Header.Del("Date")
			head.Header.Del("Date")
			if g, h := fmt.Sprint(get.Header), fmt.Sprint(head.Header); g != h {
				t.Errorf("%s %s:\n GET  %s\n HEAD %s", path, coding, g, h)
			}
		}
	}
}

func TestH8Codings(t *testing.T) {
	r := newRig(t)
	plainBody := r.get("/feed.rss").body
	tags := map[string]string{}
	for _, c := range []struct {
		accept []string
		want   string // Content-Encoding; "406" for none
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{"gzip"}, "gzip"},
		{[]string{"GZip"}, "gzip"},
		{[]string{"x-gzip"}, "gzip"},
		{[]string{"gzip, deflate, br"}, "gzip"},
		{[]string{"deflate", "gzip"}, "gzip"},
		{[]string{"gzip;q=0"}, ""},
		{[]string{"gzip; q=0.001"}, "gzip"},
		{[]string{"gzip;q=0.000"}, ""},
		{[]string{"gzip;q=0.5, identity;q=0.8"}, ""},
		{[]string{"gzip;q=0.8, identity;q=0.5"}, "gzip"},
		{[]string{"identity"}, ""},
		{[]string{"*"}, "gzip"},
		{[]string{"*;q=0"}, "406"},
		{[]string{"identity;q=0"}, "406"},
		{[]string{"identity;q=0, gzip"}, "gzip"},
		{[]string{"*;q=0, gzip"}, "gzip"},
		{[]string{"*, gzip;q=0"}, ""},
		{[]string{"gzip;q=abc"}, ""},
		{[]string{"gzip;q=1.5"}, ""},
		{[]string{"gzip;q="}, ""},
		{[]string{"gzip;q=0.1234"}, ""},
		{[]string{"gzip;q=1.000;x=y"}, "gzip"},
		{[]string{";;;,,,=q"}, ""},
		{[]string{"gzipped, xgzip"}, ""},
		{[]string{"br, identity;q=0"}, "br"}, // nothing else will do
		{[]string{"identity;q=0, *;q=0, zstd"}, "zstd"},
	} {
		var fields []string
		for _, l := range c.accept {
			fields = append(fields, "Accept-Encoding: "+l)
		}
		a := r.get("/category/go.rss", fields...)
		if c.want == "406" {
			r.want(a, 406, "Cache-Control", "no-store")
			continue
		}
		r.want(a, 200, "Content-Encoding", c.want, "Vary", "Accept-Encoding", "Content-Length", fmt.Sprint(len(a.body)))
		if t.Failed() {
			t.Fatalf("Accept-Encoding %q", c.accept)
		}
		tags[c.want] = a.Header.Get("ETag")
		if got := decode(t, c.want, a.body); got != r.get("/category/go.rss").body {
			t.Errorf("Accept-Encoding %q: other text in %s", c.accept, c.want)
		}
	}
	if plainBody == "" || len(tags) != 4 {
		t.Fatalf("codings seen: %v", tags)
	}
	seen := map[string]bool{}
	for coding, tag := range tags {
		if seen[tag] {
			t.Errorf("two codings share the ETag %s", tag)
		}
		seen[tag] = true
		accept := coding
		if coding == "" {
			accept = "identity"
		}
		r.want(r.get("/category/go.rss", "Accept-Encoding: "+accept, "If-None-Match: "+tag), 304, "ETag", tag, "Vary", "Accept-Encoding")
	}
	// What a client may not be sent, its validator does not stand for.
	r.want(r.get("/category/go.rss", "Accept-Encoding: identity", "If-None-Match: "+tags["gzip"]), 200)
	r.want(r.get("/category/go.rss", "Accept-Encoding: gzip, br", "If-None-Match: "+tags["gzip"]), 304, "ETag", tags["gzip"])
}

func TestH8BrotliIsKeptOnceItIsAskedForOften(t *testing.T) {
	r := newRig(t)
	for range hot {
		r.want(r.get("/feed.rss", "Accept-Encoding: gzip, deflate, br"), 200)
	}
	r.web.wg.Wait()
	a := r.get("/feed.rss", "Accept-Encoding: gzip, deflate, br")
	r.want(a, 200, "Content-Encoding", "br")
	if decode(t, "br", a.body) != r.get("/feed.rss").body {
		t.Error("br says something else")
	}
	// Others are not bothered.
	r.want(r.get("/feed.rss", "Accept-Encoding: gzip"), 200, "Content-Encoding", "gzip")
	r.want(r.get("/feed.rss", "Accept-Encoding: gzip, br;q=0.5"), 200, "Content-Encoding", "gzip")
	r.want(r.get("/feed.rss", "Accept-Encoding: gzip, br", "If-None-Match: "+r.get("/feed.rss", "Accept-Encoding: gzip").Header.Get("ETag")), 304)
}

func decode(t *testing.T, coding, body string) string {
	t.Helper()
	var in io.Reader = strings.NewReader(body)
	switch coding {
	case "gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			t.Fatal(err)
		}
		in = z
	case "br":
		in = brotli.NewReader(in)
	case "zstd":
		z, err := zstd.NewReader(in)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		in = z
	}
	b, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestH9RangesAreIgnored(t *testing.T) {
	r := newRig(t)
	whole := r.get("/feed.rss")
	for _, v := range []string{"bytes=0-9", "bytes=-1", "bytes=9-1", "junk", "bytes=99999999999999999999-"} {
		a := r.get("/feed.rss", "Range: "+v, `If-Range: "x"`)
		r.want(a, 200, "Accept-Ranges", "", "Content-Range", "")
		if a.body != whole.body {
			t.Errorf("Range %s: another body", v)
		}
	}
}

func TestH10CacheableWithoutCookies(t *testing.T) {
	r := newRig(t, func(s *Site, _ *Options) { s.MaxAge = 30 * time.Minute })
	a := r.get("/feed.rss")
	r.want(a, 200, "Cache-Control", "public, max-age=1800, stale-while-revalidate=1800, stale-if-error=86400", "Set-Cookie", "", "Expires", "", "Pragma", "")
	if ttl := a.doc(t).TTL; ttl != 1800 {
		t.Errorf("ttl %d is not max-age", ttl)
	}
}

func TestH11Methods(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/", "/feed.rss", "/no"} {
		for _, m := range []string{"POST", "PUT", "DELETE", "PATCH", "TRACE", "get", "PROPFIND", "BREW"} {
			a := r.do(m, path, "X-Secret: hidden")
			r.want(a, 405, "Allow", "GET, HEAD, OPTIONS", "Cache-Control", "no-store")
			if strings.Contains(a.body, "hidden") {
				t.Errorf("%s echoes the request", m)
			}
		}
		r.want(r.do("OPTIONS", path), 204, "Allow", "GET, HEAD, OPTIONS")
	}
}

func TestH12GoneAndMoved(t *testing.T) {
	r := newRig(t)
	r.want(r.get("/category/never.rss"), 404, "Cache-Control", "no-store")
	r.want(r.get("/nowhere"), 404, "Cache-Control", "no-store")
	r.want(r.get("/feed.php"), 404)
	// A topic that has had an item stays, empty.
	r.web.Changed(r.store.put(epoch, post(8, "once"))...)
	r.want(r.get("/category/once.rss"), 200)
	r.web.Changed(r.store.withdraw(epoch.Add(time.Minute), "urn:x:8")...)
	a := r.get("/category/once.rss")
	r.want(a, 200)
	if n := len(a.doc(t).Items); n != 0 {
		t.Errorf("%d items in an empty topic", n)
	}
	r.want(r.get("/category/once"), 200)
}

func TestH13HostIsNeverReflected(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/", "/feed.rss", "/opml", "/category/go", "/category/never", "/category/GO.rss", "/feed.xml"} {
		req, err := http.NewRequest("GET", r.http.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "evil.example"
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Original-URL", "X-Rewrite-URL"} {
			req.Header.Set(name, "evil.example")
		}
		resp, err := wire.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		all := new(bytes.Buffer)
		if err := resp.Write(all); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if strings.Contains(all.String(), "evil") {
			t.Errorf("%s: the answer holds the client's Host", path)
		}
	}
}

func TestH14HostileRequests(t *testing.T) {
	r := newRig(t)
	long := strings.Repeat("a", 8<<10)
	for name, c := range map[string]struct {
		raw  string
		want []string // status, any of; "" for a closed connection
	}{
		"huge header":     {"GET /feed.rss HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 1<<20) + "\r\n\r\n", []string{"431", ""}},
		"long path":       {"GET /category/" + long + ".rss HTTP/1.1\r\nHost: x\r\n\r\n", []string{"301", "404", "414"}},
		"CL and TE":       {"POST /feed.rss HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", []string{"400", "405"}},
		"two CL":          {"GET /feed.rss HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n", []string{"400"}},
		"no host":         {"GET /feed.rss HTTP/1.1\r\n\r\n", []string{"400"}},
		"two hosts":       {"GET /feed.rss HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", []string{"400"}},
		"absolute form":   {"GET http://y.example/feed.rss HTTP/1.1\r\nHost: x\r\n\r\n", []string{"200"}},
		"absolute, bare":  {"GET http://y.example HTTP/1.1\r\nHost: x\r\n\r\n", []string{"200"}},
		"HTTP/1.0":        {"GET /feed.rss HTTP/1.0\r\n\r\n", []string{"200"}},
		"traversal":       {"GET /category/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", []string{"404"}},
		"hidden traverse": {"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", []string{"404"}},
		"CRLF":            {"GET /category/a%0d%0aSet-Cookie:%20x=1.rss HTTP/1.1\r\nHost: x\r\n\r\n", []string{"301", "404"}},
		"NUL":             {"GET /category/%00.rss HTTP/1.1\r\nHost: x\r\n\r\n", []string{"404"}},
		"not UTF-8":       {"GET /category/%ff%fe.rss HTTP/1.1\r\nHost: x\r\n\r\n", []string{"404"}},
		"bad escape":      {"GET /category/%zz.rss HTTP/1.1\r\nHost: x\r\n\r\n", []string{"400"}},
		"slashes":         {"GET //evil.example/.. HTTP/1.1\r\nHost: x\r\n\r\n", []string{"404"}},
		"query of junk":   {"GET /feed.rss?%zz;=&& HTTP/1.1\r\nHost: x\r\n\r\n", []string{"400"}},
		"asterisk":        {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", []string{"200", "204"}},
		"connect":         {"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", []string{"405"}},
	} {
		got, head := r.raw(c.raw)
		ok := false
		for _, w := range c.want {
			ok = ok || got == w
		}
		if !ok {
			t.Errorf("%s: %q, want one of %q", name, got, c.want)
		}
		if strings.Contains(head, "Set-Cookie") {
			t.Errorf("%s: a header came in through the path:\n%s", name, head)
		}
		if name == "HTTP/1.0" && strings.Contains(head, "chunked") {
			t.Error("HTTP/1.0 was answered in chunks")
		}
	}
}

// raw sends bytes and returns the status and head of the first answer.
func (r *rig) raw(request string) (status, head string) {
	r.Helper()
	c, err := net.Dial("tcp", r.http.Listener.Addr().String())
	if err != nil {
		r.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		r.Fatal(err)
	}
	go io.WriteString(c, request) // the server may close before it has read all
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "", ""
	}
	defer resp.Body.Close()
	b := new(bytes.Buffer)
	if err := resp.Header.Write(b); err != nil {
		r.Fatal(err)
	}
	return fmt.Sprint(resp.StatusCode), strings.Join(resp.TransferEncoding, ",") + "\n" + b.String()
}

func TestH14Pipelining(t *testing.T) {
	r := newRig(t)
	c, err := net.Dial("tcp", r.http.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	one := "GET /feed.rss HTTP/1.1\r\nHost: x\r\n\r\n"
	if _, err := io.WriteString(c, one+"GET /no HTTP/1.1\r\nHost: x\r\n\r\n"+one); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(c)
	for i, want := range []int{200, 404, 200} {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != want {
			t.Errorf("answer %d: %d, want %d", i, resp.StatusCode, want)
		}
	}
}

func TestH14LimitsAreSet(t *testing.T) {
	s := NewHTTPServer(http.NotFoundHandler())
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 {
		t.Errorf("a limit is missing: %+v", s)
	}
}

func TestH19CORS(t *testing.T) {
	r := newRig(t)
	tag := r.get("/feed.json").Header.Get("ETag")
	r.want(r.get("/feed.json", "Origin: https://reader.example"), 200, "Access-Control-Allow-Origin", "*", "Access-Control-Expose-Headers", "ETag, Link")
	r.want(r.get("/feed.json", "Origin: https://reader.example", "If-None-Match: "+tag), 304, "Access-Control-Allow-Origin", "*", "Access-Control-Expose-Headers", "ETag, Link")
	r.want(r.get("/no"), 404, "Access-Control-Allow-Origin", "*")
	r.want(r.do("OPTIONS", "/feed.json", "Origin: https://reader.example", "Access-Control-Request-Method: GET", "Access-Control-Request-Headers: if-none-match"),
		204, "Access-Control-Allow-Origin", "*", "Access-Control-Allow-Headers", "If-None-Match, If-Modified-Since")
}

func TestH20NeverEmpty(t *testing.T) {
	r := newRig(t)
	r.store.mu.Lock()
	r.store.items, r.store.versions = nil, nil
	r.store.mu.Unlock()
	for _, path := range []string{"/feed.rss", "/feed.atom", "/feed.json", "/source/site.rss", "/opml", "/opml/tag", "/", "/feed"} {
		if a := r.get(path); a.StatusCode != 200 || a.body == "" || a.ContentLength == 0 {
			t.Errorf("%s of an empty store: %d with %d bytes", path, a.StatusCode, len(a.body))
		}
	}
}

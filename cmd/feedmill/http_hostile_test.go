package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestHostileClients(t *testing.T) {
	t.Parallel()
	s := everything(t, "memory:")
	for _, c := range []struct {
		name string
		try  func(t *testing.T, s *server)
	}{
		{"one request", hostileRequests},
		{"H14 pipelining", pipelining},
		{"H14 HTTP/1.0", http10},
		{"H14 huge", huge},
		{"H14 smuggling", smuggling},
		{"slowloris", slowloris},
	} {
		t.Run(c.name, func(t *testing.T) {
			was := s.t
			defer func() { s.t = was }()
			s.t = t
			c.try(t, s)
			s.get("/feed.rss").want(t, "/feed.rss afterwards", 200)
		})
	}
}

// hostileRequests are whole requests as they stand on the wire, with the answers that are right.
func hostileRequests(t *testing.T, s *server) {
	host := "Host: feeds.example.com\r\n"
	for request, want := range map[string][]int{
		"GET /feed.rss HTTP/1.1\r\n\r\n":                                                         {400}, // no Host
		"GET /feed.rss HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n":                                   {400},
		"GET /feed.rss HTTP/1.1\r\nHost: a b\r\n\r\n":                                            {400},
		"GET http://feeds.example.com/feed.rss HTTP/1.1\r\n" + host + "\r\n":                     {200},
		"GET http://elsewhere.invalid:99/feed.rss?_=1 HTTP/1.1\r\n" + host + "\r\n":              {200},
		"GET https://u:p@feeds.example.com/feed.rss HTTP/1.1\r\n" + host + "\r\n":                {200, 400},
		"GET //feeds.example.com/feed.rss HTTP/1.1\r\n" + host + "\r\n":                          {404, 400},
		"GET /../../etc/passwd HTTP/1.1\r\n" + host + "\r\n":                                     {404, 400},
		"GET /category/../feed.rss HTTP/1.1\r\n" + host + "\r\n":                                 {404, 400},
		"GET /category/%2e%2e%2ffeed.rss HTTP/1.1\r\n" + host + "\r\n":                           {404, 400, 301},
		"GET /..%2f..%2fetc%2fpasswd HTTP/1.1\r\n" + host + "\r\n":                               {404, 400},
		"GET /feed.rss%00 HTTP/1.1\r\n" + host + "\r\n":                                          {404, 400},
		"GET /category/a%0d%0aX-Injected:%20yes.rss HTTP/1.1\r\n" + host + "\r\n":                {404, 400, 301},
		"GET /category/C%23%0d%0aSet-Cookie:a=b HTTP/1.1\r\n" + host + "\r\n":                    {404, 400, 301},
		"GET /feed.rss?a=%0d%0aX-Injected:yes HTTP/1.1\r\n" + host + "\r\n":                      {400},
		"GET /feed.rss?%zz HTTP/1.1\r\n" + host + "\r\n":                                         {400},
		"GET /feed.rss?; HTTP/1.1\r\n" + host + "\r\n":                                           {400},
		"GET /%zz HTTP/1.1\r\n" + host + "\r\n":                                                  {400},
		"GET /feed.rss HTTP/1.1\r\n" + host + "X: a\rb\r\n\r\n":                                  {400, 200},
		"GET /feed.rss HTTP/1.1\r\n" + host + " folded: x\r\n\r\n":                               {400, 200},
		"GET /feed.rss HTTP/1.1\r\n" + host + "Bad Name: x\r\n\r\n":                              {400},
		"GET /feed.rss HTTP/1.1\r\n" + host + "X: \x00\r\n\r\n":                                  {400},
		"GET feed.rss HTTP/1.1\r\n" + host + "\r\n":                                              {400},
		"GET  HTTP/1.1\r\n" + host + "\r\n":                                                      {400},
		"GET /feed.rss\r\n" + host + "\r\n":                                                      {400},
		"GET /feed.rss HTTP/9.9\r\n" + host + "\r\n":                                             {400, 505},
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":                                                       {400, 505, 405},
		"GET /feed.rss HTTP/1.1\r\n" + host + "Expect: 100-continue\r\n\r\n":                     {200, 417},
		"GET /feed.rss HTTP/1.1\r\n" + host + "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n":      {200},
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 50) + "\r\n\r\n": {400},
	} {
		w := dial(t, s.Addr())
		w.send(request)
		a, ok := w.answer("GET")
		w.conn.Close()
		if !ok {
			if want[0] != 400 {
				t.Errorf("%.80q: no answer, want %v", request, want)
			}
			continue
		}
		fits := false
		for _, status := range want {
			fits = fits || a.status == status
		}
		if !fits {
			t.Errorf("%.80q: %d, want %v: %.100s", request, a.status, want, a.body)
		}
		if a.header.Get("X-Injected") != "" || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%.80q: a header of the client's making in the answer: %v", request, a.header)
		}
		if strings.Contains(a.body, "root:") {
			t.Errorf("%.80q: a file", request)
		}
	}
}

func pipelining(t *testing.T, s *server) {
	w := dial(t, s.Addr())
	var b strings.Builder
	const n = 50
	for i := range n {
		fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: a\r\nAccept-Encoding: identity\r\n\r\n", []string{"/feed.rss", "/tag/never.rss", "/category/c%23.atom", "/feed.xml"}[i%4])
	}
	w.send(b.String())
	for i := range n {
		a, ok := w.answer("GET")
		if want := []int{200, 404, 200, 301}[i%4]; !ok || a.status != want {
			t.Fatalf("answer %d of a pipeline: %d, want %d", i, a.status, want)
		}
		if i%4 == 0 && !strings.Contains(a.body, "</rss>") {
			t.Errorf("answer %d is cut short", i)
		}
	}
}

func http10(t *testing.T, s *server) {
	for _, path := range []string{"/feed.rss", "/", "/category/c%23", "/opml", "/tag/never.rss"} {
		for _, coding := range []string{"identity", "gzip"} {
			w := dial(t, s.Addr())
			w.send("GET " + path + " HTTP/1.0\r\nAccept-Encoding: " + coding + "\r\n\r\n")
			b, err := io.ReadAll(w.r)
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			head, body, _ := strings.Cut(string(b), "\r\n\r\n")
			if strings.Contains(strings.ToLower(head), "transfer-encoding") || !strings.Contains(head, fmt.Sprintf("Content-Length: %d", len(body))) {
				t.Errorf("%s: %d bytes after\n%s", path, len(body), head)
			}
		}
	}
}

func huge(t *testing.T, s *server) {
	for name, request := range map[string]string{
		"header": "GET /feed.rss HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
		"many":   "GET /feed.rss HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X-Y: z\r\n", 100_000) + "\r\n",
		"path":   "GET /category/" + strings.Repeat("x", 1<<20) + ".rss HTTP/1.1\r\nHost: a\r\n\r\n",
		"query":  "GET /feed.rss?" + strings.Repeat("a=b&", 1<<18) + " HTTP/1.1\r\nHost: a\r\n\r\n",
		"method": strings.Repeat("G", 1<<20) + " / HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		w := dial(t, s.Addr())
		go w.send(request)
		a, ok := w.answer("GET")
		if ok && (a.status < 400 || a.status >= 500) {
			t.Errorf("huge %s: %d, want 4xx", name, a.status)
		}
		if !w.closed() {
			t.Errorf("huge %s: the connection stays open", name)
		}
		w.conn.Close()
	}
	for _, path := range []string{"/category/" + strings.Repeat("x", 20_000) + ".rss", "/tag/" + strings.Repeat("%F0%9F%9A%80", 2000), strings.Repeat("/", 20_000), "/feed.rss?" + strings.Repeat("a=b&", 5000)} {
		if a := s.raw("GET", path); a.status < 400 && a.status != 301 || a.status >= 500 || len(a.body) > 20_000 {
			t.Errorf("%.30s…: %d with %d bytes", path, a.status, len(a.body))
		}
	}
}

// smuggling: a front that reads a request's end elsewhere than we do must not be led to a second answer.
func smuggling(t *testing.T, s *server) {
	inner := "GET /tag/smuggled.rss HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, request := range map[string]string{
		"CL and TE":  "POST /feed.rss HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"two CL":     "POST /feed.rss HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		"odd TE":     "POST /feed.rss HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"CL +5":      "POST /feed.rss HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
		"bad chunk":  "POST /feed.rss HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"GET and CL": "GET /feed.rss HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n",
	} {
		w := dial(t, s.Addr())
		w.send(request + inner)
		a, ok := w.answer("POST")
		switch {
		case ok && a.status >= 500 && a.status != 501:
			t.Errorf("%s: %d", name, a.status)
		case ok && name != "GET and CL" && a.status != 400 && a.status != 501:
			t.Errorf("%s: %d, want it refused", name, a.status)
		}
		if b, ok := w.answer("GET"); ok && b.status != 400 {
			t.Errorf("%s: a second answer %d to what is in the first request's body", name, b.status)
		}
		w.conn.Close()
	}
}

// TestRandomAddresses asks for ten thousand addresses that mean nothing: none is a 5xx, and nothing of them stays in
// memory. It runs beside no other test: it looks at the heap.
func TestRandomAddresses(t *testing.T) {
	s := everything(t, "memory:")
	const workers, each = 10, 1000
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(7, uint64(worker)))
			parts := []string{"/feed", "/category/", "/tag/", "/author/", "/source/", "/lang/", "/opml", "/opml/", "/feed/", "/feed/by_tag/", "/", ".rss", ".atom", ".json", ".xml", "~", "..", "%2F", "%", "%E8%AF", "证券", "?q=", "?", "&", "limit=", "since=", "hl=zh", "images=show", "/item/", "dXJuOng6MQ", "page=", "9", "a", "go", "%00", "+", ";", "=", "%20", "\xff", "é", "#"}
			var w *wire
			for range each {
				var b strings.Builder
				b.WriteByte('/')
				for range 1 + r.IntN(8) {
					if r.IntN(4) == 0 {
						b.WriteByte(byte(33 + r.IntN(94)))
						continue
					}
					b.WriteString(parts[r.IntN(len(parts))])
				}
				if w == nil {
					w = dial(t, s.Addr())
				}
				w.send("GET " + b.String() + " HTTP/1.1\r\nHost: a\r\n\r\n")
				a, ok := w.answer("GET")
				switch {
				case !ok:
					t.Errorf("%q: no answer", b.String())
				case a.status >= 500:
					t.Errorf("%q: %d", b.String(), a.status)
				case a.status >= 400 && a.header.Get("Cache-Control") != "no-store" && a.header.Get("Connection") != "close":
					t.Errorf("%q: a %d that may be kept: %v", b.String(), a.status, a.header)
				case a.status == 301 && !strings.HasPrefix(a.header.Get("Location"), "/"), strings.HasPrefix(a.header.Get("Location"), "//"):
					t.Errorf("%q: leads to %q", b.String(), a.header.Get("Location"))
				}
				if !ok || a.header.Get("Connection") == "close" {
					w.conn.Close()
					w = nil
				}
			}
			if w != nil {
				w.conn.Close()
			}
		})
	}
	wg.Wait()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	const bound = 16 << 20
	if after := heap(); after > before+bound {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	} else {
		t.Logf("heap %d KiB before, %d KiB after", before>>10, after>>10)
	}
}

// slowloris: five hundred clients that never end their header keep nobody else from being served, and are hung up on.
func slowloris(t *testing.T, s *server) {
	var slow []*wire
	for i := range 500 {
		w := dial(t, s.Addr())
		w.send("GET /feed.rss HTTP/1.1\r\nHost: a\r\nX-Slow: " + strings.Repeat("x", i%100))
		slow = append(slow, w)
	}
	for range 20 {
		s.get("/feed.rss").want(t, "/feed.rss beside slow clients", 200)
	}
	for _, w := range slow {
		if a, ok := w.answer("GET"); ok && a.status != 408 && a.status != 400 {
			t.Errorf("a header without an end: %d", a.status)
		}
		if !w.closed() {
			t.Error("a client that never ends its header is still connected")
			break
		}
	}
}

package web

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"feedmill/feeds"
)

// BenchmarkServe200Gzip and BenchmarkServe304 compare this package with the floor: a bare handler on net/http that
// writes the same fields and bytes without looking at the request. Each runs over loopback with one keep-alive
// connection a client. Compare the rows of one run.

func BenchmarkServe200Gzip(b *testing.B) {
	benchmarkServe(b, http.StatusOK, "GET /category/finance.rss HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n")
}

func BenchmarkServe304(b *testing.B) {
	benchmarkServe(b, http.StatusNotModified, "GET /category/finance.rss HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nIf-None-Match: %s\r\n\r\n")
}

func benchmarkServe(b *testing.B, status int, request string) {
	s, floor, request := parts(b, status, request)
	b.Run("floor", func(b *testing.B) { drive(b, floor, status, request) })
	b.Run("feedmill", func(b *testing.B) { drive(b, s.Handler(), status, request) })
	b.Run("floor-again", func(b *testing.B) { drive(b, floor, status, request) })
	b.Run("feedmill-again", func(b *testing.B) { drive(b, s.Handler(), status, request) })
}

// parts makes a server, the floor for one of its documents, and the request with the document's validator filled in.
func parts(b *testing.B, status int, request string) (*Server, http.Handler, string) {
	s := benchServer(b)
	e, err := s.get(b.Context(), feedDoc(feeds.NewTopic("category", "finance"), &s.formats[0]))
	if err != nil {
		b.Fatal(err)
	}
	if strings.Contains(request, "%s") {
		request = fmt.Sprintf(request, e.tags[gzipped][0])
	}
	gz := e.kept[gzipped].Load()
	floor := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h["Etag"], h["Last-Modified"] = e.tags[gzipped], e.modified
		if status == http.StatusNotModified {
			for i := range e.brief {
				h[e.brief[i].name] = e.brief[i].values
			}
			w.WriteHeader(status)
			return
		}
		for i := range e.full {
			h[e.full[i].name] = e.full[i].values
		}
		h["Content-Length"], h["Content-Encoding"] = gz.length, gz.encoding
		if _, err := w.Write(gz.body); err != nil {
			b.Error(err)
		}
	})
	return s, floor, request
}

// benchServer holds a feed of fifty posts of the reference site's size.
func benchServer(b *testing.B) *Server {
	store := &fakeStore{}
	items := posts(1, 50, "finance")
	for i := range items {
		items[i].Content = strings.Repeat(fmt.Sprintf("<p>证券市场第%d条消息:今日两市成交额继续放大,%d家公司发布公告。</p>", i, i*7919), 30)
	}
	store.put(time.Now().Add(-time.Hour), items...)
	site := testSite()
	site.RateLimit = 1_000_000_000 // what is counted is never too much
	s, err := New(store, testFormats(), site, Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	return s
}

// drive sends the same request over and over and reads each answer whole.
func drive(b *testing.B, h http.Handler, status int, request string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := NewHTTPServer(h)
	go server.Serve(l)
	b.Cleanup(func() { server.Close() })
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Error(err)
			return
		}
		defer c.Close()
		buf := make([]byte, 1<<20)
		length := -1 // of a whole answer; all are equally long
		for pb.Next() {
			if _, err := io.WriteString(c, request); err != nil {
				b.Error(err)
				return
			}
			n := 0
			for length < 0 || n < length {
				m, err := c.Read(buf[n:])
				if err != nil {
					b.Error(err)
					return
				}
				n += m
				if length < 0 {
					length = whole(buf[:n])
				}
			}
			if string(buf[9:12]) != fmt.Sprint(status) {
				b.Errorf("answer %q", buf[:12])
				return
			}
		}
	})
}

// whole is the length of the answer that begins with b; -1 while its head is not complete.
func whole(b []byte) int {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return -1
	}
	length := 0
	for _, line := range strings.Split(string(b[:end]), "\r\n") {
		if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if _, err := fmt.Sscan(v, &length); err != nil {
				return -1
			}
		}
	}
	return end + 4 + length
}

func BenchmarkIndex4000(b *testing.B) {
	store := &fakeStore{}
	var infos []feeds.TopicInfo
	for i := range 4000 {
		infos = append(infos, feeds.TopicInfo{Topic: feeds.NewTopic("tag", fmt.Sprintf("标签名字%d", i)), Items: i, Newest: epoch, Version: feeds.Version{Count: 1, Changed: epoch}})
	}
	s, err := New(listed{store, infos}, testFormats(), testSite(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	b.ReportAllocs()
	for b.Loop() {
		w := &discard{h: http.Header{}}
		r, err := http.NewRequest("GET", "/?hl=zh", nil)
		if err != nil {
			b.Fatal(err)
		}
		s.ServeHTTP(w, r)
		if w.status != 0 && w.status != 200 {
			b.Fatal(w.status)
		}
	}
}

type discard struct {
	h      http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// BenchmarkHandler is the cost of the handler alone, without net/http around it: what a request pays above the floor.
func BenchmarkHandler(b *testing.B) {
	for _, status := range []int{200, 304} {
		s, floor, _ := parts(b, status, "%s")
		e, err := s.get(b.Context(), feedDoc(feeds.NewTopic("category", "finance"), &s.formats[0]))
		if err != nil {
			b.Fatal(err)
		}
		r, err := http.NewRequest("GET", "/category/finance.rss", nil)
		if err != nil {
			b.Fatal(err)
		}
		r.RequestURI = "/category/finance.rss"
		r.RemoteAddr = "203.0.113.7:4711" // somebody who is counted
		r.Header["Accept-Encoding"] = []string{"gzip, deflate, br"}
		if status == 304 {
			r.Header["If-None-Match"] = e.tags[gzipped]
		}
		for _, h := range []struct {
			name string
			http.Handler
		}{{"floor", floor}, {"feedmill", s}} {
			b.Run(fmt.Sprint(status, "/", h.name), func(b *testing.B) {
				b.ReportAllocs()
				w := &discard{h: http.Header{}}
				for b.Loop() {
					clear(w.h)
					h.ServeHTTP(w, r)
				}
			})
		}
	}
}

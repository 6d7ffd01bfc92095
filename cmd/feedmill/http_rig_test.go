package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// wire is a connection to a server on which a test writes bytes as they are: net/http would mend them.
type wire struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

func dial(t testing.TB, addr string) *wire {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	w := &wire{t, c, bufio.NewReader(c)}
	t.Cleanup(func() { c.Close() })
	return w
}

// send writes bytes; a server that has hung up already is no failure.
func (w *wire) send(text string) { io.WriteString(w.conn, text) }

// answer reads one response to a request of that method. ok is false when the server hung up instead.
func (w *wire) answer(method string) (a response, ok bool) {
	w.t.Helper()
	res, err := http.ReadResponse(w.r, &http.Request{Method: method})
	if err != nil {
		return response{}, false
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Errorf("the body of a %d is broken: %v", res.StatusCode, err)
	}
	return response{res.StatusCode, res.Header, string(b)}, true
}

// closed reports whether the server has hung up.
func (w *wire) closed() bool {
	_, err := w.r.ReadByte()
	return err != nil && !strings.Contains(err.Error(), "timeout")
}

// raw sends a whole request and reads its answer, which the server has to give.
func (s *server) raw(method, target string, lines ...string) response {
	s.t.Helper()
	w := dial(s.t, s.Addr())
	defer w.conn.Close()
	w.send(method + " " + target + " HTTP/1.1\r\nHost: feeds.example.com\r\nConnection: close\r\n" + strings.Join(append(lines, "\r\n"), "\r\n"))
	a, ok := w.answer(method)
	if !ok {
		s.t.Errorf("%s %s: no answer", method, target)
	}
	return a
}

// want demands a status and header values; an empty value says that the field is absent.
func (a response) want(t testing.TB, what string, status int, header ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("%s: %d, want %d: %.200s", what, a.status, status, a.body)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if got := strings.Join(a.header.Values(header[i]), " | "); got != header[i+1] {
			t.Errorf("%s: %s is %q, want %q", what, header[i], got, header[i+1])
		}
	}
}

// refused demands an error that nobody may keep.
func (a response) refused(t testing.TB, what string, status int) {
	t.Helper()
	a.want(t, what, status, "Cache-Control", "no-store", "Etag", "", "Last-Modified", "", "Set-Cookie", "")
}

// labels are those that addresses, formats and file systems find hard. Some are one topic.
var labels = []string{
	"c", "c++", "C#", "a/b", "x.rss", "y.json", "..", ".", "...", "tilde~", "🚀", "👩‍🚀", "שלום", "مرحبا بالعالم", "e\u0301clair", "éclair",
	"证券时报网新闻", "100%", "50%25", "q?a=1&b", "semi;colon", "plus+plus", "Two  Words", "two words", "quote\"s", "<b>", "'", "a\\b", "ß", "İstanbul",
	"Σίσυφος", "con", "feed", "opml", "-", "_", "a,b", "@home", ":", "*", "ﬁ", "Ⅷ", "x.xml", "x.html~",
}

// decoded undoes a content coding.
func decoded(t testing.TB, coding, body string) string {
	t.Helper()
	r := io.Reader(strings.NewReader(body))
	var err error
	switch coding {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "br":
		r = brotli.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("undo %q: %v", coding, err)
	}
	return string(b)
}

// oddSite writes a Jekyll site with one post for every label, as category and as tag.
func oddSite(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "odd")
	write(t, filepath.Join(dir, "_config.yml"), "title: Odd\nurl: https://odd.example.com\ntimezone: Asia/Shanghai\nlang: zh-CN\n")
	for i, l := range labels {
		q := strings.ReplaceAll(l, "'", "''")
		write(t, filepath.Join(dir, "_posts", fmt.Sprintf("2026-10-01-post-%02d.md", i)),
			fmt.Sprintf("---\ntitle: 'about %[1]s'\ndate: 2026-10-01 %02[2]d:%02[2]d:00 +0800\ncategories: ['%[1]s']\ntags: ['%[1]s']\nauthor: '%[1]s'\n---\nText %[2]d\n", q, i%24))
	}
	return dir
}

// upstream serves the feed documents of testdata/upstream.
func upstream(t testing.TB) *httptest.Server {
	t.Helper()
	files := http.FileServer(http.Dir(filepath.Join("testdata", "upstream")))
	types := map[string]string{".rss": "application/rss+xml", ".atom": "application/atom+xml", ".json": "application/feed+json"}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", types[filepath.Ext(r.URL.Path)])
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// everything starts a server with sources of both kinds and waits until their items are in and settled.
func everything(t testing.TB, store string) *server {
	t.Helper()
	up := upstream(t)
	file := filepath.Join(t.TempDir(), "feedmill.yaml")
	var b bytes.Buffer
	sample, err := filepath.Abs(sampleSite)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "base_url: https://feeds.example.com\ntitle: Everything\nsources:\n  sample: { jekyll: %s }\n  odd: { jekyll: %s }\n", sample, oddSite(t))
	for _, name := range []string{"rss", "atom", "json"} {
		fmt.Fprintf(&b, "  up-%s: { feed: %s/plain.%[1]s, allow: [127.0.0.0/8] }\n", name, up.URL)
	}
	write(t, file, b.String())
	s := start(t, settings{store: store, file: file})
	s.wait("odd", len(labels))
	until(t, "the import", func() bool {
		for _, name := range []string{"sample", "up-rss", "up-atom", "up-json"} {
			if n, fetched := s.items(name); !fetched || n == 0 {
				return false
			}
		}
		return true
	})
	s.settled()
	return s
}

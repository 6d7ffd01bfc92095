package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestDiscover: a page's feeds are found, a feed is one itself, and a page that names none is looked behind at a few
// addresses only.
func TestDiscover(t *testing.T) {
	const feed = `<rss version="2.0"><channel><title>Found</title></channel></rss>`
	asked := 0
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.NotFound(w, r)
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<head><link rel="alternate" type="application/atom+xml" title="News" href="/a"><link rel="alternate" type="application/rss+xml" href="/b"></head>`)
	})
	mux.HandleFunc("/rss", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, feed) })
	mux.HandleFunc("/index.xml", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, feed) })
	mux.HandleFunc("/silent", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html><title>Silent</title></html>") })
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		cmd := root()
		cmd.SetArgs(append([]string{"discover"}, args...))
		cmd.SetOut(&out)
		err := cmd.ExecuteContext(t.Context())
		return strings.ReplaceAll(out.String(), srv.URL, "SITE"), err
	}
	for path, want := range map[string]string{
		"/page":   "SITE/a\tapplication/atom+xml\tNews\nSITE/b\tapplication/rss+xml\t\n",
		"/rss":    "SITE/rss\tRSS 2.0\tFound\n",
		"/silent": "SITE/index.xml\tRSS 2.0\tFound\n",
	} {
		if got, err := run(srv.URL+path, "--allow", "127.0.0.0/8"); got != want || err != nil {
			t.Errorf("%s: %q %v, want %q", path, got, err, want)
		}
	}
	if asked > len(usual) {
		t.Errorf("%d addresses were tried", asked)
	}
	if _, err := run(srv.URL + "/page"); err == nil || !strings.Contains(err.Error(), "private") {
		t.Errorf("a private address: %v", err)
	}
	if _, err := run("example"); err == nil || !strings.Contains(err.Error(), "not an address") {
		t.Errorf("no address: %v", err)
	}
}

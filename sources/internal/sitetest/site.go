// Package sitetest is the outside of the kinds that ask the web: a server of a folder, with the client to ask it.
package sitetest

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"feedmill/sources/fetch"
)

// Site is a web server whose documents are the files of a folder, read anew for each request. It has entity tags and
// answers 304.
type Site struct {
	// URL is the address of the folder, Client one that may connect to it.
	URL    string
	Client *http.Client

	mu     sync.Mutex
	asked  []string
	broken int
	handle http.HandlerFunc
}

// New serves the files of dir.
func New(t testing.TB, dir string) *Site {
	s := &Site{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, dir) }))
	t.Cleanup(srv.Close)
	s.URL = srv.URL
	s.Client = fetch.NewClient(fetch.Options{Spacing: fetch.NoSpacing, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(s.Client.CloseIdleConnections)
	return s
}

func (s *Site) serve(w http.ResponseWriter, r *http.Request, dir string) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI())
	broken, handle := s.broken, s.handle
	s.mu.Unlock()
	switch {
	case broken != 0:
		w.WriteHeader(broken)
		return
	case handle != nil:
		handle(w, r)
		return
	}
	name := filepath.Join(dir, filepath.FromSlash(r.URL.Path))
	if strings.HasSuffix(r.URL.Path, "/") {
		name = filepath.Join(name, "index.html")
	}
	if q := r.URL.RawQuery; q != "" {
		name += "_" + q // page.html?p=2 is the file page.html_p=2
	}
	body, err := os.ReadFile(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	kind := map[string]string{".html": "text/html", ".json": "application/json", ".xml": "application/xml", ".pdf": "application/pdf"}[filepath.Ext(r.URL.Path)]
	if kind == "" && strings.HasSuffix(name, ".html") {
		kind = "text/html"
	}
	if kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	_, _ = w.Write([]byte(strings.ReplaceAll(string(body), "https://outside.example", s.URL)))
}

// Break makes every answer one of that status; 0 mends it.
func (s *Site) Break(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = status
}

// Handle answers every request in place of the files; nil for the files again.
func (s *Site) Handle(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = h
}

// Asked are the requests since the last call, such as "GET /index.html", without those for robots.txt.
func (s *Site) Asked() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.asked {
		if !strings.HasSuffix(r, "/robots.txt") {
			list = append(list, r)
		}
	}
	s.asked = nil
	return list
}

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// bots are endpoints that take webhooks, by the path that they are sent to.
type bots struct {
	mu  sync.Mutex
	got map[string][]string // titles
}

func (b *bots) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var item struct {
		Title string `json:"title"`
		Data  struct {
			Title string `json:"title"`
		} `json:"data"`
	}
	if json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20)).Decode(&item) != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got[r.URL.Path[1:]] = append(b.got[r.URL.Path[1:]], item.Title+item.Data.Title)
}

func (b *bots) titles(name string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := slices.Clone(b.got[name])
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// TestGroupTargets: a target of a group gets the group's items beside the public ones, in any topic; one without gets none.
func TestGroupTargets(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		open, covert := groupSite(t)
		dir := t.TempDir()
		b := &bots{got: map[string][]string{}}
		srv := httptest.NewServer(b)
		t.Cleanup(srv.Close)
		write(t, filepath.Join(dir, "secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
		targets := "targets:\n"
		for name, keys := range map[string]string{
			"plain": "", "label": "topics: [tag/zebra, category/savannah, source/covert, feed/chips],", "all": "group: desk,", "other": "group: board,",
			"zebra": "group: desk, topics: [tag/zebra],", "inside": "group: desk, topics: [feed/inside],", "mixed": "group: desk, topics: [feed/chips, category/savannah],",
		} {
			write(t, filepath.Join(dir, name), srv.URL+"/"+name+"\n")
			targets += fmt.Sprintf("  %s: { webhook_file: %[1]s, secret_file: secret, %s allow: [127.0.0.0/8] }\n", name, keys)
		}
		file := filepath.Join(dir, "feedmill.yaml")
		groupConfig(t, file, fmt.Sprintf("  open: { jekyll: %s, private: { tag: zebra, group: desk } }\n  covert: { jekyll: %s, group: desk }\n", open, covert), groupTokens+targets)
		s := start(t, settings{store: store, file: file})
		s.wait("open", 3)
		s.wait("covert", 2)
		post := func(n int, labels string) {
			write(t, filepath.Join(covert, "_posts", fmt.Sprintf("2026-10-01-p%d.md", n)), fmt.Sprintf("---\ntitle: ZEBRA %d\ndate: 2026-10-01 %02d:00:00 +0000\n%s---\nstripes\n", n, n, labels))
		}
		post(6, "tags: [chips, zebra]\n")
		post(7, "categories: [Savannah]\n")
		filterPost(t, open, 8, "ZEBRA 8", "zebra", "short")
		filterPost(t, open, 9, "Nine", "chips", "short")
		for name, want := range map[string]string{
			"plain": "Nine", "other": "Nine", "label": "Nine", "all": "Nine, ZEBRA 6, ZEBRA 7, ZEBRA 8",
			"zebra": "ZEBRA 6, ZEBRA 8", "inside": "Nine, ZEBRA 6", "mixed": "Nine, ZEBRA 7",
		} {
			until(t, fmt.Sprintf("target %s to have %s", name, want), func() bool {
				return b.titles(name) == want || strings.Contains(b.titles(name), "ZEBRA") && !strings.Contains(want, "ZEBRA")
			})
			if got := b.titles(name); got != want {
				t.Errorf("target %s has %q, want %q", name, got, want)
			}
		}
		for _, name := range []string{"plain", "other", "label"} { // also once everything else was sent
			if got := b.titles(name); got != "Nine" {
				t.Errorf("target %s has %q", name, got)
			}
		}
	})
}

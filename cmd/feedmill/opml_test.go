package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// ring serves two feeds and a list of them that can be changed.
func ring(t *testing.T) (base string, list *atomic.Value) {
	t.Helper()
	list = &atomic.Value{}
	mux := http.NewServeMux()
	mux.HandleFunc("/list.opml", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, list.Load()) })
	for _, name := range []string{"sea", "land"} {
		mux.HandleFunc("/"+name+".xml", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `<rss version="2.0"><channel><title>The %s</title><link>https://%[1]s.example/</link><description>d</description>
				<item><title>News of the %[1]s</title><link>https://%[1]s.example/1</link><guid>https://%[1]s.example/1</guid></item></channel></rss>`, name)
		})
	}
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL, list
}

func opmlOf(base string, names ...string) string {
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, `<outline text="Folder of %s"><outline type="rss" text="%[1]s" xmlUrl="%s/%[1]s.xml"/></outline>`, n, base)
	}
	return `<opml version="2.0"><body>` + b.String() + `</body></opml>`
}

// TestOPML: each feed of a list is a source of its own, with the settings of the list and its folders as categories. One
// that leaves the list leaves the feeds, and returns with its IDs.
func TestOPML(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		base, _ := ring(t)
		dir := t.TempDir()
		list := filepath.Join(dir, "list.opml")
		write(t, list, opmlOf(base, "sea", "land"))
		file := filepath.Join(dir, "feedmill.yaml")
		write(t, file, "base_url: https://feeds.example.com\nsources:\n  ring: { opml: list.opml, allow: [127.0.0.0/8], add: { tag: [ring] } }\n")
		s := start(t, settings{store: store, file: file})
		s.wait("ring.127.0.0.1", 1)
		s.wait("ring.127.0.0.1-2", 1)
		sea := s.get("/category/folder-of-sea.json")
		if !strings.Contains(sea.body, "News of the sea") || strings.Contains(sea.body, "land") {
			t.Errorf("the folder's category: %d %s", sea.status, sea.body)
		}
		if r := s.get("/tag/ring.json"); !strings.Contains(r.body, "News of the sea") || !strings.Contains(r.body, "News of the land") {
			t.Errorf("what the list adds: %d %s", r.status, r.body)
		}

		write(t, list, opmlOf(base, "land"))
		until(t, "the sea to leave", func() bool { return !strings.Contains(s.get("/feed.json").body, "sea") })
		if body := s.get("/feed.json").body; !strings.Contains(body, "News of the land") {
			t.Errorf("the land left, too: %s", body)
		}
		write(t, list, opmlOf(base, "land", "sea"))
		until(t, "the sea to return", func() bool { return s.get("/category/folder-of-sea.json").body == sea.body })

		s.stop()
		s = start(t, settings{store: store, file: file})
		s.wait("ring.127.0.0.1-2", 1)
		if r := s.get("/category/folder-of-sea.json"); r.body != sea.body {
			t.Errorf("after a restart:\n%s\nwant\n%s", r.body, sea.body)
		}
	})
}

package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"feedmill/feeds"
	"feedmill/feeds/formattest"
)

// wholeness is what many readers saw: one ETag stands for the same bytes, and every document can be read to its end.
type wholeness struct {
	t    testing.TB
	mu   sync.Mutex
	seen map[string][sha256.Size]byte // path and ETag
}

func (w *wholeness) saw(path, coding string, a response) {
	tag := a.header.Get("Etag")
	if a.status != 200 || tag == "" {
		w.t.Errorf("GET %s: %d with ETag %q", path, a.status, tag)
		return
	}
	sum := sha256.Sum256([]byte(a.body))
	w.mu.Lock()
	was, ok := w.seen[path+tag]
	w.seen[path+tag] = sum
	w.mu.Unlock()
	if ok {
		if was != sum {
			w.t.Errorf("GET %s: two documents have ETag %s", path, tag)
		}
		return
	}
	media, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	for _, finding := range formattest.Check([]byte(decoded(w.t, coding, a.body)), media) {
		w.t.Errorf("GET %s: %s", path, finding)
	}
}

// TestReadersBesideWriters lets 200 clients read while 500 posts are written, changed and removed.
func TestReadersBesideWriters(t *testing.T) {
	const first, readers, strokes, topics = 300, 200, 500, 5
	eachStore(t, func(t *testing.T, store string) {
		site := writePosts(t, filepath.Join(t.TempDir(), "site"), first)
		s := start(t, settings{store: store, sources: []string{site}})
		s.wait("site", first)
		w := &wholeness{t: t, seen: map[string][sha256.Size]byte{}}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for i := range readers {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(1, uint64(i)))
				pace := time.NewTicker(20 * time.Millisecond) // readers think, or on a small machine nobody else gets a word in
				defer pace.Stop()
				for ctx.Err() == nil {
					<-pace.C
					path := []string{"/feed", "/source/site", fmt.Sprintf("/category/c%d", r.IntN(topics)), fmt.Sprintf("/tag/标签%d", r.IntN(7))}[r.IntN(4)] + formats[r.IntN(len(formats))].Suffix
					coding := []string{"identity", "gzip", "br"}[r.IntN(3)]
					a := s.get(path, "Accept-Encoding", coding)
					w.saw(path, a.header.Get("Content-Encoding"), a)
					if b := s.get(path, "Accept-Encoding", coding, "If-None-Match", a.header.Get("Etag")); b.status != 200 && b.status != 304 {
						t.Errorf("conditional GET %s: %d", path, b.status)
					}
				}
			})
		}
		// One goroutine writes: what must be there in the end is known.
		r := rand.New(rand.NewPCG(2, 2))
		texts, fresh, removed := map[string]string{}, 0, 0
		for i := range first {
			texts[fmt.Sprintf("p%04d", i)] = fmt.Sprintf("正文 %d", i)
		}
		post := func(name string, i int) string {
			return filepath.Join(site, "_posts", fmt.Sprintf("2024-01-%02d-%s.md", 1+i%28, name))
		}
		for n := range strokes {
			i := r.IntN(first + fresh)
			name := fmt.Sprintf("p%04d", i)
			switch _, there := texts[name]; {
			case n%3 == 0 || !there: // a new one
				i = first + fresh
				name = fmt.Sprintf("p%04d", i)
				fresh++
			case n%3 == 1 && removed < 20: // the guard holds back more
				if err := os.Remove(post(name, i)); err != nil {
					t.Fatal(err)
				}
				delete(texts, name)
				removed++
				continue
			}
			texts[name] = fmt.Sprintf("stroke %d", n)
			write(t, post(name, i), fmt.Sprintf("---\ntitle: \"%s\"\ndate: 2024-01-%02d 08:00:00 +0800\ncategories: c%d\ntags: 标签%d\n---\n<p>%s</p>\n", name, 1+i%28, i%topics, i%7, texts[name]))
		}
		s.wait("site", len(texts))
		settled := func() bool {
			for c := range topics {
				got := s.get(fmt.Sprintf("/category/c%d.rss", c))
				if !agrees(got.body, texts) {
					return false
				}
			}
			return true
		}
		until(t, "the last stroke in every feed", settled)
		stop()
		wg.Wait()
		counts := map[string]int{}
		for name := range texts {
			var i int
			if _, err := fmt.Sscanf(name, "p%d", &i); err != nil {
				t.Fatal(err)
			}
			counts[fmt.Sprintf("category/c%d", i%topics)]++
			counts[fmt.Sprintf("tag/标签%d", i%7)]++
			counts["all"]++
			counts["source/site"]++
		}
		list, err := s.Store().Topics(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range list {
			if want, ok := counts[info.Topic.String()]; ok && info.Items != want {
				t.Errorf("%s counts %d items, want %d", info.Topic, info.Items, want)
			}
		}
		page, err := s.Store().Recent(t.Context(), feeds.All, feeds.ByPublished, feeds.Pos{}, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) != len(texts) {
			t.Errorf("%d items in all, want %d", len(page.Items), len(texts))
		}
		for _, it := range page.Items {
			name := it.ID[strings.LastIndex(it.ID, "/")+1:]
			if it.Content != "<p>"+texts[name]+"</p>" {
				t.Errorf("%s says %q, want %q", it.ID, it.Content, texts[name])
			}
		}
		t.Logf("%d different documents were read", len(w.seen))
	})
}

var itemForm = regexp.MustCompile(`(?s)<item>.*?<content:encoded><!\[CDATA\[<p>(.*?)</p>.*?<guid[^>]*>[^<]*/([^/<]+)</guid>`)

// agrees reports whether every item of an RSS document says what was written last.
func agrees(doc string, texts map[string]string) bool {
	items := itemForm.FindAllStringSubmatch(doc, -1)
	for _, m := range items {
		if texts[m[2]] != m[1] {
			return false
		}
	}
	return len(items) > 0
}

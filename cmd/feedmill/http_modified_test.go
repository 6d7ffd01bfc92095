package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"feedmill/cache"
)

// history is what a poller saw of documents; it holds the rule of Last-Modified: no two documents of an address share
// one, none is in the future, it is sent only when two seconds past, and one ETag stands for one document.
type history struct {
	t      testing.TB
	mu     sync.Mutex
	bodies map[string]string // path and ETag -> body
	dates  map[string]string // path and Last-Modified -> ETag
	latest map[string]time.Time
	dated  int
}

func newHistory(t testing.TB) *history {
	return &history{t: t, bodies: map[string]string{}, dates: map[string]string{}, latest: map[string]time.Time{}}
}

// saw notes an answer. A path is polled by one goroutine, so that its answers come in order.
func (h *history) saw(path string, a response) {
	h.mu.Lock()
	defer h.mu.Unlock()
	tag := a.header.Get("Etag")
	if a.status != 200 || tag == "" {
		h.t.Errorf("GET %s: %d with ETag %q", path, a.status, tag)
		return
	}
	if was, ok := h.bodies[path+tag]; ok && was != a.body {
		h.t.Errorf("GET %s: two documents have ETag %s", path, tag)
	}
	h.bodies[path+tag] = a.body
	modified := a.header.Get("Last-Modified")
	if modified == "" {
		return
	}
	h.dated++
	at, err := http.ParseTime(modified)
	date, err2 := http.ParseTime(a.header.Get("Date"))
	if err != nil || err2 != nil || at.Add(2*time.Second).After(date) {
		h.t.Errorf("GET %s: Last-Modified %q, Date %q", path, modified, a.header.Get("Date"))
	}
	if was, ok := h.dates[path+modified]; ok && was != tag {
		h.t.Errorf("GET %s: documents %s and %s share Last-Modified %s:\n%s\n%s", path, was, tag, modified, h.bodies[path+was], a.body)
	}
	h.dates[path+modified] = tag
	if at.Before(h.latest[path]) {
		h.t.Errorf("GET %s: Last-Modified went back from %s to %s", path, h.latest[path], at)
	}
	h.latest[path] = at
}

// poll asks for paths over and over until ctx ends.
func (h *history) poll(ctx context.Context, s *server, wg *sync.WaitGroup, paths ...string) {
	for _, path := range paths {
		wg.Go(func() {
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				h.saw(path, s.get(path))
			}
		})
	}
}

// changeFor writes a post anew every few milliseconds for a while, with pauses in which documents settle.
func changeFor(t testing.TB, site string, rounds int) {
	t.Helper()
	for round := range rounds {
		for i := range 12 {
			write(t, filepath.Join(site, "_posts", "2026-10-02-busy.md"),
				fmt.Sprintf("---\ntitle: busy %d.%d\ndate: 2026-10-02\ncategories: c0\ntags: 标签0\n---\ntext %[1]d.%[2]d\n", round, i))
			<-time.After(90 * time.Millisecond)
		}
		<-time.After(2500 * time.Millisecond)
	}
}

func TestNoTwoDocumentsShareALastModified(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		site := writePosts(t, filepath.Join(t.TempDir(), "site"), 10)
		file := filepath.Join(t.TempDir(), "feedmill.yaml")
		write(t, file, fmt.Sprintf("title: One\nsources:\n  site: { jekyll: %s }\n", site))
		s := start(t, settings{store: store, file: file})
		s.wait("site", 10)
		h := newHistory(t)
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		h.poll(ctx, s, &wg, "/feed.rss", "/category/c0.atom", "/tag/标签0.json", "/source/site.json", "/opml", "/opml/tag")
		changeFor(t, site, 1)
		// Settings shape documents too.
		write(t, file, fmt.Sprintf("title: Two\nsources:\n  site: { jekyll: %s }\n", site))
		until(t, "the new title", func() bool { return strings.Contains(s.get("/feed.rss").body, "<title>Two</title>") })
		changeFor(t, site, 1)
		stop()
		wg.Wait()
		if h.dated == 0 || len(h.bodies) < 12 {
			t.Errorf("the poller saw %d documents, %d answers with a date: too few to say anything", len(h.bodies), h.dated)
		}
	})
}

// Stores whose URL begins with deaf+ or moody+ are the real ones behind a double, which doubleOf finds by the URL.
func init() {
	if filepath.Base(os.Args[0]) == "feedmill" {
		return // a session of TestSessions: the program as it is
	}
	for prefix, wrap := range map[string]func(cache.Store) cache.Store{
		"deaf+":  func(s cache.Store) cache.Store { return &deafStore{Store: s} },
		"moody+": func(s cache.Store) cache.Store { return newMoodyStore(s) },
	} {
		double := stores[0]
		double.schemes = []string{prefix + "bolt", prefix + "redis"}
		double.open = func(ctx context.Context, url string, log *slog.Logger) (cache.Store, error) {
			s, err := openStore(ctx, strings.TrimPrefix(url, prefix), log)
			if err != nil {
				return nil, err
			}
			d := wrap(s)
			openDoubles.Store(url, d)
			return d, nil
		}
		stores = append(stores, double)
	}
}

var openDoubles sync.Map

// doubleOf is the double of the store that was opened last under a URL.
func doubleOf[D cache.Store](url string) D {
	d, _ := openDoubles.Load(url)
	return d.(D)
}

// deafStore has a log that nobody hears of while held is set: a replica whose view of the store lags.
type deafStore struct {
	cache.Store
	held atomic.Bool
}

func (d *deafStore) Wait(ctx context.Context, c cache.Cursor) error {
	for d.held.Load() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return d.Store.Wait(ctx, c)
}

func (d *deafStore) After(ctx context.Context, c cache.Cursor, n int) ([]cache.Entry, error) {
	if d.held.Load() {
		return nil, nil
	}
	return d.Store.After(ctx, c, n)
}

func TestALateLogGivesNoDateToOldBytes(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		site := writePosts(t, filepath.Join(t.TempDir(), "site"), 10)
		s := start(t, settings{store: "deaf+" + store, sources: []string{site}})
		deaf := doubleOf[*deafStore]("deaf+" + store)
		s.wait("site", 10)
		h := newHistory(t)
		paths := []string{"/feed.rss", "/category/c0.atom", "/opml"}
		for round := range 1 {
			s.settled()
			post := filepath.Join(site, "_posts", "2026-10-02-busy.md")
			words := func(i int) string {
				return fmt.Sprintf("---\ntitle: busy %d.%d\ndate: 2026-10-02\ncategories: c0\n---\ntext\n", round, i)
			}
			// Begin with a second, so that both changes fall into it.
			<-time.After(time.Until(time.Now().Truncate(time.Second).Add(1005 * time.Millisecond)))
			write(t, post, words(1))
			until(t, "the change", func() bool { return strings.Contains(s.get("/feed.rss").body, fmt.Sprintf("busy %d.1", round)) })
			for _, p := range paths {
				h.saw(p, s.get(p))
			}
			deaf.held.Store(true)
			write(t, post, words(2))
			// The log stays silent until the second of both changes is long past, then it speaks.
			var wg sync.WaitGroup
			ctx, stop := context.WithTimeout(t.Context(), 3500*time.Millisecond)
			h.poll(ctx, s, &wg, paths...)
			wg.Wait()
			stop()
			deaf.held.Store(false)
			until(t, "the second change", func() bool { return strings.Contains(s.get("/feed.rss").body, fmt.Sprintf("busy %d.2", round)) })
			s.settled()
			for _, p := range paths {
				h.saw(p, s.get(p))
			}
		}
	})
}

package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// gate stands before a store. While it is shut nothing is put: what is stored stays as it is, whatever the configuration says.
type gate struct {
	cache.Store
	mu   sync.Mutex
	shut chan struct{} // closed when it opens; nil while it is open
	held atomic.Int64  // puts that have waited
	down atomic.Bool   // the settings cannot be read: no configuration can be taken over
}

// Acquire implements cache.Locker.
func (g *gate) Acquire(ctx context.Context, name string, ttl time.Duration) (cache.Lease, error) {
	if name == "settings" && g.down.Load() {
		return cache.Lease{}, cache.ErrUnavailable
	}
	return g.Store.Acquire(ctx, name, ttl)
}

// before lets openers of stores open this one's.
func (g *gate) before(open func(context.Context, string, *slog.Logger) (cache.Store, error)) func(context.Context, string, *slog.Logger) (cache.Store, error) {
	return func(ctx context.Context, url string, log *slog.Logger) (s cache.Store, err error) {
		g.Store, err = open(ctx, url, log)
		return g, err
	}
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = make(chan struct{})
	g.held.Store(0)
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut != nil {
		close(g.shut)
		g.shut = nil
	}
}

// Put implements cache.Items.
func (g *gate) Put(ctx context.Context, l cache.Lease, changes ...feeds.Change) ([]feeds.Accepted, error) {
	g.mu.Lock()
	shut := g.shut
	g.mu.Unlock()
	if shut != nil {
		g.held.Add(1)
		select {
		case <-shut:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return g.Store.Put(ctx, l, changes...)
}

const groupTokens = "  desk: { tokens: { alice: " + deskToken + " } }\n  board: { tokens: { bob: " + boardToken + " } }\n"

// loaded waits until so many configurations were taken over.
func (s *server) loaded(n int) {
	s.t.Helper()
	until(s.t, fmt.Sprintf("configuration %d", n), func() bool { return strings.Count(s.log.String(), "configuration loaded") == n })
}

// TestPrivateAtOnce: what a configuration makes private is in nothing public from the moment it is in force, although the store has
// it as public still: when a source or a rule becomes private, and when a source that was removed comes back as private.
func TestPrivateAtOnce(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		open, covert := groupSite(t)
		dir := t.TempDir()
		file, spool := filepath.Join(dir, "feedmill.yaml"), filepath.Join(dir, "spool")
		var sent, down atomic.Value
		sent.Store("")
		down.Store(true)
		bot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if down.Load().(bool) {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			b := make([]byte, 1<<20)
			n, _ := r.Body.Read(b)
			sent.Store(sent.Load().(string) + string(b[:n]) + "\n")
		}))
		t.Cleanup(bot.Close)
		write(t, filepath.Join(dir, "hook"), bot.URL+"\n")
		write(t, filepath.Join(dir, "secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
		const targets = "targets:\n  bot: { webhook_file: hook, secret_file: secret, allow: [127.0.0.0/8] }\n"
		public := fmt.Sprintf("  open: { jekyll: %s }\n  covert: { jekyll: %s }\n", open, covert)
		private := fmt.Sprintf("  open: { jekyll: %s, private: { tag: zebra, group: desk } }\n  covert: { jekyll: %s, group: desk }\n", open, covert)
		without := fmt.Sprintf("  open: { jekyll: %s, private: { tag: zebra, group: desk } }\n", open)
		desk := "/t/" + deskToken
		all := []string{"ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One"}

		g := &gate{}
		t.Cleanup(g.open)
		groupConfig(t, file, public, groupTokens+targets)
		s := start(t, settings{store: store, file: file, spool: spool, gate: g})
		s.wait("open", 3)
		s.wait("covert", 2)
		s.titled("/feed/chips.json", all...)
		// News that a target has not got yet.
		write(t, filepath.Join(covert, "_posts", "2026-10-01-p6.md"), "---\ntitle: ZEBRA 6\ndate: 2026-10-01 06:00:00 +0000\ntags: [chips]\n---\nstripes\n")
		filterPost(t, open, 7, "Seven", "chips", "short")
		all = append([]string{"Seven", "ZEBRA 6"}, all...)
		s.titled("/feed/chips.json", all...)
		surfaces := s.surfaces()
		page, err := s.Store().Recent(t.Context(), feeds.NewTopic("tag", "zebra"), feeds.ByPublished, feeds.Pos{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			surfaces = append(surfaces, "/item/"+base64.RawURLEncoding.EncodeToString([]byte(it.ID))+"?hl=en")
		}
		for _, path := range surfaces {
			s.get(path) // so that it is kept
		}
		until(t, "the spool to hold what is public", func() bool { return holds(t, spool, "ZEBRA") })

		g.close()
		groupConfig(t, file, private, groupTokens+targets)
		s.loaded(1)
		s.nothingPrivateAt(surfaces, "while nothing follows yet")
		until(t, "the sources to be looked at", func() bool { return g.held.Load() >= 2 })
		if page, err := s.Store().Recent(t.Context(), feeds.NewTopic("tag", "zebra"), feeds.ByPublished, feeds.Pos{}, 10); err != nil || len(page.Items) != 3 {
			t.Fatalf("the store has %d items as public, %v: this test looks at nothing", len(page.Items), err)
		}
		s.nothingPrivateAt(surfaces, "while it is brought in line")
		s.titled("/feed.json", "Seven", "Three", "One")
		s.titled("/feed/chips.json", "Seven", "Three", "One")
		s.titled("/tag/chips.json?q=short", "Seven", "Three", "One")
		if holds(t, spool, "ZEBRA") {
			t.Error("the spool holds what is private")
		}
		down.Store(false)
		until(t, "what is public to be sent", func() bool { return strings.Contains(sent.Load().(string), "Seven") })
		if text := sent.Load().(string); strings.Contains(text, "ZEBRA") {
			t.Errorf("what is private was sent: %s", text)
		}
		g.open()
		s.titled(desk+"/feed.json", all...)
		s.titled(desk+"/feed/inside.json", all...)
		s.nothingPrivateAt(surfaces, "when all follows")
		if list := s.get("/opml").body; !strings.Contains(list, "/tag/chips.rss") || !strings.Contains(list, "/feed/chips.rss") {
			t.Errorf("what is public is not in the list: %s", list)
		}

		// Public again, removed, and back as private.
		groupConfig(t, file, public, groupTokens+targets)
		s.titled("/feed.json", all...)
		until(t, "the whole list", func() bool { return strings.Contains(s.get("/opml").body, "/tag/zebra.rss") })
		groupConfig(t, file, without, groupTokens+targets)
		s.titled("/feed.json", "Seven", "Three", "One")
		s.stop()
		g.close()
		groupConfig(t, file, private, groupTokens+targets)
		s = start(t, settings{store: store, file: file, spool: spool, gate: g})
		s.nothingPrivateAt(surfaces, "at the first request")
		until(t, "the source to return", func() bool { return strings.Contains(s.log.String(), "its items return") && g.held.Load() >= 1 })
		if page, err := s.Store().Recent(t.Context(), feeds.NewTopic("source", "covert"), feeds.ByPublished, feeds.Pos{}, 10); err != nil || len(page.Items) != 3 {
			t.Fatalf("the store has %d items as public, %v: this test looks at nothing", len(page.Items), err)
		}
		s.nothingPrivateAt(surfaces, "while it returns")
		g.open()
		s.titled(desk+"/feed.json", all...)
		s.nothingPrivateAt(surfaces, "when it is back")
		if text := sent.Load().(string); strings.Contains(text, "ZEBRA") {
			t.Errorf("what is private was sent: %s", text)
		}
	})
}

// TestPrivateElsewhere: a replica whose configuration differs in what is private alone does not write any more, so what another one
// has made private stays so.
func TestPrivateElsewhere(t *testing.T) {
	t.Parallel()
	store := startRedis(t).url
	open, covert := groupSite(t)
	dir := t.TempDir() // one, since the place of a file is a setting, too
	before, after := filepath.Join(dir, "before.yaml"), filepath.Join(dir, "after.yaml")
	groupConfig(t, before, fmt.Sprintf("  open: { jekyll: %s }\n  covert: { jekyll: %s }\n", open, covert), groupTokens)
	groupConfig(t, after, fmt.Sprintf("  open: { jekyll: %s, private: { tag: zebra, group: desk } }\n  covert: { jekyll: %s, group: desk }\n", open, covert), groupTokens)
	old := start(t, settings{store: store, file: before})
	old.wait("open", 3)
	old.wait("covert", 2)
	old.titled("/feed.json", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
	surfaces := old.surfaces()
	s := start(t, settings{store: store, file: after})
	s.nothingPrivateAt(surfaces, "at the new replica")
	until(t, "the old replica to give way", func() bool {
		return strings.Contains(old.log.String(), "another replica has loaded a newer configuration")
	})
	s.titled("/t/"+deskToken+"/feed.json", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
	old.titled("/feed.json", "Three", "One")
	write(t, filepath.Join(covert, "_posts", "2026-10-01-p6.md"), "---\ntitle: ZEBRA 6\ndate: 2026-10-01 06:00:00 +0000\ntags: [chips]\n---\nstripes\n")
	s.titled("/t/"+deskToken+"/feed.json", "ZEBRA 6", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
	for _, r := range []*server{s, old} {
		for _, f := range formats {
			if res := r.get("/feed" + f.Suffix); strings.Contains(res.body, "ZEBRA") {
				t.Errorf("%s has what is private: %s", f.Suffix, res.body)
			}
		}
	}
}

// TestClosedWithoutAStore: a token that is taken away ends, and what becomes private is closed, also while the store does not let a
// configuration be taken over; nothing is opened before.
func TestClosedWithoutAStore(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		open, covert := groupSite(t)
		file := filepath.Join(t.TempDir(), "feedmill.yaml")
		public := fmt.Sprintf("  open: { jekyll: %s, private: { tag: zebra, group: desk } }\n  covert: { jekyll: %s }\n", open, covert)
		private := fmt.Sprintf("  open: { jekyll: %s }\n  covert: { jekyll: %s, group: desk }\n", open, covert)
		groupConfig(t, file, public, groupTokens)
		g := &gate{}
		s := start(t, settings{store: store, file: file, gate: g})
		s.wait("open", 3)
		s.wait("covert", 2)
		alice, bob, carol := "/t/"+deskToken, "/t/"+boardToken, "/t/"+deskToken+"2"
		s.titled("/feed.json", "ZEBRA 5", "ZEBRA 4", "Three", "One")
		s.titled(alice+"/feed.json", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
		s.titled(bob+"/feed.json", "ZEBRA 5", "ZEBRA 4", "Three", "One")
		surfaces := s.surfaces()
		g.down.Store(true)
		groupConfig(t, file, private, "  desk: { tokens: { carol: "+deskToken+"2 } }\n  board: { tokens: { bob: "+boardToken+" } }\n")
		until(t, "the token to end", func() bool { return s.get(alice+"/feed.json").status == http.StatusNotFound })
		s.titled("/feed.json", "Three", "One")
		s.titled(bob+"/feed.json", "Three", "One")
		s.nothingPrivateAt(surfaces, "without the store")
		until(t, "the error to be said", func() bool { return strings.Contains(s.log.String(), "the configuration was not loaded") })
		s.get(carol+"/feed.json").refused(t, "a token of a configuration that is not in force", http.StatusNotFound)
		g.down.Store(false)
		s.Reload()
		s.titled(carol+"/feed.json", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
		s.titled("/feed.json", "Three", "ZEBRA two", "One")
		s.get(alice+"/feed.json").refused(t, "the token", http.StatusNotFound)
	})
}

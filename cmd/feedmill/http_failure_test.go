package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// Moods of a moodyStore.
const (
	well int32 = iota
	failing
	hanging
	flapping // every seventh call fails
)

var errMood = fmt.Errorf("the store is in a mood: %w", cache.ErrUnavailable)

// moodyStore is a real store that can be made to fail, to hang or to flap.
type moodyStore struct {
	cache.Store
	mood  atomic.Int32
	calls atomic.Int64
	mu    sync.Mutex
	moved chan struct{} // closed when the mood changes
}

func newMoodyStore(s cache.Store) *moodyStore {
	return &moodyStore{Store: s, moved: make(chan struct{})}
}

func (m *moodyStore) turn(mood int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mood.Store(mood)
	close(m.moved)
	m.moved = make(chan struct{})
}

// pass lets a call through, or not.
func (m *moodyStore) pass(ctx context.Context) error {
	for {
		m.mu.Lock()
		mood, moved := m.mood.Load(), m.moved
		m.mu.Unlock()
		switch {
		case mood == failing, mood == flapping && m.calls.Add(1)%7 == 0:
			return errMood
		case mood != hanging:
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
		}
	}
}

func (m *moodyStore) Put(ctx context.Context, l cache.Lease, c ...feeds.Change) ([]feeds.Accepted, error) {
	if err := m.pass(ctx); err != nil {
		return nil, err
	}
	return m.Store.Put(ctx, l, c...)
}

func (m *moodyStore) Recent(ctx context.Context, t feeds.Topic, o feeds.Order, p feeds.Pos, n int) (feeds.Page, error) {
	if err := m.pass(ctx); err != nil {
		return feeds.Page{}, err
	}
	return m.Store.Recent(ctx, t, o, p, n)
}

func (m *moodyStore) Topics(ctx context.Context, group string) ([]feeds.TopicInfo, error) {
	if err := m.pass(ctx); err != nil {
		return nil, err
	}
	return m.Store.Topics(ctx, group)
}

func (m *moodyStore) After(ctx context.Context, c cache.Cursor, n int) ([]cache.Entry, error) {
	if err := m.pass(ctx); err != nil {
		return nil, err
	}
	return m.Store.After(ctx, c, n)
}

func (m *moodyStore) Wait(ctx context.Context, c cache.Cursor) error {
	if err := m.pass(ctx); err != nil {
		return err
	}
	return m.Store.Wait(ctx, c)
}

func (m *moodyStore) Tail(ctx context.Context) (cache.Cursor, error) {
	if err := m.pass(ctx); err != nil {
		return "", err
	}
	return m.Store.Tail(ctx)
}

func (m *moodyStore) List(ctx context.Context) ([]cache.SourceInfo, error) {
	if err := m.pass(ctx); err != nil {
		return nil, err
	}
	return m.Store.List(ctx)
}

func (m *moodyStore) Describe(ctx context.Context, l cache.Lease, source string, about feeds.About) error {
	if err := m.pass(ctx); err != nil {
		return err
	}
	return m.Store.Describe(ctx, l, source, about)
}

func (m *moodyStore) Read(ctx context.Context, bucket string, keys ...string) (map[string][]byte, error) {
	if err := m.pass(ctx); err != nil {
		return nil, err
	}
	return m.Store.Read(ctx, bucket, keys...)
}

func (m *moodyStore) Write(ctx context.Context, l cache.Lease, e ...cache.Edit) error {
	if err := m.pass(ctx); err != nil {
		return err
	}
	return m.Store.Write(ctx, l, e...)
}

func (m *moodyStore) Acquire(ctx context.Context, name string, ttl time.Duration) (cache.Lease, error) {
	if err := m.pass(ctx); err != nil {
		return cache.Lease{}, err
	}
	return m.Store.Acquire(ctx, name, ttl)
}

func (m *moodyStore) Renew(ctx context.Context, l cache.Lease, ttl time.Duration) error {
	if err := m.pass(ctx); err != nil {
		return err
	}
	return m.Store.Renew(ctx, l, ttl)
}

func (m *moodyStore) Maintain(ctx context.Context) (time.Time, error) {
	if err := m.pass(ctx); err != nil {
		return time.Time{}, err
	}
	return m.Store.Maintain(ctx)
}

func (m *moodyStore) Now(ctx context.Context) (time.Time, error) {
	if err := m.pass(ctx); err != nil {
		return time.Time{}, err
	}
	return m.Store.Now(ctx)
}

// without asks for every document that was served before and demands it again, soon, whole and conditionally.
func (s *server) without(before map[string]response) {
	s.t.Helper()
	began := time.Now()
	var slowest atomic.Int64
	var wg sync.WaitGroup
	gate := make(chan struct{}, 32)
	for path, old := range before {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			for _, header := range [][]string{nil, {"If-None-Match", old.header.Get("Etag")}} {
				start := time.Now()
				now := s.get(path, header...)
				for took := int64(time.Since(start)); took > slowest.Load(); {
					slowest.Store(took)
				}
				switch {
				case header == nil && (now.status != 200 || now.body != old.body || now.header.Get("Etag") != old.header.Get("Etag")):
					s.t.Errorf("GET %s: %d, the same bytes: %v", path, now.status, now.body == old.body)
				case header != nil && now.status != http.StatusNotModified:
					s.t.Errorf("conditional GET %s: %d", path, now.status)
				}
			}
		})
	}
	wg.Wait()
	s.t.Logf("%d documents twice in %s, the slowest answer took %s", len(before), time.Since(began).Round(time.Millisecond), time.Duration(slowest.Load()).Round(time.Millisecond))
}

func (s *server) ready() {
	s.t.Helper()
	res, err := http.Get("http://" + s.AdminAddr() + "/readyz")
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 200 {
		s.t.Errorf("readyz: %d", res.StatusCode)
	}
}

// outage is a way in which a store goes away and comes back.
type outage struct {
	name       string
	down, back func()
}

// outlive puts a server through an outage: with documents that are fresh, one that is stale, and one never rendered.
func outlive(t *testing.T, s *server, site string, round int, o outage) {
	t.Helper()
	s.settled()
	never := fmt.Sprintf("/category/never-%d", round)
	write(t, filepath.Join(site, "_posts", fmt.Sprintf("2026-05-%02d-a.md", round+1)),
		fmt.Sprintf("---\ntitle: before %d\ndate: 2026-05-%02[2]d\ncategories: never-%[1]d\n---\nbefore %[1]d\n", round, round+1))
	until(t, "the post before the outage", func() bool { return strings.Contains(s.get("/feed.rss").body, fmt.Sprintf("before %d<", round)) })
	before := map[string]response{}
	for _, path := range s.paths() {
		if !strings.HasPrefix(path, never) {
			before[path] = s.get(path)
		}
	}
	for _, path := range []string{"/opml", "/opml/tag"} {
		before[path] = s.get(path)
	}
	o.down()
	s.without(before)
	s.ready()
	s.get(never+".rss").refused(t, "a document that was never rendered", 503)
	write(t, filepath.Join(site, "_posts", fmt.Sprintf("2026-06-%02d-b.md", round+1)),
		fmt.Sprintf("---\ntitle: meanwhile %d\ndate: 2026-06-%02[2]d\n---\nmeanwhile %[1]d\n", round, round+1))
	s.without(before)
	s.ready()
	o.back()
	until(t, "the post written during the outage", func() bool { return strings.Contains(s.get("/feed.rss").body, fmt.Sprintf("meanwhile %d<", round)) })
	s.get(never+".rss").want(t, never, 200)
}

func TestAStoreInEveryMood(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		site := writePosts(t, filepath.Join(t.TempDir(), "site"), 20)
		s := start(t, settings{store: "moody+" + store, sources: []string{site}, spool: t.TempDir()})
		moody := doubleOf[*moodyStore]("moody+" + store)
		s.wait("site", 20)
		for round, o := range []outage{
			{"failing", func() { moody.turn(failing) }, func() { moody.turn(well) }},
			{"hanging", func() { moody.turn(hanging) }, func() { moody.turn(well) }},
		} {
			t.Run(o.name, func(t *testing.T) {
				s.t = t
				outlive(t, s, site, round, o)
			})
		}
		s.t = t
		t.Run("flapping", func(t *testing.T) {
			s.t = t
			before := s.documents()
			moody.turn(flapping)
			s.without(before)
			write(t, filepath.Join(site, "_posts", "2026-07-01-c.md"), "---\ntitle: flapped\ndate: 2026-07-01\ncategories: new-one\n---\nflapped\n")
			write(t, filepath.Join(site, "_config.yml"), "title: Another title\nurl: https://news.example.com\ntimezone: Asia/Shanghai\nlang: zh-CN\n")
			ready := func(path, text string) {
				until(t, text+" in "+path, func() bool {
					a := s.get(path)
					if a.status != 200 && path == "/feed.rss" {
						t.Errorf("GET %s: %d", path, a.status)
					}
					return strings.Contains(a.body, text)
				})
			}
			ready("/feed.rss", "flapped")
			ready("/category/new-one.rss", "flapped")
			moody.turn(well)
			ready("/source/site.rss", "<title>Another title</title>")
			ready("/opml", "new-one")
			s.ready()
		})
		s.t = t
	})
}

func TestRedisStandsStillOrDies(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	site := writePosts(t, filepath.Join(t.TempDir(), "site"), 20)
	spool := t.TempDir()
	s := start(t, settings{store: r.url, sources: []string{site}, spool: spool})
	s.wait("site", 20)
	signal := func(sig os.Signal) func() {
		return func() {
			if err := r.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
		}
	}
	for round, o := range []outage{
		{"stopped", signal(syscall.SIGSTOP), signal(syscall.SIGCONT)},
		{"killed", r.stop, r.start},
	} {
		t.Run(o.name, func(t *testing.T) {
			s.t = t
			outlive(t, s, site, round, o)
		})
	}
	s.t = t
	s.stop()
	r.stop()
	_, err := tryStart(t, settings{store: r.url, sources: []string{site}, spool: spool})
	if !errors.Is(err, cache.ErrUnavailable) || strings.Contains(err.Error(), "\n") {
		t.Errorf("start without Redis: %v", err)
	}
}

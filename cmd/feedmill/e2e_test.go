package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/formattest"
	"feedmill/sources/fetch"
)

// server is the real program in this process.
type server struct {
	*app.App
	t   testing.TB
	log *lockedBuffer
}

// settings are what the end-to-end tests vary.
type settings struct {
	store   string
	sources []string // SOURCE arguments
	file    string   // or a configuration file
	spool   string
	files   string
	// http makes the clients; nil for the program's own way.
	http func(*config.Config, config.Source, *fetch.Network) *http.Client
	// gate stands before the store; nil for none.
	gate *gate
}

func start(t testing.TB, s settings) *server {
	t.Helper()
	srv, err := tryStart(t, s)
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

func tryStart(t testing.TB, s settings) (*server, error) {
	t.Helper()
	log := &lockedBuffer{}
	load := func() (*config.Config, error) {
		var cfg *config.Config
		var err error
		if s.file != "" {
			cfg, err = config.Load(s.file, allKinds, os.LookupEnv)
		} else {
			cfg, err = config.FromArgs(s.sources, kinds)
		}
		if err != nil {
			return nil, err
		}
		cfg.Listen, cfg.Admin, cfg.Store = "127.0.0.1:0", "127.0.0.1:0", s.store
		if cfg.BaseURL == "" {
			cfg.BaseURL = "https://feeds.example.com"
		}
		return cfg, nil
	}
	if s.http == nil {
		s.http = httpClient
	}
	open := openStore
	if s.gate != nil {
		open = s.gate.before(openStore)
	}
	a, err := app.Start(t.Context(), app.Options{
		Version: "test", Formats: formats, Kinds: kinds, Load: load, OpenStore: open, HTTP: s.http,
		Log: slog.New(slog.NewTextHandler(log, nil)), Spool: s.spool, Files: s.files,
	})
	if err != nil {
		return nil, err
	}
	srv := &server{App: a, t: t, log: log}
	t.Cleanup(func() {
		if !srv.stopped() {
			srv.stop()
		}
	})
	return srv, nil
}

func (s *server) stopped() bool { return s.App == nil }

func (s *server) stop() {
	s.t.Helper()
	if err := s.App.Stop(); err != nil {
		s.t.Errorf("stop: %v", err)
	}
	s.App = nil
}

type response struct {
	status int
	header http.Header
	body   string
}

func (s *server) get(path string, header ...string) response {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+s.Addr()+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "identity")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response{res.StatusCode, res.Header, string(b)}
}

// quietPort is a port on loopback that nobody listens on, outside the range from which the system gives ports to those
// that ask for any: another test could get one of these a moment later.
func quietPort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 10_000 + rand.IntN(20_000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// until waits for a condition, at most a minute: the machine may be busy with other tests.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !ok() {
		tick := time.NewTimer(5 * time.Millisecond)
		select {
		case <-ctx.Done():
			t.Fatalf("%s did not happen within a minute", what)
		case <-tick.C:
		}
	}
}

// items is the number of live items of a source, as the program reports it.
func (s *server) items(source string) (n int, fetched bool) {
	for _, st := range s.Sources() {
		if st.Name == source {
			return st.Items, st.Fetched && st.State != "fetching" && st.State != "starting"
		}
	}
	return 0, false
}

func (s *server) wait(source string, n int) {
	s.t.Helper()
	until(s.t, fmt.Sprintf("source %s with %d items", source, n), func() bool {
		got, fetched := s.items(source)
		return fetched && got == n
	})
}

// paths lists every document of every topic.
func (s *server) paths() []string {
	s.t.Helper()
	list, err := s.Store().Topics(s.t.Context(), "")
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for _, info := range list {
		for _, f := range formats {
			out = append(out, info.Topic.Path()+f.Suffix)
		}
	}
	return out
}

// writePosts writes n posts into a Jekyll site and returns its directory.
func writePosts(t testing.TB, dir string, n int) string {
	t.Helper()
	write(t, filepath.Join(dir, "_config.yml"), "title: Test\nurl: https://news.example.com\ntimezone: Asia/Shanghai\nlang: zh-CN\n")
	for i := range n {
		write(t, filepath.Join(dir, "_posts", fmt.Sprintf("2024-01-%02d-p%04d.md", 1+i%28, i)),
			fmt.Sprintf("---\ntitle: \"第%d条\"\ndate: 2024-01-%02d 08:00:00 +0800\ncategories: c%d\ntags: 标签%d\n---\n<p>正文 %d</p>\n", i, 1+i%28, i%5, i%7, i))
	}
	return dir
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// eachStore runs a test on both kinds of store. A URL can be opened again after the server stopped.
func eachStore(t *testing.T, fn func(t *testing.T, store string)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		fn(t, "bolt:"+filepath.Join(t.TempDir(), "test.db"))
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		fn(t, startRedis(t).url)
	})
}

const sampleSite = "../../deploy/sample-site"

func TestEveryDocumentOfTheSampleSiteIsValid(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		s := start(t, settings{store: store, sources: []string{sampleSite}})
		until(t, "the import", func() bool { n, ok := s.items("sample-site"); return ok && n > 20 })
		for _, path := range s.paths() {
			res := s.get(path)
			if res.status != 200 {
				t.Errorf("GET %s: %d", path, res.status)
				continue
			}
			media, _, _ := strings.Cut(res.header.Get("Content-Type"), ";")
			for _, finding := range formattest.Check([]byte(res.body), media) {
				t.Errorf("%s: %s", path, finding)
			}
		}
	})
}

// sameEverywhere demands the same bytes and validators of every document.
func sameEverywhere(t *testing.T, a, b map[string]response) {
	t.Helper()
	if len(a) == 0 || len(a) != len(b) {
		t.Errorf("%d documents here, %d there", len(a), len(b))
	}
	for path, x := range a {
		y := b[path]
		if x.body != y.body {
			t.Errorf("%s: other bytes", path)
		}
		for _, h := range []string{"Etag", "Last-Modified"} {
			if x.header.Get(h) != y.header.Get(h) || x.header.Get(h) == "" {
				t.Errorf("%s: %s is %q and %q", path, h, x.header.Get(h), y.header.Get(h))
			}
		}
	}
}

func (s *server) documents() map[string]response {
	out := map[string]response{}
	for _, path := range s.paths() {
		out[path] = s.get(path)
	}
	return out
}

// settled waits until documents carry a Last-Modified: their second has to be two seconds past.
func (s *server) settled() {
	until(s.t, "Last-Modified", func() bool { return s.get("/feed.rss").header.Get("Last-Modified") != "" })
}

func TestARestartServesTheSameBytes(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		site := writePosts(t, t.TempDir(), 40)
		s := start(t, settings{store: store, sources: []string{site}})
		name := filepath.Base(site)
		s.wait(name, 40)
		s.settled()
		before := s.documents()
		s.stop()
		s = start(t, settings{store: store, sources: []string{site}})
		s.wait(name, 40)
		sameEverywhere(t, before, s.documents())
	})
}

func TestAChangeIsPublishedWithAllItsTopics(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		site := writePosts(t, t.TempDir(), 10)
		s := start(t, settings{store: store, sources: []string{site}})
		name := filepath.Base(site)
		s.wait(name, 10)
		write(t, filepath.Join(site, "_posts", "2024-02-01-new.md"),
			"---\ntitle: \"新消息\"\ndate: 2024-02-01 08:00:00 +0800\ncategories: yaowen\ntags: 快讯\n---\n**「重点」**来了\n")
		for _, path := range []string{"/feed.atom", "/category/yaowen.rss", "/tag/快讯.json", "/tag/%E5%BF%AB%E8%AE%AF.json"} {
			until(t, path, func() bool { res := s.get(path); return res.status == 200 && strings.Contains(res.body, "新消息") })
		}
		if body := s.get("/category/yaowen.rss").body; !strings.Contains(body, "<strong>「重点」</strong>") {
			t.Errorf("the content is not what the post says:\n%s", body)
		}
		if err := os.Remove(filepath.Join(site, "_posts", "2024-02-01-new.md")); err != nil {
			t.Fatal(err)
		}
		until(t, "the withdrawal", func() bool { return !strings.Contains(s.get("/feed.atom").body, "新消息") })
		if res := s.get("/tag/快讯.json"); res.status != 200 {
			t.Errorf("a topic that had an item answers %d, want 200 and empty", res.status)
		}
	})
}

func TestEmptyingADirectoryWithdrawsNothingUntilReleased(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		site := writePosts(t, t.TempDir(), 1000)
		name := filepath.Base(site)
		s := start(t, settings{store: store, sources: []string{site}})
		s.wait(name, 1000)
		// Once a new post is seen the watch is in place and its own look at everything is over: a look in the middle of
		// the removal would find a few files gone, which may be.
		write(t, filepath.Join(site, "_posts", "2024-02-01-seen.md"), "---\ntitle: seen\n---\nseen\n")
		s.wait(name, 1001)
		old, err := filepath.Glob(filepath.Join(site, "_posts", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range old {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
		until(t, "the guard", func() bool { return s.Sources()[0].Withheld != nil })
		if n, _ := s.items(name); n != 1001 {
			t.Fatalf("%d items are left before the release, want 1001", n)
		}
		if err := s.Release(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		s.wait(name, 0)
	})
}

func TestUndoingTheRemovalOfASourceRestoresTheSameIDs(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		one, two := writePosts(t, filepath.Join(t.TempDir(), "one"), 30), writePosts(t, filepath.Join(t.TempDir(), "two"), 5)
		file := filepath.Join(t.TempDir(), "feedmill.yaml")
		both := fmt.Sprintf("sources:\n  one: { jekyll: %s }\n  two: { jekyll: %s }\n", one, two)
		write(t, file, both)
		s := start(t, settings{store: store, file: file})
		s.wait("one", 30)
		s.wait("two", 5)
		before := s.get("/source/one.json").body
		write(t, file, fmt.Sprintf("sources:\n  two: { jekyll: %s }\n", two))
		until(t, "the removal", func() bool { return !strings.Contains(s.get("/feed.json").body, "p0029") && len(s.Sources()) == 1 })
		if n := strings.Count(s.get("/source/one.json").body, `"date_published"`); n != 0 {
			t.Errorf("%d items of a removed source are still published", n)
		}
		write(t, file, both)
		s.wait("one", 30)
		until(t, "the return", func() bool { return s.get("/source/one.json").body == before })
		entries, err := s.Store().After(t.Context(), "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Kind == feeds.New {
				t.Errorf("%s counts as news after a removal was undone", e.ID)
			}
		}
	})
}

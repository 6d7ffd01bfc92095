package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/sources/fetch"
)

// publisher is a feed and its WebSub hub on the loopback interface. Its requests for the public address come in through a
// load balancer, which sends each to the server that via chooses.
type publisher struct {
	*httptest.Server
	t       *testing.T
	working sync.WaitGroup
	done    chan struct{}

	mu    sync.Mutex
	via   func() *server // nil while nobody may come in
	polls int
	subs  map[string]string // secrets by callback path
	asked []string
}

const publicBase = "https://feeds.example.com/news"

func newPublisher(t *testing.T) *publisher {
	u := &publisher{t: t, subs: map[string]string{}, done: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /feed", u.feed)
	mux.HandleFunc("POST /hub", u.hub)
	u.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		close(u.done)
		u.Close()
		u.working.Wait()
	})
	return u
}

func rssOf(titles ...string) string {
	var b strings.Builder
	b.WriteString(`<rss version="2.0"><channel><title>Up</title><link>https://up.example/</link><description/>`)
	for _, title := range titles {
		fmt.Fprintf(&b, `<item><guid isPermaLink="false">%s</guid><title>%s</title></item>`, title, title)
	}
	return b.String() + "</channel></rss>"
}

func (u *publisher) feed(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	u.polls++
	u.mu.Unlock()
	w.Header().Add("Link", fmt.Sprintf(`<%s/hub>; rel="hub"`, u.URL))
	w.Header().Add("Link", fmt.Sprintf(`<%s/feed>; rel="self"`, u.URL))
	w.Header().Set("ETag", `"1"`)
	w.Header().Set("Content-Type", "application/rss+xml")
	if r.Header.Get("If-None-Match") == `"1"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	io.WriteString(w, rssOf("first"))
}

// hub accepts every request and verifies it.
func (u *publisher) hub(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		u.t.Error(err)
	}
	mode, secret := r.Form.Get("hub.mode"), r.Form.Get("hub.secret")
	path, ok := strings.CutPrefix(r.Form.Get("hub.callback"), "https://feeds.example.com")
	if !ok || !strings.HasPrefix(path, "/news/hook/up/") {
		u.t.Errorf("the callback is %s", r.Form.Get("hub.callback"))
	}
	u.mu.Lock()
	u.asked = append(u.asked, mode)
	u.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
	q := url.Values{"hub.mode": {mode}, "hub.topic": {r.Form.Get("hub.topic")}, "hub.challenge": {"prove it"}, "hub.lease_seconds": {"864000"}}
	u.working.Go(func() {
		s := u.route()
		if s == nil {
			return
		}
		res := s.get(path + "?" + q.Encode())
		if res.status != http.StatusOK || res.body != "prove it" {
			u.t.Errorf("verification of %s: %d %q", mode, res.status, res.body)
			return
		}
		u.mu.Lock()
		defer u.mu.Unlock()
		if delete(u.subs, path); mode == "subscribe" {
			u.subs[path] = secret
		}
	})
}

// route waits until somebody may come in; nil when the test ends before.
func (u *publisher) route() *server {
	for {
		u.mu.Lock()
		via := u.via
		u.mu.Unlock()
		if via != nil {
			return via()
		}
		select {
		case <-u.done:
			return nil
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (u *publisher) through(s *server) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.via = func() *server { return s }
}

func (u *publisher) subscribers() map[string]string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.subs)
}

func (u *publisher) log() (asked []string, polls int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.asked), u.polls
}

// push delivers items to every subscriber through one server.
func (u *publisher) push(s *server, titles ...string) {
	u.t.Helper()
	body := []byte(rssOf(titles...))
	subs := u.subscribers()
	if len(subs) != 1 {
		u.t.Fatalf("%d subscribers", len(subs))
	}
	for path, secret := range subs {
		m := hmac.New(sha256.New, []byte(secret))
		m.Write(body)
		req, err := http.NewRequest(http.MethodPost, "http://"+s.Addr()+path, bytes.NewReader(body))
		if err != nil {
			u.t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/rss+xml")
		req.Header.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(m.Sum(nil)))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			u.t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusAccepted {
			u.t.Errorf("a delivery is answered with %d", res.StatusCode)
		}
	}
}

// loopbackClient is the polite client with the loopback interface allowed also for a source that has left: this process
// does not know its settings.
func loopbackClient(cfg *config.Config, s config.Source, network *fetch.Network) *http.Client {
	s.Web.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	return httpClient(cfg, s, network)
}

// files are a configuration with the publisher and another source.
func (u *publisher) files(t *testing.T) (with, without, path string) {
	site := writePosts(t, t.TempDir(), 1)
	path = filepath.Join(t.TempDir(), "feedmill.yaml")
	without = fmt.Sprintf("base_url: %s\nsources:\n  site: { jekyll: %s }\n", publicBase, site)
	with = without + fmt.Sprintf("  up: { feed: %s/feed, allow: [127.0.0.0/8] }\n", u.URL)
	write(t, path, with)
	return with, without, path
}

// TestWebSub: a feed that names a hub, from the subscription over news and renewal to the end, through the public listener.
func TestWebSub(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		up := newPublisher(t)
		_, without, file := up.files(t)
		set := settings{store: store, file: file, http: loopbackClient}
		s := start(t, set)
		up.through(s)
		until(t, "the subscription", func() bool { return len(up.subscribers()) == 1 })
		up.push(s, "second", "first")
		until(t, "what was pushed", func() bool { return strings.Contains(s.get("/source/up.rss").body, "<title>second</title>") })
		if asked, polls := up.log(); polls != 1 || len(asked) != 1 {
			t.Errorf("%d polls, %q at the hub", polls, asked)
		}
		until(t, "the state", func() bool { return expires(t, s).After(time.Now()) && letters(t, s) == 0 }) // else the next process hears again what it aged

		// The lease comes to its end, and the next fetch is due.
		before := slices.Sorted(maps.Keys(up.subscribers()))
		s.stop()
		soon := time.Now().Add(time.Hour)
		age(t, store, map[string]func(map[string]any){
			"state/up websub":    func(v map[string]any) { v["now"].(map[string]any)["expires"] = soon },
			"schedule/up record": func(v map[string]any) { v["due"] = time.Now() },
		})
		s = start(t, set)
		up.through(s)
		until(t, "the renewal", func() bool { asked, _ := up.log(); return len(asked) == 2 })
		until(t, "the new lease", func() bool { return expires(t, s).After(soon.Add(time.Hour)) })
		if after := slices.Sorted(maps.Keys(up.subscribers())); !slices.Equal(before, after) {
			t.Errorf("the renewal is another subscription: %q, %q", before, after)
		}
		up.push(s, "third", "second", "first")
		until(t, "what was pushed", func() bool { return strings.Contains(s.get("/source/up.rss").body, "<title>third</title>") })

		// It leaves the configuration while nothing runs.
		s.stop()
		write(t, file, without)
		s = start(t, set)
		up.through(s)
		until(t, "the end of the subscription", func() bool { return len(up.subscribers()) == 0 })
		until(t, "the end of the leaving", func() bool { return s.state("up") == "not there" })
		if asked, polls := up.log(); fmt.Sprint(asked) != "[subscribe subscribe unsubscribe]" || polls != 2 {
			t.Errorf("%q at the hub, %d polls", asked, polls)
		}
	})
}

// TestWhatIsToldOfAnUpstream: /status and /metrics tell of every answer.
func TestWhatIsToldOfAnUpstream(t *testing.T) {
	t.Parallel()
	up := newPublisher(t)
	_, _, file := up.files(t)
	s := start(t, settings{store: "bolt:" + filepath.Join(t.TempDir(), "test.db"), file: file, http: loopbackClient})
	s.wait("up", 1)
	admin := func(path string) string {
		t.Helper()
		res, err := http.Get("http://" + s.AdminAddr() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	wakes := 0
	wake := func() { // an empty letter
		t.Helper()
		wakes++
		if err := s.Store().Write(t.Context(), cache.Lease{}, cache.Edit{Bucket: "mail/up", Key: fmt.Sprint(wakes), Value: []byte{}}); err != nil {
			t.Fatal(err)
		}
	}
	tells := func(path string, want ...string) {
		t.Helper()
		text := admin(path)
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s does not say %q:\n%s", path, w, text)
			}
		}
	}
	size := len(rssOf("first"))
	tells("/metrics", `feedmill_source_requests_total{source="up"} 1`, `feedmill_source_not_modified_total{source="up"} 0`,
		fmt.Sprintf(`feedmill_source_received_bytes_total{source="up"} %d`, size), `feedmill_source_last_http_status{source="up"} 200`,
		`feedmill_source_validators{source="up"} 1`, `feedmill_source_failures{source="up"} 0`, `feedmill_source_due_seconds{source="up"} `,
		`feedmill_source_last_success_seconds{source="up"} `)
	wake()
	until(t, "the second answer", func() bool {
		return strings.Contains(admin("/metrics"), `feedmill_source_not_modified_total{source="up"} 1`)
	})
	tells("/metrics", `feedmill_source_requests_total{source="up"} 2`, `feedmill_source_last_http_status{source="up"} 304`)
	tells("/status", "304", fmt.Sprintf("2 requests, 50%% not modified, %d bytes", size), `ETag <code>&#34;1&#34;</code>`)
	tells("/status.json", `"requests": 2`, `"not_modified": 1`, fmt.Sprintf(`"bytes": %d`, size), `"etag": "\"1\""`, `"status": 304`, `"note": "304`, `"due": "`)
	up.Close()
	wake()
	until(t, "the failure", func() bool { return strings.Contains(admin("/metrics"), `feedmill_source_failures{source="up"} 1`) })
	tells("/status.json", `"error": "get http`)
	tells("/status", "connection refused", "failing")
}

// TestWebSubEndsAtAReload: with the settings that the source had.
func TestWebSubEndsAtAReload(t *testing.T) {
	t.Parallel()
	up := newPublisher(t)
	with, without, file := up.files(t)
	s := start(t, settings{store: "bolt:" + filepath.Join(t.TempDir(), "test.db"), file: file})
	up.through(s)
	until(t, "the subscription", func() bool { return len(up.subscribers()) == 1 })
	until(t, "the state", func() bool { return expires(t, s).After(time.Now()) && letters(t, s) == 0 })
	write(t, file, without)
	until(t, "the end of the subscription", func() bool { return len(up.subscribers()) == 0 })
	write(t, file, with)
	s.wait("up", 1)
	if _, polls := up.log(); polls != 1 {
		t.Errorf("%d polls within seconds", polls)
	}
}

// TestWebSubEndsAfterARestart: a source that leaves while nothing runs is ended with the settings that it had: here a private
// network, and a proxy. A proxy that wants a password, which is not remembered, is not passed by.
func TestWebSubEndsAfterARestart(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		up := newPublisher(t)
		with, without, file := up.files(t)
		set := settings{store: store, file: file}
		s := start(t, set)
		up.through(s)
		until(t, "the subscription", func() bool { return len(up.subscribers()) == 1 })
		until(t, "the state", func() bool { return expires(t, s).After(time.Now()) && letters(t, s) == 0 })
		s.stop()
		write(t, file, without)
		s = start(t, set)
		up.through(s)
		until(t, "the end of the subscription", func() bool { return len(up.subscribers()) == 0 })
		until(t, "the end of the leaving", func() bool { return s.state("up") == "not there" })

		// Through a proxy with a password the source is back, and leaves again.
		var proxied atomic.Int64
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			proxied.Add(1)
			r.RequestURI = ""
			r.Header.Del("Proxy-Authorization")
			res, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			defer res.Body.Close()
			maps.Copy(w.Header(), res.Header)
			w.WriteHeader(res.StatusCode)
			_, _ = io.Copy(w, res.Body)
		}))
		defer proxy.Close()
		s.stop()
		through := strings.Replace(with, "allow: [127.0.0.0/8]", "allow: [127.0.0.0/8], proxy: \"http://lin:hunter2@"+strings.TrimPrefix(proxy.URL, "http://")+"\"", 1)
		write(t, file, through)
		age(t, store, map[string]func(map[string]any){"schedule/up record": func(v map[string]any) { v["due"] = time.Now() }})
		s = start(t, set)
		up.through(s)
		until(t, "the second subscription", func() bool { return len(up.subscribers()) == 1 })
		until(t, "the state", func() bool { return expires(t, s).After(time.Now()) && letters(t, s) == 0 })
		found, err := s.Store().Read(t.Context(), "way/up", "way")
		if err != nil || strings.Contains(string(found["way"]), "hunter2") || !strings.Contains(string(found["way"]), "locked") {
			t.Errorf("remembered: %s, %v", found["way"], err)
		}
		s.stop()
		before, _ := up.log()
		write(t, file, without)
		s = start(t, set)
		s.wait("site", 1)
		until(t, "its items to leave", func() bool { _, ok := s.items("up"); return !ok })
		if after, _ := up.log(); len(after) != len(before) || s.state("up") != "not there" || proxied.Load() == 0 {
			t.Errorf("%q at the hub after %q, %d through the proxy: nobody is to be asked past the proxy", after, before, proxied.Load())
		}
	})
}

// TestWebSubThroughTwoServers: whatever server the hub reaches, one of them writes, and nothing comes twice.
func TestWebSubThroughTwoServers(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	up := newPublisher(t)
	_, _, file := up.files(t)
	set := settings{store: redis.url, file: file}
	a := start(t, set)
	a.wait("up", 1)
	b := start(t, set)
	writer, other := a, b
	until(t, "one that fetches", func() bool {
		if b.state("up") == "waiting" {
			writer, other = b, a
		}
		return writer.state("up") == "waiting" && other.state("up") == "elsewhere"
	})
	up.through(other) // the verification has waited until now
	until(t, "the subscription", func() bool { return len(up.subscribers()) == 1 })
	up.push(other, "second", "first")
	up.push(writer, "third", "second", "first")
	up.push(other, "third", "second", "first")
	for _, s := range []*server{a, b} {
		until(t, "what was pushed", func() bool {
			body := s.get("/source/up.rss").body
			return strings.Contains(body, "<title>second</title>") && strings.Contains(body, "<title>third</title>")
		})
	}
	until(t, "the letters to be read", func() bool { return letters(t, a) == 0 })
	entries, err := a.Store().After(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[feeds.Kind]int{}
	for _, e := range entries {
		if e.Source == "up" {
			kinds[e.Kind]++
		}
	}
	if kinds[feeds.Baseline] != 1 || kinds[feeds.New] != 2 || kinds[feeds.Changed] != 0 {
		t.Errorf("the log has %v, want a first item and two that are new, each once", kinds)
	}
	if asked, polls := up.log(); len(asked) != 1 || polls != 1 {
		t.Errorf("%q at the hub, %d polls: two servers cost as much as one", asked, polls)
	}
}

// state is a source's, or that it is not there.
func (s *server) state(source string) string {
	for _, st := range s.Sources() {
		if st.Name == source {
			return st.State
		}
	}
	return "not there"
}

// age changes notes of a store that no server has open: a simulated lapse of time.
func age(t *testing.T, url string, notes map[string]func(map[string]any)) {
	t.Helper()
	store, err := openStore(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for name, change := range notes {
		bucket, key, _ := strings.Cut(name, " ")
		found, err := store.Read(t.Context(), bucket, key)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(found[key], &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		change(v)
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Write(t.Context(), cache.Lease{}, cache.Edit{Bucket: bucket, Key: key, Value: b}); err != nil {
			t.Fatal(err)
		}
	}
}

// expires is the end of the lease, as the store has it.
func expires(t *testing.T, s *server) time.Time {
	t.Helper()
	found, err := s.Store().Read(t.Context(), "state/up", "websub")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Now struct {
			Expires time.Time `json:"expires"`
		} `json:"now"`
	}
	if b := found["websub"]; len(b) > 0 {
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
	}
	return v.Now.Expires
}

// letters counts what waits in the mailbox.
func letters(t *testing.T, s *server) (n int) {
	t.Helper()
	if err := s.Store().Range(context.Background(), "mail/up", func(string, []byte) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

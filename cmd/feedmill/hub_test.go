package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"feedmill/feeds/hub"
)

// subscriber is a faithful WebSub subscriber on loopback.
type subscriber struct {
	*httptest.Server
	t testing.TB

	mu        sync.Mutex
	asked     []url.Values
	got       []delivery
	challenge func(q url.Values) (status int, body string)
	answer    func(w http.ResponseWriter)
	instead   http.Handler // of all that
}

type delivery struct {
	at                      time.Time
	topic, kind, body, sign string
}

func newSubscriber(t testing.TB) *subscriber {
	s := &subscriber{t: t}
	s.challenge = func(q url.Values) (int, string) { return 200, q.Get("hub.challenge") }
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		if h := s.instead; h != nil {
			s.mu.Unlock()
			h.ServeHTTP(w, r)
			return
		}
		defer s.mu.Unlock()
		if r.Method == http.MethodGet {
			s.asked = append(s.asked, r.URL.Query())
			status, body := s.challenge(r.URL.Query())
			w.WriteHeader(status)
			io.WriteString(w, body)
			return
		}
		topic, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Link"), "<"), ">")
		s.got = append(s.got, delivery{time.Now(), topic, r.Header.Get("Content-Type"), string(b), r.Header.Get("X-Hub-Signature")})
		if s.answer != nil {
			s.answer(w)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *subscriber) deliveries() []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

func (s *subscriber) questions(mode string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.asked {
		if q.Get("hub.mode") == mode {
			n++
		}
	}
	return n
}

// ask posts a request to the hub of a server.
func (s *subscriber) ask(srv *server, mode, topic string, more ...string) (status int, text string) {
	s.t.Helper()
	form := url.Values{"hub.mode": {mode}, "hub.topic": {topic}, "hub.callback": {s.URL + "/cb?id=7"}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	res, err := http.PostForm("http://"+srv.Addr()+"/hub", form)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

// hubSite is a Jekyll site and a configuration whose hub calls back to loopback.
func hubSite(t testing.TB) (site, file string) {
	site = writePosts(t, t.TempDir(), 3)
	file = filepath.Join(t.TempDir(), "feedmill.yaml")
	write(t, file, fmt.Sprintf("base_url: https://feeds.example.com\nhub: { allow: [127.0.0.0/8] }\nsources:\n  site: { jekyll: %s }\n", site))
	return site, file
}

func post(t testing.TB, site, name, title string) {
	t.Helper()
	write(t, filepath.Join(site, "_posts", "2024-02-01-"+name+".md"), "---\ntitle: "+title+"\ndate: 2024-02-01 08:00:00 +0800\ncategories: c1\ntags: 标签1\n---\ntext\n")
}

// TestHub: from the subscription over a change to the end, in every format; what is delivered is what a GET answers.
func TestHub(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		site, file := hubSite(t)
		s := start(t, settings{store: store, file: file})
		s.wait("site", 3)
		sub := newSubscriber(t)
		for _, f := range formats {
			path := "/category/c1" + f.Suffix
			res := s.get(path)
			if link := res.header.Get("Link"); !strings.Contains(link, `<https://feeds.example.com/hub>; rel="hub"`) {
				t.Fatalf("%s does not name the hub: %s", path, link)
			}
			status, text := sub.ask(s, "subscribe", "https://feeds.example.com"+path, "hub.secret", "s3cret", "hub.lease_seconds", "7200")
			if status != http.StatusAccepted {
				t.Fatalf("%d %s", status, text)
			}
		}
		until(t, "three subscriptions", func() bool { return s.hub().Subscriptions == 3 })
		sub.mu.Lock()
		q := sub.asked[0]
		sub.mu.Unlock()
		if q.Get("id") != "7" || q.Get("hub.lease_seconds") != "7200" || q.Get("hub.challenge") == "" {
			t.Errorf("the callback was asked %v", q)
		}
		post(t, site, "news", "Newest")
		until(t, "three deliveries", func() bool { return len(sub.deliveries()) >= 3 })
		for _, d := range sub.deliveries() {
			path := strings.TrimPrefix(d.topic, "https://feeds.example.com")
			res := s.get(path)
			m := hmac.New(sha256.New, []byte("s3cret"))
			m.Write([]byte(d.body))
			switch {
			case d.body != res.body:
				t.Errorf("%s: what is delivered is not what is served", path)
			case d.kind != res.header.Get("Content-Type"):
				t.Errorf("%s: Content-Type %s", path, d.kind)
			case !strings.Contains(d.body, "Newest"):
				t.Errorf("%s: the news are not in it", path)
			case d.sign != "sha256="+hex.EncodeToString(m.Sum(nil)):
				t.Errorf("%s: signature %s", path, d.sign)
			}
		}
		if status, text := sub.ask(s, "unsubscribe", "https://feeds.example.com/category/c1.rss"); status != http.StatusAccepted {
			t.Fatalf("%d %s", status, text)
		}
		until(t, "two subscriptions", func() bool { return s.hub().Subscriptions == 2 })
		// A change of what nobody subscribed to is delivered to nobody, and one that leaves the bytes as they were neither.
		write(t, filepath.Join(site, "_posts", "2024-02-02-other.md"), "---\ntitle: Other\ndate: 2024-02-02 08:00:00 +0800\ncategories: c9\n---\ntext\n")
		s.wait("site", 5)
		post(t, site, "news2", "Second")
		until(t, "two more deliveries", func() bool { return len(sub.deliveries()) >= 5 })
		time.Sleep(300 * time.Millisecond) // for what should not come
		if n := len(sub.deliveries()); n != 5 {
			t.Errorf("%d deliveries, want 5", n)
		}
	})
}

// TestHubOverRestarts: subscriptions outlive the process, a change during a stop is delivered after it, and nothing is repeated.
func TestHubOverRestarts(t *testing.T) {
	t.Parallel()
	site, file := hubSite(t)
	store := "bolt:" + filepath.Join(t.TempDir(), "test.db")
	sub := newSubscriber(t)
	s := start(t, settings{store: store, file: file})
	s.wait("site", 3)
	if status, text := sub.ask(s, "subscribe", "https://feeds.example.com/feed.atom"); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, text)
	}
	until(t, "a subscription", func() bool { return s.hub().Subscriptions == 1 })
	post(t, site, "a", "One")
	until(t, "a delivery", func() bool { return len(sub.deliveries()) == 1 })
	s.stop()
	post(t, site, "b", "Two")
	s = start(t, settings{store: store, file: file})
	until(t, "the delivery of what changed meanwhile", func() bool { return len(sub.deliveries()) == 2 })
	if d := sub.deliveries()[1]; !strings.Contains(d.body, "Two") {
		t.Error("the delivery does not have the change")
	}
	s.stop()
	s = start(t, settings{store: store, file: file})
	post(t, site, "c", "Three")
	until(t, "the third delivery", func() bool { return len(sub.deliveries()) >= 3 })
	time.Sleep(300 * time.Millisecond)
	if got := sub.deliveries(); len(got) != 3 || !strings.Contains(got[2].body, "Three") {
		t.Errorf("%d deliveries, want 3", len(got))
	}
}

// TestHubRefuses: who means nothing good gains nothing.
func TestHubRefuses(t *testing.T) {
	t.Parallel()
	site, file := hubSite(t)
	s := start(t, settings{store: "memory:", file: file})
	s.wait("site", 3)
	sub := newSubscriber(t)
	const topic = "https://feeds.example.com/feed.atom"
	for _, tt := range []struct {
		why    string
		status int
		mode   string
		topic  string
		more   []string
	}{
		{"no mode", 400, "", topic, nil},
		{"publish", 400, "publish", topic, nil},
		{"another server's feed", 400, "subscribe", "https://elsewhere.example/feed.atom", nil},
		{"a page", 400, "subscribe", "https://feeds.example.com/feed", nil},
		{"a filter", 400, "subscribe", topic + "?q=x", nil},
		{"an archive", 400, "subscribe", "https://feeds.example.com/archive/2024-01/feed.atom", nil},
		{"another host", 400, "subscribe", "https://feeds.example.com.evil.example/feed.atom", nil},
		{"a topic that never was", 404, "subscribe", "https://feeds.example.com/tag/never.atom", nil},
		{"a callback that is none", 400, "subscribe", topic, []string{"hub.callback", "ftp://example.org/"}},
		{"a callback with a user", 400, "subscribe", topic, []string{"hub.callback", "https://a:b@example.org/"}},
		{"a long secret", 400, "subscribe", topic, []string{"hub.secret", strings.Repeat("x", 200)}},
		{"a lease that is none", 400, "subscribe", topic, []string{"hub.lease_seconds", "soon"}},
		{"a large form", 413, "subscribe", topic, []string{"x", strings.Repeat("x", 20_000)}},
	} {
		if status, text := sub.ask(s, tt.mode, tt.topic, tt.more...); status != tt.status || status >= 400 && text == "" {
			t.Errorf("%s: %d %q, want %d", tt.why, status, text, tt.status)
		}
	}
	if res := s.get("/hub"); res.status != http.StatusMethodNotAllowed || res.header.Get("Allow") != "POST" {
		t.Errorf("GET: %d", res.status)
	}

	// Callbacks that do not mean it, or lead elsewhere.
	elsewhere := newSubscriber(t)
	for why, challenge := range map[string]func(url.Values) (int, string){
		"a wrong challenge": func(url.Values) (int, string) { return 200, "yes" },
		"a longer answer":   func(q url.Values) (int, string) { return 200, q.Get("hub.challenge") + strings.Repeat("x", 1<<20) },
		"404":               func(q url.Values) (int, string) { return 404, q.Get("hub.challenge") },
		"a redirect":        nil,
	} {
		bad := newSubscriber(t)
		if challenge != nil {
			bad.challenge = challenge
		} else {
			bad.instead = http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect)
		}
		before := s.hub().Refused
		if status, _ := bad.ask(s, "subscribe", topic); status != http.StatusAccepted {
			t.Errorf("%s: %d", why, status)
		}
		until(t, why+" refused", func() bool { return s.hub().Refused == before+1 })
	}
	if n := elsewhere.questions("subscribe"); n != 0 || s.hub().Subscriptions != 0 {
		t.Errorf("%d questions followed a redirect, %d subscriptions", n, s.hub().Subscriptions)
	}

	// One that is verified by nobody but an attacker does not unsubscribe another.
	sub.ask(s, "subscribe", topic)
	until(t, "a subscription", func() bool { return s.hub().Subscriptions == 1 })
	sub.mu.Lock()
	sub.challenge = func(url.Values) (int, string) { return 404, "" } // the subscriber did not ask for that
	sub.mu.Unlock()
	before := s.hub().Refused
	sub.ask(s, "unsubscribe", topic)
	until(t, "the refusal", func() bool { return s.hub().Refused == before+1 })
	post(t, site, "n", "News")
	until(t, "a delivery", func() bool { return len(sub.deliveries()) == 1 })
}

// TestHubKeepsFromPrivateNetworks: without allow nobody on this machine or network is asked anything.
func TestHubKeepsFromPrivateNetworks(t *testing.T) {
	t.Parallel()
	site := writePosts(t, t.TempDir(), 1)
	file := filepath.Join(t.TempDir(), "feedmill.yaml")
	write(t, file, fmt.Sprintf("base_url: https://feeds.example.com\nsources:\n  site: { jekyll: %s }\n", site))
	s := start(t, settings{store: "memory:", file: file})
	s.wait("site", 1)
	sub := newSubscriber(t)
	port := sub.Listener.Addr().String()[len("127.0.0.1"):]
	for _, callback := range []string{sub.URL, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port, "http://0.0.0.0" + port, "http://169.254.169.254/", "http://10.0.0.1/"} {
		if status, _ := sub.ask(s, "subscribe", "https://feeds.example.com/feed.atom", "hub.callback", callback); status != http.StatusAccepted {
			t.Errorf("%s: %d", callback, status)
		}
	}
	until(t, "an end to the questions", func() bool { return s.hub().Refused+s.hub().Asking >= 6 })
	time.Sleep(200 * time.Millisecond)
	if n := sub.questions("subscribe"); n > 0 || s.hub().Verified > 0 {
		t.Errorf("%d questions reached a private network", n)
	}
}

// TestHubFailingCallback: one that fails is served again with what there is then, one that hangs delays nobody, and 410 ends it.
func TestHubFailingCallback(t *testing.T) {
	t.Parallel()
	site, file := hubSite(t)
	s := start(t, settings{store: "memory:", file: file})
	s.wait("site", 3)
	good, hanging, gone := newSubscriber(t), newSubscriber(t), newSubscriber(t)
	let := make(chan struct{})
	defer close(let)
	for _, sub := range []*subscriber{good, hanging, gone} {
		if status, text := sub.ask(s, "subscribe", "https://feeds.example.com/feed.atom"); status != http.StatusAccepted {
			t.Fatalf("%d %s", status, text)
		}
	}
	until(t, "three subscriptions", func() bool { return s.hub().Subscriptions == 3 })
	hanging.mu.Lock()
	hanging.instead = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-let:
		case <-r.Context().Done():
		}
	})
	hanging.mu.Unlock()
	gone.mu.Lock()
	gone.answer = func(w http.ResponseWriter) { w.WriteHeader(http.StatusGone) }
	gone.mu.Unlock()
	for i := range 5 {
		post(t, site, fmt.Sprint("n", i), fmt.Sprint("News ", i))
		until(t, "a delivery to the good one", func() bool {
			got := good.deliveries()
			return len(got) > 0 && strings.Contains(got[len(got)-1].body, fmt.Sprint("News ", i))
		})
	}
	until(t, "the end of the one that is gone", func() bool { return s.hub().Subscriptions == 2 })
	if n := len(gone.deliveries()); n != 1 {
		t.Errorf("%d deliveries to the one that is gone", n)
	}
}

func (s *server) hub() hub.Stats { return s.Hub() }

// TestHubOfReplicas: whichever replica was asked, each change is delivered once, and when the one that delivers goes, the other does.
func TestHubOfReplicas(t *testing.T) {
	t.Parallel()
	site, file := hubSite(t)
	store := startRedis(t).url
	first := start(t, settings{store: store, file: file})
	first.wait("site", 3)
	second := start(t, settings{store: store, file: file})
	subs := []*subscriber{newSubscriber(t), newSubscriber(t)}
	for i, s := range []*server{first, second} {
		if status, text := subs[i].ask(s, "subscribe", "https://feeds.example.com/feed.rss"); status != http.StatusAccepted {
			t.Fatalf("%d %s", status, text)
		}
	}
	until(t, "two subscriptions", func() bool { return max(first.hub().Subscriptions, second.hub().Subscriptions) == 2 })
	if first.hub().Running == second.hub().Running {
		t.Error("both replicas deliver, or none")
	}
	want := func(n int, title string) {
		t.Helper()
		for _, sub := range subs {
			until(t, title, func() bool { return len(sub.deliveries()) >= n })
		}
		time.Sleep(300 * time.Millisecond) // for what should not come
		for _, sub := range subs {
			if got := sub.deliveries(); len(got) != n || !strings.Contains(got[n-1].body, title) {
				t.Errorf("%s: %d deliveries, want %d", title, len(got), n)
			}
		}
	}
	post(t, site, "a", "One")
	want(1, "One")
	if first.hub().Running {
		first.stop()
		first = second
	} else {
		second.stop()
	}
	post(t, site, "b", "Two")
	want(2, "Two")
}

// TestHubKilled: killed with -9 at any moment, the hub delivers what was posted last to everybody; only what was under way at a
// kill may be repeated.
func TestHubKilled(t *testing.T) {
	t.Parallel()
	kills := 6
	if n, err := strconv.Atoi(os.Getenv("FEEDMILL_KILLS")); err == nil {
		kills = n
	}
	site, file := hubSite(t)
	store := "bolt:" + filepath.Join(t.TempDir(), "test.db")
	subs := make([]*subscriber, 20)
	for i := range subs {
		subs[i] = newSubscriber(t)
	}
	s := start(t, settings{store: store, file: file})
	s.wait("site", 3)
	for _, sub := range subs {
		if status, text := sub.ask(s, "subscribe", "https://feeds.example.com/feed.atom"); status != http.StatusAccepted {
			t.Fatalf("%d %s", status, text)
		}
	}
	until(t, "all subscriptions", func() bool { return s.hub().Subscriptions == len(subs) })
	s.stop()
	addr := fmt.Sprintf("127.0.0.1:%d", quietPort(t))
	for i := range kills {
		cmd := feedmillProcess(t, "serve", "--config", file, "--store", store, "--listen", addr, "--admin", "off")
		post(t, site, fmt.Sprint("k", i), fmt.Sprintf("Number %d.", i))
		time.Sleep(rand.N(700 * time.Millisecond))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
	}
	s = start(t, settings{store: store, file: file})
	last := fmt.Sprintf("Number %d.", kills-1)
	for _, sub := range subs {
		until(t, "the last change", func() bool {
			got := sub.deliveries()
			return len(got) > 0 && strings.Contains(got[len(got)-1].body, last)
		})
	}
	s.stop()
	repeats, all := 0, 0
	for i, sub := range subs {
		seen := map[string]int{}
		for _, d := range sub.deliveries() {
			all++
			if seen[d.body]++; seen[d.body] > 1 {
				repeats++
			}
		}
		for body, n := range seen {
			if n > 1+kills {
				t.Errorf("subscriber %d got %.60q %d times", i, body, n)
			}
		}
	}
	t.Logf("%d kills, %d deliveries to %d subscribers, %d repeats", kills, all, len(subs), repeats)
}

// feedmillProcess runs the program as a process of its own.
func feedmillProcess(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Args[0] = "feedmill" // by which TestMain knows
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// BenchmarkHub is the time from saving a post to its delivery.
func BenchmarkHub(b *testing.B) {
	site, file := hubSite(b)
	s := start(b, settings{store: "bolt:" + filepath.Join(b.TempDir(), "test.db"), file: file})
	s.wait("site", 3)
	sub := newSubscriber(b)
	if status, text := sub.ask(s, "subscribe", "https://feeds.example.com/feed.atom"); status != http.StatusAccepted {
		b.Fatalf("%d %s", status, text)
	}
	until(b, "a subscription", func() bool { return s.hub().Subscriptions == 1 })
	var times []time.Duration
	for i := 0; b.Loop(); i++ {
		began := time.Now()
		post(b, site, fmt.Sprint("b", i), fmt.Sprintf("Number %d.", i))
		until(b, "the delivery", func() bool { return len(sub.deliveries()) > i })
		times = append(times, sub.deliveries()[i].at.Sub(began))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Milliseconds()), "p50-ms")
	b.ReportMetric(float64(times[len(times)*99/100].Milliseconds()), "p99-ms")
}

// TestHubPings: a hub of others is named by every feed and told of each that changed, once its new bytes are served; one that fails
// is told again.
func TestHubPings(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var s *server
	told, failed, posted := map[string]int{}, 0, false
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if failed++; failed == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if err := r.ParseForm(); err != nil || r.PostForm.Get("hub.mode") != "publish" || len(r.PostForm["hub.url"]) > 20 {
			t.Errorf("ping %v, %v", r.PostForm, err)
		}
		for _, u := range r.PostForm["hub.url"] {
			if !posted { // the first import
				continue
			}
			if res := s.get(strings.TrimPrefix(u, "https://feeds.example.com")); !strings.Contains(res.body, "Newest") {
				t.Errorf("%s is told of before its new bytes are served", u)
			}
			told[u]++
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer other.Close()
	site := writePosts(t, t.TempDir(), 3)
	file := filepath.Join(t.TempDir(), "feedmill.yaml")
	write(t, file, fmt.Sprintf("base_url: https://feeds.example.com\nhub: { serve: false, allow: [127.0.0.0/8], ping: [%q] }\nsources:\n  site: { jekyll: %s }\n", other.URL, site))
	srv := start(t, settings{store: "memory:", file: file})
	srv.wait("site", 3)
	mu.Lock()
	s = srv
	mu.Unlock()
	if link := srv.get("/feed.atom").header.Get("Link"); !strings.Contains(link, other.URL) || strings.Contains(link, "feeds.example.com/hub") {
		t.Errorf("Link is %s", link)
	}
	if res := srv.get("/hub"); res.status != http.StatusNotFound {
		t.Errorf("/hub answers %d", res.status)
	}
	quiet := 0
	until(t, "the end of what the first import changed, if the hub saw it", func() bool {
		if h := srv.hub(); !h.Running || h.Unpinged > 0 {
			quiet = 0
		}
		quiet++
		return quiet > 40
	})
	mu.Lock()
	posted = true
	mu.Unlock()
	post(t, site, "n", "Newest")
	until(t, "pings", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return told["https://feeds.example.com/feed.atom"] == 1 && told["https://feeds.example.com/tag/%E6%A0%87%E7%AD%BE1.rss"] == 1 && told["https://feeds.example.com/category/c1.json"] == 1
	})
	mu.Lock()
	defer mu.Unlock()
	if told["https://feeds.example.com/category/c2.atom"] > 0 {
		t.Error("a feed that did not change is told of")
	}
}

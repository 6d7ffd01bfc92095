package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"feedmill/feeds"
)

// limitRig is a server whose clock stands unless the test moves it, and a function that asks it.
func limitRig(t *testing.T, change func(*Site)) (*Server, *time.Time, func(path, from string, fields ...string) *httptest.ResponseRecorder) {
	t.Helper()
	now := time.Now()
	store := &fakeStore{}
	store.put(epoch, post(1, "go"))
	site := testSite()
	site.RateLimit = 10
	change(&site)
	s, err := New(store, testFormats(), site, Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, &now, func(path, from string, fields ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		r.RemoteAddr = from
		for i := 0; i < len(fields); i += 2 {
			r.Header.Add(fields[i], fields[i+1])
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
}

func TestRateLimit(t *testing.T) {
	s, now, ask := limitRig(t, func(*Site) {})
	const client = "203.0.113.7:1000"
	for i := range 10 {
		if w := ask("/feed.rss", client); w.Code != 200 {
			t.Fatalf("request %d: %d", i, w.Code)
		}
	}
	w := ask("/feed.rss", "203.0.113.7:2000")
	if seconds, err := strconv.Atoi(w.Header().Get("Retry-After")); w.Code != 429 || err != nil || seconds != 6 || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("one too many: %d %v", w.Code, w.Header())
	}
	for _, from := range []string{"203.0.113.8:1", "[2001:db8::1]:1", "127.0.0.1:1", "[::1]:1", "10.1.2.3:1", "@"} {
		if w := ask("/feed.rss", from); w.Code != 200 {
			t.Errorf("%s: %d", from, w.Code)
		}
	}
	*now = now.Add(6 * time.Second)
	if w := ask("/feed.rss", client); w.Code != 200 {
		t.Errorf("after Retry-After: %d", w.Code)
	}
	if w := ask("/no/such", client); w.Code != 429 {
		t.Errorf("what is not there: %d", w.Code)
	}

	// Polls that are answered with 304 are cheap, those that get the document all the same are not.
	*now = now.Add(time.Minute)
	tag := ask("/feed.rss", "127.0.0.1:1").Header().Get("ETag")
	for i := range 10 * cheaper {
		if w := ask("/feed.rss", client, "If-None-Match", tag); w.Code != 304 {
			t.Fatalf("poll %d: %d", i, w.Code)
		}
	}
	if w := ask("/feed.rss", client, "If-None-Match", tag); w.Code != 429 {
		t.Errorf("a poll too many: %d", w.Code)
	}
	*now = now.Add(time.Minute)
	got := 0
	for ask("/feed.rss", client, "If-None-Match", `"other"`).Code == 200 {
		if got++; got > 20 {
			break
		}
	}
	if got < 9 || got > 11 {
		t.Errorf("%d documents for polls with a wrong tag", got)
	}

	// An IPv6 client is its network; the limit may go while the server runs.
	*now = now.Add(time.Minute)
	for i := range 10 {
		ask("/feed.rss", fmt.Sprintf("[2001:db8:1:2::%x]:1", i))
	}
	if w := ask("/feed.rss", "[2001:db8:1:2:3::]:1"); w.Code != 429 {
		t.Errorf("another address of the network: %d", w.Code)
	}
	if w := ask("/feed.rss", "[2001:db8:1:3::]:1"); w.Code != 200 {
		t.Errorf("another network: %d", w.Code)
	}
	s.Configure(testSite())
	if w := ask("/feed.rss", "[2001:db8:1:2:3::]:1"); w.Code != 200 {
		t.Errorf("without a limit: %d", w.Code)
	}
}

// TestClient: only trusted proxies say who asks, and only as far as they are trusted.
func TestClient(t *testing.T) {
	s, _, _ := limitRig(t, func(s *Site) {
		s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:f::/48")}
	})
	for _, c := range []struct{ from, forwarded, header, want string }{
		{"203.0.113.7:1", "198.51.100.1", "X-Forwarded-For", "203.0.113.7"},
		{"10.0.0.1:1", "198.51.100.1", "X-Forwarded-For", "198.51.100.1"},
		{"[::ffff:10.0.0.1]:1", "198.51.100.1", "X-Forwarded-For", "198.51.100.1"},
		{"10.0.0.1:1", "192.0.2.66, 198.51.100.1, 10.9.9.9", "X-Forwarded-For", "198.51.100.1"}, // the left one is what the client says
		{"10.0.0.1:1", "198.51.100.1:4711", "X-Forwarded-For", "198.51.100.1"},
		{"10.0.0.1:1", "2001:db8::5", "X-Forwarded-For", "2001:db8::5"},
		{"10.0.0.1:1", "[2001:db8::5]:80", "X-Forwarded-For", "2001:db8::5"},
		{"10.0.0.1:1", "198.51.100.1, unknown", "X-Forwarded-For", "10.0.0.1"},
		{"10.0.0.1:1", "", "X-Forwarded-For", "10.0.0.1"},
		{"10.0.0.1:1", "10.0.0.2", "X-Forwarded-For", "10.0.0.2"},
		{"[2001:db8:f::1]:1", `for=192.0.2.66, For="[2001:db8::5]:4711";proto=https;by=x`, "Forwarded", "2001:db8::5"},
		{"10.0.0.1:1", "for=192.0.2.60;proto=http, for=10.0.0.7", "Forwarded", "192.0.2.60"},
		{"10.0.0.1:1", "for=_hidden", "Forwarded", "10.0.0.1"},
		{"10.0.0.1:1", "host=198.51.100.1", "Forwarded", "10.0.0.1"},
		{"@", "198.51.100.1", "X-Forwarded-For", "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.from
		r.Header.Set(c.header, c.forwarded)
		if got := s.config.Load().client(r).String(); got != c.want {
			t.Errorf("%s from %s: %s, want %s", c.forwarded, c.from, got, c.want)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.0.0.1:1"
	r.Header["X-Forwarded-For"] = []string{"192.0.2.66", "198.51.100.1"} // two lines are one list
	r.Header["Forwarded"] = []string{"for=192.0.2.99"}
	if got := s.config.Load().client(r).String(); got != "198.51.100.1" {
		t.Errorf("two lines: %s", got)
	}
}

// TestLimiterIsBounded: however many clients ask, the table holds so many, and who is in it stays limited.
func TestLimiterIsBounded(t *testing.T) {
	var l limiter
	now := time.Now().UnixNano()
	for i := range 4 * limitShards * maxClients {
		l.take(netip.AddrFrom4([4]byte{100, byte(i >> 16), byte(i >> 8), byte(i)}), now, int64(time.Second))
	}
	for i := range l.shards {
		if n := len(l.shards[i].clients); n > maxClients {
			t.Errorf("shard %d has %d clients", i, n)
		}
	}
	if n := len(l.shards[3].clients); n < maxClients/2 {
		t.Errorf("%d clients are remembered", n)
	}
	late := now + int64(2*time.Minute)
	for i := range limitShards * maxClients {
		l.take(netip.AddrFrom4([4]byte{101, byte(i >> 16), byte(i >> 8), byte(i)}), late, int64(time.Second))
	}
	for i := range l.shards {
		for a, until := range l.shards[i].clients {
			if until < late {
				t.Fatalf("%x is remembered for nothing", a)
			}
		}
	}
}

// TestBasePathOfOurs: a base path that is the beginning of our own paths, stripped by a proxy or not.
func TestBasePathOfOurs(t *testing.T) {
	for base, paths := range map[string]map[string]int{
		"/feed": {"/feed/feed.rss": 200, "/feed/category/go.rss": 200, "/category/go.rss": 200, "/feed.rss": 200, "/feed/": 200, "/feed/feed": 200, "/feed/saved.rss": 200, "/feed/feed/saved.rss": 200, "/feed": 200},
		"/hub":  {"/hub": 301, "/hub/": 200, "/hub/feed.rss": 200, "/feed.rss": 200, "/hub/opml": 200, "/hubs/feed.rss": 404, "/hub/hub/feed.rss": 404, "/hub" + styleURL: 200},
	} {
		saved := feeds.NewTopic("feed", "saved")
		r := newRig(t, func(s *Site, _ *Options) { s.BaseURL, s.Saved = "https://example.com"+base, []feeds.Topic{saved} })
		for path, status := range paths {
			a := r.get(path)
			r.want(a, status)
			if status == http.StatusMovedPermanently && a.Header.Get("Location") != base+"/" {
				t.Errorf("%s leads to %s", path, a.Header.Get("Location"))
			}
		}
	}
}

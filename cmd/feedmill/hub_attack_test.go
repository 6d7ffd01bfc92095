package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestHubOfOurOwn: our own client subscribes to our own hub, to a saved feed, and gets news without asking for them.
func TestHubOfOurOwn(t *testing.T) {
	t.Parallel()
	site := writePosts(t, t.TempDir(), 3)
	var up, down front
	up.open(t)
	down.open(t)
	publishing := filepath.Join(t.TempDir(), "up.yaml")
	write(t, publishing, fmt.Sprintf("base_url: %s/news\nhub: { allow: [127.0.0.0/8] }\nsources:\n  site: { jekyll: %s }\nfeeds:\n  chosen: { match: { category: c1 } }\n", up.URL, site))
	a := start(t, settings{store: "memory:", file: publishing})
	up.lead(a)
	a.wait("site", 3)
	until(t, "the saved feed", func() bool { return a.get("/feed/chosen.atom").status == http.StatusOK })

	reading := filepath.Join(t.TempDir(), "down.yaml")
	write(t, reading, fmt.Sprintf("base_url: %s\nsources:\n  up: { feed: %s/news/feed/chosen.atom, allow: [127.0.0.0/8] }\n", down.URL, up.URL))
	b := start(t, settings{store: "memory:", file: reading, http: loopbackClient})
	down.lead(b)
	until(t, "the subscription", func() bool { return a.hub().Subscriptions == 1 })
	polls := up.gets.Load()
	post(t, site, "n", "Newest")
	until(t, "the news at the other end", func() bool { return strings.Contains(b.get("/source/up.rss").body, "<title>Newest</title>") })
	if n := up.gets.Load(); n != polls {
		t.Errorf("the feed was asked for %d times more", n-polls)
	}
	until(t, "the end of the delivery", func() bool { return a.hub().Delivered == 1 }) // the reader may store it before it answers
	if st := a.hub(); st.Failed != 0 {
		t.Errorf("%+v", st)
	}
}

// front is a load balancer with an address before there is a server behind it.
type front struct {
	*httptest.Server
	to   atomic.Pointer[url.URL]
	gets atomic.Int64
}

func (f *front) open(t *testing.T) {
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(f.to.Load()) }}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.to.Load() == nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		if r.Method == http.MethodGet {
			f.gets.Add(1)
		}
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/news")
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
}

func (f *front) lead(s *server) { f.to.Store(&url.URL{Scheme: "http", Host: s.Addr()}) }

// TestHubDeliversToAttackers: a redirect, an answer without end and one that never comes gain nothing, and delay nobody.
func TestHubDeliversToAttackers(t *testing.T) {
	t.Parallel()
	site, file := hubSite(t)
	s := start(t, settings{store: "memory:", file: file})
	s.wait("site", 3)
	good, elsewhere := newSubscriber(t), newSubscriber(t)
	let := make(chan struct{})
	defer close(let)
	var written, ended atomic.Int64
	attacks := []http.Handler{
		http.RedirectHandler(elsewhere.URL+"/cb", http.StatusTemporaryRedirect),
		http.RedirectHandler(elsewhere.URL+"/cb", http.StatusSeeOther),
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			defer ended.Add(1)
			block := make([]byte, 64<<10)
			for {
				n, err := w.Write(block)
				if written.Add(int64(n)); err != nil {
					return
				}
			}
		}),
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-let:
			case <-r.Context().Done():
			}
		}),
	}
	subs := []*subscriber{good}
	for range attacks {
		subs = append(subs, newSubscriber(t))
	}
	for _, sub := range subs {
		if status, text := sub.ask(s, "subscribe", "https://feeds.example.com/feed.atom"); status != http.StatusAccepted {
			t.Fatalf("%d %s", status, text)
		}
	}
	until(t, "the subscriptions", func() bool { return s.hub().Subscriptions == len(subs) })
	for i, h := range attacks {
		subs[1+i].mu.Lock()
		subs[1+i].instead = h
		subs[1+i].mu.Unlock()
	}
	for i := range 2 {
		title := fmt.Sprintf("News %d.", i)
		post(t, site, fmt.Sprint("n", i), title)
		until(t, title, func() bool {
			got := good.deliveries()
			return len(got) == i+1 && strings.Contains(got[i].body, title)
		})
	}
	until(t, "the failures of the redirects, and an end of the answer", func() bool { return s.hub().Failing >= 2 && ended.Load() > 0 })
	if n := written.Load() / ended.Load(); n > 64<<20 {
		t.Errorf("%d bytes of an answer were taken", n)
	}
	if n := len(elsewhere.deliveries()) + elsewhere.questions(""); n != 0 {
		t.Errorf("%d requests followed a redirect", n)
	}
}

// TestHubSlowVerification: callbacks that never answer turn away only those at their own host, and keep no other waiting.
func TestHubSlowVerification(t *testing.T) {
	t.Parallel()
	_, file := hubSite(t)
	good, hanging := newSubscriber(t), newSubscriber(t)
	s := start(t, settings{store: "memory:", file: file}) // which ends before them
	s.wait("site", 3)
	hanging.instead = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	at := strings.Replace(hanging.URL, "127.0.0.1", "localhost", 1)
	statuses := map[int]int{}
	for i := range 520 {
		status, _ := hanging.ask(s, "subscribe", "https://feeds.example.com/feed.atom", "hub.callback", fmt.Sprintf("%s/cb/%d", at, i))
		statuses[status]++
	}
	if statuses[http.StatusAccepted] < 500 || statuses[http.StatusTooManyRequests] == 0 || len(statuses) != 2 {
		t.Errorf("answers %v, want about 500 accepted and the others told to wait", statuses)
	}
	if status, text := good.ask(s, "subscribe", "https://feeds.example.com/feed.atom"); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, text)
	}
	until(t, "the subscription of another", func() bool { return s.hub().Subscriptions == 1 })
	if n := s.hub().Asking; n < 400 {
		t.Errorf("only %d wait: the other did not overtake them", n)
	}
}

// TestHubLimitsClients: a client that asks too much is told when to come back, as a trusted proxy names it; others are not.
func TestHubLimitsClients(t *testing.T) {
	t.Parallel()
	site := writePosts(t, t.TempDir(), 1)
	file := filepath.Join(t.TempDir(), "feedmill.yaml")
	write(t, file, fmt.Sprintf("base_url: https://feeds.example.com\ntrusted_proxies: [127.0.0.0/8]\nsources:\n  site: { jekyll: %s }\n", site))
	s := start(t, settings{store: "memory:", file: file})
	ask := func(client string) *http.Response {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, "http://"+s.Addr()+"/hub", strings.NewReader("hub.mode=unsubscribe"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Forwarded-For", client)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	statuses := map[int]int{}
	var last *http.Response
	for statuses[http.StatusTooManyRequests] == 0 && statuses[http.StatusBadRequest] < 5000 {
		last = ask("198.51.100.7")
		statuses[last.StatusCode]++
	}
	if n := statuses[http.StatusBadRequest]; len(statuses) != 2 || n < 500 || last.Header.Get("Retry-After") == "" {
		t.Errorf("answers %v, the last with %v; want 500 or a few more wrong ones, then 429 with Retry-After", statuses, last.Header)
	}
	for _, other := range []string{"198.51.100.8", "127.0.0.1"} {
		if res := ask(other); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s is answered %d", other, res.StatusCode)
		}
	}
	if n := s.hub().Limited; n != 1 {
		t.Errorf("%d requests are counted as limited", n)
	}
	for path, want := range map[string]string{"/metrics": `feedmill_hub_requests_total{result="limited"} 1`, "/status?hl=en": "1 turned away with 429"} {
		res, err := http.Get("http://" + s.AdminAddr() + path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s does not say %s: %v", path, want, err)
		}
	}
}

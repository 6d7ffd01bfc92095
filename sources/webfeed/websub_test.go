package webfeed

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/fetch/fetchtest"
)

const hook = "https://feeds.example.com/hook/up"

// hub is a WebSub hub with one topic, as the recommendation has it, and the publisher of that topic.
type hub struct {
	t     *testing.T
	lease time.Duration
	// answer is what it says to requests; 0 means 202. silent keeps it from verifying.
	answer int
	silent bool
	// callback is where its requests go: any of the replicas.
	callback http.HandlerFunc

	mu    sync.Mutex
	links string // the Link header of the feed
	body  string
	polls int
	subs  map[string]*subscriber // by callback
	log   []string
}

type subscriber struct {
	secret  string
	expires time.Time
}

const (
	hubURL = "https://hub.example/"
	topic  = "http://up.example/feed?a=1"
)

func newHub(t *testing.T) *hub {
	h := &hub{t: t, lease: 10 * 24 * time.Hour, subs: map[string]*subscriber{}, body: channel(item("1", "one"))}
	h.links = `<https://other.example/>; rel="next", <` + hubURL + `>; rel="hub", <` + topic + `>; title="a, <b>"; rel=self`
	return h
}

// RoundTrip is the network: the feed and the hub.
func (h *hub) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.URL.Host == "hub.example" {
		h.request(w, r)
	} else {
		h.mu.Lock()
		h.polls++
		if h.links != "" {
			w.Header().Set("Link", h.links)
		}
		tag := fmt.Sprintf(`"%x"`, sha1.Sum([]byte(h.body)))
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
		} else {
			_, _ = io.WriteString(w, h.body)
		}
		h.mu.Unlock()
	}
	res := w.Result()
	res.Request = r
	return res, nil
}

// set changes what the hub or the feed says.
func (h *hub) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

func (h *hub) polled() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.polls
}

func (h *hub) callbacks() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.subs))
}

// request takes a subscription and verifies it a second later.
func (h *hub) request(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.ParseForm() != nil {
		h.t.Errorf("%s with %q", r.Method, r.Header.Get("Content-Type"))
	}
	mode, callback, secret := r.Form.Get("hub.mode"), r.Form.Get("hub.callback"), r.Form.Get("hub.secret")
	if r.Form.Get("hub.topic") != topic || !strings.HasPrefix(callback, hook+"/") || len(callback) < len(hook)+17 {
		h.t.Errorf("asked for %v", r.Form)
	}
	if n, err := strconv.Atoi(r.Form.Get("hub.lease_seconds")); mode == "subscribe" && (err != nil || n < 3600 || len(secret) < 16 || len(secret) >= 200) {
		h.t.Errorf("asked for %v", r.Form)
	}
	h.mu.Lock()
	h.log = append(h.log, mode)
	answer, silent := h.answer, h.silent
	h.mu.Unlock()
	if answer != 0 {
		w.Header().Set("Location", hubURL+"other")
		w.WriteHeader(answer)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	if silent {
		return
	}
	go func() {
		time.Sleep(time.Second)
		if code := h.verify(mode, callback); code != 200 {
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if mode == "subscribe" {
			h.subs[callback] = &subscriber{secret, time.Now().Add(h.lease)}
		} else {
			delete(h.subs, callback)
		}
	}()
}

// verify asks the callback whether it meant it.
func (h *hub) verify(mode, callback string) int {
	q := url.Values{"hub.mode": {mode}, "hub.topic": {topic}, "hub.challenge": {"a&b ü"}}
	if mode == "subscribe" {
		h.mu.Lock()
		q.Set("hub.lease_seconds", strconv.Itoa(int(h.lease.Seconds())))
		h.mu.Unlock()
	}
	w := h.call(httptest.NewRequest(http.MethodGet, callback+"?"+q.Encode(), nil))
	if w.Code == 200 && w.Body.String() != "a&b ü" {
		h.t.Errorf("the challenge came back as %q", w.Body.String())
	}
	return w.Code
}

func (h *hub) call(r *http.Request) *httptest.ResponseRecorder {
	r.URL.Path = strings.TrimPrefix(r.URL.Path, "/hook/up")
	w := httptest.NewRecorder()
	h.callback(w, r)
	return w
}

var hashes = map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}

// publish delivers news to the subscribers whose leases last. It returns the answers.
func (h *hub) publish(body, method string, change ...func(*http.Request)) (codes []int) {
	h.mu.Lock()
	subs := map[string]*subscriber{}
	for c, s := range h.subs {
		if time.Now().Before(s.expires) {
			subs[c] = s
		}
	}
	h.mu.Unlock()
	for callback, s := range subs {
		r := httptest.NewRequest(http.MethodPost, callback, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/rss+xml")
		m := hmac.New(hashes[method], []byte(s.secret))
		_, _ = io.WriteString(m, body) // a hash takes all
		r.Header.Set("X-Hub-Signature", method+"="+hex.EncodeToString(m.Sum(nil)))
		for _, f := range change {
			f(r)
		}
		code := h.call(r).Code
		if code == http.StatusGone {
			h.mu.Lock()
			delete(h.subs, callback)
			h.mu.Unlock()
		}
		codes = append(codes, code)
	}
	return codes
}

func (h *hub) live() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, s := range h.subs {
		if time.Now().Before(s.expires) {
			n++
		}
	}
	return n
}

func (h *hub) asked() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.log)
}

// subscribed is a source under a Manager that a hub knows; its callback comes in through another replica.
type subscribed struct {
	*hub
	store *fetchtest.Store
	m     *sources.Manager
	cfg   Config
	env   sources.Env
	// look is how often the mailbox is looked into: seldom where weeks are simulated.
	look time.Duration
}

// forWeeks looks for letters every minute alone: that is most of the work of a simulated month.
func forWeeks(s *subscribed) { s.look = time.Minute }

func newSubscribed(t *testing.T, before ...func(*subscribed)) *subscribed {
	s := &subscribed{hub: newHub(t), store: fetchtest.NewStore(), cfg: Config{URL: topic}}
	for _, change := range before {
		change(s)
	}
	s.env = sources.Env{Name: "up", HTTP: &http.Client{Transport: s.hub}, Log: slog.New(slog.DiscardHandler), Hook: hook}
	s.callback = func(w http.ResponseWriter, r *http.Request) {
		other := &source{cfg: s.cfg, env: s.env} // the replica that the load balancer chose
		r.Body = http.MaxBytesReader(w, r.Body, sources.MaxReceived)
		other.Receive(w, r, s.store.Mailbox("up"))
	}
	t.Cleanup(func() { s.m.Close() })
	s.start("1")
	return s
}

func (s *subscribed) start(fingerprint string) {
	s.m = sources.NewManager(s.store, sources.Options{Log: slog.New(slog.DiscardHandler), Look: s.look})
	s.m.Apply([]sources.Spec{{
		Name: "up", Kind: "feed", Location: "up", Fingerprint: fingerprint, Policy: sources.Policy{Source: "up"}, Interval: time.Hour, MaxInterval: 24 * time.Hour, Web: true,
		Source: &source{cfg: s.cfg, env: s.env},
	}})
	time.Sleep(10 * time.Second)
}

func (s *subscribed) restart(fingerprint string) {
	s.m.Close()
	s.start(fingerprint)
}

func TestC31Subscribes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubscribed(t)
		if s.live() != 1 || s.polled() != 1 {
			t.Fatalf("%d subscriptions after %q, %d polls", s.live(), s.asked(), s.polled())
		}
		for i, method := range []string{"sha1", "sha256", "sha384", "sha512", "SHA256"} {
			h := strings.ToLower(method)
			got := s.publish(channel(item(fmt.Sprint("pushed", i), "news")), h, func(r *http.Request) {
				r.Header.Set("X-Hub-Signature", strings.Replace(r.Header.Get("X-Hub-Signature"), h, method, 1))
			})
			if !slices.Equal(got, []int{202}) {
				t.Errorf("%s: %v", method, got)
			}
			time.Sleep(5 * time.Second)
			if n := s.store.News("up"); n != i+1 {
				t.Errorf("%s: %d new items, want %d", method, n, i+1)
			}
		}
		if s.polled() != 1 {
			t.Errorf("the feed was asked %d times for what was pushed", s.polled())
		}
		// The same news once more, and only what is new.
		s.publish(channel(item("pushed1", "news")), "sha1")
		time.Sleep(5 * time.Second)
		if s.store.News("up") != 5 || s.store.Items("up") != 6 {
			t.Errorf("%d news, %d items after a repetition", s.store.News("up"), s.store.Items("up"))
		}
	})
}

func TestC31TheSlowPollStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubscribed(t, forWeeks)
		s.set(func() { s.body = channel(item("2", "two"), item("1", "one")) }) // and the hub forgets to tell
		time.Sleep(60 * 24 * time.Hour)
		if s.store.Items("up") != 2 {
			t.Error("what the hub did not tell never came")
		}
		if s.polled() < 50 || s.polled() > 75 {
			t.Errorf("%d polls in 60 days, want about one a day and one for each renewal", s.polled())
		}
		if n := len(s.asked()); s.live() != 1 || n < 6 || n > 14 {
			t.Errorf("%d requests to the hub in 60 days for leases of ten", n)
		}
		if st := s.m.Status()[0]; st.Told != sources.Pushed {
			t.Errorf("told %q", st.Told)
		}
	})
}

func TestC31NeverWithoutASubscription(t *testing.T) {
	for _, lease := range []time.Duration{12 * time.Hour, 36 * time.Hour, 5 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			s := newSubscribed(t, forWeeks)
			s.set(func() { s.lease = lease })
			time.Sleep(time.Hour)
			s.restart("1")
			for range 60 * 24 {
				time.Sleep(time.Hour)
				if s.live() != 1 {
					t.Fatalf("lease of %v: no subscription after %d requests", lease, len(s.asked()))
				}
			}
			if n, most := len(s.asked()), int(60*24*time.Hour/lease)*4; n > most {
				t.Errorf("lease of %v: %d requests to the hub, want at most %d", lease, n, most)
			}
		})
	}
}

func TestC31ForgedNewsAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubscribed(t)
		for name, change := range map[string]func(*http.Request){
			"no signature":      func(r *http.Request) { r.Header.Del("X-Hub-Signature") },
			"another body":      func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(channel(item("evil", "x")))) },
			"unknown method":    func(r *http.Request) { r.Header.Set("X-Hub-Signature", "md5=00") },
			"empty":             func(r *http.Request) { r.Header.Set("X-Hub-Signature", "sha1=") },
			"cut":               func(r *http.Request) { r.Header.Set("X-Hub-Signature", r.Header.Get("X-Hub-Signature")[:20]) },
			"two signatures":    func(r *http.Request) { r.Header.Add("X-Hub-Signature", "sha1=00") },
			"of another secret": func(r *http.Request) { r.Header.Set("X-Hub-Signature", "sha1="+strings.Repeat("0", 40)) },
		} {
			if got := s.publish(channel(item(name, "x")), "sha256", change); !slices.Equal(got, []int{202}) {
				t.Errorf("%s: %v: a forger is told nothing", name, got)
			}
		}
		time.Sleep(time.Minute)
		if n := s.store.Items("up"); n != 1 {
			t.Errorf("%d items: forged news came in", n)
		}
		for name, code := range map[string]int{"subscribe": 404, "unsubscribe": 404, "denied": 404, "": 404} {
			if got := s.verify(name, hook+"/guessed"); got != code {
				t.Errorf("%s for a callback that is none: %d", name, got)
			}
		}
		for _, callback := range s.callbacks() {
			if got := s.verify("unsubscribe", callback); got != 404 {
				t.Errorf("unsubscribe that nobody asked for: %d", got)
			}
			r := httptest.NewRequest(http.MethodGet, callback+"?hub.mode=subscribe&hub.challenge=x&hub.topic=http%3A%2F%2Fother.example", nil)
			if got := s.call(r).Code; got != 404 {
				t.Errorf("another topic: %d", got)
			}
			if got := s.call(httptest.NewRequest(http.MethodPut, callback, nil)).Code; got != 405 {
				t.Errorf("PUT: %d", got)
			}
		}
		if got := s.call(httptest.NewRequest(http.MethodPost, hook+"/guessed", strings.NewReader("x"))).Code; got != 410 {
			t.Errorf("news for a callback that is none: %d, want 410 so that the hub forgets it", got)
		}
	})
}

func TestC31NewsThatNoLetterTakes(t *testing.T) {
	for name, body := range map[string]string{
		"too large":  channel(item("1", "one")) + strings.Repeat(" ", sources.MaxLetter),
		"unreadable": "news!",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSubscribed(t)
			s.set(func() { s.body = channel(item("2", "two"), item("1", "one")) })
			s.publish(body, "sha1")
			time.Sleep(5 * time.Second)
			if s.polled() != 2 || s.store.Items("up") != 2 {
				t.Errorf("%s: %d polls, %d items: want the topic fetched at once", name, s.polled(), s.store.Items("up"))
			}
			time.Sleep(time.Minute)
			if s.polled() != 2 {
				t.Errorf("%s: asked again and again: %d", name, s.polled())
			}
		})
	}
}

func TestC31TheHubChangesOrGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubscribed(t, forWeeks)
		old := s.callbacks()[0]
		s.set(func() { s.links = strings.Replace(s.links, hubURL, hubURL+"two", 1) })
		time.Sleep(3 * 24 * time.Hour)
		if slices.Contains(s.callbacks(), old) || s.live() != 1 {
			t.Errorf("another hub: %d subscriptions after %q", s.live(), s.asked())
		}
		s.cfg.WebSub = "off"
		s.restart("2")
		time.Sleep(3 * 24 * time.Hour)
		if log := s.asked(); s.live() != 0 || log[len(log)-1] != "unsubscribe" {
			t.Errorf("websub: off: %d subscriptions after %q", s.live(), log)
		}
		if st := s.m.Status()[0]; st.Told != "" {
			t.Errorf("told %q", st.Told)
		}
		asked := len(s.asked())
		time.Sleep(10 * 24 * time.Hour)
		if len(s.asked()) != asked {
			t.Error("the hub is asked on and on")
		}
	})
}

// TestC31LeavesTheConfiguration: the hub is asked to end the subscription, again after a restart, and the feed no more.
func TestC31LeavesTheConfiguration(t *testing.T) {
	for _, silent := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newSubscribed(t, forWeeks)
			time.Sleep(2 * time.Minute) // the verification is read
			s.set(func() { s.silent = silent })
			s.m.Close()
			leave := func() {
				s.m = sources.NewManager(s.store, sources.Options{Log: slog.New(slog.DiscardHandler), Look: s.look})
				s.m.Apply([]sources.Spec{{Name: "up", Location: "left", Leaving: true, Interval: time.Hour, Web: true, Source: newLeaver(s.env)}})
				time.Sleep(2 * time.Minute)
			}
			leave()
			if codes := s.publish(channel(item("late", "x")), "sha1"); silent && !slices.Equal(codes, []int{410}) {
				t.Errorf("news for somebody who has left: %v", codes)
			}
			if silent {
				for range 3 {
					s.m.Close()
					leave()
				}
				if log := s.asked(); len(log) != 2 {
					t.Errorf("restarts ask the hub again and again: %q", log)
				}
				s.set(func() { s.silent = false })
				time.Sleep(2 * time.Hour)
			}
			if log := s.asked(); s.live() != 0 || log[len(log)-1] != "unsubscribe" || s.polled() != 1 || s.store.Items("up") != 1 {
				t.Errorf("%d subscriptions after %q, %d polls, %d items", s.live(), log, s.polled(), s.store.Items("up"))
			}
			if _, ok, err := s.store.Mailbox("up").State(t.Context(), websubKey); ok || err != nil || len(s.m.Status()) != 0 {
				t.Errorf("it goes on: %v, %+v", err, s.m.Status())
			}
			asked := len(s.asked())
			time.Sleep(5 * 24 * time.Hour)
			if len(s.asked()) != asked || s.polled() != 1 {
				t.Error("somebody is asked on and on")
			}
			// It comes back: nobody pushes any more, so the feed is asked as soon as politeness allows.
			s.restart("1")
			if s.live() != 1 || s.polled() != 2 {
				t.Errorf("back: %d subscriptions, %d polls", s.live(), s.polled())
			}
		})
	}
}

// TestC31ALeavingHubThatIsAway is asked a few times, and no more.
func TestC31ALeavingHubThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubscribed(t, forWeeks)
		time.Sleep(2 * time.Minute)
		s.set(func() { s.answer = 503 })
		s.m.Close()
		s.m = sources.NewManager(s.store, sources.Options{Log: slog.New(slog.DiscardHandler), Look: s.look})
		s.m.Apply([]sources.Spec{{Name: "up", Location: "left", Leaving: true, Interval: time.Hour, Web: true, Source: newLeaver(s.env)}})
		time.Sleep(9 * 24 * time.Hour)
		if log := s.asked(); len(log) != 1+leaveTries || len(s.m.Status()) != 0 {
			t.Errorf("asked %q, then %+v", log, s.m.Status())
		}
	})
}

func TestC31HubsThatRefuse(t *testing.T) {
	for _, code := range []int{400, 404, 500, 302, 307} {
		synctest.Test(t, func(t *testing.T) {
			h := newSubscribed(t, forWeeks, func(s *subscribed) { s.answer = code })
			time.Sleep(30 * 24 * time.Hour)
			if n := len(h.asked()); n < 10 || n > 60 {
				t.Errorf("%d: asked %d times in 30 days: want it slow, and never given up", code, n)
			}
			st := h.m.Status()[0]
			if st.State != "waiting" || !strings.Contains(st.Note, "hub") && code != 0 {
				t.Errorf("%d: %s, %q: the hub's trouble is not the feed's", code, st.State, st.Note)
			}
			h.set(func() { h.answer = 0 })
			time.Sleep(3 * 24 * time.Hour)
			if h.live() == 0 {
				t.Errorf("%d: not subscribed after the hub has recovered", code)
			}
		})
	}
}

func TestC31DeniedAndSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubscribed(t, forWeeks)
		for _, callback := range s.callbacks() {
			r := httptest.NewRequest(http.MethodGet, callback+"?hub.mode=denied&hub.reason=no&hub.topic="+url.QueryEscape(topic), nil)
			if got := s.call(r).Code; got != 200 {
				t.Errorf("denied: %d", got)
			}
			s.set(func() { delete(s.subs, callback) })
		}
		s.set(func() { s.silent = true })
		time.Sleep(4 * 24 * time.Hour)
		if n := s.polled(); n < 10 {
			t.Errorf("%d polls in four days: without pushes the feed is asked as before", n)
		}
		s.set(func() { s.silent = false })
		time.Sleep(3 * 24 * time.Hour)
		if s.live() != 1 {
			t.Errorf("not subscribed again: %q", s.asked())
		}
	})
}

func TestC31NeedsABaseURL(t *testing.T) {
	h := newHub(t)
	st := newMail()
	src := &source{cfg: Config{URL: topic}, env: sources.Env{Name: "up", HTTP: &http.Client{Transport: h}, Log: slog.New(slog.DiscardHandler)}}
	res, err := src.Fetch(t.Context(), st, &session{t: t, st: st.state})
	if err != nil || !strings.Contains(res.Note, "base_url") || res.Told != "" || len(h.asked()) != 0 {
		t.Errorf("%+v, %v, %q", res, err, h.asked())
	}
}

// letterless is a state without letters.
type letterless struct{ *state }

func newMail() *letterless {
	return &letterless{&state{saved: map[string][]byte{}, staged: map[string][]byte{}}}
}
func (m *letterless) Letters() ([]sources.Letter, error) { return nil, nil }
func (m *letterless) Done(sources.Letter)                {}

func TestC31HubsInDocuments(t *testing.T) {
	const links = `<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="https://hub.example/"/><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="self" href="/self"/>`
	for name, body := range map[string]string{
		"rss":  strings.Replace(channel(item("1", "one")), "<item>", links+"<item>", 1),
		"atom": `<feed xmlns="http://www.w3.org/2005/Atom"><id>f</id><title>T</title><link rel="hub" href="https://hub.example/"/><link rel="self" href="self"/><entry><id>1</id><title>t</title></entry></feed>`,
		"json": `{"version":"https://jsonfeed.org/version/1.1","title":"T","feed_url":"https://up.example/self","hubs":[{"type":"rssCloud","url":"https://no.example"},{"type":"WebSub","url":"https://hub.example/"}],"items":[]}`,
	} {
		doc, err := ParseDocument(context.Background(), []byte(body), Hint{URL: "https://up.example/feed"})
		if err != nil || doc.Hub != "https://hub.example/" || doc.Topic != "https://up.example/self" {
			t.Errorf("%s: hub %q, topic %q, %v", name, doc.Hub, doc.Topic, err)
		}
	}
	resp := &fetch.Response{FinalURL: "http://up.example/a/", Header: http.Header{"Link": {`<x>; REL="Alternate hub"; a=b`, `</self>;rel='no', <b>`}}}
	if h, self := linkHeader(resp, "hub"), linkHeader(resp, "self"); h != "http://up.example/a/x" || self != "" {
		t.Errorf("Link header: %q, %q", h, self)
	}
}

func FuzzLinkHeader(f *testing.F) {
	f.Add(`<a>; rel="hub", <b>;rel=self`)
	f.Fuzz(func(_ *testing.T, line string) {
		linkHeader(&fetch.Response{FinalURL: "http://h.example/", Header: http.Header{"Link": {line}}}, "hub")
	})
}

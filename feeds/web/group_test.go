package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"feedmill/feeds"
)

const (
	aliceToken = "aLiCe0123456789_token-abcXYZ"
	bobToken   = "bObBy9876543210_token-abcXYZ"
)

// safeBuffer is a log that several goroutines write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// groupRig has a group whose store holds one post more than the public one. change may bend the site.
func groupRig(t *testing.T, change ...func(*Site, *Options)) (*rig, *fakeStore, *safeBuffer) {
	inner, log := &fakeStore{}, &safeBuffer{}
	secret := post(9, "Go", "covert")
	secret.Title, secret.Content = "MARKER", "<p>MARKER</p>"
	inner.put(epoch, append(posts(1, 3, "Go", "c#"), secret)...)
	change = append([]func(*Site, *Options){func(s *Site, o *Options) {
		s.Groups = []Group{{
			Name: "desk", Store: inner, Tokens: map[string]string{"alice": aliceToken, "bob": bobToken},
			Sources: map[string]feeds.About{"site": {Title: "The Site"}, "hush": {Title: "Quiet"}},
			Saved:   []feeds.Topic{{Kind: "feed", Name: "inside"}},
		}}
		o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}}, change...)
	return newRig(t, change...), inner, log
}

// TestGroupIsBesideThePublic: what a token shows, and that nothing public shows it.
func TestGroupIsBesideThePublic(t *testing.T) {
	r, _, log := groupRig(t)
	door := "/t/" + aliceToken
	private := []string{"Referrer-Policy", "no-referrer", "X-Robots-Tag", "noindex", "Access-Control-Allow-Origin", "", "Link", ""}
	for _, format := range []string{"rss", "atom", "json"} {
		a := r.get(door + "/category/go." + format)
		r.want(a, 200, append(private, "Cache-Control", "private, max-age=600", "Vary", "Accept-Encoding")...)
		d := a.doc(t)
		if got := ids(d.Items, func(i testItem) string { return i.ID }); got != "urn:x:9 urn:x:3 urn:x:2 urn:x:1" {
			t.Errorf("%s has %s", format, got)
		}
		if d.Self != "" || d.Home != "https://feeds.example/" || strings.Contains(a.body, aliceToken) {
			t.Errorf("%s: self %q, home %q, or it has the token: %s", format, d.Self, d.Home, a.body)
		}
		open := r.get("/category/go." + format)
		if strings.Contains(open.body, "MARKER") || open.doc(t).ID == d.ID || open.Header.Get("ETag") == a.Header.Get("ETag") {
			t.Errorf("the public %s is mixed up with the private one: %s", format, open.body)
		}
		if other := r.get("/t/" + bobToken + "/category/go." + format).doc(t); other.ID != d.ID {
			t.Errorf("the %s under another token of the group is another feed", format)
		}
		r.want(r.get(door+"/category/go."+format, "If-None-Match: "+a.Header.Get("ETag")), 304, private...)
	}
	for path, want := range map[string]string{
		"/": "covert", "/feed": "MARKER", "/category/go": "MARKER", "/opml": "https://feeds.example" + door + "/category/covert.rss",
		"/opml/category": door + "/category/covert", "/feed.rss?q=mark": "MARKER", "/archive/2026-03/feed.atom": "MARKER",
		"/category/covert.rss": "MARKER", "/source/hush.rss": "Quiet", "/feed/inside.rss": "inside", styleURL: "body",
		itemPath("urn:x:9"): "MARKER",
	} {
		a := r.get(door + path)
		if a.StatusCode != 200 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d, without %q: %.300s", path, a.StatusCode, want, a.body)
		}
		if c := a.Header.Get("Cache-Control"); !strings.HasPrefix(c, "private") {
			t.Errorf("%s: Cache-Control %q", path, c)
		}
		if path != styleURL {
			r.want(a, 200, private...)
			head, _, _ := strings.Cut(a.body, "</head>")
			if strings.Contains(head, `rel="alternate"`) || strings.Contains(head, `rel="canonical"`) {
				t.Errorf("%s leads programs somewhere: %s", path, head)
			}
		}
	}
	for _, path := range []string{
		"/", "/feed", "/feed.rss", "/feed.atom", "/feed.json", "/category/go", "/opml", "/opml/category", "/opml/source", "/?q=covert", "/?kind=source",
		"/feed.rss?q=mark", "/feed.json?dates=arrival", "/archive/2026-03/feed.atom", "/robots.txt", "/category/coverts",
	} {
		if a := r.get(path); strings.Contains(a.body, "MARKER") || strings.Contains(a.body, "covert") && !strings.Contains(path, "covert") ||
			strings.Contains(a.body, "hush") || strings.Contains(a.body, "Quiet") || strings.Contains(a.body, "Token") {
			t.Errorf("%s tells of what is private: %s", path, a.body)
		}
	}
	for _, path := range []string{itemPath("urn:x:9"), "/category/covert", "/category/covert.rss", "/source/hush.atom", "/feed/inside.json"} {
		r.want(r.get(path), 404)
	}
	r.want(r.get(door+"/Category"), 404, private...)
	if a := r.get(door + "/category/cover.rss"); a.StatusCode != 404 || !strings.Contains(a.body, "/category/covert.rss") || strings.Contains(a.body, aliceToken) {
		t.Errorf("a name that is nearly right: %d %s", a.StatusCode, a.body)
	}
	r.want(r.get(door+"/category/GO.rss"), 301, append(private, "Location", door+"/category/go.rss")...)
	r.want(r.get(door), 301, append(private, "Location", door+"/")...)
	r.want(r.get(door+"/feed.rss?nonsense=1"), 400, private...)
	r.want(r.do("OPTIONS", door+"/feed.rss"), 204, append(private, "Access-Control-Allow-Methods", "")...)
	r.want(r.do("POST", door+"/feed.rss"), 405, private...)
	if strings.Contains(log.String(), aliceToken) || strings.Contains(log.String(), bobToken) {
		t.Errorf("the log has a token: %s", log)
	}
}

// TestWrongToken: a wrong token is an address that nothing is at, like any other, and guessing is slow.
func TestWrongToken(t *testing.T) {
	r, _, log := groupRig(t)
	without := newRig(t)
	want := without.get("/nothing")
	for _, path := range []string{
		"/t/" + aliceToken[:len(aliceToken)-1] + "/feed.rss", "/t/" + aliceToken + "x/feed.rss", "/t/" + strings.ToUpper(aliceToken) + "/feed.rss", "/t/",
		"/t//feed.rss", "/t/x", "/t/" + strings.Repeat("x", 300) + "/", "/T/" + aliceToken + "/feed.rss", "/t/%61" + aliceToken[1:] + "/feed.rss",
		"/x/t/" + aliceToken + "/feed.rss", "/t/" + aliceToken + "%2Ffeed.rss", "/t/desk/feed.rss", "/t/alice/feed.rss",
	} {
		a := r.get(path)
		a.Header.Del("Date")
		want.Header.Del("Date")
		if a.StatusCode != 404 || a.body != want.body || fmt.Sprint(a.Header) != fmt.Sprint(want.Header) {
			t.Errorf("%s: %d %q %v, want what any other address gets: %q %v", path, a.StatusCode, a.body, a.Header, want.body, want.Header)
		}
	}
	if strings.Contains(log.String(), aliceToken) {
		t.Errorf("the log has the token: %s", log)
	}

	inner := &fakeStore{}
	s, _, ask := limitRig(t, func(s *Site) {
		s.RateLimit = 6000
		s.Groups = []Group{{Name: "desk", Store: inner, Tokens: map[string]string{"alice": aliceToken}}}
	})
	tries := 0
	for ; tries < 1000; tries++ {
		if w := ask(fmt.Sprintf("/t/guess%022d/feed.rss", tries), "203.0.113.7:1"); w.Code != 404 {
			break
		}
	}
	if tries < 50 || tries > 120 {
		t.Errorf("%d guesses in a minute", tries)
	}
	if w := ask("/t/"+aliceToken+"/feed.rss", "203.0.113.9:1"); w.Code != 200 {
		t.Errorf("another client with the right token: %d", w.Code)
	}
	if s.behind("") != nil || s.behind(aliceToken) == nil {
		t.Error("an empty token opens, or the right one does not")
	}
}

// TestTokenIsTakenAway: what a token showed ends with it, cached or not, and only with it.
func TestTokenIsTakenAway(t *testing.T) {
	r, _, _ := groupRig(t)
	alice, bob := "/t/"+aliceToken+"/feed.rss", "/t/"+bobToken+"/feed.rss"
	r.want(r.get(alice), 200)
	etag := r.get(bob).Header.Get("ETag")
	site := r.web.config.Load().site
	site.Groups[0].Tokens = map[string]string{"bob": bobToken, "carol": aliceToken[1:] + "Z"}
	r.web.Configure(site)
	r.want(r.get(alice), 404)
	r.want(r.get(alice, "If-None-Match: *"), 404)
	r.want(r.get(bob), 200, "ETag", etag)
	r.want(r.get("/t/"+aliceToken[1:]+"Z/feed.rss"), 200)
	site.Groups = nil
	r.web.Configure(site)
	r.want(r.get(bob), 404)
	r.want(r.get("/feed.rss"), 200)
}

// TestGroupChanges: what moves in a group moves there, what moves publicly moves in both.
func TestGroupChanges(t *testing.T) {
	r, inner, _ := groupRig(t)
	door := "/t/" + aliceToken
	has := func(path, title string) bool { return strings.Contains(r.get(path).body, title) }
	r.get(door + "/category/go.rss")
	public := r.get("/category/go.rss").Header.Get("ETag")
	next := post(20, "Go")
	next.Title = "Second MARKER"
	for _, topic := range inner.put(epoch.Add(time.Minute), next) {
		topic.Group = "desk"
		r.web.Changed(topic)
	}
	if !has(door+"/category/go.rss", "Second MARKER") || r.get("/category/go.rss").Header.Get("ETag") != public {
		t.Error("a private item is late, or moved a public feed")
	}
	seen := r.store.lists.Load()
	r.get("/opml")
	if r.store.lists.Load() > seen+1 {
		t.Error("what is private made the public list be read anew")
	}
	open := post(21, "Go")
	r.store.put(epoch.Add(2*time.Minute), open)
	r.web.Changed(inner.put(epoch.Add(2*time.Minute), open)...)
	if !has("/category/go.rss", "Post 21") || !has(door+"/category/go.rss", "Post 21") {
		t.Error("a public item is missing")
	}
}

// TestForget: what became private is served no more, however the store does, and from no disk.
func TestForget(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, func(_ *Site, o *Options) { o.Spool = dir })
	paths := []string{"/feed.rss", "/category/go.rss", "/category/go.atom", "/category/go", "/category/go.rss?q=Post", "/opml", "/archive/2026-03/feed.rss"}
	for _, p := range paths {
		r.want(r.get(p), 200)
	}
	r.want(r.get("/category/c%23.rss"), 200)
	r.want(r.get("/source/site.rss"), 200)
	r.web.Close() // writes the spool
	s, err := New(r.store, testFormats(), testSite(), Options{Spool: dir, Now: r.web.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	ask := func(path string) int {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code
	}
	r.store.fail(io.ErrUnexpectedEOF)
	if ask("/category/go.rss") != 200 {
		t.Fatal("the spool is not used")
	}
	s.Forget(feeds.All, feeds.NewTopic("category", "go"), feeds.Topic{Group: "desk", Kind: "category", Name: "go"})
	for _, p := range paths {
		if code := ask(p); code != 503 {
			t.Errorf("%s: %d after it was forgotten", p, code)
		}
	}
	if code := ask("/category/c%23.rss"); code != 200 {
		t.Errorf("what was not forgotten: %d", code)
	}
	s.Forget()
	if code := ask("/category/c%23.rss"); code != 503 {
		t.Errorf("after everything was forgotten: %d", code)
	}
	r.store.fail(nil)
	if code := ask("/category/go.rss"); code != 200 {
		t.Errorf("once the store is back: %d", code)
	}
}

// TestForgetUnderWay: a document that is being made while it is forgotten is kept nowhere.
func TestForgetUnderWay(t *testing.T) {
	r := newRig(t, func(_ *Site, o *Options) { o.Spool = t.TempDir() })
	reading, on := make(chan struct{}), make(chan struct{})
	var once sync.Once
	page, err := r.store.Recent(t.Context(), feeds.All, feeds.ByPublished, feeds.Pos{}, 10)
	if err != nil || len(page.Items) == 0 {
		t.Fatal(err)
	}
	old := store{r.store, func() {
		once.Do(func() { close(reading); <-on })
	}}
	r.web.store = old
	done := make(chan struct{})
	go func() { defer close(done); r.get("/feed.rss") }()
	<-reading
	r.web.Forget(feeds.All)
	close(on)
	<-done
	if e, ok := r.web.cache.GetIfPresent("/feed.rss"); ok {
		t.Errorf("kept though it was forgotten while it was made: %v", e.key)
	}
	r.store.fail(io.ErrUnexpectedEOF)
	r.want(r.get("/feed.rss"), 503)
}

// TestForgetListUnderWay: a list that is being read while everything is forgotten is shown to nobody, also not to who waits for it.
func TestForgetListUnderWay(t *testing.T) {
	r := newRig(t)
	reading, on := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.web.store = store{r.store, func() { once.Do(func() { close(reading); <-on }) }}
	got := make(chan answer)
	go func() { got <- r.get("/") }()
	<-reading
	r.store.withdraw(epoch, r.store.items[0].ID)
	r.store.mu.Lock()
	for topic := range r.store.versions {
		if topic.Kind == "category" {
			delete(r.store.versions, topic)
		}
	}
	r.store.mu.Unlock()
	r.web.Forget()
	close(on)
	for _, res := range []answer{<-got, r.get("/")} {
		if r.want(res, 200); strings.Contains(string(res.body), "/category/") {
			t.Errorf("a list of before: %s", res.body)
		}
	}
}

// store calls after each read of items or topics.
type store struct {
	*fakeStore
	after func()
}

func (s store) Topics(ctx context.Context, group string) ([]feeds.TopicInfo, error) {
	list, err := s.fakeStore.Topics(ctx, group)
	s.after()
	return list, err
}

func (s store) Recent(ctx context.Context, t feeds.Topic, o feeds.Order, p feeds.Pos, n int) (feeds.Page, error) {
	page, err := s.fakeStore.Recent(ctx, t, o, p, n)
	s.after()
	return page, err
}

func TestHide(t *testing.T) {
	for path, want := range map[string]string{
		"/feed.rss": "/feed.rss", "/t/abc": "/t/…", "/t/abc/tag/x.rss": "/t/…/tag/x.rss", "/base/t/abc/": "/base/t/…/", "/t/a/t/b/c": "/t/…/t/…/c", "/": "/",
	} {
		if got := Hide(path); got != want {
			t.Errorf("Hide(%q) = %q, want %q", path, got, want)
		}
	}
}

// FuzzDoor: no address but that with the right token gets what is private, and none breaks anything.
func FuzzDoor(f *testing.F) {
	for _, p := range []string{"/t/" + aliceToken + "/feed.rss", "/t/" + aliceToken, "/t//", "/t/%2e%2e/feed.rss", "/base/t/" + aliceToken + "/", "/t/t/t/t", "/t/" + aliceToken + "/%zz", "/t/" + aliceToken + "/../feed.rss"} {
		f.Add(p)
	}
	inner, open := &fakeStore{}, &fakeStore{}
	secret := post(9, "covert")
	secret.Title = "MARKER"
	inner.put(epoch, secret)
	open.put(epoch, post(1, "go"))
	var servers []*Server
	for _, base := range []string{"https://feeds.example", "https://feeds.example/base", "https://feeds.example/t"} {
		site := testSite()
		site.BaseURL = base
		site.Groups = []Group{{Name: "desk", Store: inner, Tokens: map[string]string{"alice": aliceToken}}}
		s, err := New(open, testFormats(), site, Options{})
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(s.Close)
		servers = append(servers, s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || u.Host != "" || u.Path == "" {
			t.Skip()
		}
		for _, s := range servers {
			r := httptest.NewRequest("GET", "/", nil)
			r.URL, r.RequestURI = u, path
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if strings.Contains(w.Body.String(), "MARKER") && !strings.Contains(u.EscapedPath(), "/t/"+aliceToken) {
				t.Errorf("%q shows what is private", path)
			}
			if w.Code >= 500 {
				t.Errorf("%q: %d", path, w.Code)
			}
			if c := w.Header().Get("Cache-Control"); strings.Contains(w.Body.String(), "MARKER") && !strings.HasPrefix(c, "private") {
				t.Errorf("%q: Cache-Control %q", path, c)
			}
		}
	})
}

package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/feeds"
)

var errDown = errors.New("store is down")

func TestHundredRequestsRenderOnce(t *testing.T) {
	r := newRig(t)
	gate, entered := make(chan struct{}), make(chan struct{}, 100)
	r.store.before = func(context.Context, feeds.Topic) error {
		entered <- struct{}{}
		<-gate
		return nil
	}
	var wg sync.WaitGroup
	var tags sync.Map
	for range 100 {
		wg.Go(func() {
			a := r.get("/category/go.rss")
			r.want(a, 200)
			tags.Store(a.Header.Get("ETag"), true)
		})
	}
	<-entered
	close(gate)
	wg.Wait()
	if n := r.store.reads.Load(); n != 1 {
		t.Errorf("the store was read %d times", n)
	}
	n := 0
	tags.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d different documents", n)
	}
}

func TestChangedWhileRendering(t *testing.T) {
	r := newRig(t)
	var once sync.Once
	// The change is reported after the store was read and before the bytes are published.
	formats := testFormats()
	encode := formats[0].Encode
	formats[0].Encode = func(w io.Writer, f *feeds.Feed) error {
		once.Do(func() { r.web.Changed(r.store.put(epoch.Add(time.Minute), post(50, "Go"))...) })
		return encode(w, f)
	}
	r.web.config.Load().formats = formats
	a := r.get("/category/go.rss")
	if got := ids(a.doc(t).Items, func(i testItem) string { return i.ID }); !strings.Contains(got, "urn:x:50") {
		t.Errorf("old bytes were kept: %s", got)
	}
}

// A topic that changes faster than it can be rendered is served, but nothing of it is taken for fresh.
func TestChangedAllTheTime(t *testing.T) {
	r := newRig(t)
	n := 100
	formats := testFormats()
	encode := formats[0].Encode
	formats[0].Encode = func(w io.Writer, f *feeds.Feed) error {
		if n < 100+2*attempts {
			n++
			r.web.Changed(r.store.put(epoch.Add(time.Minute), post(n, "Go"))...)
		}
		return encode(w, f)
	}
	r.web.config.Load().formats = formats
	r.want(r.get("/category/go.rss"), 200)
	if n != 100+attempts {
		t.Errorf("%d attempts, want %d", n-100, attempts)
	}
	r.want(r.get("/category/go.rss"), 200)
	if a := r.get("/category/go.rss"); !strings.Contains(a.body, fmt.Sprintf("urn:x:%d", n)) {
		t.Error("old bytes were kept")
	}
}

func TestStoreThatWasEmptied(t *testing.T) {
	r := newRig(t)
	r.want(r.get("/category/go.rss"), 200)
	r.store.mu.Lock()
	r.store.items, r.store.versions = nil, nil
	r.store.mu.Unlock()
	r.web.Reset()
	r.want(r.get("/category/go.rss"), 404)
	if n := r.web.Stats().CacheEntries; n != 0 {
		t.Errorf("%d documents are kept of what is not there", n)
	}
}

func TestChangedMarksExactlyItsTopics(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/feed.rss", "/category/go.rss", "/category/c%23.rss"} {
		r.want(r.get(path), 200)
	}
	reads := r.store.reads.Load()
	r.web.Changed(feeds.NewTopic("category", "go"), feeds.NewTopic("tag", "never asked for"))
	for _, path := range []string{"/feed.rss", "/category/go.rss", "/category/c%23.rss", "/category/go.rss"} {
		r.want(r.get(path), 200)
	}
	if n := r.store.reads.Load() - reads; n != 1 {
		t.Errorf("%d documents were rendered again, want 1", n)
	}
	r.web.Reset()
	for _, path := range []string{"/feed.rss", "/category/go.rss", "/category/c%23.rss"} {
		r.want(r.get(path), 200)
	}
	if n := r.store.reads.Load() - reads; n != 4 {
		t.Errorf("after Reset %d in all, want 4", n)
	}
}

func TestH16StoreDown(t *testing.T) {
	r := newRig(t)
	warm := []string{"/feed.rss", "/category/go.atom", "/opml", "/category/go?hl=en", "/?hl=en"}
	tags := map[string]string{}
	for _, path := range warm {
		a := r.get(path)
		r.want(a, 200)
		tags[path] = a.Header.Get("ETag")
	}
	r.store.fail(errDown)
	r.web.Reset()
	for range 2 {
		for _, path := range warm {
			r.want(r.get(path), 200, "ETag", tags[path])
			r.want(r.get(path, "If-None-Match: "+tags[path]), 304)
		}
	}
	for _, path := range []string{"/feed.json", "/category/go"} {
		a := r.get(path, "Accept-Language: zh")
		r.want(a, 503, "Cache-Control", "no-store", "Retry-After", "30", "ETag", "", "Last-Modified", "")
	}
	if !r.web.Ready() || r.web.Stats().Stale == 0 || r.web.Stats().Failures == 0 {
		t.Errorf("ready %v, %+v", r.web.Ready(), r.web.Stats())
	}
}

// flaky is a clock-free harness for the rules of time: everything runs in a bubble without a listener.
func flaky(t *testing.T, f func(store *fakeStore, s *Server, get func(path string) *httptest.ResponseRecorder)) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{}
		store.put(time.Now(), posts(1, 3, "Go")...)
		s, err := New(store, testFormats(), testSite(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		f(store, s, func(path string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			return w
		})
	})
}

func TestFailingStoreIsAskedOnceASecond(t *testing.T) {
	flaky(t, func(store *fakeStore, s *Server, get func(string) *httptest.ResponseRecorder) {
		get("/feed.rss")
		store.fail(errDown)
		s.Reset()
		before := store.reads.Load()
		for range 50 {
			if w := get("/feed.rss"); w.Code != 200 {
				t.Fatal(w.Code)
			}
		}
		if n := store.reads.Load() - before; n != 1 {
			t.Errorf("%d attempts at once, want 1", n)
		}
		time.Sleep(retryEvery + time.Millisecond)
		get("/feed.rss")
		if n := store.reads.Load() - before; n != 2 {
			t.Errorf("%d attempts after a second, want 2", n)
		}
		// Back again: the first request after the second has passed gets what is new.
		store.fail(nil)
		store.put(time.Now(), post(70, "Go"))
		time.Sleep(retryEvery + time.Millisecond)
		if w := get("/feed.rss"); !strings.Contains(w.Body.String(), "urn:x:70") {
			t.Error("the store is back, the feed is not")
		}
	})
}

func TestHangingStoreHoldsRequestsOnlyForAWhile(t *testing.T) {
	flaky(t, func(store *fakeStore, s *Server, get func(string) *httptest.ResponseRecorder) {
		get("/feed.rss")
		store.before = func(ctx context.Context, _ feeds.Topic) error {
			<-ctx.Done()
			return ctx.Err()
		}
		s.Reset()
		start := time.Now()
		if w := get("/feed.rss"); w.Code != 200 || time.Since(start) != patience {
			t.Errorf("%d after %s, want old bytes after %s", w.Code, time.Since(start), patience)
		}
		start = time.Now()
		if w := get("/feed.rss"); w.Code != 200 || time.Since(start) > impatience {
			t.Errorf("%d after %s: the next one waits as well", w.Code, time.Since(start))
		}
		start = time.Now()
		if w := get("/feed.atom"); w.Code != 503 || time.Since(start) != firstTime {
			t.Errorf("%d after %s, want 503 after %s for what was never rendered", w.Code, time.Since(start), firstTime)
		}
		time.Sleep(renderTimeout)
		start = time.Now()
		if w := get("/feed.rss"); w.Code != 200 || time.Since(start) > impatience {
			t.Errorf("%d after %s: a failing document is waited for", w.Code, time.Since(start))
		}
	})
}

func TestSlowStoreIsWaitedFor(t *testing.T) {
	flaky(t, func(store *fakeStore, s *Server, get func(string) *httptest.ResponseRecorder) {
		get("/feed.rss")
		store.before = func(context.Context, feeds.Topic) error { time.Sleep(patience / 2); return nil }
		s.Changed(store.put(time.Now(), post(60, "Go"))...)
		if w := get("/feed.rss"); !strings.Contains(w.Body.String(), "urn:x:60") {
			t.Error("old bytes though new ones came in time")
		}
	})
}

func TestFirstCallerGoesAwayOthersDoNotCare(t *testing.T) {
	flaky(t, func(store *fakeStore, s *Server, get func(string) *httptest.ResponseRecorder) {
		store.before = func(context.Context, feeds.Topic) error { time.Sleep(time.Second); return nil }
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/feed.rss", nil).WithContext(ctx))
		}()
		synctest.Wait()
		cancel()
		if w := get("/feed.rss"); w.Code != 200 {
			t.Errorf("%d", w.Code)
		}
		if n := store.reads.Load(); n != 1 {
			t.Errorf("%d reads", n)
		}
	})
}

func TestTopicsAreReadAtMostOnceASecond(t *testing.T) {
	flaky(t, func(store *fakeStore, s *Server, get func(string) *httptest.ResponseRecorder) {
		for n := range 100 {
			s.Changed(store.put(time.Now(), post(100+n, "Go"))...)
			get("/")
			time.Sleep(30 * time.Millisecond)
		}
		if n := store.lists.Load(); n < 3 || n > 5 {
			t.Errorf("the list was read %d times in three seconds", n)
		}
		time.Sleep(time.Second)
		if w := get("/?hl=en"); !strings.Contains(w.Body.String(), "103 posts") {
			t.Error("the index has not caught up")
		}
		// An outline is a document: it holds every change that was reported.
		get("/opml")
		s.Changed(store.put(time.Now(), post(300, "Brand new"))...)
		if w := get("/opml"); !strings.Contains(w.Body.String(), "Brand new") {
			t.Error("the outline is behind")
		}
	})
}

func TestOutlineIsNotTakenForFreshWhileTheListFails(t *testing.T) {
	flaky(t, func(store *fakeStore, s *Server, get func(string) *httptest.ResponseRecorder) {
		get("/opml")
		store.fail(errDown)
		s.Changed(store.put(time.Now(), post(300, "Brand new"))...)
		if w := get("/opml"); w.Code != 200 {
			t.Fatal(w.Code)
		}
		store.fail(nil)
		time.Sleep(2 * retryEvery)
		if w := get("/opml"); !strings.Contains(w.Body.String(), "Brand new") {
			t.Error("the outline stays as it was")
		}
	})
}

func TestSpoolOutlivesTheProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	with := func(_ *Site, o *Options) { o.Spool = dir }
	r := newRig(t, with)
	a := r.get("/category/go.rss")
	r.want(r.get("/opml"), 200)
	r.web.Close() // waits for the disk

	again := newRig(t, with)
	again.store.fail(errDown)
	if !again.web.Ready() {
		t.Error("not ready though the spool has documents")
	}
	b := again.get("/category/go.rss")
	again.want(b, 200, "ETag", a.Header.Get("ETag"), "Last-Modified", a.Header.Get("Last-Modified"),
		"Content-Type", a.Header.Get("Content-Type"), "Link", a.Header.Get("Link"))
	if a.body != b.body {
		t.Error("other bytes from the spool")
	}
	again.want(again.get("/category/go.rss", "If-None-Match: "+a.Header.Get("ETag")), 304)
	again.want(again.get("/opml"), 200)
	again.want(again.get("/category/go.atom"), 503)
	if again.web.Stats().SpoolReads == 0 {
		t.Error("not counted")
	}
	// The spool is a fallback, never fresh: once the store is back, its words count.
	again.web.Close()
	third := newRig(t, with)
	third.web.Changed(third.store.put(epoch.Add(time.Minute), post(40, "Go"))...)
	if got := third.get("/category/go.rss"); !strings.Contains(got.body, "urn:x:40") {
		t.Error("the spool hides what is new")
	}
}

func TestSpoolIsBoundedAndDistrustsItsFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, spoolTemp+"crashed"+spoolSuffix), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "keep.txt"), []byte("not ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := openSpool(dir, 4000)
	if err != nil {
		t.Fatal(err)
	}
	shell := func() *document { return &document{} }
	entryFor := func(n int, seq uint64) *entry {
		e, err := newEntry(fmt.Sprintf("/tag/%d.rss", n), &document{body: []byte(strings.Repeat(fmt.Sprint(n, seq, " "), 50)), changed: epoch}, nil)
		if err != nil {
			t.Fatal(err)
		}
		e.seq = seq
		return e
	}
	for n := range 100 {
		if err := p.put(entryFor(n, uint64(n))); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, f := range left {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if f.Name() != "keep.txt" {
			total += info.Size()
		}
		if strings.HasPrefix(f.Name(), spoolTemp) {
			t.Errorf("%s was left over", f.Name())
		}
	}
	if total > 4000 || total != int64(p.bytes()) || total == 0 {
		t.Errorf("%d bytes on disk, %d counted, 4000 allowed", total, p.bytes())
	}
	if e, err := p.get("/tag/0.rss", shell()); e != nil || err != nil {
		t.Errorf("the oldest is still there: %v %v", e, err)
	}
	e, err := p.get("/tag/99.rss", shell())
	if err != nil || e == nil {
		t.Fatalf("the newest is gone: %v", err)
	}
	// An older rendering that comes late does not replace a newer one.
	if err := p.put(entryFor(99, 5)); err != nil {
		t.Fatal(err)
	}
	if again, err := p.get("/tag/99.rss", shell()); err != nil || again.tags[plain][0] != e.tags[plain][0] {
		t.Errorf("replaced by an older one: %v", err)
	}
	// Any damage is no document.
	path := filepath.Join(dir, spoolName("/tag/99.rss"))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range [][]byte{nil, []byte("{}"), b[:len(b)-5], []byte(strings.Replace(string(b), `"size":`, `"size":9`, 1)), []byte(strings.Replace(string(b), `"hash":"`, `"hash":"0`, 1)), []byte(strings.Replace(string(b), "/tag/99", "/tag/98", 1)), append([]byte{'x'}, b...)} {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if e, err := p.get("/tag/99.rss", shell()); e != nil || err == nil {
			t.Errorf("damaged file %.60q was served", damaged)
		}
	}
}

func TestMemoryStaysBounded(t *testing.T) {
	r := newRig(t, func(_ *Site, o *Options) { o.Memory = 200 << 10 })
	for n := range 300 {
		r.store.put(epoch, post(1000+n, fmt.Sprint("label ", n)))
	}
	for range 2 {
		for n := range 300 {
			r.want(r.get(fmt.Sprintf("/category/label-%d.rss", n)), 200)
		}
	}
	r.web.cache.CleanUp()
	if st := r.web.Stats(); st.CacheBytes > 200<<10 || st.CacheEntries == 0 || st.CacheEntries > 100 {
		t.Errorf("%d bytes in %d entries", st.CacheBytes, st.CacheEntries)
	}
}

func TestH17H18BytesAndDatesComeFromTheStore(t *testing.T) {
	r := newRig(t)
	again := newRig(t)
	for _, path := range []string{"/feed.rss", "/category/go.json", "/opml", "/category/go?hl=zh", "/opml/category"} {
		a, b := r.get(path, "Accept-Encoding: gzip"), again.get(path, "Accept-Encoding: gzip")
		r.want(b, 200, "ETag", a.Header.Get("ETag"), "Last-Modified", a.Header.Get("Last-Modified"))
		if a.body != b.body {
			t.Errorf("%s: two processes give different bytes", path)
		}
	}
	a := r.get("/feed.rss")
	r.web.Changed(r.store.put(epoch.Add(90*time.Second), post(77, "Go"))...)
	b := r.get("/feed.rss")
	r.want(b, 200, "Last-Modified", epoch.Add(90*time.Second).Format(http.TimeFormat))
	if a.Header.Get("ETag") == b.Header.Get("ETag") {
		t.Error("same ETag for other bytes")
	}
}

func TestConfigure(t *testing.T) {
	r := newRig(t)
	tag := r.get("/category/go.rss").Header.Get("ETag")
	other := r.get("/category/c%23.rss").Header.Get("ETag")
	site := testSite()
	site.Titles = map[feeds.Topic]string{feeds.NewTopic("category", "go"): "All about Go"}
	site.Since = epoch.Add(10 * time.Minute)
	r.web.Configure(site)
	a := r.get("/category/go.rss")
	r.want(a, 200, "Last-Modified", site.Since.Format(http.TimeFormat))
	if a.Header.Get("ETag") == tag || a.doc(t).Title != "All about Go" {
		t.Errorf("not reshaped: %q", a.doc(t).Title)
	}
	r.want(r.get("/category/c%23.rss"), 200, "ETag", other)
	// Settings that cannot be used change nothing.
	site.BaseURL = "feeds.example"
	r.web.Configure(site)
	r.want(r.get("/category/go.rss"), 200, "ETag", a.Header.Get("ETag"))
	// A new address changes links, never feed IDs.
	id := a.doc(t).ID
	site.BaseURL = "https://new.example/sub"
	r.web.Configure(site)
	d := r.get("/category/go.rss").doc(t)
	if d.ID != id || d.Self != "https://new.example/sub/category/go.rss" {
		t.Errorf("after the move: %+v", d)
	}
}

func TestWarmAndReady(t *testing.T) {
	r := newRig(t)
	if r.web.Ready() {
		t.Error("ready before anything was rendered")
	}
	r.store.fail(errDown)
	if err := r.web.Warm(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("Warm said %v", err)
	}
	r.store.fail(nil)
	if err := r.web.Warm(t.Context(), feeds.All, feeds.NewTopic("category", "go")); err != nil {
		t.Fatal(err)
	}
	reads := r.store.reads.Load()
	r.want(r.get("/category/go.atom"), 200)
	if !r.web.Ready() || r.store.reads.Load() != reads {
		t.Error("not warm")
	}
}

func TestPanicsBecome500(t *testing.T) {
	r := newRig(t)
	var panics atomic.Bool
	panics.Store(true)
	r.store.before = func(context.Context, feeds.Topic) error {
		if panics.Load() {
			panic("broken store")
		}
		return nil
	}
	r.want(r.get("/feed.rss"), 503, "Cache-Control", "no-store")
	panics.Store(false)
	r.want(r.get("/feed.rss"), 200)
	r.web.statics[styleURL] = nil
	a := r.get(styleURL)
	r.want(a, 500, "Cache-Control", "no-store")
	if strings.Contains(a.body, "nil pointer") {
		t.Error("the client sees our insides")
	}
}

func TestCloseIsClean(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{before: func(ctx context.Context, _ feeds.Topic) error { <-ctx.Done(); return ctx.Err() }}
		s, err := New(store, testFormats(), testSite(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		go s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/feed.rss", nil))
		synctest.Wait()
		s.Close()
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "/feed.atom", nil))
		if w.Code != 503 {
			t.Errorf("after Close: %d", w.Code)
		}
	})
}

func TestWindowAndMaxBytes(t *testing.T) {
	r := newRig(t, func(s *Site, _ *Options) {
		s.Window, s.MaxBytes = 40, 6000
		s.Sources = map[string]feeds.About{"site": {Title: "The Site", Window: 25}, "other": {}}
	})
	r.store.put(epoch, posts(100, 199, "many")...)
	large := posts(200, 299, "large")
	for i := range large {
		large[i].Content = strings.Repeat("x", 400)
	}
	r.store.put(epoch, large...)
	huge := posts(300, 320, "huge")
	for i := range huge {
		huge[i].Content = strings.Repeat("x", 4000)
	}
	r.store.put(epoch, huge...)
	for path, want := range map[string]int{"/category/many.rss": 40, "/category/huge.rss": minItems} {
		if got := len(r.get(path).doc(t).Items); got != want {
			t.Errorf("%s: %d items, want %d", path, got, want)
		}
	}
	a := r.get("/category/large.rss")
	if n := len(a.doc(t).Items); len(a.body) > 6000 || len(a.body) < 5500 || n <= minItems {
		t.Errorf("%d items in %d bytes", n, len(a.body))
	}
	// What the site itself says counts for its own topic, and for everything where it is the only source.
	site := testSite()
	site.Sources = map[string]feeds.About{"site": {Window: 25}}
	r.web.Configure(site)
	for path, want := range map[string]int{"/source/site.rss": 25, "/feed.rss": 25, "/category/many.rss": 50} {
		if got := len(r.get(path).doc(t).Items); got != want {
			t.Errorf("%s: %d items, want %d", path, got, want)
		}
	}
}

func TestH17LateWordOfAChangeGivesOldBytesNoDate(t *testing.T) {
	for _, path := range []string{"/feed.rss", "/opml"} {
		flaky(t, func(store *fakeStore, s *Server, get func(string) *httptest.ResponseRecorder) {
			second := time.Now()
			old := get(path).Header().Get("Etag")
			store.put(second, post(70, "Brand new")) // in the same second, and nobody has told the web yet
			store.fail(errDown)
			time.Sleep(settle * time.Second)
			// Without the store nothing can be said of that second.
			for range 3 {
				if w := get(path); w.Code != 200 || w.Header().Get("Etag") != old || w.Header().Get("Last-Modified") != "" {
					t.Errorf("%s without the store: %d %v", path, w.Code, w.Header())
				}
			}
			store.fail(nil)
			time.Sleep(retryEvery + time.Millisecond)
			w := get(path)
			if w.Header().Get("Etag") == old || w.Header().Get("Last-Modified") != second.UTC().Format(http.TimeFormat) {
				t.Errorf("%s with the store: %d %v", path, w.Code, w.Header())
			}
			reads := store.reads.Load() + store.lists.Load()
			for range 5 {
				time.Sleep(time.Second)
				get(path)
			}
			if n := store.reads.Load() + store.lists.Load() - reads; n != 0 {
				t.Errorf("%s: a document with its date was rendered %d times more", path, n)
			}
		})
	}
}

func TestASpooledDocumentIsNotWaitedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		store := &fakeStore{}
		store.put(time.Now(), posts(1, 3, "Go")...)
		for run := range 2 {
			s, err := New(store, testFormats(), testSite(), Options{Spool: dir})
			if err != nil {
				t.Fatal(err)
			}
			start, w := time.Now(), httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest("GET", "/feed.rss", nil))
			if w.Code != 200 || time.Since(start) > patience {
				t.Errorf("start %d: %d after %s", run, w.Code, time.Since(start))
			}
			if got := w.Header().Get("Last-Modified"); got != "" {
				t.Errorf("start %d: Last-Modified %s of bytes that may have changed in that second", run, got)
			}
			synctest.Wait()
			store.before = func(ctx context.Context, _ feeds.Topic) error {
				<-ctx.Done()
				return ctx.Err()
			}
			s.Close()
		}
	})
}

package hub

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/cache/embedded"
	"feedmill/feeds"
)

// logless is a store whose log the test writes.
type logless struct {
	*embedded.Store
	says chan error
}

func (s *logless) After(ctx context.Context, _ cache.Cursor, _ int) ([]cache.Entry, error) {
	select {
	case err := <-s.says:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// one is a server with one feed.
type one struct {
	version, asked atomic.Int64
	size           int // of its document, at least
	gone           atomic.Bool
}

func (o *one) Feed(address string) (Feed, bool) {
	return Feed{URL: address}, !strings.Contains(address, "/t/")
}
func (o *one) Feeds(feeds.Topic) []Feed { return nil }
func (o *one) Document(context.Context, Feed) (Document, error) {
	o.asked.Add(1)
	if o.gone.Load() {
		return Document{}, ErrGone
	}
	text := fmt.Sprint("version ", o.version.Load())
	body := text + strings.Repeat(" ", max(0, o.size-len(text)))
	return Document{Body: []byte(body), ContentType: "text/plain", Tag: text}, nil
}

func newTestHub(t testing.TB) (*Hub, *logless, *one) {
	st, err := embedded.OpenTemp(t.TempDir(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	s, docs := &logless{st, make(chan error)}, &one{}
	h := New(Env{Store: s, Documents: docs, Log: slog.New(slog.DiscardHandler), Active: func() bool { return true }},
		Options{URL: "https://feeds.example.com/hub", HTTP: &http.Client{}})
	t.Cleanup(h.Close)
	return h, s, docs
}

func running(t testing.TB, h *Hub) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { h.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
}

func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !ok() {
		if !pause(ctx, 5*time.Millisecond) {
			t.Fatalf("%s did not happen within a minute", what)
		}
	}
}

func (h *Hub) keepTest(t *testing.T, callback string) {
	t.Helper()
	s := &subscription{Topic: "https://feeds.example.com/feed.atom", Callback: callback, Expires: time.Now().Add(time.Hour)}
	if err := h.keep(t.Context(), s, false); err != nil {
		t.Fatal(err)
	}
}

// TestGapsInTheLog: where the log is cut, or went back, every feed is looked at, and one that is as it was is not delivered again.
func TestGapsInTheLog(t *testing.T) {
	got := make(chan string, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- string(b)
	}))
	defer srv.Close()
	h, st, docs := newTestHub(t)
	h.keepTest(t, srv.URL)
	running(t, h)
	tail, err := st.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, gap := range []error{&cache.TrimmedError{First: tail}, cache.ErrRegressed, fmt.Errorf("after: %w", &cache.TrimmedError{First: tail})} {
		docs.version.Store(int64(i))
		st.says <- gap
		if s := <-got; s != fmt.Sprint("version ", i) {
			t.Errorf("%v: got %q, want version %d", gap, s, i)
		}
		asked := docs.asked.Load()
		st.says <- gap // there is nothing new now
		until(t, "another look", func() bool { return docs.asked.Load() > asked })
	}
	until(t, "the end of the deliveries", func() bool { return h.Stats().Delivered >= 3 })
	if len(got) > 0 {
		t.Errorf("got %q once more", <-got)
	}
}

// TestTooManySubscriptions: past the limits, in total and of one host, a subscription ends, and its callback is told.
func TestTooManySubscriptions(t *testing.T) {
	var denied atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("hub.mode") == "denied" {
			denied.Add(1)
		}
	}))
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	h, st, _ := newTestHub(t)
	h.mostSubs, h.mostSubsHost = 5, 3
	for i := range 4 {
		h.keepTest(t, fmt.Sprintf("%s/%d", srv.URL, i))
	}
	for i := range 3 {
		h.keepTest(t, fmt.Sprintf("http://LOCALHOST:%s/%d", u.Port(), i))
	}
	running(t, h)
	until(t, "two denials", func() bool { return denied.Load() == 2 && h.Stats().Subscriptions == 5 })
	until(t, "five notes", func() bool {
		hosts := map[string]int{}
		err := st.Range(t.Context(), bucketSubs, func(_ string, value []byte) error {
			switch {
			case strings.Contains(string(value), "127.0.0.1"):
				hosts["number"]++
			default:
				hosts["name"]++
			}
			return nil
		})
		return err == nil && hosts["number"]+hosts["name"] == 5 && hosts["number"] <= 3 && hosts["name"] <= 3
	})
}

// TestRequestsLeftBehind: what another process has left is taken up, once; what waits here is not.
func TestRequestsLeftBehind(t *testing.T) {
	var questions atomic.Int64
	let := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		questions.Add(1)
		select {
		case <-let:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, r.URL.Query().Get("hub.challenge"))
	}))
	defer srv.Close()
	h, st, _ := newTestHub(t)
	now, err := st.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a := &ask{Mode: "subscribe", subscription: subscription{Topic: "https://feeds.example.com/feed.atom", Callback: srv.URL}, Lease: time.Hour, At: now}
	if err := st.Write(t.Context(), cache.Lease{}, note(bucketAsks, a.name(), a, askFor)); err != nil {
		t.Fatal(err)
	}
	for _, after := range []time.Duration{0, leftAfter, 2 * leftAfter, 3 * leftAfter} {
		if err := h.takeUp(t.Context(), now.Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.asks.len(); n != 1 {
		t.Errorf("%d requests wait, want the one", n)
	}
	close(let)
	until(t, "the subscription", func() bool { return h.Stats().Verified > 0 && h.asks.len() == 0 })
	until(t, "no note of the request", func() bool {
		n := 0
		err := st.Range(t.Context(), bucketAsks, func(string, []byte) error { n++; return nil })
		return err == nil && n == 0
	})
	if n := questions.Load(); n != 1 {
		t.Errorf("%d questions", n)
	}
}

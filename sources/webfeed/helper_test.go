package webfeed

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/fetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// state keeps the promise of [sources.State]: what is set is saved with the next Emit or at the end of a successful
// fetch.
type state struct{ saved, staged map[string][]byte }

func (s *state) Get(key string) ([]byte, bool, error) {
	v, ok := s.staged[key]
	return v, ok, nil
}

func (s *state) Range(fn func(string, []byte) error) error {
	for k, v := range maps.Clone(s.staged) {
		if err := fn(k, v); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) Set(key string, value []byte) { s.staged[key] = value }
func (s *state) Delete(key string)            { delete(s.staged, key) }
func (s *state) save()                        { s.saved = maps.Clone(s.staged) }
func (s *state) rollback()                    { s.staged = maps.Clone(s.saved) }

// session is one source with what it emitted in its last fetch.
type session struct {
	t        *testing.T
	src      sources.Source
	st       *state
	changes  []feeds.Change
	rejected []sources.Rejected
	about    *feeds.About
	// failAt makes the nth Emit fail; 0 for none.
	failAt, emits int
}

var errStore = errors.New("the store is away")

func (s *session) Emit(changes ...feeds.Change) error {
	if s.emits++; s.emits == s.failAt {
		return errStore
	}
	if len(changes) > sources.MaxBatch {
		s.t.Errorf("%d changes in one batch", len(changes))
	}
	for _, c := range changes {
		it := *c.Item
		c.Item.Title, c.Item.Content = "normalised", "normalised" // the Manager may
		c.Item = &it
		s.changes = append(s.changes, c)
	}
	s.st.save()
	return nil
}

func (s *session) Withdraw(keys ...string) (bool, error) {
	s.t.Errorf("withdrew %q: what left the window of an upstream is not gone", keys)
	return true, nil
}
func (s *session) Reject(r sources.Rejected)        { s.rejected = append(s.rejected, r) }
func (s *session) Describe(about feeds.About) error { s.about = &about; return nil }

// fetch runs one fetch as the Manager does.
func (s *session) fetch() (sources.Result, error) {
	s.t.Helper()
	s.changes, s.rejected, s.about, s.emits = nil, nil, nil, 0
	res, err := s.src.Fetch(s.t.Context(), s.st, s)
	if res.Complete {
		s.t.Error("a feed is never complete")
	}
	if err != nil {
		s.st.rollback()
	} else {
		s.st.save()
	}
	return res, err
}

func (s *session) must() sources.Result {
	s.t.Helper()
	res, err := s.fetch()
	if err != nil {
		s.t.Fatal(err)
	}
	return res
}

func (s *session) keys() string {
	var keys []string
	for _, c := range s.changes {
		keys = append(keys, c.Key)
	}
	return strings.Join(keys, " ")
}

func newSession(t *testing.T, address string) *session {
	t.Helper()
	s := &session{t: t, st: &state{saved: map[string][]byte{}, staged: map[string][]byte{}}}
	s.configure(address)
	return s
}

func (s *session) configure(address string) {
	s.t.Helper()
	cfg := Kind.Config().(*Config)
	cfg.URL = address
	if err := cfg.Check(s.t.TempDir()); err != nil {
		s.t.Fatal(err)
	}
	client := fetch.NewClient(fetch.Options{Spacing: fetch.NoSpacing, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	s.t.Cleanup(client.CloseIdleConnections)
	src, err := Kind.New(cfg, sources.Env{Name: "test", HTTP: client, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		s.t.Fatal(err)
	}
	s.src = src
}

// origin is a fake upstream: what it says can be changed between fetches.
type origin struct {
	*httptest.Server
	mu      sync.Mutex
	reqs    []*http.Request
	body    string
	status  int
	header  http.Header
	handler http.HandlerFunc
}

func newOrigin(t *testing.T, body string, header ...string) *origin {
	t.Helper()
	o := &origin{body: body}
	o.set(header...)
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.reqs = append(o.reqs, r.Clone(t.Context()))
		if o.handler != nil {
			o.handler(w, r)
			return
		}
		maps.Copy(w.Header(), o.header)
		etag := o.header.Get("ETag")
		switch {
		case o.status != 0:
			w.WriteHeader(o.status)
		case etag != "" && r.Header.Get("If-None-Match") == etag:
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write([]byte(o.body))
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *origin) set(header ...string) {
	o.header = http.Header{"Content-Type": {"application/xml"}}
	for i := 0; i+1 < len(header); i += 2 {
		o.header.Set(header[i], header[i+1])
	}
}

func (o *origin) last() *http.Request {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reqs[len(o.reqs)-1]
}

func (o *origin) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.reqs)
}

// channel writes a channel of items; each is its inner XML.
func channel(items ...string) string {
	var b strings.Builder
	b.WriteString(`<rss version="2.0"><channel><title>T</title><link>https://up.example/</link><description/>`)
	for _, it := range items {
		fmt.Fprintf(&b, "<item>%s</item>", it)
	}
	b.WriteString(`</channel></rss>`)
	return b.String()
}

func item(guid, title string) string {
	return fmt.Sprintf(`<guid isPermaLink="false">%s</guid><title>%s</title><link>https://up.example/%s</link>`, guid, title, guid)
}

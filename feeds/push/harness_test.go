package push_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/cache"
	"feedmill/cache/embedded"
	"feedmill/feeds"
	"feedmill/feeds/push"
)

// world is a store with a courier over it, in a bubble of testing/synctest unless real says that time is what it is.
type world struct {
	*testing.T
	store   cache.Store
	real    bool
	specs   []push.Spec
	courier *push.Courier
	over    push.Store // what the courier works with, if not the store itself
	stop    func()
	logs    *logs
	leases  map[string]cache.Lease
	put     map[string]int // items by source
}

func inWorld(t *testing.T, run func(w *world)) {
	t.Helper()
	// The pool of the compressor is made with its first use and must not belong to a bubble.
	if _, err := cache.Decompress(cache.Compress([]byte("warm"))); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, filepath.Join(dir, "store.db"), cache.Options{})
		defer w.close()
		run(w)
	})
}

func newWorld(t *testing.T, path string, opts cache.Options) *world {
	t.Helper()
	s, err := embedded.Open(path, embedded.Options{Options: opts, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	return &world{T: t, store: s, logs: &logs{}, leases: map[string]cache.Lease{}, put: map[string]int{}}
}

func (w *world) close() {
	w.kill()
	if err := w.store.Close(); err != nil {
		w.Error(err)
	}
}

// start runs a courier with these targets; a running one gets them.
func (w *world) start(specs ...push.Spec) {
	w.Helper()
	if len(specs) > 0 {
		w.specs = specs
	}
	if w.stop != nil {
		w.courier.Apply(w.specs)
		w.settle()
		return
	}
	var over push.Store = w.store
	if w.over != nil {
		over = w.over
	}
	w.courier = push.New(over, push.Options{Log: slog.New(w.logs)})
	w.courier.Apply(w.specs)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	c := w.courier
	go func() { done <- c.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.Errorf("Run: %v", err)
		}
	}
	w.settle()
}

// settle waits until nothing moves but with time.
func (w *world) settle() {
	if !w.real {
		synctest.Wait()
	}
}

// kill ends the courier, if it runs.
func (w *world) kill() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	w.settle()
}

func (w *world) lease(source string) cache.Lease {
	w.Helper()
	l, ok := w.leases[source]
	if !ok {
		var err error
		if l, err = w.store.Acquire(w.Context(), "source/"+source, 10*365*24*time.Hour); err != nil {
			w.Fatal(err)
		}
		w.leases[source] = l
	}
	return l
}

// baseline marks the end of a source's first import.
func (w *world) baseline(sources ...string) {
	w.Helper()
	for _, source := range sources {
		if err := w.store.SetBaseline(w.Context(), w.lease(source), source); err != nil {
			w.Fatal(err)
		}
	}
}

// news stores n new items of a source, with one Put, and returns their IDs.
func (w *world) news(source string, n int, more ...func(*feeds.Change)) []string {
	w.Helper()
	changes := make([]feeds.Change, n)
	for i := range changes {
		w.put[source]++
		changes[i] = change(source, fmt.Sprintf("%s-%04d", source, w.put[source]))
		for _, f := range more {
			f(&changes[i])
		}
	}
	return w.state(source, changes...)
}

func change(source, key string) feeds.Change {
	return feeds.Change{
		Source: source, Key: key, Wish: key,
		Item: &feeds.Item{
			URL: "https://" + source + ".example/" + key, Title: "Title of " + key, Summary: "What " + key + " says.",
			Categories: []string{source}, Published: time.Now().Truncate(time.Second),
		},
	}
}

// state stores changes of a source.
func (w *world) state(source string, changes ...feeds.Change) []string {
	w.Helper()
	for i := range changes {
		if it := changes[i].Item; it != nil {
			changes[i].Raw = cache.Fingerprint([]byte(it.Title + "\x00" + it.Summary + "\x00" + it.URL + it.Content))
		}
	}
	var out []string
	for len(changes) > 0 {
		n := min(len(changes), cache.MaxBatch)
		got, err := w.store.Put(w.Context(), w.lease(source), changes[:n]...)
		if err != nil {
			w.Fatal(err)
		}
		for _, a := range got {
			if a.Err != nil {
				w.Fatal(a.Err)
			}
			out = append(out, a.ID)
		}
		changes = changes[n:]
	}
	return out
}

// script is a target that does what it is told, and remembers what it got.
type script struct {
	name string
	most int        // entries in one message; 0 for any number
	fits func() int // the same, as it is at the time; nil for most
	// answer says how a request ends; nil is always well. n counts them from 1.
	answer func(n int, r request) (push.Receipt, error)
	limits []push.Bucket
	refuse func(m *push.Message) error // what Render says

	mu       sync.Mutex
	requests []request
	busy     atomic.Int32
}

// request is one that a target got.
type request struct {
	At       time.Time
	ID       string
	Items    []string
	Titles   []string
	Heading  string
	More     int
	Small    bool
	Edited   bool
	Edits    push.Receipt
	answered bool
	failed   error
}

func (s *script) Buckets() []push.Bucket { return s.limits }

func (s *script) Render(m *push.Message) (*push.Payload, error) {
	if s.refuse != nil {
		if err := s.refuse(m); err != nil {
			return nil, err
		}
	}
	r := request{ID: m.ID, Heading: m.Heading, More: m.More, Small: m.Small}
	most := s.most
	if s.fits != nil {
		most = s.fits()
	}
	for i, e := range m.Entries {
		if most > 0 && i == most {
			break
		}
		r.Items = append(r.Items, e.Item.ID)
		r.Titles = append(r.Titles, e.Title)
		r.Edited = r.Edited || e.Edited
	}
	b, err := json.Marshal(r)
	return &push.Payload{Body: b, ContentType: "application/json", Entries: len(r.Items)}, err
}

func (s *script) Send(_ context.Context, id string, p *push.Payload) (push.Receipt, error) {
	return s.take(id, "", p)
}

func (s *script) take(id string, edits push.Receipt, p *push.Payload) (push.Receipt, error) {
	if s.busy.Add(1) != 1 {
		panic("two requests at once")
	}
	defer s.busy.Add(-1)
	var r request
	if err := json.Unmarshal(p.Body, &r); err != nil {
		return "", err
	}
	if id != "" && r.ID != id {
		panic("the message has another ID than the request")
	}
	r.At, r.Edits = time.Now(), edits
	s.mu.Lock()
	s.requests = append(s.requests, r)
	n := len(s.requests)
	s.mu.Unlock()
	receipt, err := push.Receipt(fmt.Sprintf("%s-%d", s.name, n)), error(nil)
	if s.answer != nil {
		receipt, err = s.answer(n, r)
	}
	s.mu.Lock()
	s.requests[n-1].answered, s.requests[n-1].failed = true, err
	s.mu.Unlock()
	return receipt, err
}

// editor is a script whose messages can be changed.
type editor struct{ *script }

func (e editor) Edit(_ context.Context, r push.Receipt, p *push.Payload) error {
	_, err := e.take("", r, p)
	return err
}

// got are the requests so far.
func (s *script) got() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]request(nil), s.requests...)
}

// items are those of the requests that went well, in order.
func (s *script) items() (out []string) {
	for _, r := range s.got() {
		if r.answered && r.failed == nil {
			out = append(out, r.Items...)
		}
	}
	return out
}

// spec is a target that wants everything.
func (s *script) spec(more ...func(*push.Spec)) push.Spec {
	sp := push.Spec{
		Name: s.name, Kind: push.Kind{Name: "script"}, Location: "nowhere", Target: s, Hash: "1", Topics: []feeds.Topic{feeds.All},
		Language: "en", Zone: time.UTC,
	}
	for _, f := range more {
		f(&sp)
	}
	return sp
}

// logs is what was logged, at level info and above.
type logs struct {
	mu    sync.Mutex
	lines []string
}

func (l *logs) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }
func (l *logs) WithAttrs([]slog.Attr) slog.Handler               { return l }
func (l *logs) WithGroup(string) slog.Handler                    { return l }
func (l *logs) Handle(_ context.Context, r slog.Record) error {
	line := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	return nil
}

// with counts the lines that have a text.
func (l *logs) with(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// gone are withdrawals.
func gone(source string, keys []string) []feeds.Change {
	out := make([]feeds.Change, len(keys))
	for i, k := range keys {
		out[i] = feeds.Change{Source: source, Key: k}
	}
	return out
}

// failing is a template that works for nothing.
func failing(it *feeds.Item) (push.Entry, error) {
	if strings.HasSuffix(it.ID, "1") {
		panic("oops")
	}
	return push.Entry{}, errShape
}

// Package cachetest holds a store to every promise of package cache. A store joins with one call of [Run] in a test and
// one of [Benchmarks] in a benchmark; each failing case names the promise that was broken.
package cachetest

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// Harness says how the suite gets stores.
type Harness struct {
	// Open returns a fresh, empty store with these options. The suite closes it.
	Open func(t testing.TB, opts cache.Options) cache.Store
	// Reopen closes the store and opens it again over the same data, as a restart does. Nil skips the cases that need it.
	Reopen func(t testing.TB, s cache.Store) cache.Store
	// Replica opens another handle on the data of s, as a second process does. The suite closes it. Nil uses s itself.
	Replica func(t testing.TB, s cache.Store) cache.Store
	// Bubble runs every case in a bubble of testing/synctest: for stores whose clock is time.Now and which use no network.
	// Then also the promises that take days are tested.
	Bubble bool
	// Pass lets days pass on the clock of s alone: for stores that cannot be in a bubble but whose clock can be turned.
	// Without it and without Bubble the promises that take days are not tested.
	Pass func(s cache.Store, d time.Duration)
}

// testCase is one promise and how to try it.
type testCase struct {
	name    string
	promise string
	opts    cache.Options
	// long cases take days of the store's clock.
	long bool
	run  func(r *run)
}

// limit is how long a case may take: it fails, it never hangs.
const limit = 60 * time.Second

// Run tries every promise.
func Run(t *testing.T, h Harness) {
	// The pool of the compressor is made with its first use and must not belong to a bubble.
	if _, err := cache.Decompress(cache.Compress([]byte("warm"))); err != nil {
		t.Fatal(err)
	}
	for _, group := range [][]testCase{
		putCases, dateCases, holdCases, readCases, topicCases, logCases, leaseCases, noteCases, sourceCases, maintainCases,
		hostileCases, persistCases, knownCases, sameCases, assignCases,
	} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) { runCase(t, h, c) })
		}
	}
	t.Run("model", func(t *testing.T) { runModel(t, h) })
}

func runCase(t *testing.T, h Harness, c testCase) {
	if c.long && !h.Bubble && h.Pass == nil {
		t.Skip("takes days of the store's clock")
	}
	if !h.Bubble {
		t.Parallel()
		inCase(t, h, c)
		return
	}
	synctest.Test(t, func(t *testing.T) { inCase(t, h, c) })
}

func inCase(t *testing.T, h Harness, c testCase) {
	deadline := limit
	if c.long && h.Bubble {
		deadline = 1000 * 24 * time.Hour
	}
	defer func() {
		if t.Failed() {
			t.Logf("broken promise: %s", c.promise)
		}
	}()
	watch := time.AfterFunc(deadline+10*time.Second, func() {
		panic(fmt.Sprintf("%s hangs; broken promise: %s", t.Name(), c.promise))
	})
	defer watch.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	r := newRun(t, ctx, h, c.opts)
	defer r.close()
	c.run(r)
}

// run is one store under test with what every case needs.
type run struct {
	*testing.T
	ctx    context.Context
	h      Harness
	s      cache.Store
	leases map[string]cache.Lease
}

func newRun(t *testing.T, ctx context.Context, h Harness, opts cache.Options) *run {
	return &run{T: t, ctx: ctx, h: h, s: h.Open(t, opts), leases: map[string]cache.Lease{}}
}

func (r *run) close() {
	r.Helper()
	if err := r.s.Close(); err != nil {
		r.Errorf("Close: %v", err)
	}
}

// ok ends the case on an error.
func (r *run) ok(what string, err error) {
	r.Helper()
	if err != nil {
		r.Fatalf("%s: %v", what, err)
	}
}

// lease acquires the lease of a source once and keeps it.
func (r *run) lease(source string) cache.Lease {
	r.Helper()
	l, ok := r.leases[source]
	if !ok {
		var err error
		l, err = r.s.Acquire(r.ctx, "source/"+source, 10*365*24*time.Hour)
		r.ok("Acquire source/"+source, err)
		r.leases[source] = l
	}
	return l
}

// put stores changes of a source and wants an answer for each.
func (r *run) put(source string, changes ...feeds.Change) []feeds.Accepted {
	r.Helper()
	for i := range changes {
		changes[i].Source = source
	}
	acc, err := r.s.Put(r.ctx, r.lease(source), changes...)
	r.ok("Put", err)
	if len(acc) != len(changes) {
		r.Fatalf("Put answered %d of %d changes without an error", len(acc), len(changes))
	}
	return acc
}

// put1 stores one change and wants this kind.
func (r *run) put1(source string, c feeds.Change, want feeds.Kind) feeds.Accepted {
	r.Helper()
	a := r.put(source, c)[0]
	if a.Kind != want {
		r.Fatalf("Put %q: got %q (%v), want %q", c.Key, a.Kind, a.Err, want)
	}
	return a
}

// live marks the end of the baseline of a source, so that what comes is New.
func (r *run) live(source string) {
	r.Helper()
	r.ok("SetBaseline", r.s.SetBaseline(r.ctx, r.lease(source), source))
}

func (r *run) now() time.Time {
	r.Helper()
	now, err := r.s.Now(r.ctx)
	r.ok("Now", err)
	return now
}

func (r *run) version(t feeds.Topic) feeds.Version {
	r.Helper()
	v, err := r.s.Version(r.ctx, t)
	r.ok("Version", err)
	return v
}

// page reads the newest items of a topic.
func (r *run) page(t feeds.Topic, o feeds.Order) feeds.Page {
	r.Helper()
	p, err := r.s.Recent(r.ctx, t, o, feeds.Pos{}, 1000)
	r.ok("Recent", err)
	return p
}

// keys lists the URLs' last parts of a topic's items: post gives each item its key there.
func (r *run) ids(t feeds.Topic, o feeds.Order) []string {
	r.Helper()
	out := []string{}
	for _, it := range r.page(t, o).Items {
		out = append(out, it.ID)
	}
	return out
}

// get reads one item that must be there.
func (r *run) get(id string) feeds.Item {
	r.Helper()
	items, err := r.s.Get(r.ctx, id)
	r.ok("Get", err)
	if len(items) != 1 {
		r.Fatalf("Get %q: got %d items, want 1", id, len(items))
	}
	return items[0]
}

// gone wants that an item is in no answer.
func (r *run) gone(id string) {
	r.Helper()
	items, err := r.s.Get(r.ctx, id)
	r.ok("Get", err)
	if len(items) != 0 {
		r.Errorf("Get %q answers an item that is not live", id)
	}
}

// info finds a topic in the list of its group.
func (r *run) info(t feeds.Topic) (feeds.TopicInfo, bool) {
	r.Helper()
	list, err := r.s.Topics(r.ctx, t.Group)
	r.ok("Topics", err)
	for _, ti := range list {
		if ti.Topic == t {
			return ti, true
		}
	}
	return feeds.TopicInfo{}, false
}

// log reads every entry behind a cursor.
func (r *run) log(from cache.Cursor) []cache.Entry {
	r.Helper()
	var out []cache.Entry
	for {
		entries, err := r.s.After(r.ctx, from, 100)
		r.ok("After", err)
		if len(entries) == 0 {
			return out
		}
		if len(entries) > 100 {
			r.Fatalf("After answered %d entries for a limit of 100", len(entries))
		}
		out = append(out, entries...)
		from = entries[len(entries)-1].Cursor
	}
}

func (r *run) tail() cache.Cursor {
	r.Helper()
	c, err := r.s.Tail(r.ctx)
	r.ok("Tail", err)
	return c
}

// maintain calls Maintain until it has nothing to do at once.
func (r *run) maintain() time.Time {
	r.Helper()
	for range 1000 {
		next, err := r.s.Maintain(r.ctx)
		r.ok("Maintain", err)
		if next.Unix() > r.now().Unix() {
			return next
		}
	}
	r.Fatal("Maintain wants to be called again at once a thousand times over")
	return time.Time{}
}

// pass lets days pass.
func (r *run) pass(d time.Duration) {
	if r.h.Pass != nil {
		r.h.Pass(r.s, d)
		return
	}
	time.Sleep(d)
}

// until sleeps until the store's clock has reached the second.
func (r *run) until(t time.Time) {
	r.Helper()
	for r.now().Unix() < t.Unix() {
		time.Sleep(20 * time.Millisecond)
	}
}

// replica is another handle on the same data, if the store can have one.
func (r *run) replica() (s cache.Store, done func()) {
	r.Helper()
	if r.h.Replica == nil {
		return r.s, func() {}
	}
	s = r.h.Replica(r.T, r.s)
	return s, func() {
		if err := s.Close(); err != nil {
			r.Errorf("Close of the replica: %v", err)
		}
	}
}

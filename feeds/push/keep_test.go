package push_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
	"feedmill/feeds/push"
)

// notes counts the notes of buckets, by bucket; those that have expired do not count.
func (w *world) notes(buckets ...string) map[string]int {
	w.Helper()
	out := map[string]int{}
	for _, b := range buckets {
		if err := w.store.Range(w.Context(), b, func(string, []byte) error { out[b]++; return nil }); err != nil {
			w.Fatal(err)
		}
	}
	return out
}

// TestRemoved: what is known of a target that is not configured any more is kept for thirty days. Until then it goes on where it was.
func TestRemoved(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		stays, goes := &script{name: "stays"}, &script{name: "goes"}
		goes.answer = func(n int, _ request) (push.Receipt, error) {
			if n <= 2 {
				return "", fails(push.BadPayload, "no")
			}
			return "", nil
		}
		w.start(stays.spec(), goes.spec())
		w.news("a", 1)
		w.pass(time.Minute)
		buckets := []string{"push", "push/dead/goes", "push/log/goes", "push/orders"}
		// Without a courier, since a simulated month of its looking for orders takes long.
		away := func(days int) {
			w.kill()
			w.pass(time.Duration(days) * 24 * time.Hour)
		}
		w.start(stays.spec())
		w.pass(3 * time.Hour)
		same(t, "notes", w.notes(buckets...), map[string]int{"push": 2, "push/dead/goes": 1, "push/log/goes": 3})
		ids := w.news("a", 1)
		away(10)
		w.start(stays.spec(), goes.spec())
		w.pass(time.Minute)
		same(t, "items after it came back", goes.items(), ids)
		away(25)
		w.start()
		w.pass(time.Minute)
		same(t, "dead letters", w.courier.Status()[1].Dead, 1)
		if err := w.courier.Pause(w.Context(), "goes"); err != nil {
			t.Error(err)
		}
		w.start(stays.spec())
		w.pass(3 * time.Hour)
		away(31)
		same(t, "notes after thirty days", w.notes(buckets...), map[string]int{"push": 1})
		w.start(stays.spec(), goes.spec())
		w.pass(time.Minute)
		same(t, "state of a new target of that name", w.courier.Status()[1].State, push.Idle)
	})
}

// TestLongIDs: items whose IDs are as long as they may be fit into the notes, however many wait.
func TestLongIDs(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t"}
		var down atomic.Bool
		down.Store(true)
		to.answer = func(int, request) (push.Receipt, error) {
			if down.Load() {
				return "", &push.Error{Class: push.Transient, Code: "timeout", Ambiguous: true}
			}
			return "", nil
		}
		w.start(to.spec(func(s *push.Spec) { s.Kind.Data = true }))
		ids := w.news("a", 2000, func(c *feeds.Change) { c.Wish = c.Wish + strings.Repeat("x", feeds.MaxID-len(c.Wish)) })
		w.pass(3 * time.Hour)
		down.Store(false)
		w.pass(3 * time.Hour)
		same(t, "items", len(to.items()), len(ids))
		for i, id := range to.items() {
			if id != ids[i] {
				w.Fatalf("item %d is %.20s…, want %.20s…", i, id, ids[i])
			}
		}
	})
}

// TestBookmark: where nothing in the log is for a target its bookmark follows all the same, so that the log is not trimmed over it:
// now and then, and when the courier stops.
func TestBookmark(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		w.start((&script{name: "t"}).spec(func(s *push.Spec) { s.Topics = []feeds.Topic{feeds.NewTopic("source", "b")} }))
		atEnd := func(when string) {
			t.Helper()
			notes, err := w.store.Read(w.Context(), "push", "t")
			if err != nil {
				w.Fatal(err)
			}
			var st struct{ Cursor cache.Cursor }
			if err := json.Unmarshal(notes["t"], &st); err != nil {
				w.Fatal(err)
			}
			tail, err := w.store.Tail(w.Context())
			if err != nil || st.Cursor != tail {
				t.Errorf("%s: the bookmark is %q, the log ends at %q (%v)", when, st.Cursor, tail, err)
			}
		}
		w.news("a", 10)
		w.pass(2 * time.Minute)
		atEnd("some time after news for others")
		w.news("a", 10)
		w.pass(time.Second)
		w.kill()
		atEnd("after a stop")
	})
}

// TestFlatMemory: what waits for targets that are dead, slow, down or limiting for a day is in the store, not in memory, and so is
// what the others got meanwhile.
func TestFlatMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("stores 15,000 items")
	}
	inWorld(t, func(w *world) {
		w.baseline("a")
		limits := []push.Bucket{{Key: "k", Rates: []push.Rate{{Count: 1, Per: time.Hour}}}}
		all := []*tally{
			{answer: func() error { return fails(push.Dead, "gone") }},
			{answer: func() error { return fails(push.Transient, "http 503") }},
			{answer: func() error { return fails(push.RateLimited, "http 429") }},
			{answer: func() error { time.Sleep(2 * time.Minute); return fails(push.Transient, "timeout") }},
			{limits: limits},
			{},
			{},
			{},
			{},
			{},
		}
		sick := len(all) - 5
		var specs []push.Spec
		for i, to := range all {
			specs = append(specs, (&script{name: fmt.Sprintf("t%d", i)}).spec(func(s *push.Spec) { s.Target, s.Kind.Data = to, true }))
		}
		w.start(specs...)
		heap := func() uint64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.GC() // what finalizers and pools held
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		items := 0
		var first uint64
		for hour := range 24 {
			for range 5 {
				n := 80
				if hour == 0 {
					n = 1200 // all that is bounded is full
				}
				w.news("a", n)
				items += n
				w.pass(12 * time.Minute)
			}
			for i, to := range all[sick:] {
				same(t, fmt.Sprintf("items of the healthy target %d after hour %d", i, hour), to.items, items)
			}
			switch now := heap(); {
			case hour == 0:
				first = now
			case hour%6 == 5:
				t.Logf("after %d hours and %d items the heap has %d KiB, after the first hour it had %d", hour+1, items, now>>10, first>>10)
				if float64(now) > 1.2*float64(first) {
					t.Errorf("that is %.2f times as much", float64(now)/float64(first))
				}
			}
		}
		for i, st := range w.courier.Status()[:sick-1] {
			if st.Backlog < 2000 || !st.Counting || all[i].items > 0 {
				t.Errorf("%+v, %d items", st, all[i].items)
			}
		}
	})
}

// tally is a target that remembers no more than how many items it took.
type tally struct {
	answer func() error
	limits []push.Bucket
	items  int
}

func (s *tally) Buckets() []push.Bucket { return s.limits }

func (s *tally) Render(m *push.Message) (*push.Payload, error) {
	return &push.Payload{Body: []byte("{}"), Entries: len(m.Entries)}, nil
}

func (s *tally) Send(_ context.Context, _ string, p *push.Payload) (push.Receipt, error) {
	if s.answer != nil {
		if err := s.answer(); err != nil {
			return "", err
		}
	}
	s.items += p.Entries
	return "", nil
}

// TestTryOut: a test message goes past everything that waits, and counts against the limit.
func TestTryOut(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t", limits: []push.Bucket{{Key: "k", Rates: []push.Rate{{Count: 2, Per: 40 * time.Second}}}}}
		w.start(to.spec())
		if err := w.courier.Pause(w.Context(), "t"); err != nil {
			t.Error(err)
		}
		w.news("a", 1)
		w.pass(time.Minute)
		for range 5 {
			if err := w.courier.Test(w.Context(), w.specs[0]); err != nil {
				t.Error(err)
			}
		}
		same(t, "requests", len(to.got()), 5)
		if err := w.courier.Resume(w.Context(), "t"); err != nil {
			t.Error(err)
		}
		w.pass(time.Minute)
		same(t, "requests", len(to.got()), 6)
		within(t, "all", to.limits[0].Rates[0], to.got())
		to.answer = func(int, request) (push.Receipt, error) { return "", fails(push.Dead, "gone") }
		w.pass(time.Hour)
		if err := w.courier.Test(w.Context(), w.specs[0]); push.AsError(err).Class != push.Dead {
			t.Errorf("got %v", err)
		}
		// One that is not configured yet.
		other := &script{name: "other"}
		if err := w.courier.Test(w.Context(), other.spec(func(s *push.Spec) { s.Language = "zh" })); err != nil || len(other.got()) != 1 {
			t.Errorf("%v, %d requests", err, len(other.got()))
		}
	})
}

// TestManyLetters: of dead letters the newest thousand are kept, and that older ones went is said.
func TestManyLetters(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t", most: 1}
		to.answer = func(int, request) (push.Receipt, error) { return "", fails(push.BadPayload, "no") }
		w.start(to.spec(func(s *push.Spec) { s.Kind.Data = true }))
		w.news("a", 1000)
		w.pass(time.Minute)
		ids := w.news("a", 10)
		w.pass(time.Minute)
		letters, err := w.courier.Letters(w.Context(), "t")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "letters", []int{len(letters), w.courier.Status()[0].Dead}, []int{1000, 1000})
		kept := map[string]bool{}
		for _, l := range letters {
			kept[l.Item] = true
		}
		for _, id := range ids {
			if !kept[id] {
				t.Errorf("%s is dropped, which is one of the newest", id)
			}
		}
		if w.logs.with("the oldest are dropped") == 0 {
			t.Error("nothing is said of it")
		}
	})
}

package push_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

// TestFlatMemory: what waits for a target that takes nothing is in the store, not in memory, and so is what was delivered.
func TestFlatMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("stores 9,000 items")
	}
	inWorld(t, func(w *world) {
		w.baseline("a")
		var specs []push.Spec
		for i := range 10 {
			to := &script{name: fmt.Sprintf("t%d", i)}
			to.answer = func(int, request) (push.Receipt, error) { return "", fails(push.Dead, "gone") }
			specs = append(specs, to.spec())
		}
		w.start(specs...)
		var first uint64
		for round := range 3 {
			for range 3 {
				w.news("a", 1000)
			}
			w.pass(time.Hour)
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			switch {
			case round == 0:
				first = m.HeapAlloc
			case m.HeapAlloc > first+4<<20:
				w.Fatalf("after %d items the heap has %d KiB, after 3,000 it had %d", 3000*(round+1), m.HeapAlloc>>10, first>>10)
			}
		}
		for _, st := range w.courier.Status() {
			if st.State != push.Parked || st.Backlog != 2000 || !st.Counting {
				t.Errorf("%+v", st)
			}
		}
	})
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

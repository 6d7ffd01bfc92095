package push_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/feeds/push"
)

func fails(class push.Class, code string) *push.Error { return &push.Error{Class: class, Code: code} }

// TestBackoff: a message that fails is tried again, under the same ID, each time later at most by the bound, and the breaker
// lets less and less through. Nothing is lost, and nothing overtakes.
func TestBackoff(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		var down atomic.Bool
		down.Store(true)
		to := &script{name: "t"}
		to.answer = func(int, request) (push.Receipt, error) {
			if down.Load() {
				return "", fails(push.Transient, "http 503")
			}
			return "", nil
		}
		w.start(to.spec())
		ids := w.news("a", 1)
		w.pass(24 * time.Hour)
		got := to.got()
		for i := 1; i < len(got); i++ {
			wait := got[i].At.Sub(got[i-1].At)
			if n := i; n < 5 && wait > 5*time.Second<<(n-1) || n >= 5 && (wait < min(30*time.Minute, time.Minute<<min(n-5, 6)) || wait > time.Hour) {
				t.Errorf("request %d came %s after the one before", i+1, wait)
			}
			if got[i].ID != got[0].ID {
				t.Errorf("request %d has another ID", i+1)
			}
		}
		if n := len(got); n < 28 || n > 60 {
			t.Errorf("%d requests in a day", n)
		}
		st := w.courier.Status()[0]
		if st.State != push.Broken || st.Backlog != 1 || st.LastError == "" || st.Next.IsZero() || st.Outcomes["transient"] != int64(len(got)) {
			t.Errorf("status: %+v", st)
		}
		same(t, "warnings", w.logs.with("again and again"), 1)

		down.Store(false)
		ids = append(ids, w.news("a", 10)...)
		w.pass(time.Hour)
		same(t, "items", to.items(), ids)
		same(t, "state", w.courier.Status()[0].State, push.Idle)
		same(t, "dead letters", w.courier.Status()[0].Dead, 0)
	})
}

// TestRestartKeepsWaiting: a restart makes no request before its time.
func TestRestartKeepsWaiting(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t"}
		to.answer = func(n int, _ request) (push.Receipt, error) {
			if n == 1 {
				return "", &push.Error{Class: push.RateLimited, Code: "http 429", RetryAfter: 30 * time.Minute}
			}
			return "", nil
		}
		w.start(to.spec())
		ids := w.news("a", 1)
		w.pass(time.Minute)
		same(t, "state", w.courier.Status()[0].State, push.Waiting)
		for range 10 {
			w.kill()
			w.start()
			w.pass(time.Minute)
		}
		same(t, "requests", len(to.got()), 1)
		w.pass(30 * time.Minute)
		same(t, "items", to.items(), ids)
		if wait := to.got()[1].At.Sub(to.got()[0].At); wait < 30*time.Minute {
			t.Errorf("asked again after %s", wait)
		}
		if st := w.courier.Status()[0]; st.Limited < 15*time.Minute {
			t.Errorf("limiter wait of %s", st.Limited)
		}
	})
}

// TestRateLimited: what the platform asks for is capped, and a pause without a length grows.
func TestRateLimited(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		long, short := &script{name: "long"}, &script{name: "short"}
		long.answer = func(n int, _ request) (push.Receipt, error) {
			if n <= 2 {
				return "", &push.Error{Class: push.RateLimited, Code: "429", RetryAfter: 90 * time.Hour}
			}
			return "", nil
		}
		short.answer = func(n int, _ request) (push.Receipt, error) {
			if n <= 12 || n == 14 {
				return "", fails(push.RateLimited, "45009")
			}
			return "", nil
		}
		w.start(long.spec(func(s *push.Spec) { s.Kind.MaxWait = 10 * time.Minute }), short.spec())
		w.news("a", 1)
		w.pass(12 * time.Hour)
		for i, r := range long.got()[1:] {
			if wait := r.At.Sub(long.got()[i].At); wait != 10*time.Minute {
				t.Errorf("long: %s", wait)
			}
		}
		for i, r := range short.got()[1:] {
			if wait := r.At.Sub(short.got()[i].At); wait != min(time.Hour, time.Minute<<i) {
				t.Errorf("short: %d: %s", i, wait)
			}
		}
		same(t, "requests", []int{len(long.got()), len(short.got())}, []int{3, 13})
		w.news("a", 1)
		w.pass(time.Hour)
		got := short.got()
		same(t, "the pause after it had worked", got[14].At.Sub(got[13].At), time.Minute)
	})
}

// TestPark: a dead or blocked target is left alone until its configuration changes or it is resumed; then comes one digest.
func TestPark(t *testing.T) {
	for _, class := range []push.Class{push.Dead, push.Blocked} {
		t.Run(string(class), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.baseline("a")
				to := &script{name: "t"}
				gone := false
				to.answer = func(int, request) (push.Receipt, error) {
					if gone {
						return "", fails(class, "93000")
					}
					return "", nil
				}
				w.start(to.spec())
				ids := w.news("a", 1)
				w.pass(time.Minute)
				gone = true
				for range 3 {
					ids = append(ids, w.news("a", 1)...)
					w.pass(24 * time.Hour)
				}
				w.kill()
				w.start()
				w.pass(time.Hour)
				same(t, "requests", len(to.got()), 2)
				st := w.courier.Status()[0]
				if st.State != push.Parked || !strings.Contains(st.Why, "93000") || st.Backlog != 3 || !st.Oldest.Before(time.Now().Add(-72*time.Hour)) {
					t.Errorf("status: %+v", st)
				}
				same(t, "errors", w.logs.with("ERROR"), 1)

				// Resumed while it is still dead: parked again at once.
				if err := w.courier.Resume(w.Context(), "t"); err != nil {
					w.Fatal(err)
				}
				w.pass(time.Hour)
				same(t, "requests", len(to.got()), 3)
				gone = false
				if err := w.courier.Resume(w.Context(), "t"); err != nil {
					w.Fatal(err)
				}
				w.pass(time.Second)
				same(t, "requests", len(to.got()), 4)
				same(t, "items", to.items(), ids)

				gone = true
				ids = append(ids, w.news("a", 2)...)
				w.pass(time.Second)
				gone = false
				w.start(to.spec(func(s *push.Spec) { s.Hash = "2" }))
				w.pass(time.Second)
				same(t, "items after the configuration changed", to.items(), ids)
				same(t, "requests", len(to.got()), 6)
			})
		})
	}
}

func TestPause(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t"}
		w.start(to.spec())
		if err := w.courier.Pause(w.Context(), "t"); err != nil {
			w.Fatal(err)
		}
		ids := w.news("a", 3)
		w.pass(time.Minute)
		w.kill()
		w.start()
		w.pass(time.Minute)
		same(t, "requests", len(to.got()), 0)
		same(t, "state", w.courier.Status()[0].State, push.Paused)
		if err := w.courier.Resume(w.Context(), "t"); err != nil {
			w.Fatal(err)
		}
		w.pass(time.Second)
		same(t, "items", to.items(), ids)
		same(t, "requests", len(to.got()), 1)
		if err := w.courier.Pause(w.Context(), "nobody"); err == nil || !strings.Contains(err.Error(), "there are: t") {
			t.Errorf("pause of a target that is none: %v", err)
		}
	})
}

// TestBadPayload: a message that the platform refuses gets smaller, and only the item at fault becomes a dead letter.
func TestBadPayload(t *testing.T) {
	for _, where := range []string{"send", "render"} {
		t.Run(where, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.baseline("a")
				to := &script{name: "t"}
				bad := true
				judge := func(items []string, small bool) error {
					if bad && (slices.Contains(items, "a-0007") || !small && slices.Contains(items, "a-0003")) {
						return fails(push.BadPayload, "40058")
					}
					return nil
				}
				if where == "send" {
					to.answer = func(_ int, r request) (push.Receipt, error) { return "", judge(r.Items, r.Small) }
				} else {
					to.refuse = func(m *push.Message) error {
						var items []string
						for _, e := range m.Entries {
							items = append(items, e.Item.ID)
						}
						return judge(items, m.Small)
					}
				}
				w.start(to.spec())
				ids := w.news("a", 20)
				w.pass(time.Minute)
				want := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "a-0007" })
				same(t, "items", to.items(), want)
				letters, err := w.courier.Letters(w.Context(), "t")
				if err != nil || len(letters) != 1 || letters[0].Item != "a-0007" || letters[0].Code != "40058" {
					w.Fatalf("dead letters: %+v, %v", letters, err)
				}
				same(t, "dead letters", w.courier.Status()[0].Dead, 1)

				// Sent again, it fails again, or not.
				for _, bad = range []bool{true, false} {
					n, err := w.courier.Replay(w.Context(), "t", push.Replay{Dead: true})
					if n != 1 || err != nil {
						t.Errorf("replay: %d, %v", n, err)
					}
					w.pass(time.Minute)
					left := 0
					if bad {
						left = 1
					}
					same(t, "dead letters", w.courier.Status()[0].Dead, left)
				}
				same(t, "items", to.items(), append(want, "a-0007"))
				var story []string
				d, err := w.courier.Deliveries(w.Context(), "t", "a-0007", 100)
				if err != nil {
					t.Error(err)
				}
				for _, d := range d {
					story = append(story, d.Outcome)
				}
				slices.Reverse(story)
				same(t, "story of the item", slices.Compact(story), []string{"bad-payload", "dead-letter", "bad-payload", "dead-letter", "delivered"})
			})
		})
	}
}

// TestPoison: a message that fails for ever, while the target takes others, lets them pass, and is a dead letter after a day.
func TestPoison(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t"}
		to.answer = func(_ int, r request) (push.Receipt, error) {
			if slices.Contains(r.Items, "a-0002") {
				return "", fails(push.Transient, "http 500")
			}
			return "", nil
		}
		w.start(to.spec())
		var ids []string
		for range 60 {
			ids = append(ids, w.news("a", 1)...)
			w.pass(30 * time.Minute)
		}
		w.pass(10 * time.Hour)
		want := slices.DeleteFunc(ids, func(id string) bool { return id == "a-0002" })
		same(t, "items", to.items(), want)
		letters, err := w.courier.Letters(w.Context(), "t")
		if err != nil || len(letters) != 1 || letters[0].Item != "a-0002" {
			t.Errorf("dead letters: %+v, %v", letters, err)
		}
		n := 0
		for _, r := range to.got() {
			if slices.Contains(r.Items, "a-0002") {
				n++
			}
		}
		if n < 20 || n > 100 {
			t.Errorf("it was tried %d times", n)
		}
	})
}

// TestReplay sends again what was delivered, without anything else.
func TestReplay(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t", most: 7}
		w.start(to.spec())
		w.news("a", 3)
		w.pass(time.Hour)
		since := time.Now()
		ids := w.news("a", 20)
		w.pass(time.Hour)
		before := len(to.items())
		n, err := w.courier.Replay(w.Context(), "t", push.Replay{Since: since})
		same(t, "n", n, 20)
		if err != nil {
			w.Fatal(err)
		}
		w.pass(time.Minute)
		got := to.items()[before:]
		slices.Sort(got)
		same(t, "items", got, ids)
		if _, err := w.courier.Replay(w.Context(), "t", push.Replay{Items: []string{"a-0001", "unknown"}}); err == nil {
			t.Error("an unknown item is replayed")
		}
		before = len(to.got())
		if _, err := w.courier.Replay(w.Context(), "t", push.Replay{Items: []string{"a-0002", "a-0001"}}); err != nil {
			w.Fatal(err)
		}
		ids = w.news("a", 1)
		w.pass(time.Minute)
		var all [][]string
		for _, r := range to.got()[before:] {
			all = append(all, r.Items)
		}
		slices.SortFunc(all, func(a, b []string) int { return strings.Compare(b[0], a[0]) })
		same(t, "items", all, [][]string{ids, {"a-0002"}, {"a-0001"}})
		w.kill()
		w.start()
		w.pass(time.Minute)
		same(t, "requests after a restart", len(to.got()), before+3)
	})
}

// TestTrimmed: what the log does not have any more is said once, and the target goes on with what there is.
func TestTrimmed(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t"}
		w.start(to.spec())
		w.news("a", 1)
		w.pass(time.Minute)
		w.kill()
		w.news("a", 3)
		w.pass(31 * 24 * time.Hour)
		kept := w.news("a", 2)
		for range 3 {
			if _, err := w.store.Maintain(w.Context()); err != nil {
				w.Fatal(err)
			}
		}
		w.start()
		w.pass(time.Hour)
		same(t, "items", to.items(), append([]string{"a-0001"}, kept...))
		same(t, "requests", len(to.got()), 2)
		same(t, "warnings", w.logs.with("does not reach back"), 1)
		d, err := w.courier.Deliveries(w.Context(), "", "", 10)
		if err != nil || !slices.ContainsFunc(d, func(d push.Delivery) bool { return d.Code == "gap" }) {
			t.Errorf("the gap is not in the log: %+v, %v", d, err)
		}
	})
}

// TestTrimmedUnderWay: a message under way when the log was cut is sent as it is; what comes behind it, too.
func TestTrimmedUnderWay(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		var down atomic.Bool
		down.Store(true)
		to := &script{name: "t"}
		to.answer = func(int, request) (push.Receipt, error) {
			if down.Load() {
				return "", fails(push.Transient, "http 503")
			}
			return "", nil
		}
		w.start(to.spec())
		ids := w.news("a", 1)
		w.pass(time.Minute)
		w.kill()
		w.news("a", 3)
		w.pass(31 * 24 * time.Hour)
		ids = append(ids, w.news("a", 2)...)
		for range 3 {
			if _, err := w.store.Maintain(w.Context()); err != nil {
				w.Fatal(err)
			}
		}
		down.Store(false)
		for range 2 {
			w.start()
			w.pass(time.Hour)
			same(t, "items", to.items(), ids)
			same(t, "warnings", w.logs.with("does not reach back"), 1)
			w.kill()
		}
	})
}

// TestRegressed: a store that was restored to an earlier state.
func TestRegressed(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		over := &faulty{Store: w.store}
		w.over = over
		to := &script{name: "t"}
		w.start(to.spec())
		w.news("a", 1)
		w.pass(time.Minute)
		n := 0
		over.after = func() error {
			if n++; n == 1 {
				return fmt.Errorf("read log: %w", cache.ErrRegressed)
			}
			return nil
		}
		w.news("a", 1)
		w.pass(time.Minute)
		same(t, "warnings", w.logs.with("ends before the bookmark"), 1)
		ids := w.news("a", 1)
		w.pass(time.Minute)
		same(t, "items", to.items(), append([]string{"a-0001"}, ids...))
	})
}

// TestWithdrawn: what is gone before it is sent is counted, however much it is.
func TestWithdrawn(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t"}
		w.start(to.spec())
		if err := w.courier.Pause(w.Context(), "t"); err != nil {
			w.Fatal(err)
		}
		w.pass(time.Second)
		ids := w.news("a", 3000)
		w.pass(time.Minute)
		st := w.courier.Status()[0]
		if !st.Counting || st.Backlog != 2000 {
			t.Errorf("status: %+v", st)
		}
		for chunk := range slices.Chunk(ids[1:], 1000) {
			w.state("a", gone("a", chunk)...)
		}
		w.kill()
		w.start()
		if err := w.courier.Resume(w.Context(), "t"); err != nil {
			w.Fatal(err)
		}
		w.pass(5 * time.Minute)
		same(t, "items", to.items(), ids[:1])
		d, err := w.courier.Deliveries(w.Context(), "t", ids[5], 10)
		if err != nil || len(d) != 1 || d[0].Outcome != "skipped" {
			t.Errorf("an item that was withdrawn: %+v, %v", d, err)
		}
	})
}

// TestPanic: a target that panics costs nobody else anything.
func TestPanic(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		bad, render, shape, good := &script{name: "bad"}, &script{name: "render"}, &script{name: "shape"}, &script{name: "good"}
		bad.answer = func(int, request) (push.Receipt, error) { panic("oops") }
		render.refuse = func(*push.Message) error { panic("oops") }
		w.start(bad.spec(), render.spec(), shape.spec(func(s *push.Spec) { s.Shape = failing }), good.spec())
		ids := w.news("a", 2)
		w.pass(time.Minute)
		same(t, "good", good.items(), ids)
		same(t, "title and link", shape.items(), ids)
		same(t, "dead letters of what cannot be rendered", w.courier.Status()[1].Dead, 2)
		same(t, "state", w.courier.Status()[0].Outcomes["transient"] > 1, true)
	})
}

// TestStoreDown: nothing is sent that could not be written down, and what was sent is written down when the store is back.
func TestStoreDown(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		over := &faulty{Store: w.store}
		w.over = over
		to := &script{name: "t"}
		to.answer = func(n int, _ request) (push.Receipt, error) {
			if n == 1 {
				over.down.Store(true)
			}
			return "", nil
		}
		w.start(to.spec())
		ids := w.news("a", 3)
		w.pass(10 * time.Second)
		same(t, "requests", len(to.got()), 1)
		over.down.Store(false)
		w.pass(time.Minute)
		same(t, "items", to.items(), ids)
		over.down.Store(true)
		ids = append(ids, w.news("a", 1)...)
		w.pass(time.Hour)
		same(t, "requests", len(to.got()), 3)
		over.down.Store(false)
		w.pass(time.Minute)
		same(t, "items", to.items(), ids)
		if n := w.logs.with("WARN"); n > 4 {
			t.Errorf("%d warnings: %q", n, w.logs.lines)
		}
	})
}

var errShape = errors.New("no such field")

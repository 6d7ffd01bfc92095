package push_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/feeds"
	"feedmill/feeds/push"
)

// within says whether no span of time has more requests than a limit allows.
func within(t testing.TB, what string, rate push.Rate, all ...[]request) {
	t.Helper()
	var at []time.Time
	for _, list := range all {
		for _, r := range list {
			at = append(at, r.At)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	for i := rate.Count; i < len(at); i++ {
		if span := at[i].Sub(at[i-rate.Count]); span <= rate.Per {
			t.Errorf("%s: %d requests within %s, at %s", what, rate.Count+1, span, at[i])
			return
		}
	}
}

// TestLimit: targets of one credential together stay within its limits, over restarts and over processes, and what does not get
// through waits.
func TestLimit(t *testing.T) {
	for _, processes := range []int{1, 3} {
		t.Run(fmt.Sprint(processes), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.baseline("a")
				rates := []push.Rate{{Count: 18, Per: time.Minute}, {Count: 4, Per: time.Second}}
				shared := []push.Bucket{{Key: push.KeyOf("secret"), Rates: rates}}
				var targets []*script
				var specs []push.Spec
				for i := range 5 {
					s := &script{name: fmt.Sprintf("t%d", i), most: 1, limits: shared}
					s.answer = func(int, request) (push.Receipt, error) { time.Sleep(30 * time.Millisecond); return "", nil }
					targets = append(targets, s)
					specs = append(specs, s.spec(func(s *push.Spec) { s.Kind.Data = true }))
				}
				alone := &script{name: "alone"}
				specs = append(specs, alone.spec(func(s *push.Spec) { s.Kind.Data = true }))
				run := func() (stop func()) {
					ctx, cancel := context.WithCancel(context.Background())
					var running sync.WaitGroup
					for range processes {
						c := push.New(w.store, push.Options{Log: slog.New(w.logs)})
						c.Apply(specs)
						running.Go(func() {
							if err := c.Run(ctx); err != nil {
								t.Error(err)
							}
						})
					}
					return func() { cancel(); running.Wait() }
				}
				stop := run()
				w.pass(time.Second)
				ids := w.news("a", 30)
				for range 6 {
					w.pass(40 * time.Second)
					stop()
					stop = run()
				}
				same(t, "alone", len(alone.items()), 30)
				w.pass(20 * time.Minute)
				stop()
				var all [][]request
				for _, s := range targets {
					same(t, s.name, s.items(), ids)
					all = append(all, s.got())
				}
				for _, r := range rates {
					within(t, fmt.Sprint(r), r, all...)
				}
			})
		})
	}
}

// TestLimitOfSlowPlatform: a request counts until its answer: the platform may have counted it at any time up to then.
func TestLimitOfSlowPlatform(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		rate := push.Rate{Count: 3, Per: 30 * time.Second}
		to := &script{name: "t", most: 1, limits: []push.Bucket{{Key: "k", Rates: []push.Rate{rate}}}}
		var ends []request
		to.answer = func(n int, r request) (push.Receipt, error) {
			time.Sleep([]time.Duration{25 * time.Second, 0, 9 * time.Second, 2 * time.Second}[n%4])
			r.At = time.Now()
			ends = append(ends, r)
			return "", nil
		}
		w.start(to.spec(func(s *push.Spec) { s.Kind.Data = true }))
		ids := w.news("a", 40)
		w.pass(time.Hour)
		same(t, "items", to.items(), ids)
		within(t, "begun", rate, to.got())
		within(t, "ended", rate, ends)
	})
}

// reading is a store that takes a while to say what was noted, so that two who ask at once have the same answer.
type reading struct{ push.Store }

func (r reading) Range(ctx context.Context, bucket string, fn func(string, []byte) error) error {
	err := r.Store.Range(ctx, bucket, fn)
	if strings.HasPrefix(bucket, "push/limit/") {
		time.Sleep(time.Second)
	}
	return err
}

// TestLimitAtOnce: of two processes that look at the same moment whether a credential may be used one is the first.
func TestLimitAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		rate := push.Rate{Count: 1, Per: time.Minute}
		limits := []push.Bucket{{Key: "k", Rates: []push.Rate{rate}}}
		one, two := &script{name: "one", limits: limits}, &script{name: "two", limits: limits}
		w.specs = []push.Spec{one.spec()} // it learns later that it shares the credential
		all := []*process{w.process(reading{w.store}, "two")}
		w.pass(time.Second)
		w.specs = append(w.specs, two.spec())
		all[0].Apply(w.specs)
		all = append(all, w.process(reading{w.store}, "one"))
		w.pass(10 * time.Second)
		ids := w.news("a", 3)
		w.pass(time.Hour)
		for _, p := range all {
			p.stop()
		}
		same(t, "one", one.items(), ids)
		same(t, "two", two.items(), ids)
		within(t, "both", rate, one.got(), two.got())
	})
}

// TestSharedPause: a pause that the platform asks one target for holds for all who use its credential, here and elsewhere.
func TestSharedPause(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a", "b")
		shared := []push.Bucket{{Key: push.KeyOf("secret"), Rates: []push.Rate{{Count: 20, Per: time.Minute}}}}
		a, b, other := &script{name: "a", limits: shared}, &script{name: "b", limits: shared}, &script{name: "other"}
		a.answer = func(n int, _ request) (push.Receipt, error) {
			if n == 1 {
				return "", &push.Error{Class: push.RateLimited, Code: "http 429", RetryAfter: 10 * time.Minute}
			}
			return "", nil
		}
		of := func(source string) func(*push.Spec) {
			return func(s *push.Spec) { s.Topics = []feeds.Topic{feeds.NewTopic("source", source)} }
		}
		w.start(a.spec(of("a")), b.spec(of("b")), other.spec(of("b")))
		w.news("a", 1)
		w.pass(time.Second)
		w.news("b", 1)
		w.pass(9 * time.Minute)
		same(t, "requests", []int{len(a.got()), len(b.got()), len(other.got())}, []int{1, 0, 1})
		w.kill()
		w.start()
		w.pass(50 * time.Second)
		same(t, "requests after a restart", []int{len(a.got()), len(b.got())}, []int{1, 0})
		w.pass(20 * time.Second)
		same(t, "requests after the pause", []int{len(a.got()), len(b.got())}, []int{2, 1})
	})
}

// TestTakeover: of several processes one serves a target; another goes on at the bookmark when it is gone.
func TestTakeover(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t"}
		first := &faulty{Store: w.store}
		w.over = first
		w.start(to.spec())
		second := push.New(w.store, push.Options{Log: slog.New(w.logs)})
		second.Apply(w.specs)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- second.Run(ctx) }()
		ids := w.news("a", 5)
		w.pass(time.Minute)
		same(t, "state of the second", second.Status()[0].State, push.Elsewhere)
		first.down.Store(true) // the first one is cut off from the store
		ids = append(ids, w.news("a", 5)...)
		w.pass(20 * time.Second)
		same(t, "items", to.items(), ids)
		if err := second.Pause(ctx, "t"); err != nil {
			t.Error(err)
		}
		first.down.Store(false)
		w.pass(time.Minute)
		same(t, "states", []push.State{w.courier.Status()[0].State, second.Status()[0].State}, []push.State{push.Elsewhere, push.Paused})
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		w.pass(5 * time.Second)
		same(t, "state of the first, that learned of the pause", w.courier.Status()[0].State, push.Paused)
		synctest.Wait()
	})
}

// TestIndependent: a target that hangs, is down, dead or limited for a day costs the others nothing, and gets everything afterwards.
func TestIndependent(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		ill := true
		hang, down, dead, limited, good := &script{name: "hang"}, &script{name: "down"}, &script{name: "dead"}, &script{name: "limited"}, &script{name: "good"}
		hang.answer = func(int, request) (push.Receipt, error) {
			if ill {
				time.Sleep(2 * time.Minute)
				return "", &push.Error{Class: push.Transient, Code: "timeout"}
			}
			return "", nil
		}
		say := func(class push.Class) func(int, request) (push.Receipt, error) {
			return func(int, request) (push.Receipt, error) {
				if ill {
					return "", fails(class, "no")
				}
				return "", nil
			}
		}
		down.answer, dead.answer, limited.answer = say(push.Transient), say(push.Dead), say(push.RateLimited)
		all := []*script{hang, down, dead, limited, good}
		var specs []push.Spec
		for _, s := range all {
			specs = append(specs, s.spec())
		}
		w.start(specs...)
		var ids []string
		for range 24 * 12 {
			ids = append(ids, w.news("a", 2)...)
			w.pass(5 * time.Minute)
			if n := len(good.items()); n != len(ids) {
				w.Fatalf("good has %d of %d items", n, len(ids))
			}
		}
		if n := len(hang.got()) + len(down.got()) + len(dead.got()) + len(limited.got()); n > 500 {
			t.Errorf("%d requests to targets that do not work", n)
		}
		ill = false
		if err := w.courier.Resume(w.Context(), "dead"); err != nil {
			t.Error(err)
		}
		w.pass(2 * time.Hour)
		for _, s := range all {
			same(t, s.name, s.items(), ids)
			same(t, s.name+" is idle", w.courier.Status()[slices.Index(all, s)].State, push.Idle)
		}
	})
}

package push_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"feedmill/feeds/push"
)

// TestBudget: a message that fails is given up after a day in which others got through; time in which nothing did is no proof.
func TestBudget(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		var down atomic.Bool
		to := &script{name: "t"}
		to.answer = func(_ int, r request) (push.Receipt, error) {
			if down.Load() || slices.Contains(r.Items, "a-0002") {
				return "", fails(push.Transient, "http 500")
			}
			return "", nil
		}
		w.start(to.spec())
		letters := func(what string, want int) {
			t.Helper()
			same(t, "dead letters after "+what, w.courier.Status()[0].Dead, want)
		}
		busy := func(d time.Duration) {
			for range d / (20 * time.Minute) {
				w.news("a", 1)
				w.pass(20 * time.Minute)
			}
		}
		busy(13 * time.Hour)
		letters("half a day", 0)
		w.pass(30 * time.Hour)
		letters("a day without news", 0)
		down.Store(true)
		w.news("a", 1)
		w.pass(30 * time.Hour)
		letters("a day in which nothing got through", 0)
		down.Store(false)
		busy(20 * time.Hour)
		letters("another day", 1)
	})
}

// TestRetryAfter503: what a platform that is not well asks for is kept to, up to a bound.
func TestRetryAfter503(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		some, much := &script{name: "some"}, &script{name: "much"}
		ask := func(d time.Duration) func(int, request) (push.Receipt, error) {
			return func(n int, _ request) (push.Receipt, error) {
				if n == 1 {
					return "", &push.Error{Class: push.Transient, Code: "http 503", RetryAfter: d}
				}
				return "", nil
			}
		}
		some.answer, much.answer = ask(20*time.Minute), ask(90*time.Hour)
		w.start(some.spec(), much.spec(func(s *push.Spec) { s.Kind.MaxWait = 10 * time.Minute }))
		w.news("a", 1)
		w.pass(2 * time.Hour)
		for s, want := range map[*script]time.Duration{some: 20 * time.Minute, much: 10 * time.Minute} {
			if got := s.got(); len(got) != 2 || got[1].At.Sub(got[0].At) != want {
				t.Errorf("%s: %v, want a second request after %s", s.name, got, want)
			}
		}
	})
}

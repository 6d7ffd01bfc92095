package push_test

import (
	"sync/atomic"
	"testing"
	"time"

	"feedmill/feeds/push"
)

// TestShrunk: a message that gets smaller while the one behind it is under way, too, loses nothing of what it covered, and keeps
// the order: what is behind it is made anew.
func TestShrunk(t *testing.T) {
	for _, how := range []string{"refused", "fits less"} {
		t.Run(how, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.baseline("a")
				var down, small atomic.Bool
				down.Store(true)
				to := &script{name: "t"}
				to.answer = func(_ int, r request) (push.Receipt, error) {
					switch {
					case down.Load():
						return "", fails(push.Transient, "http 503")
					case how == "refused" && len(r.Items) > 2:
						return "", fails(push.BadPayload, "too long")
					}
					return "", nil
				}
				to.fits = func() int {
					if small.Load() && how != "refused" {
						return 2
					}
					return 0
				}
				w.start(to.spec())
				ids := w.news("a", 8)
				ids = append(ids, w.news("b", 0)...)
				w.pass(time.Minute)
				w.baseline("b")
				ids = append(ids, w.news("b", 8)...)
				w.pass(5 * time.Hour) // the breaker is open, and the message behind the first was tried
				probed := false
				for _, r := range to.got() {
					probed = probed || r.Items[0] != ids[0]
				}
				if !probed {
					w.Fatal("the message behind the first was never tried")
				}
				down.Store(false)
				small.Store(true)
				w.pass(3 * time.Hour)
				same(t, "items", to.items(), ids)
				same(t, "state", w.courier.Status()[0].State, push.Idle)
			})
		})
	}
}

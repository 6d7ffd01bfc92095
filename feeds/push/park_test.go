package push_test

import (
	"testing"
	"time"

	"feedmill/feeds/push"
)

// TestParkUnclear: a message that may have been delivered before its target was gone comes again as what it was, under its ID, so
// that who knows IDs sees no item twice; what is new comes behind it.
func TestParkUnclear(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t"}
		to.answer = func(n int, _ request) (push.Receipt, error) {
			switch n {
			case 1:
				return "", &push.Error{Class: push.Transient, Code: "timeout", Ambiguous: true}
			case 2:
				return "", fails(push.Dead, "gone")
			}
			return "", nil
		}
		w.start(to.spec())
		ids := w.news("a", 1)
		w.pass(time.Minute)
		same(t, "state", w.courier.Status()[0].State, push.Parked)
		ids = append(ids, w.news("a", 2)...)
		w.pass(time.Minute)
		if err := w.courier.Resume(w.Context(), "t"); err != nil {
			w.Fatal(err)
		}
		w.pass(time.Minute)
		same(t, "items", to.items(), ids)
		if got := to.got(); len(got) != 5 || got[2].ID != got[0].ID {
			t.Errorf("got %+v, want the first message again, then what was new", got)
		}
	})
}

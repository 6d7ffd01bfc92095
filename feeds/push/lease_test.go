package push_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/feeds/push"
)

// slowly is a store of a process that stands still for a time behind its first write of what it is about to send, as one that
// was suspended, and whose lease is not renewed meanwhile.
type slowly struct {
	push.Store
	armed func() bool // also takes the fuse out
	still time.Duration
}

func (s *slowly) Write(ctx context.Context, l cache.Lease, edits ...cache.Edit) error {
	err := s.Store.Write(ctx, l, edits...)
	if s.armed() {
		time.Sleep(s.still)
	}
	return err
}

func (s *slowly) Renew(context.Context, cache.Lease, time.Duration) error {
	return cache.ErrUnavailable
}

// TestSuspended: a process that stood still until its lease had run out sends nothing: another one has sent it.
func TestSuspended(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t"}
		news := false
		w.over = &slowly{Store: w.store, still: 40 * time.Second, armed: func() bool { was := news; news = false; return was }}
		w.start(to.spec())
		second := push.New(w.store, push.Options{Log: slog.New(w.logs)})
		second.Apply(w.specs)
		ctx, cancel := context.WithCancel(w.Context())
		done := make(chan error)
		go func() { done <- second.Run(ctx) }()
		w.pass(time.Second)
		news = true
		ids := w.news("a", 1)
		w.pass(10 * time.Minute)
		same(t, "requests", len(to.got()), 1)
		same(t, "items", to.items(), ids)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestStop: a request under way when the courier stops may end, for a while, and what became of it is written down.
func TestStop(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		takes := 3 * time.Second
		to := &script{name: "t"}
		to.answer = func(int, request) (push.Receipt, error) { time.Sleep(takes); return "", nil }
		w.start(to.spec())
		ids := w.news("a", 1)
		w.pass(time.Second)
		w.kill()
		w.start()
		w.pass(time.Minute)
		same(t, "items", to.items(), ids)
		same(t, "requests", len(to.got()), 1)
	})
}

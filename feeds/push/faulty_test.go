package push_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"feedmill/cache"
	"feedmill/feeds/push"
)

// faulty is a store with faults.
type faulty struct {
	push.Store
	down  atomic.Bool // nothing can be written, no lease renewed
	lost  bool        // then writes say that the lease is lost, so that nobody goes on trying
	after func() error
	write func() error

	mu        sync.Mutex
	diedAt    time.Time
	lastWrite atomic.Bool // one more gets through, but its answer does not
	leases    []cache.Lease
}

func (f *faulty) After(ctx context.Context, c cache.Cursor, limit int) ([]cache.Entry, error) {
	if f.after != nil {
		if err := f.after(); err != nil {
			return nil, err
		}
	}
	return f.Store.After(ctx, c, limit)
}

func (f *faulty) Write(ctx context.Context, l cache.Lease, edits ...cache.Edit) error {
	if f.write != nil {
		if err := f.write(); err != nil {
			return err
		}
	}
	if f.lastWrite.CompareAndSwap(true, false) {
		if err := f.Store.Write(ctx, l, edits...); err != nil {
			return err
		}
	}
	switch {
	case f.down.Load() && f.lost:
		return fmt.Errorf("write: %w", cache.ErrStale)
	case f.down.Load():
		return fmt.Errorf("write: %w", cache.ErrUnavailable)
	}
	return f.Store.Write(ctx, l, edits...)
}

func (f *faulty) Acquire(ctx context.Context, name string, ttl time.Duration) (cache.Lease, error) {
	if f.down.Load() {
		return cache.Lease{}, fmt.Errorf("acquire: %w", cache.ErrUnavailable)
	}
	l, err := f.Store.Acquire(ctx, name, ttl)
	if err == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.leases = append(f.leases, l)
	}
	return l, err
}

// expire ends the leases that were taken, as their time does.
func (f *faulty) expire(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.leases {
		_ = f.Store.Release(ctx, l) // it fails for those that were given back
	}
}

func (f *faulty) Renew(ctx context.Context, l cache.Lease, ttl time.Duration) error {
	if f.down.Load() {
		return fmt.Errorf("renew: %w", cache.ErrUnavailable)
	}
	return f.Store.Renew(ctx, l, ttl)
}

func (f *faulty) Release(ctx context.Context, l cache.Lease) error {
	if f.down.Load() {
		return fmt.Errorf("release: %w", cache.ErrUnavailable)
	}
	return f.Store.Release(ctx, l)
}

// dead lets nothing get to the store any more, as when the process has died: after the write that is under way, or before it.
func (f *faulty) dead(after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.diedAt = time.Now()
	if after {
		f.lastWrite.Store(true)
	}
	f.down.Store(true)
}

// died is when that was.
func (f *faulty) died() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.diedAt
}

// fused is a store whose process dies at one of its writes, before or after it was done: that is everywhere between two things
// that can be seen. It dies once, as a process does.
type fused struct {
	*faulty
	mu    sync.Mutex
	left  int
	after bool
}

func newFused(over push.Store) *fused {
	f := &fused{faulty: &faulty{Store: over}}
	f.write = func() error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.left > 0 {
			if f.left--; f.left == 0 {
				f.dead(f.after)
			}
		}
		return nil
	}
	return f
}

// light lets the process die at the nth write from now on, if it does not burn already; 0 for never.
func (f *fused) light(n int, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 || n == 0 {
		f.left, f.after = n, after
	}
}

// process is a courier beside others on one store. It leaves the leases of some targets to others.
type process struct {
	*push.Courier
	over *faulty
	stop func()
}

type choosy struct {
	push.Store
	not string // the target that it does not serve
}

func (c choosy) Acquire(ctx context.Context, name string, ttl time.Duration) (cache.Lease, error) {
	if c.not != "" && name == "push/"+c.not {
		return cache.Lease{}, fmt.Errorf("acquire: %w", cache.ErrHeld)
	}
	return c.Store.Acquire(ctx, name, ttl)
}

func (w *world) process(store push.Store, not string) *process {
	p := &process{over: &faulty{Store: choosy{store, not}}}
	p.Courier = push.New(p.over, push.Options{Log: slog.New(w.logs)})
	p.Apply(w.specs)
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.Errorf("Run: %v", err)
		}
	})
	w.Cleanup(p.stop)
	return p
}

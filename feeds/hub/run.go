package hub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"feedmill/cache"
)

const (
	leaseName  = "hub"
	leaseFor   = 15 * time.Second
	leaseRenew = 4 * time.Second
	logBatch   = 1000
)

// Run delivers until ctx ends, as long as this process has the lease. Another one takes over within [leaseFor].
func (h *Hub) Run(ctx context.Context) {
	said := ""
	for ctx.Err() == nil {
		err := h.hold(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			said = ""
		case errors.Is(err, cache.ErrHeld), errors.Is(err, cache.ErrStale), errors.Is(err, cache.ErrUnavailable):
			// Another process does it, or the store does not answer, which others say.
		case err.Error() != said:
			said = err.Error()
			h.env.Log.Warn("WebSub subscribers are not served; trying again", "err", err)
		}
		pause(ctx, time.Second)
	}
}

// hold delivers under the lease.
func (h *Hub) hold(ctx context.Context) error {
	if !h.env.Active() {
		return nil
	}
	lease, err := h.env.Store.Acquire(ctx, leaseName, leaseFor)
	if err != nil {
		return fmt.Errorf("take the lease %s: %w", leaseName, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		last := time.Now()
		for pause(ctx, leaseRenew) {
			err := h.env.Store.Renew(ctx, lease, leaseFor)
			switch {
			case err == nil:
				last = time.Now()
			case errors.Is(err, cache.ErrStale), time.Since(last) > leaseFor-leaseRenew:
				cancel(cache.ErrStale)
			}
		}
	}()
	d := newDistributor(h, lease)
	err = d.run(ctx)
	cancel(nil)
	<-renewed
	after, done := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer done()
	d.rest(after)
	h.stats.mu.Lock()
	h.stats.view = Stats{}
	h.stats.mu.Unlock()
	// What ended since the last write is written, so that a stop repeats nothing.
	if werr := d.flush(after, true); werr != nil && err == nil {
		err = werr
	}
	if rerr := h.env.Store.Release(after, lease); rerr != nil && err == nil {
		err = fmt.Errorf("give back the lease %s: %w", leaseName, rerr)
	}
	return err
}

// batch is what the log says next.
type batch struct {
	cursor  cache.Cursor
	entries []cache.Entry
	// all says that entries are missing: every feed may have changed.
	all bool
	err error
}

// follow reads the log from a cursor until ctx ends or the store fails.
func (h *Hub) follow(ctx context.Context, cursor cache.Cursor, out chan<- batch) {
	for {
		b := h.next(ctx, cursor)
		select {
		case out <- b:
		case <-ctx.Done():
			return
		}
		if b.err != nil {
			return
		}
		cursor = b.cursor
	}
}

func (h *Hub) next(ctx context.Context, cursor cache.Cursor) batch {
	for {
		entries, err := h.env.Store.After(ctx, cursor, logBatch)
		var trimmed *cache.TrimmedError
		switch {
		case errors.As(err, &trimmed):
			h.env.Log.Warn("the log does not reach back to where the WebSub hub was: every feed is looked at")
			return batch{cursor: trimmed.First, all: true}
		case errors.Is(err, cache.ErrRegressed):
			h.env.Log.Warn("the store went back to an earlier state: the WebSub hub looks at every feed")
			cursor, err = h.env.Store.Tail(ctx)
			if err == nil {
				return batch{cursor: cursor, all: true}
			}
		}
		if err != nil {
			return batch{err: fmt.Errorf("read the log: %w", err)}
		}
		if len(entries) > 0 {
			return batch{cursor: entries[len(entries)-1].Cursor, entries: entries}
		}
		if err := h.env.Store.Wait(ctx, cursor); err != nil {
			return batch{err: fmt.Errorf("wait for changes: %w", err)}
		}
	}
}

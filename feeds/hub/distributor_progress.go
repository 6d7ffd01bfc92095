package hub

import (
	"context"
	"fmt"
	"maps"
	"time"

	"feedmill/cache"
)

// This file is how far the distributor is, and how that is remembered.

// done takes what a round waited for out of all of them.
func (d *distributor) done(what any) {
	for _, r := range d.rounds {
		delete(r.waiting, what)
	}
}

// note notes what takes long by itself, so that the place in the log moves on.
func (d *distributor) note(now time.Time) {
	for _, r := range d.rounds {
		if now.Sub(r.began) >= patience {
			d.noteRound(r, now, now.Add(deliverTimeout))
		}
	}
}

// noteRound notes whom a round waits for, each by itself.
func (d *distributor) noteRound(r *round, now, next time.Time) {
	for what := range r.waiting {
		if x, ok := what.(*sub); ok {
			if !x.noted {
				x.noted = true
				d.edits = append(d.edits, note(bucketDue, x.id, due{Since: now, Next: next}, dropAfter+retryMost))
			}
			delete(r.waiting, x)
		}
	}
}

// advance moves the place in the log past what is delivered or noted.
func (d *distributor) advance() {
	for len(d.rounds) > 0 && len(d.rounds[0].waiting) == 0 {
		d.cursor = d.rounds[0].cursor
		for u, tag := range d.rounds[0].tags {
			d.edits = append(d.edits, cache.Edit{Bucket: bucketHub, Key: prefixSent + u, Value: []byte(tag), TTL: sentFor})
		}
		d.rounds = d.rounds[1:]
	}
}

// flush writes progress: after the work that it stands for, the place in the log last.
func (d *distributor) flush(ctx context.Context, now bool) error {
	if len(d.edits) == 0 && d.cursor == d.saved || !now && time.Since(d.flushed) < flushEvery {
		return nil
	}
	d.flushed = time.Now()
	for len(d.edits) > writeBatch {
		if err := d.write(ctx, d.edits[:writeBatch]); err != nil {
			return err
		}
		d.edits = d.edits[writeBatch:]
	}
	cursor := d.cursor
	if err := d.write(ctx, append(d.edits, cache.Edit{Bucket: bucketHub, Key: keyCursor, Value: []byte(cursor)})); err != nil {
		return err
	}
	d.edits, d.saved = nil, cursor
	return nil
}

func (d *distributor) write(ctx context.Context, edits []cache.Edit) error {
	if err := d.h.env.Store.Write(ctx, d.lease, edits...); err != nil {
		return fmt.Errorf("remember what the hub delivered: %w", err)
	}
	return nil
}

// show publishes what the loop knows.
func (d *distributor) show() {
	c := &d.h.stats
	c.mu.Lock()
	defer c.mu.Unlock()
	c.view.Running, c.view.Subscriptions, c.view.Feeds, c.view.Failing, c.view.FailingHosts = true, len(d.subs), len(d.feeds), d.failing, maps.Clone(d.failingHosts)
}

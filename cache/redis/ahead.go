package redis

import (
	"context"

	"feedmill/feeds"
)

// early is a write that is prepared while the one before it is being committed, so that packing bodies here and
// changing indexes there go on at once. What it was built on is checked when it is committed, as always.
type early struct {
	tx   *tx
	err  error
	done chan struct{}
}

// ahead starts to prepare the chunk behind p, unless that builds on what p does: on a key of p, or on a number that p
// gives out. It is nil then, and at the end.
func (p *putter) ahead(ctx context.Context, rest []feeds.Change) *putter {
	if len(rest) == 0 || p.counts != p.view.counters {
		return nil
	}
	next := rest[:chunk(rest)]
	mine := make(map[string]bool, 2*len(p.changes))
	for i := range p.changes {
		mine[p.changes[i].Key], mine[p.changes[i].Formerly] = true, true
	}
	delete(mine, "")
	for i := range next {
		if mine[next[i].Key] || mine[next[i].Formerly] {
			return nil
		}
	}
	e := &early{done: make(chan struct{})}
	q := &putter{s: p.s, lease: p.lease, source: p.source, changes: next, early: e}
	go func() {
		defer close(e.done)
		e.tx, e.err = q.prepare(ctx)
	}()
	return q
}

// prepared is the write that was prepared early, or else and from the second time on, a new one.
func (p *putter) prepared(ctx context.Context) (*tx, error) {
	if e := p.early; e != nil {
		p.early = nil
		<-e.done
		return e.tx, e.err
	}
	return p.prepare(ctx)
}

// drop waits for a preparation that nobody wants any more. The bodies it wrote are on the list of those that nothing
// refers to.
func (p *putter) drop() {
	if p != nil {
		<-p.early.done
	}
}

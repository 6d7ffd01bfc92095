package sources

import (
	"context"
	"errors"
	"sync"
	"time"
)

// showEvery is how often Once tells how far it is.
const showEvery = 200 * time.Millisecond

// Once fetches each source one time, whenever it is due, and returns how they stand then, in the order of specs; show, if
// not nil, is called with that meanwhile. It is for a program that runs, publishes and ends: nobody watches, and what failed
// is not tried again.
func Once(ctx context.Context, store Store, specs []Spec, opts Options, show func([]Status)) []Status {
	m := NewManager(store, opts)
	runners := make([]*runner, len(specs))
	var wg sync.WaitGroup
	for i, spec := range specs {
		r := newRunner(m, spec)
		runners[i] = r
		wg.Go(func() {
			if err := r.once(ctx); err != nil {
				r.set(func(s *Status) { s.State, s.Error = "failing", err.Error() })
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	tick := time.NewTicker(showEvery)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return snapshots(runners)
		case <-tick.C:
			if show != nil {
				show(snapshots(runners))
			}
		}
	}
}

func snapshots(runners []*runner) []Status {
	out := make([]Status, len(runners))
	for i, r := range runners {
		out[i] = r.snapshot()
	}
	return out
}

// once fetches one time. It fails when the store does, when another process fetches the source, and when ctx ends.
func (r *runner) once(ctx context.Context) (err error) {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case r.m.slots <- struct{}{}:
	}
	defer func() { <-r.m.slots }()
	desk, err := r.m.store.Open(ctx, r.spec.Name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-desk.Lost():
			cancel()
		case <-ctx.Done():
		}
	}()
	sch, err := r.recall(ctx, desk)
	if err != nil {
		return err
	}
	defer r.keep(ctx, desk, &sch)
	if _, err := r.answer(ctx, desk, &sch); err != nil {
		return err
	}
	ready, err := r.adopt(ctx, desk, &sch)
	if err != nil || !ready {
		return errors.Join(err, ctx.Err())
	}
	return errors.Join(r.fetch(ctx, desk, &sch, true, false), ctx.Err())
}

package sources

import (
	"context"
	"errors"
	"sync"
)

// Once fetches each source one time, whenever it is due, and returns how they stand then, in the order of specs. It is for
// a program that runs, publishes and ends: nobody watches, and what failed is not tried again.
func Once(ctx context.Context, store Store, specs []Spec, opts Options) []Status {
	m := NewManager(store, opts)
	out := make([]Status, len(specs))
	var wg sync.WaitGroup
	for i, spec := range specs {
		r := newRunner(m, spec)
		wg.Go(func() {
			if err := r.once(ctx); err != nil {
				r.set(func(s *Status) { s.State, s.Error = "failing", err.Error() })
			}
			out[i] = r.snapshot()
		})
	}
	wg.Wait()
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

package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/sources"
)

// Outside is a piece of the outside world with at least one good post in it.
type Outside struct {
	// New makes a source on it. Several live on it at once, each with a state of its own.
	New func() sources.Source
	// Change makes a difference that the next fetch has to see: a new, changed or vanished post. Nil if there is no
	// such thing.
	Change func()
	// Break makes fetches fail from now on. Nil if they cannot.
	Break func()
	// Box holds the letters of a Receiver; nil for none.
	Box *Box
}

// state is an empty state with the letters there are.
func (o Outside) state() *State {
	if o.Box == nil {
		return NewState()
	}
	return NewStateWith(o.Box)
}

// errInjected is what the suite's sinks fail with.
var errInjected = errors.New("injected: the store is unavailable")

// deadline is how long one fetch may take; a source that hangs fails its test.
const deadline = 20 * time.Second

// Run holds a source to every promise of package sources that can be seen from outside. outside is called once for each
// case.
func Run(t *testing.T, outside func(t *testing.T) Outside) {
	for _, c := range []struct {
		name, promise string
		check         func(t *testing.T, o Outside)
	}{
		{"Emits", "a first fetch emits what there is", emits},
		{"Again", "without a change outside nothing new is emitted", again},
		{"Restart", "a new instance goes on where the saved state ends", restart},
		{"Stable", "keys and Raw depend on the outside alone", stable},
		{"Crash", "state is saved with the Emit it belongs to: what was not stored is emitted again", crash},
		{"Cancel", "a fetch ends soon after its context, with an error", cancelled},
		{"Change", "a change outside is seen by the next fetch", changed},
		{"Error", "after an error nothing is withdrawn and the state is what it was", broken},
		{"Concurrent", "instances share nothing", concurrent},
		{"Watch", "Watch ends with its context", watch},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the promise: %s", c.promise)
				}
			})
			c.check(t, outside(t))
		})
	}
}

func emits(t *testing.T, o Outside) {
	st := o.state()
	out := fetch(t, o.New(), st)
	if len(out.Changes) == 0 {
		t.Error("the first fetch emits nothing: the suite needs an outside with a good post")
	}
}

func again(t *testing.T, o Outside) {
	src, st := o.New(), o.state()
	first := fetch(t, src, st)
	same(t, first, src, st)
	same(t, first, src, st)
}

func restart(t *testing.T, o Outside) {
	st := o.state()
	first := fetch(t, o.New(), st)
	same(t, first, o.New(), st)
}

func stable(t *testing.T, o Outside) {
	first, second := fetch(t, o.New(), o.state()), fetch(t, o.New(), o.state())
	if d := cmp.Diff(raws(first), raws(second)); d != "" {
		t.Errorf("two first fetches give other keys or hashes (-first +second):\n%s", d)
	}
}

func crash(t *testing.T, o Outside) {
	want := fetch(t, o.New(), o.state())
	for n := 1; n <= min(want.Emits, 3); n++ {
		st, out := o.state(), (*Sink)(nil)
		out = NewSink(st)
		out.OnEmit = func(i int) error {
			if i >= n {
				return errInjected
			}
			return nil
		}
		if _, err := within(t, context.Background(), o.New(), st, out); !errors.Is(err, errInjected) {
			t.Errorf("the error of Emit %d is not that of the fetch: %v", n, err)
		}
		report(t, out)
		got := raws(out)
		maps.Copy(got, raws(fetch(t, o.New(), st)))
		if d := cmp.Diff(raws(want), got); d != "" {
			t.Errorf("Emit %d failed, and together with the next fetch this is stored (-want +got):\n%s", n, d)
		}
	}
}

func cancelled(t *testing.T, o Outside) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	st := o.state()
	out := NewSink(st)
	if _, err := within(t, ctx, o.New(), st, out); err == nil {
		t.Error("a fetch under a context that has ended succeeds")
	}
	report(t, out)

	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	st = o.state()
	out = NewSink(st)
	out.OnEmit = func(int) error {
		cancel()
		return ctx.Err()
	}
	if _, err := within(t, ctx, o.New(), st, out); err == nil {
		t.Error("a fetch whose context ended during an Emit succeeds")
	}
	report(t, out)
}

func changed(t *testing.T, o Outside) {
	if o.Change == nil {
		t.Skip("nothing to change")
	}
	src, st := o.New(), o.state()
	first := fetch(t, src, st)
	o.Change()
	out, res := fetchResult(t, src, st)
	before, after := raws(first), raws(out)
	if !res.Complete {
		for _, key := range out.Withdrawn {
			delete(before, key)
		}
		maps.Copy(before, after)
		after = before
		before = raws(first)
	}
	if maps.Equal(before, after) {
		t.Errorf("the fetch after the change tells nothing new: %q", out.Keys())
	}
	same(t, out, src, st)
}

func broken(t *testing.T, o Outside) {
	if o.Break == nil {
		t.Skip("nothing to break")
	}
	src, st := o.New(), o.state()
	fetch(t, src, st)
	saved := st.Saved()
	o.Break()
	for _, src := range []sources.Source{src, o.New()} {
		out := NewSink(st)
		if _, err := within(t, context.Background(), src, st, out); err == nil {
			t.Error("a fetch from a broken outside succeeds")
		}
		report(t, out)
		if out.Emits == 0 && !maps.EqualFunc(saved, st.Saved(), slices.Equal) {
			t.Error("the failed fetch left its mark on the state")
		}
	}
}

func concurrent(t *testing.T, o Outside) {
	const n = 4
	outs, errs := make([]*Sink, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		src, st := o.New(), o.state()
		outs[i] = NewSink(st)
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), deadline)
			defer cancel()
			_, errs[i] = Fetch(ctx, src, st, outs[i])
		})
	}
	wg.Wait()
	for i, out := range outs {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		report(t, out)
		if d := cmp.Diff(raws(outs[0]), raws(out)); d != "" {
			t.Errorf("instances see other things (-one +another):\n%s", d)
		}
	}
}

func watch(t *testing.T, o Outside) {
	w, ok := o.New().(sources.Watcher)
	if !ok {
		t.Skip("not a Watcher")
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Watch(ctx, func() {}) }()
	cancel()
	select {
	case <-done:
	case <-time.After(deadline):
		t.Fatalf("Watch goes on %v after its context ended", deadline)
	}
}

// same fetches once more and demands nothing new: no change, or for a complete fetch the same.
func same(t *testing.T, first *Sink, src sources.Source, st *State) {
	t.Helper()
	out, res := fetchResult(t, src, st)
	if len(out.Withdrawn) > 0 {
		t.Errorf("nothing changed, and %q are withdrawn", out.Withdrawn)
	}
	if len(out.Changes) == 0 && !res.Complete {
		return
	}
	if !res.Complete {
		t.Errorf("nothing changed, and a fetch that is not Complete emits %q", out.Keys())
	}
	if d := cmp.Diff(raws(first), raws(out)); d != "" {
		t.Errorf("nothing changed, and the fetch gives other keys or hashes (-first +again):\n%s", d)
	}
}

// fetch is a fetch that has to succeed and to keep all promises.
func fetch(t *testing.T, src sources.Source, st *State) *Sink {
	t.Helper()
	out, _ := fetchResult(t, src, st)
	return out
}

func fetchResult(t *testing.T, src sources.Source, st *State) (*Sink, sources.Result) {
	t.Helper()
	out := NewSink(st)
	res, err := within(t, context.Background(), src, st, out)
	if err != nil {
		t.Fatalf("fetch: %v", err)
	}
	report(t, out)
	return out, res
}

// within runs a fetch that fails the test when it does not come back.
func within(t *testing.T, ctx context.Context, src sources.Source, st *State, out *Sink) (res sources.Result, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v", p)
			}
		}()
		res, err = Fetch(ctx, src, st, out)
	}()
	select {
	case <-done:
		return res, err
	case <-time.After(2 * deadline):
		t.Fatalf("the fetch did not come back within %v", 2*deadline)
		return res, err
	}
}

// report turns broken promises into failures.
func report(t *testing.T, out *Sink) {
	t.Helper()
	for _, b := range out.Broken {
		t.Error(b)
	}
}

func raws(out *Sink) map[string]uint64 {
	m := make(map[string]uint64, len(out.Changes))
	for _, c := range out.Changes {
		m[c.Key] = c.Raw
	}
	return m
}

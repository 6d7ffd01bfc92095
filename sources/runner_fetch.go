package sources

import (
	"context"
	"fmt"
	"maps"
	"time"

	"feedmill/feeds"
)

// fetch runs one fetch and remembers its outcome. It fails only when the store does.
func (r *runner) fetch(ctx context.Context, desk Desk, sch *schedule, timed, local bool) error {
	pass, err := released(ctx, desk)
	if err != nil {
		return err
	}
	started := time.Now()
	r.mu.Lock()
	r.status.State, r.status.Counts = "fetching", Counts{}
	r.mu.Unlock()
	s := r.session(ctx, desk, pass, started)
	if sch.Reshaped {
		s.reshapedAfter = sch.LastOK
	}
	s.state.failed = sch.Failures
	planned := *sch
	s.ctx = Placed(ctx, r.m.slots)
	if r.spec.Web {
		planned = sch.attempt(started, r.spec)
		back := StepAside(s.ctx) // writing down takes no place among the fetches, here and at the end
		err := planned.save(ctx, desk, r.spec)
		if back(); err != nil {
			return err
		}
	}
	res, fetchErr := r.callFetch(s.ctx, s)
	if fetchErr == nil {
		fetchErr = s.finish(res, !local)
	}
	if pass && fetchErr == nil {
		r.withdrawn = nil // the operator has seen them
	} else {
		r.withdrawn.add(started, s.missed)
	}
	if ctx.Err() != nil {
		var done func()
		ctx, done = lasting(ctx)
		defer done()
		if fetchErr != nil {
			return r.stopped(ctx, desk, sch, planned, res)
		}
	}
	f := outcome{session: s, res: res, err: fetchErr, pass: pass, timed: timed, local: local, started: started, failedAs: sch.Error}
	defer StepAside(s.ctx)()
	return r.conclude(ctx, desk, sch, planned, f)
}

// lasting is a context for the few writes that have to follow a fetch which the end of ctx has cut off.
func lasting(ctx context.Context) (context.Context, func()) {
	return context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
}

// stopped remembers a fetch that was cut off by the end of the program: if nobody was asked yet it comes again at the next
// start, else when whoever was asked wishes it.
func (r *runner) stopped(ctx context.Context, desk Desk, sch *schedule, planned schedule, res Result) error {
	if !r.spec.Web {
		return nil
	}
	if x := res.Exchange; x == nil || !x.Reached {
		planned = *sch
	} else if res.NotBefore.After(planned.Due) {
		planned.Due = res.NotBefore
	}
	*sch = planned
	sch.unsaved = true
	return nil // keep saves it
}

// keep saves what fetches that brought nothing new have left unsaved, when the work at a desk ends.
func (r *runner) keep(ctx context.Context, desk Desk, sch *schedule) {
	if !sch.unsaved {
		return
	}
	ctx, done := lasting(ctx)
	defer done()
	if err := sch.save(ctx, desk, r.spec); err != nil {
		r.log.Debug("cannot save the schedule: the last fetch is not counted", "err", err)
	}
}

// outcome is how a fetch went.
type outcome struct {
	*session
	res                Result
	err                error
	pass, timed, local bool
	started            time.Time
	failedAs           string // the error before
}

// conclude sets the next due time from the outcome of a fetch, remembers it, and says what happened.
func (r *runner) conclude(ctx context.Context, desk Desk, sch *schedule, planned schedule, f outcome) error {
	due, told := sch.Due, sch.Told
	sch.arrived(f.arrivals)
	if f.res.Told == Handled && f.err == nil {
		sch.Last, sch.LastOK, sch.Note = time.Now(), time.Now(), f.res.Note
		if sch.Wish.Before(f.res.By) {
			sch.hurry(sch.Last, r.spec, f.res.By)
		}
	} else {
		sch.after(time.Now(), r.spec, f.local, f.res, f.err)
		if f.err != nil && f.res.Told == "" {
			sch.Told = told
		}
	}
	if f.local && !f.timed && f.err == nil {
		sch.Due = due // a wake looks at what changed; the look at everything comes when it was due
	}
	if f.err == nil && r.spec.Web && sch.settled(planned, f.res) {
		sch.Due, sch.unsaved = planned.Due, true
		r.set(func(st *Status) {
			st.Counts = f.counts
			sch.show(st)
		})
		return nil
	}
	if f.err == nil && !r.spec.Leaving {
		r.mu.Lock()
		fetched := r.status.Fetched // as of the fetch before: nobody else sets it under the lease of the desk
		r.mu.Unlock()
		if !fetched {
			if err := desk.SetBaseline(ctx); err != nil {
				return fmt.Errorf("end the baseline: %w", err)
			}
		}
		sch.Reshaped = false
	}
	if f.err == nil && !f.res.Unchanged {
		if f.withheld != nil && (sch.Withheld == nil || *sch.Withheld != *f.withheld) {
			r.log.Warn("withdrawals are held: the feeds stay as they are",
				"withheld", f.withheld.String(), "hint", "if this is right: feedmill release "+r.spec.Name)
		}
		if f.withheld != nil || f.pass || f.timed || !f.local { // a wake looks at a part: what is held elsewhere stays held
			sch.Withheld = f.withheld
		}
		if f.pass {
			if err := desk.Write(ctx, bucketSchedule, map[string][]byte{ReleaseKey: nil}); err != nil {
				return fmt.Errorf("clear the release: %w", err)
			}
		}
	}
	if err := sch.save(ctx, desk, r.spec); err != nil {
		return err
	}
	sch.unsaved = false
	facts, err := desk.Info(ctx)
	if err != nil {
		return fmt.Errorf("read the source's facts: %w", err)
	}
	f.mu.Lock()
	counts := f.counts
	counts.Kinds = maps.Clone(counts.Kinds)
	rejected, dropped := maps.Clone(f.before), maps.Clone(f.droppedBefore)
	f.mu.Unlock()
	r.sayHeld(f.session, len(r.held))
	r.mu.Lock()
	r.rejected, r.dropped, r.held = rejected, dropped, f.held
	r.mu.Unlock()
	r.set(func(st *Status) {
		st.Counts, st.Items, st.Merged, st.Fetched, st.Dropped = counts, facts.Items, facts.Merged, facts.Baseline, len(dropped)
		if st.Churn = churnOf(f.held); f.adopted != nil {
			st.Adopted = f.adopted.show()
		}
		sch.show(st)
	})
	r.logOutcome(f.err, f.failedAs, sch, counts, time.Since(f.started))
	return nil
}

// session makes the Sink of one fetch, or of one look at what is stored.
func (r *runner) session(ctx context.Context, desk Desk, pass bool, started time.Time) *session {
	r.mu.Lock()
	before, dropped, held := maps.Clone(r.rejected), maps.Clone(r.dropped), maps.Clone(r.held)
	r.mu.Unlock()
	said, waiting := 0, 0
	return &session{
		ctx: ctx, desk: desk, policy: r.spec.Policy, now: time.Now, state: newState(ctx, desk), release: pass, recent: r.withdrawn.count(started),
		report: func(rej Rejected) { said++; r.say(rej, said) },
		wait: func(key string, it *feeds.Item) {
			waiting++
			r.sayWait(key, it, waiting)
		},
		progress: func(c Counts) {
			r.set(func(st *Status) { st.Counts = c })
		},
		rejects: map[string]Rejected{}, before: before, dropped: map[string]Dropped{}, droppedBefore: dropped,
		counts: Counts{Kinds: map[feeds.Kind]int{}}, seen: map[uint64]struct{}{}, held: held, adopted: r.adopted,
	}
}

// moving is the shape of a source while what is stored of it is being brought in line with another policy: were that cut short
// and taken back, a part of the items would stand under the other one.
const moving = "moving"

// reshape makes what is stored follow a policy that has moved. A source that watches states everything again by itself; what
// is to be private does not wait for that.
func (r *runner) reshape(ctx context.Context, desk Desk, sch *schedule) error {
	shape := r.spec.Policy.Shape()
	if sch.Shape == shape || r.spec.Leaving {
		return nil
	}
	if sch.Shape != "" && sch.Shape != moving {
		sch.Shape = moving
		if err := sch.save(ctx, desk, r.spec); err != nil {
			return err
		}
	}
	if _, local := r.spec.Source.(Watcher); !local && !sch.LastOK.IsZero() || r.spec.Policy.Private() {
		s := r.session(ctx, desk, false, time.Now())
		if err := s.rework(); err != nil {
			return fmt.Errorf("apply the changed rules to what is stored: %w", err)
		}
		r.mu.Lock()
		r.dropped = s.droppedBefore
		r.mu.Unlock()
	}
	if sch.Shape == "" && sch.LastOK.IsZero() && !r.spec.Policy.Private() {
		sch.Shape = shape // the first fetch saves it
		return nil
	}
	sch.Reshaped = sch.Reshaped || sch.Shape != "" && !sch.LastOK.IsZero()
	sch.Shape = shape
	return sch.save(ctx, desk, r.spec)
}

// callFetch turns a panic of a source into its error: one broken adapter must not stop the others.
func (r *runner) callFetch(ctx context.Context, s *session) (res Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("fetch %s: internal error: %v", r.spec.Name, p)
		}
	}()
	defer func() {
		if settleErr := s.settle(); err == nil {
			err = settleErr
		}
	}()
	return r.spec.Source.Fetch(ctx, s.state, s)
}

// released says whether the operator let the held withdrawals pass ([Release]).
func released(ctx context.Context, desk Desk) (bool, error) {
	_, ok, err := desk.Read(ctx, bucketSchedule, ReleaseKey)
	if err != nil {
		return false, fmt.Errorf("read the release: %w", err)
	}
	return ok, nil
}

package sources

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"feedmill/feeds"
)

// runner is the loop of one source: take the right to write, then fetch whenever it is due or woken.
type runner struct {
	m    *Manager
	spec Spec
	log  *slog.Logger
	stop context.CancelFunc
	done chan struct{}
	wake chan struct{} // one slot: wakes coalesce

	mu       sync.Mutex
	status   Status
	rejected map[string]Rejected
	dropped  map[string]Dropped

	withdrawn recently // only the loop's own
}

// busyRetry is how often a source that another process fetches is asked for: the time to take over after its death is
// this and the lease's.
const busyRetry = 5 * time.Second

// releaseEvery is how often a source with held withdrawals looks for the operator's release.
const releaseEvery = 10 * time.Second

func startRunner(m *Manager, spec Spec) *runner {
	ctx, cancel := context.WithCancel(context.Background())
	r := &runner{
		m: m, spec: spec,
		log:  m.log.With("source", spec.Name),
		stop: cancel, done: make(chan struct{}), wake: make(chan struct{}, 1),
		status: Status{Name: spec.Name, Kind: spec.Kind, Location: spec.Location, State: "starting"},
	}
	go func() {
		defer close(r.done)
		r.loop(ctx)
	}()
	return r
}

func (r *runner) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *runner) set(change func(*Status)) {
	r.mu.Lock()
	change(&r.status)
	r.mu.Unlock()
}

func (r *runner) snapshot() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.status
	s.Counts.Kinds = maps.Clone(s.Counts.Kinds)
	s.Silent = s.Cadence > 0 && time.Since(s.Newest) > silentFor*time.Duration(s.Cadence)
	s.Rejected = slices.AppendSeq([]Rejected{}, maps.Values(r.rejected)) // none is a list, too
	slices.SortFunc(s.Rejected, func(a, b Rejected) int { return cmpString(a.Where, b.Where) })
	return s
}

// loop opens the desk and works at it until it is lost, again and again until ctx ends.
func (r *runner) loop(ctx context.Context) {
	last := ""
	for ctx.Err() == nil {
		desk, err := r.m.store.Open(ctx, r.spec.Name)
		switch {
		case err == nil:
			last = ""
			err = r.work(ctx, desk)
			if closeErr := desk.Close(); closeErr != nil && err == nil {
				err = closeErr
			}
		case errors.Is(err, ErrBusy):
			r.set(func(s *Status) { s.State, s.Error = "elsewhere", "" })
			sleep(ctx, busyRetry)
			continue
		}
		if err != nil && ctx.Err() == nil {
			// The same trouble with the store is said once.
			if text := err.Error(); text != last {
				last = text
				r.log.Error("cannot work on the source; trying again", "err", err)
			}
			r.set(func(s *Status) { s.State, s.Error = "failing", err.Error() })
			sleep(ctx, busyRetry)
		}
	}
}

// work fetches at a desk until ctx ends or the desk is lost. It fails when the store does.
func (r *runner) work(ctx context.Context, desk Desk) error {
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
	watcher, local := r.spec.Source.(Watcher)
	if local {
		var watching sync.WaitGroup
		defer watching.Wait()
		defer cancel()
		watching.Go(func() { r.watch(ctx, watcher) })
		sch.Due = time.Time{} // what happened while nobody watched is found by looking
	}
	for {
		timed, err := r.wait(ctx, desk, &sch)
		if err != nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case r.m.slots <- struct{}{}:
		}
		err = r.fetch(ctx, desk, &sch, timed, local)
		<-r.m.slots
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
}

// mailEvery is how often the mailbox of a Receiver is looked into: a letter may have come in through another process.
const mailEvery = 2 * time.Second

// wait returns when the source is due (timed), woken, written to or released, or when ctx ends.
func (r *runner) wait(ctx context.Context, desk Desk, sch *schedule) (timed bool, err error) {
	var due, ask, mail <-chan time.Time
	if !sch.Gone {
		t := time.NewTimer(time.Until(sch.Due))
		defer t.Stop()
		due = t.C
	}
	if sch.Withheld != nil { // the operator may have answered through another replica
		t := time.NewTicker(releaseEvery)
		defer t.Stop()
		ask = t.C
	}
	if _, ok := r.spec.Source.(Receiver); ok && sch.Failures == 0 && (sch.Traffic == nil || sch.Told != "") { // what failed is tried again when it is due
		t := time.NewTicker(mailEvery)
		defer t.Stop()
		mail = t.C
	}
	for {
		select {
		case <-ctx.Done():
			return false, nil
		case <-due:
			return true, nil
		case <-r.wake:
			return false, nil
		case <-mail:
			if ok, err := hasMail(ctx, desk); err != nil || ok {
				return false, err
			}
		case <-ask:
			if ok, err := released(ctx, desk); err != nil || ok {
				return false, err
			}
		}
	}
}

func (r *runner) watch(ctx context.Context, w Watcher) {
	for ctx.Err() == nil {
		err := w.Watch(ctx, r.wakeUp)
		if err == nil || ctx.Err() != nil {
			return
		}
		r.log.Warn("cannot watch for changes; trying again", "err", err)
		sleep(ctx, maxLocalBackoff)
	}
}

// recall reads what earlier processes remembered of the source.
func (r *runner) recall(ctx context.Context, desk Desk) (schedule, error) {
	var sch schedule
	b, ok, err := desk.Read(ctx, bucketSchedule, scheduleKey)
	if err != nil {
		return sch, fmt.Errorf("read the schedule: %w", err)
	}
	if ok {
		if sch, err = decodeSchedule(b); err != nil {
			r.log.Warn("starting the schedule anew", "err", err)
			sch = schedule{}
		}
	}
	sch = sch.recall(r.spec)
	rejected := map[string]Rejected{}
	err = desk.Range(ctx, bucketRejected, func(where string, value []byte) error {
		var rej Rejected
		if err := json.Unmarshal(value, &rej); err != nil {
			return fmt.Errorf("read the report on %s: %w", where, err)
		}
		rejected[where] = rej
		return nil
	})
	if err != nil {
		return sch, err
	}
	dropped, err := readDropped(ctx, desk)
	if err != nil {
		return sch, err
	}
	r.mu.Lock()
	r.rejected, r.dropped = rejected, dropped
	r.mu.Unlock()
	if err := r.reshape(ctx, desk, &sch); err != nil {
		return sch, err
	}
	items, baseline, err := desk.Info(ctx)
	if err != nil {
		return sch, fmt.Errorf("read the source's facts: %w", err)
	}
	r.mu.Lock()
	left := len(r.dropped)
	r.mu.Unlock()
	r.set(func(s *Status) {
		s.Items, s.Fetched, s.Dropped = items, baseline, left
		sch.show(s)
	})
	return sch, nil
}

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
	attempted, err := r.attempt(ctx, desk, *sch, started, local)
	if err != nil {
		return err
	}
	s.ctx = r.m.placed(ctx)
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
		// Stopped: the schedule stays, so that the fetch comes again, unless somebody was already asked.
		if attempted && (res.Exchange == nil || !res.Exchange.Reached) {
			r.unattempt(ctx, desk, *sch)
		}
		return nil
	}
	due, told := sch.Due, sch.Told
	failedAs := sch.Error
	sch.arrived(s.arrivals)
	if res.Told == Handled && fetchErr == nil {
		sch.Last, sch.LastOK, sch.Note = time.Now(), time.Now(), res.Note
		if sch.Wish.Before(res.By) {
			sch.hurry(sch.Last, r.spec, res.By)
		}
	} else {
		sch.after(time.Now(), r.spec, local, res, fetchErr)
		if fetchErr != nil && res.Told == "" {
			sch.Told = told
		}
	}
	if local && !timed && fetchErr == nil {
		sch.Due = due // a wake looks at what changed; the look at everything comes when it was due
	}
	if fetchErr == nil {
		if err := desk.SetBaseline(ctx); err != nil {
			return fmt.Errorf("end the baseline: %w", err)
		}
		sch.Reshaped = false
	}
	if fetchErr == nil && !res.Unchanged {
		if s.withheld != nil && (sch.Withheld == nil || *sch.Withheld != *s.withheld) {
			r.log.Warn("withdrawals are held: the feeds stay as they are",
				"withheld", s.withheld.String(), "hint", "if this is right: feedmill release "+r.spec.Name)
		}
		if s.withheld != nil || pass || timed || !local { // a wake looks at a part: what is held elsewhere stays held
			sch.Withheld = s.withheld
		}
		if pass {
			if err := desk.Write(ctx, bucketSchedule, map[string][]byte{ReleaseKey: nil}); err != nil {
				return fmt.Errorf("clear the release: %w", err)
			}
		}
	}
	if err := sch.save(ctx, desk); err != nil {
		return err
	}
	items, baseline, err := desk.Info(ctx)
	if err != nil {
		return fmt.Errorf("read the source's facts: %w", err)
	}
	s.mu.Lock()
	counts := s.counts
	counts.Kinds = maps.Clone(counts.Kinds)
	rejected, dropped := maps.Clone(s.before), maps.Clone(s.droppedBefore)
	s.mu.Unlock()
	r.mu.Lock()
	r.rejected, r.dropped = rejected, dropped
	r.mu.Unlock()
	r.set(func(st *Status) {
		st.Counts, st.Items, st.Fetched, st.Dropped = counts, items, baseline, len(dropped)
		sch.show(st)
	})
	r.logOutcome(fetchErr, failedAs, sch, counts, time.Since(started))
	return nil
}

// session makes the Sink of one fetch, or of one look at what is stored.
func (r *runner) session(ctx context.Context, desk Desk, pass bool, started time.Time) *session {
	r.mu.Lock()
	before, dropped := maps.Clone(r.rejected), maps.Clone(r.dropped)
	r.mu.Unlock()
	said := 0
	return &session{
		ctx: ctx, desk: desk, policy: r.spec.Policy, now: time.Now, state: newState(ctx, desk), release: pass, recent: r.withdrawn.count(started),
		report: func(rej Rejected) { said++; r.say(rej, said) },
		progress: func(c Counts) {
			r.set(func(st *Status) { st.Counts = c })
		},
		rejects: map[string]Rejected{}, before: before, dropped: map[string]Dropped{}, droppedBefore: dropped,
		counts: Counts{Kinds: map[feeds.Kind]int{}}, seen: map[uint64]struct{}{},
	}
}

// reshape makes what is stored follow a policy that has moved. A source that watches states everything again by itself.
func (r *runner) reshape(ctx context.Context, desk Desk, sch *schedule) error {
	shape := r.spec.Policy.Shape()
	if sch.Shape == shape {
		return nil
	}
	if _, local := r.spec.Source.(Watcher); !local && !sch.LastOK.IsZero() {
		s := r.session(ctx, desk, false, time.Now())
		if err := s.rework(); err != nil {
			return fmt.Errorf("apply the changed rules to what is stored: %w", err)
		}
		r.mu.Lock()
		r.dropped = s.droppedBefore
		r.mu.Unlock()
	}
	if sch.Shape == "" && sch.LastOK.IsZero() {
		sch.Shape = shape // the first fetch saves it
		return nil
	}
	sch.Reshaped = sch.Reshaped || sch.Shape != "" && !sch.LastOK.IsZero()
	sch.Shape = shape
	return sch.save(ctx, desk)
}

// attempt saves that a source which asks servers is about to do so: after a crash in the middle, and again and again in a
// loop of crashes, nobody is asked early.
func (r *runner) attempt(ctx context.Context, desk Desk, sch schedule, now time.Time, local bool) (bool, error) {
	if local || sch.Traffic == nil {
		return false, nil
	}
	sch.Due = now.Add(spread(sch.interval(now, r.spec)))
	return true, sch.save(ctx, desk)
}

// unattempt takes attempt back.
func (r *runner) unattempt(ctx context.Context, desk Desk, sch schedule) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := sch.save(ctx, desk); err != nil {
		r.log.Debug("cannot save the schedule: the fetch that was stopped comes one interval later", "err", err)
	}
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

// sayAtMost is how many reports of one fetch are logged one by one.
const sayAtMost = 20

func (r *runner) say(rej Rejected, n int) {
	switch {
	case n <= sayAtMost:
		r.log.Warn(rej.String())
	case n == sayAtMost+1:
		r.log.Warn("more posts were rejected or repaired: feedmill check and /status list them all")
	}
}

// logOutcome says a failure once until it changes, and a success only where something happened.
func (r *runner) logOutcome(err error, failedAs string, sch *schedule, c Counts, took time.Duration) {
	if err != nil {
		if sch.Error != failedAs {
			r.log.Warn("fetch failed", "err", err, "next", sch.Due.Format(time.RFC3339))
		}
		return
	}
	if failedAs != "" {
		r.log.Info("fetch works again")
	}
	if sch.Gone {
		r.log.Warn("the source is gone for good (410); remove it from the configuration")
	}
	var parts []any
	for _, k := range []feeds.Kind{feeds.Baseline, feeds.New, feeds.Changed, feeds.Restored, feeds.Withdrawn, feeds.Reshaped, feeds.Held} {
		if n := c.Kinds[k]; n > 0 {
			parts = append(parts, string(k), n)
		}
	}
	if len(parts) > 0 {
		r.log.Info("fetched", append(parts, "took", took.Round(time.Millisecond).String())...)
	}
}

// show copies the schedule into a status.
func (s schedule) show(st *Status) {
	st.Due, st.Last, st.LastOK = s.Due, s.Last, s.LastOK
	st.Failures, st.Error, st.Note, st.Withheld = s.Failures, s.Error, s.Note, s.Withheld
	st.Told, st.Traffic = s.Told, s.Traffic
	if c := s.cadence(); c > 0 {
		st.Cadence, st.Newest = Duration(c), s.Arrivals[0]
	}
	switch {
	case s.Gone:
		st.State = "gone"
	case s.Failures > 0:
		st.State = "failing"
	case s.Withheld != nil:
		st.State = "held"
	default:
		st.State = "waiting"
	}
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func cmpString(a, b string) int { return strings.Compare(a, b) }

package sources

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"
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
	held     map[string]Twin
	adopted  *adopted

	withdrawn recently  // only the loop's own
	adoptDue  time.Time // when the adopted feed may be asked for again
}

// busyRetry is how often a source that another process fetches is asked for: the time to take over after its death is
// this and the lease's.
const busyRetry = 5 * time.Second

// releaseEvery is how often a source that holds something back looks for the operator's answer.
const releaseEvery = 10 * time.Second

func newRunner(m *Manager, spec Spec) *runner {
	return &runner{
		m: m, spec: spec,
		log:  m.log.With("source", spec.Name),
		done: make(chan struct{}), wake: make(chan struct{}, 1),
		status: Status{Name: spec.Name, Kind: spec.Kind, Location: spec.Location, State: "starting"},
	}
}

func startRunner(m *Manager, spec Spec) *runner {
	ctx, cancel := context.WithCancel(context.Background())
	r := newRunner(m, spec)
	r.stop = cancel
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
	defer r.keep(ctx, desk, &sch)
	for {
		timed, err := r.wait(ctx, desk, &sch)
		if err != nil || ctx.Err() != nil {
			return err
		}
		answered, err := r.answer(ctx, desk, &sch)
		if err != nil {
			return err
		}
		if answered && !timed && sch.Withheld == nil {
			continue // that was what woke it
		}
		select {
		case <-ctx.Done():
			return nil
		case r.m.slots <- struct{}{}:
		}
		select {
		case <-r.wake: // what it told of is seen by the fetch that begins now
		default:
		}
		ready, err := r.adopt(ctx, desk, &sch)
		if ready && err == nil {
			err = r.fetch(ctx, desk, &sch, timed, local)
		}
		<-r.m.slots
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
}

// wait returns when the source is due (timed), woken, written to or released, or when ctx ends. What is due already gets no
// timer: timers of a synctest bubble that have run out before somebody waits for them are run by whoever then does, all
// of them under the one race context of the bubble, and Go's race detector breaks when two are at once (go1.26,
// runtime.(*timer).maybeRunChan).
func (r *runner) wait(ctx context.Context, desk Desk, sch *schedule) (timed bool, err error) {
	// A letter or the operator's word may have come in through another process. What failed is tried again when it is due.
	_, mail := r.spec.Source.(Receiver)
	mail = mail && sch.Failures == 0 && (sch.Traffic == nil || sch.Told != "")
	look := time.Duration(math.MaxInt64)
	switch {
	case mail:
		look = r.m.lookEvery
	case sch.Withheld != nil, len(r.held) > 0:
		look = releaseEvery
	}
	for {
		until := look
		if !sch.Gone {
			until = min(until, time.Until(sch.Due))
		}
		if until <= 0 {
			return true, nil
		}
		woken, err := r.rest(ctx, until)
		if err != nil || woken {
			return false, nil //nolint:nilerr // the end of ctx is none
		}
		if mail {
			if ok, err := hasMail(ctx, desk); err != nil || ok {
				return false, err
			}
		}
		if sch.Withheld != nil || len(r.held) > 0 {
			if ok, err := answered(ctx, desk); err != nil || ok {
				return false, err
			}
		}
	}
}

// rest waits for so long, for a wake, or for the end of ctx, which is its error.
func (r *runner) rest(ctx context.Context, d time.Duration) (woken bool, err error) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-r.wake:
		return true, nil
	case <-t.C:
		return false, nil
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
	b, ok, err := desk.Read(ctx, bucketSchedule, r.spec.scheduleKey())
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
	if err := r.returned(ctx, desk, &sch); err != nil {
		return sch, err
	}
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
	held, err := readHeld(ctx, desk)
	if err != nil {
		return sch, err
	}
	adopted, err := r.recallAdopted(ctx, desk)
	if err != nil {
		return sch, err
	}
	r.mu.Lock()
	r.rejected, r.dropped, r.held, r.adopted = rejected, dropped, held, adopted
	r.mu.Unlock()
	if err := r.reshape(ctx, desk, &sch); err != nil {
		return sch, err
	}
	facts, err := desk.Info(ctx)
	if err != nil {
		return sch, fmt.Errorf("read the source's facts: %w", err)
	}
	r.mu.Lock()
	left := len(r.dropped)
	r.mu.Unlock()
	r.set(func(s *Status) {
		s.Items, s.Merged, s.Fetched, s.Dropped, s.Churn, s.Adopted = facts.Items, facts.Merged, facts.Baseline, left, churnOf(held), adopted.show()
		sch.show(s)
	})
	return sch, nil
}

// returned ends the leaving of a source that is configured again.
func (r *runner) returned(ctx context.Context, desk Desk, sch *schedule) error {
	if r.spec.Leaving {
		return nil
	}
	_, left, err := desk.Read(ctx, bucketSchedule, leavingKey)
	if err != nil {
		return fmt.Errorf("read the schedule: %w", err)
	}
	if !left {
		return nil
	}
	sch.back(r.spec)
	if err := sch.save(ctx, desk, r.spec); err != nil {
		return err
	}
	if err := desk.Write(ctx, bucketSchedule, map[string][]byte{leavingKey: nil}); err != nil {
		return fmt.Errorf("end the leaving: %w", err)
	}
	return nil
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

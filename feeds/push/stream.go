package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

const (
	// A lease lives leaseFor and is renewed every leaseRenew: a process that dies is replaced within leaseFor.
	leaseFor   = 15 * time.Second
	leaseRenew = 4 * time.Second
	// lookAgain is how often a process looks whether a target that another one serves is free.
	lookAgain = 3 * time.Second
	// saveEvery is how often the bookmark of a target that has no news is written down, so that the log is not trimmed over it.
	saveEvery = time.Minute
)

// stream serves one target. Its fields belong to the goroutine that runs it, but for those behind mu.
type stream struct {
	c        *Courier
	spec     Spec
	limiters []*limiter
	before   <-chan struct{} // closed when the stream that this one replaces has ended
	stop     func()
	done     chan struct{}
	wake     chan struct{}

	lease   cache.Lease
	st      *state
	records []record // not yet written
	window
	sent    ring
	letters map[string]bool      // keys of the dead letters
	queue   []string             // the items of the replay under way
	said    string               // the last trouble that was logged
	seen    map[string]bool      // what was said once
	flooded map[string]time.Time // when the newest of a flood came that was warned of, by source

	mu     sync.Mutex
	orders orders
	serves bool
	until  time.Time // until when the lease is good
	status Status
}

func newStream(c *Courier, spec Spec) *stream {
	s := &stream{
		c: c, spec: spec, stop: func() {}, done: make(chan struct{}), wake: make(chan struct{}, 1), seen: map[string]bool{}, flooded: map[string]time.Time{},
	}
	s.status = Status{Name: spec.Name, Kind: spec.Kind.Name, Location: spec.Location, State: Idle, Outcomes: map[string]int64{}}
	return s
}

// now is how the target is.
func (s *stream) now() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.status
	st.Outcomes = maps.Clone(st.Outcomes)
	return st
}

// keep takes over the counters of the stream that this one replaces.
func (s *stream) keep(old Status) {
	s.status.Outcomes, s.status.Items, s.status.Limited = old.Outcomes, old.Items, old.Limited
	s.status.Last, s.status.LastError, s.status.Dead = old.Last, old.LastError, old.Dead
}

// poke lets the stream look again.
func (s *stream) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// say logs trouble once, until something else is said or it is over.
func (s *stream) say(what string, err error) {
	if text := what + ": " + err.Error(); text != s.said {
		s.said = text
		s.c.log.Warn(what, "target", s.spec.Name, "err", err)
	}
}

// once says whether something is to be said: the first time only.
func (s *stream) once(what string) bool {
	if s.seen[what] {
		return false
	}
	s.seen[what] = true
	return true
}

// run serves the target whenever this process may, until ctx ends.
func (s *stream) run(ctx context.Context) {
	for ctx.Err() == nil {
		wait := time.Second
		err := s.serve(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
		case errors.Is(err, cache.ErrHeld):
			wait = lookAgain
			s.peek(ctx)
		case errors.Is(err, cache.ErrStale):
			s.set(Elsewhere, "the lease was lost", time.Time{})
		default:
			s.say("the target is not served; trying again", err)
			s.set(Waiting, "the store does not answer", time.Time{})
		}
		pause(ctx, wait)
	}
}

// peek shows how a target is that another process serves.
func (s *stream) peek(ctx context.Context) {
	st, err := s.c.load(ctx, s.spec.Name)
	s.set(Elsewhere, "another process serves it", time.Time{})
	if err != nil || st == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Last, s.status.LastError = st.Last, st.LastError
	if st.Parked != nil {
		s.status.Why = "another process serves it; " + st.Parked.why()
	}
}

// serve takes the lease and works until ctx ends or the lease is lost.
func (s *stream) serve(ctx context.Context) (err error) {
	if !s.c.may() {
		s.set(Elsewhere, "this process does not run the newest configuration", time.Time{})
		return nil
	}
	asked := time.Now()
	lease, err := s.c.store.Acquire(ctx, "push/"+s.spec.Name, leaseFor)
	if err != nil {
		return fmt.Errorf("take the lease of target %s: %w", s.spec.Name, err)
	}
	s.lease = lease
	// What is under way may end when ctx has ended already; it may not when the lease is lost.
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var renewing sync.WaitGroup
	over := make(chan struct{})
	defer func() {
		close(over)
		renewing.Wait()
		cancel()
		s.mu.Lock()
		s.serves = false
		s.mu.Unlock()
		s.c.release(lease)
	}()
	s.renewed(asked)
	renewing.Go(func() { s.renew(ctx, over, cancel) })
	if err := s.open(work); err != nil {
		return err
	}
	s.said = ""
	err = s.loop(ctx, work)
	if err == nil || ctx.Err() != nil {
		// The place in the log moves without any write where there is no news; a restart need not look at that again.
		err = errors.Join(err, s.moveBookmark(work))
	}
	return err
}

func (s *stream) renewed(asked time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = asked.Add(leaseFor)
}

// holds says whether the lease is still good, by this process's clock.
func (s *stream) holds() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.until)
}

// renew keeps the lease, until over. It ends what is under way when the lease is lost, or [grace] after ctx has ended.
func (s *stream) renew(ctx context.Context, over <-chan struct{}, cancel func()) {
	tick := time.NewTicker(leaseRenew)
	defer tick.Stop()
	ended := ctx.Done()
	var last <-chan time.Time
	for {
		select {
		case <-over:
			return
		case <-ended:
			ended = nil
			t := time.NewTimer(grace)
			defer t.Stop()
			last = t.C
			continue
		case <-last:
			cancel()
			return
		case <-tick.C:
		}
		asked := time.Now()
		try, end := context.WithTimeout(context.WithoutCancel(ctx), leaseRenew)
		err := s.c.store.Renew(try, s.lease, leaseFor)
		end()
		switch {
		case errors.Is(err, cache.ErrStale):
			cancel()
			return
		case err == nil:
			s.renewed(asked)
		}
		if !s.c.may() {
			s.poke()
		}
	}
}

// release gives a lease back, so that another process need not wait until it runs out.
func (c *Courier) release(lease cache.Lease) {
	ctx, cancel := context.WithTimeout(context.Background(), leaseRenew)
	defer cancel()
	if err := c.store.Release(ctx, lease); err != nil {
		c.log.Debug("cannot give back a lease; it runs out", "lease", lease.Name, "err", err)
	}
}

// serves says whether this process has the lease of a target.
func (c *Courier) serves(target string) bool {
	c.mu.Lock()
	s := c.streams[target]
	c.mu.Unlock()
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serves
}

// open reads what is remembered of the target. A new one begins at the end of the log.
func (s *stream) open(ctx context.Context) error {
	st, err := s.c.load(ctx, s.spec.Name)
	if err != nil {
		return err
	}
	s.records, s.queue = nil, nil
	if err := s.openLog(ctx); err != nil {
		return err
	}
	for _, l := range s.limiters {
		if err := l.load(ctx, s.c.store, s.c.serves); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.serves = true
	s.mu.Unlock()
	if st == nil {
		if err := s.begin(ctx); err != nil {
			return err
		}
	} else if s.st = st; st.Removed {
		st.Removed = false
		if err := s.save(ctx, s.keepLetters(ctx, 0)...); err != nil {
			return err
		}
	}
	s.rewind()
	s.savedAt = time.Now()
	return nil
}

// begin makes a new target's bookmark, at the end of the log, with a replay of the newest items where that is configured.
func (s *stream) begin(ctx context.Context) error {
	tail, err := s.c.store.Tail(ctx)
	if err != nil {
		return fmt.Errorf("find the end of the log: %w", err)
	}
	s.st = &state{Cursor: tail, Since: time.Now()}
	var first []cache.Edit
	if s.spec.SendLast > 0 {
		list, err := s.c.newest(ctx, &s.spec, time.Time{}, min(s.spec.SendLast, 5))
		if err != nil {
			return err
		}
		first = newOrder(orderReplay, s.spec.Name, list)
	}
	if err := s.save(ctx, first...); err != nil {
		return err
	}
	if len(first) > 0 {
		return s.c.readOrders(ctx)
	}
	return nil
}

// loop reads and sends until ctx ends, the lease is lost or the store fails.
func (s *stream) loop(ctx, work context.Context) error {
	for ctx.Err() == nil && work.Err() == nil && s.c.may() {
		moved := s.c.tail.listen() // before looking, so that nothing falls between
		if err := s.fill(ctx); err != nil {
			return err
		}
		if err := s.takeOrders(work); err != nil {
			return err
		}
		p, err := s.plan(work, time.Now())
		if err != nil {
			return err
		}
		if p.message != nil {
			s.set(Sending, "", time.Time{})
			if err := s.attempt(work, p.message); err != nil {
				return err
			}
			continue
		}
		if time.Since(s.savedAt) >= saveEvery {
			if err := s.moveBookmark(work); err != nil {
				return err
			}
		}
		s.set(p.state, p.why, p.until)
		s.rest(ctx, work, moved, p)
	}
	return nil
}

// rest waits until there may be something to do.
func (s *stream) rest(ctx, work context.Context, moved <-chan struct{}, p plan) {
	if len(s.list) >= maxWindow {
		moved = nil // there is enough to do
	}
	wait := saveEvery
	if !p.until.IsZero() {
		wait = min(wait, max(0, time.Until(p.until)))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	asleep := time.Now()
	select {
	case <-ctx.Done():
	case <-work.Done():
	case <-moved:
	case <-s.wake:
	case <-timer.C:
	}
	if p.limited {
		s.mu.Lock()
		s.status.Limited += time.Since(asleep)
		s.mu.Unlock()
	}
}

// moveBookmark writes down how far the log was looked at, where nothing in it was for the target.
func (s *stream) moveBookmark(ctx context.Context) error {
	s.savedAt = time.Now()
	if len(s.list) == 0 && s.st.Pending == nil && s.st.Cursor != s.scanned {
		s.st.Cursor = s.scanned
		s.noteSkipped(s.savedAt)
		return s.save(ctx)
	}
	if len(s.records) > 0 {
		return s.save(ctx)
	}
	return nil
}

// set shows what the target is doing.
func (s *stream) set(state State, why string, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.status
	t.State, t.Why, t.Next = state, why, next
	if s.st == nil {
		return
	}
	t.Last, t.LastError, t.Dead = s.st.Last, s.st.LastError, len(s.letters)
	t.Backlog, t.Oldest, t.Counting = len(s.list), time.Time{}, len(s.list) >= maxWindow
	if len(s.list) > 0 {
		t.Oldest = s.list[0].arrived
	}
	for _, m := range append([]*message{s.st.Pending}, s.st.Aside...) {
		if m != nil {
			t.Backlog += len(m.Items)
		}
	}
	t.Backlog += max(0, len(s.queue)-s.st.Done)
}

// count adds to the counters.
func (s *stream) count(outcome string, items int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Outcomes[outcome]++
	if outcome == delivered {
		s.status.Items += int64(items)
	}
}

// wants says whether an entry of the log is about one of the target's topics.
func (s *Spec) wants(topics []feeds.Topic) bool {
	if len(s.Topics) == 0 {
		return slices.Contains(topics, feeds.All)
	}
	for _, t := range s.Topics {
		if slices.Contains(topics, t) {
			return true
		}
	}
	return false
}

// openLog reads the newest records and the dead letters.
func (s *stream) openLog(ctx context.Context) error {
	var all []record
	err := s.c.store.Range(ctx, logBucket+s.spec.Name, func(_ string, value []byte) error {
		var r record
		if err := json.Unmarshal(value, &r); err != nil {
			return err
		}
		if r.Outcome == delivered || r.Outcome == deadLetter || r.Outcome == counted {
			all = append(all, r)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the log of target %s: %w", s.spec.Name, err)
	}
	s.sent = newRing(all)
	s.letters = map[string]bool{}
	err = s.c.store.Range(ctx, lettersBucket+s.spec.Name, func(key string, _ []byte) error {
		s.letters[key] = true
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the dead letters of target %s: %w", s.spec.Name, err)
	}
	return nil
}

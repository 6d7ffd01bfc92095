package push

import (
	"context"
	"time"
)

const (
	// More than digestMore items, or one that waits longer than digestAfter, make a digest of what is there.
	digestMore  = 5
	digestAfter = 2 * time.Minute
)

// plan is what is done next: a message, or nothing until some time.
type plan struct {
	message *message
	state   State
	why     string
	until   time.Time
	limited bool
}

// plan decides. Whatever it waits for, it is asked again when something happens.
func (s *stream) plan(ctx context.Context, now time.Time) (plan, error) {
	st := s.st
	s.mu.Lock()
	stopped := s.orders.paused
	s.mu.Unlock()
	switch {
	case stopped:
		return plan{state: Paused, why: "an operator paused it"}, nil
	case st.Parked != nil:
		return plan{state: Parked, why: st.Parked.why()}, nil
	case st.Pending == nil && len(st.Aside) == 0 && st.Order == "" && len(s.list) == 0:
		return plan{state: Idle}, nil
	case st.Next.After(now):
		p := plan{state: Waiting, why: "for the next attempt", until: st.Next}
		switch {
		case st.Breaker.tripped():
			p.state, p.why = Broken, "too many failures in a row"
		case st.Limits > 0 || st.Pending != nil && st.Pending.Attempts == 0:
			p.why, p.limited = "the platform asked for a pause", true
		}
		return p, nil
	}
	if end := s.quietEnd(now); end.After(now) {
		return plan{state: Waiting, why: "for the end of quiet hours", until: end}, nil
	}
	if at := s.freeAt(now); at.After(now) {
		return plan{state: Waiting, why: "for the limit of the platform", until: at, limited: true}, nil
	}
	if st.Pending != nil {
		return s.again(), nil
	}
	wait := plan{state: Waiting, why: "for the next attempt"}
	for _, m := range st.Aside {
		if !m.Next.After(now) {
			return plan{message: m}, nil
		}
		if wait.until.IsZero() || m.Next.Before(wait.until) {
			wait.until = m.Next
		}
	}
	if st.Order != "" {
		if m := s.ordered(); m != nil {
			return plan{message: m}, nil
		}
	}
	if len(s.list) == 0 {
		return wait, nil
	}
	p, err := s.fresh(ctx, now)
	if err == nil && p.message == nil && !wait.until.IsZero() && wait.until.Before(p.until) {
		p.until = wait.until
	}
	return p, err
}

// again tries the pending message again, or, when it has just failed once more, the one behind it: if that gets through, it is not
// the target that fails.
func (s *stream) again() plan {
	st := s.st
	switch {
	case !st.Probing:
		return plan{message: st.Pending}
	case st.Probe != nil:
		return plan{message: st.Probe}
	case len(s.list) == 0 || s.list[0].edit != "":
		st.Probing = false
		return plan{message: st.Pending}
	}
	return plan{message: s.one()}
}

// fresh makes a message of what is new, if its time has come.
func (s *stream) fresh(ctx context.Context, now time.Time) (plan, error) {
	if s.list[0].edit != "" {
		return plan{message: s.one()}, nil
	}
	oldest := s.list[0].arrived
	if due := s.spec.Digest.due(oldest, s.spec.Name, s.spec.zone()); due.After(now) {
		return plan{state: Waiting, why: "for the next digest", until: due}, nil
	}
	s.markStale(now)
	floods := map[string]*flood{}
	hold, err := s.floods(ctx, now, floods)
	if err != nil {
		return plan{}, err
	}
	if hold.After(now) {
		return plan{state: Waiting, why: "for the end of a flood", until: hold}, nil
	}
	if s.spec.Digest.on() || s.st.Lagging || s.st.Counted > 0 || len(floods) > 0 || len(s.list) > digestMore || now.Sub(oldest) > digestAfter {
		m, err := s.gather(ctx, now, floods)
		if err != nil || m == nil {
			return plan{state: Waiting, why: "for the log", until: now}, err
		}
		return plan{message: m}, nil
	}
	return plan{message: s.one()}, nil
}

// ordered makes the next message of a replay.
func (s *stream) ordered() *message {
	st := s.st
	rest := s.queue[min(st.Done, len(s.queue)):]
	if len(rest) == 0 {
		return nil
	}
	n := 1
	if len(s.queue) > digestMore {
		n = min(len(rest), maxItems)
	}
	m := &message{Order: st.Order, Upto: st.Done + n, Digest: n > 1}
	for i, id := range rest[:n] {
		m.Items = append(m.Items, part{ID: id, Place: st.Done + i})
	}
	return m
}

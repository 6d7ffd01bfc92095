package push

import (
	"context"
	"fmt"
	"slices"
	"time"

	"feedmill/cache"
)

const (
	// itemBudget is how long a message may fail while others get through, before its items are dead letters.
	itemBudget = 24 * time.Hour
	// maxAside is how many messages may stand aside, and maxAsideBytes how much is remembered of them.
	maxAside      = 64
	maxAsideBytes = 384 << 10
	// probeAfter is how long behind a message that failed with the breaker half open the one behind it is tried.
	probeAfter = time.Second
	// pauseFor is how long to wait for a platform that wants a pause and does not say how long, doubled each time.
	pauseFor = time.Minute
)

// act does what follows from how an attempt ended: the one place that does.
func (s *stream) act(ctx context.Context, m *message, prints []print, r Receipt, err error) error {
	now := time.Now()
	st := s.st
	if err == nil {
		return s.delivered(ctx, m, prints, r, now)
	}
	e := AsError(err)
	st.LastError = e.Error()
	m.Ambiguous = m.Ambiguous || e.Ambiguous
	rec := record{Time: now, Outcome: string(e.Class), Message: m.ID, Code: e.Code, Reason: e.Reason, Items: ids(m.Items)}
	if len(rec.Items) > recordItems {
		rec.Items, rec.Count = rec.Items[:recordItems], len(m.Items)
	}
	s.records = append(s.records, rec)
	s.count(string(e.Class), 0)
	if e.Class != RateLimited {
		st.Limits = 0
	}
	switch e.Class {
	case RateLimited:
		s.paused(e, now)
	case BadPayload:
		return s.refused(ctx, m, e, now)
	case Dead, Blocked:
		s.park(m, e, now)
	default:
		if err := s.failed(ctx, m, e, now); err != nil {
			return err
		}
	}
	return s.save(ctx, s.requests(now)...)
}

// delivered settles a message that the platform took.
func (s *stream) delivered(ctx context.Context, m *message, prints []print, r Receipt, now time.Time) error {
	st := s.st
	if st.Breaker.tripped() {
		s.c.log.Info("the target works again", "target", s.spec.Name)
	}
	st.Breaker, st.Limits, st.Next, st.Last, st.LastError, st.Lagging = breaker{}, 0, time.Time{}, now, "", false
	rec := record{Time: now, Outcome: delivered, Message: m.ID, Receipt: r, Items: ids(m.Items), Prints: prints}
	rec.Edited = slices.ContainsFunc(m.Items, func(p part) bool { return p.Edited })
	s.records = append(s.records, rec)
	s.sent.add(&rec)
	s.count(delivered, len(m.Items)+m.Count)
	return s.settle(ctx, m, nil)
}

// settle moves the bookmark over a message, in the same write as everything else that belongs to it.
func (s *stream) settle(ctx context.Context, m *message, more []cache.Edit) error {
	st := s.st
	now := time.Now()
	st.Probing = false
	switch {
	case m == st.Pending:
		st.Pending = nil
		if st.Probe != nil { // it waits behind this one
			st.Pending, st.Probe = st.Probe, nil
		}
		if m.To != "" {
			st.Cursor = m.To
		}
	case m == st.Probe:
		// Others get through, so it is the message before that fails.
		edits, err := s.setAside(ctx, st.Pending, now)
		if err != nil {
			return err
		}
		more = append(more, edits...)
		st.Pending, st.Probe, st.Cursor = nil, nil, m.To
	default:
		st.Aside = slices.DeleteFunc(st.Aside, func(a *message) bool { return a == m })
	}
	if m.Order != "" {
		edits, err := s.orderDone(ctx, m)
		if err != nil {
			return err
		}
		more = append(more, edits...)
	}
	for _, p := range m.Items {
		delete(s.in, p.ID)
	}
	s.noteSkipped(now)
	return s.save(ctx, append(more, s.requests(now)...)...)
}

// setAside takes a message out of the order, because others get through. Where too many stand aside it is given up.
func (s *stream) setAside(ctx context.Context, m *message, now time.Time) ([]cache.Edit, error) {
	size := m.size()
	for _, a := range s.st.Aside {
		size += a.size()
	}
	if len(s.st.Aside) >= maxAside || size > maxAsideBytes {
		return s.bury(ctx, m, &Error{Class: Transient, Code: "aside", Reason: Line(s.st.LastError)}, now)
	}
	m.To = ""
	for i := range m.Items {
		m.Items[i].At = ""
	}
	m.Next = now.Add(backoff(m.Attempts))
	s.c.log.Warn("a message fails while others get through; it is tried again beside them", "target", s.spec.Name, "items", len(m.Items), "err", s.st.LastError)
	s.st.Aside = append(s.st.Aside, m)
	return nil, nil
}

// failed waits for the next attempt.
func (s *stream) failed(ctx context.Context, m *message, e *Error, now time.Time) error {
	st := s.st
	m.Attempts++
	wait := max(backoff(m.Attempts), min(e.RetryAfter, s.maxWait()))
	if slices.Contains(st.Aside, m) {
		return s.failedAside(ctx, m, e, now.Add(wait), now)
	}
	st.Next = now.Add(wait)
	tripped := st.Breaker.tripped()
	if m == st.Probe {
		st.Probing = false // both fail, so it is the target
	} else if st.Breaker.fail(now) {
		s.c.log.Warn("a target fails again and again; it is tried now and then", "target", s.spec.Name, "err", e)
	}
	if st.Breaker.Until.After(st.Next) {
		st.Next = st.Breaker.Until
	}
	if tripped && m == st.Pending && m.Attempts%2 == 0 && m.To != "" && m.Edit == "" && e.RetryAfter == 0 && (st.Probe != nil || len(s.list) > 0) {
		st.Probing, st.Next = true, now.Add(probeAfter)
	}
	return nil
}

// failedAside counts the time in which others got through. What fails for too long is given up; of several items each is tried
// alone, since it may be one of them.
func (s *stream) failedAside(ctx context.Context, m *message, e *Error, next, now time.Time) error {
	st := s.st
	m.Next, m.Small = next, true
	others := st.Last.After(m.Tried.Add(-backoffMost)) && st.Breaker.Fails == 0
	if n := len(m.Items); others && n > 1 && !m.Ambiguous && len(st.Aside) < maxAside {
		rest := *m
		rest.Items, rest.ID, rest.Count = m.Items[n/2:], "", 0
		m.Items, m.ID = m.Items[:n/2:n/2], ""
		s.name(m)
		s.name(&rest)
		st.Aside = append(st.Aside, &rest)
		return nil
	}
	if others {
		m.Spent += next.Sub(now)
	}
	if m.Spent < itemBudget {
		return nil
	}
	edits, err := s.bury(ctx, m, e, now)
	if err != nil {
		return err
	}
	return s.settle(ctx, m, edits)
}

// paused waits as long as the platform wants. It uses no attempt, and holds for all who use the credential.
func (s *stream) paused(e *Error, now time.Time) {
	st := s.st
	wait := min(e.RetryAfter, s.maxWait())
	if e.RetryAfter <= 0 {
		wait = doubled(pauseFor, st.Limits, s.maxWait())
		st.Limits++
	}
	st.Next = now.Add(wait)
	for _, l := range s.limiters {
		l.block(s.spec.Name, st.Next)
	}
}

func (s *stream) maxWait() time.Duration {
	if s.spec.Kind.MaxWait > 0 {
		return s.spec.Kind.MaxWait
	}
	return time.Hour
}

// refused makes a message that the platform does not take smaller: first its form, then the number of its items, down to the one
// that is at fault, which becomes a dead letter.
func (s *stream) refused(ctx context.Context, m *message, e *Error, now time.Time) error {
	st := s.st
	var edits []cache.Edit
	var err error
	if m == st.Probe {
		// The target judges messages, so it is the one before that fails.
		st.Cursor = st.Pending.To
		if edits, err = s.setAside(ctx, st.Pending, now); err != nil {
			return err
		}
		st.Pending, st.Probe, st.Probing = m, nil, false
	}
	st.Next, st.Breaker = time.Time{}, breaker{}
	switch n := len(m.Items); {
	case m.Edit != "":
		s.c.log.Warn("a message cannot be changed any more", "target", s.spec.Name, "item", m.Items[0].ID, "err", e)
		return s.settle(ctx, m, edits)
	case !m.Small:
		m.Small = true
	case n > 1:
		s.cut(m, n/2)
		s.name(m)
		if m.To != "" {
			s.shrunk(m)
		}
	default:
		buried, err := s.bury(ctx, m, e, now)
		if err != nil {
			return err
		}
		return s.settle(ctx, m, append(edits, buried...))
	}
	return s.save(ctx, append(edits, s.requests(now)...)...)
}

// bury makes dead letters of a message's items: the edits that do.
func (s *stream) bury(ctx context.Context, m *message, e *Error, now time.Time) ([]cache.Edit, error) {
	s.handOn(m)
	rec := record{Time: now, Outcome: deadLetter, Message: m.ID, Code: e.Code, Reason: e.Reason, Items: ids(m.Items)}
	s.records = append(s.records, rec)
	s.sent.add(&rec)
	s.count(deadLetter, 0)
	s.c.log.Warn("a target does not take an item; `feedmill push dead` has it", "target", s.spec.Name, "item", m.Items[0].ID, "items", len(m.Items), "err", e)
	return s.writeLetters(ctx, m, e, now)
}

// park stops the target until its configuration changes or it is resumed.
func (s *stream) park(m *message, e *Error, now time.Time) {
	st := s.st
	st.Parked = &parked{Class: e.Class, Code: e.Code, Reason: e.Reason, Hash: s.spec.Hash, At: now}
	s.c.log.Error("a target takes nothing any more; what is new waits until its configuration changes or `feedmill push resume`", "target", s.spec.Name, "err", e)
	if m == st.Probe && !m.Ambiguous {
		st.Probe = nil
	}
	if m == st.Pending && !m.Ambiguous && m.To != "" && st.Probe == nil && m.Count == 0 && len(m.More) == 0 {
		st.Pending = nil // it was not delivered, so it comes with the digest
	}
	s.rewind()
}

func (p *parked) why() string {
	what := "blocked by a rule of the platform"
	if p.Class == Dead {
		what = "the target is gone"
	}
	s := fmt.Sprintf("%s (%s)", what, p.Code)
	if p.Reason != "" {
		s += ": " + p.Reason
	}
	return s
}

// unpark lets a parked target go on.
func (s *stream) unpark() {
	st := s.st
	s.c.log.Info("the target is tried again", "target", s.spec.Name)
	st.Parked, st.Lagging, st.Next, st.Breaker, st.Probing = nil, true, time.Time{}, breaker{}, false
}

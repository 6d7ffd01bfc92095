package push

import "time"

// end is when the quiet hours that t is in are over; zero for a t that is in none. Hours are those that the clock of t's zone
// shows, so a change of the clock makes a night shorter or longer, as it does for those who sleep.
func (q Quiet) end(t time.Time) time.Time {
	if !q.in(t) {
		return time.Time{}
	}
	at := t.Truncate(time.Minute)
	for range 26 * 60 {
		at = at.Add(time.Minute)
		if !q.in(at) {
			return at
		}
	}
	return at
}

// quietEnd is when the target may be sent to again; each has its own place in the minutes behind its quiet hours.
func (s *stream) quietEnd(now time.Time) time.Time {
	late := lateBy(s.spec.Name)
	now = now.In(s.spec.zone())
	for _, t := range []time.Time{now, now.Add(-late)} {
		if end := s.spec.Quiet.end(t); !end.IsZero() {
			return end.Add(late)
		}
	}
	return time.Time{}
}

// in says whether the clock shows a quiet minute.
func (q Quiet) in(t time.Time) bool {
	hour, minute, second := t.Clock()
	clock := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	switch {
	case q.From == q.To:
		return false
	case q.From < q.To:
		return q.From <= clock && clock < q.To
	}
	return clock >= q.From || clock < q.To
}

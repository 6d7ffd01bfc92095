package sources

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"feedmill/feeds"
)

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
	if r.spec.Leaving && s.State == "waiting" {
		s.State = "leaving"
	}
	s.Silent = s.Cadence > 0 && time.Since(s.Newest) > silentFor*time.Duration(s.Cadence)
	s.Rejected = slices.AppendSeq([]Rejected{}, maps.Values(r.rejected)) // none is a list, too
	slices.SortFunc(s.Rejected, func(a, b Rejected) int { return cmpString(a.Where, b.Where) })
	return s
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

// sayWait tells whoever has just saved a post why it is nowhere.
func (r *runner) sayWait(key string, it *feeds.Item, n int) {
	switch {
	case n <= sayAtMost:
		text := fmt.Sprintf("%s: held until %s: that is its date", key, it.Published.Format(time.RFC3339))
		if slices.ContainsFunc(it.Why("date"), func(step string) bool { return strings.HasSuffix(step, feeds.NoZone) }) {
			text += ", which names no zone: add one, such as +0800, or set timezone, if it was meant otherwise"
		}
		r.log.Info(text)
	case n == sayAtMost+1:
		r.log.Info("more posts are held until their dates: feedmill check lists them all")
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
	for _, k := range []feeds.Kind{feeds.Baseline, feeds.New, feeds.Changed, feeds.Restored, feeds.Withdrawn, feeds.Reshaped, feeds.Merged, feeds.Held} {
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
	st.Drift = s.Drift
	st.Told, st.Traffic = s.Told, s.Traffic
	if c := s.cadence(); c > 0 {
		st.Cadence, st.Newest = Duration(c), s.Arrivals[0]
	}
	switch {
	case s.Gone:
		st.State = "gone"
	case s.Failures > 0:
		st.State = "failing"
	case s.Withheld != nil || st.Churn != nil:
		st.State = "held"
	default:
		st.State = "waiting"
	}
}

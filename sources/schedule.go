package sources

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"
)

// schedule is what the Manager remembers of a source across restarts.
type schedule struct {
	// Due is the time of the next fetch, Wish the earliest one that the outside asked for.
	Due  time.Time `json:"due"`
	Wish time.Time `json:"wish,omitzero"`
	// Rest is how long the last answer wished to be the last, and Skip when it wished that there be none.
	Rest time.Duration `json:"rest,omitempty"`
	Skip Skip          `json:"skip,omitzero"`
	// Failures counts the fetches that failed in a row.
	Failures int       `json:"failures,omitempty"`
	Last     time.Time `json:"last,omitzero"`    // end of the last fetch
	LastOK   time.Time `json:"last_ok,omitzero"` // end of the last one that succeeded
	Error    string    `json:"error,omitempty"`
	Drift    bool      `json:"drift,omitempty"` // the last one failed with ErrDrift
	Note     string    `json:"note,omitempty"`
	Gone     bool      `json:"gone,omitempty"`
	// Location and Fingerprint are those of the source when it was fetched: another one may answer differently.
	Location    string    `json:"location,omitempty"`
	Fingerprint string    `json:"fingerprint,omitempty"`
	Withheld    *Withheld `json:"withheld,omitempty"`
	// Arrivals are the times of the newest items, the latest first.
	Arrivals []time.Time `json:"arrivals,omitempty"`
	// Traffic is of a source that asks servers; nil for any other.
	Traffic *Traffic `json:"traffic,omitempty"`
	// Told is the last Result's.
	Told Told `json:"told,omitempty"`
	// Shape is the policy's under which everything that is stored stands. Reshaped says that it has moved since the last
	// fetch that succeeded.
	Shape    string `json:"shape,omitempty"`
	Reshaped bool   `json:"reshaped,omitempty"`

	unsaved bool // the store has it as it was planned before the last fetch
}

// Traffic is what a source has cost the servers it asks.
type Traffic struct {
	// Last is of the last fetch.
	Last Exchange `json:"last"`
	// Requests, NotModified and Bytes are the sums since the source was first fetched at this location.
	Requests    int64 `json:"requests"`
	NotModified int64 `json:"not_modified"`
	Bytes       int64 `json:"bytes"`
	// Plain says that the last good answer came without validators.
	Plain bool `json:"plain,omitempty"`
}

// Where a source's schedule is, and that of a source which has left: should it come back, its own still stands.
const (
	scheduleKey = "record"
	leavingKey  = "leaving"
)

func (s Spec) scheduleKey() string {
	if s.Leaving {
		return leavingKey
	}
	return scheduleKey
}

func (s schedule) save(ctx context.Context, desk Desk, spec Spec) error {
	b, err := json.Marshal(s)
	if err == nil {
		err = desk.Write(ctx, bucketSchedule, map[string][]byte{spec.scheduleKey(): b})
	}
	if err != nil {
		return fmt.Errorf("save the schedule: %w", err)
	}
	return nil
}

func decodeSchedule(b []byte) (schedule, error) {
	var s schedule
	if err := json.Unmarshal(b, &s); err != nil {
		return schedule{}, fmt.Errorf("read the schedule: %w", err)
	}
	return s, nil
}

// Limits of the schedule.
const (
	maxBackoff      = 24 * time.Hour
	maxLocalBackoff = 5 * time.Minute // a directory costs nobody anything: look again soon
	minLocalBackoff = 5 * time.Second

	// politeInterval is the shortest time between two conditional requests that strict publishers accept, plainInterval
	// that between two which cost them the whole document. Only the operator may set shorter ones.
	politeInterval = time.Hour
	plainInterval  = 24 * time.Hour

	// perArrival is how many times a source is looked at for each item that its cadence lets expect.
	perArrival = 8
	// maxArrivals bounds the remembered arrivals; what comes within sameArrival counts as one.
	maxArrivals = 16
	sameArrival = 15 * time.Minute
	// minCadence is how many arrivals tell of a cadence, silentFor how many cadences of silence are reported.
	minCadence = 4
	silentFor  = 3
)

// after sets the next due time from the outcome of a fetch that ended at now.
func (s *schedule) after(now time.Time, spec Spec, local bool, res Result, err error) {
	s.Location, s.Fingerprint = spec.Location, spec.Fingerprint
	s.Last, s.Note, s.Told = now, res.Note, res.Told
	s.count(res.Exchange, err)
	s.Drift = errors.Is(err, ErrDrift)
	if err == nil {
		s.LastOK, s.Failures, s.Error = now, 0, ""
	} else {
		s.Failures++
		s.Error = err.Error()
	}
	s.Gone, s.Wish, s.Rest, s.Skip = res.Gone, res.NotBefore, max(0, res.NotBefore.Sub(now)), res.Skip
	s.plan(now, spec, local, res.Exchange, res.By)
}

// plan sets the next due time after a fetch that ended at now. Successful fetches come after the interval and up to an
// eighth more, so that load is spread; failures back off exponentially. by is when somebody has to be asked again.
func (s *schedule) plan(now time.Time, spec Spec, local bool, x *Exchange, by time.Time) {
	interval := s.interval(now, spec)
	if s.Failures == 0 {
		s.Due = now.Add(spread(interval, spec.Name, now))
	} else {
		s.Due = now.Add(s.backoff(interval, spec.Name, now, local, x))
	}
	s.hurry(now, spec, by)
	if rested := now.Add(s.Rest); rested.After(s.Due) {
		s.Due = rested
	}
	if t := s.Skip.Next(s.Due); t.After(s.Due) {
		s.Due = t
		if latest := now.Add(max(maxBackoff, interval)); s.Due.After(latest) {
			s.Due = latest
		}
	}
}

// attempt is the schedule that a source which asks servers saves before it does so. A crash in the middle loses the
// answer: it is taken to wish what the last one did. So in a loop of crashes, too, nobody is asked early.
func (s schedule) attempt(now time.Time, spec Spec) schedule {
	if s.Last.IsZero() {
		s.Note = "the first fetch did not end: the program did"
	}
	s.Location, s.Fingerprint, s.Last = spec.Location, spec.Fingerprint, now
	reached := Exchange{Reached: true}
	s.plan(now.Add(s.slack(now, spec)), spec, false, &reached, time.Time{})
	return s
}

// slack is how long a fetch usually takes at most: its outcome is planned from its end.
func (s schedule) slack(now time.Time, spec Spec) time.Duration {
	return min(time.Minute, s.interval(now, spec)/16)
}

// settled says that a fetch brought nothing that the schedule planned before it does not hold, but for counters: it is
// kept in place of saving another one.
func (s schedule) settled(planned schedule, res Result) bool {
	return res.Unchanged && res.By.IsZero() && !s.Due.After(planned.Due) && s.Rest <= planned.Rest+time.Minute &&
		s.Failures == planned.Failures && s.Told == planned.Told && s.Skip == planned.Skip && s.Gone == planned.Gone &&
		s.Shape == planned.Shape && !s.Reshaped && s.Withheld == planned.Withheld && s.Note == planned.Note
}

// hurry brings the next fetch forward to by, as far as politeness allows.
func (s *schedule) hurry(now time.Time, spec Spec, by time.Time) {
	if by.IsZero() || s.Failures > 0 || s.Traffic != nil && s.Traffic.Plain && !spec.Chosen {
		return
	}
	earliest := spec.Interval
	if !spec.Chosen {
		earliest = max(earliest, politeInterval)
	}
	if soon := now.Add(earliest); by.Before(soon) {
		by = soon
	}
	if by.Before(s.Due) {
		s.Due = by
	}
}

// spread adds up to an eighth: how much looks random, and is the same for the same source at the same time, so that a
// simulation can be run again.
func spread(d time.Duration, name string, now time.Time) time.Duration {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, name, now.UnixNano()) // a hash does not fail
	return d + time.Duration(h.Sum64()%uint64(d/8+1))
}

// interval is the time between fetches that go well.
func (s *schedule) interval(now time.Time, spec Spec) time.Duration {
	shortest, longest := spec.Interval, max(spec.Interval, spec.MaxInterval)
	if s.Traffic != nil && !spec.Chosen {
		shortest = max(shortest, politeInterval)
		if s.Traffic.Plain {
			shortest = max(shortest, plainInterval)
		}
		longest = max(longest, shortest)
	}
	if s.Told == Pushed {
		return longest
	}
	return min(max(s.expected(now)/perArrival, shortest), longest)
}

// expected is the mean time between the arrivals, the silence since the last one included; 0 while too little is known.
func (s *schedule) expected(now time.Time) time.Duration {
	n := len(s.Arrivals)
	if n < minCadence {
		return 0
	}
	return max(now.Sub(s.Arrivals[n-1])/time.Duration(n), s.cadence())
}

// cadence is the mean time between the arrivals; 0 while too little is known.
func (s *schedule) cadence() time.Duration {
	n := len(s.Arrivals)
	if n < minCadence {
		return 0
	}
	return s.Arrivals[0].Sub(s.Arrivals[n-1]) / time.Duration(n-1)
}

// arrived adds the times of new items.
func (s *schedule) arrived(times []time.Time) {
	if len(times) == 0 {
		return
	}
	all := slices.Concat(times, s.Arrivals)
	slices.SortFunc(all, func(a, b time.Time) int { return b.Compare(a) })
	s.Arrivals = make([]time.Time, 0, maxArrivals)
	for _, t := range all {
		if n := len(s.Arrivals); n == maxArrivals {
			break
		} else if n == 0 || s.Arrivals[n-1].Sub(t) >= sameArrival {
			s.Arrivals = append(s.Arrivals, t.UTC().Truncate(time.Second))
		}
	}
}

// count adds the exchange of a fetch to the traffic.
func (s *schedule) count(x *Exchange, err error) {
	if x == nil {
		return
	}
	t := Traffic{Last: *x}
	if s.Traffic != nil {
		t.Requests, t.NotModified, t.Bytes, t.Plain = s.Traffic.Requests, s.Traffic.NotModified, s.Traffic.Bytes, s.Traffic.Plain
	}
	if err == nil {
		t.Plain = x.ETag == "" && x.LastModified == ""
	}
	t.Requests += int64(x.Requests)
	t.NotModified += int64(x.NotModified)
	t.Bytes += x.Bytes
	s.Traffic = &t
}

// backoff is the wait after the failures so far: doubling, with jitter. A server that was reached is asked again no sooner
// than after a success.
func (s *schedule) backoff(interval time.Duration, name string, now time.Time, local bool, x *Exchange) time.Duration {
	first, most := min(interval, 5*time.Minute), maxBackoff
	switch {
	case local:
		first, most = minLocalBackoff, maxLocalBackoff
	case x != nil && x.Reached:
		first, most = interval, max(maxBackoff, interval)
	}
	d := first
	for n := s.Failures; n > 1 && d < most; n-- {
		d *= 2
	}
	return min(spread(d, name, now), most)
}

// back fits the schedule of a source that had left to its return: nobody tells it of news any more.
func (s *schedule) back(spec Spec) {
	s.Told = ""
	soon := s.Last.Add(s.interval(s.Last, spec))
	if s.Wish.After(soon) {
		soon = s.Wish
	}
	if s.Due.After(soon) {
		s.Due = soon
	}
}

// recall fits what an earlier process remembered to the source as it is now: nothing that another location said about time
// counts, and what failed is tried again when the operator has changed something.
func (s schedule) recall(spec Spec) schedule {
	if s.Location != spec.Location {
		return schedule{Location: spec.Location, Last: s.Last, LastOK: s.LastOK, Arrivals: s.Arrivals, Shape: s.Shape, Reshaped: s.Reshaped}
	}
	if s.Fingerprint == spec.Fingerprint || s.Fingerprint == "" {
		return s
	}
	if s.Gone || s.Failures > 0 {
		s.Gone, s.Due = false, time.Time{}
		if s.Traffic != nil && (s.Traffic.Last.Status == 429 || s.Traffic.Last.Status == 503) {
			s.Due = s.Wish
		}
		return s
	}
	latest := s.Last.Add(max(spec.Interval, spec.MaxInterval))
	if s.Wish.After(latest) {
		latest = s.Wish
	}
	if s.Due.After(latest) {
		s.Due = latest
	}
	return s
}

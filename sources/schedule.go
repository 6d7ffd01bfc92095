package sources

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// schedule is what the Manager remembers of a source across restarts.
type schedule struct {
	// Due is the time of the next fetch.
	Due time.Time `json:"due"`
	// Failures counts the fetches that failed in a row.
	Failures int       `json:"failures,omitempty"`
	Last     time.Time `json:"last,omitzero"`    // end of the last fetch
	LastOK   time.Time `json:"last_ok,omitzero"` // end of the last one that succeeded
	Error    string    `json:"error,omitempty"`
	Note     string    `json:"note,omitempty"`
	Gone     bool      `json:"gone,omitempty"`
	// Location is where the source was when it was Gone: a new one starts again.
	Location string    `json:"location,omitempty"`
	Withheld *Withheld `json:"withheld,omitempty"`
}

const scheduleKey = "record"

func (s schedule) encode() ([]byte, error) { return json.Marshal(s) }

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
)

// after sets the next due time from the outcome of a fetch that ended at now. Successful fetches come in the source's
// own phase of the interval, so that load is spread and stays spread; failures back off exponentially with jitter.
func (s *schedule) after(now time.Time, name string, interval time.Duration, local bool, res Result, err error) {
	s.Last, s.Note = now, res.Note
	if err == nil {
		s.LastOK, s.Failures, s.Error = now, 0, ""
		s.Due = slot(now.Add(interval), name, interval)
	} else {
		s.Failures++
		s.Error = err.Error()
		s.Due = now.Add(backoff(s.Failures, interval, local))
	}
	s.Gone = res.Gone
	if res.NotBefore.After(s.Due) {
		s.Due = res.NotBefore
	}
	if s.Due = res.Skip.Next(s.Due); s.Due.After(now.Add(maxBackoff)) && interval < maxBackoff {
		s.Due = now.Add(maxBackoff)
	}
}

// slot is the first time from t on that is in the source's phase of the interval.
func slot(t time.Time, name string, interval time.Duration) time.Time {
	if interval <= 0 {
		return t
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	phase := time.Duration(h.Sum64() % uint64(interval))
	at := t.Truncate(interval).Add(phase)
	if at.Before(t) {
		at = at.Add(interval)
	}
	return at
}

// backoff is the wait after the nth failure in a row: doubling, with jitter in its upper half.
func backoff(n int, interval time.Duration, local bool) time.Duration {
	first, most := min(interval, 5*time.Minute), maxBackoff
	if local {
		first, most = minLocalBackoff, maxLocalBackoff
	}
	d := first
	for ; n > 1 && d < most; n-- {
		d *= 2
	}
	d = min(d, most)
	return d/2 + rand.N(d/2+1)
}

package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"feedmill/cache"
)

// limiter counts the requests that were made with one credential, in this process and, by notes, in others and before.
type limiter struct {
	key string
	// turn is held from the look at the notes until the request is written down there, where the credential is shared.
	turn sync.Mutex

	mu     sync.Mutex
	shared bool // several targets use it: other processes may, too
	rates  []Rate
	by     map[string]stamps // by target
}

// stamps are when a target made requests, as Unix milliseconds, and until when the platform wants none.
type stamps struct {
	At    []int64 `json:"at,omitempty"`
	Until int64   `json:"until,omitempty"`
}

func newLimiter(key string, shared bool) *limiter {
	return &limiter{key: key, shared: shared, by: map[string]stamps{}}
}

func (l *limiter) setShared(shared bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shared = shared
}

// add takes further rates over: all hold at once.
func (l *limiter) add(rates []Rate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range rates {
		if r.Count > 0 && r.Per > 0 && !slices.Contains(l.rates, r) {
			l.rates = append(l.rates, r)
		}
	}
}

// longest is the longest span that a rate is about. The caller has the lock.
func (l *limiter) longest() (d time.Duration) {
	for _, r := range l.rates {
		d = max(d, r.Per)
	}
	return d
}

// free is when the next request may be made: now, or later.
func (l *limiter) free(now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := now.UnixMilli()
	var all []int64
	for _, s := range l.by {
		all = append(all, s.At...)
		at = max(at, s.Until)
	}
	slices.Sort(all)
	for _, r := range l.rates {
		if n := len(all); n >= r.Count {
			at = max(at, all[n-r.Count]+r.Per.Milliseconds()+1)
		}
	}
	if at <= now.UnixMilli() {
		return now
	}
	return time.UnixMilli(at)
}

// load reads what was made before, and by other processes. Of the targets in mine nobody else knows better.
func (l *limiter) load(ctx context.Context, store cache.Notes, mine func(target string) bool) error {
	read := map[string]stamps{}
	err := store.Range(ctx, limitsBucket+l.key, func(target string, value []byte) error {
		var s stamps
		if err := json.Unmarshal(value, &s); err != nil {
			return err
		}
		read[target] = s
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the requests made with credential %s: %w", l.key, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for target, s := range read {
		if _, known := l.by[target]; !known || !mine(target) {
			l.by[target] = s
		}
	}
	return nil
}

// take writes a request down.
func (l *limiter) take(target string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.by[target]
	least := now.Add(-l.longest()).UnixMilli()
	s.At = slices.DeleteFunc(slices.Clone(s.At), func(at int64) bool { return at < least })
	s.At = append(s.At, now.UnixMilli())
	l.by[target] = s
}

// ended moves the newest request to the time at which its answer came: the platform counted it somewhere in between.
func (l *limiter) ended(target string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.by[target]
	if n := len(s.At); n > 0 {
		s.At = append(slices.Clone(s.At[:n-1]), now.UnixMilli())
		l.by[target] = s
	}
}

// block lets nobody make a request with the credential before a time.
func (l *limiter) block(target string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.by[target]
	s.Until = until.UnixMilli()
	l.by[target] = s
}

// edit is the note of a target's requests.
func (l *limiter) edit(target string, now time.Time) cache.Edit {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.by[target]
	keep := max(l.longest(), time.UnixMilli(s.Until).Sub(now), 0) + time.Minute
	return cache.Edit{Bucket: limitsBucket + l.key, Key: target, Value: encode(s), TTL: keep}
}

// freeAt is when all limits of the target let the next request through.
func (s *stream) freeAt(now time.Time) time.Time {
	at := now
	for _, l := range s.limiters {
		if f := l.free(now); f.After(at) {
			at = f
		}
	}
	return at
}

// admit writes a request down, together with the state, before it is made: so a crash makes no request that nobody counts. It
// answers when to come back where a limit says no. Credentials that several targets share are looked at under a lease, since other
// processes may use them.
func (s *stream) admit(ctx context.Context) (at time.Time, err error) {
	for _, l := range s.limiters {
		l.mu.Lock()
		shared := l.shared
		l.mu.Unlock()
		if !shared {
			continue
		}
		l.turn.Lock()
		defer l.turn.Unlock()
		lease, err := s.c.store.Acquire(ctx, limitsBucket+l.key, leaseFor)
		if errors.Is(err, cache.ErrHeld) {
			return time.Now().Add(50 * time.Millisecond), nil
		}
		if err != nil {
			return at, fmt.Errorf("take the lease of credential %s: %w", l.key, err)
		}
		defer s.c.release(lease)
		if err := l.load(ctx, s.c.store, s.c.serves); err != nil {
			return at, err
		}
	}
	now := time.Now()
	if at := s.freeAt(now); at.After(now) {
		return at, nil
	}
	edits := make([]cache.Edit, len(s.limiters))
	for i, l := range s.limiters {
		l.take(s.spec.Name, now)
		edits[i] = l.edit(s.spec.Name, now)
	}
	return time.Time{}, s.save(ctx, edits...)
}

// requests are the notes of the target's requests.
func (s *stream) requests(now time.Time) []cache.Edit {
	edits := make([]cache.Edit, len(s.limiters))
	for i, l := range s.limiters {
		edits[i] = l.edit(s.spec.Name, now)
	}
	return edits
}

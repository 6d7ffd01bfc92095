package push

import (
	"math/rand/v2"
	"time"
)

const (
	// breakAfter transient failures in a row open the breaker, for breakFor, doubled with each further one up to breakMost.
	breakAfter = 5
	breakFor   = time.Minute
	breakMost  = 30 * time.Minute

	// backoffBase and backoffMost bound the time between two attempts of one message.
	backoffBase = 5 * time.Second
	backoffMost = time.Hour
	// backoffLeast keeps a lucky draw from being no pause at all.
	backoffLeast = 500 * time.Millisecond
)

// breaker keeps requests from a target that fails again and again, whatever the message. While it is open nothing is tried;
// afterwards one request decides whether it closes, and every other time a second one, of the message behind the first.
type breaker struct {
	Fails int       `json:"fails,omitempty"` // transient failures in a row
	Until time.Time `json:"until,omitzero"`
}

// fail counts a transient failure, and says whether the breaker opened with it.
func (b *breaker) fail(now time.Time) (opened bool) {
	b.Fails++
	if b.Fails < breakAfter {
		return false
	}
	b.Until = now.Add(doubled(breakFor, b.Fails-breakAfter, breakMost))
	return b.Fails == breakAfter
}

// tripped says whether the breaker is open, or half open: one request decides.
func (b *breaker) tripped() bool { return b.Fails >= breakAfter }

// doubled is d times two, n times, and at most most.
func doubled(d time.Duration, n int, most time.Duration) time.Duration {
	for ; n > 0 && d < most; n-- {
		d *= 2
	}
	return min(d, most)
}

// backoff is how long to wait after so many attempts of a message: anything up to a bound that doubles ("full jitter"), so that
// those who failed together do not come back together.
func backoff(attempts int) time.Duration {
	return max(backoffLeast, rand.N(doubled(backoffBase, attempts-1, backoffMost)))
}

package hub

import (
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// What one client, and all clients together about callbacks at one host, may ask for: so many requests at once, then so many a
// minute. A host's share is a multiple of a client's, so that nobody alone uses up that of a host which is not theirs.
const (
	clientAtOnce, clientPerMinute = 500, 60
	hostAtOnce, hostPerMinute     = 2000, 600
	// maxMetered is how many of each are remembered. Who is forgotten begins anew.
	maxMetered = 10_000
)

// limitedError says that a request is one too many, and when the next one may come.
type limitedError struct {
	what  string
	after time.Duration
}

func (e *limitedError) Error() string {
	return fmt.Sprintf("too many requests %s: try again after the seconds of Retry-After", e.what)
}

// meter gives each key a number of requests at once, which come back one by one (the generic cell rate algorithm: a key is one
// point in time, until which it has used up its share).
type meter struct {
	gap, share time.Duration

	mu    sync.Mutex
	until map[string]time.Time
	swept time.Time
}

func newMeter(atOnce, perMinute int) *meter {
	gap := time.Minute / time.Duration(perMinute)
	return &meter{gap: gap, share: time.Duration(atOnce) * gap, until: map[string]time.Time{}}
}

// take charges a key with one request, and reports how long it has to wait instead when it has used up its share.
func (m *meter) take(key string, now time.Time) (wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	until, known := m.until[key]
	if until.Before(now) {
		until = now
	}
	until = until.Add(m.gap)
	if over := until.Sub(now) - m.share; over > 0 {
		return over
	}
	if !known && len(m.until) >= maxMetered {
		m.makeRoom(now)
	}
	m.until[key] = until
	return 0
}

// makeRoom forgets those who have their whole share again, at most once a second, else anybody.
func (m *meter) makeRoom(now time.Time) {
	if now.Sub(m.swept) >= time.Second {
		m.swept = now
		for key, until := range m.until {
			if !until.After(now) {
				delete(m.until, key)
			}
		}
	}
	for key := range m.until {
		if len(m.until) < maxMetered {
			return
		}
		delete(m.until, key)
	}
}

// clientKey is an IPv4 address, or the network of an IPv6 one, all of which one client has.
func clientKey(a netip.Addr) string {
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

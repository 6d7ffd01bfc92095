package hub

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Stats tell what a hub does. Counts are since the process began.
type Stats struct {
	// Running is true in the process that delivers; the fields below it are only known there.
	Running       bool `json:"running"`
	Subscriptions int  `json:"subscriptions"`
	Feeds         int  `json:"feeds"`
	// Failing is how many callbacks wait to be served again, by host the first hundred of them.
	Failing      int            `json:"failing"`
	FailingHosts map[string]int `json:"failing_hosts,omitempty"`
	// Delivered and Failed count deliveries, Dropped subscriptions that ended because of failures, Verified requests that the
	// callbacks confirmed, Refused those that they did not or that were wrong, Limited those of clients or for hosts that
	// asked too much (429). Asking wait for their verification.
	Delivered int64 `json:"delivered"`
	Failed    int64 `json:"failed"`
	Dropped   int64 `json:"dropped"`
	Verified  int64 `json:"verified"`
	Refused   int64 `json:"refused"`
	Limited   int64 `json:"limited"`
	Asking    int64 `json:"asking"`
	// Pinged counts what hubs of others were told, Unpinged what they still have to be told.
	Pinged   int64 `json:"pinged"`
	Unpinged int64 `json:"unpinged"`
	// Last is when something was delivered last.
	Last time.Time `json:"last,omitzero"`
}

type counters struct {
	delivered, failed, dropped, verified, refused, limited, pinged, unpinged atomic.Int64

	mu   sync.Mutex
	view Stats // what the loop knows
}

// Stats is a snapshot.
func (h *Hub) Stats() Stats {
	c := &h.stats
	c.mu.Lock()
	s := c.view
	s.FailingHosts = maps.Clone(s.FailingHosts)
	c.mu.Unlock()
	s.Delivered, s.Failed, s.Dropped = c.delivered.Load(), c.failed.Load(), c.dropped.Load()
	s.Verified, s.Refused, s.Limited, s.Asking = c.verified.Load(), c.refused.Load(), c.limited.Load(), int64(h.asks.len())
	s.Pinged, s.Unpinged = c.pinged.Load(), c.unpinged.Load()
	return s
}

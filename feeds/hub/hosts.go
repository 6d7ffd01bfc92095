package hub

import (
	"context"
	"sync"
)

// hosts bounds how much goes on at one host at once.
type hosts struct {
	most int
	mu   sync.Mutex
	at   map[string]*place
}

type place struct {
	slots chan struct{}
	users int
}

func newHosts(most int) *hosts { return &hosts{most: most, at: map[string]*place{}} }

// enter waits for a slot. Fails with the error of ctx.
func (h *hosts) enter(ctx context.Context, host string) (leave func(), err error) {
	h.mu.Lock()
	p := h.at[host]
	if p == nil {
		p = &place{slots: make(chan struct{}, h.most)}
		h.at[host] = p
	}
	p.users++
	h.mu.Unlock()
	forget := func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if p.users--; p.users == 0 {
			delete(h.at, host)
		}
	}
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, ctx.Err()
	}
}

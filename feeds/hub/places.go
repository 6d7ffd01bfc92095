package hub

import (
	"context"
	"sync"
)

// places bounds how much goes on at once for one host, or one client.
type places struct {
	most int
	mu   sync.Mutex
	at   map[string]*place
}

type place struct {
	slots chan struct{}
	users int
}

func newPlaces(most int) *places { return &places{most: most, at: map[string]*place{}} }

// enter waits for a slot. Fails with the error of ctx.
func (ps *places) enter(ctx context.Context, of string) (leave func(), err error) {
	ps.mu.Lock()
	p := ps.at[of]
	if p == nil {
		p = &place{slots: make(chan struct{}, ps.most)}
		ps.at[of] = p
	}
	p.users++
	ps.mu.Unlock()
	forget := func() {
		ps.mu.Lock()
		defer ps.mu.Unlock()
		if p.users--; p.users == 0 {
			delete(ps.at, of)
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

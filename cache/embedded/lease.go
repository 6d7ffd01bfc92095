package embedded

import (
	"context"
	"fmt"
	"sync"
	"time"

	"feedmill/cache"
)

// leases are kept in memory: only one process has the file, so they end with it. Their tokens grow across restarts
// because the upper half is the epoch that prepare counts in the file.
type leases struct {
	sync.RWMutex // the writer holds it from the check of a lease to the end of the commit
	held         map[string]holder
	token        uint64
}

type holder struct {
	token uint64
	until time.Time
}

// check fails with ErrStale unless the lease is held. The caller has the lock.
func (l *leases) check(lease cache.Lease) error {
	h, ok := l.held[lease.Name]
	if !ok || h.token != lease.Token || !time.Now().Before(h.until) {
		return fmt.Errorf("lease %q: %w", lease.Name, cache.ErrStale)
	}
	return nil
}

// Acquire takes the lease for ttl. Fails with cache.ErrHeld.
func (s *Store) Acquire(ctx context.Context, name string, ttl time.Duration) (cache.Lease, error) {
	if err := ctx.Err(); err != nil {
		return cache.Lease{}, err
	}
	l := &s.leases
	l.Lock()
	defer l.Unlock()
	now := time.Now()
	if h, ok := l.held[name]; ok && now.Before(h.until) {
		return cache.Lease{}, fmt.Errorf("lease %q: %w", name, cache.ErrHeld)
	}
	l.token++
	l.held[name] = holder{l.token, now.Add(ttl)}
	return cache.Lease{Name: name, Token: l.token}, nil
}

// Renew extends a lease that is still held. Fails with cache.ErrStale.
func (s *Store) Renew(ctx context.Context, lease cache.Lease, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.leases.Lock()
	defer s.leases.Unlock()
	if err := s.leases.check(lease); err != nil {
		return err
	}
	s.leases.held[lease.Name] = holder{lease.Token, time.Now().Add(ttl)}
	return nil
}

// Release gives the lease back.
func (s *Store) Release(_ context.Context, lease cache.Lease) error {
	s.leases.Lock()
	defer s.leases.Unlock()
	if s.leases.held[lease.Name].token == lease.Token {
		delete(s.leases.held, lease.Name)
	}
	return nil
}

// prune forgets leases that ran out.
func (l *leases) prune() {
	l.Lock()
	defer l.Unlock()
	now := time.Now()
	for name, h := range l.held {
		if !now.Before(h.until) {
			delete(l.held, name)
		}
	}
}

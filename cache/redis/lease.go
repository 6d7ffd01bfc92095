package redis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"feedmill/cache"
)

// Acquire takes the lease; see [cache.Locker].
func (s *Store) Acquire(ctx context.Context, name string, ttl time.Duration) (cache.Lease, error) {
	op := fmt.Sprintf("acquire lease %q", name)
	v, err := s.run(ctx, acquireScript, []string{s.keys.leases()}, name, milliseconds(ttl), nonce())
	if err != nil {
		return cache.Lease{}, fail(ctx, op, err)
	}
	text, _ := v.(string)
	token, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return cache.Lease{}, fail(ctx, op, errAnswer)
	}
	if token == 0 {
		return cache.Lease{}, fail(ctx, op, cache.ErrHeld)
	}
	return cache.Lease{Name: name, Token: token}, nil
}

// Renew extends the lease; see [cache.Locker].
func (s *Store) Renew(ctx context.Context, lease cache.Lease, ttl time.Duration) error {
	op := fmt.Sprintf("renew lease %q", lease.Name)
	v, err := s.run(ctx, renewScript, []string{s.keys.leases()}, lease.Name, lease.Token, milliseconds(ttl))
	if err != nil {
		return fail(ctx, op, err)
	}
	if v != int64(1) {
		return fail(ctx, op, cache.ErrStale)
	}
	return nil
}

// Release gives the lease back; see [cache.Locker].
func (s *Store) Release(ctx context.Context, lease cache.Lease) error {
	_, err := s.run(ctx, renewScript, []string{s.keys.leases()}, lease.Name, lease.Token, 0)
	return fail(ctx, fmt.Sprintf("release lease %q", lease.Name), err)
}

// milliseconds rounds up: a short time is not no time.
func milliseconds(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}

package app

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"feedmill/cache"
)

// hosts keeps in the store what all replicas have to know of the hosts that sources ask: who asks now, and what they asked
// for with 429, so that neither a restart nor another replica asks them early.
type hosts struct{ app *App }

const pausesBucket = "pauses"

// Paused implements fetch.Hosts.
func (h *hosts) Paused(ctx context.Context, host string) time.Time {
	found, err := h.app.store.Read(ctx, pausesBucket, host)
	if err != nil {
		h.app.log.Debug("cannot read whether a host asked for a pause", "host", host, "err", err) // the source says that the store fails
		return time.Time{}
	}
	b, ok := found[host]
	if !ok {
		return time.Time{}
	}
	until, err := time.Parse(time.RFC3339, string(b))
	if err == nil && until.After(time.Now()) {
		return until
	}
	h.write(ctx, host, nil)
	return time.Time{}
}

// Pause implements fetch.Hosts.
func (h *hosts) Pause(ctx context.Context, host string, until time.Time) {
	h.app.log.Warn("a host asked for a pause: none of its sources is fetched before", "host", host, "until", until.Format(time.RFC3339))
	h.write(ctx, host, until.UTC().AppendFormat(nil, time.RFC3339))
}

func (h *hosts) write(ctx context.Context, host string, value []byte) {
	edit := cache.Edit{Bucket: pausesBucket, Key: host, Value: value}
	if err := h.app.store.Write(ctx, cache.Lease{}, edit); err != nil {
		h.app.log.Warn("cannot remember that a host asked for a pause", "host", host, "err", err)
	}
}

const (
	// takeEvery is how often a host that another replica asks is tried for.
	takeEvery = 50 * time.Millisecond
	// giveWithin bounds the giving back: a lease that is not given back ends by itself.
	giveWithin = 2 * time.Second
)

// Take implements fetch.Hosts, by a lease on the host.
func (h *hosts) Take(ctx context.Context, host string, most time.Duration, waiting func()) (give func(time.Duration), err error) {
	for {
		lease, err := h.app.store.Acquire(ctx, "host/"+host, most)
		if err == nil {
			return func(spacing time.Duration) { h.give(ctx, lease, spacing) }, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !errors.Is(err, cache.ErrHeld) {
			h.app.log.Debug("cannot tell whether another replica asks a host", "host", host, "err", err) // the source says that the store fails
			return func(time.Duration) {}, nil
		}
		waiting()
		pause(ctx, takeEvery+rand.N(takeEvery))
	}
}

// give ends the lease after the spacing.
func (h *hosts) give(ctx context.Context, lease cache.Lease, spacing time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveWithin)
	defer cancel()
	var err error
	if spacing > 0 {
		err = h.app.store.Renew(ctx, lease, spacing)
	} else {
		err = h.app.store.Release(ctx, lease)
	}
	if err != nil && !errors.Is(err, cache.ErrStale) {
		h.app.log.Debug("cannot give a host on: others wait for a while", "lease", lease.Name, "err", err)
	}
}

package app

import (
	"context"
	"time"

	"feedmill/cache"
)

// pauses keeps what hosts asked for with 429 in the store, so that neither a restart nor another replica asks them early.
type pauses struct{ app *App }

const pausesBucket = "pauses"

// Paused implements fetch.Pauses.
func (p *pauses) Paused(ctx context.Context, host string) time.Time {
	found, err := p.app.store.Read(ctx, pausesBucket, host)
	if err != nil {
		p.app.log.Debug("cannot read whether a host asked for a pause", "host", host, "err", err) // the source says that the store fails
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
	p.write(ctx, host, nil)
	return time.Time{}
}

// Pause implements fetch.Pauses.
func (p *pauses) Pause(ctx context.Context, host string, until time.Time) {
	p.app.log.Warn("a host asked for a pause: none of its sources is fetched before", "host", host, "until", until.Format(time.RFC3339))
	p.write(ctx, host, until.UTC().AppendFormat(nil, time.RFC3339))
}

func (p *pauses) write(ctx context.Context, host string, value []byte) {
	edit := cache.Edit{Bucket: pausesBucket, Key: host, Value: value}
	if err := p.app.store.Write(ctx, cache.Lease{}, edit); err != nil {
		p.app.log.Warn("cannot remember that a host asked for a pause", "host", host, "err", err)
	}
}

package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"feedmill/cache"
)

// roster brings the store's sources in line with the configuration: renamed ones keep everything, removed ones leave the
// feeds (kept for 30 days), ones that are back return with their old IDs. It is called before their fetches start.
func (a *App) roster(ctx context.Context) error {
	cfg := a.config()
	known, err := a.store.List(ctx)
	if err != nil {
		return fmt.Errorf("list the sources of the store: %w", err)
	}
	stored := map[string]cache.SourceInfo{}
	for _, s := range known {
		stored[s.Name] = s
	}
	configured := map[string]bool{}
	for _, s := range cfg.Sources {
		configured[s.Name] = true
	}
	for _, s := range cfg.Sources {
		if _, there := stored[s.Formerly]; s.Formerly != "" && there && !configured[s.Formerly] && stored[s.Name].Items == 0 {
			if err := a.withLease(ctx, s.Name, func(l cache.Lease) error {
				return a.renameSource(ctx, l, s.Formerly, s.Name)
			}); err != nil {
				return err
			}
			delete(stored, s.Formerly)
		}
		if old, there := stored[s.Name]; there && !old.Retired.IsZero() {
			a.log.Info("the source is configured again: its items return", "source", s.Name)
			if err := a.withLease(ctx, s.Name, func(l cache.Lease) error { return a.store.Revive(ctx, l, s.Name) }); err != nil {
				return err
			}
		}
	}
	for name, s := range stored {
		if configured[name] || !s.Retired.IsZero() && s.Items == 0 {
			continue
		}
		a.log.Info("the source is not configured any more: its items leave the feeds and are kept for 30 days", "source", name)
		if err := a.withLease(ctx, name, func(l cache.Lease) error { return a.store.Retire(ctx, l, name) }); err != nil {
			return err
		}
	}
	return nil
}

// renameSource moves items and what is remembered of a source to its new name.
func (a *App) renameSource(ctx context.Context, l cache.Lease, old, name string) error {
	a.log.Info("the source has a new name", "source", name, "formerly", old)
	for _, bucket := range []string{"state", "rejected", "schedule"} {
		var edits []cache.Edit
		flush := func() error {
			err := a.store.Write(ctx, l, edits...)
			edits = edits[:0]
			return err
		}
		err := a.store.Range(ctx, noteBucket(bucket, old), func(key string, value []byte) error {
			edits = append(edits,
				cache.Edit{Bucket: noteBucket(bucket, name), Key: key, Value: value},
				cache.Edit{Bucket: noteBucket(bucket, old), Key: key})
			if len(edits) >= cache.MaxBatch {
				return flush()
			}
			return nil
		})
		if err == nil && len(edits) > 0 {
			err = flush()
		}
		if err != nil {
			return fmt.Errorf("rename source %s to %s: move its %s: %w", old, name, bucket, err)
		}
	}
	if err := a.store.Rename(ctx, l, old, name); err != nil {
		return fmt.Errorf("rename source %s to %s: %w", old, name, err)
	}
	return nil
}

// withLease runs fn under a source's lease, waiting for another process to let go of it.
func (a *App) withLease(ctx context.Context, source string, fn func(cache.Lease) error) error {
	for {
		l, err := a.store.Acquire(ctx, sourceLease(source), time.Minute)
		if errors.Is(err, cache.ErrHeld) {
			pause(ctx, time.Second)
			if ctx.Err() != nil {
				return fmt.Errorf("wait for the lease of source %s: %w", source, ctx.Err())
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("take the lease of source %s: %w", source, err)
		}
		err = fn(l)
		if releaseErr := a.store.Release(context.WithoutCancel(ctx), l); err == nil {
			err = releaseErr
		}
		return err
	}
}

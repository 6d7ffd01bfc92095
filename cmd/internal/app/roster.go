package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/sources"
)

// roster brings the store's sources in line with those that are to run: renamed ones keep everything, removed ones leave the
// feeds (kept for 30 days), ones that are back return with their old IDs. It is called before their fetches start, and
// again after it failed half-way. It fails with errSuperseded when another replica runs a newer configuration.
func (a *App) roster(ctx context.Context, list []config.Source) error {
	known, err := a.store.List(ctx)
	if err != nil {
		return fmt.Errorf("list the sources of the store: %w", err)
	}
	stored := map[string]cache.SourceInfo{}
	for _, s := range known {
		stored[s.Name] = s
	}
	configured := map[string]bool{}
	for _, s := range list {
		configured[s.Name] = true
	}
	for _, s := range list {
		if old, there := stored[s.Formerly]; s.Formerly != "" && there && !configured[s.Formerly] && stored[s.Name].Items == 0 {
			switch err := a.renameSource(ctx, s.Formerly, s.Name); {
			case errors.Is(err, cache.ErrExists):
				// Items that are gone or retired count too. Trying again would not help, and must not stop the others.
				a.log.Error("the source cannot take over what its former name has, because it had items of its own: it goes on with those",
					"source", s.Name, "formerly", s.Formerly)
			case err != nil:
				return err
			default:
				a.log.Info("the source has a new name", "source", s.Name, "formerly", s.Formerly)
				delete(stored, s.Formerly)
				stored[s.Name] = old // with its retirement, if it was removed before it was renamed
			}
		}
		if _, there := stored[s.Name]; !there {
			if err := a.forgetStray(ctx, s.Name); err != nil {
				return err
			}
		}
		if old, there := stored[s.Name]; there && !old.Retired.IsZero() {
			a.log.Info("the source is configured again: its items return", "source", s.Name)
			if err := a.atDesk(ctx, s.Name, func(ctx context.Context, l cache.Lease) error {
				return a.store.Revive(ctx, l, s.Name)
			}); err != nil {
				return err
			}
		}
	}
	for name, s := range stored {
		if configured[name] || !s.Retired.IsZero() && s.Items == 0 {
			continue
		}
		a.log.Info("the source is not configured any more: its items leave the feeds and are kept for 30 days", "source", name)
		if err := a.atDesk(ctx, name, func(ctx context.Context, l cache.Lease) error {
			return a.store.Retire(ctx, l, name)
		}); err != nil {
			return err
		}
	}
	return nil
}

// renameSource moves items and what is remembered of a source to its new name. It holds the leases of both, so that no
// replica with the old configuration writes under the old name meanwhile.
func (a *App) renameSource(ctx context.Context, old, name string) error {
	err := a.atDesk(ctx, old, func(ctx context.Context, _ cache.Lease) error {
		return a.atDesk(ctx, name, func(ctx context.Context, l cache.Lease) error {
			for _, bucket := range sources.Buckets {
				if err := a.moveNotes(ctx, l, noteBucket(bucket, old), noteBucket(bucket, name)); err != nil {
					return err
				}
			}
			return a.store.Rename(ctx, l, old, name)
		})
	})
	if err != nil {
		return fmt.Errorf("rename source %s to %s: %w", old, name, err)
	}
	return nil
}

// moveNotes may be called again after it was cut short: what has moved is not in the old bucket any more.
func (a *App) moveNotes(ctx context.Context, l cache.Lease, from, to string) error {
	var edits []cache.Edit
	flush := func() error {
		err := a.store.Write(ctx, l, edits...)
		edits = edits[:0]
		return err
	}
	err := a.store.Range(ctx, from, func(key string, value []byte) error {
		edits = append(edits, cache.Edit{Bucket: to, Key: key, Value: value}, cache.Edit{Bucket: from, Key: key})
		if len(edits) >= cache.MaxBatch {
			return flush()
		}
		return nil
	})
	if err == nil && len(edits) > 0 {
		err = flush()
	}
	if err != nil {
		return fmt.Errorf("move what is remembered from %s to %s: %w", from, to, err)
	}
	return nil
}

// errSuperseded says that what is to be written is another replica's to decide.
var errSuperseded = errors.New("another replica runs a newer configuration")

// atDesk runs fn under the lease of a source, which is renewed meanwhile, waiting for another process to let go of it.
// The context of fn ends when the lease is lost.
func (a *App) atDesk(ctx context.Context, source string, fn func(context.Context, cache.Lease) error) error {
	all := &desks{store: a.store, log: a.log, mayFetch: a.mayFetch}
	for {
		if !a.mayFetch() {
			return errSuperseded
		}
		k, err := all.open(ctx, source)
		switch {
		case err == nil:
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			go func() {
				select {
				case <-k.Lost():
					cancel()
				case <-ctx.Done():
				}
			}()
			return errors.Join(fn(ctx, k.lease), k.Close())
		case !errors.Is(err, sources.ErrBusy):
			return err
		}
		pause(ctx, time.Second)
		if ctx.Err() != nil {
			return fmt.Errorf("wait for the lease of source %s: %w", source, ctx.Err())
		}
	}
}

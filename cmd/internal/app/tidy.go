package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"feedmill/cache"
	"feedmill/sources"
)

const (
	// tidyEvery is how often what is left of old sources is looked for.
	tidyEvery = time.Hour
	// tidyAhead is how long before a store deletes the items of a source what is remembered of it goes: one that came back
	// with its memory, but without its items, would not state them again.
	tidyAhead = 2 * tidyEvery
)

// tidy forgets what is left of sources that left the configuration so long ago that the store deletes their items: what
// they remember, and the files that they kept beside the store of this machine.
func (a *App) tidy(ctx context.Context) error {
	if !a.mayFetch() {
		return nil
	}
	known, err := a.store.List(ctx)
	if err != nil {
		return fmt.Errorf("list the sources of the store: %w", err)
	}
	now, err := a.store.Now(ctx)
	if err != nil {
		return fmt.Errorf("read the store's clock: %w", err)
	}
	keep := map[string]bool{}
	for _, s := range a.running() {
		keep[s.Name] = true
	}
	for _, s := range known {
		if keep[s.Name] {
			continue
		}
		if s.Retired.IsZero() || now.Sub(s.Retired) < cache.KeepGone-tidyAhead {
			keep[s.Name] = true
			continue
		}
		if err := a.forget(ctx, s.Name); err != nil {
			return fmt.Errorf("forget source %s: %w", s.Name, err)
		}
	}
	return a.removeFiles(keep)
}

// forget deletes what a source remembers.
func (a *App) forget(ctx context.Context, source string) error {
	return a.atDesk(ctx, source, func(ctx context.Context, l cache.Lease) error {
		for _, bucket := range sources.Buckets {
			var edits []cache.Edit
			flush := func() error {
				err := a.store.Write(ctx, l, edits...)
				edits = edits[:0]
				return err
			}
			err := a.store.Range(ctx, noteBucket(bucket, source), func(key string, _ []byte) error {
				edits = append(edits, cache.Edit{Bucket: noteBucket(bucket, source), Key: key})
				if len(edits) == cache.MaxBatch {
					return flush()
				}
				return nil
			})
			if err == nil && len(edits) > 0 {
				err = flush()
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// forgetStray deletes the memory of a source of which the store has nothing else: its items were deleted while nobody
// looked.
func (a *App) forgetStray(ctx context.Context, source string) error {
	found := false
	err := a.store.Range(ctx, noteBucket(sources.BucketState, source), func(string, []byte) error {
		found = true
		return errFound
	})
	if found {
		a.log.Info("the store has no items of the source any more: it starts anew", "source", source)
		err = a.forget(ctx, source)
	}
	if err != nil {
		return fmt.Errorf("forget source %s: %w", source, err)
	}
	return nil
}

// errFound ends a Range early.
var errFound = errors.New("found")

// removeFiles removes the directories of sources that are not kept.
func (a *App) removeFiles(keep map[string]bool) error {
	if a.opts.Files == "" {
		return nil
	}
	entries, err := os.ReadDir(a.opts.Files)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("look for files of old sources: %w", err)
	}
	names := map[string]bool{}
	for name := range keep {
		names[fileName(name)] = true
	}
	var errs []error
	for _, e := range entries {
		if e.IsDir() && !names[e.Name()] {
			a.log.Info("removing the files of a source that is not configured any more", "directory", e.Name())
			errs = append(errs, os.RemoveAll(filepath.Join(a.opts.Files, e.Name())))
		}
	}
	return errors.Join(errs...)
}

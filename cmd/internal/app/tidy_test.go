package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/cache"
	"feedmill/cache/embedded"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/sources"
)

// TestTidy: what sources remember and their files go with their items, 30 days after they left, and not before.
func TestTidy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, err := embedded.OpenTemp(t.TempDir(), embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		files := t.TempDir()
		a := &App{store: store, log: slog.New(slog.DiscardHandler), opts: Options{Files: files}}
		a.effectiveNow = []config.Source{{Name: "stays"}, {Name: "new"}}
		under := func(source string, fn func(context.Context, cache.Lease) error) {
			t.Helper()
			if err := a.atDesk(t.Context(), source, fn); err != nil {
				t.Fatal(err)
			}
		}
		left := func() (list []string) {
			for _, source := range []string{"stays", "old", "recent", "ü/old", "new", "stray"} {
				n := 0
				for _, bucket := range sources.Buckets {
					if err := store.Range(t.Context(), noteBucket(bucket, source), func(string, []byte) error { n++; return nil }); err != nil {
						t.Fatal(err)
					}
				}
				_, err := os.Stat(filepath.Join(files, fileName(source), "clone"))
				if n != 0 || err == nil {
					if n != len(sources.Buckets) || err != nil {
						t.Errorf("%s: %d notes, files: %v", source, n, err)
					}
					list = append(list, source)
				}
			}
			return list
		}
		make := func(source string, items bool) {
			under(source, func(ctx context.Context, l cache.Lease) error {
				for _, bucket := range sources.Buckets {
					if err := store.Write(ctx, l, cache.Edit{Bucket: noteBucket(bucket, source), Key: "k", Value: []byte("v")}); err != nil {
						return err
					}
				}
				if !items {
					return nil
				}
				_, err := store.Put(ctx, l, feeds.Change{Source: source, Key: "1", Item: &feeds.Item{Title: "one"}})
				return err
			})
			if err := os.MkdirAll(filepath.Join(files, fileName(source), "clone"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		retire := func(source string) {
			under(source, func(ctx context.Context, l cache.Lease) error { return store.Retire(ctx, l, source) })
		}
		for _, source := range []string{"stays", "old", "recent", "ü/old"} {
			make(source, true)
		}
		make("new", false)
		retire("old")
		retire("ü/old")
		tidy := func(want ...string) {
			t.Helper()
			if err := a.tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := left(); !slices.Equal(got, want) {
				t.Errorf("left are %q, want %q", got, want)
			}
		}
		time.Sleep(20 * 24 * time.Hour)
		retire("recent")
		tidy("stays", "old", "recent", "ü/old", "new")
		time.Sleep(cache.KeepGone - 20*24*time.Hour - tidyEvery)
		tidy("stays", "recent", "new")

		// A store that deleted the items while nobody looked.
		make("stray", false)
		if err := a.roster(t.Context(), []config.Source{{Name: "stays"}, {Name: "stray"}}); err != nil {
			t.Fatal(err)
		}
		if found, err := store.Read(t.Context(), noteBucket(sources.BucketState, "stray"), "k"); err != nil || len(found) > 0 {
			t.Errorf("a source without items goes on with what it remembered of them: %v, %v", found, err)
		}
		if found, err := store.Read(t.Context(), noteBucket(sources.BucketState, "stays"), "k"); err != nil || len(found) == 0 {
			t.Errorf("a source with items forgets: %v", err)
		}
	})
}

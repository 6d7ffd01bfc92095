package embedded

import (
	"context"
	"path/filepath"
	"testing"

	"feedmill/cache"
	"feedmill/cache/cachetest"
)

func openTest(t testing.TB, opts cache.Options) cache.Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "store.db"), Options{Options: opts, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	return &checked{s, t}
}

// checked checks a store before it is closed.
type checked struct {
	*Store
	t testing.TB
}

func (c *checked) Close() error {
	if err := c.Check(context.Background()); err != nil {
		c.t.Errorf("check: %v", err)
	}
	return c.Store.Close()
}

func TestStore(t *testing.T) {
	cachetest.Run(t, cachetest.Harness{
		Open: openTest,
		Reopen: func(t testing.TB, s cache.Store) cache.Store {
			old := s.(*checked)
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			again, err := Open(old.Path(), old.opts)
			if err != nil {
				t.Fatal(err)
			}
			return &checked{again, t}
		},
		Bubble: true,
	})
}

func BenchmarkStore(b *testing.B) {
	cachetest.Benchmarks(b, func(t testing.TB, opts cache.Options) cache.Store {
		s, err := Open(filepath.Join(t.TempDir(), "store.db"), Options{Options: opts})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

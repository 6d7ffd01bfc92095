package redis

import (
	"sync"
	"testing"

	"feedmill/cache"
	"feedmill/cache/cachetest"
	"feedmill/cache/redis/redistest"
)

// opened remembers how each store of the suite was opened, for opening it again.
var opened sync.Map // *Store -> settings

type settings struct {
	url  string
	opts cache.Options
}

func open(t testing.TB, set settings) *Store {
	t.Helper()
	s, err := Open(t.Context(), set.url, Options{Options: set.opts})
	if err != nil {
		t.Fatal(err)
	}
	opened.Store(s, set)
	t.Cleanup(func() { opened.Delete(s) })
	return s
}

func again(t testing.TB, s cache.Store) *Store {
	t.Helper()
	set, _ := opened.Load(s)
	next := open(t, set.(settings))
	next.offset.Store(s.(*Store).offset.Load())
	return next
}

func fresh(t testing.TB, opts cache.Options) cache.Store {
	t.Helper()
	return open(t, settings{redistest.URL(t), opts})
}

func TestStore(t *testing.T) {
	cachetest.Run(t, cachetest.Harness{
		Open: fresh,
		Reopen: func(t testing.TB, s cache.Store) cache.Store {
			t.Helper()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return again(t, s)
		},
		Replica: func(t testing.TB, s cache.Store) cache.Store {
			t.Helper()
			return again(t, s)
		},
	})
}

func BenchmarkStore(b *testing.B) {
	cachetest.Benchmarks(b, fresh)
}

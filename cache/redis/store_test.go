package redis

import (
	"context"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"feedmill/cache"
	"feedmill/cache/cachetest"
	"feedmill/cache/redis/redistest"
)

// opened remembers how each store of the suite was opened, for opening it again.
var opened sync.Map // *Store -> settings

type settings struct {
	url  string
	opts cache.Options
	hook goredis.Hook
}

func open(t testing.TB, set settings) *Store {
	t.Helper()
	s, err := Open(context.Background(), set.url, Options{Options: set.opts})
	if err != nil {
		t.Fatal(err)
	}
	if set.hook != nil {
		s.client.AddHook(set.hook)
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
	return open(t, settings{url: redistest.URL(t), opts: opts})
}

// suite runs the conformance suite on stores opened by open.
func suite(t *testing.T, open func(t testing.TB, opts cache.Options) cache.Store) {
	t.Helper()
	cachetest.Run(t, cachetest.Harness{
		Open: open,
		Reopen: func(t testing.TB, s cache.Store) cache.Store {
			t.Helper()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return again(t, s)
		},
		Pass: func(s cache.Store, d time.Duration) { s.(*Store).offset.Add(int64(d / time.Second)) },
		Replica: func(t testing.TB, s cache.Store) cache.Store {
			t.Helper()
			return again(t, s)
		},
	})
}

func TestStore(t *testing.T) {
	suite(t, fresh)
}

// twice runs every command two times, as a client does that retries after a lost answer.
type twice struct{}

func (twice) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (twice) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		if err := next(ctx, cmd); err != nil {
			return err
		}
		return next(ctx, cmd)
	}
}

func (twice) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		if err := next(ctx, cmds); err != nil {
			return err
		}
		return next(ctx, cmds)
	}
}

// TestStoreTwice holds the store to its promises while everything it asks of Redis happens twice.
func TestStoreTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole suite again")
	}
	suite(t, func(t testing.TB, opts cache.Options) cache.Store {
		t.Helper()
		return open(t, settings{url: redistest.URL(t), opts: opts, hook: twice{}})
	})
}

// TestStoreCluster holds the store to its promises on a Cluster: one node has all slots, but it refuses every script
// and command whose keys are not of one slot.
func TestStoreCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole suite again")
	}
	url := redistest.Cluster(t)
	suite(t, func(t testing.TB, opts cache.Options) cache.Store {
		t.Helper()
		return open(t, settings{url: url + "?prefix=" + redistest.Prefix(), opts: opts})
	})
}

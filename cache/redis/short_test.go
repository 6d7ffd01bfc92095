package redis

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"feedmill/cache"
	"feedmill/cache/redis/redistest"
	"feedmill/feeds"
)

// cut lets a number of commands and pipelines through, then none.
type cut struct{ left atomic.Int64 }

var errCut = errors.New("connection was cut")

func (c *cut) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (c *cut) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		if c.left.Add(-1) < 0 {
			cmd.SetErr(errCut)
			return errCut
		}
		return next(ctx, cmd)
	}
}

func (c *cut) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		if c.left.Add(-1) < 0 {
			for _, cmd := range cmds {
				cmd.SetErr(errCut)
			}
			return errCut
		}
		return next(ctx, cmds)
	}
}

// TestCutShort cuts Put, Retire, Revive and Rename short at every place, and calls them again: then all is as if
// nothing had happened.
func TestCutShort(t *testing.T) {
	const items = 150 // more than one write takes
	var changes []feeds.Change
	for i := range items {
		changes = append(changes, post(fmt.Sprint("k", i), 1))
	}
	ways := &cut{}
	calm := func() { ways.left.Store(1 << 40) }
	for at := int64(0); ; at++ {
		calm()
		s := open(t, settings{url: redistest.URL(t), hook: ways})
		ctx, l := t.Context(), lease(t, s)
		renamed, err := s.Acquire(ctx, "source/new", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		short := false
		for _, try := range []func() error{
			func() error { _, err := s.Put(ctx, l, changes...); return err },
			func() error { return s.Retire(ctx, l, "s") },
			func() error { return s.Revive(ctx, l, "s") },
			func() error { return s.Rename(ctx, renamed, "s", "new") },
		} {
			ways.left.Store(at)
			err := try()
			calm()
			if err == nil {
				continue
			}
			if short = true; !errors.Is(err, cache.ErrUnavailable) {
				t.Fatalf("after %d commands: %v", at, err)
			}
			if err := try(); err != nil {
				t.Fatalf("again, after %d commands: %v", at, err)
			}
		}
		whole(t, s, items)
		acc, err := s.Put(ctx, renamed, changes...)
		if err != nil || acc[0].Kind != feeds.Unchanged || acc[items-1].Kind != feeds.Unchanged {
			t.Fatalf("after %d commands: the same again: %+v, %v", at, acc, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if !short {
			return
		}
	}
}

// whole wants all items under the new name, and counts that agree.
func whole(t *testing.T, s *Store, items int) {
	t.Helper()
	for topic, want := range map[feeds.Topic]int{
		feeds.All: items, feeds.NewTopic("category", "x"): items, feeds.NewTopic("source", "new"): items, feeds.NewTopic("source", "s"): 0,
	} {
		page, err := s.Recent(t.Context(), topic, feeds.ByPublished, feeds.Pos{}, 1000)
		if err != nil || len(page.Items) != want {
			t.Fatalf("%v has %d items, %v, want %d", topic, len(page.Items), err, want)
		}
		for _, it := range page.Items {
			if it.Source != "new" {
				t.Fatalf("item %s says source %q", it.ID, it.Source)
			}
		}
	}
	list, err := s.List(t.Context())
	if err != nil || len(list) != 1 || list[0].Name != "new" || list[0].Items != items || !list[0].Retired.IsZero() {
		t.Fatalf("sources %+v, %v", list, err)
	}
	if n := s.client.HGet(t.Context(), s.keys.source("new"), "from").Val(); n != "" {
		t.Fatalf("the rename from %q has not ended", n)
	}
}

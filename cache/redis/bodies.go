package redis

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"feedmill/cache"
	"feedmill/feeds"
)

// bodies reads bodies by name, in that order; a missing one is nil. In a Cluster they lie on all nodes, so every one
// is asked for by itself, all in one pipeline.
func (s *Store) bodies(ctx context.Context, names []string) ([]*feeds.Item, error) {
	out := make([]*feeds.Item, 0, len(names))
	for part := range slices.Chunk(names, readBatch) {
		p := s.client.Pipeline()
		cmds := make([]*goredis.StringCmd, len(part))
		for i, name := range part {
			cmds[i] = p.Get(ctx, s.keys.body(name))
		}
		if _, err := p.Exec(ctx); err != nil && !errors.Is(err, goredis.Nil) {
			return nil, err
		}
		for i, c := range cmds {
			packed, err := c.Bytes()
			if errors.Is(err, goredis.Nil) {
				out = append(out, nil)
				continue
			}
			if err != nil {
				return nil, err
			}
			it, err := cache.UnpackItem(packed)
			if err != nil {
				return nil, fmt.Errorf("body %s: %w: %w", part[i], errDamaged, err)
			}
			out = append(out, &it)
		}
	}
	return out, nil
}

var errDamaged = errors.New("damaged body")

// reportLost tells the operator, at most once a minute, that bodies are gone that the ledger refers to.
func (s *Store) reportLost(names []string) {
	now, last := time.Now().Unix(), s.lost.Load()
	if now-last >= 60 && s.lost.CompareAndSwap(last, now) {
		s.log.Error("bodies of items are missing, the items are left out: redis lost acknowledged writes "+
			"(a failover, or eviction); restore a backup or let the sources fetch anew",
			"missing", len(names), "first", names[0])
	}
}

// writeBodies writes new bodies, after they were listed as belonging to nobody: the commit takes them off the list.
func (s *Store) writeBodies(ctx context.Context, now int64, bodies []body) error {
	if len(bodies) == 0 {
		return nil
	}
	packed := compress(bodies)
	args := make([]any, 0, 2+2*len(bodies))
	args = append(args, "ZADD", s.keys.gone())
	for _, b := range bodies {
		args = append(args, now+keepPending, b.name)
	}
	p := s.client.Pipeline()
	p.Do(ctx, args...)
	for i, b := range bodies {
		p.Set(ctx, s.keys.body(b.name), packed[i], 0)
	}
	_, err := p.Exec(ctx)
	return err
}

// compress packs bodies on all cores: it is most of the work of a Put.
func compress(bodies []body) [][]byte {
	out := make([][]byte, len(bodies))
	var next atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; i < int64(len(bodies)); i = next.Add(1) - 1 {
			out[i] = cache.Compress(bodies[i].encoded)
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(bodies)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	return out
}

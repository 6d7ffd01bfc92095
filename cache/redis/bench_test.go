package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"feedmill/cache"
	"feedmill/cache/cachetest"
	"feedmill/cache/redis/redistest"
	"feedmill/feeds"
)

func BenchmarkStore(b *testing.B) {
	cachetest.Benchmarks(b, fresh)
}

// BenchmarkIngest compares Put with its floor: the same bodies, ready made, and as many index entries, sent to the same
// server in one pipeline, without a ledger, versions or a log (target P9: at least 0.3 of it). Both run in turns in one
// measurement, because the machine's speed moves. Making the bodies is most of what Put does itself; of-packing-floor is
// the share of a floor that has to do it too.
func BenchmarkIngest(b *testing.B) {
	const batch = 500
	s := fresh(b, cache.Options{}).(*Store)
	defer s.Close() //nolint:errcheck // the test is over
	ctx := b.Context()
	lease, err := s.Acquire(ctx, "source/reference", time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	var floor, packing, store time.Duration
	n := 0
	for b.Loop() {
		changes := make([]feeds.Change, batch)
		bodies := make([][]byte, batch)
		for i := range changes {
			changes[i] = cachetest.Reference(n + i)
			it := *changes[i].Item
			it.Source = "reference"
			changes[i].Item = &it
		}
		start := time.Now()
		for i, c := range changes {
			bodies[i] = cache.Compress(cache.EncodeItem(c.Item))
		}
		packing += time.Since(start)
		start = time.Now()
		pipeline(b, s, n, changes, bodies)
		floor += time.Since(start)
		start = time.Now()
		if _, err := s.Put(ctx, lease, changes...); err != nil {
			b.Fatal(err)
		}
		store += time.Since(start)
		n += batch
	}
	b.ReportMetric(float64(n)/floor.Seconds(), "floor-items/s")
	b.ReportMetric(float64(n)/store.Seconds(), "items/s")
	b.ReportMetric(floor.Seconds()/store.Seconds(), "of-floor")
	b.ReportMetric((floor+packing).Seconds()/store.Seconds(), "of-packing-floor")
}

// pipeline writes bodies and index entries and nothing else.
func pipeline(tb testing.TB, s *Store, from int, changes []feeds.Change, bodies [][]byte) {
	tb.Helper()
	ctx := tb.Context()
	p := s.client.Pipeline()
	for i, c := range changes {
		m := member(uint64(from + i + 1))
		p.Set(ctx, "floor:"+s.keys.body(m), bodies[i], 0)
		second := float64(c.Item.Published.Unix())
		for _, t := range feeds.Topics(c.Item) {
			name := token(t.Topic)
			p.ZAdd(ctx, "floor:"+s.keys.published(name), goredis.Z{Score: second, Member: m})
			p.ZAdd(ctx, "floor:"+s.keys.arrived(name), goredis.Z{Score: second, Member: m})
		}
	}
	if _, err := p.Exec(ctx); err != nil {
		tb.Fatal(err)
	}
}

// TestMemory measures what an item takes in Redis, ledger, indexes, versions and log included (target P9: at most 4 kB
// with a compressed body of 1.4 kB). It prints where the memory goes.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 20,000 items")
	}
	const items = 20_000
	server := redistest.New(t, "--save", "")
	s := open(t, settings{url: server.URL})
	defer s.Close() //nolint:errcheck // the test is over
	ctx := t.Context()
	lease, err := s.Acquire(ctx, "source/reference", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	before, body := used(t, s), 0
	for i := 0; i < items; i += 500 {
		changes := make([]feeds.Change, 500)
		for j := range changes {
			changes[j] = cachetest.Reference(i + j)
			it := changes[j].Item
			it.Content = it.Content[:2520] // as much as compresses to the 1.4 kB of the target
			body += len(cache.Compress(cache.EncodeItem(changes[j].Item)))
		}
		if _, err := s.Put(ctx, lease, changes...); err != nil {
			t.Fatal(err)
		}
	}
	each := (used(t, s) - before) / items
	t.Logf("%d B of Redis memory an item, compressed body %d B", each, body/items)
	t.Logf("by kind of key: %s", byKind(ctx, t, s, items))
	if each > 4<<10 {
		t.Errorf("an item takes %d B of Redis memory, at most 4 kB are wanted", each)
	}
}

// used is the memory that Redis uses, in bytes.
func used(t *testing.T, s *Store) int {
	t.Helper()
	info, err := s.client.Info(t.Context(), "memory").Result()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(info) {
		if v, ok := strings.CutPrefix(line, "used_memory:"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(v))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("no used_memory in INFO")
	return 0
}

// byKind sums MEMORY USAGE by kind of key, in bytes an item.
func byKind(ctx context.Context, t *testing.T, s *Store, items int) string {
	t.Helper()
	sums := map[string]int64{}
	keys := s.client.Scan(ctx, 0, "*", 1000).Iterator()
	for keys.Next(ctx) {
		key := keys.Val()
		kind, tagged := strings.CutPrefix(key, s.keys.tag)
		if kind, _, _ = strings.Cut(kind, ":"); !tagged {
			kind = "bodies"
		}
		n, err := s.client.MemoryUsage(ctx, key, 100).Result()
		if err != nil {
			t.Fatal(err)
		}
		sums[kind] += n
	}
	if err := keys.Err(); err != nil {
		t.Fatal(err)
	}
	for k := range sums {
		sums[k] /= int64(items)
	}
	return fmt.Sprint(sums)
}

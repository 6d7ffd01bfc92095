package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"feedmill/cache"
	"feedmill/cache/redis"
	"feedmill/feeds"
)

// redisItems is how many items P9 stores.
const redisItems = 20_000

// redisIngest measures P9: Put beside bare pipelined commands with the same bodies and as many index entries.
func (b *bench) redisIngest(map[string]bool) error {
	b.say("P9: ingest into Redis")
	server, err := exec.LookPath("redis-server")
	if err != nil {
		return errors.New("redis-server is not installed (make check installs it)")
	}
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	port := addr[strings.LastIndexByte(addr, ':')+1:]
	p, err := b.start(addr, "", nil, server, "--port", port, "--save", "", "--appendonly", "no", "--dir", b.dir)
	if err != nil {
		return err
	}
	defer p.close()
	client := goredis.NewClient(&goredis.Options{Addr: addr})
	defer client.Close()
	if err := b.until("redis", func() bool { return client.Ping(b.ctx).Err() == nil }); err != nil {
		return err
	}
	items, bodies := redisInput()
	var ours, floors, ratio []float64
	memory := int64(0)
	for range 3 {
		floor, err := bareIngest(b.ctx, client, bodies)
		if err != nil {
			return err
		}
		got, mem, err := storeIngest(b.ctx, client, "redis://"+addr+"/0", items)
		if err != nil {
			return err
		}
		ours, floors, ratio, memory = append(ours, got), append(floors, floor), append(ratio, got/floor), mem
	}
	r := median(ratio)
	b.add("P9", fmt.Sprintf("%d items into Redis", redisItems), fmt.Sprintf("%.0f items/s", median(ours)),
		fmt.Sprintf("SET + %d ZADD %.0f/s", indexEntries, median(floors)), fmt.Sprintf("ratio %.2f of 0.30", r), r >= 0.3)
	b.add("P9", fmt.Sprintf("memory an item, body %d B", averageLen(bodies)), fmt.Sprintf("%d B", memory), "-", "4096 B", memory <= 4096)
	return nil
}

// indexEntries is what an item of the reference site has: all, category, tag, source, author and language, each by
// publication and by arrival.
const indexEntries = 12

func redisInput() (items []feeds.Change, bodies [][]byte) {
	s := newSite()
	for i := range redisItems {
		p := s.post(i)
		front, body, _ := strings.Cut(p.text[4:], "---\n")
		get := func(key string) string {
			_, rest, _ := strings.Cut(front, key+": ")
			value, _, _ := strings.Cut(rest, "\n")
			return strings.Trim(value, `"`)
		}
		date, err := time.Parse("2006-01-02 15:04:05 -0700", get("date"))
		if err != nil {
			panic(err) // the generator writes this form
		}
		it := &feeds.Item{
			Source: "bench", URL: "https://news.example.com/" + p.name, Title: get("title"), Content: body,
			Categories: []string{get("categories")}, Tags: []string{get("tags")}, Language: "zh-CN",
			Authors: []feeds.Person{{Name: "编辑部"}}, Published: date, Updated: date,
		}
		c := feeds.Change{Source: "bench", Key: "_posts/" + p.name, Wish: it.URL, Raw: uint64(i) + 1, Item: it}
		items = append(items, c)
		bodies = append(bodies, cache.Compress(cache.EncodeItem(it)))
	}
	return items, bodies
}

func averageLen(bodies [][]byte) int {
	n := 0
	for _, b := range bodies {
		n += len(b)
	}
	return n / len(bodies)
}

// bareIngest is the floor: the same bodies and index entries, without ledger, versions, log or atomicity.
func bareIngest(ctx context.Context, c *goredis.Client, bodies [][]byte) (float64, error) {
	if err := c.FlushAll(ctx).Err(); err != nil {
		return 0, err
	}
	started := time.Now()
	for i := 0; i < len(bodies); i += 500 {
		pipe := c.Pipeline()
		for j := i; j < min(i+500, len(bodies)); j++ {
			pipe.Set(ctx, "b:"+strconv.Itoa(j), bodies[j], 0)
			for k := range indexEntries {
				pipe.ZAdd(ctx, "i:"+strconv.Itoa(k*997+j%(1+k*40)), goredis.Z{Score: float64(1577836800 + j*420), Member: strconv.Itoa(j)})
			}
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return 0, err
		}
	}
	return float64(len(bodies)) / time.Since(started).Seconds(), nil
}

func storeIngest(ctx context.Context, c *goredis.Client, url string, items []feeds.Change) (rate float64, perItem int64, err error) {
	if err := c.FlushAll(ctx).Err(); err != nil {
		return 0, 0, err
	}
	before, err := usedMemory(ctx, c)
	if err != nil {
		return 0, 0, err
	}
	store, err := redis.Open(ctx, url, redis.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return 0, 0, err
	}
	defer store.Close()
	lease, err := store.Acquire(ctx, "source/bench", 10*time.Minute)
	if err != nil {
		return 0, 0, err
	}
	started := time.Now()
	for i := 0; i < len(items); i += 500 {
		batch := make([]feeds.Change, 0, 500)
		for _, c := range items[i:min(i+500, len(items))] {
			it := *c.Item
			c.Item = &it
			batch = append(batch, c)
		}
		if _, err := store.Put(ctx, lease, batch...); err != nil {
			return 0, 0, err
		}
	}
	rate = float64(len(items)) / time.Since(started).Seconds()
	after, err := usedMemory(ctx, c)
	return rate, (after - before) / int64(len(items)), err
}

func usedMemory(ctx context.Context, c *goredis.Client) (int64, error) {
	info, err := c.Info(ctx, "memory").Result()
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(info, "used_memory:")
	n, _, _ := strings.Cut(rest, "\r")
	return strconv.ParseInt(n, 10, 64)
}

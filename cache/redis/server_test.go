package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"feedmill/cache"
	"feedmill/cache/redis/redistest"
	"feedmill/feeds"
)

func post(key string, raw uint64) feeds.Change {
	return feeds.Change{Key: key, Raw: raw, Item: &feeds.Item{
		Title: fmt.Sprint(key, " ", raw), Content: "<p>words</p>", Categories: []string{"X"},
	}}
}

// put stores changes of source s.
func put(t *testing.T, s *Store, lease cache.Lease, changes ...feeds.Change) []feeds.Accepted {
	t.Helper()
	acc, err := s.Put(t.Context(), lease, changes...)
	if err != nil {
		t.Fatal(err)
	}
	return acc
}

func lease(t *testing.T, s *Store) cache.Lease {
	t.Helper()
	l, err := s.Acquire(t.Context(), "source/s", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestRestart stops the server and starts it again: writes fail as unavailable meanwhile, Wait waits, and then
// everything goes on.
func TestRestart(t *testing.T) {
	server := redistest.New(t, "--appendonly", "yes", "--appendfsync", "always")
	s := open(t, settings{url: server.URL})
	defer s.Close() //nolint:errcheck // nothing was promised
	l := lease(t, s)
	put(t, s, l, post("a", 1))
	cursor, err := s.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- s.Wait(t.Context(), cursor) }()

	server.Stop()
	if _, err := s.Put(t.Context(), l, post("b", 1)); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Put without a server: %v", err)
	}
	if _, err := s.Recent(t.Context(), feeds.All, feeds.ByPublished, feeds.Pos{}, 10); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Recent without a server: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Wait(ctx, cursor); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait without a server: %v", err)
	}
	select {
	case err := <-waited:
		t.Errorf("Wait gave up: %v", err)
	default:
	}

	server.Start(t)
	if acc := put(t, s, l, post("a", 1), post("b", 1)); acc[0].Kind != feeds.Unchanged || acc[1].Kind != feeds.Baseline {
		t.Errorf("after the restart: %+v", acc)
	}
	select {
	case err := <-waited:
		if err != nil {
			t.Errorf("Wait: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("Wait did not see the entry behind the restart")
	}
	if log, err := s.After(t.Context(), cursor, 10); err != nil || len(log) != 1 {
		t.Errorf("log behind the restart: %+v, %v", log, err)
	}
}

// TestLostWrites stands for a failover to a server that had not got everything yet.
func TestLostWrites(t *testing.T) {
	s := fresh(t, cache.Options{}).(*Store)
	defer s.Close() //nolint:errcheck // nothing was promised
	ctx, l := t.Context(), lease(t, s)
	put(t, s, l, post("a", 1))
	before := dump(t, s)
	put(t, s, l, post("b", 1))
	cursor, err := s.Tail(ctx)
	if err != nil {
		t.Fatal(err)
	}
	restore(t, s, before)
	if _, err := s.After(ctx, cursor, 10); !errors.Is(err, cache.ErrRegressed) {
		t.Errorf("After a cursor that was lost: %v", err)
	}
	if err := s.Wait(ctx, cursor); err != nil {
		t.Errorf("Wait for a cursor that was lost returns, so that After can say so: %v", err)
	}
	// Later entries have greater cursors: the loss shows all the same.
	put(t, s, l, post("c", 1))
	if log, err := s.After(ctx, cursor, 10); !errors.Is(err, cache.ErrRegressed) {
		t.Errorf("After a cursor that was lost, with later entries: %+v, %v", log, err)
	}
	if acc := put(t, s, l, post("b", 1)); acc[0].Kind != feeds.Baseline {
		t.Errorf("the lost item again: %+v", acc)
	}
	page, err := s.Recent(ctx, feeds.All, feeds.ByArrival, feeds.Pos{}, 10)
	if err != nil || len(page.Items) != 3 {
		t.Errorf("%d items, %v", len(page.Items), err)
	}
}

func dump(t *testing.T, s *Store) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, key := range s.client.Keys(t.Context(), s.keys.tag+"*").Val() {
		out[key] = s.client.Dump(t.Context(), key).Val()
	}
	return out
}

// restore puts the keys back that share the tag; bodies stay, as on other nodes of a Cluster.
func restore(t *testing.T, s *Store, keys map[string]string) {
	t.Helper()
	for _, key := range s.client.Keys(t.Context(), s.keys.tag+"*").Val() {
		s.client.Del(t.Context(), key)
	}
	for key, value := range keys {
		if err := s.client.Restore(t.Context(), key, 0, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestScriptFlush forgets the scripts on the server.
func TestScriptFlush(t *testing.T) {
	server := redistest.New(t, "--save", "")
	s := open(t, settings{url: server.URL})
	defer s.Close() //nolint:errcheck // nothing was promised
	l := lease(t, s)
	for i := range uint64(3) {
		put(t, s, l, post("a", i+1))
		if err := s.client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFull fills the memory of the server, makes it a replica, and frees it again.
func TestFull(t *testing.T) {
	server := redistest.New(t, "--save", "")
	s := open(t, settings{url: server.URL})
	defer s.Close() //nolint:errcheck // nothing was promised
	ctx, l := t.Context(), lease(t, s)
	put(t, s, l, post("a", 1))
	for _, full := range []struct{ what, set, value, back string }{
		{"memory", "maxmemory", "1", "0"},
		{"disk", "min-replicas-to-write", "1", "0"},
	} {
		if err := s.client.ConfigSet(ctx, full.set, full.value).Err(); err != nil {
			t.Fatal(err)
		}
		want := cache.ErrFull
		if full.what == "disk" {
			want = cache.ErrUnavailable // NOREPLICAS: it comes back by itself
		}
		if _, err := s.Put(ctx, l, post("a", 2)); !errors.Is(err, want) {
			t.Errorf("%s: Put: %v", full.what, err)
		}
		if err := s.Write(ctx, cache.Lease{}, cache.Edit{Bucket: "b", Key: "k", Value: []byte("v")}); !errors.Is(err, want) {
			t.Errorf("%s: Write: %v", full.what, err)
		}
		if page, err := s.Recent(ctx, feeds.All, feeds.ByPublished, feeds.Pos{}, 10); err != nil || len(page.Items) != 1 {
			t.Errorf("%s: Recent: %d items, %v", full.what, len(page.Items), err)
		}
		if err := s.client.ConfigSet(ctx, full.set, full.back).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.client.Do(ctx, "REPLICAOF", "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(ctx, l, post("a", 2)); !errors.Is(err, cache.ErrFull) {
		t.Errorf("replica: Put: %v", err)
	}
	reader := open(t, settings{url: server.URL})
	if page, err := reader.Recent(ctx, feeds.All, feeds.ByPublished, feeds.Pos{}, 10); err != nil || len(page.Items) != 1 {
		t.Errorf("replica: Recent: %d items, %v", len(page.Items), err)
	}
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
	if err := s.client.Do(ctx, "REPLICAOF", "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	if acc := put(t, s, l, post("a", 2)); acc[0].Kind != feeds.Changed {
		t.Errorf("afterwards: %+v", acc)
	}
}

func TestSchema(t *testing.T) {
	url := redistest.URL(t)
	s := open(t, settings{url: url})
	defer s.Close() //nolint:errcheck // nothing was promised
	if err := s.client.HSet(t.Context(), s.keys.meta(), "schema", schema+1).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), url, Options{}); !errors.Is(err, cache.ErrSchema) {
		t.Errorf("a store of a newer version: %v", err)
	}
}

func TestPrefixes(t *testing.T) {
	server := redistest.New(t, "--save", "")
	one, two := open(t, settings{url: server.URL + "?prefix=one"}), open(t, settings{url: server.URL + "?prefix=two"})
	defer one.Close() //nolint:errcheck // nothing was promised
	defer two.Close() //nolint:errcheck // nothing was promised
	put(t, one, lease(t, one), post("a", 1))
	if acc := put(t, two, lease(t, two), post("a", 1)); acc[0].Kind != feeds.Baseline {
		t.Errorf("%+v", acc)
	}
	for _, key := range one.client.Keys(t.Context(), "*").Val() {
		if !strings.HasPrefix(key, "one:") && !strings.HasPrefix(key, "{one}:") && !strings.HasPrefix(key, "two:") && !strings.HasPrefix(key, "{two}:") {
			t.Errorf("key %q belongs to nobody", key)
		}
	}
}

// TestWarnings says what the server may lose, and keeps the password to itself.
func TestWarnings(t *testing.T) {
	const secret = "open-sesame"
	server := redistest.New(t, "--save", "", "--maxmemory-policy", "allkeys-lru")
	admin := open(t, settings{url: server.URL})
	defer admin.Close() //nolint:errcheck // nothing was promised
	if err := admin.client.ConfigSet(t.Context(), "requirepass", secret).Err(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	handler := slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})
	url := strings.Replace(server.URL, "unix://", "unix://:"+secret+"@", 1)
	s, err := Open(t.Context(), url, Options{Log: slog.New(handler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"maxmemory-policy noeviction", "appendonly yes"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no warning to set %s in:\n%s", want, &log)
		}
	}
	_, err = Open(t.Context(), strings.Replace(url, secret, secret+"-wrong", 1), Options{Log: slog.New(handler)})
	if !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("wrong password: %v", err)
	}
	if strings.Contains(fmt.Sprint(err, &log), secret) {
		t.Errorf("the password shows: %v\n%s", err, &log)
	}
}

// TestBodies looks behind the promises: every body is referred to or listed to be deleted, and is deleted.
func TestBodies(t *testing.T) {
	s := fresh(t, cache.Options{}).(*Store)
	defer s.Close() //nolint:errcheck // nothing was promised
	ctx, l := t.Context(), lease(t, s)
	for i := range uint64(5) {
		put(t, s, l, post("a", i), post("b", i), post("c", i))
	}
	put(t, s, l, feeds.Change{Key: "b"})
	// A process that ended between writing bodies and the commit:
	if err := s.writeBodies(ctx, time.Now().Unix(), []body{{bodyName(member(9), nonce()), []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	bodies := func() int { return len(s.client.Keys(ctx, s.keys.prefix+"*").Val()) }
	if n := bodies(); n != 16 {
		t.Fatalf("%d bodies, want 15 and the orphan", n)
	}
	if n := s.client.ZCard(ctx, s.keys.gone()).Val(); n != 14 {
		t.Errorf("%d bodies are listed as referred to by nobody, want 12 old ones, the withdrawn b and the orphan", n)
	}
	maintain := func(ahead time.Duration) {
		t.Helper()
		s.offset.Store(int64(ahead / time.Second))
		for {
			next, err := s.Maintain(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if now, err := s.Now(ctx); err != nil || next.After(now) {
				return
			}
		}
	}
	maintain(0)
	if n := bodies(); n != 16 {
		t.Errorf("%d bodies at once, want 16: readers may be about to read the old ones", n)
	}
	maintain(time.Hour)
	if n := bodies(); n != 3 {
		t.Errorf("%d bodies after an hour, want those of a and c and the withdrawn b", n)
	}
	maintain(cache.KeepGone + time.Hour)
	maintain(cache.KeepGone + 2*time.Hour)
	if n, left := bodies(), s.client.ZCard(ctx, s.keys.gone()).Val(); n != 2 || left != 0 {
		t.Errorf("%d bodies, %d to be deleted after %v, want 2 and none", n, left, cache.KeepGone)
	}
	s.offset.Store(0)
	if acc := put(t, s, l, post("b", 9)); acc[0].Kind != feeds.Restored {
		t.Errorf("b again: %+v", acc)
	}
	if page, err := s.Recent(ctx, feeds.All, feeds.ByPublished, feeds.Pos{}, 10); err != nil || len(page.Items) != 3 {
		t.Errorf("%d items, %v", len(page.Items), err)
	}
}

// TestLostBody leaves out an item whose body a failover lost, and says so.
func TestLostBody(t *testing.T) {
	var log bytes.Buffer
	s, err := Open(t.Context(), redistest.URL(t), Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // nothing was promised
	put(t, s, lease(t, s), post("a", 1), post("b", 1))
	s.client.Del(t.Context(), s.client.Keys(t.Context(), s.keys.prefix+"*").Val()[0])
	page, err := s.Recent(t.Context(), feeds.All, feeds.ByPublished, feeds.Pos{}, 10)
	if err != nil || len(page.Items) != 1 || !strings.Contains(log.String(), "bodies of items are missing") {
		t.Errorf("%d items, %v, log %s", len(page.Items), err, &log)
	}
}

// TestNoLeaks ends everything that a store started.
func TestNoLeaks(t *testing.T) {
	url := redistest.URL(t) // the server is not ours to end
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s, err := Open(t.Context(), url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 2)
	for range 2 {
		go func() { waited <- s.Wait(context.Background(), "") }()
	}
	for waiting := 0; waiting < 2; {
		time.Sleep(time.Millisecond)
		s.tail.mu.Lock()
		waiting = s.tail.waiting
		s.tail.mu.Unlock()
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-waited; !errors.Is(err, cache.ErrUnavailable) {
			t.Errorf("Wait after Close: %v", err)
		}
	}
	if _, err := s.Tail(t.Context()); !errors.Is(err, cache.ErrUnavailable) || !errors.Is(err, goredis.ErrClosed) {
		t.Errorf("Tail after Close: %v", err)
	}
}

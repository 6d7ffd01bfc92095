package push_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/cache/redis"
	"feedmill/cache/redis/redistest"
	"feedmill/feeds/push"
)

// onRedis is a world on a real Redis, where time is what it is.
func onRedis(t *testing.T) (w *world, another func() cache.Store) {
	t.Helper()
	url := redistest.URL(t)
	another = func() cache.Store {
		s, err := redis.Open(t.Context(), url, redis.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	}
	return &world{T: t, store: another(), real: true, logs: &logs{}, leases: map[string]cache.Lease{}, put: map[string]int{}}, another
}

// until waits for a state. Its limit is for a machine under load: no test depends on how fast one is.
func (w *world) until(what string, yes func() bool) {
	w.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !yes(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("two minutes are over without %s\n%s", what, strings.Join(w.logs.lines, "\n"))
		}
	}
}

// begun waits until every target has its bookmark.
func (w *world) begun() {
	w.Helper()
	w.until("bookmarks", func() bool { return w.notes("push")["push"] == len(w.specs) })
}

// TestRedisCrash is [TestCrash] on a real Redis, with less of everything: no loss, order, and repeats only where something was
// unclear, wherever processes die.
func TestRedisCrash(t *testing.T) {
	t.Parallel()
	w, another := onRedis(t)
	w.baseline("a", "b")
	rng := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	var all []*platform
	for i := range 3 {
		p := &platform{script: &script{name: fmt.Sprintf("t%d", i), most: []int{0, 8, 3}[i]}, w: w, early: map[time.Time]request{}, rng: rand.New(rand.NewPCG(rng.Uint64(), 1)), hurry: true}
		p.rate = push.Rate{Count: 15, Per: time.Second}
		p.limits = []push.Bucket{{Key: p.name, Rates: []push.Rate{p.rate}}}
		p.answer = p.decide
		all = append(all, p)
		w.specs = append(w.specs, p.spec(func(s *push.Spec) { s.Kind.Data = true }))
	}
	store := w.store // that of the process under way
	var over *fused
	start := func() {
		over = newFused(store)
		over.lost = true
		w.over = over
		w.start()
	}
	start()
	w.begun()
	var died []death
	var ids []string
	bury := func() {
		w.kill()
		died = append(died, death{over.died(), time.Now()})
		over.expire(w.Context()) // a quarter of a minute later
		store = another()
		start()
	}
	for range 5 {
		over.light(1+rng.IntN(12), rng.IntN(2) == 0)
		for over.died().IsZero() {
			ids = append(ids, w.news([]string{"a", "b"}[rng.IntN(2)], 1+rng.IntN(7))...)
			time.Sleep(time.Duration(rng.IntN(60)) * time.Millisecond)
		}
		bury()
	}
	over.light(0, false)
	for _, p := range all {
		p.soothe()
	}
	if !over.died().IsZero() {
		bury()
	}
	for i, p := range all {
		w.until("every item at "+p.name, func() bool {
			st := w.courier.Status()[i]
			return st.State == push.Idle && len(ids) <= len(p.items())
		})
	}
	w.kill()
	items, repeats := 0, 0
	for _, p := range all {
		took, again := p.check(ids, died, 10*time.Second)
		items, repeats = items+took, repeats+again
	}
	t.Logf("%d crashes, %d items at targets, %d repeats", len(died), items, repeats)
}

// TestRedisTakeover: of two processes one serves the target; the other goes on when the first ends, and when it is cut off.
func TestRedisTakeover(t *testing.T) {
	t.Parallel()
	w, another := onRedis(t)
	w.baseline("a")
	to := &script{name: "t"}
	w.specs = []push.Spec{to.spec()}
	state := func(p *process, want push.State) func() bool {
		return func() bool { return p.Status()[0].State == want }
	}
	first := w.process(another(), "")
	w.begun() // by the first one: idle is also one that has not asked yet
	second := w.process(another(), "")
	w.until("a second one that waits", state(second, push.Elsewhere))
	ids := w.news("a", 5)
	w.until("the first items", func() bool { return len(to.items()) == 5 })
	first.stop()
	ids = append(ids, w.news("a", 5)...)
	w.until("the items after a handover", func() bool { return len(to.items()) == 10 })

	third := w.process(another(), "")
	w.until("a third one that waits", state(third, push.Elsewhere))
	second.over.down.Store(true)
	ids = append(ids, w.news("a", 5)...)
	w.until("the items after the second was cut off", func() bool { return len(to.items()) >= 15 })
	second.over.down.Store(false)
	w.until("the second one to know", state(second, push.Elsewhere))
	w.until("the third one to rest", state(third, push.Idle))
	if got := to.items(); !slices.Equal(got[:10], ids[:10]) || !slices.Equal(slices.Compact(got), ids) {
		t.Errorf("got %v", got)
	}
}

// TestRedisLimit: two processes that send with one credential stay within its limits together.
func TestRedisLimit(t *testing.T) {
	t.Parallel()
	w, another := onRedis(t)
	w.baseline("a")
	rate := push.Rate{Count: 4, Per: time.Second}
	shared := []push.Bucket{{Key: push.KeyOf("secret"), Rates: []push.Rate{rate}}}
	all := []*script{{name: "t0", most: 1, limits: shared}, {name: "t1", most: 1, limits: shared}}
	for _, s := range all {
		w.specs = append(w.specs, s.spec(func(s *push.Spec) { s.Kind.Data = true }))
	}
	a, b := w.process(another(), "t1"), w.process(another(), "t0")
	w.begun()
	w.until("a target in each process", func() bool {
		return a.Status()[0].State == push.Idle && b.Status()[1].State == push.Idle
	})
	ids := w.news("a", 12)
	for _, s := range all {
		w.until("all items at "+s.name, func() bool { return len(s.items()) >= len(ids) })
		same(t, s.name, s.items(), ids)
	}
	within(t, "both", rate, all[0].got(), all[1].got())
}

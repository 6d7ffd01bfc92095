package push_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/feeds"
	"feedmill/feeds/push"
)

// platform is a target that fails at random, and knows what it really took.
type platform struct {
	*script
	w    *world
	mu   sync.Mutex
	rng  *rand.Rand
	calm bool
	rate push.Rate
	took []taken
	// not is until when it wants no request, told when it said so, and early are the requests that came all the same.
	not, told time.Time
	early     map[time.Time]request // by told
	// hurry makes everything that takes time take a hundredth of it.
	hurry bool
}

// taken is a message that the platform has, whatever it answered.
type taken struct {
	request
	end       time.Time
	ambiguous bool // the answer said nothing certain
}

func (p *platform) decide(_ int, r request) (push.Receipt, error) {
	p.mu.Lock()
	if r.At.Before(p.not) {
		p.early[p.told] = r
	}
	what, how := p.rng.IntN(100), p.rng.Float64()
	if p.calm {
		what = 99
	}
	p.mu.Unlock()
	if p.hurry {
		how /= 100
	}
	take := func(ambiguous bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.took = append(p.took, taken{r, time.Now(), ambiguous})
	}
	switch {
	case what < 8:
		return "", fails(push.Transient, "http 503")
	case what < 12: // hangs, and has it
		time.Sleep(time.Duration(how * float64(20*time.Second)))
		take(true)
		return "", &push.Error{Class: push.Transient, Code: "timeout", Ambiguous: true}
	case what < 16: // hangs, and has it not
		time.Sleep(time.Duration(how * float64(20*time.Second)))
		return "", &push.Error{Class: push.Transient, Code: "timeout", Ambiguous: true}
	case what < 19:
		wait := time.Duration(how * float64(5*time.Minute))
		p.mu.Lock()
		p.told = time.Now()
		p.not = p.told.Add(wait)
		p.mu.Unlock()
		return "", &push.Error{Class: push.RateLimited, Code: "http 429", RetryAfter: wait}
	case what < 40:
		time.Sleep(time.Duration(how * float64(2*time.Second)))
	}
	take(false)
	return push.Receipt(r.ID), nil
}

// TestCrash: whatever fails and wherever the process dies, every item arrives at every target, in order; again only if a request was
// under way at a crash or ended without a clear answer, and then under the same ID; and no request is made before its time.
func TestCrash(t *testing.T) {
	seeds := 30
	if testing.Short() {
		seeds = 5
	}
	var crashes, repeats, items int
	for seed := range seeds {
		inWorld(t, func(w *world) { crash(w, uint64(seed), &crashes, &repeats, &items) })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d crashes, %d items at targets, %d repeats", crashes, items, repeats)
	if crashes < seeds || repeats == 0 {
		t.Errorf("%d crashes and %d repeats: the test tries too little", crashes, repeats)
	}
}

func crash(w *world, seed uint64, crashes, repeats, items *int) {
	rng := rand.New(rand.NewPCG(seed, 5))
	w.baseline("a", "b", "c")
	var all []*platform
	var specs []push.Spec
	for i := range 4 {
		p := &platform{script: &script{name: fmt.Sprintf("t%d", i), most: []int{0, 8, 3, 20}[i]}, w: w, early: map[time.Time]request{}, rng: rand.New(rand.NewPCG(seed, uint64(i)))}
		p.rate = push.Rate{Count: 10, Per: 20 * time.Second}
		p.limits = []push.Bucket{{Key: p.name, Rates: []push.Rate{p.rate}}}
		p.answer = p.decide
		all = append(all, p)
		specs = append(specs, p.spec(func(s *push.Spec) {
			if i < 3 {
				s.Kind.Data, s.Topics = true, []feeds.Topic{feeds.NewTopic("source", "a"), feeds.NewTopic("source", "b")}
			} // else it is for people, who get one digest of a flood
		}))
	}
	var over *fused
	start := func() {
		over = newFused(w.store)
		w.over = over
		w.start(specs...)
	}
	start()
	var died []death
	var ids []string
	floods := 0
	var flooded []string
	for range 60 {
		if rng.IntN(20) == 0 {
			floods++
			flooded = append(flooded, w.news("c", 60+rng.IntN(100))...)
		}
		switch rng.IntN(4) {
		case 0, 1:
			ids = append(ids, w.news("a", 1+rng.IntN(3))...)
		case 2:
			n := 1 + rng.IntN(30)
			if n > 20 { // it may be one for who knows little of the source yet
				floods++
			}
			ids = append(ids, w.news("b", n)...)
		}
		synctest.Wait()
		if over.died().IsZero() && rng.IntN(3) == 0 {
			over.light(1+rng.IntN(12), rng.IntN(2) == 0)
		}
		w.pass(time.Duration(rng.Float64() * float64(40*time.Second)))
		if at := over.died(); !at.IsZero() {
			died = append(died, death{at, at})
			w.kill()
			start()
		}
	}
	over.light(0, false)
	for _, p := range all {
		p.soothe()
	}
	if !over.died().IsZero() {
		died = append(died, death{over.died(), over.died()})
		w.kill()
		start()
	}
	w.pass(6 * time.Hour)
	synctest.Wait()
	*crashes += len(died)
	for _, p := range all[:3] {
		took, again := p.check(ids, died, 0)
		*items += took
		*repeats += again
	}
	all[3].checkFloods(append(flooded, ids...), floods)
}

// checkFloods holds that each item was shown, in order, or is in the number of a digest.
func (p *platform) checkFloods(ids []string, floods int) {
	w := p.w
	more, shown := map[string]int{}, map[string]bool{}
	for _, m := range p.took {
		more[m.ID] = m.More
		for _, id := range m.Items {
			shown[id] = true
		}
	}
	n, digests := len(shown), 0
	for _, m := range more {
		n += m
		if m > 0 {
			digests++
		}
	}
	if n != len(ids) {
		w.Errorf("%s: %d items are shown and %d counted, of %d", p.name, len(shown), n-len(shown), len(ids))
	}
	if warned := w.logs.with("many items at once"); warned > floods || digests > floods {
		w.Errorf("%s: %d warnings and %d digests of %d floods", p.name, warned, digests, floods)
	}
}

// death is when a process died, and when the last of its requests was over.
type death struct{ at, over time.Time }

// check holds what the platform took to what a courier promises: every item, in order; again only if a request was under way
// when the process died, which was noticed at most late afterwards, or ended without a clear answer, and then under the same ID;
// and no request before its time. It answers how many items were taken, and how many of them again.
func (p *platform) check(ids []string, died []death, late time.Duration) (items, repeats int) {
	w := p.w
	p.mu.Lock()
	defer p.mu.Unlock()
	requests := p.got()
	var first []string
	last := map[string]taken{}
	for _, m := range p.took {
		for _, id := range m.Items {
			items++
			before, again := last[id]
			if !again {
				first = append(first, id)
			} else {
				repeats++
				inFlight := slices.ContainsFunc(died, func(d death) bool {
					return !d.over.Before(before.At) && (!d.at.After(before.end) || late > 0 && !d.at.After(before.end.Add(late)) &&
						!slices.ContainsFunc(requests, func(r request) bool { return r.At.After(before.At) && r.At.Before(d.at) }))
				})
				if !before.ambiguous && !inFlight {
					w.Errorf("%s: %s arrived at %s and again at %s, though the first time was certain", p.name, id, before.end, m.At)
				}
				if before.ID != m.ID {
					w.Errorf("%s: %s arrived again under another ID", p.name, id)
				}
			}
			last[id] = m
		}
	}
	if w.logs.with("fails while others get through") == 0 {
		same(w, p.name+": items in order", first, ids)
	} else {
		slices.Sort(first)
		same(w, p.name+": items", first, slices.Sorted(slices.Values(ids)))
	}
	for told, r := range p.early {
		if !slices.ContainsFunc(died, func(d death) bool { return !d.over.Before(told) && !d.at.After(told.Add(late)) }) { // else the answer was lost with the process
			w.Errorf("%s: at %s it asked for a pause; a request came at %s", p.name, told, r.At)
		}
	}
	within(w, p.name, p.rate, requests)
	return items, repeats
}

// soothe lets nothing fail any more.
func (p *platform) soothe() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calm = true
}

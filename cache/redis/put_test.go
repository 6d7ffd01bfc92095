package redis

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/cache/redis/redistest"
	"feedmill/feeds"
)

// TestPutAhead states the same keys again behind a chunk's end: what is prepared early must not have missed the chunk
// before it.
func TestPutAhead(t *testing.T) {
	s := fresh(t, cache.Options{}).(*Store)
	defer s.Close() //nolint:errcheck // nothing was promised
	l := lease(t, s)
	var changes []feeds.Change
	for _, raw := range []uint64{1, 2, 1, 1} {
		for i := range maxChunk {
			changes = append(changes, post(fmt.Sprint("k", i), raw))
		}
	}
	for i := range maxChunk {
		changes = append(changes, feeds.Change{Key: fmt.Sprint("k", i)})
	}
	want := []feeds.Kind{feeds.Baseline, feeds.Changed, feeds.Changed, feeds.Unchanged, feeds.Withdrawn}
	for round := range 2 {
		for i, a := range put(t, s, l, changes...) {
			if a.Kind != want[i/maxChunk] {
				t.Fatalf("round %d, change %d: %+v, want %s", round, i, a, want[i/maxChunk])
			}
		}
		want[0] = feeds.Restored
	}
}

// TestPutTogether puts to several sources at once, from handles of their own, with topics, spellings and IDs that all
// of them use for the first time.
func TestPutTogether(t *testing.T) {
	url := redistest.URL(t)
	const sources, items = 4, 250
	var done sync.WaitGroup
	for n := range sources {
		s := open(t, settings{url: url})
		defer s.Close() //nolint:errcheck // nothing was promised
		done.Go(func() {
			name := fmt.Sprint("s", n)
			l, err := s.Acquire(t.Context(), "source/"+name, time.Hour)
			if err != nil {
				t.Error(err)
				return
			}
			var changes []feeds.Change
			for i := range items {
				c := post(fmt.Sprint("k", i), 1)
				c.Wish = c.Key
				c.Item.Categories = []string{fmt.Sprint("C", i), fmt.Sprint("spelt", n, " ", i%7)}
				if n%2 == 0 {
					c.Item.Categories[0] = fmt.Sprint("c", i)
				}
				changes = append(changes, c)
			}
			if _, err := s.Put(t.Context(), l, changes...); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	s := open(t, settings{url: url})
	defer s.Close() //nolint:errcheck // nothing was promised
	list, err := s.Topics(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, ti := range list {
		want := map[string]int{"all": sources * items, "source": items}[ti.Topic.Kind]
		if ti.Topic.Kind == "category" && ti.Topic.Name[0] == 'c' {
			want = sources
		}
		if want > 0 && ti.Items != want {
			t.Errorf("%+v, want %d items", ti, want)
		}
	}
	if want := 1 + sources + items + 7*sources; len(list) != want {
		t.Errorf("%d topics, want %d", len(list), want)
	}
	log, err := s.After(t.Context(), "", 10_000)
	ids := map[string]bool{}
	for _, e := range log {
		ids[e.ID] = true
	}
	if err != nil || len(log) != sources*items || len(ids) != len(log) {
		t.Errorf("%d entries of %d items, %v", len(log), len(ids), err)
	}
}

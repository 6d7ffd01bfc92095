package cachetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/cache"
	"feedmill/feeds"
)

var logCases = []testCase{
	{
		name:    "log/empty",
		promise: "an empty log has the tail \"\" and no entries behind it",
		run: func(r *run) {
			if c := r.tail(); c != "" {
				r.Errorf("tail %q", c)
			}
			if got := r.log(""); len(got) != 0 {
				r.Errorf("entries %+v", got)
			}
		},
	},
	{
		name:    "log/after",
		promise: "After gives at most limit entries behind the cursor, oldest first; Tail is the newest of them",
		run: func(r *run) {
			r.live("s")
			var ids []string
			for i := range 10 {
				ids = append(ids, r.put1("s", post(fmt.Sprint("k", i)), feeds.New).ID)
			}
			for _, limit := range []int{1, 2, 3, 7, 10, 1000} {
				var got []string
				var cursor cache.Cursor
				for {
					entries, err := r.s.After(r.ctx, cursor, limit)
					r.ok("After", err)
					if len(entries) == 0 {
						break
					}
					if len(entries) > limit {
						r.Fatalf("%d entries for a limit of %d", len(entries), limit)
					}
					for _, e := range entries {
						got = append(got, e.ID)
						cursor = e.Cursor
					}
				}
				if !slices.Equal(got, ids) {
					r.Errorf("limit %d: %v, want %v", limit, got, ids)
				}
				if cursor != r.tail() {
					r.Errorf("limit %d: the last cursor is %q, the tail %q", limit, cursor, r.tail())
				}
			}
		},
	},
	{
		name:    "log/concurrent",
		promise: "no entry ever appears behind a cursor that After returned, also under concurrent Puts of several sources",
		run:     concurrentPuts,
	},
	{
		name:    "log/wait",
		promise: "Wait returns nil once there is an entry behind the cursor, or the context's error",
		run: func(r *run) {
			r.live("s")
			ctx, cancel := context.WithTimeout(r.ctx, 50*time.Millisecond)
			defer cancel()
			for err := error(nil); err == nil; { // it may return early
				err = r.s.Wait(ctx, "")
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					r.Errorf("Wait on an empty log: %v, want the deadline", err)
				}
			}
			other, done := r.replica()
			defer done()
			woken := make(chan error, 1)
			tail := r.tail()
			go func() {
				for {
					err := other.Wait(r.ctx, tail)
					if err != nil {
						woken <- err
						return
					}
					entries, err := other.After(r.ctx, tail, 1)
					if err != nil || len(entries) == 1 {
						woken <- err
						return
					}
				}
			}()
			time.Sleep(20 * time.Millisecond)
			r.put1("s", post("a"), feeds.New)
			r.ok("the waiting reader", <-woken)
			r.ok("Wait with an entry behind the cursor", r.s.Wait(r.ctx, tail))
			ctx, stop := context.WithCancel(r.ctx)
			stopped := make(chan error, 1)
			go func() {
				err := error(nil)
				for err == nil {
					err = r.s.Wait(ctx, r.tail())
				}
				stopped <- err
			}()
			time.Sleep(20 * time.Millisecond)
			stop()
			if err := <-stopped; !errors.Is(err, context.Canceled) {
				r.Errorf("Wait after its context was cancelled: %v", err)
			}
		},
	},
	{
		name:    "log/trimmed",
		promise: "behind the start of a trimmed log After fails with *TrimmedError, and After(First) goes on with the oldest entry that is left",
		opts:    cache.Options{LogEntries: 5},
		run: func(r *run) {
			for i := range 12 {
				r.put("s", post(fmt.Sprint("k", i)))
			}
			old := r.log("")
			r.maintain()
			for _, c := range []cache.Cursor{"", old[0].Cursor, old[5].Cursor} {
				var trimmed *cache.TrimmedError
				if _, err := r.s.After(r.ctx, c, 10); !errors.As(err, &trimmed) {
					r.Fatalf("After %q: %v, want a *TrimmedError", c, err)
				}
				left, err := r.s.After(r.ctx, trimmed.First, 10)
				r.ok("After(First)", err)
				if d := cmp.Diff(old[7:], left); d != "" {
					r.Errorf("After(First) (-want +got):\n%s", d)
				}
			}
			left, err := r.s.After(r.ctx, old[6].Cursor, 10)
			r.ok("After the entry before the oldest that is left", err)
			if len(left) != 5 {
				r.Errorf("%d entries, want 5", len(left))
			}
			if r.tail() != old[11].Cursor {
				r.Error("trimming moved the tail")
			}
			r.put("s", post("more"))
			if got := r.log(old[11].Cursor); len(got) != 1 {
				r.Errorf("behind the tail: %+v", got)
			}
		},
	},
	{
		name:    "log/age",
		promise: "entries older than LogFor are dropped",
		opts:    cache.Options{LogFor: time.Second},
		run: func(r *run) {
			r.put("s", post("a"), post("b"))
			tail := r.tail()
			r.until(r.now().Add(3 * time.Second))
			r.put("s", post("c"))
			r.maintain()
			var trimmed *cache.TrimmedError
			if _, err := r.s.After(r.ctx, "", 10); !errors.As(err, &trimmed) {
				r.Fatalf("After \"\": %v, want a *TrimmedError", err)
			}
			if got := r.log(tail); len(got) != 1 || got[0].ID != cacheID("s", "c") {
				r.Errorf("left: %+v", got)
			}
			r.until(r.now().Add(3 * time.Second))
			r.maintain()
			last := r.tail()
			if last == "" || len(r.log(last)) != 0 {
				r.Errorf("tail of a log that was trimmed to nothing: %q", last)
			}
			r.put("s", post("d"))
			if got := r.log(last); len(got) != 1 || got[0].ID != cacheID("s", "d") {
				r.Errorf("behind it: %+v", got)
			}
		},
	},
	{
		name:    "log/regressed",
		promise: "After fails with ErrRegressed when the log ends before the cursor",
		run: func(r *run) {
			r.put("s", post("a"))
			time.Sleep(5 * time.Millisecond)
			later := newRun(r.T, r.ctx, r.h, cache.Options{})
			defer later.close()
			later.put("s", post("a"), post("b"), post("c"))
			c := later.tail()
			if _, err := r.s.After(r.ctx, c, 10); !errors.Is(err, cache.ErrRegressed) {
				r.Errorf("After: %v", err)
			}
			ctx, cancel := context.WithTimeout(r.ctx, 5*time.Second)
			defer cancel()
			if err := r.s.Wait(ctx, c); err != nil && !errors.Is(err, cache.ErrRegressed) {
				r.Errorf("Wait behind the end: %v, want nil or ErrRegressed, so that the reader asks After", err)
			}
			empty := newRun(r.T, r.ctx, r.h, cache.Options{})
			defer empty.close()
			if _, err := empty.s.After(r.ctx, c, 10); !errors.Is(err, cache.ErrRegressed) {
				r.Errorf("After on an empty log: %v", err)
			}
		},
	},
}

// concurrentPuts lets several sources put while readers follow the log, each item known to the reader by its entry
// alone, and then compares what the readers saw with the whole log.
func concurrentPuts(r *run) {
	const sources, puts, each = 4, 25, 3
	replica, done := r.replica()
	defer done()
	handles := []cache.Store{r.s, replica}
	for s := range sources {
		r.live(fmt.Sprint("s", s))
	}
	var wg, readers sync.WaitGroup
	seen := make([][]cache.Entry, 3)
	for i := range seen {
		readers.Add(1)
		go func() {
			defer readers.Done()
			s := handles[i%2]
			var cursor cache.Cursor
			for len(seen[i]) < sources*puts*each {
				if err := s.Wait(r.ctx, cursor); err != nil {
					r.Errorf("reader %d waits: %v", i, err)
					return
				}
				entries, err := s.After(r.ctx, cursor, i*3+1)
				if err != nil {
					r.Errorf("reader %d: After %q: %v", i, cursor, err)
					return
				}
				for _, e := range entries {
					seen[i] = append(seen[i], e)
					cursor = e.Cursor
				}
				if len(entries) == 0 {
					continue
				}
				items, err := s.Get(r.ctx, entries[0].ID)
				if err != nil || len(items) != 1 {
					r.Errorf("reader %d: the item of entry %q is not there: %v", i, entries[0].Cursor, err)
					return
				}
			}
		}()
	}
	for s := range sources {
		name := fmt.Sprint("s", s)
		lease := r.lease(name)
		wg.Add(1)
		go func() {
			defer wg.Done()
			for p := range puts {
				var changes []feeds.Change
				for k := range each {
					c := post(fmt.Sprintf("k%d.%d", p, k), in(fmt.Sprint("c", p%5)))
					c.Source = name
					changes = append(changes, c)
				}
				acc, err := handles[s%2].Put(r.ctx, lease, changes...)
				if err != nil || len(acc) != each {
					r.Errorf("concurrent Put: %v, %v", acc, err)
					return
				}
				for _, a := range acc {
					if a.Kind != feeds.New {
						r.Errorf("concurrent Put: %+v", a)
					}
				}
			}
		}()
	}
	wg.Wait()
	readers.Wait()
	whole := r.log("")
	if len(whole) != sources*puts*each {
		r.Errorf("the log has %d entries, want %d", len(whole), sources*puts*each)
	}
	for i := range seen {
		if len(seen[i]) != len(whole) {
			r.Errorf("reader %d saw %d entries, the log has %d", i, len(seen[i]), len(whole))
			continue
		}
		for j := range whole {
			if seen[i][j].Cursor != whole[j].Cursor || seen[i][j].ID != whole[j].ID {
				r.Errorf("reader %d skipped: its entry %d is %+v, the log's %+v", i, j, seen[i][j], whole[j])
				break
			}
		}
	}
	last := map[string]int{}
	for _, e := range whole {
		var p, k int
		items, err := r.s.Get(r.ctx, e.ID)
		r.ok("Get", err)
		if len(items) != 1 {
			r.Fatalf("item %q is not there", e.ID)
		}
		if _, err := fmt.Sscanf(items[0].Title, "Post k%d.%d", &p, &k); err != nil {
			r.Fatal(err)
		}
		if n := p*each + k + 1; n != last[e.Source]+1 {
			r.Errorf("source %s: entry of change %d follows that of change %d", e.Source, n, last[e.Source])
		}
		last[e.Source] = p*each + k + 1
	}
	if ti, _ := r.info(feeds.All); ti.Items != len(whole) {
		r.Errorf("all has %d items, want %d", ti.Items, len(whole))
	}
}

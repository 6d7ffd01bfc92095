package cachetest

import (
	"slices"
	"time"

	"feedmill/feeds"
)

var holdCases = []testCase{
	{
		name:    "hold/due",
		promise: "a held item is in no topic and no log entry until Maintain indexes it in its second, as New",
		run: func(r *run) {
			r.live("s")
			due := r.now().Add(2 * time.Second)
			a := r.put1("s", post("a", at(due), hold, in("X")), feeds.Held)
			if a.ID != cacheID("s", "a") {
				r.Errorf("ID %q", a.ID)
			}
			r.put1("s", post("a", at(due), hold, in("X")), feeds.Unchanged)
			r.put1("s", post("a", at(due), hold, in("X"), raw(2), title("corrected")), feeds.Held)
			r.gone(a.ID)
			if len(r.log("")) != 0 || len(r.ids(feeds.All, feeds.ByPublished)) != 0 || r.version(feeds.All).Count != 0 {
				r.Error("a held item shows")
			}
			if list, err := r.s.List(r.ctx); err != nil || len(list) != 1 || list[0].Items != 0 {
				r.Errorf("sources %+v, %v: held items do not count", list, err)
			}
			var keys []string
			r.ok("Keys", r.s.Keys(r.ctx, "s", func(k string) error { keys = append(keys, k); return nil }))
			if !slices.Equal(keys, []string{"a"}) {
				r.Errorf("keys %q, want the held one", keys)
			}
			if next := r.maintain(); next.After(due) {
				r.Errorf("Maintain wants to come again at %v, the item is due at %v", next, due)
			}
			if r.now().Before(due) && len(r.ids(feeds.All, feeds.ByPublished)) != 0 {
				r.Error("indexed before its second")
			}
			r.until(due)
			r.maintain()
			it := r.get(a.ID)
			if it.Title != "corrected" || it.Arrived.Unix() < due.Unix() || it.Arrived.Unix() > r.now().Unix() || !it.Published.Equal(due) {
				r.Errorf("indexed item: %+v", it)
			}
			if log := r.log(""); len(log) != 1 || log[0].Kind != feeds.New || log[0].ID != a.ID || !slices.Contains(log[0].Topics, category("x")) {
				r.Errorf("log %+v", log)
			}
			if got := r.ids(category("x"), feeds.ByArrival); !slices.Equal(got, []string{a.ID}) {
				r.Errorf("topic %v", got)
			}
			r.put1("s", post("a", at(due), hold, in("X"), raw(2), title("corrected")), feeds.Unchanged)
			tail := r.tail()
			r.maintain()
			if r.tail() != tail {
				r.Error("Maintain indexed the item twice")
			}
		},
	},
	{
		name:    "hold/baseline",
		promise: "a held item that was put before the baseline is indexed as Baseline",
		run: func(r *run) {
			due := r.now().Add(time.Second)
			a := r.put1("s", post("a", at(due), hold), feeds.Held)
			r.live("s")
			r.until(due)
			r.maintain()
			if log := r.log(""); len(log) != 1 || log[0].Kind != feeds.Baseline {
				r.Errorf("log %+v", log)
			}
			if it := r.get(a.ID); it.Arrived.Unix() != due.Unix() {
				r.Errorf("Arrived %v, want Published %v", it.Arrived, due)
			}
		},
	},
	{
		name:    "hold/released",
		promise: "a held item whose date moves to the past is indexed at once, as New; without Hold a future date holds nothing back",
		run: func(r *run) {
			r.live("s")
			far := r.now().Add(time.Hour)
			a := r.put1("s", post("a", at(far), hold), feeds.Held)
			if got := r.put1("s", post("a", hold, raw(2)), feeds.New); got.ID != a.ID {
				r.Errorf("ID %q, was %q", got.ID, a.ID)
			}
			r.get(a.ID)
			r.put1("s", post("b", at(far), hold), feeds.Held)
			r.put1("s", post("b", at(far)), feeds.New)
			r.put1("s", post("c", at(far)), feeds.New)
			if n := len(r.ids(feeds.All, feeds.ByPublished)); n != 3 {
				r.Errorf("%d items, want 3", n)
			}
			r.put1("s", post("d", hold), feeds.New)
		},
	},
	{
		name:    "hold/withdrawn",
		promise: "a withdrawn held item is never indexed; it is New when it first is in a topic",
		run: func(r *run) {
			r.live("s")
			due := r.now().Add(time.Second)
			a := r.put1("s", post("a", at(due), hold), feeds.Held)
			r.put1("s", withdraw("a"), feeds.Withdrawn)
			r.put1("s", withdraw("a"), feeds.Unchanged)
			if len(r.log("")) != 0 {
				r.Error("the withdrawal of a held item is in the log, although no topic moved")
			}
			r.until(due.Add(time.Second))
			r.maintain()
			r.gone(a.ID)
			if got := r.put1("s", post("a"), feeds.New); got.ID != a.ID {
				r.Errorf("ID %q, was %q", got.ID, a.ID)
			}
		},
	},
	{
		name:    "hold/again",
		promise: "a live item that is held again leaves its topics (Withdrawn in the log) and comes back as Restored: it was news once",
		run: func(r *run) {
			r.live("s")
			a := r.put1("s", post("a", in("X")), feeds.New)
			arrived := r.get(a.ID).Arrived
			due := r.now().Add(time.Second)
			r.put1("s", post("a", in("X"), at(due), hold, raw(2)), feeds.Held)
			r.gone(a.ID)
			if len(r.ids(category("x"), feeds.ByPublished)) != 0 {
				r.Error("still in its topic")
			}
			r.until(due)
			r.maintain()
			log := r.log("")
			if len(log) != 3 || log[1].Kind != feeds.Withdrawn || log[2].Kind != feeds.Restored {
				r.Errorf("log %+v", log)
			}
			if it := r.get(a.ID); !it.Arrived.Equal(arrived) {
				r.Errorf("Arrived moved from %v to %v", arrived, it.Arrived)
			}
		},
	},
}

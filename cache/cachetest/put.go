package cachetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

var putCases = []testCase{
	{
		name:    "put/minted",
		promise: "a new key gets its wish as ID, or a minted one without it",
		run: func(r *run) {
			r.live("s")
			a := r.put1("s", post("a"), feeds.New)
			if want := cache.MintID("s", "a", "", false); a.ID != want {
				r.Errorf("minted ID: got %q, want %q", a.ID, want)
			}
			b := r.put1("s", post("b", wish("https://old.example/b")), feeds.New)
			if b.ID != "https://old.example/b" {
				r.Errorf("wished ID: got %q", b.ID)
			}
			it := r.get(b.ID)
			if it.ID != b.ID || it.Source != "s" || it.Title != "Post b" {
				r.Errorf("stored item: %+v", it)
			}
		},
	},
	{
		name:    "put/clash",
		promise: "where the wished ID is taken, # and 8 hex digits of a hash of source and key are added",
		run: func(r *run) {
			first := r.put("s", post("a", wish("same")), post("b", wish("same")))
			if first[0].ID != "same" || first[1].ID != cache.MintID("s", "b", "same", true) {
				r.Errorf("clash in one Put: %+v", first)
			}
			other := r.put("t", post("a", wish("same")))
			if other[0].ID != cache.MintID("t", "a", "same", true) {
				r.Errorf("clash of two sources: got %q", other[0].ID)
			}
			r.put1("s", withdraw("a"), feeds.Withdrawn)
			late := r.put("t", post("c", wish("same")))
			if late[0].ID != cache.MintID("t", "c", "same", true) {
				r.Errorf("the ID of a withdrawn item was given away: %q", late[0].ID)
			}
			again := r.put("t", post("a", wish("other"), title("new words"), raw(2)))
			if again[0].ID != other[0].ID || again[0].Kind != feeds.Changed {
				r.Errorf("a later wish moved the ID: %+v, want %q", again[0], other[0].ID)
			}
		},
	},
	{
		name:    "put/taken-again",
		promise: "an ID is never given to a second item, also after renames freed its key",
		run: func(r *run) {
			seen := map[string]bool{}
			for i := range 4 {
				a := r.put1("s", post("a"), feeds.Baseline)
				if seen[a.ID] {
					r.Fatalf("round %d: ID %q was given twice", i, a.ID)
				}
				seen[a.ID] = true
				moved := r.put("s", post(fmt.Sprint("moved", i), was("a")))
				if moved[0].ID != a.ID {
					r.Fatalf("round %d: the rename changed the ID: %+v, want %q", i, moved[0], a.ID)
				}
			}
			if n := len(r.ids(feeds.All, feeds.ByPublished)); n != 4 {
				r.Errorf("%d items, want 4", n)
			}
		},
	},
	{
		name:    "put/idempotent",
		promise: "the same Put again answers Unchanged and moves nothing",
		run: func(r *run) {
			batch := func() []feeds.Change {
				return []feeds.Change{
					post("a", in("X")), post("b", in("Y"), wish("b")), withdraw("never"), post("c", in("X"), at(time.Time{})),
				}
			}
			first := r.put("s", batch()...)
			tail, all, x := r.tail(), r.version(feeds.All), r.version(category("x"))
			for range 3 {
				for i, a := range r.put("s", batch()...) {
					if a.Kind != feeds.Unchanged || a.ID != first[i].ID {
						r.Errorf("change %d again: got %+v, want Unchanged with ID %q", i, a, first[i].ID)
					}
				}
			}
			if r.tail() != tail {
				r.Error("the log moved")
			}
			if r.version(feeds.All) != all || r.version(category("x")) != x {
				r.Error("a version moved")
			}
		},
	},
	{
		name:    "put/kinds",
		promise: "each change is answered with what it did, and the log says the same",
		run: func(r *run) {
			r.put1("s", post("old"), feeds.Baseline)
			r.live("s")
			a := r.put1("s", post("a"), feeds.New)
			r.put1("s", post("a"), feeds.Unchanged)
			r.put1("s", post("a", title("other bytes")), feeds.Reshaped)
			r.put1("s", post("a", title("other words"), raw(2)), feeds.Changed)
			r.put1("s", withdraw("a"), feeds.Withdrawn)
			r.gone(a.ID)
			r.put1("s", withdraw("a"), feeds.Unchanged)
			r.put1("s", withdraw("never"), feeds.Unchanged)
			back := r.put1("s", post("a", title("other words"), raw(2)), feeds.Restored)
			if back.ID != a.ID {
				r.Errorf("restored under another ID: %q, was %q", back.ID, a.ID)
			}
			r.put1("s", withdraw("a"), feeds.Withdrawn)
			r.put1("s", post("a", title("yet other words"), raw(3)), feeds.Restored)
			if got := r.get(a.ID).Title; got != "yet other words" {
				r.Errorf("restored with the words of before: %q", got)
			}
			var kinds []feeds.Kind
			for _, e := range r.log("") {
				if e.Source != "s" {
					r.Errorf("entry without its source: %+v", e)
				}
				kinds = append(kinds, e.Kind)
			}
			want := []feeds.Kind{
				feeds.Baseline, feeds.New, feeds.Reshaped, feeds.Changed, feeds.Withdrawn, feeds.Restored, feeds.Withdrawn, feeds.Restored,
			}
			if !slices.Equal(kinds, want) {
				r.Errorf("log: got %v, want %v", kinds, want)
			}
		},
	},
	{
		name:    "put/raw-alone",
		promise: "a known key with other Raw is Changed, also where the bytes are the same",
		run: func(r *run) {
			r.put1("s", post("a"), feeds.Baseline)
			r.put1("s", post("a", raw(2)), feeds.Changed)
			r.put1("s", post("a", raw(2)), feeds.Unchanged)
		},
	},
	{
		name:    "put/in-order",
		promise: "the changes of one Put are applied in order",
		run: func(r *run) {
			r.live("s")
			acc := r.put("s", post("a"), post("a", raw(2), title("second")), withdraw("a"), post("a", raw(3), title("third")), post("a", raw(3), title("third")))
			want := []feeds.Kind{feeds.New, feeds.Changed, feeds.Withdrawn, feeds.Restored, feeds.Unchanged}
			for i, a := range acc {
				if a.Kind != want[i] || a.ID != acc[0].ID {
					r.Errorf("change %d: got %+v, want %s", i, a, want[i])
				}
			}
			if got := r.get(acc[0].ID).Title; got != "third" {
				r.Errorf("title %q, want the last one", got)
			}
			if n := len(r.log("")); n != 4 {
				r.Errorf("%d log entries, want 4", n)
			}
			if ti, _ := r.info(feeds.All); ti.Items != 1 {
				r.Errorf("all has %d items, want 1", ti.Items)
			}
		},
	},
	{
		name:    "put/refused",
		promise: "a change that cannot be taken is Refused and stops no other",
		run: func(r *run) {
			long := strings.Repeat("k", feeds.MaxKey)
			acc := r.put("s",
				post("a"),
				post(long+"k"),
				post(""),
				post("b", wish(strings.Repeat("w", feeds.MaxID+1))),
				withdraw(""),
				post(long),
				post("c", wish(strings.Repeat("w", feeds.MaxID))),
			)
			want := []feeds.Kind{feeds.Baseline, feeds.Refused, feeds.Refused, feeds.Refused, feeds.Refused, feeds.Baseline, feeds.Baseline}
			for i, a := range acc {
				if a.Kind != want[i] {
					r.Errorf("change %d: got %+v, want %s", i, a, want[i])
				}
				if (a.Err != nil) != (want[i] == feeds.Refused) {
					r.Errorf("change %d: %s with error %v", i, a.Kind, a.Err)
				}
			}
			if n := len(r.log("")); n != 3 {
				r.Errorf("%d log entries, want 3: refused is never in the log", n)
			}
			r.put1("s", post(long), feeds.Unchanged)
		},
	},
	{
		name:    "put/foreign",
		promise: "Put applies changes of one source: another's is not stored under this one's lease",
		run: func(r *run) {
			c := post("a")
			c.Source = "t"
			acc, err := r.s.Put(r.ctx, r.lease("s"), c)
			if err == nil && (len(acc) != 1 || acc[0].Kind != feeds.Refused) {
				r.Errorf("got %+v, want Refused or an error", acc)
			}
			if n := len(r.ids(feeds.All, feeds.ByPublished)); n != 0 {
				r.Errorf("%d items were stored", n)
			}
		},
	},
	{
		name:    "put/formerly",
		promise: "a change whose Formerly names a known key takes over that key's ledger entry",
		run: func(r *run) {
			r.live("s")
			a := r.put1("s", post("a", in("X")), feeds.New)
			before := r.get(a.ID)
			same := post("a", in("X"))
			same.Key, same.Formerly = "b", "a"
			if got := r.put1("s", same, feeds.Unchanged); got.ID != a.ID {
				r.Errorf("renamed without other change: ID %q, want %q", got.ID, a.ID)
			}
			r.put1("s", withdraw("a"), feeds.Unchanged)
			moved := r.put1("s", post("c", in("X"), was("b"), raw(2)), feeds.Changed)
			if moved.ID != a.ID {
				r.Errorf("renamed and edited: ID %q, want %q", moved.ID, a.ID)
			}
			if it := r.get(a.ID); !it.Arrived.Equal(before.Arrived) || it.Title != "Post c" {
				r.Errorf("after the rename: %+v", it)
			}
			r.put1("s", post("c", in("X"), was("b"), raw(2)), feeds.Unchanged)
			r.put1("s", post("d", was("nobody")), feeds.New)
			var keys []string
			r.ok("Keys", r.s.Keys(r.ctx, "s", func(k string) error { keys = append(keys, k); return nil }))
			slices.Sort(keys)
			if !slices.Equal(keys, []string{"c", "d"}) {
				r.Errorf("keys %q", keys)
			}
			r.put1("s", withdraw("c"), feeds.Withdrawn)
			if got := r.put1("s", post("e", was("c"), raw(2)), feeds.Restored); got.ID != a.ID {
				r.Errorf("a withdrawn item came back under a new key: ID %q, want %q", got.ID, a.ID)
			}
		},
	},
	{
		name:    "put/formerly-live",
		promise: "a live key keeps its own identity whatever Formerly says; a withdrawn one gives way to a live Formerly",
		run: func(r *run) {
			acc := r.put("s", post("a"), post("b"), post("c"))
			got := r.put("s", post("b", was("a"), raw(2)))
			if got[0].ID != acc[1].ID || got[0].Kind != feeds.Changed {
				r.Errorf("live key with Formerly: %+v, want ID %q", got[0], acc[1].ID)
			}
			r.get(acc[0].ID)
			r.put1("s", withdraw("c"), feeds.Withdrawn)
			got = r.put("s", post("c", was("a"), raw(2)))
			if got[0].ID != acc[0].ID || got[0].Kind != feeds.Changed {
				r.Errorf("withdrawn key with live Formerly: %+v, want ID %q", got[0], acc[0].ID)
			}
			r.put1("s", withdraw("a"), feeds.Unchanged)
			r.get(acc[0].ID)
			r.gone(acc[2].ID)
			if ti, _ := r.info(feeds.All); ti.Items != 2 {
				r.Errorf("all has %d items, want 2", ti.Items)
			}
		},
	},
	{
		name:    "put/batch",
		promise: "one Put takes MaxBatch changes",
		run: func(r *run) {
			changes := make([]feeds.Change, cache.MaxBatch)
			for i := range changes {
				changes[i] = post(fmt.Sprintf("k%04d", i), at(day0.Add(time.Duration(i)*time.Second)), in(fmt.Sprint("c", i%7)))
			}
			for i, a := range r.put("s", changes...) {
				if a.Kind != feeds.Baseline {
					r.Fatalf("change %d: %+v", i, a)
				}
			}
			if n := len(r.log("")); n != cache.MaxBatch {
				r.Errorf("%d log entries, want %d", n, cache.MaxBatch)
			}
			p := r.page(feeds.All, feeds.ByPublished)
			if len(p.Items) != cache.MaxBatch || !p.Next.IsZero() || p.Items[0].Title != "Post k0999" {
				r.Errorf("%d items, next %v", len(p.Items), p.Next)
			}
			for i, a := range r.put("s", changes...) {
				if a.Kind != feeds.Unchanged {
					r.Fatalf("change %d again: %+v", i, a)
				}
			}
			if acc := r.put("s"); len(acc) != 0 {
				r.Errorf("an empty Put answers %v", acc)
			}
		},
	},
	{
		name:    "put/get",
		promise: "Get returns the live items with these IDs, in that order, without those that are not there",
		run: func(r *run) {
			acc := r.put("s", post("a"), post("b"), post("c"), post("d"))
			r.put1("s", withdraw("b"), feeds.Withdrawn)
			items, err := r.s.Get(r.ctx, acc[3].ID, "nothing", acc[1].ID, acc[0].ID)
			r.ok("Get", err)
			if len(items) != 2 || items[0].ID != acc[3].ID || items[1].ID != acc[0].ID {
				r.Errorf("got %d items", len(items))
			}
			items, err = r.s.Get(r.ctx)
			r.ok("Get", err)
			if len(items) != 0 {
				r.Errorf("no IDs, %d items", len(items))
			}
		},
	},
	{
		name:    "put/owned",
		promise: "the store keeps nothing of the caller's memory",
		run: func(r *run) {
			c := post("a", in("X", "Y"))
			a := r.put1("s", c, feeds.Baseline)
			c.Item.Title, c.Item.Categories[0] = "overwritten", "overwritten"
			it := r.get(a.ID)
			it.Categories[1] = "overwritten"
			if it := r.get(a.ID); it.Title != "Post a" || !slices.Equal(it.Categories, []string{"X", "Y"}) {
				r.Errorf("stored item: %+v", it)
			}
		},
	},
}

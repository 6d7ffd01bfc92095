package cachetest

import (
	"fmt"
	"slices"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

var maintainCases = []testCase{
	{
		name:    "maintain/idle",
		promise: "Maintain without work moves nothing and wants to be called again later",
		run: func(r *run) {
			r.maintain()
			r.put("s", post("a"))
			tail, v := r.tail(), r.version(feeds.All)
			if next := r.maintain(); !next.After(r.now()) {
				r.Errorf("next %v", next)
			}
			if r.tail() != tail || r.version(feeds.All) != v {
				r.Error("something moved")
			}
		},
	},
	{
		name:    "maintain/clock",
		promise: "Now is the store's clock, close to ours",
		run: func(r *run) {
			if d := time.Since(r.now()); d < -5*time.Second || d > 5*time.Second {
				r.Errorf("off by %v", d)
			}
		},
	},
	{
		name:    "maintain/keep-items",
		promise: "with KeepItems the oldest items of a source by arrival go; one that comes back is not new and has its ID",
		opts:    cache.Options{KeepItems: 10},
		run: func(r *run) {
			var ids []string
			for i := range 25 {
				c := post(fmt.Sprintf("k%02d", i), in("X"), at(day0.Add(time.Duration(i)*time.Minute)))
				ids = append(ids, r.put1("s", c, feeds.Baseline).ID)
			}
			r.put("t", post("a", at(day0.Add(-time.Hour))))
			tail := r.tail()
			r.maintain()
			want := slices.Clone(ids[15:])
			slices.Reverse(want)
			if got := r.ids(feeds.NewTopic("source", "s"), feeds.ByArrival); !slices.Equal(got, want) {
				r.Errorf("left: %d items, want the newest 10", len(got))
			}
			if got := r.ids(category("x"), feeds.ByPublished); !slices.Equal(got, want) {
				r.Errorf("left in the category: %d items", len(got))
			}
			if ti, _ := r.info(category("x")); ti.Items != 10 {
				r.Errorf("%+v", ti)
			}
			if n := len(r.ids(feeds.NewTopic("source", "t"), feeds.ByArrival)); n != 1 {
				r.Errorf("the other source has %d items, want 1", n)
			}
			if s, _ := r.source("s"); s.Items != 10 {
				r.Errorf("source %+v", s)
			}
			for _, e := range r.log(tail) {
				if e.Kind != feeds.Withdrawn {
					r.Errorf("entry %+v", e)
				}
			}
			r.gone(ids[0])
			a := r.put("s", post("k00", in("X"), at(day0)))[0]
			if a.ID != ids[0] || (a.Kind != feeds.Unchanged && a.Kind != feeds.Restored) {
				r.Errorf("a dropped item stated again: %+v, want Unchanged or Restored under %q", a, ids[0])
			}
			r.maintain()
			if got := r.ids(category("x"), feeds.ByPublished); !slices.Equal(got, want) {
				r.Errorf("after a dropped item was stated again: %d items", len(got))
			}
			r.live("s")
			fresh := r.put1("s", post("fresh", in("X"), at(day0.Add(-time.Hour))), feeds.New)
			r.maintain()
			r.get(fresh.ID)
			r.gone(ids[15])
		},
	},
	{
		name:    "maintain/keep-few-of-many",
		promise: "retention gets through a great many items, a bounded amount a call, and the topics stay true",
		opts:    cache.Options{KeepItems: 7},
		run: func(r *run) {
			var ids []string
			for i := 0; i < 1500; i += 500 {
				var changes []feeds.Change
				for j := i; j < i+500; j++ {
					changes = append(changes, post(fmt.Sprintf("k%04d", j), in("X", fmt.Sprint("Y", j%3)), at(day0.Add(time.Duration(j)*time.Minute))))
				}
				for _, a := range r.put("s", changes...) {
					ids = append(ids, a.ID)
				}
			}
			r.maintain()
			want := slices.Clone(ids[1493:])
			slices.Reverse(want)
			for _, topic := range []feeds.Topic{feeds.All, category("x"), feeds.NewTopic("source", "s")} {
				for _, order := range []feeds.Order{feeds.ByPublished, feeds.ByArrival} {
					if got := r.walk(topic, order, 3); !slices.Equal(got, want) {
						r.Errorf("%v: %d items are left, want the newest 7", topic, len(got))
					}
				}
				if ti, _ := r.info(topic); ti.Items != 7 || ti.Newest.Unix() != day0.Add(1499*time.Minute).Unix() {
					r.Errorf("%+v", ti)
				}
			}
			if n := len(r.log("")); n != 1500+1493 {
				r.Errorf("%d entries in the log, want %d", n, 1500+1493)
			}
		},
	},
	{
		name:    "maintain/keep-for",
		promise: "with KeepFor items older than that by arrival go",
		opts:    cache.Options{KeepFor: 3 * time.Second},
		run: func(r *run) {
			r.live("s")
			old := r.put1("s", post("old"), feeds.New)
			r.until(r.now().Add(3 * time.Second))
			fresh := r.put1("s", post("fresh"), feeds.New)
			r.until(r.now().Add(time.Second))
			r.maintain()
			r.gone(old.ID)
			r.get(fresh.ID)
			if a := r.put("s", post("old"))[0]; a.ID != old.ID || a.Kind == feeds.New {
				r.Errorf("dropped item stated again: %+v", a)
			}
		},
	},
	{
		name:    "maintain/keep-gone",
		promise: "what was withdrawn is kept for KeepGone and then deleted, but the ledger remembers who it was",
		long:    true,
		run: func(r *run) {
			r.live("s")
			acc := r.put("s", post("a", in("X")), post("b", in("X")))
			r.put("s", withdraw("a"), withdraw("b"))
			r.pass(cache.KeepGone - time.Hour)
			r.maintain()
			r.put1("s", post("a", in("X")), feeds.Restored)
			r.pass(2 * time.Hour)
			r.maintain()
			r.get(acc[0].ID)
			arrived := r.get(acc[0].ID).Arrived
			for _, a := range r.put("s", post("b", in("X")), post("a", in("X"))) {
				if a.Kind == feeds.New {
					r.Errorf("%+v", a)
				}
			}
			if it := r.get(acc[1].ID); !it.Arrived.Equal(arrived) || it.Title != "Post b" {
				r.Errorf("restored after deletion: %+v", it)
			}
		},
	},
	{
		name:    "maintain/retired",
		promise: "what was retired more than KeepGone ago is deleted",
		long:    true,
		run: func(r *run) {
			var changes []feeds.Change
			for i := range 900 {
				changes = append(changes, post(fmt.Sprint("k", i), in("X")))
			}
			r.put("s", changes...)
			r.put("t", post("a", in("X")))
			r.ok("Retire", r.s.Retire(r.ctx, r.lease("s"), "s"))
			r.pass(cache.KeepGone - time.Hour)
			r.maintain()
			if _, ok := r.source("s"); !ok {
				r.Error("forgotten too early")
			}
			r.pass(2 * time.Hour)
			r.maintain()
			if got := r.keyList("s"); len(got) != 0 {
				r.Errorf("%d keys are left", len(got))
			}
			r.ok("Revive", r.s.Revive(r.ctx, r.lease("s"), "s"))
			if n := len(r.ids(category("x"), feeds.ByPublished)); n != 1 {
				r.Errorf("%d items, want the other source's", n)
			}
			if a := r.put("s", changes[0])[0]; a.ID != cacheID("s", "k0") || a.Kind == feeds.New {
				r.Errorf("stated again: %+v", a)
			}
		},
	},
	{
		name:    "maintain/many-due",
		promise: "Maintain does a bounded amount a call and gets through all the same",
		run: func(r *run) {
			r.live("s")
			due := r.now().Add(2 * time.Second)
			var changes []feeds.Change
			for i := range 1000 {
				changes = append(changes, post(fmt.Sprint("k", i), at(due), hold))
			}
			r.put("s", changes...)
			r.until(due)
			r.maintain()
			if n := len(r.ids(feeds.All, feeds.ByPublished)); n != 1000 {
				r.Errorf("%d items, want 1000", n)
			}
			if n := len(r.log("")); n != 1000 {
				r.Errorf("%d entries, want 1000", n)
			}
		},
	},
}

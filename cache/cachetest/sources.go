package cachetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"feedmill/cache"
	"feedmill/feeds"
)

// source finds one in the list.
func (r *run) source(name string) (cache.SourceInfo, bool) {
	r.Helper()
	list, err := r.s.List(r.ctx)
	r.ok("List", err)
	for _, s := range list {
		if s.Name == name {
			return s, true
		}
	}
	return cache.SourceInfo{}, false
}

// keyList lists the keys of a source.
func (r *run) keyList(source string) []string {
	r.Helper()
	out := []string{}
	r.ok("Keys", r.s.Keys(r.ctx, source, func(k string) error { out = append(out, k); return nil }))
	slices.Sort(out)
	return out
}

var sourceCases = []testCase{
	{
		name:    "sources/list",
		promise: "List has every source that was ever described or put to, by name, with its live items; Source is one of them",
		run: func(r *run) {
			r.put("m", post("a"), post("b"), post("c"))
			r.put("m", withdraw("b"))
			r.ok("Describe", r.s.Describe(r.ctx, r.lease("z"), "z", feeds.About{Title: "Zed"}))
			r.put("a", post("a"))
			r.live("a")
			list, err := r.s.List(r.ctx)
			r.ok("List", err)
			want := []cache.SourceInfo{{Name: "a", Baseline: true, Items: 1}, {Name: "m", Items: 2}, {Name: "z", About: feeds.About{Title: "Zed"}}}
			if d := cmp.Diff(want, list, cmpopts.EquateEmpty()); d != "" {
				r.Errorf("(-want +got):\n%s", d)
			}
			for _, w := range append(want, cache.SourceInfo{Name: "nobody"}) {
				got, err := r.s.Source(r.ctx, w.Name)
				r.ok("Source", err)
				if d := cmp.Diff(w, got, cmpopts.EquateEmpty()); d != "" {
					r.Errorf("Source(%q) (-want +got):\n%s", w.Name, d)
				}
			}
			r.ok("Retire", r.s.Retire(r.ctx, r.lease("a"), "a"))
			if got, err := r.s.Source(r.ctx, "a"); err != nil || got.Retired.IsZero() || got.Items != 0 {
				r.Errorf("Source of a retired one: %+v, %v", got, err)
			}
		},
	},
	{
		name:    "sources/keys",
		promise: "Keys gives the native key of every live or held item of the source; fn's error ends it",
		run: func(r *run) {
			var want []string
			var changes []feeds.Change
			for i := range 700 {
				k := fmt.Sprintf("k%03d", i)
				changes = append(changes, post(k))
				want = append(want, k)
			}
			r.put("s", changes...)
			r.put("s ", post("near"))
			r.put("s", withdraw("k007"), post("z-held", at(r.now().Add(time.Hour)), hold))
			want = append(slices.Delete(want, 7, 8), "z-held")
			if got := r.keyList("s"); !slices.Equal(got, want) {
				r.Errorf("%d keys, want %d", len(got), len(want))
			}
			if got := r.keyList("nobody"); len(got) != 0 {
				r.Errorf("keys of an unknown source: %q", got)
			}
			stop := errors.New("enough")
			n := 0
			if err := r.s.Keys(r.ctx, "s", func(string) error { n++; return stop }); err != stop || n != 1 {
				r.Errorf("Keys after fn failed: %v, %d calls", err, n)
			}
		},
	},
	{
		name:    "sources/baseline",
		promise: "SetBaseline is stored per source and idempotent; before it items are Baseline, behind it New",
		run: func(r *run) {
			r.put1("s", post("a"), feeds.Baseline)
			r.live("s")
			r.live("s")
			r.put1("s", post("b"), feeds.New)
			r.put1("t", post("b"), feeds.Baseline)
			s, _ := r.source("s")
			t, _ := r.source("t")
			if !s.Baseline || t.Baseline {
				r.Errorf("s %+v, t %+v", s, t)
			}
		},
	},
	{
		name:    "sources/describe",
		promise: "a difference in what a source says moves source/NAME, all and every topic whose title moved, with one Reshaped entry; no difference moves nothing",
		run: func(r *run) {
			r.put("s", post("a", in("X", "Y", "Z")))
			r.put("t", post("a", in("X", "T")))
			about := feeds.About{
				Title: "A site", Description: "of posts", URL: "https://s.example", Language: "en", Author: feeds.Person{Name: "Ann"}, Window: 20,
				Titles:    map[feeds.Topic]string{category("x"): "The X", category("y"): "The Y", category("never"): "Nothing yet"},
				Redirects: map[string]feeds.Topic{"/feed.xml": feeds.All, "/feed/x.xml": category("x")},
			}
			topics := []feeds.Topic{feeds.All, feeds.NewTopic("source", "s"), feeds.NewTopic("source", "t"), category("x"), category("y"), category("z"), category("t")}
			describe := func(what string, a feeds.About, want ...feeds.Topic) {
				r.Helper()
				tail := r.tail()
				before := map[feeds.Topic]feeds.Version{}
				for _, t := range topics {
					before[t] = r.version(t)
				}
				r.ok("Describe", r.s.Describe(r.ctx, r.lease("s"), "s", a))
				got, _ := r.source("s")
				if d := cmp.Diff(a, got.About, cmpopts.EquateEmpty()); d != "" {
					r.Errorf("%s: About (-want +got):\n%s", what, d)
				}
				for _, t := range topics {
					if moved := r.version(t).Count > before[t].Count; moved != slices.Contains(want, t) {
						r.Errorf("%s: version of %v moved: %v", what, t, moved)
					}
				}
				log := r.log(tail)
				if len(want) == 0 {
					if len(log) != 0 {
						r.Errorf("%s: log %+v", what, log)
					}
					return
				}
				if len(log) != 1 || log[0].Kind != feeds.Reshaped || log[0].ID != "" || log[0].Source != "s" {
					r.Fatalf("%s: log %+v", what, log)
				}
				sameTopics(r.T, what, log[0].Topics, want...)
			}
			always := []feeds.Topic{feeds.All, feeds.NewTopic("source", "s")}
			describe("first", about, append(always, category("x"), category("y"))...)
			describe("the same", about)
			about.Titles = map[feeds.Topic]string{category("x"): "Another X", category("y"): "The Y"}
			describe("another title", about, append(always, category("x"))...)
			about.Titles = map[feeds.Topic]string{category("x"): "Another X", category("z"): "Zed"}
			describe("a title goes, one comes", about, append(always, category("y"), category("z"))...)
			about.Description = "of other posts"
			describe("another description", about, always...)
			if v := r.version(category("never")); v.Count != 0 {
				r.Errorf("a title made a topic known: %+v", v)
			}
		},
	},
	{
		name:    "sources/describe-first",
		promise: "a source that is described before its first item moves no topic that never had one, and is in the log all the same",
		run: func(r *run) {
			r.ok("Describe", r.s.Describe(r.ctx, r.lease("s"), "s", feeds.About{Title: "S", Titles: map[feeds.Topic]string{category("x"): "The X"}}))
			list, err := r.s.Topics(r.ctx, "")
			r.ok("Topics", err)
			if len(list) != 0 || r.version(feeds.All).Count != 0 || r.version(feeds.NewTopic("source", "s")).Count != 0 {
				r.Errorf("topics %+v", list)
			}
			if log := r.log(""); len(log) != 1 || log[0].Kind != feeds.Reshaped || log[0].Source != "s" || len(log[0].Topics) != 0 {
				r.Errorf("log %+v, want one Reshaped entry without topics", log)
			}
			r.put1("s", post("a", in("X")), feeds.Baseline)
			if s, _ := r.source("s"); s.About.Title != "S" || s.Items != 1 {
				r.Errorf("source %+v", s)
			}
		},
	},
	{
		name:    "sources/retire",
		promise: "Retire takes all items of a source out of every topic and keeps everything; Revive puts them back under the same IDs, nothing New",
		run: func(r *run) {
			r.live("s")
			var changes []feeds.Change
			for i := range 60 {
				changes = append(changes, post(fmt.Sprintf("k%02d", i), in("X"), at(day0.Add(time.Duration(i)*time.Second))))
			}
			r.put("s", changes...)
			r.put("s", withdraw("k00"))
			due := r.now().Add(2 * time.Second)
			heldItem := r.put1("s", post("held", in("X"), at(due), hold), feeds.Held)
			keep := r.put1("t", post("a", in("X")), feeds.Baseline).ID
			before, arrived, tail := r.ids(category("x"), feeds.ByPublished), r.ids(category("x"), feeds.ByArrival), r.tail()
			item := r.get(before[0])

			r.ok("Retire", r.s.Retire(r.ctx, r.lease("s"), "s"))
			r.ok("Retire again", r.s.Retire(r.ctx, r.lease("s"), "s"))
			for _, topic := range []feeds.Topic{feeds.All, category("x"), feeds.NewTopic("source", "s")} {
				want := []string{keep}
				if topic.Kind == "source" {
					want = []string{}
				}
				if got := r.ids(topic, feeds.ByPublished); !slices.Equal(got, want) {
					r.Errorf("%v while retired: %d items", topic, len(got))
				}
				if ti, ok := r.info(topic); !ok || ti.Items != len(want) {
					r.Errorf("%v while retired: listed %v, %+v", topic, ok, ti)
				}
			}
			r.gone(before[0])
			if s, ok := r.source("s"); !ok || s.Retired.IsZero() || s.Items != 0 || !s.Baseline {
				r.Errorf("source while retired: %v, %+v", ok, s)
			}
			withdrawn := r.log(tail)
			if len(withdrawn) != 59 {
				r.Errorf("%d entries, want one for each of 59 items", len(withdrawn))
			}
			for _, e := range withdrawn {
				if e.Kind != feeds.Withdrawn || e.Source != "s" || !slices.Contains(e.Topics, category("x")) {
					r.Fatalf("entry %+v", e)
				}
			}
			c := post("new")
			c.Source = "s"
			if acc, err := r.s.Put(r.ctx, r.lease("s"), c); !errors.Is(err, cache.ErrRetired) || len(acc) != 0 {
				r.Errorf("Put to a retired source: %+v, %v", acc, err)
			}
			r.until(due)
			tail = r.tail()
			r.maintain()
			if r.tail() != tail {
				r.Error("a held item of a retired source was indexed")
			}

			r.ok("Revive", r.s.Revive(r.ctx, r.lease("s"), "s"))
			r.ok("Revive again", r.s.Revive(r.ctx, r.lease("s"), "s"))
			restored := r.log(tail)
			for _, e := range restored {
				if e.Kind != feeds.Restored && e.ID != heldItem.ID {
					r.Fatalf("entry %+v", e)
				}
			}
			r.maintain()
			r.get(heldItem.ID)
			r.put1("s", withdraw("held"), feeds.Withdrawn)
			if got := r.ids(category("x"), feeds.ByPublished); !slices.Equal(got, before) {
				r.Errorf("revived: %d items, before %d, or in another order", len(got), len(before))
			}
			if got := r.ids(category("x"), feeds.ByArrival); !slices.Equal(got, arrived) {
				r.Errorf("revived, by arrival: %d items, before %d, or in another order", len(got), len(arrived))
			}
			sameItem(r.T, r.get(item.ID), item)
			if s, _ := r.source("s"); !s.Retired.IsZero() || s.Items != 59 || !s.Baseline {
				r.Errorf("source after Revive: %+v", s)
			}
			r.put1("s", changes[5], feeds.Unchanged)
			r.put1("s", changes[0], feeds.Restored)
			r.put1("s", post("new"), feeds.New)
		},
	},
	{
		name:    "sources/rename",
		promise: "Rename gives everything of a source to another name: same keys, same IDs, Reshaped and nothing New",
		run: func(r *run) {
			r.ok("Describe", r.s.Describe(r.ctx, r.lease("old"), "old", feeds.About{Title: "Site"}))
			var ids []string
			var changes []feeds.Change
			for i := range 30 {
				changes = append(changes, post(fmt.Sprintf("k%02d", i), in("X"), at(day0.Add(time.Duration(i)*time.Second))))
			}
			for _, a := range r.put("old", changes...) {
				ids = append(ids, a.ID)
			}
			r.put("old", withdraw("k29"))
			due := r.now().Add(time.Second)
			heldItem := r.put1("old", post("held", at(due), hold), feeds.Held)
			r.live("old")
			x, order := r.version(category("x")), r.ids(category("x"), feeds.ByPublished)
			keys := r.keyList("old")

			r.put("taken", post("k00"))
			if err := r.s.Rename(r.ctx, r.lease("taken"), "old", "taken"); !errors.Is(err, cache.ErrExists) {
				r.Errorf("Rename to a source with items: %v", err)
			}
			tail := r.tail()
			r.ok("Rename", r.s.Rename(r.ctx, r.lease("new"), "old", "new"))
			if err := r.s.Rename(r.ctx, r.lease("new"), "old", "new"); err != nil && !errors.Is(err, cache.ErrExists) {
				r.Errorf("Rename a second time: %v", err)
			}
			for _, e := range r.log(tail) {
				if e.Kind != feeds.Reshaped {
					r.Errorf("entry %+v", e)
				}
			}
			if r.version(category("x")).Count <= x.Count {
				r.Error("the items say another source, but the version of their topic did not move")
			}
			if _, ok := r.source("old"); ok {
				r.Error("the old name is still a source")
			}
			if s, ok := r.source("new"); !ok || !s.Baseline || s.Items != 29 || s.About.Title != "Site" {
				r.Errorf("new source: %v, %+v", ok, s)
			}
			if got := r.keyList("new"); !slices.Equal(got, keys) {
				r.Errorf("keys %q, want %q", got, keys)
			}
			slices.Reverse(ids)
			if got := r.ids(feeds.NewTopic("source", "new"), feeds.ByPublished); !slices.Equal(got, ids[1:]) {
				r.Errorf("source/new has %d items", len(got))
			}
			if got := r.ids(feeds.NewTopic("source", "old"), feeds.ByPublished); len(got) != 0 {
				r.Errorf("source/old has %d items", len(got))
			}
			if ti, ok := r.info(feeds.NewTopic("source", "old")); !ok || ti.Items != 0 {
				r.Errorf("source/old was known and is %v, %+v", ok, ti)
			}
			if ti, ok := r.info(feeds.NewTopic("source", "new")); !ok || ti.Items != 29 || ti.Label != "new" {
				r.Errorf("source/new: %v, %+v", ok, ti)
			}
			if got := r.ids(category("x"), feeds.ByPublished); !slices.Equal(got, order) {
				r.Error("the order of a topic moved")
			}
			if it := r.get(ids[3]); it.Source != "new" {
				r.Errorf("item says source %q", it.Source)
			}
			r.put1("new", changes[3], feeds.Unchanged)
			if a := r.put1("new", changes[29], feeds.Restored); a.ID != ids[0] {
				r.Errorf("restored under %q", a.ID)
			}
			r.until(due)
			r.maintain()
			if it := r.get(heldItem.ID); it.Source != "new" {
				r.Errorf("held item says source %q", it.Source)
			}
			// The old name is free for something else.
			if a := r.put1("old", post("k01"), feeds.Baseline); slices.Contains(ids, a.ID) {
				r.Errorf("an ID was given twice: %q", a.ID)
			}
		},
	},
}

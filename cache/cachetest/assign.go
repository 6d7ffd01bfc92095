package cachetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

func saved(name string) feeds.Topic { return feeds.Topic{Kind: "feed", Name: name} }

// assign assigns under a lease of its own and returns the entries that the log got.
func (r *run) assign(topic feeds.Topic, kind feeds.Kind, ids ...string) []cache.Entry {
	r.Helper()
	from := r.tail()
	var edits []cache.Assignment
	for _, id := range ids {
		edits = append(edits, cache.Assignment{ID: id, Kind: kind})
	}
	l, ok := r.leases["assign"]
	if !ok {
		var err error
		l, err = r.s.Acquire(r.ctx, "feeds", 10*365*24*time.Hour)
		r.ok("Acquire", err)
		r.leases["assign"] = l
	}
	r.ok("Assign", r.s.Assign(r.ctx, l, topic, edits...))
	return r.log(from)
}

var assignCases = []testCase{
	{
		name:    "assign/in and out",
		promise: "an assigned item is in the topic, in both orders, each step is one log entry with this topic alone, and the version moves",
		run: func(r *run) {
			ids := r.spread("s", 12)
			topic := saved("chips@1f")
			all := r.version(feeds.All)
			log := r.assign(topic, feeds.Baseline, append(slices.Clone(ids[:10]), "urn:nobody")...)
			if len(log) != 10 {
				r.Fatalf("%d entries for 10 items", len(log))
			}
			for i, e := range log {
				if e.Kind != feeds.Baseline || e.Source != "s" || !slices.Contains(ids[:10], e.ID) || !slices.Equal(e.Topics, []feeds.Topic{topic}) {
					r.Errorf("entry %d: %+v", i, e)
				}
			}
			for _, order := range []feeds.Order{feeds.ByPublished, feeds.ByArrival} {
				got := r.walk(topic, order, 3)
				want := slices.DeleteFunc(r.walk(feeds.All, order, 1000), func(id string) bool { return id == ids[10] || id == ids[11] })
				if !slices.Equal(got, want) {
					r.Errorf("order %d: %v, want %v", order, got, want)
				}
			}
			v := r.version(topic)
			if info, ok := r.info(topic); !ok || info.Items != 10 || v.Count == 0 || info.Version != v {
				r.Errorf("the topic is listed as %+v, its version is %+v", info, v)
			}
			if log := r.assign(topic, feeds.Reshaped, ids[:10]...); len(log) != 0 || r.version(topic) != v {
				r.Errorf("what is so already is in the log: %+v", log)
			}
			log = r.assign(topic, feeds.Withdrawn, ids[2], ids[11])
			if len(log) != 1 || log[0].ID != ids[2] || log[0].Kind != feeds.Withdrawn {
				r.Errorf("taken out: %+v", log)
			}
			if got := r.ids(topic, feeds.ByPublished); len(got) != 9 || slices.Contains(got, ids[2]) || r.version(topic).Count <= v.Count {
				r.Errorf("after one was taken out: %v", got)
			}
			if r.version(feeds.All) != all {
				r.Error("other topics moved")
			}
			r.get(ids[2])
		},
	},
	{
		name:    "assign/changes",
		promise: "an assigned item stays in the topic whatever is put of it, and moves there with its date; it leaves with its other topics and does not come back",
		run: func(r *run) {
			r.live("s")
			topic, other := saved("x"), saved("y")
			a := r.put1("s", post("a", in("X")), feeds.New).ID
			b := r.put1("s", post("b", at(day0.Add(time.Hour))), feeds.New).ID
			log := r.assign(topic, feeds.New, a, b)
			if len(log) != 2 || log[0].Kind != feeds.New {
				r.Errorf("news: %+v", log)
			}
			r.assign(other, feeds.Baseline, a)
			from := r.tail()
			r.put1("s", post("a", in("Z"), raw(2), at(day0.Add(2*time.Hour))), feeds.Changed)
			if e := r.log(from); len(e) != 1 || !slices.Contains(e[0].Topics, topic) || !slices.Contains(e[0].Topics, other) || !slices.Contains(e[0].Topics, category("x")) {
				r.Errorf("the log of a change lacks a topic: %+v", e)
			}
			if got := r.ids(topic, feeds.ByPublished); !slices.Equal(got, []string{a, b}) {
				r.Errorf("by published %v", got)
			}
			if got := r.page(topic, feeds.ByPublished).Items[0].Categories; !slices.Equal(got, []string{"Z"}) {
				r.Errorf("the topic shows the old item: %v", got)
			}
			r.put1("s", post("a", in("Z"), raw(2), at(day0.Add(2*time.Hour))), feeds.Unchanged)
			r.put1("s", post("a", in("Z"), raw(2), at(day0.Add(2*time.Hour)), title("Other")), feeds.Reshaped)
			if got := r.ids(topic, feeds.ByPublished); !slices.Equal(got, []string{a, b}) {
				r.Errorf("after it was reshaped %v", got)
			}
			from = r.tail()
			r.put1("s", withdraw("a"), feeds.Withdrawn)
			if e := r.log(from); len(e) != 1 || !slices.Contains(e[0].Topics, topic) {
				r.Errorf("the log of a withdrawal: %+v", e)
			}
			r.put1("s", post("a", in("Z"), raw(2)), feeds.Restored)
			if got := r.ids(topic, feeds.ByArrival); !slices.Equal(got, []string{b}) {
				r.Errorf("after it was withdrawn and restored %v", got)
			}
			if log := r.assign(topic, feeds.New, "urn:nobody"); len(log) != 0 {
				r.Errorf("nobody: %+v", log)
			}
		},
	},
	{
		name:    "assign/group",
		promise: "an item is assigned to topics of its own group alone, and leaves them when it changes its group",
		run: func(r *run) {
			r.live("s")
			open, desk := saved("x"), saved("x")
			desk.Group = "desk"
			a := r.put1("s", post("a", in("X")), feeds.New).ID
			b := r.put1("s", post("b", in("X"), group("desk")), feeds.New).ID
			if log := r.assign(open, feeds.New, a, b); len(log) != 1 || log[0].ID != a {
				r.Errorf("assigned publicly: %+v", log)
			}
			if log := r.assign(desk, feeds.New, a, b); len(log) != 1 || log[0].ID != b {
				r.Errorf("assigned in the group: %+v", log)
			}
			from := r.tail()
			r.put1("s", post("a", in("X"), group("desk")), feeds.Reshaped)
			r.put1("s", post("b", in("X"), group("other"), raw(2)), feeds.Changed)
			for _, topic := range []feeds.Topic{open, desk} {
				for _, order := range []feeds.Order{feeds.ByPublished, feeds.ByArrival} {
					if got := r.ids(topic, order); len(got) != 0 {
						r.Errorf("%v still has %v", topic, got)
					}
				}
				if info, _ := r.info(topic); info.Items != 0 {
					r.Errorf("%v is listed with %d items", topic, info.Items)
				}
			}
			log := r.log(from)
			if len(log) != 2 || !slices.Contains(log[0].Topics, open) || !slices.Contains(log[1].Topics, desk) {
				r.Errorf("the log does not say what they left: %+v", log)
			}
			if log := r.assign(open, feeds.New, a, b); len(log) != 0 {
				r.Errorf("assigned to what they left: %+v", log)
			}
			r.put1("s", post("a", in("X")), feeds.Reshaped)
			if got := r.ids(open, feeds.ByPublished); len(got) != 0 {
				r.Errorf("it came back with the group: %v", got)
			}
		},
	},
	{
		name:    "assign/retire",
		promise: "items of a retired source leave assigned topics and come back without them; a renamed source keeps them",
		run: func(r *run) {
			a := r.put1("s", post("a"), feeds.Baseline).ID
			b := r.put1("t", post("b"), feeds.Baseline).ID
			topic := saved("x")
			r.assign(topic, feeds.Baseline, a, b)
			r.ok("Retire", r.s.Retire(r.ctx, r.lease("s"), "s"))
			if got := r.ids(topic, feeds.ByPublished); !slices.Equal(got, []string{b}) {
				r.Errorf("after retiring %v", got)
			}
			r.ok("Revive", r.s.Revive(r.ctx, r.lease("s"), "s"))
			if got := r.ids(topic, feeds.ByPublished); !slices.Equal(got, []string{b}) {
				r.Errorf("after reviving %v", got)
			}
			r.ok("Rename", r.s.Rename(r.ctx, r.lease("u"), "t", "u"))
			if got := r.page(topic, feeds.ByPublished).Items; len(got) != 1 || got[0].Source != "u" {
				r.Errorf("after renaming %v", got)
			}
		},
	},
	{
		name:    "assign/merged",
		promise: "an item that is merged leaves assigned topics, cannot be assigned, and comes back without them; the one that is shown keeps them",
		run: func(r *run) {
			topic := saved("x")
			here := func(c *feeds.Change) { c.Address = "https://posts.example/same" }
			a := r.put1("s", post("a", here), feeds.Baseline).ID
			r.assign(topic, feeds.Baseline, a)
			b := r.put1("t", post("b", here, in("Y")), feeds.Merged).ID
			if got := r.ids(topic, feeds.ByPublished); !slices.Equal(got, []string{a}) {
				r.Errorf("after another one was merged into it: %v", got)
			}
			if log := r.assign(topic, feeds.Baseline, b); len(log) != 0 {
				r.Errorf("a merged item was assigned: %+v", log)
			}
			r.put1("s", withdraw("a"), feeds.Withdrawn)
			if log := r.assign(topic, feeds.Baseline, b); len(log) != 1 {
				r.Errorf("the one that is shown now: %+v", log)
			}
			from := r.tail()
			r.put1("s", post("a", here), feeds.Restored)
			if e := r.log(from); !slices.ContainsFunc(e, func(e cache.Entry) bool { return e.Kind == feeds.Withdrawn && slices.Contains(e.Topics, topic) }) {
				r.Errorf("the log does not say that it left the topic: %+v", e)
			}
			if got := r.ids(topic, feeds.ByPublished); len(got) != 0 {
				r.Errorf("after the first one came back: %v", got)
			}
		},
	},
	{
		name:    "assign/fenced",
		promise: "an assignment under a lease that somebody else has taken is refused with ErrStale and leaves no trace; one to a topic that items say themselves is refused",
		run: func(r *run) {
			a := r.put1("s", post("a"), feeds.Baseline).ID
			l, err := r.s.Acquire(r.ctx, "feeds", time.Hour)
			r.ok("Acquire", err)
			r.ok("Release", r.s.Release(r.ctx, l))
			_, err = r.s.Acquire(r.ctx, "feeds", time.Hour)
			r.ok("Acquire", err)
			tail := r.tail()
			if err := r.s.Assign(r.ctx, l, saved("x"), cache.Assignment{ID: a, Kind: feeds.New}); !errors.Is(err, cache.ErrStale) {
				r.Errorf("under a stale lease: %v", err)
			}
			if r.tail() != tail || len(r.ids(saved("x"), feeds.ByPublished)) != 0 {
				r.Error("it left a trace")
			}
			if err := r.s.Assign(r.ctx, l, category("x"), cache.Assignment{ID: a, Kind: feeds.New}); err == nil {
				r.Error("a category was assigned")
			}
		},
	},
	{
		name:    "assign/many",
		promise: "a thousand assignments at once are taken, and a crash later they are all there",
		run: func(r *run) {
			var ids []string
			for i := range 10 {
				var changes []feeds.Change
				for j := range 100 {
					changes = append(changes, post(fmt.Sprint(i, " ", j)))
				}
				for _, a := range r.put("s", changes...) {
					ids = append(ids, a.ID)
				}
			}
			r.assign(saved("x"), feeds.Baseline, ids...)
			if r.h.Reopen != nil {
				r.s = r.h.Reopen(r.T, r.s)
				r.leases = map[string]cache.Lease{}
			}
			if got := r.ids(saved("x"), feeds.ByPublished); len(got) != 1000 {
				r.Errorf("%d items", len(got))
			}
		},
	},
}

package cachetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"feedmill/cache"
	"feedmill/feeds"
)

// trial is one random history.
type trial struct {
	*rapid.T
	t        *testing.T
	h        Harness
	ctx      context.Context
	s        cache.Store
	m        model
	leases   map[string]cache.Lease
	versions map[feeds.Topic]feeds.Version
	cursor   cache.Cursor
}

func (x *trial) ok(what string, err error) {
	if err != nil {
		x.Fatalf("%s: %v", what, err)
	}
}

func (x *trial) lease(source string) cache.Lease {
	l, ok := x.leases[source]
	if !ok {
		var err error
		l, err = x.s.Acquire(x.ctx, "source/"+source, 24*time.Hour)
		x.ok("Acquire", err)
		x.leases[source] = l
	}
	return l
}

// change draws one change.
func (x *trial) change(source string) feeds.Change {
	key := func(label string) string { return rapid.SampledFrom([]string{"k0", "k1", "k2", "k3"}).Draw(x.T, label) }
	if rapid.IntRange(0, 3).Draw(x.T, "withdraw") == 0 {
		c := withdraw(key("key"))
		c.Source = source
		return c
	}
	c := post(key("key"), raw(uint64(rapid.IntRange(1, 2).Draw(x.T, "raw"))), title(rapid.SampledFrom([]string{"t1", "t2"}).Draw(x.T, "title")))
	c.Source = source
	c.Item.Categories = slices.Compact(rapid.SliceOfN(rapid.SampledFrom([]string{"X", "x", "Y", "Z"}), 0, 2).Draw(x.T, "categories"))
	c.Item.URL, c.Item.Summary, c.Item.Content = "https://posts.example", "", ""
	if rapid.IntRange(0, 5).Draw(x.T, "dateless") == 0 {
		c.Item.Published = time.Time{}
	} else {
		c.Item.Published = day0.Add(time.Duration(rapid.IntRange(0, 2).Draw(x.T, "second")) * time.Second)
	}
	if rapid.IntRange(0, 5).Draw(x.T, "private") == 0 {
		c.Item.Group = "g"
	}
	if rapid.IntRange(0, 5).Draw(x.T, "renamed") == 0 {
		c.Formerly = key("formerly")
	}
	if rapid.IntRange(0, 5).Draw(x.T, "wished") == 0 {
		c.Wish = rapid.SampledFrom([]string{"w1", "w2"}).Draw(x.T, "wish")
	}
	return c
}

// step does one random operation and compares.
func (x *trial) step() {
	source := rapid.SampledFrom([]string{"a", "b"}).Draw(x.T, "source")
	src := x.m.source(source)
	lease := x.lease(source)
	var want []entry
	var reshaped map[feeds.Topic]bool
	inAnyOrder := true
	switch op := rapid.IntRange(0, 15).Draw(x.T, "operation"); {
	case op == 0 && !src.seen():
		// What Retire does to a source that the store never heard of is nobody's business.
	case op == 0:
		x.ok("Retire", x.s.Retire(x.ctx, lease, source))
		want = x.m.park(source, true)
	case op <= 2:
		x.ok("Revive", x.s.Revive(x.ctx, lease, source))
		want = x.m.park(source, false)
	case op == 3:
		x.ok("SetBaseline", x.s.SetBaseline(x.ctx, lease, source))
		src.baseline = true
	case op == 4:
		about := rapid.SampledFrom([]string{"one", "two"}).Draw(x.T, "about")
		if about != src.title {
			src.title = about
			reshaped = map[feeds.Topic]bool{}
			for _, g := range []string{"", "g"} {
				if t := (feeds.Topic{Group: g, Kind: "source", Name: source}); x.m.known[t] {
					reshaped[t], reshaped[feeds.Topic{Group: g, Kind: "all"}] = true, true
				}
			}
		}
		x.ok("Describe", x.s.Describe(x.ctx, lease, source, feeds.About{Title: about}))
	case op == 5:
		if x.h.Bubble {
			time.Sleep(time.Second)
		}
		_, err := x.s.Maintain(x.ctx)
		x.ok("Maintain", err)
	default:
		want, inAnyOrder = x.put(source, src, lease), false
	}
	x.compareLog(want, reshaped, inAnyOrder)
	x.compareTopics()
}

func (x *trial) put(source string, src *mSource, lease cache.Lease) (want []entry) {
	var changes []feeds.Change
	for range rapid.IntRange(1, 6).Draw(x.T, "changes") {
		changes = append(changes, x.change(source))
	}
	before, err := x.s.Now(x.ctx)
	x.ok("Now", err)
	acc, err := x.s.Put(x.ctx, lease, changes...)
	if src.retired {
		if !errors.Is(err, cache.ErrRetired) {
			x.Fatalf("Put to a retired source: %v", err)
		}
		return nil
	}
	x.ok("Put", err)
	if len(acc) != len(changes) {
		x.Fatalf("%d answers to %d changes", len(acc), len(changes))
	}
	for i, c := range changes {
		kind, id, e := x.m.put(source, c, before)
		if acc[i].Kind != kind || id != "" && acc[i].ID != id {
			x.Fatalf("change %d (%+v): got %+v, want %s %q", i, c, acc[i], kind, id)
		}
		if e != nil {
			want = append(want, *e)
		}
	}
	return want
}

// compareLog wants these entries, in this order unless inAnyOrder, and exactly the versions to move that they name.
func (x *trial) compareLog(want []entry, reshaped map[feeds.Topic]bool, inAnyOrder bool) {
	entries, err := x.s.After(x.ctx, x.cursor, 1000)
	x.ok("After", err)
	moved := map[feeds.Topic]bool{}
	if reshaped != nil {
		want = append(want, entry{feeds.Reshaped, "", reshaped})
	}
	if len(want) > 0 && inAnyOrder {
		slices.SortFunc(want, func(a, b entry) int { return cmp.Compare(a.id, b.id) })
		slices.SortFunc(entries, func(a, b cache.Entry) int { return cmp.Compare(a.ID, b.ID) })
	}
	if len(entries) != len(want) {
		x.Fatalf("log %+v, want %+v", entries, want)
	}
	for i, e := range entries {
		got := map[feeds.Topic]bool{}
		for _, t := range e.Topics {
			got[t], moved[t] = true, true
		}
		if e.Kind != want[i].kind || e.ID != want[i].id || !maps.Equal(got, want[i].topics) {
			x.Fatalf("entry %+v, want %+v", e, want[i])
		}
	}
	tail, err := x.s.Tail(x.ctx)
	x.ok("Tail", err)
	x.cursor = tail
	for t := range x.m.known {
		v, err := x.s.Version(x.ctx, t)
		x.ok("Version", err)
		if moved[t] != (v.Count > x.versions[t].Count) || !moved[t] && v != x.versions[t] {
			x.Fatalf("version of %v is %+v, was %+v; moved %v", t, v, x.versions[t], moved[t])
		}
		x.versions[t] = v
	}
}

// compareTopics compares every topic: its list entry, and its items in both orders, page by page.
func (x *trial) compareTopics() {
	infos := map[feeds.Topic]feeds.TopicInfo{}
	for _, g := range []string{"", "g"} {
		list, err := x.s.Topics(x.ctx, g)
		x.ok("Topics", err)
		for _, ti := range list {
			infos[ti.Topic] = ti
		}
	}
	if len(infos) != len(x.m.known) {
		x.Fatalf("topics %v, want %v", infos, x.m.known)
	}
	size := rapid.IntRange(1, 5).Draw(x.T, "page size")
	for t := range x.m.known {
		want := x.m.items(t, feeds.ByPublished)
		ti := infos[t]
		if ti.Topic != t || ti.Items != len(want) || ti.Version != x.versions[t] {
			x.Fatalf("%v is listed as %+v, want %d items", t, ti, len(want))
		}
		if label, sure := commonest(t, want); sure && ti.Label != label {
			x.Fatalf("%v has label %q, want %q", t, ti.Label, label)
		}
		if len(want) > 0 && ti.Newest.Unix() != want[0].published.Unix() {
			x.comparePage(t, feeds.ByPublished, size) // takes over first-seen seconds
			want = x.m.items(t, feeds.ByPublished)
			if ti.Newest.Unix() != want[0].published.Unix() {
				x.Fatalf("%v: newest %v, want %v", t, ti.Newest, want[0].published)
			}
		}
		for _, order := range []feeds.Order{feeds.ByPublished, feeds.ByArrival} {
			x.comparePage(t, order, size)
		}
	}
	for name, src := range x.m.sources {
		live := 0
		for _, it := range src.items {
			if it.live {
				live++
			}
		}
		list, err := x.s.List(x.ctx)
		x.ok("List", err)
		i := slices.IndexFunc(list, func(s cache.SourceInfo) bool { return s.Name == name })
		if i < 0 {
			if len(src.items) > 0 || src.baseline {
				x.Fatalf("source %q is not listed", name)
			}
			continue
		}
		if s := list[i]; s.Items != live || s.Baseline != src.baseline || s.Retired.IsZero() == src.retired || s.About.Title != src.title {
			x.Fatalf("source %+v, want %+v with %d items", s, src, live)
		}
	}
}

// commonest is the spelling of a topic that more items have than any other.
func commonest(t feeds.Topic, items []*mItem) (label string, sure bool) {
	counts := map[string]int{}
	for _, it := range items {
		for _, m := range it.topics {
			if m.Topic == t {
				counts[m.Label]++
			}
		}
	}
	best := 0
	for l, n := range counts {
		if n > best {
			best, label, sure = n, l, true
		} else if n == best {
			sure = false
		}
	}
	return label, sure
}

func (x *trial) comparePage(t feeds.Topic, order feeds.Order, size int) {
	var got []feeds.Item
	var pos feeds.Pos
	for {
		p, err := x.s.Recent(x.ctx, t, order, pos, size)
		x.ok("Recent", err)
		got = append(got, p.Items...)
		if p.Version != x.versions[t] {
			x.Fatalf("%v: a page of version %+v, the topic has %+v", t, p.Version, x.versions[t])
		}
		if p.Next.IsZero() {
			break
		}
		pos = p.Next
	}
	for i := range got {
		x.adopt(&got[i])
	}
	want := x.m.items(t, order)
	second := func(it feeds.Item) int64 {
		if order == feeds.ByArrival {
			return it.Arrived.Unix()
		}
		return it.Published.Unix()
	}
	if !slices.IsSortedFunc(got, func(a, b feeds.Item) int { return cmp.Compare(second(b), second(a)) }) {
		x.Fatalf("%v, order %d: not in order", t, order)
	}
	slices.SortFunc(got, func(a, b feeds.Item) int {
		return cmp.Or(cmp.Compare(second(b), second(a)), cmp.Compare(a.ID, b.ID))
	})
	if len(got) != len(want) {
		x.Fatalf("%v, order %d: %d items, want %d", t, order, len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.ID != w.id || g.Title != w.stated.Title || !slices.Equal(g.Categories, w.stated.Categories) || g.Group != w.stated.Group ||
			!g.Published.Equal(w.published) || !g.Arrived.Equal(w.arrived) || !g.Updated.Equal(w.updated) {
			x.Fatalf("%v, order %d, item %d:\n got %s\nwant %s", t, order, i, show(g.ID, g.Title, g.Categories, g.Published, g.Updated, g.Arrived),
				show(w.id, w.stated.Title, w.stated.Categories, w.published, w.updated, w.arrived))
		}
	}
}

// adopt takes over seconds that only the store knows, once: they may be a second later than the model thought.
func (x *trial) adopt(g *feeds.Item) {
	w := x.m.owner[g.ID]
	if w == nil {
		x.Fatalf("an item with ID %q that was never put", g.ID)
	}
	near := func(a, b time.Time) bool { return a.Sub(b).Abs() <= 5*time.Second }
	if w.arrivedAnywhere {
		w.arrivedAnywhere = false
		if near(w.arrived, g.Arrived) {
			w.arrived = g.Arrived
		}
	}
	if w.stated.Published.IsZero() && near(w.firstSeen, g.Published) {
		w.firstSeen, w.published = g.Published, g.Published
	}
	if near(w.updated, g.Updated) && w.updated.Year() != day0.Year() {
		w.updated = g.Updated
	}
}

func show(v ...any) string { return fmt.Sprintf("%v", v) }

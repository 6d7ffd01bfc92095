package cachetest

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// same gives a change an address.
func same(address string) func(*feeds.Change) { return func(c *feeds.Change) { c.Address = address } }

func tagged(tags ...string) func(*feeds.Change) {
	return func(c *feeds.Change) { c.Item.Tags = tags }
}

func url(u string) func(*feeds.Change) { return func(c *feeds.Change) { c.Item.URL = u } }

func sourceTopic(name string) feeds.Topic { return feeds.NewTopic("source", name) }

// news lists the IDs that the log calls new behind a cursor.
func (r *run) news(from cache.Cursor) (out []string) {
	r.Helper()
	for _, e := range r.log(from) {
		if e.Kind == feeds.New {
			out = append(out, e.ID)
		}
	}
	return out
}

// known is what the store knows of one key.
func (r *run) known(source, key string) feeds.Record {
	r.Helper()
	got, err := r.s.Known(r.ctx, source, key)
	r.ok("Known", err)
	return got[0]
}

func (r *run) wantIDs(t feeds.Topic, want ...string) {
	r.Helper()
	got := r.ids(t, feeds.ByPublished)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.Errorf("%v holds %v, want %v", t, got, want)
	}
	if ti, _ := r.info(t); ti.Items != len(want) {
		r.Errorf("%v is listed with %d items, want %d", t, ti.Items, len(want))
	}
}

var sameCases = []testCase{
	{
		name:    "same/merged",
		promise: "of items with one address the first is shown, with the labels of all and where else it is, in all their sources' topics; no other is news",
		run: func(r *run) {
			r.live("s")
			r.live("t")
			a := r.put1("s", post("a", same("x"), in("One", "Both"), tagged("mine")), feeds.New)
			tail := r.tail()
			b := r.put1("t", post("b", same("x"), in("both", "Two/Three"), tagged("yours"), url("https://t.example/b")), feeds.Merged)
			if a.ID == b.ID {
				r.Error("two items have one ID")
			}
			it := r.get(a.ID)
			if !slices.Equal(it.Categories, []string{"One", "Both", "Two/Three"}) || !slices.Equal(it.Tags, []string{"mine", "yours"}) ||
				!slices.Equal(it.Also, []feeds.Copy{{Source: "t", URL: "https://t.example/b"}}) {
				r.Errorf("shown: %+v", it)
			}
			r.gone(b.ID)
			for _, topic := range []feeds.Topic{
				feeds.All, sourceTopic("s"), sourceTopic("t"), category("one"), category("both"), category("two"), category("two/three"), feeds.NewTopic("tag", "yours"),
			} {
				r.wantIDs(topic, a.ID)
				if got := r.page(topic, feeds.ByArrival).Items; len(got) != 1 || len(got[0].Also) != 1 {
					r.Errorf("%v shows %+v", topic, got)
				}
			}
			log := r.log(tail)
			if len(log) != 1 || log[0].Kind != feeds.Reshaped || log[0].ID != a.ID || log[0].Source != "s" || !slices.Contains(log[0].Topics, sourceTopic("t")) {
				r.Errorf("log: %+v", log)
			}
			if got := r.known("t", "b"); got.Standing != feeds.Within || got.Shown != a.ID || got.Item == nil || !slices.Equal(got.Item.Tags, []string{"yours"}) {
				r.Errorf("known of the merged one: %+v", got)
			}
			if got := r.known("s", "a"); got.Standing != feeds.Live || got.Shown != "" || !slices.Equal(got.Item.Tags, []string{"mine"}) || len(got.Item.Also) != 1 {
				r.Errorf("known of the shown one: %+v", got)
			}
			list, err := r.s.List(r.ctx)
			r.ok("List", err)
			if list[0].Items != 1 || list[0].Merged != 0 || list[1].Items != 1 || list[1].Merged != 1 {
				r.Errorf("sources: %+v", list)
			}
			var keys []string
			r.ok("Keys", r.s.Keys(r.ctx, "t", func(k string) error { keys = append(keys, k); return nil }))
			if !slices.Equal(keys, []string{"b"}) {
				r.Errorf("keys: %v", keys)
			}
			tail = r.tail()
			r.put1("t", post("b", same("x"), in("both", "Two/Three"), tagged("yours"), url("https://t.example/b")), feeds.Unchanged)
			r.put1("s", post("a", same("x"), in("One", "Both"), tagged("mine")), feeds.Unchanged)
			if r.tail() != tail {
				r.Errorf("stating both again moved something: %+v", r.log(tail))
			}
		},
	},
	{
		name:    "same/edited",
		promise: "edits of either keep what they have together right",
		run: func(r *run) {
			r.live("s")
			r.live("t")
			a := r.put1("s", post("a", same("x"), in("One")), feeds.New)
			r.put1("t", post("b", same("x"), in("Two")), feeds.Merged)
			r.put1("t", post("b", same("x"), in("Three"), raw(2)), feeds.Changed)
			r.wantIDs(category("two"))
			r.wantIDs(category("three"), a.ID)
			r.put1("s", post("a", same("x"), in("Three", "Four"), raw(2), title("Edited")), feeds.Changed)
			it := r.get(a.ID)
			if it.Title != "Edited" || !slices.Equal(it.Categories, []string{"Three", "Four"}) || len(it.Also) != 1 {
				r.Errorf("shown: %+v", it)
			}
			r.wantIDs(category("one"))
			r.wantIDs(sourceTopic("t"), a.ID)
			r.put1("t", withdraw("b"), feeds.Withdrawn)
			if it := r.get(a.ID); len(it.Also) != 0 || !slices.Equal(it.Categories, []string{"Three", "Four"}) {
				r.Errorf("alone again: %+v", it)
			}
			r.wantIDs(sourceTopic("t"))
			r.wantIDs(category("three"), a.ID)
			if n := len(r.log("")); n != 5 {
				r.Errorf("log of %d entries, want one for each step: %+v", n, r.log(""))
			}
		},
	},
	{
		name:    "same/next",
		promise: "when the shown one leaves the next is shown, under its own ID and not as news, and goes when the first returns",
		run: func(r *run) {
			for _, s := range []string{"s", "t", "u"} {
				r.live(s)
			}
			a := r.put1("s", post("a", same("x"), in("One")), feeds.New)
			b := r.put1("t", post("b", same("x"), in("Two")), feeds.Merged)
			c := r.put1("u", post("c", same("x"), in("Three")), feeds.Merged)
			tail := r.tail()
			r.put1("s", withdraw("a"), feeds.Withdrawn)
			r.gone(a.ID)
			r.gone(c.ID)
			r.wantIDs(feeds.All, b.ID)
			r.wantIDs(sourceTopic("u"), b.ID)
			if it := r.get(b.ID); !slices.Equal(it.Categories, []string{"Two", "Three"}) || len(it.Also) != 1 || it.Also[0].Source != "u" {
				r.Errorf("shown: %+v", it)
			}
			r.put1("s", post("a", same("x"), in("One")), feeds.Restored)
			r.wantIDs(feeds.All, a.ID)
			r.wantIDs(sourceTopic("t"), a.ID)
			if it := r.get(a.ID); len(it.Also) != 2 {
				r.Errorf("shown: %+v", it)
			}
			r.put1("t", withdraw("b"), feeds.Withdrawn)
			r.put1("t", post("b", same("x"), in("Two")), feeds.Merged)
			if got := r.news(tail); len(got) > 0 {
				r.Errorf("news: %v", got)
			}
		},
	},
	{
		name:    "same/apart",
		promise: "items without an address, of one source, of different groups or beyond MaxSame stand apart",
		run: func(r *run) {
			r.live("s")
			r.live("t")
			r.put1("s", post("a"), feeds.New)
			r.put1("t", post("a"), feeds.New)
			first := r.put1("s", post("b", same("x")), feeds.New)
			second := r.put1("s", post("c", same("x")), feeds.New)
			r.put1("t", post("d", same("x"), group("g")), feeds.New)
			r.put1("t", post("e", same("x")), feeds.Merged)
			if it := r.get(first.ID); len(it.Also) != 1 {
				r.Errorf("the first: %+v", it)
			}
			if it := r.get(second.ID); len(it.Also) != 0 {
				r.Errorf("the second of its source: %+v", it)
			}
			if n := len(r.page(feeds.All, feeds.ByPublished).Items); n != 4 {
				r.Errorf("%d are shown, want 4", n)
			}
			var last feeds.Accepted
			for i := range cache.MaxSame + 1 {
				last = r.put(fmt.Sprint("many", i), post("k", same("many")))[0]
			}
			if last.Kind != feeds.Baseline || len(r.get(last.ID).Also) != 0 {
				r.Errorf("one more than %d: %+v", cache.MaxSame, last)
			}
			r.put1("many0", withdraw("k"), feeds.Withdrawn)
			r.put1(fmt.Sprint("many", cache.MaxSame), post("k", same("many")), feeds.Merged)
		},
	},
	{
		name:    "same/option",
		promise: "an address that comes, moves or goes moves nothing but what it merges or parts, and is no news",
		run: func(r *run) {
			r.live("s")
			r.live("t")
			a := r.put1("s", post("a", in("One")), feeds.New)
			b := r.put1("t", post("b", in("Two")), feeds.New)
			r.put1("t", post("lone", in("Three")), feeds.New)
			tail := r.tail()
			r.put1("s", post("a", in("One"), same("x")), feeds.Unchanged)
			r.put1("t", post("lone", in("Three"), same("z")), feeds.Unchanged)
			if r.tail() != tail {
				r.Errorf("addresses alone moved something: %+v", r.log(tail))
			}
			r.put1("t", post("b", in("Two"), same("x")), feeds.Merged)
			r.wantIDs(category("two"), a.ID)
			r.put1("t", post("b", in("Two"), same("y")), feeds.Unchanged)
			r.wantIDs(category("two"), b.ID)
			r.put1("t", post("b", in("Two"), same("x")), feeds.Merged)
			r.put1("s", post("a", in("One")), feeds.Unchanged)
			r.wantIDs(category("two"), b.ID)
			r.put1("s", post("a", in("One"), same("x")), feeds.Unchanged)
			r.put1("t", post("b", in("Two")), feeds.Unchanged)
			r.wantIDs(category("two"), b.ID)
			r.wantIDs(category("one"), a.ID)
			r.wantIDs(sourceTopic("t"), b.ID, r.known("t", "lone").ID)
			if got := r.news(tail); len(got) > 0 {
				r.Errorf("news: %v", got)
			}
			if it := r.get(a.ID); len(it.Also) != 0 || !slices.Equal(it.Categories, []string{"One"}) {
				r.Errorf("apart again: %+v", it)
			}
		},
	},
	{
		name:    "same/retired",
		promise: "items of a source that left are shown for nobody, and come back as they were; a renamed source is named as it is",
		run: func(r *run) {
			r.live("s")
			r.live("t")
			a := r.put1("s", post("a", same("x"), in("One")), feeds.New)
			second := r.put1("s", post("aa", same("x"), in("One")), feeds.New)
			b := r.put1("t", post("b", same("x"), in("Two")), feeds.Merged)
			tail := r.tail()
			r.ok("Retire", r.s.Retire(r.ctx, r.lease("s"), "s"))
			r.wantIDs(feeds.All, b.ID)
			r.ok("Revive", r.s.Revive(r.ctx, r.lease("s"), "s"))
			r.wantIDs(feeds.All, a.ID, second.ID)
			r.wantIDs(category("two"), a.ID)
			r.ok("Rename", r.s.Rename(r.ctx, r.lease("v"), "t", "v"))
			if it := r.get(a.ID); len(it.Also) != 1 || it.Also[0].Source != "v" {
				r.Errorf("shown: %+v", it)
			}
			r.wantIDs(sourceTopic("v"), a.ID)
			r.wantIDs(sourceTopic("t"))
			r.ok("Rename", r.s.Rename(r.ctx, r.lease("w"), "s", "w"))
			r.wantIDs(sourceTopic("w"), a.ID, second.ID)
			r.wantIDs(sourceTopic("v"), a.ID)
			r.ok("Retire", r.s.Retire(r.ctx, r.lease("v"), "v"))
			if it := r.get(a.ID); len(it.Also) != 0 {
				r.Errorf("shown: %+v", it)
			}
			if got := r.news(tail); len(got) > 0 {
				r.Errorf("news: %v", got)
			}
		},
	},
	{
		name:    "same/held",
		promise: "a held item joins the others in its second",
		run: func(r *run) {
			r.live("s")
			r.live("t")
			due := r.now().Add(2 * time.Second)
			b := r.put1("t", post("b", same("x"), in("Two"), hold, at(due)), feeds.Held)
			a := r.put1("s", post("a", same("x"), in("One")), feeds.New)
			r.put1("t", post("b", same("y"), in("Two"), hold, at(due)), feeds.Unchanged)
			r.put1("t", post("b", same("x"), in("Two"), hold, at(due)), feeds.Unchanged)
			r.wantIDs(category("two"))
			r.until(due)
			r.maintain()
			// It came first, held or not.
			r.wantIDs(feeds.All, b.ID)
			r.wantIDs(category("one"), b.ID)
			r.gone(a.ID)
		},
	},
	{
		name:    "same/kept",
		promise: "retention counts merged items as their source's own, and what it drops is shown for nobody",
		opts:    cache.Options{KeepItems: 3},
		run: func(r *run) {
			var a, b []string
			for i := range 5 {
				c := post(fmt.Sprint("k", i), same(fmt.Sprint("x", i)), at(day0.Add(time.Duration(i)*time.Minute)))
				a = append(a, r.put1("s", c, feeds.Baseline).ID)
			}
			for i := range 5 {
				c := post(fmt.Sprint("k", i), same(fmt.Sprint("x", i)), at(day0.Add(time.Duration(9-i)*time.Minute)))
				b = append(b, r.put1("t", c, feeds.Merged).ID)
			}
			r.maintain()
			// s keeps 2, 3, 4; t keeps 0, 1, 2, of which 2 is merged.
			r.wantIDs(feeds.All, a[2], a[3], a[4], b[0], b[1])
			r.wantIDs(sourceTopic("t"), a[2], b[0], b[1])
			list, err := r.s.List(r.ctx)
			r.ok("List", err)
			if list[0].Items != 3 || list[1].Items != 3 || list[1].Merged != 1 {
				r.Errorf("sources: %+v", list)
			}
		},
	},
	{
		name:    "same/moved",
		promise: "a key that changes keeps its item's place among those of its address",
		run: func(r *run) {
			r.live("s")
			r.live("t")
			a := r.put1("s", post("a", same("x"), in("One")), feeds.New)
			r.put1("t", post("b", same("x"), in("Two")), feeds.Merged)
			r.put1("t", post("bb", same("x"), in("Two"), was("b"), url("https://posts.example/b"), title("Post b"), text("b")), feeds.Unchanged)
			r.put1("t", post("bc", same("x"), in("Three"), was("bb"), raw(2)), feeds.Changed)
			r.put1("s", post("aa", same("x"), in("One"), was("a"), raw(2)), feeds.Changed)
			r.wantIDs(feeds.All, a.ID)
			r.wantIDs(category("three"), a.ID)
			r.put1("t", withdraw("bc"), feeds.Withdrawn)
			r.wantIDs(category("three"))
			r.wantIDs(category("one"), a.ID)
		},
	},
	{
		name:    "same/at-once",
		promise: "sources that state the same addresses at once merge them all",
		run: func(r *run) {
			const n = 60
			names := []string{"s", "t", "u"}
			for _, s := range names {
				r.live(s)
			}
			other, done := r.replica()
			defer done()
			var all sync.WaitGroup
			for i, s := range names {
				lease, store := r.lease(s), []cache.Store{r.s, other}[i%2]
				all.Go(func() {
					for from := range n / 10 {
						var changes []feeds.Change
						for j := range 10 {
							k := fmt.Sprint("k", from*10+(j+i*3)%10)
							changes = append(changes, post(k, same(k), in("from "+s)))
						}
						if _, err := store.Put(r.ctx, lease, changes...); err != nil {
							r.Errorf("Put of %s: %v", s, err)
						}
					}
				})
			}
			all.Wait()
			items := r.page(feeds.All, feeds.ByPublished).Items
			if len(items) != n || len(r.news("")) != n {
				r.Errorf("%d are shown, %d news; want %d", len(items), len(r.news("")), n)
			}
			for _, it := range items {
				if len(it.Also) != 2 || len(it.Categories) != 3 {
					r.Errorf("shown: %+v", it)
				}
			}
			for _, s := range names {
				if got := len(r.ids(sourceTopic(s), feeds.ByPublished)); got != n {
					r.Errorf("%s shows %d", s, got)
				}
			}
		},
	},
	{
		name:    "same/random",
		promise: "whatever is done in whatever order, what is shown depends only on which items are live",
		run:     func(r *run) { newSameModel(r).play(250) },
	},
	{
		name:    "same/reopened",
		promise: "what is merged stays so across a restart",
		run: func(r *run) {
			if r.h.Reopen == nil {
				r.Skip("this store cannot be opened again")
			}
			m := newSameModel(r)
			m.play(40)
			r.s = r.h.Reopen(r.T, r.s)
			for source := range r.leases {
				if l, err := r.s.Acquire(r.ctx, "source/"+source, time.Hour); err == nil { // else the old one still counts
					r.leases[source] = l
				}
			}
			m.play(40)
		},
	},
}

func text(key string) func(*feeds.Change) {
	return func(c *feeds.Change) {
		c.Item.Summary, c.Item.Content = "What "+key+" is about", "<p>All of "+key+"</p>"
	}
}

// sameModel is what a store should show of items with addresses.
type sameModel struct {
	*run
	rng     *rand.Rand
	items   map[[2]string]*mergedItem // by source and key
	retired map[string]bool
}

type mergedItem struct {
	n          int // in the order in which they came
	id, source string
	live       bool
	address    string
	labels     []string
}

func newSameModel(r *run) *sameModel {
	seed := rand.Uint64()
	r.Logf("seed %d", seed)
	return &sameModel{run: r, rng: rand.New(rand.NewPCG(seed, 1)), items: map[[2]string]*mergedItem{}, retired: map[string]bool{}}
}

func (m *sameModel) pick(list ...string) string { return list[m.rng.IntN(len(list))] }

func (m *sameModel) play(steps int) {
	for range steps {
		source := m.pick("s", "t", "u")
		switch op := m.rng.IntN(12); {
		case op == 0 && len(m.items) > 0:
			m.ok("Retire", m.s.Retire(m.ctx, m.lease(source), source))
			m.retired[source] = true
		case op <= 2 || m.retired[source]:
			m.ok("Revive", m.s.Revive(m.ctx, m.lease(source), source))
			m.retired[source] = false
		default:
			m.put(source)
		}
		m.compare()
		if m.Failed() {
			return
		}
	}
}

// put states or withdraws some keys, each of them once.
func (m *sameModel) put(source string) {
	var changes []feeds.Change
	for _, key := range []string{"k0", "k1", "k2", "k3"} {
		if m.rng.IntN(3) > 0 {
			continue
		}
		c := withdraw(key)
		if m.rng.IntN(4) > 0 {
			c = post(key, same(m.pick("", "x", "y")), in(m.pick("One", "Two"), m.pick("Three", "one")), raw(uint64(m.rng.IntN(3))))
			c.Item.Categories = slices.CompactFunc(c.Item.Categories, func(a, b string) bool { return feeds.Fold(a) == feeds.Fold(b) })
		}
		changes = append(changes, c)
	}
	for i, a := range m.run.put(source, changes...) {
		c, at := changes[i], [2]string{source, changes[i].Key}
		it := m.items[at]
		switch {
		case c.Item == nil && it != nil:
			it.live = false
		case c.Item != nil:
			if it == nil {
				it = &mergedItem{n: len(m.items), source: source, id: a.ID}
				m.items[at] = it
			}
			it.live, it.address, it.labels = true, c.Address, c.Item.Categories
		}
	}
}

// compare works out what is to be shown and looks whether it is.
func (m *sameModel) compare() {
	m.Helper()
	all := slices.SortedFunc(maps.Values(m.items), func(a, b *mergedItem) int { return cmp.Compare(a.n, b.n) })
	first := map[string]*mergedItem{}
	merged := map[string]int{}
	type look struct {
		labels map[string]bool
		also   []string
	}
	shown := map[string]*look{}
	byTopic := map[feeds.Topic][]string{feeds.All: nil}
	for _, it := range all {
		if !it.live || m.retired[it.source] {
			continue
		}
		owner := it
		if it.address != "" {
			if f := first[it.address]; f == nil {
				first[it.address] = it
			} else if f.source != it.source {
				owner = f
				merged[it.source]++
			}
		}
		if owner == it {
			shown[it.id] = &look{labels: map[string]bool{}}
		} else {
			shown[owner.id].also = append(shown[owner.id].also, it.source)
		}
		for _, l := range it.labels {
			shown[owner.id].labels[feeds.Fold(l)] = true
		}
	}
	for _, it := range all {
		l := shown[it.id]
		if l == nil {
			m.gone(it.id)
			continue
		}
		got := m.get(it.id)
		labels := map[string]bool{}
		for _, c := range got.Categories {
			labels[feeds.Fold(c)] = true
			byTopic[category(c)] = append(byTopic[category(c)], it.id)
		}
		var also []string
		for _, c := range got.Also {
			also = append(also, c.Source)
		}
		if !maps.Equal(labels, l.labels) || len(labels) != len(got.Categories) || !slices.Equal(also, l.also) {
			m.Errorf("%s is shown with %v, also in %v; want %v, %v", it.id, got.Categories, also, l.labels, l.also)
		}
		byTopic[feeds.All] = append(byTopic[feeds.All], it.id)
		for _, s := range append(also, it.source) {
			if t := sourceTopic(s); !slices.Contains(byTopic[t], it.id) {
				byTopic[t] = append(byTopic[t], it.id)
			}
		}
	}
	list, err := m.s.Topics(m.ctx, "")
	m.ok("Topics", err)
	for _, ti := range list {
		m.wantIDs(ti.Topic, byTopic[ti.Topic]...)
		delete(byTopic, ti.Topic)
	}
	for t, ids := range byTopic {
		if len(ids) > 0 {
			m.Errorf("%v is not listed, but has %v", t, ids)
		}
	}
	sources, err := m.s.List(m.ctx)
	m.ok("List", err)
	for _, s := range sources {
		if s.Merged != merged[s.Name] {
			m.Errorf("%s counts %d merged items, want %d", s.Name, s.Merged, merged[s.Name])
		}
	}
}

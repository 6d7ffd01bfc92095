package cachetest

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"feedmill/cache"
	"feedmill/feeds"
)

// The model is the contract in its simplest form: maps, no indexes, no files. Random operations are done to it and to
// the store, and the two must agree after each.

type mItem struct {
	key, id         string
	raw             uint64
	stated          feeds.Item // as the source stated it
	firstSeen       time.Time
	published       time.Time
	updated         time.Time
	arrived         time.Time
	live, parked    bool // parked: withdrawn by Retire
	topics          []feeds.Membership
	arrivedAnywhere bool // arrived is "now": taken over from the store's answer
}

type mSource struct {
	items             map[string]*mItem
	baseline, retired bool
	title             string
}

type model struct {
	sources map[string]*mSource
	owner   map[string]*mItem // by ID, also of items that are gone
	known   map[feeds.Topic]bool
}

// seen reports whether the store has heard of the source.
func (s *mSource) seen() bool { return len(s.items) > 0 || s.baseline || s.title != "" }

func (m *model) source(name string) *mSource {
	if m.sources[name] == nil {
		m.sources[name] = &mSource{items: map[string]*mItem{}}
	}
	return m.sources[name]
}

// entry is what the model wants to see in the log.
type entry struct {
	kind   feeds.Kind
	id     string
	topics map[feeds.Topic]bool
}

func touched(lists ...[]feeds.Membership) map[feeds.Topic]bool {
	out := map[feeds.Topic]bool{}
	for _, l := range lists {
		for _, m := range l {
			out[m.Topic] = true
		}
	}
	return out
}

// put is what Put does to one change.
func (m *model) put(source string, c feeds.Change, now time.Time) (feeds.Kind, string, *entry) {
	src := m.source(source)
	it := src.items[c.Key]
	if c.Item == nil {
		if it == nil {
			return feeds.Unchanged, "", nil
		}
		if !it.live {
			return feeds.Unchanged, it.id, nil
		}
		it.live = false
		return feeds.Withdrawn, it.id, &entry{feeds.Withdrawn, it.id, touched(it.topics)}
	}
	if old := src.items[c.Formerly]; old != nil && old != it && (it == nil || !it.live && old.live) {
		delete(src.items, old.key)
		old.key = c.Key
		src.items[c.Key] = old
		it = old
	}
	stated := *c.Item
	stated.Source = source
	kind := feeds.New
	switch {
	case it == nil:
		id := cache.MintID(source, c.Key, c.Wish, false)
		for m.owner[id] != nil {
			id = cache.MintID(source, c.Key, id, true)
		}
		it = &mItem{key: c.Key, id: id, firstSeen: now, arrivedAnywhere: true}
		m.owner[id], src.items[c.Key] = it, it
		if !src.baseline {
			kind = feeds.Baseline
		}
	case !it.live:
		kind = feeds.Restored
	case it.raw != c.Raw:
		kind = feeds.Changed
	case !sameStated(it.stated, stated):
		kind = feeds.Reshaped
	default:
		return feeds.Unchanged, it.id, nil
	}
	old := it.topics
	if !it.live {
		old = nil
	}
	it.published = stated.Published
	if it.published.IsZero() {
		it.published = it.firstSeen
	}
	switch {
	case kind == feeds.New || kind == feeds.Baseline:
		it.updated = it.published
		it.arrived = now
		if kind == feeds.Baseline && it.published.Before(now) {
			it.arrived, it.arrivedAnywhere = it.published, false
		}
	case it.raw != c.Raw:
		it.updated = now
	}
	if it.updated.Before(it.published) {
		it.updated = it.published
	}
	it.live, it.raw, it.stated, it.topics = true, c.Raw, stated, feeds.Topics(&stated)
	for _, t := range it.topics {
		m.known[t.Topic] = true
	}
	return kind, it.id, &entry{kind, it.id, touched(old, it.topics)}
}

func sameStated(a, b feeds.Item) bool {
	return a.Title == b.Title && a.Group == b.Group && slices.Equal(a.Categories, b.Categories) && a.Published.Equal(b.Published)
}

// park is Retire, unpark Revive: the entries come in any order.
func (m *model) park(source string, retire bool) []entry {
	src := m.source(source)
	src.retired = retire
	var out []entry
	for _, it := range src.items {
		switch {
		case retire && it.live:
			it.live, it.parked = false, true
			out = append(out, entry{feeds.Withdrawn, it.id, touched(it.topics)})
		case !retire && it.parked:
			it.live, it.parked = true, false
			out = append(out, entry{feeds.Restored, it.id, touched(it.topics)})
		}
	}
	return out
}

// items lists the live items of a topic, newest first; equal seconds by ID.
func (m *model) items(t feeds.Topic, order feeds.Order) []*mItem {
	var out []*mItem
	for _, s := range m.sources {
		for _, it := range s.items {
			if it.live && slices.ContainsFunc(it.topics, func(x feeds.Membership) bool { return x.Topic == t }) {
				out = append(out, it)
			}
		}
	}
	slices.SortFunc(out, func(a, b *mItem) int {
		return cmp.Or(cmp.Compare(b.second(order), a.second(order)), cmp.Compare(a.id, b.id))
	})
	return out
}

func (it *mItem) second(order feeds.Order) int64 {
	if order == feeds.ByArrival {
		return it.arrived.Unix()
	}
	return it.published.Unix()
}

// runModel lets rapid try random histories.
func runModel(t *testing.T, h Harness) {
	if !h.Bubble {
		t.Parallel()
	}
	history := func(rt *rapid.T) {
		x := &trial{T: rt, t: t, h: h, ctx: context.Background(), s: h.Open(t, cache.Options{})}
		x.m = model{sources: map[string]*mSource{}, owner: map[string]*mItem{}, known: map[feeds.Topic]bool{}}
		x.leases, x.versions = map[string]cache.Lease{}, map[feeds.Topic]feeds.Version{}
		defer func() { x.ok("Close", x.s.Close()) }()
		for range rapid.IntRange(1, 14).Draw(rt, "steps") {
			x.step()
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		if h.Bubble {
			rapid.SyncTest(rt, history)
		} else {
			history(rt)
		}
	})
}

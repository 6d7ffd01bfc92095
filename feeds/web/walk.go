package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"feedmill/feeds"
)

// Bounds of one walk.
const (
	// walkItems is how many items one request looks at. What is older is no part of a filtered document: a saved feed has all.
	walkItems = 20_000
	// walkPage is how many are read at once.
	walkPage = 200
	// walkTime bounds a walk: a store that takes longer is in trouble.
	walkTime = 15 * time.Second
	// arrivalItems is how many items get a second of their own in the order of arrival.
	arrivalItems = 1000
)

// errLate says that more came behind a cursor than a walk looks at.
var errLate = errors.New("the cursor is too old")

// found is what a walk brings: items with their places, and more when there are older ones.
type found struct {
	items []feeds.Item
	at    []feeds.Pos
	more  bool
	// basis are the topics that were read: without a change in one of them the same walk finds the same.
	basis []feeds.Topic
	// until is the second in which time itself changes the result; 0 for never.
	until int64
	// after is the cursor for a poller that has these items.
	after feeds.Pos
	// looked is how many items were looked at.
	looked int
}

// find carries out a view of a topic. It fails with errUnknown for a topic that never had an item, with errLate for a
// cursor that is too old.
func (s *Server) find(ctx context.Context, cfg *config, t feeds.Topic, v *view) (*found, error) {
	ctx, cancel := context.WithTimeout(ctx, walkTime)
	defer cancel()
	w := walk{store: s.store, order: v.order(), from: v.before}
	if !v.newer.IsZero() {
		w.from = v.newer
	}
	for _, topic := range s.rarest(ctx, t, v) {
		w.streams = append(w.streams, &stream{topic: topic})
	}
	out := &found{}
	for _, st := range w.streams {
		out.basis = append(out.basis, st.topic)
	}
	if !cfg.known(t) {
		page, err := s.store.Recent(ctx, t, feeds.ByPublished, feeds.Pos{}, 1)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", t, err)
		}
		if page.Version == (feeds.Version{}) && len(page.Items) == 0 {
			return nil, fmt.Errorf("read %s: %w", t, errUnknown)
		}
	}
	now := s.now()
	first, until := v.since.bounds(now)
	out.until = until
	date := func(it *feeds.Item) int64 {
		if v.arrival {
			return it.Arrived.Unix()
		}
		return it.Published.Unix()
	}
	keep := func(it *feeds.Item) bool {
		return date(it) >= first && (!v.filters() || v.filter.Match(it)) && (len(w.streams) == 1 && w.streams[0].topic == t || within(it, t))
	}
	// Everything behind the first item that is too old is too old as well.
	tooOld := func(it *feeds.Item) bool { return date(it) < first }
	limit := cmp.Or(v.limit, cfg.window(t))
	var err error
	switch {
	case !v.newer.IsZero():
		limit = min(limit, pageItems)
		if err = w.collect(ctx, out, limit, keep, func(*feeds.Item) bool { return false }); err == nil {
			slices.Reverse(out.items)
			slices.Reverse(out.at)
		}
	case !v.after.IsZero():
		err = w.newer(ctx, out, v.after, limit, keep)
	case v.arrival:
		err = w.collect(ctx, out, arrivalItems, keep, tooOld)
	default:
		err = w.collect(ctx, out, limit, keep, tooOld)
	}
	if err != nil {
		return nil, fmt.Errorf("filter %s: %w", t, err)
	}
	out.looked = w.looked
	if v.arrival {
		out.date(now, out.more)
	}
	if len(out.items) > limit {
		out.items, out.at, out.more = out.items[:limit], out.at[:limit], true
	}
	return out, nil
}

// within reports whether an item is in a topic that can be read off it.
func within(it *feeds.Item, t feeds.Topic) bool {
	return t.Kind == "all" || slices.ContainsFunc(feeds.Topics(it), func(m feeds.Membership) bool { return m.Topic == t })
}

// rarest are the topics to read: of those that the address and the view name, the one that holds the fewest items, or
// where one of several may hold, all of these. Whatever they are, they hold all that is looked for.
func (s *Server) rarest(ctx context.Context, t feeds.Topic, v *view) []feeds.Topic {
	best := []feeds.Topic{t}
	if t.Kind == "feed" || !v.filters() { // who is in a saved feed cannot be read off the items
		return best
	}
	l, err := s.topics(ctx)
	if err != nil {
		return best
	}
	least := l.count(t)
	try := func(kind string, names []string) {
		var set []feeds.Topic
		sum := 0
		for _, name := range names {
			topics := []feeds.Topic{feeds.NewTopic(kind, name)}
			if kind == "lang" { // zh is also zh-CN
				topics = l.languages(name)
			}
			for _, topic := range topics {
				if !slices.Contains(set, topic) {
					set, sum = append(set, topic), sum+l.count(topic)
				}
			}
		}
		if len(names) > 0 && len(set) > 0 && sum < least {
			best, least = set, sum
		}
	}
	try("category", v.words.Category)
	try("tag", v.words.Tag)
	try("source", v.words.Source)
	try("lang", v.words.Lang)
	return best
}

// stream reads one topic page by page.
type stream struct {
	topic feeds.Topic
	page  feeds.Page
	i     int
	begun bool
}

// walk goes through topics as through one, each item once, from a place on.
type walk struct {
	store   Store
	order   feeds.Order
	from    feeds.Pos
	streams []*stream
	looked  int
}

// next is the next item; nil at the end.
func (w *walk) next(ctx context.Context) (*feeds.Item, feeds.Pos, error) {
	var best *stream
	for _, st := range w.streams {
		for st.i == len(st.page.Items) && (!st.begun || !st.page.Next.IsZero()) {
			from := st.page.Next
			if !st.begun {
				from = w.from
			}
			page, err := w.store.Recent(ctx, st.topic, w.order, from, walkPage)
			if err != nil {
				return nil, feeds.Pos{}, fmt.Errorf("read %s: %w", st.topic, err)
			}
			st.page, st.i, st.begun = page, 0, true
		}
		if st.i < len(st.page.Items) && (best == nil || later(st.page.At[st.i], best.page.At[best.i]) == (w.order&feeds.Rising == 0)) {
			best = st
		}
	}
	if best == nil {
		return nil, feeds.Pos{}, nil
	}
	it, at := &best.page.Items[best.i], best.page.At[best.i]
	for _, st := range w.streams { // the same item in other topics
		if st.i < len(st.page.Items) && st.page.At[st.i] == at {
			st.i++
		}
	}
	w.looked++
	return it, at, nil
}

// later reports whether a stands before b in every order.
func later(a, b feeds.Pos) bool {
	return cmp.Or(cmp.Compare(a.Second, b.Second), cmp.Compare(a.Seq, b.Seq)) > 0
}

// collect takes the first items that are to be kept, at most limit, and learns whether there are more.
func (w *walk) collect(ctx context.Context, out *found, limit int, keep, stop func(*feeds.Item) bool) error {
	for w.looked < walkItems {
		it, at, err := w.next(ctx)
		if err != nil || it == nil || stop(it) {
			return err
		}
		if !keep(it) {
			continue
		}
		if len(out.items) == limit {
			out.more = true
			return nil
		}
		out.items, out.at = append(out.items, *it), append(out.at, at)
	}
	return nil
}

// newer collects what arrived behind a cursor: the oldest of it where it is more than limit, so that nothing is skipped.
func (w *walk) newer(ctx context.Context, out *found, from feeds.Pos, limit int, keep func(*feeds.Item) bool) error {
	newest := int64(math.MinInt64)
	cut := false
	for {
		it, at, err := w.next(ctx)
		if err != nil {
			return err
		}
		if it == nil || !later(at, from) {
			break
		}
		if w.looked > walkItems {
			return errLate
		}
		newest = max(newest, at.Second)
		if !keep(it) {
			continue
		}
		if out.items, out.at = append(out.items, *it), append(out.at, at); len(out.items) == 2*limit {
			out.items, out.at, cut = slices.Delete(out.items, 0, limit), slices.Delete(out.at, 0, limit), true
		}
	}
	if n := len(out.items) - limit; n > 0 {
		out.items, out.at, cut = out.items[n:], out.at[n:], true
	}
	switch behind := (feeds.Pos{Second: newest - overlap}); {
	case cut:
		out.after = out.at[0]
	case newest > math.MinInt64 && later(behind, from):
		out.after = behind
	default:
		out.after = from
	}
	return nil
}

// date gives the items, which are in the order of arrival, the second in which they arrived, each its own: of several in
// one second the later ones wait for the next. What still waits is left out. Cut says that there are older items.
func (f *found) date(now time.Time, cut bool) {
	n := len(f.items)
	seconds := make([]int64, n)
	for i := n - 1; i >= 0; i-- {
		seconds[i] = f.items[i].Arrived.Unix()
		if i+1 < n {
			seconds[i] = max(seconds[i], seconds[i+1]+1)
		}
	}
	// A row of items close to each other that goes on behind the end would be dated anew with each item that comes. Those of a
	// first import, which arrived when they were published, keep that date.
	for i := n - 1; i >= 0 && cut && (i == n-1 || seconds[i] == seconds[i+1]+1); i-- {
		if it := &f.items[i]; it.Published.Unix() == it.Arrived.Unix() {
			seconds[i] = it.Arrived.Unix()
		}
	}
	waiting := 0
	for i := range f.items {
		if seconds[i] > now.Unix() {
			waiting = i + 1
			f.until = least(f.until, seconds[i])
		}
		at := time.Unix(seconds[i], 0).UTC()
		f.items[i].Published, f.items[i].Updated, f.items[i].Arrived = at, at, at
	}
	f.items, f.at = f.items[waiting:], f.at[waiting:]
}

// least is the lower of two seconds of which 0 means never.
func least(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

package push

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

const (
	// maxWindow is how many items of the log a stream looks ahead; what is behind them is not counted.
	maxWindow = 2000
	// scanPage is how many entries of the log are read at once, and getPage how many items: they may be large.
	scanPage = 500
	getPage  = 50
	// keepSent is how many delivered items a stream knows, so that one that comes again under another topic is not sent again.
	keepSent = 4000
)

// window is what a stream sees of the log behind its bookmark.
type window struct {
	list    []entry
	in      map[string]bool // items in the list and in messages that are not settled
	scanned cache.Cursor    // how far was looked
	savedAt time.Time       // when the state was written
	// skipped are items that were withdrawn before they were sent, or that the target's rules failed for.
	skipped []string
	gone    int // how many skipped were
}

// entry is one thing to do.
type entry struct {
	at      cache.Cursor
	id      string
	source  string
	group   string
	arrived time.Time
	flood   bool // it came with many others of its source
	stale   bool // it waited for too long to be shown
	// repost says that the item was sent before; edit is the message to change in place of that.
	repost bool
	edit   Receipt
}

// rewind looks anew at what is behind the bookmark and the messages that are under way.
func (s *stream) rewind() {
	s.list, s.in = nil, map[string]bool{}
	s.skipped, s.gone = nil, 0
	s.scanned = s.st.Cursor
	for _, m := range slices.Concat(s.st.Aside, []*message{s.st.Pending, s.st.Probe}) {
		if m == nil {
			continue
		}
		for _, parts := range [][]part{m.Items, m.More} {
			for _, p := range parts {
				s.in[p.ID] = true
			}
		}
		if m.To != "" {
			s.scanned = m.To // that of Probe is behind that of Pending
		}
	}
}

// fill reads on in the log, until its end or until there is enough to do.
func (s *stream) fill(ctx context.Context) error {
	for len(s.list) < maxWindow && ctx.Err() == nil {
		page, err := s.c.tail.after(ctx, s.scanned, scanPage)
		var trimmed *cache.TrimmedError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &trimmed):
			if err := s.jump(ctx, trimmed.First, "the log does not reach back to the bookmark any more; it goes on where the log begins"); err != nil {
				return err
			}
			continue
		case errors.Is(err, cache.ErrRegressed):
			tail, err := s.c.store.Tail(ctx)
			if err != nil {
				return fmt.Errorf("find the end of the log: %w", err)
			}
			if err := s.jump(ctx, tail, "the log ends before the bookmark (the store was restored, or lost writes); it goes on where the log ends"); err != nil {
				return err
			}
			continue
		case err != nil:
			return fmt.Errorf("read the log for target %s: %w", s.spec.Name, err)
		case len(page) == 0:
			return nil
		}
		if err := s.sift(ctx, page); err != nil {
			return err
		}
	}
	return nil
}

// jump goes on at another place of the log, and says so: what was in between is not sent.
func (s *stream) jump(ctx context.Context, to cache.Cursor, why string) error {
	s.c.log.Warn("items may be missing at a target: "+why+"; `feedmill push replay` sends what is stored", "target", s.spec.Name)
	s.records = append(s.records, record{Time: time.Now(), Outcome: skipped, Code: "gap", Reason: why})
	s.count(skipped, 0)
	// Messages under way keep their items; the bookmark must not go back with them.
	for _, m := range []*message{s.st.Pending, s.st.Probe} {
		if m != nil && m.To != "" {
			m.To = to
		}
	}
	s.st.Cursor, s.st.Lagging = to, true
	s.rewind()
	return s.save(ctx)
}

// sift puts what the target wants of a page of the log into the list.
func (s *stream) sift(ctx context.Context, page []cache.Entry) error {
	var found []entry
	var want []string
	listed := map[string]bool{}
	for i := range page {
		e := &page[i]
		news := e.Kind == feeds.New
		if e.ID == "" || !news && (e.Kind != feeds.Changed || !s.edits()) || s.in[e.ID] || listed[e.ID] || !s.spec.wants(e.Topics) {
			continue
		}
		if sent := s.sent.get(e.ID); news == (sent != nil) {
			continue // news that was sent under another topic, or an edit of what was never sent
		}
		listed[e.ID] = true
		found = append(found, entry{at: e.Cursor, id: e.ID, source: e.Source, repost: !news})
		want = append(want, e.ID)
	}
	items := make(map[string]*feeds.Item, min(len(want), getPage))
	for chunk := range slices.Chunk(found, getPage) {
		clear(items)
		got, err := s.c.store.Get(ctx, want[:len(chunk)]...)
		if err != nil {
			return fmt.Errorf("read what is new for target %s: %w", s.spec.Name, err)
		}
		want = want[len(chunk):]
		for i := range got {
			if s.spec.may(&got[i]) {
				items[got[i].ID] = &got[i]
			}
		}
		for _, e := range chunk {
			s.list1(e, items[e.id])
		}
	}
	s.scanned = page[len(page)-1].Cursor
	return nil
}

// list1 puts one item into the list, if its content does not say otherwise. it is nil for one that is not there any more.
func (s *stream) list1(e entry, it *feeds.Item) {
	switch {
	case it == nil:
		if !e.repost {
			s.skip(e.id)
		}
		return
	case s.spec.Where != nil:
		yes, err := s.spec.Where(it)
		if err != nil {
			if s.once("where") {
				s.c.log.Warn("the expression of a target fails for some items: they are not sent", "target", s.spec.Name, "item", e.id, "err", err)
			}
			s.skip(e.id)
			return
		}
		if !yes {
			return
		}
	}
	e.arrived, e.group = it.Arrived, it.Group
	if e.repost && !s.edited(&e, it) {
		return
	}
	s.list = append(s.list, e)
	s.in[e.id] = true
}

// skip counts an item that is not sent, and names the first ones in the log.
func (s *stream) skip(id string) {
	if len(s.skipped) < recordItems {
		s.skipped = append(s.skipped, id)
	}
	s.gone++
}

// noteSkipped makes a record of what was skipped.
func (s *stream) noteSkipped(now time.Time) {
	if s.gone == 0 {
		return
	}
	s.records = append(s.records, record{
		Time: now, Outcome: skipped, Code: "gone", Reason: "it was not there any more, or the rules of the target failed for it", Items: s.skipped, Count: s.gone,
	})
	s.count(skipped, 0)
	s.skipped, s.gone = nil, 0
}

// drop takes everything up to a place out of the list, and says whether the list has that place.
func (s *stream) drop(to cache.Cursor) bool {
	i := slices.IndexFunc(s.list, func(e entry) bool { return e.at == to })
	s.list = slices.Delete(s.list, 0, i+1)
	return i >= 0
}

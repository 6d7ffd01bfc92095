package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/maypok86/otter/v2"

	"feedmill/feeds"
)

const (
	// sideShare is the part of the memory for what views make of feeds.
	sideShare = 8
	// maxWalks are made at once, and so many more may wait for their turn.
	maxWalks  = 2
	maxQueued = 30
)

// errBusy says that too many views are being made already.
var errBusy = errors.New("too many views at once")

// refused says that a document cannot be had although the store answers.
func refused(err error) bool {
	return errors.Is(err, errUnknown) || errors.Is(err, errLate) || errors.Is(err, ErrNotReady)
}

// newCache makes a cache of rendered documents of at most so many bytes. What was asked for once only does not push out what
// is asked for often (W-TinyLFU).
func newCache(size int64) (*otter.Cache[string, *entry], error) {
	c, err := otter.New(&otter.Options[string, *entry]{
		MaximumWeight: uint64(size),
		Weigher:       func(_ string, e *entry) uint32 { return e.weight() },
	})
	if err != nil {
		return nil, fmt.Errorf("make the cache of rendered documents: %w", err)
	}
	return c, nil
}

// home is the cache that a document is kept in.
func (s *Server) home(d doc) *otter.Cache[string, *entry] {
	if d.aside() {
		return s.side
	}
	return s.cache
}

// enter waits until a document may be rendered. Those that walk through many items wait for each other, keep nobody else
// waiting, and fail with errBusy when too many wait.
func (s *Server) enter(ctx context.Context, d doc) (leave func(), err error) {
	slots := s.slots
	done := func() {}
	if d.walks() {
		if slots = s.walks; s.queued.Add(1) > maxWalks+maxQueued {
			s.queued.Add(-1)
			return nil, errBusy
		}
		done = func() { s.queued.Add(-1) }
	}
	select {
	case slots <- struct{}{}:
		return func() { <-slots; done() }, nil
	case <-ctx.Done():
		done()
		return nil, context.Cause(ctx)
	}
}

// expireSide marks what was made of topics that moved. The caller holds s.mu.
func (s *Server) expireSide(moved []feeds.Topic) {
	for _, f := range s.flights {
		// What is looked for is in the topic of the address, whatever is read for it.
		if f.doc.aside() && (f.doc.topic == feeds.All || slices.Contains(moved, f.doc.topic)) {
			f.dirty = true
		}
	}
	if s.side.EstimatedSize() == 0 {
		return
	}
	set := make(map[feeds.Topic]bool, len(moved))
	for _, t := range moved {
		set[t] = true
	}
	for _, e := range s.side.All() {
		if !e.stale.Load() && slices.ContainsFunc(e.basis, func(t feeds.Topic) bool { return set[t] }) {
			e.stale.Store(true)
		}
	}
}

// renderView fills made with what a view makes of a topic's feed.
func (s *Server) renderView(ctx context.Context, cfg *config, d doc, made *document) error {
	f, err := s.find(ctx, cfg, d.topic, d.view)
	if err != nil {
		return err
	}
	made.until, made.basis = f.until, f.basis
	feed := cfg.feed(d.topic, &feeds.Page{Items: f.items, Version: feeds.Version{Changed: latest(f.items)}}, d.format)
	v := d.view
	feed.ID = cfg.feedID(d.topic.String()+"?"+v.query, d.format.Name)
	feed.Self, feed.Hubs = cfg.self(d.key), nil
	if !cfg.private {
		feed.Home += "?" + v.query
	}
	if words := v.String(); words != "" {
		feed.Title += " · " + words
	}
	if v.summary {
		for i := range feed.Items {
			feed.Items[i].Content = ""
		}
	}
	cut := cfg.head(d, feed, f.at, f.more)
	feed.After = cursorText(cursorAfter(f.items))
	if !v.after.IsZero() {
		cut = f.tail(feed)
	}
	made.body, err = encode(feed, d.format, cfg.site.MaxBytes, cut)
	return err
}

// tail leaves the last n items in a feed that a cursor led to: a poller that has the oldest goes on to the others.
func (f *found) tail(feed *feeds.Feed) func(n int) {
	return func(n int) {
		feed.Items, feed.After = f.items[len(f.items)-n:], posText(f.after)
		if n < len(f.items) {
			feed.After = posText(f.at[len(f.at)-n])
		}
	}
}

// latest is when the newest of the changes of items was: the date of a document that is made of nothing else.
func latest(items []feeds.Item) (t time.Time) {
	for i := range items {
		if u := items[i].Updated; u.After(t) {
			t = u
		}
	}
	return t
}

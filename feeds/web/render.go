package web

import (
	"bytes"
	"context"
	"fmt"
	"sort"

	"feedmill/feeds"
)

// renderFeed fills made with a topic's feed.
func (s *Server) renderFeed(ctx context.Context, cfg *config, d doc, made *document) error {
	page, err := s.read(ctx, cfg, d.topic)
	if err != nil {
		return err
	}
	made.changed = cfg.modified(page.Version)
	feed := cfg.feed(d.topic, &page, d.format)
	feed.After = cursorText(cursorAfter(page.Items))
	cut := cfg.head(d, feed, page.At, !page.Next.IsZero())
	made.body, err = encode(feed, d.format, cfg.site.MaxBytes, func(n int) {
		cut(n)
		// Nothing arrived after the latest change, so no later month has an item.
		feed.Complete, feed.PrevArchive, made.older = n > 0 && feed.Next == "", "", nil
		if feed.Next != "" {
			made.older = archiveDoc(d.topic, d.format, monthOf(page.Version.Changed.Unix())).ref()
			feed.PrevArchive = cfg.address(made.older.key)
		}
		if cfg.site.Static != nil {
			cfg.site.Static.settle(feed, made)
		}
	})
	return err
}

// head leaves the first n items in a feed and says where those behind them are. at are the places of all items, more tells
// whether there are others behind these.
func (c *config) head(d doc, f *feeds.Feed, at []feeds.Pos, more bool) func(n int) {
	all := f.Items
	return func(n int) {
		f.Items, f.Next = all[:n], ""
		if n > 0 && (n < len(at) || more) {
			f.Next = c.site.BaseURL + d.before(at[n-1])
		}
	}
}

// before is the address of the page behind a place.
func (d doc) before(at feeds.Pos) string {
	v := d.view
	if v == nil {
		v = &view{}
	}
	path := d.topic.Path()
	if d.format != nil {
		path += d.format.Suffix
	}
	return path + "?" + v.with("before", posText(at))
}

// read gets a topic's newest items. It fails with errUnknown for a topic that never had one.
func (s *Server) read(ctx context.Context, cfg *config, t feeds.Topic) (feeds.Page, error) {
	page, err := s.store.Recent(ctx, t, feeds.ByPublished, feeds.Pos{}, cfg.window(t))
	if err != nil {
		return page, fmt.Errorf("read %s: %w", t, err)
	}
	if page.Version == (feeds.Version{}) && len(page.Items) == 0 && !cfg.known(t) {
		return page, fmt.Errorf("read %s: %w", t, errUnknown)
	}
	return page, nil
}

// encode writes a feed with as many of its items as fit into limit bytes, though not under minItems. The number is the
// largest that fits, so that the same items always give the same bytes. cut leaves n items in it.
func encode(f *feeds.Feed, format *feeds.Format, limit int, cut func(n int)) ([]byte, error) {
	out := buffers.Get().(*bytes.Buffer)
	defer release(out)
	total := len(f.Items)
	write := func(n int) (int, error) {
		out.Reset()
		cut(n)
		if err := format.Encode(out, f); err != nil {
			return 0, fmt.Errorf("encode %s as %s: %w", f.Topic, format.Name, err)
		}
		return out.Len(), nil
	}
	size, err := write(total)
	if err != nil || size <= limit || total <= minItems {
		return bytes.Clone(out.Bytes()), err
	}
	// The smallest n whose document is too long lies behind the one to take.
	tooMany := sort.Search(total-minItems, func(i int) bool {
		if err != nil {
			return true
		}
		size, err = write(minItems + 1 + i)
		return size > limit
	})
	if err == nil {
		_, err = write(minItems + tooMany)
	}
	return bytes.Clone(out.Bytes()), err
}

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
	made.body, err = encode(cfg.feed(d.topic, &page, d.format), d.format, cfg.site.MaxBytes)
	return err
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
// largest that fits, so that the same items always give the same bytes.
func encode(f *feeds.Feed, format *feeds.Format, limit int) ([]byte, error) {
	out := buffers.Get().(*bytes.Buffer)
	defer release(out)
	all := f.Items
	write := func(n int) (int, error) {
		out.Reset()
		f.Items = all[:n]
		if err := format.Encode(out, f); err != nil {
			return 0, fmt.Errorf("encode %s as %s: %w", f.Topic, format.Name, err)
		}
		return out.Len(), nil
	}
	size, err := write(len(all))
	if err != nil || size <= limit || len(all) <= minItems {
		return bytes.Clone(out.Bytes()), err
	}
	// The smallest n whose document is too long lies behind the one to take.
	tooMany := sort.Search(len(all)-minItems, func(i int) bool {
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

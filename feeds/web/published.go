package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"feedmill/feeds"
)

// Published is a feed as it is answered now.
type Published struct {
	Body        []byte
	ContentType string
	// Tag is the strong validator of the body.
	Tag string
}

// ErrNoFeed says that there is no public feed at an address.
var ErrNoFeed = errors.New("no feed is published there")

// FeedAt is the topic of the public feed that has exactly this address as its self link; whether the topic ever had an item is
// not looked at. Views and archives are none.
func (s *Server) FeedAt(address string) (feeds.Topic, bool) {
	d, ok := s.feedAt(address)
	return d.topic, ok
}

func (s *Server) feedAt(address string) (doc, bool) {
	cfg := s.config.Load()
	path, ok := strings.CutPrefix(address, cfg.site.BaseURL)
	if !ok || !strings.HasPrefix(path, "/") || cfg.private {
		return doc{}, false
	}
	p, ok := cfg.locate(path)
	if !ok || p.format == nil || p.month != "" || p.path != path {
		return doc{}, false
	}
	return feedDoc(p.topic, p.format), true
}

// FeedsOf are the addresses of a public topic's feeds, one in each format.
func (s *Server) FeedsOf(t feeds.Topic) []string {
	if t.Group != "" {
		return nil
	}
	cfg := s.config.Load()
	out := make([]string, len(s.formats))
	for i, f := range s.formats {
		out[i] = cfg.site.BaseURL + t.Path() + f.Suffix
	}
	return out
}

// Current is the feed at an address as the store has it now: what is rendered already is not taken for it. Fails with [ErrNoFeed]
// for a topic that never had an item, and where nothing is published.
func (s *Server) Current(ctx context.Context, address string) (Published, error) {
	d, ok := s.feedAt(address)
	if !ok {
		return Published{}, fmt.Errorf("publish %s: %w", address, ErrNoFeed)
	}
	s.mu.Lock()
	s.expire(d.key)
	s.mu.Unlock()
	for {
		e, err := s.get(ctx, d)
		switch {
		case errors.Is(err, errUnknown):
			return Published{}, fmt.Errorf("publish %s: %w", address, ErrNoFeed)
		case err != nil:
			return Published{}, err
		case !e.stale.Load():
			var b bytes.Buffer
			b.Grow(e.size)
			if err := e.inflate(&b); err != nil {
				return Published{}, err
			}
			return Published{Body: b.Bytes(), ContentType: d.format.ContentType(), Tag: e.tags[plain][0]}, nil
		}
		// The store is slow: the old document is not what was asked for.
		t := time.NewTimer(50 * time.Millisecond)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return Published{}, ctx.Err()
		}
	}
}

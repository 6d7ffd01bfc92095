package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"feedmill/feeds"
)

// Recent reads a topic; see [cache.Items].
func (s *Store) Recent(
	ctx context.Context, topic feeds.Topic, order feeds.Order, before feeds.Pos, limit int,
) (feeds.Page, error) {
	op := fmt.Sprintf("read topic %s", topic)
	if limit < 1 || limit > 1000 {
		return feeds.Page{}, fmt.Errorf("redis: %s: limit %d: want 1 to 1000", op, limit)
	}
	var page feeds.Page
	for attempt := 0; ; attempt++ {
		var missing []string
		var err error
		if page, missing, err = s.recent(ctx, token(topic), order, before, limit); err != nil {
			return feeds.Page{}, fail(ctx, op, err)
		}
		if len(missing) == 0 {
			return page, nil
		}
		if attempt > 0 {
			s.reportLost(missing)
			return page, nil
		}
		// The item was changed between the two reads and its old body is gone: once more.
	}
}

// recent reads a page once. Missing are the names of bodies that were not there; their items are left out.
func (s *Store) recent(
	ctx context.Context, topic string, order feeds.Order, before feeds.Pos, limit int,
) (page feeds.Page, missing []string, err error) {
	second, behind, rising := "", "", 0
	if !before.IsZero() {
		second, behind = strconv.FormatInt(before.Second, 10), member(before.Seq)
	}
	if order&feeds.Rising != 0 {
		order, rising = order&^feeds.Rising, 1
	}
	v, err := s.run(ctx, recentScript,
		[]string{s.keys.index(topic, order), s.keys.ledger(), s.keys.versions()}, topic, limit, second, behind, bodyAt, rising)
	if err != nil {
		return page, nil, err
	}
	r := newReply(v)
	if page.Version, err = parseVersion(r.text()); err != nil {
		return page, nil, err
	}
	var names, shares []string
	var at []feeds.Pos
	for r.more() {
		if len(names) == limit {
			page.Next = before
			break
		}
		var m string
		m, before.Second = r.text(), r.number()
		nonce, share := r.text(), ""
		if len(nonce) > nonceLen { // a whole entry
			e, err := decodeEntry(nonce)
			if err != nil {
				return page, nil, err
			}
			nonce, share = e.body, e.shares
		}
		names, shares = append(names, bodyName(m, nonce)), append(shares, share)
		if before.Seq, err = parseMember(m); err != nil {
			return page, nil, err
		}
		at = append(at, before)
	}
	if r.err != nil {
		return page, nil, r.err
	}
	items, err := s.bodies(ctx, names)
	if err != nil {
		return page, nil, err
	}
	page.Items = make([]feeds.Item, 0, len(names))
	for i, it := range items {
		if it == nil {
			missing = append(missing, names[i])
			continue
		}
		if err := unite(it, shares[i]); err != nil {
			return page, nil, err
		}
		page.Items, page.At = append(page.Items, *it), append(page.At, at[i])
	}
	return page, missing, nil
}

// parseVersion reads a stored version; an empty one is zero.
func parseVersion(text string) (feeds.Version, error) {
	if text == "" {
		return feeds.Version{}, nil
	}
	count, changed, _ := strings.Cut(text, " ")
	c, err := strconv.ParseUint(count, 10, 64)
	second, err2 := strconv.ParseInt(changed, 10, 64)
	if err != nil || err2 != nil {
		return feeds.Version{}, fmt.Errorf("parse version %q: %w", text, errMember)
	}
	return feeds.Version{Count: c, Changed: time.Unix(second, 0).UTC()}, nil
}

// Get returns items by public ID; see [cache.Items].
func (s *Store) Get(ctx context.Context, ids ...string) ([]feeds.Item, error) {
	op := fmt.Sprintf("get %d items", len(ids))
	out := make([]feeds.Item, 0, len(ids))
	for part := range slices.Chunk(ids, readBatch) {
		for attempt := 0; ; attempt++ {
			items, missing, err := s.get(ctx, part)
			if err != nil {
				return nil, fail(ctx, op, err)
			}
			if len(missing) > 0 && attempt == 0 {
				continue
			}
			if len(missing) > 0 {
				s.reportLost(missing)
			}
			out = append(out, items...)
			break
		}
	}
	return out, nil
}

func (s *Store) get(ctx context.Context, ids []string) (items []feeds.Item, missing []string, err error) {
	args := append(make([]any, 0, 1+len(ids)), len(ids))
	for _, id := range ids {
		args = append(args, idHash(id))
	}
	v, err := s.run(ctx, getScript, []string{s.keys.ids(), s.keys.ledger()}, args...)
	if err != nil {
		return nil, nil, err
	}
	r := newReply(v)
	var names, shares []string
	for range ids {
		m, text := r.text(), r.text()
		if text == "" {
			continue
		}
		e, err := decodeEntry(text)
		if err != nil {
			return nil, nil, err
		}
		if e.state == live && !e.merged {
			names, shares = append(names, bodyName(m, e.body)), append(shares, e.shares)
		}
	}
	if r.err != nil {
		return nil, nil, r.err
	}
	found, err := s.bodies(ctx, names)
	if err != nil {
		return nil, nil, err
	}
	for i, it := range found {
		if it == nil {
			missing = append(missing, names[i])
			continue
		}
		if err := unite(it, shares[i]); err != nil {
			return nil, nil, err
		}
		items = append(items, *it)
	}
	return items, missing, nil
}

// Version reads the version of a topic; see [cache.Catalog].
func (s *Store) Version(ctx context.Context, topic feeds.Topic) (feeds.Version, error) {
	op := fmt.Sprintf("read version of topic %s", topic)
	text, err := s.client.HGet(ctx, s.keys.versions(), token(topic)).Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return feeds.Version{}, fail(ctx, op, err)
	}
	v, err := parseVersion(text)
	return v, fail(ctx, op, err)
}

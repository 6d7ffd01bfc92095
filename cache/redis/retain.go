package redis

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// staleness tells which items retention would drop again at once. Without it a source that states everything it has
// would bring back, in each fetch, what retention takes.
func (s *Store) staleness(ctx context.Context, source string, v *view) (func(e *entry) bool, error) {
	none := func(*entry) bool { return false }
	if s.opts.KeepItems <= 0 && s.opts.KeepFor <= 0 || !anyDropped(v.keys) && !anyDropped(v.formers) {
		return none, nil
	}
	r, err := s.record(ctx, source)
	if err != nil {
		return nil, err
	}
	oldest, err := s.oldest(ctx, source, r.number, 1)
	if err != nil {
		return nil, err
	}
	items, err := parseCounter(r.items)
	if err != nil {
		return nil, err
	}
	return func(e *entry) bool {
		if s.opts.KeepFor > 0 && e.arrived < v.now-int64(s.opts.KeepFor/time.Second) {
			return true
		}
		full := s.opts.KeepItems > 0 && items >= uint64(s.opts.KeepItems)
		return full && len(oldest) > 0 && e.arrived <= oldest[0].second
	}, nil
}

func anyDropped(list []found) bool {
	return slices.ContainsFunc(list, func(f found) bool { return f.entry != nil && f.entry.state == dropped })
}

// aged is an item with the second of its arrival.
type aged struct {
	second int64
	member string
}

// oldest lists the items of a source, by name and number, that arrived first. In its topics are also items of others that
// are shown for its own, and these are in none.
func (s *Store) oldest(ctx context.Context, source, number string, n int) ([]aged, error) {
	groups, err := s.groupsOf(ctx, source)
	if err != nil {
		return nil, err
	}
	keys := []string{s.keys.merged(source)}
	for _, g := range groups {
		keys = append(keys, s.keys.arrived(token(sourceTopic(source, g))))
	}
	var out []aged
	for _, key := range keys {
		own := 0
		for from, more := int64(0), true; more && own < n; from += maxChunk {
			page, err := s.client.ZRangeWithScores(ctx, key, from, from+maxChunk-1).Result()
			if err != nil {
				return nil, err
			}
			more = len(page) == maxChunk
			members := make([]string, len(page))
			for i, z := range page {
				members[i], _ = z.Member.(string)
			}
			list, err := s.entries(ctx, members)
			if err != nil {
				return nil, err
			}
			for i, f := range list {
				if f.entry != nil && strconv.FormatUint(f.entry.source, 10) == number {
					own++
					out = append(out, aged{int64(page[i].Score), f.member})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b aged) int {
		return cmp.Or(cmp.Compare(a.second, b.second), strings.Compare(a.member, b.member))
	})
	return out[:min(n, len(out))], nil
}

// retain drops the oldest items of each source that keeps too many or too old ones: at most maxChunk of a source a
// call. more says that a source has others.
func (s *Store) retain(ctx context.Context, now time.Time) (more bool, err error) {
	if s.opts.KeepItems <= 0 && s.opts.KeepFor <= 0 {
		return false, nil
	}
	names, err := s.client.SMembers(ctx, s.keys.sources()).Result()
	if err != nil {
		return false, err
	}
	for _, name := range names {
		full, err := s.retainSource(ctx, name, now)
		if err != nil {
			return false, err
		}
		more = more || full
	}
	return more, nil
}

func (s *Store) retainSource(ctx context.Context, source string, now time.Time) (more bool, err error) {
	r, err := s.record(ctx, source)
	if err != nil {
		return false, err
	}
	items, err := strconv.Atoi(cmp.Or(r.items, "0"))
	if err != nil {
		return false, errRecord
	}
	if items == 0 {
		return false, nil
	}
	excess := 0
	if s.opts.KeepItems > 0 {
		excess = max(items-s.opts.KeepItems, 0)
	}
	if excess == 0 && s.opts.KeepFor <= 0 {
		return false, nil
	}
	old, err := s.oldest(ctx, source, r.number, maxChunk)
	if err != nil {
		return false, err
	}
	n := min(excess, len(old))
	for s.opts.KeepFor > 0 && n < len(old) && old[n].second < now.Add(-s.opts.KeepFor).Unix() {
		n++
	}
	if n == 0 {
		return false, nil
	}
	members := make([]string, n)
	for i := range members {
		members[i] = old[i].member
	}
	number, err := parseCounter(r.number)
	if err != nil {
		return false, err
	}
	t, err := s.moveSome(ctx, cache.Lease{}, source, r.number, members, func(e entry) (*entry, feeds.Kind) {
		if e.state != live || e.source != number {
			return nil, ""
		}
		e.state = dropped
		return &e, feeds.Withdrawn
	})
	if err != nil || t.empty() {
		return false, err
	}
	if _, err := s.commit(ctx, t); err != nil { // a source that moved meanwhile is for the next call
		return false, err
	}
	return n == len(old) || excess > n, nil
}

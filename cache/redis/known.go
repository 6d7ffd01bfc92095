package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"feedmill/cache"
	"feedmill/feeds"
)

// standings are the states as others see them.
var standings = map[state]feeds.Standing{
	live: feeds.Live, held: feeds.Waiting, withdrawn: feeds.Gone, dropped: feeds.Expired, retired: feeds.Retired, retiredHeld: feeds.Retired,
}

// Known returns what the ledger has under native keys of a source; see [cache.Ledger].
func (s *Store) Known(ctx context.Context, source string, keys ...string) ([]feeds.Record, error) {
	op := fmt.Sprintf("look up %d keys of source %q", len(keys), source)
	out := make([]feeds.Record, 0, len(keys))
	for part := range slices.Chunk(keys, readBatch) {
		members, err := s.client.HMGet(ctx, s.keys.native(source), part...).Result()
		if err != nil {
			return nil, fail(ctx, op, err)
		}
		list := make([]feeds.Record, len(part))
		var where []int
		var names []string
		for i, m := range members {
			if text, ok := m.(string); ok {
				list[i] = feeds.Record{Source: source, Key: part[i]}
				where, names = append(where, i), append(names, text)
			}
		}
		if err := s.describeAll(ctx, list, where, names); err != nil {
			return nil, fail(ctx, op, err)
		}
		out = append(out, list...)
	}
	return out, nil
}

// describeAll fills in what the ledger and the bodies say of members, each into the record at its place.
func (s *Store) describeAll(ctx context.Context, list []feeds.Record, where []int, members []string) error {
	found, err := s.entries(ctx, members)
	if err != nil {
		return err
	}
	var names, addresses, shares, left []string
	var ofBody, ofLeft []int
	for i, f := range found {
		r := &list[where[i]]
		if f.entry == nil {
			*r = feeds.Record{}
			continue
		}
		r.ID, r.Standing, r.Raw, r.Baseline = f.entry.id, standings[f.entry.state], f.entry.raw, f.entry.baseline
		r.FirstSeen = second(f.entry.first)
		if f.entry.state == withdrawn && f.entry.body != "" {
			left, ofLeft = append(left, bodyName(f.member, f.entry.body)), append(ofLeft, where[i])
		}
		if f.entry.body != "" {
			names, ofBody = append(names, bodyName(f.member, f.entry.body)), append(ofBody, where[i])
			shares = append(shares, f.entry.shares)
		}
		if f.entry.state == live && f.entry.merged {
			r.Standing = feeds.Within
			addresses = append(addresses, f.entry.address)
		}
	}
	shown, err := s.shownFor(ctx, addresses)
	if err != nil {
		return err
	}
	ends, err := s.ends(ctx, left)
	if err != nil {
		return err
	}
	for i, end := range ends {
		if end > 0 {
			list[ofLeft[i]].Withdrawn = second(end - keepGone)
		}
	}
	items, err := s.bodies(ctx, names)
	if err != nil {
		return err
	}
	for i, it := range items {
		list[ofBody[i]].Item = it
		more, err := cache.DecodeShares([]byte(shares[i]))
		if err != nil {
			return err
		}
		for _, share := range more {
			if it != nil {
				it.Also = append(it.Also, share.Copy)
			}
		}
	}
	for i, f := range found {
		if r := &list[where[i]]; r.Standing == feeds.Within {
			r.Shown = shown[f.entry.address]
		}
	}
	return nil
}

// ends are the seconds in which bodies of withdrawn items are deleted; 0 for one that is not to be.
func (s *Store) ends(ctx context.Context, names []string) ([]int64, error) {
	if len(names) == 0 {
		return nil, nil
	}
	scores, err := s.client.ZMScore(ctx, s.keys.gone(), names...).Result()
	out := make([]int64, len(scores))
	for i, score := range scores {
		out[i] = int64(score)
	}
	return out, err
}

// errFound ends a scan that found what it looked for.
var errFound = errors.New("found")

// Find returns what the ledger has of public IDs; see [cache.Ledger]. The keys of their sources are looked through, since
// the ledger is ordered by them.
func (s *Store) Find(ctx context.Context, ids ...string) ([]feeds.Record, error) {
	op := fmt.Sprintf("find %d items", len(ids))
	out := make([]feeds.Record, len(ids))
	var where []int
	var members []string
	for start := 0; start < len(ids); start += readBatch {
		part := ids[start:min(start+readBatch, len(ids))]
		hashes := make([]string, len(part))
		for i, id := range part {
			hashes[i] = idHash(id)
		}
		values, err := s.client.HMGet(ctx, s.keys.ids(), hashes...).Result()
		if err != nil {
			return nil, fail(ctx, op, err)
		}
		for i, v := range values {
			if m, ok := v.(string); ok {
				where, members = append(where, start+i), append(members, m)
			}
		}
	}
	found, err := s.entries(ctx, members)
	if err != nil {
		return nil, fail(ctx, op, err)
	}
	wanted := map[string]map[string]int{} // source -> member -> place
	for i, f := range found {
		if f.entry == nil {
			continue
		}
		name, err := s.client.HGet(ctx, s.keys.sourceNames(), strconv.FormatUint(f.entry.source, 10)).Result()
		if err != nil {
			return nil, fail(ctx, op, err)
		}
		out[where[i]].Source = name
		if wanted[name] == nil {
			wanted[name] = map[string]int{}
		}
		wanted[name][f.member] = where[i]
	}
	for source, members := range wanted {
		err := s.scan(ctx, s.keys.native(source), func(page []string) error {
			for i := 0; i+1 < len(page); i += 2 {
				if at, ok := members[page[i+1]]; ok {
					out[at].Key = page[i]
					if delete(members, page[i+1]); len(members) == 0 {
						return errFound
					}
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errFound) {
			return nil, fail(ctx, op, err)
		}
	}
	if err := s.describeAll(ctx, out, where, members); err != nil {
		return nil, fail(ctx, op, err)
	}
	return out, nil
}

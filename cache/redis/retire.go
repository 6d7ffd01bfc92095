package redis

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"feedmill/cache"
	"feedmill/feeds"
)

// Retire takes a source out of the feeds; see [cache.Sources]. The mark comes first, so that no Put adds to what is
// being taken out.
func (s *Store) Retire(ctx context.Context, lease cache.Lease, source string) error {
	return fail(ctx, fmt.Sprintf("retire source %q", source), s.retire(ctx, lease, source))
}

func (s *Store) retire(ctx context.Context, lease cache.Lease, source string) error {
	var r record
	err := s.mark(ctx, lease, source, &r, func(t *tx) {
		if r.retired == "" {
			t.set(s.keys.source(source), "retired", strconv.FormatInt(t.latest-maxPreparing, 10))
		}
	})
	if err != nil || r.swept != "" {
		return err
	}
	err = s.moveAll(ctx, lease, source, r.number, func(e entry) (*entry, feeds.Kind) {
		switch e.state {
		case live:
			e.state = retired
		case held:
			e.state = retiredHeld
		default:
			return nil, ""
		}
		return &e, feeds.Withdrawn
	})
	if err != nil {
		return err
	}
	return s.mark(ctx, lease, source, &r, func(t *tx) { t.set(s.keys.source(source), "swept", "1") })
}

// Revive puts a retired source back; see [cache.Sources]. The mark goes last: until then a Put is refused.
func (s *Store) Revive(ctx context.Context, lease cache.Lease, source string) error {
	return fail(ctx, fmt.Sprintf("revive source %q", source), s.revive(ctx, lease, source))
}

func (s *Store) revive(ctx context.Context, lease cache.Lease, source string) error {
	var r record
	err := s.mark(ctx, lease, source, &r, func(t *tx) {
		if r.swept != "" {
			t.unset(s.keys.source(source), "swept")
		}
	})
	if err != nil || r.retired == "" {
		return err
	}
	err = s.moveAll(ctx, lease, source, r.number, func(e entry) (*entry, feeds.Kind) {
		switch e.state {
		case retired:
			e.state = live
		case retiredHeld:
			e.state = held
		default:
			return nil, ""
		}
		return &e, feeds.Restored
	})
	if err != nil {
		return err
	}
	return s.mark(ctx, lease, source, &r, func(t *tx) { t.unset(s.keys.source(source), "retired") })
}

// mark writes to the record of a source, which it leaves in r as it was before, and makes the source known.
func (s *Store) mark(ctx context.Context, lease cache.Lease, source string, r *record, set func(t *tx)) error {
	if err := leased(lease, source); err != nil {
		return err
	}
	return s.prepare(ctx, func() (*tx, error) {
		t, known, err := s.begin(ctx, lease, source)
		if err != nil {
			return nil, err
		}
		*r = known
		t.expect(s.keys.source(source), "retired", r.retired)
		t.expect(s.keys.source(source), "swept", r.swept)
		set(t)
		return t, nil
	})
}

// moveAll offers every ledger entry of a source to move, in bounded writes. move gets a copy and gives the entry that
// shall take its place, or nil.
func (s *Store) moveAll(
	ctx context.Context, lease cache.Lease, source, number string, move func(e entry) (*entry, feeds.Kind),
) error {
	return s.scan(ctx, s.keys.native(source), func(page []string) error {
		var members []string
		for i := 1; i < len(page); i += 2 {
			members = append(members, page[i])
		}
		for part := range slices.Chunk(members, maxChunk) {
			err := s.prepare(ctx, func() (*tx, error) { return s.moveSome(ctx, lease, source, number, part, move) })
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// moveSome prepares the moves of some entries of one source.
func (s *Store) moveSome(
	ctx context.Context, lease cache.Lease, source, number string, members []string, move func(e entry) (*entry, feeds.Kind),
) (*tx, error) {
	list, err := s.entries(ctx, members)
	if err != nil {
		return nil, err
	}
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	owner := source
	if lease == (cache.Lease{}) {
		owner = "" // whoever maintains the store leaves no nonce: the source's own writer does
	}
	t := newTx(lease, owner, now.Unix())
	t.expect(s.keys.source(source), "no", number)
	names := map[uint64]string{}
	var steps []*step
	for _, f := range list {
		if f.entry == nil {
			continue
		}
		next, kind := move(*f.entry)
		if next == nil {
			continue
		}
		if err := s.topicNames(ctx, names, f.entry); err != nil {
			return nil, err
		}
		steps = append(steps, &step{member: f.member, source: source, stored: f.stored, old: f.entry, next: next, kind: kind})
	}
	return t, s.apply(ctx, t, steps, names, now.Unix(), nil)
}

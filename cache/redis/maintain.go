package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"feedmill/cache"
	"feedmill/feeds"
)

// maintainEvery is the longest time between two calls: a Put by another process may hold an item that is due sooner
// than all that were there.
const maintainEvery = 15 * time.Second

// maxTrim is how many entries of the log one call drops.
const maxTrim = 1000

// Maintain does what time brings; see [cache.Store].
func (s *Store) Maintain(ctx context.Context) (next time.Time, err error) {
	if next, err = s.maintain(ctx); err != nil {
		return time.Time{}, fail(ctx, "maintain", err)
	}
	return next, nil
}

func (s *Store) maintain(ctx context.Context) (time.Time, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return now, err
	}
	again := false
	for _, do := range []func(context.Context, time.Time) (more bool, err error){
		s.release, s.trim, s.sweepNotes, s.retain, s.deleteBodies,
	} {
		more, err := do(ctx, now)
		if err != nil {
			return now, err
		}
		again = again || more
	}
	if again {
		return now, nil
	}
	return s.nextDue(ctx, now)
}

// nextDue is when the first of what is waiting for its time is due.
func (s *Store) nextDue(ctx context.Context, now time.Time) (time.Time, error) {
	next := now.Add(maintainEvery)
	p := s.client.Pipeline()
	var cmds []*goredis.ZSliceCmd
	for _, key := range []string{s.keys.held(), s.keys.expiring(), s.keys.gone()} {
		cmds = append(cmds, p.ZRangeWithScores(ctx, key, 0, 0))
	}
	if _, err := p.Exec(ctx); err != nil {
		return now, err
	}
	for _, c := range cmds {
		if z := c.Val(); len(z) > 0 {
			if due := second(int64(z[0].Score)); due.Before(next) {
				next = due
			}
		}
	}
	return next, nil
}

// due lists members of a sorted set whose second has come, at most n.
func (s *Store) due(ctx context.Context, key string, now time.Time, n int64) ([]string, error) {
	return s.client.ZRangeByScore(ctx, key, &goredis.ZRangeBy{
		Min: "-inf", Max: strconv.FormatInt(now.Unix(), 10), Count: n,
	}).Result()
}

func (s *Store) trim(ctx context.Context, _ time.Time) (more bool, err error) {
	v, err := s.run(ctx, trimScript, []string{s.keys.log(), s.keys.meta()},
		s.opts.LogEntries, int64(s.opts.LogFor/time.Second), maxTrim)
	return v == int64(maxTrim), err
}

// release indexes held items whose second has come.
func (s *Store) release(ctx context.Context, now time.Time) (more bool, err error) {
	members, err := s.due(ctx, s.keys.held(), now, maxChunk)
	if err != nil || len(members) == 0 {
		return false, err
	}
	list, err := s.entries(ctx, members)
	if err != nil {
		return false, err
	}
	bySource := map[uint64][]found{}
	owners := newLookup()
	for _, f := range list {
		if f.entry == nil || f.entry.state != held {
			return false, fmt.Errorf("held item %q: %w", f.member, errMember)
		}
		bySource[f.entry.source] = append(bySource[f.entry.source], f)
		owners.want(strconv.FormatUint(f.entry.source, 10))
	}
	p := s.client.Pipeline()
	owners.ask(ctx, p, s.keys.sourceNames())
	if _, err := p.Exec(ctx); err != nil {
		return false, err
	}
	for number, part := range bySource {
		text := strconv.FormatUint(number, 10)
		name, _ := owners.get(text)
		if err := s.releaseOf(ctx, name, text, part, now); err != nil {
			return false, err
		}
	}
	return len(members) == maxChunk, nil
}

// releaseOf indexes held items of one source. An item that moved meanwhile is for the next call.
func (s *Store) releaseOf(ctx context.Context, source, number string, list []found, now time.Time) error {
	t := newTx(cache.Lease{}, "", now.Unix())
	t.expect(s.keys.source(source), "no", number)
	names := map[uint64]string{}
	var bodies []body
	var steps []*step
	for _, f := range list {
		if err := s.topicNames(ctx, names, f.entry); err != nil {
			return err
		}
		next := *f.entry
		next.state, next.shown = live, true
		kind := feeds.Restored
		if !f.entry.shown {
			kind = firstKind(&next)
			next.arrived = arrival(next.baseline, next.published, now.Unix())
		}
		if next.arrived != f.entry.arrived {
			b, err := s.arrive(ctx, f, &next)
			if err != nil {
				return err
			}
			bodies = append(bodies, b...)
		}
		steps = append(steps, &step{member: f.member, source: source, stored: f.stored, old: f.entry, next: &next, kind: kind})
	}
	if err := s.apply(ctx, t, steps, names, now.Unix(), nil); err != nil {
		return err
	}
	if err := s.writeBodies(ctx, now.Unix(), bodies); err != nil {
		return err
	}
	_, err := s.commit(ctx, t)
	return err
}

// arrive makes the body of an item that arrived at another second than was thought when it was put.
func (s *Store) arrive(ctx context.Context, f found, next *entry) ([]body, error) {
	name := bodyName(f.member, f.entry.body)
	items, err := s.bodies(ctx, []string{name})
	if err != nil {
		return nil, err
	}
	if items[0] == nil {
		s.reportLost([]string{name})
		return nil, nil
	}
	items[0].Arrived = second(next.arrived)
	encoded := cache.EncodeItem(items[0])
	next.print, next.body = cache.PrintItem(items[0], encoded), nonce()
	return []body{{bodyName(f.member, next.body), encoded}}, nil
}

// deleteBodies deletes bodies that nothing refers to and whose time has come. Where the ledger still remembers one, for
// a withdrawn item that might have come back, it first forgets it; the body itself goes a little later.
func (s *Store) deleteBodies(ctx context.Context, now time.Time) (more bool, err error) {
	names, err := s.due(ctx, s.keys.gone(), now, readBatch)
	if err != nil || len(names) == 0 {
		return false, err
	}
	members, nonces := make([]string, len(names)), make([]string, len(names))
	for i, name := range names {
		if members[i], nonces[i], err = parseBodyName(name); err != nil {
			return false, err
		}
	}
	list, err := s.entries(ctx, members)
	if err != nil {
		return false, err
	}
	t := newTx(cache.Lease{}, "", now.Unix())
	p := s.client.Pipeline()
	var gone []any
	forgotten := map[string]bool{}
	for i, f := range list {
		if f.entry == nil || f.entry.body != nonces[i] {
			p.Unlink(ctx, s.keys.body(names[i]))
			gone = append(gone, names[i])
			continue
		}
		if f.entry.state.hasBody() {
			// It is referred to: it should not be on the list.
			t.expect(s.keys.ledger(), f.member, f.stored)
			t.remove(s.keys.gone(), names[i])
			continue
		}
		if forgotten[f.member] {
			continue
		}
		forgotten[f.member] = true
		next := *f.entry
		next.body = ""
		if next.state == retired || next.state == retiredHeld {
			next.state = withdrawn // there is nothing left that Revive could put back
		}
		if err := t.step(s.keys, step{member: f.member, stored: f.stored, old: f.entry, next: &next}, nil, now.Unix()); err != nil {
			return false, err
		}
	}
	if len(gone) > 0 {
		if _, err := p.Exec(ctx); err != nil && !errors.Is(err, goredis.Nil) {
			return false, err
		}
		if err := s.client.ZRem(ctx, s.keys.gone(), gone...).Err(); err != nil {
			return false, err
		}
	}
	if !t.empty() {
		if _, err := s.commit(ctx, t); err != nil {
			return false, err
		}
	}
	return len(names) == readBatch, nil
}

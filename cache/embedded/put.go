package embedded

import (
	"context"
	"fmt"
	"strings"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// Put applies the changes in one transaction. Fails with cache.ErrStale, cache.ErrRetired, cache.ErrFull; then nothing
// was stored.
func (s *Store) Put(ctx context.Context, lease cache.Lease, changes ...feeds.Change) ([]feeds.Accepted, error) {
	name, ok := strings.CutPrefix(lease.Name, "source/")
	if !ok {
		return nil, fmt.Errorf("put: lease %q is not that of a source: %w", lease.Name, cache.ErrStale)
	}
	if len(changes) > cache.MaxBatch {
		return nil, fmt.Errorf("put %s: %d changes: at most %d at once", name, len(changes), cache.MaxBatch)
	}
	prepared := make([]change, len(changes))
	parallel(len(changes), func(i int) { prepared[i] = prepareChange(name, &changes[i]) })
	if acc, err := s.unchanged(ctx, lease, name, prepared); acc != nil || err != nil {
		return acc, err
	}
	acc := make([]feeds.Accepted, len(changes))
	err := s.write(ctx, &lease, len(changes), func(b *batch) error {
		src, err := b.source(name)
		if err != nil {
			return err
		}
		if src != nil && src.retired != 0 {
			return fmt.Errorf("source %q: %w", name, cache.ErrRetired)
		}
		if src, err = b.ensureSource(name); err != nil {
			return err
		}
		for i := range prepared {
			if err := ctx.Err(); err != nil {
				return err
			}
			if acc[i], err = b.apply(src, &prepared[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("put %s: %w", name, err)
	}
	return acc, nil
}

// apply does one change.
func (b *batch) apply(src *source, p *change) (feeds.Accepted, error) {
	if p.refused != nil {
		return refusal(p.refused), nil
	}
	k := ledgerKey(src.num, p.key)
	rec, err := b.record(k)
	if err != nil {
		return feeds.Accepted{}, err
	}
	if p.withdraw {
		return b.withdraw(src, k, rec)
	}
	moved := false
	if p.formerly != "" && p.formerly != p.key {
		if rec, moved, err = b.takeOver(src, p, k, rec); err != nil {
			return feeds.Accepted{}, err
		}
	}
	if rec == nil {
		if rec, err = b.mint(src, p); err != nil || rec == nil {
			return refusal(fmt.Errorf("ID of more than %d bytes: the wished one is taken", feeds.MaxID)), err
		}
		return b.store(src, k, rec, p, true)
	}
	settled := p.settled(rec, b.now)
	if settled || p.same(rec, b.now) || rec.state == dropped && !b.keeps(src, rec) {
		if moved {
			if err := b.save(k, rec); err != nil {
				return feeds.Accepted{}, err
			}
			if err := b.rehead(src, p.key, rec); err != nil {
				return feeds.Accepted{}, err
			}
		}
		kind := feeds.Unchanged
		switch {
		case settled || rec.state == dropped:
		case rec.state == held:
			rec.address = p.address
			if err := b.save(k, rec); err != nil {
				return feeds.Accepted{}, err
			}
		default:
			if kind, err = b.readdress(src, k, rec, p.address); err != nil {
				return feeds.Accepted{}, err
			}
		}
		return feeds.Accepted{ID: rec.id, Kind: kind}, nil
	}
	return b.store(src, k, rec, p, false)
}

// mint makes a record for a key that was never seen; nil if its ID would be too long.
func (b *batch) mint(src *source, p *change) (*record, error) {
	id := cache.MintID(src.name, p.key, p.wish, false)
	for b.ids.Get([]byte(id)) != nil {
		id = cache.MintID(src.name, p.key, id, true)
	}
	if len(id) > feeds.MaxID {
		return nil, nil
	}
	seq, err := b.bodies.NextSequence()
	if err != nil {
		return nil, err
	}
	rec := &record{state: gone, baseline: !src.baseline || p.backlog, seq: seq, firstSeen: b.now, id: id}
	return rec, b.put(b.ids, []byte(id), num64(seq))
}

// takeOver moves the record of the former key to the key, unless the key has an item of its own.
func (b *batch) takeOver(src *source, p *change, k []byte, rec *record) (*record, bool, error) {
	if rec != nil && (rec.state == live || rec.state == held) {
		return rec, false, nil
	}
	formerKey := ledgerKey(src.num, p.formerly)
	former, err := b.record(formerKey)
	if err != nil || former == nil || rec != nil && former.state != live && former.state != held {
		return rec, false, err
	}
	if rec != nil {
		// What the key stood for was withdrawn long since; its ID stays taken.
		if err := b.unwait(k, rec); err != nil {
			return nil, false, err
		}
		if err := b.delete(b.bodies, num64(rec.seq)); err != nil {
			return nil, false, err
		}
	}
	if err := b.unwait(formerKey, former); err != nil {
		return nil, false, err
	}
	if err := b.wait(k, former); err != nil {
		return nil, false, err
	}
	return former, true, b.delete(b.ledger, formerKey)
}

// wait and unwait enter a record in, or take it from, the list that its state waits in.
func (b *batch) wait(k []byte, rec *record) error {
	switch rec.state {
	case held:
		return b.put(b.due, timedKey(rec.published.Unix(), k), nil)
	case gone:
		return b.put(b.gone, timedKey(rec.since, k), nil)
	}
	return nil
}

func (b *batch) unwait(k []byte, rec *record) error {
	switch rec.state {
	case held:
		return b.delete(b.due, timedKey(rec.published.Unix(), k))
	case gone:
		return b.delete(b.gone, timedKey(rec.since, k))
	}
	return nil
}

// store takes the item of a change into the record, the topics and the log.
func (b *batch) store(src *source, k []byte, rec *record, p *change, fresh bool) (feeds.Accepted, error) {
	var left []member
	wasLive, was, before := rec.state == live, rec.address, rec.members
	if wasLive {
		left = rec.shownIn()
		if err := b.takeOut(src, rec); err != nil {
			return feeds.Accepted{}, err
		}
	} else if !fresh {
		if err := b.unwait(k, rec); err != nil {
			return feeds.Accepted{}, err
		}
		if !rec.shown && rec.state == gone {
			rec.baseline = !src.baseline || p.backlog
		}
	}

	kind := b.restate(rec, p, fresh)
	if rec.state == held {
		if err := b.wait(k, rec); err != nil {
			return feeds.Accepted{}, err
		}
		if len(left) > 0 {
			if err := b.note(feeds.Withdrawn, src.name, rec.id, left, nil); err != nil {
				return feeds.Accepted{}, err
			}
		}
	} else {
		var err error
		if rec.members, err = b.spell(p.members); err != nil {
			return feeds.Accepted{}, err
		}
		// The first topic is that of everything in the item's group.
		if len(before) > 0 && before[0].topic != rec.members[0].topic {
			rec.assigned = nil
		}
		if kind, err = b.enter(src, rec, kind, left); err != nil {
			return feeds.Accepted{}, err
		}
	}
	if p.packed == nil {
		p.packed = cache.CompressFast(p.encoded)
	}
	h := headOf(src, p.key, rec)
	body := append(h.append(make([]byte, 0, 160+len(p.packed))), p.packed...)
	if err := b.put(b.bodies, num64(rec.seq), body); err != nil {
		return feeds.Accepted{}, err
	}
	if err := b.save(k, rec); err != nil {
		return feeds.Accepted{}, err
	}
	if wasLive && was != rec.address {
		if err := b.part(was, rec.seq); err != nil {
			return feeds.Accepted{}, err
		}
	}
	return feeds.Accepted{ID: rec.id, Kind: kind}, b.part(rec.address, rec.seq)
}

// enter puts a live item with its own topics where it belongs, with an entry in the log that says so. The kind is what
// becomes of it: Merged, where another one is shown in place of an item that only now came.
func (b *batch) enter(src *source, rec *record, kind feeds.Kind, left []member) (feeds.Kind, error) {
	if err := b.enlist(src, rec); err != nil {
		return "", err
	}
	if err := b.settle(rec); err != nil {
		return "", err
	}
	if err := b.place(src, rec); err != nil {
		return "", err
	}
	if !rec.merged {
		return kind, b.note(kind, src.name, rec.id, left, rec.shownIn())
	}
	rec.assigned = nil
	if kind != feeds.Changed {
		kind = feeds.Merged
	}
	if len(left) == 0 {
		return kind, nil
	}
	return kind, b.note(feeds.Withdrawn, src.name, rec.id, left, nil)
}

// takeOut takes a live item out of the index, of the spellings and of the list of its address. The others of that are told
// by part, once the item is saved.
func (b *batch) takeOut(src *source, rec *record) error {
	if err := b.unplace(src, rec); err != nil {
		return err
	}
	if err := b.unspell(rec.stated()); err != nil {
		return err
	}
	if rec.address == "" {
		return nil
	}
	rec.merged = false
	if err := b.take(rec, nil); err != nil {
		return err
	}
	return b.unlist(rec.address, rec.seq)
}

// restate moves dates, state and hashes of a record to what the change says, and tells what kind of change it is.
func (b *batch) restate(rec *record, p *change, fresh bool) feeds.Kind {
	published := p.date(rec)
	updated := p.updated
	if updated.IsZero() {
		switch {
		case fresh:
			updated = published
		case rec.raw != p.raw && !p.silent:
			updated = time.Unix(b.now, 0).UTC()
		default:
			updated = rec.updated
		}
	}
	if updated.Before(published) {
		updated = published
	}
	ahead := p.ahead(rec, b.now)
	kind := feeds.Reshaped
	switch {
	case ahead:
		kind = feeds.Held
	case !rec.shown:
		kind = feeds.New
		if rec.baseline {
			kind = feeds.Baseline
		}
	case rec.state != live:
		kind = feeds.Restored
	case rec.raw != p.raw && !p.silent:
		kind = feeds.Changed
	}
	rec.published, rec.updated, rec.raw, rec.print, rec.since = published, updated, p.raw, p.print, 0
	rec.address = p.address
	if ahead {
		rec.state, rec.members, rec.assigned = held, nil, nil
		return kind
	}
	b.arrive(rec)
	return kind
}

// arrive makes a record live; the first time it gets its Arrived.
func (b *batch) arrive(rec *record) {
	if !rec.shown {
		rec.arrived = time.Unix(b.now, 0).UTC()
		if rec.baseline && rec.published.Before(rec.arrived) {
			rec.arrived = rec.published
		}
	}
	rec.state, rec.shown = live, true
}

// withdraw takes an item out of its topics.
func (b *batch) withdraw(src *source, k []byte, rec *record) (feeds.Accepted, error) {
	switch {
	case rec == nil:
		return feeds.Accepted{Kind: feeds.Unchanged}, nil
	case rec.state != live && rec.state != held:
		return feeds.Accepted{ID: rec.id, Kind: feeds.Unchanged}, nil
	}
	if err := b.retract(src, k, rec); err != nil {
		return feeds.Accepted{}, err
	}
	rec.state, rec.since = gone, b.now
	if err := b.wait(k, rec); err != nil {
		return feeds.Accepted{}, err
	}
	return feeds.Accepted{ID: rec.id, Kind: feeds.Withdrawn}, b.save(k, rec)
}

// retract takes a live item out of its topics, with an entry in the log, or a held one out of its list.
func (b *batch) retract(src *source, k []byte, rec *record) error {
	if rec.state != live {
		return b.unwait(k, rec)
	}
	left := rec.shownIn()
	if err := b.takeOut(src, rec); err != nil {
		return err
	}
	rec.members, rec.assigned = nil, nil
	if len(left) > 0 {
		if err := b.note(feeds.Withdrawn, src.name, rec.id, left, nil); err != nil {
			return err
		}
	}
	return b.part(rec.address, rec.seq)
}

func (b *batch) save(k []byte, rec *record) error { return b.put(b.ledger, k, rec.encode()) }

func headOf(src *source, key string, rec *record) head {
	return head{source: src.num, key: key, id: rec.id, published: rec.published, updated: rec.updated, arrived: rec.arrived}
}

// rehead writes the head of a body anew, if there is a body.
func (b *batch) rehead(src *source, key string, rec *record) error {
	k := num64(rec.seq)
	body := b.bodies.Get(k)
	if body == nil {
		return nil
	}
	_, packed, err := decodeHead(body)
	if err != nil {
		return err
	}
	h := headOf(src, key, rec)
	return b.put(b.bodies, k, append(h.append(make([]byte, 0, 160+len(packed))), packed...))
}

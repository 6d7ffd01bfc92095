package embedded

import (
	"context"
	"fmt"
	"slices"

	"feedmill/cache"
	"feedmill/feeds"
)

// Rename gives everything of source old to a source that has no items yet, in one transaction. Fails with
// cache.ErrExists. An old source that is not there has nothing to give.
func (s *Store) Rename(ctx context.Context, lease cache.Lease, old, source string) error {
	return s.fenced(ctx, lease, "rename "+old+" to", source, maxWeight, func(b *batch) error {
		src, err := b.source(old)
		if err != nil || src == nil || old == source {
			return err
		}
		target, err := b.source(source)
		if err != nil {
			return err
		}
		if target != nil {
			if entries, _ := ledgerChunk(b.ledger, target.num, nil, 1); len(entries) > 0 {
				return cache.ErrExists
			}
			if err := b.forget(target); err != nil {
				return err
			}
		}
		if source == "" || len(source) > feeds.MaxKey {
			return fmt.Errorf("source name %.50q: want 1 to %d bytes", source, feeds.MaxKey)
		}
		if err := b.delete(b.sources, []byte(old)); err != nil {
			return err
		}
		delete(b.opened, old)
		src.name = source
		b.opened[source] = src
		b.changed(src)
		if err := b.put(b.names, num32(src.num), []byte(source)); err != nil {
			return err
		}
		return b.renameItems(src, old)
	})
}

// forget removes a source that has no ledger entries.
func (b *batch) forget(src *source) error {
	delete(b.opened, src.name)
	if err := b.delete(b.sources, []byte(src.name)); err != nil {
		return err
	}
	if err := b.delete(b.names, num32(src.num)); err != nil {
		return err
	}
	return b.delete(b.tx.Bucket(bAbouts), num32(src.num))
}

// renameItems moves the live items from the topics of the old name to those of the new one. All their topics move,
// since the items say another source; one entry in the log names them.
func (b *batch) renameItems(src *source, old string) error {
	moved := map[uint32]bool{}
	var from []byte
	for {
		keys, recs, next, err := b.records(src.num, from, chunk)
		if err != nil {
			return err
		}
		for i, rec := range recs {
			if rec.state != live {
				continue
			}
			if rec, err = b.again(keys[i], rec); err != nil {
				return err
			}
			for _, m := range rec.shownIn() {
				moved[m.topic] = true
			}
			if err := b.renameMembers(rec, feeds.Fold(old), src.name); err != nil {
				return err
			}
			for _, m := range rec.shownIn() {
				t, err := b.topicNum(m.topic)
				if err != nil {
					return err
				}
				b.bump(t)
				moved[m.topic] = true
			}
			if err := b.save(keys[i], rec); err != nil {
				return err
			}
			if err := b.part(rec.address, rec.seq); err != nil { // to whom it is merged names it
				return err
			}
		}
		if err := b.flushIndex(); err != nil {
			return err
		}
		if from = next; from == nil {
			break
		}
	}
	if len(moved) == 0 {
		return nil
	}
	nums := make([]uint32, 0, len(moved))
	for n := range moved {
		nums = append(nums, n)
	}
	slices.Sort(nums)
	return b.append(feeds.Reshaped, src.name, "", nums)
}

// renameMembers puts the topic of the new name where the one of the old name was.
func (b *batch) renameMembers(rec *record, old, name string) error {
	var out []member
	brought := rec.members[len(rec.stated()):]
	for _, m := range rec.stated() {
		t, err := b.topicNum(m.topic)
		if err != nil {
			return err
		}
		if t.topic.Kind != "source" || t.topic.Name != old {
			out = append(out, m)
			continue
		}
		if !rec.merged {
			b.leave(t, rec)
		}
		t.unspell(m.spelling)
		target := feeds.Topic{Group: t.topic.Group, Kind: "source", Name: feeds.Fold(name)}
		if target.Name == "" {
			continue
		}
		if t, err = b.topic(target); err != nil {
			return err
		}
		if !rec.merged {
			b.join(t, rec)
		}
		out = append(out, member{t.num, t.spell(name)})
	}
	rec.own = len(out)
	rec.members = append(out, brought...)
	return nil
}

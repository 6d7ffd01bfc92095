package embedded

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"feedmill/cache"
	"feedmill/feeds"
)

var errTopicKind = errors.New("only topics of kind feed are assigned")

// Assign puts live items into a topic of kind feed, or takes them out. Fails with cache.ErrStale, cache.ErrFull.
func (s *Store) Assign(ctx context.Context, lease cache.Lease, topic feeds.Topic, edits ...cache.Assignment) error {
	if topic.Kind != "feed" {
		return fmt.Errorf("assign items to %v: %w", topic, errTopicKind)
	}
	if len(edits) > cache.MaxBatch {
		return fmt.Errorf("assign items to %v: %d: at most %d at once", topic, len(edits), cache.MaxBatch)
	}
	err := s.write(ctx, &lease, len(edits), func(b *batch) error {
		for i := range edits {
			if err := b.assign(topic, &edits[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("assign items to %v: %w", topic, err)
	}
	return nil
}

func (b *batch) assign(name feeds.Topic, edit *cache.Assignment) error {
	k, h, err := b.byID(edit.ID)
	if err != nil || k == nil {
		return err
	}
	rec, err := b.record(k)
	if err != nil || rec == nil || rec.state != live || rec.merged || rec.id != edit.ID {
		return err
	}
	out := edit.Kind == feeds.Withdrawn
	if all, err := b.topicNum(rec.members[0].topic); err != nil || all.topic.Group != name.Group && !out {
		return err
	}
	t, err := b.known(name)
	if err == nil && t == nil && !out {
		t, err = b.topic(name)
	}
	if err != nil || t == nil {
		return err
	}
	at := slices.Index(rec.assigned, t.num)
	switch {
	case out == (at < 0):
		return nil
	case out:
		b.leave(t, rec)
		rec.assigned = slices.Delete(rec.assigned, at, at+1)
	default:
		b.join(t, rec)
		rec.assigned = append(rec.assigned, t.num)
	}
	if err := b.save(k, rec); err != nil {
		return err
	}
	return b.append(edit.Kind, string(b.names.Get(num32(h.source))), edit.ID, []uint32{t.num})
}

// byID finds the ledger key of an item that has a body; nil for none.
func (b *batch) byID(id string) ([]byte, head, error) {
	seq := b.ids.Get([]byte(id))
	if seq == nil {
		return nil, head{}, nil
	}
	body := b.bodies.Get(seq)
	if body == nil {
		return nil, head{}, nil
	}
	h, _, err := decodeHead(body)
	return ledgerKey(h.source, h.key), h, err
}

package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	goredis "github.com/redis/go-redis/v9"

	"feedmill/cache"
	"feedmill/feeds"
)

var errTopicKind = errors.New("only topics of kind feed are assigned")

// Assign puts live items into a topic of kind feed, or takes them out; see [cache.Items].
func (s *Store) Assign(ctx context.Context, lease cache.Lease, topic feeds.Topic, edits ...cache.Assignment) error {
	op := fmt.Sprintf("assign %d items to %s", len(edits), topic)
	if topic.Kind != "feed" {
		return fmt.Errorf("redis: %s: %w", op, errTopicKind)
	}
	if len(edits) > cache.MaxBatch {
		return fmt.Errorf("redis: %s: at most %d are allowed", op, cache.MaxBatch)
	}
	for part := range slices.Chunk(edits, maxChunk) {
		err := s.prepare(ctx, func() (*tx, error) { return s.assignSome(ctx, lease, topic, part) })
		if err != nil {
			return fail(ctx, op, err)
		}
	}
	return nil
}

// assignSome prepares some assignments.
func (s *Store) assignSome(ctx context.Context, lease cache.Lease, topic feeds.Topic, edits []cache.Assignment) (*tx, error) {
	hashes := make([]string, len(edits))
	for i, e := range edits {
		hashes[i] = idHash(e.ID)
	}
	values, err := s.client.HMGet(ctx, s.keys.ids(), hashes...).Result()
	if err != nil {
		return nil, err
	}
	var members []string
	kinds := map[string]feeds.Kind{}
	for i, v := range values {
		if m, ok := v.(string); ok {
			if _, twice := kinds[m]; !twice {
				members = append(members, m)
			}
			kinds[m] = edits[i].Kind // the last one counts
		}
	}
	list, err := s.entries(ctx, members)
	if err != nil {
		return nil, err
	}
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	t := newTx(lease, "", now.Unix())
	number := uint64(0)
	names := map[uint64]string{}
	for _, f := range list {
		if f.entry == nil || f.entry.state != live || f.entry.merged {
			continue
		}
		all := f.entry.topics[0].topic // that of everything in the item's group
		if _, ok := names[all]; !ok {
			if err := s.topicNames(ctx, names, f.entry); err != nil {
				return nil, err
			}
		}
		if kinds[f.member] != feeds.Withdrawn && parseToken(names[all]).Group != topic.Group {
			continue
		}
		if number == 0 {
			if number, err = s.topicNumber(ctx, t, topic); err != nil {
				return nil, err
			}
		}
		if err := t.assign(s.keys, f, place{topic: number}, token(topic), kinds[f.member]); err != nil {
			return nil, err
		}
	}
	if len(t.entries) == 0 {
		return nil, nil
	}
	return t, nil
}

// assign adds the move of one item to the write.
func (t *tx) assign(k keys, f found, p place, name string, kind feeds.Kind) error {
	out := kind == feeds.Withdrawn
	if out == (find(f.entry.assigned, p.topic) == nil) {
		return nil
	}
	next := *f.entry
	if out {
		next.assigned = slices.DeleteFunc(slices.Clone(next.assigned), func(have place) bool { return have.topic == p.topic })
		t.remove(k.published(name), f.member)
		t.remove(k.arrived(name), f.member)
	} else {
		next.assigned = append(slices.Clone(next.assigned), p)
		t.add(k.published(name), next.published, f.member)
		t.add(k.arrived(name), next.arrived, f.member)
	}
	t.expect(k.ledger(), f.member, f.stored)
	t.set(k.ledger(), f.member, next.encode())
	seq, err := parseMember(f.member)
	if err != nil {
		return err
	}
	t.append(line{kind: kind, source: next.source, item: seq, topics: []uint64{p.topic}}.encode())
	t.bump(name)
	return nil
}

// topicNumber is the number of a topic; a new one gets the next.
func (s *Store) topicNumber(ctx context.Context, t *tx, topic feeds.Topic) (uint64, error) {
	k := s.keys
	value, err := s.client.HGet(ctx, k.topics(topic.Group), topicField(topic)).Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return 0, err
	}
	t.expect(k.topics(topic.Group), topicField(topic), value)
	if value != "" {
		n, _, err := parseTopic(value)
		return n, err
	}
	text, err := s.client.HGet(ctx, k.meta(), "topics").Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return 0, err
	}
	count, err := parseCounter(text)
	if err != nil {
		return 0, err
	}
	number := strconv.FormatUint(count+1, 10)
	t.expect(k.meta(), "topics", text)
	t.set(k.meta(), "topics", number)
	t.set(k.topics(topic.Group), topicField(topic), number+" ")
	t.set(k.topicNames(), number, token(topic))
	return count + 1, nil
}

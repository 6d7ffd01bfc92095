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

// Rename gives everything of a source to another name; see [cache.Sources]. Who the items are moves at once, in one
// write; then their bodies and topics are written anew under the new name, in bounded writes. A Rename that was cut
// short goes on when it is called again.
func (s *Store) Rename(ctx context.Context, lease cache.Lease, old, source string) error {
	return fail(ctx, fmt.Sprintf("rename source %q to %q", old, source), s.rename(ctx, lease, old, source))
}

func (s *Store) rename(ctx context.Context, lease cache.Lease, old, source string) error {
	if err := leased(lease, source); err != nil {
		return err
	}
	if old == source {
		return nil
	}
	if err := s.prepare(ctx, func() (*tx, error) { return s.takeOver(ctx, lease, old, source) }); err != nil {
		return err
	}
	r, err := s.record(ctx, source)
	if err != nil || r.from != old {
		return err
	}
	err = s.scan(ctx, s.keys.native(source), func(page []string) error {
		var members []string
		for i := 1; i < len(page); i += 2 {
			members = append(members, page[i])
		}
		for part := range slices.Chunk(members, maxChunk) {
			err := s.prepare(ctx, func() (*tx, error) { return s.rewrite(ctx, lease, source, r.number, part) })
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.mark(ctx, lease, source, &r, func(t *tx) { t.unset(s.keys.source(source), "from") })
}

// takeOver moves the record, the keys and the number of a source. It fails with ErrExists.
func (s *Store) takeOver(ctx context.Context, lease cache.Lease, old, source string) (*tx, error) {
	from, err := s.record(ctx, old)
	if err != nil {
		return nil, err
	}
	to, err := s.record(ctx, source)
	if err != nil {
		return nil, err
	}
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	p := s.client.Pipeline()
	has := p.HLen(ctx, s.keys.native(source))
	keys := p.Exists(ctx, s.keys.native(old))
	groups := p.Exists(ctx, s.keys.groups(old))
	merged := p.Exists(ctx, s.keys.merged(old))
	fields := p.HGetAll(ctx, s.keys.source(old))
	if _, err := p.Exec(ctx); err != nil {
		return nil, err
	}
	t := newTx(lease, source, now.Unix())
	t.always = true
	if to.from == old {
		return t, nil // it was cut short and goes on
	}
	if has.Val() > 0 {
		return nil, cache.ErrExists
	}
	if from.number == "" {
		t.source, t.nonce = "", "" // nothing is there to be renamed
		return t, nil
	}
	k := s.keys
	for _, e := range []struct{ key, field, value string }{
		{k.source(old), "no", from.number},
		{k.source(old), "items", from.items},
		{k.source(old), "merged", from.merged},
		{k.source(old), "about", from.about},
		{k.source(old), "retired", from.retired},
		{k.source(source), "no", to.number},
	} {
		t.expect(e.key, e.field, e.value)
	}
	for field, value := range fields.Val() {
		if field != "op" && (field != "about" || to.about == "") {
			t.set(k.source(source), field, value)
		}
	}
	t.set(k.source(source), "from", old)
	t.set(k.sourceNames(), from.number, source)
	t.include(k.sources(), source)
	t.exclude(k.sources(), old)
	t.drop(k.source(old))
	if keys.Val() > 0 {
		t.rename(k.native(old), k.native(source))
	}
	if groups.Val() > 0 {
		t.rename(k.groups(old), k.groups(source))
	}
	if merged.Val() > 0 {
		t.rename(k.merged(old), k.merged(source))
	}
	return t, nil
}

// rewrite prepares the new bodies and topics of some items of a renamed source.
func (s *Store) rewrite(ctx context.Context, lease cache.Lease, source, number string, members []string) (*tx, error) {
	list, err := s.entries(ctx, members)
	if err != nil {
		return nil, err
	}
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(f found) bool { return f.entry == nil || f.entry.body == "" })
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = bodyName(f.member, f.entry.body)
	}
	items, err := s.bodies(ctx, names)
	if err != nil {
		return nil, err
	}
	ends, err := s.ends(ctx, names)
	if err != nil {
		return nil, err
	}
	t := newTx(lease, source, now.Unix())
	t.expect(s.keys.source(source), "no", number)
	topics := renamer{s: s, t: t, source: source, names: map[uint64]string{}, numbers: map[feeds.Topic]uint64{}}
	var bodies []body
	var steps []*step
	stated := map[string]*feeds.Item{}
	for i, it := range items {
		if it == nil || it.Source == source {
			continue
		}
		f := list[i]
		next := *f.entry
		own, err := topics.move(ctx, f.entry, feeds.NewTopic("source", it.Source).Name)
		if err != nil {
			return nil, err
		}
		next.stateIn(own)
		it.Source = source
		encoded := cache.EncodeItem(it)
		next.print, next.body = cache.PrintItem(it, encoded), nonce()
		bodies = append(bodies, body{bodyName(f.member, next.body), encoded})
		steps = append(steps, &step{member: f.member, source: source, stored: f.stored, old: f.entry, next: &next, kind: feeds.Reshaped})
		stated[f.member] = it
		if !next.state.hasBody() {
			// Nothing refers to it, as nothing did to the old one: it stays as long as that would have.
			end := ends[i]
			if end == 0 { // it has just been taken back
				end = now.Unix() + keepGone
			}
			t.add(s.keys.gone(), end, bodyName(f.member, next.body))
		}
	}
	if err := s.apply(ctx, t, steps, topics.names, now.Unix(), stated); err != nil {
		return nil, err
	}
	return t, s.writeBodies(ctx, now.Unix(), bodies)
}

// renamer replaces the topic of the old source by that of the new one in the topics of items.
type renamer struct {
	s       *Store
	t       *tx
	source  string
	names   map[uint64]string      // topics by number
	numbers map[feeds.Topic]uint64 // topics of the new name
}

func (r *renamer) move(ctx context.Context, e *entry, old string) ([]place, error) {
	if err := r.s.topicNames(ctx, r.names, e); err != nil {
		return nil, err
	}
	out := slices.Clone(e.stated())
	for i, p := range out {
		topic := parseToken(r.names[p.topic])
		if topic.Kind != "source" || topic.Name != old {
			continue
		}
		topic.Name = feeds.Fold(r.source)
		n, err := r.number(ctx, topic)
		if err != nil {
			return nil, err
		}
		out[i] = place{topic: n}
	}
	return out, nil
}

// number is the number of a topic; a new topic gets one. The new topics of one write differ in their group only.
func (r *renamer) number(ctx context.Context, topic feeds.Topic) (uint64, error) {
	if n := r.numbers[topic]; n > 0 {
		return n, nil
	}
	k := r.s.keys
	value, err := r.s.client.HGet(ctx, k.topics(topic.Group), topicField(topic)).Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return 0, err
	}
	r.t.expect(k.topics(topic.Group), topicField(topic), value)
	var n uint64
	if value != "" {
		if n, _, err = parseTopic(value); err != nil {
			return 0, err
		}
	} else {
		text, err := r.s.client.HGet(ctx, k.meta(), "topics").Result()
		if err != nil {
			return 0, err
		}
		count, err := parseCounter(text)
		if err != nil {
			return 0, err
		}
		fresh := uint64(1)
		for _, other := range r.numbers {
			if other > count {
				fresh++
			}
		}
		n = count + fresh
		if fresh == 1 {
			r.t.expect(k.meta(), "topics", text)
		}
		number := strconv.FormatUint(n, 10)
		r.t.set(k.meta(), "topics", number)
		r.t.set(k.topics(topic.Group), topicField(topic), number+" "+r.source)
		r.t.set(k.topicNames(), number, token(topic))
	}
	r.numbers[topic], r.names[n] = n, token(topic)
	return n, nil
}

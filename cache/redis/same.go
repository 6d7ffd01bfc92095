package redis

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"feedmill/cache"
	"feedmill/feeds"
)

// same is a live item with an address.
type same struct{ seq, source uint64 }

// appendSame writes the items of an address, which are in the order of their numbers: that in which they came.
func appendSame(list []same) string {
	b := make([]byte, 0, 4*len(list))
	for _, m := range list {
		b = binary.AppendUvarint(binary.AppendUvarint(b, m.seq), m.source)
	}
	return string(b)
}

func decodeSame(s string) ([]same, error) {
	r := numbers{rest: []byte(s)}
	var out []same
	for len(r.rest) > 0 {
		out = append(out, same{r.uvarint(), r.uvarint()})
	}
	if r.bad {
		return nil, errEntry
	}
	return out, nil
}

// mergedOf lists the members of an address that its first one is shown for.
func mergedOf(list []same) []string {
	sources := make([]uint64, len(list))
	for i, m := range list {
		sources[i] = m.source
	}
	var out []string
	for _, i := range cache.Merged(sources) {
		out = append(out, member(list[i].seq))
	}
	return out
}

// listed is the address under which a live item is listed; empty for none.
func (e *entry) listed() string {
	if e == nil || e.state != live {
		return ""
	}
	return e.address
}

// apply adds the steps to the write, and with them those that other items take because of them: the items of one address
// are shown as one. stated are the items at hand by member; others are read where they are needed.
func (s *Store) apply(ctx context.Context, t *tx, steps []*step, names map[uint64]string, now int64, stated map[string]*feeds.Item) error {
	a := addresses{s: s, t: t, names: names, stated: stated, steps: steps, lists: map[string][]same{}, stored: map[string]string{}}
	for _, m := range steps {
		m.next.topics, m.next.merged, m.next.shares = m.next.stated(), false, ""
		for _, address := range []string{m.old.listed(), m.next.listed()} {
			if _, ok := a.stored[address]; address != "" && !ok {
				a.stored[address] = ""
				a.order = append(a.order, address)
			}
		}
	}
	if len(a.order) > 0 {
		if err := a.part(ctx); err != nil {
			return err
		}
	}
	for _, m := range a.steps {
		if err := t.step(s.keys, *m, names, now); err != nil {
			return err
		}
	}
	return nil
}

// addresses gives the items of some addresses their parts.
type addresses struct {
	s      *Store
	t      *tx
	names  map[uint64]string
	stated map[string]*feeds.Item
	steps  []*step
	order  []string          // the addresses
	lists  map[string][]same // as they will be
	stored map[string]string // as they are stored

	by     map[string]*step // by member; also of others, as long as they take none
	others []*step
}

func (a *addresses) part(ctx context.Context) error {
	if err := a.read(ctx); err != nil {
		return err
	}
	for _, address := range a.order {
		list := a.lists[address]
		merged := mergedOf(list)
		for _, m := range list {
			next := a.by[member(m.seq)].next
			next.merged = slices.Contains(merged, member(m.seq))
		}
		if len(merged) > 0 {
			if err := a.take(ctx, a.by[member(list[0].seq)].next, merged); err != nil {
				return err
			}
		}
		if text := appendSame(list); text == "" {
			a.t.unset(a.s.keys.addresses(), address)
		} else if text != a.stored[address] {
			a.t.set(a.s.keys.addresses(), address, text)
		}
	}
	for _, m := range a.steps {
		m.kind = kindOfPart(m)
	}
	for _, m := range a.others {
		if m.kind = kindOfPart(m); m.kind != "" || m.old.encode() != m.next.encode() {
			a.steps = append(a.steps, m)
		} else {
			a.t.expect(a.s.keys.ledger(), m.member, m.stored)
		}
	}
	return nil
}

// kindOfPart is what the log says of a step, given the part of the item before and behind it: nothing of one that is not
// seen in either. A step of kind "" is one that only its part makes.
func kindOfPart(m *step) feeds.Kind {
	was := m.old != nil && m.old.state == live && !m.old.merged
	is := m.next.state == live && !m.next.merged
	switch {
	case m.next.state == live && !is:
		if was {
			return feeds.Withdrawn
		}
		return ""
	case m.kind != "" || !is:
		return m.kind
	case !was:
		return feeds.Restored
	case m.old.shares != m.next.shares || !slices.Equal(m.old.topics, m.next.topics):
		return feeds.Reshaped
	}
	return ""
}

// read reads the lists, moves the items of the steps in them, and reads the other items that are in them.
func (a *addresses) read(ctx context.Context) error {
	for part := range slices.Chunk(a.order, readBatch) {
		values, err := a.s.client.HMGet(ctx, a.s.keys.addresses(), part...).Result()
		if err != nil {
			return err
		}
		for i, v := range values {
			text, _ := v.(string)
			a.t.expect(a.s.keys.addresses(), part[i], text)
			a.stored[part[i]] = text
			if a.lists[part[i]], err = decodeSame(text); err != nil {
				return err
			}
		}
	}
	a.by = map[string]*step{}
	for _, m := range a.steps {
		a.by[m.member] = m
		if address := m.old.listed(); address != "" {
			a.lists[address] = slices.DeleteFunc(a.lists[address], func(o same) bool { return member(o.seq) == m.member })
		}
	}
	for _, m := range a.steps {
		if err := a.enlist(m); err != nil {
			return err
		}
	}
	return a.readOthers(ctx)
}

// enlist enters an item under its address. Where there is no room it has none, until it is stated again.
func (a *addresses) enlist(m *step) error {
	address := m.next.listed()
	if address == "" {
		return nil
	}
	list := a.lists[address]
	if len(list) >= cache.MaxSame {
		m.next.address = ""
		return nil
	}
	seq, err := parseMember(m.member)
	if err != nil {
		return err
	}
	at, _ := slices.BinarySearchFunc(list, seq, func(o same, seq uint64) int { return cmp.Compare(o.seq, seq) })
	a.lists[address] = slices.Insert(list, at, same{seq, m.next.source})
	return nil
}

// readOthers reads the items of the lists that take no step so far.
func (a *addresses) readOthers(ctx context.Context) error {
	var members []string
	owners := newLookup()
	for _, address := range a.order {
		for _, m := range a.lists[address] {
			if name := member(m.seq); a.by[name] == nil {
				members = append(members, name)
				owners.want(strconv.FormatUint(m.source, 10))
			}
		}
	}
	if len(members) == 0 {
		return nil
	}
	list, err := a.s.entries(ctx, members)
	if err != nil {
		return err
	}
	p := a.s.client.Pipeline()
	owners.ask(ctx, p, a.s.keys.sourceNames())
	if _, err := p.Exec(ctx); err != nil {
		return err
	}
	for _, f := range list {
		if f.entry.listed() == "" {
			return fmt.Errorf("item %q of an address is not live: %w", f.member, errEntry)
		}
		if err := a.s.topicNames(ctx, a.names, f.entry); err != nil {
			return err
		}
		next := *f.entry
		next.topics, next.shares = next.stated(), ""
		m := &step{member: f.member, stored: f.stored, old: f.entry, next: &next}
		m.source, _ = owners.get(strconv.FormatUint(f.entry.source, 10))
		a.by[f.member] = m
		a.others = append(a.others, m)
	}
	return nil
}

// take gives a shown item what the merged ones bring: their topics and their shares.
func (a *addresses) take(ctx context.Context, shown *entry, merged []string) error {
	if err := a.readStated(ctx, merged); err != nil {
		return err
	}
	shown.topics = slices.Clip(shown.stated())
	var shares []cache.Share
	for _, name := range merged {
		for _, p := range a.by[name].next.stated() {
			if cache.Brings(parseToken(a.names[p.topic])) && find(shown.topics, p.topic) == nil {
				shown.topics = append(shown.topics, p)
			}
		}
		if it := a.stated[name]; it != nil {
			shares = append(shares, cache.ShareOf(it))
		}
	}
	shown.shares = string(cache.EncodeShares(shares))
	return nil
}

// readStated reads the bodies of members that are not at hand.
func (a *addresses) readStated(ctx context.Context, members []string) error {
	var missing, names []string
	for _, name := range members {
		if m := a.by[name]; a.stated[name] == nil && m.old != nil {
			missing, names = append(missing, name), append(names, bodyName(name, m.old.body))
		}
	}
	items, err := a.s.bodies(ctx, names)
	if err != nil {
		return err
	}
	if a.stated == nil {
		a.stated = map[string]*feeds.Item{}
	}
	for i, it := range items {
		a.stated[missing[i]] = it
	}
	return nil
}

// unite adds to an item what merged ones bring to it.
func unite(it *feeds.Item, encoded string) error {
	if encoded == "" {
		return nil
	}
	shares, err := cache.DecodeShares([]byte(encoded))
	if err != nil {
		return err
	}
	cache.Unite(it, shares)
	return nil
}

// shownFor are the IDs of the items that are shown for merged ones, by address.
func (s *Store) shownFor(ctx context.Context, addresses []string) (map[string]string, error) {
	out := map[string]string{}
	for part := range slices.Chunk(addresses, readBatch) {
		values, err := s.client.HMGet(ctx, s.keys.addresses(), part...).Result()
		if err != nil {
			return nil, err
		}
		members := make([]string, len(part))
		for i, v := range values {
			text, _ := v.(string)
			list, err := decodeSame(text)
			if err != nil {
				return nil, err
			}
			if len(list) > 0 {
				members[i] = member(list[0].seq)
			}
		}
		found, err := s.entries(ctx, members)
		if err != nil {
			return nil, err
		}
		for i, f := range found {
			if f.entry != nil {
				out[part[i]] = f.entry.id
			}
		}
	}
	return out, nil
}

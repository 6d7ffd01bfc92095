package sources

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"feedmill/feeds"
)

// reworkBatch is how many stored items are read at once.
const reworkBatch = 200

// readDropped reads what the rules left out so far.
func readDropped(ctx context.Context, m Memory) (map[string]Dropped, error) {
	out := map[string]Dropped{}
	err := m.Range(ctx, BucketDropped, func(key string, value []byte) error {
		var d Dropped
		if err := json.Unmarshal(value, &d); err != nil {
			return fmt.Errorf("read what was left out: %w", err)
		}
		out[key] = d
		return nil
	})
	return out, err
}

// rework applies the policy to what is stored. It is for items that their source does not state again when the policy
// has moved, such as entries that left an upstream's window: what an earlier policy made of them stays, the new one is
// applied on top. What the rules leave out is withdrawn, without the guard: the operator asked for it. What they left
// out before is restored, as long as the store has it.
func (s *session) rework() error {
	var keys []string
	if err := s.desk.Keys(s.ctx, func(key string) error {
		keys = append(keys, key)
		return nil
	}); err != nil {
		return fmt.Errorf("list what is stored: %w", err)
	}
	for key := range s.droppedBefore {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	for part := range slices.Chunk(keys, reworkBatch) {
		known, err := s.desk.Known(s.ctx, part...)
		if err != nil {
			return fmt.Errorf("read what is stored: %w", err)
		}
		var changes []feeds.Change
		for _, r := range known {
			changes = append(changes, s.reworkOne(r)...)
		}
		if len(changes) > 0 {
			accepted, err := s.desk.Put(s.ctx, changes...)
			s.book(changes, accepted)
			if err != nil {
				return fmt.Errorf("store %d items: %w", len(changes), err)
			}
		}
		if err := s.saveDropped(); err != nil {
			return err
		}
	}
	return nil
}

// reworkOne is what the policy makes of one stored item.
func (s *session) reworkOne(r feeds.Record) []feeds.Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, out := s.droppedBefore[r.Key]
	if r.Item == nil || r.Standing != feeds.Live && r.Standing != feeds.Within && r.Standing != feeds.Waiting && (!out || r.Standing != feeds.Gone) {
		return nil
	}
	it := *r.Item
	s.policy.restyle(&it)
	it.Also = nil
	c := feeds.Change{Source: s.policy.Source, Key: r.Key, Raw: r.Raw, Item: &it, Hold: r.Standing == feeds.Waiting, Address: s.policy.address(&it)}
	if rule := s.policy.Rules.judge(&it); rule != "" {
		if out {
			d := s.droppedBefore[r.Key]
			d.Rule = rule
			s.dropped[r.Key] = d
			return nil
		}
		return s.drop(&c, rule)
	}
	if out {
		s.markSeen(r.Key)
		return []feeds.Change{c}
	}
	return []feeds.Change{c} // its address may have moved, or not be known yet; the store tells what did not move
}

// restyle applies the policy, but for its rules, to an item that was normalised under another one.
func (p Policy) restyle(it *feeds.Item) {
	it.Categories = cleanLabels("category", it.Categories, p, it, func(string) {})
	it.Tags = cleanLabels("tag", it.Tags, p, it, func(string) {})
	if it.Language == "" {
		it.Language = languageTag(p.Language)
	}
	it.Authors = cleanPeople(it.Authors, p.Author, nil)
	it.Group, _ = p.GroupOf(it)
}

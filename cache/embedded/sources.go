package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"feedmill/cache"
	"feedmill/feeds"
)

// List returns all sources by name.
func (s *Store) List(ctx context.Context) ([]cache.SourceInfo, error) {
	out := []cache.SourceInfo{}
	err := s.view(ctx, func(tx *bolt.Tx) error {
		return tx.Bucket(bSources).ForEach(func(k, v []byte) error {
			info, err := sourceInfo(tx, string(k), v)
			out = append(out, info)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	return out, nil
}

// Source returns one source.
func (s *Store) Source(ctx context.Context, name string) (info cache.SourceInfo, err error) {
	info.Name = name
	err = s.view(ctx, func(tx *bolt.Tx) error {
		v := tx.Bucket(bSources).Get([]byte(name))
		if v == nil {
			return nil
		}
		info, err = sourceInfo(tx, name, v)
		return err
	})
	if err != nil {
		return info, fmt.Errorf("read source: %w", err)
	}
	return info, nil
}

func sourceInfo(tx *bolt.Tx, name string, v []byte) (cache.SourceInfo, error) {
	src, err := decodeSource(name, v)
	if err != nil {
		return cache.SourceInfo{}, err
	}
	about, err := decodeAbout(tx.Bucket(bAbouts).Get(num32(src.num)))
	if err != nil {
		return cache.SourceInfo{}, fmt.Errorf("source %q: %w", name, err)
	}
	return cache.SourceInfo{Name: name, About: about, Baseline: src.baseline, Items: src.items, Merged: src.merged, Retired: src.retiredAt()}, nil
}

// encodeAbout gives equal bytes for equal facts.
func encodeAbout(a feeds.About) ([]byte, error) {
	if len(a.Titles) == 0 {
		a.Titles = nil
	}
	if len(a.Redirects) == 0 {
		a.Redirects = nil
	}
	b, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	_, err = decodeAbout(b)
	return b, err
}

func decodeAbout(b []byte) (a feeds.About, err error) {
	if b != nil {
		err = json.Unmarshal(b, &a)
	}
	return a, err
}

// sourceLease is how the methods about sources are fenced.
func sourceLease(lease cache.Lease, source string) error {
	if lease.Name != "source/"+source {
		return fmt.Errorf("lease %q is not that of the source: %w", lease.Name, cache.ErrStale)
	}
	return nil
}

// fenced is a write about one source.
func (s *Store) fenced(ctx context.Context, lease cache.Lease, verb, source string, weight int, run func(b *batch) error) error {
	err := sourceLease(lease, source)
	if err == nil {
		err = s.write(ctx, &lease, weight, run)
	}
	if err != nil {
		return fmt.Errorf("%s source %q: %w", verb, source, err)
	}
	return nil
}

// Describe stores what a source says of itself.
func (s *Store) Describe(ctx context.Context, lease cache.Lease, source string, about feeds.About) error {
	next, err := encodeAbout(about)
	if err != nil {
		return fmt.Errorf("describe source %q: %w", source, err)
	}
	none, err := encodeAbout(feeds.About{})
	if err != nil {
		return fmt.Errorf("describe source %q: %w", source, err)
	}
	if same, err := s.described(ctx, source, next); err != nil || same {
		return err
	}
	return s.fenced(ctx, lease, "describe", source, 1, func(b *batch) error {
		src, err := b.ensureSource(source)
		if err != nil {
			return err
		}
		abouts, k := b.tx.Bucket(bAbouts), num32(src.num)
		was := bytes.Clone(abouts.Get(k))
		if bytes.Equal(was, next) || was == nil && bytes.Equal(next, none) {
			return nil
		}
		before, err := decodeAbout(was)
		if err != nil {
			return err
		}
		after, err := decodeAbout(next)
		if err != nil {
			return err
		}
		if err := b.put(abouts, k, next); err != nil {
			return err
		}
		return b.retitled(source, before.Titles, after.Titles)
	})
}

// described says that a source is known and was described so before. Every fetch describes its source, and need not wait
// for those who write; nor is a lease needed to write nothing.
func (s *Store) described(ctx context.Context, source string, about []byte) (same bool, err error) {
	err = s.view(ctx, func(tx *bolt.Tx) error {
		v := tx.Bucket(bSources).Get([]byte(source))
		if v == nil {
			return nil
		}
		src, err := decodeSource(source, v)
		same = err == nil && bytes.Equal(tx.Bucket(bAbouts).Get(num32(src.num)), about)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("describe source %q: %w", source, err)
	}
	return same, nil
}

// retitled moves the versions of the topics that show what a source says of itself: its own ones, all beside these,
// and those with another title; only topics that have had items.
func (b *batch) retitled(source string, before, after map[feeds.Topic]string) error {
	candidates := map[feeds.Topic]bool{}
	groups, err := b.groups()
	if err != nil {
		return err
	}
	for _, g := range groups {
		own := feeds.Topic{Group: g, Kind: "source", Name: feeds.Fold(source)}
		t, err := b.known(own)
		if err != nil {
			return err
		}
		if t != nil {
			candidates[own], candidates[feeds.Topic{Group: g, Kind: "all"}] = true, true
		}
	}
	for t, title := range before {
		if other, ok := after[t]; !ok || other != title {
			candidates[t] = true
		}
	}
	for t := range after {
		if _, ok := before[t]; !ok {
			candidates[t] = true
		}
	}
	var nums []uint32
	for name := range candidates {
		t, err := b.known(name)
		if err != nil {
			return err
		}
		if t != nil {
			b.bump(t)
			nums = append(nums, t.num)
		}
	}
	slices.Sort(nums)
	return b.append(feeds.Reshaped, source, "", nums)
}

// groups lists the groups that have topics; it leaps from one to the next.
func (b *batch) groups() ([]string, error) {
	var out []string
	c := b.topics.Cursor()
	for k, _ := c.First(); k != nil; {
		t, err := parseTopicKey(k)
		if err != nil {
			return nil, err
		}
		out = append(out, t.Group)
		// Behind the last key that begins with this group.
		past := appendString(nil, t.Group)
		for i := len(past) - 1; i >= 0; i-- {
			if past[i]++; past[i] != 0 {
				break
			}
		}
		k, _ = c.Seek(past)
	}
	return out, nil
}

// SetBaseline marks the end of the first complete fetch.
func (s *Store) SetBaseline(ctx context.Context, lease cache.Lease, source string) error {
	return s.fenced(ctx, lease, "set baseline of", source, 1, func(b *batch) error {
		src, err := b.ensureSource(source)
		if err != nil || src.baseline {
			return err
		}
		src.baseline = true
		b.changed(src)
		return nil
	})
}

// chunk is how many entries of the ledger one transaction goes through where a source may have a million.
const chunk = 500

// Keys calls fn for the native key of every live or held item of the source.
func (s *Store) Keys(ctx context.Context, source string, fn func(key string) error) error {
	var from []byte
	for first := true; first || from != nil; first = false {
		var keys []string
		err := s.view(ctx, func(tx *bolt.Tx) error {
			v := tx.Bucket(bSources).Get([]byte(source))
			if v == nil {
				return nil
			}
			src, err := decodeSource(source, v)
			if err != nil {
				return err
			}
			entries, next := ledgerChunk(tx.Bucket(bLedger), src.num, from, 8*chunk)
			from = next
			for _, e := range entries {
				if st := state(e.value[0] & 0x0f); st == live || st == held {
					keys = append(keys, string(e.key[4:]))
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("keys of source %q: %w", source, err)
		}
		for _, k := range keys {
			if err := fn(k); err != nil {
				return err
			}
		}
	}
	return nil
}

// ledgerEntry is valid as long as its transaction, and until the next write in it.
type ledgerEntry struct{ key, value []byte }

// ledgerChunk lists entries of a source from a key on, and the key where the next chunk starts; nil at the end.
func ledgerChunk(ledger *bolt.Bucket, source uint32, from []byte, n int) (out []ledgerEntry, next []byte) {
	prefix := num32(source)
	if from == nil {
		from = prefix
	}
	c := ledger.Cursor()
	for k, v := c.Seek(from); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if len(out) == n {
			return out, bytes.Clone(k)
		}
		out = append(out, ledgerEntry{k, v})
	}
	return out, nil
}

// records decodes a chunk, so that the ledger may be written while it is gone through.
func (b *batch) records(source uint32, from []byte, n int) (keys [][]byte, recs []*record, next []byte, err error) {
	entries, next := ledgerChunk(b.ledger, source, from, n)
	for _, e := range entries {
		rec, err := decodeRecord(e.value)
		if err != nil {
			return nil, nil, nil, err
		}
		keys, recs = append(keys, bytes.Clone(e.key)), append(recs, rec)
	}
	return keys, recs, next, nil
}

// again reads a record once more that what was done to others of its chunk may have moved.
func (b *batch) again(k []byte, rec *record) (*record, error) {
	if rec.address == "" {
		return rec, nil
	}
	return b.record(k)
}

// walk goes through the ledger of a source in transactions of a chunk each.
func (s *Store) walk(ctx context.Context, lease cache.Lease, verb, name string, run func(b *batch, src *source, from []byte) (next []byte, err error)) error {
	var from []byte
	for {
		var next []byte
		err := s.fenced(ctx, lease, verb, name, chunk, func(b *batch) error {
			next = nil
			src, err := b.source(name)
			if err != nil || src == nil {
				return err
			}
			next, err = run(b, src, from)
			return err
		})
		if err != nil || next == nil {
			return err
		}
		from = next
	}
}

// Retire takes all items of a source out of every topic, some at a time. Called again after it was cut short, it goes
// on.
func (s *Store) Retire(ctx context.Context, lease cache.Lease, name string) error {
	return s.walk(ctx, lease, "retire", name, func(b *batch, src *source, from []byte) ([]byte, error) {
		if src.retired == 0 {
			src.retired = b.now
			b.changed(src)
		}
		keys, recs, next, err := b.records(src.num, from, chunk)
		if err != nil {
			return nil, err
		}
		for i, rec := range recs {
			if rec, err = b.again(keys[i], rec); err != nil {
				return nil, err
			}
			parked := parkedLive
			switch rec.state {
			case live:
			case held:
				parked = parkedHeld
			default:
				continue
			}
			if err := b.retract(src, keys[i], rec); err != nil {
				return nil, err
			}
			rec.state = parked
			if err := b.save(keys[i], rec); err != nil {
				return nil, err
			}
		}
		return next, nil
	})
}

// Revive puts the items of a retired source back, some at a time; the source stays retired until all are.
func (s *Store) Revive(ctx context.Context, lease cache.Lease, name string) error {
	return s.walk(ctx, lease, "revive", name, func(b *batch, src *source, from []byte) ([]byte, error) {
		if src.retired == 0 {
			return nil, nil
		}
		keys, recs, next, err := b.records(src.num, from, chunk)
		if err != nil {
			return nil, err
		}
		for i, rec := range recs {
			switch rec.state {
			case parkedLive:
				err = b.show(src, keys[i], rec, feeds.Restored)
			case parkedHeld:
				rec.state = held
				if err = b.wait(keys[i], rec); err == nil {
					err = b.save(keys[i], rec)
				}
			default:
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		if next == nil {
			src.retired = 0
			b.changed(src)
		}
		return next, nil
	})
}

// show makes an item live that was not; its topics are those of its body.
func (b *batch) show(src *source, k []byte, rec *record, kind feeds.Kind) error {
	body := b.bodies.Get(num64(rec.seq))
	if body == nil {
		return fmt.Errorf("item %q has no body: %w", rec.id, errDamaged)
	}
	it, err := decodeItem(body, src.name)
	if err != nil {
		return err
	}
	rec.state, rec.shown = live, true
	if rec.members, err = b.spell(feeds.Topics(&it)); err != nil {
		return err
	}
	if _, err := b.enter(src, rec, kind, nil); err != nil {
		return err
	}
	if err := b.save(k, rec); err != nil {
		return err
	}
	return b.part(rec.address, rec.seq)
}

package embedded

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"feedmill/feeds"
)

// view runs fn in a read transaction. fn only copies: what is slow comes after it, because pages that a reader may
// still see cannot be used again.
func (s *Store) view(ctx context.Context, fn func(tx *bolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return storeError(s.db.View(fn))
}

// maxLimit is the longest page.
const maxLimit = 1000

// Recent reads a page of a topic.
func (s *Store) Recent(ctx context.Context, name feeds.Topic, order feeds.Order, pos feeds.Pos, limit int) (feeds.Page, error) {
	if limit < 1 || limit > maxLimit {
		return feeds.Page{}, fmt.Errorf("read %v: limit %d: want 1 to %d", name, limit, maxLimit)
	}
	var page feeds.Page
	var found bodies
	err := s.view(ctx, func(tx *bolt.Tx) error {
		v := tx.Bucket(bTopics).Get(topicKey(name))
		if v == nil {
			return nil
		}
		t, err := decodeTopic(name, v)
		if err != nil {
			return err
		}
		page.Version = t.state()
		page.At, page.Next = placesOf(tx.Bucket(bIndex), t.num, order, pos, limit)
		return found.collect(tx, seqsOf(page.At))
	})
	if err == nil {
		page.Items, err = found.items(ctx)
	}
	if err != nil {
		return feeds.Page{}, fmt.Errorf("read %v: %w", name, err)
	}
	return page, nil
}

// placesOf merges the two lists of an order behind pos.
func placesOf(index *bolt.Bucket, topic uint32, order feeds.Order, pos feeds.Pos, limit int) (at []feeds.Pos, next feeds.Pos) {
	prefix, rising := num32(topic), order&feeds.Rising != 0
	var cursors [2]*bolt.Cursor
	var keys [2][]byte
	which := lists(order &^ feeds.Rising)
	for i, l := range which {
		cursors[i] = index.Cursor()
		key := indexKey(make([]byte, 0, indexLen), topic, l, pos.Second, pos.Seq)
		switch {
		case rising && pos.IsZero():
			keys[i] = from(cursors[i], append(num32(topic), byte(l)), prefix, byte(l))
		case rising:
			keys[i] = from(cursors[i], append(key, 0), prefix, byte(l)) // the first behind key
		case pos.IsZero():
			keys[i] = before(cursors[i], append(num32(topic), byte(l)+1), prefix, byte(l))
		default:
			keys[i] = before(cursors[i], key, prefix, byte(l))
		}
	}
	for {
		i := 0
		if keys[0] == nil || keys[1] != nil && bytes.Compare(keys[1][5:], keys[0][5:]) > 0 != rising {
			i = 1
		}
		if keys[i] == nil {
			return at, feeds.Pos{}
		}
		if len(at) == limit {
			return at, at[limit-1]
		}
		at = append(at, feeds.Pos{Second: second(keys[i][5:13]), Seq: binary.BigEndian.Uint64(keys[i][13:])})
		step := cursors[i].Prev
		if rising {
			step = cursors[i].Next
		}
		k, _ := step()
		keys[i] = ofList(k, prefix, byte(which[i]))
	}
}

// from moves to the first key from start on and returns it if it is of this topic and list.
func from(c *bolt.Cursor, start, topic []byte, l byte) []byte {
	k, _ := c.Seek(start)
	return ofList(k, topic, l)
}

func seqsOf(at []feeds.Pos) []uint64 {
	out := make([]uint64, len(at))
	for i, p := range at {
		out[i] = p.Seq
	}
	return out
}

// bodies are copied in a transaction and unpacked behind it.
type bodies struct {
	bodies  [][]byte
	sources []string
	shares  [][]byte
}

// collect copies the bodies of live items. The copies share one allocation.
func (f *bodies) collect(tx *bolt.Tx, seqs []uint64) error {
	from, names, shares := tx.Bucket(bBodies), tx.Bucket(bNames), tx.Bucket(bShares)
	found := make([][]byte, len(seqs))
	size := 0
	for i, seq := range seqs {
		if found[i] = from.Get(num64(seq)); found[i] == nil {
			return fmt.Errorf("item number %d has no body: %w", seq, errDamaged)
		}
		size += len(found[i])
	}
	buf := make([]byte, 0, size)
	cache := map[uint32]string{}
	for i, body := range found {
		f.shares = append(f.shares, bytes.Clone(shares.Get(num64(seqs[i]))))
		start := len(buf)
		buf = append(buf, body...)
		f.bodies = append(f.bodies, buf[start:])
		r := reader{rest: body}
		num := uint32(r.uvarint())
		name, ok := cache[num]
		if !ok {
			name = string(names.Get(num32(num)))
			cache[num] = name
		}
		f.sources = append(f.sources, name)
	}
	return nil
}

func (f *bodies) items(ctx context.Context) ([]feeds.Item, error) {
	out := make([]feeds.Item, len(f.bodies))
	for i, body := range f.bodies {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if out[i], err = decodeItem(body, f.sources[i]); err != nil {
			return nil, err
		}
		if err = unite(&out[i], f.shares[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Get returns the live items with these IDs.
func (s *Store) Get(ctx context.Context, ids ...string) ([]feeds.Item, error) {
	var found bodies
	err := s.view(ctx, func(tx *bolt.Tx) error {
		var seqs []uint64
		for _, id := range ids {
			v := tx.Bucket(bIDs).Get([]byte(id))
			if len(v) != 8 {
				continue
			}
			alive, err := isLive(tx, v)
			if err != nil {
				return err
			}
			if alive {
				seqs = append(seqs, binary.BigEndian.Uint64(v))
			}
		}
		return found.collect(tx, seqs)
	})
	var items []feeds.Item
	if err == nil {
		items, err = found.items(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("get items: %w", err)
	}
	return items, nil
}

// isLive asks the ledger whether the item with this number is in its topics.
func isLive(tx *bolt.Tx, seq []byte) (bool, error) {
	body := tx.Bucket(bBodies).Get(seq)
	if body == nil {
		return false, nil
	}
	h, _, err := decodeHead(body)
	if err != nil {
		return false, err
	}
	v := tx.Bucket(bLedger).Get(ledgerKey(h.source, h.key))
	if v == nil {
		return false, nil
	}
	rec, err := decodeRecord(v)
	return err == nil && rec.state == live && !rec.merged && rec.seq == binary.BigEndian.Uint64(seq), err
}

// Topics lists the topics of a group.
func (s *Store) Topics(ctx context.Context, group string) ([]feeds.TopicInfo, error) {
	var out []feeds.TopicInfo
	err := s.view(ctx, func(tx *bolt.Tx) error {
		prefix := appendString(nil, group)
		c := tx.Bucket(bTopics).Cursor()
		for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
			name, err := parseTopicKey(k)
			if err != nil {
				return err
			}
			t, err := decodeTopic(name, v)
			if err != nil {
				return err
			}
			out = append(out, t.info())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	return out, nil
}

// Version is the version of one topic.
func (s *Store) Version(ctx context.Context, name feeds.Topic) (v feeds.Version, err error) {
	err = s.view(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bTopics).Get(topicKey(name))
		if b == nil {
			return nil
		}
		r := reader{rest: b}
		r.uvarint()
		r.uvarint()
		v.Count, v.Changed = r.uvarint(), time.Unix(r.varint(), 0).UTC()
		return r.err()
	})
	return v, err
}

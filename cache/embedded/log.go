package embedded

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"
	bolt "go.etcd.io/bbolt"

	"feedmill/cache"
	"feedmill/feeds"
)

// kinds are the kinds of an entry by their stored number: append only.
var kinds = []feeds.Kind{"", feeds.New, feeds.Changed, feeds.Withdrawn, feeds.Restored, feeds.Baseline, feeds.Reshaped}

// note appends an entry to the log: the item left some topics and is in others now.
func (b *batch) note(kind feeds.Kind, source, id string, left, now []member) error {
	topics := make([]uint32, 0, len(left)+len(now))
	for _, m := range now {
		topics = append(topics, m.topic)
	}
	for _, m := range left {
		if !slices.Contains(topics[:len(now)], m.topic) {
			topics = append(topics, m.topic)
		}
	}
	return b.append(kind, source, id, topics)
}

func (b *batch) append(kind feeds.Kind, source, id string, topics []uint32) error {
	n, err := b.log.NextSequence()
	if err != nil {
		return err
	}
	v := make([]byte, 0, 24+len(source)+len(id)+3*len(topics))
	v = append(v, byte(slices.Index(kinds, kind)))
	v = binary.AppendVarint(v, b.now)
	v = appendString(appendString(v, source), id)
	v = binary.AppendUvarint(v, uint64(len(topics)))
	for _, t := range topics {
		v = binary.AppendUvarint(v, uint64(t))
	}
	b.logged = true
	return b.put(b.log, num64(n), v)
}

// logSecond is when an entry was appended.
func logSecond(v []byte) int64 {
	r := reader{rest: v}
	r.byte()
	return r.varint()
}

func decodeEntry(v []byte, topic func(uint32) (feeds.Topic, error)) (cache.Entry, error) {
	r := reader{rest: v}
	kind := int(r.byte())
	r.varint()
	e := cache.Entry{Source: r.str(), ID: r.str()}
	n := r.count()
	if r.bad || kind >= len(kinds) {
		return e, fmt.Errorf("read log: %w", errDamaged)
	}
	e.Kind = kinds[kind]
	e.Topics = make([]feeds.Topic, n)
	for i := range e.Topics {
		var err error
		if e.Topics[i], err = topic(uint32(r.uvarint())); err != nil {
			return e, fmt.Errorf("read log: %w", err)
		}
	}
	return e, nil
}

// A cursor is the number of an entry and 32 bits of its hash, so that one from before a restored backup is noticed even
// when the log has grown past its number since.
func cursorOf(n uint64, v []byte) cache.Cursor {
	return cache.Cursor(fmt.Sprintf("%d-%08x", n, uint32(xxhash.Sum64(v))))
}

// bareCursor is the place behind an entry that is no longer there to be hashed.
func bareCursor(n uint64) cache.Cursor { return cache.Cursor(strconv.FormatUint(n, 10)) }

func cursorNumber(c cache.Cursor) (uint64, error) {
	if c == "" {
		return 0, nil
	}
	number, _, _ := strings.Cut(string(c), "-")
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("cursor %q is none of this store: %w", c, cache.ErrRegressed)
	}
	return n, nil
}

// locate finds the place behind a cursor. Fails with *cache.TrimmedError and cache.ErrRegressed.
func locate(log *bolt.Bucket, c cache.Cursor) (uint64, error) {
	n, err := cursorNumber(c)
	if err != nil {
		return 0, err
	}
	if last := log.Sequence(); n > last {
		return 0, fmt.Errorf("cursor %q, the log ends at %d: %w", c, last, cache.ErrRegressed)
	}
	if k, _ := log.Cursor().First(); k != nil {
		if first := binary.BigEndian.Uint64(k); n+1 < first {
			return 0, &cache.TrimmedError{First: bareCursor(first - 1)}
		}
	}
	if v := log.Get(num64(n)); v != nil && c != bareCursor(n) && c != cursorOf(n, v) {
		return 0, fmt.Errorf("cursor %q is of another history than this log: %w", c, cache.ErrRegressed)
	}
	return n, nil
}

// After returns at most limit entries behind the cursor. Fails with *cache.TrimmedError and cache.ErrRegressed.
func (s *Store) After(ctx context.Context, cursor cache.Cursor, limit int) ([]cache.Entry, error) {
	var out []cache.Entry
	err := s.view(ctx, func(tx *bolt.Tx) error {
		log, labels := tx.Bucket(bLog), tx.Bucket(bLabels)
		n, err := locate(log, cursor)
		if err != nil {
			return err
		}
		names := map[uint32]feeds.Topic{}
		topic := func(num uint32) (feeds.Topic, error) {
			t, ok := names[num]
			if ok {
				return t, nil
			}
			t, err := topicName(labels, num)
			names[num] = t
			return t, err
		}
		c := log.Cursor()
		for k, v := c.Seek(num64(n + 1)); k != nil && len(out) < limit; k, v = c.Next() {
			e, err := decodeEntry(v, topic)
			if err != nil {
				return err
			}
			e.Cursor = cursorOf(binary.BigEndian.Uint64(k), v)
			out = append(out, e)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	return out, nil
}

// Tail is the cursor of the newest entry.
func (s *Store) Tail(ctx context.Context) (tail cache.Cursor, err error) {
	err = s.view(ctx, func(tx *bolt.Tx) error {
		if k, v := tx.Bucket(bLog).Cursor().Last(); k != nil {
			tail = cursorOf(binary.BigEndian.Uint64(k), v)
		}
		return nil
	})
	return tail, err
}

// Wait returns nil once there is something behind the cursor, be it an error of After.
func (s *Store) Wait(ctx context.Context, cursor cache.Cursor) error {
	n, err := cursorNumber(cursor)
	if err != nil {
		return nil // After tells
	}
	for {
		next := s.tail.wait() // before looking, so that no entry falls between
		var last uint64
		if err := s.view(ctx, func(tx *bolt.Tx) error { last = tx.Bucket(bLog).Sequence(); return nil }); err != nil {
			return err
		}
		if last != n {
			return nil
		}
		select {
		case <-next:
		case <-s.closing:
			return errClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// broadcast wakes all that wait.
type broadcast struct {
	mu   sync.Mutex
	next chan struct{}
}

func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.next
}

func (b *broadcast) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.next)
	b.next = make(chan struct{})
}

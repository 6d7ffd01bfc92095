package embedded

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"feedmill/cache"
)

// The limits of a note, in bytes.
const (
	maxNote    = 1 << 20
	maxNoteKey = 16 << 10
)

// Read returns the notes of a bucket under these keys.
func (s *Store) Read(ctx context.Context, bucket string, keys ...string) (map[string][]byte, error) {
	out := make(map[string][]byte, len(keys))
	now := time.Now().UnixMilli()
	err := s.view(ctx, func(tx *bolt.Tx) error {
		notes := tx.Bucket(bNotes)
		for _, k := range keys {
			if v, ok := alive(notes.Get(noteKey(bucket, k)), now); ok {
				out[k] = append([]byte{}, v...)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read notes %q: %w", bucket, err)
	}
	return out, nil
}

// alive returns the value of a stored note that has not expired.
func alive(b []byte, now int64) ([]byte, bool) {
	if len(b) < 8 {
		return nil, false
	}
	if expires := expiry(b); expires != 0 && now >= expires {
		return nil, false
	}
	return b[8:], true
}

func expiry(b []byte) int64 { return int64(binary.BigEndian.Uint64(b)) }

// rangeChunk bounds how much Range copies in one transaction.
const (
	rangeNotes = 256
	rangeBytes = 1 << 20
)

// Range calls fn for every note of a bucket, in the order of the keys.
func (s *Store) Range(ctx context.Context, bucket string, fn func(key string, value []byte) error) error {
	prefix := appendString(nil, bucket)
	from := prefix
	for from != nil {
		var keys []string
		var values [][]byte
		var next []byte
		err := s.view(ctx, func(tx *bolt.Tx) error {
			now, size := time.Now().UnixMilli(), 0
			c := tx.Bucket(bNotes).Cursor()
			k, v := c.Seek(from)
			for ; k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
				if len(keys) == rangeNotes || size > rangeBytes {
					next = bytes.Clone(k)
					return nil
				}
				if v, ok := alive(v, now); ok {
					keys, values = append(keys, string(k[len(prefix):])), append(values, append([]byte{}, v...))
					size += len(k) + len(v)
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("range over notes %q: %w", bucket, err)
		}
		for i, k := range keys {
			if err := fn(k, values[i]); err != nil {
				return err
			}
		}
		from = next
	}
	return nil
}

// Write applies all edits or none.
func (s *Store) Write(ctx context.Context, lease cache.Lease, edits ...cache.Edit) error {
	own := make([]cache.Edit, len(edits))
	for i, e := range edits {
		if len(e.Value) > maxNote {
			return fmt.Errorf("write note %q in %q: %d bytes: at most %d", e.Key, e.Bucket, len(e.Value), maxNote)
		}
		if n := len(e.Bucket) + len(e.Key); n > maxNoteKey {
			return fmt.Errorf("write note %.40q…: key of %d bytes: at most %d", e.Key, n, maxNoteKey)
		}
		e.Value = bytes.Clone(e.Value)
		own[i] = e
	}
	fence := &lease
	if lease == (cache.Lease{}) {
		fence = nil
	}
	err := s.write(ctx, fence, len(own), func(b *batch) error {
		notes, expiries := b.tx.Bucket(bNotes), b.tx.Bucket(bExpiries)
		now := time.Now().UnixMilli()
		for _, e := range own {
			k := noteKey(e.Bucket, e.Key)
			if err := b.unexpire(expiries, notes.Get(k), k); err != nil {
				return err
			}
			if e.Value == nil {
				if err := b.delete(notes, k); err != nil {
					return err
				}
				continue
			}
			var expires int64
			if e.TTL > 0 {
				expires = now + max(e.TTL.Milliseconds(), 1)
				if err := b.put(expiries, timedKey(expires, k), nil); err != nil {
					return err
				}
			}
			if err := b.put(notes, k, append(num64(uint64(expires)), e.Value...)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write notes: %w", err)
	}
	return nil
}

// unexpire forgets when the stored note was to expire.
func (b *batch) unexpire(expiries *bolt.Bucket, stored, k []byte) error {
	if len(stored) < 8 || expiry(stored) == 0 {
		return nil
	}
	return b.delete(expiries, timedKey(expiry(stored), k))
}

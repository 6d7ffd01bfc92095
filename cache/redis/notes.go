package redis

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"strconv"
	"strings"
	"time"

	"feedmill/cache"
)

// maxNote bounds the value of a note in bytes.
const maxNote = 1 << 20

// errNote says that the list of expiring notes is damaged.
var errNote = errors.New("parse name of a note: damaged list of expiring notes")

// Read returns notes; see [cache.Notes].
func (s *Store) Read(ctx context.Context, bucket string, keys ...string) (map[string][]byte, error) {
	out := make(map[string][]byte, len(keys))
	for start := 0; start < len(keys); start += readBatch {
		part := keys[start:min(start+readBatch, len(keys))]
		args := append(make([]any, 0, 1+len(part)), len(part))
		for _, k := range part {
			args = append(args, k)
		}
		v, err := s.run(ctx, readScript, []string{s.keys.notes(bucket)}, args...)
		if err != nil {
			return nil, fail(ctx, fmt.Sprintf("read notes of %q", bucket), err)
		}
		r := newReply(v)
		now := r.number()
		for _, k := range part {
			if value, ok := parseNote(r.text(), now); ok {
				out[k] = value
			}
		}
		if r.err != nil {
			return nil, fail(ctx, fmt.Sprintf("read notes of %q", bucket), r.err)
		}
	}
	return out, nil
}

// readBatch is how many notes, entries or bodies one call asks for.
const readBatch = 500

// parseNote splits a stored note; now is the store's clock in milliseconds.
func parseNote(stored string, now int64) (value []byte, ok bool) {
	till, text, ok := strings.Cut(stored, " ")
	if !ok {
		return nil, false
	}
	end, err := strconv.ParseInt(till, 10, 64)
	if err != nil || end != 0 && end <= now {
		return nil, false
	}
	return []byte(text), true
}

// Range calls fn for every note of a bucket; see [cache.Notes].
func (s *Store) Range(ctx context.Context, bucket string, fn func(key string, value []byte) error) error {
	now, err := s.clock(ctx)
	if err != nil {
		return fail(ctx, fmt.Sprintf("read notes of %q", bucket), err)
	}
	err = s.scan(ctx, s.keys.notes(bucket), func(page []string) error {
		for i := 0; i < len(page); i += 2 {
			if value, ok := parseNote(page[i+1], now); ok {
				if err := fn(page[i], value); err != nil {
					return callerError{err}
				}
			}
		}
		return nil
	})
	return fail(ctx, fmt.Sprintf("read notes of %q", bucket), err)
}

// scan calls fn with pages of fields and values of a hash, each field once. HSCAN gives a field that is there from
// start to end at least once, and more often while the hash grows.
func (s *Store) scan(ctx context.Context, key string, fn func(page []string) error) error {
	// Two hashes of a field stand for it: 128 bits with fresh seeds cannot meet by chance or by effort.
	seeds := [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	seen := map[[2]uint64]struct{}{}
	var cursor uint64
	for {
		page, next, err := s.client.HScan(ctx, key, cursor, "", 200).Result()
		if err != nil {
			return err
		}
		fresh := page[:0]
		for i := 0; i+1 < len(page); i += 2 {
			h := [2]uint64{maphash.String(seeds[0], page[i]), maphash.String(seeds[1], page[i])}
			if _, ok := seen[h]; !ok {
				seen[h] = struct{}{}
				fresh = append(fresh, page[i], page[i+1])
			}
		}
		if err := fn(fresh); err != nil {
			return err
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// Write applies edits; see [cache.Notes].
func (s *Store) Write(ctx context.Context, lease cache.Lease, edits ...cache.Edit) error {
	keys := []string{s.keys.leases(), s.keys.expiring()}
	index := map[string]int{}
	args := append(make([]any, 0, 3+5*len(edits)), lease.Name, lease.Token, len(edits))
	for _, e := range edits {
		if len(e.Value) > maxNote {
			return fmt.Errorf("redis: write note %q of %q: %d bytes, at most %d are allowed", e.Key, e.Bucket, len(e.Value), maxNote)
		}
		if index[e.Bucket] == 0 {
			keys = append(keys, s.keys.notes(e.Bucket))
			index[e.Bucket] = len(keys)
		}
		ttl := int64(-1)
		if e.Value != nil {
			ttl = milliseconds(max(e.TTL, 0))
		}
		args = append(args, index[e.Bucket], e.Key, noteName(e.Bucket, e.Key), ttl, e.Value)
	}
	if len(edits) == 0 && lease == (cache.Lease{}) {
		return nil
	}
	v, err := s.run(ctx, writeScript, keys, args...)
	if err == nil && v != int64(1) {
		err = cache.ErrStale
	}
	return fail(ctx, fmt.Sprintf("write %d notes", len(edits)), err)
}

// noteName names a note in the list of those that expire.
func noteName(bucket, key string) string {
	return string(binary.AppendUvarint(nil, uint64(len(bucket)))) + bucket + key
}

// parseNoteName is the inverse of noteName.
func parseNoteName(name string) (bucket, key string, err error) {
	n, used := binary.Uvarint([]byte(name))
	if used <= 0 || n > uint64(len(name)-used) {
		return "", "", errNote
	}
	return name[used : used+int(n)], name[used+int(n):], nil
}

// sweepNotes drops notes that expired, at most a bounded number; more says whether there may be others.
func (s *Store) sweepNotes(ctx context.Context, now time.Time) (more bool, err error) {
	names, err := s.due(ctx, s.keys.expiring(), now, readBatch)
	if err != nil || len(names) == 0 {
		return false, err
	}
	keys := []string{s.keys.expiring()}
	index := map[string]int{}
	args := append(make([]any, 0, 1+3*len(names)), len(names))
	for _, name := range names {
		bucket, key, err := parseNoteName(name)
		if err != nil {
			return false, err
		}
		if index[bucket] == 0 {
			keys = append(keys, s.keys.notes(bucket))
			index[bucket] = len(keys)
		}
		args = append(args, index[bucket], key, name)
	}
	_, err = s.run(ctx, sweepScript, keys, args...)
	return len(names) == readBatch, err
}

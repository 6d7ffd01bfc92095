package embedded

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"feedmill/cache"
	"feedmill/feeds"
)

// standings are the states as others see them.
var standings = map[state]feeds.Standing{
	live: feeds.Live, held: feeds.Waiting, gone: feeds.Gone, dropped: feeds.Expired, parkedLive: feeds.Retired, parkedHeld: feeds.Retired,
}

// Known returns what the ledger has under native keys of a source.
func (s *Store) Known(ctx context.Context, source string, keys ...string) ([]feeds.Record, error) {
	out, packed := make([]feeds.Record, len(keys)), make([]statement, len(keys))
	err := s.view(ctx, func(tx *bolt.Tx) error {
		v := tx.Bucket(bSources).Get([]byte(source))
		if v == nil {
			return nil
		}
		src, err := decodeSource(source, v)
		if err != nil {
			return err
		}
		for i, key := range keys {
			if out[i], packed[i], err = recordAt(tx, src.num, source, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = unpack(ctx, out, packed)
	}
	if err != nil {
		return nil, fmt.Errorf("look up %d keys of source %q: %w", len(keys), source, err)
	}
	return out, nil
}

// statement is the body of an item, and what merged ones bring to it.
type statement struct{ body, shares []byte }

// recordAt reads a ledger entry and copies its body, if there is one.
func recordAt(tx *bolt.Tx, num uint32, source, key string) (feeds.Record, statement, error) {
	v := tx.Bucket(bLedger).Get(ledgerKey(num, key))
	if v == nil {
		return feeds.Record{}, statement{}, nil
	}
	rec, err := decodeRecord(v)
	if err != nil {
		return feeds.Record{}, statement{}, err
	}
	r := feeds.Record{
		Source: source, Key: key, ID: rec.id, Standing: standings[rec.state], Raw: rec.raw, Baseline: rec.baseline,
		FirstSeen: time.Unix(rec.firstSeen, 0).UTC(),
	}
	if rec.state == gone && rec.since != 0 {
		r.Withdrawn = time.Unix(rec.since, 0).UTC()
	}
	seq := num64(rec.seq)
	found := statement{bytes.Clone(tx.Bucket(bBodies).Get(seq)), bytes.Clone(tx.Bucket(bShares).Get(seq))}
	if rec.merged {
		r.Standing = feeds.Within
		r.Shown, err = shownFor(tx, rec)
	}
	return r, found, err
}

func unpack(ctx context.Context, list []feeds.Record, packed []statement) error {
	for i, p := range packed {
		if p.body == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		it, err := decodeItem(p.body, list[i].Source)
		if err != nil {
			return err
		}
		shares, err := cache.DecodeShares(p.shares)
		if err != nil {
			return err
		}
		for _, s := range shares {
			it.Also = append(it.Also, s.Copy)
		}
		list[i].Item = &it
	}
	return nil
}

// Find returns what the ledger has of public IDs. The key stands in the body, so of an item without one only the ID and
// its Standing are known.
func (s *Store) Find(ctx context.Context, ids ...string) ([]feeds.Record, error) {
	out, packed := make([]feeds.Record, len(ids)), make([]statement, len(ids))
	err := s.view(ctx, func(tx *bolt.Tx) error {
		for i, id := range ids {
			seq := tx.Bucket(bIDs).Get([]byte(id))
			if len(seq) != 8 {
				continue
			}
			out[i] = feeds.Record{ID: id, Standing: feeds.Gone}
			body := tx.Bucket(bBodies).Get(seq)
			if body == nil {
				continue
			}
			h, _, err := decodeHead(body)
			if err != nil {
				return err
			}
			source := string(tx.Bucket(bNames).Get(num32(h.source)))
			v := tx.Bucket(bLedger).Get(ledgerKey(h.source, h.key))
			if v == nil {
				continue
			}
			rec, err := decodeRecord(v)
			if err != nil || rec.seq != binary.BigEndian.Uint64(seq) {
				return err
			}
			if out[i], packed[i], err = recordAt(tx, h.source, source, h.key); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = unpack(ctx, out, packed)
	}
	if err != nil {
		return nil, fmt.Errorf("find %d items: %w", len(ids), err)
	}
	return out, nil
}

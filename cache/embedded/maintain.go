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

const (
	// idle is the time to the next call of Maintain when nothing is due before.
	idle = time.Minute
	// share is how much of each kind of work one call does.
	share = 500
	// logShare is the same for entries of the log, which cost little.
	logShare = 5000
)

// Maintain does what time brings, a bounded amount a call: one transaction at most, none when there is nothing to do.
func (s *Store) Maintain(ctx context.Context) (time.Time, error) {
	s.leases.prune()
	var work bool
	var due int64
	err := s.view(ctx, func(tx *bolt.Tx) (err error) {
		work, due, err = s.pending(tx, time.Now())
		return err
	})
	now := time.Now()
	if err == nil && work {
		// What is left over shows in the next call, at once.
		return time.Unix(now.Unix(), 0).UTC(), s.maintain(ctx)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("maintain store: %w", err)
	}
	next := now.Add(idle)
	if at := time.Unix(due, 0); due != 0 && at.Before(next) {
		next = at
	}
	return next.UTC(), nil
}

func (s *Store) maintain(ctx context.Context) error {
	err := s.write(ctx, nil, share, func(b *batch) error {
		for _, step := range []func(*batch) error{(*batch).indexDue, (*batch).trimLog, (*batch).expireNotes, (*batch).retain, (*batch).bury, (*batch).clear} {
			if err := step(b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("maintain store: %w", err)
	}
	return nil
}

// pending reports whether there is work now, and the second in which the next held item is due.
func (s *Store) pending(tx *bolt.Tx, now time.Time) (work bool, due int64, err error) {
	if k, _ := tx.Bucket(bDue).Cursor().First(); k != nil {
		due = second(k)
		work = due <= now.Unix()
	}
	if k, _ := tx.Bucket(bExpiries).Cursor().First(); k != nil {
		work = work || second(k) <= now.UnixMilli()
	}
	if k, _ := tx.Bucket(bGone).Cursor().First(); k != nil {
		work = work || second(k) <= now.Add(-cache.KeepGone).Unix()
	}
	work = work || s.trimTo(tx.Bucket(bLog), now.Unix()) > 0
	err = tx.Bucket(bSources).ForEach(func(k, v []byte) error {
		src, err := decodeSource(string(k), v)
		if err != nil {
			return err
		}
		_, excess := s.excess(tx.Bucket(bArrivals), src, now.Unix())
		work = work || excess || src.overdue(now.Unix())
		return nil
	})
	return work, due, err
}

// indexDue puts held items into their topics whose second has come.
func (b *batch) indexDue() error {
	for _, k := range firstKeys(b.due, b.now, share) {
		if err := b.delete(b.due, k); err != nil {
			return err
		}
		lk := k[8:]
		rec, err := b.record(lk)
		if err != nil {
			return err
		}
		if rec == nil || rec.state != held {
			return fmt.Errorf("held item %q: %w", lk[4:], errDamaged)
		}
		src, err := b.sourceNum(binary.BigEndian.Uint32(lk))
		if err != nil {
			return err
		}
		kind := feeds.Restored
		if !rec.shown {
			kind = feeds.New
			if rec.baseline {
				kind = feeds.Baseline
			}
		}
		b.arrive(rec)
		if err := b.rehead(src, string(lk[4:]), rec); err != nil {
			return err
		}
		if err := b.show(src, lk, rec, kind); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) sourceNum(num uint32) (*source, error) {
	name := b.names.Get(num32(num))
	src, err := b.source(string(name))
	if src == nil && err == nil {
		err = fmt.Errorf("source number %d: %w", num, errDamaged)
	}
	return src, err
}

// firstKeys copies at most n keys of a bucket that begin with a number up to last.
func firstKeys(b *bolt.Bucket, last int64, n int) (out [][]byte) {
	c := b.Cursor()
	for k, _ := c.First(); k != nil && len(out) < n && second(k) <= last; k, _ = c.Next() {
		out = append(out, bytes.Clone(k))
	}
	return out
}

// trimTo is the number of the newest entry that is to go; 0 for none. The newest of all stays, so that the tail of the
// log is always a cursor that can be checked.
func (s *Store) trimTo(log *bolt.Bucket, now int64) uint64 {
	k, v := log.Cursor().First()
	if k == nil {
		return 0
	}
	first, last := binary.BigEndian.Uint64(k), log.Sequence()
	var to uint64
	if last > uint64(s.opts.LogEntries) {
		to = last - uint64(s.opts.LogEntries)
	}
	if oldest := now - int64(s.opts.LogFor/time.Second); logSecond(v) < oldest {
		c := log.Cursor()
		for k, v := c.First(); k != nil && logSecond(v) < oldest; k, v = c.Next() {
			n := binary.BigEndian.Uint64(k)
			if n >= first+logShare {
				break
			}
			to = max(to, n)
		}
	}
	to = min(to, first+logShare-1, last-1)
	if to < first {
		return 0
	}
	return to
}

func (b *batch) trimLog() error {
	to := b.s.trimTo(b.log, b.now)
	if to == 0 {
		return nil
	}
	c := b.log.Cursor()
	for k, _ := c.First(); k != nil && binary.BigEndian.Uint64(k) <= to; k, _ = c.First() {
		b.writes++
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) expireNotes() error {
	notes, expiries := b.tx.Bucket(bNotes), b.tx.Bucket(bExpiries)
	for _, k := range firstKeys(expiries, time.Now().UnixMilli(), share) {
		if err := b.delete(expiries, k); err != nil {
			return err
		}
		if err := b.delete(notes, k[8:]); err != nil {
			return err
		}
	}
	return nil
}

// excess is the oldest live item of a source by arrival, and whether retention drops it.
func (s *Store) excess(arrivals *bolt.Bucket, src *source, now int64) (key []byte, ok bool) {
	if s.opts.KeepItems == 0 && s.opts.KeepFor == 0 || src.items == 0 {
		return nil, false
	}
	k, _ := arrivals.Cursor().Seek(num32(src.num))
	if k == nil || binary.BigEndian.Uint32(k) != src.num {
		return nil, false
	}
	old := s.opts.KeepFor > 0 && second(k[4:]) < s.keepSince(now)
	return k, old || s.opts.KeepItems > 0 && src.items > s.opts.KeepItems
}

// keepSince is the arrival second of the oldest item that KeepFor keeps.
func (s *Store) keepSince(now int64) int64 {
	return now - int64((s.opts.KeepFor+time.Second-1)/time.Second) + 1
}

// keeps reports whether retention would keep an item that it dropped before, if it were put back.
func (b *batch) keeps(src *source, rec *record) bool {
	o, arrived := &b.s.opts, rec.arrived.Unix()
	if o.KeepFor > 0 && arrived < b.s.keepSince(b.now) {
		return false
	}
	if o.KeepItems > 0 && src.items >= o.KeepItems {
		k, _ := b.arrivals.Cursor().Seek(num32(src.num))
		return k != nil && binary.BigEndian.Uint32(k) == src.num && arrived > second(k[4:])
	}
	return true
}

// retain drops the oldest items of sources that have more than they may keep.
func (b *batch) retain() error {
	left := share
	names, err := b.sourceNames()
	if err != nil {
		return err
	}
	for _, name := range names {
		src, err := b.source(name)
		if err != nil {
			return err
		}
		for ; left > 0; left-- {
			k, ok := b.s.excess(b.arrivals, src, b.now)
			if !ok {
				break
			}
			if err := b.drop(src, bytes.Clone(k[12:])); err != nil {
				return err
			}
		}
	}
	return nil
}

// sourceNames lists all sources.
func (b *batch) sourceNames() (names []string, err error) {
	err = b.sources.ForEach(func(k, _ []byte) error { names = append(names, string(k)); return nil })
	return names, err
}

// drop takes an item out for good; the ledger remembers it.
func (b *batch) drop(src *source, seq []byte) error {
	body := b.bodies.Get(seq)
	if body == nil {
		return fmt.Errorf("item number %x has no body: %w", seq, errDamaged)
	}
	h, _, err := decodeHead(body)
	if err != nil {
		return err
	}
	k := ledgerKey(h.source, h.key)
	rec, err := b.record(k)
	if err != nil {
		return err
	}
	if rec == nil || rec.state != live {
		return fmt.Errorf("item %q is not live: %w", h.id, errDamaged)
	}
	if err := b.retract(src, k, rec); err != nil {
		return err
	}
	rec.state, rec.since = dropped, b.now
	if err := b.delete(b.bodies, seq); err != nil {
		return err
	}
	return b.save(k, rec)
}

// bury deletes the bodies of items that were withdrawn long ago.
func (b *batch) bury() error {
	for _, k := range firstKeys(b.gone, b.now-int64(cache.KeepGone/time.Second), share) {
		if err := b.delete(b.gone, k); err != nil {
			return err
		}
		rec, err := b.record(k[8:])
		if err != nil {
			return err
		}
		if rec == nil || rec.state != gone {
			return fmt.Errorf("withdrawn item %q: %w", k[12:], errDamaged)
		}
		if err := b.delete(b.bodies, num64(rec.seq)); err != nil {
			return err
		}
	}
	return nil
}

// overdue reports whether everything of a retired source is to go.
func (s *source) overdue(now int64) bool {
	return s.retired != 0 && s.retired <= now-int64(cache.KeepGone/time.Second)
}

// clear deletes what is left of sources that were retired long ago, ledger and all.
func (b *batch) clear() error {
	names, err := b.sourceNames()
	if err != nil {
		return err
	}
	for _, name := range names {
		src, err := b.source(name)
		if err != nil {
			return err
		}
		if !src.overdue(b.now) {
			continue
		}
		keys, recs, next, err := b.records(src.num, nil, share)
		if err != nil {
			return err
		}
		for i, rec := range recs {
			if rec, err = b.again(keys[i], rec); err != nil {
				return err
			}
			if err := b.erase(src, keys[i], rec); err != nil {
				return err
			}
		}
		if next == nil {
			return b.forget(src)
		}
		return nil
	}
	return nil
}

// erase removes an item without a trace but in the log.
func (b *batch) erase(src *source, k []byte, rec *record) error {
	if rec.state == live || rec.state == held { // a Retire that was cut short
		if err := b.retract(src, k, rec); err != nil {
			return err
		}
	} else if err := b.unwait(k, rec); err != nil {
		return err
	}
	if err := b.delete(b.bodies, num64(rec.seq)); err != nil {
		return err
	}
	if string(b.ids.Get([]byte(rec.id))) == string(num64(rec.seq)) {
		if err := b.delete(b.ids, []byte(rec.id)); err != nil {
			return err
		}
	}
	return b.delete(b.ledger, k)
}

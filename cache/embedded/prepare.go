package embedded

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"feedmill/cache"
	"feedmill/feeds"
)

// change is a feeds.Change with everything that can be worked out before the writer's turn. It keeps nothing of the
// caller's memory.
type change struct {
	key, formerly, wish string
	address             string // its key
	raw, print          uint64
	published, updated  time.Time
	hold, backlog       bool
	silent              bool
	withdraw            bool
	members             []feeds.Membership
	encoded, packed     []byte
	refused             error
}

// maxItem is the longest encoded item: what package cache unpacks.
const maxItem = 16 << 20

func prepareChange(source string, c *feeds.Change) change {
	p := change{key: c.Key, formerly: c.Formerly, wish: c.Wish, raw: c.Raw, hold: c.Hold, backlog: c.Backlog, silent: c.Silent, withdraw: c.Item == nil}
	switch {
	case c.Source != "" && c.Source != source:
		p.refused = fmt.Errorf("change of source %q in a Put of source %q", c.Source, source)
	case c.Key == "":
		p.refused = fmt.Errorf("change without a key")
	case len(c.Key) > feeds.MaxKey:
		p.refused = fmt.Errorf("key of %d bytes (%.40q…): at most %d", len(c.Key), c.Key, feeds.MaxKey)
	case len(c.Wish) > feeds.MaxID:
		p.refused = fmt.Errorf("wished ID of %d bytes (%.40q…): at most %d", len(c.Wish), c.Wish, feeds.MaxID)
	}
	if p.refused != nil || p.withdraw {
		return p
	}
	it := *c.Item
	// What the ledger decides is not part of what was stated; it stands in the head before the body.
	it.ID, it.Source, it.Arrived, it.Also = "", source, time.Time{}, nil
	p.address = cache.AddressKey(it.Group, c.Address)
	p.members = feeds.Topics(&it)
	it.Source = ""
	p.published, p.updated = it.Published, it.Updated
	p.encoded = cache.EncodeItem(&it)
	if len(p.encoded) > maxItem {
		p.refused = fmt.Errorf("item %.40q of %d bytes: at most %d", c.Key, len(p.encoded), maxItem)
	}
	p.print = cache.PrintItem(&it, p.encoded)
	return p
}

// unchanged answers a Put that moves nothing, as most are, without the writer. Otherwise it packs the bodies that will
// have to be written; the writer packs what this prediction missed.
func (s *Store) unchanged(ctx context.Context, lease cache.Lease, name string, prepared []change) ([]feeds.Accepted, error) {
	acc, err := s.predict(ctx, lease, name, prepared)
	if err != nil {
		return nil, fmt.Errorf("put %s: %w", name, err)
	}
	all := acc != nil
	for i := range acc {
		all = all && acc[i].Kind != ""
	}
	if all {
		return acc, nil
	}
	parallel(len(prepared), func(i int) {
		if p := &prepared[i]; p.encoded != nil && (acc == nil || acc[i].Kind == "") {
			p.packed = cache.CompressFast(p.encoded)
		}
	})
	return nil, nil
}

// parallel does n pieces of work that have nothing to do with each other, on all processors where they are many.
func parallel(n int, work func(i int)) {
	const few = 32
	var next atomic.Int64
	loop := func() {
		for i := int(next.Add(few)) - few; i < n; i = int(next.Add(few)) - few {
			for j := i; j < min(i+few, n); j++ {
				work(j)
			}
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n/few) - 1 {
		wg.Go(loop)
	}
	loop()
	wg.Wait()
}

// predict answers the changes that move nothing as the store is now; nil for an unknown or retired source.
func (s *Store) predict(ctx context.Context, lease cache.Lease, name string, prepared []change) (acc []feeds.Accepted, err error) {
	now := time.Now().Unix()
	s.leases.RLock()
	defer s.leases.RUnlock()
	if err := s.leases.check(lease); err != nil {
		return nil, err
	}
	err = s.view(ctx, func(tx *bolt.Tx) error {
		v := tx.Bucket(bSources).Get([]byte(name))
		if v == nil {
			return nil
		}
		src, err := decodeSource(name, v)
		if err != nil || src.retired != 0 {
			return err
		}
		acc = make([]feeds.Accepted, len(prepared))
		ledger := tx.Bucket(bLedger)
		for i := range prepared {
			p := &prepared[i]
			if p.refused != nil {
				acc[i] = refusal(p.refused)
				continue
			}
			v := ledger.Get(ledgerKey(src.num, p.key))
			if v == nil {
				continue
			}
			rec, err := decodeRecord(v)
			if err != nil {
				return err
			}
			if p.settled(rec, now) {
				acc[i] = feeds.Accepted{ID: rec.id, Kind: feeds.Unchanged}
			}
		}
		return nil
	})
	return acc, err
}

func refusal(err error) feeds.Accepted { return feeds.Accepted{Kind: feeds.Refused, Err: err} }

// settled reports whether the change says nothing new about the item.
func (p *change) settled(rec *record, now int64) bool {
	if p.withdraw {
		return rec.state == gone || rec.state == dropped
	}
	return p.same(rec, now) && rec.address == p.address
}

// same reports whether a statement says what is stored, whatever the address by which it is merged.
func (p *change) same(rec *record, now int64) bool {
	if rec.raw != p.raw || rec.print != p.print && !p.refilled(rec) {
		return false
	}
	if p.ahead(rec, now) {
		return rec.state == held
	}
	return rec.state == live
}

// refilled reports whether the statement is the stored one but for dates that it did not have and the store filled in, as
// what Known returns does.
func (p *change) refilled(rec *record) bool {
	if p.encoded == nil || !p.published.Equal(rec.published) || !p.updated.Equal(rec.updated) {
		return false
	}
	it, err := cache.DecodeItem(p.encoded)
	if err != nil {
		return false
	}
	for _, stated := range [][2]time.Time{{p.published, {}}, {{}, p.updated}, {}} {
		it.Published, it.Updated = stated[0], stated[1]
		if cache.PrintItem(&it, cache.EncodeItem(&it)) == rec.print {
			return true
		}
	}
	return false
}

// ahead reports whether the item is to wait for its second.
func (p *change) ahead(rec *record, now int64) bool {
	return p.hold && p.date(rec).Unix() > now
}

// date is Published, or the second in which the key was first seen.
func (p *change) date(rec *record) time.Time {
	if p.published.IsZero() {
		return time.Unix(rec.firstSeen, 0).UTC()
	}
	return p.published
}

package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// maxFindings is how many mistakes Check reports; the first ones tell.
const maxFindings = 20

// Check reads the whole store and fails with what is wrong in it: pages that bbolt cannot reach, index entries without
// a ledger entry or a body, counts that disagree.
func (s *Store) Check(ctx context.Context) error {
	return s.view(ctx, func(tx *bolt.Tx) error { return check(ctx, tx) })
}

// Check checks a store that no process has open.
func Check(ctx context.Context, path string) (err error) {
	defer func() {
		if r := recover(); r != nil { // bbolt asserts what it reads
			err = fmt.Errorf("check store %s: %w: %v", path, errDamaged, r)
		}
	}()
	db, err := openFile(path, Options{}, true)
	if err != nil {
		return err
	}
	err = db.View(func(tx *bolt.Tx) error {
		version, err := schema(tx)
		if err != nil {
			return err
		}
		if newest := uint32(len(migrations) + 1); version != newest {
			return fmt.Errorf("its schema is version %d, this feedmill checks %d", version, newest)
		}
		return check(ctx, tx)
	})
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("check store %s: %w", path, err)
	}
	return nil
}

// checker gathers what it finds.
type checker struct {
	ctx      context.Context
	tx       *bolt.Tx
	findings []error
	// What the ledger says, to be compared with what the indexes say.
	items  map[uint32]int // by topic
	live   map[uint32]int // by source
	spells map[uint32][]int
	same   map[string][]same
	merged map[uint64]bool
	placed int    // entries of the index
	waits  [2]int // held and gone ones that wait in their lists
}

var errEnough = errors.New("more was found than is reported")

func (c *checker) found(format string, args ...any) error {
	c.findings = append(c.findings, fmt.Errorf(format, args...))
	if len(c.findings) >= maxFindings {
		return errEnough
	}
	return c.ctx.Err()
}

func check(ctx context.Context, tx *bolt.Tx) error {
	c := &checker{ctx: ctx, tx: tx, items: map[uint32]int{}, live: map[uint32]int{}, spells: map[uint32][]int{}, same: map[string][]same{}, merged: map[uint64]bool{}}
	err := c.pages()
	if len(c.findings) == 0 { // no use in reading keys of broken pages
		for _, step := range []func() error{c.ledger, c.addresses, c.sources, c.topics, c.index, c.bodies} {
			if err == nil {
				err = step()
			}
		}
	}
	if err = errors.Join(append(c.findings, err)...); err != nil && len(c.findings) > 0 {
		return fmt.Errorf("%w:\n%w", errDamaged, err)
	}
	return err
}

func (c *checker) pages() error {
	var stop error
	for err := range c.tx.Check() { // to the end: it runs in a goroutine
		if stop == nil {
			stop = c.found("page: %w", err)
		}
	}
	return stop
}

// ledger wants everything that an entry names: its ID, its body while it has one, its place in every topic.
func (c *checker) ledger() error {
	ids, bodies, index, arrivals := c.tx.Bucket(bIDs), c.tx.Bucket(bBodies), c.tx.Bucket(bIndex), c.tx.Bucket(bArrivals)
	lists := map[state]*bolt.Bucket{held: c.tx.Bucket(bDue), gone: c.tx.Bucket(bGone)}
	return c.tx.Bucket(bLedger).ForEach(func(k, v []byte) error {
		rec, err := decodeRecord(v)
		if err != nil {
			return c.found("ledger %q: %w", k, err)
		}
		src := binary.BigEndian.Uint32(k)
		if string(ids.Get([]byte(rec.id))) != string(num64(rec.seq)) {
			if err := c.found("ledger %q: its ID %q belongs to another item", k, rec.id); err != nil {
				return err
			}
		}
		if body := bodies.Get(num64(rec.seq)); body != nil {
			h, _, err := decodeHead(body)
			if err != nil || h.source != src || h.key != string(k[4:]) || h.id != rec.id {
				if err := c.found("ledger %q: the body is of %q (%v)", k, h.id, err); err != nil {
					return err
				}
			}
		} else if rec.state != gone && rec.state != dropped {
			if err := c.found("ledger %q: no body", k); err != nil {
				return err
			}
		}
		waits := timedKey(rec.published.Unix(), k)
		if rec.state == gone {
			waits = timedKey(rec.since, k)
		}
		if list := lists[rec.state]; list != nil && list.Get(waits) != nil {
			c.waits[rec.state-1]++
		} else if rec.state == held {
			if err := c.found("ledger %q: held, but never due", k); err != nil {
				return err
			}
		}
		if rec.state != live {
			return c.ctx.Err()
		}
		c.live[src]++
		if arrivals.Get(arrivalKey(src, rec.arrived.Unix(), rec.seq)) == nil {
			if err := c.found("ledger %q: not among the arrivals", k); err != nil {
				return err
			}
		}
		for _, m := range rec.stated() {
			c.spelled(m)
		}
		for _, m := range rec.shownIn() {
			if err := c.member(index, k, rec, m); err != nil {
				return err
			}
		}
		if rec.address != "" {
			c.same[rec.address] = append(c.same[rec.address], same{rec.seq, src})
		}
		if rec.merged {
			c.merged[rec.seq] = true
		}
		return c.ctx.Err()
	})
}

// addresses wants every live item with an address in the list of that, and merged where its place there says so.
func (c *checker) addresses() error {
	left := len(c.same)
	err := c.tx.Bucket(bAddresses).ForEach(func(k, v []byte) error {
		list, err := decodeSame(v)
		if err != nil {
			return c.found("address %x: %w", k, err)
		}
		have := c.same[string(k)]
		left--
		if len(list) != len(have) {
			if err := c.found("address %x has %d items, the ledger %d", k, len(list), len(have)); err != nil {
				return err
			}
		}
		merged := mergedOf(list)
		for _, m := range list {
			if !slices.Contains(have, m) || c.merged[m.seq] != slices.Contains(merged, m.seq) {
				if err := c.found("address %x: item number %d is not what the ledger says", k, m.seq); err != nil {
					return err
				}
			}
			delete(c.merged, m.seq)
			if shared := c.tx.Bucket(bShares).Get(num64(m.seq)) != nil; shared != (len(merged) > 0 && m == list[0]) {
				if err := c.found("address %x: item number %d is not shown for those that are merged", k, m.seq); err != nil {
					return err
				}
			}
		}
		return c.ctx.Err()
	})
	if err == nil && (left != 0 || len(c.merged) > 0) {
		err = c.found("%d addresses are not listed, %d items are merged with none", left, len(c.merged))
	}
	return err
}

func (c *checker) spelled(m member) {
	if m.spelling > 0 {
		for len(c.spells[m.topic]) < int(m.spelling) {
			c.spells[m.topic] = append(c.spells[m.topic], 0)
		}
		c.spells[m.topic][m.spelling-1]++
	}
}

func (c *checker) member(index *bolt.Bucket, k []byte, rec *record, m member) error {
	c.items[m.topic]++
	published, arrived := rec.published.Unix(), rec.arrived.Unix()
	want := map[list]int64{inPublished: published, inArrival: arrived}
	if published == arrived {
		want = map[list]int64{inBoth: published}
	}
	for l, sec := range want {
		c.placed++
		if index.Get(indexKey(nil, m.topic, l, sec, rec.seq)) == nil {
			if err := c.found("ledger %q: missing in topic number %d", k, m.topic); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *checker) sources() error {
	total := 0
	err := c.tx.Bucket(bSources).ForEach(func(k, v []byte) error {
		src, err := decodeSource(string(k), v)
		if err != nil {
			return c.found("%w", err)
		}
		total += src.items
		if src.items != c.live[src.num] {
			return c.found("source %q counts %d items, the ledger has %d", k, src.items, c.live[src.num])
		}
		if name := c.tx.Bucket(bNames).Get(num32(src.num)); string(name) != src.name {
			return c.found("source %q has the number of %q", k, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, x := range []struct {
		name []byte
		want int
	}{{bArrivals, total}, {bDue, c.waits[held-1]}, {bGone, c.waits[gone-1]}} {
		if n := count(c.tx.Bucket(x.name)); n != x.want {
			if err := c.found("bucket %s has %d entries, the ledger accounts for %d", x.name, n, x.want); err != nil {
				return err
			}
		}
	}
	return nil
}

func count(b *bolt.Bucket) (n int) {
	c := b.Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		n++
	}
	return n
}

func (c *checker) topics() error {
	index := c.tx.Bucket(bIndex)
	return c.tx.Bucket(bTopics).ForEach(func(k, v []byte) error {
		name, err := parseTopicKey(k)
		if err != nil {
			return c.found("topic %q: %w", k, err)
		}
		t, err := decodeTopic(name, v)
		if err != nil {
			return c.found("%w", err)
		}
		if t.items != c.items[t.num] {
			if err := c.found("topic %v counts %d items, the ledger has %d", name, t.items, c.items[t.num]); err != nil {
				return err
			}
		}
		if string(c.tx.Bucket(bLabels).Get(num32(t.num))) != string(k) {
			if err := c.found("topic %v has the number of another", name); err != nil {
				return err
			}
		}
		if t.items > 0 && t.newest != newest(index, t.num) {
			if err := c.found("topic %v: its newest item is not the one that it says", name); err != nil {
				return err
			}
		}
		for i, s := range t.spellings {
			n := 0
			if i < len(c.spells[t.num]) {
				n = c.spells[t.num][i]
			}
			if s.n != n {
				if err := c.found("topic %v counts spelling %q %d times, the ledger %d times", name, s.label, s.n, n); err != nil {
					return err
				}
			}
		}
		return c.ctx.Err()
	})
}

// index wants as many entries as the ledger accounts for: with those it found, none is left over.
func (c *checker) index() error {
	if n := count(c.tx.Bucket(bIndex)); n != c.placed {
		return c.found("the index has %d entries, the ledger accounts for %d", n, c.placed)
	}
	return c.ctx.Err()
}

// bodies unpacks every one.
func (c *checker) bodies() error {
	return c.tx.Bucket(bBodies).ForEach(func(k, v []byte) error {
		if _, err := decodeItem(v, ""); err != nil {
			return c.found("body %x: %w", k, err)
		}
		return c.ctx.Err()
	})
}

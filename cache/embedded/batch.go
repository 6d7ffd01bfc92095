package embedded

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"feedmill/feeds"
)

// batch is one write transaction. Rows that many items share (topics, sources) are read once and written once; index
// entries are sorted before they go in, because their pages are all over the file.
type batch struct {
	s   *Store
	tx  *bolt.Tx
	now int64

	ledger, ids, bodies, index, arrivals, due, gone, topics, labels, log, sources, names, addresses, shares *bolt.Bucket

	byName  map[feeds.Topic]*topic
	byNum   map[uint32]*topic
	opened  map[string]*source
	entries []indexEntry

	writes int
	logged bool
}

// indexEntry comes or goes at the end of the batch.
type indexEntry struct {
	key   [indexLen]byte
	del   bool
	order uint32 // among those of the batch
}

func newBatch(s *Store, tx *bolt.Tx) *batch {
	bucket := func(name []byte, fill float64) *bolt.Bucket {
		b := tx.Bucket(name)
		b.FillPercent = fill
		return b
	}
	// Most keys ascend, so pages that split may be left full.
	return &batch{
		s: s, tx: tx, now: time.Now().Unix(),
		ledger: bucket(bLedger, 0.9), ids: bucket(bIDs, 0.9), bodies: bucket(bBodies, 1), index: bucket(bIndex, 0.9),
		arrivals: bucket(bArrivals, 0.9), due: bucket(bDue, 0.5), gone: bucket(bGone, 0.5), topics: bucket(bTopics, 0.7),
		labels: bucket(bLabels, 1), log: bucket(bLog, 1), sources: bucket(bSources, 0.5), names: bucket(bNames, 0.5),
		addresses: bucket(bAddresses, 0.5), shares: bucket(bShares, 0.7),
		byName: map[feeds.Topic]*topic{}, byNum: map[uint32]*topic{}, opened: map[string]*source{},
	}
}

func (b *batch) put(to *bolt.Bucket, k, v []byte) error {
	b.writes++
	return to.Put(k, v)
}

func (b *batch) delete(from *bolt.Bucket, k []byte) error {
	b.writes++
	return from.Delete(k)
}

// source finds a source; nil if there is none.
func (b *batch) source(name string) (*source, error) {
	if s, ok := b.opened[name]; ok {
		return s, nil
	}
	v := b.sources.Get([]byte(name))
	if v == nil {
		return nil, nil
	}
	s, err := decodeSource(name, v)
	if err != nil {
		return nil, err
	}
	b.opened[name] = s
	return s, nil
}

// ensureSource finds or makes a source.
func (b *batch) ensureSource(name string) (*source, error) {
	s, err := b.source(name)
	if s != nil || err != nil {
		return s, err
	}
	if name == "" || len(name) > feeds.MaxKey {
		return nil, fmt.Errorf("source name %.50q: want 1 to %d bytes", name, feeds.MaxKey)
	}
	n, err := b.sources.NextSequence()
	if err != nil {
		return nil, err
	}
	s = &source{name: name, num: uint32(n)}
	b.opened[name] = s
	b.changed(s)
	return s, b.put(b.names, num32(s.num), []byte(name))
}

// changed marks a source that is to be written.
func (b *batch) changed(s *source) {
	s.changed = true
	b.writes++
}

// topic finds or makes a topic.
func (b *batch) topic(name feeds.Topic) (*topic, error) {
	if t, ok := b.byName[name]; ok {
		return t, nil
	}
	key := topicKey(name)
	var t *topic
	if v := b.topics.Get(key); v != nil {
		var err error
		if t, err = decodeTopic(name, v); err != nil {
			return nil, err
		}
	} else {
		n, err := b.topics.NextSequence()
		if err != nil {
			return nil, err
		}
		t = &topic{topic: name, num: uint32(n)}
		if err := b.put(b.labels, num32(t.num), key); err != nil {
			return nil, err
		}
	}
	b.byName[name], b.byNum[t.num] = t, t
	return t, nil
}

// known finds a topic that has had items; nil if it is none.
func (b *batch) known(name feeds.Topic) (*topic, error) {
	if t, ok := b.byName[name]; ok {
		return t, nil
	}
	if b.topics.Get(topicKey(name)) == nil {
		return nil, nil
	}
	return b.topic(name)
}

func (b *batch) topicNum(num uint32) (*topic, error) {
	if t, ok := b.byNum[num]; ok {
		return t, nil
	}
	name, err := topicName(b.labels, num)
	if err != nil {
		return nil, err
	}
	return b.topic(name)
}

func topicName(labels *bolt.Bucket, num uint32) (feeds.Topic, error) {
	k := labels.Get(num32(num))
	if k == nil {
		return feeds.Topic{}, fmt.Errorf("topic number %d: %w", num, errDamaged)
	}
	return parseTopicKey(k)
}

// bump moves the version of a topic, once a batch.
func (b *batch) bump(t *topic) {
	b.writes++
	if !t.bumped {
		t.bumped = true
		t.version++
		t.changed = max(t.changed, b.now)
	}
}

// record reads an entry of the ledger; nil if there is none.
func (b *batch) record(k []byte) (*record, error) {
	v := b.ledger.Get(k)
	if v == nil {
		return nil, nil
	}
	return decodeRecord(v)
}

// place puts a live item into the index; one that is merged is counted only.
func (b *batch) place(src *source, rec *record) error {
	for _, m := range rec.shownIn() {
		t, err := b.topicNum(m.topic)
		if err != nil {
			return err
		}
		b.join(t, rec)
	}
	src.items++
	if rec.merged {
		src.merged++
	}
	b.changed(src)
	return b.put(b.arrivals, arrivalKey(src.num, rec.arrived.Unix(), rec.seq), nil)
}

// unplace takes a live item out of the index, before any of its dates or topics move.
func (b *batch) unplace(src *source, rec *record) error {
	for _, m := range rec.shownIn() {
		t, err := b.topicNum(m.topic)
		if err != nil {
			return err
		}
		b.leave(t, rec)
	}
	src.items--
	if rec.merged {
		src.merged--
	}
	b.changed(src)
	return b.delete(b.arrivals, arrivalKey(src.num, rec.arrived.Unix(), rec.seq))
}

func (b *batch) join(t *topic, rec *record) {
	b.bump(t)
	sec := rec.published.Unix()
	if t.items == 0 || sec > t.newest {
		t.newest = sec
	}
	t.items++
	b.indexed(t.num, rec, false)
}

func (b *batch) leave(t *topic, rec *record) {
	b.bump(t)
	t.items--
	t.stale = t.stale || rec.published.Unix() >= t.newest
	b.indexed(t.num, rec, true)
}

func (b *batch) indexed(topic uint32, rec *record, del bool) {
	published, arrived := rec.published.Unix(), rec.arrived.Unix()
	add := func(l list, sec int64) {
		e := indexEntry{del: del, order: uint32(len(b.entries))}
		indexKey(e.key[:0], topic, l, sec, rec.seq)
		b.entries = append(b.entries, e)
	}
	if published == arrived {
		add(inBoth, published)
		return
	}
	add(inPublished, published)
	add(inArrival, arrived)
}

// spell makes members of the topics of an item and counts their spellings.
func (b *batch) spell(list []feeds.Membership) ([]member, error) {
	out := make([]member, len(list))
	for i, m := range list {
		t, err := b.topic(m.Topic)
		if err != nil {
			return nil, err
		}
		out[i] = member{t.num, t.spell(m.Label)}
	}
	return out, nil
}

func (b *batch) unspell(list []member) error {
	for _, m := range list {
		t, err := b.topicNum(m.topic)
		if err != nil {
			return err
		}
		t.unspell(m.spelling)
	}
	return nil
}

// flush writes what was gathered.
func (b *batch) flush() error {
	if err := b.flushIndex(); err != nil {
		return err
	}
	if err := b.flushTopics(); err != nil {
		return err
	}
	for _, s := range b.opened {
		if s.changed {
			if err := b.sources.Put([]byte(s.name), s.encode()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *batch) flushIndex() error {
	slices.SortFunc(b.entries, func(x, y indexEntry) int {
		return cmp.Or(bytes.Compare(x.key[:], y.key[:]), cmp.Compare(x.order, y.order))
	})
	for i := 0; i < len(b.entries); {
		first := i
		for i++; i < len(b.entries) && b.entries[i].key == b.entries[first].key; i++ {
		}
		last := b.entries[i-1]
		if last.del != b.entries[first].del {
			continue // it came and went, or went and came back
		}
		var err error
		if last.del {
			err = b.index.Delete(last.key[:])
		} else {
			err = b.index.Put(last.key[:], nil)
		}
		if err != nil {
			return err
		}
	}
	b.entries = b.entries[:0]
	return nil
}

func (b *batch) flushTopics() error {
	list := make([]*topic, 0, len(b.byName))
	for _, t := range b.byName {
		if t.bumped {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(x, y *topic) int { return cmp.Compare(x.num, y.num) })
	for _, t := range list {
		if t.stale && t.items > 0 {
			t.newest = newest(b.index, t.num)
		}
		if err := b.topics.Put(topicKey(t.topic), t.encode()); err != nil {
			return err
		}
	}
	return nil
}

// newest is the published second of the newest item of a topic that has one.
func newest(index *bolt.Bucket, topic uint32) int64 {
	var best int64
	found := false
	for _, l := range lists(feeds.ByPublished) {
		if k := lastOf(index.Cursor(), topic, l); k != nil {
			if sec := second(k[5:13]); !found || sec > best {
				best, found = sec, true
			}
		}
	}
	return best
}

// lastOf is the last key of a topic's list.
func lastOf(c *bolt.Cursor, topic uint32, l list) []byte {
	end := binary.BigEndian.AppendUint32(nil, topic)
	end = append(end, byte(l)+1)
	return before(c, end, end[:4], byte(l))
}

// before moves to the last key before end and returns it if it is of this topic and list.
func before(c *bolt.Cursor, end, topic []byte, l byte) []byte {
	at, _ := c.Seek(end)
	if at == nil {
		k, _ := c.Last()
		return ofList(k, topic, l)
	}
	k, _ := c.Prev()
	if k == nil {
		// Either this is the start, or Prev stepped on a page that this transaction has emptied (Next would skip it).
		if first, _ := c.Bucket().Cursor().First(); bytes.Equal(first, at) {
			return nil
		}
		for k == nil {
			k, _ = c.Prev()
		}
	}
	return ofList(k, topic, l)
}

func ofList(k, topic []byte, l byte) []byte {
	if len(k) != indexLen || string(k[:4]) != string(topic) || k[4] != l {
		return nil
	}
	return k
}

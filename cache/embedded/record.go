package embedded

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// state is what has become of an item.
type state byte

const (
	live    state = iota // in its topics
	held                 // waits for its second
	gone                 // withdrawn; the body goes after cache.KeepGone
	dropped              // taken out by retention, without a body
	parkedLive
	parkedHeld // of a retired source
)

// record is an entry of the ledger: everything about an item but its body, so that a withdrawal reads none.
type record struct {
	state state
	// baseline is true where the item was put before the source's baseline, shown once it was in a topic.
	baseline, shown bool
	seq             uint64
	raw, print      uint64
	// firstSeen and since (of gone and dropped) are the store's seconds.
	firstSeen, since            int64
	published, updated, arrived time.Time
	members                     []member
	id                          string
	// address is the item's [cache.AddressKey]; the fields after it count only where there is one. merged says that another
	// item is shown in place of this live one. The first own members are the item's own topics, the others those of items
	// that it is shown for.
	address string
	merged  bool
	own     int
	// assigned are topics that a live item is in although it does not say so.
	assigned []uint32
}

// stated are the topics that the item says itself, shownIn those in which it is.
func (r *record) stated() []member {
	if r.address == "" {
		return r.members
	}
	return r.members[:min(r.own, len(r.members))]
}

func (r *record) shownIn() []member {
	if r.merged {
		return nil
	}
	if len(r.assigned) == 0 {
		return r.members
	}
	out := slices.Clip(r.members)
	for _, t := range r.assigned {
		out = append(out, member{t, byAssignment})
	}
	return out
}

// member is a topic and the item's spelling of it: a place in the topic's list, 0 for one that is not counted.
type member struct {
	topic    uint32
	spelling uint8
}

// byAssignment marks a topic that the item does not say itself where a spelling would stand.
const byAssignment = 0xff

const (
	flagMerged   = 0x10
	flagAddress  = 0x20
	flagBaseline = 0x40
	flagShown    = 0x80
)

func (r *record) encode() []byte {
	head := byte(r.state)
	if r.baseline {
		head |= flagBaseline
	}
	if r.shown {
		head |= flagShown
	}
	if r.address != "" {
		head |= flagAddress
	}
	if r.merged {
		head |= flagMerged
	}
	b := make([]byte, 0, 72+3*len(r.members)+len(r.id)+len(r.address))
	b = append(b, head)
	b = binary.AppendUvarint(b, r.seq)
	b = binary.BigEndian.AppendUint64(b, r.raw)
	b = binary.BigEndian.AppendUint64(b, r.print)
	b = binary.AppendVarint(b, r.firstSeen)
	b = binary.AppendVarint(b, r.since)
	b = appendTime(appendTime(appendTime(b, r.published), r.updated), r.arrived)
	b = binary.AppendUvarint(b, uint64(len(r.members)+len(r.assigned)))
	for _, m := range r.members {
		b = append(binary.AppendUvarint(b, uint64(m.topic)), m.spelling)
	}
	for _, t := range r.assigned {
		b = append(binary.AppendUvarint(b, uint64(t)), byAssignment)
	}
	if r.address != "" {
		b = append(binary.AppendUvarint(b, uint64(r.own)), r.address...)
	}
	return append(b, r.id...)
}

func decodeRecord(b []byte) (*record, error) {
	r := reader{rest: b}
	head := r.byte()
	rec := &record{
		state: state(head & 0x0f), baseline: head&flagBaseline != 0, shown: head&flagShown != 0, merged: head&flagMerged != 0,
	}
	rec.seq, rec.raw, rec.print = r.uvarint(), r.uint64(), r.uint64()
	rec.firstSeen, rec.since = r.varint(), r.varint()
	rec.published, rec.updated, rec.arrived = r.time(), r.time(), r.time()
	if n := r.count(); n > 0 {
		rec.members = make([]member, 0, n)
		for range n {
			if m := (member{uint32(r.uvarint()), r.byte()}); m.spelling == byAssignment {
				rec.assigned = append(rec.assigned, m.topic)
			} else {
				rec.members = append(rec.members, m)
			}
		}
	}
	if head&flagAddress != 0 {
		rec.own = int(r.uvarint())
		rec.address = string(r.bytes(cache.AddressLen))
	}
	rec.id = string(r.rest)
	if err := r.err(); err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	return rec, nil
}

// head stands before a compressed item: what the ledger decided about it.
type head struct {
	source                      uint32
	key, id                     string
	published, updated, arrived time.Time
}

func (h *head) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(h.source))
	b = appendString(appendString(b, h.key), h.id)
	return appendTime(appendTime(appendTime(b, h.published), h.updated), h.arrived)
}

// decodeHead returns the head and the compressed item behind it.
func decodeHead(b []byte) (h head, packed []byte, err error) {
	r := reader{rest: b}
	h = head{source: uint32(r.uvarint()), key: r.str(), id: r.str(), published: r.time(), updated: r.time(), arrived: r.time()}
	if err := r.err(); err != nil {
		return head{}, nil, fmt.Errorf("read body: %w", err)
	}
	return h, r.rest, nil
}

// decodeItem makes an item of a body and the name of its source.
func decodeItem(body []byte, source string) (feeds.Item, error) {
	h, packed, err := decodeHead(body)
	if err != nil {
		return feeds.Item{}, err
	}
	it, err := cache.UnpackItem(packed)
	if err != nil {
		return feeds.Item{}, fmt.Errorf("item %q: %w", h.id, err)
	}
	it.ID, it.Source = h.id, source
	it.Published, it.Updated, it.Arrived = h.published, h.updated, h.arrived
	return it, nil
}

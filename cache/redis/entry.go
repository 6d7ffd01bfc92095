package redis

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"feedmill/cache"
)

// state is where an item stands.
type state byte

const (
	live        state = 1 + iota // in its topics
	held                         // kept back until its second
	withdrawn                    // the source took it back
	dropped                      // retention took it
	retired                      // it was live when its source was retired
	retiredHeld                  // it was held when its source was retired
)

// flags of an entry, kept beside the state.
const (
	flagShares   = 0x08 // scripts look at it
	flagMerged   = 0x10 // another source's item of the same address is shown for it
	flagAddress  = 0x20
	flagBaseline = 0x40 // put before the source's baseline was set
	flagShown    = 0x80 // has been in its topics at least once
)

// nonceLen is the length of the random part of a body's name.
const nonceLen = 6

// entry is one line of the ledger: who an item is and what the store last did with it. Without the ID it takes about
// sixty bytes.
type entry struct {
	state           state
	baseline, shown bool
	raw, print      uint64
	body            string // nonce of the body, empty when there is none
	source          uint64
	first           int64 // second in which the key was first seen
	published       int64
	arrived         int64
	updated         time.Time // exact: an unchanged item must come out with the same bytes
	id              string
	topics          []place // the item's own, then those that merged items bring
	// address is the item's [cache.AddressKey], merged says that another one is shown for it, own is how many of the topics
	// are its own, and shares are what items that it is shown for add to it.
	address string
	merged  bool
	own     int
	shares  string
	// assigned are topics that a live item is in although it does not say so.
	assigned []place
}

// stated are the topics that the item says itself, shownIn those in which it is while it is live.
func (e *entry) stated() []place { return e.topics[:e.own:e.own] }

func (e *entry) shownIn() []place {
	if e.merged {
		return nil
	}
	if len(e.assigned) == 0 {
		return e.topics
	}
	return slices.Concat(e.topics, e.assigned)
}

// stateIn says that these are the topics that the item says itself, and all.
func (e *entry) stateIn(topics []place) { e.topics, e.own = topics, len(topics) }

// place is a topic by number; spelling is the number of the item's label where it is not the topic's first one.
type place struct{ topic, spelling uint64 }

// bodyAt is where an encoded entry has its nonce: scripts cut it out.
const bodyAt = 17

var errEntry = errors.New("decode ledger entry: damaged bytes; restore Redis from a backup")

func (e *entry) encode() string {
	b := make([]byte, 0, 64+len(e.id)+3*len(e.topics))
	head := byte(e.state)
	if e.baseline {
		head |= flagBaseline
	}
	if e.shown {
		head |= flagShown
	}
	if e.address != "" {
		head |= flagAddress
	}
	if e.merged {
		head |= flagMerged
	}
	if e.shares != "" {
		head |= flagShares
	}
	b = append(b, head)
	b = binary.BigEndian.AppendUint64(b, e.raw)
	b = binary.BigEndian.AppendUint64(b, e.print)
	if e.body == "" {
		b = append(b, make([]byte, nonceLen)...)
	} else {
		b = append(b, e.body...)
	}
	_, offset := e.updated.Zone()
	b = binary.AppendUvarint(b, e.source)
	b = binary.AppendVarint(b, e.first)
	b = binary.AppendVarint(b, e.published-e.first)
	b = binary.AppendVarint(b, e.arrived-e.first)
	b = binary.AppendVarint(b, e.updated.Unix()-e.published)
	b = binary.AppendUvarint(b, uint64(e.updated.Nanosecond()))
	b = binary.AppendVarint(b, int64(offset))
	b = append(binary.AppendUvarint(b, uint64(len(e.id))), e.id...)
	if e.address != "" {
		b = binary.AppendUvarint(append(b, e.address...), uint64(e.own))
	}
	if e.shares != "" {
		b = append(binary.AppendUvarint(b, uint64(len(e.shares))), e.shares...)
	}
	for _, p := range e.topics {
		if p.spelling == 0 {
			b = binary.AppendUvarint(b, p.topic<<1)
		} else {
			b = binary.AppendUvarint(binary.AppendUvarint(b, p.topic<<1|1), p.spelling)
		}
	}
	for _, p := range e.assigned { // with a spelling that is none
		b = binary.AppendUvarint(binary.AppendUvarint(b, p.topic<<1|1), 0)
	}
	return string(b)
}

func decodeEntry(s string) (*entry, error) {
	if len(s) < bodyAt+nonceLen {
		return nil, errEntry
	}
	b := []byte(s)
	e := &entry{
		state:    state(b[0] & 0x07),
		baseline: b[0]&flagBaseline != 0,
		shown:    b[0]&flagShown != 0,
		merged:   b[0]&flagMerged != 0,
		raw:      binary.BigEndian.Uint64(b[1:]),
		print:    binary.BigEndian.Uint64(b[9:]),
		body:     s[bodyAt : bodyAt+nonceLen],
	}
	if e.body == "\x00\x00\x00\x00\x00\x00" {
		e.body = ""
	}
	r := numbers{rest: b[bodyAt+nonceLen:]}
	e.source = r.uvarint()
	e.first = r.varint()
	e.published = e.first + r.varint()
	e.arrived = e.first + r.varint()
	sec, nsec, offset := e.published+r.varint(), r.uvarint(), r.varint()
	n := r.uvarint()
	if r.bad || n > uint64(len(r.rest)) || nsec > 999_999_999 || e.state < live || e.state > retiredHeld {
		return nil, errEntry
	}
	e.updated = time.Unix(sec, int64(nsec)).UTC()
	if offset != 0 {
		e.updated = e.updated.In(time.FixedZone("", int(offset)))
	}
	e.id = string(r.rest[:n])
	r.rest = r.rest[n:]
	own := uint64(1<<63 - 1)
	if b[0]&flagAddress != 0 {
		e.address = r.cut(cache.AddressLen)
		own = r.uvarint()
	}
	if b[0]&flagShares != 0 {
		e.shares = r.cut(r.uvarint())
	}
	for len(r.rest) > 0 {
		v := r.uvarint()
		p := place{topic: v >> 1}
		if v&1 == 1 {
			if p.spelling = r.uvarint(); p.spelling == 0 {
				e.assigned = append(e.assigned, p)
				continue
			}
		}
		e.topics = append(e.topics, p)
	}
	if r.bad {
		return nil, errEntry
	}
	e.own = int(min(own, uint64(len(e.topics))))
	return e, nil
}

// numbers reads variable-length numbers from bytes that may be damaged.
type numbers struct {
	rest []byte
	bad  bool
}

func (r *numbers) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	return v * uint64(r.took(n))
}

func (r *numbers) varint() int64 {
	v, n := binary.Varint(r.rest)
	return v * int64(r.took(n))
}

// cut takes n bytes.
func (r *numbers) cut(n uint64) string {
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

// took moves on by n bytes; it gives 1, or 0 when there was no number.
func (r *numbers) took(n int) int {
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return 1
}

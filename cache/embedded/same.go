package embedded

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"feedmill/cache"
	"feedmill/feeds"
)

// same is a live item with an address.
type same struct {
	seq    uint64
	source uint32
}

// appendSame writes the items of an address, which are in the order of their numbers: that in which they came.
func appendSame(list []same) []byte {
	b := make([]byte, 0, 4*len(list))
	for _, m := range list {
		b = binary.AppendUvarint(binary.AppendUvarint(b, m.seq), uint64(m.source))
	}
	return b
}

func decodeSame(b []byte) ([]same, error) {
	r := reader{rest: b}
	var out []same
	for len(r.rest) > 0 {
		out = append(out, same{r.uvarint(), uint32(r.uvarint())})
	}
	return out, r.err()
}

// mergedOf lists the items of an address that the first one is shown for.
func mergedOf(list []same) []uint64 {
	sources := make([]uint64, len(list))
	for i, m := range list {
		sources[i] = uint64(m.source)
	}
	var out []uint64
	for _, i := range cache.Merged(sources) {
		out = append(out, list[i].seq)
	}
	return out
}

// enlist enters a live item under its address, and unlist takes it out. What that does to it and to the others is the
// business of part. Where there is no room the item has no address, until it is stated again.
func (b *batch) enlist(src *source, rec *record) error {
	if rec.address == "" {
		return nil
	}
	list, err := decodeSame(b.addresses.Get([]byte(rec.address)))
	if err != nil {
		return err
	}
	if len(list) >= cache.MaxSame {
		rec.address = ""
		return nil
	}
	at, _ := slices.BinarySearchFunc(list, rec.seq, func(m same, seq uint64) int { return cmp.Compare(m.seq, seq) })
	return b.put(b.addresses, []byte(rec.address), appendSame(slices.Insert(list, at, same{rec.seq, src.num})))
}

func (b *batch) unlist(address string, seq uint64) error {
	if address == "" {
		return nil
	}
	list, err := decodeSame(b.addresses.Get([]byte(address)))
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(m same) bool { return m.seq == seq })
	if len(list) == 0 {
		return b.delete(b.addresses, []byte(address))
	}
	return b.put(b.addresses, []byte(address), appendSame(list))
}

// role is what the list of its address makes of an item: merged, or shown, and then for which others.
func (b *batch) role(rec *record) (merged bool, others []uint64, err error) {
	list, err := decodeSame(b.addresses.Get([]byte(rec.address)))
	if err != nil || len(list) < 2 {
		return false, nil, err
	}
	others = mergedOf(list)
	if list[0].seq == rec.seq {
		return false, others, nil
	}
	return slices.Contains(others, rec.seq), nil, nil
}

// settle gives an item that is about to be placed what its role says. Its own topics are its members.
func (b *batch) settle(rec *record) error {
	rec.own = len(rec.members)
	if rec.address == "" {
		return nil
	}
	merged, others, err := b.role(rec)
	if err != nil {
		return err
	}
	rec.merged = merged
	return b.take(rec, others)
}

// take gives a shown item the topics of others, and remembers their shares beside its body; without others it loses them.
func (b *batch) take(rec *record, others []uint64) error {
	rec.members = rec.members[:rec.own:rec.own]
	k := num64(rec.seq)
	if len(others) == 0 {
		if b.shares.Get(k) == nil {
			return nil
		}
		return b.delete(b.shares, k)
	}
	var shares []cache.Share
	for _, seq := range others {
		src, _, other, err := b.at(seq)
		if err != nil {
			return err
		}
		for _, m := range other.stated() {
			t, err := b.topicNum(m.topic)
			if err != nil {
				return err
			}
			if cache.Brings(t.topic) && !slices.ContainsFunc(rec.members, func(o member) bool { return o.topic == m.topic }) {
				rec.members = append(rec.members, m)
			}
		}
		it, err := decodeItem(b.bodies.Get(num64(seq)), src.name)
		if err != nil {
			return err
		}
		shares = append(shares, cache.ShareOf(&it))
	}
	encoded := cache.EncodeShares(shares)
	if bytes.Equal(b.shares.Get(k), encoded) {
		return nil
	}
	return b.put(b.shares, k, encoded)
}

// at finds a live item by its number.
func (b *batch) at(seq uint64) (*source, []byte, *record, error) {
	body := b.bodies.Get(num64(seq))
	if body == nil {
		return nil, nil, nil, fmt.Errorf("item number %d has no body: %w", seq, errDamaged)
	}
	h, _, err := decodeHead(body)
	if err != nil {
		return nil, nil, nil, err
	}
	src, err := b.sourceNum(h.source)
	if err != nil {
		return nil, nil, nil, err
	}
	k := ledgerKey(h.source, h.key)
	rec, err := b.record(k)
	if err == nil && (rec == nil || rec.seq != seq || rec.state != live) {
		err = fmt.Errorf("item %q of an address is not live: %w", h.id, errDamaged)
	}
	return src, k, rec, err
}

// part gives every item of an address but one the role that is its now.
func (b *batch) part(address string, but uint64) error {
	if address == "" {
		return nil
	}
	list, err := decodeSame(b.addresses.Get([]byte(address)))
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.seq == but {
			continue
		}
		src, k, rec, err := b.at(m.seq)
		if err != nil {
			return err
		}
		if err := b.become(src, k, rec); err != nil {
			return err
		}
	}
	return nil
}

// become moves a live item to its role, with an entry in the log where others see it.
func (b *batch) become(src *source, k []byte, rec *record) error {
	merged, others, err := b.role(rec)
	if err != nil {
		return err
	}
	was, members, shares := *rec, rec.members, bytes.Clone(b.shares.Get(num64(rec.seq)))
	rec.merged = merged
	if err := b.take(rec, others); err != nil {
		return err
	}
	moved := !slices.Equal(members, rec.members) || !bytes.Equal(shares, b.shares.Get(num64(rec.seq)))
	switch {
	case was.merged && merged || was.merged == merged && !moved:
		return nil
	case merged:
		rec.assigned = nil
		err = b.note(feeds.Withdrawn, src.name, rec.id, was.shownIn(), nil)
	case was.merged:
		err = b.note(feeds.Restored, src.name, rec.id, nil, rec.shownIn())
	default:
		err = b.note(feeds.Reshaped, src.name, rec.id, was.shownIn(), rec.shownIn())
	}
	if err != nil {
		return err
	}
	if err := b.unplace(src, &was); err != nil {
		return err
	}
	if err := b.place(src, rec); err != nil {
		return err
	}
	return b.save(k, rec)
}

// readdress enters a live item under another address. Nothing else of it moves, so the log says only what merges or parts.
func (b *batch) readdress(src *source, k []byte, rec *record, address string) (feeds.Kind, error) {
	was, before := rec.address, rec.merged
	if err := b.unlist(was, rec.seq); err != nil {
		return "", err
	}
	rec.own, rec.address = len(rec.stated()), address
	if err := b.enlist(src, rec); err != nil {
		return "", err
	}
	if err := b.save(k, rec); err != nil {
		return "", err
	}
	if err := b.become(src, k, rec); err != nil {
		return "", err
	}
	for _, a := range []string{was, address} {
		if err := b.part(a, rec.seq); err != nil {
			return "", err
		}
	}
	if rec.merged && !before {
		return feeds.Merged, nil
	}
	return feeds.Unchanged, nil
}

// unite adds to an item what others bring to it.
func unite(it *feeds.Item, encoded []byte) error {
	if len(encoded) == 0 {
		return nil
	}
	shares, err := cache.DecodeShares(encoded)
	if err != nil {
		return fmt.Errorf("item %q: %w", it.ID, err)
	}
	cache.Unite(it, shares)
	return nil
}

// shownFor is the ID of the item that is shown for a merged one.
func shownFor(tx *bolt.Tx, rec *record) (string, error) {
	list, err := decodeSame(tx.Bucket(bAddresses).Get([]byte(rec.address)))
	if err != nil || len(list) == 0 {
		return "", err
	}
	h, _, err := decodeHead(tx.Bucket(bBodies).Get(num64(list[0].seq)))
	return h.id, err
}

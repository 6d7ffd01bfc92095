package cache

import (
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"feedmill/feeds"
)

// codecVersion is the newest first byte of an encoded item. Fields are only ever added at the end (before the trace), under
// a new version. An item is written under the oldest version that holds it, so that the bytes of all others stay.
const (
	codecVersion = 4
	codecMedia   = 3 // without descriptions of files
	codecPlain   = 2 // without what codec_media.go adds
)

// errCodec says that a stored item cannot be read: the store is damaged.
var errCodec = errors.New("decode item: damaged bytes; run feedmill store check")

// EncodeItem writes an item compactly: a version byte, then fields in the order of feeds.Item, strings with a length; the trace last.
// Reflection-based codecs cost ten times as much, and every rendered feed decodes fifty items.
func EncodeItem(it *feeds.Item) []byte {
	b := make([]byte, 0, 256+len(it.Content)+len(it.Summary))
	version := mediaVersion(it)
	b = append(b, version)
	for _, s := range []string{
		it.ID, it.Source, it.URL, it.Original, it.Title, it.Summary, it.Content, it.Language, it.Image, it.Group,
	} {
		b = appendString(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(it.Authors)))
	for _, p := range it.Authors {
		b = appendString(appendString(appendString(b, p.Name), p.Email), p.URL)
	}
	for _, list := range [][]string{it.Categories, it.Tags} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, s := range list {
			b = appendString(b, s)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(it.Enclosures)))
	for _, e := range it.Enclosures {
		b = appendString(appendString(appendString(b, e.URL), e.Type), e.Title)
		b = binary.AppendVarint(binary.AppendVarint(b, e.Length), int64(e.Duration))
	}
	for _, t := range []time.Time{it.Published, it.Updated, it.Arrived} {
		b = appendTime(b, t)
	}
	if it.Origin == nil {
		b = append(b, 0)
	} else {
		b = append(b, 1)
		for _, s := range []string{it.Origin.ID, it.Origin.Title, it.Origin.URL, it.Origin.Home} {
			b = appendString(b, s)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(it.Also)))
	for _, c := range it.Also {
		b = appendString(appendString(b, c.Source), c.URL)
	}
	if version > codecPlain {
		b = appendMedia(b, it)
	}
	if version > codecMedia {
		for _, e := range it.Enclosures {
			b = appendString(b, e.Description)
		}
	}
	return appendString(b, it.Trace)
}

// PrintItem is the hash by which stores see whether the bytes of an item moved, of what EncodeItem made of it. The trace
// is no part of it: it tells how the item came to be what it is.
func PrintItem(it *feeds.Item, encoded []byte) uint64 {
	var size [binary.MaxVarintLen64]byte
	trace := binary.PutUvarint(size[:], uint64(len(it.Trace))) + len(it.Trace)
	return Fingerprint(encoded[:len(encoded)-trace])
}

// DecodeItem is the inverse of EncodeItem.
func DecodeItem(b []byte) (feeds.Item, error) {
	if len(b) == 0 || b[0] < 1 || b[0] > codecVersion {
		return feeds.Item{}, errCodec
	}
	// One string for the whole record: its fields are cut out of it without copying again.
	d := decoder{rest: string(b[1:])}
	var it feeds.Item
	for _, s := range []*string{
		&it.ID, &it.Source, &it.URL, &it.Original, &it.Title, &it.Summary, &it.Content, &it.Language, &it.Image, &it.Group,
	} {
		*s = d.str()
	}
	for n := d.count(); n > 0; n-- {
		it.Authors = append(it.Authors, feeds.Person{Name: d.str(), Email: d.str(), URL: d.str()})
	}
	for _, list := range []*[]string{&it.Categories, &it.Tags} {
		for n := d.count(); n > 0; n-- {
			*list = append(*list, d.str())
		}
	}
	for n := d.count(); n > 0; n-- {
		e := feeds.Enclosure{URL: d.str(), Type: d.str(), Title: d.str()}
		e.Length, e.Duration = d.varint(), time.Duration(d.varint())
		it.Enclosures = append(it.Enclosures, e)
	}
	for _, t := range []*time.Time{&it.Published, &it.Updated, &it.Arrived} {
		*t = d.time()
	}
	if d.count() == 1 {
		it.Origin = &feeds.Origin{ID: d.str(), Title: d.str(), URL: d.str(), Home: d.str()}
	}
	if b[0] > 1 {
		for n := d.count(); n > 0; n-- {
			it.Also = append(it.Also, feeds.Copy{Source: d.str(), URL: d.str()})
		}
		if b[0] > codecPlain {
			d.media(&it)
		}
		if b[0] > codecMedia {
			for i := range it.Enclosures {
				it.Enclosures[i].Description = d.str()
			}
		}
		it.Trace = d.str()
	}
	if d.bad || d.rest != "" {
		return feeds.Item{}, errCodec
	}
	return it, nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendTime keeps the instant and the offset: the name of a zone is not part of what a feed says.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	_, offset := t.Zone()
	b = append(b, 1)
	b = binary.AppendVarint(b, t.Unix())
	b = binary.AppendUvarint(b, uint64(t.Nanosecond()))
	return binary.AppendVarint(b, int64(offset))
}

type decoder struct {
	rest string
	bad  bool
}

func (d *decoder) uvarint() uint64 {
	var v uint64
	for i := 0; i < len(d.rest) && i < binary.MaxVarintLen64; i++ {
		c := d.rest[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.rest = d.rest[i+1:]
			return v
		}
	}
	d.bad, d.rest = true, ""
	return 0
}

func (d *decoder) varint() int64 {
	u := d.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// count is a length of something that follows: never more than the bytes that are left.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.bad, d.rest = true, ""
		return 0
	}
	return int(n)
}

func (d *decoder) str() string {
	n := d.count()
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

func (d *decoder) time() time.Time {
	if d.uvarint() == 0 {
		return time.Time{}
	}
	sec, nsec, offset := d.varint(), d.uvarint(), d.varint()
	if d.bad || nsec > 999_999_999 || offset < -86400 || offset > 86400 {
		d.bad = true
		return time.Time{}
	}
	t := time.Unix(sec, int64(nsec))
	if offset == 0 {
		return t.UTC()
	}
	return t.In(zone(int(offset)))
}

var zones sync.Map // offset in seconds -> *time.Location; there are few, and each item has three

func zone(offset int) *time.Location {
	if z, ok := zones.Load(offset); ok {
		return z.(*time.Location)
	}
	z, _ := zones.LoadOrStore(offset, time.FixedZone("", offset))
	return z.(*time.Location)
}

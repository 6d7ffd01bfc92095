package embedded

import (
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"feedmill/feeds"
)

// The buckets; see the package comment.
var (
	bMeta     = []byte("meta")
	bSources  = []byte("sources")
	bNames    = []byte("names")
	bAbouts   = []byte("abouts")
	bLedger   = []byte("ledger")
	bIDs      = []byte("ids")
	bBodies   = []byte("bodies")
	bIndex    = []byte("index")
	bArrivals = []byte("arrivals")
	bDue      = []byte("due")
	bGone     = []byte("gone")
	bTopics   = []byte("topics")
	bLabels   = []byte("labels")
	bLog      = []byte("log")
	bNotes    = []byte("notes")
	bExpiries = []byte("expiries")

	bAddresses = []byte("addresses")
	bShares    = []byte("shares")

	allBuckets = [][]byte{
		bMeta, bSources, bNames, bAbouts, bLedger, bIDs, bBodies, bIndex, bArrivals, bDue, bGone, bTopics, bLabels, bLog, bNotes, bExpiries,
		bAddresses, bShares,
	}
)

// list says which order an index entry is for. An item whose published second is its arrival second, as that of every
// item of a first import, has one entry for both orders: half of the work of an import is index entries.
type list byte

const (
	inBoth list = iota
	inPublished
	inArrival
)

// lists are those that together hold one order.
func lists(o feeds.Order) [2]list {
	if o == feeds.ByArrival {
		return [2]list{inBoth, inArrival}
	}
	return [2]list{inBoth, inPublished}
}

const indexLen = 4 + 1 + 8 + 8

// sortable makes seconds before 1970 sort before those after.
func sortable(second int64) uint64 { return uint64(second) ^ 1<<63 }

func second(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ 1<<63) }

func indexKey(b []byte, topic uint32, l list, sec int64, seq uint64) []byte {
	b = binary.BigEndian.AppendUint32(b, topic)
	b = append(b, byte(l))
	b = binary.BigEndian.AppendUint64(b, sortable(sec))
	return binary.BigEndian.AppendUint64(b, seq)
}

func num32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

func num64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func ledgerKey(source uint32, key string) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(key)), source), key...)
}

// timedKey is a key of due or gone.
func timedKey(sec int64, ledger []byte) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(ledger)), sortable(sec)), ledger...)
}

func arrivalKey(source uint32, sec int64, seq uint64) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 20), source)
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, sortable(sec)), seq)
}

// topicKey keeps the topics of one group together.
func topicKey(t feeds.Topic) []byte {
	return append(appendString(appendString(nil, t.Group), t.Kind), t.Name...)
}

func parseTopicKey(k []byte) (feeds.Topic, error) {
	r := reader{rest: k}
	t := feeds.Topic{Group: r.str(), Kind: r.str()}
	t.Name = string(r.rest)
	return t, r.err()
}

func noteKey(bucket, key string) []byte { return append(appendString(nil, bucket), key...) }

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendTime keeps the instant and the offset, like the codec of package cache.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	_, offset := t.Zone()
	b = binary.AppendVarint(append(b, 1), t.Unix())
	b = binary.AppendUvarint(b, uint64(t.Nanosecond()))
	return binary.AppendVarint(b, int64(offset))
}

// errDamaged says that stored bytes cannot be what was written.
var errDamaged = errors.New("the store is damaged; stop the server, run feedmill store check, and restore a backup if it finds errors")

// reader reads what the append functions wrote. After a mistake everything is empty and err tells.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) err() error {
	if r.bad {
		return errDamaged
	}
	return nil
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) fail() { r.bad, r.rest = true, nil }

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) str() string { return string(r.bytes(r.uvarint())) }

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// count is the length of a list whose elements take at least a byte each.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) time() time.Time {
	if r.byte() == 0 {
		return time.Time{}
	}
	sec, nsec, offset := r.varint(), r.uvarint(), r.varint()
	if r.bad || nsec > 999_999_999 || offset < -86400 || offset > 86400 {
		r.bad = true
		return time.Time{}
	}
	if offset == 0 {
		return time.Unix(sec, int64(nsec)).UTC()
	}
	return time.Unix(sec, int64(nsec)).In(zone(int(offset)))
}

var zones sync.Map // offset in seconds → *time.Location

func zone(offset int) *time.Location {
	if z, ok := zones.Load(offset); ok {
		return z.(*time.Location)
	}
	z, _ := zones.LoadOrStore(offset, time.FixedZone("", offset))
	return z.(*time.Location)
}

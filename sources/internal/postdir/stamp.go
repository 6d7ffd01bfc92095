package postdir

import (
	"encoding/binary"
	"errors"
	"time"
)

const (
	filePrefix = "f/"
	keyPrefix  = "k/"
	notePrefix = "t/"
	scannedKey = "scanned"
)

// stamp is what is remembered of a file between fetches.
type stamp struct {
	size int64
	// mark is the tree's; 0 asks to read the file again.
	mark uint64
	// raw is the hash of the file, shape the site's shape under which it was decoded (see fetch.shapeOf).
	raw   uint64
	shape uint32
	// uses: the post depends on other files.
	uses bool
	// near are the files that the post depends on beside posts, nearSum is a hash of their state when it was decoded.
	near    []string
	nearSum uint64
	// until is the second at which the file is decoded again; 0 for none.
	until int64
	// emitted: the store has an item under key.
	emitted bool
	// key is the native key if it is not the path.
	key string
	// report is what was last reported of the file, if anything.
	report   *Fault
	repaired bool
}

// Flags of an encoded stamp.
const (
	flagEmitted = 1 << iota
	flagKey
	flagReport
	flagRepaired
	flagUses
	flagUntil
	flagNear
)

// stampVersion is the first byte; a stamp of another version is as good as none.
const stampVersion = 1

// is reports whether a file has not been written since the stamp.
func (s *stamp) is(c file) bool { return s.mark != 0 && s.mark == c.mark && s.size == c.size }

// due reports whether the file is to be decoded again whatever is in it.
func (s *stamp) due(now time.Time) bool { return s.until != 0 && s.until <= now.Unix() }

func (s *stamp) encode() []byte {
	b := make([]byte, 0, 40)
	flags := byte(0)
	if s.emitted {
		flags |= flagEmitted
	}
	if s.key != "" {
		flags |= flagKey
	}
	if s.report != nil {
		flags |= flagReport
	}
	if s.repaired {
		flags |= flagRepaired
	}
	if s.uses {
		flags |= flagUses
	}
	if s.until != 0 {
		flags |= flagUntil
	}
	if len(s.near) > 0 {
		flags |= flagNear
	}
	b = append(b, stampVersion, flags)
	b = binary.AppendUvarint(b, uint64(s.size))
	b = binary.BigEndian.AppendUint64(b, s.mark)
	b = binary.BigEndian.AppendUint64(b, s.raw)
	b = binary.BigEndian.AppendUint32(b, s.shape)
	if s.key != "" {
		b = appendText(b, s.key)
	}
	if s.report != nil {
		b = binary.AppendUvarint(b, uint64(s.report.Line))
		b = appendText(b, s.report.Reason)
	}
	if s.until != 0 {
		b = binary.AppendVarint(b, s.until)
	}
	if len(s.near) > 0 {
		b = binary.BigEndian.AppendUint64(b, s.nearSum)
		b = binary.AppendUvarint(b, uint64(len(s.near)))
		for _, p := range s.near {
			b = appendText(b, p)
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errStamp = errors.New("not a stamp of this version")

func decodeStamp(b []byte) (s stamp, err error) {
	if len(b) < 2 || b[0] != stampVersion {
		return s, errStamp
	}
	flags := b[1]
	r := stampReader{b: b[2:]}
	s.size = int64(r.uvarint())
	if len(r.b) < 20 {
		return stamp{}, errStamp
	}
	s.mark = binary.BigEndian.Uint64(r.b)
	s.raw = binary.BigEndian.Uint64(r.b[8:])
	s.shape = binary.BigEndian.Uint32(r.b[16:])
	r.b = r.b[20:]
	s.emitted, s.repaired, s.uses = flags&flagEmitted != 0, flags&flagRepaired != 0, flags&flagUses != 0
	if flags&flagKey != 0 {
		s.key = r.text()
	}
	if flags&flagReport != 0 {
		s.report = &Fault{Line: int(r.uvarint()), Reason: r.text()}
	}
	if flags&flagUntil != 0 {
		s.until = r.varint()
	}
	if flags&flagNear != 0 {
		s.nearSum = r.fixed()
		for n := r.uvarint(); n > 0 && !r.bad; n-- {
			s.near = append(s.near, r.text())
		}
		r.bad = r.bad || len(s.near) == 0
	}
	if r.bad {
		return stamp{}, errStamp
	}
	return s, nil
}

type stampReader struct {
	b   []byte
	bad bool
}

func (r *stampReader) uvarint() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *stampReader) fixed() uint64 {
	if len(r.b) < 8 {
		r.bad = true
		return 0
	}
	n := binary.BigEndian.Uint64(r.b)
	r.b = r.b[8:]
	return n
}

func (r *stampReader) varint() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *stampReader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad = true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

// keyOf is the native key of a file.
func (s *stamp) keyOf(path string) string {
	if s.key != "" {
		return s.key
	}
	return path
}

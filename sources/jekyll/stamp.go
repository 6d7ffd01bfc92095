package jekyll

import (
	"encoding/binary"
	"errors"
	"time"
)

const (
	filePrefix = "f/"
	keyPrefix  = "k/"
	tagPrefix  = "t/"
	scannedKey = "scanned"
)

// stamp is what is remembered of a file between fetches.
type stamp struct {
	size int64
	// mtime is in nanoseconds; 0 asks to read the file again, because it was so young that a second write may have
	// left the same time.
	mtime int64
	// raw is the hash of the file, shape the site's shape under which it was emitted.
	raw   uint64
	shape uint32
	// emitted: the store has an item under key.
	emitted bool
	// key is the native key if it is not the path.
	key string
	// report is what was last reported of the file, if anything.
	report   *fault
	repaired bool
}

// Flags of an encoded stamp.
const (
	flagEmitted = 1 << iota
	flagKey
	flagReport
	flagRepaired
)

// stampVersion is the first byte; a stamp of another version is as good as none.
const stampVersion = 1

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
	b = append(b, stampVersion, flags)
	b = binary.AppendUvarint(b, uint64(s.size))
	b = binary.BigEndian.AppendUint64(b, uint64(s.mtime))
	b = binary.BigEndian.AppendUint64(b, s.raw)
	b = binary.BigEndian.AppendUint32(b, s.shape)
	if s.key != "" {
		b = appendText(b, s.key)
	}
	if s.report != nil {
		b = binary.AppendUvarint(b, uint64(s.report.line))
		b = appendText(b, s.report.reason)
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
	s.mtime = int64(binary.BigEndian.Uint64(r.b))
	s.raw = binary.BigEndian.Uint64(r.b[8:])
	s.shape = binary.BigEndian.Uint32(r.b[16:])
	r.b = r.b[20:]
	s.emitted, s.repaired = flags&flagEmitted != 0, flags&flagRepaired != 0
	if flags&flagKey != 0 {
		s.key = r.text()
	}
	if flags&flagReport != 0 {
		s.report = &fault{line: int(r.uvarint()), reason: r.text()}
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

// settle is how old a file must be for its time to be trusted: coarser than the clock of any file system in use.
const settle = 2 * time.Second

// trusted is the modification time to remember; see stamp.mtime.
func trusted(mtime, now time.Time) int64 {
	if now.Sub(mtime) < settle {
		return 0
	}
	return mtime.UnixNano()
}

// fresh reports whether a file is still what the stamp says.
func (s *stamp) fresh(f file, shape uint32) bool {
	return s.mtime != 0 && s.mtime == f.mtime && s.size == f.size && s.shape == shape
}

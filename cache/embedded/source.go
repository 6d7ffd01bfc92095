package embedded

import (
	"encoding/binary"
	"fmt"
	"time"
)

// source is a row of the sources bucket.
type source struct {
	name     string
	num      uint32
	baseline bool
	retired  int64 // second; 0 for an active source
	items    int   // live ones
	merged   int   // of these, those that others are shown for

	changed bool // in this batch
}

func (s *source) encode() []byte {
	b := binary.AppendUvarint(make([]byte, 0, 24), uint64(s.num))
	flag := byte(0)
	if s.baseline {
		flag = 1
	}
	b = append(b, flag)
	b = binary.AppendVarint(b, s.retired)
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(s.items)), uint64(s.merged))
}

func decodeSource(name string, b []byte) (*source, error) {
	r := reader{rest: b}
	s := &source{name: name, num: uint32(r.uvarint()), baseline: r.byte() == 1, retired: r.varint(), items: int(r.uvarint())}
	if len(r.rest) > 0 { // since version 2
		s.merged = int(r.uvarint())
	}
	if err := r.err(); err != nil {
		return nil, fmt.Errorf("read source %q: %w", name, err)
	}
	return s, nil
}

func (s *source) retiredAt() time.Time {
	if s.retired == 0 {
		return time.Time{}
	}
	return time.Unix(s.retired, 0).UTC()
}

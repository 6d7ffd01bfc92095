package cache

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"feedmill/feeds"
)

// maxBody bounds what Decompress makes of stored bytes; a longer item cannot have been stored.
const maxBody = 16 << 20

// A body that CompressFast packed is s2Mark, the CRC-32C of what is packed in 4 bytes, and an S2 block, which has no
// checksum of its own. A zstd frame begins with another byte (RFC 8878 §3.1.1: 0x28).
const (
	s2Mark   = 's'
	s2Header = 1 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	compressor   = must(zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithAllLitEntropyCompression(true), zstd.WithEncoderConcurrency(0), zstd.WithWindowSize(128<<10)))
	decompressor = must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBody)))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // only constant options can be wrong
	}
	return v
}

// Compress packs an encoded item for where space is dear, such as the memory of Redis.
func Compress(b []byte) []byte { return compressor.EncodeAll(b, make([]byte, 0, len(b)/2)) }

// CompressFast packs an encoded item for where space is cheap, such as a file: a seventh larger, at a quarter of the cost.
func CompressFast(b []byte) []byte {
	room := rooms.Get().(*[]byte)
	if need := s2.MaxEncodedLen(len(b)); cap(*room) < need {
		*room = make([]byte, need)
	}
	packed := s2.Encode((*room)[:cap(*room)], b)
	out := make([]byte, s2Header+len(packed))
	out[0] = s2Mark
	binary.LittleEndian.PutUint32(out[1:], crc32.Checksum(b, castagnoli))
	copy(out[s2Header:], packed)
	leave(room)
	return out
}

// rooms are for what is needed for a moment: where bodies are packed, since what they come to takes half of what they might, and
// unpacked, since an item is a copy of its own.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// leave gives a room back, but for one that a huge item has grown.
func leave(room *[]byte) {
	if cap(*room) <= 256<<10 {
		rooms.Put(room)
	}
}

var (
	errTooLong = errors.New("longer than an item can be")
	errDamaged = errors.New("checksum does not match")
)

// Decompress unpacks what Compress or CompressFast packed.
func Decompress(b []byte) ([]byte, error) { return decompress(nil, b) }

// UnpackItem is the item whose bytes Compress or CompressFast packed.
func UnpackItem(packed []byte) (feeds.Item, error) {
	room := rooms.Get().(*[]byte)
	defer leave(room)
	b, err := decompress(*room, packed)
	if err != nil {
		return feeds.Item{}, err
	}
	*room = b
	return DecodeItem(b)
}

// decompress uses the room, if there is enough.
func decompress(room, b []byte) ([]byte, error) {
	var out []byte
	var err error
	if len(b) > 0 && b[0] == s2Mark {
		out, err = unpackFast(room, b)
	} else {
		out, err = decompressor.DecodeAll(b, room[:0])
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCodec, err)
	}
	return out, nil
}

func unpackFast(room, b []byte) ([]byte, error) {
	if len(b) < s2Header {
		return nil, s2.ErrCorrupt
	}
	sum, b := binary.LittleEndian.Uint32(b[1:]), b[s2Header:]
	n, err := s2.DecodedLen(b)
	if err == nil && n > maxBody {
		err = errTooLong
	}
	if err != nil {
		return nil, err
	}
	out, err := s2.Decode(room[:0], b)
	if err == nil && crc32.Checksum(out, castagnoli) != sum {
		err = errDamaged
	}
	return out, err
}

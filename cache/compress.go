package cache

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
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
	out := make([]byte, s2Header+s2.MaxEncodedLen(len(b)))
	out[0] = s2Mark
	binary.LittleEndian.PutUint32(out[1:], crc32.Checksum(b, castagnoli))
	return out[:s2Header+len(s2.Encode(out[s2Header:], b))]
}

var (
	errTooLong = errors.New("longer than an item can be")
	errDamaged = errors.New("checksum does not match")
)

// Decompress unpacks what Compress or CompressFast packed.
func Decompress(b []byte) ([]byte, error) {
	unpack := func(b []byte) ([]byte, error) { return decompressor.DecodeAll(b, nil) }
	if len(b) > 0 && b[0] == s2Mark {
		unpack = unpackFast
	}
	out, err := unpack(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCodec, err)
	}
	return out, nil
}

func unpackFast(b []byte) ([]byte, error) {
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
	out, err := s2.Decode(nil, b)
	if err == nil && crc32.Checksum(out, castagnoli) != sum {
		err = errDamaged
	}
	return out, err
}

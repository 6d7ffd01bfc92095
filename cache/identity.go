package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

// MintID is the ID of an item: the wish, or without one a UUID made from source and key (RFC 9562 version 8), so that
// a store that was lost and filled again says the same. taken asks for the form to use when another item has the ID.
func MintID(source, key, wish string, taken bool) string {
	h := sha256.Sum256([]byte(source + "\x00" + key))
	if wish == "" {
		u := h[:16]
		u[6] = u[6]&0x0f | 0x80
		u[8] = u[8]&0x3f | 0x80
		wish = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
	}
	if taken {
		return wish + "#" + hex.EncodeToString(h[16:20])
	}
	return wish
}

// Fingerprint is the hash by which stores see whether the stored bytes of an item moved.
func Fingerprint(encoded []byte) uint64 { return xxhash.Sum64(encoded) }

package push

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
)

// KeyOf is the key of a [Bucket] for a credential.
func KeyOf(credential ...string) string {
	h := sha256.New()
	for _, s := range credential {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Redact is a webhook's address as logs and pages show it: the address is the credential, so only scheme and host stay, and a
// hash that tells two of them apart.
func Redact(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "(not an address)"
	}
	return u.Scheme + "://" + u.Host + "/…" + KeyOf(address)[:6]
}

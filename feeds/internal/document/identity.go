package document

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"feedmill/feeds"
)

// schemes are the IANA-registered ones that feeds use for identities. A text with another word before its first colon
// ("Report: growth") is a text, no IRI.
var schemes = []string{"http", "https", "tag", "urn", "info", "ni", "acct", "cid", "mid", "ftp"}

// IsIRI reports whether s is an absolute IRI (RFC 3987 §2.2) of a scheme that feeds use, as atom:id wants.
func IsIRI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !slices.Contains(schemes, scheme) || strings.Trim(rest, "/") == "" {
		return false
	}
	if scheme == "urn" && !strings.Contains(rest, ":") {
		return false
	}
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		if c < 0x80 && c != '%' && c != '#' && !uriByte(c) || c == '%' && !escaped(rest, i) {
			return false
		}
	}
	return strings.Count(rest, "#") <= 1
}

// URN is the identity of an item whose own is no IRI: "urn:feedmill:SOURCE:ID". Like the ID it never changes.
func URN(source, id string) string {
	return "urn:feedmill:" + strings.ReplaceAll(url.PathEscape(source), ":", "%3A") + ":" + url.PathEscape(id)
}

// unique reports whether an RSS guid is long enough to be unique in the world. Short ones and mere numbers repeat
// from feed to feed (RSS profile, guid).
func unique(id string) bool {
	return len(id) >= 9 && strings.Trim(id, "0123456789") != ""
}

// distinct returns id, or id with a mark when another item of the document has it: a reader shows only one of two
// items with one identity. The store promises that none are equal, so this is for texts that were equal only after
// cleaning.
func distinct(id string, it *feeds.Item, taken map[string]bool) string {
	for salt := ""; taken[id]; salt += "+" {
		h := sha256.Sum256([]byte(it.Source + "\x00" + it.ID + "\x00" + it.URL + "\x00" + it.Title + salt))
		id = strings.TrimSuffix(id, "#") + "-" + hex.EncodeToString(h[:4])
	}
	taken[id] = true
	return id
}

// nameless is an ID for an item that has none, which no store hands out.
func nameless(it *feeds.Item) string {
	h := sha256.Sum256([]byte(it.Title + "\x00" + it.Summary + "\x00" + it.Content))
	return URN(it.Source, hex.EncodeToString(h[:8]))
}

package document

import (
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// MaxAddress is the longest address that is written, in bytes. A longer one is no address that anything fetches.
const MaxAddress = 8 << 10

// Address returns s as an absolute http or https URI of ASCII characters (RFC 3986): what is no URI character is
// percent-encoded, a host of other letters is in its ASCII form (RFC 5891). It is empty when s is no such address.
func Address(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > MaxAddress {
		return ""
	}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return ""
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host := rest[:end]
	if host == "" {
		return ""
	}
	if plain(host) && legal(rest[end:]) {
		return s
	}
	if !plain(host) {
		var err error
		if host, err = asciiHost(host); err != nil {
			return ""
		}
	}
	out := strings.ToLower(scheme) + "://" + host + encode(rest[end:])
	if _, err := url.Parse(out); err != nil || len(out) > MaxAddress {
		return ""
	}
	return out
}

// plain reports whether an authority is letters, digits, dots and hyphens with an optional port, as nearly all are.
func plain(authority string) bool {
	host, port, hasPort := strings.Cut(authority, ":")
	for _, c := range []byte(host) {
		if !alnum(c) && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	for _, c := range []byte(port) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return host != "" && (!hasPort || port != "")
}

func asciiHost(authority string) (string, error) {
	u, err := url.Parse("http://" + authority)
	if err != nil {
		return "", err
	}
	host := u.Hostname()
	if !strings.Contains(host, ":") {
		if host, err = idna.Lookup.ToASCII(host); err != nil {
			return "", err
		}
	} else {
		host = "[" + host + "]"
	}
	if host == "" {
		return "", url.InvalidHostError(authority)
	}
	if p := u.Port(); p != "" {
		host += ":" + p
	}
	// A name or password in an address is never for the public.
	return host, nil
}

func alnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// uriByte reports whether c may stand in a path, query or fragment (RFC 3986 §3.3), apart from "%" and "#".
func uriByte(c byte) bool {
	return alnum(c) || strings.IndexByte("-._~!$&'()*+,;=:@/?", c) >= 0
}

// legal reports whether path, query and fragment need no encoding.
func legal(s string) bool {
	fragment := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case uriByte(c):
		case c == '%' && escaped(s, i):
		case c == '#' && !fragment:
			fragment = true
		default:
			return false
		}
	}
	return true
}

func escaped(s string, i int) bool {
	return i+2 < len(s) && hexDigit(s[i+1]) && hexDigit(s[i+2])
}

func hexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// encode percent-encodes what is not legal. The encoding of a legal text is the text.
func encode(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	fragment := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case uriByte(c), c == '%' && escaped(s, i):
			b.WriteByte(c)
		case c == '#' && !fragment:
			fragment = true
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

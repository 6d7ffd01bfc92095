package sources

import (
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxURL is the longest address in bytes; longer ones are no addresses of pages.
const maxURL = 8 << 10

// absolute is the http or https address that raw means at base (nil for none), as a URI (RFC 3986): host in lower case
// and punycode, everything else percent-encoded, no default port, no user name or password. Anything else is "".
//
// Like a browser (WHATWG URL) it forgives blanks around, line breaks within and backslashes, and takes "//host" for
// the scheme of base or https.
func absolute(raw string, base *url.URL) string {
	if simpleURL(raw) {
		return raw
	}
	s := strings.TrimFunc(raw, func(r rune) bool { return r <= ' ' || r == 0xa0 || r == 0x3000 })
	if s == "" || len(s) > maxURL || !utf8.ValidString(s) {
		return ""
	}
	if strings.ContainsAny(s, "\t\n\r") {
		s = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s)
	}
	s = strings.TrimRight(s, "#") // an empty fragment
	head, tail := s, ""
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		head, tail = s[:i], s[i:]
	}
	s = strings.ReplaceAll(head, `\`, "/") + tail
	scheme, rest := splitScheme(s)
	if scheme != "" && scheme != "http" && scheme != "https" || scheme != "" && !strings.HasPrefix(rest, "//") {
		return ""
	}
	if !strings.HasPrefix(rest, "//") {
		return relative(rest, base)
	}
	if scheme == "" {
		scheme = "https"
		if base != nil {
			scheme = base.Scheme
		}
	}
	authority, path := strings.TrimLeft(rest, "/"), ""
	if i := strings.IndexAny(authority, "/?#"); i >= 0 {
		authority, path = authority[:i], authority[i:]
	}
	host := hostPort(scheme, authority)
	if host == "" {
		return ""
	}
	u := scheme + "://" + host + encodeURL(path)
	if strings.Contains(path, "/.") {
		if parsed, err := url.Parse(u); err == nil {
			u = parsed.ResolveReference(parsed).String() // takes the dots out
		}
	}
	if len(u) > maxURL {
		return ""
	}
	return u
}

// relative resolves an address without a host.
func relative(ref string, base *url.URL) string {
	if base == nil {
		return ""
	}
	ref = encodeURL(ref)
	if i := strings.IndexByte(ref, ':'); i >= 0 && !strings.ContainsAny(ref[:i], "/?#") {
		ref = "./" + ref // RFC 3986 §4.2: else the colon would end a scheme
	}
	u, err := base.Parse(ref)
	if err != nil {
		return ""
	}
	s := u.String()
	if len(s) > maxURL {
		return ""
	}
	return s
}

// baseURL is the address against which others are resolved, or nil.
func baseURL(raw string) *url.URL {
	s := absolute(raw, nil)
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil
	}
	return u
}

// uriByte are the characters of RFC 3986 that may stand in path, query and fragment.
var uriByte = func() (t [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?") {
		t[c] = true
	}
	return t
}()

// simpleURL says that absolute would change nothing: most addresses are like that.
func simpleURL(s string) bool {
	if len(s) > maxURL {
		return false
	}
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		if rest, ok = strings.CutPrefix(s, "http://"); !ok {
			return false
		}
	}
	host := strings.IndexAny(rest, "/?#")
	if host < 0 {
		host = len(rest)
	}
	dots := true // no empty label
	for i := range host {
		c := rest[i]
		if c == '.' && dots || c != '.' && c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
		dots = c == '.'
	}
	if host == 0 || dots {
		return false
	}
	fragment := false
	for i := host; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '#' && !fragment && i+1 < len(rest):
			fragment = true
		case c == '%' && hexAt(rest, i+1):
		case c == '/' && i+1 < len(rest) && rest[i+1] == '.':
			return false
		case !uriByte[c]:
			return false
		}
	}
	return true
}

func hexAt(s string, i int) bool { return i+1 < len(s) && isHex(s[i]) && isHex(s[i+1]) }

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

// encodeURL percent-encodes what may not stand in path, query and fragment, and leaves what is encoded already.
func encodeURL(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	start, fragment := 0, false
	for i := range len(s) {
		c := s[i]
		switch {
		case uriByte[c], c == '%' && hexAt(s, i+1):
			continue
		case c == '#' && !fragment:
			fragment = true
			continue
		}
		b.WriteString(s[start:i])
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		start = i + 1
	}
	if start == 0 {
		return s
	}
	b.WriteString(s[start:])
	return b.String()
}

// splitScheme cuts a scheme off, in lower case; "" where there is none.
func splitScheme(s string) (scheme, rest string) {
	for i := range len(s) {
		c := s[i]
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z':
		case i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		case i > 0 && c == ':':
			return strings.ToLower(s[:i]), s[i+1:]
		default:
			return "", s
		}
	}
	return "", s
}

// hostPort is the host with its port, unless that is the scheme's own, or "" where there is no such host.
func hostPort(scheme, authority string) string {
	// Credentials are secrets, or bait: https://bank.example@evil.example.
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	port := ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host, port = host[:i], host[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err == nil && n > 0 {
			port = strconv.FormatUint(n, 10)
		} else if port != "" {
			return ""
		}
	}
	if strings.HasPrefix(host, "[") {
		u, err := url.Parse("http://" + strings.ToLower(host))
		if err != nil || strings.Contains(host, "%") {
			return ""
		}
		host = u.Host
	} else if host = asciiHost(host); host == "" {
		return ""
	}
	if port == "" || scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		return host
	}
	return host + ":" + port
}

// asciiHost is a host name in lower case, with non-ASCII labels in punycode (RFC 5891).
func asciiHost(host string) string {
	ascii := true
	for i := range len(host) {
		ascii = ascii && host[i] < utf8.RuneSelf
	}
	if !ascii {
		var err error
		if host, err = idna.Lookup.ToASCII(host); err != nil {
			return ""
		}
	}
	host = strings.ToLower(host)
	if host == "" || len(host) > 253 || strings.HasPrefix(host, ".") || strings.Contains(host, "..") {
		return ""
	}
	for i := range len(host) {
		if c := host[i]; c != '-' && c != '_' && c != '.' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return ""
		}
	}
	return host
}

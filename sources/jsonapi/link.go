package jsonapi

import (
	"net/http"
	"strings"
)

// linked is the target of the Link header of that relation (RFC 8288 §3), or empty.
func linked(h http.Header, rel string) string {
	rest := strings.Join(h.Values("Link"), ",")
	for {
		_, after, ok := strings.Cut(rest, "<")
		if !ok {
			return ""
		}
		target, params, ok := strings.Cut(after, ">")
		if !ok {
			return ""
		}
		end := outside(params, ',')
		rest = params[end:]
		for params = params[:end]; params != ""; {
			var p string
			end := outside(params, ';')
			p, params = params[:end], strings.TrimPrefix(params[end:], ";")
			name, value, _ := strings.Cut(p, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "rel") {
				continue
			}
			for r := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(value), `"`)) {
				if strings.EqualFold(r, rel) {
					return strings.TrimSpace(target)
				}
			}
			break // the first rel counts (§3.3)
		}
	}
}

// outside is the place of the first c that is not between quotes, or the end.
func outside(s string, c byte) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == c && !quoted:
			return i
		}
	}
	return len(s)
}

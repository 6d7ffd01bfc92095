package web

import (
	"net/http"
	"strings"
)

// notModified evaluates the preconditions of a GET or HEAD (RFC 9110 §13.2.2) and returns the coding whose validator
// matched. sel is the coding that a plain answer would have. Any other coding of the same bytes counts too if this
// request accepts it: a reader that was sent br by one answer must not download the document again because the next
// one would be gzip. One it does not accept does not count, or a shared cache would hand it out.
func (e *entry) notModified(r *http.Request, pref *preference, sel coding) (coding, bool) {
	if lines, ok := r.Header["If-None-Match"]; ok {
		if len(lines) == 1 && lines[0] == e.tags[sel][0] {
			return sel, true
		}
		return e.noneMatch(lines, pref, sel)
	}
	lines := r.Header["If-Modified-Since"]
	if len(lines) != 1 || !e.dated {
		return sel, false
	}
	if lines[0] == e.modified[0] {
		return sel, true
	}
	t, err := http.ParseTime(lines[0]) // all three forms of §5.6.7
	return sel, err == nil && t.Unix() >= e.changed
}

// noneMatch evaluates If-None-Match over all its lines, which are one list (RFC 9110 §5.3). A field that is malformed
// anywhere is ignored, and so is If-Modified-Since beside it.
func (e *entry) noneMatch(lines []string, pref *preference, sel coding) (coding, bool) {
	found, matched, star, tags := sel, false, false, 0
	for _, rest := range lines {
		for {
			rest = strings.TrimLeft(rest, " \t,")
			if rest == "" {
				break
			}
			if rest[0] == '*' {
				if star || tags > 0 {
					return sel, false
				}
				star = true
				rest = strings.TrimLeft(rest[1:], " \t")
			} else {
				tag, after, ok := entityTag(rest)
				if !ok || star {
					return sel, false
				}
				tags++
				for c := range codings {
					if tag == e.tags[c][0] && (c == sel || pref[c] > 0) && (!matched || c == sel) {
						found, matched = c, true
					}
				}
				rest = strings.TrimLeft(after, " \t")
			}
			if rest != "" && rest[0] != ',' {
				return sel, false
			}
		}
	}
	return found, matched || star
}

// entityTag cuts the first entity-tag (RFC 9110 §8.8.3) off s, without a "W/" in front: If-None-Match compares weakly.
// A tag may hold commas; a backslash is no escape.
func entityTag(s string) (tag, rest string, ok bool) {
	s = strings.TrimPrefix(s, "W/")
	if s == "" || s[0] != '"' {
		return "", "", false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[:i+1], s[i+1:], true
		case c < 0x21 || c == 0x7f:
			return "", "", false
		}
	}
	return "", "", false
}

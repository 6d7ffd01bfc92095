package sources

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plainText makes one line of plain text out of a title or another short field that may hold HTML. A tag is HTML only
// if its element is known and it is either void (<br>) or has its other half: so "<b>New</b>" loses its tags while
// "Use <div>" and "List<String>" stay. Character references with their semicolon are decoded once: "&lt;div&gt;" and
// "<div>" both come out as "<div>".
func plainText(s string) string {
	s = clipText(s, 8<<10) // nothing that is shown on one line is longer
	if strings.IndexByte(s, '<') >= 0 {
		s = stripTags(s)
	} else {
		s = decodeRefs(s)
	}
	return cleanLine(s)
}

// stripTags removes the HTML tags of a title and decodes the text between them.
func stripTags(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	ends := map[string]int{} // where to look for the other half next, so that hostile input costs no square
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			b.WriteString(decodeRefs(s))
			return b.String()
		}
		b.WriteString(decodeRefs(s[:i]))
		s = s[i:]
		name, end, closing := tagAt(s)
		el := elements[name]
		switch {
		case el == nil:
			if strings.HasPrefix(s, "<!--") {
				if _, after, ok := strings.Cut(s[4:], "-->"); ok {
					s = after
					continue
				}
			}
			b.WriteByte('<')
			s = s[1:]
			continue
		case closing && ends[name] > 0:
			ends[name]--
		case closing:
			b.WriteByte('<')
			s = s[1:]
			continue
		case el.is(isVoid):
		default:
			rest := s[end:]
			at := -1
			if ends[name] >= 0 {
				at = endTag(rest, name)
			}
			if at < 0 {
				ends[name] = -1 // no end tag from here on
				b.WriteByte('<')
				s = s[1:]
				continue
			}
			if el.is(isRaw) {
				s = rest[at:]
				_, end, _ = tagAt(s)
				break
			}
			ends[name]++
		}
		if el.is(isBlock | isVoid) {
			b.WriteByte(' ')
		}
		s = s[end:]
	}
}

// maxTag is the longest tag that is looked at in text that may be HTML or not.
const maxTag = 2 << 10

// tagAt reads the tag at the start of s: its name in lower case and where it ends; name "" if there is none.
func tagAt(s string) (name string, end int, closing bool) {
	i := 1
	if i < len(s) && s[i] == '/' {
		closing = true
		i++
	}
	start := i
	for i < len(s) && (s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' || i > start && s[i] >= '0' && s[i] <= '9') && i-start < 12 {
		i++
	}
	if i == start || i == len(s) || !strings.ContainsRune(" \t\n\r\f/>", rune(s[i])) {
		return "", 0, false
	}
	name = strings.ToLower(s[start:i])
	quote := byte(0)
	for ; i < len(s) && i < maxTag; i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return name, i + 1, closing
		case c == '<':
			return "", 0, false
		}
	}
	return "", 0, false
}

// endTag is the place of </name> in s, or -1.
func endTag(s, name string) int {
	for off := 0; ; {
		i := strings.Index(s[off:], "</")
		if i < 0 {
			return -1
		}
		off += i
		if rest := s[off+2:]; len(rest) > len(name) && strings.EqualFold(rest[:len(name)], name) {
			if n, _, _ := tagAt(s[off:]); n == name {
				return off
			}
		}
		off += 2
	}
}

// decodeRefs decodes the character references of s that end in a semicolon, once. Without one "&copy=1" in an address
// or "Q&A" would not survive.
func decodeRefs(s string) string {
	i := strings.IndexByte(s, '&')
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i >= 0 {
		b.WriteString(s[:i])
		s = s[i:]
		end := 1
		for end < len(s) && end < 40 && (s[end] == '#' || s[end] < utf8.RuneSelf && unicode.In(rune(s[end]), unicode.L, unicode.Nd)) {
			end++
		}
		if end > 1 && end < len(s) && s[end] == ';' {
			b.WriteString(html.UnescapeString(s[:end+1]))
			s = s[end+1:]
		} else {
			b.WriteByte('&')
			s = s[1:]
		}
		i = strings.IndexByte(s, '&')
	}
	b.WriteString(s)
	return b.String()
}

// looksHTML says whether text that may be either is HTML: it holds a known tag that is void or has its other half, or
// a paragraph.
func looksHTML(s string) bool {
	s = clipText(s, 64<<10)
	seen := map[string]bool{}
	for i := strings.IndexByte(s, '<'); i >= 0; {
		s = s[i:]
		name, end, closing := tagAt(s)
		if el := elements[name]; el != nil && !closing && !seen[name] {
			if el.is(isVoid) || name == "p" || endTag(s[end:], name) >= 0 {
				return true
			}
			seen[name] = true
		}
		s = s[1:]
		i = strings.IndexByte(s, '<')
	}
	return false
}

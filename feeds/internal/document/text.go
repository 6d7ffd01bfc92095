package document

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// c1 is what the bytes 0x80–0x9F mean in windows-1252. A C1 control in a text is nearly always such a byte that was
// taken for ISO 8859-1 (https://html.spec.whatwg.org/#numeric-character-reference-end-state repairs them the same
// way). 0 marks the five that mean nothing.
var c1 = [32]rune{
	'€', 0, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0, 'Ž', 0,
	0, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0, 'ž', 'Ÿ',
}

// Clean returns s as valid UTF-8 of characters that any XML parser takes and no validator complains about
// (XML 1.0 §2.2): line ends are LF, C1 controls are repaired, and what is left of control characters, noncharacters,
// replacement characters and invalid bytes is dropped. A clean string is returned as it is.
func Clean(s string) string {
	i := dirty(s)
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(s[:i])
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\r':
			// CRLF and a lone CR are one LF (XML 1.0 §2.11).
			if i+1 == len(s) || s[i+1] != '\n' {
				b.WriteByte('\n')
			}
		case r >= 0x80 && r < 0xA0:
			if r = c1[r-0x80]; r != 0 {
				b.WriteRune(r)
			}
		case char(r):
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// char reports whether r can stand in a document as it is.
func char(r rune) bool {
	switch {
	case r < 0x20:
		return r == '\t' || r == '\n'
	case r < 0x7F:
		return true
	case r < 0xA0:
		return false
	case r >= 0xFDD0 && r <= 0xFDEF, r == utf8.RuneError:
		return false
	}
	return r&0xFFFE != 0xFFFE
}

// dirty is the offset of the first character that Clean must change, len(s) when there is none. It knows most characters
// by their bytes, which is several times as fast as decoding each.
func dirty(s string) int {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= 0x20 && c < 0x7F, c == '\n', c == '\t':
			i++
			continue
		case c < 0x80:
			return i
		case c >= 0xE1 && c <= 0xEC:
			// U+1000–U+CFFF, Chinese, Japanese and half of Korean: all of them can stand.
			if i+2 < len(s) && s[i+1]&0xC0 == 0x80 && s[i+2]&0xC0 == 0x80 {
				i += 3
				continue
			}
			return i
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if !char(r) {
			return i
		}
		i += n
	}
	return len(s)
}

// Line is Clean for a text of one line: line ends and tabs are blanks, none stand at an end.
func Line(s string) string {
	s = Clean(s)
	if strings.ContainsAny(s, "\n\t") {
		s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\t' }), " ")
	}
	return strings.TrimSpace(s)
}

// excerptLen is the length of an excerpt in characters, excerptRead how much HTML is read for one, in bytes.
const (
	excerptLen  = 200
	excerptRead = 64 << 10
)

// inline are the elements that do not part words.
var inline = map[string]bool{
	"a": true, "abbr": true, "b": true, "bdi": true, "bdo": true, "cite": true, "code": true, "em": true, "font": true,
	"i": true, "kbd": true, "mark": true, "q": true, "s": true, "samp": true, "small": true, "span": true,
	"strong": true, "sub": true, "sup": true, "u": true, "var": true,
}

// excerpt is the beginning of the text of an HTML fragment, at most n characters.
func excerpt(fragment string, n int) string {
	z := html.NewTokenizer(strings.NewReader(fragment[:min(len(fragment), excerptRead)]))
	var b strings.Builder
	hidden := false
	for b.Len() <= 8*n {
		switch t := z.Next(); t {
		case html.ErrorToken:
			return Shorten(b.String(), n)
		case html.TextToken:
			if !hidden {
				b.Write(z.Text())
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			raw, _ := z.TagName()
			name := string(raw)
			if name == "script" || name == "style" {
				hidden = t == html.StartTagToken
			}
			if !inline[name] {
				b.WriteByte(' ')
			}
		}
	}
	return Shorten(b.String(), n)
}

// Shorten folds blanks and cuts s to n characters, the ellipsis included; at a blank when one is near.
func Shorten(s string, n int) string {
	s = Clean(strings.Join(strings.Fields(s), " "))
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	cut, seen := 0, 0
	for i := range s {
		if seen == n-1 {
			cut = i
			break
		}
		seen++
	}
	if i := strings.LastIndexByte(s[:cut+1], ' '); i > cut*3/4 {
		cut = i
	}
	return strings.TrimRight(s[:cut], " ") + "…"
}

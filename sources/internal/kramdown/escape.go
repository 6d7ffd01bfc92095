package kramdown

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// appendAttrs writes attributes. An empty ID is none.
func appendAttrs(out []byte, attrs []attr) []byte {
	for _, a := range attrs {
		if a.name == "id" && trimSpace(a.value) == "" {
			continue
		}
		out = append(append(append(out, ' '), a.name...), `="`...)
		out = appendSigns(out, a.value, true, true)
		out = append(out, '"')
	}
	return out
}

// appendText escapes text, but not the references to characters in it.
func appendText(out []byte, s string) []byte { return appendSigns(out, s, true, false) }

// appendEscaped escapes every sign that means something in HTML.
func appendEscaped(out []byte, s string) []byte { return appendSigns(out, s, false, false) }

func appendSigns(out []byte, s string, references, quotes bool) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		with := ""
		switch s[i] {
		case '<':
			with = "&lt;"
		case '>':
			with = "&gt;"
		case '"':
			if !quotes {
				continue
			}
			with = "&quot;"
		case '&':
			if references {
				if end, _ := entity(s, i); end > i {
					i = end - 1
					continue
				}
			}
			with = "&amp;"
		default:
			continue
		}
		out = append(append(out, s[start:i]...), with...)
		start = i + 1
	}
	return append(out, s[start:]...)
}

// joinCJK takes line breaks between Chinese or Japanese characters away.
func joinCJK(s string) string {
	if !strings.Contains(s, "\n") {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\n' && isCJK(prevRune(s, i)) && isCJK(runeAt(s, i+1)) {
			continue
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

func isCJK(r rune) bool {
	return r >= utf8.RuneSelf && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

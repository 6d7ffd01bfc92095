package sources

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// isPlain says that s needs no cleaning: valid UTF-8 without characters that XML forbids or anybody advises against, and
// none that NFC could touch. It knows the common scripts only; a false answer merely costs the slow way.
func isPlain[T string | []byte](s T) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		switch {
		case i+1 < len(s) && c < 0xe0:
			// U+00A0–U+02FF (without the soft hyphen's C1 neighbours) and U+0400–U+047F.
			d := s[i+1]
			if d < 0x80 || d > 0xbf || c < 0xc2 || c == 0xc2 && d < 0xa0 || c > 0xcb && c != 0xd0 && c != 0xd1 {
				return false
			}
			i += 2
		case i+2 < len(s) && c < 0xf0:
			d, e := s[i+1], s[i+2]
			if d < 0x80 || d > 0xbf || e < 0x80 || e > 0xbf || !isPlain3(c, d, e) {
				return false
			}
			i += 3
		default:
			return false
		}
	}
	return true
}

// isPlain3 is plain for a three-byte sequence.
func isPlain3(c, d, e byte) bool {
	switch {
	case c >= 0xe4 && c <= 0xe9: // U+4000–U+9FFF, Han
		return true
	case c == 0xe3: // punctuation, kana and Han but for the combining marks U+302A–U+302F, U+3099 and U+309A
		return d != 0x80 && d != 0x82 || d == 0x80 && (e < 0xaa || e > 0xaf) || d == 0x82 && e != 0x99 && e != 0x9a
	case c == 0xef: // U+FF00–U+FFBF, full-width forms
		return d >= 0xbc && d <= 0xbe
	case c == 0xe2: // U+2010–U+2027 and U+2030–U+203F, punctuation
		return d == 0x80 && (e >= 0x90 && e <= 0xa7 || e >= 0xb0)
	case c == 0xea: // U+AC00–U+D7FF, Hangul syllables
		return d >= 0xb0
	case c == 0xeb, c == 0xec:
		return true
	}
	return false
}

// clean gives s as every reader takes it: valid UTF-8 in NFC, lines ended by LF, without the characters that XML 1.0
// §2.2 forbids or §2.2 and the W3C validator discourage. C1 controls are nearly always windows-1252 that was read as
// Latin-1, so they become what they were meant to be.
func clean(s string) string {
	if isPlain(s) {
		return s
	}
	if !utf8.ValidString(s) {
		s = validUTF8(s)
	}
	if strings.Contains(s, "\r") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	return norm.NFC.String(strings.Map(cleanRune, s))
}

// cleanRune is the replacement of a rune, or -1.
func cleanRune(r rune) rune {
	switch {
	case r == '\n' || r == '\t' || r >= ' ' && r < 0x7f:
		return r
	case r == '\v' || r == '\f':
		return ' '
	case r < ' ' || r == 0x7f:
		return -1
	case r < 0xa0:
		if r = charmap.Windows1252.DecodeByte(byte(r)); r < 0xa0 || r == utf8.RuneError {
			return -1
		}
		return r
	case r == '\ufeff' || r == utf8.RuneError || r >= 0xfdd0 && r <= 0xfdef || r&0xfffe == 0xfffe:
		return -1
	}
	return r
}

// validUTF8 repairs invalid bytes. Text without any valid multi-byte sequence is windows-1252; in other text they are
// damage and are dropped.
func validUTF8(s string) string {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r >= utf8.RuneSelf && n > 1 {
			return strings.ToValidUTF8(s, "")
		}
		i += n
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	for i := range len(s) {
		b.WriteRune(charmap.Windows1252.DecodeByte(s[i]))
	}
	return b.String()
}

// foldSpace trims s and makes every run of blanks one space.
func foldSpace(s string) string {
	last := byte(' ')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c == ' ' && last == ' ' || c >= utf8.RuneSelf && blankAt(s[i:]) {
			return strings.Join(strings.Fields(s), " ")
		}
		last = c
	}
	return strings.TrimSuffix(s, " ")
}

// blankAt says that s starts with a blank that is not ASCII: U+0085, U+00A0, U+1680, U+2000… or U+3000.
func blankAt[T string | []byte](s T) bool {
	if len(s) < 2 {
		return false
	}
	switch s[0] {
	case 0xc2:
		return s[1] == 0x85 || s[1] == 0xa0
	case 0xe1, 0xe2, 0xe3:
		if s[0] == 0xe3 && s[1] != 0x80 {
			return false
		}
		r, _ := utf8.DecodeRuneInString(string(s[:min(3, len(s))]))
		return unicode.IsSpace(r)
	}
	return false
}

// cleanLine is clean text on one line.
func cleanLine(s string) string { return foldSpace(clean(s)) }

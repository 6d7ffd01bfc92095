package sources

import (
	"html"
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

// cutText shortens one line of text to at most limit runes, mark included, at the end of a sentence or a word if there
// is one in the second half.
func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	half, room, full := runeAt(s, limit/2), runeAt(s, limit-2), runeAt(s, limit)
	if full == len(s) {
		return s
	}
	// Room is for a blank and the mark. A cut may follow any of these.
	end, word, sentence := 0, 0, 0
	prev, n := utf8.DecodeLastRuneInString(s[:half])
	before, _ := utf8.DecodeLastRuneInString(s[:half-n])
	for i, r := range s[half:] {
		if i += half; i > room {
			break
		}
		if !joins(r) && prev != '\u200d' {
			end = i
			blank := unicode.IsSpace(r)
			switch {
			case fullStop(prev) && !closing(r), closing(prev) && fullStop(before),
				blank && (prev == '.' || prev == '!' || prev == '?' || prev == '…' || fullStop(prev) || closing(prev)):
				sentence = i
			case blank, wide(r), wide(prev):
				word = i
			}
		}
		before, prev = prev, r
	}
	switch {
	case sentence > 0:
		return strings.TrimSpace(s[:sentence]) + " …"
	case word > 0:
		end = word
	case end == 0: // nothing but combining marks
		end = room
	}
	return strings.TrimRightFunc(s[:end], func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("，、,;；:：", r)
	}) + "…"
}

// fullStop ends a sentence without a blank behind it.
func fullStop(r rune) bool { return r == '。' || r == '！' || r == '？' }

// closing belongs to the sentence that ended before it.
func closing(r rune) bool { return r == '”' || r == '’' || r == '」' || r == '』' || r == '）' }

// runeAt is where rune n of s starts; its end if there are fewer.
func runeAt(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// joins says that a rune belongs to the one before it.
func joins(r rune) bool {
	return r >= 0x300 && !wide(r) && (r == '\u200d' || unicode.In(r, unicode.M) || r >= 0x1f3fb && r <= 0x1f3ff)
}

// wide says that a rune belongs to a script without blanks between words.
func wide(r rune) bool {
	return r >= 0x3041 && r <= 0x30ff && r != 0x3099 && r != 0x309a || r >= 0x3400 && r <= 0x9fff || r >= 0x20000 && r <= 0x3ffff
}

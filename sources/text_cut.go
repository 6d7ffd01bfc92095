package sources

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cutText shortens one line of text to at most limit runes, mark included, at the end of a sentence or a word if there
// is one in the second half.
func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	half := runeAt(s, limit/2)
	room := half + runeAt(s[half:], limit-2-limit/2)
	if room+runeAt(s[room:], 2) == len(s) {
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

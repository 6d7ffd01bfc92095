package kramdown

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isSpace is the \s of Ruby's regular expressions, which knows ASCII only.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isBlankOrTab(c byte) bool { return c == ' ' || c == '\t' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isWord is \w, ASCII too.
func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '_'
}

func isAlpha(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.In(r, unicode.Nl, unicode.Other_Alphabetic)
}

func isAlnum(r rune) bool {
	if r < utf8.RuneSelf {
		return isAlpha(r) || r >= '0' && r <= '9'
	}
	return isAlpha(r) || unicode.Is(unicode.Nd, r)
}

// isWordRune is \p{Word}, which \b goes by too.
func isWordRune(r rune) bool {
	return r == '_' || isAlnum(r) || r >= utf8.RuneSelf && (unicode.IsMark(r) || unicode.Is(unicode.Pc, r))
}

// lineEnd is where the line that goes through i ends, behind its newline.
func lineEnd(s string, i int) int {
	if j := strings.IndexByte(s[i:], '\n'); j >= 0 {
		return i + j + 1
	}
	return len(s)
}

// blankLine reports whether the rest of the line at i is blank, and where it ends.
func blankLine(s string, i int) (end int, ok bool) {
	for ; i < len(s); i++ {
		if s[i] == '\n' {
			return i + 1, true
		}
		if !isSpace(s[i]) {
			return i, false
		}
	}
	return i, false
}

// skipBlankLines is where the first line that is not blank begins.
func skipBlankLines(s string, i int) int {
	for {
		end, ok := blankLine(s, i)
		if !ok {
			return i
		}
		i = end
	}
}

// indent counts the blanks at i, at most limit.
func indent(s string, i, limit int) int {
	n := 0
	for n < limit && i+n < len(s) && s[i+n] == ' ' {
		n++
	}
	return n
}

// skipSpace goes over white space, newlines included.
func skipSpace(s string, i int) int {
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	return i
}

func skipBlanks(s string, i int) int {
	for i < len(s) && isBlankOrTab(s[i]) {
		i++
	}
	return i
}

// indented is the length of kramdown's indentation of code, a tab or four blanks; 0 if there is none.
func indented(s string, i int) int {
	if i < len(s) && s[i] == '\t' {
		return 1
	}
	if indent(s, i, 4) == 4 {
		return 4
	}
	return 0
}

func trimRight(s string) string { return strings.TrimRight(s, " \t\n\v\f\r\x00") }

func trimSpace(s string) string { return strings.Trim(s, " \t\n\v\f\r\x00") }

// name is where the XML name at i ends: i if there is none. A colon may divide it once.
func name(s string, i int) int {
	end := ncName(s, i)
	if end > i && end < len(s) && s[end] == ':' {
		if local := ncName(s, end+1); local > end+1 {
			return local
		}
	}
	return end
}

func ncName(s string, i int) int {
	for start := i; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || i > start && (isDigit(c) || c == '-' || c == '.')) {
				break
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !isAlpha(r) && (i == start || !isAlnum(r)) {
			break
		}
		i += size
	}
	return i
}

// ident is where the name of a list, footnote or extension at i ends: \w[\w-]*.
func ident(s string, i int) int {
	if i >= len(s) || !isWord(s[i]) {
		return i
	}
	for i < len(s) && (isWord(s[i]) || s[i] == '-') {
		i++
	}
	return i
}

// prevRune is the character before i; 0 if there is none.
func prevRune(s string, i int) rune {
	if i == 0 {
		return 0
	}
	if c := s[i-1]; c < utf8.RuneSelf {
		return rune(c)
	}
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return r
}

// runeAt is the character at i; 0 if there is none.
func runeAt(s string, i int) rune {
	if i >= len(s) {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return r
}

package kramdown

import (
	"strings"
	"unicode/utf8"
)

// Quotation marks: indexes of Options.Quotes.
const (
	openSingle = iota
	closeSingle
	openDouble
	closeDouble
)

// Smart writes a line with typographic quotation marks, dashes and dots, as Jekyll's filter smartify does. It
// takes the line for text without HTML; references to characters stay.
func (o *Options) Smart(line string) string {
	p := parser{opts: o, slab: 4, budget: 1 << 20}
	s := spans{p: &p, block: block{src: line}}
	var el node
	for s.pos < len(line) {
		j := s.next(false)
		s.text(&el, s.pos, j)
		if s.pos = j; j < len(line) && !s.smartQuote(&el) && !s.symbol(&el) {
			_, size := utf8.DecodeRuneInString(line[j:])
			s.text(&el, j, j+size)
			s.pos += size
		}
	}
	return p.plainText(&el)
}

// smartQuote reads the quotation mark at pos, or behind the character at pos. Which way it turns is decided by its
// neighbours; the rules are tried in the order of kramdown's.
func (s *spans) smartQuote(el *node) bool {
	src, i := s.src, s.pos
	c, size := src[i], 1
	if c >= utf8.RuneSelf {
		_, size = utf8.DecodeRuneInString(src[i:])
	}
	behind := i + size
	second := behind < len(src) && isQuote(src[behind]) && c != '\\'
	if !second && !isQuote(c) {
		return false
	}
	to, begin, end := quoteRule(src, i, behind, second)
	s.text(el, i, begin)
	for _, m := range to {
		s.char(el, s.p.opts.Quotes[m])
	}
	s.pos = end
	return true
}

// quoteRule decides on the mark at i, or on the one at behind if second. Text up to begin stays as it is; the marks from
// there to end become those of to.
func quoteRule(src string, i, behind int, second bool) (to []int, begin, end int) {
	c, at := src[i], i
	if isQuote(c) && (emphasisFollows(src[behind:]) || punctuationFollows(src[behind:])) {
		return []int{turned(c, !emphasisFollows(src[behind:]))}, i, behind
	}
	if isSpace(c) {
		at = behind
	}
	if at+2 < len(src) && isQuote(src[at]) && isQuote(src[at+1]) && src[at] != src[at+1] && isWord(src[at+2]) {
		return []int{turned(src[at], false), turned(src[at+1], false)}, at, at + 2
	}
	if at < len(src) && src[at] == '\'' && decade(src, at+1) {
		return []int{closeSingle}, at, at + 1
	}
	if second {
		q := src[behind]
		opens := isSpace(c) && behind+1 < len(src) && isWord(src[behind+1])
		if !opens && strings.IndexByte(" \\\t\r\n[{(-", c) < 0 {
			return []int{turned(q, true)}, behind, behind + 1
		}
		return []int{turned(q, false)}, behind, behind + 1
	}
	closing := behind >= len(src) || isSpace(src[behind]) || src[behind] == 's' && !isWordRune(runeAt(src, behind+1))
	return []int{turned(c, closing)}, i, behind
}

func isQuote(c byte) bool { return c == '"' || c == '\'' }

// turned is the mark that a plain one becomes.
func turned(q byte, closing bool) int {
	mark := openSingle
	if q == '"' {
		mark = openDouble
	}
	if closing {
		mark++
	}
	return mark
}

// emphasisFollows reports whether s begins with one or two marks of emphasis before a character that is no blank.
func emphasisFollows(s string) bool {
	isMark := func(c byte) bool { return c == '*' || c == '_' }
	return len(s) > 1 && isMark(s[0]) && (!isSpace(s[1]) || len(s) > 2 && isMark(s[1]) && !isSpace(s[2]))
}

// punctuationFollows reports whether s begins with a sign that does not begin a word or "...".
func punctuationFollows(s string) bool {
	return s != "" && isPunct(s[0]) && !strings.HasPrefix(s[1:], "..") && isWordRune(runeAt(s, 1)) == isWord(s[0])
}

// decade is the 80s in '80s.
func decade(src string, i int) bool {
	return i+2 < len(src) && isDigit(src[i]) && isDigit(src[i+1]) && src[i+2] == 's'
}

// isPunct is what a closing mark may stand before.
func isPunct(c byte) bool {
	return c > ' ' && c < 0x7f && !isDigit(c) && !isAlpha(rune(c)) && c != '&'
}

// symbol reads dashes, dots and guillemets.
func (s *spans) symbol(el *node) bool {
	rest := s.src[s.pos:]
	for _, sym := range symbols {
		if !strings.HasPrefix(rest, sym.source) {
			continue
		}
		to := sym.to
		if own, ok := s.p.opts.Symbols[sym.name]; ok {
			to = own
		}
		s.char(el, to)
		s.pos += len(sym.source)
		return true
	}
	return false
}

// symbols in the order they are tried.
var symbols = []struct{ source, name, to string }{
	{"---", "mdash", "—"},
	{"--", "ndash", "–"},
	{"...", "hellip", "…"},
	{`\<<`, "", "<<"},
	{`\>>`, "", ">>"},
	{"<< ", "laquo_space", "«\u00a0"},
	{" >>", "raquo_space", "\u00a0»"},
	{"<<", "laquo", "«"},
	{">>", "raquo", "»"},
}

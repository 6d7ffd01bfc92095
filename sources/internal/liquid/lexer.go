package liquid

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	textToken tokenKind = iota
	outputToken
	tagToken
	rawToken
)

// token is a piece of a template. In text is what a text says, else what stands between the marks.
type token struct {
	kind tokenKind
	name string // of a tag
	text string
	line int
}

// maxUnknown is the longest tag that is taken for one although its name is not known, in bytes: "{%" in a text about
// something else must not swallow what follows up to the next "%}".
const maxUnknown = 2000

// maxMarkup is the longest output, and the longest tag but liquid and comments, in bytes.
const maxMarkup = 64 << 10

const blanks = " \t\n\v\f\r\x00"

type lexer struct {
	in     string
	line   int
	tokens []token
	// counted is how far lines are counted.
	counted int
	// trim: white space at the start of the next text goes away.
	trim bool
	// brace and percent are where the next "}" and "%}" are, so that each is looked for once; below zero: nowhere.
	brace, percent int
	// noRaw: there is no further endraw.
	noRaw bool
	warn  func(line int, text string)
}

// lex cuts a template into tokens, in time proportional to its length.
func lex(in string, warn func(line int, text string)) []token {
	l := &lexer{in: in, line: 1, warn: warn}
	start := 0 // of the text that is not yet a token
	for i := 0; ; {
		j := strings.IndexByte(in[i:], '{')
		if j < 0 || i+j+1 >= len(in) {
			break
		}
		i += j
		if in[i+1] != '%' && in[i+1] != '{' {
			i++
			continue
		}
		end, t, left, right := l.mark(i)
		if end == 0 {
			i += 2
			continue
		}
		l.text(in[start:i], l.lineOf(start), left)
		t.line = l.lineOf(i)
		l.trim = right
		l.tokens = append(l.tokens, t)
		i, start = end, end
		if t.name == "raw" {
			i = l.raw(i)
			start = i
		}
	}
	l.text(in[start:], l.lineOf(start), false)
	return l.tokens
}

// lineOf is the line of a position; positions are asked for in their order, but for a few.
func (l *lexer) lineOf(i int) int {
	if i < l.counted {
		return l.line - strings.Count(l.in[i:l.counted], "\n")
	}
	l.line += strings.Count(l.in[l.counted:i], "\n")
	l.counted = i
	return l.line
}

// text adds a text; strip takes white space at its end away.
func (l *lexer) text(s string, line int, strip bool) {
	if l.trim {
		s = strings.TrimLeft(s, blanks)
		l.trim = false
	}
	if strip {
		s = strings.TrimRight(s, blanks)
	}
	if s != "" {
		l.tokens = append(l.tokens, token{kind: textToken, text: s, line: line})
	}
}

// next finds what ends a mark at or behind i; at is where it was found last.
func (l *lexer) next(at *int, i int, end string) int {
	if *at >= 0 && *at < i {
		if *at = strings.Index(l.in[i:], end); *at >= 0 {
			*at += i
		}
	}
	return *at
}

// mark reads the tag or output that begins at i. end is 0 if there is none.
func (l *lexer) mark(i int) (end int, t token, left, right bool) {
	if l.in[i+1] == '{' {
		n := l.next(&l.brace, i+2, "}")
		if n < 0 || n+1 >= len(l.in) || l.in[n+1] != '}' || n-i > maxMarkup {
			l.warn(l.lineOf(i), "{{ without }}: left as it is")
			return 0, t, false, false
		}
		t.kind = outputToken
		t.text, left, right = dashes(l.in[i+2 : n])
		return n + 2, t, left, right
	}
	n := l.next(&l.percent, i+2, "%}")
	if n < 0 {
		l.warn(l.lineOf(i), "{% without %}: left as it is")
		return 0, t, false, false
	}
	t.kind = tagToken
	inner, left, right := dashes(l.in[i+2 : n])
	inner = strings.TrimLeft(inner, blanks)
	t.name = tagName(inner)
	if t.name == "" || len(inner) > maxMarkup && t.name != "liquid" && t.name != "#" ||
		!known(t.name) && (len(inner) > maxUnknown || strings.Contains(inner, "{%")) {
		l.warn(l.lineOf(i), "{% that begins no tag: left as it is")
		return 0, t, false, false
	}
	t.text = inner[len(t.name):]
	if t.name != "liquid" { // whose lines are counted
		t.text = strings.Trim(t.text, blanks)
	}
	return n + 2, t, left, right
}

// dashes takes the marks of white-space control off.
func dashes(s string) (inner string, left, right bool) {
	if left = strings.HasPrefix(s, "-"); left {
		s = s[1:]
	}
	if right = strings.HasSuffix(s, "-"); right {
		s = s[:len(s)-1]
	}
	return s, left, right
}

// tagName is the word that s begins with.
func tagName(s string) string {
	if strings.HasPrefix(s, "#") {
		return "#"
	}
	return s[:wordEnd(s, 0)]
}

// wordEnd is the end of the word of letters, digits and _ that begins at i.
func wordEnd(s string, i int) int {
	for i < len(s) {
		c := s[i]
		if c < utf8.RuneSelf {
			if !isWord(c) {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			return i
		}
		i += n
	}
	return i
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// raw reads up to the end of a raw block whose start ended at i. Without an end the block is none.
func (l *lexer) raw(i int) int {
	if l.noRaw {
		return i
	}
	for j := i; ; {
		n := strings.Index(l.in[j:], "{%")
		if n < 0 {
			l.noRaw = true
			return i
		}
		j += n
		inner := strings.TrimLeft(strings.TrimPrefix(l.in[j+2:], "-"), blanks)
		if tagName(inner) == "endraw" {
			end := strings.Index(l.in[j:], "%}")
			if end < 0 {
				l.noRaw = true
				return i
			}
			l.tokens[len(l.tokens)-1] = token{kind: rawToken, text: l.in[i:j], line: l.tokens[len(l.tokens)-1].line}
			return j + end + 2
		}
		j += 2
	}
}

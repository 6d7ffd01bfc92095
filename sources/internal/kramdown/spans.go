package kramdown

import (
	"strings"
	"unicode/utf8"
)

// spans is a text whose spans are parsed.
type spans struct {
	block
	p *parser
	// within has a bit for each kind of element that is open.
	within uint64
	depth  int
	// lastText is the text node that ended at lastEnd, so that text that goes on there is added to it.
	lastText *node
	lastEnd  int
	// angleAt is the next > or newline from angleFrom on.
	angleFrom, angleAt int
}

func bit(k kind) uint64 { return 1 << k }

// spansOf parses the spans of every text below n, and then gives n and its children their attributes.
func (p *parser) spansOf(n *node) {
	for c := n.first; c != nil && p.err == nil; c = c.next {
		switch {
		case c.raw:
			c.raw = false
			s := spans{p: p, block: block{src: c.value}}
			s.parse(c, nil, false)
		case c.first != nil:
			p.spansOf(c)
		}
		if c.ial != nil {
			p.apply(c, c.ial)
		}
	}
}

// spent takes steps from the budget and reports whether nothing is left of it.
func (p *parser) spent(steps int) bool {
	if p.budget -= steps; p.budget >= 0 {
		return false
	}
	p.note(0, "too many marks without an end: some are left as text")
	return true
}

// stop is what ends a span.
type stop interface {
	// at reports whether the end may stand at pos, and done whether it does.
	at(s *spans) bool
	done(s *spans, el *node) bool
}

// special has the bytes a span may begin or end with.
var special = func() (t [256]bool) {
	for _, c := range []byte("*_`<[]!\"'${&-.>\\~\n") {
		t[c] = true
	}
	return t
}()

// next is the first place from pos on where a span may begin or end; the length of the text if there is none.
func (s *spans) next(htmlOnly bool) int {
	src := s.src
	if htmlOnly {
		if j := strings.IndexByte(src[s.pos:], '<'); j >= 0 {
			return s.pos + j
		}
		return len(src)
	}
	for j := s.pos; j < len(src); j++ {
		c := src[j]
		if !special[c] {
			continue
		}
		following := byte(0)
		if j+1 < len(src) {
			following = src[j+1]
		}
		switch c {
		case '"', '\'':
			if j > s.pos { // the character before belongs to it
				_, size := utf8.DecodeLastRuneInString(src[s.pos:j])
				return j - size
			}
			return j
		case '\n':
			if j-2 >= s.pos && src[j-1] == ' ' && src[j-2] == ' ' {
				return j - 2
			}
		case '-':
			if following == '-' {
				return j
			}
		case '.':
			if following == '.' && j+2 < len(src) && src[j+2] == '.' {
				return j
			}
		case '>':
			if following == '>' {
				if j > s.pos && src[j-1] == ' ' {
					return j - 1
				}
				return j
			}
		case '!':
			if following == '[' {
				return j
			}
		case '{':
			if following == ':' {
				return j
			}
		case '~':
			if following == '~' {
				return j
			}
		case ']':
			if s.within&(bit(link)|bit(image)) != 0 {
				return j
			}
		default:
			return j
		}
	}
	return len(src)
}

// parse reads spans into el up to its end. Without an end it reads all of the text. htmlOnly knows no spans but HTML.
func (s *spans) parse(el *node, end stop, htmlOnly bool) (found bool) {
	within := s.within
	s.within |= bit(el.kind)
	s.depth++
	for s.pos < len(s.src) && s.p.err == nil {
		j := s.next(htmlOnly)
		s.p.budget -= 1 + (j-s.pos)>>6
		if end != nil && s.p.budget < 0 {
			break // the text is read once more, without looking for ends
		}
		if j >= len(s.src) {
			if end == nil {
				s.text(el, s.pos, j)
				s.pos = j
			}
			break
		}
		if j > s.pos {
			s.text(el, s.pos, j)
			s.pos = j
		}
		if end != nil && end.at(s) && end.done(s, el) {
			found = true
			break
		}
		if !s.span(el, htmlOnly) {
			_, size := utf8.DecodeRuneInString(s.src[s.pos:])
			s.text(el, s.pos, s.pos+size)
			s.pos += size
		}
	}
	s.depth--
	s.within = within
	return found
}

// text adds text from the source.
func (s *spans) text(el *node, from, to int) {
	if from >= to {
		return
	}
	if s.lastText != nil && s.lastText == el.last && s.lastEnd == from {
		s.lastText.value = s.src[from-len(s.lastText.value) : to]
		s.lastEnd = to
		return
	}
	n := s.p.node(text)
	n.value = s.src[from:to]
	el.add(n)
	s.lastText, s.lastEnd = n, to
}

// char adds a character that is written otherwise in the source.
func (s *spans) char(el *node, c string) {
	n := s.p.node(char)
	n.value = c
	el.add(n)
}

// span reads the span at pos, in the order kramdown asks each kind. false: there is none.
func (s *spans) span(el *node, htmlOnly bool) bool {
	src, i := s.src, s.pos
	c, following := src[i], byte(0)
	if i+1 < len(src) {
		following = src[i+1]
	}
	if htmlOnly {
		return c == '<' && s.html(el)
	}
	switch c {
	case '*', '_':
		s.emphasis(el)
		return true
	case '`':
		s.codeSpan(el)
		return true
	case '<':
		if s.autolink(el) || s.html(el) {
			return true
		}
	case '[':
		if s.footnoteMark(el) {
			return true
		}
		if following != 0 && following != '^' {
			s.link(el, link)
			return true
		}
	case '!':
		if following == '[' && i+2 < len(src) && src[i+2] != '^' {
			s.link(el, image)
			return true
		}
	}
	if s.smartQuote(el) {
		return true
	}
	switch c {
	case '$':
		if following == '$' && s.math(el) {
			return true
		}
	case '{':
		if following == ':' {
			s.spanExtension(el)
			return true
		}
	case '&':
		if s.entity(el) {
			return true
		}
	case '-', '.', '<', '>', ' ', '\\':
		if s.p.opts.Typographic && s.symbol(el) {
			return true
		}
	}
	switch c {
	case ' ', '\\':
		if !s.p.opts.HardWrap && s.lineBreak(el) {
			return true
		}
	case '~':
		return !s.p.opts.Plain && following == '~' && s.strikethrough(el)
	}
	return c == '\\' && s.escaped(el)
}

func (s *spans) escaped(el *node) bool {
	if s.pos+1 >= len(s.src) {
		return false
	}
	c := s.src[s.pos+1]
	if strings.IndexByte("\\.*_+`<>()[]{}#!:|\"'$=-", c) < 0 && (c != '~' || s.p.opts.Plain) {
		return false
	}
	s.text(el, s.pos+1, s.pos+2)
	s.pos += 2
	return true
}

// lineBreak is two blanks or two backslashes at the end of a line.
func (s *spans) lineBreak(el *node) bool {
	rest := s.src[s.pos:]
	if len(rest) < 3 || rest[2] != '\n' || rest[:2] != "  " && rest[:2] != `\\` {
		return false
	}
	el.add(s.p.node(lineBreak))
	s.pos += 2
	return true
}

func (s *spans) entity(el *node) bool {
	end, named := entity(s.src, s.pos)
	if end == s.pos {
		return false
	}
	ref := s.src[s.pos:end]
	if named && !knownEntities()[ref[1:len(ref)-1]] {
		s.char(el, "&")
		s.pos++
		s.text(el, s.pos, end)
		s.pos = end
		return true
	}
	s.char(el, decode(ref))
	s.pos = end
	return true
}

// autolink is <http://…> or <name@host>.
func (s *spans) autolink(el *node) bool {
	src, start := s.src, s.pos+1
	colon := start
	for colon < len(src) && colon < start+6 && src[colon] >= 'a' && src[colon] <= 'z' {
		colon++
	}
	var end int
	href := ""
	if colon < len(src) && src[colon] == ':' && isScheme(src[start:colon]) {
		if end = s.angle(colon); end < 0 || end == colon+1 {
			return false
		}
		href = src[start:end]
	} else {
		if end = mail(src, start); end == start {
			return false
		}
		href = "mailto:" + src[start:end]
	}
	a := s.p.node(link)
	a.set("href", href)
	t := s.p.node(text)
	t.value = strings.TrimPrefix(src[start:end], "mailto:")
	a.add(t)
	el.add(a)
	s.pos = end + 1
	return true
}

// angle is where the next > on the line of i is; -1 if there is none.
func (s *spans) angle(i int) int {
	if i < s.angleFrom || i > s.angleAt || s.angleAt == 0 {
		s.angleFrom = i
		for s.angleAt = i; s.angleAt < len(s.src) && s.src[s.angleAt] != '>' && s.src[s.angleAt] != '\n'; {
			s.angleAt++
		}
	}
	if s.angleAt < len(s.src) && s.src[s.angleAt] == '>' {
		return s.angleAt
	}
	return -1
}

func isScheme(s string) bool {
	switch s {
	case "mailto", "http", "https", "ftp", "ftps":
		return true
	}
	return false
}

// mail is where the address name@host at i ends before a >; i if there is none.
func mail(src string, i int) int {
	at := mailName(src, i)
	if at == i || at >= len(src) || src[at] != '@' {
		return i
	}
	end := mailName(src, at+1)
	if end == at+1 || end >= len(src) || src[end] != '>' {
		return i
	}
	return end
}

func mailName(src string, i int) int {
	for i < len(src) {
		r, size := utf8.DecodeRuneInString(src[i:])
		if !isAlnum(r) && r != '-' && r != '_' && r != '.' {
			break
		}
		i += size
	}
	return i
}

func (s *spans) footnoteMark(el *node) bool {
	name, end := footnoteName(s.src, s.pos)
	if end == 0 {
		return false
	}
	if s.p.footnotes[name] == nil {
		s.text(el, s.pos, end)
		s.pos = end
		return true
	}
	n := s.p.node(footnoteMark)
	n.value = name
	el.add(n)
	s.pos = end
	return true
}

// math is $$…$$ within a line.
func (s *spans) math(el *node) bool {
	n := strings.Index(s.src[s.pos+2:], "$$")
	if n < 0 || s.p.spent(0) {
		return false
	}
	m := s.p.node(spanMath)
	m.value = trimSpace(s.src[s.pos+2 : s.pos+2+n])
	el.add(m)
	s.pos += n + 4
	return true
}

// codeSpan is text between as many backticks as it begins with.
func (s *spans) codeSpan(el *node) {
	src, start := s.src, s.pos
	n := 1
	for start+n < len(src) && src[start+n] == '`' {
		n++
	}
	literal := n == 1 && (start == 0 || isSpace(src[start-1])) && start+1 < len(src) && isSpace(src[start+1])
	end := -1
	if !literal && !s.p.spent(0) {
		end = strings.Index(src[start+n:], src[start:start+n])
	}
	if end < 0 {
		s.p.budget -= (len(src) - start) >> 6
		s.text(el, start, start+n)
		s.pos = start + n
		return
	}
	value := src[start+n : start+n+end]
	if n > 1 {
		value = strings.TrimPrefix(value, " ")
		value = strings.TrimSuffix(value, " ")
	}
	c := s.p.node(codeSpan)
	c.value = value
	el.add(c)
	s.pos = start + n + end + n
}

// strikethrough is ~~text~~.
func (s *spans) strikethrough(el *node) bool {
	src, start := s.src, s.pos+2
	if start >= len(src) || isSpace(src[start]) || src[start] == '~' {
		return false
	}
	for i := start + 1; ; i++ {
		j := strings.Index(src[min(i, len(src)):], "~~")
		if j < 0 || s.p.spent(1+j>>6) || s.depth > maxSpans {
			return false
		}
		i += j
		if c := src[i-1]; isSpace(c) || c == '~' {
			continue
		}
		n := s.p.node(deleted)
		el.add(n)
		inner := spans{p: s.p, block: block{src: src[start:i]}, depth: s.depth + 1}
		inner.parse(n, nil, false)
		s.pos = i + 2
		return true
	}
}

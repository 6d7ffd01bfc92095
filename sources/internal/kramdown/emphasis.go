package kramdown

// emphasisEnd ends emphasis: the mark it began with, not behind white space. A single mark is not part of a double one,
// and an underscore is not followed by a letter.
type emphasisEnd struct {
	mark byte
	kind kind
}

func (e emphasisEnd) size() int {
	if e.kind == strong {
		return 2
	}
	return 1
}

func (e emphasisEnd) at(s *spans) bool {
	src, i := s.src, s.pos
	return src[i] == e.mark && (e.kind == em || i+1 < len(src) && src[i+1] == e.mark)
}

func (e emphasisEnd) done(s *spans, el *node) bool {
	src, i := s.src, s.pos
	if i > 0 && isSpace(src[i-1]) || el.first == nil {
		return false
	}
	if e.kind == em && i+1 < len(src) && src[i+1] == e.mark && (i+2 >= len(src) || src[i+2] != e.mark) {
		return false
	}
	return e.mark != '_' || !isAlnum(runeAt(src, i+e.size()))
}

// emphasis is *text*, **text** or the same with underscores. Text between words in Chinese needs no blanks; but an
// underscore within a word is none.
func (s *spans) emphasis(el *node) {
	src, start := s.src, s.pos
	mark, size, k := src[start], 1, em
	if start+1 < len(src) && src[start+1] == mark {
		size, k = 2, strong
	}
	s.pos += size
	plain := s.within&bit(k) != 0 || s.pos < len(src) && isSpace(src[s.pos]) || mark == '_' && inWord(src, start)
	if plain || s.depth > maxSpans || s.p.spent(1) {
		s.text(el, start, s.pos)
		return
	}
	n := s.emphasised(mark, k)
	if n == nil && k == strong && el.kind != em {
		s.pos = start + 1
		k = em
		n = s.emphasised(mark, em)
	}
	if n == nil {
		s.pos = start + size
		s.text(el, start, s.pos)
		return
	}
	s.pos += emphasisEnd{mark, k}.size()
	el.add(n)
}

// emphasised parses what stands between marks; nil if there is no end.
func (s *spans) emphasised(mark byte, k kind) *node {
	n := s.p.node(k)
	if !s.parse(n, emphasisEnd{mark, k}, false) {
		return nil
	}
	return n
}

// inWord reports whether the underscore at i follows a letter, or a letter and a hyphen.
func inWord(src string, i int) bool {
	if i > 0 && src[i-1] == '-' {
		i--
	}
	return isAlpha(prevRune(src, i))
}

package kramdown

import "strings"

// bracketEnd is the ] that ends the text of a link. Brackets within it are counted; those of images end themselves.
type bracketEnd struct{ open int }

func (e *bracketEnd) at(s *spans) bool {
	c := s.src[s.pos]
	return c == ']' || c == '[' || c == '!' && s.pos+1 < len(s.src) && s.src[s.pos+1] == '['
}

func (e *bracketEnd) done(s *spans, el *node) bool {
	if s.src[s.pos] == ']' {
		e.open--
	} else {
		e.open++
	}
	return e.open == int(el.level)
}

// link is [text](address "title"), [text][id] or [id], or an image with ! before it.
func (s *spans) link(el *node, k kind) {
	src, start := s.src, s.pos
	s.pos++
	if k == image {
		s.pos++
	}
	inner := s.pos
	fail := func() {
		s.pos = inner
		s.text(el, start, inner)
	}
	if k == link && s.within&(bit(link)|bit(image)) != 0 || s.depth > maxSpans || s.p.spent(1) {
		fail()
		return
	}
	n := s.p.node(k)
	if !s.parse(n, &bracketEnd{open: 1}, false) {
		fail()
		return
	}
	label := src[inner:s.pos]
	s.pos++
	var def linkDef
	if id, end, ok := linkReference(src, s.pos); ok || s.pos >= len(src) || src[s.pos] != '(' {
		if id == "" {
			id = unescape(label)
		}
		if def, ok = s.p.links[linkID(id)]; !ok {
			fail()
			return
		}
		s.pos = end
	} else {
		url, title, titled, end := linkAddress(src, s.pos)
		s.p.budget -= (max(end, s.pos) - s.pos) >> 3
		if end < 0 {
			s.p.budget -= (len(src) - s.pos) >> 3
			fail()
			return
		}
		def = linkDef{url: url, title: title, titled: titled}
		s.pos = end
	}
	s.addLink(el, n, def, label)
}

func (s *spans) addLink(el, n *node, def linkDef, label string) {
	if def.at != nil && def.at.ial != nil {
		n.ial = def.at.ial
		s.p.apply(n, n.ial)
	}
	if n.kind == link {
		n.set("href", def.url)
	} else {
		n.set("src", def.url)
		n.set("alt", unescape(label))
		n.first, n.last = nil, nil
		if el.kind == link || el.kind == image {
			el.level++
		}
	}
	if def.titled {
		n.set("title", def.title)
	}
	n.level = 0
	el.add(n)
}

// unescape takes backslashes before signs away.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte("\\.*_+`<>()[]{}#!:|\"'$=-", s[i+1]) >= 0 {
			i++
		}
		out = append(out, s[i])
	}
	return string(out)
}

// linkReference reads the [id] behind the text of a link.
func linkReference(s string, i int) (id string, end int, ok bool) {
	j := skipSpace(s, i)
	if j >= len(s) || s[j] != '[' {
		return "", i, false
	}
	n := strings.IndexByte(s[j:], ']')
	if n < 0 {
		return "", i, false
	}
	return s[j+1 : j+n], j + n + 1, true
}

// linkAddress reads (address "title") at i; end is -1 if it is none.
func linkAddress(s string, i int) (url, title string, titled bool, end int) {
	if strings.HasPrefix(s[i:], "(<") {
		eol := lineEnd(s, i)
		if n := strings.IndexByte(s[i+2:eol], '>'); n >= 0 {
			url = s[i+2 : i+2+n]
			i += n + 3
			if i < len(s) && s[i] == ')' {
				return url, "", false, i + 1
			}
			title, end = linkTitle(s, i)
			return url, title, true, end
		}
	}
	depth, j := 0, i
	for ; j < len(s); j++ {
		switch s[j] {
		case '(':
			depth++
			continue
		case ')':
			if depth--; depth == 0 {
				return trimSpace(s[i+1 : j]), "", false, j + 1
			}
			continue
		}
		if isSpace(s[j]) && j+1 < len(s) && (s[j+1] == '"' || s[j+1] == '\'') {
			j++
			title, end = linkTitle(s, j)
			return trimSpace(s[i+1 : j]), title, true, end
		}
	}
	return "", "", false, -1
}

// linkTitle reads "title") at i; end is -1 if it is none.
func linkTitle(s string, i int) (title string, end int) {
	i = skipSpace(s, i)
	if i >= len(s) || s[i] != '"' && s[i] != '\'' {
		return "", -1
	}
	for j := i + 2; j < len(s); j++ {
		if s[j] == s[i] {
			if k := skipSpace(s, j+1); k < len(s) && s[k] == ')' {
				return s[i+1 : j], k + 1
			}
		}
	}
	return "", -1
}

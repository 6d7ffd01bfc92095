package kramdown

import "strings"

// endTagStop ends an element within a line.
type endTagStop struct {
	name    string
	anyCase bool
	end     int
}

func (e *endTagStop) at(s *spans) bool {
	if s.src[s.pos] != '<' {
		return false
	}
	name, end := endTag(s.src, s.pos)
	if end == 0 || name != e.name && !(e.anyCase && strings.EqualFold(name, e.name)) {
		return false
	}
	e.end = end
	return true
}

func (e *endTagStop) done(*spans, *node) bool { return true }

// html reads a comment or an element within a line. The tags of blocks are text there, and so are end tags that end
// nothing. An element without end goes to the end of the text.
func (s *spans) html(el *node) bool {
	src, i := s.src, s.pos
	if end := s.p.comment(&s.block, i); end > 0 {
		n := s.p.node(verbatim)
		n.value = src[i:end]
		el.add(n)
		s.pos = end
		return true
	}
	if _, end := endTag(src, i); end > 0 {
		s.text(el, i, end)
		s.pos = end
		return true
	}
	t, ok := s.p.startTag(&s.block, i)
	if !ok {
		if begins := name(src, i+1) > i+1 || strings.HasPrefix(src[i:], "<!--") || strings.HasPrefix(src[i:], "</"); !begins {
			return false
		}
		s.text(el, i, i+1)
		s.pos++
		return true
	}
	if t.info.block || s.depth > maxSpans {
		s.text(el, i, t.end)
		s.pos = t.end
		return true
	}
	s.element(el, &t)
	return true
}

func (s *spans) element(el *node, t *tag) {
	n := s.p.node(spanHTML)
	m := modelRaw
	elementRaw := t.info.model == modelRaw
	if !elementRaw && !(el.kind == spanHTML && el.model == modelRaw) && s.p.opts.ParseSpanHTML {
		m = modelSpan
	}
	for _, a := range t.attrs {
		if a.name != "markdown" {
			if strings.IndexByte(a.value, '\n') >= 0 {
				a.value = joinLines(a.value)
			}
			n.attrs = append(n.attrs, a)
			continue
		}
		switch a.value {
		case "span":
			m = modelSpan
		case "1":
			m = modelRaw
			if !elementRaw {
				m = modelSpan
			}
		case "0":
			m = modelRaw
		}
	}
	s.p.scratch = t.attrs[:0]
	n.value, n.model = t.name, m
	el.add(n)
	s.pos = t.end
	if t.closed || t.info.void {
		return
	}
	end := &endTagStop{name: t.name, anyCase: t.info.known}
	if s.parse(n, end, m == modelRaw) {
		s.pos = end.end
		return
	}
	s.text(n, s.pos, len(s.src))
	s.pos = len(s.src)
}

// joinLines makes one blank of newlines that follow each other.
func joinLines(s string) string {
	var out strings.Builder
	for i := range len(s) {
		if s[i] != '\n' {
			out.WriteByte(s[i])
		} else if i == 0 || s[i-1] != '\n' {
			out.WriteByte(' ')
		}
	}
	return out.String()
}

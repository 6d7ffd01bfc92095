package kramdown

import "strings"

// blockExtension reads what begins with {: on a line of its own: the definition of a list, an extension, or an attribute
// list, which belongs to the block before it or else to the one behind it.
func (p *parser) blockExtension(el *node, b *block, at int) bool {
	s := b.src
	if !strings.HasPrefix(s[at:], "{:") {
		return false
	}
	if end := ident(s, at+2); end > at+2 && end < len(s) && s[end] == ':' {
		if j := braceEnd(s, end+1); j > end+1 {
			if next, ok := blankLine(s, j+1); ok {
				p.defineList(s[at+2:end], s[end+1:j])
				b.pos = next
				el.add(p.boundary("list", b))
				return true
			}
		}
	}
	if e, ok := extensionTag(s, at); ok {
		if end, ok := blankLine(s, e.end); ok {
			return p.blockExtensionTag(el, b, e, end)
		}
	}
	content, end := blockList(s, at)
	if end == 0 {
		return false
	}
	line := b.lineNumber()
	b.pos = end
	last := el.last
	var list *attrList
	before := last != nil && last.kind != blank && (last.kind != boundary || last.value == "def")
	if before {
		if last.ial == nil {
			last.ial = &attrList{}
		}
		list = last.ial
	} else {
		if p.given == nil {
			p.given = &attrList{}
		}
		list = p.given
	}
	if !parseList(content, list) && strings.Trim(content, ": \t\n") != "" {
		p.note(line, "an attribute list has nothing that could be understood")
	}
	if before {
		if _, more := blockList(s, end+indent(s, end, 3)); more == 0 {
			el.add(p.boundary("ial", b))
		}
	}
	return true
}

func (p *parser) boundary(why string, b *block) *node {
	n := p.begin(boundary, b)
	n.value = why
	return n
}

// defineList is {:name: .x}, a list to be named in others.
func (p *parser) defineList(name, content string) {
	if p.lists == nil {
		p.lists = map[string]*attrList{}
	}
	if p.lists[name] == nil {
		p.lists[name] = &attrList{}
	}
	parseList(content, p.lists[name])
}

// extension is the tag {::name options /}, or {:/name}, which ends one.
type extension struct {
	name, options string
	stop, closed  bool
	end           int
}

// extensionTag reads the tag at i.
func extensionTag(s string, i int) (e extension, ok bool) {
	switch {
	case strings.HasPrefix(s[i:], "{:/"):
		j := ident(s, i+3)
		if j >= len(s) || s[j] != '}' {
			return e, false
		}
		return extension{name: s[i+3 : j], stop: true, end: j + 1}, true
	case strings.HasPrefix(s[i:], "{::"):
		j := i + 3
		for j < len(s) && isWord(s[j]) {
			j++
		}
		if j == i+3 || j >= len(s) {
			return e, false
		}
		e.name = s[i+3 : j]
		end := braceEnd(s, j)
		if end < 0 {
			return e, false
		}
		rest := s[j:end]
		if strings.HasSuffix(rest, "/") {
			e.closed, rest = true, rest[:len(rest)-1]
		}
		if rest != "" && !isSpace(rest[0]) {
			return e, false
		}
		e.options, e.end = rest, end+1
		return e, true
	}
	return e, false
}

func (p *parser) blockExtensionTag(el *node, b *block, e extension, end int) bool {
	line := b.lineNumber()
	if e.stop {
		p.note(line, "{:/} ends nothing")
		return false
	}
	body, next := "", end
	if !e.closed {
		start, stop := blockExtensionEnd(b, end, e.name)
		if stop == 0 {
			p.note(line, "{::"+e.name+"} has no end")
			return false
		}
		body, next = strings.TrimSuffix(b.src[end:start], "\n"), stop
	}
	switch e.name {
	case "comment":
		if !e.closed {
			n := p.node(verbatim)
			n.value = "<!-- " + body + " -->\n"
			el.add(n)
		}
	case "nomarkdown":
		if !e.closed {
			n := p.node(verbatim)
			if forHTML(e.options) {
				n.value = body + "\n"
			}
			el.add(n)
		}
	case "options":
		p.inlineOptions(e.options, line)
		el.add(p.boundary("extension", b))
	default:
		p.note(line, "{::"+e.name+"} is not known to kramdown")
		return false
	}
	b.pos = next
	return true
}

// blockExtensionEnd finds the line that ends an extension: where it begins and where the next one does.
func blockExtensionEnd(b *block, i int, name string) (start, end int) {
	s, what, from := b.src, "{:/"+name, i
	if b.lacking(what, i) {
		return 0, 0
	}
	for i < len(s) {
		at := i + indent(s, i, 3)
		if e, ok := extensionTag(s, at); ok && e.stop && (e.name == "" || e.name == name) {
			if end, ok := blankLine(s, e.end); ok {
				return i, end
			}
		}
		i = lineEnd(s, i)
	}
	b.lacks(what, from)
	return 0, 0
}

// forHTML reports whether text that is not Markdown is meant for HTML: its type says so or is not given.
func forHTML(options string) bool {
	var l attrList
	parseList(options, &l)
	for _, a := range l.attrs {
		if a.name == "type" {
			return a.value == "" || strings.Contains(" "+a.value+" ", " html ")
		}
	}
	return true
}

// inlineOptions carries out {::options key="value" /}.
func (p *parser) inlineOptions(s string, line int) {
	var l attrList
	parseList(s, &l)
	own := *p.opts
	for _, a := range l.attrs {
		if !own.Set(a.name, a.value) {
			p.note(line, "the option "+a.name+" of kramdown is not supported, or its value is not")
		}
	}
	p.opts = &own
}

// spanExtension is {: within a line: an extension, or an attribute list for the element before it.
func (s *spans) spanExtension(el *node) {
	start := s.pos
	if e, ok := extensionTag(s.src, start); ok {
		s.spanExtensionTag(el, e)
		return
	}
	end := braceEnd(s.src, start+2)
	last := el.last
	if end <= start+2 || last == nil || last.kind == text {
		s.text(el, start, start+1)
		s.pos = start + 1
		return
	}
	var l attrList
	parseList(s.src[start+2:end], &l)
	if last.ial == nil {
		last.ial = &attrList{}
	}
	last.ial.merge(&l)
	s.p.apply(last, &l)
	s.pos = end + 1
}

func (s *spans) spanExtensionTag(el *node, e extension) {
	start := s.pos
	fail := func(why string) {
		s.p.note(0, why)
		s.text(el, start, start+1)
		s.pos = start + 1
	}
	if e.stop {
		fail("{:/} ends nothing")
		return
	}
	body, next := "", e.end
	if !e.closed {
		at := -1
		for i := e.end; ; {
			if s.lacking("{:/", i) {
				break
			}
			j := strings.Index(s.src[i:], "{:/")
			if j < 0 {
				s.lacks("{:/", i)
				break
			}
			if s.p.spent(1 + j>>6) {
				break
			}
			i += j
			if stop, ok := extensionTag(s.src, i); ok && (stop.name == "" || stop.name == e.name) {
				at, next = i, stop.end
				break
			}
			i += 3
		}
		if at < 0 {
			fail("{::" + e.name + "} has no end")
			return
		}
		body = s.src[e.end:at]
	}
	switch e.name {
	case "comment":
		if !e.closed {
			n := s.p.node(verbatim)
			n.value = "<!-- " + body + " -->"
			el.add(n)
		}
	case "nomarkdown":
		if !e.closed {
			n := s.p.node(verbatim)
			if forHTML(e.options) {
				n.value = body
			}
			el.add(n)
		}
	case "options":
		s.p.inlineOptions(e.options, 0)
	default:
		fail("{::" + e.name + "} is not known to kramdown")
		return
	}
	s.pos = next
}

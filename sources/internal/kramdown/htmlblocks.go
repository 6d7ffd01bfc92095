package kramdown

import "strings"

// markdownModel is what the attribute markdown says of an element's content.
func (t *tag) markdownModel(fallback model) model {
	for i, a := range t.attrs {
		if a.name != "markdown" {
			continue
		}
		t.attrs = append(t.attrs[:i:i], t.attrs[i+1:]...)
		switch a.value {
		case "0":
			return modelRaw
		case "1":
			return t.info.model
		case "span":
			return modelSpan
		case "block":
			return modelBlock
		}
		break
	}
	return fallback
}

// blockHTML reads a comment, an element that is not a span, or the end tag of el. closed says that it was the latter.
func (p *parser) blockHTML(el *node, b *block, at int) (done, closed bool) {
	s := b.src
	if at == b.pos {
		if end := p.comment(b, at); end > 0 {
			n := p.node(verbatim)
			n.value = s[at:end]
			el.add(n)
			b.pos = trailing(s, end)
			return true, false
		}
	}
	if name, end := endTag(s, at); end > 0 {
		name, info := lookup(name)
		if !info.span && el.kind == blockHTML && el.value == strings.ToLower(name) {
			b.pos = end
			return true, true
		}
		return false, false
	}
	t, ok := p.startTag(b, at)
	if !ok || t.info.span || spanElements[strings.ToLower(t.name)] {
		return false, false
	}
	b.pos = t.end
	fallback := modelRaw
	if p.opts.ParseBlockHTML && (el.kind != blockHTML || el.model != modelRaw) {
		fallback = t.info.model
	}
	p.htmlElement(el, b, &t, t.markdownModel(fallback))
	return true, false
}

// comment is where the comment at i ends.
func (p *parser) comment(b *block, i int) int {
	if b.lacking("-->", i) || !strings.HasPrefix(b.src[i:], "<!--") {
		return 0
	}
	end := commentEnd(b.src, i)
	if end == 0 {
		b.lacks("-->", i)
	}
	return end
}

// trailing goes over white space at the end of a line, and the newline.
func trailing(s string, i int) int {
	if j := skipBlanks(s, i); j < len(s) && s[j] == '\n' {
		return j + 1
	}
	return i
}

// htmlElement reads the element whose start tag was just read. b.pos is behind the tag.
func (p *parser) htmlElement(el *node, b *block, t *tag, m model) {
	n := p.begin(blockHTML, b)
	n.value, n.model = t.name, m
	n.attrs = append(n.attrs, t.attrs...)
	p.scratch = t.attrs[:0]
	el.add(n)
	if t.name == "script" || t.name == "style" {
		p.rawElement(n, b)
		return
	}
	inRaw := el.kind == blockHTML && el.model == modelRaw
	if n.model == modelBlock {
		b.pos = trailing(b.src, b.pos)
	}
	if t.closed || t.info.void {
		return
	}
	switch n.model {
	case modelBlock:
		p.blocks(n, b)
	case modelSpan:
		start := b.pos
		at, end := -1, 0
		if what := "</" + n.value; !b.lacking(what, b.pos) {
			if at, end = findEnd(b.src, b.pos, n.value); at < 0 {
				b.lacks(what, b.pos)
			}
		}
		if at < 0 {
			at, end = len(b.src), len(b.src)
		}
		inner := p.node(paragraph)
		inner.transparent, inner.raw, inner.value = true, true, b.src[start:at]
		n.add(inner)
		b.pos = end
	default:
		p.rawHTML(n, b)
	}
	if !inRaw {
		b.pos = trailing(b.src, b.pos)
	}
}

// rawElement takes the text of a script or style as it is.
func (p *parser) rawElement(n *node, b *block) {
	at, end := findEnd(b.src, b.pos, n.value)
	if at < 0 {
		at, end = len(b.src), len(b.src)
	}
	if at > b.pos {
		c := p.node(verbatim)
		c.value = b.src[b.pos:at]
		n.add(c)
	}
	b.pos = end
}

// rawHTML reads the content of an element that holds no Markdown, up to its end tag. What is written as kramdown would
// write it becomes one piece; tags without end get one, and signs that are no tags are escaped. An element within it
// that asks for Markdown becomes a node.
func (p *parser) rawHTML(el *node, b *block) {
	w := rawWriter{p: p, el: el, src: b.src, start: b.pos}
	var open []string
	s := b.src
	for {
		j := nextSign(s, b.pos)
		if j < 0 {
			b.pos = len(s)
			w.flush(b.pos)
			break
		}
		b.pos = j
		if s[j] == '&' {
			end, _ := entity(s, j)
			if end == j {
				w.replace(j, j+1, "&amp;")
				end = j + 1
			}
			b.pos = end
			continue
		}
		if end := p.comment(b, j); end > 0 {
			b.pos = end
			continue
		}
		if name, end := endTag(s, j); end > 0 {
			name, _ = lookup(name)
			top := el.value
			if len(open) > 0 {
				top = open[len(open)-1]
			}
			switch {
			case name != top:
				w.replace(j, j+1, "&lt;")
			case len(open) == 0:
				w.flush(j)
				b.pos = end
				return
			default:
				open = open[:len(open)-1]
			}
			b.pos = end
			continue
		}
		if j+1 < len(s) && s[j+1] == '?' && !b.lacking("?>", j) {
			if k := strings.Index(s[j:], "?>"); k >= 0 {
				b.pos = j + k + 2
				continue
			}
			b.lacks("?>", j)
		}
		t, ok := p.startTag(b, j)
		if !ok {
			w.replace(j, j+1, "&lt;")
			b.pos = j + 1
			continue
		}
		m := modelRaw
		if hasMarkdown(t.attrs) {
			m, t.plain = t.markdownModel(m), false
		}
		if t.name == "script" || t.name == "style" || m != modelRaw && p.depth <= maxBlocks {
			w.flush(j)
			b.pos = t.end
			p.htmlElement(el, b, &t, m)
			w.start = b.pos
			continue
		}
		if t.closed && !t.info.void {
			w.replace(j, t.end, openTag(&t)+"</"+t.name+">")
		} else if !t.plain {
			w.replace(j, t.end, openTag(&t))
		}
		b.pos = t.end
		p.scratch = t.attrs[:0]
		if !t.closed && !t.info.void {
			open = append(open, t.name)
		}
	}
	for i := len(open) - 1; i >= 0; i-- {
		w.replace(len(s), len(s), "</"+open[i]+">")
	}
	w.flush(len(s))
}

// startTag reads the start tag at i unless that cannot end: no ">" follows.
func (p *parser) startTag(b *block, i int) (tag, bool) {
	if b.lacking(">", i) {
		return tag{}, false
	}
	t, ok := startTag(b.src, i, p.scratch)
	if !ok && strings.IndexByte(b.src[i:], '>') < 0 {
		b.lacks(">", i)
	}
	return t, ok
}

func hasMarkdown(attrs []attr) bool {
	for _, a := range attrs {
		if a.name == "markdown" {
			return true
		}
	}
	return false
}

// nextSign is where the next < or & is; -1 if there is none.
func nextSign(s string, i int) int {
	for ; i < len(s); i++ {
		if s[i] == '<' || s[i] == '&' {
			return i
		}
	}
	return -1
}

func openTag(t *tag) string {
	out := append([]byte{'<'}, t.name...)
	out = appendAttrs(out, t.attrs)
	return string(append(out, '>'))
}

// rawWriter collects HTML that is written as it stands, in as few pieces as can be.
type rawWriter struct {
	p     *parser
	el    *node
	src   string
	start int
	out   []byte
}

// replace writes something else for the text from i to end.
func (w *rawWriter) replace(i, end int, with string) {
	w.out = append(w.out, w.src[w.start:i]...)
	w.out = append(w.out, with...)
	w.start = end
}

// flush makes a node of what was written up to i.
func (w *rawWriter) flush(i int) {
	if i <= w.start && len(w.out) == 0 {
		return
	}
	n := w.p.node(verbatim)
	if len(w.out) == 0 {
		n.value = w.src[w.start:i]
	} else {
		n.value = string(append(w.out, w.src[w.start:i]...))
		w.out = nil
	}
	w.start = i
	w.el.add(n)
}

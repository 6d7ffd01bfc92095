package kramdown

import (
	"strconv"
	"strings"
)

// blocks parses the blocks of b into el. It ends with the text, or behind the end tag of el if that is an HTML element;
// then it returns true.
func (p *parser) blocks(el *node, b *block) (closed bool) {
	outer := p.given
	p.given = nil
	p.depth++
	for !b.eos() && p.err == nil {
		if p.depth > maxBlocks {
			p.note(b.lineNumber(), "blocks are nested deeper than "+strconv.Itoa(maxBlocks)+": what lies deeper is text")
			n := p.begin(paragraph, b)
			n.value, n.raw = trimSpace(b.take(len(b.src))), true
			el.add(n)
			break
		}
		if closed = p.block(el, b); closed {
			break
		}
	}
	p.depth--
	p.given = outer
	return closed
}

// block parses one block. Each kind of block looks whether it begins at pos, in the order kramdown asks them.
func (p *parser) block(el *node, b *block) (closed bool) {
	s := b.src
	if end := skipBlankLines(s, b.pos); end > b.pos {
		p.blank(el, b, end)
		return false
	}
	if indented(s, b.pos) > 0 {
		p.indentedCode(el, b)
		return false
	}
	at := b.pos + indent(s, b.pos, 3)
	c := byte(0)
	if at < len(s) {
		c = s[at]
	}
	switch c {
	case '`', '~':
		if p.fencedCode(el, b) {
			return false
		}
	case '>':
		p.blockquote(el, b)
		return false
	case '#':
		if at == b.pos && p.atxHeader(el, b) {
			return false
		}
	case '*', '-', '_', '+', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if p.rule(el, b, at) || p.list(el, b) {
			return false
		}
	case ':':
		if p.definitionList(el, b) {
			return false
		}
	case '<':
		if done, closed := p.blockHTML(el, b, at); done {
			return closed
		}
	}
	if p.setextHeader(el, b, at) {
		return false
	}
	if c == '$' || c == '\\' {
		if p.blockMath(el, b) {
			return false
		}
	}
	if p.table(el, b, at) {
		return false
	}
	switch c {
	case '[':
		if p.footnoteDefinition(el, b, at) || p.linkDefinition(el, b, at) {
			return false
		}
	case '*':
		if p.abbrevDefinition(el, b, at) {
			return false
		}
	case '{':
		if p.blockExtension(el, b, at) {
			return false
		}
	case '^':
		if end := endMarker(s, b.pos); end > 0 {
			b.pos = end
			el.add(p.begin(boundary, b))
			return false
		}
	}
	p.paragraph(el, b)
	return false
}

// begin makes a block, with the attribute list that stands before it.
func (p *parser) begin(k kind, _ *block) *node {
	n := p.node(k)
	n.ial, p.given = p.given, nil
	return n
}

func (p *parser) blank(el *node, b *block, end int) {
	value := b.take(end)
	if el.last != nil && el.last.kind == blank {
		el.last.value += value
		return
	}
	n := p.begin(blank, b)
	n.value = value
	el.add(n)
}

// paragraph takes the line at pos and those behind it that begin nothing else. Text behind a paragraph without a blank
// line between belongs to it.
func (p *parser) paragraph(el *node, b *block) {
	start := b.pos
	b.pos = lineEnd(b.src, b.pos)
	for !b.eos() && !p.endsParagraph(b.src, b.pos) {
		b.pos = lineEnd(b.src, b.pos)
	}
	if last := el.last; last != nil && last.kind == paragraph {
		p.extend(last, b, start)
		return
	}
	n := p.begin(paragraph, b)
	n.owner, n.raw = b, true
	text := skipSpace(b.src, start)
	n.start = int32(text)
	n.value = trimRight(b.src[text:b.pos])
	el.add(n)
}

// extend adds the text from start to a paragraph. The end of the line before is a break or a newline, whatever else
// stands there.
func (p *parser) extend(n *node, b *block, start int) {
	joint := "\n"
	if strings.HasSuffix(b.src[:start], "  \n") {
		joint = "  \n"
	}
	end := int(n.start) + len(n.value)
	if n.owner == b && b.src[end:start] == joint {
		n.value = trimRight(b.src[n.start:b.pos])
		return
	}
	if p.spent(len(n.value) >> 6) {
		return
	}
	n.owner = nil
	n.value += joint + trimRight(b.src[start:b.pos])
}

// endsParagraph reports whether the line at i ends a paragraph.
func (p *parser) endsParagraph(s string, i int) bool {
	n := indent(s, i, 4)
	at := i + n
	if at >= len(s) {
		return true
	}
	c := s[at]
	if isSpace(c) {
		_, ok := blankLine(s, at)
		return ok
	}
	if n > 3 {
		return false
	}
	switch c {
	case '{', '<', '^':
		return p.endsLazily(s, i)
	case ':':
		return at+1 < len(s) && isTail(s[at+1])
	}
	if p.opts.Plain || !p.opts.ParagraphEnd {
		return false
	}
	switch c {
	case '*', '+', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return listMarker(s, i, 3) > 0
	case '#':
		return n == 0 && atxMarker(s, i, false) > 0
	case '>':
		return true
	case '`', '~':
		return fence(s, at) >= 3
	}
	return false
}

// endsLazily reports whether the line at i ends a block that goes on with lines that do not look like it: a blank line,
// an attribute list, the marker ^, or the tag of an HTML block.
func (p *parser) endsLazily(s string, i int) bool {
	at := i + indent(s, i, 3)
	if at >= len(s) {
		return true
	}
	switch c := s[at]; {
	case c == '{':
		_, end := blockList(s, at)
		return end > 0
	case c == '^':
		return endMarker(s, i) > 0
	case c == '<':
		return blockTag(s, at)
	case isSpace(c):
		_, ok := blankLine(s, at)
		return ok
	}
	return false
}

// endMarker is where the line at i ends if it is the marker ^; else 0.
func endMarker(s string, i int) int {
	if i < len(s) && s[i] == '^' {
		if end, ok := blankLine(s, i+1); ok {
			return end
		}
	}
	return 0
}

// afterBoundary reports whether the block at hand may be one of those that only begin behind a blank line.
func (p *parser) afterBoundary(el *node) bool {
	return el.last == nil || el.last.kind == blank || el.last.kind == boundary && el.last.value == "" || p.given != nil
}

// beforeBoundary reports whether a block may end at i that only ends before a blank line.
func beforeBoundary(s string, i int) bool {
	if i >= len(s) {
		return true
	}
	if _, ok := blankLine(s, i); ok {
		return true
	}
	if endMarker(s, i) > 0 {
		return true
	}
	_, end := blockList(s, i+indent(s, i, 3))
	return end > 0
}

func (p *parser) blockquote(el *node, b *block) {
	n := p.begin(quote, b)
	line := b.lineNumber()
	start := b.pos
	b.pos = lineEnd(b.src, b.pos)
	for !b.eos() && !p.endsLazily(b.src, b.pos) {
		b.pos = lineEnd(b.src, b.pos)
	}
	var inner strings.Builder
	inner.Grow(b.pos - start)
	for i := start; i < b.pos; {
		end := lineEnd(b.src, i)
		if at := i + indent(b.src, i, 3); b.src[at] == '>' {
			i = at + 1
			if b.src[i] == ' ' {
				i++
			}
		}
		inner.WriteString(b.src[i:end])
		i = end
	}
	el.add(n)
	p.blocks(n, &block{src: inner.String(), line: line})
}

// rule is a line of three or more of the same sign.
func (p *parser) rule(el *node, b *block, at int) bool {
	end := ruleEnd(b.src, at)
	if end == 0 {
		return false
	}
	b.pos = end
	el.add(p.begin(rule, b))
	return true
}

func ruleEnd(s string, at int) int {
	if at >= len(s) || s[at] != '*' && s[at] != '-' && s[at] != '_' {
		return 0
	}
	n := 0
	for i := at; i < len(s); i++ {
		switch {
		case s[i] == s[at]:
			n++
		case s[i] == '\n':
			if n >= 3 {
				return i + 1
			}
			return 0
		case !isBlankOrTab(s[i]):
			return 0
		}
	}
	return 0
}

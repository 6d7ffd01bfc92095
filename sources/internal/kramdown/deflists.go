package kramdown

import "strings"

// definitionList reads the definitions of the paragraph before, each line of which is a term.
func (p *parser) definitionList(el *node, b *block) bool {
	s := b.src
	width := definitionMarker(s, b.pos, 3)
	if width == 0 || el.last == nil {
		return false
	}
	spaced := el.last.kind == blank
	para := el.last
	if spaced {
		if para = el.last.prev; para == nil || el.last.value != "\n" {
			return false
		}
	}
	if para.kind != paragraph || !para.raw {
		return false
	}
	list := p.begin(terms, b)
	if spaced {
		el.pop()
	}
	el.pop()
	list.ial = para.ial
	for _, line := range strings.Split(strings.TrimRight(para.value, "\n"), "\n") {
		t := p.node(term)
		if l, size := leadingList(line); size > 0 {
			t.ial = &attrList{}
			parseList(l, t.ial)
			line = line[size:]
		}
		t.value, t.raw = line, true
		list.add(t)
	}
	items := p.definitions(list, b, spaced)
	var last *node
	i := 0
	for n := list.first; n != nil; n = n.next {
		if n.kind != definition {
			continue
		}
		it := &items[i]
		i++
		p.blocks(n, &block{src: it.text[0].String(), line: it.line})
		if n.last == nil {
			continue
		}
		last = nil
		if n.last.kind == blank {
			last = n.pop()
		}
		if n.first != nil && n.first.kind == paragraph && !n.firstPara {
			if n.first != n.last {
				n.first.value += "\n"
			}
			n.first.transparent = true
		}
	}
	p.addDefinitions(el, list)
	if last != nil {
		el.add(last)
	}
	return true
}

// definitions collects the lines of each definition.
func (p *parser) definitions(list *node, b *block, spaced bool) (items []item) {
	s := b.src
	blanks, lastBlank := 3, false
	var it *item
	for !b.eos() {
		if width := definitionMarker(s, b.pos, blanks); width > 0 {
			n := p.node(definition)
			n.firstPara = spaced
			items = append(items, item{line: b.lineNumber(), text: make([]strings.Builder, 1)})
			it = &items[len(items)-1]
			end := lineEnd(s, b.pos)
			content := it.begin(width, s[b.pos+width:end])
			b.pos = end
			if l, size := leadingList(content); size > 0 {
				n.ial = &attrList{}
				parseList(l, n.ial)
				content = content[size:]
			}
			list.add(n)
			it.write(content)
			blanks = min(it.indent-1, 3)
			spaced, lastBlank = false, false
			continue
		}
		if endMarker(s, b.pos) > 0 {
			break
		}
		if end, ok := blankLine(s, b.pos); ok {
			it.write(b.take(skipBlankLines(s, end)))
			spaced, lastBlank = true, true
			continue
		}
		content, _, ok := it.next(s, b.pos, !lastBlank)
		if !ok {
			break
		}
		b.pos = lineEnd(s, b.pos)
		it.write(content)
		spaced, lastBlank = false, false
	}
	return items
}

// definitionMarker is the length of the colon that begins a definition at i, blanks included; 0 if there is none.
func definitionMarker(s string, i, blanks int) int {
	at := i + indent(s, i, blanks)
	if at+1 < len(s) && s[at] == ':' && isTail(s[at+1]) {
		return at + 1 - i
	}
	return 0
}

// addDefinitions adds a list, or its children to the list right before it.
func (p *parser) addDefinitions(el, list *node) {
	before := el.last
	if before != nil && before.kind == blank && before.prev != nil && before.prev.kind == terms {
		el.pop()
		before = el.last
	}
	if before == nil || before.kind != terms {
		el.add(list)
		return
	}
	for n := list.first; n != nil; {
		next := n.next
		before.add(n)
		n = next
	}
}

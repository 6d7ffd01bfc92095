package kramdown

import "strings"

// listMarker is the length of the marker of a list item at i, blanks before it included: a sign or a number with a full
// stop, behind at most the given number of blanks, followed by white space. 0 if there is none.
func listMarker(s string, i, blanks int) int {
	at := i + indent(s, i, blanks)
	if at >= len(s) {
		return 0
	}
	switch c := s[at]; {
	case c == '*' || c == '+' || c == '-':
		at++
	case isDigit(c):
		for at < len(s) && isDigit(s[at]) {
			at++
		}
		if at >= len(s) || s[at] != '.' {
			return 0
		}
		at++
	default:
		return 0
	}
	if at >= len(s) || !isTail(s[at]) || strings.IndexByte(s[at:], '\n') < 0 {
		return 0
	}
	return at - i
}

// isTail is what may follow the marker of a list item.
func isTail(c byte) bool { return c == ' ' || c == '\t' || c == '|' }

// item is a list item while its lines are collected.
type item struct {
	// indent is how far the lines of the item are indented.
	indent int
	// text are the lines; a list within the item that no blank line sets off begins a text of its own.
	text []strings.Builder
	line int
}

func (it *item) write(s string) { it.text[len(it.text)-1].WriteString(s) }

// begin reads the first line behind a marker of the given width and returns it without indentation.
func (it *item) begin(width int, content string) string {
	blank := false
	if _, size := leadingList(content); size > 0 {
		_, blank = blankLine(content, size)
		blank = blank || size == len(content)
	} else {
		_, blank = blankLine(content, 0)
	}
	if blank {
		it.indent = 4
	} else {
		it.indent = width
		for i := 0; i < len(content) && isBlankOrTab(content[i]); i++ {
			if content[i] == '\t' {
				it.indent += 4 - it.indent%4
			} else {
				it.indent++
			}
		}
	}
	return content[skipSpace(content, 0):]
}

// line takes what the line at i is in an item: its content without the indentation, if it is indented as the item is,
// or else follows its text directly. ok is false if it does not belong to it.
func (it *item) next(s string, i int, lazily bool) (content string, indented, ok bool) {
	end := lineEnd(s, i)
	if _, empty := blankLine(s, i); empty {
		return "", false, false
	}
	width, at := 0, i
	for at < end && isBlankOrTab(s[at]) && width < it.indent {
		if s[at] == '\t' {
			if width%4 != 0 {
				break
			}
			width += 4
		} else {
			width++
		}
		at++
	}
	if width >= it.indent {
		line := s[i:end]
		if line[0] == '\t' {
			tabs := len(line) - len(strings.TrimLeft(line, "\t"))
			line = strings.Repeat("    ", tabs) + line[tabs:]
		}
		if n := indent(line, 0, it.indent); n == it.indent {
			return line[n:], true, true
		}
		return line, false, true
	}
	if !lazily {
		return "", false, false
	}
	n := indent(s, i, min(it.indent, 3))
	if c := s[i+n]; c == '{' {
		if _, end := blockList(s, i+n); end > 0 {
			return "", false, false
		}
	} else if c == '<' && blockTag(s, i+n) {
		return "", false, false
	}
	line := s[i:end]
	if line[0] == '\t' {
		tabs := len(line) - len(strings.TrimLeft(line, "\t"))
		line = strings.Repeat("    ", min(tabs, 100)) + line[tabs:]
	}
	if n := indent(line, 0, it.indent); n == it.indent && n > 0 {
		return line[n:], true, true
	}
	return line, false, true
}

// list reads the items of a list.
func (p *parser) list(el *node, b *block) bool {
	s := b.src
	width := listMarker(s, b.pos, 3)
	if width == 0 {
		return false
	}
	ordered := isDigit(s[b.pos+indent(s, b.pos, 3)])
	list := p.begin(bullets, b)
	if ordered {
		list.kind = numbers
	}
	items, ended := p.listItems(list, b, ordered)
	el.add(list)
	var last *node
	for i, n := 0, list.first; n != nil; i, n = i+1, n.next {
		line := items[i].line
		for j := range items[i].text {
			part := items[i].text[j].String()
			if part == "" {
				continue
			}
			p.blocks(n, &block{src: part, line: line})
			line += strings.Count(part, "\n")
		}
		if n.first != nil {
			last = p.finishItem(list, n, ended)
		}
	}
	if !p.opts.Plain {
		p.taskList(list)
	}
	if last != nil && !ended {
		el.add(last)
	}
	return true
}

// listItems collects the lines of each item. ended: the marker ^ ends the list.
func (p *parser) listItems(list *node, b *block, ordered bool) (items []item, ended bool) {
	s := b.src
	blanks, lastBlank, nested := 3, false, false
	var it *item
	for !b.eos() {
		if lastBlank && ruleEnd(s, b.pos+indent(s, b.pos, 3)) > 0 {
			break
		}
		if end := endMarker(s, b.pos); end > 0 {
			b.pos = end
			return items, true
		}
		if width := listMarker(s, b.pos, blanks); width > 0 && isDigit(s[b.pos+indent(s, b.pos, 3)]) == ordered {
			n := p.node(listItem)
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
			blanks = min(it.indent-1, 3)
			nested = listMarker(content, 0, 3) > 0
			lastBlank = false
			it.write(content)
			continue
		}
		if end, ok := blankLine(s, b.pos); ok {
			end = skipBlankLines(s, end)
			it.write(b.take(end))
			nested, lastBlank = true, true
			continue
		}
		content, indented, ok := it.next(s, b.pos, !lastBlank)
		if !ok {
			break
		}
		b.pos = lineEnd(s, b.pos)
		if marker := listMarker(content, 0, 3) > 0; marker && !nested && indented {
			it.text = append(it.text, strings.Builder{})
			nested = true
		} else if marker && nested && !indented {
			it.write(strings.Repeat(" ", min(it.indent, 200)+4))
		}
		it.write(content)
		lastBlank = false
	}
	return items, false
}

// finishItem decides whether the first paragraph of an item is written with p, and returns the blank lines at its end.
func (p *parser) finishItem(list, n *node, ended bool) *node {
	first := n.first
	if second := first.next; first.kind == paragraph && second != nil && second.kind == boundary && first.ial != nil {
		n.remove(second)
	}
	second := first.next
	if first.kind == paragraph &&
		(second == nil || second.kind != blank || n == list.last && second.next == nil && !ended) &&
		(n != list.last || n == list.first || looseBefore(list)) {
		if second != nil && second.kind != blank {
			first.value += "\n"
		}
		first.transparent = true
	}
	if n.last.kind == blank {
		return n.pop()
	}
	return nil
}

// looseBefore reports whether an item before the last of a list begins with text that has no p.
func looseBefore(list *node) bool {
	for n := list.first; n != list.last; n = n.next {
		if n.first == nil || n.first.kind != paragraph || n.first.transparent {
			return true
		}
	}
	return false
}

// taskList makes check boxes of [ ] and [x] at the beginning of items.
func (p *parser) taskList(list *node) {
	const box = `<input type="checkbox" class="task-list-item-checkbox" disabled="disabled" `
	found := false
	for n := list.first; n != nil; n = n.next {
		if n.first == nil || n.first.kind != paragraph || !n.first.raw {
			continue
		}
		t := n.first.value
		at := skipSpace(t, 0)
		if len(t) > at+3 && t[at] == '[' && t[at+2] == ']' && isSpace(t[at+3]) {
			rest := t[skipSpace(t, at+3):]
			switch t[at+1] {
			case ' ':
				n.first.value, found = box+"/>"+rest, true
			case 'x', 'X':
				n.first.value, found = box+`checked="checked" />`+rest, true
			}
		}
		if found {
			n.set("class", "task-list-item")
		}
	}
	if found {
		list.set("class", "task-list")
	}
}

package sources

// The rules of nesting, after HTML §13.2.6: enough of them that the parser of a browser finds every element where it
// was written. TestReadHTML and FuzzReadHTML hold it to that.

// makeRoom ends and starts the elements that el implies. It is false when el cannot be here and is left out.
func (p *htmlPass) makeRoom(el *element, hide bool) bool {
	if el.is(isTable) && el != elTable {
		return p.makeRoomInTable(el)
	}
	if !hide {
		p.cell()
	}
	if el.is(isBlock) {
		p.closeParagraph()
	}
	switch {
	case el.is(isHeading):
		i := len(p.stack) - 1
		for i >= 0 && p.stack[i].bare {
			i-- // a parser will not see it
		}
		if i >= 0 && p.stack[i].el.is(isHeading) {
			p.closeTo(i)
		}
	case el == elLi || el == elDd || el == elDt:
		p.closeItem(el)
	case el == elA:
		return p.closeLink()
	case el == elRt || el == elRp:
		i := p.find(elRuby)
		if i < 0 {
			return false
		}
		p.closeTo(i + 1)
	}
	return true
}

// closeParagraph ends the paragraph that is open, if there is one in this cell.
func (p *htmlPass) closeParagraph() {
	for i := len(p.stack) - 1; i >= 0 && !p.stack[i].el.is(isScope); i-- {
		if p.stack[i].el == elP {
			p.closeTo(i)
			return
		}
	}
}

// closeItem ends the list item before this one; a dt ends a dd and the other way round.
func (p *htmlPass) closeItem(el *element) {
	for i := len(p.stack) - 1; i >= 0; i-- {
		e := p.stack[i].el
		if e == el || e == elDd && el == elDt || e == elDt && el == elDd {
			p.closeTo(i)
			return
		}
		if e.is(isSpecial) {
			return
		}
	}
}

// closeLink ends the link that is open, since links do not nest. It is false where that would tear a list or a table:
// the inner link is left out then.
func (p *htmlPass) closeLink() bool {
	for i := len(p.stack) - 1; p.links > 0 && i >= 0; i-- {
		e := p.stack[i].el
		if e == elA {
			p.closeTo(i)
			return true
		}
		if e.is(isWall) {
			return false
		}
	}
	return true
}

// makeRoomInTable ends and starts the parts of a table that el implies.
func (p *htmlPass) makeRoomInTable(el *element) bool {
	t := len(p.stack) - 1
	for t >= 0 && p.stack[t].el != elTable {
		t--
	}
	if t < 0 {
		return false
	}
	keep := t + 1 // how many elements stay open
	if el == elTr || el == elTd || el == elTh {
		if keep < len(p.stack) && p.stack[keep].el.is(isTable) && !p.stack[keep].el.is(isScope|isKept) {
			keep++ // thead, tbody or tfoot
		}
		if el != elTr && keep < len(p.stack) && p.stack[keep].el == elTr {
			keep++
		}
	}
	p.closeTo(keep)
	if (el == elTd || el == elTh) && p.stack[keep-1].el != elTr {
		p.attrs.hold(func() { p.push(elTr, false) })
	}
	return true
}

// cell makes the row and the cell that content right inside a table lacks; a browser would put it before the table.
func (p *htmlPass) cell() {
	if !p.betweenCells() {
		return
	}
	p.attrs.hold(func() {
		if p.stack[len(p.stack)-1].el != elTr {
			p.push(elTr, false)
		}
		p.push(elTd, false)
	})
}

// betweenCells says that the innermost element is a table or a part of it that takes no content.
func (p *htmlPass) betweenCells() bool {
	if len(p.stack) == 0 {
		return false
	}
	el := p.stack[len(p.stack)-1].el
	return el.is(isTable) && el != elTd && el != elTh && el != elCaption
}

// endTag ends the element that the tag means, with all that is open in it; a tag that means none is left out.
func (p *htmlPass) endTag(el *element) {
	if el == elBr {
		p.attrs.clear()
		if p.hidden == 0 {
			p.void(el) // </br> is a <br>, says HTML §13.2.6.4.7
		}
		return
	}
	if el.is(isVoid) || el.is(isRaw) {
		return
	}
	if p.tooDeep > 0 {
		p.tooDeep--
		p.space(el)
		return
	}
	if i := p.find(el); i >= 0 {
		p.closeTo(i)
	}
}

// find is the place in the stack of the element that an end tag means, or -1.
func (p *htmlPass) find(el *element) int {
	for i := len(p.stack) - 1; i >= 0; i-- {
		e := p.stack[i].el
		switch {
		case e == el || e.is(isHeading) && el.is(isHeading):
			return i
		case el.is(isTable):
			if e == elTable {
				return -1
			}
		case e.is(isScope),
			el == elLi && (e == elUl || e == elOl),
			e.is(isWall) && !el.is(isBlock):
			return -1
		}
	}
	return -1
}

// leaveForeign ends svg and math that were never ended, since a block cannot be inside (HTML §13.2.6.5).
func (p *htmlPass) leaveForeign() {
	for i := range p.stack {
		if e := p.stack[i].el; e == elSvg || e == elMath {
			p.closeTo(i)
			return
		}
	}
}

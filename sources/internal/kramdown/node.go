package kramdown

// kind is what a node is.
type kind uint8

const (
	_ kind = iota // the document
	// Blocks.
	blank
	boundary // kramdown's end of block: a definition, an attribute list, or the marker ^
	paragraph
	header
	quote
	code
	rule
	bullets
	numbers
	listItem
	terms
	term
	definition
	table
	tableHead
	tableBody
	tableFoot
	tableRow
	tableCell
	blockHTML
	verbatim // HTML as it is
	blockMath
	// Spans.
	text
	char // a character that was an entity, a quote or a symbol
	em
	strong
	deleted
	link
	image
	codeSpan
	lineBreak
	footnoteMark
	abbreviation
	spanMath
	spanHTML
)

// model is how the content of an HTML element is read.
type model uint8

const (
	modelRaw model = iota
	modelSpan
	modelBlock
)

// attr is an attribute of an element.
type attr struct{ name, value string }

// node is an element of a document. Siblings are a list, so that a node costs one allocation at most.
type node struct {
	kind kind
	// raw: value is text whose spans are not parsed yet.
	raw bool
	// transparent: a paragraph written without p.
	transparent bool
	// firstPara: the definition follows a blank line.
	firstPara bool
	model     model
	// level of a header; the cells of a row; the images in the text of a link.
	level int32
	// value is the text of what has one, the name of an HTML element, the alignment of a table's columns, or why a
	// boundary is there.
	value string
	// owner is the text that a paragraph was read from, and start where in it.
	owner *block
	start int32
	attrs []attr
	ial   *attrList

	first, last, next, prev *node
}

func (n *node) add(child *node) {
	child.prev, child.next = n.last, nil
	if n.last == nil {
		n.first = child
	} else {
		n.last.next = child
	}
	n.last = child
}

// insert adds a child before another one.
func (n *node) insert(child, before *node) {
	child.prev, child.next = before.prev, before
	if before.prev == nil {
		n.first = child
	} else {
		before.prev.next = child
	}
	before.prev = child
}

// pop takes the last child away.
func (n *node) pop() *node {
	c := n.last
	n.last = c.prev
	if n.last == nil {
		n.first = nil
	} else {
		n.last.next = nil
	}
	c.prev, c.next = nil, nil
	return c
}

// remove takes a child away.
func (n *node) remove(c *node) {
	if c.prev == nil {
		n.first = c.next
	} else {
		c.prev.next = c.next
	}
	if c.next == nil {
		n.last = c.prev
	} else {
		c.next.prev = c.prev
	}
	c.prev, c.next = nil, nil
}

// set gives an attribute its value.
func (n *node) set(name, value string) {
	for i := range n.attrs {
		if n.attrs[i].name == name {
			n.attrs[i].value = value
			return
		}
	}
	n.attrs = append(n.attrs, attr{name, value})
}

// with is a copy of attributes in which one has the given value.
func with(attrs []attr, name, value string) []attr {
	n := node{attrs: append([]attr(nil), attrs...)}
	n.set(name, value)
	return n.attrs
}

func (n *node) get(name string) (string, bool) {
	for _, a := range n.attrs {
		if a.name == name {
			return a.value, true
		}
	}
	return "", false
}

// node takes a node from the arena.
func (p *parser) node(k kind) *node {
	if len(p.arena) == 0 {
		if p.nodes += p.slab; p.nodes > maxNodes && p.err == nil {
			p.err = ErrNodes
		}
		p.arena = make([]node, p.slab)
		p.slab = min(2*p.slab, 256)
	}
	n := &p.arena[0]
	p.arena = p.arena[1:]
	n.kind = k
	return n
}

package kramdown

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"sync"
)

// Limits of a document.
const (
	// MaxHTML is the most HTML a document may become, in bytes.
	MaxHTML = 4 << 20
	// maxCells bounds the cells of all tables: each row gets as many as its table has columns.
	maxCells = 100_000
	// maxBlocks and maxSpans are how deep blocks and spans may be nested.
	maxBlocks = 50
	maxSpans  = 200
	// maxNodes bounds the elements of a document, which take a hundred bytes each.
	maxNodes = 500_000
	// maxAttrs bounds the bytes that attribute lists give to elements: a definition may be used often.
	maxAttrs = MaxHTML
	// maxNotes bounds the notes on a document.
	maxNotes = 20
)

// Errors of [Options.Convert].
var (
	ErrCells    = errors.New("tables of more than " + strconv.Itoa(maxCells) + " cells")
	ErrNodes    = errors.New("more than " + strconv.Itoa(maxNodes) + " elements")
	ErrTooLarge = errors.New("more than " + strconv.Itoa(MaxHTML>>20) + " MiB of HTML")
)

// Note says what in a document was left as it is written, and where.
type Note struct {
	// Line counts from 1; 0 if it is not known.
	Line int
	Text string
}

// Convert makes HTML of a text in UTF-8. It is safe for concurrent use. The error is one of those above.
func (o *Options) Convert(src string) (string, []Note, error) {
	if strings.IndexByte(src, '\r') >= 0 {
		src = strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\r", "\n")
	}
	if !strings.HasSuffix(src, "\n") {
		src += "\n"
	}
	mem := memories.Get().(*memory)
	p := parser{opts: o, arena: mem.nodes[:], nodes: len(mem.nodes), slab: len(mem.nodes), budget: 250_000 + 2*len(src)}
	html, err := p.convert(src, mem)
	mem.release(&p)
	return html, p.notes, err
}

// memory is what a document is parsed and written in: most take no other, and nothing of it outlives them.
type memory struct {
	nodes [64]node
	out   []byte
}

var memories = sync.Pool{New: func() any { return new(memory) }}

// keptOut bounds the text that is kept for the next document, in bytes.
const keptOut = 256 << 10

// release gives the memory back, without what it knows of the document or one huge document has made of it.
func (m *memory) release(p *parser) {
	used := m.nodes[:]
	if p.nodes == len(used) {
		used = used[:len(used)-len(p.arena)]
	}
	clear(used)
	if cap(m.out) <= keptOut {
		memories.Put(m)
	}
}

// convert makes HTML of a text whose lines end in a line feed.
func (p *parser) convert(src string, mem *memory) (string, error) {
	o := p.opts
	for id, def := range o.LinkDefs {
		p.define(id, linkDef{url: def[0], title: def[1]})
	}
	p.blocks(&p.tree, &block{src: src, line: 1})
	if p.err != nil {
		return "", p.err
	}
	p.spansOf(&p.tree)
	for _, f := range p.footnotes {
		p.spansOf(f.content)
	}
	if p.err != nil {
		return "", p.err
	}
	p.replaceAbbreviations()
	p.headerIDs(&p.tree)
	r := renderer{parser: p, out: mem.out[:0]}
	out := r.document()
	mem.out = out
	if r.tooLarge {
		return "", ErrTooLarge
	}
	return string(bytes.TrimSpace(out)), nil
}

// parser is the state of one document.
type parser struct {
	opts *Options
	tree node
	// given is the attribute list that stands before the next block.
	given *attrList
	// depth of blocks.
	depth int

	lists     map[string]*attrList
	links     map[string]linkDef
	footnotes map[string]*footnoteDef
	abbrevs   map[string]*abbrevDef

	// scratch holds the attributes of the tag at hand.
	scratch []attr

	arena []node
	slab  int
	nodes int
	// budget are the steps left for spans that may have to be read again.
	budget     int
	cells      int
	attrBytes  int
	headerSeen map[string]int
	notes      []Note
	err        error
}

func (p *parser) note(line int, text string) {
	if len(p.notes) < maxNotes {
		for _, n := range p.notes {
			if n.Text == text {
				return
			}
		}
		p.notes = append(p.notes, Note{line, text})
	}
}

// block is a text whose blocks are parsed, line by line.
type block struct {
	src string
	pos int
	// line is the number of the line the text begins on.
	line int
	// counted and lines are how far the lines were counted.
	counted, lines int
	// missing are the ends that the text does not have from a place on, so that each is looked for once.
	missing map[string]int
}

// lineNumber is the line of the document that pos is on.
func (b *block) lineNumber() int {
	if b.pos < b.counted {
		b.counted, b.lines = 0, 0
	}
	b.lines += strings.Count(b.src[b.counted:b.pos], "\n")
	b.counted = b.pos
	return b.line + b.lines
}

func (b *block) eos() bool { return b.pos >= len(b.src) }

// take returns the text from pos to end and goes there.
func (b *block) take(end int) string {
	s := b.src[b.pos:end]
	b.pos = end
	return s
}

// lacks remembers that there is no such end from i on, lacking asks for it.
func (b *block) lacks(end string, i int) {
	if b.missing == nil {
		b.missing = map[string]int{}
	}
	if at, ok := b.missing[end]; !ok || i < at {
		b.missing[end] = i
	}
}

func (b *block) lacking(end string, i int) bool {
	at, ok := b.missing[end]
	return ok && i >= at
}

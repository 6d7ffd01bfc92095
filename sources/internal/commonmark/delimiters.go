package commonmark

import (
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	mdtext "github.com/yuin/goldmark/text"
)

// Delimiters bounds the marks of emphasis and strikethrough in a block: goldmark's time grows with their square.
// Its priority is 450, before goldmark's own.
type Delimiters struct{}

var _ parser.InlineParser = Delimiters{}

func (Delimiters) Trigger() []byte { return []byte{'*', '_', '~'} }

// MaxDelimiters is the most runs of * _ ~ in one block that can mean something.
const MaxDelimiters = 1000

// tally counts the delimiters of the block at hand.
type tally struct {
	block ast.Node
	n     int
}

var tallyKey = parser.NewContextKey()

func (Delimiters) Parse(parent ast.Node, block mdtext.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	n := 0
	for n < len(line) && line[n] == line[0] {
		n++
	}
	count, _ := pc.Get(tallyKey).(*tally)
	if count == nil {
		count = &tally{}
		pc.Set(tallyKey, count)
	}
	if count.block != parent {
		*count = tally{block: parent}
	}
	if count.n++; count.n <= MaxDelimiters {
		return nil
	}
	block.Advance(n)
	return ast.NewTextSegment(segment.WithStop(segment.Start + n))
}

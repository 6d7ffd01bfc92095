package jekyll

import (
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	mdtext "github.com/yuin/goldmark/text"
)

// delimiters bounds the marks of emphasis and strikethrough in a block: goldmark's time grows with their square.
type delimiters struct{}

var _ parser.InlineParser = delimiters{}

func (delimiters) Trigger() []byte { return []byte{'*', '_', '~'} }

// maxDelimiters is the most runs of * _ ~ in one block that can mean something.
const maxDelimiters = 1000

// tally counts the delimiters of the block at hand.
type tally struct {
	block ast.Node
	n     int
}

var tallyKey = parser.NewContextKey()

func (delimiters) Parse(parent ast.Node, block mdtext.Reader, pc parser.Context) ast.Node {
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
	if count.n++; count.n <= maxDelimiters {
		return nil
	}
	block.Advance(n)
	return ast.NewTextSegment(segment.WithStop(segment.Start + n))
}

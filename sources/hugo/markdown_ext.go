package hugo

import (
	"bytes"
	"html"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	mdtext "github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// writer renders fenced code as Hugo does: with the language in two attributes, without what stands in braces behind it.
type writer struct{}

func (writer) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(ast.KindFencedCodeBlock, writeCode)
	reg.Register(kindAttributes, func(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
		return ast.WalkSkipChildren, nil
	})
}

func writeCode(w util.BufWriter, src []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	n, ok := node.(*ast.FencedCodeBlock)
	if !entering || !ok {
		return ast.WalkContinue, nil
	}
	var code bytes.Buffer
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		code.Write(line.Value(src))
	}
	lang, _, _ := strings.Cut(string(n.Language(src)), "{")
	_, err := w.WriteString(codeBlock(lang, strings.TrimRight(code.String(), "\r\n")) + "\n")
	return ast.WalkSkipChildren, err
}

// transformer makes of the parsed text what Hugo makes of it.
type transformer struct {
	// protocol is that of addresses which are written without one.
	protocol []byte
	// bare takes a picture that is alone in its paragraph out of it.
	bare bool
}

func (t transformer) Transform(doc *ast.Document, _ mdtext.Reader, _ parser.Context) {
	var alone, marks []ast.Node
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.AutoLink:
			if len(n.Protocol) > 0 && len(t.protocol) > 0 {
				n.Protocol = t.protocol
			}
		case *ast.Image:
			if p := n.Parent(); t.bare && p.Kind() == ast.KindParagraph && p.ChildCount() == 1 {
				alone = append(alone, n)
			}
		case *attributesNode:
			marks = append(marks, n)
		}
		return ast.WalkContinue, nil
	})
	for _, n := range alone {
		p := n.Parent()
		p.Parent().ReplaceChild(p.Parent(), p, n)
	}
	for _, n := range marks {
		if prev := n.PreviousSibling(); prev != nil && prev.Kind() != ast.KindFencedCodeBlock && !n.HasBlankPreviousLines() {
			for _, a := range n.Attributes() {
				if _, found := prev.Attribute(a.Name); !found {
					prev.SetAttribute(a.Name, a.Value)
				}
			}
			n.Parent().RemoveChild(n.Parent(), n)
		}
	}
}

// attributes parses a line such as {.class} below a block, which belongs to that block.
type attributes struct{}

var (
	kindAttributes                    = ast.NewNodeKind("HugoAttributes")
	_              parser.BlockParser = attributes{}
)

type attributesNode struct{ ast.BaseBlock }

func (*attributesNode) Kind() ast.NodeKind     { return kindAttributes }
func (n *attributesNode) Dump(b []byte, l int) { ast.DumpHelper(n, b, l, nil, nil) }

func (attributes) Trigger() []byte { return []byte{'{'} }

// maxAttributes is the longest line of attributes, in bytes. They end in their line: goldmark's parser would read on, and
// takes time that grows with the square of what it reads in vain.
const maxAttributes = 1000

func (attributes) Open(_ ast.Node, reader mdtext.Reader, _ parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	if line = bytes.TrimSpace(line); len(line) > maxAttributes || !bytes.HasSuffix(line, []byte("}")) {
		return nil, parser.RequireParagraph
	}
	attrs, ok := parser.ParseAttributes(mdtext.NewReader(line))
	if !ok {
		return nil, parser.RequireParagraph
	}
	n := &attributesNode{}
	for _, a := range attrs {
		n.SetAttribute(a.Name, a.Value)
	}
	return n, parser.NoChildren
}

func (attributes) Continue(ast.Node, mdtext.Reader, parser.Context) parser.State { return parser.Close }
func (attributes) Close(ast.Node, mdtext.Reader, parser.Context)                 {}
func (attributes) CanInterruptParagraph() bool                                   { return true }
func (attributes) CanAcceptIndentedLine() bool                                   { return false }

// passthrough leaves text between two marks, such as mathematics, as it is written.
type passthrough struct{ pairs [][2]string }

func newPassthrough(conf params) passthrough {
	var p passthrough
	for _, kind := range []string{"block", "inline"} {
		for _, v := range conf.list(kind) {
			pair, _ := v.([]any)
			if len(pair) == 2 && text(pair[0]) != "" && text(pair[1]) != "" {
				p.pairs = append(p.pairs, [2]string{text(pair[0]), text(pair[1])})
			}
		}
	}
	slices.SortStableFunc(p.pairs, func(a, b [2]string) int { return len(b[0]) - len(a[0]) })
	return p
}

func (p passthrough) Trigger() (out []byte) {
	for _, pair := range p.pairs {
		if c := pair[0][0]; bytes.IndexByte(out, c) < 0 {
			out = append(out, c)
		}
	}
	return out
}

func (p passthrough) Parse(parent ast.Node, block mdtext.Reader, pc parser.Context) ast.Node {
	line, _ := block.PeekLine()
	for _, pair := range p.pairs {
		if !bytes.HasPrefix(line, []byte(pair[0])) {
			continue
		}
		ends, _ := pc.Get(loneKey).(*loneEnds)
		if ends == nil || ends.block != parent {
			ends = &loneEnds{parent, map[string]bool{}}
			pc.Set(loneKey, ends)
		}
		if ends.lone[pair[1]] {
			continue
		}
		row, at := block.Position()
		var b strings.Builder
		for from := len(pair[0]); ; from = 0 {
			line, _ := block.PeekLine()
			if line == nil {
				break
			}
			if end := bytes.Index(line[min(from, len(line)):], []byte(pair[1])); end >= 0 {
				end += from + len(pair[1])
				b.Write(line[:end])
				block.Advance(end)
				out := ast.NewString([]byte(html.EscapeString(b.String())))
				out.SetCode(true)
				return out
			}
			b.Write(line)
			block.AdvanceLine()
		}
		block.SetPosition(row, at)
		ends.lone[pair[1]] = true
	}
	return nil
}

var loneKey = parser.NewContextKey()

// loneEnds are the marks that the rest of a block does not have, so that each is looked for in vain once.
type loneEnds struct {
	block ast.Node
	lone  map[string]bool
}

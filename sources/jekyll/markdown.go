package jekyll

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// Bounds of rendering. A table of 12 KB can ask for four million cells.
const (
	maxMarkdown = 1 << 20
	maxRendered = 4 << 20
	maxCells    = 100_000
	// maxLinkSteps bounds the steps of a parser that looks for the end of every "](" up to the next blank.
	maxLinkSteps = 100_000_000
)

// engine is goldmark with what kramdown's GFM does too; it is safe for concurrent use. Bare addresses stay text, as in
// Jekyll. HTML passes: it is cleaned where every item is.
var engine = goldmark.New(
	goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Footnote, extension.DefinitionList),
	goldmark.WithParserOptions(
		parser.WithAutoHeadingID(),
		parser.WithAttribute(),
		parser.WithInlineParsers(util.Prioritized(cjkEmphasis{}, 450)),
	),
	goldmark.WithRendererOptions(html.WithUnsafe()),
)

// renderer turns a body into HTML.
type renderer struct {
	site     *site
	markdown bool
	// raw switches Liquid off.
	raw bool
	// dropped is the line of the body with the first Liquid that was left out; 0 if none was.
	dropped int
}

func (r *renderer) render(body []byte) (string, error) {
	if busy(body) {
		t := template{site: r.site, markdown: r.markdown, liquid: !r.raw, in: body, out: make([]byte, 0, len(body))}
		body = t.run()
		if r.dropped == 0 {
			r.dropped = t.dropped
		}
	}
	if !r.markdown {
		return strings.TrimSpace(string(body)), nil
	}
	if len(body) > maxMarkdown {
		return "", fmt.Errorf("the text is larger than %d KiB: split the post, or write it as .html", maxMarkdown>>10)
	}
	if cells(body) > maxCells {
		return "", fmt.Errorf("a table has more than %d cells", maxCells)
	}
	if linkSteps(body) > maxLinkSteps {
		return "", errors.New("too many links without a blank between them")
	}
	out := limited{left: maxRendered}
	out.Grow(len(body) + len(body)/4)
	err := engine.Convert(body, &out, parser.WithContext(parser.NewContext(parser.WithIDs(headingIDs{}))))
	if err != nil {
		return "", fmt.Errorf("render Markdown: %w", err)
	}
	return strings.TrimSpace(out.String()), nil
}

// cells counts the cells that the tables of a text come to: each row gets as many as its table has columns.
func cells(body []byte) (n int) {
	if bytes.Count(body, []byte("|")) < 300 { // too few for a large product
		return 0
	}
	columns := 0
	for len(body) > 0 {
		var line []byte
		line, body, _ = cutLine(body)
		switch pipes := bytes.Count(line, []byte("|")); {
		case pipes > 0 && bytes.IndexByte(line, '-') >= 0 && len(bytes.Trim(line, "|:- \t\r>*+.)0123456789")) == 0:
			columns = max(columns, pipes+1)
		case len(bytes.Trim(line, "> \t\r")) == 0:
			columns = 0
		}
		n += columns
	}
	return n
}

// linkSteps is how many steps goldmark may take over the inline links of a text.
func linkSteps(body []byte) (n int) {
	mark := []byte("](")
	if bytes.Count(body, mark) < 1000 {
		return 0
	}
	for _, word := range bytes.Fields(body) {
		n += len(word) * bytes.Count(word, mark)
	}
	return n
}

var errRendered = errors.New("more than " + strconv.Itoa(maxRendered>>20) + " MiB of HTML")

// limited is a buffer that refuses to grow beyond its limit.
type limited struct {
	bytes.Buffer
	left int
}

func (l *limited) take(n int) error {
	if l.left -= n; l.left < 0 {
		return errRendered
	}
	return nil
}

func (l *limited) Write(p []byte) (int, error) {
	if err := l.take(len(p)); err != nil {
		return 0, err
	}
	return l.Buffer.Write(p)
}

func (l *limited) WriteString(s string) (int, error) {
	if err := l.take(len(s)); err != nil {
		return 0, err
	}
	return l.Buffer.WriteString(s)
}

func (l *limited) WriteByte(c byte) error {
	if err := l.take(1); err != nil {
		return err
	}
	return l.Buffer.WriteByte(c)
}

func (l *limited) WriteRune(r rune) (int, error) {
	if err := l.take(4); err != nil {
		return 0, err
	}
	return l.Buffer.WriteRune(r)
}

func (l *limited) Available() int { return l.Buffer.Available() }

// headingIDs makes the IDs of headings as kramdown's GFM parser does: letters of all scripts stay.
type headingIDs map[string]int

var _ parser.IDs = headingIDs{}

func (ids headingIDs) Generate(title []byte, kind ast.NodeKind) []byte {
	id := strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '\t' || r == '-':
			return '-'
		case r == '_' || unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r):
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(string(title)))
	if id == "" {
		id = "section"
	}
	n := ids[id]
	ids[id]++
	if n > 0 {
		id += "-" + strconv.Itoa(n)
	}
	return []byte(id)
}

func (ids headingIDs) Put(id []byte) { ids[string(id)]++ }

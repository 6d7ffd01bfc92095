// Package commonmark renders Markdown of strangers with goldmark, within bounds.
package commonmark

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
)

// Bounds of rendering with goldmark. A table of 12 KB can ask for four million cells.
const (
	maxRendered = 4 << 20
	maxCells    = 100_000
	// maxLinkSteps bounds the steps of a parser that looks for the end of every "](" up to the next blank.
	maxLinkSteps = 100_000_000
	// maxBraceSteps bounds those of one that looks for attributes behind every "{" of a line, for headings.
	maxBraceSteps = 100_000_000
)

// Convert renders a text with md, which has Delimiters among its inline parsers. HTML passes if md lets it: it is cleaned
// where every item is.
func Convert(md goldmark.Markdown, body []byte) (string, error) {
	if cells(body) > maxCells {
		return "", fmt.Errorf("a table has more than %d cells", maxCells)
	}
	if linkSteps(body) > maxLinkSteps {
		return "", errors.New("too many links without a blank between them")
	}
	if braceSteps(body) > maxBraceSteps {
		return "", errors.New("too many braces in one line")
	}
	out := limited{left: maxRendered}
	out.Grow(len(body) + len(body)/4)
	if err := md.Convert(body, &out); err != nil {
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
		line, body, _ = bytes.Cut(body, []byte("\n"))
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

// braceSteps is how many steps goldmark may take over the attributes in a text.
func braceSteps(body []byte) (n int) {
	if bytes.Count(body, []byte("{")) < 1000 {
		return 0
	}
	for line := range bytes.Lines(body) {
		n += len(line) * bytes.Count(line, []byte("{"))
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

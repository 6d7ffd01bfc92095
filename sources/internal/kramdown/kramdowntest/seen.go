// Package kramdowntest compares what Markdown became here with what kramdown made of it.
package kramdowntest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// blockTags are elements around which blanks are not seen.
var blockTags = strings.Fields(`address article aside blockquote body br center col colgroup dd details div dl dt fieldset figcaption
	figure footer form h1 h2 h3 h4 h5 h6 header hr iframe li main nav object ol p pre script section style summary table tbody
	td tfoot th thead tr ul source param video`)

// Seen is HTML without what nobody sees: blanks around blocks, the spans that colour code, and the class of language on
// code elements that are wrapped. Two texts of which it is the same look the same.
func Seen(t testing.TB, s string) string {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(s), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, n := range nodes {
		writeNormal(&b, n, false, false)
	}
	return strings.TrimSpace(b.String())
}

func writeNormal(b *strings.Builder, n *html.Node, pre, wrapped bool) {
	switch n.Type {
	case html.TextNode:
		data := n.Data
		if !pre {
			data = strings.Join(strings.FieldsFunc(" "+data+" ", func(r rune) bool { return r < 0x80 && isSpace(byte(r)) }), " ")
			if lead := n.Data[0]; isSpace(lead) && !strings.HasSuffix(b.String(), "\n") {
				data = " " + data
			}
			if isSpace(n.Data[len(n.Data)-1]) && strings.TrimLeft(data, " ") != "" {
				data += " "
			}
			if strings.TrimSpace(data) == "" && strings.HasSuffix(b.String(), " ") {
				data = ""
			}
		}
		b.WriteString(html.EscapeString(data))
	case html.CommentNode:
		trimEnd(b)
		b.WriteString("\n<!--" + n.Data + "-->\n")
	case html.ElementNode:
		block := slices.Contains(blockTags, n.Data)
		colour := wrapped && n.Data == "span"
		if block {
			trimEnd(b)
			b.WriteByte('\n')
		}
		if !colour {
			b.WriteString("<" + n.Data)
			seen := map[string]string{}
			for _, a := range n.Attr {
				if wrapped && n.Data == "code" && a.Key == "class" {
					continue
				}
				seen[a.Key] = a.Val
			}
			for _, k := range slices.Sorted(maps.Keys(seen)) {
				b.WriteString(" " + k + "=" + html.EscapeString(seen[k]))
			}
			b.WriteString(">")
		}
		if block {
			b.WriteByte('\n')
		}
		isPre := n.Data == "pre" || n.Data == "script" || n.Data == "style" || n.Data == "textarea"
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			writeNormal(b, c, pre || isPre, wrapped ||
				n.Data == "code" && strings.Contains(class(n), "highlighter-") || (isPre || n.Data == "figure") && strings.Contains(class(n), "highlight"))
		}
		if block {
			trimEnd(b)
			b.WriteByte('\n')
		}
		if !colour {
			b.WriteString("</" + n.Data + ">")
		}
		if block {
			b.WriteByte('\n')
		}
	}
}

func class(n *html.Node) string {
	for _, a := range n.Attr {
		if a.Key == "class" {
			return a.Val
		}
	}
	return ""
}

func trimEnd(b *strings.Builder) {
	s := strings.TrimRight(b.String(), " \n")
	b.Reset()
	b.WriteString(s)
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

package page

import (
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// phrasing are the elements that do not part words.
var phrasing = map[atom.Atom]bool{
	atom.A: true, atom.B: true, atom.I: true, atom.Em: true, atom.Strong: true, atom.Span: true, atom.Code: true, atom.Sub: true,
	atom.Sup: true, atom.Font: true, atom.Small: true, atom.U: true, atom.S: true, atom.Q: true, atom.Cite: true, atom.Abbr: true,
	atom.Mark: true, atom.Kbd: true, atom.Var: true, atom.Ruby: true, atom.Rt: true, atom.Wbr: true, atom.Time: true, atom.Bdi: true,
}

var unread = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Template: true, atom.Head: true}

// Text is the text of elements as it is read: on one line, with blanks between blocks, without scripts.
func Text(sel *goquery.Selection) string {
	var b strings.Builder
	for _, n := range sel.Nodes {
		writeText(&b, n)
		b.WriteByte(' ')
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// writeText recurses no deeper than the parser lets elements lie in each other (512).
func writeText(b *strings.Builder, n *html.Node) {
	if n.Type == html.TextNode {
		b.WriteString(n.Data)
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && unread[c.DataAtom] {
			continue
		}
		block := c.Type == html.ElementNode && !phrasing[c.DataAtom]
		if block {
			b.WriteByte(' ')
		}
		writeText(b, c)
		if block {
			b.WriteByte(' ')
		}
	}
}

// HTML is the HTML inside of elements.
func HTML(sel *goquery.Selection) string {
	var b strings.Builder
	sel.Each(func(_ int, s *goquery.Selection) {
		if inner, err := s.Html(); err == nil {
			b.WriteString(strings.TrimSpace(inner))
		}
	})
	return b.String()
}

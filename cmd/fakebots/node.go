package main

import (
	"html"
	"html/template"
	"net/url"
	"strings"
)

// What is what a [Node] is; its text is the element of HTML that shows it.
type What string

// What a message can show.
const (
	Text    What = ""
	Bold    What = "b"
	Italic  What = "i"
	Strike  What = "s"
	Code    What = "code"
	Color   What = "span"
	Link    What = "a"
	Mention What = "mark"
	Image   What = "img"
	Heading What = "h3"
	Para    What = "p"
	Quote   What = "blockquote"
	Item    What = "li"
	Small   What = "small"
	Card    What = "section"
	Rule    What = "hr"
	Table   What = "pre"
)

// Node is a part of what a message shows: text, or others within.
type Node struct {
	What  What
	Text  string
	URL   string // of a link or a picture
	Nodes []Node
}

// T is text, N something made of others, L a link.
func T(s string) Node { return Node{Text: s} }

// N is a part made of others.
func N(what What, nodes ...Node) Node { return Node{What: what, Nodes: nodes} }

// L is a link; without an address it is what stands in it.
func L(address string, nodes ...Node) Node {
	if address == "" {
		return Node{What: Bold, Nodes: nodes}
	}
	return Node{What: Link, URL: address, Nodes: nodes}
}

// write writes nodes as HTML. Whatever is in them is text, and only web addresses can be followed. Pictures are named, not loaded:
// this page asks nobody for anything.
func write(nodes []Node) template.HTML {
	var b strings.Builder
	writeTo(&b, nodes)
	return template.HTML(b.String()) //nolint:gosec // every letter of it was escaped
}

func writeTo(b *strings.Builder, nodes []Node) {
	for _, n := range nodes {
		switch n.What {
		case Text:
			b.WriteString(strings.ReplaceAll(html.EscapeString(n.Text), "\n", "<br>"))
			continue
		case Rule:
			b.WriteString("<hr>")
			continue
		case Image:
			if n.URL != "" {
				b.WriteString(`<span class="picture">picture: ` + html.EscapeString(n.URL) + `</span>`)
			}
			continue
		case Link:
			if !web(n.URL) {
				b.WriteString("<u>")
				writeTo(b, n.Nodes)
				b.WriteString("</u>")
				continue
			}
			b.WriteString(`<a rel="noopener noreferrer" target="_blank" href="` + html.EscapeString(n.URL) + `">`)
		case Color:
			b.WriteString(`<span class="color">`)
		default:
			b.WriteString("<" + string(n.What) + ">")
		}
		writeTo(b, n.Nodes)
		b.WriteString("</" + string(n.What) + ">")
	}
}

func web(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

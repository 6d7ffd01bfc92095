package web

import (
	"bytes"
	"html/template"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// contentPolicy is what of an item's HTML may stand on a page of ours. Sources have made it safe already; a page asks for more:
// that nothing in it looks like a part of the page, and that nothing but what shownContent lets through loads anything.
var contentPolicy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(
		"p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "kbd", "samp", "var", "ul", "ol", "li", "dl", "dt", "dd",
		"em", "strong", "b", "i", "u", "s", "del", "ins", "mark", "small", "sub", "sup", "abbr", "cite", "q", "dfn", "time", "span", "div", "figure",
		"figcaption", "table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th", "ruby", "rt", "rp", "bdi", "bdo", "wbr",
	)
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src").OnElements("img", "audio", "video", "source")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("colspan", "rowspan").Matching(regexp.MustCompile(`^[0-9]{1,3}$`)).OnElements("td", "th")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,6}$`)).OnElements("ol")
	p.AllowAttrs("lang").Matching(regexp.MustCompile(`^[a-zA-Z0-9-]{1,35}$`)).Globally()
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(ltr|rtl|auto)$`)).Globally()
	p.AllowURLSchemes("http", "https", "mailto")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	return p
}()

// shown is a text on its way onto a page.
type shown struct {
	images   bool
	left     int // bytes
	pictures bool
	cut      bool
}

// shownContent makes an item's HTML fit for a page: pictures and recordings are links unless pictures are wished, headings are
// below that of the page, wide tables and code scroll by themselves, and what is longer than so many bytes is cut. It reports
// whether there are pictures that could be shown, and whether it cut.
func shownContent(src string, images bool, bytesLeft int) (_ template.HTML, pictures, cut bool) {
	context := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := html.ParseFragment(strings.NewReader(contentPolicy.Sanitize(src)), context)
	if err != nil {
		return "", false, src != "" // deeper than anything that people write
	}
	s := &shown{images: images, left: bytesLeft}
	var out bytes.Buffer
	for _, n := range nodes {
		if s.cut {
			break
		}
		if n = s.node(n, false); n == nil {
			continue
		}
		if err := html.Render(&out, n); err != nil {
			return "", s.pictures, true
		}
	}
	return template.HTML(out.String()), s.pictures, s.cut
}

// node is what becomes of a node and what is in it; nil for nothing. linked says that it is in a link, where no other may be.
func (s *shown) node(n *html.Node, linked bool) *html.Node {
	switch n.Type {
	case html.TextNode:
		s.spend(len(template.HTMLEscapeString(n.Data)))
	case html.ElementNode:
		switch n.DataAtom {
		case atom.Img:
			n = s.image(n, linked)
		case atom.Audio, atom.Video:
			n = file(n, linked)
		case atom.Source:
			return nil
		case atom.H1:
			n.Data, n.DataAtom = "h2", atom.H2
		}
		if n == nil {
			return nil
		}
		s.spend(2*len(n.Data) + 5)
		for _, a := range n.Attr {
			s.spend(len(a.Key) + len(template.HTMLEscapeString(a.Val)) + 4)
		}
	default:
		return nil
	}
	if s.cut {
		return nil
	}
	var children []*html.Node
	for c := n.FirstChild; c != nil; c = n.FirstChild {
		n.RemoveChild(c)
		children = append(children, c)
	}
	for _, c := range children {
		if s.cut {
			break
		}
		if c = s.node(c, linked || n.DataAtom == atom.A); c != nil {
			n.AppendChild(c)
		}
	}
	if n.DataAtom == atom.Table || n.DataAtom == atom.Pre {
		// Whoever has no mouse scrolls it with the keyboard.
		box := element("div", html.Attribute{Key: "class", Val: "wide"}, html.Attribute{Key: "tabindex", Val: "0"})
		box.AppendChild(n)
		return box
	}
	return n
}

func (s *shown) spend(n int) {
	if s.left -= n; s.left < 0 {
		s.cut = true
	}
}

// image is a picture where it may be shown, else a link to it.
func (s *shown) image(n *html.Node, linked bool) *html.Node {
	src, alt := attr(n, "src"), strings.TrimSpace(attr(n, "alt"))
	if host(src) == "" {
		return nil
	}
	if picture(src) {
		if s.pictures = true; s.images {
			return element("img", html.Attribute{Key: "src", Val: src}, html.Attribute{Key: "alt", Val: alt},
				html.Attribute{Key: "loading", Val: "lazy"}, html.Attribute{Key: "referrerpolicy", Val: "no-referrer"})
		}
	}
	return reference("▣ "+clip(alt, 100), src, linked)
}

// file is a link to a recording in place of a player, which would load it.
func file(n *html.Node, linked bool) *html.Node {
	src := attr(n, "src")
	for c := n.FirstChild; c != nil && src == ""; c = c.NextSibling {
		src = attr(c, "src")
	}
	if host(src) == "" {
		return nil
	}
	return reference("▶ "+host(src), src, linked)
}

// reference is a link in place of what a page would load.
func reference(text, to string, linked bool) *html.Node {
	n := element("span", html.Attribute{Key: "class", Val: "off-site"})
	if !linked {
		n = element("a", html.Attribute{Key: "class", Val: "off-site"}, html.Attribute{Key: "href", Val: to}, html.Attribute{Key: "rel", Val: "nofollow noreferrer"})
	}
	if strings.TrimSpace(text) == "▣" {
		text = "▣ " + host(to)
	}
	n.AppendChild(&html.Node{Type: html.TextNode, Data: text})
	return n
}

func element(name string, attrs ...html.Attribute) *html.Node {
	return &html.Node{Type: html.ElementNode, Data: name, DataAtom: atom.Lookup([]byte(name)), Attr: attrs}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

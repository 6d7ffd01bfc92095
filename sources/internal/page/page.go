// Package page reads HTML pages: decodes and parses them under limits, finds parts by CSS selectors, and reads what a
// page says of itself (JSON-LD, Open Graph, meta).
package page

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"feedmill/sources/internal/charset"
)

// maxNodes bounds the tree of a page: 100,000 nodes are about 20 MB, and selectors such as :nth-child take time in the square of them. Real pages have a few thousand.
const maxNodes = 100_000

// maxToken bounds a tag or a text, in bytes: a tag's attributes take many times their size while it is read.
const maxToken = 4 << 20

// ErrNodes says that a page has more elements than any page needs.
var ErrNodes = fmt.Errorf("more than %d elements", maxNodes)

// ErrEmpty says that there is nothing in a page.
var ErrEmpty = errors.New("the page is empty")

// Page is a parsed page.
type Page struct {
	Doc *goquery.Document
	// Base resolves the relative addresses of the page: its base element, else its own address.
	Base *url.URL
}

// Parse reads a page that came from address. It fails with ErrEmpty, ErrNodes, or for elements that lie too deeply in each
// other.
func Parse(body []byte, contentType, address string) (*Page, error) {
	text := charset.Text(body, contentType, charset.HTML)
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, ErrEmpty
	}
	if err := count(text); err != nil {
		return nil, fmt.Errorf("parse page: %w", err)
	}
	root, err := html.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("parse page: elements lie too deeply in each other: %w", err)
	}
	p := &Page{Doc: goquery.NewDocumentFromNode(root), Base: &url.URL{}}
	if u, err := url.Parse(address); err == nil {
		p.Base = u
	}
	if href, ok := p.Doc.Find("base[href]").First().Attr("href"); ok {
		if abs := p.Resolve(href); abs != "" {
			if u, err := url.Parse(abs); err == nil {
				p.Base = u
			}
		}
	}
	return p, nil
}

// Resolve is the http or https address that ref means on the page, or empty.
func (p *Page) Resolve(ref string) string { return Resolve(p.Base, ref) }

// Resolve is the http or https address that ref means at base, or empty.
func Resolve(base *url.URL, ref string) string {
	ref = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return -1
		}
		return r
	}, strings.TrimSpace(ref))
	if ref == "" || strings.HasPrefix(ref, "#") || len(ref) > 8<<10 {
		return ""
	}
	u, err := url.Parse(ref)
	if err != nil {
		if u, err = url.Parse(strings.ReplaceAll(ref, "%", "%25")); err != nil {
			return ""
		}
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	u.User = nil
	return u.String()
}

// formatting are the elements that the parser opens again in every block while they are not closed (HTML §13.2.4.3): each
// costs a node a block.
var formatting = map[atom.Atom]bool{
	atom.A: true, atom.B: true, atom.Big: true, atom.Code: true, atom.Em: true, atom.Font: true, atom.I: true, atom.Nobr: true,
	atom.S: true, atom.Small: true, atom.Strike: true, atom.Strong: true, atom.Tt: true, atom.U: true,
}

// count refuses pages whose tree would be too large, before the tree is made.
func count(text []byte) error {
	z := html.NewTokenizer(bytes.NewReader(text))
	z.SetMaxBuf(maxToken)
	nodes, open := 0, 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			if errors.Is(z.Err(), html.ErrBufferExceeded) {
				return fmt.Errorf("a tag or text of more than %d MiB", maxToken>>20)
			}
			return nil
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			nodes++
			for attrs := 0; more; attrs++ {
				if _, _, more = z.TagAttr(); attrs > 0 {
					nodes++
				}
			}
			if formatting[atom.Lookup(name)] {
				open = min(open+1, 512)
			} else {
				nodes += open
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); formatting[atom.Lookup(name)] {
				open = max(open-1, 0)
			}
		case html.TextToken:
			nodes++
		}
		if nodes > maxNodes {
			return ErrNodes
		}
	}
}

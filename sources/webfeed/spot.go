package webfeed

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// spot is what the outline keeps of an entry.
type spot struct {
	about, lang, base string
	id                string // as it stands: gofeed rewrites an atom:id as if it were a link
	inChannel         bool
	// inner is the xml:base inside of the text, and links holds those of the links that have one, by their number.
	inner string
	links map[int]string
	// title, summary and content are Atom's constructs. Their text is set where gofeed's is not what is meant.
	title, summary, content construct
	xhtml                   string // the inner markup of a body in XHTML
	created                 string // of Atom 0.3
	// authors and descriptions are those of RSS where it has several; terms are those of its categories without text.
	authors, descriptions, terms []string
	// long are the texts that were spared the parser.
	long longTexts

	linkCount int
	raw       struct{ authors, descriptions [][]byte }
	first     leaf // content, if there are several
	firstText []byte
}

type longTexts struct{ description, encoded, summary, content spared }

// spared is the inner markup of a long text that the parser does not see, as a part of the document; nil for none.
type spared []byte

// or is the text, if it was spared the parser, else what that read.
func (s spared) or(parsed string) string {
	if s == nil {
		return parsed
	}
	return characters(s)
}

// construct is a text of Atom (RFC 4287 §3.1).
type construct struct {
	kind, lang string
	typed      bool // it states a type
	text       *string
}

// leaf is a child of an entry while it is open.
type leaf struct {
	prefix, local, kind, mode string
	native, xhtml             bool
	bound                     bool // it binds namespaces
}

func newLeaf(prefix, local string, tag []byte) leaf {
	return leaf{prefix: prefix, local: local, kind: strings.ToLower(strings.TrimSpace(attr(tag, "type"))), mode: strings.ToLower(attr(tag, "mode"))}
}

// markup says that elements in it can be XHTML.
func (l leaf) markup() bool {
	return l.local == "content" || l.local == "summary" || l.local == "body" || l.local == "div"
}

func (s *scanner) child(prefix, local string, tag []byte) {
	s.leaf = leaf{prefix: prefix, local: local, native: s.native[prefix], bound: bytes.Contains(tag, []byte("xmlns"))}
	if s.leaf.bound {
		s.declare(tag)
		s.leaf.native = s.native[prefix]
	}
	s.leaf.xhtml = s.xhtml[prefix] || local == "body" || local == "div"
	if s.based && (s.leaf.markup() || local == "description" || local == "encoded") {
		s.cur.inner = first(attr(tag, "xml:base"), s.cur.inner)
	}
	if !s.leaf.native {
		return
	}
	var c *construct
	switch local {
	case "title":
		c = &s.cur.title
	case "summary":
		c = &s.cur.summary
	case "content":
		c = &s.cur.content
	case "link":
		if s.based {
			if b := attr(tag, "xml:base"); b != "" {
				if s.cur.links == nil {
					s.cur.links = make(map[int]string)
				}
				s.cur.links[s.cur.linkCount] = b
			}
		}
		s.cur.linkCount++
	case "category":
		if t := attr(tag, "term"); t != "" && s.out.root != "feed" {
			s.cur.terms = append(s.cur.terms, first(attr(tag, "label"), t))
		}
	}
	if c == nil || s.out.root != "feed" {
		return
	}
	l := newLeaf(prefix, local, tag)
	s.leaf.kind, s.leaf.mode = l.kind, l.mode
	was := *c
	*c = construct{kind: l.kind, typed: l.kind != "", lang: attr(tag, "xml:lang")}
	if l.kind == "" && l.mode == "escaped" {
		c.kind = "html" // Atom 0.3
	}
	if local == "content" && s.cur.firstText != nil {
		c.text = was.text
	}
}

// minSpared is the size in bytes from which on a text is spared the parser.
const minSpared = 256

// spare says that the text of the open child need not be parsed, and keeps it: it is one of those that make up nearly all
// of a feed, holds characters alone, and is read from them as gofeed does, at a tenth of the cost. Of several texts of a
// kind gofeed keeps the last, and so does this.
func (s *scanner) spare(inner []byte) bool {
	var to *spared
	l := s.leaf
	switch long := &s.cur.long; {
	case l.bound: // it may be of another namespace
	case l.local == "encoded" && s.encoded[l.prefix] && s.out.root != "feed":
		to = &long.encoded
	case !l.native:
	case s.out.root == "feed" && l.local == "summary":
		to = &long.summary
	case s.out.root == "feed" && l.local == "content":
		to = &long.content
	case s.out.root != "feed" && l.local == "description":
		to = &long.description
	}
	if to == nil {
		return false
	}
	*to = nil
	if len(inner) < minSpared || !charactersOnly(inner) || s.out.root == "feed" && !l.decodes(inner) {
		return false
	}
	*to = inner
	return true
}

// decodes says that gofeed's text of an Atom construct is its characters (its parseAtomText, for what holds no element).
func (l leaf) decodes(inner []byte) bool {
	return l.kind == "" && l.mode == "" || l.kind == "text" || l.kind == "html" || strings.HasPrefix(l.kind, "text/") || bytes.Contains(inner, []byte(cdataStart))
}

// leaf keeps of a child of the entry what gofeed does not.
func (sp *spot) leaf(l leaf, inner []byte) {
	switch {
	case l.xhtml && (l.local == "body" || l.local == "div") && bytes.IndexByte(inner, '<') >= 0:
		if len(inner) > len(sp.xhtml) {
			sp.xhtml = string(bytes.TrimSpace(withoutPrefix(inner, l.prefix)))
		}
	case !l.native:
	case l.local == "id":
		sp.id = xmlText(inner)
	case l.local == "created":
		sp.created = xmlText(inner)
	case l.local == "author":
		sp.raw.authors = append(sp.raw.authors, inner)
	case l.local == "description":
		sp.raw.descriptions = append(sp.raw.descriptions, inner)
	case l.local == "title":
		sp.title.text = l.special(inner)
	case l.local == "summary":
		sp.summary.text = l.special(inner)
	case l.local == "content":
		sp.several(l, inner)
	}
}

// several keeps the best of several contents: markup before text, text before anything else.
func (sp *spot) several(l leaf, inner []byte) {
	if sp.firstText == nil {
		sp.first, sp.firstText = l, inner
		sp.content.text = l.special(inner)
		return
	}
	if l.rank() <= sp.first.rank() {
		l, inner = sp.first, sp.firstText
	}
	sp.first, sp.firstText = l, inner
	if sp.content.text = l.special(inner); sp.content.text == nil {
		text := xmlText(inner)
		if l.rank() == 3 && bytes.IndexByte(inner, '<') >= 0 && l.mode != "escaped" && l.kind != "html" && l.kind != "text/html" {
			text = string(bytes.TrimSpace(inner))
		}
		sp.content.text = &text
	}
	sp.content.kind, sp.content.typed = l.kind, l.kind != ""
	if l.kind == "" && l.mode == "escaped" {
		sp.content.kind = "html"
	}
}

func (l leaf) rank() int {
	switch {
	case l.kind == "html" || l.kind == "text/html" || strings.Contains(l.kind, "xhtml"):
		return 3
	case l.kind == "" || strings.HasPrefix(l.kind, "text"):
		return 2
	}
	return 1
}

// binary says that the type is one that RFC 4287 §4.1.3.3 wants in base64.
func (l leaf) binary() bool {
	switch l.kind {
	case "", "text", "html", "xhtml", "escaped":
		return false
	}
	return !strings.HasPrefix(l.kind, "text/") && !strings.Contains(l.kind, "xml") && !strings.Contains(l.kind, "html")
}

// special is the text of a construct that gofeed reads in another way than it is meant: base64, the modes of Atom 0.3,
// XHTML under a prefix. nil for all others.
func (l leaf) special(inner []byte) *string {
	var text string
	switch {
	case l.mode == "base64" || l.binary():
		b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(xmlText(inner)), ""))
		if err != nil || !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
			return nil
		}
		text = strings.TrimSpace(string(clean(b)))
	case l.mode == "escaped" && l.kind != "html" && !strings.HasPrefix(l.kind, "text"):
		text = xmlText(inner)
	case l.mode == "xml" || strings.Contains(l.kind, "xhtml"):
		if bytes.IndexByte(inner, '<') < 0 || bytes.Contains(inner, []byte("<![CDATA[")) {
			return nil
		}
		prefix := xhtmlPrefix(inner)
		if prefix == "" && l.mode != "xml" {
			return nil
		}
		text = string(bytes.TrimSpace(withoutPrefix(inner, prefix)))
	default:
		return nil
	}
	return &text
}

// xhtmlPrefix is the prefix of the first element in inner, if it is one of XHTML.
func xhtmlPrefix(inner []byte) string {
	at := bytes.IndexByte(inner, '<')
	if at < 0 {
		return ""
	}
	prefix, local := split(tagName(bytes.TrimRight(inner[at+1:min(len(inner), at+40)], ">")))
	if local, _, _ = strings.Cut(local, ">"); local == "div" || local == "p" || local == "span" {
		return prefix
	}
	return ""
}

// withoutPrefix takes the prefix off the elements in a piece of markup.
func withoutPrefix(inner []byte, prefix string) []byte {
	if prefix == "" {
		return inner
	}
	inner = bytes.ReplaceAll(inner, []byte("<"+prefix+":"), []byte("<"))
	return bytes.ReplaceAll(inner, []byte("</"+prefix+":"), []byte("</"))
}

// finish decodes what the entry has several times.
func (sp *spot) finish() {
	if len(sp.raw.descriptions) > 1 {
		for _, d := range sp.raw.descriptions {
			sp.descriptions = append(sp.descriptions, xmlText(d))
		}
	}
	if len(sp.raw.authors) > 1 || len(sp.raw.authors) == 1 && bytes.Contains(sp.raw.authors[0], []byte("</")) && !bytes.Contains(sp.raw.authors[0], []byte("<![CDATA[")) {
		for _, a := range sp.raw.authors {
			sp.authors = append(sp.authors, authorText(a))
		}
	}
	sp.raw.authors, sp.raw.descriptions, sp.firstText = nil, nil, nil
}

// authorText is an author as text; one in elements, as Atom has it, becomes "address (Name)".
func authorText(inner []byte) string {
	name, email := inElement(string(inner), "name"), inElement(string(inner), "email")
	switch {
	case name != "" && email != "":
		return email + " (" + name + ")"
	case name != "" || email != "":
		return name + email
	}
	return xmlText(inner)
}

// inElement is the text of the first element of that name in a piece of markup.
func inElement(inner, name string) string {
	_, rest, _ := strings.Cut(inner, "<"+name+">")
	value, _, _ := strings.Cut(rest, "</")
	return xmlText([]byte(value))
}

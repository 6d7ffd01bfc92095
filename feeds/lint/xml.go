package lint

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Namespaces that rules speak of.
const (
	nsAtom    = "http://www.w3.org/2005/Atom"
	nsContent = "http://purl.org/rss/1.0/modules/content/"
	nsDC      = "http://purl.org/dc/elements/1.1/"
	nsMedia   = "http://search.yahoo.com/mrss/"
	nsSlash   = "http://purl.org/rss/1.0/modules/slash/"
	nsHistory = "http://purl.org/syndication/history/1.0"
	nsITunes  = "http://www.itunes.com/dtds/podcast-1.0.dtd"
	nsPodcast = "https://podcastindex.org/namespace/1.0"
	nsXML     = "http://www.w3.org/XML/1998/namespace"
)

// usual are the prefixes that readers know a namespace by (RSS profile, "Namespace elements").
var usual = map[string]string{
	"atom": nsAtom, "content": nsContent, "dc": nsDC, "media": nsMedia, "itunes": nsITunes, "slash": nsSlash, "fh": nsHistory,
	"podcast": nsPodcast,
	"sy":      "http://purl.org/rss/1.0/modules/syndication/",
	"thr":     "http://purl.org/syndication/thread/1.0",
	"dcterms": "http://purl.org/dc/terms/",
	"georss":  "http://www.georss.org/georss",
	"wfw":     "http://wellformedweb.org/CommentAPI/",
}

// node is an element.
type node struct {
	name     xml.Name
	attrs    []xml.Attr
	children []*node
	text     string // the character data directly in the element
	// line is where the element begins, textLine where its text does, last where it ends.
	line, textLine, last int
	// named says that its text has a named reference for a character of markup, cdata that a CDATA section has a tag.
	named, cdata bool
	// based says that xml:base holds for it, so that addresses in it may be relative.
	based bool
}

func (n *node) is(space, local string) bool { return n.name.Space == space && n.name.Local == local }

func (n *node) all(space, local string) []*node {
	var out []*node
	for _, x := range n.children {
		if x.is(space, local) {
			out = append(out, x)
		}
	}
	return out
}

// first is the first such child, or nil.
func (n *node) first(space, local string) *node {
	for _, x := range n.children {
		if x.is(space, local) {
			return x
		}
	}
	return nil
}

// say is the trimmed text of the first such child, or empty.
func (n *node) say(space, local string) string {
	if x := n.first(space, local); x != nil {
		return strings.TrimSpace(x.text)
	}
	return ""
}

// attr is the value of an attribute without namespace.
func (n *node) attr(local string) (string, bool) {
	for _, a := range n.attrs {
		if a.Name.Space == "" && a.Name.Local == local {
			return a.Value, true
		}
	}
	return "", false
}

func (n *node) has(local string) string {
	s, _ := n.attr(local)
	return s
}

// walk calls f for an element and all below it.
func (n *node) walk(f func(*node)) {
	f(n)
	for _, x := range n.children {
		x.walk(f)
	}
}

var openTag = regexp.MustCompile(`<[A-Za-z/!]`)

// readXML makes the tree with Go's parser at its strictest, and finds out which format it is.
func (d *doc) readXML() {
	fail := func(offset int64, format string, args ...any) {
		d.root, d.broken = nil, &problem{d.lineAt(int(offset)), fmt.Sprintf(format, args...)}
	}
	dec := xml.NewDecoder(bytes.NewReader(d.text))
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is UTF-8 by now
	var stack []*node
	texts := []*strings.Builder{}
	nodes := 0
	for {
		start := dec.InputOffset()
		t, err := dec.Token()
		end := dec.InputOffset()
		if err != nil {
			switch {
			case d.root != nil && len(stack) == 0 && errors.Is(err, io.EOF):
				d.recognise()
			case errors.Is(err, io.EOF):
				fail(end, "the document ends before its root element does")
			default:
				fail(end, "%s", plain(err))
			}
			return
		}
		switch t := t.(type) {
		case xml.StartElement:
			n := &node{name: t.Name, attrs: slices.Clone(t.Attr), line: d.lineAt(int(start))}
			n.textLine = n.line
			if nodes += 1 + len(t.Attr); nodes > maxNodes || len(stack) == maxDepth {
				fail(start, "more than %d elements and attributes, or %d levels of them: not read any further", maxNodes, maxDepth)
				return
			}
			if len(stack) > 0 {
				p := stack[len(stack)-1]
				p.children = append(p.children, n)
				n.based = p.based
			} else if d.root != nil {
				fail(start, "a second root element, <%.40s>", t.Name.Local)
				return
			} else {
				d.root = n
			}
			seen := map[xml.Name]bool{}
			for _, a := range n.attrs {
				if seen[a.Name] {
					d.twice = append(d.twice, problem{n.line, fmt.Sprintf("<%.40s> has the attribute %.40s twice", t.Name.Local, a.Name.Local)})
				}
				seen[a.Name] = true
				n.based = n.based || a.Name.Space == nsXML && a.Name.Local == "base"
			}
			stack, texts = append(stack, n), append(texts, &strings.Builder{})
		case xml.EndElement:
			n := stack[len(stack)-1]
			n.text, n.last = texts[len(texts)-1].String(), d.lineAt(int(start))
			stack, texts = stack[:len(stack)-1], texts[:len(texts)-1]
		case xml.CharData:
			if len(stack) == 0 {
				if len(bytes.TrimSpace(t)) > 0 {
					fail(start, "text outside of the root element")
					return
				}
				continue
			}
			n, b := stack[len(stack)-1], texts[len(texts)-1]
			if b.Len() == 0 {
				n.textLine = d.lineAt(int(start))
			}
			b.Write(t)
			raw := d.text[start:end]
			if bytes.HasPrefix(raw, []byte("<![CDATA[")) {
				n.cdata = n.cdata || openTag.Match(t)
			} else {
				n.named = n.named || bytes.Contains(raw, []byte("&lt;")) || bytes.Contains(raw, []byte("&amp;"))
			}
		case xml.Directive:
			d.doctype = d.lineAt(int(start))
		case xml.ProcInst:
			if t.Target == "xml-stylesheet" && bytes.Contains(t.Inst, []byte("xsl")) {
				d.style = d.lineAt(int(start))
			}
		}
	}
}

// plain is a parser's error without its line, which stands before the message.
func plain(err error) string {
	if s := (*xml.SyntaxError)(nil); errors.As(err, &s) {
		return s.Msg
	}
	return err.Error()
}

// recognise says which format a tree is.
func (d *doc) recognise() {
	switch r := d.root; {
	case r.is("", "rss"):
		d.report.Format, d.report.Items = RSS, len(d.items())
	case r.is(nsAtom, "feed"):
		d.report.Format, d.report.Items = Atom, len(d.items())
	case r.is("", "opml"):
		d.report.Format, d.report.Items = OPML, len(d.subscriptions())
	}
}

// channel is the first channel of RSS, else the root.
func (d *doc) channel() *node {
	if d.root == nil {
		return nil
	}
	if ch := d.root.first("", "channel"); ch != nil {
		return ch
	}
	return d.root
}

// items are the items of RSS or the entries of Atom.
func (d *doc) items() []*node {
	if d.root.is(nsAtom, "feed") {
		return d.root.all(nsAtom, "entry")
	}
	return d.channel().all("", "item")
}

// name says which item it is, for messages.
func (n *node) label() string {
	for _, s := range []string{n.say("", "guid"), n.say(nsAtom, "id"), n.say("", "link"), n.say("", "title"), n.say(nsAtom, "title")} {
		if s != "" {
			return fmt.Sprintf("%s %.80q", n.name.Local, s)
		}
	}
	return n.name.Local
}

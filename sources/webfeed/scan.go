package webfeed

import (
	"bytes"
	"fmt"
	"strings"
)

// Limits of a document.
const (
	maxDepth = 1000   // elements inside each other
	maxItems = 10_000 // entries; the rest is left out and reported
)

// outline is what a first, cheap pass over an XML document finds: what gofeed's models do not keep, and whether the
// document is within the limits. It does not judge well-formedness; the parser does.
type outline struct {
	root  string // local name of the root, lower case
	lang  string
	base  string
	spots []spot // one per entry, in the order of gofeed's lists
	// text is the document without the entries beyond maxItems; left counts those.
	text []byte
	left int
	// damage is what makes the document ill-formed in a way that the parser would misread; empty for none that was seen.
	damage string
}

// spot is what the outline keeps of an entry.
type spot struct {
	about, lang, base                   string
	id                                  string // as it stands: gofeed rewrites an atom:id as if it were a link
	titleType, summaryType, contentType string
	contentTyped                        bool
	xhtml                               string // the inner markup of a body in XHTML
	inChannel                           bool
}

// natives are the namespaces whose elements gofeed takes for the format's own.
var natives = map[string]bool{
	"http://www.w3.org/2005/Atom": true, "http://purl.org/atom/ns#": true,
	"http://www.w3.org/1999/02/22-rdf-syntax-ns#": true, "http://purl.org/rss/1.0/": true,
	"http://channel.netscape.com/rdf/simple/0.9/": true, "http://my.netscape.com/rdf/simple/0.9/": true,
}

type scanner struct {
	out    outline
	stack  []frame
	native map[string]bool // prefixes
	xhtml  map[string]bool
	// entry is the depth of the open entry in the stack, 0 for none (the root is no entry); start is its offset.
	entry, start int
	cur          spot
	cuts         [][2]int
	channels     int
}

type frame struct {
	name  []byte // with prefix
	inner int    // offset behind the start tag
}

// survey makes the outline of an XML document. It fails when elements are nested too deeply.
func survey(text []byte) (*outline, error) {
	s := &scanner{native: map[string]bool{"": true}, xhtml: map[string]bool{}}
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '<')
		if n < 0 {
			break
		}
		i += n
		rest := text[i:]
		switch {
		case bytes.HasPrefix(rest, []byte("<!--")):
			i = s.skip(text, i+4, "-->", "a comment is not closed")
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			end := s.skip(text, i+9, "]]>", "a CDATA section is not closed")
			if bytes.Contains(text[i+9:end], []byte("<![CDATA[")) {
				s.damaged("a CDATA section is not closed")
			}
			i = end
		case bytes.HasPrefix(rest, []byte("<?")):
			if bytes.HasPrefix(rest, []byte("<?xml ")) {
				s.damaged("an XML declaration stands in the middle") // it would change the encoding there
			}
			i = s.skip(text, i+2, "?>", "a processing instruction is not closed")
		case bytes.HasPrefix(rest, []byte("<!")):
			end := afterDoctype(text, i+2)
			if end == len(text) {
				s.damaged("its DOCTYPE is not closed")
				end = after(text, i, ">")
			}
			i = end
		case bytes.HasPrefix(rest, []byte("</")):
			end := after(text, i+2, ">")
			s.close(text, bytes.TrimSpace(bytes.TrimSuffix(text[i+2:end], []byte(">"))), i, end)
			i = end
		case len(rest) > 1 && nameStart(rest[1]):
			end, whole := afterTag(text, i+1)
			if !whole {
				s.damaged("a tag is not closed")
			}
			if err := s.open(text, i, end); err != nil {
				return nil, err
			}
			i = end
		default:
			i++
		}
	}
	if len(s.stack) > 0 {
		s.damaged("it ends in the middle")
	}
	s.order()
	s.out.text = text
	if len(s.cuts) > 0 {
		s.out.left = len(s.cuts)
		s.out.text = without(text, s.cuts)
	}
	return &s.out, nil
}

// damaged keeps the first damage.
func (s *scanner) damaged(what string) {
	if s.out.damage == "" {
		s.out.damage = what
	}
}

// skip is the offset behind the next mark; without one, the end.
func (s *scanner) skip(text []byte, i int, mark, damage string) int {
	end := after(text, i, mark)
	if end == len(text) && !bytes.HasSuffix(text[min(i, end):], []byte(mark)) {
		s.damaged(damage)
	}
	return end
}

func (s *scanner) open(text []byte, start, end int) error {
	tag := bytes.TrimSuffix(text[start+1:end], []byte(">"))
	closed := bytes.HasSuffix(tag, []byte("/"))
	tag = bytes.TrimSuffix(tag, []byte("/"))
	name := tagName(tag)
	prefix, local := split(name)
	depth := len(s.stack)
	switch {
	case depth == 0 && s.out.root == "":
		s.out.root = local
		if local == "channel" || local == "item" || local == "entry" {
			s.damaged("its root is missing")
		}
		s.out.lang, s.out.base = attr(tag, "xml:lang"), attr(tag, "xml:base")
		s.native[prefix] = true
		eachAttr(tag, func(k, v string) {
			if p, ok := strings.CutPrefix(k, "xmlns:"); ok {
				s.native[p] = s.native[p] || natives[strings.TrimSpace(v)]
				s.xhtml[p] = v == "http://www.w3.org/1999/xhtml"
			}
		})
	case s.entry == 0 && s.native[prefix] && s.isEntry(local, depth):
		s.entry, s.start = depth, start
		s.cur = spot{about: attr(tag, "rdf:about"), lang: attr(tag, "xml:lang"), base: attr(tag, "xml:base"), inChannel: depth == 2}
	case depth == 0:
		s.damaged("it has several roots")
	case depth == 1 && local == "channel":
		if s.channels++; s.channels > 1 {
			s.damaged("it has several channels")
		}
	case s.entry > 0 && (local == "item" || local == "entry" && depth == s.entry+1) && s.native[prefix]:
		s.damaged("an entry is not closed")
	case s.entry > 0 && depth == s.entry+1:
		s.child(prefix, local, tag)
	}
	if closed {
		if s.entry > 0 && depth == s.entry {
			s.finish(end)
		}
		return nil
	}
	if depth >= maxDepth {
		return fmt.Errorf("more than %d elements inside each other", maxDepth)
	}
	s.stack = append(s.stack, frame{name, end})
	return nil
}

// isEntry says whether an element at this depth is an entry: of Atom's feed, of RSS's channel, of an RDF document.
func (s *scanner) isEntry(local string, depth int) bool {
	if s.out.root == "feed" {
		return depth == 1 && local == "entry"
	}
	if local != "item" {
		return false
	}
	if depth == 2 {
		_, parent := split(s.stack[1].name)
		return parent == "channel"
	}
	return depth == 1
}

func (s *scanner) child(prefix, local string, tag []byte) {
	if !s.native[prefix] {
		return
	}
	switch local {
	case "title":
		s.cur.titleType = textType(tag)
	case "summary":
		s.cur.summaryType = textType(tag)
	case "content":
		s.cur.contentType, s.cur.contentTyped = textType(tag), attr(tag, "type") != ""
	}
}

func textType(tag []byte) string {
	if t := strings.ToLower(strings.TrimSpace(attr(tag, "type"))); t != "" {
		return t
	}
	if strings.EqualFold(attr(tag, "mode"), "escaped") {
		return "html" // Atom 0.3
	}
	return ""
}

func (s *scanner) close(text, name []byte, start, end int) {
	// An unclosed <br> or <p> leaves frames behind; the search is bounded so that strange end tags stay cheap.
	for d := len(s.stack) - 1; d >= 0 && d >= len(s.stack)-64; d-- {
		if !bytes.Equal(s.stack[d].name, name) {
			continue
		}
		f := s.stack[d]
		if d < len(s.stack)-1 {
			s.damaged("an element is not closed")
		}
		s.stack = s.stack[:d]
		switch {
		case s.entry > 0 && d == s.entry+1:
			s.inner(text[f.inner:start], name)
		case s.entry > 0 && d <= s.entry:
			s.finish(end)
		}
		return
	}
	s.damaged("an end tag has no start")
}

func (s *scanner) inner(inner, name []byte) {
	prefix, local := split(name)
	switch {
	case local == "id" && s.native[prefix]:
		s.cur.id = xmlText(inner)
	case local == "body" && (s.xhtml[prefix] || s.native[prefix]) && bytes.Contains(inner, []byte("<")):
		s.cur.xhtml = string(bytes.TrimSpace(inner))
	}
}

func (s *scanner) finish(end int) {
	if len(s.out.spots) < maxItems {
		s.out.spots = append(s.out.spots, s.cur)
	} else {
		s.cuts = append(s.cuts, [2]int{s.start, end})
	}
	s.entry = 0
}

// order puts the items of a channel before those beside it, as gofeed does.
func (s *scanner) order() {
	if s.out.root == "feed" {
		return
	}
	sorted := make([]spot, 0, len(s.out.spots))
	for _, in := range []bool{true, false} {
		for _, sp := range s.out.spots {
			if sp.inChannel == in {
				sorted = append(sorted, sp)
			}
		}
	}
	s.out.spots = sorted
}

func without(text []byte, cuts [][2]int) []byte {
	out := make([]byte, 0, len(text))
	at := 0
	for _, c := range cuts {
		out = append(out, text[at:c[0]]...)
		at = c[1]
	}
	return append(out, text[at:]...)
}

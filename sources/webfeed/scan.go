package webfeed

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Limits of a document.
const (
	maxDepth      = 1000    // elements inside each other
	maxItems      = 10_000  // entries; the rest is left out and reported
	maxEntry      = 8 << 20 // bytes of one; larger ones are left out and reported
	maxLeaf       = 1 << 20 // bytes of what the feed says of itself, in one element
	maxChildren   = 2000    // elements right inside an entry
	maxAttributes = 250     // of one element
	maxNamespaces = 200     // in scope at one place
	maxExtra      = 10_000  // elements of extensions, and their attributes, of one entry or of the feed itself
	maxExtras     = 100_000 // the same of all entries: the parser keeps them all; the entries beyond are left out
)

// outline is what a first, cheap pass over an XML document finds: what gofeed's models do not keep, and whether the
// document is within the limits. It does not judge well-formedness; the parser does.
type outline struct {
	root            string // local name of the root, lower case
	id              string // of an Atom feed, as it stands
	title, subtitle construct
	lang            string
	podcast         string   // prefix of the podcast namespace
	bases           []string // xml:base of the root, and of RSS's channel
	spots           []spot   // one per entry, in the order of gofeed's lists
	// text is the document as the parser is to see it: without the entries that are left out, without the long texts (see
	// spot.long), and with xml:base out of sight, which gofeed resolves in its own way (it makes a directory of each) and we by RFC 3986.
	text []byte
	// whole is text with the long texts; nil if there are none.
	whole       []byte
	left, large int // entries left out because there are too many, and because they are too large
	// rest is the whole document without what is left out of it; nil for all of it.
	rest []byte
	// damage is what makes the document ill-formed in a way that the parser would misread; empty for none that was seen.
	damage string
	// entities says that its DOCTYPE defines some.
	entities bool
}

// natives are the namespaces whose elements gofeed takes for the format's own, by root.
var natives = map[string]map[string]bool{
	"feed": {"http://www.w3.org/2005/Atom": true, "http://purl.org/atom/ns#": true},
	"rss":  rssNatives,
	"rdf":  rssNatives,
}

var rssNatives = map[string]bool{
	"http://www.w3.org/1999/02/22-rdf-syntax-ns#": true, "http://purl.org/rss/1.0/": true,
	"http://channel.netscape.com/rdf/simple/0.9/": true, "http://my.netscape.com/rdf/simple/0.9/": true,
}

type scanner struct {
	out    outline
	stack  []frame
	native map[string]bool // prefixes
	xhtml  map[string]bool
	// encoded are the prefixes of RSS's content module.
	encoded map[string]bool
	// entry is the depth of the open entry in the stack, 0 for none (the root is no entry); start is its offset.
	entry, start int
	cur          spot
	leaf         leaf     // the open child of the entry
	cuts, spared [][2]int // what is left out, and the texts that the parser does not see: offsets, in their order
	children     int      // of the open entry
	channels     int
	extra        int   // of the open entry, or of the feed
	extras       int   // of the entries before
	based        bool  // xml:base occurs
	bases        []int // offsets of it
}

type frame struct {
	name       []byte // with prefix
	start      int    // offset
	inner      int    // offset behind the start tag
	namespaces int    // that are bound there
}

// survey makes the outline of an XML document. It fails when elements are nested too deeply.
func survey(text []byte) (*outline, error) {
	s := &scanner{native: map[string]bool{"": true}, xhtml: map[string]bool{"xhtml": true}, encoded: map[string]bool{}, based: bytes.Contains(text, []byte("xml:base"))}
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
			i = s.declaration(text, i)
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
	if len(s.bases) > 0 {
		s.out.text = bytes.Clone(text)
		for _, at := range s.bases {
			copy(s.out.text[at:], "xml_base")
		}
	}
	if len(s.cuts) > 0 {
		s.out.rest = without(text, s.cuts)
	}
	seen := s.out.text
	if len(s.cuts) > 0 {
		s.out.text = without(seen, s.cuts)
	}
	if len(s.spared) > 0 {
		s.out.whole, s.out.text = s.out.text, without(seen, s.unseen())
	}
	return &s.out, nil
}

// see shows the parser the long texts after all.
func (o *outline) see() {
	o.text, o.whole = o.whole, nil
	for i := range o.spots {
		o.spots[i].long = longTexts{}
	}
}

// declaration is the offset behind a DOCTYPE, or what looks like one in a wrong place.
func (s *scanner) declaration(text []byte, i int) int {
	if s.out.root == "" && s.out.damage == "" {
		if end := afterDoctype(text, i+2); end < len(text) {
			s.out.entities = bytes.Contains(text[i:end], []byte("<!ENTITY"))
			return end
		}
	}
	s.damaged("its DOCTYPE is not closed")
	return after(text, i, ">")
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
	bound, err := s.limit(prefix, tag)
	if err != nil {
		return err
	}
	switch {
	case depth == 0 && s.out.root == "":
		s.out.root = local
		if local == "channel" || local == "item" || local == "entry" {
			s.damaged("its root is missing")
		}
		s.out.lang = attr(tag, "xml:lang")
		s.base(tag)
		s.native[prefix] = true
		s.declare(tag)
	case s.entry == 0 && s.native[prefix] && s.isEntry(local, depth):
		s.entry, s.start, s.extra, s.children = depth, start, 0, 0
		s.cur = spot{about: attr(tag, "rdf:about"), lang: attr(tag, "xml:lang"), base: attr(tag, "xml:base"), inChannel: depth == 2}
	case depth == 0:
		s.damaged("it has several roots")
	case depth == 1 && local == "channel":
		if s.channels++; s.channels > 1 {
			s.damaged("it has several channels")
		}
		s.out.lang = first(s.out.lang, attr(tag, "xml:lang"))
		s.base(tag)
	case s.entry > 0 && (local == "item" || local == "entry" && depth == s.entry+1) && s.native[prefix]:
		s.damaged("an entry is not closed")
	case depth == 1 && s.out.root == "feed" && s.native[prefix]:
		s.leaf = newLeaf(prefix, local, tag)
	case s.entry > 0 && depth == s.entry+1:
		if s.children++; s.children > maxChildren {
			return fmt.Errorf("more than %d elements in one entry", maxChildren)
		}
		s.child(prefix, local, tag)
	case s.entry > 0 && s.based && depth == s.entry+2 && s.leaf.markup():
		s.cur.inner = first(s.cur.inner, attr(tag, "xml:base"))
	}
	if s.based {
		s.hide(text, start, end)
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
	s.stack = append(s.stack, frame{name, start, end, bound})
	return nil
}

// limit counts what the parser would keep of a tag.
func (s *scanner) limit(prefix string, tag []byte) (bound int, err error) {
	if n := len(s.stack); n > 0 {
		bound = s.stack[n-1].namespaces
	}
	attributes := bytes.Count(tag, []byte("="))
	if attributes > maxAttributes && countAttrs(tag) > maxAttributes {
		return 0, fmt.Errorf("an element has more than %d attributes", maxAttributes)
	}
	if attributes > 0 {
		bound += bytes.Count(tag, []byte("xmlns"))
	}
	if bound > maxNamespaces {
		return 0, fmt.Errorf("more than %d namespaces in one place", maxNamespaces)
	}
	if !s.native[prefix] {
		if s.extra += 1 + attributes; s.extra > maxExtra && s.extras <= maxExtras {
			return 0, fmt.Errorf("more than %d elements of extensions in one entry", maxExtra)
		}
	}
	return bound, nil
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

// base notes the base of the root or channel.
func (s *scanner) base(tag []byte) {
	if b := attr(tag, "xml:base"); b != "" {
		s.out.bases = append(s.out.bases, b)
	}
}

// hide marks the xml:base of a tag.
func (s *scanner) hide(text []byte, start, end int) {
	for {
		n := bytes.Index(text[start:end], []byte("xml:base"))
		if n < 0 {
			return
		}
		s.bases = append(s.bases, start+n)
		start += n + len("xml:base")
	}
}

// declare learns the prefixes that a tag binds.
func (s *scanner) declare(tag []byte) {
	eachAttr(tag, func(k, v string) {
		if p, ok := strings.CutPrefix(k, "xmlns:"); ok {
			v = strings.TrimSpace(v)
			s.native[p] = s.native[p] || natives[s.out.root][v]
			s.xhtml[p] = s.xhtml[p] || v == "http://www.w3.org/1999/xhtml"
			if podcasting[v] {
				s.out.podcast = p
			}
			s.encoded[p] = v == "http://purl.org/rss/1.0/modules/content/"
		}
	})
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
			inner := text[f.inner:start]
			s.cur.leaf(s.leaf, inner)
			if s.spare(inner) {
				s.spared = append(s.spared, [2]int{f.inner, start})
			}
		case s.entry > 0 && d <= s.entry:
			s.finish(end)
		case s.entry == 0 && end-f.start > maxLeaf && !frames[strings.ToLower(string(name))]:
			s.cut(f.start, end)
		case d == 1 && s.out.root == "feed":
			s.ofFeed(name, text[f.inner:start])
		}
		return
	}
	s.damaged("an end tag has no start")
}

func (s *scanner) finish(end int) {
	s.cur.finish()
	s.extras += s.extra
	s.extra, s.entry = 0, 0
	switch {
	case end-s.start > maxEntry:
		s.out.large++
		s.cut(s.start, end)
	case len(s.out.spots) >= maxItems || s.extras > maxExtras:
		s.out.left++
		s.cut(s.start, end)
	default:
		s.out.spots = append(s.out.spots, s.cur)
	}
}

// cut takes a piece out of the document, with what little stands between it and the one before.
func (s *scanner) cut(start, end int) {
	for n := len(s.spared); n > 0 && s.spared[n-1][0] >= start; n-- {
		s.spared = s.spared[:n-1]
	}
	if n := len(s.cuts); n > 0 && start-s.cuts[n-1][1] < 8 {
		s.cuts[n-1][1] = end
		return
	}
	s.cuts = append(s.cuts, [2]int{start, end})
}

// unseen are the pieces that the parser does not see.
func (s *scanner) unseen() [][2]int {
	all := slices.Concat(s.cuts, s.spared)
	slices.SortFunc(all, func(a, b [2]int) int { return a[0] - b[0] })
	return all
}

// ofFeed keeps what gofeed reads in another way of an Atom feed.
func (s *scanner) ofFeed(name, inner []byte) {
	prefix, local := split(name)
	switch {
	case !s.native[prefix]:
	case local == "id":
		s.out.id = xmlText(inner)
	case local == "title":
		s.out.title.text = s.leaf.special(inner)
	case local == "subtitle" || local == "tagline":
		s.out.subtitle.text = s.leaf.special(inner)
	}
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

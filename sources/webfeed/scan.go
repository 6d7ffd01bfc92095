package webfeed

import (
	"bytes"
	"fmt"
	"html"
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
			i = after(text, i+4, "-->")
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			i = after(text, i+9, "]]>")
		case bytes.HasPrefix(rest, []byte("<?")):
			i = after(text, i+2, "?>")
		case bytes.HasPrefix(rest, []byte("<!")):
			i = afterDoctype(text, i+2)
		case bytes.HasPrefix(rest, []byte("</")):
			end := after(text, i+2, ">")
			s.close(text, bytes.TrimSpace(bytes.TrimSuffix(text[i+2:end], []byte(">"))), i, end)
			i = end
		case len(rest) > 1 && nameStart(rest[1]):
			end := afterTag(text, i+1)
			if err := s.open(text, i, end); err != nil {
				return nil, err
			}
			i = end
		default:
			i++
		}
	}
	s.order()
	s.out.text = text
	if len(s.cuts) > 0 {
		s.out.left = len(s.cuts)
		s.out.text = without(text, s.cuts)
	}
	return &s.out, nil
}

func (s *scanner) open(text []byte, start, end int) error {
	tag := bytes.TrimSuffix(text[start+1:end], []byte(">"))
	closed := bytes.HasSuffix(tag, []byte("/"))
	tag = bytes.TrimSuffix(tag, []byte("/"))
	name := tag
	if n := bytes.IndexAny(tag, " \t\r\n/"); n >= 0 {
		name = tag[:n]
	}
	prefix, local := split(name)
	depth := len(s.stack)
	switch {
	case depth == 0 && s.out.root == "":
		s.out.root = local
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
		s.stack = s.stack[:d]
		switch {
		case s.entry > 0 && d == s.entry+1:
			s.inner(text[f.inner:start], name)
		case s.entry > 0 && d <= s.entry:
			s.finish(end)
		}
		return
	}
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

// after is the offset behind the next mark, or the end.
func after(text []byte, i int, mark string) int {
	if n := bytes.Index(text[min(i, len(text)):], []byte(mark)); n >= 0 {
		return i + n + len(mark)
	}
	return len(text)
}

// afterTag is the offset behind the end of a start tag; quoted values may hold a ">".
func afterTag(text []byte, i int) int {
	var quote byte
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return len(text)
}

// afterDoctype is the offset behind a declaration with its internal subset. Nothing in it is expanded or fetched.
func afterDoctype(text []byte, i int) int {
	var quote byte
	depth := 1
	for ; i < len(text) && depth > 0; i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '<':
			depth++
		case c == '>':
			depth--
		}
	}
	return i
}

func nameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || c >= 0x80
}

func split(name []byte) (prefix, local string) {
	if p, l, ok := bytes.Cut(name, []byte(":")); ok {
		return string(p), strings.ToLower(string(l))
	}
	return "", strings.ToLower(string(name))
}

// attr is the value of an attribute in a start tag, its name as written.
func attr(tag []byte, name string) (value string) {
	if !bytes.Contains(tag, []byte(name)) {
		return ""
	}
	eachAttr(tag, func(k, v string) {
		if k == name && value == "" {
			value = v
		}
	})
	return value
}

func eachAttr(tag []byte, fn func(name, value string)) {
	const blanks = " \t\r\n"
	if n := bytes.IndexAny(tag, blanks); n >= 0 {
		tag = tag[n:]
	} else {
		return
	}
	for {
		tag = bytes.TrimLeft(tag, blanks+"/")
		n := bytes.IndexByte(tag, '=')
		if n < 0 {
			return
		}
		name := bytes.TrimRight(tag[:n], blanks)
		tag = bytes.TrimLeft(tag[n+1:], blanks)
		if len(tag) == 0 {
			return
		}
		var value []byte
		if q := tag[0]; q == '"' || q == '\'' {
			end := bytes.IndexByte(tag[1:], q)
			if end < 0 {
				return
			}
			value, tag = tag[1:1+end], tag[end+2:]
		} else {
			end := bytes.IndexAny(tag, blanks)
			if end < 0 {
				end = len(tag)
			}
			value, tag = tag[:end], tag[end:]
		}
		if i := bytes.LastIndexAny(name, blanks); i >= 0 {
			name = name[i+1:] // an attribute without value before it
		}
		fn(string(name), html.UnescapeString(string(value)))
	}
}

// xmlText is the character data of an element that holds no other elements.
func xmlText(inner []byte) string {
	var b strings.Builder
	for {
		before, rest, ok := bytes.Cut(inner, []byte("<![CDATA["))
		b.WriteString(html.UnescapeString(string(before)))
		if !ok {
			return strings.TrimSpace(b.String())
		}
		literal, rest, _ := bytes.Cut(rest, []byte("]]>"))
		b.Write(literal)
		inner = rest
	}
}

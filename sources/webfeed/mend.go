package webfeed

import (
	"bytes"
	"strings"
)

// mend writes a document that is not well-formed as one that is, with everything in it that can be told apart: tags that
// were left open are closed where the next one of their kind shows that they ended, end tags without a start go, as do
// comments and declarations; what only looks like a tag becomes text. Of several roots or channels the first counts, and
// the entries of all. A document without its root gets one. cut says that it ends in the middle of an entry, which is
// left out.
func mend(text []byte) (mended []byte, cut bool) {
	m := &mender{text: text, out: make([]byte, 0, len(text)+len(text)/16), inside: map[string]int{}, outside: map[string]int{}, missing: map[string]bool{}}
	for m.at < len(text) && len(m.out) < len(text)+len(text)/8+maxLeaf {
		n := bytes.IndexByte(text[m.at:], '<')
		if n < 0 {
			m.chars(text[m.at:])
			break
		}
		m.chars(text[m.at : m.at+n])
		m.at += n
		m.markup()
	}
	cut = len(m.stack) > 0
	for len(m.stack) > 0 {
		// What was not finished may be without its text or id.
		e := m.stack[len(m.stack)-1]
		m.pop(e.entry || len(m.stack) > 1 && !frames[e.local])
	}
	for i := len(m.roots) - 1; i >= 0; i-- {
		m.end(m.roots[i])
	}
	return m.out, cut
}

type mender struct {
	text  []byte
	at    int
	out   []byte
	stack []element
	// roots are the root and what was put around it: they end where the document does.
	roots    []string
	channels int
	entries  int // open ones
	// inside counts the open elements of the entry by name, outside the others.
	inside, outside map[string]int
	// missing are the marks that do not come again: they are looked for once.
	missing map[string]bool
}

// index is where a mark comes next, -1 for nowhere.
func (m *mender) index(rest []byte, mark string) int {
	if m.missing[mark] {
		return -1
	}
	n := bytes.Index(rest, []byte(mark))
	m.missing[mark] = n < 0
	return n
}

// element is an open element.
type element struct {
	name, local string
	mark        int // where it begins in the output
	// hidden elements are left out with what is not in another element; dropped ones with everything.
	hidden, dropped bool
	entry           bool
}

func (m *mender) inEntry() bool { return m.entries > 0 }

// markup reads what begins with "<" at the current place.
func (m *mender) markup() {
	rest := m.text[m.at:]
	skip := func(opened int, mark string) {
		if n := m.index(rest[opened:], mark); n >= 0 {
			m.at += opened + n + len(mark)
		} else if n := bytes.IndexByte(rest, '>'); n >= 0 && mark != "?>" {
			m.at += n + 1
		} else {
			m.at = len(m.text)
		}
	}
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		skip(4, "-->")
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		m.cdata()
	case bytes.HasPrefix(rest, []byte("<?")):
		skip(2, "?>")
	case bytes.HasPrefix(rest, []byte("<!")) && len(m.roots) == 0:
		end := len(m.text)
		if !m.missing["<!"] {
			end = afterDoctype(m.text, m.at+2)
		}
		if m.missing["<!"] = end == len(m.text); m.missing["<!"] {
			skip(2, ">")
		} else {
			m.at = end
		}
	case bytes.HasPrefix(rest, []byte("</")):
		n := bytes.IndexAny(rest[2:], "<>")
		if n < 0 {
			m.at = len(m.text)
			return
		}
		m.close(string(bytes.TrimSpace(rest[2 : 2+n])))
		if m.at += 2 + n; rest[2+n] == '>' {
			m.at++
		}
	default:
		tag, ok := startTag(rest)
		if !ok {
			m.chars([]byte("<"))
			m.at++
			return
		}
		m.at += len(tag)
		if tag[len(tag)-1] != '>' {
			return // cut
		}
		m.open(tag)
	}
}

// startTag is the start tag at the start of b, without its ">" where the document ends; false if it only looks like one.
func startTag(b []byte) ([]byte, bool) {
	if len(b) < 2 || !nameStart(b[1]) || b[1] >= 0x80 {
		return nil, false
	}
	var quote byte
	opened, ends := 0, -1
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0 && c == '>' && ends < 0:
			ends = i
		case quote != 0 && c == '<' && ends >= opened:
			return b[:ends+1], true // a quotation mark is missing: nothing is quoted over several tags
		case quote != 0:
		case c == '"' || c == '\'':
			quote, opened, ends = c, i, -1
		case c == '>':
			return b[:i+1], true
		case c == '<':
			return nil, false
		}
	}
	if ends >= 0 {
		return b[:ends+1], true
	}
	return b, true
}

// frames are the elements that entries stand in.
var frames = set("rss rdf feed channel")

// leaves are the elements of entries and channels that hold text or nothing. The plain ones hold no markup either: when
// another leaf begins in one, it was not closed. In a text of HTML that can be told only of those that are not htmlToo.
var (
	leaves      = set("title link guid pubdate author category comments enclosure description content summary id updated published issued modified source language copyright generator ttl lastbuilddate")
	plainLeaves = set("title link guid pubdate author category comments enclosure language copyright generator ttl id updated published issued modified lastbuilddate")
	textLeaves  = set("description content summary")
	htmlToo     = set("title link source summary content")
	voids       = set("br img hr wbr input meta")
)

func set(words string) map[string]bool {
	m := make(map[string]bool)
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

func (m *mender) open(tag []byte) {
	inner := bytes.TrimSuffix(tag[1:], []byte(">"))
	closed := bytes.HasSuffix(inner, []byte("/"))
	inner = bytes.TrimSuffix(inner, []byte("/"))
	name := tagName(inner)
	if !validName(name) {
		m.chars(tag)
		return
	}
	prefix, local := split(name)
	e := element{name: string(name), local: local, entry: local == "item" || local == "entry"}
	native := len(m.roots) == 0 || prefix == "" || prefix == rootPrefix(m.roots)
	e.entry = e.entry && native
	if native {
		m.unnest(local)
	}
	if len(m.stack) > 0 && m.stack[len(m.stack)-1].hidden && !e.entry {
		e.dropped = true
	}
	switch {
	case len(m.roots) == 0:
		m.root(e)
	case len(m.stack) == 0:
		_, first := split([]byte(m.roots[len(m.roots)-1]))
		e.hidden = local == first || first != "channel" && local == "channel"
		e.dropped = !e.hidden && !e.entry
	case local == "channel" && len(m.stack) == 1:
		e.hidden = e.hidden || m.channels > 0
		e.dropped = false
	}
	if local == "channel" {
		m.channels++
	}
	e.mark = len(m.out)
	if len(m.stack) >= maxDepth {
		return
	}
	empty := closed || m.inEntry() && voids[e.name]
	if !e.hidden {
		m.start(e.name, inner, empty && !m.isRoot(e))
	}
	if empty {
		if e.dropped {
			m.out = m.out[:e.mark]
		}
		return
	}
	if m.stack = append(m.stack, e); e.entry {
		if m.entries++; m.entries == 1 {
			clear(m.inside)
		}
	}
	m.count()[strings.ToLower(e.name)]++
}

// count is the number of open elements by name, where an end tag can reach them.
func (m *mender) count() map[string]int {
	if m.inEntry() {
		return m.inside
	}
	return m.outside
}

// root begins the document, and puts around a channel or an entry what it should stand in.
func (m *mender) root(e element) {
	if wrap := map[string]string{"channel": "rss", "item": "rss", "entry": "feed"}[e.local]; wrap != "" {
		m.start(wrap, nil, false)
		m.roots = append(m.roots, wrap)
	}
	if !e.entry {
		m.roots = append(m.roots, e.name)
	}
}

// unnest closes what a native element cannot begin in: an entry inside an entry, a leaf inside a leaf.
func (m *mender) unnest(local string) {
	top := len(m.stack) - 1
	if top < 0 {
		return
	}
	if local == "item" || local == "entry" {
		for m.inEntry() && !m.inContent() {
			m.pop(false)
		}
		return
	}
	for d := top; d > 0 && d >= top-8; d-- {
		e, parent := m.stack[d], m.stack[d-1]
		if e.entry || frames[e.local] {
			return
		}
		if leaves[local] && (parent.entry || frames[parent.local]) && (plainLeaves[e.local] || textLeaves[e.local] && !htmlToo[local]) {
			for len(m.stack) > d {
				m.pop(false)
			}
			return
		}
	}
}

// inContent says that an Atom content is open: a whole entry may stand in it.
func (m *mender) inContent() bool {
	for i := len(m.stack) - 1; i >= 0 && !m.stack[i].entry; i-- {
		if m.stack[i].local == "content" {
			return true
		}
	}
	return false
}

// close ends the element of that name, and what is open in it. One inside an entry does not end what is around it.
func (m *mender) close(name string) {
	_, local := split([]byte(name))
	structural := frames[local] || local == "item" || local == "entry"
	if !structural && m.count()[strings.ToLower(name)] == 0 {
		return
	}
	for d := len(m.stack) - 1; d >= 0; d-- {
		if strings.EqualFold(m.stack[d].name, name) {
			for len(m.stack) > d {
				m.pop(false)
			}
			return
		}
		if m.stack[d].entry && !structural {
			return
		}
	}
}

// pop closes the innermost element; leaving it out if drop.
func (m *mender) pop(drop bool) {
	e := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	m.count()[strings.ToLower(e.name)]--
	if e.entry {
		m.entries--
	}
	switch {
	case drop || e.dropped:
		m.out = m.out[:e.mark]
	case e.hidden || m.isRoot(e):
	default:
		m.end(e.name)
	}
}

// isRoot says that an element with nothing open around it is the root, which ends with the document.
func (m *mender) isRoot(e element) bool {
	return len(m.stack) == 0 && !e.hidden && !e.dropped && e.name == m.roots[len(m.roots)-1]
}

func (m *mender) start(name string, tag []byte, empty bool) {
	m.out = append(append(m.out, '<'), name...)
	eachRawAttr(tag, func(k, v []byte) bool {
		if !validName(k) {
			return true
		}
		m.out = append(append(append(m.out, ' '), k...), '=', '"')
		for _, c := range v {
			switch c {
			case '<':
				m.out = append(m.out, "&lt;"...)
			case '"':
				m.out = append(m.out, "&quot;"...)
			default:
				m.out = append(m.out, c)
			}
		}
		m.out = append(m.out, '"')
		return true
	})
	if empty {
		m.out = append(m.out, '/')
	}
	m.out = append(m.out, '>')
}

func (m *mender) end(name string) {
	m.out = append(append(append(m.out, '<', '/'), name...), '>')
}

// chars writes text; outside of the root there is none.
func (m *mender) chars(text []byte) {
	if len(m.stack) == 0 || m.stack[len(m.stack)-1].hidden {
		return
	}
	for {
		n := bytes.IndexAny(text, "<>")
		if n < 0 {
			m.out = append(m.out, text...)
			return
		}
		m.out = append(m.out, text[:n]...)
		if text[n] == '<' {
			m.out = append(m.out, "&lt;"...)
		} else {
			m.out = append(m.out, "&gt;"...)
		}
		text = text[n+1:]
	}
}

// cdata copies a CDATA section. One that was never closed ends with the element it stands in.
func (m *mender) cdata() {
	const opening, closing = "<![CDATA[", "]]>"
	body := m.text[m.at+len(opening):]
	n := m.index(body, closing)
	next := len(closing)
	if e := m.elementEnd(body, n); e >= 0 {
		n, next = e, 0
	}
	if n < 0 {
		n, next = len(body), 0
	}
	if len(m.stack) > 0 {
		m.out = append(m.out, opening...)
		m.out = append(m.out, bytes.ReplaceAll(body[:n], []byte(closing), nil)...)
		m.out = append(m.out, closing...)
	}
	m.at += len(opening) + n + next
}

// elementEnd is where the end tag of the open element stands in an unclosed CDATA section; -1 if it is closed at n.
func (m *mender) elementEnd(body []byte, n int) int {
	if len(m.stack) == 0 {
		return -1
	}
	within := body
	if n >= 0 {
		within = body[:n]
	}
	end := bytes.Index(within, []byte("</"+m.stack[len(m.stack)-1].name+">"))
	if end < 0 || n >= 0 && !bytes.Contains(within[end:], []byte("<![CDATA[")) {
		return -1
	}
	return end
}

func rootPrefix(roots []string) string {
	prefix, _ := split([]byte(roots[len(roots)-1]))
	return prefix
}

// validName says that encoding/xml takes a name; those outside ASCII are in no format of feeds.
func validName(name []byte) bool {
	if len(name) == 0 || name[0] >= 0x80 || !nameStart(name[0]) || bytes.Count(name, []byte(":")) > 1 {
		return false
	}
	for _, c := range name {
		if !nameStart(c) && (c < '0' || c > '9') && c != '-' && c != '.' || c >= 0x80 {
			return false
		}
	}
	return true
}

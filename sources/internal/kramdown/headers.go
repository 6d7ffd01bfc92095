package kramdown

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// atxMarker is where the text of a header with # begins; 0 if there is none at i. bare allows that no blank follows.
func atxMarker(s string, i int, bare bool) int {
	n := 0
	for n < 7 && i+n < len(s) && s[i+n] == '#' {
		n++
	}
	if n == 0 || n > 6 && !bare {
		return 0
	}
	at := skipBlanks(s, i+n)
	if at == i+n && !bare {
		return 0
	}
	return at
}

func (p *parser) atxHeader(el *node, b *block) bool {
	s := b.src
	plain := p.opts.Plain || !p.opts.ParagraphEnd
	if plain && !p.afterBoundary(el) {
		return false
	}
	at := atxMarker(s, b.pos, p.opts.Plain)
	if at == 0 {
		return false
	}
	level := 0
	for level < 6 && s[b.pos+level] == '#' {
		level++
	}
	if p.opts.Plain {
		at = skipBlanks(s, b.pos+level)
	}
	end := lineEnd(s, b.pos)
	title, id := headerText(s[at:end])
	if cut := strings.TrimRight(title, "#"); len(cut) < len(title) {
		switch {
		case plain && !strings.HasSuffix(cut, `\`):
			title = trimRight(cut)
		case !plain && cut != "" && isBlankOrTab(cut[len(cut)-1]):
			title = trimRight(cut)
		}
	}
	if title == "" {
		return false
	}
	p.header(el, b, level, title, id)
	b.pos = end
	return true
}

// setextHeader is a line with a line of = or - below.
func (p *parser) setextHeader(el *node, b *block, at int) bool {
	s := b.src
	under := lineEnd(s, b.pos)
	if under >= len(s) || s[under] != '-' && s[under] != '=' || at >= under || isBlankOrTab(s[at]) {
		return false
	}
	i := under
	for i < len(s) && (s[i] == '-' || s[i] == '=') {
		i++
	}
	end, ok := blankLine(s, i)
	if !ok || !p.afterBoundary(el) {
		return false
	}
	title, id := headerText(s[at:under])
	if title == "" {
		return false
	}
	level := 1
	if s[under] == '-' {
		level = 2
	}
	p.header(el, b, level, title, id)
	b.pos = end
	return true
}

// headerText splits the text of a header from its ID: "Title {#id}".
func headerText(s string) (title, id string) {
	s = trimRight(s)
	i := strings.LastIndex(s, "{#")
	if i < 1 || !isBlankOrTab(s[i-1]) || s[len(s)-1] != '}' {
		return s, ""
	}
	id = s[i+2 : len(s)-1]
	if !isID(id) {
		return s, ""
	}
	return trimRight(s[:i]), id
}

// isID reports whether s is a name as XML has it.
func isID(s string) bool {
	for i, r := range s {
		start := r == ':' || r == '_' || r < utf8.RuneSelf && isAlpha(r) || r >= 0xc0 && r != 0xd7 && r != 0xf7 && r != 0x37e &&
			(r < 0x300 || r >= 0x370) && (r <= 0x1fff || r == 0x200c || r == 0x200d || r >= 0x2070 && r <= 0x218f ||
			r >= 0x2c00 && r <= 0x2fef || r >= 0x3001)
		if !start && (i == 0 || !(r == '-' || r == '.' || r >= '0' && r <= '9' || r == 0xb7 || r >= 0x300 && r < 0x370 || r == 0x203f || r == 0x2040)) {
			return false
		}
	}
	return s != ""
}

func (p *parser) header(el *node, b *block, level int, title, id string) {
	n := p.begin(header, b)
	n.level, n.value, n.raw = int32(level), title, true
	if id != "" {
		n.set("id", id)
	}
	el.add(n)
}

// headerIDs gives the headers below el that have none the ID that kramdown's GFM parser makes: letters of all scripts
// stay. Headers within HTML elements, and all with input kramdown, get kramdown's own (see renderer.header).
func (p *parser) headerIDs(el *node) {
	if !p.opts.AutoIDs || p.opts.Plain {
		return
	}
	for n := el.first; n != nil; n = n.next {
		switch n.kind {
		case header:
			if _, ok := n.get("id"); !ok {
				n.set("id", p.opts.IDPrefix+p.headerID(p.plainText(n)))
			}
		case quote, bullets, numbers, listItem, terms, definition:
			p.headerIDs(n)
		}
	}
}

func (p *parser) headerID(title string) string {
	id := strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '\t' || r == '-':
			return '-'
		case isWordRune(r):
			return r
		}
		return -1
	}, strings.ToLower(strings.ReplaceAll(title, "İ", "i\u0307")))
	if p.headerSeen == nil {
		p.headerSeen = map[string]int{}
	}
	n := p.headerSeen[id]
	p.headerSeen[id]++
	if n > 0 {
		id += "-" + strconv.Itoa(n)
	}
	return id
}

// plainText is the text of a header without markup.
func (p *parser) plainText(n *node) string {
	if n.first != nil && n.first == n.last && n.first.kind == text {
		return n.first.value
	}
	var b strings.Builder
	p.appendText(&b, n)
	return b.String()
}

func (p *parser) appendText(b *strings.Builder, n *node) {
	for c := n.first; c != nil; c = c.next {
		switch c.kind {
		case text, codeSpan, spanMath, char, abbreviation:
			b.WriteString(c.value)
		default:
			p.appendText(b, c)
		}
	}
}

// asciiID is kramdown's own ID: ASCII letters, digits, blanks as hyphens.
func asciiID(title string) string {
	title = strings.TrimLeftFunc(title, func(r rune) bool { return r >= utf8.RuneSelf || !isAlpha(r) })
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == ' ' || r == '-':
			return '-'
		case r < utf8.RuneSelf && isAlnum(r):
			return r
		}
		return -1
	}, title)
}

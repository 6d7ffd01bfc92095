package kramdown

import "strings"

// linkDef is [id]: address "title".
type linkDef struct {
	url, title string
	titled     bool
	// at is the boundary that stands for the definition: an attribute list behind it belongs to every such link.
	at *node
}

func (p *parser) define(id string, def linkDef) {
	if p.links == nil {
		p.links = map[string]linkDef{}
	}
	def.titled = def.titled || def.title != ""
	p.links[linkID(id)] = def
}

// linkID is an ID without regard to case and to the amount of white space.
func linkID(id string) string {
	if strings.ContainsAny(id, " \t\n\v\f\r") {
		var out strings.Builder
		for i := 0; i < len(id); i++ {
			if isSpace(id[i]) {
				if i == 0 || !isSpace(id[i-1]) {
					out.WriteByte(' ')
				}
				continue
			}
			out.WriteByte(id[i])
		}
		id = out.String()
	}
	return strings.ToLower(id)
}

// linkDefinition reads [id]: address "title"; the title may stand on the next line.
func (p *parser) linkDefinition(el *node, b *block, at int) bool {
	s := b.src
	eol := lineEnd(s, at)
	n := strings.IndexByte(s[at:eol], ']')
	if n < 2 || at+n+1 >= eol || s[at+n+1] != ':' {
		return false
	}
	id := s[at+1 : at+n]
	rest := strings.Trim(s[at+n+2:eol], " \t\n")
	var def linkDef
	end := eol
	if strings.HasPrefix(rest, "<") {
		if url, behind, ok := strings.Cut(rest[1:], ">"); ok {
			behind = strings.Trim(behind, " \t")
			def.url = url
			if behind == "" {
				def.title, end, def.titled = titleBelow(s, eol)
				return p.addLinkDefinition(el, b, id, def, end)
			}
			if def.title, def.titled = quoted(behind); def.titled {
				return p.addLinkDefinition(el, b, id, def, end)
			}
		}
	}
	if rest == "" {
		return false
	}
	def.url = rest
	if q := rest[len(rest)-1]; q == '"' || q == '\'' {
		for i := 1; i < len(rest)-2; i++ {
			if rest[i] == q && isBlankOrTab(rest[i-1]) && trimSpace(rest[:i]) != "" {
				def.url, def.title, def.titled = trimRight(rest[:i]), rest[i+1:len(rest)-1], true
				break
			}
		}
	}
	for i := 1; i < len(def.url); i++ {
		if (def.url[i] == '"' || def.url[i] == '\'') && isBlankOrTab(def.url[i-1]) {
			return false
		}
	}
	if !def.titled {
		def.title, end, def.titled = titleBelow(s, eol)
	}
	return p.addLinkDefinition(el, b, id, def, end)
}

// titleBelow reads the title of a link on the line at i.
func titleBelow(s string, i int) (title string, end int, ok bool) {
	end = lineEnd(s, i)
	if title, ok = quoted(strings.Trim(s[i:end], " \t\n")); ok {
		return title, end, true
	}
	return "", i, false
}

// quoted is a text in quotation marks without them.
func quoted(s string) (string, bool) {
	if len(s) < 3 || s[0] != '"' && s[0] != '\'' || s[len(s)-1] != s[0] {
		return "", false
	}
	return s[1 : len(s)-1], true
}

func (p *parser) addLinkDefinition(el *node, b *block, id string, def linkDef, end int) bool {
	b.pos = end
	def.at = p.boundary("def", b)
	el.add(def.at)
	p.define(id, def)
	return true
}

// footnoteDef is the text of a footnote.
type footnoteDef struct {
	name    string
	content *node
	// number and repeats are given when its marks are written.
	number, repeats int
}

// footnoteDefinition reads [^name]: text. It goes on with lines that are indented.
func (p *parser) footnoteDefinition(el *node, b *block, at int) bool {
	name, end := footnoteName(b.src, at)
	if end == 0 || end >= len(b.src) || b.src[end] != ':' {
		return false
	}
	s := b.src
	line := b.lineNumber()
	start := end + 1
	b.pos = lineEnd(s, start)
	b.pos = p.codeEnd(s, b.pos)
	n := p.node(listItem)
	p.blocks(n, &block{src: outdent(s[start:b.pos], false), line: line})
	if p.footnotes == nil {
		p.footnotes = map[string]*footnoteDef{}
	}
	p.footnotes[name] = &footnoteDef{name: name, content: n}
	el.add(p.boundary("def", b))
	return true
}

// footnoteName reads [^name] at i: the name, and where it ends; 0 if there is none.
func footnoteName(s string, i int) (string, int) {
	if !strings.HasPrefix(s[i:], "[^") {
		return "", 0
	}
	end := ident(s, i+2)
	if end == i+2 || end >= len(s) || s[end] != ']' {
		return "", 0
	}
	return s[i+2 : end], end + 1
}

// abbrevDef is *[short]: long.
type abbrevDef struct {
	title string
	at    *node
}

func (p *parser) abbrevDefinition(el *node, b *block, at int) bool {
	s := b.src
	end := lineEnd(s, at)
	line := s[at:end]
	if !strings.HasPrefix(line, "*[") {
		return false
	}
	n := strings.Index(line, "]:")
	if n < 3 {
		return false
	}
	if p.abbrevs == nil {
		p.abbrevs = map[string]*abbrevDef{}
	}
	b.pos = end
	def := &abbrevDef{title: trimSpace(line[n+2:]), at: p.boundary("def", b)}
	p.abbrevs[line[2:n]] = def
	el.add(def.at)
	return true
}

// blockMath reads $$…$$ that is a block of its own.
func (p *parser) blockMath(el *node, b *block) bool {
	s := b.src
	at := b.pos + indent(s, b.pos, 3)
	escaped := strings.HasPrefix(s[at:], `\$$`)
	if escaped {
		at++
	}
	if !strings.HasPrefix(s[at:], "$$") || b.lacking("$$", at) || !p.afterBoundary(el) {
		return false
	}
	n := strings.Index(s[at+2:], "$$")
	if n < 0 {
		b.lacks("$$", at)
		return false
	}
	end := at + 2 + n + 2
	next, eol := blankLine(s, end)
	if escaped {
		if eol {
			b.pos = at
		}
		return false
	}
	if eol {
		end = next
	}
	if !beforeBoundary(s, end) {
		return false
	}
	m := p.begin(blockMath, b)
	m.value = trimSpace(s[at+2 : at+2+n])
	b.pos = end
	el.add(m)
	return true
}

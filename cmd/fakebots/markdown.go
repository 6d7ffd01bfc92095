package main

import (
	"regexp"
	"strings"
)

// markdown is which part of the language a platform knows. It is read generously: what any client of the platform might take
// for markup is markup, so that a test sees what an item could do.
type markdown struct {
	// Italic, Strike, Underscore (as Bold and Italic), Images, Lists, Tables, Rules and Fences are on where the platform has them.
	Italic, Strike, Underscore, Images, Lists, Tables, Rules, Fences bool
	// Escapes says that a backslash takes its meaning from a letter.
	Escapes bool
	// Entities says that &lt; and the like are letters, and are read after the markup.
	Entities bool
	// Fonts says that <font color="…"> is known.
	Fonts bool
	// Mention finds a call for somebody at the beginning of what follows; nil for none. Its first group is who.
	Mention *regexp.Regexp
}

var (
	heading = regexp.MustCompile(`^(#{1,6})[ \t]+(.*)$`)
	bullet  = regexp.MustCompile(`^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(.*)$`)
	hrule   = regexp.MustCompile(`^[ \t]{0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$`)
	font    = regexp.MustCompile(`^<font color="?([a-zA-Z0-9#]+)"?>`)
	picture = regexp.MustCompile(`^!\[([^\]]*)\]\(([^)\s]*)[^)]*\)`)
	linked  = regexp.MustCompile(`^\[((?:[^\]\\]|\\.)*)\]\(([^)]*)\)`)
	auto    = regexp.MustCompile(`^<((?:https?|mailto):[^>\s]*)>`)
)

// parse reads a text, line by line.
func (m markdown) parse(text string) (nodes []Node) {
	fenced := false
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if m.Fences && strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			continue
		}
		if fenced {
			nodes = append(nodes, N(Code, T(line)))
			continue
		}
		if strings.TrimSpace(line) != "" {
			nodes = append(nodes, m.line(line))
		}
	}
	return nodes
}

func (m markdown) line(line string) Node {
	if rest, ok := strings.CutPrefix(strings.TrimLeft(line, " "), ">"); ok {
		return N(Quote, m.line(strings.TrimPrefix(rest, " ")))
	}
	if x := heading.FindStringSubmatch(line); x != nil {
		if len(x[1]) > 4 {
			return N(Small, m.inline(x[2])...)
		}
		return N(Heading, m.inline(x[2])...)
	}
	if m.Rules && hrule.MatchString(line) {
		return N(Rule)
	}
	if x := bullet.FindStringSubmatch(line); m.Lists && x != nil {
		return N(Item, m.inline(x[1])...)
	}
	if m.Tables && strings.HasPrefix(strings.TrimSpace(line), "|") {
		return N(Table, m.inline(line)...)
	}
	return N(Para, m.inline(line)...)
}

// inline reads what stands in a line.
func (m markdown) inline(s string) (nodes []Node) {
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			nodes = append(nodes, T(m.decode(plain.String())))
			plain.Reset()
		}
	}
	for s != "" {
		n, size := m.element(s)
		if size > 0 {
			flush()
			nodes = append(nodes, n)
			s = s[size:]
			continue
		}
		if m.Escapes && s[0] == '\\' && len(s) > 1 && strings.IndexByte("\\`*_{}[]()<>#+-.!|~&\"'$%,/:;=?@^", s[1]) >= 0 {
			s = s[1:]
		}
		plain.WriteByte(s[0])
		s = s[1:]
	}
	flush()
	return nodes
}

// element is the markup that s begins with, and its size; 0 for none.
func (m markdown) element(s string) (Node, int) {
	if m.Mention != nil {
		if x := m.Mention.FindStringSubmatch(s); x != nil {
			return Node{What: Mention, URL: x[1], Nodes: []Node{T("@" + x[1])}}, len(x[0])
		}
	}
	if x := picture.FindStringSubmatch(s); m.Images && x != nil {
		return Node{What: Image, URL: x[2]}, len(x[0])
	}
	if x := linked.FindStringSubmatch(s); x != nil {
		return L(m.decode(x[2]), m.inline(x[1])...), len(x[0])
	}
	if x := auto.FindStringSubmatch(s); m.Escapes && x != nil {
		return L(x[1], T(x[1])), len(x[0])
	}
	if x := font.FindStringSubmatch(s); m.Fonts && x != nil {
		body, size := s[len(x[0]):], len(s)
		if i := strings.Index(body, "</font>"); i >= 0 {
			body, size = body[:i], len(x[0])+i+len("</font>")
		}
		return Node{What: Color, URL: x[1], Nodes: m.inline(body)}, size
	}
	for _, d := range []struct {
		mark string
		what What
		on   bool
	}{
		{"``", Code, true},
		{"`", Code, true},
		{"**", Bold, true},
		{"__", Bold, m.Underscore},
		{"~~", Strike, m.Strike},
		{"*", Italic, m.Italic},
		{"_", Italic, m.Underscore || m.Italic},
	} {
		rest, ok := strings.CutPrefix(s, d.mark)
		if !d.on || !ok {
			continue
		}
		i := m.index(rest, d.mark)
		if i <= 0 || strings.TrimSpace(rest[:i]) == "" {
			continue
		}
		inner := []Node{T(rest[:i])}
		if d.what != Code {
			inner = m.inline(rest[:i])
		}
		return N(d.what, inner...), 2*len(d.mark) + i
	}
	return Node{}, 0
}

// index finds a mark that no backslash takes the meaning from.
func (m markdown) index(s, mark string) int {
	for i := 0; i+len(mark) <= len(s); i++ {
		switch {
		case m.Escapes && s[i] == '\\':
			i++
		case strings.HasPrefix(s[i:], mark):
			return i
		}
	}
	return -1
}

var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#39;", "'", "&nbsp;", " ", "&amp;", "&")

func (m markdown) decode(s string) string {
	if !m.Entities {
		return s
	}
	return entities.Replace(s)
}

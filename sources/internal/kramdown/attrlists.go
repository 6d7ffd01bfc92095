package kramdown

import "strings"

const (
	// maxList bounds how far the end of an attribute list is looked for.
	maxList = 1024
	// maxClass bounds the classes of an element in bytes.
	maxClass = 2048
)

// attrList is what {: .class #id key="value" name} says: attributes, and names of other lists.
type attrList struct {
	refs  []string
	attrs []attr
}

func (l *attrList) names(ref string) bool {
	if l == nil {
		return false
	}
	for _, r := range l.refs {
		if r == ref {
			return true
		}
	}
	return false
}

// set gives an attribute its value; classes are added.
func (l *attrList) set(name, value string) {
	if name == "class" {
		for _, a := range l.attrs {
			if a.name != name {
				continue
			}
			if len(a.value) > maxClass {
				return
			}
			value = strings.TrimLeft(a.value+" "+value, " ")
		}
	}
	l.put(name, value)
}

// put gives an attribute its value, a class too.
func (l *attrList) put(name, value string) {
	for i := range l.attrs {
		if l.attrs[i].name == name {
			l.attrs[i].value = value
			return
		}
	}
	l.attrs = append(l.attrs, attr{name, value})
}

// merge adds another list.
func (l *attrList) merge(m *attrList) {
	l.refs = append(l.refs, m.refs...)
	for _, a := range m.attrs {
		l.set(a.name, a.value)
	}
}

// apply gives n the attributes of a list, those of the lists it names first.
func (p *parser) apply(n *node, l *attrList) {
	if l == nil {
		return
	}
	p.applyDepth(n, l, 0)
}

func (p *parser) applyDepth(n *node, l *attrList, depth int) {
	if depth > 10 || p.attrBytes > maxAttrs {
		p.note(0, "attribute lists that name each other, or are used too often, are left out")
		return
	}
	for _, ref := range l.refs {
		p.attrBytes += 8
		if named := p.lists[ref]; named != nil {
			p.applyDepth(n, named, depth+1)
		}
	}
	for _, a := range l.attrs {
		value := a.value
		if old, ok := n.get("class"); ok && a.name == "class" {
			if len(old) > maxClass {
				continue
			}
			value = strings.TrimLeft(old+" "+value, " ")
		}
		if p.attrBytes += len(a.name) + len(value); p.attrBytes > maxAttrs {
			return
		}
		n.set(a.name, value)
	}
}

// braceEnd is where the } that ends a list begun before i is; -1 if there is none, or none near. \} does not end it.
func braceEnd(s string, i int) int {
	for end := min(len(s), i+maxList); i < end; i++ {
		switch s[i] {
		case '}':
			return i
		case '\\':
			if i+1 < end && s[i+1] == '}' && strings.IndexByte(s[i+2:end], '}') >= 0 {
				i++
			}
		}
	}
	return -1
}

// blockList reads the attribute list that is a line of its own at the brace at i: its content, and where the line ends.
// end is 0 if there is none.
func blockList(s string, i int) (content string, end int) {
	if !strings.HasPrefix(s[min(i, len(s)):], "{:") || i+2 >= len(s) || s[i+2] == ':' || s[i+2] == '/' || s[i+2] == '}' {
		return "", 0
	}
	j := braceEnd(s, i+2)
	if j < 0 {
		return "", 0
	}
	end, ok := blankLine(s, j+1)
	if !ok {
		return "", 0
	}
	return s[i+2 : j], end
}

// parseList reads the content of an attribute list into l. It reports whether anything in it was understood.
func parseList(s string, l *attrList) bool {
	found := false
	for i := 0; i < len(s); {
		if isSpace(s[i]) {
			i++
			continue
		}
		if end := pair(s, i, l); end > i {
			found, i = true, end
			continue
		}
		end := i
		for end < len(s) && !isSpace(s[end]) {
			end++
		}
		word := s[i:end]
		switch {
		case ident(word, 0) == len(word):
			l.refs = append(l.refs, word)
			found = true
		case (word[0] == '.' || word[0] == '#') && idOrClass(word, l):
			found = true
		}
		i = end
	}
	return found
}

// pair reads key="value" and returns where it ends; i if there is none.
func pair(s string, i int, l *attrList) int {
	k := ident(s, i)
	if k == i || k+1 >= len(s) || s[k] != '=' || s[k+1] != '"' && s[k+1] != '\'' {
		return i
	}
	sep := s[k+1]
	var value []byte
	for j := k + 2; j < len(s); j++ {
		switch {
		case s[j] == '\\' && j+1 < len(s) && (s[j+1] == '}' || s[j+1] == sep):
			j++
			value = append(value, s[j])
		case s[j] == sep:
			if j+1 < len(s) && !isSpace(s[j+1]) {
				return i
			}
			l.put(s[i:k], string(value))
			return j + 1
		default:
			value = append(value, s[j])
		}
	}
	return i
}

// idOrClass reads .class#id.class.
func idOrClass(word string, l *attrList) bool {
	var add attrList
	for i := 0; i < len(word); {
		end := i + 1
		for end < len(word) && word[end] != '.' && word[end] != '#' {
			end++
		}
		v := word[i+1 : end]
		switch {
		case v == "":
			return false
		case word[i] == '.':
			add.set("class", v)
		case word[i] == '#' && isListID(v):
			add.set("id", v)
		default:
			return false
		}
		i = end
	}
	l.merge(&add)
	return true
}

func isListID(s string) bool {
	if s[0] < 'A' || s[0] > 'z' || s[0] > 'Z' && s[0] < 'a' {
		return false
	}
	for i := range len(s) {
		if !isWord(s[i]) && s[i] != ':' && s[i] != '-' {
			return false
		}
	}
	return true
}

// leadingList reads the attribute list an item of a list begins with: "{: .x} text". size is 0 if there is none.
func leadingList(s string) (content string, size int) {
	i := skipSpace(s, 0)
	if !strings.HasPrefix(s[i:], "{:") || i+2 >= len(s) || s[i+2] == '/' || s[i+2] == ':' || s[i+2] == '}' {
		return "", 0
	}
	if end := ident(s, i+2); end > i+2 && end < len(s) && s[end] == ':' {
		return "", 0
	}
	j := braceEnd(s, i+2)
	if j < 0 {
		return "", 0
	}
	return s[i+2 : j], skipSpace(s, j+1)
}

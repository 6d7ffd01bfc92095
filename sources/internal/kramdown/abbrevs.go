package kramdown

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// replaceAbbreviations marks the abbreviations in the text of the document.
func (p *parser) replaceAbbreviations() {
	if len(p.abbrevs) == 0 {
		return
	}
	a := abbreviations{p: p, byFirst: map[byte][]string{}}
	for short := range p.abbrevs {
		a.byFirst[short[0]] = append(a.byFirst[short[0]], short)
	}
	for _, words := range a.byFirst { // the longest first
		slices.SortFunc(words, func(x, y string) int {
			if d := utf8.RuneCountInString(y) - utf8.RuneCountInString(x); d != 0 {
				return d
			}
			return strings.Compare(x, y)
		})
	}
	a.replace(&p.tree)
	for _, f := range p.footnotes {
		a.replace(f.content)
	}
}

type abbreviations struct {
	p       *parser
	byFirst map[byte][]string
}

func (a *abbreviations) replace(el *node) {
	if el.kind == spanHTML && el.model == modelRaw {
		return
	}
	for n := el.first; n != nil; {
		next := n.next
		if n.kind == text {
			a.split(el, n)
		} else if n.first != nil {
			a.replace(n)
		}
		n = next
	}
}

// split divides a text where abbreviations stand: between characters that belong to no word.
func (a *abbreviations) split(el, n *node) {
	s, start := n.value, 0
	for i := 0; i < len(s); i++ {
		words := a.byFirst[s[i]]
		if words == nil || i > 0 && isWord(s[i-1]) || a.p.spent(len(words)) {
			continue
		}
		for _, w := range words {
			if !strings.HasPrefix(s[i:], w) || i+len(w) < len(s) && isWord(s[i+len(w)]) {
				continue
			}
			if i > start {
				before := a.p.node(text)
				before.value = s[start:i]
				el.insert(before, n)
			}
			short := a.p.node(abbreviation)
			short.value = w
			el.insert(short, n)
			start = i + len(w)
			i = start - 1
			break
		}
	}
	n.value = s[start:]
}

package kramdown

import "strings"

// indentedCode takes lines that are indented by a tab or four blanks, with blank lines between, and the lines right
// behind them, which are joined to the last.
func (p *parser) indentedCode(el *node, b *block) {
	start := b.pos
	b.pos = p.codeEnd(b.src, b.pos)
	n := p.begin(code, b)
	n.value = outdent(b.src[start:b.pos], true)
	el.add(n)
}

// codeEnd is where indented code that may begin at i ends.
func (p *parser) codeEnd(s string, i int) int {
	for {
		at := skipBlankLines(s, i)
		lines := 0
		for indented(s, at) > 0 {
			if _, ok := blankLine(s, at); ok {
				break
			}
			at = lineEnd(s, at)
			lines++
		}
		if lines == 0 {
			return i
		}
		for at < len(s) && !p.endsLazily(s, at) {
			at = lineEnd(s, at)
		}
		i = at
	}
}

// outdent takes the indentation of each line away. joined makes lines without any go on in the line before.
func outdent(s string, joined bool) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		end := lineEnd(s, i)
		if n := indented(s, i); n > 0 {
			i += n
		} else if at := i + indent(s, i, 3); joined && len(out) > 0 && at < end && !isSpace(s[at]) {
			out[len(out)-1] = ' '
		}
		out = append(out, s[i:end]...)
		i = end
	}
	return string(out)
}

// fencedCode takes a block between fences, lines of three or more ` or ~. The word behind the first is the language. The
// second is as long or longer; where there is none, a shorter part of the first is tried, as in kramdown.
func (p *parser) fencedCode(el *node, b *block) bool {
	s := b.src
	at := b.pos
	if !p.opts.Plain {
		at += indent(s, at, 3)
	}
	most := fence(s, at)
	if p.opts.Plain && (at >= len(s) || s[at] != '~') {
		return false
	}
	for n := most; n >= 3; n-- {
		info := strings.TrimLeft(s[at+n:lineEnd(s, at)], " \t\v\f")
		info = trimRight(info)
		if strings.ContainsAny(info, " \t\v\f") {
			return false
		}
		start := lineEnd(s, at)
		end, next := p.fenceEnd(b, start, s[at:at+n])
		if next == 0 {
			continue
		}
		c := p.begin(code, b)
		c.value = s[start:end]
		if info != "" {
			lang, _, _ := strings.Cut(info, "?")
			if lang == "" {
				lang = info
			}
			c.attrs = append(c.attrs, attr{"class", "language-" + lang})
		}
		el.add(c)
		b.pos = next
		return true
	}
	return false
}

// fenceEnd finds the line that closes a fence: where it begins, and where the line behind it does. next is 0 if there
// is none.
func (p *parser) fenceEnd(b *block, i int, mark string) (end, next int) {
	s := b.src
	if b.lacking(mark, i) || p.spent(0) {
		return 0, 0
	}
	start := i
	for i < len(s) {
		at := i
		if !p.opts.Plain {
			at += indent(s, i, 3)
		}
		if strings.HasPrefix(s[at:], mark) {
			j := at + len(mark)
			for j < len(s) && s[j] == mark[len(mark)-1] {
				j++
			}
			if behind, ok := blankLine(s, j); ok {
				return i, behind
			}
		}
		i = lineEnd(s, i)
	}
	b.lacks(mark, start)
	p.budget -= (len(s) - start) >> 6
	return 0, 0
}

// fence is the number of signs of the fence at i; 0 if there is none.
func fence(s string, i int) int {
	n := 0
	for i+n < len(s) && (s[i+n] == '`' || s[i+n] == '~') {
		n++
	}
	if n < 3 {
		return 0
	}
	return n
}

package kramdown

import "strings"

// hasPipe reports whether the line at i has a pipe that is not escaped, as every line of a table does.
func hasPipe(s string, i int) bool {
	if i < len(s) && s[i] == '|' {
		return true
	}
	for j := i + 1; j < len(s) && s[j-1] != '\n'; j++ {
		if s[j] == '|' && s[j-1] != '\\' {
			return true
		}
	}
	return false
}

// separator reports whether the line at i has nothing but the given sign, blanks, pipes, colons and plus signs.
func separator(s string, i int, sign byte) (end int, ok bool) {
	for ; i < len(s); i++ {
		switch c := s[i]; c {
		case '\n':
			return i + 1, ok
		case sign:
			ok = true
		case '+', '|', ':', ' ', '\t':
		default:
			return i, false
		}
	}
	return i, false
}

// table reads lines with pipes. Lines of hyphens divide header and bodies, one of equals signs begins the footer.
func (p *parser) table(el *node, b *block, at int) bool {
	s := b.src
	if at >= len(s) || isSpace(s[at]) || !hasPipe(s, at) || !p.afterBoundary(el) {
		return false
	}
	line := b.lineNumber()
	t := tableReader{p: p, table: p.begin(table, b), leading: s[at] == '|', pos: b.pos}
	if end, ok := separator(s, t.pos, '-'); ok {
		t.pos = end
	}
	t.read(s)
	if !beforeBoundary(s, t.pos) || !outside(s[b.pos:max(t.pos-1, b.pos)]) {
		return false
	}
	if t.rows != nil {
		if t.footer {
			t.section(tableFoot, false)
		} else {
			t.section(tableBody, false)
		}
	}
	body := false
	for n := t.table.first; n != nil; n = n.next {
		body = body || n.kind == tableBody
	}
	if !body {
		p.note(line, "a table has no body: it is left as text")
		return false
	}
	for part := t.table.first; part != nil; part = part.next {
		for row := part.first; row != nil; row = row.next {
			if p.cells += t.columns; p.cells > maxCells {
				p.err = ErrCells
				return true
			}
			for ; int(row.level) < t.columns; row.level++ {
				row.add(p.node(tableCell))
			}
		}
	}
	t.table.value = t.align
	el.add(t.table)
	b.pos = t.pos
	return true
}

// tableReader is a table while its rows are read.
type tableReader struct {
	p     *parser
	table *node
	pos   int
	// rows are those since the last separator.
	rows            *node
	columns         int
	leading, footer bool
	aligned         bool
	// align has a letter for each column: l, r, c, or a blank.
	align string
}

func (t *tableReader) read(s string) {
	for t.pos < len(s) && hasPipe(s, t.pos) {
		if end, ok := separator(s, t.pos, '-'); ok {
			if t.rows != nil {
				if !t.aligned && !t.footer {
					t.section(tableHead, false)
					t.align = alignments(s[t.pos:end])
					t.aligned = t.align != ""
				} else {
					t.section(tableBody, false)
				}
			}
			t.pos = end
			continue
		}
		if end, ok := separator(s, t.pos, '='); ok {
			if t.rows != nil {
				t.section(tableBody, true)
			}
			t.footer = true
			t.pos = end
			continue
		}
		end := lineEnd(s, t.pos)
		t.row(strings.TrimRight(s[t.pos:end], " \t\n"))
		t.pos = end
		if t.p.cells+t.columns > maxCells {
			t.p.err = ErrCells
			return
		}
	}
}

// section puts the rows since the last one into a part of the table. Below the footer's line there are no bodies.
func (t *tableReader) section(k kind, force bool) {
	if t.footer && k == tableBody && !force {
		return
	}
	n := t.rows
	n.kind = k
	t.rows = nil
	t.table.add(n)
}

func alignments(line string) string {
	var out []byte
	for i := 0; i < len(line); {
		if line[i] != '-' {
			i++
			continue
		}
		left := i > 0 && line[i-1] == ':'
		for i < len(line) && line[i] == '-' {
			i++
		}
		right := i < len(line) && line[i] == ':'
		switch {
		case left && right:
			out = append(out, 'c')
		case left:
			out = append(out, 'l')
		case right:
			out = append(out, 'r')
		default:
			out = append(out, ' ')
		}
		if right {
			i++
		}
	}
	return string(out)
}

// row divides a line into cells. Pipes in code do not divide it.
func (t *tableReader) row(line string) {
	if strings.Count(line, "|") > maxCells {
		t.p.err = ErrCells
		return
	}
	row := t.p.node(tableRow)
	start, lastCode := 0, strings.LastIndex(line, "</code>")
	var cells []string
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == '|' && (i == 0 || line[i-1] != '\\'):
			cells = append(cells, line[start:i])
			i++
			start = i
		case c == '`':
			i = codeSpanEnd(line, i)
		case c == '<' && i < lastCode && strings.HasPrefix(line[i:], "<code"):
			i = codeElementEnd(line, i)
		default:
			i++
		}
	}
	cells = append(cells, line[start:])
	if t.leading && blankText(cells[0]) {
		cells = cells[1:]
	}
	if len(cells) > 0 && blankText(cells[len(cells)-1]) {
		cells = cells[:len(cells)-1]
	}
	for _, c := range cells {
		n := t.p.node(tableCell)
		n.value, n.raw = unescapePipes(trimSpace(c)), true
		row.add(n)
	}
	row.level = int32(len(cells))
	t.columns = max(t.columns, len(cells))
	if t.rows == nil {
		t.rows = t.p.node(tableBody)
	}
	t.rows.add(row)
}

func blankText(s string) bool { return trimSpace(s) == "" }

// unescapePipes writes \| as |, but not in code.
func unescapePipes(s string) string {
	if !strings.Contains(s, `\|`) {
		return s
	}
	var out strings.Builder
	lastCode := strings.LastIndex(s, "</code>")
	for i := 0; i < len(s); {
		end := i + 1
		switch {
		case s[i] == '`':
			end = codeSpanEnd(s, i)
		case s[i] == '<' && i < lastCode && strings.HasPrefix(s[i:], "<code"):
			end = codeElementEnd(s, i)
		case strings.HasPrefix(s[i:], `\|`):
			i++
			end = i + 1
		}
		out.WriteString(s[i:end])
		i = end
	}
	return out.String()
}

// codeSpanEnd is where the code span at i ends, or else its run of backticks.
func codeSpanEnd(s string, i int) int {
	n := 0
	for i+n < len(s) && s[i+n] == '`' {
		n++
	}
	if n == 1 && (i == 0 || isSpace(s[i-1])) && i+1 < len(s) && isSpace(s[i+1]) {
		return i + 1
	}
	if j := strings.Index(s[i+n:], s[i:i+n]); j >= 0 {
		return i + n + j + n
	}
	return i + n
}

// codeElementEnd is where the code element at i ends, or else its "<".
func codeElementEnd(s string, i int) int {
	open := strings.IndexByte(s[i:], '>')
	if open < 0 {
		return i + 1
	}
	end := strings.Index(s[i+open:], "</code>")
	if end < 0 {
		return i + 1
	}
	return i + open + end + len("</code>")
}

// outside reports whether the lines of what looks like a table have pipes outside of code and HTML.
func outside(s string) bool {
	pipe, start := false, 0
	// plain looks at text between code and HTML; go is false where a line has no pipe of its own.
	plain := func(t string) (ok bool) {
		lines := strings.Split(strings.TrimRight(t, "\n"), "\n")
		if strings.Trim(t, "\n") == "" {
			lines = lines[:0]
		}
		if len(lines) > 1 {
			if !pipe && !hasPipe(lines[0], 0) {
				return false
			}
			pipe = false
		}
		pipe = pipe || len(lines) > 0 && hasPipe(lines[len(lines)-1], 0)
		return true
	}
	for i := 0; i < len(s); {
		end := i
		isCode := s[i] == '`'
		switch {
		case isCode:
			end = codeSpanEnd(s, i)
			if end == i+1 || strings.Trim(s[i:end], "`") == "" {
				i = end
				continue
			}
		case s[i] == '<':
			if end = elementEnd(s, i); end == i {
				i++
				continue
			}
		default:
			i++
			continue
		}
		if start < i && !plain(s[start:i]) {
			return pipe
		}
		if isCode {
			inner := strings.Trim(s[i:end], "`")
			switch n := strings.Count(strings.TrimRight(inner, "\n"), "\n"); {
			case n > 1 || n == 1 && !pipe:
				return pipe
			case n == 1:
				pipe = false
			}
		}
		i, start = end, end
	}
	if start < len(s) && !plain(s[start:]) {
		return pipe
	}
	return pipe
}

// elementEnd is where the HTML element within a line that begins at i ends; i if there is none.
func elementEnd(s string, i int) int {
	t, ok := startTag(s, i, nil)
	switch {
	case !ok || t.info.block:
		return i
	case t.closed || t.info.void:
		return t.end
	}
	if at, end := findEnd(s, t.end, t.name); at >= 0 {
		return end
	}
	return len(s)
}

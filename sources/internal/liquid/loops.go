package liquid

import (
	"errors"
	"fmt"
	"strings"
)

// loop is for.
type loop struct {
	line        int
	variable    string
	name        string // of the loop, for offset: continue
	collection  expr
	limit, from expr
	goOn        bool // offset: continue
	reversed    bool
	body, other *body
}

func newFor(t token) (block, *body, error) {
	variable, name, rest, ok := loopHead(t.text)
	if !ok {
		return nil, nil, errors.New("want NAME in LIST")
	}
	l := &loop{line: t.line, variable: variable, name: variable + "-" + name, collection: parseExpr(name), body: &body{}}
	if after := strings.TrimLeft(rest, blanks); strings.HasPrefix(after, "reversed") {
		l.reversed = true
	}
	for key, value := range attributes(rest) {
		switch {
		case key == "limit":
			l.limit = parseExpr(value)
		case key == "offset" && value == "continue":
			l.goOn = true
		case key == "offset":
			l.from = parseExpr(value)
		}
	}
	return l, l.body, nil
}

// loopHead reads "name in list".
func loopHead(s string) (variable, list, rest string, ok bool) {
	end := segmentEnd(s, 0)
	after := strings.TrimLeft(s[end:], blanks)
	if end == 0 || !strings.HasPrefix(after, "in") || len(after) < 3 || strings.IndexByte(blanks, after[2]) < 0 {
		return "", "", "", false
	}
	list, n := nextFragment(after, 3, "")
	return s[:end], list, after[n:], list != ""
}

// attributes are the "key: value" of a tag.
func attributes(s string) map[string]string {
	var out map[string]string
	for i := 0; i < len(s); {
		if n := fragment(s, i, ":"); n > i && (s[i] == '"' || s[i] == '\'') {
			i = n
			continue
		}
		end := segmentEnd(s, i)
		if end == i {
			i++
			continue
		}
		rest := strings.TrimLeft(s[end:], blanks)
		if !strings.HasPrefix(rest, ":") {
			i = end
			continue
		}
		at := len(s) - len(strings.TrimLeft(rest[1:], blanks))
		stop := fragment(s, at, "")
		if stop == at {
			i = end
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[s[i:end]] = s[at:stop]
		i = stop
	}
	return out
}

func (l *loop) branch(name, _ string) (*body, bool, error) {
	if name != "else" {
		return nil, false, nil
	}
	if l.other == nil {
		l.other = &body{}
		return l.other, true, nil
	}
	return nil, false, errors.New("the loop has an else already")
}

func (l *loop) finish() (node, bool) {
	if !l.body.blank() || l.other != nil && !l.other.blank() {
		return l, false
	}
	l.body.strip()
	if l.other != nil {
		l.other.strip()
	}
	return l, true
}

func (l *loop) at() int { return l.line }

// number evaluates limit and offset.
func (r *run) number(e expr, missing int64) int64 {
	if e == nil {
		return missing
	}
	v := e.eval(r)
	if v == nil {
		return missing
	}
	n, ok := strictInt(v)
	if !ok {
		r.fail("%.40q is no integer", plainText(v))
	}
	return n
}

// slice is the elements from on, at most limit of them; limit is below zero for all.
func (r *run) slice(v any, from, limit int64) []any {
	if g, ok := v.(Range); ok {
		// A part of a long range costs only the part.
		if n := g.len(); from > 0 {
			if from >= n {
				return nil
			}
			g.From += from
			from = 0
		}
		if limit >= 0 && limit < g.len() {
			g.To = g.From + limit - 1
		}
		v = g
	}
	all := r.elements(v)
	if _, ok := v.(string); ok {
		return all
	}
	from = max(from, 0)
	if from >= int64(len(all)) {
		return nil
	}
	all = all[from:]
	if limit >= 0 && limit < int64(len(all)) {
		all = all[:limit]
	}
	return all
}

func (l *loop) render(r *run) {
	r.step(1)
	from := r.number(l.from, 0)
	if l.goOn {
		from = int64(r.offsets[l.name])
	}
	limit := r.number(l.limit, -1)
	list := l.collection.eval(r)
	if r.report(l.line, "{% for %}") {
		return
	}
	if limit < -1 {
		limit = 0
	}
	items := r.slice(list, from, limit)
	if r.offsets == nil {
		r.offsets = map[string]int{}
	}
	r.offsets[l.name] = int(from) + len(items)
	if len(items) == 0 {
		l.other.render(r)
		return
	}
	f := &forloop{name: l.name, length: len(items)}
	if n := len(r.loops); n > 0 {
		f.parent = r.loops[n-1]
	}
	r.loops = append(r.loops, f)
	r.push()
	scope := r.inner()
	scope["forloop"] = f
	for i := range items {
		item := items[i]
		if l.reversed {
			item = items[len(items)-1-i]
		}
		scope[l.variable] = item
		l.body.render(r)
		f.index++
		stop := r.interrupt == breaks
		r.interrupt = none
		if stop {
			break
		}
	}
	r.pop()
	r.loops = r.loops[:len(r.loops)-1]
}

// forloop is what a template sees of the loop it is in.
type forloop struct {
	name          string
	length, index int
	parent        *forloop
}

var forloopKeys = []string{"name", "length", "parentloop", "index", "index0", "rindex", "rindex0", "first", "last"}

func (f *forloop) Keys() []string { return forloopKeys }
func (f *forloop) String() string { return "Liquid::ForloopDrop" }

func (f *forloop) Get(key string) (any, bool) {
	switch key {
	case "name":
		return f.name, true
	case "length":
		return int64(f.length), true
	case "parentloop":
		if f.parent == nil {
			return nil, true
		}
		return f.parent, true
	case "index":
		return int64(f.index + 1), true
	case "index0":
		return int64(f.index), true
	case "rindex":
		return int64(f.length - f.index), true
	case "rindex0":
		return int64(f.length - f.index - 1), true
	case "first":
		return f.index == 0, true
	case "last":
		return f.index == f.length-1, true
	}
	return nil, false
}

// table is tablerow.
type table struct {
	line              int
	variable          string
	collection        expr
	cols, limit, from expr
	*body
}

func newTable(t token) (block, *body, error) {
	variable, name, rest, ok := loopHead(t.text)
	if !ok {
		return nil, nil, errors.New("want NAME in LIST")
	}
	l := &table{line: t.line, variable: variable, collection: parseExpr(name), body: &body{}}
	for key, value := range attributes(rest) {
		switch key {
		case "limit":
			l.limit = parseExpr(value)
		case "offset":
			l.from = parseExpr(value)
		case "cols":
			l.cols = parseExpr(value)
		}
	}
	return l, l.body, nil
}

func (l *table) branch(string, string) (*body, bool, error) { return nil, false, nil }
func (l *table) finish() (node, bool)                       { return l, l.blank() }
func (l *table) at() int                                    { return l.line }

func (l *table) render(r *run) {
	r.step(1)
	from, limit, cols := r.number(l.from, 0), r.number(l.limit, -1), r.number(l.cols, 0)
	list := l.collection.eval(r)
	if r.report(l.line, "{% tablerow %}") || !truthy(list) {
		return
	}
	items := r.slice(list, from, limit)
	f := &tableloop{forloop{length: len(items)}, 1, 1, int(cols)}
	r.write("<tr class=\"row1\">\n")
	r.push()
	scope := r.inner()
	scope["tablerowloop"] = f
	for _, item := range items {
		scope[l.variable] = item
		r.write(fmt.Sprintf("<td class=\"col%d\">", f.col))
		l.body.render(r)
		r.write("</td>")
		stop := r.interrupt == breaks
		r.interrupt = none
		if f.col == f.cols && f.index != f.length-1 && !stop {
			r.write(fmt.Sprintf("</tr>\n<tr class=\"row%d\">", f.row+1))
		}
		f.index++
		if f.col == f.cols {
			f.col, f.row = 1, f.row+1
		} else {
			f.col++
		}
		if stop {
			break
		}
	}
	r.pop()
	r.write("</tr>\n")
}

// tableloop is what a template sees of the table it is in.
type tableloop struct {
	forloop
	row, col, cols int
}

func (f *tableloop) String() string { return "Liquid::TablerowloopDrop" }

func (f *tableloop) Get(key string) (any, bool) {
	switch key {
	case "row":
		return int64(f.row), true
	case "col":
		return int64(f.col), true
	case "col0":
		return int64(f.col - 1), true
	case "col_first":
		return f.col == 1, true
	case "col_last":
		return f.col == f.cols, true
	case "name", "parentloop":
		return nil, false
	}
	return f.forloop.Get(key)
}

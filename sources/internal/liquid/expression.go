package liquid

import (
	"strconv"
	"strings"
)

// expr is something that has a value.
type expr interface{ eval(r *run) any }

type literal struct{ v any }

func (l literal) eval(*run) any { return l.v }

// emptiness is the literal empty or blank, which in a comparison asks a value whether it is empty.
type emptiness string

func (emptiness) eval(*run) any { return "" }

// reference is a variable with what is looked up in it.
type reference struct {
	name expr
	path []step
}

// step is one lookup. command: it is the word size, first or last, which also works on what has no such key.
type step struct {
	key     expr
	command bool
}

func (v *reference) eval(r *run) any {
	name, _ := v.name.eval(r).(string)
	val := r.lookup(name)
	for _, s := range v.path {
		if val == nil {
			return nil
		}
		val = index(val, s.key.eval(r), s.command)
	}
	return val
}

// index looks a key up in a value; nil if it has none.
func index(v, key any, command bool) any {
	switch v := v.(type) {
	case Object:
		if found, ok := v.Get(plainText(key)); ok {
			return found
		}
		if command {
			keys := v.Keys()
			switch {
			case key == "size":
				return int64(len(keys))
			case key == "first" && len(keys) > 0:
				first, _ := v.Get(keys[0])
				return []any{keys[0], first}
			}
		}
		return nil
	case []any:
		if n, ok := key.(int64); ok {
			if n < 0 {
				n += int64(len(v))
			}
			if n >= 0 && n < int64(len(v)) {
				return v[n]
			}
			return nil
		}
		if command {
			switch key {
			case "size":
				return int64(len(v))
			case "first":
				return first(v)
			case "last":
				return last(v)
			}
		}
	default:
		if !command {
			return nil
		}
		switch key {
		case "size":
			return size(v)
		case "first":
			return first(v)
		case "last":
			return last(v)
		}
	}
	return nil
}

type rangeExpr struct{ from, to expr }

func (e rangeExpr) eval(r *run) any {
	return Range{r.bound(e.from.eval(r)), r.bound(e.to.eval(r))}
}

func (r *run) bound(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case nil:
		return 0
	case string:
		return leadingInt(v)
	}
	n, ok := strictInt(v)
	if !ok {
		r.fail("the bound %.40q of a range is no integer", plainText(v))
	}
	return n
}

// parseExpr reads an expression; any text is one.
func parseExpr(s string) expr {
	s = strings.Trim(s, blanks)
	switch s {
	case "", "nil", "null":
		return literal{nil}
	case "true":
		return literal{true}
	case "false":
		return literal{false}
	case "empty", "blank":
		return emptiness(s)
	}
	if n := len(s) - 1; n > 0 && (s[0] == '"' || s[0] == '\'') && s[n] == s[0] {
		return literal{s[1:n]}
	}
	if s[0] == '-' || s[0] >= '0' && s[0] <= '9' {
		if v, ok := numeral(s); ok {
			return literal{v}
		}
	}
	if s[0] == '(' && s[len(s)-1] == ')' {
		if from, to, ok := strings.Cut(s[1:len(s)-1], ".."); ok {
			return rangeExpr{parseExpr(from), parseExpr(strings.TrimLeft(to, "."))}
		}
	}
	return parseReference(s)
}

// numeral reads an integer or decimal literal.
func numeral(s string) (any, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || digits[0] < '0' || digits[0] > '9' || strings.Trim(digits, "0123456789.") != "" {
		return nil, false
	}
	if !strings.Contains(digits, ".") {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			f, err := strconv.ParseFloat(s, 64)
			return f, err == nil
		}
		return n, true
	}
	if whole, rest, _ := strings.Cut(digits, "."); strings.Contains(rest, ".") {
		frac, _, _ := strings.Cut(rest, ".") // as Ruby: the number goes as far as it is one
		digits = whole + "." + frac
	}
	f, err := strconv.ParseFloat(digits, 64)
	if s[0] == '-' {
		f = -f
	}
	return f, err == nil
}

// parseReference reads name.key["key"][index].
func parseReference(s string) expr {
	ref := &reference{name: literal{nil}}
	for i, n := 0, 0; i < len(s); {
		var key expr
		end := i
		if s[i] == '[' {
			if end = closing(s, i); end > i+2 {
				key = parseExpr(s[i+1 : end-1])
			}
		} else if end = segmentEnd(s, i); end > i {
			if end < len(s) && s[end] == '?' {
				end++
			}
			key = literal{s[i:end]}
		}
		if key == nil {
			i++
			continue
		}
		if n == 0 {
			ref.name = key
		} else {
			word, _ := key.(literal)
			ref.path = append(ref.path, step{key, s[i] != '[' && (word.v == "size" || word.v == "first" || word.v == "last")})
		}
		n++
		i = end
	}
	return ref
}

// segmentEnd is the end of a name at i: a word with dashes.
func segmentEnd(s string, i int) int {
	for {
		end := wordEnd(s, i)
		for end < len(s) && s[end] == '-' {
			end++
		}
		if end == i {
			return i
		}
		i = end
	}
}

// maxBracket is how far the partner of a bracket is looked for, in bytes.
const maxBracket = 256

// closing is the end of the bracket at i: behind its partner; i if it has none.
func closing(s string, i int) int {
	open, shut := s[i], byte(']')
	if open == '(' {
		shut = ')'
	}
	depth := 0
	for j := i; j < min(len(s), i+maxBracket); j++ {
		switch c := s[j]; c {
		case '"', '\'':
			if n := strings.IndexByte(s[j+1:], c); n >= 0 {
				j += n + 1
			}
		case open:
			depth++
		case shut:
			if depth--; depth == 0 {
				return j + 1
			}
		}
	}
	return i
}

// fragment is the end of the operand that begins at i: a quoted text, or everything up to a blank, comma or bar, with
// the quotes and brackets in it. stop has further characters that end one. The result is i if there is none.
func fragment(s string, i int, stop string) int {
	begin := i
	for i < len(s) {
		c := s[i]
		switch {
		case c == '"' || c == '\'':
			n := strings.IndexByte(s[i+1:], c)
			if n < 0 {
				return i
			}
			i += n + 2
			if begin == i-n-2 {
				return i
			}
			continue
		case c == '(' && i == begin || c == '[':
			if end := closing(s, i); end > i {
				i = end
				continue
			}
		case strings.IndexByte(" \t\n\v\f\r,|", c) >= 0 || strings.IndexByte(stop, c) >= 0:
			return i
		}
		i++
	}
	return i
}

// next finds the next operand at or behind i.
func nextFragment(s string, i int, stop string) (operand string, end int) {
	for ; i < len(s); i++ {
		if end := fragment(s, i, stop); end > i {
			return s[i:end], end
		}
	}
	return "", len(s)
}

// pipeline is a value with the filters it goes through.
type pipeline struct {
	value   expr
	filters []call
}

// call is one filter.
type call struct {
	name   string
	args   []expr
	keys   []string // of named arguments, whose values stand behind args
	filter filterFunc
}

func parsePipeline(s string) *pipeline {
	p := &pipeline{value: literal{nil}}
	operand, i := nextFragment(s, 0, "")
	if operand == "" {
		return p
	}
	p.value = parseExpr(operand)
	bar := strings.IndexByte(s[i:], '|')
	if bar < 0 {
		return p
	}
	for rest := s[i+bar+1:]; rest != ""; {
		end := 0
		for end < len(rest) && rest[end] != '|' {
			if n := fragment(rest, end, ""); n > end {
				end = n
			} else {
				end++
			}
		}
		if c, ok := parseCall(rest[:end]); ok {
			p.filters = append(p.filters, c)
		}
		rest = rest[min(end+1, len(rest)):]
	}
	return p
}

// parseCall reads name: arg, key: arg.
func parseCall(s string) (c call, ok bool) {
	i := 0
	for i < len(s) && wordEnd(s, i) == i {
		i++
	}
	end := wordEnd(s, i)
	if end == i {
		return c, false
	}
	c.name = s[i:end]
	c.filter = filters[c.name]
	var named []expr
	for i = end; i < len(s); {
		if s[i] == '"' || s[i] == '\'' {
			if n := fragment(s, i, ""); n > i {
				i = n
				continue
			}
		}
		if s[i] != ':' && s[i] != ',' {
			i++
			continue
		}
		i += 1 + len(s[i+1:]) - len(strings.TrimLeft(s[i+1:], blanks))
		key := ""
		if w := wordEnd(s, i); w > i {
			if rest := strings.TrimLeft(s[w:], blanks); strings.HasPrefix(rest, ":") {
				at := len(s) - len(strings.TrimLeft(rest[1:], blanks))
				if fragment(s, at, "") > at {
					key, i = s[i:w], at
				}
			}
		}
		end := fragment(s, i, "")
		if end == i {
			continue
		}
		if key != "" {
			c.keys = append(c.keys, key)
			named = append(named, parseExpr(s[i:end]))
		} else {
			c.args = append(c.args, parseExpr(s[i:end]))
		}
		i = end
	}
	c.args = append(c.args, named...)
	return c, true
}

// eval takes the value through the filters. An unknown filter passes it on.
func (p *pipeline) eval(r *run) any {
	v := p.value.eval(r)
	for i := range p.filters {
		if v = p.filters[i].apply(r, v); r.failure != "" {
			return nil
		}
	}
	return v
}

// weight is the steps that looking through a text costs.
func weight(v any) int {
	s, _ := v.(string)
	return len(s) >> 6
}

func (c *call) apply(r *run, in any) any {
	r.step(1 + weight(in))
	var few [4]any
	args := few[:0]
	plain := len(c.args) - len(c.keys)
	for _, e := range c.args[:plain] {
		if lit, ok := e.(emptiness); ok && (c.name == "where" || c.name == "find") {
			args = append(args, lit) // these ask whether a property is empty
			continue
		}
		args = append(args, e.eval(r))
	}
	if len(c.keys) > 0 {
		m := NewMap(len(c.keys))
		for i, k := range c.keys {
			m.Set(k, c.args[plain+i].eval(r))
		}
		args = append(args, m)
	}
	for _, a := range args {
		r.step(weight(a))
	}
	if r.failure != "" {
		return nil
	}
	if outer, ok := r.env.Filters[c.name]; ok {
		v, err := outer(in, args)
		if err != nil {
			return r.fail("%s: %v", c.name, err)
		}
		if s, ok := v.(string); ok {
			r.grow(len(s))
		}
		return v
	}
	if c.filter.f == nil {
		r.unknown = c.name
		return in
	}
	if len(args) < c.filter.min {
		return r.fail("%s needs %d arguments", c.name, c.filter.min)
	}
	return c.filter.f(r, in, args)
}

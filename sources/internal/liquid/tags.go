package liquid

import (
	"errors"
	"fmt"
	"maps"
	"strings"
)

// tags make the nodes of the tags without an inside; blocks begin the tags with one.
var (
	tags   map[string]func(t token) (node, error)
	blocks map[string]func(t token) (b block, first *body, err error)
)

func init() { // an include may have a template in its name
	tags = map[string]func(t token) (node, error){
		"assign":           newAssign,
		"echo":             func(t token) (node, error) { return &output{parsePipeline(t.text), t.line, "{% echo %}", ""}, nil },
		"increment":        func(t token) (node, error) { return &counter{t.text, 1}, nil },
		"decrement":        func(t token) (node, error) { return &counter{t.text, -1}, nil },
		"cycle":            newCycle,
		"break":            func(token) (node, error) { return leave(breaks), nil },
		"continue":         func(token) (node, error) { return leave(continues), nil },
		"include":          newInclude,
		"include_relative": newInclude,
		"link":             newLink,
		"post_url":         newLink,
	}

	blocks = map[string]func(t token) (b block, first *body, err error){
		"if":        newIf,
		"unless":    newIf,
		"case":      newCase,
		"for":       newFor,
		"tablerow":  newTable,
		"capture":   newCapture,
		"ifchanged": newChanged,
		"highlight": newHighlight,
	}
}

// inner are the tags that stand only in a block.
var inner = map[string]bool{"else": true, "elsif": true, "when": true}

// known reports whether a name is that of a tag.
func known(name string) bool {
	if name == "#" || name == "liquid" || name == "raw" || name == "comment" || inner[name] || tags[name] != nil {
		return true
	}
	name = strings.TrimPrefix(name, "end")
	return name == "raw" || name == "comment" || blocks[name] != nil
}

// Blocks are the names of the tags that need an end tag, for whoever cuts a template.
func Blocks() map[string]bool {
	all := map[string]bool{"raw": true, "comment": true}
	for name := range maps.Keys(blocks) {
		all[name] = true
	}
	return all
}

// signature reports whether a byte may stand in the name that assign and capture give.
func signature(c byte) bool {
	return isWord(c) || c >= 0x80 || strings.IndexByte("-.[]()", c) >= 0
}

type assign struct {
	name  string
	value *pipeline
	line  int
}

func newAssign(t token) (node, error) {
	eq := strings.IndexByte(t.text, '=')
	if eq < 0 {
		return nil, errors.New("want NAME = VALUE")
	}
	name := strings.TrimRight(t.text[:eq], blanks)
	i := len(name)
	for i > 0 && signature(name[i-1]) {
		i--
	}
	if name = name[i:]; name == "" {
		return nil, errors.New("want NAME = VALUE")
	}
	return &assign{name, parsePipeline(t.text[eq+1:]), t.line}, nil
}

func (a *assign) at() int { return a.line }

func (a *assign) render(r *run) {
	r.step(1)
	v := a.value.eval(r)
	if !r.report(a.line, "{% assign "+a.name+" %}") {
		r.scopes[0][a.name] = v
	}
}

type capture struct {
	*body
	name string
}

func newCapture(t token) (block, *body, error) {
	i := 0
	for i < len(t.text) && !signature(t.text[i]) {
		i++
	}
	end := i
	for end < len(t.text) && signature(t.text[end]) {
		end++
	}
	if end == i {
		return nil, nil, errors.New("want the name of a variable")
	}
	c := &capture{&body{}, t.text[i:end]}
	return c, c.body, nil
}

func (c *capture) branch(string, string) (*body, bool, error) { return nil, false, nil }
func (c *capture) finish() (node, bool)                       { return c, true }
func (c *capture) render(r *run)                              { r.scopes[0][c.name] = r.capture(c.body) }

// changed is ifchanged: its inside, unless that is what it was before.
type changed struct{ *body }

func newChanged(token) (block, *body, error) {
	c := &changed{&body{}}
	return c, c.body, nil
}

func (c *changed) branch(string, string) (*body, bool, error) { return nil, false, nil }
func (c *changed) finish() (node, bool)                       { return c, c.blank() }

func (c *changed) render(r *run) {
	if s := r.capture(c.body); s != r.changed {
		r.changed = s
		r.write(s)
	}
}

// counter is increment and decrement.
type counter struct {
	name string
	by   int64
}

func (c *counter) render(r *run) {
	r.step(1)
	n, _ := r.counters[c.name].(int64)
	if r.counters == nil {
		r.counters = map[string]any{}
	}
	r.counters[c.name] = n + c.by
	if c.by < 0 {
		n--
	}
	r.write(plainText(n))
}

// cycle writes its values in turn. Cycles with the same name, or the same literals, go on with each other.
type cycle struct {
	name   expr
	group  any
	values []expr
}

func newCycle(t token) (node, error) {
	c := &cycle{}
	list := t.text
	if end := fragment(list, 0, ":"); end > 0 {
		if rest := strings.TrimLeft(list[end:], blanks); strings.HasPrefix(rest, ":") {
			c.name, list = parseExpr(list[:end]), rest[1:]
		}
	}
	constant := true
	for i := 0; i < len(list); {
		operand, end := nextFragment(list, i, "")
		if operand == "" {
			break
		}
		e := parseExpr(operand)
		if _, ok := e.(literal); !ok {
			constant = false
		}
		c.values = append(c.values, e)
		comma := strings.IndexByte(list[end:], ',')
		if comma < 0 {
			break
		}
		i = end + comma + 1
	}
	if len(c.values) == 0 {
		return nil, errors.New("want the values to cycle through")
	}
	if c.group = any(c); constant {
		c.group = fmt.Sprint(c.values)
	}
	return c, nil
}

func (c *cycle) render(r *run) {
	r.step(1)
	group := c.group
	if c.name != nil {
		group = "named " + plainText(c.name.eval(r))
	}
	if r.cycles == nil {
		r.cycles = map[any]int{}
	}
	n := r.cycles[group]
	if n >= len(c.values) {
		n = 0
	}
	r.cycles[group] = (n + 1) % len(c.values)
	r.write(r.printed(c.values[n].eval(r)))
	r.failure = ""
}

// leave is break and continue.
type leave interrupt

func (l leave) render(r *run) { r.interrupt = interrupt(l) }

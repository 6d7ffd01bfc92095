package liquid

import (
	"fmt"
	"strings"
)

// node is a part of a template.
type node interface{ render(r *run) }

// text is what stands between tags.
type text string

func (t text) render(r *run) { r.write(string(t)) }

// raw is the inside of a raw block.
type raw string

func (t raw) render(r *run) { r.write(string(t)) }

// body is a sequence of nodes. blank: it writes nothing but white space whatever happens, which Liquid then leaves out.
type body struct {
	nodes []node
	solid bool
}

func (b *body) blank() bool { return !b.solid }

func (b *body) add(n node, blank bool) {
	b.nodes = append(b.nodes, n)
	b.solid = b.solid || !blank
}

func (b *body) render(r *run) {
	if b == nil {
		return
	}
	r.step(1)
	for _, n := range b.nodes {
		n.render(r)
		if r.interrupt != none {
			return
		}
	}
}

// strip takes the texts of a blank body away.
func (b *body) strip() {
	kept := b.nodes[:0]
	for _, n := range b.nodes {
		if _, ok := n.(text); !ok {
			kept = append(kept, n)
		}
	}
	b.nodes = kept
}

// block is a tag with an inside, while it is being parsed.
type block interface {
	// branch opens another body at an inner tag such as else. ok is false if the tag is not the block's.
	branch(name, args string) (b *body, ok bool, err error)
	// finish makes the node once the end tag is there.
	finish() (n node, blank bool)
}

// frame is a block that is open.
type frame struct {
	name   string
	line   int
	block  block
	bodies []*body
}

// maxNesting is how deep blocks may stand in each other, as in Ruby.
const maxNesting = 100

// Parse parses a text. It never fails: what cannot be understood is left out or stays text, and [Template.Render] says
// so. The file is named in warnings; it is empty for a text that is no include.
func Parse(file, in string) *Template {
	t := &Template{file: file}
	p := &parser{names: map[string]bool{"forloop": true, "tablerowloop": true}, warn: func(line int, text string) {
		if len(t.warnings) < maxWarnings {
			t.warnings = append(t.warnings, Warning{File: file, Line: line, Text: text})
		}
	}}
	t.body = p.parse(lex(in, p.warn))
	if !p.includes {
		t.names = p.names
	}
	return t
}

type parser struct {
	warn  func(line int, text string)
	root  *body
	stack []frame
	// strange counts the unknown tags by name, whose end tags are then no surprise.
	strange map[string]int
	// names are the variables that are made somewhere.
	names map[string]bool
	// includes: there is an include, which may make any.
	includes bool
}

// parse builds the tree of a sequence of tokens.
func (p *parser) parse(tokens []token) *body {
	p.root = &body{}
	p.strange = map[string]int{}
	p.tokens(tokens)
	p.unwind(0)
	return p.root
}

// current is the body that nodes are added to.
func (p *parser) current() *body {
	if len(p.stack) == 0 {
		return p.root
	}
	f := &p.stack[len(p.stack)-1]
	return f.bodies[len(f.bodies)-1]
}

// unwind gives up the blocks above a height of the stack, which have no end: what is in them stays.
func (p *parser) unwind(height int) {
	for len(p.stack) > height {
		f := p.stack[len(p.stack)-1]
		p.stack = p.stack[:len(p.stack)-1]
		p.warn(f.line, fmt.Sprintf("{%% %s %%} has no {%% end%s %%}: left out, what follows stays", f.name, f.name))
		into := p.current()
		for _, b := range f.bodies {
			into.nodes = append(into.nodes, b.nodes...)
			into.solid = into.solid || b.solid
		}
	}
}

func (p *parser) tokens(tokens []token) {
	ends := commentEnds(tokens)
	for i := 0; i < len(tokens); i++ {
		switch t := tokens[i]; t.kind {
		case textToken:
			p.current().add(text(t.text), strings.Trim(t.text, blanks) == "")
		case rawToken:
			p.current().add(raw(t.text), t.text == "")
		case outputToken:
			p.output(t)
		case tagToken:
			if t.name == "comment" {
				if end, ok := ends[i]; ok {
					i = end
				} else {
					p.warn(t.line, "{% comment %} has no {% endcomment %}: left out, what follows stays")
				}
				continue
			}
			p.tag(t)
		}
	}
}

// output adds {{ }}.
func (p *parser) output(t token) {
	o := &output{parsePipeline(t.text), t.line, "{{ " + short(t.text) + " }}", ""}
	if !clear(t.text) {
		p.warn(t.line, o.source+": not all of it is Liquid: put it between {% raw %} and {% endraw %} to show it")
	} else if ref, ok := o.value.(*reference); ok {
		if name, ok := ref.name.(literal); ok {
			o.root, _ = name.v.(string)
		}
	}
	p.current().add(o, false)
}

// clear reports whether all of an output is Liquid: an operand, and filters behind bars.
func clear(s string) bool {
	s = strings.Trim(s, blanks)
	if s == "" {
		return true
	}
	end := fragment(s, 0, "")
	if end == 0 || wordEnd(s, 0) == 0 && strings.IndexByte("\"'([-", s[0]) < 0 || !strings.ContainsAny(s[:1], "\"'(") && strings.ContainsAny(s[:end], "{}=<>!&*+/$@#%^~;:,") {
		return false
	}
	rest := strings.TrimLeft(s[end:], blanks)
	return rest == "" || rest[0] == '|'
}

// commentEnds pairs the comments with their ends.
func commentEnds(tokens []token) map[int]int {
	var open []int
	var ends map[int]int
	for i, t := range tokens {
		switch {
		case t.kind != tagToken:
		case t.name == "comment":
			open = append(open, i)
		case t.name == "endcomment" && len(open) > 0:
			if ends == nil {
				ends = map[int]int{}
			}
			ends[open[len(open)-1]] = i
			open = open[:len(open)-1]
		}
	}
	return ends
}

// tag adds one tag, or begins or ends a block.
func (p *parser) tag(t token) {
	switch {
	case t.name == "#":
	case t.name == "liquid":
		p.lines(t)
	case tags[t.name] != nil:
		n, err := tags[t.name](t)
		if err != nil {
			p.drop(t, err.Error())
			return
		}
		p.name(n)
		p.current().add(n, t.name == "assign")
	case blocks[t.name] != nil:
		if len(p.stack) >= maxNesting {
			p.drop(t, "nested too deep")
			return
		}
		block, first, err := blocks[t.name](t)
		if err != nil {
			p.drop(t, err.Error())
			p.strange[t.name]++
			return
		}
		p.name(block)
		p.stack = append(p.stack, frame{t.name, t.line, block, []*body{first}})
	case strings.HasPrefix(t.name, "end"):
		p.end(t)
	default:
		if p.branch(t) {
			return
		}
		p.strange[t.name]++
		if t.name == "raw" {
			p.warn(t.line, "{% raw %} has no {% endraw %}: left out, what follows stays")
			return
		}
		if known(t.name) {
			p.drop(t, "it stands in no block it belongs to")
			return
		}
		p.drop(t, "the tag is not known")
	}
}

// name notes the variable that a tag makes.
func (p *parser) name(tag any) {
	name := ""
	switch tag := tag.(type) {
	case *include:
		p.includes = true
	case *assign:
		name = tag.name
	case *capture:
		name = tag.name
	case *counter:
		name = tag.name
	case *loop:
		name = tag.variable
	case *table:
		name = tag.variable
	}
	if name != "" {
		p.names[name] = true
	}
}

func (p *parser) drop(t token, why string) {
	p.warn(t.line, fmt.Sprintf("{%% %s %%}: %s: left out", short(t.name+" "+t.text), why))
}

// end ends a block. Blocks opened in it and not closed are given up.
func (p *parser) end(t token) {
	name := t.name[len("end"):]
	for i := len(p.stack) - 1; i >= 0; i-- {
		if p.stack[i].name != name {
			continue
		}
		p.unwind(i + 1)
		f := p.stack[i]
		p.stack = p.stack[:i]
		n, blank := f.block.finish()
		p.current().add(n, blank)
		return
	}
	if p.strange[name] > 0 {
		p.strange[name]-- // the end of what was left out
		return
	}
	p.drop(t, "nothing for it to end")
}

// branch hands a tag such as else to the innermost block that knows it.
func (p *parser) branch(t token) bool {
	if len(p.stack) == 0 || !inner[t.name] {
		return false
	}
	f := &p.stack[len(p.stack)-1]
	b, ok, err := f.block.branch(t.name, t.text)
	if err != nil {
		p.drop(t, err.Error())
		return true
	}
	if ok {
		f.bodies = append(f.bodies, b)
	}
	return ok
}

// lines parses the tags of {% liquid %}, one a line.
func (p *parser) lines(t token) {
	var tokens []token
	for i, l := range strings.Split(t.text, "\n") {
		l = strings.Trim(l, blanks)
		name := tagName(l)
		if l == "" {
			continue
		}
		line := token{kind: tagToken, name: name, text: strings.Trim(l[len(name):], blanks), line: t.line + i}
		if name == "" || name == "liquid" {
			p.drop(token{text: l, line: line.line}, "no tag")
			continue
		}
		tokens = append(tokens, line)
	}
	height := len(p.stack)
	p.tokens(tokens)
	p.unwind(min(height, len(p.stack)))
}

// short cuts what is quoted in a warning.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// output is {{ value | filter }}.
type output struct {
	*pipeline
	line   int
	source string
	// root is the variable it begins with.
	root string
}

func (o *output) at() int { return o.line }

func (o *output) render(r *run) {
	r.step(1)
	v := o.eval(r)
	s := ""
	if r.failure == "" {
		s = r.printed(v)
	}
	r.report(o.line, o.source)
	if v == nil && o.root != "" && r.names != nil && r.file == "" && !r.names[o.root] && !r.defined(o.root) {
		r.warn(Warning{Line: o.line, Text: o.source + ": there is no " + o.root +
			", so nothing is shown: put it between {% raw %} and {% endraw %} if it is meant to be"})
	}
	r.write(s)
}

// report warns about what was met while a tag was carried out. It returns whether the tag failed.
func (r *run) report(line int, what string) bool {
	if r.unknown != "" {
		r.warn(Warning{Line: line, Text: fmt.Sprintf("%s: filter %s is not known: passed the value through", what, r.unknown)})
		r.unknown = ""
	}
	return r.failed(line, what)
}

package liquid

import (
	"fmt"
	"strings"
)

// branches is if, unless and case.
type branches struct {
	tag     string
	line    int
	arms    []arm
	subject expr // of case
	bodies  []*body
}

// arm is a body with its condition; one without is else.
type arm struct {
	when *condition
	body *body
}

func newIf(t token) (block, *body, error) {
	b := &branches{tag: t.name, line: t.line}
	first, _, err := b.branch("elsif", t.text)
	if err != nil {
		return nil, nil, err
	}
	return b, first, nil
}

func newCase(t token) (block, *body, error) {
	operand, _ := nextFragment(t.text, 0, "")
	if operand == "" {
		return nil, nil, fmt.Errorf("want the value to compare")
	}
	b := &branches{tag: "case", line: t.line, subject: parseExpr(operand)}
	before := &body{} // what stands before the first when is never written
	b.bodies = append(b.bodies, before)
	return b, before, nil
}

func (b *branches) branch(name, args string) (*body, bool, error) {
	next := &body{}
	switch {
	case name == "else":
		b.arms = append(b.arms, arm{body: next})
	case name == "when" && b.subject != nil:
		found := false
		for i := 0; i < len(args); {
			operand, end := nextFragment(args, i, "")
			if operand == "" {
				break
			}
			found = true
			b.arms = append(b.arms, arm{&condition{left: b.subject, op: "==", right: parseExpr(operand)}, next})
			rest := strings.TrimLeft(args[end:], blanks)
			switch {
			case strings.HasPrefix(rest, ","):
				i = len(args) - len(rest) + 1
			case strings.HasPrefix(rest, "or") && wordEnd(rest, 0) == 2:
				i = len(args) - len(rest) + 2
			default:
				i = len(args)
			}
		}
		if !found {
			return nil, false, fmt.Errorf("want the values to compare with")
		}
	case name == "elsif" && b.subject == nil:
		c, bad := parseCondition(args)
		if bad != "" {
			return nil, false, fmt.Errorf("%q is no operator", bad)
		}
		if c == nil {
			return nil, false, fmt.Errorf("want a condition")
		}
		b.arms = append(b.arms, arm{c, next})
	default:
		return nil, false, nil
	}
	b.bodies = append(b.bodies, next)
	return next, true, nil
}

func (b *branches) finish() (node, bool) {
	for _, body := range b.bodies {
		if !body.blank() {
			return b, false
		}
	}
	for _, body := range b.bodies {
		body.strip()
	}
	return b, true
}

func (b *branches) at() int { return b.line }

func (b *branches) render(r *run) {
	r.step(1)
	matched := false
	for i, a := range b.arms {
		is := a.when == nil
		if !is {
			is = a.when.holds(r) != (b.tag == "unless" && i == 0)
			if r.report(b.line, "{% "+b.tag+" %}") {
				is = false
			}
		} else if b.subject != nil && matched {
			continue // as Ruby: an else of case is for no when before it
		}
		if !is {
			continue
		}
		a.body.render(r)
		if b.subject == nil {
			return
		}
		matched = true
		if r.interrupt != none {
			return
		}
	}
}

package liquid

import "strings"

// condition is a comparison, joined to the next one by and or or. Liquid has no precedence: the last pair binds first.
type condition struct {
	left, right expr
	op          string
	join        string // and, or; empty for the last one
	next        *condition
}

const comparisons = "=!<>"

// parseCondition reads a condition. bad is the word that is no operator.
func parseCondition(s string) (first *condition, bad string) {
	last := &first
	for i := 0; ; {
		operand, end := nextFragment(s, i, comparisons)
		if operand == "" {
			return first, ""
		}
		c := &condition{left: parseExpr(operand)}
		*last, last = c, &c.next
		word, after := nextWord(s, end)
		if word == "" {
			return first, ""
		}
		i = after
		if word != "and" && word != "or" {
			if !operator(word) {
				return first, word
			}
			c.op = word
			operand, end = nextFragment(s, after, comparisons)
			c.right = parseExpr(operand)
			// What is neither and nor or is skipped, as Ruby's lax parser does.
			for word, i = nextWord(s, end); word != "" && word != "and" && word != "or"; {
				word, i = nextWord(s, i)
			}
		}
		if word == "" {
			return first, ""
		}
		c.join = word
	}
}

// nextWord is the next operator or word behind i, and its end.
func nextWord(s string, i int) (string, int) {
	for i < len(s) && strings.IndexByte(comparisons, s[i]) < 0 && wordEnd(s, i) == i {
		if n := fragment(s, i, comparisons); n > i && (s[i] == '"' || s[i] == '\'') {
			i = n
		} else {
			i++
		}
	}
	begin := i
	if i < len(s) && strings.IndexByte(comparisons, s[i]) >= 0 {
		for i < len(s) && strings.IndexByte(comparisons, s[i]) >= 0 {
			i++
		}
		return s[begin:i], i
	}
	end := wordEnd(s, i)
	return s[begin:end], end
}

func operator(s string) bool {
	switch s {
	case "==", "!=", "<>", "<", ">", "<=", ">=", "contains":
		return true
	}
	return false
}

// plain makes empty and blank the text "", as they are where Jekyll's filters read a condition.
func (c *condition) plain() {
	for ; c != nil; c = c.next {
		if _, ok := c.left.(emptiness); ok {
			c.left = literal{""}
		}
		if _, ok := c.right.(emptiness); ok {
			c.right = literal{""}
		}
	}
}

// holds evaluates the condition.
func (c *condition) holds(r *run) bool {
	for ; c != nil; c = c.next {
		r.step(1)
		is := c.one(r)
		if r.failure != "" {
			return false
		}
		if c.next == nil || c.join == "or" && is || c.join == "and" && !is {
			return is
		}
	}
	return false
}

func (c *condition) one(r *run) bool {
	if c.op == "" {
		return truthy(c.left.eval(r))
	}
	switch c.op {
	case "==":
		is, _ := r.same(c.left, c.right)
		return is
	case "!=", "<>":
		is, _ := r.same(c.left, c.right)
		return !is
	}
	left, right := c.left.eval(r), c.right.eval(r)
	if c.op == "contains" {
		return r.contains(left, right)
	}
	n, ok, comparable := r.compare(left, right)
	if !comparable {
		return false
	}
	if !ok {
		r.fail("cannot compare %s with %s", typeName(left), typeName(right))
		return false
	}
	switch c.op {
	case "<":
		return n < 0
	case ">":
		return n > 0
	case "<=":
		return n <= 0
	}
	return n >= 0
}

// same compares two operands; known is false where empty or blank asks what cannot answer.
func (r *run) same(a, b expr) (is, known bool) {
	if lit, ok := a.(emptiness); ok {
		return isEmpty(b.eval(r), lit)
	}
	if lit, ok := b.(emptiness); ok {
		return isEmpty(a.eval(r), lit)
	}
	return r.equal(a.eval(r), b.eval(r)), true
}

// isEmpty: in Jekyll nothing answers to blank, which Rails adds to Ruby.
func isEmpty(v any, lit emptiness) (is, known bool) {
	if lit == "blank" {
		return false, false
	}
	switch v := v.(type) {
	case string:
		return v == "", true
	case []any:
		return len(v) == 0, true
	case Object:
		return len(v.Keys()) == 0, true
	}
	return false, false
}

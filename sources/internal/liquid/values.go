package liquid

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A value is nil, bool, int64, float64, string, [time.Time], [Date], [Range], []any or [Object].

// Object is a mapping of keys to values, in their order.
type Object interface {
	Get(key string) (any, bool)
	Keys() []string
}

// Thing is an Object that is itself and not the sum of its parts, as Ruby's drops are: it equals only what has its identity.
type Thing interface {
	Object
	// Identity tells it from all others.
	Identity() string
	// Before puts it in order before another one; ok is false where there is none.
	Before(other Thing) (before, ok bool)
}

// Map is an Object.
type Map struct {
	keys   []string
	values map[string]any
}

// NewMap makes a map with room for n keys.
func NewMap(n int) *Map { return &Map{keys: make([]string, 0, n), values: make(map[string]any, n)} }

// Set gives a key a value.
func (m *Map) Set(key string, v any) {
	if _, ok := m.values[key]; !ok {
		m.keys = append(m.keys, key)
	}
	m.values[key] = v
}

// Get is the value of a key.
func (m *Map) Get(key string) (any, bool) {
	v, ok := m.values[key]
	return v, ok
}

// Keys are the keys in the order they were set in. The caller must not change them.
func (m *Map) Keys() []string { return m.keys }

// Date is a day without a time.
type Date struct{ time.Time }

// Range is all integers from From to To.
type Range struct{ From, To int64 }

// len is the number of integers; it stays at the largest integer where there are more.
func (g Range) len() int64 {
	if g.To < g.From {
		return 0
	}
	n := uint64(g.To) - uint64(g.From)
	if n >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(n) + 1
}

// local is the zone of times that have none: UTC, but shown as +0000 and not as UTC.
var local = time.FixedZone("UTC", 0)

// truthy: only nil and false are false.
func truthy(v any) bool { return v != nil && v != false }

// maxDepth is how deep values are looked into.
const maxDepth = 60

// text is the value as Ruby prints it.
func (r *run) text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any, Object:
		if s, ok := v.(interface{ String() string }); ok {
			return s.String()
		}
		return r.inspect(v)
	}
	return plainText(v)
}

// Text is a value as Ruby prints it; empty for lists and mappings.
func Text(v any) string { return plainText(v) }

// plainText is the text of a value without parts.
func plainText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return floatText(v)
	case Date:
		return v.Format(time.DateOnly)
	case time.Time:
		if v.Location() == time.UTC {
			return v.Format("2006-01-02 15:04:05 UTC")
		}
		return v.Format("2006-01-02 15:04:05 -0700")
	case Range:
		return strconv.FormatInt(v.From, 10) + ".." + strconv.FormatInt(v.To, 10)
	}
	return ""
}

// floatText writes a float as Ruby: always with a point, with an exponent from 1e16 on and below 1e-4.
func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	if a := math.Abs(f); a != 0 && (a >= 1e16 || a < 1e-4) {
		s := strconv.FormatFloat(f, 'e', -1, 64)
		if mantissa, exp, _ := strings.Cut(s, "e"); !strings.Contains(mantissa, ".") {
			s = mantissa + ".0e" + exp
		}
		return s
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// printed is what an output writes: lists are joined without anything between.
func (r *run) printed(v any) string {
	if list, ok := v.([]any); ok {
		return r.join(list, "")
	}
	return r.text(v)
}

// join joins lists of lists.
func (r *run) join(list []any, glue string) string {
	var b strings.Builder
	first := true
	r.eachFlat(list, 0, func(v any) {
		s := r.text(v)
		r.grow(len(s) + len(glue))
		if !first {
			b.WriteString(glue)
		}
		first = false
		b.WriteString(s)
		if b.Len() > r.limits.Bytes {
			r.grow(b.Len())
		}
	})
	return b.String()
}

// eachFlat visits the elements of a list and of the lists in it.
func (r *run) eachFlat(list []any, depth int, visit func(any)) {
	for _, v := range list {
		r.step(1)
		if inner, ok := v.([]any); ok {
			if depth < maxDepth {
				r.eachFlat(inner, depth+1, visit)
			}
			continue
		}
		visit(v)
	}
}

// inspect writes a value as Ruby's inspect.
func (r *run) inspect(v any) string {
	var b strings.Builder
	r.inspectTo(&b, v, 0)
	return b.String()
}

func (r *run) inspectTo(b *strings.Builder, v any, depth int) {
	r.step(1)
	if b.Len() > r.limits.Bytes {
		r.grow(b.Len())
	}
	if depth > maxDepth {
		b.WriteString("...")
		return
	}
	switch v := v.(type) {
	case nil:
		b.WriteString("nil")
	case string:
		inspectString(b, v)
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			r.inspectTo(b, e, depth+1)
		}
		b.WriteByte(']')
	case Thing:
		b.WriteString("#<" + v.Identity() + ">")
	case Object:
		b.WriteByte('{')
		for i, k := range v.Keys() {
			if i > 0 {
				b.WriteString(", ")
			}
			inspectString(b, k)
			b.WriteString("=>")
			e, _ := v.Get(k)
			r.inspectTo(b, e, depth+1)
		}
		b.WriteByte('}')
	default:
		b.WriteString(plainText(v))
	}
}

func inspectString(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '#' && i+1 < len(s) && strings.IndexByte("{$@", s[i+1]) >= 0:
			b.WriteString(`\#`)
		case c >= 0x07 && c <= 0x0d:
			b.WriteByte('\\')
			b.WriteByte("abtnvfr"[c-7])
		case c == 0x1b:
			b.WriteString(`\e`)
		case c < 0x20 || c == 0x7f:
			b.WriteString(`\x`)
			b.WriteByte("0123456789ABCDEF"[c>>4])
			b.WriteByte("0123456789ABCDEF"[c&15])
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
}

// typeName is the word for a value's type in warnings.
func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case bool:
		return "true or false"
	case int64, float64:
		return "a number"
	case string:
		return "a text"
	case time.Time, Date:
		return "a date"
	case []any, Range:
		return "a list"
	}
	return "a mapping"
}

// equal is Ruby's ==.
func (r *run) equal(a, b any) bool { return r.equalAt(a, b, 0) }

func (r *run) equalAt(a, b any, depth int) bool {
	r.step(1 + weight(a))
	switch x := a.(type) {
	case int64:
		switch y := b.(type) {
		case int64:
			return x == y
		case float64:
			return float64(x) == y
		}
		return false
	case float64:
		switch y := b.(type) {
		case int64:
			return x == float64(y)
		case float64:
			return x == y
		}
		return false
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y)
	case Date:
		y, ok := b.(Date)
		return ok && x.Equal(y.Time)
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) || depth > maxDepth {
			return false
		}
		for i := range x {
			if !r.equalAt(x[i], y[i], depth+1) {
				return false
			}
		}
		return true
	case Thing:
		y, ok := b.(Thing)
		return ok && x.Identity() == y.Identity()
	case Object:
		y, ok := b.(Object)
		if _, thing := b.(Thing); thing || !ok || len(x.Keys()) != len(y.Keys()) || depth > maxDepth {
			return false
		}
		for _, k := range x.Keys() {
			v, _ := x.Get(k)
			w, found := y.Get(k)
			if !found || !r.equalAt(v, w, depth+1) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case []any, Object:
		return false
	}
	return a == b
}

// compare is Ruby's <=>. ok is false where the types do not fit; comparable is false where Liquid does not even try,
// because a side has no order.
func (r *run) compare(a, b any) (n int, ok, comparable bool) {
	r.step(1 + weight(a))
	switch b.(type) {
	case int64, float64, string, time.Time, Date:
	default:
		return 0, false, false
	}
	switch x := a.(type) {
	case int64:
		switch y := b.(type) {
		case int64:
			return order(x, y), true, true
		case float64:
			return order(float64(x), y), true, true
		}
	case float64:
		switch y := b.(type) {
		case int64:
			return order(x, float64(y)), true, true
		case float64:
			return order(x, y), true, true
		}
	case string:
		if y, is := b.(string); is {
			return strings.Compare(x, y), true, true
		}
	case time.Time:
		if y, is := b.(time.Time); is {
			return x.Compare(y), true, true
		}
	case Date:
		if y, is := b.(Date); is {
			return x.Compare(y.Time), true, true
		}
	default:
		return 0, false, false
	}
	return 0, false, true
}

// Compare is Ruby's <=> of two values, 0 where it has no answer.
func Compare(a, b any) int {
	n, _, _ := newRun(context.Background(), nil).compare(a, b)
	return n
}

func order[T int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// contains is the operator: a part of a text, an element of a list, a key of a mapping.
func (r *run) contains(v, what any) bool {
	if !truthy(what) {
		return false
	}
	switch v := v.(type) {
	case string:
		r.step(weight(v))
		return strings.Contains(v, r.text(what))
	case []any:
		for _, e := range v {
			if r.equal(e, what) {
				return true
			}
		}
	case Range:
		n, ok := what.(int64)
		return ok && n >= v.From && n <= v.To
	case Object:
		key, ok := what.(string)
		if !ok {
			return false
		}
		_, found := v.Get(key)
		return found
	}
	return false
}

// size is what .size and the filter answer.
func size(v any) any {
	switch v := v.(type) {
	case string:
		return int64(utf8.RuneCountInString(v))
	case []any:
		return int64(len(v))
	case Range:
		return v.len()
	case Object:
		return int64(len(v.Keys()))
	case int64:
		return int64(8) // as Ruby: the bytes of an integer
	}
	return nil
}

func first(v any) any {
	switch v := v.(type) {
	case []any:
		if len(v) > 0 {
			return v[0]
		}
	case Range:
		return v.From
	case Object:
		if keys := v.Keys(); len(keys) > 0 {
			e, _ := v.Get(keys[0])
			return []any{keys[0], e}
		}
	}
	return nil
}

func last(v any) any {
	switch v := v.(type) {
	case []any:
		if len(v) > 0 {
			return v[len(v)-1]
		}
	case Range:
		return v.To
	}
	return nil
}

// elements are the values that a loop goes through: those of a list or range, pairs of a mapping, a text as a whole.
func (r *run) elements(v any) []any {
	switch v := v.(type) {
	case []any:
		r.step(len(v))
		return v
	case Range:
		n := v.len()
		r.step(int(min(n, math.MaxInt32)))
		out := make([]any, n)
		for i := range out {
			out[i] = v.From + int64(i)
		}
		return out
	case Object:
		keys := v.Keys()
		r.step(len(keys))
		out := make([]any, len(keys))
		for i, k := range keys {
			e, _ := v.Get(k)
			out[i] = []any{k, e}
		}
		return out
	case string:
		if v != "" {
			return []any{v}
		}
	}
	return nil
}

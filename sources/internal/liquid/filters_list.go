package liquid

import (
	"cmp"
	"slices"
	"strings"
)

var listFilters = map[string]filterFunc{
	"join": {func(r *run, in any, a []any) any {
		glue := " "
		if len(a) > 0 {
			glue = r.text(a[0])
		}
		return r.join(r.flat(in), glue)
	}, 0},
	"first":   {func(_ *run, in any, _ []any) any { return first(in) }, 0},
	"last":    {func(_ *run, in any, _ []any) any { return last(in) }, 0},
	"reverse": {func(r *run, in any, _ []any) any { out := slices.Clone(r.flat(in)); slices.Reverse(out); return out }, 0},
	"concat": {func(r *run, in any, a []any) any {
		more, ok := a[0].([]any)
		if !ok {
			return r.fail("concat needs a list")
		}
		r.step(len(more))
		return append(slices.Clip(r.flat(in)), more...)
	}, 1},
	"map":          {mapFilter, 1},
	"uniq":         {uniq, 0},
	"compact":      {compact, 0},
	"sort_natural": {sortNatural, 0},
	"sort":         {sortFilter, 0},
	"default":      {defaultFilter, 0},
}

// flat is the input of a list filter: a list without the lists in it, or the one value as a list.
func (r *run) flat(v any) []any {
	switch v := v.(type) {
	case nil:
		return []any{}
	case []any:
		r.step(len(v))
		for _, e := range v {
			if _, nested := e.([]any); nested {
				out := []any{}
				r.eachFlat(v, 0, func(e any) { out = append(out, e) })
				return out
			}
		}
		return v
	case Range:
		return r.elements(v)
	}
	return []any{v}
}

// property is element[name].
func (r *run) property(e, name any) any {
	switch e := e.(type) {
	case Object:
		v, _ := e.Get(r.text(name))
		return v
	case string:
		switch name := name.(type) {
		case string:
			if strings.Contains(e, name) {
				return name
			}
		case int64:
			if s := []rune(e); name >= 0 && name < int64(len(s)) {
				return string(s[name])
			}
		}
		return nil
	case []any:
		if n, ok := name.(int64); ok {
			return index(e, n, false)
		}
		return r.fail("a list has no %q", r.text(name))
	}
	return r.fail("%s has no %q", typeName(e), r.text(name))
}

func mapFilter(r *run, in any, args []any) any {
	list := r.flat(in)
	out := make([]any, len(list))
	for i, e := range list {
		switch e.(type) {
		case Object, string:
			out[i] = r.property(e, args[0])
		}
	}
	return out
}

func uniq(r *run, in any, args []any) any {
	seen := map[string]bool{}
	out := []any{}
	for _, e := range r.flat(in) {
		key := e
		if p := arg(args, 0); p != nil {
			key = r.property(e, p)
		}
		if k := r.inspect(key); !seen[k] {
			seen[k] = true
			out = append(out, e)
		}
	}
	return out
}

func compact(r *run, in any, args []any) any {
	out := []any{}
	for _, e := range r.flat(in) {
		v := e
		if p := arg(args, 0); p != nil {
			v = r.property(e, p)
		}
		if v != nil {
			out = append(out, e)
		}
	}
	return out
}

// ordered is an element with what it is sorted by.
type ordered struct{ by, v any }

func (r *run) sortBy(list []ordered, less func(a, b any) int) any {
	r.step(len(list))
	slices.SortStableFunc(list, func(a, b ordered) int {
		if r.failure != "" {
			return 0
		}
		return less(a.by, b.by)
	})
	out := make([]any, len(list))
	for i, e := range list {
		out[i] = e.v
	}
	return out
}

func sortNatural(r *run, in any, args []any) any {
	flat := r.flat(in)
	list := make([]ordered, len(flat))
	for i, e := range flat {
		by := e
		if p := arg(args, 0); p != nil {
			by = r.property(e, p)
		}
		if by != nil {
			by = asciiLower(r.text(by))
		}
		list[i] = ordered{by, e}
	}
	return r.sortBy(list, func(a, b any) int {
		x, isText := a.(string)
		y, both := b.(string)
		switch {
		case isText && both:
			r.step(1)
			return cmp.Compare(x, y)
		case isText:
			return -1
		case both:
			return 1
		}
		return 0
	})
}

func asciiLower(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'A' && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}

// sortFilter is Jekyll's sort, which takes the place of Liquid's.
func sortFilter(r *run, in any, args []any) any {
	var flat []any
	switch v := in.(type) {
	case []any:
		flat = v
	case Range, Object:
		flat = r.elements(v)
	case nil:
		return r.fail("sort: nothing to sort")
	default:
		return r.fail("sort: %s cannot be sorted", typeName(in))
	}
	list := make([]ordered, len(flat))
	property := arg(args, 0)
	if property == nil {
		for i, e := range flat {
			list[i] = ordered{e, e}
		}
		return r.sortBy(list, func(a, b any) int {
			n, ok := r.rank(a, b)
			if !ok {
				r.fail("sort: cannot compare %s with %s", typeName(a), typeName(b))
			}
			return n
		})
	}
	nils := -1
	switch v := arg(args, 1); v {
	case nil, "first":
	case "last":
		nils = 1
	default:
		return r.fail("sort: nils go first or last, not %.20q", r.text(v))
	}
	for i, e := range flat {
		list[i] = ordered{r.itemProperty(e, property), e}
	}
	return r.sortBy(list, func(a, b any) int {
		switch {
		case a != nil && b == nil:
			return -nils
		case a == nil && b != nil:
			return nils
		case a == nil:
			return 0
		}
		n, ok := r.rank(a, b)
		if !ok {
			n = strings.Compare(r.text(a), r.text(b))
		}
		return n
	})
}

// rank is <=>, also of lists and of values that are the same.
func (r *run) rank(a, b any) (int, bool) {
	x, isList := a.([]any)
	y, both := b.([]any)
	if isList && both {
		for i := range min(len(x), len(y)) {
			if n, ok := r.rank(x[i], y[i]); n != 0 || !ok {
				return n, ok
			}
		}
		return len(x) - len(y), true
	}
	if x, ok := a.(Thing); ok {
		if y, ok := b.(Thing); ok {
			return r.rankThings(x, y)
		}
	}
	n, ok, _ := r.compare(a, b)
	if !ok && r.equal(a, b) {
		return 0, true
	}
	return n, ok
}

func (r *run) rankThings(a, b Thing) (int, bool) {
	r.step(1)
	if a.Identity() == b.Identity() {
		return 0, true
	}
	before, ok := a.Before(b)
	if before {
		return -1, ok
	}
	return 1, ok
}

func defaultFilter(r *run, in any, args []any) any {
	var fallback any = ""
	allowFalse := false
	for i, a := range args {
		if m, ok := a.(*Map); ok && i == len(args)-1 && i > 0 {
			v, _ := m.Get("allow_false")
			allowFalse = truthy(v)
		} else if i == 0 {
			fallback = a
		}
	}
	switch v := in.(type) {
	case nil:
		return fallback
	case bool:
		if !v && !allowFalse {
			return fallback
		}
	case string:
		if v == "" {
			return fallback
		}
	case []any:
		if len(v) == 0 {
			return fallback
		}
	case Object:
		if len(v.Keys()) == 0 {
			return fallback
		}
	}
	return in
}

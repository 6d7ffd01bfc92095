package jsonapi

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"runtime/metrics"

	"github.com/itchyny/gojq"
)

const (
	// maxHeap is how much memory the programs may take for one document, in bytes, beside the document itself.
	maxHeap = 32 << 20
	// maxText bounds the text that one step makes of others, in bytes, maxCells the table that one step turns.
	maxText  = 4 << 20
	maxCells = maxValue
	// lookEvery is how many steps of a program pass between two looks at the memory.
	lookEvery = 16
)

var (
	// errSlow says that the programs took too long.
	errSlow = errors.New("the jq programs work too long on one document")
	// errHuge says that the programs took too much memory.
	errHuge = fmt.Errorf("the jq programs take more than %d MiB for one document", maxHeap>>20)
)

// budget ends the programs of a document when they take too much memory. The library asks its context before each step,
// and that is when the memory is looked at, so that nothing can run ahead of it; only one step is larger than a look
// allows if it makes a large value at once, which is what guarded is for. The heap is the whole process's: when it has
// grown, garbage is collected first, and only what is left counts.
type budget struct {
	context.Context
	cancel context.CancelCauseFunc
	start  uint64 // the heap at the beginning
	look   uint64 // the heap from which on it is looked at more closely
	steps  int
}

func newBudget(ctx context.Context) *budget {
	b := &budget{start: heap()}
	b.Context, b.cancel = context.WithCancelCause(ctx)
	b.look = b.start + maxHeap
	return b
}

// Done implements [context.Context].
func (b *budget) Done() <-chan struct{} {
	if b.steps++; b.steps%lookEvery == 0 && b.Err() == nil && heap() > b.look {
		runtime.GC()
		now := heap()
		if now > b.start+maxHeap {
			b.cancel(errHuge)
		}
		b.look = max(now, b.start) + maxHeap/2
	}
	return b.Context.Done()
}

func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// guards are the functions that a program has in place of the library's where these make of small values a large one in
// one step: text * number, +, add, join and transpose.
const guards = `
def _feedmill_times(l; r): r as $r | l as $l | _factors($l; $r) | $l * $r;
def _feedmill_plus(l; r): r as $r | l as $l | _summands($l; $r) | $l + $r;
def _join($x): join($x);
def join($x): _addable($x) | _join($x);
def _add: add;
def add: _addable("") | _add;
def add(f): reduce f as $x (null; _feedmill_plus(.; $x));
def _transpose: transpose;
def transpose: _transposable | _transpose;
`

// compile makes a program of the text of one.
func compile(text string) (*gojq.Code, error) {
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, err
	}
	guard, err := gojq.Parse(guards + ".")
	if err != nil {
		return nil, fmt.Errorf("the guards: %w", err)
	}
	guardOperators(reflect.ValueOf(query))
	guard.Term = &gojq.Term{Type: gojq.TermTypeQuery, Query: query}
	return gojq.Compile(guard, gojq.WithVariables(variables),
		gojq.WithFunction("_addable", 1, 1, addable), gojq.WithFunction("_transposable", 0, 0, transposable),
		gojq.WithFunction("_factors", 2, 2, factors), gojq.WithFunction("_summands", 2, 2, summands))
}

// guarded are the operators that are replaced by functions, updates those that update.
var (
	guarded = map[gojq.Operator]string{gojq.OpMul: "_feedmill_times", gojq.OpAdd: "_feedmill_plus"}
	updates = map[gojq.Operator]string{gojq.OpUpdateMul: "_feedmill_times", gojq.OpUpdateAdd: "_feedmill_plus"}
)

// guardOperators replaces l * r and l *= r, and the same of +, everywhere in a syntax tree.
func guardOperators(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		guardOperators(v.Elem())
		q, ok := v.Interface().(*gojq.Query)
		if !ok {
			return
		}
		if name := guarded[q.Op]; name != "" {
			q.Term, q.Left, q.Right, q.Op = call(name, q.Left, q.Right), nil, nil, gojq.Operator(0)
		}
		if name := updates[q.Op]; name != "" { // r as $_feedmill_r | l |= f(.; $_feedmill_r)
			l, r := q.Left, q.Right
			update := &gojq.Query{Left: l, Op: gojq.OpModify, Right: &gojq.Query{Term: call(name, term(gojq.TermTypeIdentity, ""), term(gojq.TermTypeFunc, "$_feedmill_r"))}}
			q.Left, q.Patterns, q.Op, q.Right = r, []*gojq.Pattern{{Name: "$_feedmill_r"}}, gojq.OpPipe, update
		}
	case reflect.Slice:
		for i := range v.Len() {
			guardOperators(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			guardOperators(v.Field(i))
		}
	}
}

func call(name string, args ...*gojq.Query) *gojq.Term {
	return &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: name, Args: args}}
}

func term(kind gojq.TermType, name string) *gojq.Query {
	t := &gojq.Term{Type: kind}
	if name != "" {
		t.Func = &gojq.Func{Name: name}
	}
	return &gojq.Query{Term: t}
}

var errText = fmt.Errorf("a text of more than %d MiB", maxText>>20)

// addable lets a list pass whose members can be put together with sep between them.
func addable(v any, args []any) any {
	list, _ := v.([]any)
	sep, _ := args[0].(string)
	texts, members := len(list)*len(sep), 0
	for _, x := range list {
		t, n := extent(x)
		texts, members = texts+t, members+n
	}
	return within(v, texts, members)
}

// extent is how many bytes or members a value has.
func extent(v any) (text, members int) {
	switch v := v.(type) {
	case string:
		return len(v), 0
	case []any:
		return 0, len(v)
	case map[string]any:
		return 0, len(v)
	}
	return 0, 0
}

// within is v, or the error that it would become too large.
func within(v any, text, members int) any {
	switch {
	case text > maxText:
		return errText
	case members > maxCells:
		return fmt.Errorf("a list of more than %d members", maxCells)
	}
	return v
}

func transposable(v any, _ []any) any {
	rows, _ := v.([]any)
	longest := 0
	for _, r := range rows {
		if row, ok := r.([]any); ok {
			longest = max(longest, len(row))
		}
	}
	if longest*len(rows) > maxCells {
		return fmt.Errorf("a table of more than %d cells", maxCells)
	}
	return v
}

// factors lets pass what can be multiplied, summands what can be added.
func factors(v any, args []any) any {
	for i := range args {
		s, text := args[i].(string)
		n, number := gojq.ToFloat64(args[1-i])
		if text && number && float64(len(s))*n > maxText {
			return errText
		}
	}
	return v
}

func summands(v any, args []any) any {
	text, members := extent(args[0])
	t, n := extent(args[1])
	return within(v, text+t, members+n)
}

package match

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"feedmill/feeds"
)

// Where is a compiled expression over the fields of an item (https://expr-lang.org/docs/language-definition). It is a pure
// function: it knows no time of day, and what it costs is bounded by the size of the item.
type Where struct {
	text    string
	program *vm.Program
	full    bool // it looks at the text
}

// fields are what an expression knows of an item.
type fields struct {
	Title      string    `expr:"title"`
	Summary    string    `expr:"summary"`
	Text       string    `expr:"text"`
	URL        string    `expr:"url"`
	Original   string    `expr:"original"`
	Image      string    `expr:"image"`
	Source     string    `expr:"source"`
	Lang       string    `expr:"lang"`
	Authors    []string  `expr:"authors"`
	Categories []string  `expr:"categories"`
	Tags       []string  `expr:"tags"`
	Files      []string  `expr:"files"`
	Published  time.Time `expr:"published"`
	Updated    time.Time `expr:"updated"`
}

// FieldNames are the names of the fields, for people.
const FieldNames = "title, summary, text, url, original, image, source, lang, authors, categories, tags, files, published, updated"

// Bounds of an expression.
const (
	maxWhere = 4000 // bytes
	maxNodes = 500
	// maxMemory bounds what evaluating it makes anew, in the units of the library: about elements of lists.
	maxMemory = 100_000
)

// functions are what an expression may call: nothing that knows the time or that makes much of little.
var functions = []string{
	"all", "any", "none", "one", "count", "filter", "map", "find", "len", "trim", "trimPrefix", "trimSuffix", "upper", "lower", "indexOf", "lastIndexOf",
	"hasPrefix", "hasSuffix", "abs", "min", "max", "int", "float", "string", "date", "duration", "first", "last", "join",
}

// WhereError says where an expression is wrong. Line counts from 1, Column, in letters, from 0.
type WhereError struct {
	Line, Column int
	Reason       string
}

func (e *WhereError) Error() string { return e.Reason }

// CompileWhere checks an expression that is true for the items it is about. Its error is a *[WhereError].
func CompileWhere(text string) (*Where, error) {
	if len(text) > maxWhere {
		return nil, &WhereError{1, 0, fmt.Sprintf("%d bytes, at most %d", len(text), maxWhere)}
	}
	look := &inspector{}
	opts := []expr.Option{expr.Env(fields{}), expr.AsBool(), expr.MaxNodes(maxNodes), expr.DisableAllBuiltins(), expr.Patch(look), expr.Timezone("UTC")}
	for _, name := range functions {
		opts = append(opts, expr.EnableBuiltin(name))
	}
	program, err := expr.Compile(text, opts...)
	if err == nil {
		err = look.err(text)
	}
	if err != nil {
		return nil, whereError(err)
	}
	return &Where{text, program, look.text}, nil
}

func whereError(err error) *WhereError {
	out := &WhereError{Line: 1, Reason: err.Error()}
	var at *file.Error
	if errors.As(err, &at) {
		out.Line, out.Column, out.Reason = max(at.Line, 1), at.Column, at.Message
	}
	if strings.HasPrefix(out.Reason, "unknown name") {
		out.Reason += "; want one of " + FieldNames + ", or a function such as len, any, lower, hasPrefix, date"
	}
	if strings.HasPrefix(out.Reason, "expected bool") {
		out.Reason += `; want a condition such as "AI" in tags`
	}
	return out
}

// inspector looks for what the language has and an expression here must not.
type inspector struct {
	text  bool
	where file.Location
	what  string
}

// Visit implements ast.Visitor.
func (v *inspector) Visit(node *ast.Node) {
	wrong := func(what string) { v.where, v.what = (*node).Location(), cmp.Or(v.what, what) }
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		v.text = v.text || n.Value == "text"
	case *ast.BinaryNode:
		if _, constant := n.Right.(*ast.StringNode); n.Operator == "matches" && !constant {
			wrong("the pattern of matches must be written out, in quotes")
		}
		if n.Operator == ".." {
			wrong("ranges of numbers are not supported")
		}
	case *ast.MemberNode:
		if name, ok := n.Property.(*ast.StringNode); ok && slices.Contains([]string{"Local", "In", "Location", "Zone"}, name.Value) {
			wrong("dates are compared, or asked for Year(), Month(), Day(), Weekday() and Hour(): other zones are not supported")
		}
	case *ast.PredicateNode:
		inner := &loops{}
		ast.Walk(&n.Node, inner)
		if inner.found {
			wrong("a condition on a list cannot have another one in it")
		}
	}
}

func (v *inspector) err(text string) error {
	if v.what == "" {
		return nil
	}
	return (&file.Error{Location: v.where, Message: v.what}).Bind(file.NewSource(text))
}

// loops finds conditions on lists.
type loops struct{ found bool }

// Visit implements ast.Visitor.
func (l *loops) Visit(node *ast.Node) {
	if _, ok := (*node).(*ast.PredicateNode); ok {
		l.found = true
	}
}

// String is the expression as it was written.
func (w *Where) String() string { return w.text }

// Match says whether an expression holds for an item. An error, such as that of tags[3] where there are two, is one of this
// item alone.
func (w *Where) Match(it *feeds.Item) (bool, error) {
	env := fields{
		Title: it.Title, Summary: it.Summary, URL: it.URL, Original: it.Original, Image: it.Image, Source: it.Source, Lang: it.Language,
		Categories: it.Categories, Tags: it.Tags, Published: it.Published.UTC(), Updated: it.Updated.UTC(),
	}
	for _, p := range it.Authors {
		env.Authors = append(env.Authors, p.String())
	}
	for _, f := range it.Enclosures {
		env.Files = append(env.Files, f.Type)
	}
	if w.full {
		env.Text = strings.Join(strings.Fields(plain(it.Content)), " ")
		if env.Text == "" {
			env.Text = it.Summary
		}
	}
	m := vm.VM{MemoryBudget: maxMemory}
	out, err := m.Run(w.program, env)
	if err != nil {
		reason := err.Error()
		var at *file.Error
		if errors.As(err, &at) {
			reason = at.Message
		}
		return false, fmt.Errorf("where %s: %s", w.text, reason)
	}
	yes, _ := out.(bool)
	return yes, nil
}

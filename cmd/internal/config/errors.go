package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Error is one thing that is wrong in a configuration file.
type Error struct {
	File         string
	Line, Column int
	// Path is the key, such as "sources.blog.interval"; empty for the file as a whole.
	Path string
	// Reason says what is wrong, with the value seen, and what to do.
	Reason string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, max(e.Column, 1))
	}
	b.WriteString(": ")
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.Reason)
	return b.String()
}

// Errors is everything that is wrong in a configuration file, in the order of its lines, each on a line of its own.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

func (r *reader) fail(n *yaml.Node, path, format string, args ...any) {
	r.errs = append(r.errs, &Error{r.file, n.Line, n.Column, path, fmt.Sprintf(format, args...)})
}

func (r *reader) sorted() Errors {
	slices.SortStableFunc(r.errs, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return r.errs
}

// syntax reports what the YAML parser says.
func (r *reader) syntax(err error) {
	var one *yaml.LoadError
	var all *yaml.LoadErrors
	switch {
	case errors.As(err, &all):
		for _, e := range all.Errors {
			r.syntax(e)
		}
	case errors.As(err, &one) && one.Mark.Line > 0:
		r.fail(&yaml.Node{Line: one.Mark.Line, Column: one.Mark.Column}, "", "not valid YAML: %s", one.Message)
	default:
		reason := err.Error()
		if one != nil {
			reason = one.Message
		}
		if strings.Contains(reason, "no documents") {
			reason = "it is empty"
		}
		r.fail(&yaml.Node{}, "", "not a configuration: %s; `feedmill init SOURCE...` prints one", strings.TrimPrefix(reason, "yaml: "))
	}
}

// suggest returns "; did you mean X?" for the candidate that is nearest to word, if one is near.
func suggest(word string, candidates []string) string {
	best, nearest := 1+len([]rune(word))/3, ""
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), c); d <= best && (nearest == "" || d < best) {
			best, nearest = d, c
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", nearest)
}

// distance counts the letters to insert, delete, replace or swap with their neighbour to make b of a.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

// Package bounded keeps parsers that recurse from what would take all memory: documents of brackets in brackets.
package bounded

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// MaxDepth is the depth of brackets that a parser is let near.
const MaxDepth = 200

// Depth is the deepest nesting of brackets in a text, whatever they mean.
func Depth(b []byte) (deepest int) {
	depth := 0
	for _, c := range b {
		switch c {
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return deepest
}

// SyntaxError is a text that is not what it should be. Line counts from 1 within it; 0 if unknown.
type SyntaxError struct {
	Line int
	Msg  string
}

func (e *SyntaxError) Error() string { return e.Msg }

// TOML reads a document (https://toml.io/en/v1.0.0) into maps, lists and scalars. Any error is a *SyntaxError.
func TOML(b []byte) (map[string]any, error) {
	if Depth(b) > MaxDepth {
		return nil, &SyntaxError{0, fmt.Sprintf("more than %d levels", MaxDepth)}
	}
	var m map[string]any
	if err := toml.Unmarshal(b, &m); err != nil {
		var d *toml.DecodeError
		if errors.As(err, &d) {
			row, _ := d.Position()
			return nil, &SyntaxError{row, strings.TrimPrefix(d.Error(), "toml: ")}
		}
		return nil, &SyntaxError{0, err.Error()}
	}
	return m, nil
}

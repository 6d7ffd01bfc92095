package jekyll

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"feedmill/sources/internal/bounded"
)

// kind says what a value is.
type kind uint8

const (
	none    kind = iota // the key is not there
	null                // there, but empty
	text                // a scalar
	list                // a sequence
	mapping             // a mapping
)

// value is one YAML value with the text of its scalars as written: Jekyll reads YAML 1.1, where the same text means
// other things than in 1.2 (dates, yes and no), so types are decided by whoever uses a value.
type value struct {
	kind kind
	// plain is true for a scalar without quotes and tag, which YAML gives a type.
	plain bool
	// line counts from 1 within the parsed text.
	line   int
	text   string
	list   []value
	fields fields
}

// fields is a mapping in the order of the file.
type fields []field

type field struct {
	key   string
	value value
}

// get is the value of a key; of a repeated key the last one counts, as in Jekyll.
func (f fields) get(key string) value {
	for i := len(f) - 1; i >= 0; i-- {
		if f[i].key == key {
			return f[i].value
		}
	}
	return value{}
}

// str is the text of a scalar, else "".
func (v value) str() string {
	if v.kind == text {
		return strings.TrimSpace(v.text)
	}
	return ""
}

// isFalse and isTrue read the booleans of YAML 1.1 as Ruby does; a quoted "false" is a text.
func (v value) isFalse() bool {
	return v.kind == text && v.plain && oneOf(v.text, "false", "no", "off")
}

func (v value) isTrue() bool { return v.kind == text && v.plain && oneOf(v.text, "true", "yes", "on") }

// list of one or many.
func (v value) items() []value {
	switch v.kind {
	case text, mapping:
		return []value{v}
	case list:
		return v.list
	}
	return nil
}

func oneOf(s string, words ...string) bool {
	for _, w := range words {
		if strings.EqualFold(s, w) {
			return true
		}
	}
	return false
}

// isNull reports whether a plain scalar is YAML's null.
func isNull(s string) bool { return s == "" || s == "~" || strings.EqualFold(s, "null") }

// scalar makes the value of a scalar.
func scalar(s string, plain bool, line int) value {
	if plain && isNull(s) {
		return value{kind: null, line: line}
	}
	return value{kind: text, plain: plain, text: s, line: line}
}

// Bounds of one document: aliases are expanded, so that both are needed against alias bombs.
const (
	maxNodes = 10_000
	maxDepth = 32
)

var errTooBig = fmt.Errorf("more than %d values or %d levels", maxNodes, maxDepth)

// parseYAML reads a mapping. An empty document is an empty mapping. The error is a *yaml.LoadError where the text is
// not YAML.
func parseYAML(b []byte) (fields, error) {
	v, err := parseAnyYAML(b, maxNodes)
	if err != nil {
		return nil, err
	}
	switch v.kind {
	case mapping:
		return v.fields, nil
	case none, null:
		return nil, nil
	}
	return nil, errors.New("not a mapping of keys to values")
}

// parseAnyYAML reads a document of at most so many values.
func parseAnyYAML(b []byte, nodes int) (value, error) {
	var doc yaml.Node
	err := yaml.Load(b, &doc, yaml.WithUniqueKeys(false), yaml.WithSingleDocument())
	if err != nil {
		if strings.Contains(err.Error(), "no documents in stream") {
			return value{}, nil
		}
		return value{}, err
	}
	c := converter{left: nodes}
	return c.value(&doc, 0)
}

// yamlLine is the line an error of parseYAML is about and its message without the library's words; 0 if unknown.
func yamlLine(err error) (line int, msg string) {
	var le *yaml.LoadError
	if errors.As(err, &le) {
		return int(le.Mark.Line), le.Message
	}
	var se *bounded.SyntaxError
	if errors.As(err, &se) {
		return se.Line, se.Msg
	}
	return 0, err.Error()
}

type converter struct{ left int }

func (c *converter) value(n *yaml.Node, depth int) (value, error) {
	if c.left--; c.left < 0 || depth > maxDepth {
		return value{}, errTooBig
	}
	line := int(n.Line)
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) == 0 {
			return value{}, nil
		}
		return c.value(n.Content[0], depth)
	case yaml.AliasNode:
		if n.Alias == nil {
			return value{}, nil
		}
		return c.value(n.Alias, depth+1)
	case yaml.ScalarNode:
		return scalar(n.Value, n.Style == 0, line), nil
	case yaml.SequenceNode:
		v := value{kind: list, line: line}
		for _, e := range n.Content {
			item, err := c.value(e, depth+1)
			if err != nil {
				return value{}, err
			}
			v.list = append(v.list, item)
		}
		return v, nil
	case yaml.MappingNode:
		v := value{kind: mapping, line: line}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, err := c.value(n.Content[i], depth+1)
			if err != nil {
				return value{}, err
			}
			item, err := c.value(n.Content[i+1], depth+1)
			if err != nil {
				return value{}, err
			}
			// Own keys win over merged ones (YAML 1.1 merge key), so those come first.
			if key.text == "<<" && key.plain && item.kind == mapping {
				v.fields = append(append(fields{}, item.fields...), v.fields...)
				continue
			}
			v.fields = append(v.fields, field{key.text, item})
		}
		return v, nil
	}
	return value{}, nil
}

// overlay is v with what is missing in it taken from under: how Jekyll lays front matter over its defaults.
func overlay(v, under value) value {
	switch {
	case v.kind == none || v.kind == null:
		if under.kind != none {
			return under
		}
	case v.kind == mapping && under.kind == mapping:
		v.fields = append(append(fields{}, under.fields...), v.fields...)
	}
	return v
}

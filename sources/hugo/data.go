package hugo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v4"

	"feedmill/sources/internal/bounded"
)

// params are the values of front matter or configuration, with keys in lower case, as Hugo has them. A value is a string,
// bool, int64, float64, []any or params; dates are strings, because a date without zone is read in the site's own.
type params map[string]any

// Bounds of one document; aliases of YAML are expanded, so that both are needed.
const (
	maxValues = 10_000
	maxDepth  = 32
)

var (
	errTooBig = fmt.Errorf("more than %d values or %d levels", maxValues, maxDepth)
	errNoMap  = errors.New("not a mapping of keys to values")
)

// syntaxError is a text that is not what it should be.
type syntaxError = bounded.SyntaxError

// parse reads a document of a format: yaml, toml or json. The error is a *syntaxError.
func parse(format string, b []byte) (params, error) {
	var v any
	var err error
	c := converter{left: maxValues}
	switch format {
	case "toml":
		v, err = parseTOML(&c, b)
	case "json":
		v, err = parseJSON(&c, b)
	default:
		v, err = parseYAML(&c, b)
	}
	if err != nil {
		var s *syntaxError
		if errors.As(err, &s) {
			return nil, err
		}
		return nil, &syntaxError{Line: 0, Msg: err.Error()}
	}
	switch v := v.(type) {
	case nil:
		return params{}, nil
	case params:
		return v, nil
	}
	return nil, &syntaxError{Line: 0, Msg: errNoMap.Error()}
}

func parseTOML(c *converter, b []byte) (any, error) {
	m, err := bounded.TOML(b)
	if err != nil {
		return nil, err
	}
	return c.value(m, 0)
}

func parseJSON(c *converter, b []byte) (any, error) {
	if bounded.Depth(b) > bounded.MaxDepth {
		return nil, errTooBig
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		line := 1 + bytes.Count(b[:min(int(d.InputOffset()), len(b))], []byte("\n"))
		return nil, &syntaxError{Line: line, Msg: err.Error()}
	}
	return c.value(v, 0)
}

func parseYAML(c *converter, b []byte) (any, error) {
	var doc yaml.Node
	if err := yaml.Load(b, &doc, yaml.WithUniqueKeys(false), yaml.WithSingleDocument()); err != nil {
		var le *yaml.LoadError
		switch {
		case strings.Contains(err.Error(), "no documents in stream"):
			return nil, nil
		case errors.As(err, &le):
			return nil, &syntaxError{Line: int(le.Mark.Line), Msg: le.Message}
		}
		return nil, err
	}
	return c.node(&doc, 0)
}

type converter struct{ left int }

func (c *converter) take(depth int) error {
	if c.left--; c.left < 0 || depth > maxDepth {
		return errTooBig
	}
	return nil
}

// value converts what the parsers of TOML and JSON give.
func (c *converter) value(v any, depth int) (any, error) {
	if err := c.take(depth); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(params, len(v))
		for k, e := range v {
			e, err := c.value(e, depth+1)
			if err != nil {
				return nil, err
			}
			out[strings.ToLower(k)] = e
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for _, e := range v {
			e, err := c.value(e, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, e)
		}
		return out, nil
	case json.Number:
		return number(v.String()), nil
	case time.Time:
		return v.Format(time.RFC3339Nano), nil
	case toml.LocalDate, toml.LocalDateTime, toml.LocalTime:
		return fmt.Sprint(v), nil
	}
	return v, nil
}

// node converts a node of YAML.
func (c *converter) node(n *yaml.Node, depth int) (any, error) {
	if err := c.take(depth); err != nil {
		return nil, err
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) > 0 {
			return c.node(n.Content[0], depth)
		}
	case yaml.AliasNode:
		if n.Alias != nil {
			return c.node(n.Alias, depth+1)
		}
	case yaml.ScalarNode:
		if n.Style != 0 {
			return n.Value, nil
		}
		return plain(n.Value), nil
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, e := range n.Content {
			v, err := c.node(e, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case yaml.MappingNode:
		out, merged := make(params, len(n.Content)/2), params{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := c.node(n.Content[i+1], depth+1)
			if err != nil {
				return nil, err
			}
			if m, ok := v.(params); ok && n.Content[i].Value == "<<" {
				merged = m
				continue
			}
			out[strings.ToLower(n.Content[i].Value)] = v
		}
		for k, v := range merged {
			if _, ok := out[k]; !ok {
				out[k] = v
			}
		}
		return out, nil
	}
	return nil, nil
}

// plain is the value of an unquoted scalar of YAML 1.1, which Hugo reads.
func plain(s string) any {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return nil
	case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
		return true
	case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return false
	}
	if strings.IndexByte("0123456789+-.", s[0]) < 0 {
		return s
	}
	return number(s)
}

func number(s string) any {
	if n, err := strconv.ParseInt(s, 0, 64); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
		return f
	}
	return s
}

// text is a scalar as Hugo prints it; empty for everything else.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func (p params) str(key string) string { return strings.TrimSpace(text(p[key])) }

// flag reads a boolean, also one that is written as a text.
func (p params) flag(key string, otherwise bool) bool {
	switch v := p[key].(type) {
	case bool:
		return v
	case string:
		if b, err := strconv.ParseBool(v); err == nil {
			return b
		}
	}
	return otherwise
}

// sub is the mapping below a key; empty if there is none.
func (p params) sub(keys ...string) params {
	for _, k := range keys {
		p, _ = p[k].(params)
	}
	return p
}

// list is the list at a key; empty if there is none.
func (p params) list(key string) []any {
	l, _ := p[key].([]any)
	return l
}

// words are the texts of a list, or of a single scalar.
func (p params) words(key string) []string {
	list, ok := p[key].([]any)
	if !ok {
		list = []any{p[key]}
	}
	var out []string
	for _, v := range list {
		if s := strings.TrimSpace(text(v)); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// merge lays over on p, mapping by mapping.
func (p params) merge(over params) {
	for k, v := range over {
		under, ok := p[k].(params)
		if m, isMap := v.(params); ok && isMap {
			under.merge(m)
			continue
		}
		p[k] = v
	}
}

// fill takes from under the keys that are missing in p.
func (p params) fill(under params) {
	for k, v := range under {
		if _, ok := p[k]; !ok {
			p[k] = v
		}
	}
}

package config

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// reader walks the tree of a file before it is decoded: it expands variables, reads secrets from files, finds unknown
// keys and remembers which key stands where, so that decoding errors can name it.
type reader struct {
	text       []byte
	file, base string
	env        func(string) (string, bool)
	files      []string
	errs       Errors
	seen       map[mark]seen
}

type mark struct{ line, column int }

// seen is what stood at a place before variables were expanded.
type seen struct {
	path, text string
	typ        reflect.Type
	kind       yaml.Kind
	secret     bool
	// expanded says that the value holds what a variable or a file held, which may be a secret.
	expanded bool
}

// field is a key of a mapping.
type field struct {
	key, doc string
	typ      reflect.Type
	secret   bool
}

var (
	nodeType     = reflect.TypeFor[yaml.Node]()
	stringType   = reflect.TypeFor[string]()
	durationType = reflect.TypeFor[time.Duration]()
	networkType  = reflect.TypeFor[netip.Prefix]()
	ownYAML      = reflect.TypeFor[yaml.Unmarshaler]()
	ownText      = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// fieldsOf lists the keys of a struct or a pointer to one, by its yaml tags, inline structs included.
func fieldsOf(v any) []field { return fieldsOfType(reflect.TypeOf(v)) }

func fieldsOfType(t reflect.Type) []field {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var out []field
	for f := range t.Fields() {
		if !f.IsExported() {
			continue
		}
		key, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case key == "-":
		case slices.Contains(strings.Split(opts, ","), "inline"):
			out = append(out, fieldsOfType(f.Type)...)
		default:
			if key == "" {
				key = strings.ToLower(f.Name)
			}
			out = append(out, field{key, f.Tag.Get("doc"), f.Type, f.Tag.Get("secret") == "true"})
		}
	}
	return out
}

func find(fields []field, key string) (field, bool) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.key == key })
	if i < 0 {
		return field{}, false
	}
	return fields[i], true
}

// fields walks a mapping whose keys are known. What cannot be used is reported and taken out of the mapping, so that
// decoding and checking the rest reports nothing twice.
func (r *reader) fields(n *yaml.Node, fields []field, path string, later []string) {
	first := map[string]int{}
	var kept []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join(path, k.Value)
		before := len(r.errs)
		f, ok := find(fields, k.Value)
		target := k.Value
		if base, isFile := strings.CutSuffix(k.Value, "_file"); !ok && isFile {
			if f, ok = find(fields, base); ok && f.secret && f.typ.Kind() == reflect.String {
				target = base
			} else {
				ok = false
			}
		}
		switch line, twice := first[target]; {
		case k.Kind != yaml.ScalarNode || k.Value == "<<":
			r.fail(k, at, "merge keys, aliases and keys that are not text are not supported; write the keys out")
		case twice:
			r.fail(k, at, "%s is already set in line %d; remove one of the two", target, line)
		case !ok && slices.Contains(later, k.Value):
			r.fail(k, at, notYet)
		case !ok:
			r.fail(k, at, "unknown key%s", suggest(k.Value, keys(fields)))
		case target != k.Value:
			first[target] = k.Line
			r.secretFile(k, v, target, at)
		default:
			first[target] = k.Line
			r.walk(v, f.typ, at, f.secret)
		}
		if len(r.errs) == before {
			kept = append(kept, k, v)
		}
	}
	n.Content = kept
}

const noAlias = "aliases (*%s) are not supported; write the value out"

const notYet = "this key is not served by this version yet; remove it"

func keys(fields []field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.key
	}
	return out
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// walk goes through a value that is to become a t.
func (r *reader) walk(n *yaml.Node, t reflect.Type, path string, secret bool) {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if (t == rulesType || t == privateType || t == wordsType) && (n.Kind == yaml.MappingNode || n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null") {
		one := *n // a list of one may be written without its brackets
		*n = yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: n.Line, Column: n.Column, Content: []*yaml.Node{&one}}
	}
	r.seen[mark{n.Line, n.Column}] = seen{path: path, text: n.Value, typ: t, kind: n.Kind, secret: secret}
	switch n.Kind {
	case yaml.AliasNode:
		r.fail(n, path, noAlias, n.Value)
	case yaml.ScalarNode:
		if n.ShortTag() == "!!null" {
			r.fail(n, path, "has no value; give it one or remove the key")
			return
		}
		r.expand(n, t, path)
	case yaml.SequenceNode:
		var elem reflect.Type
		if t != nil && t.Kind() == reflect.Slice {
			elem = t.Elem()
		}
		for i, c := range n.Content {
			r.walk(c, elem, fmt.Sprintf("%s[%d]", path, i), secret)
		}
	case yaml.MappingNode:
		switch {
		case t == nodeType:
			// Walked by whoever knows its keys.
		case t != nil && t.Kind() == reflect.Struct && !decodesItself(t):
			r.fields(n, fieldsOfType(t), path, nil)
		default:
			var elem reflect.Type
			if t != nil && t.Kind() == reflect.Map {
				elem = t.Elem()
			}
			for i := 0; i+1 < len(n.Content); i += 2 {
				k, v := n.Content[i], n.Content[i+1]
				if name, isFile := strings.CutSuffix(k.Value, "_file"); isFile && secret && elem != nil {
					r.secretFile(k, v, name, join(path, k.Value))
					continue
				}
				r.walk(v, elem, join(path, k.Value), secret)
			}
		}
	}
}

func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(ownYAML) || p.Implements(ownText)
}

var variable = regexp.MustCompile(`\$(\$|\{[^}]*\}?)`)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces ${VAR} and $$ in a scalar.
func (r *reader) expand(n *yaml.Node, t reflect.Type, path string) {
	if !strings.Contains(n.Value, "$") {
		return
	}
	text := variable.ReplaceAllStringFunc(n.Value, func(m string) string {
		if m == "$$" {
			return "$"
		}
		name, closed := strings.CutSuffix(m[2:], "}")
		if !closed || !variableName.MatchString(name) {
			r.fail(n, path, "%q is not a variable; want ${NAME}, or $$ for a plain $", m)
			return ""
		}
		if r.env != nil {
			if v, ok := r.env(name); ok {
				return v
			}
		}
		r.fail(n, path, "environment variable %s is not set; set it or write the value here", name)
		return ""
	})
	if text == n.Value {
		return
	}
	s := r.seen[mark{n.Line, n.Column}]
	s.expanded = true
	r.seen[mark{n.Line, n.Column}] = s
	// What a variable holds is text, except where the key wants something else and can have it.
	n.Value, n.Tag, n.Style = text, "!!str", 0
	if t == nil || t == durationType {
		return
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if _, err := strconv.ParseInt(text, 10, 64); err == nil {
			n.Tag = "!!int"
		}
	case reflect.Bool:
		if text == "true" || text == "false" {
			n.Tag = "!!bool"
		}
	case reflect.Float32, reflect.Float64:
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			n.Tag = "!!float"
		}
	}
}

// maxSecret bounds a file that holds a secret, in bytes.
const maxSecret = 64 << 10

// secretFile makes of KEY_file: PATH what KEY: VALUE would be.
func (r *reader) secretFile(k, v *yaml.Node, key, path string) {
	before := len(r.errs)
	if v.Kind != yaml.ScalarNode {
		r.fail(v, path, "want the name of a file, got %s", describe(v.Kind, "", true))
		return
	}
	r.walk(v, reflect.TypeFor[string](), path, false)
	if len(r.errs) > before {
		return
	}
	name := v.Value
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.base, name)
	}
	text, err := readSecret(name)
	if err != nil {
		r.fail(v, path, "%s", err)
		return
	}
	r.files = append(r.files, name)
	r.seen[mark{v.Line, v.Column}] = seen{path: path, typ: reflect.TypeFor[string](), kind: yaml.ScalarNode, secret: true, expanded: true}
	k.Value, v.Value, v.Tag = key, text, "!!str"
}

// readSecret reads a file that holds one value; the line end that editors add is not part of it.
func readSecret(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read secret %s: %w", name, err)
	case len(b) > maxSecret:
		return "", fmt.Errorf("read secret %s: larger than %d KiB; want a file that holds the value alone", name, maxSecret>>10)
	}
	text := strings.TrimRight(string(b), "\r\n")
	if text == "" {
		return "", fmt.Errorf("read secret %s: the file is empty", name)
	}
	return text, nil
}

// load decodes a walked node and reports what does not fit.
func (r *reader) load(n *yaml.Node, v any) {
	err := n.Load(v, yaml.WithKnownFields())
	var all *yaml.LoadErrors
	var one *yaml.LoadError
	switch {
	case err == nil:
	case errors.As(err, &all):
		for _, e := range all.Errors {
			r.misfit(n, e)
		}
	case errors.As(err, &one):
		r.misfit(n, one)
	default:
		r.fail(n, r.seen[mark{n.Line, n.Column}].path, "%s", err)
	}
}

func (r *reader) misfit(n *yaml.Node, e *yaml.LoadError) {
	at := &yaml.Node{Line: e.Mark.Line, Column: e.Mark.Column}
	if at.Line == 0 {
		at.Line, at.Column = n.Line, n.Column
	}
	s := r.seen[mark{at.Line, at.Column}]
	got := describe(s.kind, s.text, s.secret)
	switch want := wanted(s.typ); {
	case want != "":
		r.fail(at, s.path, "want %s, got %s", want, got)
	case s.secret || s.expanded:
		r.fail(at, s.path, "this key cannot take %s", got)
	case e.Unwrap() != nil:
		r.fail(at, s.path, "this key cannot take %s: %s", got, e.Unwrap())
	default:
		r.fail(at, s.path, "this key cannot take %s: %s", got, e.Message)
	}
}

// wanted describes a type to people; empty for a type that explains itself.
func wanted(t reflect.Type) string {
	switch {
	case t == nil:
		return ""
	case t == durationType:
		return "a duration such as 30s, 15m or 24h"
	case t == nodeType:
		return "a mapping (lines of the form KEY: VALUE)"
	case t == networkType:
		return "a network such as 10.0.0.0/8"
	case decodesItself(t):
		return ""
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number, not negative"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list such as [one, two]"
	case reflect.Map, reflect.Struct:
		return "a mapping (lines of the form KEY: VALUE)"
	}
	return ""
}

func describe(kind yaml.Kind, text string, secret bool) string {
	switch {
	case kind == yaml.MappingNode:
		return "a mapping"
	case kind == yaml.SequenceNode:
		return "a list"
	case secret:
		return "something else"
	}
	return fmt.Sprintf("%q", text)
}

// value reports a value that was decoded but cannot be, unless it did not even decode.
func (r *reader) value(n *yaml.Node, path string, err error) {
	if slices.ContainsFunc(r.errs, func(e *Error) bool { return e.Line == n.Line && e.Column == n.Column }) {
		return
	}
	s := r.seen[mark{n.Line, n.Column}]
	if s.secret || s.kind != yaml.ScalarNode {
		r.fail(n, path, "%s", err)
		return
	}
	r.fail(n, path, "%s, got %q", err, s.text)
}

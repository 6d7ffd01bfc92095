package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
)

const (
	durationPattern = `^([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))*$`
	variablePattern = `\$\{[A-Za-z_][A-Za-z0-9_]*\}`
)

// Schema is the JSON Schema of the file, for editors that complete and check it while it is written. Where a schema
// cannot say what [Parse] wants, it accepts more; only ${VAR} in place of a number is a mistake to it.
func Schema(kinds Kinds) ([]byte, error) {
	if err := kinds.check(); err != nil {
		return nil, err
	}
	r := &jsonschema.Reflector{
		Anonymous: true, DoNotReference: true, ExpandedStruct: true, RequiredFromJSONSchemaTags: true, FieldNameTag: "yaml",
		Mapper: schemaOf,
		LookupComment: func(t reflect.Type, name string) string {
			if t.Kind() != reflect.Struct {
				return ""
			}
			f, _ := t.FieldByName(name)
			return f.Tag.Get("doc")
		},
	}
	root := reflectStruct(r, reflect.TypeFor[file]())
	root.Version, root.Title = jsonschema.Version, "feedmill configuration"
	root.Required = []string{"sources"}

	var of []*jsonschema.Schema
	for _, k := range kinds.Sources {
		shared := []reflect.Type{reflect.TypeFor[common]()}
		if k.Web {
			shared = append(shared, reflect.TypeFor[web]())
		}
		of = append(of, schemaOfKind(r, k.Name, k.Doc, k.Config(), fieldsOf(k.Config()), shared...))
	}
	source := of[0]
	if len(of) > 1 {
		source = &jsonschema.Schema{OneOf: of}
	}
	one := uint64(1)
	list, _ := root.Properties.Get("sources")
	list.Type, list.MinProperties = "object", &one
	list.PropertyNames = &jsonschema.Schema{Pattern: strings.NewReplacer(`\pL`, `\p{L}`, `\pN`, `\p{N}`).Replace(validName)}
	list.AdditionalProperties = source

	titles := &jsonschema.Schema{Type: "object", AdditionalProperties: reflectStruct(r, reflect.TypeFor[label]())}
	section, _ := root.Properties.Get("labels")
	section.Type, section.AdditionalProperties = "object", jsonschema.FalseSchema
	section.Properties = jsonschema.NewProperties()
	for _, kind := range labelKinds {
		section.Properties.Set(kind, titles)
	}

	saved, _ := root.Properties.Get("feeds")
	saved.Type, saved.PropertyNames, saved.AdditionalProperties = "object", list.PropertyNames, reflectStruct(r, reflect.TypeFor[savedFeed]())

	var to []*jsonschema.Schema
	for _, k := range kinds.Targets {
		to = append(to, schemaOfKind(r, k.Name, k.Doc, k.Config(), targetFields(k), reflect.TypeFor[sending]()))
	}
	targets, _ := root.Properties.Get("targets")
	targets.Type, targets.PropertyNames = "object", list.PropertyNames
	if len(to) > 0 {
		targets.AdditionalProperties = &jsonschema.Schema{OneOf: to}
	}

	groups, _ := root.Properties.Get("groups")
	groups.Type, groups.PropertyNames, groups.AdditionalProperties = "object", list.PropertyNames, reflectStruct(r, reflect.TypeFor[group]())

	old, _ := root.Properties.Get("redirects")
	old.Type, old.PropertyNames = "object", &jsonschema.Schema{Pattern: "^/"}
	old.AdditionalProperties = &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string"}, reflectStruct(r, reflect.TypeFor[redirect]())}}

	b, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	return append(b, '\n'), nil
}

// schemaOfKind is the schema of a source or target of one kind: its own keys and those that all of them take.
func schemaOfKind(r *jsonschema.Reflector, name, doc string, cfg any, own []field, shared ...reflect.Type) *jsonschema.Schema {
	s := reflectKeys(r, reflect.TypeOf(cfg), own)
	s.Title, s.Description = name, doc
	for _, t := range shared {
		for p := reflectStruct(r, t).Properties.Oldest(); p != nil; p = p.Next() {
			s.Properties.Set(p.Key, p.Value)
		}
	}
	if _, secret := s.Properties.Get(name + "_file"); secret {
		s.AnyOf = []*jsonschema.Schema{{Required: []string{name}}, {Required: []string{name + "_file"}}}
	} else {
		s.Required = []string{name}
	}
	return s
}

func reflectStruct(r *jsonschema.Reflector, t reflect.Type) *jsonschema.Schema {
	return reflectKeys(r, t, fieldsOfType(t))
}

// reflectKeys is the schema of a struct with KEY_file beside every secret.
func reflectKeys(r *jsonschema.Reflector, t reflect.Type, fields []field) *jsonschema.Schema {
	s := r.ReflectFromType(t)
	s.Version = ""
	for _, f := range fields {
		if f.secret && f.typ.Kind() == reflect.String {
			s.Properties.Set(f.key+"_file", &jsonschema.Schema{
				Type: "string", Description: fmt.Sprintf("The name of a file that holds %s.", f.key),
			})
		}
	}
	return s
}

// schemaOf says how types that write themselves as text stand in the file.
func schemaOf(t reflect.Type) *jsonschema.Schema {
	switch {
	case t == durationType:
		return &jsonschema.Schema{Type: "string", Pattern: durationPattern + "|" + variablePattern, Examples: []any{"30s", "15m", "24h"}}
	case t == reflect.TypeFor[interval]():
		bounds := jsonschema.NewProperties()
		bounds.Set("min", schemaOf(durationType))
		bounds.Set("max", schemaOf(durationType))
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
			schemaOf(durationType), {Type: "object", Properties: bounds, AdditionalProperties: jsonschema.FalseSchema},
		}}
	case t == reflect.TypeFor[original]():
		how := jsonschema.NewProperties()
		for _, f := range fieldsOf(&original{}) {
			kind := "string"
			if f.typ.Kind() == reflect.Bool {
				kind = "boolean"
			}
			how.Set(f.key, &jsonschema.Schema{Type: kind, Description: f.doc})
		}
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
			{Type: "string", Examples: []any{"last-link", "first-link", "source_url"}}, {Type: "object", Properties: how, AdditionalProperties: jsonschema.FalseSchema},
		}}
	case t == reflect.TypeFor[templates]():
		how := jsonschema.NewProperties()
		for _, f := range fieldsOf(&templates{}) {
			how.Set(f.key, &jsonschema.Schema{Type: "string", Description: f.doc})
		}
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
			{Type: "string", Examples: []any{"{{.Title}} ({{.Source}})"}}, {Type: "object", Properties: how, AdditionalProperties: jsonschema.FalseSchema},
		}}
	case t == wordsType:
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
			{Type: "string"}, {Type: "array", Items: &jsonschema.Schema{Type: "string"}},
		}}
	case t == rulesType, t == privateType:
		rule := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
		for _, f := range fieldsOfType(t.Elem()) {
			s := schemaOf(f.typ)
			if s == nil {
				s = &jsonschema.Schema{Type: "string"}
			}
			s.Description = f.doc
			rule.Properties.Set(f.key, s)
		}
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{rule, {Type: "array", Items: rule}}}
	case t == nodeType, t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(ownYAML):
		return &jsonschema.Schema{}
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(ownText):
		return &jsonschema.Schema{Type: "string"}
	}
	return nil
}

package config

import (
	"encoding/json"
	"testing"
)

func TestSchemaGolden(t *testing.T) {
	got, err := Schema(fakeKinds())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/schema.golden.json", got)
}

// TestSchemaKnowsEveryKey: what the parser takes, an editor offers.
func TestSchemaKnowsEveryKey(t *testing.T) {
	b, err := Schema(fakeKinds())
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties           map[string]json.RawMessage
		AdditionalProperties json.RawMessage
	}
	var root object
	if err := json.Unmarshal(b, &root); err != nil {
		t.Fatal(err)
	}
	for _, f := range fieldsOf(&file{}) {
		if root.Properties[f.key] == nil {
			t.Errorf("no key %s", f.key)
		}
	}
	var list struct {
		AdditionalProperties struct{ OneOf []object }
	}
	if err := json.Unmarshal(root.Properties["sources"], &list); err != nil {
		t.Fatal(err)
	}
	kinds := fakeKinds().Sources
	if len(list.AdditionalProperties.OneOf) != len(kinds) {
		t.Fatalf("want a schema for each kind, got %d", len(list.AdditionalProperties.OneOf))
	}
	for i, k := range kinds {
		for _, f := range append(fieldsOf(k.Config()), fieldsOf(&common{})...) {
			if list.AdditionalProperties.OneOf[i].Properties[f.key] == nil {
				t.Errorf("kind %s: no key %s", k.Name, f.key)
			}
		}
		if string(list.AdditionalProperties.OneOf[i].AdditionalProperties) != "false" {
			t.Errorf("kind %s: unknown keys are accepted", k.Name)
		}
	}
}

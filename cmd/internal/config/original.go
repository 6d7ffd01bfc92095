package config

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"feedmill/sources"
)

// original says where the address of the page that an item was copied from stands.
type original struct {
	Link   string `yaml:"link" doc:"The link of the text: last (of the last paragraph, with nothing else in it), first (to another host), or words that stand in it."`
	Field  string `yaml:"field" doc:"The field of the front matter, for kinds whose posts have some."`
	Remove bool   `yaml:"remove" doc:"Leave out the paragraph of the link, if nothing else is in it."`
}

const originalForm = "want last-link, first-link, a field of the front matter, or a mapping such as { link: 阅读原文, remove: true } or { field: source_url }"

// UnmarshalYAML implements yaml.Unmarshaler.
func (o *original) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		switch text := strings.TrimSpace(n.Value); text {
		case "":
			return errors.New(originalForm)
		case sources.LinkLast + "-link", sources.LinkFirst + "-link":
			o.Link = strings.TrimSuffix(text, "-link")
		default:
			o.Field = text
		}
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return errors.New(originalForm)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		v := n.Content[i+1]
		if v.Kind != yaml.ScalarNode {
			return errors.New(originalForm)
		}
		switch n.Content[i].Value {
		case "link":
			o.Link = strings.TrimSpace(v.Value)
		case "field":
			o.Field = strings.TrimSpace(v.Value)
		case "remove":
			if err := v.Decode(&o.Remove); err != nil {
				return errors.New("remove: want true or false")
			}
		default:
			return fmt.Errorf("unknown key %q; %s", n.Content[i].Value, originalForm)
		}
	}
	switch {
	case (o.Link == "") == (o.Field == ""):
		return errors.New("want either link or field")
	case o.Remove && o.Link == "":
		return errors.New("remove: goes with a link")
	}
	return nil
}

// IsZero lets omitempty leave it out.
func (o original) IsZero() bool { return o == original{} }

// The values of the key duplicates.
const (
	duplicatesKeep  = "keep"
	duplicatesMerge = "merge"
)

// parseDuplicates reports whether items are merged.
func parseDuplicates(s string) (merge bool, err error) {
	switch s {
	case duplicatesMerge:
		return true, nil
	case duplicatesKeep:
		return false, nil
	}
	return false, errors.New("want keep (each source shows its own) or merge (items of several sources with one address are one)")
}

package config

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v4"

	"feedmill/feeds/push"
)

// templates say how a target shows an item: in one text, or title, text and footer each.
type templates struct {
	Title  string `yaml:"title,omitempty" doc:"The line that leads to the item. Unset: its title."`
	Text   string `yaml:"text,omitempty" doc:"What stands below. Unset: the beginning of the summary."`
	Footer string `yaml:"footer,omitempty" doc:"The small print. Unset: source, time and first label."`

	whole bool // one text was given
}

var errTemplate = errors.New("want a text, or { title: TEXT, text: TEXT, footer: TEXT }")

// UnmarshalYAML implements yaml.Unmarshaler.
func (t *templates) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		if strings.TrimSpace(n.Value) == "" {
			return errTemplate
		}
		t.Title, t.Text, _ = strings.Cut(strings.TrimSpace(n.Value), "\n")
		t.whole = true
		return nil
	}
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return errTemplate
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		v := n.Content[i+1]
		if v.Kind != yaml.ScalarNode {
			return errTemplate
		}
		switch n.Content[i].Value {
		case "title":
			t.Title = v.Value
		case "text":
			t.Text = v.Value
		case "footer":
			t.Footer = v.Value
		default:
			return errTemplate
		}
	}
	return nil
}

// nothing is a template that shows nothing; an empty one is the default.
const nothing = `{{""}}`

func (t templates) template() push.Template {
	out := push.Template{Title: t.Title, Text: t.Text, Footer: t.Footer}
	if t.whole {
		// It is all that is shown: the first line leads to the item.
		out.Footer = nothing
		if strings.TrimSpace(out.Text) == "" {
			out.Text = nothing
		}
	}
	return out
}

// template compiles the key of that name.
func (r *reader) template(t *Target, n *yaml.Node, at string, given templates) {
	v := valueOf(n, "template")
	if v == n {
		return
	}
	var err error
	if t.Shape, err = given.template().Compile(t.Language, t.Zone); err == nil {
		return
	}
	at = join(at, "template")
	key, reason, ok := strings.Cut(err.Error(), ": ")
	if where := valueOf(v, key); ok && where != v {
		r.fail(where, join(at, key), "%s", reason)
		return
	}
	r.fail(v, at, "%s", err)
}

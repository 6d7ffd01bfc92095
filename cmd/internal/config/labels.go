package config

import (
	"strings"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/unicode/norm"

	"feedmill/feeds"
)

// label is what can be said of a label.
type label struct {
	Title string `yaml:"title" doc:"What the feed and its page are called; the address stays."`
}

// labelKinds are the kinds of topic that have labels to be configured.
var labelKinds = []string{"category", "tag"}

// laterLabelKeys are part of the file's shape, but not served yet.
var laterLabelKeys = []string{"aliases"}

// labels reads the section of that name.
func (r *reader) labels(c *Config, n *yaml.Node) {
	if n.IsZero() {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n, "labels", "want a mapping with the keys category and tag, got %s", describe(n.Kind, n.Value, false))
		return
	}
	lines := map[feeds.Topic]int{}
	kinds := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join("labels", k.Value)
		line, twice := kinds[k.Value]
		kinds[k.Value] = k.Line
		switch {
		case twice:
			r.fail(k, at, "%s is already set in line %d; put the labels of both together", k.Value, line)
		case k.Value != labelKinds[0] && k.Value != labelKinds[1]:
			r.fail(k, at, "unknown key; want category or tag")
		case v.Kind != yaml.MappingNode:
			r.fail(v, at, "want a mapping of labels, such as 人工智能: { title: AI }")
		default:
			r.labelsOf(c, k.Value, at, v, lines)
		}
	}
}

func (r *reader) labelsOf(c *Config, kind, at string, n *yaml.Node, lines map[feeds.Topic]int) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join(at, k.Value)
		topic := feeds.NewTopic(kind, norm.NFC.String(strings.TrimSpace(k.Value)))
		switch line := lines[topic]; {
		case k.Kind != yaml.ScalarNode || topic.Name == "":
			r.fail(k, at, "want a label as it stands in the posts")
			continue
		case line > 0:
			r.fail(k, at, "the same label stands in line %d (capitals and blanks do not count)", line)
			continue
		case v.Kind != yaml.MappingNode:
			r.fail(v, at, "want { title: TEXT }")
			continue
		}
		lines[topic] = k.Line
		var l label
		r.fields(v, fieldsOf(&l), at, laterLabelKeys)
		r.load(v, &l)
		if title := strings.TrimSpace(l.Title); title != "" {
			c.Titles[topic] = title
		}
	}
}

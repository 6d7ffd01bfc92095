package config

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/unicode/norm"

	"feedmill/feeds"
	publish "feedmill/feeds/web"
	"feedmill/sources"
)

// label is what can be said of a label.
type label struct {
	Text    text     `yaml:",inline"`
	Aliases []string `yaml:"aliases,omitempty,flow" doc:"Other spellings: items with one of them have this label instead, and their addresses redirect here."`
	Rename  string   `yaml:"rename,omitempty" doc:"The new name: items have it instead, and the old address redirects there."`
	Drop    bool     `yaml:"drop,omitempty" doc:"Leave the label out; the items stay."`
	Add     []string `yaml:"add,omitempty,flow" doc:"Labels of the same kind that an item with this one has, too."`
}

// sourceLabel is what a source can say of a label.
type sourceLabel struct {
	Aliases []string `yaml:"aliases,omitempty,flow" doc:"Other spellings: items with one of them have this label instead."`
	Rename  string   `yaml:"rename,omitempty" doc:"The name that items have instead."`
	Drop    bool     `yaml:"drop,omitempty" doc:"Leave the label out; the items stay."`
	Add     []string `yaml:"add,omitempty,flow" doc:"Labels of the same kind that an item with this one has, too."`
}

// labelsOf is the section of a source.
type labelsOf struct {
	Category map[string]sourceLabel `yaml:"category,omitempty" doc:"Categories by name."`
	Tag      map[string]sourceLabel `yaml:"tag,omitempty" doc:"Tags by name."`
}

// labelKinds are the kinds of topic that have labels to be configured.
var labelKinds = []string{"category", "tag"}

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
	rules := relabeller{r: r, kind: kind, at: at, lines: map[string]int{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join(at, k.Value)
		topic := feeds.NewTopic(kind, cleanLabel(k.Value))
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
		r.fields(v, fieldsOf(&l), at, nil)
		r.load(v, &l)
		r.say(c, topic, at, v, &l.Text)
		rules.add(k, k.Value, sourceLabel{l.Aliases, l.Rename, l.Drop, l.Add})
	}
	to := &c.Labels.Category
	if kind == "tag" {
		to = &c.Labels.Tag
	}
	*to = rules.done()
	for from, target := range to.To {
		if old, name := feeds.NewTopic(kind, from), feeds.NewTopic(kind, target); old != name {
			c.Redirects[old.Path()] = publish.Redirect{To: name.String()}
		}
	}
}

// relabel reads the section labels of a source.
func (r *reader) relabel(n *yaml.Node, at string, l labelsOf) (out sources.LabelRules) {
	for _, kind := range []struct {
		name string
		from map[string]sourceLabel
		to   *sources.Relabel
	}{{"category", l.Category, &out.Category}, {"tag", l.Tag, &out.Tag}} {
		section := valueOf(n, kind.name)
		if section == n || section.Kind != yaml.MappingNode {
			continue
		}
		rules := relabeller{r: r, kind: kind.name, at: join(at, kind.name), lines: map[string]int{}}
		for i := 0; i+1 < len(section.Content); i += 2 {
			k := section.Content[i]
			if feeds.Fold(cleanLabel(k.Value)) == "" {
				r.fail(k, rules.at, "want a label as it stands in the posts")
				continue
			}
			rules.add(k, k.Value, kind.from[k.Value])
		}
		*kind.to = rules.done()
	}
	return out
}

// relabeller makes rules of what the labels of one kind say.
type relabeller struct {
	r     *reader
	kind  string
	at    string
	rules sources.Relabel
	lines map[string]int // of what stands for another label
	names map[string]*yaml.Node
}

func cleanLabel(s string) string { return norm.NFC.String(strings.Join(strings.Fields(s), " ")) }

func (l *relabeller) add(k *yaml.Node, name string, s sourceLabel) {
	name = cleanLabel(name)
	fold := feeds.Fold(name)
	at := join(l.at, k.Value)
	if l.rules.To == nil {
		l.rules = sources.Relabel{To: map[string]string{}, Drop: map[string]bool{}, Add: map[string][]string{}}
		l.names = map[string]*yaml.Node{}
	}
	if s.Drop && (s.Rename != "" || len(s.Aliases) > 0 || len(s.Add) > 0) {
		l.r.fail(k, at, "a label that is dropped has neither other spellings nor a new name; remove one of the two")
		return
	}
	if s.Drop {
		l.rules.Drop[fold] = true
	}
	if s.Rename != "" {
		l.to(k, at, fold, cleanLabel(s.Rename))
		name = cleanLabel(s.Rename)
	}
	for _, a := range s.Aliases {
		l.to(k, at, feeds.Fold(cleanLabel(a)), name)
	}
	for _, a := range s.Add {
		if a = cleanLabel(a); feeds.Fold(a) == "" {
			l.r.fail(k, at, "add: want labels that are not empty")
			return
		}
		target := feeds.Fold(name)
		l.rules.Add[target] = append(l.rules.Add[target], a)
	}
}

// to makes one label stand for another.
func (l *relabeller) to(k *yaml.Node, at, from, to string) {
	switch line, taken := l.lines[from]; {
	case from == "" || feeds.Fold(to) == "":
		l.r.fail(k, at, "want labels that are not empty")
	case taken && feeds.Fold(l.rules.To[from]) != feeds.Fold(to):
		l.r.fail(k, at, "%s already stands for %s (line %d); a label becomes one other", from, l.rules.To[from], line)
	default:
		l.lines[from], l.rules.To[from], l.names[from] = k.Line, to, k
	}
}

// done follows chains, so that every label is mapped in one step.
func (l *relabeller) done() sources.Relabel {
	for _, from := range slices.Sorted(maps.Keys(l.rules.To)) {
		to, hops := l.rules.To[from], 0
		for next, ok := l.rules.To[feeds.Fold(to)]; ok && feeds.Fold(next) != feeds.Fold(to); next, ok = l.rules.To[feeds.Fold(to)] {
			if to = next; hops > len(l.rules.To) {
				k := l.names[from]
				l.r.fail(k, join(l.at, k.Value), "its new name leads back to it")
				return l.rules
			}
			hops++
		}
		l.rules.To[from] = to
	}
	return l.rules
}

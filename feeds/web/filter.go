package web

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"feedmill/feeds"
)

// filterForm is the form that makes a filter of a topic. It sends the parameters of an address as they are, so that it works
// without a script.
type filterForm struct {
	Action        string
	Open, Mistake bool
	Fields        []filterField
	Checks        []filterField
	// Clear is the page without the filter, YAML what keeps it as a saved feed; empty where there is none, or none that says it.
	Clear, YAML string
	// Error is a mistake in what is no field of the form.
	Error string
	// Live are the elements of the page that change with what is written, by ID.
	Live string
}

// filterField is a parameter. One that takes several values has a field for each, and an empty one.
type filterField struct {
	Name, Label, Hint, Error string
	Values                   []string
	Options                  []string // suggestions
	Set                      bool     // of a check box
	Value                    string
}

// maxOptions is how many values a field suggests, those with the most posts.
const maxOptions = 20

func (c *config) filterForm(d doc, list *listing, q url.Values) filterForm {
	t := d.words()
	f := filterForm{Action: c.prefix + d.topic.Path(), Open: d.view != nil && d.view.whole() != ""}
	live := []string{"addresses", "state", "items", "switch", "keep", "error"}
	for _, name := range []string{"q", "not", "category", "tag", "author", "source", "lang", "since", "limit"} {
		field := filterField{Name: name, Label: t.Fields[name], Hint: t.Hints[name], Values: q[name]}
		switch name {
		case "category", "tag", "author", "source", "lang":
			field.Hint = t.Hints["list"]
			field.Values = append(nonEmpty(q[name]), "")
			field.Options = list.common(name)
		default:
			if len(field.Values) == 0 {
				field.Values = []string{""}
			}
		}
		f.Fields = append(f.Fields, field)
		live = append(live, "error-"+name)
	}
	for name, value := range map[string]string{"dates": "arrival", "content": "summary"} {
		f.Checks = append(f.Checks, filterField{Name: name, Label: t.Fields[name], Value: value, Set: q.Get(name) == value})
	}
	if f.Checks[0].Name == "dates" { // the less important one is last
		f.Checks[0], f.Checks[1] = f.Checks[1], f.Checks[0]
	}
	f.Live = strings.Join(live, " ")
	if f.Open {
		f.Clear = c.prefix + withQuery(d.topic.Path(), d.look.query())
		f.YAML = saved(d.topic, d.view)
	}
	return f
}

func nonEmpty(list []string) (out []string) {
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// refuse says what is wrong with a field.
func (f *filterForm) refuse(name, reason string) {
	f.Open, f.Mistake = true, true
	for i := range f.Fields {
		if f.Fields[i].Name == name {
			f.Fields[i].Error = reason
			return
		}
	}
	f.Error = strconv.Quote(name) + ": " + reason
}

// common are the labels of a kind that the most items have.
func (l *listing) common(kind string) (out []string) {
	for _, r := range l.sorted[byCount]() {
		if r.Topic.Kind == kind && len(out) < maxOptions && r.Items > 0 {
			out = append(out, r.Topic.Name)
		}
	}
	return out
}

// saved are the lines of a configuration that make a saved feed of a view; empty for what no saved feed can say.
func saved(t feeds.Topic, v *view) string {
	if !v.filters() || t.Kind == "feed" {
		return ""
	}
	w := v.words
	lists := []struct {
		name   string
		values []string
	}{{"category", w.Category}, {"tag", w.Tag}, {"author", w.Author}, {"source", w.Source}, {"lang", w.Lang}}
	var parts []string
	add := func(name string, value any) {
		b, err := json.Marshal(value) // YAML 1.2 reads JSON
		if err != nil {
			panic(err) // strings do not fail
		}
		parts = append(parts, name+": "+string(b))
	}
	if w.Q != "" {
		add("q", w.Q)
	}
	for _, l := range lists {
		values := l.values
		if l.name == t.Kind {
			if len(values) > 0 {
				return "" // both have to hold, where a list means one of several
			}
			values = []string{t.Name}
		}
		if len(values) > 0 {
			add(l.name, values)
		}
	}
	if w.Not != "" {
		add("not", w.Not)
	}
	return "feeds:\n  NAME:\n    match: { " + strings.Join(parts, ", ") + " }"
}

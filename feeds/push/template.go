package push

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
	"time"

	"feedmill/feeds"
)

// Template says how an item is shown: text/template over plain fields, without markup, which the target adds and escapes. An
// empty one is the default.
type Template struct {
	Title, Text, Footer string
}

// Fields are what a template can show of an item.
type Fields struct {
	ID, URL, Title, Summary, Language, Image string
	// Source is the name of the upstream feed, else of the source. Label is the first category, else the first tag.
	Source, Label string
	Author        string
	Authors       []string
	Categories    []string
	Tags          []string
	// Times are in the time zone of the target.
	Published, Updated, Arrived time.Time
}

const (
	// maxShown bounds what a template makes of one item, in bytes, and maxLabels how many labels and authors it sees.
	maxShown  = 64 << 10
	maxLabels = 50
	// maxLoops is how deep ranges may stand in each other.
	maxLoops = 2
	// shownText is how much of a summary is shown by default, in characters.
	shownText = 200
)

// The default: "证券时报 · 11-29 16:00 · #金融".
var defaults = Template{
	Title:  `{{.Title}}`,
	Text:   `{{cut 200 .Summary}}`,
	Footer: `{{.Source}}{{if not .Published.IsZero}} · {{date "01-02 15:04" .Published}}{{end}}{{if .Label}} · #{{.Label}}{{end}}`,
}

// funcs are all that a template may call beside the comparisons of text/template.
var funcs = template.FuncMap{
	"cut":   func(n int, s string) string { return Cut(strings.TrimSpace(s), Runes(max(0, n))) },
	"join":  func(sep string, list []string) string { return strings.Join(list, sep) },
	"date":  func(layout string, t time.Time) string { return t.Format(layout) },
	"first": func(n int, list []string) []string { return list[:max(0, min(n, len(list)))] },
	"lower": strings.ToLower,
	"upper": strings.ToUpper,
}

// builtins are those of text/template that cost nothing. printf is none: "%999999999d" is a gigabyte.
var builtins = []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index"}

// Compile makes the function that shows items. It is tried on sample items, so what it says is wrong is wrong for every item.
// What it makes of one is bounded: 64 KiB, loops over labels and authors only. Without a zone dates are as the source states them.
func (t Template) Compile(language string, zone *time.Location) (func(*feeds.Item) (Entry, error), error) {
	var parts [3]*template.Template
	for i, p := range []struct{ name, text, usual string }{
		{"title", t.Title, defaults.Title}, {"text", t.Text, defaults.Text}, {"footer", t.Footer, defaults.Footer},
	} {
		if p.text == "" {
			p.text = p.usual
		}
		tmpl, err := template.New(p.name).Option("missingkey=error").Funcs(funcs).Parse(p.text)
		if err != nil {
			return nil, fmt.Errorf("%s: %s", p.name, strings.TrimPrefix(err.Error(), "template: "+p.name+":"))
		}
		if len(tmpl.Templates()) > 1 {
			return nil, fmt.Errorf("%s: it defines another template, which it could not call", p.name)
		}
		if tmpl.Tree != nil {
			if err := harmless(tmpl.Root, 0); err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
		}
		parts[i] = tmpl
	}
	shape := func(it *feeds.Item) (Entry, error) {
		f := fieldsOf(it, zone)
		var out [3]string
		for i, tmpl := range parts {
			var b bounded
			if err := tmpl.Execute(&b, f); err != nil {
				return Entry{}, fmt.Errorf("show item %s: %w", it.ID, err)
			}
			out[i] = strings.TrimSpace(b.String())
		}
		return Entry{Title: out[0], URL: it.URL, Text: out[1], Footer: out[2]}, nil
	}
	for _, it := range samples(language) {
		e, err := shape(it)
		if err != nil {
			var exec template.ExecError
			if errors.As(err, &exec) {
				err = exec
			}
			return nil, fmt.Errorf("it fails for a sample item: %w", err)
		}
		if it.Title != "" && strings.TrimSpace(e.Title) == "" {
			return nil, fmt.Errorf("title: it shows nothing for an item with the title %q", it.Title)
		}
	}
	return shape, nil
}

// defaultShape shows an item as every target does that has no template.
func defaultShape(language string, zone *time.Location) func(*feeds.Item) (Entry, error) {
	return func(it *feeds.Item) (Entry, error) {
		f := fieldsOf(it, zone)
		small := []string{f.Source}
		if !f.Published.IsZero() {
			small = append(small, f.Published.Format("01-02 15:04"))
		}
		if f.Label != "" {
			small = append(small, "#"+f.Label)
		}
		return Entry{Title: f.Title, URL: f.URL, Text: Cut(f.Summary, Runes(shownText)), Footer: strings.Join(small, " · ")}, nil
	}
}

func fieldsOf(it *feeds.Item, zone *time.Location) *Fields {
	f := &Fields{
		ID: it.ID, URL: it.URL, Title: it.Title, Summary: strings.TrimSpace(it.Summary), Language: it.Language, Image: it.Image, Source: it.Source,
		Categories: it.Categories[:min(len(it.Categories), maxLabels)], Tags: it.Tags[:min(len(it.Tags), maxLabels)],
		Published: in(it.Published, zone), Updated: in(it.Updated, zone), Arrived: in(it.Arrived, zone),
	}
	if it.Origin != nil && it.Origin.Title != "" {
		f.Source = it.Origin.Title
	}
	for _, p := range it.Authors[:min(len(it.Authors), maxLabels)] {
		f.Authors = append(f.Authors, p.String())
	}
	if len(f.Authors) > 0 {
		f.Author = f.Authors[0]
	}
	for _, labels := range [][]string{it.Categories, it.Tags} {
		if f.Label == "" && len(labels) > 0 {
			f.Label = labels[0]
		}
	}
	return f
}

// in is t in a zone; no time stays none, and without a zone t stays in its own.
func in(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() || zone == nil {
		return t
	}
	return t.In(zone)
}

// bounded takes no more than maxShown.
type bounded struct{ bytes.Buffer }

var errTooMuch = errors.New("it shows more than 64 KiB of an item")

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxShown {
		return 0, errTooMuch
	}
	return b.Buffer.Write(p)
}

// harmless says no to whatever could take long: a template is a line of configuration, not a program.
func harmless(n parse.Node, loops int) error {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, c := range n.Nodes {
			if err := harmless(c, loops); err != nil {
				return err
			}
		}
	case *parse.ActionNode:
		return harmless(n.Pipe, loops)
	case *parse.PipeNode:
		if n == nil {
			return nil
		}
		for _, c := range n.Cmds {
			for _, a := range c.Args {
				if err := harmless(a, loops); err != nil {
					return err
				}
			}
		}
	case *parse.IdentifierNode:
		if _, ours := funcs[n.Ident]; !ours && !slices.Contains(builtins, n.Ident) {
			return fmt.Errorf("%s cannot be called; want cut, join, date, first, lower, upper or a comparison", n.Ident)
		}
	case *parse.IfNode:
		return inBranch(&n.BranchNode, loops)
	case *parse.WithNode:
		return inBranch(&n.BranchNode, loops)
	case *parse.RangeNode:
		if loops++; loops > maxLoops {
			return fmt.Errorf("ranges stand deeper in each other than %d", maxLoops)
		}
		if !overList(n.Pipe) {
			return fmt.Errorf("range %s: want .Tags, .Categories or .Authors", n.Pipe)
		}
		return inBranch(&n.BranchNode, loops)
	case *parse.TemplateNode:
		return fmt.Errorf("%s: a template cannot call another", n)
	}
	return nil
}

func inBranch(n *parse.BranchNode, loops int) error {
	for _, c := range []parse.Node{n.Pipe, n.List, n.ElseList} {
		if err := harmless(c, loops); err != nil {
			return err
		}
	}
	return nil
}

// overList says whether a range is over a field that is a list, or the beginning of one.
func overList(p *parse.PipeNode) bool {
	if p == nil || len(p.Cmds) != 1 {
		return false
	}
	args := p.Cmds[0].Args
	if id, ok := args[0].(*parse.IdentifierNode); ok && id.Ident == "first" && len(args) == 3 {
		args = args[2:]
	}
	var field string
	switch a := args[0].(type) {
	case *parse.FieldNode:
		field = strings.Join(a.Ident, ".")
	case *parse.VariableNode: // $.Tags
		field = strings.TrimPrefix(strings.Join(a.Ident, "."), "$.")
	}
	return len(args) == 1 && slices.Contains([]string{"Tags", "Categories", "Authors"}, field)
}

// samples are items that a template must be able to show: one that has everything and one that has next to nothing.
func samples(language string) []*feeds.Item {
	at := time.Date(2026, 11, 29, 8, 30, 0, 0, time.UTC)
	full := &feeds.Item{
		ID: "tag:example.org,2026:1", Source: "example", URL: "https://example.org/2026/11/29/post", Title: "A post with a title",
		Summary: "What the post says, in two sentences. This is the second one.", Content: "<p>What the post says.</p>",
		Authors: []feeds.Person{{Name: "A. Author"}, {Email: "b@example.org"}}, Categories: []string{"News", "Markets"}, Tags: []string{"go", "rss"},
		Language: "en", Image: "https://example.org/picture.jpg", Published: at, Updated: at.Add(time.Hour), Arrived: at.Add(time.Minute),
		Origin: &feeds.Origin{Title: "Example"},
	}
	if language == "zh" {
		full.Source, full.Title, full.Summary, full.Language = "finews", "沪深两市成交额突破一万亿元", "今日沪深两市成交活跃，金融板块领涨。分析人士认为，市场情绪有所回暖。", "zh-CN"
		full.Categories, full.Tags, full.Origin = []string{"金融"}, []string{"A股", "证券时报网新闻"}, nil
	}
	return []*feeds.Item{full, {ID: "1", Source: "s", Title: "?"}}
}

// Sample is an item to show a target with, where there is none yet.
func Sample(language string) *feeds.Item { return samples(language)[0] }

// Package liquid renders Liquid templates as Jekyll does (Liquid 5.4 and the tags and filters of Jekyll 4.3), but never
// fails: an unknown or broken tag costs that tag and a warning with its line, an unknown filter passes its value
// through, and what is not Liquid at all stays as it is written.
//
// [Parse] makes a [Template] once; [Template.Render] is safe for concurrent use. Nothing here reads a file or a clock:
// includes, links and the time of "now" come from the [Env].
//
// What Ruby does is meant wherever a comment says "as Ruby": truth (only nil and false are false), comparison, text of
// values, strftime. Outside rules are those of https://shopify.github.io/liquid and https://jekyllrb.com/docs/liquid.
package liquid

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Needed reports whether a text has anything for Liquid to do. Everything else is its own rendering.
func Needed(text string) bool { return strings.Contains(text, "{%") || strings.Contains(text, "{{") }

// Template is a parsed text.
type Template struct {
	body *body
	file string
	// names are the variables that the text itself makes somewhere; nil if that is not known.
	names    map[string]bool
	warnings []Warning
}

// Warning is something that was left out or left as written.
type Warning struct {
	// File is the name of the include; empty for the text itself.
	File string
	// Line counts from 1.
	Line int
	Text string
}

func (w Warning) String() string {
	if w.File != "" {
		return fmt.Sprintf("%s:%d: %s", w.File, w.Line, w.Text)
	}
	return fmt.Sprintf("line %d: %s", w.Line, w.Text)
}

// Filter is a filter from outside. A nil error and any value of this package.
type Filter func(in any, args []any) (any, error)

// Env is what a rendering sees. All fields are optional.
type Env struct {
	// Vars are the variables of the outermost level: site, page and so on.
	Vars map[string]any
	// Filters are added to those of this package and win over them.
	Filters map[string]Filter
	// Include finds the template of an include; relative to the text's own directory for include_relative.
	Include func(name string, relative bool) (*Template, error)
	// Link is the address of a file of the site, for {% link %}; PostURL the address of a post by its name, for
	// {% post_url %}.
	Link    func(path string) (string, error)
	PostURL func(name string) (string, error)
	// Highlight writes code; nil writes what Jekyll writes, without colours.
	Highlight func(code, lang string, lineNumbers bool) string
	// Zone is the local time zone; nil is UTC. Now is what "now" means: the caller chooses a moment that stays.
	Zone *time.Location
	Now  time.Time
	// ParseTime reads a date that is a text; without a zone it is in Zone.
	ParseTime func(s string) (time.Time, bool)
	// Limits bound the rendering; zero fields have the defaults.
	Limits Limits
}

// Limits bound one rendering. What spends one is left out with a warning; text is never left out.
type Limits struct {
	// Steps counts tags, rounds of loops and elements that filters look at. Default: 500,000.
	Steps int
	// Bytes bounds the output and each single value. Default: 4 MiB.
	Bytes int
	// Includes is how deep includes may include. Default: 20.
	Includes int
}

const (
	defaultSteps    = 500_000
	defaultBytes    = 4 << 20
	defaultIncludes = 20
	// workFactor times Bytes is what filters and captures may produce on the way.
	workFactor = 8
	// maxWarnings bounds the warnings of one rendering; they are about the same few lines anyway.
	maxWarnings = 20
)

// Render renders the template. When ctx ends, what is left of the template has its tags left out.
func (t *Template) Render(ctx context.Context, env *Env) (string, []Warning) {
	r := newRun(ctx, env)
	r.file, r.names = t.file, t.names
	for _, w := range t.warnings {
		r.warn(w)
	}
	for _, n := range t.body.nodes {
		if s, ok := n.(text); ok {
			*r.out = append(*r.out, s...)
			continue
		}
		if r.spent == "" {
			r.top(n)
		}
		if r.interrupt != none {
			break // as Ruby: a break outside of a loop ends the text
		}
	}
	return string(*r.out), r.warnings
}

// top renders a node of the outermost level. If it spends the budget, nothing of it is kept.
func (r *run) top(n node) {
	size, line := len(*r.out), 0
	defer func() {
		if e := recover(); e != nil {
			why, ok := e.(exhausted)
			if !ok {
				panic(e)
			}
			r.reset()
			*r.out = (*r.out)[:size]
			if l, ok := n.(interface{ at() int }); ok {
				line = l.at()
			}
			r.spent = string(why)
			r.warn(Warning{Line: line, Text: r.spent + ": left out this Liquid and all behind it"})
		}
	}()
	n.render(r)
}

package sources

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"feedmill/feeds"
)

// MaxLabels is the most categories, and the most tags, of one item: what is beyond is no longer labelling.
const MaxLabels = 100

// LabelRules are the operator's rules about labels.
type LabelRules struct{ Category, Tag Relabel }

// Relabel says what becomes of a label of one kind, by its fold ([feeds.Fold]).
type Relabel struct {
	// To gives the label that stands in place of another: for aliases and renames.
	To map[string]string
	// Drop are labels that are left out.
	Drop map[string]bool
	// Add gives the labels that come with one.
	Add map[string][]string
}

// of returns the rules for a kind of label.
func (r LabelRules) of(kind string) Relabel {
	if kind == "category" {
		return r.Category
	}
	return r.Tag
}

// apply is what stands in the place of a label: nothing, one, or one with others that come with it. why tells what was
// done; empty for nothing.
func (r Relabel) apply(label string) (out []string, why string) {
	fold := feeds.Fold(label)
	if r.Drop[fold] {
		return nil, "left out"
	}
	if to, ok := r.To[fold]; ok && to != label {
		label, why = to, "became "+to
		if fold = feeds.Fold(to); r.Drop[fold] {
			return nil, "left out"
		}
	}
	out = []string{label}
	if more := r.Add[fold]; len(more) > 0 {
		out = append(out, more...)
		if why != "" {
			why += ", "
		}
		why += "brought " + strings.Join(more, ", ")
	}
	return out, why
}

// cleanLabels brings the labels of an item into the form in which they are kept: as written, but NFC, trimmed, with single
// blanks, after the policy's rules, each once by [feeds.Fold], where the first spelling wins. It calls report for what it
// has to cut, and adds to the trace what the rules did.
func cleanLabels(kind string, own []string, p Policy, it *feeds.Item, report func(string)) []string {
	added := p.AddTags
	if kind == "category" {
		added = p.AddCategories
	}
	if len(own)+len(added) == 0 {
		return nil
	}
	rules := [2]Relabel{p.Labels.of(kind), p.SiteLabels.of(kind)}
	out := make([]string, 0, len(own)+len(added))
	var seen map[string]bool
	dropped := 0
	add := func(l string) bool {
		fold := feeds.Fold(l)
		if fold == "" || seen[fold] {
			return false
		}
		if len(out) == MaxLabels {
			dropped++
			return false
		}
		if seen == nil {
			seen = make(map[string]bool, cap(out))
		}
		seen[fold] = true
		out = append(out, l)
		return true
	}
	for i, list := range [2][]string{own, added} {
		for _, raw := range list {
			l := cleanLabel(raw)
			if len(l) > feeds.MaxLabel {
				l = strings.TrimSpace(clipText(l, feeds.MaxLabel))
				report(fmt.Sprintf("%s of %d bytes is cut to %d: %q", kind, len(raw), feeds.MaxLabel, clipText(l, 40)+"…"))
			}
			labels := []string{l}
			for _, r := range rules {
				if len(r.To)+len(r.Drop)+len(r.Add) == 0 {
					continue
				}
				var next []string
				for _, l := range labels {
					made, why := r.apply(l)
					if next = append(next, made...); why != "" {
						it.Because(kind, l+" "+why)
					}
				}
				labels = next
			}
			for _, l := range labels {
				if add(l) && i == 1 {
					it.Because(kind, l+" is added by the configuration")
				}
			}
		}
	}
	if dropped > 0 {
		report(fmt.Sprintf("%d more than %d: %d of kind %s left out", len(out)+dropped, MaxLabels, dropped, kind))
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// cleanLabel cleans one label. Characters that cannot be seen would make two labels of one.
func cleanLabel(s string) string {
	s = clean(s)
	if strings.ContainsAny(s, "\u00ad\u200b\u2060") {
		s = strings.Map(func(r rune) rune {
			if r == '\u00ad' || r == '\u200b' || r == '\u2060' {
				return -1
			}
			return r
		}, s)
	}
	return foldSpace(s)
}

// clipText cuts s to at most n bytes, at a rune.
func clipText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

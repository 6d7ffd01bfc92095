package sources

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"feedmill/feeds"
	"feedmill/feeds/match"
)

// Rules say which items of a source are published. They look at items as they are published, labels included.
type Rules struct {
	// Keep, where there are any, publish only what one of them matches; Drop leaves out what one of them matches.
	Keep, Drop []*match.Filter
	// Private move what they match to a private group; the first that matches counts.
	Private []PrivateRule
}

// PrivateRule moves what it matches to a private group.
type PrivateRule struct {
	Filter *match.Filter
	Group  string
}

// GroupOf is the private group that an item belongs to, and for people why; empty for a public one.
func (p Policy) GroupOf(it *feeds.Item) (group, why string) {
	for _, r := range p.Rules.Private {
		if r.Filter.Match(it) {
			return r.Group, "private: " + r.Filter.String() + " matches: it belongs to the group " + r.Group
		}
	}
	if p.Group != "" {
		why = "its source belongs to the group " + p.Group
	}
	return p.Group, why
}

// judge returns the rule that leaves an item out; "" for one that is published.
func (r Rules) judge(it *feeds.Item) string {
	for _, f := range r.Drop {
		if f.Match(it) {
			return "drop: " + f.String()
		}
	}
	if len(r.Keep) == 0 || slices.ContainsFunc(r.Keep, func(f *match.Filter) bool { return f.Match(it) }) {
		return ""
	}
	if len(r.Keep) == 1 {
		return "keep: it is not " + r.Keep[0].String()
	}
	return fmt.Sprintf("keep: it is none of %d", len(r.Keep))
}

// Judge is judge for people: each rule with what it says of the item, in the order in which they are asked.
func (r Rules) Judge(it *feeds.Item) (steps []string, published bool) {
	published = true
	for _, f := range r.Drop {
		if f.Match(it) {
			steps, published = append(steps, "drop: "+f.String()+" matches: it is left out"), false
		} else {
			steps = append(steps, "drop: "+f.String()+" does not match")
		}
	}
	kept := len(r.Keep) == 0
	for _, f := range r.Keep {
		if f.Match(it) {
			steps, kept = append(steps, "keep: "+f.String()+" matches"), true
		} else {
			steps = append(steps, "keep: "+f.String()+" does not match")
		}
	}
	if !kept {
		steps = append(steps, "no keep rule matches: it is left out")
	}
	return steps, published && kept
}

// Shape is a hash over everything in the policy that decides on what is published: what is stored follows when it moves.
func (p Policy) Shape() string {
	h := xxhash.New()
	fmt.Fprintf(h, "%d|%q|%q|%q|%q|%q|", shapeVersion, p.Language, p.Author, p.AddCategories, p.AddTags, p.Group)
	for _, list := range [][]*match.Filter{p.Rules.Keep, p.Rules.Drop} {
		for _, f := range list {
			fmt.Fprintf(h, "%q ", f)
		}
		fmt.Fprint(h, "|")
	}
	for _, r := range p.Rules.Private {
		fmt.Fprintf(h, "private %q %q|", r.Filter, r.Group)
	}
	for _, l := range []LabelRules{p.Labels, p.SiteLabels} {
		for _, r := range []Relabel{l.Category, l.Tag} {
			fmt.Fprintf(h, "%q|%v|%q|", r.To, r.Drop, r.Add) // fmt prints maps in the order of their keys
		}
	}
	if p.Original != (OriginalRule{}) || p.Merge {
		fmt.Fprintf(h, "%q|%q|%v|%v|", p.Original.Field, p.Original.Link, p.Original.Remove, p.Merge)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// shapeVersion changes when policies are applied in another way.
const shapeVersion = 1

// Dropped is an item that a rule left out.
type Dropped struct {
	Key   string `json:"key"`
	Rule  string `json:"rule"`
	Title string `json:"title,omitempty"`
	URL   string `json:"url,omitempty"`
	// ID is the one that its source wishes for it.
	ID  string    `json:"id,omitempty"`
	Raw uint64    `json:"raw"`
	At  time.Time `json:"at"`
}

// maxDropped is how many items that were left out are remembered by name, the latest ones.
const maxDropped = 1000

// drop takes an item out of the batch and remembers why. The answer is what is stated in its place.
func (s *session) drop(c *feeds.Change, rule string) []feeds.Change {
	s.counts.Dropped++
	s.dropped[c.Key] = Dropped{
		Key: c.Key, Rule: rule, Title: c.Item.Title, URL: c.Item.URL, ID: c.Wish, Raw: c.Raw, At: s.now().UTC().Truncate(time.Second),
	}
	out := []feeds.Change{{Source: c.Source, Key: c.Key}}
	if c.Formerly != "" && c.Formerly != c.Key {
		out = append(out, feeds.Change{Source: c.Source, Key: c.Formerly})
	}
	return out
}

// admit marks an item that is new here only because a rule let it in: it is no news.
func (s *session) admit(c *feeds.Change) {
	if d, ok := s.droppedBefore[c.Key]; ok {
		c.Backlog = d.Raw == c.Raw
		return
	}
	if when := c.Item.Published; !s.reshapedAfter.IsZero() && !when.IsZero() && when.Before(s.reshapedAfter) {
		c.Backlog = true
	}
}

// saveDropped writes what was left out since the last call, and forgets what is published now.
func (s *session) saveDropped() error {
	edits := map[string][]byte{}
	s.mu.Lock()
	for key, d := range s.dropped {
		if old, ok := s.droppedBefore[key]; ok && old.Rule == d.Rule && old.Raw == d.Raw {
			continue
		}
		b, err := json.Marshal(d)
		if err != nil {
			s.mu.Unlock()
			return fmt.Errorf("remember what was left out: %w", err)
		}
		edits[key], s.droppedBefore[key] = b, d
	}
	for key := range s.droppedBefore {
		_, seen := s.seen[maphash.String(keySeed, key)]
		if _, again := s.dropped[key]; seen && !again {
			edits[key] = nil
			delete(s.droppedBefore, key)
		}
	}
	if over := len(s.droppedBefore) - maxDropped; over > 0 {
		all := make([]Dropped, 0, len(s.droppedBefore))
		for _, d := range s.droppedBefore {
			all = append(all, d)
		}
		slices.SortFunc(all, func(a, b Dropped) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Key, b.Key)) })
		for _, d := range all[:over] {
			edits[d.Key] = nil
			delete(s.droppedBefore, d.Key)
		}
	}
	s.mu.Unlock()
	if len(edits) == 0 {
		return nil
	}
	if err := s.desk.Write(s.ctx, BucketDropped, edits); err != nil {
		return fmt.Errorf("remember what was left out: %w", err)
	}
	return nil
}

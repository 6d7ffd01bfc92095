package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/unicode/norm"

	"feedmill/feeds"
	"feedmill/feeds/match"
	"feedmill/sources"
)

// common are the keys that every source takes.
type common struct {
	Title      string        `yaml:"title,omitempty" doc:"The title of the source's own feed. Unset: what the source says of itself."`
	Interval   interval      `yaml:"interval,omitempty" doc:"Time between fetches, 1s or more; or {min: 15m, max: 6h} for as often as something new comes, in these bounds."`
	Add        added         `yaml:"add,omitempty" doc:"Labels for every item of the source."`
	Language   string        `yaml:"language,omitempty" doc:"The language of items that state none."`
	Author     string        `yaml:"author,omitempty" doc:"The author of items that state none."`
	Keep       []match.Words `yaml:"keep,omitempty" doc:"Publish only items that match; several: those that match one of them."`
	Drop       []match.Words `yaml:"drop,omitempty" doc:"Leave out items that match; several: those that match one of them."`
	Group      string        `yaml:"group,omitempty" doc:"The private group of all its items: they are in nothing that is public. Unset: public."`
	Private    []private     `yaml:"private,omitempty" doc:"Items that match belong to a private group; of several rules the first that matches counts."`
	Labels     labelsOf      `yaml:"labels,omitempty" doc:"What becomes of labels of this source; as labels of the top level, without titles."`
	Original   original      `yaml:"original,omitempty" doc:"Where the address of the page that an item was copied from stands: last-link, first-link, a field of the front matter, or {link: WORDS, remove: true}. Unset: where the source says it."`
	Duplicates string        `yaml:"duplicates,omitempty" doc:"keep or merge, as duplicates of the top level. Unset: that."`
	Timezone   string        `yaml:"timezone,omitempty" doc:"The time zone in which dates of this source without a zone are read. Unset: timezone of the top level."`
	Formerly   string        `yaml:"formerly,omitempty" doc:"The name this source had before: its items and subscriptions are carried over."`
	Adopt      string        `yaml:"adopt,omitempty" doc:"The feed that this source continues, by its address or a saved copy: its items keep the IDs they have there, so that nothing is repeated for whoever moves here."`
}

// added are labels that a source adds to its items.
type added struct {
	Category []string `yaml:"category,omitempty,flow" doc:"Categories to add."`
	Tag      []string `yaml:"tag,omitempty,flow" doc:"Tags to add."`
}

// laterSourceKeys are part of the file's shape, but not served yet.
var laterSourceKeys = []string{"send_last", "digest"}

const noSource = "at least one source is needed; `feedmill init PATH_OR_URL...` prints the lines for it"

// sources reads the section of that name.
func (r *reader) sources(c *Config, n *yaml.Node, kinds []sources.Kind) {
	switch {
	case n.IsZero():
		return
	case n.Kind != yaml.MappingNode:
		r.fail(n, "sources", "want a mapping (a name for each source), got %s", describe(n.Kind, n.Value, false))
		return
	case len(n.Content) == 0:
		r.fail(n, "sources", noSource)
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join("sources", k.Value)
		name, err := parseName(k.Value)
		if err != nil {
			r.fail(k, at, "%s", err)
			continue
		}
		if line, twice := lines[feeds.Fold(name)]; twice {
			r.fail(k, at, "the name is already taken in line %d (capitals do not count); choose another", line)
			continue
		}
		lines[feeds.Fold(name)] = k.Line
		if s, title, ok := r.source(c, name, at, k.Line, v, kinds); ok {
			c.Sources = append(c.Sources, s)
			if title != "" {
				c.Titles[feeds.NewTopic("source", name)] = title
			}
		}
	}
	r.formerNames(c, n)
}

func (r *reader) reported(path string) bool {
	return slices.ContainsFunc(r.errs, func(e *Error) bool { return e.Path == path })
}

func (r *reader) source(c *Config, name, at string, line int, n *yaml.Node, kinds []sources.Kind) (s Source, title string, ok bool) {
	before := len(r.errs)
	if n.Kind == yaml.AliasNode {
		r.fail(n, at, noAlias, n.Value)
		return s, "", false
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n, at, "want a mapping with the kind of the source first, such as %s: PATH_OR_URL", kinds[0].Name)
		return s, "", false
	}
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	i, where, ok := r.kind(at, n, names, keys(fieldsOf(&common{})), "source")
	if !ok {
		return s, "", false
	}
	kind := kinds[i]
	cfg := kind.Config()
	shared, asking := fieldsOf(&common{}), webFields(kind)
	r.refuseWeb(n, fieldsOf(cfg), at, kind)
	r.fields(n, slices.Concat(shared, asking, fieldsOf(cfg)), at, laterSourceKeys)

	ours, theirs, asks := part(n), part(n), part(n)
	for i := 0; i+1 < len(n.Content); i += 2 {
		to := theirs
		if _, ok := find(shared, n.Content[i].Value); ok {
			to = ours
		} else if _, ok := find(asking, n.Content[i].Value); ok {
			to = asks
		}
		to.Content = append(to.Content, n.Content[i], n.Content[i+1])
	}
	var com common
	r.load(ours, &com)
	r.load(theirs, cfg)
	r.checkCommon(ours, at, &com)
	how := r.web(asks, at)
	s.Interval, s.MaxInterval = r.interval(ours, at, com.Interval, kind)
	if len(r.errs) > before {
		return s, "", false
	}
	err := cfg.Check(r.base)
	if err != nil {
		r.ofKind(theirs, where, at, kind.Name, err)
		return s, "", false
	}
	s = Source{
		Name: name, Kind: kind, Config: cfg, Web: how,
		Interval: s.Interval, MaxInterval: s.MaxInterval, Chosen: !com.Interval.IsZero(), AddCategories: com.Add.Category, AddTags: com.Add.Tag,
		Language: com.Language, Author: com.Author, Formerly: com.Formerly, Line: line,
	}
	s.Original = sources.OriginalRule{Field: com.Original.Field, Link: com.Original.Link, Remove: com.Original.Remove}
	if v := valueOf(ours, "original"); com.Original.Field != "" && !kind.FrontMatter && v != ours {
		r.fail(v, join(at, "original"), "%s items have no front matter; want last-link, first-link or { link: WORDS }", kind.Name)
	}
	if v := valueOf(ours, "duplicates"); v != ours {
		merge, err := parseDuplicates(com.Duplicates)
		if s.Merge = &merge; err != nil {
			r.value(v, join(at, "duplicates"), err)
		}
	}
	s.Rules.Keep, s.Rules.Drop = r.rules(ours, at, "keep", com.Keep), r.rules(ours, at, "drop", com.Drop)
	s.Rules.Private = r.private(c, ours, at, com.Private)
	if s.Group = com.Group; s.Group != "" {
		r.knownGroup(c, valueOf(ours, "group"), join(at, "group"), s.Group)
	}
	s.Labels = r.relabel(valueOf(ours, "labels"), join(at, "labels"), com.Labels)
	if com.Timezone != "" {
		if s.Zone, err = parseZone(com.Timezone); err != nil {
			r.value(valueOf(ours, "timezone"), join(at, "timezone"), err)
		}
	}
	s.Adopt = r.adopt(ours, at, com.Adopt, kind, kinds)
	if len(r.errs) > before {
		return s, "", false
	}
	s.Fingerprint = s.fingerprint(c)
	return s, com.Title, true
}

func part(n *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: n.Line, Column: n.Column}
}

// kind finds the one key of a source or target that names its kind, which of names it is, and where the key stands. known are
// the keys that are no kind.
func (r *reader) kind(at string, n *yaml.Node, names, known []string, what string) (kind int, where *yaml.Node, ok bool) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		i := slices.Index(names, strings.TrimSuffix(key.Value, "_file"))
		switch {
		case i < 0 || where != nil && kind == i:
			// Some other key, or a kind given twice, which whoever reads the keys reports.
		case where != nil:
			r.fail(key, join(at, key.Value), "a %s has one kind, and line %d makes this one %s; make two %ss of it", what, where.Line, names[kind], what)
			return kind, nil, false
		default:
			kind, where = i, key
		}
	}
	if where != nil {
		return kind, where, true
	}
	hint := ""
	for i := 0; i+1 < len(n.Content) && hint == ""; i += 2 {
		if !slices.Contains(known, n.Content[i].Value) {
			hint = suggest(n.Content[i].Value, names)
		}
	}
	r.fail(n, at, "no kind; want exactly one of the keys %s%s", strings.Join(names, ", "), hint)
	return kind, nil, false
}

// checkCommon checks the keys that every source takes.
func (r *reader) checkCommon(n *yaml.Node, at string, com *common) {
	check := func(key string, ok bool, reason string) {
		if v := valueOf(n, key); !ok && v != n {
			r.value(v, join(at, key), errors.New(reason))
		}
	}
	if com.Language != "" {
		_, err := parseLanguage(com.Language)
		check("language", err == nil, "want a BCP 47 language tag such as zh-CN or en")
	}
	if com.Formerly != "" {
		name, err := parseName(com.Formerly)
		check("formerly", err == nil, "want the former name of the source")
		com.Formerly = name
	}
	com.Add.Category, com.Add.Tag = labels(com.Add.Category), labels(com.Add.Tag)
	check("add", !slices.Contains(com.Add.Category, "") && !slices.Contains(com.Add.Tag, ""), "want labels that are not empty")
}

// labels brings labels into the form that items have.
func labels(list []string) []string {
	var out []string
	for _, s := range list {
		if s = norm.NFC.String(strings.TrimSpace(s)); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// formerNames finds former names that cannot be.
func (r *reader) formerNames(c *Config, n *yaml.Node) {
	former := map[string]string{}
	for _, s := range c.Sources {
		if s.Formerly == "" {
			continue
		}
		at := &yaml.Node{Line: s.Line, Column: n.Column}
		path := join(join("sources", s.Name), "formerly")
		taken := slices.ContainsFunc(c.Sources, func(o Source) bool { return feeds.Fold(o.Name) == feeds.Fold(s.Formerly) })
		switch other := former[s.Formerly]; {
		case taken:
			r.fail(at, path, "%s is still a source here; a former name is one that is gone", s.Formerly)
		case other != "":
			r.fail(at, path, "%s was already the former name of %s", s.Formerly, other)
		}
		former[s.Formerly] = s.Name
	}
}

// Member makes a source of one that s names: it has the settings of s and its own kind and place. The error is that of its
// config's Check.
func (s Source) Member(c *Config, m sources.Member) (Source, error) {
	if err := m.Config.Check(c.Base); err != nil {
		return Source{}, err
	}
	name, err := parseName(m.Name)
	if err != nil {
		return Source{}, err
	}
	if s.Formerly != "" {
		if rest, ok := strings.CutPrefix(name, s.Name); ok {
			s.Formerly += rest
		} else {
			s.Formerly = ""
		}
	}
	if !s.Chosen {
		if s.Interval, s.MaxInterval, err = (interval{}).bounds(m.Kind); err != nil {
			return Source{}, err
		}
	}
	s.Web = s.Web.anonymous()
	s.Adopt = nil
	s.Name, s.Kind, s.Config = name, m.Kind, m.Config
	s.AddCategories = slices.Concat(s.AddCategories, m.Categories)
	s.Fingerprint = s.fingerprint(c)
	return s, nil
}

// fingerprint is a hash over everything that a running source was made of, but what Policy.Shape is over. Secrets do not
// come out of it.
func (s *Source) fingerprint(c *Config) string {
	h := sha256.New()
	zone := ""
	if where := s.ZoneIn(c); where != nil {
		zone = where.String()
	}
	base, _ := filepath.Abs(c.Base)
	fmt.Fprintf(h, "%q %q %q %q\n", s.Name, s.Kind.Name, base, zone)
	shaped := s.common()
	shaped.Group = "" // as the rules
	for _, v := range []any{shaped, s.Web.keys, s.Config} {
		b, err := yaml.Dump(v)
		if err != nil {
			// A config that YAML cannot write back: its printed form tells as much.
			b = fmt.Appendf(nil, "%+v", v)
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (s *Source) common() common {
	return common{
		Interval: interval{s.Interval, s.MaxInterval}, Add: added{s.AddCategories, s.AddTags}, Language: s.Language, Author: s.Author,
		Formerly: s.Formerly, Adopt: s.Adopt.String(), Group: s.Group,
	}
}

// Merges reports whether items of the source are one with those of others.
func (s *Source) Merges(c *Config) bool {
	if s.Merge != nil {
		return *s.Merge
	}
	return c.Merge
}

// ZoneIn is where dates of the source without a zone are read; nil for what it says itself.
func (s *Source) ZoneIn(c *Config) *time.Location {
	if s.Zone != nil {
		return s.Zone
	}
	return c.Zone
}

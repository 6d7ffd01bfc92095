package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"feedmill/feeds"
)

// Init is the commented file that says the same as c. What c leaves open stands in it as a comment.
func Init(c *Config) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`# feedmill configuration. An unknown key or a wrong value is an error that names its line.
# Secrets and addresses can come from the environment: ${NAME}; a plain $ is written $$.
# The file is read again when it changes; store, listen and admin need a restart.

`)
	given := map[string]string{
		"base_url": c.BaseURL, "title": c.Title, "description": c.Description, "language": c.Language, "image": c.Image, "icon": c.Icon, "copyright": c.Copyright, "timezone": c.zone(),
		"store": unless(c.Store, resolveStore(c.Base, DefaultStore)), "listen": unless(c.Listen, DefaultListen), "admin": unless(c.Admin, DefaultAdmin),
	}
	if c.Items != 0 {
		given["items"] = fmt.Sprint(c.Items)
	}
	if c.MaxAge != DefaultMaxAge {
		given["max_age"] = short(c.MaxAge)
	}
	if c.RateLimit != DefaultRate {
		given["rate_limit"] = fmt.Sprint(c.RateLimit)
	}
	if len(c.TrustedProxies) > 0 {
		given["trusted_proxies"] = strings.ReplaceAll(fmt.Sprint(c.TrustedProxies), " ", ", ")
	}
	examples := map[string]string{
		"base_url": "https://feeds.example.com", "title": "News", "description": "What is new", "language": "en", "timezone": "UTC",
		"image": "https://example.com/logo.png", "icon": "https://example.com/icon.png", "copyright": "© 2026 The desk",
		"store": DefaultStore, "listen": DefaultListen, "admin": DefaultAdmin,
		"items": fmt.Sprint(DefaultItems), "max_age": short(DefaultMaxAge),
		"rate_limit": fmt.Sprint(DefaultRate), "trusted_proxies": "[10.0.0.0/8]",
	}
	for _, f := range fieldsOf(&file{}) {
		example, isScalar := examples[f.key]
		if !isScalar {
			continue
		}
		comment(&b, f.doc)
		v, mark := given[f.key], ""
		if v == "" {
			v, mark = example, "# "
		}
		if f.typ.Kind() == reflect.String || f.typ == durationType {
			v = scalar(v)
		}
		fmt.Fprintf(&b, "%s%s: %s\n", mark, f.key, v)
	}
	b.WriteString("\n# Where items come from. The name is identity: /source/NAME.atom. After renaming one, say formerly: OLD_NAME.\nsources:\n")
	lines, err := InitSources(c)
	if err != nil {
		return nil, err
	}
	b.Write(lines)
	writeLabels(&b, c)
	if err := writeFeeds(&b, c); err != nil {
		return nil, err
	}
	writeGroups(&b, c)
	writeRedirects(&b, c)
	if err := writeTargets(&b, c); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// InitSources is the part of [Init] that stands under sources.
func InitSources(c *Config) ([]byte, error) {
	var b bytes.Buffer
	explained := map[string]bool{}
	for i, s := range c.Sources {
		if err := writeSource(&b, c, &s, !explained[s.Kind.Name], i == 0); err != nil {
			return nil, err
		}
		explained[s.Kind.Name] = true
	}
	return b.Bytes(), nil
}

// comment writes a text as lines of a comment, at most 100 letters wide.
func comment(b *bytes.Buffer, text string) {
	width := 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case width == 0:
			b.WriteString("# ")
			width = 1
		case width+1+n > 100:
			b.WriteString("\n# ")
			width = 1
		default:
			b.WriteByte(' ')
		}
		b.WriteString(word)
		width += 1 + n
	}
	b.WriteByte('\n')
}

// short is d without the zeros at its end: 1h, not 1h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// shorten writes the durations of a mapping for people.
func shorten(n *yaml.Node, fields []field) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if f, ok := find(fields, n.Content[i].Value); ok && f.typ == durationType {
			if d, err := time.ParseDuration(n.Content[i+1].Value); err == nil {
				n.Content[i+1].Value = short(d)
			}
		}
	}
}

func unless(v, otherwise string) string {
	if v == otherwise {
		return ""
	}
	return v
}

// writeSource writes a source and, as comments, what else can be said of its kind and of any source.
func writeSource(b *bytes.Buffer, c *Config, s *Source, explainKind, explainCommon bool) error {
	own, open, err := difference(s)
	if err != nil {
		return fmt.Errorf("write source %s: %w", s.Name, err)
	}
	com := s.common()
	com.Title = c.Titles[feeds.NewTopic("source", s.Name)]
	if !s.Chosen {
		com.Interval = interval{}
	}
	rest, asks := &yaml.Node{}, &yaml.Node{}
	if err := errors.Join(rest.Encode(com), asks.Encode(s.Web.keys)); err != nil {
		return fmt.Errorf("write source %s: %w", s.Name, err)
	}
	m := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: slices.Concat(own, rest.Content, asks.Content)}
	shorten(m, slices.Concat(fieldsOf(s.Config), webFields(s.Kind)))
	escape(m)
	text, err := yaml.Dump(m, yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err != nil {
		return fmt.Errorf("write source %s: %w", s.Name, err)
	}
	fmt.Fprintf(b, "  %s:\n", scalar(s.Name))
	for line := range strings.Lines(string(text)) {
		b.WriteString("    " + line)
	}
	if !explainKind {
		open = nil
	}
	for _, o := range open {
		fmt.Fprintf(b, "    # %s: %s", o.key, o.value)
		if o.doc != "" {
			b.WriteString("  # " + o.doc)
		}
		b.WriteByte('\n')
	}
	if !explainCommon {
		return nil
	}
	examples := map[string]string{"title": "News", "interval": short(s.Kind.Interval), "add": "{ tag: [news] }", "language": "en", "author": "The desk"}
	if s.Kind.Web {
		examples["interval"] = fmt.Sprintf("{ min: %s, max: %s }", short(s.Kind.Interval), short(DefaultMaxInterval))
	}
	for _, f := range fieldsOf(&common{}) {
		if v, ok := examples[f.key]; ok && valueOf(m, f.key) == m {
			fmt.Fprintf(b, "    # %s: %s  # %s\n", f.key, v, f.doc)
		}
	}
	return nil
}

// unset is a key that a source leaves at its default.
type unset struct{ key, value, doc string }

// difference returns the keys in which a source's config differs from the defaults, the location first, and the others.
func difference(s *Source) (own []*yaml.Node, open []unset, err error) {
	var is, was yaml.Node
	if err := is.Encode(s.Config); err != nil {
		return nil, nil, err
	}
	if err := was.Encode(s.Kind.Config()); err != nil {
		return nil, nil, err
	}
	fields := fieldsOf(s.Config)
	shorten(&is, fields)
	shorten(&was, fields)
	for i := 0; i+1 < len(is.Content); i += 2 {
		k, v := is.Content[i], is.Content[i+1]
		old := valueOf(&was, k.Value)
		now, before := flow(v), ""
		if old != &was {
			before = flow(old)
		}
		f, _ := find(fields, k.Value)
		switch {
		case k.Value == s.Kind.Name:
			own = append([]*yaml.Node{k, v}, own...)
		case now != before:
			own = append(own, k, v)
		case !f.secret && v.Kind == yaml.ScalarNode && v.Value != "" && v.ShortTag() != "!!null":
			open = append(open, unset{k.Value, now, f.doc})
		}
	}
	return own, open, nil
}

// flow writes a node on one line.
func flow(n *yaml.Node) string {
	c := *n
	c.Style |= yaml.FlowStyle
	text, err := yaml.Dump(&c, yaml.WithLineWidth(-1))
	if err != nil {
		return fmt.Sprintf("%q", n.Value)
	}
	return strings.TrimSpace(string(text))
}

// escape doubles every $, so that no value is taken for a variable.
func escape(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		n.Value = strings.ReplaceAll(n.Value, "$", "$$")
	}
	for i, c := range n.Content {
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			escape(c)
		}
	}
}

// scalar writes a text as YAML does on one line.
func scalar(s string) string {
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: strings.ReplaceAll(s, "$", "$$")}
	n.SetString(n.Value)
	if strings.ContainsAny(s, "\r\n") {
		n.Style = yaml.DoubleQuotedStyle
	}
	return flow(n)
}

func writeLabels(b *bytes.Buffer, c *Config) {
	topics := map[feeds.Topic]bool{}
	for t := range c.Titles {
		topics[t] = true
	}
	for t := range c.Texts {
		topics[t] = true
	}
	byKind := map[string][]string{}
	for t := range topics {
		if slices.Contains(labelKinds, t.Kind) {
			byKind[t.Kind] = append(byKind[t.Kind], fmt.Sprintf("    %s: { %s }\n", quoted(t.Name), c.said(t)))
		}
	}
	b.WriteString("\n# Display titles of categories and tags; their addresses stay.\n")
	if len(byKind) == 0 {
		b.WriteString("# labels:\n#   category:\n#     world: { title: World news }\n")
		return
	}
	b.WriteString("labels:\n")
	for _, kind := range labelKinds {
		if lines := sortedStrings(byKind[kind]); len(lines) > 0 {
			fmt.Fprintf(b, "  %s:\n%s", kind, strings.Join(lines, ""))
		}
	}
}

// said is what the configuration says of a topic, as the inside of { }.
func (c *Config) said(t feeds.Topic) string {
	var out []string
	say := func(key, value string) {
		if value != "" {
			out = append(out, key+": "+quoted(value))
		}
	}
	text := c.Texts[t]
	say("title", c.Titles[t])
	say("description", text.Description)
	say("language", text.Language)
	say("image", text.Image)
	return strings.Join(out, ", ")
}

func writeFeeds(b *bytes.Buffer, c *Config) error {
	b.WriteString("\n# Saved feeds, at /feed/NAME: the words of an address, or an expression where words do not do.\n")
	if len(c.Feeds) == 0 {
		b.WriteString("# feeds:\n#   world:\n#     title: World\n#     match: { tag: [world, europe], not: sports }\n")
		return nil
	}
	b.WriteString("feeds:\n")
	for _, f := range c.Feeds {
		var n yaml.Node
		if err := n.Encode(f.keys); err != nil {
			return fmt.Errorf("write saved feed %s: %w", f.Topic.Name, err)
		}
		escape(&n)
		text, err := yaml.Dump(&n, yaml.WithIndent(2), yaml.WithLineWidth(-1))
		if err != nil {
			return fmt.Errorf("write saved feed %s: %w", f.Topic.Name, err)
		}
		fmt.Fprintf(b, "  %s:\n", scalar(f.Topic.Name))
		for line := range strings.Lines(string(text)) {
			b.WriteString("    " + line)
		}
	}
	return nil
}

// quoted is scalar in double quotes: inside { } more letters have a meaning.
func quoted(s string) string {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: strings.ReplaceAll(s, "$", "$$"), Style: yaml.DoubleQuotedStyle}
	return flow(n)
}

func writeGroups(b *bytes.Buffer, c *Config) {
	if len(c.Groups) == 0 {
		return
	}
	b.WriteString("\n# Private groups: who has a token sees the group's items beside the public ones.\ngroups:\n")
	for _, g := range c.Groups {
		fmt.Fprintf(b, "  %s:\n    tokens: {", scalar(g.Name))
		for i, who := range slices.Sorted(maps.Keys(g.Tokens)) {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, " %s: %s", scalar(who), quoted(g.Tokens[who]))
		}
		b.WriteString(" }\n")
	}
}

func writeRedirects(b *bytes.Buffer, c *Config) {
	b.WriteString("\n# Where old addresses lead, by path below base_url: to a topic's feed, or to a path.\n")
	if len(c.redirected) == 0 {
		b.WriteString("# redirects:\n#   /rss/world.xml: tag/world\n")
		return
	}
	b.WriteString("redirects:\n")
	for _, from := range c.redirected {
		r := c.Redirects[from]
		to := quoted(r.To)
		if r.Status != 0 {
			to = fmt.Sprintf("{ to: %s, status: %d }", to, r.Status)
		}
		key := flow(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: from, Style: yaml.DoubleQuotedStyle}) // keys know no variables
		fmt.Fprintf(b, "  %s: %s\n", key, to)
	}
}

// writeTargets writes targets as they stand in the file: secrets stay the names of where they are.
func writeTargets(b *bytes.Buffer, c *Config) error {
	b.WriteString("\n# Chat groups and endpoints that get each new item stand under targets; `feedmill push add` writes one.\n")
	if len(c.Targets) == 0 {
		return nil
	}
	b.WriteString("targets:\n")
	for _, t := range c.Targets {
		n := copyOf(t.written)
		if v := valueOf(n, "topics"); v != n {
			v.Content = nil
			for _, topic := range t.Topics {
				v.Content = append(v.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: strings.ReplaceAll(c.spell(topic), "$", "$$")})
			}
		}
		text, err := yaml.Dump(n, yaml.WithIndent(2), yaml.WithLineWidth(-1))
		if err != nil {
			return fmt.Errorf("write target %s: %w", t.Name, err)
		}
		fmt.Fprintf(b, "  %s:\n", scalar(t.Name))
		for line := range strings.Lines(string(text)) {
			b.WriteString("    " + line)
		}
	}
	return nil
}

package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"feedmill/feeds"
	"feedmill/feeds/match"
)

// text is what can be said of a topic.
type text struct {
	Title       string `yaml:"title,omitempty" doc:"What the feed and its page are called; the address stays."`
	Description string `yaml:"description,omitempty" doc:"One sentence about it."`
	Language    string `yaml:"language,omitempty" doc:"The language of the feed, such as zh-CN or en."`
	Image       string `yaml:"image,omitempty" doc:"The address of a picture for the feed."`
}

// savedFeed is what can be said of a saved feed.
type savedFeed struct {
	Text  text        `yaml:",inline"`
	Match match.Words `yaml:"match,omitempty" doc:"The items that these words match, as in an address: q, category, tag, author, source, lang, not."`
	Group string      `yaml:"group,omitempty" doc:"The private group that the feed is of: it has the group's items beside the public ones, and nobody else sees it. Unset: public."`
	Where string      `yaml:"where,omitempty" doc:"The items for which this expression is true, such as len(text) > 3000 && \"AI\" in tags (https://expr-lang.org)."`
}

// Feed is a saved feed: the items that its words match, or for which its expression is true.
type Feed struct {
	// Topic is where it is published. That of a private group has the group's items beside the public ones.
	Topic feeds.Topic
	// Hash is equal for two feeds that have the same items.
	Hash string

	keys   savedFeed
	filter *match.Filter
	where  *match.Where
}

// Definition is what decides which items a saved feed has, as it can be kept: see [Feed.Definition].
type Definition struct {
	Match match.Words `json:"match,omitzero"`
	Where string      `json:"where,omitempty"`
	Group string      `json:"group,omitempty"`
}

// Definition is what decides which items the feed has.
func (f *Feed) Definition() Definition { return Definition{f.keys.Match, f.keys.Where, f.Topic.Group} }

// Defined is the saved feed of a definition. It fails for one that this version does not understand.
func Defined(topic feeds.Topic, d Definition) (Feed, error) {
	topic.Group = d.Group
	f := Feed{Topic: topic, keys: savedFeed{Match: d.Match, Where: d.Where}}
	var err error
	if d.Where != "" {
		f.where, err = match.CompileWhere(d.Where)
	} else {
		f.filter, err = match.Compile(d.Match)
	}
	if err != nil {
		return f, fmt.Errorf("saved feed %s: %w", topic.Name, err)
	}
	f.Hash = f.hash()
	return f, nil
}

func (f *Feed) hash() string {
	essence := ""
	if f.where != nil {
		essence = "where " + f.where.String()
	} else {
		essence = "match " + f.filter.String()
	}
	if f.Topic.Group != "" {
		essence += " for " + f.Topic.Group
	}
	sum := sha256.Sum256([]byte(membership + " " + essence))
	return hex.EncodeToString(sum[:6])
}

// Match says whether a saved feed has an item: a pure function of both. An error is one of this item alone.
func (f *Feed) Match(it *feeds.Item) (bool, error) {
	if f.where != nil {
		return f.where.Match(it)
	}
	return f.filter.Match(it), nil
}

// membership is the version of what decides which items a saved feed has: another one gathers all of them anew.
const membership = "1"

// say takes over what the configuration says of a topic.
func (r *reader) say(c *Config, topic feeds.Topic, at string, n *yaml.Node, t *text) {
	if title := strings.TrimSpace(t.Title); title != "" {
		c.Titles[topic] = title
	}
	if t.Language != "" {
		if _, err := parseLanguage(t.Language); err != nil {
			r.value(valueOf(n, "language"), join(at, "language"), err)
		}
	}
	if t.Image != "" {
		if err := checkPicture(t.Image); err != nil {
			r.value(valueOf(n, "image"), join(at, "image"), err)
		}
	}
	if said := (feeds.Text{Description: strings.TrimSpace(t.Description), Language: t.Language, Image: t.Image}); said != (feeds.Text{}) {
		c.Texts[topic] = said
	}
}

// feeds reads the section of that name.
func (r *reader) feeds(c *Config, n *yaml.Node) {
	switch {
	case n.IsZero():
		return
	case n.Kind != yaml.MappingNode:
		r.fail(n, "feeds", "want a mapping (a name for each saved feed), got %s", describe(n.Kind, n.Value, false))
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join("feeds", k.Value)
		name, err := parseName(k.Value)
		topic := feeds.NewTopic("feed", name)
		switch line, twice := lines[topic.Name]; {
		case err != nil:
			r.fail(k, at, "%s", err)
		case twice:
			r.fail(k, at, "the name is already taken in line %d (capitals do not count); choose another", line)
		case v.Kind != yaml.MappingNode:
			r.fail(v, at, "want { match: { tag: NAME } } or { where: EXPRESSION }")
		default:
			lines[topic.Name] = k.Line
			r.saved(c, topic, at, k, v)
		}
	}
}

func (r *reader) saved(c *Config, topic feeds.Topic, at string, k, n *yaml.Node) {
	before := len(r.errs)
	var s savedFeed
	r.fields(n, fieldsOf(&s), at, nil)
	r.load(n, &s)
	if len(r.errs) > before {
		return
	}
	r.say(c, topic, at, n, &s.Text)
	words, where := valueOf(n, "match"), valueOf(n, "where")
	if (words == n) == (where == n) {
		r.fail(k, at, "want either match: with the words of an address, or where: with an expression")
		return
	}
	f := Feed{Topic: topic, keys: s}
	if f.Topic.Group = s.Group; s.Group != "" {
		r.knownGroup(c, valueOf(n, "group"), join(at, "group"), s.Group)
	}
	if where != n {
		var err error
		if f.where, err = match.CompileWhere(s.Where); err != nil {
			r.wrongWhere(where, join(at, "where"), err)
			return
		}
	} else {
		var err error
		if f.filter, err = match.Compile(s.Match); err != nil {
			word, reason, _ := strings.Cut(err.Error(), ": ")
			r.fail(valueOf(words, word), join(join(at, "match"), word), "%s", reason)
			return
		}
		if f.filter.Empty() {
			r.fail(words, join(at, "match"), "without a condition it would be /feed itself; want one of q, category, tag, author, source, lang, not")
			return
		}
	}
	f.Hash = f.hash()
	c.Feeds = append(c.Feeds, f)
}

// wrongWhere reports an expression at the place in the file where it is wrong.
func (r *reader) wrongWhere(n *yaml.Node, at string, err error) {
	var wrong *match.WhereError
	place := *n
	if errors.As(err, &wrong) {
		switch lines := bytes.Split(r.text, []byte("\n")); {
		case n.Style&yaml.LiteralStyle != 0 && n.Line+wrong.Line-1 < len(lines):
			line := lines[n.Line+wrong.Line-1] // what is below the line of the "|"
			place.Line, place.Column = n.Line+wrong.Line, 1+wrong.Column+len(line)-len(bytes.TrimLeft(line, " "))
		case n.Style&yaml.FoldedStyle == 0 && wrong.Line == 1:
			if place.Column += wrong.Column; n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
				place.Column++
			}
		}
	}
	r.fail(&place, at, "%s", fmt.Sprint(err))
}

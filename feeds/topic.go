package feeds

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Topic says which items: one value is URL path, hub topic, push subscription and index of the store.
type Topic struct {
	// Group is the private group; empty means public.
	Group string
	// Kind is one of the Kinds.
	Kind string
	// Name is the folded label ([Fold]); empty for [All].
	Name string
}

// All is the topic of every public item.
var All = Topic{Kind: "all"}

// TopicKinds lists the kinds of topic in the order in which people see them.
// A topic of kind feed is a saved feed: who is in it cannot be read off the item.
var TopicKinds = []string{"all", "feed", "category", "tag", "source", "author", "lang"}

// MaxLabel is the longest name of a topic in bytes; a longer label is cut there at a rune boundary.
const MaxLabel = 256

// NewTopic makes the public topic of a label.
func NewTopic(kind, label string) Topic {
	if kind == "all" {
		return All
	}
	return Topic{Kind: kind, Name: Fold(label)}
}

// Fold is the form in which labels are compared: lower case, runs of blanks become "-". Labels with the same fold are
// one topic. The caller has brought the label to NFC.
func Fold(label string) string {
	var b strings.Builder
	b.Grow(min(len(label), MaxLabel))
	blank := 0
	for _, r := range label {
		if unicode.IsSpace(r) {
			blank = min(b.Len(), 1)
			continue
		}
		r = lower(r)
		// The limit is that of the result: a lower-case letter may be longer than its upper case.
		if b.Len()+blank+utf8.RuneLen(r) > MaxLabel {
			break
		}
		if blank > 0 {
			b.WriteByte('-')
			blank = 0
		}
		b.WriteRune(r)
	}
	return b.String()
}

// lower goes over upper case, so that letters with two lower-case forms (σ and ς) meet. It is called for every letter of
// every label, and most have no case.
func lower(r rune) rune {
	switch {
	case 'A' <= r && r <= 'Z':
		return r + 'a' - 'A'
	case r < 0x80, r >= 0x2e80 && r < 0xa640, r >= 0xac00 && r < 0xd800: // ASCII; Han, kana and Hangul
		return r
	}
	return unicode.ToLower(unicode.ToUpper(r))
}

// Path is the address below the base URL, percent-encoded, without suffix: "/category/c%23", "/feed" for All.
// [ParsePath] is its inverse.
func (t Topic) Path() string {
	if t.Kind == "all" {
		return "/feed"
	}
	return "/" + t.Kind + "/" + url.PathEscape(guard(t.Name))
}

// String is the topic as configuration and logs write it: "all", "category/金融".
func (t Topic) String() string {
	s := t.Kind
	if t.Name != "" {
		s += "/" + t.Name
	}
	if t.Group != "" {
		s = "(" + t.Group + ") " + s
	}
	return s
}

// suffixes are the endings that routing takes for a format, so a name that has one is guarded by a "~".
var suffixes = []string{".rss", ".atom", ".json", ".xml", ".opml", ".html"}

// guard appends "~" to a name that routing would misread.
func guard(name string) string {
	if name == "." || name == ".." || strings.HasSuffix(name, "~") {
		return name + "~"
	}
	for _, s := range suffixes {
		if strings.HasSuffix(name, s) {
			return name + "~"
		}
	}
	return name
}

// ParsePath reads what [Topic.Path] wrote, from the escaped path of a request without its format suffix. Label is the
// name as the address spells it, before folding: an address is canonical when it equals the topic's Path.
func ParsePath(escaped string) (t Topic, label string, err error) {
	kind, rest, ok := strings.Cut(strings.TrimPrefix(escaped, "/"), "/")
	if kind == "feed" && !ok {
		return All, "", nil
	}
	if !ok || rest == "" || strings.Contains(rest, "/") || kind == "all" || !known(kind) {
		return Topic{}, "", fmt.Errorf("no topic at %q", escaped)
	}
	label, err = url.PathUnescape(rest)
	if err != nil {
		return Topic{}, "", fmt.Errorf("no topic at %q: %w", escaped, err)
	}
	if !utf8.ValidString(label) {
		return Topic{}, "", fmt.Errorf("no topic at %q: not UTF-8", escaped)
	}
	label = strings.TrimSuffix(label, "~")
	t = Topic{Kind: kind, Name: Fold(label)}
	if t.Name == "" {
		return Topic{}, "", fmt.Errorf("no topic at %q: empty name", escaped)
	}
	return t, label, nil
}

func known(kind string) bool {
	for _, k := range TopicKinds {
		if k == kind {
			return true
		}
	}
	return false
}

// Membership is a topic an item is in, with the label in the item's own spelling.
type Membership struct {
	Topic Topic
	Label string
}

// Parent is the label above one that has parts, such as "go" of "go/redis"; "" for none. Parts have two letters or more, at
// least one of them no digit, and no blank beside the slash: "I/O", "24/7" and "Arts / Culture" are labels without parts.
func Parent(label string) string {
	i := strings.LastIndexByte(label, '/')
	if i < 0 {
		return ""
	}
	for part := range strings.SplitSeq(label, "/") {
		letter := strings.IndexFunc(part, func(r rune) bool { return !unicode.IsDigit(r) })
		if utf8.RuneCountInString(part) < 2 || letter < 0 || strings.TrimSpace(part) != part {
			return ""
		}
	}
	return label[:i]
}

// Topics lists the topics of an item, each once: all, its categories and tags, those above them ([Parent]), its source, other sources, authors and language. An item
// of a private group is in topics of that group only.
func Topics(it *Item) []Membership {
	out := make([]Membership, 0, 4+len(it.Categories)+len(it.Tags)+len(it.Authors)+len(it.Also))
	add := func(kind, label string) {
		t := Topic{Group: it.Group, Kind: kind}
		if kind != "all" {
			if t.Name = Fold(label); t.Name == "" {
				return
			}
		}
		for i := range out {
			if out[i].Topic == t {
				return
			}
		}
		out = append(out, Membership{t, label})
	}
	add("all", "")
	for _, c := range it.Categories {
		add("category", c)
	}
	for _, c := range it.Tags {
		add("tag", c)
	}
	for _, c := range it.Categories {
		for p := Parent(c); p != ""; p = Parent(p) {
			add("category", p)
		}
	}
	for _, c := range it.Tags {
		for p := Parent(c); p != ""; p = Parent(p) {
			add("tag", p)
		}
	}
	add("source", it.Source)
	for _, c := range it.Also {
		add("source", c.Source)
	}
	for _, p := range it.Authors {
		add("author", p.String())
	}
	add("lang", it.Language)
	return out
}

// MarshalText writes the topic as [Topic.String] does, so that topics can be keys of JSON objects.
func (t Topic) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (t *Topic) UnmarshalText(b []byte) error {
	s, group := string(b), ""
	if rest, ok := strings.CutPrefix(s, "("); ok {
		if group, s, ok = strings.Cut(rest, ") "); !ok {
			return fmt.Errorf("parse topic %q: the group has no end", b)
		}
	}
	kind, name, _ := strings.Cut(s, "/")
	if !known(kind) || (kind == "all") != (name == "") {
		return fmt.Errorf("parse topic %q: want all or KIND/NAME with a kind of %s", b, strings.Join(TopicKinds[1:], ", "))
	}
	if name = Fold(name); kind != "all" && name == "" {
		return fmt.Errorf("parse topic %q: the name is blank", b)
	}
	*t = Topic{Group: group, Kind: kind, Name: name}
	return nil
}

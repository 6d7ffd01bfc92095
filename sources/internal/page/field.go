package page

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"
	"go.yaml.in/yaml/v4"
)

// Field says where a field of an item is found: in the first of its rules that finds something. In YAML it is one rule or
// a list of them, and a rule is "SELECTOR", "SELECTOR@ATTRIBUTE" or a mapping.
type Field []Rule

// Rule is one way to find a field. The zero selector is the element itself.
type Rule struct {
	Selector string `yaml:"selector,omitempty"`
	// Attr is the attribute that holds the value; empty for the text, or what the field's name suggests.
	Attr string `yaml:"attr,omitempty"`
	// Regexp (RE2) takes its first group, or all it matches, out of the value; what does not match is no value.
	Regexp string `yaml:"regexp,omitempty"`
	// Default is the value where nothing is found.
	Default string `yaml:"default,omitempty"`
	// Format is the form of a date, as strftime writes it.
	Format string `yaml:"format,omitempty"`

	group cascadia.Selector
	re    *regexp.Regexp
}

// Value is a value of a field.
type Value struct {
	Text string
	// Format is the rule's form of a date.
	Format string
	// HTML says that Text is HTML, Plain that it is not; where neither is known, it is what it looks like.
	HTML, Plain bool
	// Default says that nothing was found.
	Default bool
}

// maxValues bounds how many values a field has on one element, maxRegexp a regular expression, in bytes.
const (
	maxValues = 100
	maxRegexp = 1 << 10
)

// UnmarshalYAML reads a rule or a list of rules.
func (f *Field) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode {
		var r Rule
		if err := r.read(n); err != nil {
			return err
		}
		*f = Field{r}
		return nil
	}
	if len(n.Content) == 0 {
		return errors.New("the list is empty; want a selector")
	}
	list := make(Field, len(n.Content))
	for i, c := range n.Content {
		if err := list[i].read(c); err != nil {
			return err
		}
	}
	*f = list
	return nil
}

// ParseField reads a rule in its short form.
func ParseField(text string) (Field, error) {
	var r Rule
	r.Selector, r.Attr = shorthand(text)
	err := r.compile()
	return Field{r}, err
}

// MustParse is ParseField for rules that are part of the program, in order.
func MustParse(rules ...string) (f Field) {
	for _, r := range rules {
		one, err := ParseField(r)
		if err != nil {
			panic(err)
		}
		f = append(f, one...)
	}
	return f
}

func (r *Rule) read(n *yaml.Node) error {
	switch n.Kind {
	case yaml.ScalarNode:
		r.Selector, r.Attr = shorthand(n.Value)
	case yaml.MappingNode:
		type plain Rule
		if err := n.Load((*plain)(r), yaml.WithKnownFields()); err != nil {
			return errors.New("want the keys selector, attr, regexp, default and format, each with a text")
		}
	default:
		return errors.New("want SELECTOR, SELECTOR@ATTRIBUTE or a mapping with selector, attr, regexp, default, format")
	}
	return r.compile()
}

var attrName = regexp.MustCompile(`^[A-Za-z_:][-A-Za-z0-9_:.]*$`)

// shorthand splits "a@href". An @ inside of a selector is followed by what no attribute's name has.
func shorthand(s string) (selector, attr string) {
	if i := strings.LastIndexByte(s, '@'); i >= 0 && attrName.MatchString(s[i+1:]) {
		return strings.TrimSpace(s[:i]), s[i+1:]
	}
	return strings.TrimSpace(s), ""
}

func (r *Rule) compile() error {
	if r.Selector == "." {
		r.Selector = "" // the element itself, for those who know XPath and jq
	}
	if r.Selector != "" {
		group, err := compile(r.Selector)
		if err != nil {
			return err
		}
		r.group = group
	}
	if r.Attr != "" && !attrName.MatchString(r.Attr) {
		return fmt.Errorf("%q is no name of an attribute", r.Attr)
	}
	if len(r.Regexp) > maxRegexp {
		return fmt.Errorf("the regular expression is longer than %d bytes", maxRegexp)
	}
	if r.Regexp != "" {
		re, err := regexp.Compile(r.Regexp)
		if err != nil {
			return fmt.Errorf("not a regular expression (RE2): %w", err)
		}
		r.re = re
	}
	return nil
}

// String is the rule as it may be written.
func (r Rule) String() string {
	s := r.Selector
	if s == "" {
		s = "."
	}
	if r.Attr != "" {
		s += "@" + r.Attr
	}
	return s
}

func (f Field) String() string {
	list := make([]string, len(f))
	for i, r := range f {
		list[i] = r.String()
	}
	return strings.Join(list, " or ")
}

// Find is what the field called name is on an element: of the first rule that finds anything, else of the first with a
// default. Fields of one value take the first element that matches, all others every one.
func (f Field) Find(sel *goquery.Selection, name string) []Value {
	for _, r := range f {
		if v := r.find(sel, name); len(v) > 0 {
			return v
		}
	}
	for _, r := range f {
		if r.Default != "" {
			return []Value{{Text: r.Default, Format: r.Format, Plain: true, Default: true}}
		}
	}
	return nil
}

// lists are the fields of several values.
var lists = []string{"author", "category", "tag", "enclosure"}

func (r Rule) find(sel *goquery.Selection, name string) (list []Value) {
	found := sel
	if r.group != nil {
		found = sel.FindMatcher(r.group)
		if found.Length() == 0 {
			found = sel.FilterMatcher(r.group) // "a@href" of an item that is the a itself
		}
	}
	if name == "content" && r.Attr == "" {
		if text := r.match(HTML(found)); text != "" {
			list = append(list, Value{Text: text, HTML: true})
		}
		return list
	}
	many := slices.Contains(lists, name)
	found.EachWithBreak(func(_ int, s *goquery.Selection) bool {
		if text := r.match(r.value(s, name)); text != "" {
			list = append(list, Value{Text: text, Format: r.Format, Plain: name != "content"})
		}
		return len(list) == 0 || many && len(list) < maxValues
	})
	return list
}

func (r Rule) match(s string) string {
	s = strings.TrimSpace(s)
	if r.re == nil || s == "" {
		return s
	}
	m := r.re.FindStringSubmatch(s)
	switch {
	case m == nil:
		return ""
	case len(m) > 1:
		return strings.TrimSpace(m[1])
	}
	return strings.TrimSpace(m[0])
}

// addresses are the attributes that hold an address, by element; the first that is there counts.
var addresses = map[string][]string{
	"a": {"href"}, "area": {"href"}, "link": {"href"}, "img": {"data-src", "data-original", "data-lazy-src", "src"},
	"video": {"src"}, "audio": {"src"}, "source": {"src"}, "iframe": {"src"}, "embed": {"src"}, "meta": {"content"},
}

// value is the attribute that the rule names; else the one in which such an element keeps such a field; else the text.
func (r Rule) value(s *goquery.Selection, name string) string {
	if r.Attr != "" {
		return s.AttrOr(r.Attr, "")
	}
	element := goquery.NodeName(s)
	var attrs []string
	switch {
	case element == "meta":
		attrs = []string{"content"}
	case name == "url" || name == "image" || name == "enclosure":
		attrs = addresses[element]
	case name == "date" || name == "updated":
		attrs = []string{"datetime", "data-time", "data-timestamp"}
	case element == "img" && name != "content":
		attrs = []string{"alt"}
	}
	for _, a := range attrs {
		if v := strings.TrimSpace(s.AttrOr(a, "")); v != "" {
			return v
		}
	}
	if element == "input" {
		return s.AttrOr("value", "")
	}
	return Text(s)
}

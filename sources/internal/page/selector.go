package page

import (
	"errors"
	"fmt"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"
)

// Selector is a CSS selector, or several with commas between them. The zero Selector matches nothing. It is compiled when
// the configuration is read: goquery would take a wrong one for one that matches nothing.
type Selector struct {
	text  string
	group cascadia.Selector
}

// maxSelector bounds a selector in bytes.
const maxSelector = 1 << 10

// UnmarshalText compiles a selector.
func (s *Selector) UnmarshalText(text []byte) error {
	group, err := compile(string(text))
	if err != nil {
		return err
	}
	s.text, s.group = strings.TrimSpace(string(text)), group
	return nil
}

// MarshalText is the selector as it was written.
func (s Selector) MarshalText() ([]byte, error) { return []byte(s.text), nil }

func (s Selector) String() string { return s.text }

// IsZero says that there is no selector.
func (s Selector) IsZero() bool { return s.group == nil }

// Find are the elements within sel, in the order of the page.
func (s Selector) Find(sel *goquery.Selection) *goquery.Selection {
	if s.IsZero() {
		return sel.Slice(0, 0)
	}
	return sel.FindMatcher(s.group)
}

func compile(text string) (cascadia.Selector, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, errors.New("the selector is empty; want CSS, such as ul.news > li")
	case len(text) > maxSelector:
		return nil, fmt.Errorf("the selector is longer than %d bytes", maxSelector)
	case strings.HasPrefix(text, "/") || strings.HasPrefix(text, "./"):
		return nil, errors.New("this is XPath; want CSS, such as ul.news > li")
	}
	group, err := cascadia.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("not a CSS selector: %w%s", err, place(text))
	}
	return group, nil
}

// place tells at which character the selector stops being one: the first from which on no prefix can be read.
func place(text string) string {
	const enough = 200 // bytes; each prefix is compiled
	if len(text) > enough {
		return ""
	}
	best := 0
	for i := range text {
		if _, err := cascadia.ParseGroup(text[:i]); err == nil {
			best = i
		}
	}
	return fmt.Sprintf(" (after character %d)", len([]rune(text[:best])))
}

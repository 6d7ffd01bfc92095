package page

import (
	"errors"
	"fmt"
	"strings"

	"codeberg.org/readeck/go-readability/v2"
	"github.com/PuerkitoBio/goquery"
)

// Reading says where the text of an article is: a CSS selector, or the word "readability", which finds it as the reading
// mode of browsers does.
type Reading struct {
	Selector
	guess bool
}

// UnmarshalText reads a selector or the word.
func (r *Reading) UnmarshalText(text []byte) error {
	if r.guess = strings.TrimSpace(string(text)) == "readability"; r.guess {
		return nil
	}
	return r.Selector.UnmarshalText(text)
}

// MarshalText is the reading as it was written.
func (r Reading) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (r Reading) String() string {
	if r.guess {
		return "readability"
	}
	return r.Selector.String()
}

// IsZero says that articles are not read.
func (r Reading) IsZero() bool { return !r.guess && r.Selector.IsZero() }

// ErrNoText says that a page has no text where it was looked for.
var ErrNoText = errors.New("no text")

// Content is the HTML of the article on a page.
func (r Reading) Content(p *Page) (string, error) {
	if r.guess {
		// A copy of the tree, because the library changes it.
		article, err := readability.FromDocument(p.Doc.Clone().Nodes[0], p.Base)
		if err != nil {
			return "", fmt.Errorf("%w: readability: %w", ErrNoText, err)
		}
		if article.Node == nil {
			return "", fmt.Errorf("%w: readability finds no article", ErrNoText)
		}
		var b strings.Builder
		if err := article.RenderHTML(&b); err != nil {
			return "", fmt.Errorf("readability: %w", err)
		}
		return b.String(), nil
	}
	found := r.Find(p.Doc.Selection)
	if found.Length() == 0 {
		return "", fmt.Errorf("%w: %q matches nothing", ErrNoText, r)
	}
	text := HTML(outermost(found))
	if text == "" {
		return "", fmt.Errorf("%w: what %q matches is empty", ErrNoText, r)
	}
	return text, nil
}

// outermost leaves out elements inside of others that matched too: their text would come twice.
func outermost(found *goquery.Selection) *goquery.Selection {
	all := map[any]bool{}
	for _, n := range found.Nodes {
		all[n] = true
	}
	return found.FilterFunction(func(_ int, s *goquery.Selection) bool {
		for n := s.Nodes[0].Parent; n != nil; n = n.Parent {
			if all[n] {
				return false
			}
		}
		return true
	})
}

// Remove takes elements out of a page.
func Remove(sel *goquery.Selection, what Selector) {
	if !what.IsZero() {
		what.Find(sel).Remove()
	}
}

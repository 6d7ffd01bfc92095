// Package webpage makes items of a page that has no feed: CSS selectors say what an item is and where its fields are.
//
// It asks as a feed is asked, conditionally and politely, and heeds robots.txt. It emits differences only: an item that
// left the page is not withdrawn, unless the page is complete. A selector that stops matching is an error, never an
// empty feed.
package webpage

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/internal/listing"
	"feedmill/sources/internal/page"
)

// Interval is the time between fetches unless configured otherwise: pages are not made for programs, which are to ask less
// often than those who read feeds.
const Interval = 2 * time.Hour

// Kind is the kind "webpage".
var Kind = sources.Kind{
	Name:     "webpage",
	Doc:      "a page without a feed: CSS selectors say what its items are",
	Config:   func() sources.Config { return &Config{} },
	New:      newSource,
	Interval: Interval,
	Web:      true,
}

// Config is the configuration of a page.
type Config struct {
	URL string `yaml:"webpage" doc:"The address of the page."`
	// Items and Fields say what an item is.
	Items  page.Selector         `yaml:"items" doc:"CSS selector of one item, such as ul.news > li."`
	Fields map[string]page.Field `yaml:"fields,omitempty" doc:"Where the fields of an item are: id, title, url, date, updated, summary, content, author, category, tag, image, enclosure, language, original. Each is SELECTOR, SELECTOR@ATTRIBUTE, or a mapping with selector, attr, regexp, default, format (of a date, such as %d.%m.%Y), or a list of those. Unset: the heading, the first link, the time."`
	Next   string                `yaml:"next,omitempty" doc:"The next page: a selector of its link, or its address with {page} (2, 3, ...), {index} (1, 2, ...) or {offset} in it."`
	Pages  int                   `yaml:"pages,omitempty" doc:"The most pages read at once."`

	listing.Following `yaml:",inline"`

	Complete   bool `yaml:"complete,omitempty" doc:"The page shows everything there is: an item that leaves it is withdrawn."`
	AllowEmpty bool `yaml:"allow_empty,omitempty" doc:"There may be no item; else that is an error."`

	next     page.Field
	template listing.Template
}

// Check implements [sources.Config].
func (c *Config) Check(string) error {
	if err := listing.CheckURL("webpage", c.URL); err != nil {
		return err
	}
	if c.Items.IsZero() {
		return errors.New("items: is missing; want a CSS selector of one item, such as ul.news > li")
	}
	for name := range c.Fields {
		if err := listing.CheckName("fields", name); err != nil {
			return err
		}
	}
	if err := c.Following.Check(); err != nil {
		return err
	}
	if c.Pages != 0 && c.Next == "" {
		return errors.New("pages: needs next, which says where the next page is")
	}
	c.next, c.template = nil, ""
	switch {
	case c.Next == "":
		return nil
	case listing.IsTemplate(c.Next):
		c.template = listing.Template(c.Next)
		return c.template.Check()
	}
	next, err := page.ParseField(c.Next)
	if err != nil {
		return fmt.Errorf("next: %w", err)
	}
	c.next = next
	return listing.CheckPages(c.Pages)
}

// Location implements [sources.Config].
func (c *Config) Location() string { return fetch.Redact(strings.TrimSpace(c.URL)) }

func newSource(cfg sources.Config, env sources.Env) (sources.Source, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fmt.Errorf("webpage: config is a %T", cfg)
	}
	if env.HTTP == nil {
		return nil, errors.New("webpage: no HTTP client")
	}
	salt, err := listing.Salt(mapping, c, env)
	if err != nil {
		return nil, fmt.Errorf("webpage: %w", err)
	}
	return &source{cfg: *c, env: env, salt: salt}, nil
}

// mapping is part of what is remembered of an item: raise it when pages map to other items than before.
const mapping = 1

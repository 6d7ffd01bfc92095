// Package jsonapi makes items of the JSON of others: jq programs say what an item is and where its fields are.
//
// It asks conditionally where the API allows it, goes from page to page by an address in the answer, a Link header or a
// number, and emits differences only. A program that stops yielding anything is an error, never an empty feed.
package jsonapi

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/internal/listing"
)

// Interval is the time between fetches unless configured otherwise.
const Interval = time.Hour

// Kind is the kind "jsonapi".
var Kind = sources.Kind{
	Name:     "jsonapi",
	Doc:      "any JSON from the web: jq programs say what its items are",
	Config:   func() sources.Config { return &Config{} },
	New:      newSource,
	Interval: Interval,
	Web:      true,
}

// Config is the configuration of an API.
type Config struct {
	URL string `yaml:"jsonapi" doc:"The address of the JSON (or of lines of JSON)."`
	// Items and Fields say what an item is.
	Items  Program            `yaml:"items" doc:"A jq program that yields the items, such as .data[]. It may use $url, $page and $offset."`
	Fields map[string]Program `yaml:"fields,omitempty" doc:"jq programs that yield the fields of an item: id, title, url, date, updated, summary, content, author, category, tag, image, enclosure, language, original. They may use $doc, the whole document. Unset: the keys that APIs usually have, such as published_at."`
	Next   string             `yaml:"next,omitempty" doc:"The next page: a jq program that yields its address (or, with body, the body to post), the word link for the Link header, or its address with {page} (2, 3, ...), {index} (1, 2, ...) or {offset} in it."`
	Pages  int                `yaml:"pages,omitempty" doc:"The most pages read at once."`
	Body   string             `yaml:"body,omitempty" doc:"JSON to post, for APIs such as GraphQL. Unset: GET."`

	listing.Following `yaml:",inline"`

	Complete   bool `yaml:"complete,omitempty" doc:"The API shows everything there is: an item that leaves it is withdrawn."`
	AllowEmpty bool `yaml:"allow_empty,omitempty" doc:"There may be no item; else that is an error."`

	template listing.Template
	program  Program
}

// link is the Next that means the Link header (RFC 8288).
const link = "link"

// Check implements [sources.Config].
func (c *Config) Check(string) error {
	if err := listing.CheckURL("jsonapi", c.URL); err != nil {
		return err
	}
	if c.Items.IsZero() {
		return errors.New("items: is missing; want a jq program that yields the items, such as .data[]")
	}
	for name := range c.Fields {
		if err := listing.CheckName("fields", name); err != nil {
			return err
		}
	}
	if c.Body != "" {
		if _, err := parse([]byte(c.Body)); err != nil {
			return fmt.Errorf("body: want JSON: %w", err)
		}
	}
	if err := c.Following.Check(); err != nil {
		return err
	}
	if c.Pages != 0 && c.Next == "" {
		return errors.New("pages: needs next, which says where the next page is")
	}
	c.template, c.program = "", Program{}
	switch {
	case c.Next == "" || c.Next == link:
	case listing.IsTemplate(c.Next):
		if c.template = listing.Template(c.Next); c.template.Check() != nil {
			return c.template.Check()
		}
	default:
		if err := c.program.UnmarshalText([]byte(c.Next)); err != nil {
			return fmt.Errorf("next: %w", err)
		}
	}
	return listing.CheckPages(c.Pages)
}

// Location implements [sources.Config].
func (c *Config) Location() string { return fetch.Redact(strings.TrimSpace(c.URL)) }

func newSource(cfg sources.Config, env sources.Env) (sources.Source, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fmt.Errorf("jsonapi: config is a %T", cfg)
	}
	if env.HTTP == nil {
		return nil, errors.New("jsonapi: no HTTP client")
	}
	salt, err := listing.Salt(mapping, c, env)
	if err != nil {
		return nil, fmt.Errorf("jsonapi: %w", err)
	}
	return &source{cfg: *c, env: env, salt: salt, limit: maxTime}, nil
}

// mapping is part of what is remembered of an item: raise it when JSON maps to other items than before.
const mapping = 1

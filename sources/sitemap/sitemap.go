// Package sitemap makes items of the pages that a site's map lists: sitemaps (https://www.sitemaps.org/protocol.html), their
// indexes, news, image and video extensions, and plain lists of addresses.
//
// Of an index only those maps are read that have changed since. A map says little of a page: follow fetches its title and
// text. It emits differences only.
package sitemap

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/internal/listing"
)

// Interval is the time between fetches unless configured otherwise.
const Interval = 2 * time.Hour

// Kind is the kind "sitemap".
var Kind = sources.Kind{
	Name:      "sitemap",
	Doc:       "the pages that a site's sitemap lists, or its index of sitemaps",
	Config:    func() sources.Config { return &Config{Limit: DefaultLimit} },
	New:       newSource,
	Recognise: recognise,
	Interval:  Interval,
	Web:       true,
}

// DefaultLimit and maxLimit are how many pages are taken at most when they are first seen.
const (
	DefaultLimit = 500
	maxLimit     = 50_000
)

// Config is the configuration of a sitemap.
type Config struct {
	URL     string    `yaml:"sitemap" doc:"The address of the sitemap or of an index of sitemaps."`
	Include []Pattern `yaml:"include,omitempty,flow" doc:"Regular expressions (RE2); only pages whose address matches one of them. Unset: all."`
	Exclude []Pattern `yaml:"exclude,omitempty,flow" doc:"Regular expressions (RE2); no page whose address matches one of them."`
	Limit   int       `yaml:"limit,omitempty" doc:"How many pages are taken at once, the newest first; older ones are left out for good."`

	listing.Following `yaml:",inline"`

	Complete bool `yaml:"complete,omitempty" doc:"A page that leaves the sitemap is withdrawn."`
}

// Pattern is a regular expression (RE2), compiled when the configuration is read.
type Pattern struct{ re *regexp.Regexp }

// UnmarshalText compiles a pattern.
func (p *Pattern) UnmarshalText(text []byte) error {
	const maxPattern = 1 << 10
	if len(text) == 0 || len(text) > maxPattern {
		return fmt.Errorf("want a regular expression of 1 to %d bytes", maxPattern)
	}
	re, err := regexp.Compile(string(text))
	if err != nil {
		return fmt.Errorf("not a regular expression (RE2): %w", err)
	}
	p.re = re
	return nil
}

// MarshalText is the pattern as it was written.
func (p Pattern) MarshalText() ([]byte, error) { return []byte(p.re.String()), nil }

// Check implements [sources.Config].
func (c *Config) Check(string) error {
	if err := listing.CheckURL("sitemap", c.URL); err != nil {
		return err
	}
	if c.Limit < 1 || c.Limit > maxLimit {
		return fmt.Errorf("limit: want 1 to %d", maxLimit)
	}
	return c.Following.Check()
}

// Location implements [sources.Config].
func (c *Config) Location() string { return fetch.Redact(strings.TrimSpace(c.URL)) }

// wanted says whether a page is one of those that are asked for.
func (c *Config) wanted(address string) bool {
	for _, p := range c.Exclude {
		if p.re.MatchString(address) {
			return false
		}
	}
	for _, p := range c.Include {
		if p.re.MatchString(address) {
			return true
		}
	}
	return len(c.Include) == 0
}

var fileName = regexp.MustCompile(`(?i)^(?:[a-z0-9]+[-_])*sitemaps?(?:[-_.]?[a-z0-9]+)*\.(?:xml|txt)(?:\.gz)?$`)

// recognise takes a web address whose last part is what sitemaps are called.
func recognise(arg string) (sources.Config, bool) {
	u, err := url.Parse(arg)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || !fileName.MatchString(path.Base(u.Path)) {
		return nil, false
	}
	return &Config{URL: arg, Limit: DefaultLimit}, true
}

func newSource(cfg sources.Config, env sources.Env) (sources.Source, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fmt.Errorf("sitemap: config is a %T", cfg)
	}
	if env.HTTP == nil {
		return nil, errors.New("sitemap: no HTTP client")
	}
	salt, err := listing.Salt(mapping, c, env)
	if err != nil {
		return nil, fmt.Errorf("sitemap: %w", err)
	}
	return &source{cfg: *c, env: env, salt: salt}, nil
}

// mapping is part of what is remembered of a page: raise it when sitemaps map to other items than before.
const mapping = 1

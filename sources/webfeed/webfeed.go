// Package webfeed brings in the feeds of others: RSS, Atom and JSON Feed, from the web or from a file.
//
// It asks conditionally and politely ([feedmill/sources/fetch]), makes UTF-8 of whatever the document is in, lets
// gofeed's native models read it and maps them to items. It emits differences only: an entry that left the upstream's
// window is not withdrawn.
package webfeed

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"feedmill/sources"
	"feedmill/sources/fetch"
)

// Interval is the time between fetches unless configured otherwise: strict publishers accept a conditional request
// an hour.
const Interval = time.Hour

// Kind is the kind "feed".
var Kind = sources.Kind{
	Name:      "feed",
	Doc:       "an RSS, Atom or JSON Feed of somebody else, by its URL (or a feed document on disk)",
	Config:    func() sources.Config { return &Config{} },
	New:       newSource,
	Recognise: recognise,
	Interval:  Interval,
	Web:       true,
	Leave:     &sources.Leave{Key: websubKey, New: newLeaver},
}

// Config is the configuration of a feed.
type Config struct {
	// URL is an http or https address, or the path of a feed document.
	URL string `yaml:"feed"`
	// WebSub off keeps the source from subscribing to the hub that the feed names.
	WebSub string `yaml:"websub,omitempty" doc:"off: do not subscribe to the hub that the feed names. Unset: subscribe, where base_url is set." jsonschema:"enum=on,enum=off"`

	path string // absolute; empty for a URL
}

// Check implements [sources.Config].
func (c *Config) Check(base string) error {
	raw := strings.TrimSpace(c.URL)
	if raw == "" {
		return errors.New("feed: the address is empty; write the URL of an RSS, Atom or JSON Feed")
	}
	if c.WebSub != "" && c.WebSub != "on" && c.WebSub != "off" {
		return errors.New("websub: want on or off")
	}
	scheme, rest, ok := strings.Cut(raw, ":")
	scheme = strings.ToLower(scheme)
	switch {
	case scheme == "feed" && ok:
		return fmt.Errorf("feed: %s: write https:%s", fetch.Redact(raw), strings.TrimPrefix(strings.TrimPrefix(rest, "https:"), "http:"))
	case scheme == "http" || scheme == "https":
		u, err := url.Parse(raw)
		if err != nil || u.Hostname() == "" {
			return fmt.Errorf("feed: %s: not an address; write it as in a browser, https://HOST/PATH", fetch.Redact(raw))
		}
		c.path = ""
		return nil
	case scheme == "file" && strings.HasPrefix(rest, "//"):
		u, err := url.Parse(raw)
		if err != nil || u.Host != "" && u.Host != "localhost" {
			return fmt.Errorf("feed: %s: write file:///PATH", fetch.Redact(raw))
		}
		raw = filepath.FromSlash(u.Path)
	case ok && strings.HasPrefix(rest, "//"):
		return fmt.Errorf("feed: %s: only http and https can be fetched", fetch.Redact(raw))
	}
	if !filepath.IsAbs(raw) {
		raw = filepath.Join(base, raw)
	}
	info, err := os.Stat(raw)
	if err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("feed: %s: neither a URL (https://…) nor a file", c.URL)
	}
	c.path = raw
	return nil
}

// Location implements [sources.Config].
func (c *Config) Location() string {
	if c.path != "" {
		return c.path
	}
	return fetch.Redact(strings.TrimSpace(c.URL))
}

// recognise takes every web address, and a file that is a feed document.
func recognise(arg string) (sources.Config, bool) {
	c := &Config{URL: arg}
	if s := strings.ToLower(arg); strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") {
		return c, true
	}
	cwd, err := os.Getwd()
	if err != nil || c.Check(cwd) != nil {
		return nil, false
	}
	f, err := os.Open(c.path)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil || !looksLikeFeed(head) {
		return nil, false
	}
	return c, true
}

// looksLikeFeed judges the start of a document by its root.
func looksLikeFeed(head []byte) bool {
	text, _, err := decode(head, "")
	if err != nil {
		return false
	}
	if text[0] == '{' {
		return strings.Contains(string(text[:min(len(text), 4<<10)]), "jsonfeed.org/version/")
	}
	o, err := survey(text)
	return err == nil && (o.root == "rss" || o.root == "rdf" || o.root == "feed")
}

func newSource(cfg sources.Config, env sources.Env) (sources.Source, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fmt.Errorf("feed: config is a %T", cfg)
	}
	if env.HTTP == nil && c.path == "" {
		return nil, errors.New("feed: no HTTP client")
	}
	return &source{cfg: *c, env: env}, nil
}

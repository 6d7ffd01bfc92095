package config

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"feedmill/feeds"
	"feedmill/feeds/push"
	publish "feedmill/feeds/web"
	"feedmill/sources"
)

// Defaults of what the file leaves out.
const (
	DefaultStore  = "bolt:feedmill.db"
	DefaultListen = ":8080"
	DefaultAdmin  = "127.0.0.1:8081"
	DefaultItems  = 50
	DefaultMaxAge = 10 * time.Minute
	DefaultRate   = 6000
)

// maxFile bounds the configuration file, in bytes: ten thousand labels with titles take less than one MiB.
const maxFile = 8 << 20

// Config is a checked configuration.
type Config struct {
	// File is the file it was read from; empty for one made of arguments.
	File string
	// Base is the directory against which relative paths are resolved.
	Base string
	// Files are all files that were read, the configuration first, then those of KEY_file: a change of any of them is
	// a change of the configuration.
	Files []string

	// BaseURL is the only origin ever written into links, without a slash at its end; empty when it is not configured.
	BaseURL string
	// Title and Description are those of everything together; empty when they are not configured.
	Title, Description string
	// Language is a BCP 47 tag or empty.
	Language string
	// Zone is the configured time zone; nil for none.
	Zone *time.Location
	// Store says where items are kept: bolt:PATH (an absolute path, or one relative to the working directory), memory:
	// or a Redis URL. It may hold a password: see [Redact].
	Store string
	// Listen and Admin are the addresses of the public and the admin listener; Admin is "off" for none.
	Listen, Admin string
	// Items is how many items a document holds, 1..1000; 0 leaves it to the source, and [DefaultItems].
	Items int
	// Merge makes one item of those of several sources that have the same address.
	Merge bool
	// MaxAge is how long a reader may keep a document before asking again.
	MaxAge time.Duration

	// RateLimit is how many answers a client gets a minute, 0 for no limit; TrustedProxies are the networks of those whose
	// forwarding fields are believed.
	RateLimit      int
	TrustedProxies []netip.Prefix

	// Sources stand in the order of the file.
	Sources []Source
	// Image, Icon and Copyright are those of every feed; empty when they are not configured.
	Image, Icon, Copyright string
	// Titles are the configured display titles of topics, Texts what else is configured about them.
	Titles map[feeds.Topic]string
	Texts  map[feeds.Topic]feeds.Text
	// Groups are the private groups, in the order of the file.
	Groups []Group
	// Feeds are the saved feeds, in the order of the file.
	Feeds []Feed
	// Targets are where news are sent, in the order of the file.
	Targets []Target
	// Hub is how WebSub subscribers are served.
	Hub Hub
	// Labels say what becomes of the labels of every source.
	Labels sources.LabelRules
	// Redirects are where addresses lead for good, by path: the configured ones, other spellings and old names of labels, old
	// names of sources.
	Redirects map[string]publish.Redirect

	redirected []string // the configured ones of Redirects, in the order of the file
}

// Source is a configured source.
type Source struct {
	// Name is the source's identity.
	Name   string
	Kind   sources.Kind
	Config sources.Config
	// Interval and MaxInterval bound the time between fetches: the configured ones, else the kind's.
	Interval, MaxInterval time.Duration
	// Chosen says that they are configured: the operator knows what the origin takes.
	Chosen bool
	// Web is how the source asks others, for a kind that does.
	Web Web
	// AddCategories and AddTags are added to every item.
	AddCategories, AddTags []string
	// Language and Author stand in for items that state none.
	Language, Author string
	// Zone is its own time zone; nil for that of the configuration.
	Zone *time.Location
	// Group is the private group that its items belong to, unless a rule moves them to another one; empty for none.
	Group string
	// Rules say which of its items are published, and to whom, Labels what becomes of their labels.
	Rules  sources.Rules
	Labels sources.LabelRules
	// Original says where the address of the page that an item was copied from stands. Merge is its own word on
	// [Config.Merge]; nil for none.
	Original sources.OriginalRule
	Merge    *bool
	// Formerly is the name the source had before; its items and their IDs are carried over.
	Formerly string
	// Adopt is the feed that the source continues; nil for none.
	Adopt *Adopt

	// Line is the source's line in the file, 0 without one.
	Line int
	// Fingerprint is equal for two configurations of a source that need no restart between them.
	Fingerprint string
}

// file is the top level of the YAML file.
type file struct {
	BaseURL        string         `yaml:"base_url" doc:"The address that readers subscribe to, such as https://feeds.example.com. The only origin ever written into links; changing it changes no item's identity."`
	Title          string         `yaml:"title" doc:"The name of everything together, and the beginning of every feed's title."`
	Description    string         `yaml:"description" doc:"One sentence about what is published."`
	Language       string         `yaml:"language" doc:"The language of posts that state none, such as zh-CN or en."`
	Timezone       string         `yaml:"timezone" doc:"The time zone in which dates without a zone are read, such as Asia/Shanghai."`
	Store          string         `yaml:"store" secret:"true" doc:"Where items are kept: bolt:PATH (a file), memory: (until the program ends), redis://, rediss://, redis+sentinel:// or redis+cluster://."`
	Listen         string         `yaml:"listen" doc:"The address of the public listener."`
	Admin          string         `yaml:"admin" doc:"The address of the admin listener (health, metrics, status), or off. Never make it public."`
	Items          int            `yaml:"items" doc:"How many items a document holds, 1 to 1000. Unset: what the source's own feed holds, else 50." jsonschema:"minimum=1,maximum=1000"`
	MaxAge         time.Duration  `yaml:"max_age" doc:"How long a reader may keep a document before asking again."`
	RateLimit      int            `yaml:"rate_limit" doc:"How many answers a client gets a minute, at once if it likes; a poll that is answered with not modified counts a twentieth. 0: no limit." jsonschema:"minimum=0,maximum=1000000"`
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies" doc:"The networks of the proxies in front, such as 10.0.0.0/8: only what these say in X-Forwarded-For or Forwarded is believed, for rate_limit and the log."`
	Duplicates     string         `yaml:"duplicates" doc:"What becomes of items of several sources that have the same address: keep (each source shows its own) or merge (one item, with the labels of all, in the topics of all these sources)."`
	Image          string         `yaml:"image" doc:"The address of a picture for feeds that have none of their own."`
	Icon           string         `yaml:"icon" doc:"The address of a small square picture for all feeds."`
	Copyright      string         `yaml:"copyright" doc:"The notice of copyright of all feeds."`
	Sources        yaml.Node      `yaml:"sources" doc:"Where items come from, by name. The name is identity: /source/NAME.atom."`
	Labels         yaml.Node      `yaml:"labels" doc:"Titles of categories and tags, and what becomes of them: other spellings, new names, labels to leave out or to add."`
	Feeds          yaml.Node      `yaml:"feeds" doc:"Saved feeds by name: /feed/NAME.atom has the items that match."`
	Groups         yaml.Node      `yaml:"groups" doc:"Private groups by name: who has one of a group's tokens sees its items beside the public ones, under /t/TOKEN/."`
	Targets        yaml.Node      `yaml:"targets" doc:"Chat groups and endpoints that get each new item, by name."`
	Hub            hub            `yaml:"hub" doc:"Programs that are told of news at once (WebSub)."`
	Redirects      yaml.Node      `yaml:"redirects" doc:"Where old addresses lead for good, by path below base_url: a topic such as tag/go (its feed, in the format that the path names, else Atom) or a path such as /tag/go.rss."`
}

func defaults() file {
	return file{Store: DefaultStore, Listen: DefaultListen, Admin: DefaultAdmin, MaxAge: DefaultMaxAge, RateLimit: DefaultRate, Duplicates: duplicatesKeep}
}

// laterKeys are keys of the top level that are part of the file's shape, but not served yet.
var laterKeys = []string{"drop", "keep", "digest"}

// Kinds are the kinds that a configuration can name.
type Kinds struct {
	Sources []sources.Kind
	Targets []push.Kind
}

// Load reads and checks the file at path. env looks up environment variables, as os.LookupEnv does. What is wrong in
// the file is an [Errors].
func Load(path string, kinds Kinds, env func(string) (string, bool)) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w; `feedmill init SOURCE...` prints one to begin with", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", path, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("read configuration %s: larger than %d MiB; is it the right file?", path, maxFile>>20)
	}
	return Parse(path, data, kinds, env)
}

// Parse checks the text of a configuration. name stands in errors, and relative paths are resolved against its
// directory. What is wrong in the text is an [Errors].
func Parse(name string, data []byte, kinds Kinds, env func(string) (string, bool)) (*Config, error) {
	if err := kinds.check(); err != nil {
		return nil, err
	}
	r := &reader{text: data, file: name, base: filepath.Dir(name), env: env, files: []string{name}, seen: map[mark]seen{}}
	c := r.parse(data, kinds)
	if len(r.errs) > 0 {
		return nil, r.sorted()
	}
	return c, nil
}

func (r *reader) parse(data []byte, kinds Kinds) *Config {
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		r.syntax(err)
		return nil
	}
	root := &doc
	if root.Kind == yaml.DocumentNode && len(root.Content) == 1 {
		root = root.Content[0]
	}
	if root.Kind != yaml.MappingNode {
		r.fail(root, "", "the file must be a mapping: lines of the form KEY: VALUE; `feedmill init SOURCE...` prints one to begin with")
		return nil
	}
	f := defaults()
	r.fields(root, fieldsOf(&f), "", laterKeys)
	r.load(root, &f)
	c := &Config{File: r.file, Base: r.base, Titles: map[feeds.Topic]string{}, Texts: map[feeds.Topic]feeds.Text{}, Redirects: map[string]publish.Redirect{}}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if key := root.Content[i].Value; setters[key] != nil {
			if err := c.set(&f, key); err != nil {
				r.value(root.Content[i+1], key, err)
			}
		}
	}
	c.fill(&f)
	if err := c.conflict(); err != nil {
		r.fail(valueOf(root, "admin", "listen"), "admin", "%s", err)
	}
	if f.Sources.IsZero() && !r.reported("sources") {
		r.fail(root, "sources", noSource)
	}
	r.groups(c, &f.Groups)
	r.sources(c, &f.Sources, kinds.Sources)
	r.labels(c, &f.Labels)
	r.feeds(c, &f.Feeds)
	r.hub(c, root, &f.Hub)
	r.redirects(c, &f.Redirects)
	r.targets(c, &f.Targets, kinds.Targets)
	c.Files = r.files
	return c
}

// valueOf is the value of the first of keys that a mapping has.
func valueOf(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return n.Content[i+1]
			}
		}
	}
	return n
}

// fill copies what has no setter of its own or was not in the file.
func (c *Config) fill(f *file) {
	c.Title, c.Description, c.Copyright = f.Title, f.Description, f.Copyright
	if c.Store == "" {
		c.Store = resolveStore(c.Base, f.Store)
	}
	if c.Listen == "" {
		c.Listen = f.Listen
	}
	if c.Admin == "" {
		c.Admin = f.Admin
	}
	c.RateLimit, c.TrustedProxies = f.RateLimit, f.TrustedProxies
	if c.MaxAge == 0 {
		c.MaxAge = f.MaxAge
	}
}

// NeedsRestart names the settings in which the configurations differ and that a running server cannot change.
func (c *Config) NeedsRestart(old *Config) []string {
	var keys []string
	for key, differs := range map[string]bool{
		"store": c.Store != old.Store, "listen": c.Listen != old.Listen, "admin": c.Admin != old.Admin,
	} {
		if differs {
			keys = append(keys, key)
		}
	}
	return sortedStrings(keys)
}

func (k Kinds) check() error {
	if err := checkKinds(k.Sources); err != nil {
		return err
	}
	return checkTargetKinds(k.Targets)
}

// checkKinds finds mistakes of kinds, not of the operator.
func checkKinds(kinds []sources.Kind) error {
	if len(kinds) == 0 {
		return errors.New("read configuration: no kind of source is built in")
	}
	shared := fieldsOf(&common{})
	for _, k := range kinds {
		var found bool
		common := slices.Concat(shared, webFields(k))
		for _, f := range fieldsOf(k.Config()) {
			found = found || f.key == k.Name
			if _, ok := find(common, f.key); ok {
				return fmt.Errorf("kind %s: key %s belongs to every source; the config type must not have it", k.Name, f.key)
			}
		}
		if !found {
			return fmt.Errorf("kind %s: the config type has no field with the yaml tag %q for the location", k.Name, k.Name)
		}
	}
	return nil
}

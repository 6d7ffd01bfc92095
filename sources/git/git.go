// Package git is the source for a site in a git repository: its newest commit is read as a directory would be, by the
// generator that the site is written for. The clone is bare and has no work tree; package repo keeps it and guards what
// git may do and reach.
//
// A push webhook of GitHub, GitLab, Gitea, Forgejo, Gogs or Bitbucket wakes the source; without one it asks from time to
// time, which costs the server one small answer.
//
// State: "git/commit" is the commit that was emitted last, beside that of package postdir.
package git

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/internal/postdir"
	"feedmill/sources/internal/repo"
)

// Kind makes the kind of source, for sites of these generators.
func Kind(generators ...postdir.Generator) sources.Kind {
	return sources.Kind{
		Name:   "git",
		Doc:    "a site in a git repository, by its https or ssh address or a path (needs git 2.31 or newer)",
		Config: func() sources.Config { return &Config{generators: generators} },
		New: func(cfg sources.Config, env sources.Env) (sources.Source, error) {
			c, ok := cfg.(*Config)
			if !ok {
				return nil, fmt.Errorf("new git source: config is a %T", cfg)
			}
			return newSource(c, env)
		},
		FrontMatter: true,
		Recognise: func(arg string) (sources.Config, bool) {
			c := &Config{URL: arg, generators: generators}
			return c, recognise(arg)
		},
		Interval:    10 * time.Minute,
		MaxInterval: time.Hour,
		Web:         true,
	}
}

// Config is the configuration of a repository. Credentials for https are the keys basic and bearer of every source that
// asks others.
type Config struct {
	// URL is the address as git clone takes it, or a path.
	URL    string `yaml:"git" doc:"The repository: https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH, or a path."`
	Branch string `yaml:"branch" doc:"The branch. Unset: the one that the server shows first."`
	// Path is where the site is in the repository.
	Path string `yaml:"path" doc:"The directory of the site in the repository. Unset: its root."`
	// Generator is the name of the site's generator.
	Generator string `yaml:"generator" doc:"What the site is written for: jekyll or hugo. Unset: what its files say."`
	// LastModified is "commits" to date changes by commits.
	LastModified  string `yaml:"last_modified" doc:"commits: a post that states no date of change was changed with the last commit that touched it. Unset: not changed."`
	ZonelessDates string `yaml:"zoneless_dates" doc:"How a date without a zone is read in a Jekyll site: jekyll (as UTC, as Jekyll does) or site."`
	Drafts        bool   `yaml:"drafts" doc:"Publish what the author calls a draft, too."`
	Future        bool   `yaml:"future" doc:"Publish what is dated ahead at once."`
	// Collections are those of a Jekyll site that are published beside its posts.
	Collections   []string `yaml:"collections" doc:"Collections of a Jekyll site whose documents are published beside the posts. Unset: those that jekyll-feed makes feeds of."`
	WebhookSecret string   `yaml:"webhook_secret" secret:"true" doc:"The secret of the push webhook, which calls base_url/hook/NAME. Unset: no webhook."`
	KeyFile       string   `yaml:"key_file" doc:"The private key for ssh, without passphrase, mode 0600."`
	KnownHosts    string   `yaml:"known_hosts" doc:"The file with the server's ssh host key, as ssh-keyscan prints it. Unset: the first key seen is remembered."`
	CAFile        string   `yaml:"ca_file" doc:"Certificates (PEM) that the https server's own is signed with. Unset: those of the system."`

	generators []postdir.Generator
	address    repo.Address
}

const (
	commits      = "commits"
	zonelessSite = "site"
)

// minSecret is the shortest webhook secret, in bytes: what is shorter can be guessed.
const minSecret = 16

// Check resolves paths against base and looks at everything that needs no network.
func (c *Config) Check(base string) (err error) {
	if c.address, err = repo.ParseAddress(c.URL, base); err != nil {
		return fmt.Errorf("git: %w", err)
	}
	if c.Branch != "" {
		if err := repo.CheckBranch(c.Branch); err != nil {
			return fmt.Errorf("branch: %w", err)
		}
	}
	c.Path = strings.Trim(path.Clean("/"+filepath.ToSlash(c.Path)), "/")
	var names []string
	for _, g := range c.generators {
		names = append(names, g.Name)
	}
	ssh, https := c.address.Scheme() == "ssh", c.address.Scheme() == "https"
	switch {
	case strings.ContainsRune(c.Path, 0):
		return fmt.Errorf("path: %q is not a path", c.Path)
	case c.Generator != "" && !slices.Contains(names, c.Generator):
		return fmt.Errorf("generator: %q is not known: write %s", c.Generator, strings.Join(names, " or "))
	case c.LastModified != "" && c.LastModified != commits:
		return fmt.Errorf("last_modified: %q is not known: write commits, or leave it out", c.LastModified)
	case c.ZonelessDates != "" && c.ZonelessDates != "jekyll" && c.ZonelessDates != zonelessSite:
		return fmt.Errorf("zoneless_dates: %q is not known: write jekyll or site", c.ZonelessDates)
	case c.WebhookSecret != "" && len(c.WebhookSecret) < minSecret:
		return fmt.Errorf("webhook_secret: want at least %d characters; `openssl rand -hex 20` makes some", minSecret)
	case c.KeyFile != "" && !ssh:
		return errors.New("key_file: only an ssh address has a key; for https set basic: USER:TOKEN")
	case c.KnownHosts != "" && !ssh:
		return errors.New("known_hosts: only an ssh address has a host key")
	case c.CAFile != "" && !https:
		return errors.New("ca_file: only an https address has certificates")
	}
	for _, file := range []*string{&c.KeyFile, &c.KnownHosts, &c.CAFile} {
		if *file == "" {
			continue
		}
		if !filepath.IsAbs(*file) {
			*file = filepath.Join(base, *file)
		}
		if *file, err = filepath.Abs(*file); err != nil { // git has another working directory
			return err
		}
	}
	return nil
}

// files looks for the files that the configuration names: they may come and go.
func (c *Config) files() error {
	for key, file := range map[string]string{"key_file": c.KeyFile, "known_hosts": c.KnownHosts, "ca_file": c.CAFile} {
		if file == "" {
			continue
		}
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("%s: %w (%w)", key, err, sources.ErrConfig)
		}
		f.Close()
	}
	return nil
}

// Location is the address. Nothing in it is secret: Check refuses passwords.
func (c *Config) Location() string { return c.address.String() }

// recognise takes what can only be a repository: an address for ssh or one that ends in .git, and a bare repository on
// disk. A work tree is taken as the directory it is.
func recognise(arg string) bool {
	a, err := repo.ParseAddress(arg, "")
	if err != nil {
		return false
	}
	if a.Scheme() != "" {
		return a.Scheme() == "ssh" && strings.Contains(arg, "@") || strings.HasSuffix(strings.TrimRight(arg, "/"), ".git")
	}
	for _, name := range []string{"HEAD", "objects", "refs"} {
		if _, err := os.Stat(filepath.Join(a.Path(), name)); err != nil {
			return false
		}
	}
	return true
}

func newSource(c *Config, env sources.Env) (*source, error) {
	if env.Dir == "" {
		return nil, errors.New("new git source: there is no directory for its clone; set HOME or TMPDIR to one that can be written")
	}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(env.Dir)
	if err != nil {
		return nil, fmt.Errorf("new git source: %w", err)
	}
	route := fetch.RouteOf(env.HTTP)
	o := repo.Options{
		Address: c.address, Branch: c.Branch, Dir: dir, CAFile: c.CAFile, KeyFile: c.KeyFile, KnownHosts: c.KnownHosts,
		History: c.LastModified == commits, Network: route, Proxy: route.Proxy, Agent: route.Agent, Silence: route.Timeout,
		MaxDisk: route.MaxBytes,
	}
	if u := c.address.URL(); u != nil && u.Scheme == "https" {
		o.Header = route.Header(u)
	}
	return &source{
		cfg: c, env: env, repo: repo.New(o),
		set: postdir.Settings{
			SiteDates: c.ZonelessDates == zonelessSite, FileDates: o.History,
			Drafts: c.Drafts, Future: c.Future, Collections: c.Collections,
		},
	}, nil
}

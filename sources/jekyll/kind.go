// Package jekyll is the source for the posts of a Jekyll site: it reads _posts and _config.yml as Jekyll 4 and
// jekyll-feed do, without building the site, and where Jekyll gives up on a post it mends the post and says so.
//
// Which files changed, and which post is which, is the work of package postdir: this package is its [Generator].
package jekyll

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"feedmill/sources"
	"feedmill/sources/internal/postdir"
)

// interval is the time between looks at everything.
const interval = time.Hour

// Kind is the kind of source.
var Kind = sources.Kind{
	Name:   "jekyll",
	Doc:    "the posts of a Jekyll site: a directory with _posts or _config.yml",
	Config: func() sources.Config { return &Config{ZonelessDates: zonelessJekyll} },
	New: func(cfg sources.Config, env sources.Env) (sources.Source, error) {
		c, ok := cfg.(*Config)
		if !ok {
			return nil, fmt.Errorf("new jekyll source: config is a %T", cfg)
		}
		return newSource(c, env), nil
	},
	FrontMatter: true,
	Recognise:   recognise,
	Interval:    interval,
}

// Generator reads Jekyll sites in any tree.
var Generator = postdir.Generator{Name: "jekyll", Config: configName, Detect: detect, Load: loadSite}

func newSource(c *Config, env sources.Env) *postdir.Source {
	return postdir.NewSource(c.Path, Generator, c.settings(env), env, interval)
}

const (
	zonelessJekyll = "jekyll"
	zonelessSite   = "site"
)

// Config is the configuration of a Jekyll site.
type Config struct {
	// Path is the directory with _posts and _config.yml.
	Path string `yaml:"jekyll"`
	// ZonelessDates says how to read an unquoted date and time without a zone: "jekyll" (the default) as UTC, as
	// Jekyll does; "site" in the site's own zone, as its authors mean it.
	ZonelessDates string `yaml:"zoneless_dates"`
	// Drafts publishes _drafts, Future what is dated ahead, at once; so do show_drafts and future in _config.yml.
	Drafts bool `yaml:"drafts" doc:"Publish _drafts, too, as show_drafts in _config.yml does."`
	Future bool `yaml:"future" doc:"Publish what is dated ahead at once, as future in _config.yml does."`
	// Collections are those whose documents are published beside the posts.
	Collections []string `yaml:"collections" doc:"Collections whose documents are published beside the posts. Unset: those under feed: collections: in _config.yml."`
}

// Check resolves a relative path against base. Whether the directory is there is seen at each fetch, because it may
// come later.
func (c *Config) Check(base string) error {
	switch {
	case c.Path == "":
		return errors.New("jekyll: give the directory of the site, the one that holds _posts")
	case strings.ContainsRune(c.Path, 0):
		return fmt.Errorf("jekyll: %q is not a path", c.Path)
	case c.ZonelessDates == "":
		c.ZonelessDates = zonelessJekyll
	case c.ZonelessDates != zonelessJekyll && c.ZonelessDates != zonelessSite:
		return fmt.Errorf("zoneless_dates: %q is not known: write jekyll or site", c.ZonelessDates)
	}
	if !filepath.IsAbs(c.Path) {
		c.Path = filepath.Join(base, c.Path)
	}
	return nil
}

// Location is the directory.
func (c *Config) Location() string { return c.Path }

// settings are those of the site.
func (c *Config) settings(env sources.Env) postdir.Settings {
	return postdir.Settings{
		SiteDates: c.ZonelessDates == zonelessSite, Drafts: c.Drafts, Future: c.Future, Collections: c.Collections,
	}
}

// detect takes a tree with a configuration or _posts at its root.
func detect(t postdir.Tree) bool {
	for _, name := range append([]string{"_posts"}, configNames...) {
		if _, err := t.Lstat(name); err == nil {
			return true
		}
	}
	return false
}

// maxRecognise bounds the directories in which recognise looks for _posts.
const maxRecognise = 2000

// recognise takes a directory with _config.yml, or with _posts anywhere below, or a _posts directory itself.
func recognise(arg string) (sources.Config, bool) {
	info, err := os.Stat(arg)
	if err != nil || !info.IsDir() {
		return nil, false
	}
	c := &Config{Path: arg, ZonelessDates: zonelessJekyll}
	if filepath.Base(arg) == "_posts" {
		c.Path = filepath.Dir(arg)
		return c, true
	}
	for _, name := range configNames {
		if info, err := os.Stat(filepath.Join(arg, name)); err == nil && info.Mode().IsRegular() {
			return c, true
		}
	}
	found, seen := false, 0
	err = filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // what cannot be read holds no posts for us
		case !d.IsDir():
			return nil
		case d.Name() == "_posts":
			found = true
			return fs.SkipAll
		case path != arg && (special(d.Name()) || d.Name() == "node_modules"):
			return fs.SkipDir
		}
		if seen++; seen > maxRecognise {
			return fs.SkipAll
		}
		return nil
	})
	return c, err == nil && found
}

// special reports whether Jekyll passes over a name: hidden files, its own directories, editors' backups.
func special(name string) bool {
	return name == "" || strings.IndexByte("._#~", name[0]) >= 0 || strings.HasSuffix(name, "~")
}

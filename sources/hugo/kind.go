// Package hugo is the source for the pages of a Hugo site: it reads content and the site's configuration as Hugo does,
// without building the site. Which files changed, and which page is which, is the work of package postdir: this package
// is its [Generator].
//
// # Which pages
//
// All regular pages of all sections and languages, as in the RSS feed that Hugo itself writes for the home page
// (.Site.RegularPages): neither home, sections nor terms, and no page that is a draft, expired, headless, or kept out of
// lists or not rendered by its build options. A page whose publishDate is ahead waits for it. The ID is the permalink,
// which Hugo's RSS writes as guid.
//
// # Labels
//
// The taxonomies categories, series, sections, topics and columns give categories, all others of the site give tags.
// Categories, tags and series count also where the site does not list them. The section of a page is no label.
//
// # The text
//
// Markdown is rendered with goldmark and the settings under markup.goldmark. The summary is Hugo's: up to <!--more-->, or
// that of the front matter, or so many words or characters. Hugo's own shortcodes are carried out; those that embed pages
// of others are links. ref and relref find pages as Hugo does, and a page is published anew when one that it refers to
// moves. The picture is what the front matter calls so, else the resource of a bundle that is named *feature*, *cover* or
// *thumbnail*.
//
// # What is not there
//
// No template runs. So a shortcode of the site or its theme, also one that has the name of one of Hugo's own, costs its
// tags: what stands between them stays as Markdown, and the page is reported as repaired. Render hooks and content adapters
// are reported with the configuration, as is every setting that shapes pages and is not read. Code is not coloured or
// numbered. Of themes and modules that are in the site, their content, the names of their shortcodes and their params are
// read. Files in other formats than Markdown and HTML are rejected.
//
// Where versions of Hugo differ, it is as in 0.111; settings that came later are read where they stand.
package hugo

import (
	"errors"
	"fmt"
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
	Name:   "hugo",
	Doc:    "the pages of a Hugo site in a directory",
	Config: func() sources.Config { return &Config{} },
	New: func(cfg sources.Config, env sources.Env) (sources.Source, error) {
		c, ok := cfg.(*Config)
		if !ok {
			return nil, fmt.Errorf("new hugo source: config is a %T", cfg)
		}
		set := postdir.Settings{Drafts: c.Drafts, Future: c.Future}
		return postdir.NewSource(c.Path, Generator, set, env, interval), nil
	},
	FrontMatter: true,
	Recognise:   recognise,
	Interval:    interval,
}

// configName is where faults of the configuration are reported.
const configName = "hugo.toml"

// Generator reads Hugo sites in any tree.
var Generator = postdir.Generator{Name: "hugo", Config: configName, Detect: detect, Load: loadSite}

// Config is the configuration of a Hugo site.
type Config struct {
	// Path is the directory with hugo.toml (or config.toml, or config) and content.
	Path string `yaml:"hugo"`
	// Drafts publishes drafts, Future what is dated ahead, at once; as buildDrafts and buildFuture of the site do.
	Drafts bool `yaml:"drafts"`
	Future bool `yaml:"future"`
}

// Check resolves a relative path against base. Whether the directory is there is seen at each fetch, because it may
// come later.
func (c *Config) Check(base string) error {
	switch {
	case c.Path == "":
		return errors.New("hugo: give the directory of the site, the one that holds hugo.toml and content")
	case strings.ContainsRune(c.Path, 0):
		return fmt.Errorf("hugo: %q is not a path", c.Path)
	}
	if !filepath.IsAbs(c.Path) {
		c.Path = filepath.Join(base, c.Path)
	}
	return nil
}

// Location is the directory.
func (c *Config) Location() string { return c.Path }

// detect takes a tree with hugo.toml (.yaml, .yml, .json), or with a config file that is as well a name for others and a
// directory content beside it.
func detect(t postdir.Tree) bool {
	has := func(name string) bool {
		_, err := t.Lstat(name)
		return err == nil
	}
	content := has("content")
	for _, ext := range configExts {
		if has("hugo"+ext) || content && (has("config"+ext) || has("config/_default/hugo"+ext) || has("config/_default/config"+ext)) {
			return true
		}
	}
	return false
}

func recognise(arg string) (sources.Config, bool) {
	info, err := os.Stat(arg)
	if err != nil || !info.IsDir() {
		return nil, false
	}
	d, err := postdir.OpenDisk(arg)
	if err != nil {
		return nil, false
	}
	defer d.Close()
	return &Config{Path: arg}, detect(d)
}

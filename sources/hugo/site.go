package hugo

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/yuin/goldmark"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/internal/postdir"
)

// maxConfig is the largest configuration file or _index file that is read, in bytes. maxLook is the most directories of content.
const (
	maxConfig = 1 << 20
	maxLook   = 100_000
)

var configExts = []string{".toml", ".yaml", ".yml", ".json"}

func formatOf(name string) string {
	switch path.Ext(name) {
	case ".toml":
		return "toml"
	case ".json":
		return "json"
	}
	return "yaml"
}

var _ postdir.Site = (*site)(nil)

// site is what shapes pages.
type site struct {
	conf    params
	origin  string // scheme, host and path of baseURL without a slash at the end; empty without a usable one
	zone    *time.Location
	content string // the directory of the pages
	lang    string // defaultContentLanguage
	// langs are the languages by their codes, dirs by their own content directories.
	langs map[string]params
	dirs  map[string]string
	set   postdir.Settings
	md    goldmark.Markdown
	// bundles are the directories that are leaf bundles; index is the front matter of each _index by directory and language.
	bundles map[string]bool
	index   map[string]params
	shape   uint32
	reports []sources.Rejected
}

// loadSite reads the configuration and looks around in content for what makes a file part of another page.
func loadSite(t postdir.Tree, set postdir.Settings) (postdir.Site, error) {
	conf, err := readConfig(t)
	if err != nil {
		return nil, err
	}
	s := &site{
		conf: conf, set: set, zone: time.UTC, content: "content", lang: "en",
		langs: map[string]params{}, dirs: map[string]string{}, bundles: map[string]bool{}, index: map[string]params{},
	}
	if set.Zone != nil {
		s.zone = set.Zone
	}
	if name := conf.str("timezone"); name != "" {
		if loc, err := time.LoadLocation(name); err == nil {
			s.zone = loc
		} else {
			s.report("timeZone %.40q is not known: write it like Asia/Shanghai", name)
		}
	}
	if dir := strings.Trim(path.Clean(conf.str("contentdir")), "./"); dir != "" {
		s.content = dir
	}
	if l := conf.str("defaultcontentlanguage"); l != "" {
		s.lang = strings.ToLower(l)
	}
	for code, v := range conf.sub("languages") {
		m, ok := v.(params)
		if !ok || m.flag("disabled", false) || slices.Contains(conf.words("disablelanguages"), code) {
			continue
		}
		s.langs[code] = m
		if dir := strings.Trim(m.str("contentdir"), "/"); dir != "" {
			s.dirs[dir] = code
		}
	}
	if len(s.langs) == 0 {
		s.langs[s.lang] = params{}
	}
	if u, err := url.Parse(conf.str("baseurl")); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
		s.origin = strings.TrimRight(u.String(), "/")
	} else {
		s.report("baseURL %.80q is not an address like https://example.org/: pages have no addresses", conf.str("baseurl"))
	}
	s.md = newMarkdown(conf.sub("markup", "goldmark"))
	h := xxhash.New()
	fmt.Fprintf(h, "1|%v|%v|%v|%s|%v|", conf, set.Drafts, set.Future, s.zone, set.FileDates)
	for _, root := range s.roots() {
		if err := s.look(t, root); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("look into %s: %w: may this user read it?", root, err)
		}
	}
	fmt.Fprintf(h, "%v|%v", s.bundles, s.index) // fmt prints maps in the order of their keys
	s.shape = uint32(h.Sum64())
	return s, nil
}

func (s *site) report(format string, args ...any) {
	s.reports = append(s.reports, sources.Rejected{Where: configName, Reason: fmt.Sprintf(format, args...), Repaired: true})
}

// roots are the directories of pages.
func (s *site) roots() []string {
	out := []string{s.content}
	for dir := range s.dirs {
		if dir != s.content {
			out = append(out, dir)
		}
	}
	slices.Sort(out)
	return out
}

// readConfig reads hugo.* or config.*, then config/_default and config/production over it. A file there that is not named
// hugo or config holds the section of its name, perhaps for a language: params.zh.toml.
func readConfig(t postdir.Tree) (params, error) {
	conf := params{}
	read := func(name string) (params, error) {
		b, _, err := t.ReadFile(name, maxConfig)
		if err != nil {
			return nil, err
		}
		p, err := parse(formatOf(name), b)
		var bad *syntaxError
		if errors.As(err, &bad) {
			return nil, fmt.Errorf("%s:%d: %s: mend it", name, bad.line, bad.msg)
		}
		return p, err
	}
root:
	for _, base := range []string{"hugo", "config"} {
		for _, ext := range configExts {
			p, err := read(base + ext)
			if err == nil {
				conf = p
				break root
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	for _, dir := range []string{"config/_default", "config/production"} {
		entries, err := t.ReadDir(dir)
		if err != nil {
			continue // most sites have one file
		}
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
		for _, e := range entries {
			name := e.Name()
			if !slices.Contains(configExts, path.Ext(name)) {
				continue
			}
			p, err := read(dir + "/" + name)
			if err != nil {
				return nil, err
			}
			key, lang, _ := strings.Cut(strings.ToLower(strings.TrimSuffix(name, path.Ext(name))), ".")
			if key != "hugo" && key != "config" {
				p = params{key: p}
			}
			if lang != "" {
				p = params{"languages": params{lang: p}}
			}
			conf.merge(p)
		}
	}
	return conf, nil
}

// look finds the bundles and _index files below a directory.
func (s *site) look(t postdir.Tree, root string) error {
	for todo, n := []string{root}, 0; len(todo) > 0 && n < maxLook; n++ {
		dir := todo[0]
		todo = todo[1:]
		entries, err := t.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			name := e.Name()
			if e.IsDir() {
				if !special(name) {
					todo = append(todo, dir+"/"+name)
				}
				continue
			}
			base, lang, ok := s.cut(name)
			switch {
			case !ok:
			case base == "index" && dir != root:
				s.bundles[dir] = true
			case base == "_index":
				b, _, err := t.ReadFile(dir+"/"+name, maxConfig)
				if err != nil {
					continue // the engine reports what it cannot read
				}
				c := split(b)
				p, err := parse(c.format, c.header)
				if err != nil || c.open {
					s.reports = append(s.reports, sources.Rejected{Where: dir + "/" + name, Reason: "the front matter cannot be read", Repaired: true})
					continue
				}
				s.index[dir+"|"+lang] = p
			}
		}
	}
	return nil
}

func special(name string) bool {
	return name == "" || strings.IndexByte(".#", name[0]) >= 0 || strings.HasSuffix(name, "~") || name == "node_modules"
}

// pageExts are the formats that Hugo knows; only Markdown and HTML are read.
var pageExts = map[string]bool{
	".md": true, ".mdown": true, ".markdown": true, ".html": true, ".htm": true,
	".org": false, ".adoc": false, ".asciidoc": false, ".ad": false, ".rst": false, ".pandoc": false, ".pdc": false,
}

// cut takes a file's name apart: without extension and language.
func (s *site) cut(name string) (base, lang string, ok bool) {
	ext := path.Ext(name)
	if _, ok = pageExts[strings.ToLower(ext)]; !ok || special(name) {
		return "", "", false
	}
	base = strings.TrimSuffix(name, ext)
	if l := strings.TrimPrefix(path.Ext(base), "."); l != "" {
		if _, known := s.langs[strings.ToLower(l)]; known {
			return strings.TrimSuffix(base, "."+l), strings.ToLower(l), true
		}
	}
	return base, "", true
}

// Enter goes into content and the directories of configuration.
func (s *site) Enter(dir string) (enter, posts bool) {
	if dir == "" || dir == "config" || dir == "config/_default" || dir == "config/production" {
		return true, false
	}
	for _, root := range s.roots() {
		switch {
		case dir == root || strings.HasPrefix(dir, root+"/"):
			return !special(path.Base(dir)), true
		case strings.HasPrefix(root, dir+"/"):
			return true, false
		}
	}
	return false, false
}

// IsPost takes the files in the formats of pages that are not those of a section or term.
func (s *site) IsPost(rel string) bool {
	base, _, ok := s.cut(path.Base(rel))
	return ok && base != "_index"
}

// Role knows the configuration and the _index files, which pages inherit from.
func (s *site) Role(rel string) postdir.Role {
	dir, name := path.Split(rel)
	base, _, ok := s.cut(name)
	switch {
	case ok && base == "_index", strings.HasPrefix(dir, "config/"):
		return postdir.Shapes
	case dir == "" && slices.Contains(configExts, path.Ext(name)) && (strings.HasPrefix(name, "hugo.") || strings.HasPrefix(name, "config.")):
		return postdir.Shapes
	}
	return postdir.Nothing
}

// Shape is over the configuration, the bundles and what pages inherit.
func (s *site) Shape() uint32 { return s.shape }

// Around is 0: pages look at no other files.
func (s *site) Around() uint32 { return 0 }

// Reports are the faults of the configuration.
func (s *site) Reports() []sources.Rejected { return s.reports }

// Notes are none.
func (s *site) Notes(*feeds.Item) []string { return nil }

// Titles are those of the terms' _index files.
func (s *site) Titles(postdir.Tree) (map[feeds.Topic]string, []sources.Rejected) {
	titles := map[feeds.Topic]string{}
	for at, p := range s.index {
		dir, lang, _ := strings.Cut(at, "|")
		taxonomy, term := path.Split(strings.TrimPrefix(dir, s.content+"/"))
		kind, ok := s.taxonomies()[strings.TrimSuffix(taxonomy, "/")]
		if title := p.str("title"); ok && title != "" && (lang == "" || lang == s.lang) {
			titles[feeds.NewTopic(kind, term)] = title
		}
	}
	return titles, nil
}

// taxonomies are those of the site with the kind of topic that each gives.
func (s *site) taxonomies() map[string]string {
	out := map[string]string{"categories": "category", "tags": "tag", "series": "category"}
	for _, v := range s.conf.sub("taxonomies") {
		plural := strings.ToLower(text(v))
		if plural == "" || out[plural] != "" {
			continue
		}
		out[plural] = "tag"
		if slices.Contains([]string{"sections", "topics", "columns"}, plural) {
			out[plural] = "category"
		}
	}
	return out
}

// About is what the site says of itself.
func (s *site) About(titles map[feeds.Topic]string, _ []string) feeds.About {
	l := s.langs[s.lang]
	a := feeds.About{
		Title: l.str("title"), Language: s.code(s.lang), Titles: titles, Description: s.conf.sub("params").str("description"),
		Redirects: map[string]feeds.Topic{"/index.xml": feeds.All},
	}
	if a.Title == "" {
		a.Title = s.conf.str("title")
	}
	if s.origin != "" {
		a.URL = s.origin + "/"
	}
	return a
}

// code is the BCP 47 tag of a language of the site; empty if the site says none.
func (s *site) code(lang string) string {
	if c := s.langs[lang].str("languagecode"); c != "" {
		return c
	}
	if c := s.conf.str("languagecode"); c != "" && lang == s.lang {
		return c
	}
	if len(s.conf.sub("languages")) > 0 || s.conf.str("defaultcontentlanguage") != "" {
		return lang
	}
	return ""
}

package hugo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"feedmill/sources"
	"feedmill/sources/internal/postdir"
)

// mapping is the version of what is made of a page: another one makes all pages anew.
const mapping = 2

// maxLook is the most directories of pages that are looked into for bundles and _index files.
const maxLook = 200_000

var _ postdir.Site = (*site)(nil)

// site is what shapes pages.
type site struct {
	conf  params
	set   postdir.Settings
	lang  string // defaultContentLanguage
	langs map[string]*language
	// disabled are languages whose pages are not built.
	disabled map[string]bool
	roots    []root
	// themes are their directories.
	themes []string
	ignore []*regexp.Regexp
	// cascades are the site's own.
	cascades []cascade
	// own are the shortcodes of the site and its themes; layouts is where the templates are.
	own     map[string]bool
	layouts string
	// shared are the directories of what shapes pages without being one.
	shared []string
	// none: the site makes no pages.
	none bool
	// dirs are the directories of pages there were when the site was loaded.
	dirs map[string]dirInfo
	// sections are the directories at the top that are no bundles, in lower case.
	sections map[string]bool
	// index is the front matter of each _index.
	index   map[indexAt]indexPage
	shape   uint32
	reports []sources.Rejected
}

// dirInfo is what a directory is.
type dirInfo struct {
	// leaf: it has an index, so it is one page with its resources; pages: some of these are pages of their own format.
	leaf, pages bool
}

// indexAt is a directory below content ("" for the top) in a language.
type indexAt struct{ dir, lang string }

// indexPage is what matters of the front matter of an _index.
type indexPage struct {
	file       string // its name
	title, url string
	cascades   []cascade
}

// loadSite reads the configuration and looks around for what makes a file part of another page.
func loadSite(t postdir.Tree, set postdir.Settings) (postdir.Site, error) {
	conf, err := readConfig(t)
	if err != nil {
		return nil, err
	}
	s := &site{
		conf: conf, set: set, langs: map[string]*language{}, disabled: map[string]bool{}, dirs: map[string]dirInfo{},
		sections: map[string]bool{}, index: map[indexAt]indexPage{}, own: map[string]bool{},
	}
	if err := s.readThemes(t); err != nil {
		return nil, err
	}
	s.readLanguages()
	s.readRoots(t)
	for _, pattern := range conf.words("ignorefiles") {
		re, err := regexp.Compile(pattern)
		if err != nil {
			s.report("ignoreFiles: %.80q is not a regular expression", pattern)
			continue
		}
		s.ignore = append(s.ignore, re)
	}
	s.cascades = cascades(conf["cascade"])
	s.readTemplates(t)
	s.findShared()
	s.none = slices.Contains(conf.words("disablekinds"), "page")
	for i := range s.roots {
		if err := s.look(t, &s.roots[i]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("look into %s: %w: may this user read it?", s.roots[i].dir, err)
		}
	}
	s.reportUnread()
	s.shape = s.hash()
	return s, nil
}

// hash is over what shapes pages beside their own files.
func (s *site) hash() uint32 {
	h := xxhash.New()
	fmt.Fprintf(h, "%d|%v|%v|%v|%v|%v|", mapping, s.conf, s.set.Drafts, s.set.Future, s.set.Zone, s.set.FileDates)
	fmt.Fprintf(h, "%v|%v|", s.own, s.roots) // fmt prints maps in the order of their keys
	for _, dir := range slices.Sorted(maps.Keys(s.dirs)) {
		if d := s.dirs[dir]; d.leaf && d.pages {
			fmt.Fprintf(h, "%q|", dir)
		}
	}
	at := slices.SortedFunc(maps.Keys(s.index), func(a, b indexAt) int {
		return strings.Compare(a.dir+"|"+a.lang, b.dir+"|"+b.lang)
	})
	for _, k := range at {
		fmt.Fprintf(h, "%v%v|", k, s.index[k].cascades)
	}
	return uint32(h.Sum64())
}

// report notes a fault of the configuration, once.
func (s *site) report(format string, args ...any) {
	r := sources.Rejected{Where: configName, Reason: fmt.Sprintf(format, args...), Repaired: true}
	if !slices.Contains(s.reports, r) {
		s.reports = append(s.reports, r)
	}
}

// look finds the bundles and _index files below a root.
func (s *site) look(t postdir.Tree, r *root) error {
	for todo, n := []string{r.dir}, 0; len(todo) > 0 && n < maxLook; n++ {
		dir := todo[0]
		todo = todo[1:]
		if deeper, _ := s.rootOf(dir); deeper != r {
			continue // another root's
		}
		entries, err := t.ReadDir(dir)
		if err != nil {
			if dir == r.dir {
				return err
			}
			continue // the engine reports what it cannot list
		}
		info := dirInfo{}
		for _, e := range entries {
			name := path.Join(dir, e.Name())
			switch {
			case e.IsDir():
				if !special(e.Name()) && !s.ignored(name) {
					todo = append(todo, name)
				}
				continue
			case e.Name() == "_content.gotmpl":
				s.report("%s is a template, which is not run: the pages it would make are missing", name)
				continue
			}
			base, _, ok := s.cut(e.Name())
			switch {
			case !ok || s.ignored(name):
			case base == "index" && dir != r.dir && !s.isPlainHTML(t, name):
				info.leaf = true
			case base == "_index":
				s.readIndex(t, name)
			default:
				info.pages = true
			}
		}
		s.dirs[dir] = info
		if rel, _ := r.below(dir); !info.leaf {
			if at := path.Join(r.at, rel); !strings.Contains(at, "/") {
				s.sections[strings.ToLower(at)] = true
			}
		}
	}
	for dir, d := range s.dirs { // pages below a bundle are its resources, too
		if !d.pages {
			continue
		}
		for up := above(dir); up != "" && up != r.dir; up = above(up) {
			if u := s.dirs[up]; u.leaf && !u.pages {
				u.pages = true
				s.dirs[up] = u
			}
		}
	}
	return nil
}

// readIndex reads the front matter of an _index file.
func (s *site) readIndex(t postdir.Tree, name string) {
	p, ok := s.placeOf(name)
	at := indexAt{p.dir, p.lang}
	if _, taken := s.index[at]; !ok || taken {
		return
	}
	b, _, err := t.ReadFile(name, maxConfig)
	if err != nil {
		return // the engine reports what it cannot read
	}
	c := split(b)
	front, err := parse(c.format, c.header)
	if err != nil || c.open {
		s.reports = append(s.reports, sources.Rejected{Where: name, Reason: "the front matter cannot be read", Repaired: true})
		return
	}
	s.index[at] = indexPage{path.Base(name), front.str("title"), front.str("url"), cascades(front["cascade"])}
}

// isPlainHTML reports whether a file is HTML that Hugo copies: it begins with a tag.
func (s *site) isPlainHTML(t postdir.Tree, name string) bool {
	if !isHTML(name) {
		return false
	}
	b, _, err := t.ReadFile(name, postdir.MaxPost)
	return err == nil && plainHTML(b)
}

func isHTML(name string) bool { return path.Ext(name) == ".html" || path.Ext(name) == ".htm" }

// plainHTML reports whether a text begins with a tag that is no comment.
func plainHTML(b []byte) bool {
	b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\ufeff")))
	return bytes.HasPrefix(b, []byte("<")) && !bytes.HasPrefix(b, []byte("<!--"))
}

// isLeaf reports whether a directory is a leaf bundle. One that came after the site was loaded is looked into.
func (s *site) isLeaf(f *postdir.File, dir string) bool {
	if d, ok := s.dirs[dir]; ok {
		return d.leaf
	}
	entries, err := f.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		base, _, ok := s.cut(e.Name())
		return ok && base == "index" && !e.IsDir() && !isHTML(e.Name())
	})
}

// findShared lists the directories of files that shape pages without being any, with what is below them.
func (s *site) findShared() {
	s.shared = append(slices.Clone(configDirs), s.layouts+"/shortcodes", s.layouts+"/_default/_markup")
	for _, theme := range s.themes {
		s.shared = append(s.shared, theme+"/layouts/shortcodes", theme+"/layouts/_default/_markup")
	}
}

func inOrBelow(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// Enter goes into the directories of pages, of configuration and of shortcodes.
func (s *site) Enter(dir string) (enter, posts bool) {
	if dir == "" {
		return true, false
	}
	for _, r := range s.roots {
		if inOrBelow(dir, r.dir) {
			return dir == r.dir || !special(path.Base(dir)) && !s.ignored(dir), true
		}
		enter = enter || strings.HasPrefix(r.dir, dir+"/")
	}
	for _, shared := range s.shared {
		enter = enter || inOrBelow(dir, shared) || strings.HasPrefix(shared, dir+"/")
	}
	return enter, false
}

// IsPost takes the files in the formats of pages that are not those of a section or term.
func (s *site) IsPost(rel string) bool {
	dir, name := path.Split(rel)
	base, _, ok := s.cut(name)
	if !ok || base == "_index" || s.ignored(rel) {
		return false
	}
	r, below := s.rootOf(strings.TrimSuffix(dir, "/"))
	return r != nil && r.takes(path.Join(below, name))
}

// Role knows the configuration, the _index files, which pages inherit from, and the names of shortcodes. An index that
// comes into a directory of before, or goes, shapes the pages there.
func (s *site) Role(rel string) postdir.Role {
	dir, name := path.Split(rel)
	dir = strings.TrimSuffix(dir, "/")
	if base, _, ok := s.cut(name); ok {
		r, _ := s.rootOf(dir)
		_, known := s.dirs[dir]
		switch {
		case r == nil:
		case base == "_index", base == "index" && known && dir != r.dir:
			return postdir.Shapes
		default:
			return postdir.Nothing
		}
	}
	for _, shared := range s.shared {
		if inOrBelow(dir, shared) {
			return postdir.Shapes
		}
	}
	if dir == "" || slices.Contains(s.themes, dir) {
		if slices.Contains(configExts, path.Ext(name)) && (strings.HasPrefix(name, "hugo.") || strings.HasPrefix(name, "config.")) {
			return postdir.Shapes
		}
	}
	return postdir.Nothing
}

// Shape is over the configuration, the bundles with pages in them, and what pages inherit.
func (s *site) Shape() uint32 { return s.shape }

// Around is 0: pages look at other files by their names only.
func (s *site) Around() uint32 { return 0 }

// Reports are the faults of the configuration.
func (s *site) Reports() []sources.Rejected { return s.reports }

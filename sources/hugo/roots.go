package hugo

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"feedmill/sources/internal/postdir"
)

// root is a directory of pages.
type root struct {
	dir string
	// at is where in the site its pages are; empty for the top.
	at string
	// lang is the language of files whose name says none.
	lang string
	// include and exclude are patterns of the files that are taken, below dir; nil for all and none.
	include, exclude []*regexp.Regexp
}

// below is the path of a file or directory inside the root; ok is false outside.
func (r *root) below(p string) (rel string, ok bool) {
	if p == r.dir {
		return "", true
	}
	return strings.CutPrefix(p, r.dir+"/")
}

func (r *root) takes(rel string) bool {
	hit := func(list []*regexp.Regexp) bool {
		return slices.ContainsFunc(list, func(re *regexp.Regexp) bool { return re.MatchString(rel) })
	}
	return (len(r.include) == 0 || hit(r.include)) && !hit(r.exclude)
}

// readRoots finds the directories of pages: mounts, directories of languages, contentDir, and those of themes. An earlier
// one wins where two have a page of the same place and language.
func (s *site) readRoots(t postdir.Tree) {
	for _, v := range s.conf.sub("module").list("mounts") {
		if m, ok := v.(params); ok {
			s.mount(m)
		}
	}
	mounted := len(s.roots) > 0
	own := false
	for code := range s.langs {
		own = own || s.conf.sub("languages", code).str("contentdir") != ""
	}
	switch {
	case mounted:
	case own:
		for _, code := range s.languageOrder() {
			dir := s.conf.sub("languages", code).str("contentdir")
			if dir == "" {
				dir = "content"
			}
			s.addRoot(root{dir: dir, lang: code})
		}
	default:
		dir := s.conf.str("contentdir")
		if dir == "" {
			dir = "content"
		}
		s.addRoot(root{dir: dir, lang: s.lang})
	}
	for _, dir := range s.themes {
		if _, err := t.Lstat(dir + "/content"); err == nil {
			s.addRoot(root{dir: dir + "/content", lang: s.lang})
		}
	}
}

// languageOrder is that of Hugo: the default first, then by weight and name.
func (s *site) languageOrder() []string {
	codes := sortedKeys(s.langs)
	rank := func(code string) int64 {
		if code == s.lang {
			return -1 << 62
		}
		n, _ := s.conf.sub("languages", code)["weight"].(int64)
		return n
	}
	slices.SortStableFunc(codes, func(a, b string) int {
		switch ra, rb := rank(a), rank(b); {
		case ra < rb:
			return -1
		case ra > rb:
			return 1
		}
		return 0
	})
	return codes
}

// mount is an entry of module.mounts; only those of pages matter here.
func (s *site) mount(m params) {
	target := cleanDir(m.str("target"))
	at, ok := strings.CutPrefix(target+"/", "content/")
	if !ok {
		return
	}
	r := root{dir: m.str("source"), at: strings.TrimSuffix(at, "/"), lang: strings.ToLower(m.str("lang"))}
	if r.lang == "" {
		r.lang = s.lang
	}
	if s.langs[r.lang] == nil {
		s.report("module.mounts: the language %.40q of %.80q is none of the site's", r.lang, r.dir)
		return
	}
	for _, l := range []struct {
		key string
		to  *[]*regexp.Regexp
	}{{"includefiles", &r.include}, {"excludefiles", &r.exclude}} {
		for _, pattern := range m.words(l.key) {
			re, err := glob(strings.TrimPrefix(pattern, "/"))
			if err != nil {
				s.report("module.mounts: %s %.80q is not a pattern", l.key, pattern)
				continue
			}
			*l.to = append(*l.to, re)
		}
	}
	s.addRoot(r)
}

func (s *site) addRoot(r root) {
	dir := cleanDir(r.dir)
	switch {
	case path.IsAbs(r.dir) || dir == "" || dir == ".." || strings.HasPrefix(dir, "../"):
		s.report("pages in %.80q are not read: it is not a directory below the site's", r.dir)
		return
	case slices.ContainsFunc(s.roots, func(o root) bool { return o.dir == dir && o.lang == r.lang }):
		return
	}
	r.dir = dir
	s.roots = append(s.roots, r)
}

// cleanDir is a directory without what says nothing; empty for none.
func cleanDir(dir string) string {
	if dir = strings.Trim(path.Clean(dir), "/"); dir == "." {
		return ""
	}
	return dir
}

// place is where in the site a file belongs.
type place struct {
	root *root
	// dir is the directory below content, empty for the top; base is the name without extension and language.
	dir, base, lang string
	filename        string
}

// placeOf finds the place of a file by the deepest root that it is in; ok is false if it can be no page.
func (s *site) placeOf(file string) (p place, ok bool) {
	dir, name := path.Split(file)
	dir = strings.TrimSuffix(dir, "/")
	r, rel := s.rootOf(dir)
	if r == nil {
		return p, false
	}
	base, lang, ok := s.cut(name)
	if lang == "" {
		lang = r.lang
	}
	return place{root: r, dir: path.Join(r.at, rel), base: base, lang: lang, filename: name}, ok
}

// rootOf is the deepest root that a directory is in, with the path below it; of several with the same directory the first.
func (s *site) rootOf(dir string) (r *root, rel string) {
	for i := range s.roots {
		if below, ok := s.roots[i].below(dir); ok && (r == nil || len(s.roots[i].dir) > len(r.dir)) {
			r, rel = &s.roots[i], below
		}
	}
	return r, rel
}

// pageExts are the formats that Hugo knows; only Markdown and HTML are read.
var pageExts = map[string]bool{
	".md": true, ".mdown": true, ".markdown": true, ".html": true, ".htm": true,
	".org": false, ".adoc": false, ".asciidoc": false, ".ad": false, ".rst": false, ".rest": false, ".pandoc": false, ".pdc": false,
}

// cut takes a file's name apart: without extension and language.
func (s *site) cut(name string) (base, lang string, ok bool) {
	ext := path.Ext(name)
	if _, ok = pageExts[ext]; !ok || special(name) {
		return "", "", false
	}
	base = strings.TrimSuffix(name, ext)
	if l := strings.TrimPrefix(path.Ext(base), "."); l != "" {
		if code := strings.ToLower(l); s.langs[code] != nil || s.disabled[code] {
			return strings.TrimSuffix(base, "."+l), code, true
		}
	}
	return base, "", true
}

func special(name string) bool {
	return name == "" || strings.IndexByte(".#", name[0]) >= 0 || strings.HasSuffix(name, "~") || name == "node_modules"
}

// ignored reports whether ignoreFiles names a file or directory. Hugo matches the whole path on disk.
func (s *site) ignored(p string) bool {
	return slices.ContainsFunc(s.ignore, func(re *regexp.Regexp) bool { return re.MatchString("/" + p) })
}

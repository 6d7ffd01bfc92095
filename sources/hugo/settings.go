package hugo

import (
	"path"
	"slices"
	"strings"

	"feedmill/sources/internal/postdir"
)

// readThemes finds the directories of the themes, and takes their params where the site has none, as Hugo merges them.
func (s *site) readThemes(t postdir.Tree) error {
	base := cleanDir(s.conf.str("themesdir"))
	if base == "" {
		base = "themes"
	}
	names := s.conf.words("theme")
	for _, v := range s.conf.sub("module").list("imports") {
		if m, ok := v.(params); ok && !m.flag("disable", false) {
			names = append(names, m.str("path"))
		}
	}
	for _, name := range names {
		dir := path.Join(base, path.Clean("/"+name))
		if vendored := path.Join("_vendor", path.Clean("/"+name)); !exists(t, dir) && exists(t, vendored) {
			dir = vendored
		}
		if !exists(t, dir) {
			s.report("the theme or module %.120q is not in %s: its pages, shortcodes and settings are missing", name, base)
			continue
		}
		s.themes = append(s.themes, dir)
		conf, err := rootConfig(t, dir)
		if err != nil {
			return err
		}
		own, _ := s.conf["params"].(params)
		both := params{}
		both.merge(conf.sub("params"))
		both.merge(own)
		s.conf["params"] = both
		for _, part := range sortedKeys(conf.sub("module")) {
			if part == "mounts" || part == "imports" {
				s.report("module.%s of the theme %.120q are not read", part, name)
			}
		}
	}
	return nil
}

func exists(t postdir.Tree, name string) bool {
	_, err := t.Lstat(name)
	return err == nil
}

// Bounds of the look for templates.
const (
	maxTemplates     = 5000
	maxTemplateLevel = 8
)

// readTemplates notes the names of the site's shortcodes, and reports the templates that shape what Markdown gives.
func (s *site) readTemplates(t postdir.Tree) {
	if s.layouts = cleanDir(s.conf.str("layoutdir")); s.layouts == "" {
		s.layouts = "layouts"
	}
	n := 0
	var walk func(dir, at string, level int)
	walk = func(dir, at string, level int) {
		entries, err := t.ReadDir(dir)
		if err != nil {
			return // most sites have none
		}
		for _, e := range entries {
			if n++; n > maxTemplates {
				return
			}
			name, _, _ := strings.Cut(e.Name(), ".")
			switch {
			case e.IsDir() && level < maxTemplateLevel:
				walk(path.Join(dir, e.Name()), at+e.Name()+"/", level+1)
			case !e.IsDir():
				s.own[strings.ToLower(at+name)] = true
			}
		}
	}
	for _, dir := range append([]string{s.layouts}, prefixed(s.themes, "layouts")...) {
		walk(dir+"/shortcodes", "", 0)
		hooks, err := t.ReadDir(dir + "/_default/_markup")
		if err != nil {
			continue
		}
		for _, e := range hooks {
			if what, ok := strings.CutPrefix(e.Name(), "render-"); ok && !e.IsDir() {
				what, _, _ = strings.Cut(what, ".")
				s.report("%s is a template, which is not run: each %s stays as Markdown has it", path.Join(dir, "_default/_markup", e.Name()), what)
			}
		}
	}
}

func prefixed(dirs []string, sub string) (out []string) {
	for _, d := range dirs {
		out = append(out, d+"/"+sub)
	}
	return out
}

// reportUnread reports the settings that shape pages in Hugo and are not carried out here.
func (s *site) reportUnread() {
	if h := strings.ToLower(s.conf.sub("markup").str("defaultmarkdownhandler")); h != "" && h != "goldmark" {
		s.report("markup.defaultMarkdownHandler is %.40q: Markdown is read with goldmark", h)
	}
	extra := s.conf.sub("markup", "goldmark", "extensions", "extras")
	for _, name := range sortedKeys(extra) {
		if extra.sub(name).flag("enable", false) {
			s.report("markup.goldmark.extensions.extras.%.40s is not read: its marks stay as written", name)
		}
	}
	hooks := s.conf.sub("markup", "goldmark", "renderhooks")
	for _, name := range sortedKeys(hooks) {
		if hooks.sub(name).flag("enabledefault", false) || slices.Contains([]string{"always", "fallback"}, hooks.sub(name).str("useembedded")) {
			s.report("markup.goldmark.renderHooks.%.40s is not read: links to files of pages stay as Markdown has them", name)
		}
	}
	if s.conf.flag("enableinlineshortcodes", false) || s.conf.sub("security").flag("enableinlineshortcodes", false) {
		s.report("enableInlineShortcodes: inline shortcodes are templates, which are not run: they are left out")
	}
	if s.conf.flag("enablegitinfo", false) && !s.set.FileDates {
		s.report("enableGitInfo: the times of commits are read by a git source with last_modified: commits; here lastmod is what the front matter says")
	}
	if s.conf["_merge"] != nil {
		s.report("_merge is not read: of the settings of themes only params are")
	}
	for _, code := range sortedKeys(s.langs) {
		perm := s.langs[code].permalinks()
		for _, section := range sortedKeys(perm) {
			pattern, _ := perm[section].(string)
			for _, m := range token.FindAllString(pattern, -1) {
				if !knownToken(m[1:]) {
					s.report("permalinks: %.60q has no meaning in %.120q: Hugo does not build the site", m, pattern)
				}
			}
		}
	}
}

package jekyll

import (
	"path"
	"slices"
	"strings"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/internal/postdir"
)

// defaultExcludes are Jekyll's own.
var defaultExcludes = []string{
	".sass-cache", ".jekyll-cache", "gemfiles", "Gemfile", "Gemfile.lock",
	"node_modules", "vendor/bundle/", "vendor/cache/", "vendor/gems/", "vendor/ruby/",
}

// Enter goes where Jekyll looks for posts, and into the directories of what posts share.
func (s *site) Enter(dir string) (enter, posts bool) {
	if dir == "" {
		return true, false
	}
	if s.top != "" && dir != s.top && !strings.HasPrefix(dir, s.top+"/") {
		return strings.HasPrefix(s.top, dir+"/") || isPageDir(dir) || s.isShared(dir), false
	}
	if s.isShared(dir) {
		return true, false
	}
	above, name := path.Split(dir)
	in := strings.HasPrefix(above, "_posts/") || strings.Contains(above, "/_posts/")
	if name == "_posts" && !in {
		return true, true
	}
	for _, inc := range s.include {
		if strings.Trim(inc, "/") == dir {
			return true, in
		}
	}
	return !special(name) && !s.excluded(dir), in
}

func (s *site) excluded(rel string) bool {
	for _, ex := range s.exclude {
		ex = strings.TrimPrefix(ex, "/")
		if ok, err := path.Match(strings.TrimSuffix(ex, "/"), rel); err == nil && ok {
			return true
		}
		if strings.HasPrefix(rel+"/", strings.TrimSuffix(ex, "/")+"/") {
			return true
		}
	}
	return false
}

// IsPost takes the files that are written like posts, whatever their names say.
func (s *site) IsPost(rel string) bool {
	name := rel[strings.LastIndexByte(rel, '/')+1:]
	if special(name) {
		return false
	}
	ext := path.Ext(name)
	return s.isMarkdown(ext) || isHTML(ext)
}

// Role knows the configuration, what posts share, and the pages that name topics.
func (s *site) Role(rel string) postdir.Role {
	switch {
	case slices.Contains(configNames, rel), slices.Contains(authorFiles, rel), s.isShared(path.Dir(rel)):
		return postdir.Shapes
	case isPageDir(strings.TrimSuffix(rel[:strings.LastIndexByte(rel, '/')+1], "/")):
		return postdir.Names
	}
	return postdir.Nothing
}

func isPageDir(dir string) bool {
	for _, d := range pageDirs {
		if dir == d.dir {
			return true
		}
	}
	return false
}

// isShared reports whether a directory is one of includes or of data.
func (s *site) isShared(dir string) bool {
	if s.lib == nil {
		return dir == "_data"
	}
	for _, top := range []string{s.lib.includes, s.lib.data} {
		if dir == top || strings.HasPrefix(dir, top+"/") {
			return true
		}
	}
	return false
}

// Shape is over the configuration.
func (s *site) Shape() uint32 { return s.shape }

// Around is over the files that posts may include.
func (s *site) Around() uint32 {
	if s.lib == nil {
		return 0
	}
	return s.lib.hash
}

// Reports are the faults of the configuration.
func (s *site) Reports() []sources.Rejected { return s.reports }

// Notes are the tags that jekyll-feed makes feeds for.
func (s *site) Notes(it *feeds.Item) []string {
	if !s.feed.tagged {
		return nil
	}
	var out []string
	for _, t := range it.Tags {
		if feedTag.MatchString(t) {
			out = append(out, t)
		}
	}
	return out
}

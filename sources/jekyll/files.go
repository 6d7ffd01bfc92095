package jekyll

import (
	"path"
	"regexp"
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

// Enter goes where Jekyll looks for posts and for the documents of collections, and into the directories of what they
// share.
func (s *site) Enter(dir string) (enter, posts bool) {
	if dir == "" {
		return true, false
	}
	if s.isShared(dir) {
		return true, false
	}
	if s.top != "" && !strings.HasPrefix(dir, s.top+"/") {
		// There may be pages, which templates may list.
		return strings.HasPrefix(s.top+"/", dir+"/") || isPageDir(dir) || !special(path.Base(dir)) && !s.excluded(dir), false
	}
	o, in := s.locate(dir + "/")
	name := path.Base(dir)
	switch {
	case in && o.draft && !s.drafts:
		return false, false
	case in && !o.shown:
		return !strings.HasPrefix(name, ".") && !s.excluded(dir), false // templates may list its documents
	case in && o.end > len(o.inner)-1: // the directory itself
		return !s.excluded(dir), true
	case in && strings.Count(o.inner[o.end:], "/") > 1 && !strings.HasPrefix(name, "."):
		return !s.excluded(dir), true // Jekyll looks at the first name and at the file's own
	}
	for _, inc := range s.include {
		if strings.Trim(inc, "/") == dir {
			return true, in
		}
	}
	return !special(name) && !s.excluded(dir), in
}

// pattern is an entry of exclude.
type pattern struct {
	prefix string
	glob   *regexp.Regexp
}

// newPatterns reads entries of exclude: Jekyll leaves out what begins with one, and what one matches as a shell pattern
// whose stars take slashes, too.
func newPatterns(list []string) []pattern {
	var out []pattern
	for _, text := range list {
		p := pattern{prefix: strings.TrimLeft(text, "/")}
		if strings.ContainsAny(p.prefix, "*?[") {
			re := strings.NewReplacer(`\*`, `[\s\S]*`, `\?`, `[\s\S]`).Replace(regexp.QuoteMeta(p.prefix))
			if glob, err := regexp.Compile("^" + re + "$"); err == nil {
				p.glob = glob
			}
		}
		if p.prefix != "" {
			out = append(out, p)
		}
	}
	return out
}

func (s *site) excluded(rel string) bool {
	for _, p := range s.exclude {
		if strings.HasPrefix(rel, p.prefix) || p.glob != nil && p.glob.MatchString(rel) {
			return true
		}
		if len(p.prefix) == len(rel)+1 && strings.HasPrefix(p.prefix, rel) && strings.HasSuffix(p.prefix, "/") {
			return true // a directory that is written with its slash
		}
	}
	return false
}

// IsPost takes the files that are written like posts, whatever their names say, and others that Jekyll may take for
// documents.
func (s *site) IsPost(rel string) bool {
	name := rel[strings.LastIndexByte(rel, '/')+1:]
	ext := path.Ext(name)
	if special(name) || ext == "" || s.excluded(rel) {
		return false
	}
	if s.isMarkdown(ext) || isHTML(ext) {
		return true
	}
	o, ok := s.locate(rel)
	if !ok || oneOf(ext, attachments...) {
		return false
	}
	_, dated := parseName(name)
	return dated || o.draft || o.label != posts
}

// attachments are the ends of files that are no text to read, front matter or not.
var attachments = strings.Fields(`.jpg .jpeg .png .gif .webp .avif .svg .ico .bmp .tif .tiff .pdf .zip .gz .tar .7z .mp3 .m4a .ogg
	.wav .mp4 .webm .mov .avi .woff .woff2 .ttf .otf .eot .css .scss .sass .less .js .mjs .coffee .ts .map .json .csv .tsv .yml
	.yaml .toml .ipynb .doc .docx .xls .xlsx .ppt .pptx .psd .swp .bak .tmp .orig`)

// Role knows the configuration, what posts share, and the pages that name topics.
func (s *site) Role(rel string) postdir.Role {
	switch {
	case slices.Contains(configNames, rel), s.isShared(path.Dir(rel)):
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

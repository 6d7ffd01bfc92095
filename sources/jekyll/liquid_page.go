package jekyll

import (
	"path"
	"slices"

	"feedmill/sources/internal/liquid"
)

// pageView is the variable page: the front matter with its defaults, and what Jekyll knows of a post.
type pageView struct{ *doc }

var (
	_ liquid.Object = (*pageView)(nil)
	_ liquid.Object = (*siteView)(nil)
)

// pageKeys are those that do not come of the front matter alone.
var pageKeys = []string{
	"path", "id", "output", "content", "relative_path", "url", "date", "title", "categories", "tags", "collection", "excerpt",
	"name", "slug", "ext", "draft",
}

func (p *pageView) String() string { return "Jekyll::Drops::DocumentDrop" }

func (p *pageView) Keys() []string {
	keys := slices.Clone(pageKeys)
	for _, fields := range []fields{p.front, p.defaults} {
		for _, f := range fields {
			if !slices.Contains(keys, f.key) {
				keys = append(keys, f.key)
			}
		}
	}
	return keys
}

func (p *pageView) Get(key string) (any, bool) {
	it := p.Change.Item
	switch key {
	case "path", "relative_path":
		return p.inner, true
	case "id":
		return p.id, true
	case "url":
		return p.url, true
	case "output", "next", "previous":
		return nil, true
	case "content":
		return string(p.cut.body), true
	case "date":
		return p.shown(p.moment), true
	case "title":
		if v := p.get("title"); v.kind != none && v.kind != null {
			return p.site.typed(v), true
		}
		return titleize(p.name.slug), true
	case "categories":
		return texts(it.Categories), true
	case "tags":
		return texts(it.Tags), true
	case "collection":
		return p.label, true
	case "excerpt":
		if v := p.get("excerpt"); v.kind == text {
			return v.text, true
		}
		return p.ownExcerpt(), true
	case "name":
		return path.Base(p.inner), true
	}
	v := p.get(key)
	if v.kind == none || v.kind == null {
		switch key {
		case "slug":
			return p.name.slug, true
		case "ext":
			return p.name.ext, true
		case "draft":
			return p.draft, true
		}
	}
	return p.site.typed(v), v.kind != none
}

// ownExcerpt is the post's own excerpt as Markdown made it; what has Liquid in it is left as it is written, because it may
// ask for the excerpt again.
func (d *doc) ownExcerpt() string {
	sep := d.separator()
	head, ok := excerpt(d.cut.body, sep, len(d.cut.body))
	if !ok {
		head = d.cut.body
	}
	if liquid.Needed(string(head)) {
		return string(head)
	}
	html, err := d.markdown(string(head))
	if err != nil {
		return string(head)
	}
	return html + "\n"
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// siteView is the variable site: the keys of the configuration, and what does not depend on other posts.
type siteView struct {
	*doc
	// missed are the keys that were asked for and are empty; moved: the time was; data: the data were.
	missed      []string
	moved, data bool
}

// siteLists are what Jekyll fills with all pages and posts. Here they are empty.
var siteLists = []string{
	"posts", "pages", "documents", "static_files", "html_pages", "html_files", "collections", "related_posts",
	"categories", "tags",
}

// siteDefaults are settings of Jekyll's that templates may ask for.
var siteDefaults = map[string]string{
	"permalink": "date", "markdown": "kramdown", "highlighter": "rouge", "excerpt_separator": "\n\n", "encoding": "utf-8",
	"baseurl": "", "collections_dir": "", "markdown_ext": "markdown,mkdown,mkdn,mkd,md",
}

func (v *siteView) String() string { return "Jekyll::Drops::SiteDrop" }

func (v *siteView) Keys() []string {
	keys := []string{"time", "data"}
	for _, f := range v.site.conf {
		if !slices.Contains(keys, f.key) {
			keys = append(keys, f.key)
		}
	}
	return keys
}

func (v *siteView) Get(key string) (any, bool) {
	switch key {
	case "time":
		v.moved = true
		return v.shown(v.moment), true
	case "data":
		v.data = true
		return v.dataFiles(), true
	}
	if slices.Contains(siteLists, key) || v.site.isCollection(key) {
		if !slices.Contains(v.missed, key) {
			v.missed = append(v.missed, key)
		}
		if key == "categories" || key == "tags" {
			return liquid.NewMap(0), true
		}
		return []any{}, true
	}
	v.near.Uses()
	if c := v.site.conf.get(key); c.kind != none {
		return v.site.typed(c), true
	}
	if s, ok := siteDefaults[key]; ok {
		return s, true
	}
	return nil, false
}

// isCollection reports whether the configuration names a collection.
func (s *site) isCollection(name string) bool { return s.collections[name] != nil }

package jekyll

import (
	"path"
	"slices"

	"feedmill/sources/internal/liquid"
)

// pageView is the variable page: the front matter with its defaults, and what Jekyll knows of a post.
type pageView struct{ *doc }

var _ liquid.Object = (*siteView)(nil)

// pageKeys are those that do not come of the front matter alone.
var pageKeys = []string{
	"path", "id", "output", "content", "relative_path", "url", "date", "title", "categories", "tags", "collection", "excerpt",
	"name", "slug", "ext", "draft",
}

// Identity is that of the document.
func (p *pageView) Identity() string { return p.doc.path }

// Before is by date and path.
func (p *pageView) Before(other liquid.Thing) (before, ok bool) {
	return (&docView{&entry{path: p.doc.path, date: p.moment}, nil}).Before(other)
}

// String is the text of the document, as Jekyll prints it.
func (p *pageView) String() string { return string(p.cut.body) }

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
	case "output":
		return nil, true
	case "previous", "next":
		v, step := p.lookAt(), 1
		if key == "previous" {
			step = -1
		}
		return v.beside(v.self(), step), true
	case "content":
		return string(p.cut.body), true
	case "date":
		return p.shown(p.moment), true
	case "title":
		return p.titleValue(), true
	case "categories":
		return texts(it.Categories), true
	case "tags":
		return texts(it.Tags), true
	case "collection":
		return p.label, true
	case "excerpt":
		if p.excerpting {
			return nil, true // an excerpt has none
		}
		return p.ownExcerpt(), true
	}
	v := p.get(key)
	if v.kind == none || v.kind == null {
		switch key {
		case "name":
			return path.Base(p.inner), true
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

// titleValue is the title as templates see it.
func (d *doc) titleValue() any {
	if v := d.get("title"); v.kind != none && v.kind != null {
		return d.site.typed(v)
	}
	return titleize(d.name.slug)
}

// ownExcerpt is the post's own excerpt as Jekyll makes it: stated, or made of the beginning. While it is being made it is what
// is written.
func (d *doc) ownExcerpt() string {
	if v := d.get("excerpt"); v.kind == text {
		return v.text
	}
	sep := d.separator()
	if sep == "" {
		return ""
	}
	head, ok := excerpt(d.cut.body, sep, len(d.cut.body))
	if !ok {
		head = d.cut.body
	}
	if d.excerpting {
		return string(head)
	}
	d.excerpting = true
	defer func() { d.excerpting = false }()
	return d.made(string(head))
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// siteView is the variable site: the keys of the configuration, and what Jekyll makes of all posts and files.
type siteView struct {
	*doc
	// moved: the time was asked for; data: the data were.
	moved, data bool
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
	if list, ok := v.siteList(key); ok {
		return list, true
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

// siteList is what Jekyll fills with pages and posts (https://jekyllrb.com/docs/variables/#site-variables).
func (d *doc) siteList(key string) (list any, ok bool) {
	v := d.lookAt()
	switch key {
	case "posts":
		return v.newest(), true
	case "related_posts":
		return v.related(), true
	case "tags", "categories":
		return v.labelled(key), true
	case "documents":
		return v.documents(), true
	case "collections":
		return v.collections(), true
	case "pages", "html_pages":
		return v.pages(key == "html_pages"), true
	case "static_files":
		return v.statics(), true
	}
	if c := d.site.collections[key]; c != nil {
		return v.ordered(c), true
	}
	return nil, false
}

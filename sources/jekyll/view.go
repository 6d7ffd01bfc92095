package jekyll

import (
	"context"
	"fmt"
	"slices"
	"time"

	"feedmill/sources/internal/liquid"
	"feedmill/sources/internal/postdir"
)

// view is how the templates of one document see the rest of the site: what they ask of other documents is looked up here.
type view struct {
	doc *doc
	// ctx ends when the time for the Liquid of the post does.
	ctx context.Context
	// book and shelf are there once something was asked of them, views and lists are what was made of them.
	book  *book
	shelf *shelf
	views map[string][]docView
	lists map[string]any
	// told is how often what is shown here was reported on.
	told int
}

// maxShown is how deep documents may show the texts of others that show texts.
const maxShown = 8

// lookAt is the document's view of the site.
func (d *doc) lookAt() *view {
	if d.view == nil {
		d.view = &view{doc: d, views: map[string][]docView{}, lists: map[string]any{}}
		if d.outer != nil {
			d.view.book, d.view.shelf = d.outer.book, d.outer.shelf
		}
	}
	return d.view
}

// root is the view of the post that is being decoded.
func (v *view) root() *view {
	for v.doc.outer != nil {
		v = v.doc.outer
	}
	return v
}

// warn reports on the post that is being decoded: the first few, because the others are alike.
func (v *view) warn(format string, args ...any) {
	root := v.root()
	if root.told++; root.told <= 3 {
		root.doc.Repair(0, format, args...)
	}
}

// posts is the book of the documents that are published here.
func (v *view) posts() *book {
	if v.book == nil {
		d := v.doc
		v.book, _ = d.near.Posts(func(t postdir.Tree, paths []string) any { return d.site.newBook(t, paths, d.now) }).(*book)
		// The list is another one when the next post comes.
		if p, next := v.root().doc.post, v.book.next; !next.IsZero() && (p.Until.IsZero() || next.Before(p.Until)) {
			p.Until = next
		}
	}
	return v.book
}

// files is the shelf of everything else.
func (v *view) files() *shelf {
	if v.shelf == nil {
		d := v.doc
		v.shelf, _ = d.near.Files(func(t postdir.Tree, files []postdir.Entry, skipped int) any {
			return d.site.newShelf(t, files, skipped, d.now)
		}).(*shelf)
		if v.shelf.skipped > 0 {
			v.warn("the site has too many files: %d are not in its lists", v.shelf.skipped)
		}
	}
	return v.shelf
}

// bookOf is where the documents of a collection are.
func (v *view) bookOf(c *collection) *book {
	if c.shown {
		return v.posts()
	}
	return v.files().book
}

// views are the documents of a collection in its order.
func (v *view) docs(c *collection) []docView {
	views, ok := v.views[c.label]
	if !ok {
		entries := v.bookOf(c).docs[c.label]
		views = make([]docView, len(entries))
		for i, e := range entries {
			views[i] = docView{e, v}
		}
		v.views[c.label] = views
	}
	return views
}

// of is a document as a value.
func (v *view) of(e *entry) *docView { return &v.docs(e.collection)[e.place] }

// list makes a list once.
func (v *view) list(key string, build func() any) any {
	l, ok := v.lists[key]
	if !ok {
		l = build()
		v.lists[key] = l
	}
	return l
}

// ordered are the documents of a collection in its order, as a list.
func (v *view) ordered(c *collection) []any {
	l, _ := v.list("collection "+c.label, func() any {
		views := v.docs(c)
		out := make([]any, len(views))
		for i := range views {
			out[i] = &views[i]
		}
		return out
	}).([]any)
	return l
}

// newest are the posts, the newest first.
func (v *view) newest() any {
	return v.list("posts", func() any {
		out := slices.Clone(v.ordered(v.doc.site.collections[posts]))
		slices.Reverse(out)
		return out
	})
}

// related are the newest ten posts but the document itself.
func (v *view) related() any {
	return v.list("related", func() any {
		all, _ := v.newest().([]any)
		out := []any{}
		if len(all) < 2 {
			return out
		}
		for _, p := range all[:min(len(all), 11)] {
			if e, ok := p.(*docView); ok && e.path != v.doc.path && len(out) < 10 {
				out = append(out, p)
			}
		}
		return out
	})
}

// labelled are the posts by tag or category.
func (v *view) labelled(key string) any {
	return v.list(key, func() any {
		categories, tags := v.posts().labelled()
		g := categories
		if key == "tags" {
			g = tags
		}
		m := liquid.NewMap(len(g.labels))
		for _, label := range g.labels {
			list := make([]any, len(g.posts[label]))
			for i, e := range g.posts[label] {
				list[i] = v.of(e)
			}
			m.Set(label, list)
		}
		return m
	})
}

// inOrder are the collections in the order of the configuration, posts first.
func (s *site) inOrder() []*collection {
	out := make([]*collection, 0, len(s.collections))
	for _, c := range s.collections {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *collection) int { return a.at - b.at })
	return out
}

// plain are the files of a collection that are no documents.
func (v *view) plain(c *collection) []any {
	out := []any{}
	if c.label == posts {
		return out
	}
	for _, m := range v.files().plain[c.label] {
		out = append(out, m)
	}
	if c.shown {
		for _, m := range v.posts().plain[c.label] {
			out = append(out, m)
		}
	}
	return out
}

// documents are those of all collections.
func (v *view) documents() any {
	return v.list("documents", func() any {
		var out []any
		for _, c := range v.doc.site.inOrder() {
			out = append(append(out, v.ordered(c)...), v.plain(c)...)
		}
		return out
	})
}

// collections are all, by name.
func (v *view) collections() any {
	return v.list("collections", func() any {
		all := v.doc.site.inOrder()
		slices.SortFunc(all, func(a, b *collection) int {
			if a.label < b.label {
				return -1
			}
			return 1
		})
		out := make([]any, len(all))
		for i, c := range all {
			out[i] = v.collection(c)
		}
		return out
	})
}

// collection is one of site.collections. Its directory is the one in the site, and no path of the machine.
func (v *view) collection(c *collection) *liquid.Map {
	m := liquid.NewMap(8)
	dir := "_" + c.label
	m.Set("output", c.output)
	m.Set("label", c.label)
	m.Set("docs", v.ordered(c))
	m.Set("files", v.plain(c))
	m.Set("directory", leadingSlash(v.doc.site.top)+"/"+dir)
	m.Set("relative_directory", dir)
	for _, f := range c.metadata {
		if _, own := m.Get(f.key); !own {
			m.Set(f.key, v.doc.site.typed(f.value))
		}
	}
	return m
}

// pages are the pages of the site, or those that are HTML.
func (v *view) pages(htmlOnly bool) any {
	return v.list(fmt.Sprint("pages ", htmlOnly), func() any {
		out := []any{}
		for _, p := range v.files().pages {
			url, _ := p.Get("url")
			if text := liquid.Text(url); !htmlOnly || p.html || text != "" && text[len(text)-1] == '/' {
				out = append(out, &pageOf{p, v})
			}
		}
		return out
	})
}

// statics are the files that Jekyll copies.
func (v *view) statics() any {
	return v.list("statics", func() any {
		out := []any{}
		for _, m := range v.files().statics {
			out = append(out, m)
		}
		for _, c := range v.doc.site.inOrder() {
			out = append(out, v.plain(c)...)
		}
		return out
	})
}

// self is the document among those that others see; nil if it is none of them, such as a post that lies ahead.
func (v *view) self() *entry { return v.bookOf(v.doc.collection).byPath[v.doc.path] }

// beside is the document before (-1) or behind (1) one of its collection; nil if there is none.
func (v *view) beside(e *entry, step int) any {
	if e == nil {
		return nil
	}
	views := v.docs(e.collection)
	if at := e.place + step; at >= 0 && at < len(views) {
		return &views[at]
	}
	return nil
}

// rendered reports whether Jekyll has made the text of a document when it renders this one: it goes through the collections in
// the order of the configuration, and through each in its order.
func (v *view) rendered(e *entry) bool {
	c := v.doc.collection
	if e.collection != c {
		return e.at < c.at
	}
	if self := v.self(); self != nil {
		return e.place < self.place
	}
	return e.date.Before(v.doc.moment)
}

// open reads a document as far as its front matter, or with its text.
func (v *view) open(e *entry, whole bool) *doc {
	head := e.head
	if whole || head == nil {
		b, err := v.doc.near.ReadFile(e.path, postdir.MaxPost)
		if err != nil {
			v.warn("what is shown of %s is left out: %v", e.path, err)
			return nil
		}
		head = b
	}
	d, ok := v.doc.site.peek(e.path, head, v.doc.now, e.date)
	if !ok {
		return nil
	}
	d.near, d.outer, d.moment, d.url, d.id = v.doc.near, v, e.date, e.url, e.id
	return d
}

// content is the text of another document: made into HTML if Jekyll has done so by then, else as it is written.
func (v *view) content(e *entry) string {
	d := v.open(e, true)
	if d == nil {
		return ""
	}
	if !v.rendered(e) || v.making(e) != nil || v.deep(e) {
		return string(d.cut.body)
	}
	return d.made(string(d.cut.body))
}

// excerpt is that of another document.
func (v *view) excerpt(e *entry) string {
	d := v.making(e)
	if d == nil {
		d = v.open(e, true)
	}
	if d == nil {
		return ""
	}
	d.excerpting = d.excerpting || v.deep(e)
	return d.ownExcerpt()
}

// making is a document that is being made into HTML here already; nil if it is not.
func (v *view) making(e *entry) *doc {
	for at := v; at != nil; at = at.doc.outer {
		if at.doc.path == e.path {
			return at.doc
		}
	}
	return nil
}

// deep reports whether so many documents show each other that no further one is made into HTML.
func (v *view) deep(e *entry) bool {
	depth := 0
	for at := v; at != nil; at = at.doc.outer {
		depth++
	}
	if depth > maxShown {
		v.warn("posts show posts more than %d deep: the text of %s is shown as it is written", maxShown, e.path)
	}
	return depth > maxShown
}

// made is a part of a document with its Liquid carried out and its Markdown made into HTML, as Jekyll does where another one
// shows it.
func (d *doc) made(part string) string {
	text := d.expand(part, d.cut.bodyLine, true)
	r := renderer{site: d.site, markdown: d.site.isMarkdown(d.name.ext)}
	html, err := r.render(text)
	if err != nil {
		return text
	}
	return html + "\n"
}

// docView is another document as a template sees it.
type docView struct {
	*entry
	v *view
}

var (
	_ liquid.Thing = (*docView)(nil)
	_ liquid.Thing = (*pageView)(nil)
)

// Identity is that of the document, the same as that of its page.
func (d *docView) Identity() string { return d.path }

// Before is by date and path.
func (d *docView) Before(other liquid.Thing) (before, ok bool) {
	date, _ := other.Get("date")
	if t, ok := date.(time.Time); ok && !t.Equal(d.date) {
		return d.date.Before(t), true
	}
	return d.path < other.Identity(), true
}

// String is the text of the document, as Jekyll prints it.
func (d *docView) String() string { return d.v.content(d.entry) }

func (d *docView) Keys() []string {
	if page := d.v.open(d.entry, false); page != nil {
		return (&pageView{page}).Keys()
	}
	return pageKeys
}

func (d *docView) Get(key string) (any, bool) {
	switch key {
	case "url":
		return d.url, true
	case "id":
		return d.id, true
	case "title":
		return d.title, true
	case "date":
		return d.date.In(d.v.doc.site.liquidZone()), true
	case "categories":
		return texts(d.categories), true
	case "tags":
		return texts(d.tags), true
	case "collection":
		return d.label, true
	case "output":
		return nil, true
	case "content":
		return d.v.content(d.entry), true
	case "excerpt":
		return d.v.excerpt(d.entry), true
	case "previous":
		return d.v.beside(d.entry, -1), true
	case "next":
		return d.v.beside(d.entry, 1), true
	}
	if page := d.v.open(d.entry, false); page != nil {
		return (&pageView{page}).Get(key)
	}
	return nil, false
}

// pageOf is a page as a template sees it.
type pageOf struct {
	*pageEntry
	v *view
}

func (p *pageOf) Get(key string) (any, bool) {
	if key == "content" {
		text, err := p.text(p.v.doc.near)
		if err != nil {
			p.v.warn("the text of %s is left out: %v", p.file, err)
		}
		return text, true
	}
	return p.Map.Get(key)
}

package hugo

import (
	"bytes"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"feedmill/feeds"
	"feedmill/sources/internal/postdir"
)

// page is a file on its way to an item.
type page struct {
	*postdir.Post
	place
	site     *site
	language *language
	file     *postdir.File
	front    params
	cut      parts
	// bundle says that the page is the index of its directory.
	bundle bool
	// published is its date, slug the end of its address if it has one of its own.
	published time.Time
	slug      string
	// links are the pages that this one refers to.
	links map[string]linked
}

// name is that of the page among those beside it: of its file, or of its directory if it is a bundle.
func (p *page) name() string {
	if p.bundle {
		return path.Base(p.dir)
	}
	return p.base
}

// Decode makes an item of a page's file.
func (s *site) Decode(f *postdir.File) *postdir.Post {
	p := s.open(f, f.Path, f.Data)
	if p.Hidden || p.Rejected != nil {
		return p.Post
	}
	p.item()
	return p.Post
}

// open reads the front matter of a page: what decides whether it is one, and where.
func (s *site) open(f *postdir.File, file string, data []byte) *page {
	p := &page{Post: &postdir.Post{}, site: s, file: f}
	var ok bool
	if p.place, ok = s.placeOf(file); !ok || s.disabled[p.lang] || s.none {
		p.Hidden = true
		return p
	}
	p.language = s.langs[p.lang]
	if s.isResource(f, p, path.Dir(file)) || s.isHiddenBy(f, p) {
		p.Hidden = true
		return p
	}
	ext := path.Ext(p.filename)
	if clean := bytes.ToValidUTF8(data, []byte("\ufffd")); !bytes.Equal(clean, data) {
		p.Repair(0, "bytes that are not UTF-8 were replaced")
		data = clean
	}
	p.cut = split(data)
	switch {
	case isHTML(p.filename) && plainHTML(data):
		p.Hidden = true // Hugo copies it as it is
		return p
	case len(bytes.TrimSpace(data)) == 0:
		p.Open = true
		p.Reject(0, "the file is empty")
		return p
	case p.cut.open:
		p.Open = true
		p.Reject(p.cut.headerLine-1, "the front matter has no end")
		return p
	case len(p.cut.header) > maxHeader:
		p.Reject(p.cut.headerLine, "the front matter is larger than %d KiB", maxHeader>>10)
		return p
	}
	var err error
	if p.front, err = parse(p.cut.format, p.cut.header); err != nil {
		var bad *syntaxError
		line := p.cut.headerLine
		if errors.As(err, &bad) && bad.Line > 0 {
			line += bad.Line - 1
		}
		p.Reject(line, "the front matter is not %s: %v", strings.ToUpper(p.cut.format), err)
		return p
	}
	p.inherit()
	if p.markup(ext) == "" {
		p.Reject(0, "only Markdown and HTML are read, not %s", ext)
		return p
	}
	p.slug = strings.Trim(p.front.str("slug"), "-")
	p.published = p.date(f, "date")
	return p
}

// isResource reports whether a page belongs to a bundle above it, and finds out whether it is one itself. dir is its
// directory in the tree.
func (s *site) isResource(f *postdir.File, p *page, dir string) bool {
	for d := dir; len(d) > len(p.root.dir); d = path.Dir(d) {
		if d == dir && p.base == "index" {
			known, ok := s.dirs[d]
			p.bundle = !ok || known.leaf
			continue
		}
		if s.isLeaf(f, d) {
			return true
		}
	}
	return false
}

// isHiddenBy reports whether an earlier root has a page at the same place in the same language.
func (s *site) isHiddenBy(f *postdir.File, p *page) bool {
	for i := range s.roots {
		r := &s.roots[i]
		if r == p.root {
			return false
		}
		rel, ok := strings.CutPrefix(path.Join("/", p.dir, p.filename), join("/", r.at, "/"))
		if ok && r.lang == p.root.lang && f.Exists(path.Join(r.dir, rel)) {
			return true
		}
	}
	return false
}

// markup is how the text is written: markdown, html, or empty for what is not read.
func (p *page) markup(ext string) string {
	m := strings.ToLower(p.front.str("markup"))
	if m == "" {
		m = strings.TrimPrefix(ext, ".")
	}
	switch m {
	case "md", "markdown", "mdown", "goldmark":
		return "markdown"
	case "html", "htm":
		return "html"
	}
	return ""
}

// never reports whether the build options keep the page out of the list of all pages.
func (p *page) never() bool {
	for _, key := range []string{"_build", "build"} {
		b := p.front.sub(key)
		if list := b.str("list"); list == "never" || list == "false" || list == "local" {
			return true
		}
	}
	return p.unlinked()
}

// unlinked reports whether the page is not rendered, and so has no address.
func (p *page) unlinked() bool {
	for _, key := range []string{"_build", "build"} {
		if r := p.front.sub(key).str("render"); r == "never" || r == "false" {
			return true
		}
	}
	return p.base == "index" && p.front.flag("headless", false)
}

// built reports whether Hugo makes the page now; if not, when it will, zero for never; and when it ceases to.
func (p *page) built() (now bool, opens, expires time.Time) {
	conf := p.language.conf
	if p.front.flag("draft", !p.front.flag("published", true)) && !p.site.set.Drafts && !conf.flag("builddrafts", false) {
		return false, opens, expires
	}
	if !conf.flag("buildexpired", false) {
		if expires = p.date(p.file, "expirydate"); !expires.IsZero() && expires.Before(p.file.Now) {
			return false, opens, expires
		}
	}
	if publish := p.date(p.file, "publishdate"); publish.After(p.file.Now) && !p.site.set.Future && !conf.flag("buildfuture", false) {
		return false, publish, expires
	}
	return true, opens, expires
}

// wait notes when the page has to be looked at again: the earliest of all reasons.
func (p *page) wait(until time.Time) {
	if !until.IsZero() && (p.Until.IsZero() || until.Before(p.Until)) {
		p.Until = until
	}
}

func (p *page) item() {
	s, l := p.site, p.language
	if p.never() {
		p.Hidden = true
		return
	}
	now, opens, expires := p.built()
	if !now {
		// The store holds a post until the date that is shown, and only that.
		if opens.IsZero() || !opens.Equal(p.published) {
			p.Hidden = true
			p.wait(opens)
			return
		}
		p.Change.Hold = true
	}
	p.wait(expires)
	it := &feeds.Item{Published: p.published, Title: p.front.str("title"), Language: s.code(l)}
	p.Change.Item = it
	if _, from := p.dateFrom(p.file, "date"); from != "" {
		it.Because("date", from)
	}
	if lastmod, from := p.dateFrom(p.file, "lastmod"); lastmod.After(p.published) {
		it.Updated = lastmod
		it.Because("updated", from)
	}
	p.labels()
	if l.origin != "" {
		at := p.address()
		it.URL = l.origin + at
		p.Change.Base = it.URL
		if wish := l.written + at; len(wish) <= feeds.MaxID {
			p.Change.Wish = wish // the guid of Hugo's own feed
		}
	}
	it.Image = p.image()
	if field := strings.ToLower(p.site.set.Original); field != "" {
		if it.Original = p.front.str(field); it.Original == "" {
			it.Original = p.front.sub("params").str(field)
		}
	}
	p.content()
}

// labels are the terms and the authors.
func (p *page) labels() {
	it, kinds := p.Change.Item, p.language.kinds
	for _, taxonomy := range sortedKeys(kinds) {
		to := &it.Tags
		if kinds[taxonomy] == "category" {
			to = &it.Categories
		}
		for _, label := range p.front.words(taxonomy) {
			if !slices.Contains(*to, label) {
				*to = append(*to, label)
			}
		}
	}
	for _, key := range []string{"author", "authors"} {
		if kinds[key] != "" {
			continue
		}
		for _, name := range p.front.words(key) {
			it.Authors = append(it.Authors, feeds.Person{Name: name})
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// maxFaults is how many faults of a page are listed.
const maxFaults = 10

// repair notes a fault, once however often it is met.
func (p *page) repair(line int, reason string) {
	f := postdir.Fault{Line: line, Reason: reason}
	switch n := len(p.Repaired); {
	case n > maxFaults || slices.Contains(p.Repaired, f):
	case n == maxFaults:
		p.Repaired = append(p.Repaired, postdir.Fault{Line: line, Reason: "and more"})
	default:
		p.Repaired = append(p.Repaired, f)
	}
}

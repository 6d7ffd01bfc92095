package hugo

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"feedmill/feeds"
	"feedmill/sources/internal/dates"
	"feedmill/sources/internal/postdir"
)

// page is a file on its way to an item.
type page struct {
	*postdir.Post
	site  *site
	front params
	cut   parts
	// dir is the directory below the root of the pages, base the name without extension and language, bundle says that the
	// page is the index of its directory.
	file, dir, base, lang string
	bundle                bool
}

// Decode makes an item of a page's file.
func (s *site) Decode(f *postdir.File) *postdir.Post {
	p := &page{Post: &postdir.Post{}, site: s, lang: s.lang}
	root := s.content
	for dir, lang := range s.dirs {
		if strings.HasPrefix(f.Path, dir+"/") && len(dir) >= len(root) || dir == root {
			root, p.lang = dir, lang
		}
	}
	dir, name := path.Split(f.Path)
	dir = strings.TrimSuffix(dir, "/")
	base, lang, _ := s.cut(name)
	if p.base = base; lang != "" {
		p.lang = lang
	}
	p.bundle = base == "index" && s.bundles[dir]
	for d := dir; len(d) > len(root); d = path.Dir(d) {
		if s.bundles[d] && (d != dir || !p.bundle) { // a resource of another page
			p.Hidden = true
			return p.Post
		}
	}
	p.file = strings.ToLower(name)
	p.dir = strings.Trim(strings.TrimPrefix(dir, root), "/")
	ext := strings.ToLower(path.Ext(name))
	data := f.Data
	if !pageExts[ext] {
		return p.Reject(0, "only Markdown and HTML are read, not %s", ext)
	}
	if clean := bytes.ToValidUTF8(data, []byte("\ufffd")); len(clean) != len(data) || !bytes.Equal(clean, data) {
		p.Repair(0, "bytes that are not UTF-8 were replaced")
		data = clean
	}
	p.cut = split(data)
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		p.Open = true
		return p.Reject(0, "the file is empty")
	case p.cut.open:
		p.Open = true
		return p.Reject(p.cut.headerLine-1, "the front matter has no end")
	case len(p.cut.header) > maxHeader:
		return p.Reject(p.cut.headerLine, "the front matter is larger than %d KiB", maxHeader>>10)
	case p.cut.format == "" && ext != ".md" && ext != ".markdown" && ext != ".mdown":
		p.Hidden = true // Hugo copies HTML without front matter as it is
		return p.Post
	}
	var err error
	if p.front, err = parse(p.cut.format, p.cut.header); err != nil {
		var bad *syntaxError
		line := p.cut.headerLine
		if errors.As(err, &bad) && bad.line > 0 {
			line += bad.line - 1
		}
		return p.Reject(line, "the front matter is not %s: %v", strings.ToUpper(p.cut.format), err)
	}
	p.inherit(root)
	p.item(f)
	return p.Post
}

// inherit fills in what _index files above and the site give to all their pages: the nearest first.
func (p *page) inherit(root string) {
	for dir := path.Join(root, p.dir); ; dir = path.Dir(dir) {
		for _, lang := range []string{p.lang, ""} {
			if lang == "" && p.lang != p.site.lang && len(p.site.dirs) == 0 {
				continue // of the default language
			}
			p.cascade(p.site.index[dir+"|"+lang]["cascade"])
		}
		if dir == root || dir == "." {
			break
		}
	}
	p.cascade(p.site.conf["cascade"])
}

func (p *page) cascade(v any) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, v := range list {
		m, ok := v.(params)
		if !ok {
			continue
		}
		target := m.sub("_target")
		if len(target) == 0 {
			target = m.sub("target")
		}
		at := "/" + strings.ToLower(path.Join(p.dir, p.base))
		if k := target.str("kind"); k != "" && k != "page" || !globs(target.str("path"), at) || !globs(target.str("lang"), p.lang) {
			continue
		}
		values := params{}
		values.fill(m)
		values.fill(m.sub("params"))
		for _, k := range []string{"_target", "target", "params"} {
			delete(values, k)
		}
		p.front.fill(values)
	}
}

// globs reports whether a pattern of Hugo (** for any text, * within one directory) matches; an empty one matches all.
func globs(pattern, s string) bool {
	if head, ok := strings.CutSuffix(pattern, "**"); ok {
		return strings.HasPrefix(s, strings.ToLower(head)) && !strings.ContainsAny(head, "*?[{")
	}
	ok, err := path.Match(strings.ToLower(pattern), s)
	return pattern == "" || err == nil && ok
}

// never reports whether the build options keep the page out of the list of all pages.
func (p *page) never() bool {
	for _, key := range []string{"_build", "build"} {
		b := p.front.sub(key)
		if list := b.str("list"); list == "never" || list == "false" || list == "local" {
			return true
		}
		if r := b.str("render"); r == "never" || r == "false" {
			return true
		}
	}
	return p.bundle && p.front.flag("headless", false)
}

func (p *page) item(f *postdir.File) {
	s := p.site
	draft := p.front.flag("draft", !p.front.flag("published", true))
	if p.never() || draft && !s.set.Drafts && !s.conf.flag("builddrafts", false) {
		p.Hidden = true
		return
	}
	date := p.date(f, "date", "date", "publishdate", "pubdate", "published", "lastmod", "modified")
	lastmod := p.date(f, "lastmod", ":git", "lastmod", "modified", "date", "publishdate", "pubdate", "published")
	publish := p.date(f, "publishdate", "publishdate", "pubdate", "published", "date")
	expiry := p.date(f, "expirydate", "expirydate", "unpublishdate")
	if !expiry.IsZero() && !s.conf.flag("buildexpired", false) {
		if !expiry.After(f.Now) {
			p.Hidden = true
			return
		}
		p.Until = expiry
	}
	if publish.After(f.Now) && !s.set.Future && !s.conf.flag("buildfuture", false) {
		if !publish.Equal(date) { // the store can only hold until the date that is shown
			p.Hidden, p.Until = true, publish
			return
		}
		p.Change.Hold = true
	}
	it := &feeds.Item{Published: date, Title: p.front.str("title"), Language: s.code(p.lang)}
	p.Change.Item = it
	if lastmod.After(date) {
		it.Updated = lastmod
	}
	for _, taxonomy := range sortedKeys(s.taxonomies()) {
		to := &it.Tags
		if s.taxonomies()[taxonomy] == "category" {
			to = &it.Categories
		}
		for _, label := range p.front.words(taxonomy) {
			if !slices.Contains(*to, label) {
				*to = append(*to, label)
			}
		}
	}
	for _, key := range []string{"author", "authors"} {
		for _, name := range p.front.words(key) {
			it.Authors = append(it.Authors, feeds.Person{Name: name})
		}
	}
	if s.origin != "" {
		it.URL = s.origin + p.address(date)
		p.Change.Base = it.URL
		if len(it.URL) <= feeds.MaxID {
			p.Change.Wish = it.URL
		}
	}
	for _, key := range []string{"images", "image", "cover"} {
		if list := p.front.words(key); len(list) > 0 {
			it.Image = list[0]
			break
		}
	}
	if it.Image == "" {
		it.Image = p.front.sub("cover").str("image")
	}
	p.content()
}

func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// date is the first of the fields that is a date, in the order that the site configures (section frontmatter).
func (p *page) date(f *postdir.File, what string, order ...string) time.Time {
	if own := p.site.conf.sub("frontmatter").words(what); len(own) > 0 {
		var all []string
		for _, key := range own {
			if key = strings.ToLower(key); key == ":default" {
				all = append(all, order...)
			} else {
				all = append(all, key)
			}
		}
		order = all
	}
	for _, key := range order {
		switch key {
		case ":git", ":filemodtime":
			if p.site.set.FileDates && !f.ModTime.IsZero() && (key != ":git" || p.site.conf.flag("enablegitinfo", false)) {
				return f.ModTime
			}
			continue
		case ":filename":
			name := p.base
			if p.bundle {
				name = path.Base(p.dir)
			}
			if len(name) >= 10 {
				if t, err := time.ParseInLocation("2006-01-02", name[:10], p.site.zone); err == nil {
					if slug := strings.Trim(name[10:], " -_"); slug != "" && p.front.str("slug") == "" {
						p.front["slug"] = slug
					}
					return t
				}
			}
			continue
		}
		s := p.front.str(key)
		if s == "" {
			continue
		}
		if t := (dates.Reader{Zone: p.site.zone}).Parse(s); !t.IsZero() {
			return t
		}
		if key != "published" { // which may also say whether it is
			p.Repair(p.cut.headerLine, "%s is not understood: %s", key, fmt.Sprintf("%.80q", s))
		}
	}
	return time.Time{}
}

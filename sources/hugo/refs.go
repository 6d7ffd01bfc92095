package hugo

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"feedmill/sources/internal/postdir"
)

// ref is the address that ref and relref give: of the page at a path, in the page's language or another, with the
// fragment. Hugo finds a page by its path from the page's directory, by its path from the top, or, where only a name is
// given, by that name alone if no other page has it (https://gohugo.io/methods/page/ref/).
func (p *page) ref(to, lang string, relative bool) (string, error) {
	u, err := url.Parse(strings.ReplaceAll(strings.TrimSpace(to), `\`, "/"))
	if err != nil {
		return p.notFound(), fmt.Errorf("the reference %.120q is not an address", to)
	}
	link := ""
	if u.Path != "" {
		l := p.language
		if lang != "" {
			if l = p.site.langs[strings.ToLower(lang)]; l == nil {
				return p.notFound(), fmt.Errorf("the language %.40q of the reference %.120q is none of the site's", lang, to)
			}
		}
		at, e := p.find(u.Path, l)
		switch {
		case errors.As(e, new(errUnlinked)):
			err = e
		case e != nil:
			return p.notFound(), e
		case relative:
			link = l.base + at
		default:
			link = l.origin + at
		}
	}
	if u.Fragment != "" {
		link += "#" + u.Fragment
	}
	return link, err
}

// notFound is the address that the site states for references that lead nowhere.
func (p *page) notFound() string { return p.language.conf.str("reflinksnotfoundurl") }

// find is the path below baseURL of the page, section or term that a reference means.
func (p *page) find(ref string, l *language) (string, error) {
	want := strings.ToLower(ref)
	rooted := strings.HasPrefix(want, "/")
	if !rooted {
		base := p.dir
		if p.bundle && !strings.HasPrefix(want, "..") {
			base = above(base)
		}
		at, found, err := p.pageAt(path.Join("/", strings.ToLower(base), want), l, true)
		if found || err != nil {
			return at, err
		}
		want = "/" + want
	}
	// From the top Hugo takes a path as it stands: only a list may end in a slash, and no dots lead anywhere.
	clean := path.Clean(want)
	if list := want != "/" && strings.HasSuffix(want, "/"); want == clean || list && want == clean+"/" {
		at, found, err := p.pageAt(clean, l, !list)
		if found || err != nil {
			return at, err
		}
	}
	want = strings.ToLower(ref)
	if want[0] == '.' || strings.Count(want, "/") > 1 || !rooted && strings.Contains(want, "/") {
		return "", fmt.Errorf("the reference %.120q leads to no page", ref)
	}
	return p.byName(ref, withoutLanguage(path.Base(want), l), l)
}

// withoutLanguage takes extension and language off a name.
func withoutLanguage(name string, l *language) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, path.Ext(name)), "."+l.code)
}

// pageAt looks for what is at a path from the top, such as /posts/a.md, /posts/a or /posts; without pages only for lists.
func (p *page) pageAt(at string, l *language, pages bool) (string, bool, error) {
	s := p.site
	dir, name := path.Split(strings.TrimPrefix(at, "/"))
	dir = strings.TrimSuffix(dir, "/")
	file := name
	name = withoutLanguage(name, l)
	index := name == "index" || name == "_index"
	if name == "_index" && !strings.EqualFold(s.index[indexAt{dir, l.code}].file, file) {
		return "", false, nil // a section without such a file
	}
	if index {
		dir, name = above(dir), path.Base(dir)
	}
	for _, file := range p.file.Named(name) {
		there, ok := s.placeOf(file)
		if !ok || !pages || there.lang != l.code {
			continue
		}
		if fits := strings.EqualFold(path.Join(there.dir, there.base), path.Join(dir, name)) ||
			there.base == "index" && strings.EqualFold(there.dir, path.Join(dir, name)); !fits {
			continue
		}
		link, err := p.addressOf(file)
		return link, err == nil, err
	}
	if index && !strings.Contains(at, "_index") {
		return "", false, nil
	}
	link, ok := p.listAt(path.Join(dir, name), l)
	return link, ok, nil
}

// listAt is the address of home, a section or a term.
func (p *page) listAt(dir string, l *language) (string, bool) {
	s := p.site
	key := indexAt{dir, l.code}
	index, ok := s.index[key]
	for k, v := range s.index {
		if !ok && k.lang == l.code && strings.EqualFold(k.dir, dir) {
			index, ok, dir = v, true, k.dir
		}
	}
	taxonomy, _, _ := strings.Cut(dir, "/")
	switch {
	case ok, dir == "":
	case l.kinds[taxonomy] != "" && strings.Count(dir, "/") < 2:
	case s.sections[strings.ToLower(dir)]:
	default:
		return "", false
	}
	if index.url != "" && dir != "" {
		q := &page{place: place{lang: l.code}, site: s, language: l, front: params{"url": index.url}}
		return q.byURL(), true
	}
	end := "/"
	if section, _, _ := strings.Cut(dir, "/"); dir != "" && l.ugly(section) {
		end = ".html"
	}
	return escapePath(l.sanitise(oneSlash(join("/", l.prefix, dir) + end))), true
}

// byName finds the one page of a name, wherever it is.
func (p *page) byName(ref, name string, l *language) (string, error) {
	var found []string
	for _, file := range p.file.Named(name) {
		there, ok := p.site.placeOf(file)
		own := there.base
		if own == "index" {
			own = path.Base(there.dir)
		}
		if ok && there.lang == l.code && strings.EqualFold(own, name) {
			found = append(found, file)
		}
	}
	var links []string
	var err error
	for _, file := range found {
		link, e := p.addressOf(file)
		if e != nil {
			err = e
			continue
		}
		links = append(links, link)
	}
	for at := range p.site.index {
		if at.lang == l.code && at.dir != "" && strings.EqualFold(path.Base(at.dir), name) {
			link, _ := p.listAt(at.dir, l)
			links = append(links, link)
		}
	}
	switch {
	case len(links) == 1:
		return links[0], nil
	case len(links) > 1:
		return "", fmt.Errorf("the reference %.120q is ambiguous: %d pages have this name", ref, len(links))
	case err != nil:
		return "", err
	}
	return "", fmt.Errorf("the reference %.120q leads to no page", ref)
}

// addressOf is the path below baseURL of the page in a file. What it says of drafts and dates counts: Hugo finds only
// pages that it makes.
func (p *page) addressOf(file string) (string, error) {
	if file == p.file.Path {
		return p.address(), nil
	}
	if link, ok := p.links[file]; ok {
		return link.path, link.err
	}
	link := p.openLink(file)
	if p.links == nil {
		p.links = map[string]linked{}
	}
	p.links[file] = link
	return link.path, link.err
}

// linked is a page that another one refers to.
type linked struct {
	path string
	err  error
}

// errUnlinked is a page in a file that has no address. For Hugo a reference to it is nothing.
type errUnlinked struct{ file string }

func (e errUnlinked) Error() string {
	return fmt.Sprintf("a reference leads to %.200s, which is not rendered", e.file)
}

func (p *page) openLink(file string) linked {
	b, err := p.file.ReadFile(file, postdir.MaxPost)
	if err != nil {
		return linked{err: fmt.Errorf("%.200s, to which a reference leads, cannot be read: %w", file, err)}
	}
	q := p.site.open(p.file, file, b)
	if q.Hidden || q.Rejected != nil {
		return linked{err: fmt.Errorf("a reference leads to %.200s, which is no page", file)}
	}
	now, opens, expires := q.built()
	p.wait(opens)
	if !now {
		return linked{err: fmt.Errorf("a reference leads to %.200s, which is not published", file)}
	}
	p.wait(expires)
	if q.unlinked() {
		return linked{err: errUnlinked{file}}
	}
	return linked{path: q.address()}
}

package jekyll

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"time"

	"feedmill/sources/internal/liquid"
)

var (
	uriScheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.\-]*:`)
	datedName = regexp.MustCompile(`^(.+/)*(\d+-\d+-\d+-[^/]*)$`)
)

// filters are Jekyll's filters that need the site.
func (d *doc) filters() map[string]liquid.Filter {
	return map[string]liquid.Filter{
		"relative_url": func(in any, _ []any) (any, error) { return address(in, d.site.relativeURL), nil },
		"absolute_url": func(in any, _ []any) (any, error) { return address(in, d.site.absoluteURL), nil },
		"markdownify":  func(in any, _ []any) (any, error) { return d.markdownify(liquid.Text(in)) },
		"smartify":     func(in any, _ []any) (any, error) { return d.site.smartify(liquid.Text(in)), nil },
	}
}

// markdownify ends with a newline, as kramdown does.
func (d *doc) markdownify(s string) (any, error) {
	html, err := d.markdown(s)
	if err != nil {
		return nil, err
	}
	return html + "\n", nil
}

// address applies f to an address, or to that of a page.
func address(in any, f func(string) string) any {
	if in == nil {
		return nil
	}
	if page, ok := in.(liquid.Object); ok {
		if url, ok := page.Get("url"); ok {
			in = url
		}
	}
	return f(liquid.Text(in))
}

// relativeURL puts the site's baseurl before a path.
func (s *site) relativeURL(in string) string {
	if uriScheme.MatchString(in) {
		return in
	}
	return normalise(leadingSlash(strings.TrimSuffix(s.conf.get("baseurl").str(), "/")) + leadingSlash(in))
}

// absoluteURL puts the site's url before it.
func (s *site) absoluteURL(in string) string {
	if uriScheme.MatchString(in) {
		return in
	}
	rel := s.relativeURL(in)
	if s.origin == "" {
		return rel
	}
	if rel == "" {
		rel = "/"
	}
	return s.idOrigin + rel // with the slash that the site's url may end in, as Jekyll writes it
}

func leadingSlash(s string) string {
	if s == "" || s[0] == '/' {
		return s
	}
	return "/" + s
}

// link is the address of a file of the site, for {% link %}.
func (d *doc) link(file string) (string, error) {
	rel := strings.TrimPrefix(path.Clean("/"+strings.TrimSpace(file)), "/")
	for _, at := range []string{rel, path.Join(d.site.top, rel)} {
		if !d.near.Exists(at) {
			continue
		}
		url, err := d.pathOf(at)
		if err != nil {
			return "", err
		}
		return d.site.relativeURL(url), nil
	}
	return "", gone(rel, fs.ErrNotExist)
}

// postURL is the address of a post by the name of its file without extension, for {% post_url %}: of the first one that is
// there by its whole name, else, as Jekyll allows, of one with this day and slug in any directory.
func (d *doc) postURL(name string) (string, error) {
	m := datedName.FindStringSubmatch(strings.TrimPrefix(name, "/"))
	if m == nil || strings.Contains(name, "..") {
		return "", fmt.Errorf("%.200q is not the name of a post: want 2026-01-31-title", name)
	}
	found := ""
	for _, file := range d.near.Named(m[2]) {
		o, ok := d.site.locate(file)
		base := path.Base(file)
		if !ok || o.label != posts || o.draft || strings.TrimSuffix(base, path.Ext(base)) != m[2] {
			continue
		}
		if dir := path.Dir(o.inner) + "/"; dir == "_posts/"+m[1] || dir == m[1]+"_posts/" {
			found = file
			break
		}
		if found == "" && m[1] == "" {
			found = file
		}
	}
	if found == "" {
		return "", gone("post named "+name, fs.ErrNotExist)
	}
	url, err := d.pathOf(found)
	if err != nil {
		return "", err
	}
	return d.site.relativeURL(url), nil
}

// pathOf is the path under which the site has a file: a post, a page, or a file as it is.
func (d *doc) pathOf(file string) (string, error) {
	s := d.site
	ext := path.Ext(file)
	if !s.isMarkdown(ext) && !isHTML(ext) {
		return "/" + file, nil
	}
	b, err := d.near.ReadFile(file, maxLinked)
	if err != nil {
		return "", gone(file, err)
	}
	if other, ok := s.peek(file, b, d.now, time.Time{}); ok {
		return other.url, nil
	}
	cut := split(b)
	if !cut.found {
		return "/" + file, nil
	}
	front, _ := readHeader(cut.header)
	front = merge(front, s.defaultsFor(file, file, "pages"))
	return s.pagePath(file, front), nil
}

// maxLinked is the largest post or page that is read for its address, in bytes.
const maxLinked = 5 << 20

// pagePath is the path of a page (https://jekyllrb.com/docs/permalinks/#permalinks-for-pages).
func (s *site) pagePath(file string, front fields) string {
	dir, name := path.Split(file)
	base := strings.TrimSuffix(name, path.Ext(name))
	out := s.outputExt(path.Ext(name))
	if p := front.get("permalink").str(); p != "" {
		dir = strings.TrimSuffix(dir, "/")
		p = strings.NewReplacer(":path", dir, ":basename", base, ":output_ext", out).Replace(p)
		return normalise(tidy(leadingSlash(p)))
	}
	url := "/" + dir
	style := s.permalink
	switch {
	case !isHTML(out):
		url += base + out
	case base == "index":
	case strings.HasSuffix(style, "/"):
		url += base + "/"
	case strings.HasSuffix(style, ":output_ext") || strings.HasSuffix(style, ".html"):
		url += base + out
	default:
		url += base
	}
	return normalise(url)
}

// outputExt is the end of a page's file in the site that is built.
func (s *site) outputExt(ext string) string {
	switch {
	case s.isMarkdown(ext):
		return ".html"
	case ext == ".scss", ext == ".sass":
		return ".css"
	}
	return ext
}

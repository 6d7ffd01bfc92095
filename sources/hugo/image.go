package hugo

import (
	"net/url"
	"path"
	"slices"
	"strings"
)

// image is the address of the page's picture: what the front matter calls so, or the resource of a bundle that Hugo's own
// templates take for one. A name is that of a resource of the bundle if it has it, else below baseURL.
func (p *page) image() string {
	var name string
	for _, key := range []string{"images", "image", "cover", "thumbnail", "featuredimage", "featured_image"} {
		if list := p.front.words(key); len(list) > 0 {
			name = list[0]
			break
		}
	}
	if name == "" {
		name = p.front.sub("cover").str("image")
	}
	if name == "" {
		return p.featured()
	}
	u, err := url.Parse(name)
	if err != nil || u.IsAbs() || strings.HasPrefix(name, "/") || p.language.origin == "" {
		return name // the address of the page makes it absolute
	}
	if p.bundle && p.file.Exists(path.Join(path.Dir(p.file.Path), path.Clean("/"+u.Path))) {
		return name
	}
	return p.language.origin + "/" + name
}

var pictures = []string{".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".svg", ".bmp", ".tif", ".tiff"}

// featured is the picture of a bundle by its name: *feature*, else *cover* or *thumbnail*, as in Hugo's own Open Graph
// template. The front matter can give names to resources.
func (p *page) featured() string {
	if !p.bundle {
		return ""
	}
	entries, err := p.file.ReadDir(path.Dir(p.file.Path))
	if err != nil {
		return ""
	}
	type picture struct{ name, file string }
	var all []picture
	for _, e := range entries {
		if !e.IsDir() && slices.Contains(pictures, strings.ToLower(path.Ext(e.Name()))) {
			all = append(all, picture{strings.ToLower(e.Name()), e.Name()})
		}
	}
	slices.SortFunc(all, func(a, b picture) int { return strings.Compare(a.file, b.file) })
	for i := range all {
		for _, v := range p.front.list("resources") {
			m, ok := v.(params)
			if ok && m.str("name") != "" && m.str("src") != "" && fits(m.str("src"), all[i].file) {
				all[i].name = strings.ToLower(m.str("name"))
				break
			}
		}
	}
	for _, words := range [][]string{{"feature"}, {"cover", "thumbnail"}} {
		for _, pic := range all {
			if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(pic.name, w) }) {
				return (&url.URL{Path: pic.file}).EscapedPath()
			}
		}
	}
	return ""
}

func fits(pattern, s string) bool {
	re, err := glob(pattern)
	return err == nil && re.MatchString(s)
}

package jekyll

import (
	"path"
	"slices"
	"strings"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/internal/liquid"
)

// readAuthors reads what the name of an author stands for: site.data.authors, a file of _data or a directory of such. In a
// table, which jekyll-feed cannot look into, the first column is the name.
func (s *site) readAuthors() {
	mine := func(file string) bool {
		rel, ok := strings.CutPrefix(file, s.lib.data+"/")
		return ok && (strings.HasPrefix(rel, "authors/") || strings.TrimSuffix(rel, path.Ext(rel)) == "authors")
	}
	root, faults := s.lib.readData(s, mine)
	for _, f := range faults {
		s.reports = append(s.reports, sources.Rejected{Where: f.File, Line: f.Line, Reason: f.Text, Repaired: true})
	}
	found, _ := root.Get("authors")
	switch all := found.(type) {
	case *liquid.Map:
		for _, name := range all.Keys() {
			v, _ := all.Get(name)
			s.addAuthor(name, v)
		}
	case []any:
		for _, row := range all {
			if m, ok := row.(*liquid.Map); ok && len(m.Keys()) > 0 {
				name, _ := m.Get(m.Keys()[0])
				s.addAuthor(liquid.Text(name), m)
			}
		}
	}
}

func (s *site) addAuthor(name string, v any) {
	m, ok := v.(*liquid.Map)
	if !ok {
		if text := liquid.Text(v); text != "" && v != nil && !slices.Contains([]string{"true", "false"}, text) {
			s.persons[name] = feeds.Person{Name: text} // authors: {lin: Lin Yu}
		}
		return
	}
	get := func(key string) string {
		v, _ := m.Get(key)
		return strings.TrimSpace(liquid.Text(v))
	}
	p := feeds.Person{Name: get("name"), Email: get("email"), URL: get("uri")}
	if p.URL == "" {
		p.URL = get("url")
	}
	if p.Name == "" {
		p.Name = name
	}
	s.persons[name] = p
}

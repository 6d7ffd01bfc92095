package jekyll

import (
	"strings"

	"feedmill/feeds"
)

// words splits as Ruby's String#split does: on blanks of ASCII, so that a full-width space stays in a label.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r >= '\t' && r <= '\r' || r == 0 })
}

// labels makes labels of a value: a text is split on blanks if it is the plural key's, list items keep theirs.
func labels(v value, plural bool) []string {
	var out []string
	switch v.kind {
	case text:
		if plural {
			return words(v.text)
		}
		return []string{v.str()}
	case list:
		for _, item := range v.list {
			out = append(out, labels(item, false)...)
		}
	}
	return out
}

// union appends labels that are not there yet; empty ones are none.
func union(to []string, more ...[]string) []string {
	for _, m := range more {
	next:
		for _, l := range m {
			if l = strings.TrimSpace(l); l == "" {
				continue
			}
			for _, have := range to {
				if have == l {
					continue next
				}
			}
			to = append(to, l)
		}
	}
	return to
}

// categories merges what the directories, the defaults and the front matter say.
func categories(dirs []string, defaults, front fields) []string {
	return union(nil, dirs, labels(defaults.get("categories"), true), labels(front.get("categories"), true),
		labels(overlay(front.get("category"), defaults.get("category")), false))
}

// tags are the singular key's, else the plural key's: Jekyll merges categories, but not tags.
func tags(defaults, front fields) []string {
	if one := union(nil, labels(overlay(front.get("tag"), defaults.get("tag")), false)); len(one) > 0 {
		return one
	}
	return union(nil, labels(overlay(front.get("tags"), defaults.get("tags")), true))
}

// persons reads an author: a name, a key of _data/authors, a mapping, or a list of these.
func persons(v value, known map[string]feeds.Person) []feeds.Person {
	var out []feeds.Person
	for _, item := range v.items() {
		var p feeds.Person
		if item.kind == mapping {
			p = person(item.fields)
		} else if name := item.str(); name != "" {
			var ok bool
			if p, ok = known[name]; !ok {
				p.Name = name
			}
		}
		if p != (feeds.Person{}) {
			out = append(out, p)
		}
	}
	return out
}

func person(f fields) feeds.Person {
	p := feeds.Person{Name: f.get("name").str(), Email: f.get("email").str(), URL: f.get("uri").str()}
	if p.URL == "" {
		p.URL = f.get("url").str()
	}
	return p
}

// categoryDirs are the categories a post has from the directories above _posts: "foo/_posts/x" gives foo.
func (o *origin) categoryDirs() []string {
	if o.at == 0 {
		return nil
	}
	return strings.Split(o.inner[:o.at-1], "/")
}

// clean is the path of a document without the extension and the directory of its collection, as :path shows it.
func (o *origin) clean(ext string) string {
	path := strings.TrimSuffix(o.inner, ext)
	if !o.draft { // Jekyll leaves _drafts where it is
		path = o.inner[:o.at] + strings.TrimPrefix(path, o.inner[:o.at]+o.magic())
	}
	return strings.TrimRight(path, ".")
}

package webfeed

import (
	"net/mail"
	"net/url"
	"strings"

	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/rss"

	"feedmill/feeds"
)

// rssAuthors are the authors of an item; contributors count where it names no author.
func rssAuthors(base *url.URL, it *rss.Item, sp spot) []feeds.Person {
	x := it.Extensions
	names := append(values(x, "dc", "creator"), values(x, "dc", "author")...)
	if len(sp.authors) > 0 {
		names = append(names, sp.authors...)
	} else {
		names = append(names, it.Author)
	}
	list := persons(append(names, value(x, "itunes", "author"))...)
	for _, a := range x["atom"]["author"] {
		list = addPerson(list, atomPerson(base, child(a, "name"), child(a, "email"), first(child(a, "uri"), child(a, "url"))))
	}
	if len(list) == 0 {
		list = persons(append(values(x, "dcterms", "creator"), custom(it, "creator", "byline", "writer"))...)
		for _, c := range mediaElements(x, "credit") {
			if role := c.Attrs["role"]; role == "" || strings.EqualFold(role, "author") {
				list = addPerson(list, person(c.Value))
			}
		}
	}
	if len(list) == 0 {
		list = persons(values(x, "dc", "contributor")...)
		for _, a := range x["atom"]["contributor"] {
			list = addPerson(list, atomPerson(base, child(a, "name"), child(a, "email"), child(a, "uri")))
		}
	}
	return list
}

func atomPerson(base *url.URL, name, email, uri string) feeds.Person {
	p := feeds.Person{Name: plainText(name), Email: strings.TrimPrefix(strings.TrimSpace(email), "mailto:"), URL: resolve(base, uri)}
	if p.Email == "" && p.URL == "" {
		return person(p.Name)
	}
	return p
}

// persons reads names, addresses and "address (Name)" (RSS 2.0 author) in their order, each once.
func persons(texts ...string) (list []feeds.Person) {
	for _, s := range texts {
		for _, one := range names(s) {
			list = addPerson(list, person(one))
		}
	}
	return list
}

// names parts a text that names several people, where that is certain: at signs that stand in no name (";" and "、"), and
// at commas between e-mail addresses. In one of names a comma may stand before "Jr.", between the parts of one name, or
// before what somebody is.
func names(s string) []string {
	if strings.Contains(s, "&") {
		return []string{s} // a reference may end in ";"
	}
	at := func(r rune) bool { return r == ';' || r == '；' || r == '、' }
	if strings.Count(s, "@") > 1 {
		at = func(r rune) bool { return r == ',' || r == ';' }
	}
	parts := strings.FieldsFunc(s, at)
	for _, p := range parts {
		if p = strings.TrimSpace(p); strings.Count(s, "@") > 1 && !strings.Contains(p, "@") || len(letters(p)) == 0 || len(p) > maxPerson {
			return []string{s}
		}
	}
	return parts
}

// maxPerson is the longest part of a list that is taken for a person, in bytes.
const maxPerson = 100

func person(s string) (p feeds.Person) {
	s = oneLine(s)
	if strings.Contains(s, "<") && looksHTML(s) {
		s = plainText(s) // some put a link around the name
	}
	p = feeds.Person{Name: plainText(s)}
	head, tail, ok := strings.Cut(strings.TrimSuffix(s, ")"), "(")
	head, tail = strings.TrimPrefix(strings.TrimSpace(head), "mailto:"), strings.TrimSpace(tail)
	switch a, err := mail.ParseAddress(strings.TrimPrefix(s, "mailto:")); {
	case ok && strings.HasSuffix(s, ")") && isEmail(head):
		p = feeds.Person{Name: plainText(tail), Email: head}
	case ok && strings.HasSuffix(s, ")") && isEmail(tail):
		p = feeds.Person{Name: plainText(head), Email: tail}
	case err == nil && isEmail(a.Address):
		p = feeds.Person{Name: a.Name, Email: a.Address}
	}
	if p.Name != "" && nobody(p.Email) {
		p.Email = ""
	}
	return p
}

// nobody says that an address takes no mail: systems put it there because RSS wants one.
func nobody(email string) bool {
	local, _, _ := strings.Cut(strings.ToLower(email), "@")
	switch strings.ReplaceAll(strings.ReplaceAll(local, "-", ""), "_", "") {
	case "noreply", "donotreply", "nospam", "nobody":
		return true
	}
	return false
}

func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && strings.Contains(s[at:], ".") && !strings.ContainsAny(s, " \t<>(),;")
}

func addPerson(list []feeds.Person, p feeds.Person) []feeds.Person {
	p.Name, p.Email = oneLine(p.Name), strings.TrimSpace(p.Email)
	if p == (feeds.Person{}) {
		return list
	}
	for i, have := range list {
		if have.String() == p.String() {
			if have.Email == "" {
				list[i].Email = p.Email
			}
			if have.URL == "" {
				list[i].URL = p.URL
			}
			return list
		}
	}
	return append(list, p)
}

func child(x ext.Extension, name string) string {
	for _, c := range x.Children[name] {
		return c.Value
	}
	return ""
}

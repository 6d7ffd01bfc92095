package webfeed

import (
	"net/mail"
	"net/url"
	"strings"

	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/rss"

	"feedmill/feeds"
	"feedmill/sources/fetch"
)

// rss maps RSS 0.9x, 1.0 and 2.0.
func (p *parser) rss(f *rss.Feed, o *outline) {
	d := p.doc
	d.Format = strings.TrimSpace("RSS " + f.Version)
	p.base = under(p.base, o.base)
	p.home = under(p.base, firstLink(p.base, f.Links, f.Extensions))
	p.origin = feeds.Origin{Title: maybePlain(f.Title), Home: firstLink(p.base, f.Links, f.Extensions)}
	p.origin.URL = p.self(linkExt(f.Extensions, "self"))
	d.About = feeds.About{
		Title: p.origin.Title, Description: maybePlain(f.Description), URL: p.origin.Home,
		Language: language(f.Language, value(f.Extensions, "dc", "language"), o.lang),
	}
	if f.Title == "" {
		d.About.Title = maybePlain(value(f.Extensions, "dc", "title"))
	}
	if d.About.Description == "" {
		d.About.Description = maybePlain(value(f.Extensions, "itunes", "summary"))
	}
	if ps := persons(f.ManagingEditor, value(f.Extensions, "itunes", "author"), value(f.Extensions, "dc", "creator")); len(ps) > 0 {
		d.About.Author = ps[0]
	}
	p.dates.Language = d.About.Language
	d.Pause = pause(f.TTL, f.Extensions)
	d.skip = newSkip(f.SkipHours, f.SkipDays)

	spots := o.spots
	if len(spots) != len(f.Items) {
		spots = make([]spot, len(f.Items)) // the outline saw another document than the parser: do without it
	}
	builds := []string{f.LastBuildDate, f.PubDate, value(f.Extensions, "dc", "date")}
	published := make([]string, 0, len(f.Items))
	for _, it := range f.Items {
		published = append(published, rssDate(it))
	}
	if buildTime(published, builds) {
		published = make([]string, len(published))
	}
	for i, it := range f.Items {
		d.entries = append(d.entries, p.rssItem(it, spots[i], published[i]))
	}
}

func (p *parser) rssItem(it *rss.Item, sp spot, date string) *entry {
	e := &entry{id: strings.TrimSpace(sp.about)}
	permalink := false
	if it.GUID != nil && strings.TrimSpace(it.GUID.Value) != "" {
		e.id = strings.TrimSpace(it.GUID.Value)
		permalink = !strings.EqualFold(it.GUID.IsPermalink, "false")
	}
	base := p.home
	if sp.base != "" {
		base = under(p.base, sp.base)
	}
	e.base = str(base)

	link := firstLink(base, it.Links, it.Extensions)
	if orig := resolve(base, value(it.Extensions, "feedburner", "origLink")); orig != "" {
		link = orig // the link itself is a counting redirect
	}
	if link == "" && permalink && isURL(e.id) {
		link = e.id
	}
	if link == "" && isURL(sp.about) {
		link = sp.about
	}
	title := first(it.Title, value(it.Extensions, "dc", "title"), value(it.Extensions, "media", "title"), value(it.Extensions, "itunes", "title"))
	content, summary := rssText(it, sp)

	updated := first(value(it.Extensions, "dcterms", "modified"), value(it.Extensions, "atom", "updated"))
	e.item = feeds.Item{
		URL: link, Title: maybePlain(title), Content: content, Summary: plainText(summary),
		Published: p.dates.Parse(date), Updated: p.dates.Parse(updated),
		Language: language(value(it.Extensions, "dc", "language"), sp.lang, p.doc.About.Language),
	}
	e.note(first(date, updated), firstDate(e.item.Published, e.item.Updated))
	if e.item.Published.IsZero() && !e.item.Updated.IsZero() {
		e.item.Published, e.onlyUpdated = e.item.Updated, true
	}

	var authors []string
	authors = append(authors, values(it.Extensions, "dc", "creator")...)
	authors = append(authors, it.Author, value(it.Extensions, "itunes", "author"))
	e.item.Authors = persons(authors...)
	for _, a := range it.Extensions["atom"]["author"] {
		e.item.Authors = addPerson(e.item.Authors, feeds.Person{Name: plainText(child(a, "name")), Email: child(a, "email"), URL: resolve(base, child(a, "uri"))})
	}
	for _, c := range it.Categories {
		e.item.Categories = labels(e.item.Categories, c.Value)
	}
	for _, c := range mediaElements(it.Extensions, "category") {
		e.item.Categories = labels(e.item.Categories, first(c.Value, c.Attrs["label"]))
	}
	for _, c := range it.Extensions["itunes"]["category"] {
		e.item.Categories = labels(e.item.Categories, c.Attrs["text"])
	}
	e.item.Tags = labels(e.item.Tags, values(it.Extensions, "dc", "subject")...)
	for _, list := range []string{value(it.Extensions, "itunes", "keywords"), mediaValue(it.Extensions, "keywords")} {
		e.item.Tags = labels(e.item.Tags, strings.Split(list, ",")...)
	}
	for _, x := range it.Enclosures {
		e.enclose(base, feeds.Enclosure{URL: x.URL, Type: x.Type, Length: length(x.Length)})
	}
	e.media(base, it.Extensions)

	e.item.Origin = p.itemOrigin(base, it.Source)
	p.state(e, title, content, summary, date, updated)
	return e
}

// rssText picks the text of an item. The only text there is is its content; a description beside a full text is its
// summary.
func rssText(it *rss.Item, sp spot) (content, summary string) {
	description := first(it.Description, value(it.Extensions, "dc", "description"))
	full := first(it.Content, sp.xhtml, it.Custom["body"], it.Custom["fullitem"], it.Custom["encoded"])
	if full == "" {
		full = first(description, mediaValue(it.Extensions, "description"), value(it.Extensions, "itunes", "summary"), it.Custom["summary"], value(it.Extensions, "itunes", "subtitle"))
		if !looksHTML(full) {
			full = asHTML(full)
		}
		return full, ""
	}
	if strings.TrimSpace(description) == strings.TrimSpace(full) {
		description = ""
	}
	return full, description
}

func rssDate(it *rss.Item) string {
	return first(it.PubDate, value(it.Extensions, "dc", "date"), value(it.Extensions, "dcterms", "issued"), value(it.Extensions, "dcterms", "created"),
		value(it.Extensions, "dcterms", "date"), value(it.Extensions, "atom", "published"), it.Custom["pubdate"], it.Custom["date"], it.Custom["published"])
}

// itemOrigin is the feed that an item says it comes from, else this one.
func (p *parser) itemOrigin(base *url.URL, s *rss.Source) *feeds.Origin {
	o := p.origin
	if s != nil && (strings.TrimSpace(s.Title) != "" || s.URL != "") {
		o = feeds.Origin{Title: maybePlain(s.Title), URL: public(resolve(base, s.URL))}
	}
	return &o
}

// firstLink is the first http address among the links of a channel or item, atom:link rel=alternate included.
func firstLink(base *url.URL, links []string, e ext.Extensions) string {
	for _, l := range links {
		if abs := resolve(base, l); abs != "" {
			return abs
		}
	}
	return resolve(base, linkExt(e, "alternate"))
}

// linkExt is the address of an atom:link inside RSS.
func linkExt(e ext.Extensions, rel string) string {
	for _, l := range e["atom"]["link"] {
		if r := l.Attrs["rel"]; r == rel || r == "" && rel == "alternate" {
			return l.Attrs["href"]
		}
	}
	return ""
}

// self is the public address of the feed: what it says itself, else where it came from.
func (p *parser) self(stated string) string {
	if abs := resolve(p.base, stated); abs != "" {
		return public(abs)
	}
	return public(resolve(p.base, p.hint.URL))
}

// public is an address that goes into documents for everybody; one that may hold a key is left out.
func public(address string) string {
	if fetch.Redact(address) != address {
		return ""
	}
	return address
}

// persons reads names, addresses and "address (Name)" (RSS 2.0 author) in their order, each once.
func persons(texts ...string) (list []feeds.Person) {
	for _, s := range texts {
		list = addPerson(list, person(s))
	}
	return list
}

func person(s string) feeds.Person {
	s = oneLine(s)
	head, tail, ok := strings.Cut(strings.TrimSuffix(s, ")"), "(")
	if ok && strings.HasSuffix(s, ")") {
		head, tail = strings.TrimSpace(head), strings.TrimSpace(tail)
		switch {
		case isEmail(head):
			return feeds.Person{Name: tail, Email: head}
		case isEmail(tail):
			return feeds.Person{Name: head, Email: tail}
		}
	}
	if a, err := mail.ParseAddress(s); err == nil && isEmail(a.Address) && strings.Contains(s, "@") {
		return feeds.Person{Name: a.Name, Email: a.Address}
	}
	return feeds.Person{Name: plainText(s)} // some put a link around the name
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

func first(texts ...string) string {
	for _, s := range texts {
		if strings.TrimSpace(s) != "" {
			return s
		}
	}
	return ""
}

// values are the texts of all extension elements of that name.
func values(e ext.Extensions, prefix, name string) (list []string) {
	for _, x := range e[prefix][name] {
		list = append(list, x.Value)
	}
	return list
}

func child(x ext.Extension, name string) string {
	for _, c := range x.Children[name] {
		return c.Value
	}
	return ""
}

func str(u *url.URL) string {
	if u.Host == "" {
		return ""
	}
	return u.String()
}

// language is the first that can be a BCP 47 tag, in its usual spelling.
func language(candidates ...string) string {
	for _, l := range candidates {
		l = strings.ReplaceAll(strings.TrimSpace(l), "_", "-")
		if len(l) < 2 || len(l) > 35 || strings.Trim(strings.ToLower(l), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			continue
		}
		parts := strings.Split(strings.ToLower(l), "-")
		for i := 1; i < len(parts); i++ {
			switch len(parts[i]) {
			case 2:
				parts[i] = strings.ToUpper(parts[i])
			case 4:
				parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
			}
		}
		return strings.Join(parts, "-")
	}
	return ""
}

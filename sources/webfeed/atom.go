package webfeed

import (
	"net/url"
	"strings"

	"github.com/mmcdole/gofeed/atom"

	"feedmill/feeds"
)

// atom maps Atom 0.3 and 1.0 (RFC 4287).
func (p *parser) atom(f *atom.Feed, o *outline) {
	d := p.doc
	d.Format = strings.TrimSpace("Atom " + f.Version)
	p.base = under(p.base, o.base)
	home, _ := alternate(p.base, f.Links)
	p.home = under(p.base, home)
	p.origin = feeds.Origin{ID: f.ID, Title: maybePlain(f.Title), Home: home, URL: p.self(rel(f.Links, "self"))}
	d.About = feeds.About{
		Title: p.origin.Title, Description: maybePlain(f.Subtitle), URL: home,
		Language: language(o.lang, f.Language, value(f.Extensions, "dc", "language")),
	}
	authors := atomPersons(p.base, f.Authors)
	if len(authors) > 0 {
		d.About.Author = authors[0]
	}
	p.dates.Language = d.About.Language
	d.Pause = pause("", f.Extensions)

	spots := o.spots
	if len(spots) != len(f.Entries) {
		spots = make([]spot, len(f.Entries)) // the outline saw another document than the parser: do without it
	}
	updated, published := make([]string, len(f.Entries)), make([]string, len(f.Entries))
	for i, a := range f.Entries {
		updated[i], published[i] = a.Updated, a.Published
	}
	if buildTime(updated, []string{f.Updated}) {
		updated = make([]string, len(updated))
	}
	if buildTime(published, []string{f.Updated}) {
		published = make([]string, len(published))
	}
	for i, a := range f.Entries {
		d.entries = append(d.entries, p.atomEntry(a, spots[i], published[i], updated[i], authors))
	}
}

func (p *parser) atomEntry(a *atom.Entry, sp spot, published, updated string, authors []feeds.Person) *entry {
	e := &entry{id: strings.TrimSpace(first(sp.id, a.ID)), revisions: true}
	base := p.home
	if sp.base != "" {
		base = under(p.base, sp.base)
	}
	link, _ := alternate(base, a.Links)
	if orig := resolve(base, value(a.Extensions, "feedburner", "origLink")); orig != "" {
		link = orig
	}
	e.base = str(base)

	var content string
	if a.Content != nil {
		content = p.atomContent(e, base, a.Content, sp, &link)
	}
	published = first(published, value(a.Extensions, "dcterms", "issued"), value(a.Extensions, "dc", "date"))
	e.item = feeds.Item{
		URL: link, Title: atomLine(first(a.Title, mediaValue(a.Extensions, "title")), sp.titleType), Content: content,
		Published: p.dates.Parse(published), Updated: p.dates.Parse(updated), Enclosures: e.item.Enclosures,
		Language: language(sp.lang, p.doc.About.Language),
	}
	e.note(first(published, updated), firstDate(e.item.Published, e.item.Updated))
	if e.item.Published.IsZero() && !e.item.Updated.IsZero() {
		e.item.Published, e.onlyUpdated = e.item.Updated, true
	}
	switch summary := a.Summary; {
	case content != "":
		if strings.TrimSpace(summary) != strings.TrimSpace(a.Content.Value) {
			e.item.Summary = atomLine(summary, sp.summaryType)
		}
	case isMarkup(summary, sp.summaryType):
		e.item.Content = summary // the only text there is, with its links and pictures
	case strings.TrimSpace(summary) != "":
		e.item.Summary = atomLine(summary, sp.summaryType)
	default:
		if text := mediaValue(a.Extensions, "description"); looksHTML(text) {
			e.item.Content = text
		} else {
			e.item.Content = asHTML(text)
		}
	}

	e.item.Authors = atomPersons(base, a.Authors)
	if len(e.item.Authors) == 0 {
		e.item.Authors = persons(values(a.Extensions, "dc", "creator")...)
	}
	if len(e.item.Authors) == 0 && a.Source != nil {
		e.item.Authors = atomPersons(base, a.Source.Authors)
	}
	if len(e.item.Authors) == 0 {
		e.item.Authors = append(e.item.Authors, authors...) // RFC 4287 §4.2.1: the feed's count for entries without
	}
	for _, c := range a.Categories {
		e.item.Categories = labels(e.item.Categories, term(c))
	}
	e.item.Tags = labels(e.item.Tags, values(a.Extensions, "dc", "subject")...)
	e.item.Tags = labels(e.item.Tags, strings.Split(mediaValue(a.Extensions, "keywords"), ",")...)
	for _, l := range a.Links {
		if l.Rel == "enclosure" {
			e.enclose(base, feeds.Enclosure{URL: l.Href, Type: l.Type, Title: oneLine(l.Title), Length: length(l.Length)})
		}
		if l.Rel == "via" && e.item.Original == "" && (l.Type == "" || strings.Contains(l.Type, "html")) {
			if via := resolve(base, l.Href); via != link {
				e.item.Original = via
			}
		}
	}
	e.media(base, a.Extensions)
	e.item.Origin = p.atomOrigin(base, a.Source)
	p.state(e, a.Title, content, a.Summary, published, updated)
	return e
}

// atomContent is the content as HTML. Content elsewhere (src) becomes an enclosure, or the link of an entry without.
func (p *parser) atomContent(e *entry, base *url.URL, c *atom.Content, sp spot, link *string) string {
	kind := strings.ToLower(strings.TrimSpace(c.Type))
	if src := resolve(base, c.Src); src != "" {
		if strings.HasPrefix(kind, "audio/") || strings.HasPrefix(kind, "video/") || strings.HasPrefix(kind, "image/") {
			e.enclose(base, feeds.Enclosure{URL: src, Type: kind})
		} else if *link == "" {
			*link = src
		}
		return ""
	}
	if sp.contentType != "" {
		kind = sp.contentType
	}
	switch {
	case isMarkup(c.Value, kind):
		return c.Value
	case kind == "" || kind == "text" || strings.HasPrefix(kind, "text/"):
		return asHTML(c.Value)
	}
	return "" // inline pictures and the like cannot be shown
}

// isMarkup says that a text construct (RFC 4287 §3.1) is HTML. Without a type it is plain text, but many feeds forget it.
func isMarkup(s, kind string) bool {
	switch {
	case kind == "html" || kind == "xhtml" || kind == "text/html" || kind == "escaped" || strings.HasSuffix(kind, "xml"):
		return strings.TrimSpace(s) != ""
	case kind == "":
		return looksHTML(s)
	}
	return false
}

func atomLine(s, kind string) string {
	if isMarkup(s, kind) {
		return plainText(s)
	}
	return oneLine(s)
}

// alternate is the page of a feed or entry: of several alternates the first in HTML, then the first of no type, then
// any. html tells whether it is a page.
func alternate(base *url.URL, links []*atom.Link) (address string, html bool) {
	best := 0
	for _, l := range links {
		if !strings.EqualFold(l.Rel, "alternate") && !strings.HasSuffix(l.Rel, "/alternate") {
			continue
		}
		rank := 1
		switch kind := strings.ToLower(l.Type); {
		case strings.HasPrefix(kind, "text/html"), strings.HasPrefix(kind, "application/xhtml"):
			rank = 3
		case kind == "":
			rank = 2
		}
		if abs := resolve(base, l.Href); abs != "" && rank > best {
			address, best = abs, rank
		}
	}
	return address, best == 3
}

func rel(links []*atom.Link, want string) string {
	for _, l := range links {
		if l.Rel == want {
			return l.Href
		}
	}
	return ""
}

// term is the word of a category: its term, or its label where the term is made for machines.
func term(c *atom.Category) string {
	if strings.HasSuffix(c.Scheme, "#kind") {
		return "" // Google's type of entry
	}
	t, l := strings.TrimSpace(c.Term), strings.TrimSpace(c.Label)
	switch {
	case t != "" && !opaque(t):
		return t
	case l != "":
		return l
	case isURL(t):
		if i := strings.LastIndexAny(strings.TrimRight(t, "/#"), "/#"); i > 8 {
			if word, err := url.PathUnescape(strings.TrimRight(t, "/#")[i+1:]); err == nil {
				return word
			}
		}
	}
	return t
}

func atomPersons(base *url.URL, people []*atom.Person) (list []feeds.Person) {
	for _, a := range people {
		p := feeds.Person{Name: plainText(a.Name), Email: strings.TrimSpace(a.Email), URL: resolve(base, a.URI)}
		if p.Email == "" && p.URL == "" {
			p = person(p.Name)
		}
		list = addPerson(list, p)
	}
	return list
}

// atomOrigin is the feed an entry was copied from (RFC 4287 §4.2.11), else this one.
func (p *parser) atomOrigin(base *url.URL, s *atom.Source) *feeds.Origin {
	o := p.origin
	if s != nil && (s.ID != "" || s.Title != "") {
		home, _ := alternate(base, s.Links)
		o = feeds.Origin{ID: s.ID, Title: maybePlain(s.Title), Home: home, URL: public(resolve(base, rel(s.Links, "self")))}
	}
	return &o
}

package webfeed

import (
	"net/url"
	"strings"

	"github.com/mmcdole/gofeed/atom"

	"feedmill/feeds"
	"feedmill/sources"
)

// atom maps Atom 0.3 and 1.0 (RFC 4287).
func (p *parser) atom(f *atom.Feed, o *outline) {
	d := p.doc
	d.Format = strings.TrimSpace("Atom " + f.Version)
	tag := language(o.lang, f.Language, value(f.Extensions, "dc", "language"))
	p.podcast = o.podcast
	p.rebase(o.bases)
	home := alternate(p.base, f.Links, tag)
	p.settle(home, o.bases)
	p.origin = feeds.Origin{ID: first(o.id, f.ID), Title: maybePlain(given(f.Title, o.title)), Home: home, URL: p.self(rel(f.Links, "self"))}
	d.Hub, d.Topic = resolve(p.base, rel(f.Links, "hub")), resolve(p.base, rel(f.Links, "self"))
	d.About = feeds.About{
		Title: p.origin.Title, Description: maybePlain(given(f.Subtitle, o.subtitle)), URL: home, Language: tag,
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
		updated[i] = first(a.Updated, value(a.Extensions, "dcterms", "modified"))
		published[i] = first(a.Published, spots[i].created, value(a.Extensions, "dcterms", "issued"), value(a.Extensions, "dcterms", "created"),
			value(a.Extensions, "dcterms", "date"), value(a.Extensions, "dc", "date"))
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
	a.Summary = sp.long.summary.or(a.Summary)
	if a.Content != nil {
		a.Content.Value = sp.long.content.or(a.Content.Value)
	}
	e := &entry{id: strings.TrimSpace(first(sp.id, a.ID)), revisions: true}
	base := p.home
	if sp.base != "" {
		base = under(p.base, sp.base)
	}
	for i, l := range a.Links {
		if b := sp.links[i]; b != "" {
			l.Href = first(resolve(under(base, b), l.Href), l.Href)
		}
	}
	tag := language(sp.lang, sp.content.lang, value(a.Extensions, "dc", "language"), p.doc.About.Language)
	link := alternate(base, a.Links, tag)
	if orig := resolve(base, value(a.Extensions, "feedburner", "origLink")); orig != "" {
		link = orig
	}
	e.base = str(under(base, sp.inner))

	title, summary, content := given(a.Title, sp.title), given(a.Summary, sp.summary), ""
	if a.Content != nil {
		content = p.atomContent(e, base, a.Content, sp, &link)
	}
	content = first(content, value(a.Extensions, "content", "encoded"))
	if link == "" && isURL(e.id) {
		link = e.id
	}
	e.item = feeds.Item{
		URL: link, Title: atomLine(title, sp.title.kind), Content: content,
		Published: p.dates.Parse(published), Updated: p.dates.Parse(updated), Enclosures: e.item.Enclosures, Language: tag,
	}
	if e.item.Title == "" {
		e.item.Title = maybePlain(first(mediaValue(a.Extensions, "title"), value(a.Extensions, "dc", "title")))
	}
	e.note(first(published, updated), firstDate(e.item.Published, e.item.Updated))
	p.dated(e, published, "published", updated, "updated")
	switch {
	case content != "":
		if a.Content == nil || strings.TrimSpace(summary) != strings.TrimSpace(a.Content.Value) {
			e.item.Summary = atomLine(summary, sp.summary.kind)
		}
	case isMarkup(summary, sp.summary.kind):
		e.item.Content = summary // the only text there is, with its links and pictures
	case strings.TrimSpace(summary) != "":
		e.item.Summary = atomLine(summary, sp.summary.kind)
	default:
		e.item.Content = eitherHTML(first(mediaValue(a.Extensions, "description"), value(a.Extensions, "dc", "description"), value(a.Extensions, "itunes", "summary")))
	}

	e.item.Authors = atomPersons(base, a.Authors)
	if len(e.item.Authors) == 0 {
		e.item.Authors = persons(append(values(a.Extensions, "dc", "creator"), value(a.Extensions, "itunes", "author"))...)
	}
	if len(e.item.Authors) == 0 && a.Source != nil {
		e.item.Authors = atomPersons(base, a.Source.Authors)
	}
	if len(e.item.Authors) == 0 {
		e.item.Authors = append(e.item.Authors, authors...) // RFC 4287 §4.2.1: the feed's count for entries without
	}
	if len(e.item.Authors) == 0 {
		e.item.Authors = atomPersons(base, a.Contributors)
	}
	for _, c := range a.Categories {
		e.label(c.Scheme, term(c))
	}
	e.extensionLabels(a.Extensions)
	for _, l := range a.Links {
		if l.Rel == "enclosure" {
			e.enclose(base, feeds.Enclosure{
				URL: l.Href, Type: l.Type, Title: oneLine(l.Title), Length: length(l.Length), Language: language(l.Hreflang),
			})
		}
		if l.Rel == "via" && e.item.Original == "" && (l.Type == "" || strings.Contains(l.Type, "html")) {
			if via := resolve(base, l.Href); via != link {
				e.item.Original = via
			}
		}
	}
	e.media(base, a.Extensions)
	e.episode(base, a.Extensions, p.podcast)
	e.item.Origin = p.atomOrigin(base, a.Source)
	p.state(e, title, content, summary, published, updated)
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
	kind = first(sp.content.kind, kind)
	text := given(c.Value, sp.content)
	if sp.content.text != nil && !isMarkup(text, kind) && !strings.HasPrefix(kind, "text") {
		kind = "" // what was in base64 is looked at
	}
	switch {
	case isMarkup(text, kind):
		return text
	case strings.HasPrefix(kind, "image/"), strings.HasPrefix(kind, "audio/"), strings.HasPrefix(kind, "video/"), strings.ContainsAny(text, "\x00\ufffd"):
		return "" // pictures and the like inside of the document cannot be shown
	}
	return sources.Paragraphs(text)
}

// given is the text of a construct: as the outline read it where the parser cannot.
func given(parsed string, c construct) string {
	if c.text != nil {
		return *c.text
	}
	return parsed
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
// any; of equals the one in the language of the text, then one that names no language.
func alternate(base *url.URL, links []*atom.Link, tag string) (address string) {
	best := 0
	for _, l := range links {
		rel := strings.ToLower(strings.TrimSpace(l.Rel))
		if rel != "alternate" && !strings.HasSuffix(rel, "/alternate") {
			continue
		}
		rank := 3
		switch kind := strings.ToLower(l.Type); {
		case strings.HasPrefix(kind, "text/html"), strings.HasPrefix(kind, "application/xhtml"):
			rank = 9
		case kind == "":
			rank = 6
		}
		switch other := language(l.Hreflang); {
		case other == "":
			rank++
		case tag != "" && primary(other) == primary(tag):
			rank += 2
		}
		if abs := resolve(base, l.Href); abs != "" && rank > best {
			address, best = abs, rank
		}
	}
	return address
}

func rel(links []*atom.Link, want string) string {
	for _, l := range links {
		if l.Rel == want {
			return l.Href
		}
	}
	return ""
}

// term is the word of a category: its term, or its label where that is the same word as people write it ("Sea ports"
// for sea-ports), or where the term is made for machines.
func term(c *atom.Category) string {
	t, l := strings.TrimSpace(c.Term), strings.TrimSpace(c.Label)
	switch {
	case t != "" && !opaque(t):
		if l != "" && letters(l) == letters(t) {
			return l
		}
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
		list = addPerson(list, atomPerson(base, a.Name, a.Email, a.URI))
	}
	return list
}

// atomOrigin is the feed an entry was copied from (RFC 4287 §4.2.11), else this one.
func (p *parser) atomOrigin(base *url.URL, s *atom.Source) *feeds.Origin {
	o := p.origin
	if s != nil && (s.ID != "" || s.Title != "") {
		o = feeds.Origin{ID: s.ID, Title: maybePlain(s.Title), Home: alternate(base, s.Links, ""), URL: public(resolve(base, rel(s.Links, "self")))}
	}
	return &o
}

package webfeed

import (
	"net/url"
	"strings"

	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/rss"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/fetch"
)

// rss maps RSS 0.9x, 1.0 and 2.0.
func (p *parser) rss(f *rss.Feed, o *outline) {
	d, x := p.doc, f.Extensions
	d.Format = strings.TrimSpace("RSS " + f.Version)
	p.podcast = o.podcast
	p.rebase(o.bases)
	home := firstLink(p.base, f.Links, nil, x)
	p.settle(home, o.bases)
	p.origin = feeds.Origin{Title: maybePlain(first(f.Title, value(x, "dc", "title"), value(x, "itunes", "title"))), Home: home, URL: p.self(linkExt(x, "self"))}
	d.Hub, d.Topic = resolve(p.base, linkExt(x, "hub")), resolve(p.base, linkExt(x, "self"))
	d.About = feeds.About{
		Title: p.origin.Title, URL: home,
		Description: maybePlain(first(f.Description, value(x, "dc", "description"), value(x, "itunes", "summary"), value(x, "itunes", "subtitle"))),
		Language:    language(f.Language, value(x, "dc", "language"), o.lang),
	}
	if ps := persons(f.ManagingEditor, value(x, "itunes", "author"), value(x, "dc", "creator"), value(x, "dc", "publisher")); len(ps) > 0 {
		d.About.Author = ps[0]
	}
	p.dates.Language = d.About.Language
	d.Pause = pause(f.TTL, x)
	d.skip = newSkip(f.SkipHours, f.SkipDays)

	spots := o.spots
	if len(spots) != len(f.Items) {
		spots = make([]spot, len(f.Items)) // the outline saw another document than the parser: do without it
	}
	builds := []string{f.LastBuildDate, f.PubDate, value(x, "dc", "date")}
	published, from := make([]string, len(f.Items)), make([]string, len(f.Items))
	for i, it := range f.Items {
		published[i], from[i] = p.rssDate(it)
	}
	if buildTime(published, builds) {
		published = make([]string, len(published))
	}
	for i, it := range f.Items {
		d.entries = append(d.entries, p.rssItem(it, spots[i], published[i], from[i]))
	}
}

func (p *parser) rssItem(it *rss.Item, sp spot, date, from string) *entry {
	it.Description, it.Content = sp.long.description.or(it.Description), sp.long.encoded.or(it.Content)
	x := it.Extensions
	e := &entry{id: strings.TrimSpace(first(sp.about, value(x, "atom", "id")))}
	permalink := false
	if it.GUID != nil && strings.TrimSpace(it.GUID.Value) != "" {
		e.id = strings.TrimSpace(it.GUID.Value)
		permalink = !no[strings.ToLower(strings.TrimSpace(it.GUID.IsPermalink))]
	}
	base := p.home
	if sp.base != "" {
		base = under(p.base, sp.base)
	}
	e.base = str(under(base, sp.inner))

	link := firstLink(base, it.Links, sp.links, x)
	if orig := resolve(base, value(x, "feedburner", "origLink")); orig != "" {
		link = orig // the link itself is a counting redirect
	}
	if link == "" && permalink && isURL(e.id) {
		link = e.id
	}
	if link == "" && isURL(sp.about) {
		link = sp.about
	}
	title := first(it.Title, value(x, "dc", "title"), value(x, "media", "title"), value(x, "itunes", "title"), mediaValue(x, "title"))
	content, summary := rssText(it, sp)

	updated := first(value(x, "dcterms", "modified"), value(x, "atom", "updated"), custom(it, "updated", "modified"), anywhere(x, "modified", "updated"))
	e.item = feeds.Item{
		URL: link, Title: maybePlain(title), Content: content, Summary: plainText(summary),
		Published: p.dates.Parse(date), Updated: p.dates.Parse(updated),
		Language: language(value(x, "dc", "language"), sp.lang, custom(it, "language"), p.doc.About.Language),
	}
	e.note(first(date, updated), firstDate(e.item.Published, e.item.Updated))
	p.dated(e, date, from, updated, "modified")
	e.item.Authors = rssAuthors(base, it, sp)
	e.rssLabels(it, sp)
	for _, f := range it.Enclosures {
		e.enclose(base, feeds.Enclosure{URL: f.URL, Type: f.Type, Length: length(f.Length)})
	}
	e.media(base, x)
	e.episode(base, x, p.podcast)
	if e.item.Image == "" {
		image := custom(it, "image")
		if strings.Contains(image, "<") {
			image = inElement(image, "url")
		}
		e.item.Image = resolve(base, image)
	}
	e.item.Origin = p.itemOrigin(base, it.Source)
	p.state(e, title, content, summary, date, updated)
	return e
}

// no are the ways to say that a guid is no permalink.
var no = map[string]bool{"false": true, "no": true, "0": true}

// rssText picks the text of an item. The only text there is is its content; a description beside a full text is its
// summary. Of several descriptions the longest is the text and the first of the others the summary.
func rssText(it *rss.Item, sp spot) (content, summary string) {
	x := it.Extensions
	description := first(it.Description, value(x, "dc", "description"), value(x, "dcterms", "abstract"))
	full := first(it.Content, sp.xhtml, value(x, "xhtml", "body"), custom(it, "body", "fullitem", "encoded", "full-text", "fulltext", "content"),
		value(x, "yandex", "full-text"), value(x, "turbo", "content"), value(x, "atom", "content"))
	if len(sp.descriptions) > 1 {
		longest := sp.descriptions[0]
		for _, d := range sp.descriptions {
			if len(d) > len(longest) {
				longest = d
			}
		}
		description = ""
		for _, d := range sp.descriptions {
			if d != longest {
				description = first(description, d)
			}
		}
		if full == "" {
			full = longest
		} else {
			description = first(description, longest)
		}
	}
	if full == "" {
		return eitherHTML(first(description, mediaValue(x, "description"), value(x, "itunes", "summary"), custom(it, "summary", "excerpt"), value(x, "atom", "summary"),
			value(x, "excerpt", "encoded"), value(x, "itunes", "subtitle"))), ""
	}
	summary = first(description, custom(it, "summary"), value(x, "excerpt", "encoded"), value(x, "itunes", "summary"), value(x, "itunes", "subtitle"))
	if strings.TrimSpace(summary) == strings.TrimSpace(full) {
		summary = ""
	}
	return eitherHTML(full), summary
}

// eitherHTML is a text as HTML that may be plain or HTML.
func eitherHTML(s string) string {
	if looksHTML(s) {
		return s
	}
	return sources.Paragraphs(s)
}

// rssDate is the date of publication as it is stated, the first that can be read, else the first; and its element.
func (p *parser) rssDate(it *rss.Item) (stated, element string) {
	x := it.Extensions
	for _, d := range [...]struct{ text, element string }{
		{it.PubDate, "pubDate"},
		{value(x, "dc", "date"), "dc:date"},
		{value(x, "dcterms", "issued"), "dcterms:issued"},
		{value(x, "dcterms", "created"), "dcterms:created"},
		{value(x, "dcterms", "date"), "dcterms:date"},
		{value(x, "atom", "published"), "atom:published"},
		{value(x, "prism", "publicationDate"), "prism:publicationDate"},
		{custom(it, "date", "published", "issued", "created", "publishdate", "datetime"), "element unknown to RSS"},
		{anywhere(x, "pubdate", "published", "date", "issued", "created"), "element of another namespace"},
	} {
		if !p.dates.Parse(d.text).IsZero() {
			return d.text, d.element
		}
		if stated = first(stated, d.text); element == "" {
			element = d.element
		}
	}
	return stated, element
}

// dated notes where the dates of an entry are from. One that only tells of its update is published by that.
func (p *parser) dated(e *entry, published, from, updated, fromUpdated string) {
	it := &e.item
	note := func(what, date, element string) {
		if p.dates.Zoneless(date) {
			element += feeds.NoZone
		}
		it.Because(what, element)
	}
	switch {
	case !it.Published.IsZero():
		note("date", published, from)
	case !it.Updated.IsZero():
		it.Published, e.onlyUpdated = it.Updated, true
		note("date", updated, fromUpdated)
	}
	if it.Updated.After(it.Published) {
		note("updated", updated, fromUpdated)
	}
}

// custom is the text of the first element without a namespace of one of the names, which RSS does not know.
func custom(it *rss.Item, names ...string) string {
	for _, name := range names {
		for k, v := range it.Custom {
			if strings.EqualFold(k, name) && strings.TrimSpace(v) != "" {
				return v
			}
		}
	}
	return ""
}

// anywhere is the text of the first extension element of one of the names, whatever its namespace.
func anywhere(x ext.Extensions, names ...string) string {
	for _, name := range names {
		found := ""
		for prefix, elements := range x {
			if known[prefix] {
				continue
			}
			for local, list := range elements {
				if strings.EqualFold(local, name) {
					for _, e := range list {
						found = max(found, strings.TrimSpace(e.Value)) // maps have no order
					}
				}
			}
		}
		if found != "" {
			return found
		}
	}
	return ""
}

// known are the namespaces whose dates are understood or are about something else than the item.
var known = map[string]bool{
	"dc": true, "dcterms": true, "atom": true, "itunes": true, "media": true, "prism": true, "geo": true, "ev": true, "thr": true, "sy": true, "content": true,
	"slash": true, "feedburner": true, "wfw": true, "trackback": true, "cc": true,
}

// itemOrigin is the feed that an item says it comes from, else this one.
func (p *parser) itemOrigin(base *url.URL, s *rss.Source) *feeds.Origin {
	o := p.origin
	if s != nil && (strings.TrimSpace(s.Title) != "" || s.URL != "") {
		o = feeds.Origin{Title: maybePlain(s.Title), URL: public(resolve(base, s.URL))}
	}
	return &o
}

// firstLink is the first http address among the links of a channel or item, atom:link rel=alternate included. bases are
// the bases of links that have one of their own.
func firstLink(base *url.URL, links []string, bases map[int]string, e ext.Extensions) string {
	for i, l := range links {
		b := base
		if bases[i] != "" {
			b = under(base, bases[i])
		}
		if abs := resolve(b, l); abs != "" {
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

func str(u *url.URL) string {
	if u.Host == "" {
		return ""
	}
	return u.String()
}

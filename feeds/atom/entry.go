package atom

import (
	"cmp"
	"slices"

	gorilla "github.com/gorilla/feeds"

	"feedmill/feeds"
	"feedmill/feeds/internal/document"
)

// entry puts its own fields around the library's, from which come id, updated and published.
type entry struct {
	Lang  string `xml:"xml:lang,attr,omitempty"`
	Title *text  `xml:"title"`
	*gorilla.AtomEntry
	Links      []link                  `xml:"link"`
	Authors    []author                `xml:"author"`
	Categories []category              `xml:"category"`
	Source     *source                 `xml:"source"`
	Media      []document.MediaContent `xml:"media:content"`
	Thumbnail  *document.Thumbnail     `xml:"media:thumbnail"`
	*document.Podcast
	Summary *text `xml:"summary"`
	Content *text `xml:"content"`
}

// author is the library's person under an element name of its own, so that an entry can have several.
type author struct{ gorilla.AtomPerson }

// category is a label: the term machines compare, the label people read, and the vocabulary it belongs to (RFC 4287
// §4.2.2).
type category struct {
	Term   string `xml:"term,attr"`
	Scheme string `xml:"scheme,attr,omitempty"`
	Label  string `xml:"label,attr"`
}

// source is the feed that an entry was copied from (RFC 4287 §4.2.11).
type source struct {
	ID      string `xml:"id"`
	Title   *text  `xml:"title"`
	Updated string `xml:"updated"`
	Links   []link `xml:"link"`
}

func fill(x *entry, lib *gorilla.AtomEntry, d *document.Document, e *document.Entry, updated string) {
	x.AtomEntry = lib
	// The entry's own take their place; the library's links would be written beside them.
	lib.Links, lib.Content = nil, nil
	lib.Id, lib.Updated = e.IRI, updated
	lib.Published = ""
	if !e.Published.IsZero() {
		lib.Published = e.Published.Format(layout)
	}
	if e.Language != d.Language {
		x.Lang = e.Language
	}
	x.Title = plain(e.Heading)
	x.Links = links(e)
	for _, p := range e.Authors {
		x.Authors = append(x.Authors, author{person(p)})
	}
	x.Categories = categories(d, e)
	x.Source = newSource(e, updated)
	for i, f := range e.Enclosures {
		if e.NeedsMedia(i) { // a link has no place for it
			x.Media = append(x.Media, document.Media(f))
		}
	}
	x.Thumbnail = e.Picture()
	x.Podcast = document.NewPodcast(e)

	x.Summary = plain(e.Summary)
	if e.Content != "" {
		x.Content = &text{Type: "html", Body: document.Escaped(e.Content)}
	} else if e.Link == "" { // an entry without an alternate link has content (RFC 4287 §4.1.2)
		x.Content = plain(e.Gist)
	}
	// An entry says something in words (RFC 4287 §4.1.2), even when its content is a picture.
	if x.Summary == nil && (x.Content == nil || e.Wordless) {
		x.Summary = plain(e.Gist)
	}
}

func links(e *document.Entry) []link {
	var out []link
	if e.Link != "" {
		out = append(out, link{Href: e.Link, Rel: "alternate", Type: "text/html"})
	}
	if e.Original != "" && e.Original != e.Link {
		out = append(out, link{Href: e.Original, Rel: "via", Type: "text/html"})
	}
	for _, c := range e.Also {
		if c.URL != e.Link && c.URL != e.Original { // RFC 4287 §4.2.7.2: a resource that the entry is related to
			out = append(out, link{Href: c.URL, Rel: "related", Type: "text/html", Title: c.Source})
		}
	}
	for _, f := range e.Enclosures {
		l := link{Href: f.URL, Rel: "enclosure", Type: f.Type, Title: f.Title, Language: f.Language}
		if f.Length > 0 {
			l.Length = document.Length(f.Length)
		}
		out = append(out, l)
	}
	return out
}

func categories(d *document.Document, e *document.Entry) []category {
	out := make([]category, 0, len(e.Categories)+len(e.Tags))
	add := func(scheme string, labels []string) {
		for _, l := range labels {
			c := category{Term: cmp.Or(feeds.Fold(l), l), Scheme: scheme, Label: l}
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	add(d.CategoryScheme, e.Categories)
	add(d.TagScheme, e.Tags)
	return out
}

// newSource names the feed that an entry was copied from. The entry's own date stands for the feed's, which is not
// known: the feed was at least as new.
func newSource(e *document.Entry, updated string) *source {
	o := e.Origin
	if o == nil {
		return nil
	}
	id := o.ID
	if !document.IsIRI(id) {
		id = cmp.Or(o.URL, o.Home, document.URN(e.Source, o.Title))
	}
	s := &source{ID: id, Title: plain(cmp.Or(o.Title, e.Source, id)), Updated: updated}
	if o.URL != "" {
		s.Links = append(s.Links, link{Href: o.URL, Rel: "self"})
	}
	if o.Home != "" {
		s.Links = append(s.Links, link{Href: o.Home, Rel: "alternate", Type: "text/html"})
	}
	return s
}

package atom

import (
	"slices"
	"time"

	gorilla "github.com/gorilla/feeds"

	"feedmill/feeds"
	"feedmill/feeds/internal/document"
)

// feed puts its own fields around the library's, from which come id, updated, logo and author.
type feed struct {
	// NS stands first: some readers know Atom by the first words of the document.
	NS        string `xml:"xmlns,attr"`
	NSMedia   string `xml:"xmlns:media,attr,omitempty"`
	NSITunes  string `xml:"xmlns:itunes,attr,omitempty"`
	NSPodcast string `xml:"xmlns:podcast,attr,omitempty"`
	NSHistory string `xml:"xmlns:fh,attr,omitempty"`
	Lang      string `xml:"xml:lang,attr,omitempty"`
	Title     *text  `xml:"title"`
	*gorilla.AtomFeed
	Subtitle  *text          `xml:"subtitle"`
	Rights    *text          `xml:"rights"`
	Links     []link         `xml:"link"`
	Complete  *document.Flag `xml:"fh:complete"`
	Archive   *document.Flag `xml:"fh:archive"`
	Generator *generator     `xml:"generator"`
	*document.Show
	Entries []entry `xml:"entry"`
}

// FeedXml takes the place of the embedded feed's, which would return that one.
func (f *feed) FeedXml() any { return f }

// text is a text construct (RFC 4287 §3.1).
type text struct {
	Type string `xml:"type,attr"`
	Body string `xml:",innerxml"`
}

// plain is a construct of plain text; nil for an empty one.
func plain(s string) *text {
	if s == "" {
		return nil
	}
	return &text{Type: "text", Body: document.Escaped(s)}
}

// link has the title and the language that the library's lacks (RFC 4287 §4.2.7).
type link struct {
	Href     string `xml:"href,attr"`
	Rel      string `xml:"rel,attr"`
	Type     string `xml:"type,attr,omitempty"`
	Language string `xml:"hreflang,attr,omitempty"`
	Title    string `xml:"title,attr,omitempty"`
	Length   string `xml:"length,attr,omitempty"`
}

// generator is the program that wrote the feed (RFC 4287 §4.2.4).
type generator struct {
	URI     string `xml:"uri,attr,omitempty"`
	Version string `xml:"version,attr,omitempty"`
	Name    string `xml:",innerxml"`
}

func newFeed(d *document.Document) *feed {
	lib := (&gorilla.Atom{Feed: d.Library()}).AtomFeed()
	f := &feed{
		AtomFeed: lib,
		NS:       document.NSAtom,
		Lang:     d.Language,
		Title:    plain(d.Title),
		Subtitle: plain(d.Description),
		Rights:   plain(d.Rights),
		Entries:  make([]entry, len(d.Entries)),
	}
	lib.Id = d.ID
	lib.Link = nil
	lib.Logo, lib.Icon = d.Image, d.Icon
	// An entry without an author has the feed's, and there must be one (RFC 4287 §4.1.1): who publishes the feed.
	author := d.Author
	if author.Name == "" {
		author = feeds.Person{Name: d.Title}
	}
	lib.Author = &gorilla.AtomAuthor{AtomPerson: person(author)}
	if d.Self != "" {
		f.Links = append(f.Links, link{Href: d.Self, Rel: "self", Type: mediaType})
	}
	if d.Home != "" {
		f.Links = append(f.Links, link{Href: d.Home, Rel: "alternate", Type: "text/html"})
	}
	for _, h := range d.Hubs {
		f.Links = append(f.Links, link{Href: h, Rel: "hub"})
	}
	history := d.History()
	f.NSHistory, f.Complete, f.Archive = history.NS, history.Complete, history.Archive
	for _, l := range history.Links {
		f.Links = append(f.Links, link{Href: l.Href, Rel: l.Rel, Type: mediaType})
	}
	if g := d.Generator; g.Name != "" {
		f.Generator = &generator{URI: g.URL, Version: g.Version, Name: document.Escaped(g.Name)}
	}

	updated := stamps(d)
	episodes := make([]*document.Podcast, len(lib.Entries))
	for i, it := range lib.Entries {
		x := &f.Entries[i]
		fill(x, it, d, &d.Entries[i], updated[i].Format(layout))
		if len(x.Media) > 0 || x.Thumbnail != nil {
			f.NSMedia = document.NSMedia
		}
		episodes[i] = x.Podcast
	}
	f.NSITunes, f.NSPodcast, f.Show = d.Podcast(episodes)
	// A change of the feed is a change of an entry: the date of the newest is the feed's.
	latest := stamp(d.Updated)
	if len(updated) > 0 {
		latest = slices.MaxFunc(updated, time.Time.Compare)
	}
	lib.Updated = latest.Format(layout)
	// The feed's own entries take their place.
	lib.Entries = nil
	return f
}

func person(p feeds.Person) gorilla.AtomPerson {
	return gorilla.AtomPerson{Name: p.Name, Uri: p.URL, Email: p.Email}
}

package rss

import (
	"cmp"
	"encoding/xml"
	"slices"
	"strings"

	gorilla "github.com/gorilla/feeds"

	"feedmill/feeds"
	"feedmill/feeds/internal/document"
)

// root is the rss element. All namespaces are declared here (RSS profile, "Namespace elements").
type root struct {
	XMLName   xml.Name `xml:"rss"`
	Version   string   `xml:"version,attr"`
	NSAtom    string   `xml:"xmlns:atom,attr,omitempty"`
	NSContent string   `xml:"xmlns:content,attr,omitempty"`
	NSDC      string   `xml:"xmlns:dc,attr,omitempty"`
	NSMedia   string   `xml:"xmlns:media,attr,omitempty"`
	NSITunes  string   `xml:"xmlns:itunes,attr,omitempty"`
	NSPodcast string   `xml:"xmlns:podcast,attr,omitempty"`
	NSHistory string   `xml:"xmlns:fh,attr,omitempty"`
	Channel   *channel
}

// FeedXml makes root a feed that the library writes as it is.
func (r *root) FeedXml() any { return r }

// channel puts its own fields around the library's; items come last, as the profile wants.
type channel struct {
	Title       *document.Text `xml:"title"`
	Link        string         `xml:"link"`
	Description *document.Text `xml:"description"`
	Atom        []atomLink     `xml:"atom:link"`
	Complete    *document.Flag `xml:"fh:complete"`
	Archive     *document.Flag `xml:"fh:archive"`
	Copyright   *document.Text `xml:"copyright"`
	Creator     *document.Text `xml:"dc:creator"`
	*gorilla.RssFeed
	Generator *document.Text `xml:"generator"`
	Image     *image         `xml:"image"`
	*document.Show
	Items []item `xml:"item"`
}

// atomLink says where the channel itself is, and who tells of its changes (RSS profile, atom:link; WebSub §4).
type atomLink struct {
	Href string `xml:"href,attr"`
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
}

// image repeats title and link of the channel, as the specification wants.
type image struct {
	URL   string         `xml:"url"`
	Title *document.Text `xml:"title"`
	Link  string         `xml:"link"`
}

func newRoot(d *document.Document) *root {
	lib := (&gorilla.Rss{Feed: d.Library()}).RssFeed()
	c := &channel{
		RssFeed:     lib,
		Title:       document.PlainText(d.Title),
		Link:        lib.Link,
		Description: document.PlainText(cmp.Or(d.Description, d.Title)),
		Copyright:   document.PlainText(d.Rights),
		Generator:   document.PlainText(generator(d.Generator)),
		Image:       newImage(d),
		Items:       make([]item, len(d.Entries)),
	}
	if d.Self != "" {
		c.Atom = append(c.Atom, atomLink{Href: d.Self, Rel: "self", Type: mediaType})
	}
	for _, h := range d.Hubs {
		c.Atom = append(c.Atom, atomLink{Href: h, Rel: "hub"})
	}
	history := d.History()
	c.Complete, c.Archive = history.Complete, history.Archive
	for _, l := range history.Links {
		c.Atom = append(c.Atom, atomLink{Href: l.Href, Rel: l.Rel, Type: mediaType})
	}
	if editor := address(d.Author); editor != "" {
		lib.ManagingEditor = editor
	} else {
		c.Creator = document.PlainText(d.Author.Name)
	}
	lib.Language = d.Language
	lib.LastBuildDate = date(d.Updated)
	lib.PubDate = ""
	lib.Ttl = document.Minutes(d.TTL)

	for i, it := range lib.Items {
		fill(&c.Items[i], it, d, &d.Entries[i])
	}
	// The channel's own items take their place.
	lib.Items = nil
	r := &root{Version: "2.0", NSHistory: history.NS, Channel: c}
	r.declare(d)
	return r
}

// declare declares the namespaces of the elements that there are.
func (r *root) declare(d *document.Document) {
	c := r.Channel
	if len(c.Atom) > 0 {
		r.NSAtom = document.NSAtom
	}
	if c.Creator != nil {
		r.NSDC = document.NSDC
	}
	episodes := make([]*document.Podcast, len(c.Items))
	for i := range c.Items {
		it := &c.Items[i]
		if it.Content != nil {
			r.NSContent = document.NSContent
		}
		if len(it.Creators) > 0 || it.Derived != nil || it.Language != "" {
			r.NSDC = document.NSDC
		}
		if len(it.Media) > 0 || it.Thumbnail != nil {
			r.NSMedia = document.NSMedia
		}
		episodes[i] = it.Podcast
	}
	r.NSITunes, r.NSPodcast, c.Show = d.Podcast(episodes)
}

func generator(g feeds.Generator) string {
	words := []string{g.Name, g.Version}
	if g.URL != "" {
		words = append(words, "("+g.URL+")")
	}
	return strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), " ")
}

// newImage is the channel's picture, else its icon. The specification knows GIF, JPEG and PNG; an address that plainly says
// something else is left out.
func newImage(d *document.Document) *image {
	for _, address := range []string{d.Image, d.Icon} {
		switch document.Ending(address) {
		case ".svg", ".webp", ".avif", ".ico", ".bmp", ".tif", ".tiff":
			continue
		}
		if address != "" {
			return &image{URL: address, Title: document.PlainText(d.Title), Link: d.Page}
		}
	}
	return nil
}

// address is a person as RSS names one, "e-mail (name)"; empty when there is no e-mail address, or when the name has
// brackets of its own.
func address(p feeds.Person) string {
	switch {
	case p.Email == "" || strings.ContainsAny(p.Name, "()"):
		return ""
	case p.Name == p.Email:
		return p.Email
	}
	return p.Email + " (" + p.Name + ")"
}

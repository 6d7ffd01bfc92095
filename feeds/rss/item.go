package rss

import (
	"cmp"
	"slices"

	gorilla "github.com/gorilla/feeds"

	"feedmill/feeds"
	"feedmill/feeds/internal/document"
)

// item puts its own fields around the library's, from which come content:encoded, author, guid and pubDate. The
// description stands before content:encoded: readers take the later of the two for the full text.
type item struct {
	Title       *document.Text `xml:"title"`
	Link        string         `xml:"link,omitempty"`
	Description *document.Text `xml:"description"`
	*gorilla.RssItem
	Creators   []document.Text         `xml:"dc:creator"`
	Categories []category              `xml:"category"`
	Derived    *document.Text          `xml:"dc:source"`
	Source     *source                 `xml:"source"`
	Language   string                  `xml:"dc:language,omitempty"`
	Media      []document.MediaContent `xml:"media:content"`
	Thumbnail  *document.Thumbnail     `xml:"media:thumbnail"`
	*document.Podcast
}

// category is a label; the domain tells categories from tags.
type category struct {
	Domain string `xml:"domain,attr,omitempty"`
	Label  string `xml:",innerxml"`
}

// source is the feed that an item was copied from.
type source struct {
	URL   string `xml:"url,attr"`
	Title string `xml:",innerxml"`
}

func fill(it *item, lib *gorilla.RssItem, d *document.Document, e *document.Entry) {
	it.RssItem = lib
	it.Title = document.PlainText(e.Title)
	it.Link = lib.Link
	it.Description = description(e)
	if it.Title == nil && it.Description == nil {
		it.Title = document.PlainText(e.Heading)
	}
	lib.Guid.IsPermaLink = "false"
	if e.GUID == e.URL {
		lib.Guid.IsPermaLink = "true"
	}
	lib.PubDate = date(e.Published)

	// author is for an e-mail address, dc:creator for names, and a reader that finds both shows two authors.
	if len(e.Authors) == 1 && address(e.Authors[0]) != "" {
		lib.Author = address(e.Authors[0])
	} else {
		for _, p := range e.Authors {
			it.Creators = append(it.Creators, *document.PlainText(p.Name))
		}
	}
	it.Categories = categories(d, e)
	// The source element names a feed; the page that an item was copied from is what Dublin Core calls its source (DCMI
	// Metadata Terms, elements 1.1).
	if e.Original != e.Link {
		it.Derived = document.PlainText(e.Original)
	}
	if o := e.Origin; o != nil && o.URL != "" {
		it.Source = &source{URL: o.URL, Title: document.Hexed(cmp.Or(o.Title, e.Source, o.URL))}
	}
	if e.Language != d.Language {
		it.Language = e.Language
	}
	it.enclose(e)
	it.Thumbnail = e.Picture()
	it.Podcast = document.NewPodcast(e)
}

// description is the summary as HTML, which is what readers take it for: plain text is escaped once more. The profile
// wants one beside content:encoded, and RSS a title or a description in every item.
func description(e *document.Entry) *document.Text {
	if e.Summary == "" && e.Content == "" {
		return nil
	}
	return &document.Text{Body: document.Hexed(document.Escaped(e.Gist))}
}

func categories(d *document.Document, e *document.Entry) []category {
	out := make([]category, 0, len(e.Categories)+len(e.Tags))
	add := func(domain string, labels []string) {
		for _, l := range labels {
			c := category{Domain: domain, Label: document.Hexed(l)}
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	add(d.CategoryScheme, e.Categories)
	add(d.TagScheme, e.Tags)
	return out
}

// enclose writes the first file of a known type as the enclosure, of which an item has one, and the others as Media
// RSS. What an enclosure cannot say, such as a title, goes there as well.
func (it *item) enclose(e *document.Entry) {
	known := func(f feeds.Enclosure) bool { return f.Type != "" && f.Type != document.UnknownType }
	first := slices.IndexFunc(e.Enclosures, known)
	if first < 0 {
		first = slices.IndexFunc(e.Enclosures, func(f feeds.Enclosure) bool { return f.Type != "" })
	}
	for i, f := range e.Enclosures {
		if i == first {
			it.Enclosure = &gorilla.RssEnclosure{Url: f.URL, Length: document.Length(f.Length), Type: f.Type}
			if f.Title == "" && f.Language == "" && !e.NeedsMedia(i) {
				continue
			}
		}
		it.Media = append(it.Media, document.Media(f))
	}
}

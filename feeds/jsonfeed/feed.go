package jsonfeed

import (
	"cmp"
	"slices"
	"time"

	gorilla "github.com/gorilla/feeds"

	"feedmill/feeds"
	"feedmill/feeds/internal/document"
)

// feed is the library's with items that are there even when there are none.
type feed struct {
	*gorilla.JSONFeed
	Ours  *ours  `json:"_feedmill,omitempty"`
	Items []item `json:"items"`
}

// ours is our extension of the feed: with ?after=AFTER a program gets what came since.
type ours struct {
	After string `json:"after"`
}

// item is the library's with a language, and attachments under the names of the specification.
type item struct {
	*gorilla.JSONItem
	Language    string       `json:"language,omitempty"`
	Attachments []attachment `json:"attachments,omitempty"`
	Ours        *more        `json:"_feedmill,omitempty"`
}

// attachment does not embed the library's, whose marshaller would take the place of this structure's.
type attachment struct {
	URL      string  `json:"url"`
	MIMEType string  `json:"mime_type"`
	Title    string  `json:"title,omitempty"`
	Size     int64   `json:"size_in_bytes,omitempty"`
	Duration float64 `json:"duration_in_seconds,omitempty"`
	Ours     *file   `json:"_feedmill,omitempty"`
}

func newFeed(d *document.Document) *feed {
	lib := (&gorilla.JSON{Feed: d.Library()}).JSONFeed()
	f := &feed{JSONFeed: lib, Items: make([]item, len(d.Entries))}
	lib.HomePageUrl = d.Home
	lib.FeedUrl = d.Self
	lib.NextUrl = d.Next
	if after := document.Line(d.After); after != "" {
		f.Ours = &ours{after}
	}
	lib.Language = d.Language
	lib.Icon, lib.Favicon = d.Image, d.Icon
	if d.Author.Name != "" {
		lib.Authors = authors([]feeds.Person{d.Author})
	}
	for _, h := range d.Hubs {
		lib.Hubs = append(lib.Hubs, &gorilla.JSONHub{Type: "WebSub", Url: h})
	}
	for i, it := range lib.Items {
		fill(&f.Items[i], it, d, &d.Entries[i])
	}
	return f
}

func fill(x *item, lib *gorilla.JSONItem, d *document.Document, e *document.Entry) {
	x.JSONItem = lib
	lib.Id = e.ID
	lib.ExternalUrl = e.Original
	lib.Summary = e.Summary
	lib.Image = e.Image
	lib.Authors = authors(e.Authors)
	lib.Tags = tags(e)
	// An item has content, of the one kind or the other.
	if e.Content == "" {
		lib.ContentText = e.Gist
	}
	if e.Language != d.Language {
		x.Language = e.Language
	}
	for _, f := range e.Enclosures {
		x.Attachments = append(x.Attachments, attachment{
			URL: f.URL, MIMEType: cmp.Or(f.Type, document.UnknownType), Title: f.Title, Size: f.Length,
			Duration: f.Duration.Round(time.Millisecond).Seconds(), Ours: newFile(f),
		})
	}
	x.Ours = newMore(e)
}

func authors(list []feeds.Person) []*gorilla.JSONAuthor {
	var out []*gorilla.JSONAuthor
	for _, p := range list {
		out = append(out, &gorilla.JSONAuthor{Name: p.Name, Url: p.URL})
	}
	return out
}

// tags are categories and tags together: JSON Feed has only the one word for them.
func tags(e *document.Entry) []string {
	if len(e.Tags) == 0 {
		return e.Categories
	}
	out := slices.Clone(e.Categories)
	for _, t := range e.Tags {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

package document

import (
	gorilla "github.com/gorilla/feeds"
)

// Library is the document as the library's own feed, for its constructors to start from. It leaves out what the
// library would write wrongly: an item's author (a bare name where RSS wants an e-mail address), its source (without
// the address) and its enclosure, all of which the formats write themselves.
func (d *Document) Library() *gorilla.Feed {
	f := &gorilla.Feed{
		Id:          d.ID,
		Title:       d.Title,
		Description: d.Description,
		Link:        &gorilla.Link{Href: d.Page},
		Copyright:   d.Rights,
		Updated:     d.Updated,
		Items:       make([]*gorilla.Item, len(d.Entries)),
	}
	items := make([]gorilla.Item, len(d.Entries))
	for i := range d.Entries {
		e := &d.Entries[i]
		items[i] = gorilla.Item{
			Id:      e.GUID,
			Title:   e.Title,
			Content: e.Content,
			Created: e.Published,
			Updated: e.Updated,
		}
		if e.Link != "" {
			items[i].Link = &gorilla.Link{Href: e.Link}
		}
		f.Items[i] = &items[i]
	}
	return f
}

package webhook

import (
	"cmp"
	"slices"
	"time"

	"feedmill/feeds"
	"feedmill/feeds/push"
)

// maxBody is how much a message may have, in bytes: the specification advises to stay below 20 kB.
const maxBody = 20_000

type message struct {
	// Type is item.created, or item.updated for what was sent before.
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      *item     `json:"data"`
	// More stands for items that are not sent one by one, such as those of a flood.
	More *more `json:"more,omitempty"`
}

type more struct {
	Count int    `json:"count"`
	URL   string `json:"url,omitempty"`
}

// item is one of JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/#items-a-name-items-a), as our JSON Feeds have it.
type item struct {
	ID          string       `json:"id"`
	URL         string       `json:"url,omitempty"`
	External    string       `json:"external_url,omitempty"`
	Title       string       `json:"title,omitempty"`
	HTML        string       `json:"content_html,omitempty"`
	Text        string       `json:"content_text,omitempty"`
	Summary     string       `json:"summary,omitempty"`
	Image       string       `json:"image,omitempty"`
	Published   time.Time    `json:"date_published,omitzero"`
	Modified    time.Time    `json:"date_modified,omitzero"`
	Authors     []author     `json:"authors,omitempty"`
	Tags        []string     `json:"tags,omitempty"`
	Language    string       `json:"language,omitempty"`
	Attachments []attachment `json:"attachments,omitempty"`
	Ours        ours         `json:"_feedmill"`
}

type author struct {
	Name string `json:"name,omitempty"`
	URL  string `json:"url,omitempty"`
}

type attachment struct {
	URL  string `json:"url"`
	Type string `json:"mime_type"`
	// Size is in bytes, Duration in seconds.
	Size     int64   `json:"size_in_bytes,omitempty"`
	Duration float64 `json:"duration_in_seconds,omitempty"`
}

// ours is our extension.
type ours struct {
	// Source is the source's name, Categories those of the tags that are categories.
	Source     string   `json:"source,omitempty"`
	Categories []string `json:"categories,omitempty"`
	// Cut names what was left out or shortened so that the message is not too large: the item's page and our feeds have it.
	Cut []string `json:"cut,omitempty"`
}

// Render implements [push.Target]. A message is always one item: what reads it then knows one shape, and a repeat of one item.
func (t *target) Render(m *push.Message) (*push.Payload, error) {
	if len(m.Entries) == 0 {
		return nil, &push.Error{Class: push.BadPayload, Code: "empty", Reason: "the message has no entry"}
	}
	e := &m.Entries[0]
	msg := message{Type: "item.created", Timestamp: m.Time.UTC().Truncate(time.Second), Data: newItem(e)}
	if e.Edited {
		msg.Type = "item.updated"
	}
	if m.More > 0 {
		msg.More = &more{m.More, m.MoreURL}
	}
	x := msg.Data
	body, err := push.JSON(msg)
	drop := func(what string, empty bool, less func()) {
		if err == nil && len(body) > maxBody && !empty {
			less()
			x.Ours.Cut = append(x.Ours.Cut, what)
			body, err = push.JSON(msg)
		}
	}
	// cut shortens one field as far as it must be.
	cut := func(what string, s *string) {
		whole := *s
		drop(what, whole == "", func() {
			x.Ours.Cut = append(x.Ours.Cut, what)
			*s = push.Cut(whole, func(less string) bool {
				*s = less
				b, err := push.JSON(msg)
				return err == nil && len(b) <= maxBody
			})
			x.Ours.Cut = x.Ours.Cut[:len(x.Ours.Cut)-1]
		})
	}
	html := func() { x.HTML, x.Text = "", x.Summary }
	if m.Small {
		x.HTML, x.Text, x.Summary = "", cmp.Or(x.Title, push.Mark), ""
		x.Ours.Cut = []string{"content_html", "summary"}
		if body, err = push.JSON(msg); err != nil {
			return nil, err
		}
	} else {
		drop("content_html", x.HTML == "", html)
		// JSON Feed wants content; where that is the summary already, once is enough.
		if x.Text != "" && x.Text == x.Summary {
			drop("summary", false, func() { x.Summary = "" })
		}
		drop("attachments", len(x.Attachments) == 0, func() { x.Attachments = nil })
	}
	if cut("content_text", &x.Text); x.HTML == "" && x.Text == "" {
		x.Text = push.Mark // what follows makes room for it
	}
	cut("summary", &x.Summary)
	drop("tags", len(x.Tags) == 0, func() { x.Tags, x.Ours.Categories = nil, nil })
	drop("authors", len(x.Authors) == 0, func() { x.Authors = nil })
	drop("image", x.Image == "", func() { x.Image = "" })
	drop("external_url", x.External == "", func() { x.External = "" })
	cut("title", &x.Title)
	drop("url", x.URL == "", func() { x.URL = "" })
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxBody:
		return nil, &push.Error{Class: push.BadPayload, Code: "size", Reason: "not even the id of the item fits into 20 kB"}
	}
	return &push.Payload{Body: body, ContentType: "application/json", Entries: 1}, nil
}

func newItem(e *push.Entry) *item {
	it := e.Item
	if it == nil { // of a preview: what is shown is all there is
		it = &feeds.Item{ID: e.URL, URL: e.URL, Title: e.Title, Summary: e.Text}
	}
	x := &item{
		ID: it.ID, URL: it.URL, External: it.Original, Title: it.Title, HTML: it.Content, Summary: it.Summary, Image: it.Image,
		Published: it.Published, Language: it.Language, Ours: ours{Source: it.Source, Categories: it.Categories},
	}
	if x.HTML == "" {
		x.Text = cmp.Or(it.Summary, it.Title, push.Mark)
	}
	if it.Updated.After(it.Published) {
		x.Modified = it.Updated
	}
	for _, p := range it.Authors {
		x.Authors = append(x.Authors, author{p.Name, p.URL})
	}
	// JSON Feed has only the one word for categories and tags.
	x.Tags = slices.Clone(it.Categories)
	for _, tag := range it.Tags {
		if !slices.Contains(x.Tags, tag) {
			x.Tags = append(x.Tags, tag)
		}
	}
	for _, f := range it.Enclosures {
		a := attachment{URL: f.URL, Type: f.Type, Size: f.Length, Duration: f.Duration.Seconds()}
		if a.Type == "" {
			a.Type = "application/octet-stream"
		}
		x.Attachments = append(x.Attachments, a)
	}
	return x
}

package inbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"feedmill/feeds"
	"feedmill/sources"
)

// item is an item of JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/#items-a-name-items-a) with the members that
// `feedmill preview --json` adds to it.
type item struct {
	ID            identifier   `json:"id"`
	URL           string       `json:"url"`
	ExternalURL   string       `json:"external_url"`
	Title         string       `json:"title"`
	ContentHTML   string       `json:"content_html"`
	ContentText   string       `json:"content_text"`
	Summary       string       `json:"summary"`
	Image         string       `json:"image"`
	BannerImage   string       `json:"banner_image"`
	DatePublished timestamp    `json:"date_published"`
	DateModified  timestamp    `json:"date_modified"`
	Author        *author      `json:"author"`
	Authors       []author     `json:"authors"`
	Tags          []string     `json:"tags"`
	Categories    []string     `json:"categories"`
	Language      string       `json:"language"`
	Attachments   []attachment `json:"attachments"`
	// Deleted takes the item with this id back.
	Deleted bool `json:"deleted"`
}

type author struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	Avatar string `json:"avatar"`
}

type attachment struct {
	URL      string  `json:"url"`
	MimeType string  `json:"mime_type"`
	Title    string  `json:"title"`
	Size     float64 `json:"size_in_bytes"`
	Seconds  float64 `json:"duration_in_seconds"`
}

// identifier is an id; JSON Feed has numbers coerced to strings.
type identifier string

func (id *identifier) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		*id = identifier(strings.TrimSpace(s))
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return errors.New("id: want a string")
	}
	*id = identifier(n.String())
	return nil
}

// timestamp is a date of RFC 3339.
type timestamp struct{ time.Time }

func (t *timestamp) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("a date is no string: want one like 2026-11-24T09:30:00+08:00")
	}
	if s == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return fmt.Errorf("%.40q is no date: want one like 2026-11-24T09:30:00+08:00", s)
	}
	t.Time = at
	return nil
}

// readItem reads one item strictly: a member that means nothing is a mistake of the sender's. Extensions, whose names
// begin with "_", pass.
func readItem(raw json.RawMessage) (item, error) {
	var it item
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return it, errors.New("an item is a JSON object with an id")
	}
	for name := range members {
		if strings.HasPrefix(name, "_") {
			delete(members, name)
		}
	}
	known, err := json.Marshal(members)
	if err != nil {
		return it, fmt.Errorf("read the item: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(known))
	d.DisallowUnknownFields()
	if err := d.Decode(&it); err != nil {
		return it, plain(err)
	}
	switch {
	case it.ID == "":
		return it, errors.New("id: an item needs one that stays the same when the item is sent again")
	case len(it.ID) > feeds.MaxKey:
		return it, fmt.Errorf("id: longer than %d bytes", feeds.MaxKey)
	case !utf8.ValidString(string(it.ID)):
		return it, errors.New("id: not UTF-8")
	}
	for i, a := range it.Attachments {
		if a.URL == "" || a.MimeType == "" {
			return it, fmt.Errorf("attachments[%d]: url and mime_type are needed", i)
		}
	}
	return it, nil
}

// plain takes the language of the Go library out of an error of it.
func plain(err error) error {
	text := strings.TrimPrefix(err.Error(), "json: ")
	if name, ok := strings.CutPrefix(text, "unknown field "); ok {
		return fmt.Errorf("unknown member %s: an extension's name begins with _", name)
	}
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return fmt.Errorf("%s: a %s is not what belongs here", wrong.Field, wrong.Value)
	}
	return errors.New(text)
}

// change is what an item states. Its id is what readers know it by when it is an address or another URI; what tells
// items apart only here gets a public ID from the store.
func (it *item) change() feeds.Change {
	c := feeds.Change{Key: string(it.ID)}
	if strings.Contains(c.Key, ":") {
		c.Wish = c.Key
	}
	if it.Deleted {
		return c
	}
	out := &feeds.Item{
		URL: it.URL, Original: it.ExternalURL, Title: sources.Literal(it.Title), Summary: sources.Literal(it.Summary),
		Content: it.ContentHTML, Categories: slices.Clone(it.Categories), Tags: slices.Clone(it.Tags), Language: it.Language, Image: it.Image,
		Published: it.DatePublished.Time, Updated: it.DateModified.Time,
	}
	if strings.TrimSpace(out.Content) == "" {
		out.Content = sources.Paragraphs(it.ContentText)
	}
	if out.Image == "" {
		out.Image = it.BannerImage
	}
	people := it.Authors
	if len(people) == 0 && it.Author != nil {
		people = []author{*it.Author}
	}
	for _, p := range people {
		out.Authors = append(out.Authors, feeds.Person{Name: p.Name, URL: p.URL})
	}
	for _, a := range it.Attachments {
		out.Enclosures = append(out.Enclosures, feeds.Enclosure{
			URL: a.URL, Type: a.MimeType, Title: a.Title, Length: int64(clamp(a.Size, 1<<50)),
			Duration: time.Duration(clamp(a.Seconds, 30*24*3600) * float64(time.Second)),
		})
	}
	c.Item = out
	c.Hold = true // who dates an item ahead means it to appear then
	return c
}

func clamp(n, most float64) float64 {
	if !(n > 0) { // also for what is no number
		return 0
	}
	return min(n, most)
}

// split finds the items of a body: one object, an array, or a JSON Feed with items.
func split(body []byte) ([]json.RawMessage, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if len(body) == 0 {
		return nil, errors.New("the body is empty: send an item, or an array of items, in the shape of JSON Feed")
	}
	if body[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, fmt.Errorf("the body is no JSON: %w", plain(err))
		}
		return list, nil
	}
	var feed struct {
		Version string            `json:"version"`
		Items   []json.RawMessage `json:"items"`
	}
	switch err := json.Unmarshal(body, &feed); {
	case err != nil:
		return nil, fmt.Errorf("the body is no JSON: %w", plain(err))
	case feed.Items != nil:
		return feed.Items, nil
	case strings.HasPrefix(feed.Version, "https://jsonfeed.org/version/"):
		return nil, errors.New("the feed has no items")
	}
	return []json.RawMessage{body}, nil
}

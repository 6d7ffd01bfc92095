package webfeed

import (
	"bytes"
	encoding "encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mmcdole/gofeed/json"

	"feedmill/feeds"
	"feedmill/sources"
)

// json maps JSON Feed 1.0 and 1.1.
func (p *parser) json(f *json.Feed) {
	d := p.doc
	d.Format = "JSON Feed " + strings.Trim(f.Version[strings.LastIndex(f.Version, "/version/")+len("/version/"):], "/")
	home := resolve(p.base, f.HomePageURL)
	p.home = under(p.base, home)
	p.origin = feeds.Origin{Title: oneLine(f.Title), Home: home, URL: p.self(f.FeedURL)}
	d.About = feeds.About{Title: p.origin.Title, Description: oneLine(f.Description), URL: home, Language: language(f.Language)}
	authors := p.jsonAuthors(f.Authors, f.Author)
	if len(authors) > 0 {
		d.About.Author = authors[0]
	}
	p.dates.Language = d.About.Language
	for i, it := range f.Items {
		if it == nil || strings.TrimSpace(it.ID) == "" {
			p.reject("", fmt.Sprintf("item %d has no id, which JSON Feed demands: it is left out", i+1), false)
			continue
		}
		d.entries = append(d.entries, p.jsonItem(it, authors))
	}
}

// jsonHub reads the hub, which gofeed leaves out.
func (p *parser) jsonHub(text []byte) {
	var f struct {
		FeedURL string `json:"feed_url"`
		Hubs    []struct {
			Type string `json:"type"`
			URL  string `json:"url"`
		} `json:"hubs"`
	}
	if !bytes.Contains(text, []byte(`"hubs"`)) || encoding.Unmarshal(text, &f) != nil {
		return // what cannot be read names no hub
	}
	for _, h := range f.Hubs {
		if strings.EqualFold(h.Type, "websub") {
			p.doc.Hub, p.doc.Topic = resolve(p.base, h.URL), resolve(p.base, f.FeedURL)
			return
		}
	}
}

func (p *parser) jsonItem(it *json.Item, authors []feeds.Person) *entry {
	e := &entry{id: strings.TrimSpace(it.ID), base: str(p.home)}
	e.item = feeds.Item{
		URL: resolve(p.home, it.URL), Original: resolve(p.home, it.ExternalURL),
		Title: oneLine(it.Title), Summary: oneLine(it.Summary), Content: it.ContentHTML,
		Published: p.dates.Parse(it.DatePublished), Updated: p.dates.Parse(it.DateModified),
		Language: language(it.Language, p.doc.About.Language),
		Image:    resolve(p.home, first(it.Image, it.BannerImage)),
	}
	if e.item.URL == "" && isURL(e.id) {
		e.item.URL = e.id // "Ideally, the id is the full URL of the resource"
	}
	if strings.TrimSpace(it.ContentHTML) == "" {
		e.item.Content = sources.Paragraphs(it.ContentText)
	}
	e.note(first(it.DatePublished, it.DateModified), firstDate(e.item.Published, e.item.Updated))
	p.dated(e, it.DatePublished, "date_published", it.DateModified, "date_modified")
	if e.item.Authors = p.jsonAuthors(it.Authors, it.Author); len(e.item.Authors) == 0 {
		e.item.Authors = append(e.item.Authors, authors...)
	}
	e.item.Tags = labels(e.item.Tags, it.Tags...)
	if it.Attachments != nil {
		for _, a := range *it.Attachments {
			e.enclose(p.home, feeds.Enclosure{
				URL: a.URL, Type: a.MimeType, Title: oneLine(a.Title), Length: max(a.SizeInBytes, 0),
				Duration: time.Duration(min(max(a.DurationInSeconds, 0), 30*24*3600)) * time.Second,
			})
		}
	}
	o := p.origin
	e.item.Origin = &o
	p.state(e, it.Title, first(it.ContentHTML, it.ContentText), it.Summary, it.DatePublished, it.DateModified)
	return e
}

// jsonAuthors prefers the authors of version 1.1 to the author of 1.0.
func (p *parser) jsonAuthors(list []*json.Author, one *json.Author) (out []feeds.Person) {
	if len(list) == 0 {
		list = []*json.Author{one}
	}
	for _, a := range list {
		if a != nil {
			out = addPerson(out, feeds.Person{Name: a.Name, URL: resolve(p.home, a.URL)})
		}
	}
	return out
}

func firstDate(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// shape says which type the members of an object have: a sample string, slice or map stands for its type.
type shape map[string]any

var (
	authorShape = shape{"name": "", "url": "", "avatar": ""}
	itemShape   = shape{
		"url": "", "external_url": "", "title": "", "content_html": "", "content_text": "", "summary": "", "image": "", "banner_image": "",
		"date_published": "", "date_modified": "", "language": "", "tags": []any{""}, "author": authorShape, "authors": []any{authorShape},
		"attachments": []any{shape{"url": "", "mime_type": "", "title": ""}},
	}
	feedShape = shape{
		"version": "", "title": "", "home_page_url": "", "feed_url": "", "description": "", "user_comment": "", "next_url": "", "icon": "",
		"favicon": "", "language": "", "author": authorShape, "authors": []any{authorShape}, "items": []any{itemShape},
	}
)

// mendJSON parses a JSON Feed of which members have a wrong type, which makes the strict parser refuse all of it:
// such members are left out. It fails when the document is no JSON.
func mendJSON(text []byte) (*json.Feed, bool) {
	var v any
	d := encoding.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // an id may be a number of many digits
	if err := d.Decode(&v); err != nil {
		return nil, false
	}
	v, ok := fit(v, feedShape)
	if !ok {
		return nil, false
	}
	again, err := encoding.Marshal(v)
	if err != nil {
		return nil, false
	}
	f, err := (&json.Parser{}).Parse(strings.NewReader(string(again)))
	return f, err == nil
}

// wrongMember names the first member of a wrong type, for people.
func wrongMember(err error) string {
	e := (*encoding.UnmarshalTypeError)(nil)
	if !errors.As(err, &e) {
		return "one of them"
	}
	return fmt.Sprintf("%s of type %s", e.Field[strings.LastIndexByte(e.Field, '.')+1:], e.Value)
}

func isItem(want any) bool {
	s, ok := want.(shape)
	_, item := s["content_html"]
	return ok && item
}

// fit leaves out of v what has not the type that want says.
func fit(v, want any) (any, bool) {
	switch want := want.(type) {
	case string:
		switch v := v.(type) {
		case string:
			return v, true
		case encoding.Number, bool:
			return fmt.Sprint(v), true
		}
	case []any:
		list, ok := v.([]any)
		if !ok {
			list = []any{v} // one without brackets
		}
		out := make([]any, 0, len(list))
		for _, x := range list {
			x, ok := fit(x, want[0])
			if _, item := x.(map[string]any); ok || !item && isItem(want[0]) {
				out = append(out, x) // what is no item is counted as one without an id
			}
		}
		return out, true
	case shape:
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		for k, x := range m {
			if w, known := want[k]; known {
				if x, ok := fit(x, w); ok {
					m[k] = x
				} else {
					delete(m, k)
				}
			}
		}
		return m, true
	}
	return nil, false
}

package jsonfeed

import (
	"feedmill/feeds"
	"feedmill/feeds/internal/document"
)

// more is our extension of an item: what JSON Feed has no member for. The names of members are those of RSS, of its
// namespaces for podcasts, and of JSON Feed itself.
type more struct {
	Source  *source  `json:"source,omitempty"`
	Episode *episode `json:"episode,omitempty"`
}

// source is the feed that an item was copied from.
type source struct {
	ID    string `json:"id,omitempty"`
	Title string `json:"title,omitempty"`
	URL   string `json:"feed_url,omitempty"`
	Home  string `json:"home_page_url,omitempty"`
}

type episode struct {
	Season      int      `json:"season,omitempty"`
	SeasonName  string   `json:"season_name,omitempty"`
	Number      string   `json:"number,omitempty"`
	Name        string   `json:"name,omitempty"`
	Type        string   `json:"type,omitempty"`
	Explicit    *bool    `json:"explicit,omitempty"`
	Chapters    *text    `json:"chapters,omitempty"`
	Transcripts []text   `json:"transcripts,omitempty"`
	Persons     []member `json:"persons,omitempty"`
}

// text is a file beside a recording.
type text struct {
	URL      string `json:"url"`
	MIMEType string `json:"mime_type"`
	Language string `json:"language,omitempty"`
	Rel      string `json:"rel,omitempty"`
}

// member is who takes part.
type member struct {
	Name   string `json:"name"`
	URL    string `json:"url,omitempty"`
	Avatar string `json:"avatar,omitempty"`
	Role   string `json:"role,omitempty"`
	Group  string `json:"group,omitempty"`
}

// file is our extension of an attachment.
type file struct {
	Medium      string `json:"medium,omitempty"`
	Width       int    `json:"width,omitempty"`
	Height      int    `json:"height,omitempty"`
	Language    string `json:"language,omitempty"`
	Thumbnail   string `json:"thumbnail,omitempty"`
	Description string `json:"description,omitempty"`
}

// newMore is nil where there is nothing to add, as with most items.
func newMore(e *document.Entry) *more {
	o := e.Origin
	if e.Episode == nil && (o == nil || *o == (feeds.Origin{})) {
		return nil
	}
	m := &more{}
	if o != nil && *o != (feeds.Origin{}) {
		m.Source = &source{ID: o.ID, Title: o.Title, URL: o.URL, Home: o.Home}
	}
	if e.Episode != nil {
		m.Episode = newEpisode(e.Episode)
	}
	return m
}

func newEpisode(p *feeds.Episode) *episode {
	x := &episode{Season: p.Season, SeasonName: p.SeasonName, Number: p.Number, Name: p.Name, Type: p.Type}
	if p.Explicit != "" {
		explicit := p.Explicit == "true"
		x.Explicit = &explicit
	}
	if p.Chapters.URL != "" {
		x.Chapters = &text{URL: p.Chapters.URL, MIMEType: p.Chapters.Type}
	}
	for _, t := range p.Transcripts {
		f := text{URL: t.URL, MIMEType: t.Type, Language: t.Language}
		if t.Title == document.Captions {
			f.Rel = document.Captions
		}
		x.Transcripts = append(x.Transcripts, f)
	}
	for _, r := range p.Cast {
		x.Persons = append(x.Persons, member{Name: r.Name, URL: r.URL, Avatar: r.Image, Role: r.Role, Group: r.Group})
	}
	return x
}

func newFile(f feeds.Enclosure) *file {
	if f.Medium+f.Language+f.Thumbnail+f.Description == "" && f.Width+f.Height == 0 {
		return nil
	}
	return &file{Medium: f.Medium, Width: f.Width, Height: f.Height, Language: f.Language, Thumbnail: f.Thumbnail, Description: f.Description}
}

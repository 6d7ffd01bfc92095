package formattest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	nsITunes  = "http://www.itunes.com/dtds/podcast-1.0.dtd"
	nsPodcast = "https://podcastindex.org/namespace/1.0"
)

// jsonFeed is JSON Feed 1.1 as the specification has it; a member that is not here is unknown.
type jsonFeed struct {
	Version     string `json:"version"`
	Title       string `json:"title"`
	HomePageURL string `json:"home_page_url"`
	FeedURL     string `json:"feed_url"`
	Description string `json:"description"`
	UserComment string `json:"user_comment"`
	NextURL     string `json:"next_url"`
	Ours        *struct {
		After string `json:"after"`
	} `json:"_feedmill"`
	Icon     string       `json:"icon"`
	Favicon  string       `json:"favicon"`
	Authors  []jsonAuthor `json:"authors"`
	Language *string      `json:"language"`
	Expired  *bool        `json:"expired"`
	Hubs     []struct {
		Type string `json:"type"`
		URL  string `json:"url"`
	} `json:"hubs"`
	Items *[]jsonItem `json:"items"`
}

type jsonAuthor struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	Avatar string `json:"avatar"`
}

type jsonItem struct {
	ID            string           `json:"id"`
	URL           *string          `json:"url"`
	ExternalURL   *string          `json:"external_url"`
	Title         *string          `json:"title"`
	ContentHTML   *string          `json:"content_html"`
	ContentText   *string          `json:"content_text"`
	Summary       string           `json:"summary"`
	Image         *string          `json:"image"`
	BannerImage   *string          `json:"banner_image"`
	DatePublished *string          `json:"date_published"`
	DateModified  *string          `json:"date_modified"`
	Authors       []jsonAuthor     `json:"authors"`
	Tags          []string         `json:"tags"`
	Language      *string          `json:"language"`
	Attachments   []jsonAttachment `json:"attachments"`
	Ours          *jsonMore        `json:"_feedmill"`
}

type jsonAttachment struct {
	URL      string    `json:"url"`
	MIMEType string    `json:"mime_type"`
	Title    string    `json:"title"`
	Size     *int64    `json:"size_in_bytes"`
	Duration *float64  `json:"duration_in_seconds"`
	Ours     *jsonFile `json:"_feedmill"`
}

// jsonMore is the extension of items by feedmill.
type jsonMore struct {
	Source *struct {
		ID    string `json:"id"`
		Title string `json:"title"`
		URL   string `json:"feed_url"`
		Home  string `json:"home_page_url"`
	} `json:"source"`
	Episode *struct {
		Season      int        `json:"season"`
		SeasonName  string     `json:"season_name"`
		Number      string     `json:"number"`
		Name        string     `json:"name"`
		Type        string     `json:"type"`
		Explicit    *bool      `json:"explicit"`
		Chapters    *jsonText  `json:"chapters"`
		Transcripts []jsonText `json:"transcripts"`
		Persons     []struct {
			Name   string `json:"name"`
			URL    string `json:"url"`
			Avatar string `json:"avatar"`
			Role   string `json:"role"`
			Group  string `json:"group"`
		} `json:"persons"`
	} `json:"episode"`
}

type jsonText struct {
	URL      string `json:"url"`
	MIMEType string `json:"mime_type"`
	Language string `json:"language"`
	Rel      string `json:"rel"`
}

// jsonFile is the extension of attachments.
type jsonFile struct {
	Medium      string `json:"medium"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	Language    string `json:"language"`
	Thumbnail   string `json:"thumbnail"`
	Description string `json:"description"`
}

var (
	languageTag   = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$`)
	mediaTypeForm = regexp.MustCompile(`^[\w!#$&^.+-]+/[\w!#$&^.+-]+(\s*;.*)?$`)
	decimalForm   = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

	mediaWords   = []string{"image", "audio", "video", "document", "executable"}
	episodeTypes = []string{"full", "trailer", "bonus"}
)

// extension checks what a JSON Feed of ours says in its extension _feedmill, of which no standard knows.
type extension struct{ found []string }

func checkExtension(doc []byte) []string {
	c := &extension{}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	var f jsonFeed
	if err := d.Decode(&f); err != nil {
		c.fail("not a JSON Feed of ours: %v", err)
		return c.found
	}
	if f.Items == nil {
		return nil
	}
	for _, it := range *f.Items {
		if it.Ours != nil {
			c.jsonMore("item "+it.ID, it.Ours)
		}
		for _, a := range it.Attachments {
			if a.Ours != nil {
				c.jsonFile("attachment of item "+it.ID, a.Ours)
			}
		}
	}
	return c.found
}

func (c *extension) fail(format string, args ...any) {
	c.found = append(c.found, "feedmill-extension: "+fmt.Sprintf(format, args...))
}

func (c *extension) address(where, s string) {
	if u, err := url.Parse(s); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		c.fail("%s %q is not an absolute http or https address", where, s)
	}
}

func (c *extension) language(s string) {
	if !languageTag.MatchString(s) {
		c.fail("language %q is not of RFC 5646", s)
	}
}

func (c *extension) jsonMore(where string, m *jsonMore) {
	if s := m.Source; s != nil {
		c.optional(where+" source", s.URL, s.Home)
	}
	p := m.Episode
	if p == nil {
		return
	}
	if p.Season < 0 || p.Number != "" && !decimalForm.MatchString(p.Number) ||
		p.Type != "" && !slices.Contains(episodeTypes, p.Type) {
		c.fail("%s episode has season %d, number %q, type %q", where, p.Season, p.Number, p.Type)
	}
	texts := p.Transcripts
	if p.Chapters != nil {
		texts = append(slices.Clone(texts), *p.Chapters)
	}
	for _, t := range texts {
		c.address(where+" episode's text", t.URL)
		if !mediaTypeForm.MatchString(t.MIMEType) {
			c.fail("%s episode's text has type %q", where, t.MIMEType)
		}
	}
	for _, who := range p.Persons {
		if strings.TrimSpace(who.Name) == "" {
			c.fail("%s episode has a person without name", where)
		}
		c.optional(where+" person", who.URL, who.Avatar)
	}
}

func (c *extension) jsonFile(where string, f *jsonFile) {
	c.optional(where+" thumbnail", f.Thumbnail)
	if f.Width < 0 || f.Height < 0 || f.Medium != "" && !slices.Contains(mediaWords, f.Medium) {
		c.fail("%s has medium %q, %d by %d pixels", where, f.Medium, f.Width, f.Height)
	}
	if f.Language != "" {
		c.language(f.Language)
	}
}

// optional checks addresses that may be empty.
func (c *extension) optional(where string, list ...string) {
	for _, s := range list {
		if s != "" {
			c.address(where, s)
		}
	}
}

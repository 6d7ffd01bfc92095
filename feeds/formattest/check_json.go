package formattest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
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

func (c *checker) json(doc []byte) {
	if err := c.tokens(doc); err != nil {
		c.fail("J14", "%v", err)
		return
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	var f jsonFeed
	if err := d.Decode(&f); err != nil {
		c.fail("J11", "not a JSON Feed: %v", err)
		return
	}
	if f.Version != "https://jsonfeed.org/version/1.1" || !bytes.HasPrefix(doc, []byte(`{"version":`)) {
		c.fail("J1", "version is %q or not the first member", f.Version)
	}
	if strings.TrimSpace(f.Title) == "" {
		c.fail("J1", "no title")
	}
	if f.Items == nil {
		c.fail("J1", "no items")
		return
	}
	c.address("J2", "home_page_url", f.HomePageURL)
	c.address("J2", "feed_url", f.FeedURL)
	if f.NextURL != "" {
		c.address("J9", "next_url", f.NextURL)
		if f.NextURL == f.FeedURL {
			c.fail("J9", "next_url is feed_url")
		}
	}
	if f.Language != nil {
		c.language("J7", *f.Language)
	}
	for where, s := range map[string]string{"icon": f.Icon, "favicon": f.Favicon} {
		if s != "" {
			c.address("J12", where, s)
		}
	}
	for _, h := range f.Hubs {
		if h.Type == "" {
			c.fail("J10", "hub has no type")
		}
		c.address("J10", "hub", h.URL)
	}
	c.jsonAuthors("feed", f.Authors)
	ids := map[string]bool{}
	for i := range *f.Items {
		it := &(*f.Items)[i]
		if ids[it.ID] {
			c.fail("J3", "item %s is there twice", it.ID)
		}
		ids[it.ID] = true
		c.jsonItem(it)
	}
}

func (c *checker) jsonAuthors(where string, list []jsonAuthor) {
	for _, a := range list {
		if a.Name == "" && a.URL == "" && a.Avatar == "" {
			c.fail("J6", "%s has an empty author", where)
		}
		if a.URL != "" {
			c.address("J6", where+" author url", a.URL)
		}
	}
}

func (c *checker) jsonItem(it *jsonItem) {
	where := "item " + it.ID
	if strings.TrimSpace(it.ID) == "" {
		c.fail("J3", "item without id")
	}
	for name, s := range map[string]*string{
		"url": it.URL, "external_url": it.ExternalURL, "image": it.Image, "banner_image": it.BannerImage,
	} {
		if s != nil {
			c.address("J3", where+" "+name, *s)
		}
	}
	if (it.ContentHTML == nil || *it.ContentHTML == "") && (it.ContentText == nil || *it.ContentText == "") {
		c.fail("J4", "%s has no content", where)
	}
	if it.ContentHTML != nil {
		c.html(where+" content_html", *it.ContentHTML)
	}
	for name, s := range map[string]*string{"date_published": it.DatePublished, "date_modified": it.DateModified} {
		if s == nil {
			continue
		}
		if _, ok := rfc3339(*s); !ok {
			c.fail("J5", "%s %s %q is not of RFC 3339", where, name, *s)
		}
	}
	if it.Language != nil {
		c.language("J7", *it.Language)
	}
	c.jsonAuthors(where, it.Authors)
	for _, t := range it.Tags {
		if strings.TrimSpace(t) == "" {
			c.fail("J7", "%s has a blank tag", where)
		}
	}
	for _, a := range it.Attachments {
		c.address("J8", where+" attachment", a.URL)
		if !mediaTypeForm.MatchString(a.MIMEType) {
			c.fail("J8", "%s attachment has type %q", where, a.MIMEType)
		}
		if a.Size != nil && *a.Size < 0 || a.Duration != nil && *a.Duration < 0 {
			c.fail("J8", "%s attachment has a negative size or duration", where)
		}
		if a.Ours != nil {
			c.jsonFile(where+" attachment", a.Ours)
		}
	}
	if it.Ours != nil {
		c.jsonMore(where, it.Ours)
	}
}

// tokens reads all tokens of the one JSON value: no name twice in an object, no characters that are none.
func (c *checker) tokens(doc []byte) error {
	d := json.NewDecoder(bytes.NewReader(doc))
	if err := c.value(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

func (c *checker) value(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if depth > 50 {
		return errors.New("values nested more than 50 deep")
	}
	if s, ok := t.(string); ok {
		c.chars("string", s)
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			k, err := d.Token()
			if err != nil {
				return err
			}
			name, _ := k.(string)
			if seen[name] {
				return fmt.Errorf("member %q is there twice", name)
			}
			seen[name] = true
		}
		if err := c.value(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

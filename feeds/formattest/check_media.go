package formattest

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	nsITunes  = "http://www.itunes.com/dtds/podcast-1.0.dtd"
	nsPodcast = "https://podcastindex.org/namespace/1.0"
)

// mediaWords are what a file can be (Media RSS 1.5.1).
var mediaWords = []string{"image", "audio", "video", "document", "executable"}

// media checks Media RSS in an item or entry.
func (c *checker) media(where string, it *node) {
	c.thumbnails(where, it)
	addresses := map[string]bool{}
	for _, x := range it.all(nsMedia, "content") {
		c.address("M2", where+" media:content", x.has("url"))
		if addresses[x.has("url")] {
			c.fail("M2", "%s has media:content %s twice", where, x.has("url"))
		}
		addresses[x.has("url")] = true
		c.naturals("M2", where+" media:content", x, "fileSize", "duration", "width", "height")
		if t, ok := x.attr("type"); ok && !mediaTypeForm.MatchString(t) {
			c.fail("M2", "%s media:content has type %q", where, t)
		}
		if m, ok := x.attr("medium"); ok && !slices.Contains(mediaWords, m) {
			c.fail("M2", "%s media:content has medium %q", where, m)
		}
		if l, ok := x.attr("lang"); ok {
			c.language("M2", l)
		}
		c.once2("M2", x, nsMedia, "title", "description")
		c.thumbnails(where+" media:content", x)
	}
	for _, g := range it.all(nsMedia, "group") {
		if len(g.all(nsMedia, "content")) < 2 {
			c.fail("M2", "%s has a media:group without alternatives", where)
		}
	}
}

func (c *checker) thumbnails(where string, n *node) {
	for _, x := range n.all(nsMedia, "thumbnail") {
		c.address("M2", where+" media:thumbnail", x.has("url"))
		c.naturals("M2", where+" media:thumbnail", x, "width", "height")
	}
}

// naturals checks that attributes are positive integers where they are.
func (c *checker) naturals(rule, where string, n *node, names ...string) {
	for _, name := range names {
		if s, ok := n.attr(name); ok && !natural(s) {
			c.fail(rule, "%s has %s %q", where, name, s)
		}
	}
}

func natural(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && n > 0
}

// once2 checks that elements of a namespace stand at most once.
func (c *checker) once2(rule string, n *node, space string, names ...string) {
	for _, name := range names {
		if len(n.all(space, name)) > 1 {
			c.fail(rule, "<%s> has more than one %s", n.name.Local, name)
		}
	}
}

// words are the elements of iTunes that hold one of a few words.
var words = map[string][]string{
	"explicit": {"true", "false"}, "episodeType": {"full", "trailer", "bonus"}, "type": {"episodic", "serial"},
}

var running = regexp.MustCompile(`^([0-9]+|([0-9]+:)?[0-5]?[0-9]:[0-5][0-9])$`)

// podcast checks what a channel or an item says in the namespaces of podcasts: Apple's "A Podcaster's Guide to RSS", and
// https://podcasting2.org/docs/podcast-namespace/1.0.
func (c *checker) podcast(where string, n *node) {
	c.once2("M1", n, nsITunes, "author", "explicit", "image", "owner", "duration", "episode", "season", "episodeType", "type")
	for _, x := range n.children {
		if x.name.Space != nsITunes {
			continue
		}
		s := strings.TrimSpace(x.text)
		switch x.name.Local {
		case "explicit", "episodeType", "type":
			if !slices.Contains(words[x.name.Local], s) {
				c.fail("M1", "%s itunes:%s is %q", where, x.name.Local, s)
			}
		case "season", "episode":
			if !natural(s) {
				c.fail("M1", "%s itunes:%s is %q", where, x.name.Local, s)
			}
		case "duration":
			if !running.MatchString(s) {
				c.fail("M1", "%s itunes:duration is %q", where, s)
			}
		case "image":
			c.address("M1", where+" itunes:image", x.has("href"))
		case "owner":
			if !emailForm.MatchString(x.say(nsITunes, "email")) {
				c.fail("M1", "%s itunes:owner has e-mail %q", where, x.say(nsITunes, "email"))
			}
		case "author":
			if s == "" {
				c.fail("M1", "%s has a blank itunes:author", where)
			}
		}
	}
	c.once2("M3", n, nsPodcast, "season", "episode", "chapters")
	for _, x := range n.children {
		if x.name.Space == nsPodcast {
			c.podcasting(where+" podcast:"+x.name.Local, x)
		}
	}
}

var decimalForm = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

func (c *checker) podcasting(where string, x *node) {
	switch x.name.Local {
	case "season":
		if !natural(x.text) {
			c.fail("M3", "%s is %q", where, x.text)
		}
	case "episode":
		if !decimalForm.MatchString(x.text) {
			c.fail("M3", "%s is %q", where, x.text)
		}
	case "transcript", "chapters":
		c.address("M3", where, x.has("url"))
		if !mediaTypeForm.MatchString(x.has("type")) {
			c.fail("M3", "%s has type %q", where, x.has("type"))
		}
		if l, ok := x.attr("language"); ok {
			c.language("M3", l)
		}
		if r, ok := x.attr("rel"); ok && r != "captions" {
			c.fail("M3", "%s has rel %q", where, r)
		}
	case "person":
		if strings.TrimSpace(x.text) == "" || len(x.children) > 0 {
			c.fail("M3", "%s has no name", where)
		}
		for _, name := range []string{"href", "img"} {
			if a, ok := x.attr(name); ok {
				c.address("M3", where+" "+name, a)
			}
		}
	}
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
	Medium    string `json:"medium"`
	Width     int    `json:"width"`
	Height    int    `json:"height"`
	Language  string `json:"language"`
	Thumbnail string `json:"thumbnail"`
}

func (c *checker) jsonMore(where string, m *jsonMore) {
	if s := m.Source; s != nil {
		c.optional("J11", where+" source", s.URL, s.Home)
	}
	p := m.Episode
	if p == nil {
		return
	}
	if p.Season < 0 || p.Number != "" && !decimalForm.MatchString(p.Number) ||
		p.Type != "" && !slices.Contains(words["episodeType"], p.Type) {
		c.fail("J11", "%s episode has season %d, number %q, type %q", where, p.Season, p.Number, p.Type)
	}
	texts := p.Transcripts
	if p.Chapters != nil {
		texts = append(slices.Clone(texts), *p.Chapters)
	}
	for _, t := range texts {
		c.address("J11", where+" episode's text", t.URL)
		if !mediaTypeForm.MatchString(t.MIMEType) {
			c.fail("J11", "%s episode's text has type %q", where, t.MIMEType)
		}
	}
	for _, who := range p.Persons {
		if strings.TrimSpace(who.Name) == "" {
			c.fail("J11", "%s episode has a person without name", where)
		}
		c.optional("J11", where+" person", who.URL, who.Avatar)
	}
}

func (c *checker) jsonFile(where string, f *jsonFile) {
	c.optional("J11", where+" thumbnail", f.Thumbnail)
	if f.Width < 0 || f.Height < 0 || f.Medium != "" && !slices.Contains(mediaWords, f.Medium) {
		c.fail("J11", "%s has medium %q, %d by %d pixels", where, f.Medium, f.Width, f.Height)
	}
	if f.Language != "" {
		c.language("J11", f.Language)
	}
}

// optional checks addresses that may be empty.
func (c *checker) optional(rule, where string, list ...string) {
	for _, s := range list {
		if s != "" {
			c.address(rule, where, s)
		}
	}
}

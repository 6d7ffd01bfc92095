package web

import (
	"bytes"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"feedmill/feeds"
)

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"iso": func(t time.Time) string { return t.Format(time.RFC3339) },
	"day": func(t time.Time) string { return t.Format("2006-01-02 15:04") },
}).ParseFS(files, "static/*.html"))

const (
	// maxOthers is how many saved feeds the index leads programs to, each in one format.
	maxOthers = 30
	// pageRows is how many topics a page of the index has: with the longest names it stays under 50 kB.
	pageRows = 200
	// pageBytes is how long a page of posts gets, about: what does not fit is on the next one.
	pageBytes = 46_000
)

// frame is what every page shows.
type frame struct {
	T             *words
	Title         string
	Heading       string
	Prefix        string // path of the base URL, before every link
	Style, Script string // addresses
	Canonical     string
	Switch        string // address of this page in the other language
	Pictures      string // address of this page with pictures of other hosts, or without them where it has them
	Images        bool
	Older, Newer  string // pages that go on from this one
	Feeds         []address
	Others        []address // further feeds that the page leads programs to
	Version       string
	Notice        string // that only some can subscribe; empty where everybody can
	Hubs          []string
	Private       bool // programs are led to no feed
	NoIndex       bool // search engines are to leave it out
	look          look
}

// address is one document of a topic. Type is a whole attribute: escaped, its "+" would hide the feed from programs
// that search pages for feeds without an HTML parser.
type address struct {
	Name, Title, URL string
	Type             template.HTMLAttr
	Key              string       // the format's suffix without its point
	Reader           template.URL // opens it in a reader on this machine, which programs ask for with the scheme feed
}

type link struct {
	Text, URL string
	Count     int
	Here      bool
}

// frame makes the frame of the page at a path; query is what its address has beside the look.
func (c *config) frame(l look, title, path, query string) frame {
	f := frame{
		T: l.words(), Title: title, Heading: title, Prefix: c.prefix, Style: styleURL, Script: scriptURL,
		Canonical: c.self(path), Version: c.site.Version, Hubs: c.site.Hubs, Private: c.private, Images: l.images, look: l,
	}
	if c.site.Local {
		f.Notice = fmt.Sprintf(f.T.local, c.site.BaseURL)
	}
	other := look{f.T.Other, true, l.images}
	f.Switch = c.prefix + withQuery(path, join(other.query(), query))
	other = l
	other.images = !l.images
	f.Pictures = c.prefix + withQuery(path, join(other.query(), query))
	return f
}

// To is the link to another page, in the same look.
func (f frame) To(path string) string { return f.to(path, "") }

func (f frame) to(path, query string) string {
	return f.Prefix + withQuery(path, join(f.look.query(), query))
}

// Look are the parameters that forms carry on.
func (f frame) Look() map[string]string {
	out := map[string]string{}
	if f.look.chosen {
		out["hl"] = f.look.lang
	}
	if f.look.images {
		out["images"] = "show"
	}
	return out
}

// addresses are the documents of a topic as a view has them, the first format first.
func (c *config) addresses(t feeds.Topic, v *view, title string) []address {
	query := ""
	if v != nil {
		query = v.whole()
	}
	out := make([]address, 0, len(c.formats))
	for _, f := range c.formats {
		name := display(f.Name)
		address := address{Name: name, Title: title + " (" + name + ")", URL: c.site.BaseURL + withQuery(t.Path()+f.Suffix, query), Key: strings.TrimPrefix(f.Suffix, ".")}
		address.Type, address.Reader = template.HTMLAttr(`type="`+f.MediaType+`"`), template.URL("feed:"+address.URL)
		out = append(out, address)
	}
	return out
}

// Formats are the page's feeds as people choose among them: Atom, which says most, comes first.
func (f frame) Formats() []address {
	out := slices.Clone(f.Feeds)
	slices.SortStableFunc(out, func(a, b address) int {
		switch {
		case a.Name == b.Name:
			return 0
		case a.Name == "Atom":
			return -1
		case b.Name == "Atom":
			return 1
		}
		return 0
	})
	return out
}

// display is how people write a format's name.
func display(format string) string {
	switch strings.ToLower(format) {
	case "rss":
		return "RSS"
	case "atom":
		return "Atom"
	case "json", "jsonfeed":
		return "JSON Feed"
	}
	return format
}

// slack is the line that subscribes a channel of Slack, whose reader goes by dates: what is not newer than all it saw is no
// news to it, nor is the second of two items of one date.
func (c *config) slack(t feeds.Topic, v *view) string {
	if v == nil {
		v = &view{}
	}
	if c.site.Static != nil {
		return "/feed subscribe " + c.site.BaseURL + t.Path() + c.rss.Suffix
	}
	arrival := *v
	arrival.query = v.whole()
	return "/feed subscribe " + c.site.BaseURL + t.Path() + c.rss.Suffix + "?" + arrival.with("dates", "arrival")
}

func execute(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("make page %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// clip cuts a text to so many letters.
func clip(s string, most int) string {
	if len(s) <= most || utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:most-1])) + "…"
}

// host is the name of the site of an address; empty for what is no address on the web.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return strings.TrimPrefix(u.Host, "www.")
}

// pageHeaders are those of every page. Nothing runs but our own script, which nothing but our own pages can be asked by, and
// nothing comes from elsewhere but, where they are wished, pictures.
func pageHeaders(l look) []header {
	policy := policyBare
	if l.images {
		policy = policyImages
	}
	return []header{
		{"Content-Language", []string{l.lang}},
		{"Content-Security-Policy", policy},
		{"Referrer-Policy", noReferrer},
	}
}

const policyRest = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; img-src 'self'"

var (
	policyBare   = []string{policyRest}
	policyImages = []string{policyRest + " https:"}
	noReferrer   = []string{"no-referrer"}
)

package web

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds"
)

// Site holds the settings that shape documents.
type Site struct {
	// BaseURL is the only origin ever written into a document, without a slash at the end; never the Host header. It
	// may have a path, which a proxy may strip or not.
	BaseURL string
	// Title, Description and Language are of everything; where Title or Language is empty and there is one source, that
	// source's own.
	Title, Description, Language string
	// Instance is the random ID of the store. Feed IDs are made of it, so that they outlive every change of address.
	Instance string
	// Since is the second in which settings last reshaped documents: Last-Modified is never before it.
	Since time.Time
	// Window is how many items a document holds: 1 to 1000, 0 means 50. MaxBytes is how long it may get before it holds
	// fewer, though never under 10; 0 means 1 MiB.
	Window, MaxBytes int
	// MaxAge is how long readers and shared caches may keep a document: max-age of Cache-Control and ttl of RSS, in
	// whole seconds; 0 means 10 minutes.
	MaxAge time.Duration
	// Titles are display titles of topics from the configuration. They win over those of the sources.
	Titles map[feeds.Topic]string
	// Texts is what else the configuration says of topics. Image, Icon and Rights are those of every document, Image where the
	// topic has none of its own.
	Texts               map[feeds.Topic]feeds.Text
	Image, Icon, Rights string
	// Saved are the saved feeds.
	Saved []feeds.Topic
	// Sources is what sources say of themselves, by name.
	Sources map[string]feeds.About
	// Redirects are further permanent redirects, by escaped path below the base URL.
	Redirects map[string]Redirect
	// Hubs are the WebSub hubs of every document.
	Hubs []string
	// RateLimit is how many answers a client gets a minute, at once if it likes; a poll that is answered with 304 counts a
	// twentieth. 0 means no limit. TrustedProxies are the networks of those whose forwarding fields are believed.
	RateLimit      int            `json:"-"` // documents do not depend on them
	TrustedProxies []netip.Prefix `json:"-"`
	// Version is the program's.
	Version string
	// Local says that only this machine, or its network, reaches BaseURL: pages tell.
	Local bool
	// Groups are the private groups: see [Group].
	Groups []Group `json:"-"`
	// Discreet says that there are labels which only private items have: what else they are called leads to none of them.
	Discreet bool `json:"-"`
	// Static is set for documents that become files: see [Server.Files].
	Static *Static `json:"-"`

	// public is the base URL without the token, where this is what a token shows.
	public string
}

// Defaults of Site.
const (
	defaultWindow   = 50
	maxWindow       = 1000
	defaultMaxBytes = 1 << 20
	// minItems is how many items a document holds however long they are.
	minItems      = 10
	defaultMaxAge = 10 * time.Minute
	// maxStale is how long a shared cache may serve what it has when we are down (RFC 5861 §4).
	maxStale = 24 * time.Hour
)

// config is a Site with everything that can be worked out beforehand.
type config struct {
	site     Site
	listed   func(feeds.Topic) bool // whether a topic is in the list, of a discreet site
	prefix   string                 // path of the base URL
	private  bool                   // it is what a token shows
	title    string
	lang     string // language of the documents that have none of their own
	cost     int64  // of an answer, as a time, for the limiter; 0 for no limit
	only     string // name of the source when there is one
	titles   map[feeds.Topic]string
	forced   map[string]string        // configured redirects: canonical path -> final path
	offered  map[string]string        // redirects of sources' old sites, the same
	statuses map[string]int           // of configured redirects, by canonical path
	aliases  map[feeds.Topic][]string // other names of topics, whose addresses lead to them
	formats  []feeds.Format
	control  []string     // Cache-Control of feeds
	atom     string       // suffix of the format that old XML addresses lead to
	rss      feeds.Format // the format outlines and Slack are given
}

func newConfig(site Site, formats []feeds.Format) (*config, error) {
	base, err := url.Parse(site.BaseURL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.RawQuery != "" || base.Fragment != "" || base.User != nil {
		return nil, fmt.Errorf("publish: base_url %q is not like https://feeds.example.com", site.BaseURL)
	}
	if site.Instance == "" {
		return nil, errors.New("publish: the store has no instance ID")
	}
	site.BaseURL = strings.TrimRight(site.BaseURL, "/")
	if site.Window == 0 {
		site.Window = defaultWindow
	}
	site.Window = min(max(site.Window, 1), maxWindow)
	if site.MaxBytes <= 0 {
		site.MaxBytes = defaultMaxBytes
	}
	if site.MaxAge <= 0 {
		site.MaxAge = defaultMaxAge
	}
	site.MaxAge = max(site.MaxAge.Truncate(time.Second), time.Second)
	c := &config{
		site: site, prefix: strings.TrimRight(base.EscapedPath(), "/"), title: site.Title, lang: site.Language,
		private: site.public != "",
		titles:  map[feeds.Topic]string{},
		formats: formats,
		atom:    named(formats, "atom").Suffix,
		rss:     named(formats, "rss"),
	}
	c.control = c.cacheControl(site.MaxAge)
	if site.RateLimit > 0 {
		c.cost = int64(time.Minute) / int64(site.RateLimit)
	}
	if len(site.Sources) == 1 {
		for name, about := range site.Sources {
			c.only = name
			if c.title == "" {
				c.title = about.Title
			}
			if c.lang == "" {
				c.lang = about.Language
			}
		}
	}
	if c.title == "" {
		c.title = "feedmill"
	}
	c.collectTitles()
	if err := c.collectRedirects(); err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	c.collectAliases()
	return c, nil
}

// tells reports whether other names of a topic may say which it is.
func (c *config) tells(t feeds.Topic) bool { return c.listed == nil || c.listed(t) }

// silent reports whether nothing may be said of a topic but its name: no item here has the label, and private ones may.
func (c *config) silent(t feeds.Topic, label string) bool {
	return c.site.Discreet && label == "" && !slices.Contains([]string{feeds.All.Kind, "source", "feed"}, t.Kind)
}

// cacheControl lets readers and shared caches keep a document for a time, and longer while we are down. What is private is
// kept by the reader alone.
func (c *config) cacheControl(age time.Duration) []string {
	if c.private {
		return []string{fmt.Sprintf("private, max-age=%d", int(age.Seconds()))}
	}
	return []string{fmt.Sprintf("public, max-age=%d, stale-while-revalidate=%[1]d, stale-if-error=%d", int(age.Seconds()), int(maxStale.Seconds()))}
}

// named is the format of that name, else the first.
func named(formats []feeds.Format, name string) feeds.Format {
	if i := slices.IndexFunc(formats, func(f feeds.Format) bool { return f.Name == name }); i >= 0 {
		return formats[i]
	}
	return formats[0]
}

// collectTitles takes the titles that sources give, unless two of them contradict, and over them the configured ones.
func (c *config) collectTitles() {
	contradicted := map[feeds.Topic]bool{}
	for name, about := range c.site.Sources {
		if about.Title != "" {
			c.titles[feeds.NewTopic("source", name)] = about.Title
		}
		for t, title := range about.Titles {
			if t.Group != "" || t.Kind == "source" || t.Kind == "all" || title == "" {
				continue
			}
			if have, ok := c.titles[t]; ok && have != title {
				contradicted[t] = true
			}
			c.titles[t] = title
		}
	}
	for t := range contradicted {
		delete(c.titles, t)
	}
	for t, title := range c.site.Titles {
		if title != "" {
			c.titles[t] = title
		}
	}
}

// display is the title of a topic for people; label is its commonest spelling.
func (c *config) display(t feeds.Topic, label string) string {
	if c.silent(t, label) {
		return t.Name
	}
	if title := c.titles[t]; title != "" {
		return title
	}
	if t.Kind == "all" {
		return c.title
	}
	if label != "" {
		return label
	}
	return t.Name
}

// feedTitle is the title of a feed. What somebody wrote as a title stands alone, a mere label is followed by the site.
func (c *config) feedTitle(t feeds.Topic, label string) string {
	d := c.display(t, label)
	if t.Kind == "all" || t.Kind == "source" || c.site.Titles[t] != "" || d == c.title {
		return d
	}
	return d + " · " + c.title
}

// about is what the source says that a topic belongs to as a whole.
func (c *config) about(t feeds.Topic) (feeds.About, bool) {
	if t.Kind == "all" && c.only != "" {
		about, ok := c.site.Sources[c.only]
		return about, ok
	}
	if t.Kind == "source" {
		for name, about := range c.site.Sources {
			if feeds.Fold(name) == t.Name {
				return about, true
			}
		}
	}
	return feeds.About{}, false
}

// window is how many items a topic's documents hold.
func (c *config) window(t feeds.Topic) int {
	if about, ok := c.about(t); ok && about.Window > 0 {
		return min(about.Window, maxWindow)
	}
	return c.site.Window
}

// known reports whether a topic answers 200 though it never had an item: everything, configured sources, saved feeds.
func (c *config) known(t feeds.Topic) bool {
	switch t.Kind {
	case "source":
		_, ok := c.about(t)
		return ok
	case "feed":
		return slices.Contains(c.site.Saved, t)
	}
	return t.Kind == "all"
}

// feed describes a topic's document.
func (c *config) feed(t feeds.Topic, page *feeds.Page, f *feeds.Format) *feeds.Feed {
	path := t.Path()
	out := &feeds.Feed{
		Topic:     t,
		ID:        c.feedID(t.String(), f.Name),
		Title:     c.feedTitle(t, commonLabel(t, page.Items)),
		Home:      c.site.BaseURL + path,
		Self:      c.self(path + f.Suffix),
		Hubs:      c.site.Hubs,
		Language:  c.lang,
		Author:    feeds.Person{Name: c.title},
		Generator: feeds.Generator{Name: "feedmill", Version: c.site.Version},
		Updated:   c.updated(page.Version),
		TTL:       c.site.MaxAge,
		Items:     page.Items,
		Image:     c.site.Image,
		Icon:      c.site.Icon,
		Rights:    c.site.Rights,
	}
	if c.private {
		out.Home = c.site.public + "/" // readers show it to others; the topic may have no public page
	}
	if t.Kind == "all" {
		out.Description = c.site.Description
	}
	if about, ok := c.about(t); ok {
		if out.Description == "" {
			out.Description = about.Description
		}
		if t.Kind == "source" && about.Language != "" {
			out.Language = about.Language
		}
		if about.Author.String() != "" {
			out.Author = about.Author
		}
	}
	if t.Kind == "lang" {
		out.Language = t.Name
		if len(page.Items) > 0 {
			out.Language = page.Items[0].Language
		}
	}
	if c.site.Static != nil {
		out.Home = c.site.Static.home(out.Home)
	}
	text := c.site.Texts[t]
	if c.silent(t, commonLabel(t, page.Items)) {
		text = feeds.Text{}
	}
	out.Description = cmp.Or(text.Description, out.Description)
	out.Language = cmp.Or(text.Language, out.Language)
	out.Image = cmp.Or(text.Image, out.Image)
	return out
}

// self is the address of a document as it says it itself: none of a private one, since whoever has it can read it.
func (c *config) self(key string) string {
	if c.private {
		return ""
	}
	return c.address(key)
}

// updated is the time a document says of itself; a topic without a change has that of the settings.
func (c *config) updated(v feeds.Version) time.Time {
	t := v.Changed
	if t.IsZero() {
		t = c.site.Since
	}
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.UTC().Truncate(time.Second)
}

// modified is Last-Modified of a document of that version; zero for none.
func (c *config) modified(v feeds.Version) time.Time {
	t := v.Changed
	if c.site.Since.After(t) {
		t = c.site.Since
	}
	return t.Truncate(time.Second)
}

// feedID is atom:id: a UUID (RFC 9562 version 8) made of the store, the topic and the format, whatever the address.
func (c *config) feedID(what, format string) string {
	h := sha256.Sum256([]byte(c.site.Instance + "\x00" + what + "\x00" + format))
	u := h[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
}

// commonLabel is the commonest spelling of a topic among items, the newest among equals. It is read off the items of
// the document, not off the list of topics, so that both always belong to the same version.
func commonLabel(t feeds.Topic, items []feeds.Item) string {
	best, most := "", 0
	seen := map[string]int{}
	for i := range items {
		for _, m := range feeds.Topics(&items[i]) {
			if m.Topic == t {
				seen[m.Label]++
			}
		}
	}
	for i := range items {
		for _, m := range feeds.Topics(&items[i]) {
			if m.Topic == t && seen[m.Label] > most {
				best, most = m.Label, seen[m.Label]
			}
		}
	}
	return best
}

// hubs are the WebSub hubs of a document: those of none that a view makes.
func (c *config) hubs(d doc) []string {
	if d.aside() {
		return nil
	}
	return c.site.Hubs
}

// shell is a document without bytes: the headers that its address alone decides.
func (c *config) shell(d doc) *document {
	contentType, control, vary := outlineType, c.control, varyCoding
	var full, both []header
	switch {
	case d.format != nil:
		contentType = []string{d.format.ContentType()}
		if c.private {
			break
		}
		link := "<" + c.site.BaseURL + d.key + `>; rel="self"; type="` + d.format.MediaType + `"`
		for _, hub := range c.hubs(d) {
			link += ", <" + hub + `>; rel="hub"`
		}
		full = append(full, header{"Link", []string{link}})
	case d.lang != "":
		if contentType, control, vary = htmlType, noCache, varyPeople; c.private {
			control = privateNoCache
		}
		full = append(full, pageHeaders(d.look)...)
	}
	both = []header{
		{"Cache-Control", control},
		{"Vary", vary},
	}
	if c.private {
		both = append(both, header{"Referrer-Policy", noReferrer}, header{"X-Robots-Tag", noIndex})
	} else {
		both = append(both, header{"Access-Control-Allow-Origin", anyOrigin}, header{"Access-Control-Expose-Headers", expose})
	}
	full = append(full, header{"Content-Type", contentType}, header{"X-Content-Type-Options", noSniff})
	return &document{full: append(full, both...), brief: both}
}

// admit lets scripts of other sites read an answer that is no document. Scripts have no need of what is private, and nobody
// is to learn its address from where a reader came.
func (c *config) admit(h http.Header) {
	if c.private {
		h["Referrer-Policy"], h["X-Robots-Tag"] = noReferrer, noIndex
		return
	}
	h["Access-Control-Allow-Origin"] = anyOrigin
}

var (
	noIndex        = []string{"noindex"}
	privateNoCache = []string{"private, no-cache"}
	htmlType       = []string{"text/html; charset=utf-8"}
	outlineType    = []string{"text/x-opml; charset=utf-8"}
)

func itoa(n int) string { return strconv.Itoa(n) }

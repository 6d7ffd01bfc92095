package jekyll

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/net/idna"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/internal/kramdown"
	"feedmill/sources/internal/postdir"
)

var _ postdir.Site = (*site)(nil)

// site is what shapes posts: the configuration and the settings of the source.
type site struct {
	// confName is the file of the configuration, conf what is written in it, for templates.
	confName                     string
	conf                         fields
	lib                          *library
	title, description, language string
	// original is the field that the operator names.
	original string
	// origin is scheme and host with no slash at the end, empty without a usable url; idOrigin is origin as jekyll-feed
	// writes it into IDs, slashes included. base is "" or "/path".
	origin, idOrigin, base string
	author                 value
	persons                map[string]feeds.Person
	// permalink is the template that the site states for posts, and whose end pages have.
	permalink string
	// collections are all of the site's, by label; collections_dir holds them.
	collections map[string]*collection
	separator   string
	excerptOnly bool
	// drafts: the posts in _drafts, too.
	drafts, future, unpublished bool
	dates                       zoning
	fileDates                   bool
	markdown                    map[string]bool
	kramdown                    *kramdown.Options // nil: the site's Markdown is CommonMark
	scopes                      []scope
	encoding                    string
	// top is the directory under which posts are looked for: collections_dir, else "".
	top     string
	exclude []pattern
	include []string
	feed    feedConfig
	// shape is a hash of everything here that shapes posts.
	shape uint32
	// reports are the faults of the configuration that do not stop the site.
	reports []sources.Rejected
}

// feedConfig is jekyll-feed's own section.
type feedConfig struct {
	path       string
	limit      int
	categories []string
	// collections are its feeds of other documents than posts: the label that stands for each path.
	collections map[string]string
	// tagged: there are feeds by tag, below tagPath, of the tags in only (if any) but not in except.
	tagged       bool
	tagPath      string
	only, except []string
}

// loadSite reads the configuration below root.
func loadSite(t postdir.Tree, set postdir.Settings) (postdir.Site, error) {
	conf, name, err := readConfig(t)
	if err != nil {
		return nil, err
	}
	s := newSite(name, conf, set)
	if err := s.checkTop(t, conf); err != nil {
		return nil, err
	}
	s.readLibrary(t)
	s.readAuthors()
	s.shape = s.hash(conf)
	return s, nil
}

func newSite(name string, conf fields, set postdir.Settings) *site {
	s := &site{
		confName:    name,
		conf:        conf,
		title:       conf.get("title").str(),
		description: conf.get("description").str(),
		language:    conf.get("lang").str(),
		author:      conf.get("author"),
		persons:     map[string]feeds.Person{},
		separator:   "\n\n",
		excerptOnly: conf.get("feed").fields.get("excerpt_only").isTrue(),
		drafts:      set.Drafts || conf.get("show_drafts").isTrue(),
		future:      set.Future || conf.get("future").isTrue(),
		unpublished: conf.get("unpublished").isTrue(),
		dates:       zoning{zone: set.Zone, asSite: set.SiteDates},
		fileDates:   set.FileDates,
		original:    set.Original,
		encoding:    conf.get("encoding").str(),
		markdown:    map[string]bool{},
		top:         strings.Trim(conf.get("collections_dir").str(), "/"),
		include:     union(nil, labels(conf.get("include"), true)),
		exclude:     newPatterns(union(labels(conf.get("exclude"), true), defaultExcludes)),
	}
	if s.title == "" {
		s.title = conf.get("name").str()
	}
	if v := conf.get("excerpt_separator"); v.kind == text {
		s.separator = v.text
	}
	if name := conf.get("timezone").str(); name != "" {
		loc, err := time.LoadLocation(name)
		if err == nil {
			s.dates.zone = loc
		} else {
			s.report(conf.get("timezone"), fmt.Sprintf("timezone %.40q is not known: write it like Asia/Shanghai", name))
		}
	}
	s.setAddress(conf)
	ext := conf.get("markdown_ext").str()
	if ext == "" {
		ext = "markdown,mkdown,mkdn,mkd,md"
	}
	for _, e := range strings.Split(ext, ",") {
		e = "." + strings.ToLower(strings.TrimSpace(e))
		s.markdown[e] = true
	}
	s.setMarkdown(conf)
	s.setCollections(conf, set.Collections)
	if v := conf.get("limit_posts"); v.kind == text && v.text != "0" {
		s.report(v, "limit_posts is passed over: all posts are published, also those for which the site then has no pages")
	}
	s.setDefaults(conf.get("defaults"))
	s.setFeed(conf.get("feed").fields)
	return s
}

// report notes a fault of the configuration.
func (s *site) report(v value, reason string) {
	s.reports = append(s.reports, sources.Rejected{Where: s.confName, Line: v.line, Reason: reason, Repaired: true})
}

// setAddress reads url and baseurl.
func (s *site) setAddress(conf fields) {
	if b := strings.Trim(conf.get("baseurl").str(), "/"); b != "" {
		s.base = normalise("/" + b)
	}
	raw := conf.get("url").str()
	if raw == "" {
		return
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || !oneOf(u.Scheme, "http", "https") {
		s.report(conf.get("url"), fmt.Sprintf("url %.80q is not an address like https://example.org: posts have no pages", raw))
		return
	}
	host := strings.ToLower(u.Host)
	if ascii, err := idna.Lookup.ToASCII(u.Hostname()); err == nil {
		host = ascii
		if p := u.Port(); p != "" {
			host += ":" + p
		}
	}
	scheme := strings.ToLower(u.Scheme)
	host = strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[scheme])
	s.idOrigin = scheme + "://" + host + normalise(u.EscapedPath())
	s.origin = strings.TrimRight(s.idOrigin, "/")
}

// absolute is the address of a path of the site; empty if the site has none.
func (s *site) absolute(path string) string {
	if s.origin == "" {
		return ""
	}
	return s.origin + s.base + normalise(path)
}

// readLibrary reads the files that posts may include or take data from.
func (s *site) readLibrary(t postdir.Tree) {
	lib, skipped := newLibrary(shared{t}, s.conf)
	h := xxhash.New() // templates may show any key of the configuration
	fmt.Fprintf(h, "%d", lib.hash)
	dump(h, value{kind: mapping, fields: s.conf})
	lib.hash = uint32(h.Sum64())
	if s.lib = lib; skipped > 0 {
		s.reports = append(s.reports, sources.Rejected{
			Where: lib.includes, Repaired: true,
			Reason: fmt.Sprintf("%d files of %s and %s are left out: they are too many or too large", skipped, lib.includes, lib.data),
		})
	}
}

// shared reads files that posts share.
type shared struct{ postdir.Tree }

func (t shared) ReadFile(name string, limit int64) ([]byte, error) {
	b, _, err := t.Tree.ReadFile(name, limit)
	return b, err
}

// setFeed reads jekyll-feed's section (https://github.com/jekyll/jekyll-feed).
func (s *site) setFeed(f fields) {
	s.feed = feedConfig{path: "/feed.xml", tagPath: "/feed/by_tag/"}
	own := f.get("collections").fields.get(posts).fields
	if p := overlay(own.get("path"), f.get("path")).str(); p != "" {
		s.feed.path = "/" + strings.TrimLeft(p, "/")
	}
	s.feed.limit, _ = strconv.Atoi(f.get("posts_limit").str())
	s.feed.limit = min(max(s.feed.limit, 0), 1000)
	s.feed.categories = union(nil, labels(overlay(own.get("categories"), f.get("categories")), true))
	s.feed.collections = map[string]string{}
	for _, c := range f.get("collections").entries() {
		if c.key == posts {
			continue
		}
		path := "/feed/" + c.key
		for _, category := range labels(c.value.fields.get("categories"), false) {
			s.feed.collections[path+"/"+category+".xml"] = category
		}
		if p := c.value.fields.get("path").str(); p != "" {
			path = "/" + strings.TrimLeft(p, "/")
		} else {
			path += ".xml"
		}
		s.feed.collections[path] = c.key
	}
	if t := f.get("tags"); t.kind == mapping {
		s.feed.tagged = true
		s.feed.only = union(nil, labels(t.fields.get("only"), true))
		s.feed.except = union(nil, labels(t.fields.get("except"), true))
		if p := t.fields.get("path").str(); p != "" {
			s.feed.tagPath = "/" + strings.TrimLeft(p, "/")
		}
	} else {
		s.feed.tagged = t.isTrue()
	}
}

// shapeVersion changes with the way this package makes items, so that a new one reads every post again.
const shapeVersion = 5

// hash is over everything that shapes posts.
func (s *site) hash(conf fields) uint32 {
	h := xxhash.New()
	zone := ""
	if s.dates.zone != nil {
		zone = s.dates.zone.String()
	}
	fmt.Fprintf(h, "%d|%q|%q|%q|%q|%q|%q|%v|%v|%v|%v|%q|%v|%q|%q|%q|%q|", shapeVersion, s.language, s.idOrigin, s.origin, s.base,
		s.permalink, s.separator, s.excerptOnly, s.drafts, s.future, s.unpublished, zone, s.dates.asSite, s.encoding, s.top,
		conf.get("markdown_ext").text, s.shownCollections())
	for _, key := range []string{"markdown", "highlighter", "kramdown", "author", "defaults", "collections"} {
		dump(h, conf.get(key))
	}
	if s.fileDates {
		io.WriteString(h, "file dates") //nolint:errcheck // a hash takes everything
	}
	fmt.Fprintf(h, "%q", s.persons) // fmt prints maps in the order of their keys
	return uint32(h.Sum64())
}

// dump writes a value without its lines, which move when nothing else does.
func dump(w io.Writer, v value) {
	fmt.Fprintf(w, "(%d %t %q", v.kind, v.plain, v.text)
	for _, e := range v.list {
		dump(w, e)
	}
	for _, e := range v.fields {
		fmt.Fprintf(w, "%q", e.key)
		dump(w, e.value)
	}
	io.WriteString(w, ")") //nolint:errcheck // a hash does not fail
}

// readSmall reads a file of the site's configuration.
func readSmall(t postdir.Tree, name string) ([]byte, error) {
	b, _, err := t.ReadFile(name, maxConfig)
	return b, err
}

package page

import (
	"encoding/json"
	"strings"

	"github.com/PuerkitoBio/goquery"
)

// Meta is what a page says of itself to machines.
type Meta struct {
	Title, Summary, Image, Language, Section, Site string
	Authors, Tags                                  []string
	Published, Updated                             string
	// Canonical is the page's own address.
	Canonical string
}

// Meta reads JSON-LD, then Open Graph, then the older meta elements: of each fact the first that is stated.
func (p *Page) Meta() Meta {
	var m Meta
	p.Doc.Find(`script[type="application/ld+json"]`).EachWithBreak(func(i int, s *goquery.Selection) bool {
		m.linked(s.Text())
		return i < maxScripts
	})
	stated := map[string][]string{}
	p.Doc.Find("meta[content]").EachWithBreak(func(i int, s *goquery.Selection) bool {
		for _, attr := range []string{"property", "name", "itemprop"} {
			if name := strings.ToLower(s.AttrOr(attr, "")); name != "" {
				stated[name] = append(stated[name], strings.TrimSpace(s.AttrOr("content", "")))
			}
		}
		return i < 500
	})
	set := func(to *string, names ...string) {
		for _, name := range names {
			if v := stated[name]; *to == "" && len(v) > 0 {
				*to = v[0]
			}
		}
	}
	set(&m.Title, "og:title", "twitter:title", "headline", "dc.title")
	set(&m.Summary, "og:description", "description", "twitter:description", "dc.description")
	set(&m.Image, "og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")
	set(&m.Section, "article:section")
	set(&m.Site, "og:site_name", "application-name")
	set(&m.Published, "article:published_time", "og:published_time", "datepublished", "article.published", "pubdate", "publishdate",
		"publish_date", "parsely-pub-date", "sailthru.date", "dc.date.issued", "dcterms.created", "dc.date", "date")
	set(&m.Updated, "article:modified_time", "og:updated_time", "datemodified", "dcterms.modified", "last-modified")
	if len(m.Authors) == 0 {
		for _, name := range []string{"author", "article:author", "dc.creator", "parsely-author", "twitter:creator"} {
			for _, v := range stated[name] {
				if len(m.Authors) == 0 && !strings.Contains(v, "://") {
					m.Authors = words(v)
				}
			}
		}
	}
	if len(m.Tags) == 0 {
		m.Tags = stated["article:tag"]
	}
	if m.Published == "" {
		m.Published = p.Doc.Find("time[pubdate], article time[datetime], time[itemprop=datePublished]").First().AttrOr("datetime", "")
	}
	if m.Title == "" {
		m.Title = Text(p.Doc.Find("h1").First())
	}
	if m.Title == "" {
		m.Title = p.Title()
	}
	if m.Language == "" {
		m.Language = p.Language()
	}
	m.Image = p.Resolve(m.Image)
	m.Canonical = p.Resolve(p.Doc.Find(`link[rel="canonical"]`).First().AttrOr("href", ""))
	return m
}

// Language is what the page says of its language.
func (p *Page) Language() string {
	return strings.ReplaceAll(strings.TrimSpace(p.Doc.Find("html").AttrOr("lang", "")), "_", "-")
}

// Title is the page's title element.
func (p *Page) Title() string { return Text(p.Doc.Find("title").First()) }

// maxScripts bounds the JSON-LD scripts that are read, maxScript one of them in bytes, maxLinked how deep their graph is
// followed.
const (
	maxScripts = 20
	maxScript  = 1 << 20
	maxLinked  = 6
)

// articles are the types of schema.org that are something to read, hear or watch.
var articles = []string{"article", "posting", "report", "webpage", "event", "recipe", "review", "videoobject", "podcastepisode", "book", "product"}

// linked reads a JSON-LD script. One that is not JSON says nothing.
func (m *Meta) linked(text string) {
	if len(text) > maxScript {
		return
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err == nil {
		m.node(v, 0)
	}
}

func (m *Meta) node(v any, depth int) {
	if depth > maxLinked {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			m.node(e, depth+1)
		}
	case map[string]any:
		m.node(v["@graph"], depth+1)
		m.node(v["mainEntity"], depth+1)
		kind := strings.ToLower(strings.Join(texts(v["@type"]), " "))
		for _, a := range articles {
			if strings.Contains(kind, a) {
				m.article(v)
				return
			}
		}
	}
}

func (m *Meta) article(v map[string]any) {
	set := func(to *string, keys ...string) {
		for _, k := range keys {
			if t := texts(v[k]); *to == "" && len(t) > 0 {
				*to = strings.TrimSpace(t[0])
			}
		}
	}
	set(&m.Title, "headline", "name")
	set(&m.Summary, "description", "abstract")
	set(&m.Published, "datePublished", "dateCreated", "uploadDate")
	set(&m.Updated, "dateModified")
	set(&m.Language, "inLanguage")
	set(&m.Section, "articleSection")
	set(&m.Image, "image", "thumbnailUrl")
	if len(m.Authors) == 0 {
		m.Authors = texts(v["author"])
	}
	if len(m.Tags) == 0 {
		for _, t := range texts(v["keywords"]) {
			m.Tags = append(m.Tags, words(t)...)
		}
	}
}

// texts are the texts of a value of JSON-LD, which may be one, a thing with a name or an address, or a list of those.
func texts(v any) (list []string) {
	switch v := v.(type) {
	case string:
		if v != "" {
			list = append(list, v)
		}
	case map[string]any:
		for _, k := range []string{"name", "url", "@value", "@id"} {
			if s, ok := v[k].(string); ok && s != "" {
				return []string{s}
			}
		}
	case []any:
		for _, e := range v {
			if _, nested := e.([]any); !nested && len(list) < maxValues {
				list = append(list, texts(e)...)
			}
		}
	}
	return list
}

// words splits keywords.
func words(s string) (list []string) {
	for w := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == '，' || r == ';' || r == '、' || r == '；' }) {
		if w = strings.TrimSpace(w); w != "" && len(list) < maxValues {
			list = append(list, w)
		}
	}
	return list
}

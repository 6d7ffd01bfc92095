package sitemap

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"feedmill/sources/internal/charset"
)

const (
	// maxMap bounds a sitemap in bytes, maxURLs its pages (as the protocol does), maxDepth how deep elements may lie in each
	// other, maxText one text.
	maxMap   = 20 << 20
	maxURLs  = 50_000
	maxDepth = 20
	maxText  = 8 << 10
)

// document is a sitemap, or an index of them.
type document struct {
	index bool
	pages []entry
	// damaged is why the rest could not be read; more, how many entries were left out.
	damaged error
	more    int
}

// entry is a page, or in an index a sitemap. Texts are as they were written.
type entry struct {
	loc, lastmod                             string
	title, summary, published, language      string
	publication                              string
	keywords, images, videos, thumbs, genres []string
}

// read parses XML or lines of addresses.
func read(body []byte) (*document, error) {
	text := bytes.TrimSpace(charset.Text(body, "", charset.XML))
	switch {
	case len(text) == 0:
		return nil, errors.New("the sitemap is empty")
	case text[0] != '<':
		return lines(text)
	}
	return parse(text)
}

// lines reads the plain form of a sitemap: an address a line.
func lines(text []byte) (*document, error) {
	d := &document{}
	for line := range strings.Lines(string(text)) {
		switch line = strings.TrimSpace(line); {
		case line == "":
		case !strings.HasPrefix(line, "http://") && !strings.HasPrefix(line, "https://") || len(line) > maxText:
			return nil, fmt.Errorf("neither XML nor a list of addresses: it has the line %.60q", line)
		case len(d.pages) == maxURLs:
			d.more++
		default:
			d.pages = append(d.pages, entry{loc: line})
		}
	}
	return d, nil
}

// parse reads XML. Of a document that is damaged or cut it gives what stands before.
func parse(text []byte) (*document, error) {
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.Strict = false
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // its declaration is true no longer
	d := &document{}
	var (
		path []xml.Name
		cur  entry
		buf  strings.Builder

		begun bool
	)
	for {
		tok, err := dec.Token()
		if err != nil {
			if !errors.Is(err, io.EOF) || len(path) > 0 {
				if len(d.pages) == 0 {
					return nil, fmt.Errorf("parse sitemap: %w", err)
				}
				d.damaged = err
			}
			if !begun {
				return nil, errors.New("parse sitemap: it has no element")
			}
			return d, nil
		}
		switch t := tok.(type) {
		case xml.Directive:
			if bytes.Contains(t, []byte("<!ENTITY")) {
				return nil, errors.New("parse sitemap: its DOCTYPE defines entities, which are not expanded")
			}
		case xml.StartElement:
			if path = append(path, t.Name); len(path) > maxDepth {
				return nil, fmt.Errorf("parse sitemap: more than %d elements inside each other", maxDepth)
			}
			switch len(path) {
			case 1:
				begun = true
				if err := root(d, t.Name.Local); err != nil {
					return nil, err
				}
			case 2:
				cur = entry{}
			}
			buf.Reset()
		case xml.CharData:
			if len(path) > 2 && buf.Len() < maxText {
				buf.Write(t[:min(len(t), maxText-buf.Len())])
			}
		case xml.EndElement:
			switch {
			case len(path) > 2:
				cur.set(path[2:], strings.Join(strings.Fields(buf.String()), " "))
			case len(path) == 2 && cur.loc != "":
				if len(d.pages) == maxURLs {
					d.more++
				} else {
					d.pages = append(d.pages, cur)
				}
			}
			buf.Reset()
			path = path[:max(len(path)-1, 0)]
		}
	}
}

func root(d *document, name string) error {
	switch strings.ToLower(name) {
	case "urlset":
	case "sitemapindex":
		d.index = true
	case "rss", "feed", "rdf":
		return errors.New("a feed instead of a sitemap; configure it as feed")
	case "html":
		return errors.New("an HTML page instead of a sitemap; check the address (robots.txt often names it)")
	default:
		return fmt.Errorf("an XML document <%.40s> instead of a sitemap; want urlset or sitemapindex", name)
	}
	return nil
}

// set takes over the text of an element below a page's.
func (e *entry) set(path []xml.Name, text string) {
	if text == "" {
		return
	}
	put := func(to *string) {
		if *to == "" {
			*to = text
		}
	}
	name := path[len(path)-1].Local
	if len(path) == 1 {
		switch name {
		case "loc":
			put(&e.loc)
		case "lastmod":
			put(&e.lastmod)
		}
		return
	}
	switch path[0].Local { // the groups of the extensions, whatever their prefix is bound to
	case "news":
		switch name {
		case "title":
			put(&e.title)
		case "publication_date":
			put(&e.published)
		case "language":
			put(&e.language)
		case "name":
			put(&e.publication)
		case "keywords":
			e.keywords = appendWords(e.keywords, text)
		case "genres":
			e.genres = appendWords(e.genres, text)
		}
	case "image":
		if name == "loc" && len(e.images) < 10 {
			e.images = append(e.images, text)
		}
	case "video":
		switch name {
		case "title":
			put(&e.title)
		case "description":
			put(&e.summary)
		case "publication_date":
			put(&e.published)
		case "content_loc":
			if len(e.videos) < 10 {
				e.videos = append(e.videos, text)
			}
		case "thumbnail_loc":
			if len(e.thumbs) < 10 {
				e.thumbs = append(e.thumbs, text)
			}
		case "tag":
			if len(e.keywords) < 50 {
				e.keywords = append(e.keywords, text)
			}
		}
	}
}

// appendWords adds words with commas between them, at most fifty.
func appendWords(list []string, text string) []string {
	for w := range strings.SplitSeq(text, ",") {
		if w = strings.TrimSpace(w); w != "" && len(list) < 50 {
			list = append(list, w)
		}
	}
	return list
}

package opml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"feedmill/sources/internal/charset"
)

// Limits of a list. What is beyond is an error: half a list would take sources out of the feeds.
const (
	// MaxBytes bounds a document.
	MaxBytes = 10 << 20
	// MaxFeeds bounds the feeds of a list.
	MaxFeeds = 5000
	maxDepth = 50
)

// Feed is a feed that a list names.
type Feed struct {
	// URL is the feed's own address, as it is written.
	URL string
	// Title is what the list calls it; it may be empty.
	Title string
	// Folders are the outlines it stands in, outermost first, and what its category attribute names.
	Folders []string
}

// Read reads an OPML document (OPML 2.0, http://opml.org/spec2.opml): the feeds in their order, each address once. It is
// lenient where lists of the wild are: attributes in any case, no type, no title, HTML entities. Nothing that the
// document refers to is fetched. It fails for a document that is no OPML, that is cut short, or beyond the limits.
func Read(body []byte) ([]Feed, error) {
	if len(body) > MaxBytes {
		return nil, fmt.Errorf("read OPML: larger than %d MiB", MaxBytes>>20)
	}
	d := decoder(body)
	r := reader{places: map[string]int{}}
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read OPML: %w", err)
		}
		switch t := tok.(type) {
		case xml.Directive:
			if bytes.Contains(t, []byte("<!ENTITY")) {
				return nil, errors.New("read OPML: its DOCTYPE defines entities, which are not expanded")
			}
		case xml.StartElement:
			err = r.start(t)
		case xml.EndElement:
			r.end(t)
		}
		if err != nil {
			line, _ := d.InputPos()
			return nil, fmt.Errorf("read OPML: line %d: %w", line, err)
		}
	}
	if !r.root {
		return nil, errors.New("read OPML: this is no OPML document: it has no <opml> element")
	}
	if r.depth > 0 {
		return nil, errors.New("read OPML: the document is cut short")
	}
	return r.feeds, nil
}

// decoder makes a lenient decoder of UTF-8.
func decoder(body []byte) *xml.Decoder {
	text := charset.Text(body, "", charset.XML)
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimLeft(text, " \t\r\n")))
	d.Strict = false
	d.Entity = xml.HTMLEntity
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // its declaration is true no longer
	return d
}

// reader is where reading stands.
type reader struct {
	root    bool
	depth   int
	folders []string // one for each open outline; "" for one that is a feed
	feeds   []Feed
	places  map[string]int // address -> place in feeds
}

func (r *reader) start(t xml.StartElement) error {
	if r.depth++; r.depth > maxDepth {
		return fmt.Errorf("outlines are nested deeper than %d", maxDepth)
	}
	name := strings.ToLower(t.Name.Local)
	if !r.root {
		if name != "opml" {
			return fmt.Errorf("this is no OPML document: it begins with <%.40s>", t.Name.Local)
		}
		r.root = true
	}
	if name != "outline" {
		return nil
	}
	attrs := map[string]string{}
	for _, a := range t.Attr {
		key := strings.ToLower(a.Name.Local)
		if _, twice := attrs[key]; !twice {
			attrs[key] = strings.TrimSpace(a.Value)
		}
	}
	title := oneLine(first(attrs["title"], attrs["text"]))
	address := first(attrs["xmlurl"], attrs["url"])
	kind := strings.ToLower(attrs["type"])
	if attrs["xmlurl"] == "" && kind != "rss" && kind != "atom" && kind != "feed" {
		address = "" // a link to a page, or an inclusion, which nobody asked us to fetch
	}
	if address == "" {
		r.folders = append(r.folders, title)
		return nil
	}
	r.folders = append(r.folders, "")
	return r.add(address, title, attrs["category"])
}

func (r *reader) end(t xml.EndElement) {
	r.depth--
	if strings.EqualFold(t.Name.Local, "outline") && len(r.folders) > 0 {
		r.folders = r.folders[:len(r.folders)-1]
	}
}

// add takes a feed up. One that stands in several folders is in all of them.
func (r *reader) add(address, title, category string) error {
	u, err := url.Parse(address)
	if s := strings.ToLower(address); strings.HasPrefix(s, "feed:") && err == nil { // as old readers wrote them
		if address = address[len("feed:"):]; strings.HasPrefix(address, "//") {
			address = "http:" + address
		}
		u, err = url.Parse(address)
	}
	if err != nil || u.Host == "" || !strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https") {
		return nil // an address that no feed can have
	}
	i, known := r.places[address]
	if !known {
		if len(r.feeds) == MaxFeeds {
			return fmt.Errorf("more than %d feeds: make several lists of them", MaxFeeds)
		}
		i = len(r.feeds)
		r.places[address] = i
		r.feeds = append(r.feeds, Feed{URL: address, Title: title})
	}
	f := &r.feeds[i]
	f.Title = first(f.Title, title)
	for _, folder := range r.folders {
		f.folder(folder)
	}
	for c := range strings.SplitSeq(category, ",") { // "/Boston/Weather,news": a path counts by its last element
		c = strings.Trim(strings.TrimSpace(c), "/")
		f.folder(c[strings.LastIndexByte(c, '/')+1:])
	}
	return nil
}

func (f *Feed) folder(name string) {
	if name = oneLine(name); name != "" && !slices.Contains(f.Folders, name) {
		f.Folders = append(f.Folders, name)
	}
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// oneLine also takes back the escaping that some lists apply twice.
func oneLine(s string) string { return strings.Join(strings.Fields(html.UnescapeString(s)), " ") }

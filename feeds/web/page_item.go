package web

import (
	"context"
	"encoding/base64"
	"fmt"
	"html/template"
	"path"
	"strings"
	"unicode/utf8"

	"feedmill/feeds"
)

const (
	// itemPrefix is what the addresses of items' pages begin with.
	itemPrefix = "/item/"
	// maxItemPath bounds the name in such an address, in bytes.
	maxItemPath = 4096
	// itemLabels and itemFiles bound what an item's page lists.
	itemLabels = 60
	itemFiles  = 20
)

// itemPath is the address of an item's page. An ID is any text, often an address itself, whose slashes and question marks
// proxies and file systems do not leave alone: so it stands there in base64 (RFC 4648 §5).
func itemPath(id string) string {
	return itemPrefix + base64.RawURLEncoding.EncodeToString([]byte(id))
}

// itemID reads what itemPath wrote.
func itemID(path string) (id string, ok bool) {
	name, ok := strings.CutPrefix(path, itemPrefix)
	if !ok || len(name) > maxItemPath || strings.ContainsAny(name, "\r\n") { // which the decoder skips
		return "", false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(name)
	return string(b), err == nil && len(b) > 0 && utf8.Valid(b)
}

// itemDoc is the page of an item. It is one of so many that it is kept with what views make.
func itemDoc(id string, l look) doc {
	return doc{key: l.key(itemPath(id), ""), topic: feeds.All, item: id, look: l}
}

// itemPage is the data of an item's page.
type itemPage struct {
	frame
	It                     *feeds.Item
	Site                   string // host of the original
	Source                 label
	Authors                []string
	Labels, Copies         []label
	CopiedFrom             label
	Files                  []itemFile
	Content                template.HTML
	HasPictures, Shortened bool
}

type itemFile struct{ Text, URL, Note string }

// renderItem fills made with the page of an item.
func (s *Server) renderItem(ctx context.Context, cfg *config, d doc, made *document) error {
	items, err := s.store.Get(ctx, d.item)
	if err != nil {
		return fmt.Errorf("read item: %w", err)
	}
	if len(items) == 0 || items[0].Group != "" { // what is private is shown under a token, where it is of no group
		return fmt.Errorf("read item: %w", errUnknown)
	}
	it := &items[0]
	from := feeds.NewTopic("source", it.Source)
	made.basis = []feeds.Topic{from} // whatever happens to an item, its source's topic moves
	data := cfg.itemPage(d, it, from)
	bare, err := execute("item.html", data)
	if err != nil {
		return err
	}
	var pictures bool
	data.Content, pictures, data.Shortened = shownContent(it.Content, d.images, pageBytes-len(bare))
	data.HasPictures = data.HasPictures || pictures
	made.body, err = execute("item.html", data)
	return err
}

func (c *config) itemPage(d doc, it *feeds.Item, from feeds.Topic) *itemPage {
	short := *it
	title := clip(it.Title, titleRunes)
	short.Title, short.Summary = title, clip(it.Summary, 2000)
	data := &itemPage{frame: c.frame(d.look, title, itemPath(it.ID), ""), It: &short, Site: host(it.URL)}
	if title == "" {
		data.Title = data.T.Untitled
	}
	data.Heading = data.Title
	data.Title += " · " + c.title
	data.NoIndex = true // the original is what search engines are to find
	if data.Canonical = ""; data.Site != "" && !c.private {
		data.Canonical = it.URL
	}
	data.Source = label{c.display(from, it.Source), data.To(from.Path())}
	data.Feeds = c.addresses(from, nil, c.feedTitle(from, it.Source))
	for _, p := range it.Authors[:min(len(it.Authors), itemFiles)] {
		name := p.Name // an e-mail address or a page is not for everybody to collect
		if name == "" {
			name = host(p.URL)
		}
		if name != "" {
			data.Authors = append(data.Authors, clip(name, 100))
		}
	}
	data.Labels, data.Copies = c.labels(&data.frame, it, feeds.Topic{}, itemLabels), c.copies(it)
	if o := it.Origin; o != nil {
		data.CopiedFrom = label{clip(o.Title, 100), o.Home}
		if data.CopiedFrom.Text == "" {
			data.CopiedFrom.Text = host(o.Home)
		}
	}
	for _, e := range it.Enclosures[:min(len(it.Enclosures), itemFiles)] {
		f := itemFile{Text: clip(e.Title, 100), URL: e.URL, Note: e.Type}
		if f.Text == "" {
			f.Text = clip(path.Base(strings.SplitN(e.URL, "?", 2)[0]), 100)
		}
		if e.Length > 0 {
			f.Note = strings.TrimPrefix(f.Note+", "+size(e.Length), ", ")
		}
		data.Files = append(data.Files, f)
	}
	data.It.Image = ""
	if picture(it.Image) && !strings.Contains(it.Content, it.Image) {
		data.HasPictures = true
		if d.images {
			data.It.Image = it.Image
		}
	}
	return data
}

// size writes bytes for people.
func size(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%d kB", (n+999)/1000)
}

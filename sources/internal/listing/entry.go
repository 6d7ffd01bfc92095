// Package listing is what a page, an API and a sitemap have in common: a list of entries that somebody else keeps. It maps
// the fields found to items, gives them keys, remembers what was stated, follows entries to their articles, and states
// the differences.
package listing

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/itchyny/timefmt-go"

	"feedmill/feeds"
	"feedmill/sources/internal/dates"
	"feedmill/sources/internal/page"
)

// Names are the fields that an item can have.
var Names = []string{
	"id", "title", "url", "date", "updated", "summary", "content", "author", "category", "tag", "image", "enclosure", "language", "original",
}

// Values are what was found of an entry, by the names of the fields.
type Values map[string][]page.Value

// Entry is an entry of a list as it was read.
type Entry struct {
	// ID is the source's own; empty where it states none.
	ID   string
	Item *feeds.Item
	// Base resolves the addresses in the item's content.
	Base string
	// Part is the document that the entry was in, for a source of several.
	Part string
	// Fallback is the title of an item that gets no other, not even from its article.
	Fallback string
	// Problem is what could not be read of it.
	Problem string

	how   dates.How // how Published was stated
	found []string  // the fields that have a value
	key   string
	raw   uint64
}

// Reader maps values to entries.
type Reader struct {
	// Base resolves addresses.
	Base  *url.URL
	Dates dates.Reader
	// Now is when the list was read: distances such as "2 hours ago" count from it.
	Now time.Time
}

// Entry maps values. It is nil where there is nothing to show: neither a title, nor a text, nor a link.
func (r Reader) Entry(v Values) *Entry {
	e := &Entry{Item: &feeds.Item{}}
	e.Base = baseOf(r.Base)
	r.fill(e, v)
	it := e.Item
	if it.Title == "" && it.URL == "" && it.Content == "" && it.Summary == "" && len(it.Enclosures) == 0 {
		return nil
	}
	if kind := fileType(it.URL); kind != "" && len(it.Enclosures) == 0 {
		it.Enclosures = []feeds.Enclosure{{URL: it.URL, Type: kind}}
	}
	return e
}

// baseOf is an address as a base: without its query, in which the pages of one list differ.
func baseOf(u *url.URL) string {
	if u == nil {
		return ""
	}
	b := *u
	b.RawQuery, b.Fragment, b.RawFragment = "", "", ""
	return b.String()
}

// Key is the native key; it is there once the entry is identified.
func (e *Entry) Key() string { return e.key }

// Guess says that the date is not what the list says, but what was made of it.
func (e *Entry) Guess(how dates.How) { e.how = how }

// fill sets the fields of an entry that have values.
func (r Reader) fill(e *Entry, v Values) {
	it := e.Item
	for _, name := range Names {
		list := v[name]
		if len(list) == 0 {
			continue
		}
		first := list[0]
		if !first.Default {
			e.found = append(e.found, name)
		}
		switch name {
		case "id":
			e.ID = first.Text
		case "title":
			it.Title = line(first)
		case "summary":
			it.Summary = line(first)
		case "content":
			it.Content = markup(first)
		case "url":
			it.URL = page.Resolve(r.Base, first.Text)
		case "original":
			it.Original = page.Resolve(r.Base, first.Text)
		case "image":
			it.Image = page.Resolve(r.Base, first.Text)
		case "language":
			it.Language = first.Text
		case "date":
			it.Published, e.how = r.date(e, first)
			e.dated(r, first)
		case "updated":
			it.Updated, _ = r.date(e, first)
		case "author":
			it.Authors = nil
			for _, a := range texts(list) {
				it.Authors = append(it.Authors, feeds.Person{Name: a})
			}
		case "category":
			it.Categories = texts(list)
		case "tag":
			it.Tags = texts(list)
		case "enclosure":
			it.Enclosures = nil
			for _, u := range texts(list) {
				if u = page.Resolve(r.Base, u); u != "" {
					it.Enclosures = append(it.Enclosures, feeds.Enclosure{URL: u, Type: fileType(u)})
				}
			}
		}
	}
}

func (r Reader) date(e *Entry, v page.Value) (t time.Time, how dates.How) {
	if v.Format != "" {
		zone := r.Dates.Zone
		if zone == nil {
			zone = time.UTC
		}
		var err error
		if t, err = timefmt.ParseInLocation(v.Text, v.Format, zone); err != nil {
			t = time.Time{}
		}
	} else {
		t, how = r.Dates.Page(v.Text, r.Now)
	}
	if t.IsZero() {
		e.Problem = "the date " + quote(v.Text) + " cannot be read: the time it was first seen counts"
	}
	return t, how
}

// dated notes how the date was stated.
func (e *Entry) dated(r Reader, v page.Value) {
	why := "the field date"
	switch {
	case e.Item.Published.IsZero():
		return
	case e.how == dates.Relative:
		why += ", counted from now"
	case e.how == dates.Inferred:
		why += ", which is not whole"
	case v.Format == "" && r.Dates.Zoneless(v.Text):
		why += feeds.NoZone
	}
	e.Item.Because("date", why)
}

func quote(s string) string {
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40]) + "…"
	}
	return `"` + s + `"`
}

func texts(list []page.Value) (out []string) {
	seen := make(map[string]bool, len(list))
	for _, v := range list {
		if t := strings.Join(strings.Fields(v.Text), " "); t != "" && !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}

var looksHTML = regexp.MustCompile(`(?i)</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|&(?:#\d+|#x[0-9a-f]+|[a-z][a-z0-9]+);`)

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// line is a value for a title or summary, which normalisation takes for HTML when it reads like it: what is known to be
// plain is escaped where it does.
func line(v page.Value) string {
	if !v.HTML && v.Plain && looksHTML.MatchString(v.Text) {
		return escape.Replace(v.Text)
	}
	return v.Text
}

// markup is a value as HTML: in plain text blank lines part paragraphs.
func markup(v page.Value) string {
	if v.HTML || !v.Plain && looksHTML.MatchString(v.Text) {
		return v.Text
	}
	var b strings.Builder
	for para := range strings.SplitSeq(strings.ReplaceAll(v.Text, "\r\n", "\n"), "\n\n") {
		if para = strings.TrimSpace(para); para != "" {
			b.WriteString("<p>" + strings.ReplaceAll(escape.Replace(para), "\n", "<br>") + "</p>")
		}
	}
	return b.String()
}

// identify gives the entries their keys: the id, else the link, else a hash of title and text. Entries of one link and
// several titles (a list whose links all lead to the same page) are told apart by the title, for ever: shared remembers
// such links. An entry that comes twice is one, with what either says.
func identify(entries []*Entry, shared map[string]bool) (unique []*Entry) {
	titles := map[string]string{}
	for _, e := range entries {
		if e.ID != "" || e.Item.URL == "" || e.Item.Title == "" {
			continue
		}
		if t, ok := titles[e.Item.URL]; ok && t != e.Item.Title && len(shared) < maxShared {
			shared[e.Item.URL] = true
		}
		titles[e.Item.URL] = e.Item.Title
	}
	seen := make(map[string]*Entry, len(entries))
	for _, e := range entries {
		switch it := e.Item; {
		case e.ID != "":
			e.key = e.ID
		case it.URL != "" && shared[it.URL] && it.Title != "":
			e.key = it.URL + " " + it.Title
		case it.URL != "":
			e.key = it.URL
		default:
			h := sha256.Sum256([]byte(it.Title + "\x00" + it.Content + "\x00" + it.Summary))
			e.key = "sha256:" + hex.EncodeToString(h[:])
		}
		if len(e.key) > feeds.MaxKey {
			h := sha256.Sum256([]byte(e.key))
			e.key = "sha256:" + hex.EncodeToString(h[:])
		}
		if first, twice := seen[e.key]; twice {
			first.complete(e)
			continue
		}
		seen[e.key] = e
		unique = append(unique, e)
	}
	return unique
}

// complete takes over what the same entry says elsewhere: a picture with a link often comes before the title with it.
func (e *Entry) complete(o *Entry) {
	a, b := e.Item, o.Item
	for _, f := range []struct{ to, from *string }{
		{&a.Title, &b.Title}, {&a.Summary, &b.Summary}, {&a.Content, &b.Content}, {&a.Image, &b.Image}, {&a.URL, &b.URL},
	} {
		if *f.to == "" {
			*f.to = *f.from
		}
	}
	if a.Published.IsZero() {
		a.Published, e.how = b.Published, o.how
	}
	e.found = append(e.found, o.found...)
}

// maxShared bounds the links that are known to be those of several entries.
const maxShared = 1000

// types are the media types of files that lists link to in place of pages, by their extension.
var types = map[string]string{
	"pdf": "application/pdf", "doc": "application/msword", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"xls": "application/vnd.ms-excel", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"ppt": "application/vnd.ms-powerpoint", "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	"zip": "application/zip", "rar": "application/vnd.rar", "epub": "application/epub+zip",
	"mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg", "wav": "audio/wav", "mp4": "video/mp4", "webm": "video/webm",
	"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp", "svg": "image/svg+xml",
}

// fileType is the media type of a file by its address; empty for a page.
func fileType(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	name := u.Path[strings.LastIndexByte(u.Path, '/')+1:]
	return types[strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])]
}

package sitemap

import (
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"feedmill/sources/internal/dates"
	"feedmill/sources/internal/listing"
	"feedmill/sources/internal/page"
)

// entryOf maps a page; nil for one whose address is none. part is the sitemap it is in.
func entryOf(r listing.Reader, p entry, part string) *listing.Entry {
	address := page.Resolve(r.Base, p.loc)
	if address == "" {
		return nil
	}
	v := listing.Values{"url": plain(address)}
	set := func(name string, texts ...string) {
		if list := plain(texts...); len(list) > 0 {
			v[name] = list
		}
	}
	set("title", p.title)
	set("summary", p.summary)
	set("date", p.published)
	set("updated", p.lastmod)
	set("language", p.language)
	set("tag", p.keywords...)
	set("category", p.genres...)
	set("image", append(p.images, p.thumbs...)...)
	set("enclosure", p.videos...)
	e := r.Entry(v)
	if e == nil {
		return nil
	}
	e.Part = part
	e.Fallback = titleOf(address)
	if e.Item.Published.IsZero() {
		// When it was first seen to be changed is the best that is known of when it was published.
		e.Item.Published = e.Item.Updated
		if !e.Item.Published.IsZero() {
			e.Item.Because("date", "lastmod")
		}
		e.Guess(dates.Inferred)
	}
	return e
}

func plain(texts ...string) (list []page.Value) {
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			list = append(list, page.Value{Text: t, Plain: true})
		}
	}
	return list
}

// titleOf makes a title of the last part of an address that has letters: "Night ferry" of /2026/night-ferry.html.
func titleOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	for p := strings.Trim(u.Path, "/"); p != ""; p = strings.Trim(path.Dir("/"+p), "/") {
		name := path.Base(p)
		if ext := path.Ext(name); len(ext) > 1 && len(ext) <= 6 {
			name = strings.TrimSuffix(name, ext)
		}
		name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || r == '+' || unicode.IsSpace(r) }), " ")
		if strings.EqualFold(name, "index") || strings.IndexFunc(name, unicode.IsLetter) < 0 {
			continue
		}
		first, n := utf8.DecodeRuneInString(name)
		return string(unicode.ToUpper(first)) + name[n:]
	}
	return u.Host + u.Path
}

// buildTimes drops the dates of a document in which all are one and the same second: they are when the document was
// made, and move each time.
func buildTimes(pages []entry) {
	if len(pages) < 3 || len(pages[0].lastmod) <= len("2026-11-24") {
		return
	}
	for _, p := range pages {
		if p.lastmod != pages[0].lastmod {
			return
		}
	}
	for i := range pages {
		pages[i].lastmod = ""
	}
}

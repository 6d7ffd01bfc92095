package hugo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"feedmill/feeds"
	"feedmill/sources/internal/dates"
	"feedmill/sources/internal/postdir"
)

// dateAliases are other keys of front matter for the same date; they come behind the key.
var dateAliases = map[string][]string{
	"lastmod": {"modified"}, "publishdate": {"pubdate", "published"}, "expirydate": {"unpublishdate"},
}

// defaultOrders are where dates come from unless the section frontmatter of the configuration says otherwise
// (https://gohugo.io/configuration/front-matter/).
var defaultOrders = map[string][]string{
	"date":        {"date", "publishdate", "lastmod"},
	"lastmod":     {":git", "lastmod", "date", "publishdate"},
	"publishdate": {"publishdate", "date"},
	"expirydate":  {"expirydate"},
}

func dateOrders(conf params) map[string][]string {
	out := map[string][]string{}
	for what, usual := range defaultOrders {
		own := conf.words(what)
		if len(own) == 0 {
			own = usual
		}
		var order []string
		add := func(keys ...string) {
			for _, key := range keys {
				for _, k := range append([]string{key}, dateAliases[key]...) {
					if !slices.Contains(order, k) {
						order = append(order, k)
					}
				}
			}
		}
		for _, key := range own {
			if key = strings.ToLower(key); key == ":default" {
				add(usual...)
			} else {
				add(key)
			}
		}
		out[what] = order
	}
	return out
}

// date is the first of the places of a date that holds one.
func (p *page) date(f *postdir.File, what string) time.Time {
	t, _ := p.dateFrom(f, what)
	return t
}

// dateFrom also says which place that is.
func (p *page) dateFrom(f *postdir.File, what string) (t time.Time, from string) {
	for _, key := range p.language.orders[what] {
		switch key {
		case ":git":
			if p.site.set.FileDates && p.language.conf.flag("enablegitinfo", false) && !f.ModTime.IsZero() {
				return f.ModTime, "file time"
			}
			continue
		case ":filemodtime":
			if !f.ModTime.IsZero() {
				return f.ModTime, "file time"
			}
			continue
		case ":filename":
			if t := p.nameDate(); !t.IsZero() {
				return t, "file name"
			}
			continue
		}
		v := p.front[key]
		if text(v) == "" {
			continue
		}
		if t := p.language.time(v); !t.IsZero() {
			if (dates.Reader{}).Zoneless(text(v)) {
				return t, key + feeds.NoZone
			}
			return t, key
		}
		if key != "published" { // which may also say whether it is
			p.repair(p.cut.headerLine, fmt.Sprintf("%s is not understood: %.80q", key, text(v)))
		}
	}
	return time.Time{}, ""
}

// layouts are the dates that Hugo reads, by way of spf13/cast 1.5, but those without a year. It does not guess, and takes
// what it does not read for no date.
var layouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", time.RFC1123Z, time.RFC1123, time.RFC822Z, time.RFC822, time.RFC850,
	"2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05Z0700", time.DateTime,
	time.ANSIC, time.UnixDate, time.RubyDate, "2006-01-02 15:04:05Z07:00", time.DateOnly, "02 Jan 2006",
	"2006-01-02 15:04:05 -07:00", "2006-01-02 15:04:05 -0700",
}

// time reads a date, in the zone of the site where it states none. A number counts seconds since 1970.
func (l *language) time(v any) time.Time {
	if n, ok := v.(int64); ok {
		return time.Unix(n, 0).UTC()
	}
	s := strings.TrimSpace(text(v))
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, l.zone); err == nil {
			return t
		}
	}
	return time.Time{}
}

// nameDate is the date that the name begins with; what follows is the slug.
func (p *page) nameDate() time.Time {
	name := p.name()
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[:i] // Hugo takes it for an extension
	}
	if len(name) < 10 {
		return time.Time{}
	}
	t, err := time.ParseInLocation(time.DateOnly, name[:10], p.language.zone)
	if err != nil {
		return time.Time{}
	}
	if _, stated := p.front["slug"]; !stated {
		p.slug = strings.Trim(name[10:], " -_")
	}
	return t
}

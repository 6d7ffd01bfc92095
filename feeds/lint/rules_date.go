package lint

import (
	"strings"
	"time"
)

// stamp is a date in a document.
type stamp struct {
	line  int
	where string
	text  string
	at    time.Time
	ok    bool
	// old is what there is to say of a date of RFC 822.
	old  *date822
	item int // the index of the item that it is the date of, -1 for other dates
}

// dates are all dates of a document, those by which readers sort items with the item's index.
func (d *doc) dates() []stamp {
	if d.dated {
		return d.stamps
	}
	d.dated = true
	add := func(line int, where, text string, item int) {
		s := stamp{line: line, where: where, text: text, item: item}
		if f := d.report.Format; f == RSS || f == OPML {
			r := rfc822(strings.TrimSpace(text))
			s.at, s.ok, s.old = r.at, r.ok, &r
		} else {
			s.at, s.ok = rfc3339(text)
		}
		d.stamps = append(d.stamps, s)
	}
	children := func(n *node, item int, space string, names ...string) {
		if n == nil {
			return
		}
		for _, name := range names {
			for _, x := range n.all(space, name) {
				i := -1
				if item >= 0 && (name == "pubDate" || name == "updated") {
					i = item
				}
				add(x.line, name, x.text, i)
			}
		}
	}
	switch d.report.Format {
	case RSS:
		children(d.channel(), -1, "", "pubDate", "lastBuildDate")
		for i, it := range d.items() {
			children(it, i, "", "pubDate")
		}
	case Atom:
		children(d.root, -1, nsAtom, "updated")
		for i, e := range d.items() {
			children(e, i, nsAtom, "updated", "published")
			if s := e.first(nsAtom, "source"); s != nil {
				children(s, -1, nsAtom, "updated")
			}
		}
	case JSONFeed:
		for i, it := range d.json.list("items") {
			for _, name := range []string{"date_published", "date_modified"} {
				if x := it.get(name); x != nil && x.kind == 's' {
					item := -1
					if name == "date_published" {
						item = i
					}
					add(x.line, name, x.str, item)
				}
			}
		}
	case OPML:
		children(d.root.first("", "head"), -1, "", "dateCreated", "dateModified")
	}
	return d.stamps
}

var rfc2822 = rfc("2822", "3.3")

var dateRules = []Rule{
	{"date-rfc822", Error, "Dates of RSS and OPML have the form of RFC 822, with a year of four digits.", rfc2822, func(d *doc) {
		for _, s := range d.dates() {
			if !s.ok && s.old != nil {
				d.fail(s.line, "%s %.60q is no date of RFC 822, such as Mon, 02 Mar 2026 09:30:00 +0800", s.where, s.text)
			}
		}
	}},
	{"date-rfc3339", Error, "Dates of Atom and JSON Feed have the form of RFC 3339, with a zone.", rfc("3339", "5.6"), func(d *doc) {
		for _, s := range d.dates() {
			if !s.ok && s.old == nil {
				d.fail(s.line, "%s %.60q is no date of RFC 3339, such as 2026-03-02T09:30:00+08:00", s.where, s.text)
			}
		}
	}},
	{"date-weekday", Error, "The day of the week is that of the date.", rfc2822, func(d *doc) {
		for _, s := range d.dates() {
			if s.ok && s.old != nil && !s.old.weekday {
				d.fail(s.line, "%s %.60q was a %s", s.where, s.text, s.at.Weekday())
			}
		}
	}},
	{"date-year", Warning, "A year has four digits, and is one of a post.", rssAt("Comments"), func(d *doc) {
		for _, s := range d.dates() {
			if s.ok && (s.old != nil && !s.old.year || s.at.Year() < 1000) {
				d.fail(s.line, "%s %.60q has no year of four digits that a post can be of", s.where, s.text)
			}
		}
	}},
	{"date-zone", Info, "A time zone is a number or GMT.", profileAt("Date and time"), func(d *doc) {
		for _, s := range d.dates() {
			if s.ok && s.old != nil && !s.old.zone {
				d.fail(s.line, "%s %.60q has a zone that is no number and not GMT, or -0000, which is none", s.where, s.text)
			}
		}
	}},
	{"date-future", Warning, "No date is in the future.", validator("ImplausibleDate"), func(d *doc) {
		for _, s := range d.dates() {
			if s.ok && !d.in.Now.IsZero() && s.at.After(d.in.Now.Add(5*time.Minute)) {
				d.fail(s.line, "%s %.60q is in the future", s.where, s.text)
			}
		}
	}},
}

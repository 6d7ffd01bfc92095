package web

import (
	"context"
	"fmt"
	"strings"
	"time"

	"feedmill/feeds"
)

const (
	// archivePrefix is what the address of an archive document begins with: /archive/2026-10/tag/go.atom.
	archivePrefix = "/archive/"
	monthForm     = "2006-01"
	// archiveItems is how many items an archive document holds; a month with more has several.
	archiveItems = 200
	// archiveAge is how long readers may keep the archive of a month that is over, from archiveRest on: what is edited or
	// withdrawn then still gets there, some time.
	archiveAge  = 24 * time.Hour
	archiveRest = 24 * time.Hour
)

// cutArchive splits the month off the path of an archive document.
func cutArchive(path string) (month, rest string, ok bool) {
	path, ok = strings.CutPrefix(path, archivePrefix)
	if !ok {
		return "", "", false
	}
	month, rest, ok = strings.Cut(path, "/")
	if t, err := time.Parse(monthForm, month); err != nil || !ok || t.Year() < 1 {
		return "", "", false
	}
	return month, "/" + rest, true
}

// archiveDoc is the archive of a topic's feed for one month: what arrived then, UTC. Items of a first import count as arrived
// when they were published.
func archiveDoc(t feeds.Topic, f *feeds.Format, month string) doc {
	return doc{key: archivePrefix + month + t.Path() + f.Suffix, topic: t, format: f, month: month}
}

func monthOf(second int64) string { return time.Unix(second, 0).UTC().Format(monthForm) }

// archived reports whether a month can have an archive: the years whose dates have four digits, until now.
func archived(month string, now time.Time) bool {
	return month <= now.UTC().Format(monthForm) && month >= "1000"
}

// bounds are the first second of the month of an archive and the one behind its last.
func (d doc) bounds() (start, end int64) {
	t, err := time.Parse(monthForm, d.month)
	if err != nil {
		panic(err) // cutArchive read it
	}
	return t.Unix(), t.AddDate(0, 1, 0).Unix()
}

// renderArchive fills made with an archive document (RFC 5005 §4). It is a function of the items that arrived in its month, so
// that it changes only with them, and of which document comes before it.
func (s *Server) renderArchive(ctx context.Context, cfg *config, d doc, made *document) error {
	start, end := d.bounds()
	from := feeds.Pos{Second: end}
	if d.view != nil && later(from, d.view.before) {
		from = d.view.before
	}
	page, err := s.store.Recent(ctx, d.topic, feeds.ByArrival, from, archiveItems+1)
	if err != nil {
		return fmt.Errorf("read %s: %w", d.topic, err)
	}
	if page.Version == (feeds.Version{}) && len(page.Items) == 0 && !cfg.known(d.topic) {
		return fmt.Errorf("read %s: %w", d.topic, errUnknown)
	}
	n := 0 // items of this month
	for n < len(page.Items) && n < archiveItems && page.At[n].Second >= start {
		n++
	}
	made.changed, made.basis = cfg.modified(page.Version), []feeds.Topic{d.topic}
	version := feeds.Version{Changed: latest(page.Items[:n])}
	if n == 0 {
		version.Changed = time.Unix(start, 0)
	}
	feed := cfg.feed(d.topic, &feeds.Page{Items: page.Items[:n], Version: version}, d.format)
	feed.Current, feed.Self, feed.Hubs, feed.Archive = cfg.site.BaseURL+feedDoc(d.topic, d.format).key, cfg.self(d.key), nil, true
	if closed := time.Unix(end, 0).Add(archiveRest); s.now().Before(closed) {
		made.until = closed.Unix()
	} else {
		feed.TTL = archiveAge
		made.control(cfg.cacheControl(archiveAge))
	}
	made.body, err = encode(feed, d.format, cfg.site.MaxBytes, func(k int) {
		feed.Items, feed.PrevArchive, made.older = page.Items[:k], "", nil
		switch { // what comes behind the first k items
		case k == len(page.Items):
		case k > 0 && page.At[k].Second >= start:
			made.older = d.behind(page.At[k-1])
		default:
			made.older = archiveDoc(d.topic, d.format, monthOf(page.At[k].Second)).ref()
		}
		if made.older != nil {
			feed.PrevArchive = cfg.address(made.older.key)
		}
		feed.Next = feed.PrevArchive
	})
	return err
}

// behind is the document of the same month that goes on behind a place.
func (d doc) behind(at feeds.Pos) *doc {
	v := view{before: at}
	v.query = v.with("before", posText(at))
	return archiveDoc(d.topic, d.format, d.month).viewed(&v).ref()
}

func (d doc) ref() *doc { return &d }

// control replaces how long a document may be kept.
func (m *document) control(values []string) {
	for _, list := range [][]header{m.full, m.brief} {
		for i := range list {
			if list[i].name == "Cache-Control" {
				list[i].values = values
			}
		}
	}
}

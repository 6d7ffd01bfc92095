package webfeed

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"feedmill/feeds"
)

// identify gives every entry its native key and its wish: the id, else the link, else a hash of title and text. Where
// several entries of the document (or of an earlier one: shared) state the same id, the link tells them apart, and
// where it does not, the title. It returns the entries without repetitions, and the keys that are shared.
func identify(entries []*entry, shared map[string]bool) (unique []*entry, nowShared []string) {
	groups := make(map[string]*group, len(entries))
	for _, e := range entries {
		e.root, e.wish = root(e)
		if groups[e.root] == nil {
			groups[e.root] = &group{first: e}
		} else {
			groups[e.root].add(e)
		}
	}
	seen := make(map[string]*entry, len(entries))
	noted := make(map[string]bool)
	for _, e := range entries {
		e.key = bounded(e.root)
		if g := groups[e.root]; shared[e.key] || g.distinct {
			if !noted[e.key] {
				noted[e.key] = true
				nowShared = append(nowShared, e.key)
			}
			sub := e.root + " " + e.item.URL
			if !e.revisions && g.ambiguous[e.item.URL] {
				sub += " " + e.item.Title
			}
			e.key = bounded(sub)
		}
		first, ok := seen[e.key]
		if !ok {
			seen[e.key] = e
			unique = append(unique, e)
			continue
		}
		// The same entry twice: its newest revision counts, the date of the oldest stays.
		published := first.item.Published
		if first.onlyUpdated && e.onlyUpdated && e.item.Published.Before(published) {
			published = e.item.Published
		}
		if moment(e).After(moment(first)) {
			*first = *e
		}
		if first.onlyUpdated {
			first.item.Published = published
		}
	}
	return unique, nowShared
}

func root(e *entry) (key, wish string) {
	switch {
	case e.id != "":
		key = e.id
	case e.item.URL != "":
		key = e.item.URL
	default:
		h := sha256.Sum256([]byte(e.item.Title + "\x00" + e.item.Content + "\x00" + e.item.Summary))
		return "sha256:" + hex.EncodeToString(h[:]), ""
	}
	if len(key) <= feeds.MaxID {
		wish = key
	}
	return key, wish
}

// group is the entries of one id. It is never searched: a hostile document has ten thousand of one.
type group struct {
	first *entry
	// distinct says that it holds more than one entry.
	distinct bool
	// titles are the first title of each link, ambiguous the links that have several; both are of groups of several.
	titles    map[string]string
	ambiguous map[string]bool
}

// add takes in an entry behind the first.
func (g *group) add(e *entry) {
	if g.titles == nil {
		g.titles, g.ambiguous = map[string]string{g.first.item.URL: g.first.item.Title}, map[string]bool{}
	}
	g.distinct = g.distinct || e.item.URL != g.first.item.URL || !e.revisions && e.item.Title != g.first.item.Title
	if title, ok := g.titles[e.item.URL]; !ok {
		g.titles[e.item.URL] = e.item.Title
	} else if title != e.item.Title {
		g.ambiguous[e.item.URL] = true
	}
}

// bounded is the key, or a hash of one that is too long for a store.
func bounded(key string) string {
	if len(key) <= feeds.MaxKey {
		return key
	}
	h := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(h[:])
}

func moment(e *entry) time.Time {
	if !e.item.Updated.IsZero() {
		return e.item.Updated
	}
	return e.item.Published
}

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
	groups := make(map[string][]*entry, len(entries))
	for _, e := range entries {
		e.root, e.wish = root(e)
		groups[e.root] = append(groups[e.root], e)
	}
	seen := make(map[string]*entry, len(entries))
	noted := make(map[string]bool)
	for _, e := range entries {
		e.key = bounded(e.root)
		if group := groups[e.root]; shared[e.key] || distinct(group) {
			if !noted[e.key] {
				noted[e.key] = true
				nowShared = append(nowShared, e.key)
			}
			sub := e.root + " " + e.item.URL
			if !e.revisions && ambiguous(group, e) {
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

// distinct says that a group of entries with one id holds more than one entry.
func distinct(group []*entry) bool {
	for _, e := range group[1:] {
		if e.item.URL != group[0].item.URL || !e.revisions && e.item.Title != group[0].item.Title {
			return true
		}
	}
	return false
}

// ambiguous says that another entry of the group has the link of e, but not its title.
func ambiguous(group []*entry, e *entry) bool {
	for _, o := range group {
		if o.item.URL == e.item.URL && o.item.Title != e.item.Title {
			return true
		}
	}
	return false
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

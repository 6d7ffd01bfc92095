package sitemap

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/internal/page"
)

const (
	// mapPrefix begins the keys of the sitemaps of an index, docPrefix those of their validators.
	mapPrefix = "m/"
	docPrefix = "d/"
	// maxMaps bounds the sitemaps of an index, maxRead how many are read in one fetch, maxLevels how deep an index may name
	// others.
	maxMaps   = 1000
	maxRead   = 20
	maxLevels = 3
)

// child is what is remembered of a sitemap that an index names.
type child struct {
	URL string `json:"u"`
	// Stated is the lastmod in the index; Seen that of when it was read last, at the second At.
	Stated string `json:"l,omitempty"`
	Seen   string `json:"s,omitempty"`
	At     int64  `json:"t,omitempty"`
	// Level is 1 for those that the configured index names. Index says that it is one itself.
	Level int  `json:"n"`
	Index bool `json:"i,omitempty"`
}

func (f *reading) loadMaps() error {
	return f.st.Range(func(key string, value []byte) error {
		var c child
		if strings.HasPrefix(key, mapPrefix) && json.Unmarshal(value, &c) == nil {
			f.maps[key] = &c
		}
		return nil
	})
}

func (f *reading) save(key string) {
	text, err := json.Marshal(f.maps[key])
	if err != nil {
		panic(err) // texts and numbers
	}
	f.st.Set(key, text)
}

func (f *reading) forget(key string) {
	delete(f.maps, key)
	f.st.Delete(key)
	f.poll.Forget(docPrefix + key)
}

// list takes over the sitemaps that an index names; whole says that those it does not name are gone.
func (f *reading) list(d *document, level int, whole bool) {
	r := f.reader()
	named := map[string]bool{}
	for _, p := range d.pages {
		address := page.Resolve(r.Base, p.loc)
		if address == "" || level > maxLevels {
			f.out.Reject(sources.Rejected{Where: fetch.Redact(p.loc), Reason: fmt.Sprintf("no address of a sitemap, or an index more than %d levels deep", maxLevels)})
			continue
		}
		h := sha256.Sum256([]byte(address))
		key := mapPrefix + hex.EncodeToString(h[:16])
		named[key] = true
		c := f.maps[key]
		switch {
		case c == nil && len(f.maps) >= maxMaps:
			f.out.Reject(sources.Rejected{Where: fetch.Redact(address), Reason: fmt.Sprintf("the index names more than %d sitemaps: it is left out", maxMaps)})
			continue
		case c == nil:
			f.maps[key] = &child{URL: address, Stated: p.lastmod, Level: level}
		case c.Stated == p.lastmod:
			continue
		default:
			c.Stated = p.lastmod
		}
		f.save(key)
	}
	if !whole {
		return
	}
	for key, c := range f.maps {
		if c.Level == level && !named[key] {
			f.forget(key)
		}
	}
}

// due are the sitemaps to be read, those that changed last first, then those that do not say so, the longest unread first.
func (f *reading) due() (keys []string) {
	dates := f.reader().Dates
	for key, c := range f.maps {
		if c.At != 0 && c.Stated != "" && c.Stated == c.Seen || f.read[key] {
			continue
		}
		if t := dates.Parse(c.Stated); c.At == 0 && !t.IsZero() && !f.floor.IsZero() && t.Before(f.floor) {
			continue // nothing in it is newer than what is left out
		}
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(x, y string) int {
		a, b := f.maps[x], f.maps[y]
		return cmp.Or(dates.Parse(b.Stated).Compare(dates.Parse(a.Stated)), cmp.Compare(a.At, b.At), cmp.Compare(a.URL, b.URL))
	})
	return keys
}

// children reads the sitemaps of the index that have changed. One that fails is reported and read again next time; only
// when none can be read is that an error.
func (f *reading) children(ctx context.Context) error {
	tried, failed, budget := map[string]bool{}, error(nil), maxRead
	for {
		keys := slices.DeleteFunc(f.due(), func(key string) bool { return tried[key] })
		if f.pending = len(keys); len(keys) == 0 || budget == 0 {
			break
		}
		key := keys[0]
		budget--
		tried[key] = true
		if err := f.child(ctx, key); err != nil {
			if ctx.Err() != nil {
				return err
			}
			failed = err
			f.out.Reject(sources.Rejected{Where: fetch.Redact(f.maps[key].URL), Reason: err.Error()})
			if paused := (*fetch.PausedError)(nil); errors.As(err, &paused) {
				break
			}
		}
	}
	if failed != nil && len(f.read) == 0 {
		return failed
	}
	return nil
}

func (f *reading) child(ctx context.Context, key string) error {
	c := f.maps[key]
	stated := c.Stated
	seen := func() {
		if f.maps[key] == c {
			c.Seen, c.At = stated, f.now.Unix()
			f.save(key)
		}
	}
	doc, err := f.poll.Get(ctx, docPrefix+key, f.request(c.URL))
	if status := (*fetch.StatusError)(nil); errors.As(err, &status) && (status.Code == http.StatusNotFound || status.Code == http.StatusGone) {
		f.done = append(f.done, seen) // until the index says something else of it
		return err
	}
	if err != nil {
		return err
	}
	if doc.Unchanged {
		f.done = append(f.done, seen)
		return nil
	}
	d, err := read(doc.Body)
	if err != nil {
		return err
	}
	f.done, f.docs = append(f.done, seen), append(f.docs, doc)
	if d.index {
		c.Index = true
		f.read[key] = true
		f.list(d, c.Level+1, false)
		return nil
	}
	return f.pages(d, key, doc.FinalURL)
}

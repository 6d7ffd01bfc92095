package sources

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"

	"feedmill/feeds"
)

// rawHash hashes what a source said of an item, before anything is done to it; never 0.
func rawHash(it *feeds.Item) uint64 {
	d := xxhash.New()
	var num [8]byte
	number := func(n int64) {
		binary.LittleEndian.PutUint64(num[:], uint64(n))
		_, _ = d.Write(num[:]) // a hash takes everything
	}
	text := func(list ...string) {
		for _, s := range list {
			number(int64(len(s)))
			_, _ = d.WriteString(s)
		}
	}
	date := func(t time.Time) {
		_, offset := t.Zone()
		number(t.Unix())
		number(int64(t.Nanosecond()))
		number(int64(offset))
	}
	text(it.URL, it.Original, it.Title, it.Summary, it.Content, it.Language, it.Image)
	number(int64(len(it.Authors)))
	for _, p := range it.Authors {
		text(p.Name, p.Email, p.URL)
	}
	for _, list := range [2][]string{it.Categories, it.Tags} {
		number(int64(len(list)))
		text(list...)
	}
	number(int64(len(it.Enclosures)))
	for _, e := range it.Enclosures {
		text(e.URL, e.Type, e.Title)
		number(e.Length)
		number(int64(e.Duration))
		if e.Width != 0 || e.Height != 0 || e.Medium+e.Language+e.Thumbnail != "" { // else the hash is what it was before these
			number(int64(e.Width))
			number(int64(e.Height))
			text(e.Medium, e.Language, e.Thumbnail)
		}
		if e.Description != "" {
			text(e.Description)
		}
	}
	if p := it.Episode; p != nil {
		text(fmt.Sprintf("%+v", *p))
	}
	date(it.Published)
	date(it.Updated)
	if o := it.Origin; o != nil {
		text(o.ID, o.Title, o.URL, o.Home)
	}
	return max(d.Sum64(), 1)
}

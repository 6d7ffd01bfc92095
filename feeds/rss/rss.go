// Package rss writes feeds as RSS 2.0 (specification 2.0.11 and the profile of the RSS Advisory Board), with the
// elements of Atom, Dublin Core, Media RSS, the content module and the two namespaces of podcasts that readers know.
//
// The document is the one of github.com/gorilla/feeds, whose structures are embedded; a field beside them with the
// name of one of theirs takes its place where the library's element would be wrong or poorer.
package rss

import (
	"io"
	"time"

	"feedmill/feeds"
	"feedmill/feeds/internal/document"
)

const mediaType = "application/rss+xml"

// Format is RSS 2.0.
var Format = feeds.Format{
	Name:      "rss",
	Suffix:    ".rss",
	MediaType: mediaType,
	Charset:   true,
	Encode:    encode,
}

func encode(w io.Writer, f *feeds.Feed) error {
	return document.WriteXML(w, newRoot(document.Prepare(f)))
}

// date is t as RFC 822 with a four-digit year, whose zone is GMT rather than a zero offset; empty for a zero time.
func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if _, offset := t.Zone(); offset == 0 {
		return t.UTC().Format("Mon, 02 Jan 2006 15:04:05") + " GMT"
	}
	return t.Format(time.RFC1123Z)
}

// Package atom writes feeds as Atom 1.0 (RFC 4287), with Media RSS for pictures and for what a
// link cannot say of a file, and the two namespaces of podcasts.
//
// The document is the one of github.com/gorilla/feeds, whose structures are embedded; a field beside them with the
// name of one of theirs takes its place where the library's element would be wrong or poorer.
package atom

import (
	"io"

	"feedmill/feeds"
	"feedmill/feeds/internal/document"
)

const mediaType = "application/atom+xml"

// Format is Atom 1.0.
var Format = feeds.Format{
	Name:      "atom",
	Suffix:    ".atom",
	MediaType: mediaType,
	Charset:   true,
	Encode:    encode,
}

func encode(w io.Writer, f *feeds.Feed) error {
	return document.WriteXML(w, newFeed(document.Prepare(f)))
}

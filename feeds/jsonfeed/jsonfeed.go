// Package jsonfeed writes feeds as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/).
//
// The document is the one of github.com/gorilla/feeds, whose structures are embedded; a field beside them with the
// name of one of theirs takes its place where the library's member would be wrong or poorer.
package jsonfeed

import (
	"encoding/json"
	"io"

	"feedmill/feeds"
	"feedmill/feeds/internal/document"
)

// Format is JSON Feed 1.1.
var Format = feeds.Format{
	Name:      "json",
	Suffix:    ".json",
	MediaType: "application/feed+json",
	Encode:    encode,
}

func encode(w io.Writer, f *feeds.Feed) error {
	// Not the library's ToJSON: it indents and writes "<" as "\u003c", which makes HTML a third longer.
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(newFeed(document.Prepare(f)))
}

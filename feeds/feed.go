package feeds

import (
	"io"
	"time"
)

// Feed is a topic's current items with everything a document says of itself. Every field is already plain text, a
// safe fragment of HTML or an absolute address; formats only write it down.
type Feed struct {
	Topic Topic
	// ID is the feed's identity (atom:id): an absolute IRI that outlives renames and moves, other for each topic.
	ID string
	// Title is never empty; Description may be.
	Title, Description string
	// Home is the page for people, Self the exact address of this document. Self is empty in a private document.
	Home, Self string
	// Hubs are the WebSub hubs of this document.
	Hubs     []string
	Language string
	Author   Person
	// Image is a picture for the feed, Icon a small square one; empty for none. Rights is a notice of copyright.
	Image, Icon string
	Rights      string
	// Generator names the program; it holds no build time, so that bytes stay the same.
	Generator Generator
	// Updated is the store's second of the last change of the topic.
	Updated time.Time
	// Next is where older items are that the document has no room for (JSON Feed next_url, RFC 5005 §3); empty for none.
	Next string
	// Archive says that the document is one of an archive (RFC 5005 §4); Current is then the document to subscribe to.
	// PrevArchive is the archive document that comes before this one, or before the subscription; empty for none.
	Archive              bool
	Current, PrevArchive string
	// Complete says that the document has every item there is (RFC 5005 §2).
	Complete bool
	// After is the cursor with which a program asks for what came since; empty for none.
	After string
	// TTL is how long a reader may keep the document; it equals Cache-Control's max-age.
	TTL   time.Duration
	Items []Item
}

// Text is what the configuration says of a topic, beside its title; what is empty is worked out.
type Text struct{ Description, Language, Image string }

// Generator is the program that wrote a feed.
type Generator struct{ Name, Version, URL string }

// Format is a way to write a feed.
type Format struct {
	// Name is the word people use, Suffix the ending of addresses with its dot, MediaType the Content-Type without
	// parameters; Charset is true where the type takes a charset parameter.
	Name, Suffix, MediaType string
	Charset                 bool
	// Encode writes the feed. It is pure: the same Feed gives the same bytes. It fails only when w does.
	Encode func(w io.Writer, f *Feed) error
}

// ContentType is the value of the Content-Type header.
func (f Format) ContentType() string {
	if f.Charset {
		return f.MediaType + "; charset=utf-8"
	}
	return f.MediaType
}

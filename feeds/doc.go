// Package feeds is the vocabulary of feedmill: what an item, a change, a topic, a feed and a format are.
// It imports nothing but the standard library and does no input or output.
//
// # The item's journey
//
// A source ([feedmill/sources]) states a [Change]: an item under its native key, or that the key is gone. The sources
// Manager normalises it and hands it to a store ([feedmill/cache]), whose ledger decides who the item is and mints
// its ID once. The store indexes the item under its [Topics] and appends one entry to its log. The web
// ([feedmill/feeds/web]) asks the store for the newest items of a [Topic], makes a [Feed] of them and lets a [Format]
// write it down.
//
// # Adding a format
//
// A format is one folder with a package-level [Format] value, one call of formattest.Run in its test, and one line in
// cmd/feedmill/builtin.go. Encode is a pure function: the same Feed gives the same bytes, on every machine, at every
// time. Folder rss is the one to copy.
package feeds

// Package document makes a feed fit to be written down, and holds what the formats share.
//
// Formats are handed normalised feeds, but a document that one stray byte makes unreadable takes every other item
// with it. So [Prepare] states once, for all formats, what a document can say: text of characters that XML and JSON
// can carry, addresses that are URIs, dates that have a written form, an identity and a heading for every item.
// What cannot be said is left out or replaced here, and the formats only name things.
package document

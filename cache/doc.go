// Package cache is the contract of a store: it remembers items, who they are, which topics they are in, what changed
// in which order, and small notes. Package cachetest holds a store to every sentence of it.
//
// # Promises
//
//   - Acknowledged is kept: what Put or Write acknowledged survives the death of the process at any moment.
//   - Together or not at all: ledger, indexes, versions and log entry of an item appear together; its body is there
//     before them.
//   - Idempotent: the same Put again answers Unchanged and moves nothing.
//   - One identity: an ID is minted once for (source, key) and outlives withdrawal, retention and renames.
//   - Nothing appears behind a cursor that After has returned.
//   - Fenced: a write under a lease that somebody else has taken since is refused with [ErrStale] and leaves no trace.
//
// # Adding a store
//
// A store is one folder with an Open function, one call of cachetest.Run in its test, and one line in
// cmd/feedmill/builtin.go. Folder embedded is the one to copy.
package cache

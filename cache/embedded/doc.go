// Package embedded is the store of one machine: a single bbolt file, no server.
//
// # Layout
//
// One goroutine writes; it takes all Puts and Writes that wait into one commit. Readers never wait for it. Nothing is
// kept in memory but leases: a store of millions of items needs no more than a small one.
//
//	meta      schema version, epoch of the lease tokens
//	sources   name → number, baseline, retired, live items
//	names     number of a source → name
//	abouts    number of a source → what it says of itself (JSON)
//	ledger    source number, native key → who the item is, its dates and topics: everything but the body
//	ids       public ID → number of the item
//	bodies    number of the item → head (source, key, ID, dates) and the compressed item
//	index     topic number, list, second, item → nothing: the order of every topic, see list
//	arrivals  source number, second, item → nothing: what retention drops first
//	due       second, ledger key → nothing: held items
//	gone      second, ledger key → nothing: withdrawn items, whose bodies go after cache.KeepGone
//	topics    group, kind, name → number, counts, version, spellings
//	labels    number of a topic → its key in topics
//	addresses canonical address → the live items that have it, in the order in which they came
//	shares    number of the item → what merged items add to it: labels, and where else it is
//	log       number → what happened
//	notes     bucket, key → expiry, value
//	expiries  millisecond, note → nothing
//
// Numbers are big endian, so that bytes sort as they do.
package embedded

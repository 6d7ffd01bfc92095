// Package sources brings items in: the contract of a source, the Manager that decides when to fetch, and the
// normalisation that every item passes once.
//
// # Adding a source
//
// A source is one folder with a package-level [Kind] value, a config type that holds its defaults and checks, and a
// constructor; one call of sourcetest.Run in its test; one line in cmd/feedmill/builtin.go. It only maps what is
// outside to [feeds.Change] values: no retry, no sleep, no filter, no cleaning of HTML, no scheduling. Folder webfeed
// is the one to copy.
//
// A source that emits differences only says with [Witness] what its document holds: only then an upstream that changes
// its guids or its domain repeats nothing. With [Retractor] it withdraws what somebody named.
package sources

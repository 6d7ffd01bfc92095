// Package web is the public HTTP side: feeds, their pages for people, OPML and discovery.
//
// A document is rendered once per change, not per request: the cache of rendered documents is asked first, under the
// request target as it stands on the request line, and only what is not there, or is stale, is routed and rendered. A
// request never fails because a store does: what was rendered before, in memory or in the spool on disk, is served
// until the store is back.
//
// Bytes are a pure function of what the store holds and of [Site], so that replicas and restarts agree on validators.
// The rules of HTTP that this package keeps are RFC 9110 (semantics, validators, negotiation), RFC 9111 (caching),
// RFC 5861 (stale-while-revalidate, stale-if-error), RFC 8288 (Link) and OPML 2.0.
package web

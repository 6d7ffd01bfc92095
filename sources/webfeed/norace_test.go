//go:build !race

package webfeed

import "feedmill/sources/fetch"

// size is the size of documents made to be costly: the largest body there is.
const size = fetch.DefaultMaxBytes

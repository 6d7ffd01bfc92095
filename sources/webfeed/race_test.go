//go:build race

package webfeed

// size is the size of documents made to be costly: the race detector makes each byte cost ten times as much.
const size = 2 << 20

//go:build race

package jsonapi

// raced says that the race detector is on: what measures memory is tested without it (see the Makefile), in a tenth of the time.
const raced = true

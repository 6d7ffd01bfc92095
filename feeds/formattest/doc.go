// Package formattest holds formats to their promises. [Run] is the conformance suite: a format joins with one call in
// its test, beside [Fuzz] and [Benchmark]. [Check] holds documents, also those
// that a running server gave out, to the rules of package lint.
package formattest

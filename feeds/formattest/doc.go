// Package formattest holds formats to their promises. [Run] is the conformance suite: a format joins with one call in
// its test, beside [Fuzz] and [Benchmark]. [Check] is a small strict validator for documents from anywhere, such as
// those a running server gave out.
package formattest

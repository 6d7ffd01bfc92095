// Package pushtest proves targets: a suite that every target passes ([Run]), and fakes of the platforms that answer, count and
// refuse as the real ones were seen to.
package pushtest

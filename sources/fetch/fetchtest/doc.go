// Package fetchtest is a web in memory that records every request and judges it by the rules that publishers have for those
// who poll them: conditional requests, pace, redirects, pauses, headers. It runs inside a testing/synctest bubble, where a
// week takes seconds.
//
//	web := fetchtest.New(t)
//	web.Add(&fetchtest.Page{URL: "http://a.example/feed", ETag: true, Body: feed})
//	client := web.Client(fetch.Options{})
//	… poll for a week …
//	web.Check(t)
//
// [Store] is a store in memory for a [feedmill/sources.Manager], which can be killed in the middle.
package fetchtest

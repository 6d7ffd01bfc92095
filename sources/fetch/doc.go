// Package fetch is the one HTTP client by which sources look at the outside: guarded against private networks, paced
// per host, bounded in size and time, conditional where the origin allows it, and honest about who asks.
//
// [NewClient] makes the client that the program hands to every source; [Get] is how a source uses it. Get validators
// go in and come out as values: a source stores what came out only after it has read and parsed the body, so that a
// bad body is asked for again.
//
//	resp, err := fetch.Get(ctx, client, fetch.Request{URL: address, Validators: stored})
//	result.NotBefore = resp.NotBefore // never nil, counts beside an error too
//	if err != nil || resp.NotModified { … }
//	… parse resp.Body, emit …
//	stored = resp.Validators
package fetch

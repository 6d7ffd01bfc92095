// Package fetch is the one HTTP client by which sources look at the outside: guarded against private networks, paced
// per host, bounded in size and time, conditional where the origin allows it, and honest about who asks.
//
// [NewClient] makes the client that the program hands to every source. A source that polls asks through a [Poll], which
// remembers in the source's state what makes the next request a polite one, and fills the [feedmill/sources.Result]:
//
//	poll := fetch.NewPoll(env.HTTP, st, salt)
//	doc, err := poll.Get(ctx, "page", fetch.Request{URL: cfg.URL})
//	if err != nil || doc.Unchanged {
//		return poll.Result(""), err
//	}
//	… parse doc.Body, emit …
//	doc.Done() // from now on the document is asked for by its validators
//	return poll.Result("12 items"), nil
//
// A source that fetches pages, which are not made for programs, asks [Poll.Permitted] first.
//
// Every document of a source has its own key in the state, so that listings of several pages, sitemaps and the like are
// polled in the same way. [Get] is the single request below it: validators go in and come out as values.
package fetch

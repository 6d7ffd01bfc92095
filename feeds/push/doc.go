// Package push carries new items to chat groups and endpoints: once, in order, within the limits of each platform, and whatever
// fails, hangs or is killed in between.
//
// # The path of an item
//
// The store's log is the queue. A [Courier] runs one stream for each target, under the lease push/NAME, so that of several
// processes one serves it (stream.go). The stream reads the log from the target's bookmark (window.go; tail.go reads its end
// once for all targets) and lists what the target wants: news in its topics for which its expression is true, and edits of
// what it has (edits.go). What is done next is decided in one place (plan.go): nothing while it is paused, parked, in quiet
// hours (quiet.go) or at a limit; the message under way again; one set aside; a replay (orders.go); else one item, or a
// digest of what has piled up (digest.go, gather.go), in which a flood (flood.go) and what waited for days are counted.
//
// A message covers a contiguous range of the log (message.go). Its entries are shown by the target's [Template], rendered
// by the [Target], and cut to what fits. Before it is sent it is noted, together with the stamps of the limiter
// (limiter.go), so that a crash repeats it under its ID and no request goes uncounted. How the request ended is a [Class],
// and what follows from it is again one place (outcome.go): the bookmark moves; the message waits (breaker.go); it gets
// smaller, down to the item at fault, which becomes a dead letter (letters.go); it stands aside while others get through; the
// target is parked until somebody does something.
//
// All that is remembered of a target moves in one write (notes.go): its state with the bookmark and the messages under way, the
// records of its log, dead letters, the stamps of its credentials. An item is repeated only where a request was under way at
// a crash or ended without a clear answer ([Error.Ambiguous]).
//
// # Adding a target
//
// A target is a folder of its own with a [Kind]: a name, one line of documentation, a configuration with its own checks, and
// New. Its [Target] renders a message as the exact bytes of one request and sends them once ([Call]). It never waits or
// retries, and remembers no more than what the platform said of the next request. What it needs for limits and letters is in
// fit.go and words.go. Then: a call of the suite in pushtest with a faithful fake of the platform, a table of what the platform
// can answer (Answers there), a golden of what is rendered (Golden), and one line in cmd/feedmill/builtin.go.
package push

// Package push carries new items to chat groups and endpoints: a courier for each target reads the store's log from its
// bookmark, makes a message of what is news there, hands it to the target, and moves the bookmark.
//
// # Adding a target
//
// A target is a folder of its own with a [Kind]: a name, one line of documentation, a configuration with its own checks, and
// New. Its [Target] renders a message as the exact bytes of one request, within the platform's limits, and sends them once.
// It never waits or retries: it says how an attempt ended ([Error]), and the one loop of the courier acts on that. It remembers no
// more than what the platform said of the next request: that there is no room for it yet, or that a chat has moved.
// Then: a call of the suite in pushtest with a faithful fake of the platform, a table of what the platform can answer (Answers
// there), a golden of what is rendered (Golden), and one line in cmd/feedmill/builtin.go.
package push

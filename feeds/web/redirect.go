package web

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"feedmill/feeds"
)

// Redirect is where an address leads for good.
type Redirect struct {
	// To is a path below the base URL, or a topic as [feeds.Topic] writes it ("tag/go"): then a feed's address leads to the
	// topic's feed in the format that it names, else in Atom, and a topic's page to its page.
	To string
	// Status is 301 or 308 (RFC 9110 §15.4.9); 0 means 301.
	Status int
}

// RedirectError says which redirect cannot be served, and why.
type RedirectError struct {
	From, Reason string
}

func (e *RedirectError) Error() string { return fmt.Sprintf("redirect of %q: %s", e.From, e.Reason) }

// CheckRedirects fails with a [*RedirectError] for the first redirect, by path, that cannot be served.
func CheckRedirects(redirects map[string]Redirect) error {
	c := &config{site: Site{Redirects: redirects}, atom: ".atom"}
	for _, suffix := range []string{".rss", ".atom", ".json"} {
		c.formats = append(c.formats, feeds.Format{Suffix: suffix})
	}
	return c.collectRedirects()
}

// moved follows the configured redirect of a canonical path: its own, or that of its topic with the suffix kept.
func (c *config) moved(path string) (string, bool) {
	if to, ok := c.forced[path]; ok {
		return to, true
	}
	if month, rest, ok := cutArchive(path); ok {
		to, ok := c.moved(rest)
		return archivePrefix + month + to, ok
	}
	stem, format := c.cutSuffix(path)
	if format == nil {
		return "", false
	}
	to, ok := c.forced[stem]
	if p, ours := c.locate(stem); !ok || !ours || !p.page {
		return "", false
	}
	if _, has := c.cutSuffix(to); has != nil {
		return to, true
	}
	return to + format.Suffix, true
}

// status is that of the redirect of a canonical path.
func (c *config) status(path string) int {
	if _, rest, ok := cutArchive(path); ok {
		path = rest
	}
	if status, ok := c.statuses[path]; ok {
		return status
	}
	stem, _ := c.cutSuffix(path)
	return c.statuses[stem]
}

// collectRedirects takes the configured redirects, which win over everything, and those that sources state about their
// old sites, which win over no address of ours. Every target is final: a client never needs a second hop.
func (c *config) collectRedirects() error {
	c.forced, c.offered, c.statuses = map[string]string{}, map[string]string{}, map[string]int{}
	names := map[string]string{} // of canonical paths, as they are configured
	for _, from := range slices.Sorted(maps.Keys(c.site.Redirects)) {
		r := c.site.Redirects[from]
		key, target, reason := c.ends(from, r.To)
		switch {
		case reason != "":
			return &RedirectError{from, reason}
		case r.Status != 0 && r.Status != http.StatusMovedPermanently && r.Status != http.StatusPermanentRedirect:
			return &RedirectError{from, fmt.Sprintf("the status %d is neither 301 nor 308", r.Status)}
		case key == target:
			continue
		}
		if other, ok := names[key]; ok && c.forced[key] != target {
			return &RedirectError{from, fmt.Sprintf("%q is the same address and leads elsewhere", other)}
		}
		c.forced[key], names[key] = target, from
		c.statuses[key] = r.Status
		if r.Status == 0 {
			c.statuses[key] = http.StatusMovedPermanently
		}
	}
	for _, from := range slices.Sorted(maps.Keys(c.forced)) {
		to, hops := c.forced[from], 0
		for next, ok := c.moved(to); ok; next, ok = c.moved(to) {
			if hops++; hops > len(c.forced) {
				return &RedirectError{names[from], "it leads in a circle"}
			}
			to = next
		}
		if _, ok := c.locate(to); !ok {
			return &RedirectError{names[from], fmt.Sprintf("nothing is published at %s", to)}
		}
		c.forced[from] = to
	}
	c.collectOffered()
	return nil
}

// collectAliases takes from the configured redirects the other names that topics have.
func (c *config) collectAliases() {
	c.aliases = map[feeds.Topic][]string{}
	for _, from := range slices.Sorted(maps.Keys(c.forced)) {
		other, ok := c.locate(from)
		to, there := c.locate(c.forced[from])
		if ok && there && other.page && to.page && other.topic.Kind == to.topic.Kind && other.topic.Kind != "all" {
			c.aliases[to.topic] = append(c.aliases[to.topic], other.topic.Name)
		}
	}
}

// ends are the canonical paths of a configured redirect, or the reason why there are none.
func (c *config) ends(from, to string) (key, target, reason string) {
	if !strings.HasPrefix(from, "/") || strings.HasPrefix(from, "//") {
		return "", "", "want a path below base_url, such as /posts/index.xml"
	}
	if key = c.canonical(from); key == "" {
		return "", "", "the path is not percent-encoded properly"
	}
	place, ours := c.locate(key)
	if ours && (place.index || place.static || place.list) {
		return "", "", "feedmill itself answers at this path"
	}
	if strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") {
		target = c.canonical(to)
	} else {
		var t feeds.Topic
		if err := t.UnmarshalText([]byte(to)); err != nil || t.Group != "" {
			return "", "", fmt.Sprintf("it leads to %q: want a topic such as tag/go or all, or a path such as /tag/go.rss or /opml", to)
		}
		if target = c.canonical(t.Path()); !ours || !place.page {
			target += c.suffixFor(key)
		}
	}
	if target == "" {
		return "", "", fmt.Sprintf("it leads to %q, which is not percent-encoded properly", to)
	}
	return key, target, ""
}

// collectOffered takes the redirects that sources state.
func (c *config) collectOffered() {
	disputed := map[string]bool{}
	for _, about := range c.site.Sources {
		for from, topic := range about.Redirects {
			key := c.canonical(from)
			if key == "" || topic.Group != "" || from[0] != '/' {
				continue
			}
			to := c.final(topic.Path() + c.suffixFor(key))
			if have, ok := c.offered[key]; ok && have != to {
				disputed[key] = true
			}
			c.offered[key] = to
		}
	}
	for key := range disputed {
		delete(c.offered, key)
	}
}

// final is where a client ends that asks for a canonical path.
func (c *config) final(path string) string {
	if to, ok := c.moved(path); ok {
		return to
	}
	return path
}

// suffixFor is the format an old feed address leads to: the one it names, else Atom, which jekyll-feed writes.
func (c *config) suffixFor(path string) string {
	if _, format := c.cutSuffix(path); format != nil {
		return format.Suffix
	}
	return c.atom
}

// old is where an address leads that is not ours: one that a source names, or one that jekyll-feed writes
// (/feed.xml, /feed/by_tag/NAME.xml, /feed/CATEGORY.xml).
func (c *config) old(path string) (string, bool) {
	if to, ok := c.offered[path]; ok {
		return to, true
	}
	stem, ok := strings.CutSuffix(path, ".xml")
	if !ok {
		return "", false
	}
	if name, ok := strings.CutPrefix(stem, "/feed/by_tag/"); ok {
		stem = "/tag/" + name
	} else if name, ok := strings.CutPrefix(stem, "/feed/"); ok {
		stem = "/category/" + name
	} else if stem != "/feed" {
		return "", false
	}
	p, ok := c.locate(stem + c.atom)
	if !ok || p.format == nil {
		return "", false
	}
	return c.final(p.path), true
}

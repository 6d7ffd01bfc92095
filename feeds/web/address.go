package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"feedmill/feeds"
)

// place is what an address means, and how it is spelled canonically.
type place struct {
	path   string // canonical, escaped, below the base URL
	topic  feeds.Topic
	format *feeds.Format // a feed
	page   bool          // a topic's page for people
	list   bool          // an outline, of kind or of all kinds
	kind   string
	index  bool
	static bool
	month  string // of an archive document
	item   string // ID of the item that a page shows
}

// people reports whether a place is a page.
func (p *place) people() bool { return p.index || p.page || p.item != "" }

// outlinePaths are the addresses of OPML.
var outlinePaths = func() []string {
	paths := []string{"/opml"}
	for _, kind := range feeds.TopicKinds[1:] {
		paths = append(paths, "/opml/"+kind)
	}
	return paths
}()

// escapedPath is the path as the client wrote it, with its "%2F", but raw UTF-8 percent-encoded: that is the same
// spelling to us.
func escapedPath(u *url.URL) string {
	p := u.RawPath
	if p == "" {
		return u.EscapedPath()
	}
	if strings.IndexFunc(p, func(r rune) bool { return r >= 0x80 }) < 0 {
		return p
	}
	var b strings.Builder
	for i := range len(p) {
		if p[i] < 0x80 {
			b.WriteByte(p[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", p[i])
		}
	}
	return b.String()
}

// respell writes an escaped path the way [feeds.Topic.Path] would, segment by segment, without a slash at the end.
func respell(escaped string) (string, bool) {
	segments := strings.Split(strings.TrimPrefix(escaped, "/"), "/")
	if n := len(segments); n > 1 && segments[n-1] == "" {
		segments = segments[:n-1]
	}
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil {
			return "", false
		}
		segments[i] = url.PathEscape(plain)
	}
	return "/" + strings.Join(segments, "/"), true
}

// locate finds what a path written by respell means. ok is false for one that means nothing here.
func (c *config) locate(path string) (p place, ok bool) {
	switch {
	case path == "/":
		return place{path: path, index: true}, true
	case staticFiles[path].name != "":
		return place{path: path, static: true}, true
	case slices.Contains(outlinePaths, path):
		return place{path: path, list: true, kind: strings.TrimPrefix(strings.TrimPrefix(path, "/opml"), "/")}, true
	}
	if month, rest, ok := cutArchive(path); ok {
		if p, ok = c.locate(rest); !ok || p.format == nil || p.month != "" {
			return place{}, false
		}
		p.path, p.month = archivePrefix+month+p.path, month
		return p, true
	}
	if id, ok := itemID(path); ok {
		return place{path: itemPath(id), item: id}, true
	}
	stem, format := c.cutSuffix(path)
	topic, label, err := feeds.ParsePath(stem)
	if err != nil {
		return place{}, false
	}
	if topic = feeds.NewTopic(topic.Kind, norm.NFC.String(label)); topic.Kind != "all" && topic.Name == "" {
		return place{}, false
	}
	p = place{path: topic.Path(), topic: topic, format: format, page: format == nil}
	if format != nil {
		p.path += format.Suffix
	}
	return p, true
}

// cutSuffix splits a format's suffix off a path.
func (c *config) cutSuffix(path string) (stem string, format *feeds.Format) {
	for i := range c.formats {
		if stem, ok := strings.CutSuffix(path, c.formats[i].Suffix); ok {
			return stem, &c.formats[i]
		}
	}
	return path, nil
}

// canonical is the spelling of a path under which redirects are kept and looked up.
func (c *config) canonical(path string) string {
	path, ok := respell(path)
	if !ok {
		return ""
	}
	if p, ok := c.locate(path); ok {
		return p.path
	}
	return path
}

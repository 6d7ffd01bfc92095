package webfeed

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Link is a feed that a page names.
type Link struct {
	// URL is absolute, Type a media type such as application/atom+xml, Title what the page calls the feed, if anything.
	URL, Type, Title string
}

// PageError says that a document is a page for people instead of a feed.
type PageError struct {
	// Title is the page's.
	Title string
	// Feeds are those that it names, its main feed first.
	Feeds []Link
}

func (e *PageError) Error() string {
	s := "an HTML page instead of a feed"
	if e.Title != "" {
		s += fmt.Sprintf(" (%.80q)", e.Title)
	}
	if len(e.Feeds) > 0 {
		return fmt.Sprintf("%s; the page names this feed: %s", s, e.Feeds[0].URL)
	}
	return s + "; check the address"
}

const (
	// maxPage bounds how far into a page its feeds are looked for, in bytes: they are named in its head.
	maxPage = 512 << 10
	// maxLinks bounds the feeds of a page.
	maxLinks = 50
)

// Discover finds the feeds that a page names (RSS autodiscovery, https://www.rssboard.org/rss-autodiscovery, which Atom and
// JSON Feed took over), in the order of the page, but those of comments last. contentType and address are those of the
// answer. A page without any is an empty result.
func Discover(body []byte, contentType, address string) ([]Link, error) {
	text, _, err := decode(body, contentType)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("discover feeds: the address cannot be parsed")
	}
	_, links := page(text, base)
	return links, nil
}

// page finds the title of an HTML page and the feeds it names.
func page(text []byte, base *url.URL) (title string, links []Link) {
	z := html.NewTokenizer(bytes.NewReader(text[:min(len(text), maxPage)]))
	z.SetMaxBuf(maxPage)
	inTitle, based := false, false
	for {
		switch z.Next() {
		case html.ErrorToken:
			slices.SortStableFunc(links, func(a, b Link) int { return comments(a) - comments(b) })
			return title, links
		case html.TextToken:
			if inTitle && title == "" {
				title = oneLine(string(z.Text()))
			}
		case html.EndTagToken:
			inTitle = false
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			inTitle = t.Data == "title"
			switch {
			case t.Data == "base" && !based:
				based = true
				base = under(base, attribute(t, "href"))
			case t.Data == "link" && len(links) < maxLinks:
				if l, ok := feedLink(t, base); ok && !slices.ContainsFunc(links, func(o Link) bool { return o.URL == l.URL }) {
					links = append(links, l)
				}
			}
		}
	}
}

// feedLink reads a <link> as that of a feed.
func feedLink(t html.Token, base *url.URL) (Link, bool) {
	kind, _, _ := strings.Cut(strings.ToLower(attribute(t, "type")), ";")
	kind = strings.TrimSpace(kind)
	rel := strings.Fields(strings.ToLower(attribute(t, "rel")))
	switch kind {
	case "application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml":
		if !slices.Contains(rel, "alternate") && !slices.Contains(rel, "feed") {
			return Link{}, false
		}
	case "application/json", "application/xml", "text/xml": // of an API or a sitemap, unless it says that it is a feed
		if !slices.Contains(rel, "alternate") || !strings.Contains(strings.ToLower(attribute(t, "title")+attribute(t, "href")), "feed") {
			return Link{}, false
		}
	default:
		return Link{}, false
	}
	address := resolve(base, attribute(t, "href"))
	return Link{URL: address, Type: kind, Title: oneLine(attribute(t, "title"))}, address != ""
}

// comments tells the feed of a page's comments from its own.
func comments(l Link) int {
	if s := strings.ToLower(l.Title + " " + l.URL); strings.Contains(s, "comment") || strings.Contains(s, "评论") {
		return 1
	}
	return 0
}

func attribute(t html.Token, key string) string {
	for _, a := range t.Attr {
		if a.Key == key {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

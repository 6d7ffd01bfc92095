package webfeed

import (
	"bytes"
	"fmt"
	"net/url"
)

// notFeed is the error about a document that is no feed: it names what it is and where a feed may be.
func notFeed(text []byte, root string, base *url.URL) error {
	switch {
	case root == "html" || isHTML(text):
		title, links := page(text, base)
		return &PageError{title, links}
	case root == "opml":
		return fmt.Errorf("an OPML list instead of a feed; configure it as opml: URL")
	case root == "urlset" || root == "sitemapindex":
		return fmt.Errorf("a sitemap instead of a feed; configure it as sitemap: URL")
	case other(text, root) != "":
		return fmt.Errorf("%s, which is not read; look for RSS or Atom at the same place", other(text, root))
	case root != "":
		return fmt.Errorf("an XML document <%.40s> instead of a feed; want RSS, Atom or JSON Feed", root)
	case text[0] == '[':
		return fmt.Errorf("a JSON array instead of a feed; want RSS, Atom or JSON Feed")
	}
	return fmt.Errorf("no feed: it starts with %.40q; want RSS, Atom or JSON Feed", text)
}

// other names the two formats of feeds that are as good as extinct: they say "channel" and "item" too.
func other(text []byte, root string) string {
	if root != "channel" {
		return ""
	}
	head := text[:min(len(text), 4<<10)]
	switch {
	case bytes.Contains(head, []byte("http://purl.org/net/rss1.1#")):
		return "a feed in RSS 1.1"
	case bytes.Contains(head, []byte("<CHANNEL")) && bytes.Contains(bytes.ToUpper(head), []byte("HREF=")):
		return "a channel definition (CDF)"
	}
	return ""
}

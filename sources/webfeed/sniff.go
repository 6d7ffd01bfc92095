package webfeed

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// notFeed is the error about a document that is no feed: it names what it is and where a feed may be.
func notFeed(text []byte, root string, base *url.URL) error {
	switch {
	case root == "html" || isHTML(text):
		title, alternate := page(text)
		s := "an HTML page instead of a feed"
		if title != "" {
			s += fmt.Sprintf(" (%.80q)", title)
		}
		if alternate = resolve(base, alternate); alternate != "" {
			return fmt.Errorf("%s; the page names this feed: %s", s, alternate)
		}
		return fmt.Errorf("%s; check the address", s)
	case root == "opml":
		return fmt.Errorf("an OPML list instead of a feed; configure the feeds in it one by one")
	case root == "urlset" || root == "sitemapindex":
		return fmt.Errorf("a sitemap instead of a feed; configure it as one")
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

// page finds the title of an HTML page and the first feed it names (RSS autodiscovery).
func page(text []byte) (title, feed string) {
	z := html.NewTokenizer(bytes.NewReader(text[:min(len(text), 256<<10)]))
	inTitle := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return title, feed
		case html.TextToken:
			if inTitle && title == "" {
				title = oneLine(string(z.Text()))
			}
		case html.EndTagToken:
			inTitle = false
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			inTitle = t.Data == "title"
			if t.Data != "link" || feed != "" {
				continue
			}
			var rel, kind, href string
			for _, a := range t.Attr {
				switch a.Key {
				case "rel":
					rel = strings.ToLower(a.Val)
				case "type":
					kind = strings.ToLower(a.Val)
				case "href":
					href = a.Val
				}
			}
			if strings.Contains(rel, "alternate") && (strings.Contains(kind, "rss") || strings.Contains(kind, "atom") || strings.Contains(kind, "feed+json")) {
				feed = href
			}
		}
	}
}

// maxNesting is how deep objects and arrays may lie in each other.
const maxNesting = 100

// checkJSON refuses JSON that is nested too deeply, before anything recursive reads it.
func checkJSON(text []byte) error {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted:
			if c == '\\' {
				i++
			} else if c == '"' {
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			if depth++; depth > maxNesting {
				return fmt.Errorf("parse JSON: more than %d levels inside each other", maxNesting)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

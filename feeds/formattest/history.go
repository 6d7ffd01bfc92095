package formattest

import "feedmill/feeds"

const nsHistory = "http://purl.org/syndication/history/1.0"

// history checks how a document says that it is one of several (RFC 5005).
func (c *checker) history(feed *node, where string) {
	links := map[string]string{}
	for _, l := range feed.all(nsAtom, "link") {
		rel := l.has("rel")
		switch rel {
		case "next", "previous", "first", "last", "prev-archive", "next-archive", "current", "self":
			if links[rel] != "" {
				c.fail("G1p", "%s has two links %s", where, rel)
			}
			links[rel] = l.has("href")
		}
	}
	for rel, href := range links {
		if rel != "self" && rel != "current" && href == links["self"] {
			c.fail("G1p", "%s: link %s leads to the document itself", where, rel)
		}
	}
	archive, complete := feed.first(nsHistory, "archive") != nil, feed.first(nsHistory, "complete") != nil
	if archive && links["current"] == "" {
		c.fail("G2p", "%s is an archive document without a link current", where)
	}
	if complete && (archive || links["prev-archive"] != "" || links["next"] != "") {
		c.fail("G3p", "%s is complete and has other documents all the same", where)
	}
}

// archive is a document of an archive with an older one before it, subscription what it belongs to.
func archive() *feeds.Feed {
	f := ties()
	f.Archive, f.Current = true, f.Self
	f.Self = "https://feeds.example.org/news/archive/2026-03" + f.Topic.Path() + ".xml"
	f.PrevArchive = "https://feeds.example.org/news/archive/2026-02" + f.Topic.Path() + ".xml"
	f.Next = f.PrevArchive
	return f
}

func subscription() *feeds.Feed {
	f := ties()
	f.PrevArchive = "https://feeds.example.org/news/archive/2026-03" + f.Topic.Path() + ".xml"
	f.Next, f.After = f.Self+"?before=a.b&q=1", "a.b"
	return f
}

func complete() *feeds.Feed {
	f := ties()
	f.Complete = true
	return f
}

// paged is what a filter finds.
func paged() *feeds.Feed {
	f := ties()
	f.Self += "?q=a+b"
	f.Next = f.Self + "&before=a.b"
	return f
}

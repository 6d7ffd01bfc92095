package formattest

import "feedmill/feeds"

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

package webfeed

import (
	"fmt"
	"strings"
	"time"

	"feedmill/sources/internal/dates"
)

// note reports a date that is stated and cannot be read.
func (e *entry) note(stated string, t time.Time) {
	if t.IsZero() && strings.TrimSpace(stated) != "" {
		e.problem = fmt.Sprintf("the date %.40q cannot be read: the time it was first seen counts", strings.TrimSpace(stated))
	}
}

// state hashes what the entry says.
func (p *parser) state(e *entry, title, content, summary, published, updated string) {
	s := newStatement()
	s.add("id", e.id)
	s.add("url", e.item.URL)
	s.add("original", e.item.Original)
	s.add("title", title)
	s.add("content", content)
	s.add("summary", summary)
	s.add("published", published)
	s.add("updated", updated)
	for _, a := range e.item.Authors {
		s.add("author", a.String())
	}
	s.add("category", e.item.Categories...)
	s.add("tag", e.item.Tags...)
	for _, x := range e.item.Enclosures {
		s.add("enclosure", x.URL)
	}
	s.add("image", e.item.Image)
	e.raw = s.sum()
}

// buildTime says that the entries' dates are the time the document was made: all the same, to the second, and equal to
// the feed's own. Such dates move at every fetch and say nothing.
func buildTime(entries, feed []string) bool {
	if len(entries) < 3 || strings.TrimSpace(entries[0]) == "" {
		return false
	}
	for _, s := range entries {
		if s != entries[0] {
			return false
		}
	}
	t := dates.Reader{}.Parse(entries[0])
	if t.IsZero() || t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
		return false // a day is no time
	}
	for _, s := range feed {
		if t.Equal(dates.Reader{}.Parse(s)) {
			return true
		}
	}
	return false
}

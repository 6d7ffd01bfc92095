package web

import (
	"fmt"
	"strings"
	"time"
)

// languages are those that pages for people are written in.
var languages = []string{"en", "zh"}

// fallback is the language of pages for a client that wishes none of them.
func (c *config) fallback() string {
	if strings.HasPrefix(strings.ToLower(c.lang), "zh") {
		return "zh"
	}
	return "en"
}

// words are the sentences of the pages in one language.
type words struct {
	Code, Other, OtherName string
	Skip, Home, Untitled   string
	Copy, Copied           string
	Theme                  string
	Themes                 [3]string // of the system, light, dark
	Format, Open, NoSlack  string
	// The index.
	Everything, Find, FindHint, Show, Nothing, NoMatch string
	Topic, Posts, Newest, SortBy, Previous, Next, Page string
	OPML, OPMLAll, BuildFilter                         string
	Sorts, Kinds, Kind                                 map[string]string
	// A topic.
	Subscribe, Contains, NoPosts, NoPost, AlsoIn, From         string
	Slack, SlackHint, QR, QRHint                               string
	Push, PushHint, PushFirst                                  string
	Merged, Archive, ArchiveHint, First, Newer, Older, Related string
	// The filter. Fields are the labels of its fields, Hints what to write into them, Refused what is wrong with what was written.
	Filter, FilterHint, Apply, Clear, Keep, KeepHint, Mistake string
	Fields, Hints, Refused                                    map[string]string
	// An item.
	ReadAt, Published, Updated, Arrived, By, Source, CopiedFrom, Files, Labels, Short, Empty, Read string
	Picture, ShowImages, HideImages, ImagesOff, ImagesOn                                           string
	// Errors.
	NotFound, NotFoundHint, NoItem, Similar string
	Unavailable, UnavailableHint            string
	Gathering, Busy, Wrong                  string
	Mistakes                                map[string]string // in the query of an address

	published, publishedNewest      string
	match, matchOf, matchMore       string
	local, found, reading           string
	perDay, perWeek, perMonth       string
	ages                            [5]string
	now, never, audio, video, other string
}

// age says how long ago something was, coarsely.
func (w *words) age(t, now time.Time) string {
	d := now.Sub(t)
	const day = 24 * time.Hour
	switch {
	case t.IsZero():
		return w.never
	case now.IsZero(): // the page is read at any time
		return t.UTC().Format(time.DateOnly)
	case d < time.Minute:
		return w.now
	case d < time.Hour:
		return fmt.Sprintf(w.ages[0], d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf(w.ages[1], d/time.Hour)
	case d < 60*day:
		return fmt.Sprintf(w.ages[2], d/day)
	case d < 730*day:
		return fmt.Sprintf(w.ages[3], d/(30*day))
	default:
		return fmt.Sprintf(w.ages[4], d/(365*day))
	}
}

// summary is the sentence at the head of the index.
func (w *words) summary(posts, topics int, newest, now time.Time) string {
	if newest.IsZero() {
		return fmt.Sprintf(w.published, posts, topics)
	}
	return fmt.Sprintf(w.publishedNewest, posts, topics, w.age(newest, now))
}

// rate says about how often posts come, of which n lie span apart; empty where that cannot be told.
func (w *words) rate(n int, span time.Duration) string {
	const day = 24 * time.Hour
	if n < 3 || span < time.Hour {
		return ""
	}
	of := func(unit time.Duration) int { return int((time.Duration(n-1)*unit + span/2) / span) }
	switch {
	case of(day) >= 1:
		return fmt.Sprintf(w.perDay, of(day))
	case of(7*day) >= 1:
		return fmt.Sprintf(w.perWeek, of(7*day))
	case of(30*day) >= 1:
		return fmt.Sprintf(w.perMonth, of(30*day))
	}
	return ""
}

// matches says how many posts a filter found: among all of a topic's newest that were looked at, or where only those were
// looked at that have one of its labels, just how many.
func (w *words) matches(n, looked int, among, more bool) string {
	switch {
	case among:
		return fmt.Sprintf(w.matchOf, n, looked)
	case more:
		return fmt.Sprintf(w.matchMore, n)
	}
	return fmt.Sprintf(w.match, n)
}

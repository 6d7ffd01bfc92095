package feeds

import (
	"iter"
	"strings"
	"time"
)

// Item is a post as feedmill publishes it: normalised, safe to show, with absolute addresses.
type Item struct {
	// ID is the public identity (RSS guid, atom:id, JSON Feed id). The store mints it once; it is unique in the store
	// and never changes, whatever happens to the title, the permalink or the domain.
	ID string
	// Source is the name of the source that states the item.
	Source string
	// URL is the post's own page; it is empty when the source has no pages. Original is the page it was copied from.
	URL, Original string
	// Title and Summary are plain text; Content is sanitised HTML with absolute addresses.
	Title, Summary, Content string
	Authors                 []Person
	// Categories and Tags are labels as written (NFC, trimmed, no duplicates), in the order of the source.
	Categories, Tags []string
	// Language is a BCP 47 tag such as "zh-CN", or empty.
	Language string
	// Image is the address of the picture that stands for the item.
	Image      string
	Enclosures []Enclosure
	// Episode is what a podcast says of the item; nil for what is none.
	Episode *Episode
	// Published is the source's own date in the source's own zone. Updated is when the source last changed the item;
	// it moves only when what the source says moves, and is never before Published. Arrived is when this store got it.
	Published, Updated, Arrived time.Time
	// Origin is the upstream feed the item was republished from; nil for a post of our own.
	Origin *Origin
	// Group is the private group the item belongs to; empty means public.
	Group string
	// Also are the other sources that have the item, where the configuration merges them (key duplicates): it is in
	// their topics, too. Only stores set it.
	Also []Copy
	// Trace tells what made the item what it is, a step a line; see [Item.Because]. No document shows it.
	Trace string
}

// Copy is an item as another source has it: that source's name and its address there.
type Copy struct{ Source, URL string }

// maxTrace bounds a trace, in bytes: some forty steps.
const maxTrace = 2 << 10

// Because adds a step to the item's trace, for `feedmill explain`: what of the item it is about ("date", "updated", "lang",
// "html", "category", "tag"), and where that comes from or what was done to it. The same statement must give the same
// steps. A source calls it where it has a choice, such as between two dates. Every item keeps its steps, so they are a few
// words each, and what can be told without them is not in them. Steps beyond 2 KiB are left out.
func (it *Item) Because(what, why string) {
	if strings.ContainsAny(why, "\r\n") {
		why = strings.Join(strings.Fields(why), " ")
	}
	if len(it.Trace)+len(what)+len(why)+3 <= maxTrace {
		it.Trace += what + ": " + why + "\n"
	}
}

// Endings of steps about a date: that it names no zone of its own, and that it was ahead of the time at which it was read.
const (
	NoZone = ", no zone"
	Ahead  = " is ahead"
)

// Why are the steps of the trace that are about what, in the order in which they were taken.
func (it *Item) Why(what string) (steps []string) {
	for about, why := range it.Steps() {
		if about == what {
			steps = append(steps, why)
		}
	}
	return steps
}

// Steps are those of the trace, in the order in which they were taken: what each is about, and why.
func (it *Item) Steps() iter.Seq2[string, string] {
	return func(yield func(what, why string) bool) {
		for line := range strings.SplitSeq(it.Trace, "\n") {
			if what, why, ok := strings.Cut(line, ": "); ok && !yield(what, why) {
				return
			}
		}
	}
}

// Person is an author. At least one field is set.
type Person struct {
	Name, Email, URL string
}

// String is the name to show: the name, else the e-mail address, else the page.
func (p Person) String() string {
	for _, s := range []string{p.Name, p.Email, p.URL} {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return ""
}

// Enclosure is a file that belongs to an item, such as an audio recording.
type Enclosure struct {
	URL, Type, Title string
	// Length is in bytes; 0 when unknown.
	Length int64
	// Duration is the running time; 0 when unknown.
	Duration time.Duration
	// Medium is what the file is where its type does not tell (Media RSS 1.5.1): image, audio, video, document,
	// executable; or empty.
	Medium string
	// Width and Height are those of a picture, in pixels; 0 when unknown.
	Width, Height int
	// Language is a BCP 47 tag, or empty; Thumbnail the address of a picture that stands for the file.
	Language, Thumbnail string
	// Description is what the file shows, as plain text; the item's own summary says what the item is about.
	Description string
}

// Episode is an item of a podcast, as the namespaces of iTunes and of podcastindex.org describe one.
type Episode struct {
	// Season counts from 1, 0 when unknown; SeasonName is what it is called.
	Season     int
	SeasonName string
	// Number is the number in the season, a decimal such as "12" or "12.5"; Name is shown in its place.
	Number, Name string
	// Type is full, trailer or bonus; Explicit is true or false; empty when unknown.
	Type, Explicit string
	// Transcripts are texts of what is said, Chapters is a file that divides the recording; without URL there is none.
	Transcripts []Enclosure
	Chapters    Enclosure
	Cast        []Role
}

// Role is who takes part in an episode. Role and Group are words of podcastindex.org's taxonomy, such as "guest" and
// "cast"; Image is the address of a portrait.
type Role struct {
	Person
	Role, Group, Image string
}

// Origin is the upstream feed an item was copied from (RSS source, RFC 4287 §4.2.11 atom:source).
type Origin struct {
	ID, Title, URL, Home string
}

// About is what a source says of itself: the facts of its site or of its upstream feed.
type About struct {
	Title, Description, URL, Language string
	Author                            Person
	// Window is the number of items the source's own feed holds (jekyll-feed's posts_limit); 0 means no opinion.
	Window int
	// Titles gives display titles of topics, such as those of a Jekyll site's category pages.
	Titles map[Topic]string
	// Redirects maps the paths of the site's own feeds ("/feed.xml") to topics.
	Redirects map[string]Topic
}

package document

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"feedmill/feeds"
)

// Untitled is the heading of an item that says nothing at all.
const Untitled = "(untitled)"

// Document is a feed fit to be written. Its strings are clean, its addresses are URIs or empty, its dates are whole
// seconds that every format can write, or zero.
type Document struct {
	feeds.Feed
	// ID is an absolute IRI.
	ID string
	// Page is what the feed links to: its home, or the best there is. Never empty.
	Page string
	// Base is the address below which topics have their pages; empty when the document does not know its own address.
	Base string
	// CategoryScheme and TagScheme are the addresses that stand for the vocabularies of labels, the same in all formats;
	// empty when the document does not know its own address.
	CategoryScheme, TagScheme string
	Entries                   []Entry
}

// Entry is an item fit to be written.
type Entry struct {
	feeds.Item
	// IRI is the absolute IRI for atom:id: the ID, or the URN of one that is none.
	IRI string
	// GUID is the ID, or its URN when it is too short to be unique in the world.
	GUID string
	// Link is the page that shows the item: URL, else Original. It may be empty.
	Link string
	// Heading is the title; for an item without one the beginning of its text. Never empty.
	Heading string
	// Gist is the summary; for an item without one the beginning of its content, else its heading. Never empty.
	Gist string
	// Wordless is true for an item without a summary whose content has no words, such as a picture.
	Wordless bool
}

// Prepare makes a document of a feed. It leaves f as it is.
func Prepare(f *feeds.Feed) *Document {
	d := &Document{Feed: *f}
	d.Items = nil
	d.Title = cmp.Or(Line(f.Title), Untitled)
	d.Description = strings.TrimSpace(Clean(f.Description))
	d.Home, d.Self, d.Image, d.Icon = Address(f.Home), Address(f.Self), Address(f.Image), Address(f.Icon)
	d.Next, d.Current, d.PrevArchive = Address(f.Next), Address(f.Current), Address(f.PrevArchive)
	d.Hubs = addresses(f.Hubs)
	d.Language = language(f.Language)
	d.Author, _ = person(f.Author)
	d.Rights = Line(f.Rights)
	d.Generator = feeds.Generator{
		Name: Line(f.Generator.Name), Version: Line(f.Generator.Version), URL: Address(f.Generator.URL),
	}
	d.Updated = date(f.Updated)
	d.ID = Line(f.ID)
	if !IsIRI(d.ID) {
		d.ID = URN("feed", cmp.Or(d.ID, f.Topic.String()))
	}
	if d.Base = base(d.Self, f.Topic); d.Base != "" {
		d.CategoryScheme, d.TagScheme = d.Base+"/category", d.Base+"/tag"
	}

	d.Entries = make([]Entry, len(f.Items))
	ids, iris, guids := set(len(f.Items)), set(len(f.Items)), set(len(f.Items))
	for i := range f.Items {
		e := &d.Entries[i]
		prepare(e, &f.Items[i])
		e.ID = distinct(e.ID, &f.Items[i], ids)
		e.IRI, e.GUID = e.ID, e.ID
		if !IsIRI(e.ID) {
			e.IRI = URN(e.Source, e.ID)
		}
		if !unique(e.ID) {
			e.GUID = URN(e.Source, e.ID)
		}
		e.IRI = distinct(e.IRI, &f.Items[i], iris)
		e.GUID = distinct(e.GUID, &f.Items[i], guids)
	}
	d.Page = page(d)
	return d
}

// copies are those with an address.
func copies(list []feeds.Copy) []feeds.Copy {
	var out []feeds.Copy
	for _, c := range list {
		if c.URL = Address(c.URL); c.URL != "" {
			out = append(out, feeds.Copy{Source: Line(c.Source), URL: c.URL})
		}
	}
	return out
}

func set(n int) map[string]bool { return make(map[string]bool, n) }

func prepare(e *Entry, it *feeds.Item) {
	e.Item = *it
	e.ID, e.Source = Line(it.ID), Line(it.Source)
	e.URL, e.Original, e.Image = Address(it.URL), Address(it.Original), Address(it.Image)
	e.Link = cmp.Or(e.URL, e.Original)
	e.Also = copies(it.Also)
	e.Title = Line(it.Title)
	e.Summary = strings.TrimSpace(Clean(it.Summary))
	e.Content = Clean(it.Content)
	if strings.TrimSpace(e.Content) == "" {
		e.Content = ""
	}
	e.Authors = persons(it.Authors)
	e.Categories, e.Tags = labels(it.Categories), labels(it.Tags)
	e.Language = language(it.Language)
	e.Enclosures, e.Episode = enclosures(it.Enclosures), episode(it.Episode)
	e.Published, e.Updated, e.Arrived = date(it.Published), date(it.Updated), date(it.Arrived)
	if e.Published.IsZero() {
		e.Published = cmp.Or(e.Updated, e.Arrived)
	}
	if e.Updated.Before(e.Published) {
		e.Updated = e.Published
	}
	if it.Origin != nil {
		e.Origin = &feeds.Origin{
			ID: Line(it.Origin.ID), Title: Line(it.Origin.Title),
			URL: Address(it.Origin.URL), Home: Address(it.Origin.Home),
		}
	}
	if e.ID == "" {
		e.ID = cmp.Or(e.URL, nameless(it))
	}
	if e.Title == "" || e.Summary == "" {
		text := ""
		if e.Summary == "" && e.Content != "" {
			text = excerpt(e.Content, excerptLen)
			e.Wordless = text == ""
		}
		e.Heading = cmp.Or(e.Title, Shorten(cmp.Or(e.Summary, text), 80), e.Link, Untitled)
		e.Gist = cmp.Or(e.Summary, text, e.Heading)
		return
	}
	e.Heading, e.Gist = e.Title, e.Summary
}

// Flag is an empty element; nil for one that is not there.
type Flag struct{}

// History are the elements and links by which an XML document says how it is one of several (RFC 5005): whether it has
// everything, whether it is one of an archive, and where the others are.
type History struct {
	// NS is the namespace to declare; empty when nothing needs it.
	NS                string
	Complete, Archive *Flag
	Links             []Relation
}

// Relation is a link to another document of the feed.
type Relation struct{ Rel, Href string }

// History says how the document is one of several. Paging and archive do not mix: a reader follows the one or the other.
func (d *Document) History() (h History) {
	if d.Complete {
		h.Complete, h.NS = &Flag{}, NSHistory
	}
	if d.Archive {
		h.Archive, h.NS = &Flag{}, NSHistory
	}
	if d.Archive && d.Current != "" {
		h.Links = append(h.Links, Relation{"current", d.Current})
	}
	if d.PrevArchive != "" {
		h.Links = append(h.Links, Relation{"prev-archive", d.PrevArchive})
	} else if d.Next != "" && !d.Archive {
		h.Links = append(h.Links, Relation{"next", d.Next})
	}
	return h
}

// page is the first address that can stand for the feed. The last one is where a document without any still says that
// there is nothing to see.
func page(d *Document) string {
	for _, s := range []string{d.Home, d.Base, d.Self} {
		if s != "" {
			return s
		}
	}
	for i := range d.Entries {
		if d.Entries[i].Link != "" {
			return d.Entries[i].Link
		}
	}
	return cmp.Or(d.Generator.URL, "about:blank")
}

// base is the part of a document's own address before the topic's path; the origin when the document is elsewhere.
func base(self string, t feeds.Topic) string {
	if self == "" {
		return ""
	}
	start := strings.Index(self, "://") + len("://")
	if i := strings.IndexAny(self[start:], "?#"); i >= 0 {
		self = self[:start+i]
	}
	if i := strings.LastIndex(self, t.Path()); i >= start && t.Kind != "" && !strings.Contains(self[i+len(t.Path()):], "/") {
		return self[:i]
	}
	if i := strings.IndexByte(self[start:], '/'); i >= 0 {
		self = self[:start+i]
	}
	return self
}

// date returns t as a whole second in a zone that RFC 822 and RFC 3339 can write, or zero when they cannot write it.
func date(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	t = t.Round(0).Truncate(time.Second)
	// Local mean times have seconds in their offset ("+08:05:43"), which would be cut off and move the instant.
	if _, offset := t.Zone(); offset%60 != 0 || offset < -14*3600 || offset > 14*3600 {
		t = t.UTC()
	}
	// The years before 1000 are zero times that went through a zone.
	if y := t.Year(); y < 1000 || y > 9999 {
		return time.Time{}
	}
	return t
}

func addresses(list []string) []string {
	var out []string
	for _, s := range list {
		if s = Address(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// labels are the clean labels, each once. The list is the given one when nothing had to be done.
func labels(list []string) []string {
	clean := func(i int) bool {
		return list[i] != "" && Line(list[i]) == list[i] && !slices.Contains(list[:i], list[i])
	}
	for i := range list {
		if clean(i) {
			continue
		}
		out := slices.Clone(list[:i])
		for _, s := range list[i:] {
			if s = Line(s); s != "" && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
		return out
	}
	return list
}

func persons(list []feeds.Person) []feeds.Person {
	var out []feeds.Person
	for _, p := range list {
		if p, ok := person(p); ok && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// person is p with a name, and without the e-mail address and page that are none; false when nothing is left of it.
func person(p feeds.Person) (feeds.Person, bool) {
	name := Line(p.String())
	p = feeds.Person{Name: Line(p.Name), Email: Line(p.Email), URL: Address(Line(p.URL))}
	p.Name = cmp.Or(p.Name, name)
	if !mailbox(p.Email) {
		p.Email = ""
	}
	return p, p.Name != ""
}

// mailbox reports whether s is an e-mail address of the plain form that validators take.
func mailbox(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || !strings.Contains(domain, ".") || strings.Contains(domain, "..") {
		return false
	}
	for _, c := range []byte(local) {
		if !alnum(c) && strings.IndexByte("_-+.'", c) < 0 {
			return false
		}
	}
	for _, c := range []byte(domain) {
		if !alnum(c) && c != '-' && c != '.' {
			return false
		}
	}
	return !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".")
}

// language is a BCP 47 tag in its usual form (RFC 5646 §2.1), or empty.
func language(s string) string {
	s = strings.ReplaceAll(strings.TrimSpace(s), "_", "-")
	i := 0
	for part := range strings.SplitSeq(s, "-") {
		if len(part) == 0 || len(part) > 8 || i == 0 && (len(part) < 2 || len(part) > 3) {
			return ""
		}
		for _, c := range []byte(part) {
			if !alnum(c) || i == 0 && c < 'A' {
				return ""
			}
		}
		i++
	}
	return s
}

func enclosures(list []feeds.Enclosure) []feeds.Enclosure {
	var out []feeds.Enclosure
	for _, e := range list {
		e.URL = Address(e.URL)
		if e.URL == "" || slices.ContainsFunc(out, func(o feeds.Enclosure) bool { return o.URL == e.URL }) {
			continue
		}
		e.Type, e.Title, e.Description = mediaType(e.Type, e.URL), Line(e.Title), Line(e.Description)
		e.Length, e.Duration = max(e.Length, 0), max(e.Duration, 0)
		e.Width, e.Height = max(e.Width, 0), max(e.Height, 0)
		e.Medium = word(e.Medium, "image", "audio", "video", "document", "executable")
		e.Language, e.Thumbnail = language(e.Language), Address(e.Thumbnail)
		out = append(out, e)
	}
	return out
}

package document

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds"
)

// Podcast are the elements of an episode, the same in every XML document: those of iTunes (Apple's "A Podcaster's Guide to
// RSS") and of https://podcasting2.org/docs/podcast-namespace/1.0. The latter say only what the former cannot.
type Podcast struct {
	Author   *Text      `xml:"itunes:author"`
	Image    *Reference `xml:"itunes:image"`
	Duration int64      `xml:"itunes:duration,omitempty"`
	Explicit string     `xml:"itunes:explicit,omitempty"`
	Type     string     `xml:"itunes:episodeType,omitempty"`
	Season   int        `xml:"itunes:season,omitempty"`
	Number   string     `xml:"itunes:episode,omitempty"`

	NamedSeason *NamedSeason `xml:"podcast:season"`
	NamedNumber *NamedNumber `xml:"podcast:episode"`
	Chapters    *TextFile    `xml:"podcast:chapters"`
	Transcripts []TextFile   `xml:"podcast:transcript"`
	Cast        []Member     `xml:"podcast:person"`
}

// Reference is an element that names an address.
type Reference struct {
	Href string `xml:"href,attr"`
}

// NamedSeason is a season with what it is called.
type NamedSeason struct {
	Name   string `xml:"name,attr"`
	Number int    `xml:",chardata"`
}

// NamedNumber is the number of an episode, with what is shown in its place.
type NamedNumber struct {
	Display string `xml:"display,attr,omitempty"`
	Number  string `xml:",chardata"`
}

// TextFile is a file beside a recording. Type is required.
type TextFile struct {
	URL      string `xml:"url,attr"`
	Type     string `xml:"type,attr"`
	Language string `xml:"language,attr,omitempty"`
	Rel      string `xml:"rel,attr,omitempty"`
}

// Member is who takes part.
type Member struct {
	Role  string `xml:"role,attr,omitempty"`
	Group string `xml:"group,attr,omitempty"`
	Image string `xml:"img,attr,omitempty"`
	Href  string `xml:"href,attr,omitempty"`
	Name  string `xml:",innerxml"`
}

// Captions is the title of a transcript that is made to be shown beside the recording.
const Captions = "captions"

// NewPodcast are the elements of an episode; nil for an item that is none.
func NewPodcast(e *Entry) *Podcast {
	if !e.episodic() {
		return nil
	}
	p := cmp.Or(e.Episode, &feeds.Episode{})
	out := &Podcast{
		Image: portrait(e.Image), Duration: int64(e.length() / time.Second), Explicit: p.Explicit, Type: p.Type, Season: p.Season,
		Transcripts: make([]TextFile, 0, len(p.Transcripts)), Cast: make([]Member, 0, len(p.Cast)),
	}
	// Of several, and of one with an e-mail address, another element tells, and readers show whoever is in either.
	if len(e.Authors) == 1 && e.Authors[0].Email == "" {
		out.Author = PlainText(e.Authors[0].Name)
	}
	if p.Season > 0 && p.SeasonName != "" {
		out.NamedSeason = &NamedSeason{Name: p.SeasonName, Number: p.Season}
	}
	// For iTunes an episode's number is a positive integer.
	n, err := strconv.Atoi(p.Number)
	if err == nil && n > 0 {
		out.Number = strconv.Itoa(n)
	}
	if p.Number != "" && (p.Name != "" || out.Number != p.Number) {
		out.NamedNumber = &NamedNumber{Display: p.Name, Number: p.Number}
	}
	if p.Chapters.URL != "" {
		out.Chapters = &TextFile{URL: p.Chapters.URL, Type: p.Chapters.Type}
	}
	for _, t := range p.Transcripts {
		f := TextFile{URL: t.URL, Type: t.Type, Language: t.Language}
		if t.Title == Captions {
			f.Rel = Captions
		}
		out.Transcripts = append(out.Transcripts, f)
	}
	for _, r := range p.Cast {
		out.Cast = append(out.Cast, Member{Role: r.Role, Group: r.Group, Image: r.Image, Href: r.URL, Name: Hexed(r.Name)})
	}
	return out
}

// More reports whether there is an element of podcastindex.org's namespace.
func (p *Podcast) More() bool {
	return p.NamedSeason != nil || p.NamedNumber != nil || p.Chapters != nil || len(p.Transcripts)+len(p.Cast) > 0
}

// Show are the elements of iTunes of a channel with episodes.
type Show struct {
	Author   *Text      `xml:"itunes:author"`
	Owner    *Owner     `xml:"itunes:owner"`
	Image    *Reference `xml:"itunes:image"`
	Explicit string     `xml:"itunes:explicit,omitempty"`
}

// Owner is whom to write to about a channel.
type Owner struct {
	Name  *Text `xml:"itunes:name"`
	Email *Text `xml:"itunes:email"`
}

// Podcast tells which elements of podcasts a document has: the namespaces to declare, empty for those without, and what to
// say of the channel; nil when no entry is an episode. A channel is explicit when an episode is, and clean when all say so.
func (d *Document) Podcast(entries []*Podcast) (iTunes, podcasting string, show *Show) {
	for _, p := range entries {
		if p == nil {
			continue
		}
		if p.More() {
			podcasting = NSPodcast
		}
		if show == nil {
			iTunes, show = NSITunes, &Show{Author: PlainText(d.Author.Name), Image: portrait(d.Image), Explicit: p.Explicit}
		}
		if p.Explicit == "true" || show.Explicit == "false" {
			show.Explicit = p.Explicit
		}
	}
	if show != nil && d.Author.Email != "" {
		show.Owner = &Owner{Name: PlainText(d.Author.Name), Email: PlainText(d.Author.Email)}
	}
	return iTunes, podcasting, show
}

// portrait is a picture as iTunes takes it, JPEG or PNG; nil for another.
func portrait(address string) *Reference {
	switch Ending(address) {
	case ".jpg", ".jpeg", ".png":
		return &Reference{address}
	}
	return nil
}

// episodic reports whether an entry is an episode: its source says what only an episode has, or how long its sound is.
func (e *Entry) episodic() bool {
	if e.Episode != nil {
		return true
	}
	i := e.playing()
	return i >= 0 && kind(&e.Enclosures[i]) == "audio" && e.Enclosures[i].Duration > 0
}

// length is the running time of the entry's recording, the first of several; 0 when unknown.
func (e *Entry) length() time.Duration {
	if i := e.playing(); i >= 0 {
		return e.Enclosures[i].Duration
	}
	return 0
}

// episode is p with clean texts and addresses, without words that the namespaces do not know; nil for none.
func episode(p *feeds.Episode) *feeds.Episode {
	if p == nil {
		return nil
	}
	out := feeds.Episode{
		Season: max(p.Season, 0), SeasonName: Line(p.SeasonName), Name: Line(p.Name),
		Type: word(p.Type, "full", "trailer", "bonus"), Explicit: word(p.Explicit, "true", "false"),
		Transcripts: texts(p.Transcripts),
	}
	if decimal(p.Number) {
		out.Number = p.Number
	}
	if chapters := texts([]feeds.Enclosure{p.Chapters}); len(chapters) > 0 {
		out.Chapters = chapters[0]
	}
	for _, r := range p.Cast {
		if who, ok := person(r.Person); ok {
			out.Cast = append(out.Cast, feeds.Role{Person: who, Role: Line(r.Role), Group: Line(r.Group), Image: Address(r.Image)})
		}
	}
	return &out
}

// texts are files that have a type in any case.
func texts(list []feeds.Enclosure) []feeds.Enclosure {
	out := enclosures(list)
	for i := range out {
		if out[i].Type == "" {
			out[i].Type = UnknownType
		}
	}
	return out
}

// word is s when it is one of the words, else empty.
func word(s string, words ...string) string {
	if slices.Contains(words, s) {
		return s
	}
	return ""
}

// decimal reports whether s is a number such as "12" or "12.5".
func decimal(s string) bool {
	whole, part, cut := strings.Cut(s, ".")
	digits := func(s string) bool { return s != "" && len(s) <= 9 && strings.Trim(s, "0123456789") == "" }
	return digits(whole) && (!cut || digits(part))
}

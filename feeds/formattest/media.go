package formattest

import (
	"cmp"
	"encoding/xml"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	ext "github.com/mmcdole/gofeed/extensions"

	"feedmill/feeds"
)

// media has items with every kind of file and everything that a podcast can say.
func media() *feeds.Feed {
	f := frame("feed", "podcast")
	at := morning
	add := func(it feeds.Item) {
		at = at.Add(-time.Hour)
		it.URL, it.Source, it.Published, it.Updated, it.Arrived = it.ID, "cast", at, at, at
		f.Items = append(f.Items, it)
	}
	add(feeds.Item{
		ID: "https://cast.example/12", Title: "Gold & <silver>", Summary: "Twelve and a half.", Language: "en",
		Authors: []feeds.Person{{Name: "Ana & Bo"}}, Image: "https://cast.example/12.jpg?w=1&h=1",
		Enclosures: []feeds.Enclosure{
			{URL: "https://cdn.cast.example/12.mp3?a=1&b=2", Type: "audio/mpeg", Length: 34_567_890, Duration: 3725 * time.Second},
			{URL: "https://cdn.cast.example/12.opus", Type: "audio/ogg", Length: 14_567_890, Title: "Opus & small", Language: "de-CH"},
		},
		Episode: &feeds.Episode{
			Season: 2, SeasonName: `Metals "R" us & co`, Number: "12.5", Name: "Ch.12 <b>", Type: "bonus", Explicit: "false",
			Transcripts: []feeds.Enclosure{
				{URL: "https://cast.example/12.vtt?x=1&y=2", Type: "text/vtt", Language: "en", Title: "captions"},
				{URL: "https://cast.example/12.html", Type: "text/html", Language: "de"},
			},
			Chapters: feeds.Enclosure{URL: "https://cast.example/12.chapters.json", Type: "application/json+chapters"},
			Cast: []feeds.Role{
				{Person: feeds.Person{Name: "Ana & Bo", URL: "https://cast.example/ana"}, Role: "host", Group: "cast", Image: "https://cast.example/ana.png"},
				{Person: feeds.Person{Name: "王小明"}, Role: "guest"},
			},
		},
		Origin: &feeds.Origin{ID: "urn:uuid:0d6d2c5e-1111-8222-8333-444455556666", Title: "Cast & crew", URL: "https://cast.example/feed.rss", Home: "https://cast.example/"},
	})
	add(feeds.Item{
		ID: "https://cast.example/3", Title: "Three", Summary: "A whole number.",
		Authors:    []feeds.Person{{Name: "Ana", Email: "ana@cast.example"}},
		Enclosures: []feeds.Enclosure{{URL: "https://cdn.cast.example/3.m4a", Type: "audio/mp4", Length: 1}},
		Episode:    &feeds.Episode{Season: 1, Number: "3", Type: "full", Explicit: "true"},
	})
	add(feeds.Item{
		ID: "https://tube.example/v", Title: "Pictures that move", Summary: "In two sizes.", Language: "fr",
		Authors: []feeds.Person{{Name: "Zoé"}}, Image: "https://tube.example/still.webp",
		Enclosures: []feeds.Enclosure{
			{URL: "https://tube.example/subtitles", Type: "application/octet-stream"},
			{URL: "https://tube.example/v/640", Type: "video/mp4", Duration: 90 * time.Second, Width: 640, Height: 360, Thumbnail: "https://tube.example/640.png"},
			{URL: "https://tube.example/v/1280", Type: "video/mp4", Length: 5_000_000_000, Duration: 90 * time.Second, Width: 1280, Height: 720, Title: "Large", Language: "fr", Description: "Tall & <wide>"},
			{URL: "https://tube.example/embed", Type: "text/html", Medium: "video"},
			{URL: "https://tube.example/still.webp", Type: "image/webp", Length: 20_000, Width: 320, Height: 180},
		},
	})
	add(feeds.Item{
		ID: "https://tube.example/plain", Title: "Read aloud", Summary: "A recording that says no more.", Authors: []feeds.Person{{Name: "Zoé"}},
		Enclosures: []feeds.Enclosure{{URL: "https://tube.example/a.mp3", Type: "audio/mpeg", Length: 10, Duration: time.Minute}},
	})
	return f
}

// extensions are a reader's elements of the namespaces, as children of a node like those of the strict reader's.
func extensions(x ext.Extensions) *node {
	n := &node{}
	for prefix, space := range map[string]string{"itunes": nsITunes, "podcast": nsPodcast, "media": nsMedia} {
		n.children = append(n.children, extended(space, x[prefix])...)
	}
	return n
}

func extended(space string, byName map[string][]ext.Extension) (out []*node) {
	for _, list := range byName {
		for _, x := range list {
			n := &node{text: x.Value}
			n.name.Space, n.name.Local = space, x.Name
			for k, v := range x.Attrs {
				n.attrs = append(n.attrs, xml.Attr{Name: xml.Name{Local: k}, Value: v})
			}
			n.children = extended(space, x.Children)
			out = append(out, n)
		}
	}
	return out
}

// readMedia adds to files, which have address, type and length, what Media RSS and iTunes say of them.
func readMedia(n *node, files []feeds.Enclosure) []feeds.Enclosure {
	number := func(x *node, name string) int {
		i, _ := strconv.Atoi(x.has(name))
		return i
	}
	for _, x := range n.all(nsMedia, "content") {
		i := slices.IndexFunc(files, func(f feeds.Enclosure) bool { return f.URL == x.has("url") })
		if i < 0 {
			i, files = len(files), append(files, feeds.Enclosure{URL: x.has("url"), Type: x.has("type"), Length: int64(number(x, "fileSize"))})
		}
		f := &files[i]
		f.Width, f.Height, f.Medium = number(x, "width"), number(x, "height"), x.has("medium")
		f.Duration = time.Duration(number(x, "duration")) * time.Second
		f.Language, f.Title = cmp.Or(x.has("lang"), f.Language), cmp.Or(exact(x, nsMedia, "title"), f.Title)
		f.Description = exact(x, nsMedia, "description")
		if t := x.first(nsMedia, "thumbnail"); t != nil {
			f.Thumbnail = t.has("url")
		}
	}
	if d, err := strconv.Atoi(n.say(nsITunes, "duration")); err == nil {
		for i := range files {
			if kind(files[i]) == "audio" || kind(files[i]) == "video" {
				files[i].Duration = time.Duration(d) * time.Second
				break
			}
		}
	}
	return files
}

// kind is what a file is by its type.
func kind(f feeds.Enclosure) string {
	major, _, _ := strings.Cut(f.Type, "/")
	if major == "text" || major == "application" {
		return "document"
	}
	return major
}

// readEpisode reads what the namespaces of podcasts say of an item; nil when they say nothing.
func readEpisode(n *node) *feeds.Episode {
	p := &feeds.Episode{Number: n.say(nsITunes, "episode"), Type: n.say(nsITunes, "episodeType"), Explicit: n.say(nsITunes, "explicit")}
	p.Season, _ = strconv.Atoi(n.say(nsITunes, "season"))
	if x := n.first(nsPodcast, "season"); x != nil {
		p.SeasonName = x.has("name")
	}
	if x := n.first(nsPodcast, "episode"); x != nil {
		p.Number, p.Name = x.text, x.has("display")
	}
	for _, x := range n.all(nsPodcast, "transcript") {
		p.Transcripts = append(p.Transcripts, feeds.Enclosure{URL: x.has("url"), Type: x.has("type"), Language: x.has("language"), Title: x.has("rel")})
	}
	if x := n.first(nsPodcast, "chapters"); x != nil {
		p.Chapters = feeds.Enclosure{URL: x.has("url"), Type: x.has("type")}
	}
	for _, x := range n.all(nsPodcast, "person") {
		p.Cast = append(p.Cast, feeds.Role{
			Person: feeds.Person{Name: x.text, URL: x.has("href")}, Role: x.has("role"), Group: x.has("group"), Image: x.has("img"),
		})
	}
	if reflect.DeepEqual(*p, feeds.Episode{}) {
		return nil
	}
	return p
}

// readMore is the same of a JSON Feed's item.
func readMore(m *jsonMore) *feeds.Episode {
	if m == nil || m.Episode == nil {
		return nil
	}
	x := m.Episode
	p := &feeds.Episode{Season: x.Season, SeasonName: x.SeasonName, Number: x.Number, Name: x.Name, Type: x.Type}
	if x.Explicit != nil {
		p.Explicit = strconv.FormatBool(*x.Explicit)
	}
	for _, t := range x.Transcripts {
		p.Transcripts = append(p.Transcripts, feeds.Enclosure{URL: t.URL, Type: t.MIMEType, Language: t.Language, Title: t.Rel})
	}
	if x.Chapters != nil {
		p.Chapters = feeds.Enclosure{URL: x.Chapters.URL, Type: x.Chapters.MIMEType}
	}
	for _, who := range x.Persons {
		p.Cast = append(p.Cast, feeds.Role{Person: feeds.Person{Name: who.Name, URL: who.URL}, Role: who.Role, Group: who.Group, Image: who.Avatar})
	}
	return p
}

// plainFile reports whether nothing has to be done to what is said of a file.
func plainFile(f feeds.Enclosure) bool {
	return fetchable.MatchString(f.URL) && mediaTypeForm.MatchString(f.Type) && f.Length >= 0 && f.Duration >= 0 && line(f.Title) == f.Title && line(f.Description) == f.Description &&
		(f.Language == "" || languageTag.MatchString(f.Language)) && (f.Thumbnail == "" || fetchable.MatchString(f.Thumbnail)) &&
		f.Width >= 0 && f.Height >= 0 && (f.Medium == "" || slices.Contains(mediaWords, f.Medium))
}

// expectFiles are the files as a document must describe them; nil when the suite does not say, since one of them is odd.
func expectFiles(list []feeds.Enclosure) []feeds.Enclosure {
	for _, f := range list {
		if !plainFile(f) {
			return nil
		}
	}
	return described(list)
}

// described is the list in an order of its own, without media that the types tell.
func described(list []feeds.Enclosure) []feeds.Enclosure {
	out := slices.Clone(list)
	for i := range out {
		if out[i].Medium == kind(out[i]) {
			out[i].Medium = ""
		}
	}
	slices.SortFunc(out, func(a, b feeds.Enclosure) int { return strings.Compare(a.URL, b.URL) })
	return out
}

// expectEpisode is the episode as a document must say it: names in any case, the rest where nothing has to be done to it.
func expectEpisode(p *feeds.Episode) (whole bool, names []string) {
	if p == nil {
		return true, nil
	}
	// What a season and an episode are called is said beside their numbers.
	whole = p.Season >= 0 && (p.Season > 0 || p.SeasonName == "") && line(p.SeasonName) == p.SeasonName && line(p.Name) == p.Name &&
		(decimalForm.MatchString(p.Number) || p.Number+p.Name == "")
	for _, t := range append(slices.Clone(p.Transcripts), p.Chapters) {
		whole = whole && (plainFile(t) || t == feeds.Enclosure{})
	}
	for _, r := range p.Cast {
		if n := line(r.Person.String()); n != "" {
			names = append(names, n)
		}
		whole = whole && line(r.Name) == r.Name && r.Name != "" && line(r.Role) == r.Role && (r.URL == "" || fetchable.MatchString(r.URL))
	}
	return whole, names
}

func cast(p *feeds.Episode) (names []string) {
	if p == nil {
		return nil
	}
	for _, r := range p.Cast {
		names = append(names, r.Name)
	}
	return names
}

// file is what an attachment says of a file.
func (a jsonAttachment) file() feeds.Enclosure {
	f := feeds.Enclosure{URL: a.URL, Type: a.MIMEType, Title: a.Title}
	if a.Size != nil {
		f.Length = *a.Size
	}
	if a.Duration != nil {
		f.Duration = time.Duration(*a.Duration * float64(time.Second))
	}
	if x := a.Ours; x != nil {
		f.Medium, f.Width, f.Height, f.Language, f.Thumbnail, f.Description = x.Medium, x.Width, x.Height, x.Language, x.Thumbnail, x.Description
	}
	return f
}

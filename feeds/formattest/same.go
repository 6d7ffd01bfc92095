package formattest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mmcdole/gofeed"

	"feedmill/feeds"
)

// said is what a reader finds of an item.
type said struct {
	ID, Title, Link    string
	Summary, Content   string
	Published, Updated time.Time
	Authors            []string
	Labels             []string
	Files              []string
	// Language is that of the feed where the item has none.
	Language string
	// Described are the files with all that is said of them.
	Described []feeds.Enclosure
	Episode   *feeds.Episode
	// From is the title and the address of the feed that the item was copied from.
	From string
}

// Same reads a document, with a strict reader and with gofeed, and returns what it does not say, or says otherwise
// than the feed.
func Same(f *feeds.Feed, doc []byte, mediaType string) []string {
	var out []string
	strict, err := read(doc, mediaType)
	if err != nil {
		return []string{fmt.Sprintf("strict reader: %v", err)}
	}
	loose, err := readGofeed(doc, mediaType)
	if err != nil {
		return []string{fmt.Sprintf("gofeed: %v", err)}
	}
	for name, got := range map[string][]said{"strict reader": strict, "gofeed": loose} {
		if len(got) != len(f.Items) {
			out = append(out, fmt.Sprintf("%s: %d items, want %d", name, len(got), len(f.Items)))
			continue
		}
		for i := range got {
			want := expect(f, &f.Items[i], mediaType)
			differences := compare(want, got[i], name == "gofeed")
			if name != "gofeed" || mediaType != "application/feed+json" { // gofeed knows no extension of JSON Feed
				differences = append(differences, compareMedia(want, got[i], &f.Items[i], name == "gofeed")...)
			}
			for _, d := range differences {
				out = append(out, fmt.Sprintf("%s: item %d: %s", name, i, d))
			}
		}
	}
	return out
}

// compare lists the differences. gofeed trims texts, reads one author of several in RSS, and takes a name with "@" or
// brackets apart.
func compare(want, got said, loose bool) []string {
	var out []string
	differ := func(what string, want, got any) {
		if d := cmp.Diff(want, got); d != "" {
			out = append(out, fmt.Sprintf("%s (-want +got):\n%s", what, d))
		}
	}
	text := func(s string) string {
		if loose {
			return strings.TrimSpace(s)
		}
		return s
	}
	if got.ID == "" || want.ID != "" && got.ID != want.ID {
		out = append(out, fmt.Sprintf("id is %q, want %q", got.ID, want.ID))
	}
	if want.Title != "" {
		differ("title", text(want.Title), text(got.Title))
	}
	if want.Link != "" {
		differ("link", want.Link, got.Link)
	}
	if want.Summary != "" {
		differ("summary", text(want.Summary), text(got.Summary))
	}
	if want.Content != "" {
		differ("content", text(want.Content), text(got.Content))
	}
	if got.Title+got.Summary+got.Content == "" {
		out = append(out, "the item says nothing")
	}
	if !want.Published.IsZero() && !got.Published.Equal(want.Published) {
		out = append(out, fmt.Sprintf("published %v, want %v", got.Published, want.Published))
	}
	if !want.Updated.IsZero() && !got.Updated.IsZero() && !got.Updated.Truncate(time.Second).Equal(want.Updated) {
		out = append(out, fmt.Sprintf("updated %v, want %v", got.Updated, want.Updated))
	}
	if !loose || !strings.ContainsAny(strings.Join(want.Authors, ""), "@()") {
		if loose && len(got.Authors) > 0 && len(want.Authors) > 0 {
			want.Authors, got.Authors = want.Authors[:1], got.Authors[:1]
		}
		differ("authors", want.Authors, got.Authors)
	}
	differ("labels", want.Labels, got.Labels)
	if loose && len(got.Files) == 1 && len(want.Files) > 1 && slices.Contains(want.Files, got.Files[0]) {
		return out // RSS: the others are Media RSS, which gofeed leaves aside
	}
	if loose && len(got.Files) == 0 {
		return out // RSS: none of a known type
	}
	if len(want.Files) > 0 {
		differ("files", want.Files, got.Files)
	}
	return out
}

// compareMedia lists the differences in what is said of files, of an episode, of the language and of the origin.
func compareMedia(want, got said, it *feeds.Item, loose bool) []string {
	var out []string
	differ := func(what string, want, got any) {
		if d := cmp.Diff(want, got); d != "" {
			out = append(out, fmt.Sprintf("%s (-want +got):\n%s", what, d))
		}
	}
	if len(want.Described) > 0 {
		files := described(got.Described)
		for i := range want.Described {
			if loose && i < len(files) && files[i].Title+files[i].Language == "" { // which gofeed leaves out of links
				files[i].Title, files[i].Language = want.Described[i].Title, want.Described[i].Language
			}
		}
		differ("files", want.Described, files)
	}
	whole, names := expectEpisode(it.Episode)
	switch {
	case whole:
		differ("episode", it.Episode, got.Episode)
	case !loose: // gofeed trims
		differ("cast", names, cast(got.Episode))
	}
	if loose {
		return out
	}
	if want.Language != "" {
		differ("language", want.Language, got.Language)
	}
	if want.From != "" {
		differ("source", want.From, got.From)
	}
	return out
}

// uriChars are those of an address (RFC 3986).
var uriChars = regexp.MustCompile(`^(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=\[\]-]|%[0-9A-Fa-f]{2})+$`)

// fetchable is an address that nothing has to be done to.
var fetchable = regexp.MustCompile(`^https?://[a-z0-9][a-z0-9.-]*(:\d+)?([/?]([A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-F]{2})*)?$`)

// expect is what a document of some type must say of an item. A field is empty where the suite does not say what
// stands there instead.
func expect(f *feeds.Feed, it *feeds.Item, mediaType string) said {
	s := said{Title: line(it.Title), Summary: strings.TrimSpace(clean(it.Summary)), Content: clean(it.Content)}
	if strings.TrimSpace(s.Content) == "" {
		s.Content = ""
	}
	if id := line(it.ID); id == it.ID && strings.Contains(id, "://") && uriChars.MatchString(id) && !shared(f, id) {
		s.ID = id
	}
	for _, u := range []string{it.Original, it.URL} {
		if fetchable.MatchString(u) {
			s.Link = u
		}
	}
	at := it.Published
	if y := at.UTC().Year(); y > 1000 && y < 9999 {
		s.Published = at.Truncate(time.Second)
		s.Updated = s.Published
		if it.Updated.After(at) {
			s.Updated = it.Updated.Truncate(time.Second)
		}
	}
	for _, p := range it.Authors {
		if n := line(p.String()); n != "" && !slices.Contains(s.Authors, n) {
			s.Authors = append(s.Authors, n)
		}
	}
	for _, l := range slices.Concat(it.Categories, it.Tags) {
		s.Labels = append(s.Labels, line(l))
	}
	s.Labels = sorted(s.Labels)
	for _, e := range it.Enclosures {
		if fetchable.MatchString(e.URL) {
			s.Files = append(s.Files, e.URL)
		}
	}
	s.Files = sorted(s.Files)
	s.Described = expectFiles(it.Enclosures)
	if s.Language = it.Language; !languageTag.MatchString(it.Language) {
		s.Language = ""
	}
	if o := it.Origin; o != nil && fetchable.MatchString(o.URL) && line(o.Title) != "" {
		s.From = line(o.Title) + " " + o.URL
	}
	return s
}

// shared reports whether two items have an ID.
func shared(f *feeds.Feed, id string) bool {
	n := 0
	for i := range f.Items {
		if f.Items[i].ID == id {
			n++
		}
	}
	return n > 1
}

// sorted is the list as a set.
func sorted(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// read is the strict reader.
func read(doc []byte, mediaType string) ([]said, error) {
	if mediaType == "application/feed+json" {
		return readJSON(doc)
	}
	root, err := tree(doc)
	if err != nil {
		return nil, err
	}
	var out []said
	if mediaType == "application/atom+xml" {
		for _, e := range root.all(nsAtom, "entry") {
			s := readEntry(e)
			s.Language = first(language(e), language(root))
			out = append(out, s)
		}
		return out, nil
	}
	for _, ch := range root.all("", "channel") {
		for _, it := range ch.all("", "item") {
			s := readItem(it)
			s.Language = first(exact(it, nsDC, "language"), exact(ch, "", "language"))
			out = append(out, s)
		}
	}
	return out, nil
}

// first is the first text that is one.
func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// language is xml:lang.
func language(n *node) string {
	for _, a := range n.attrs {
		if a.Name.Space == nsXML && a.Name.Local == "lang" {
			return a.Value
		}
	}
	return ""
}

// exact is the text of the first such child as it stands.
func exact(n *node, space, local string) string {
	if x := n.first(space, local); x != nil {
		return x.text
	}
	return ""
}

func readItem(it *node) said {
	s := said{
		ID: exact(it, "", "guid"), Title: exact(it, "", "title"), Link: exact(it, "", "link"),
		// A description is HTML.
		Summary: html.UnescapeString(exact(it, "", "description")), Content: exact(it, nsContent, "encoded"),
	}
	s.Published, _ = time.Parse(time.RFC1123Z, strings.Replace(exact(it, "", "pubDate"), "GMT", "+0000", 1))
	if a := exact(it, "", "author"); a != "" {
		email, name, ok := strings.Cut(a, " (")
		if name = strings.TrimSuffix(name, ")"); !ok {
			name = email
		}
		s.Authors = append(s.Authors, name)
	}
	for _, x := range it.all(nsDC, "creator") {
		if !slices.Contains(s.Authors, x.text) {
			s.Authors = append(s.Authors, x.text)
		}
	}
	for _, x := range it.all("", "category") {
		s.Labels = append(s.Labels, x.text)
	}
	for _, x := range append(it.all("", "enclosure"), it.all(nsMedia, "content")...) {
		s.Files = append(s.Files, x.has("url"))
	}
	for _, x := range it.all("", "enclosure") {
		n, _ := strconv.ParseInt(x.has("length"), 10, 64)
		s.Described = append(s.Described, feeds.Enclosure{URL: x.has("url"), Type: x.has("type"), Length: n})
	}
	s.Described, s.Episode = readMedia(it, s.Described), readEpisode(it)
	if x := it.first("", "source"); x != nil {
		s.From = x.text + " " + x.has("url")
	}
	s.Labels, s.Files = sorted(s.Labels), sorted(s.Files)
	return s
}

func readEntry(e *node) said {
	s := said{
		ID: exact(e, nsAtom, "id"), Title: exact(e, nsAtom, "title"), Summary: exact(e, nsAtom, "summary"),
		Content: exact(e, nsAtom, "content"),
	}
	s.Published, _ = time.Parse(time.RFC3339, exact(e, nsAtom, "published"))
	s.Updated, _ = time.Parse(time.RFC3339, exact(e, nsAtom, "updated"))
	for _, l := range e.all(nsAtom, "link") {
		switch l.has("rel") {
		case "alternate":
			s.Link = l.has("href")
		case "enclosure":
			s.Files = append(s.Files, l.has("href"))
			n, _ := strconv.ParseInt(l.has("length"), 10, 64)
			s.Described = append(s.Described, feeds.Enclosure{
				URL: l.has("href"), Type: l.has("type"), Length: n, Title: l.has("title"), Language: l.has("hreflang"),
			})
		}
	}
	s.Described, s.Episode = readMedia(e, s.Described), readEpisode(e)
	if x := e.first(nsAtom, "source"); x != nil {
		for _, l := range x.all(nsAtom, "link") {
			if l.has("rel") == "self" {
				s.From = exact(x, nsAtom, "title") + " " + l.has("href")
			}
		}
	}
	for _, a := range e.all(nsAtom, "author") {
		if n := exact(a, nsAtom, "name"); !slices.Contains(s.Authors, n) {
			s.Authors = append(s.Authors, n)
		}
	}
	for _, x := range e.all(nsAtom, "category") {
		s.Labels = append(s.Labels, x.has("label"))
	}
	s.Labels, s.Files = sorted(s.Labels), sorted(s.Files)
	return s
}

func readJSON(doc []byte) ([]said, error) {
	var f jsonFeed
	if err := json.Unmarshal(doc, &f); err != nil {
		return nil, err
	}
	var out []said
	value := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	if f.Items == nil {
		return nil, nil
	}
	for _, it := range *f.Items {
		s := said{ID: it.ID, Title: value(it.Title), Link: value(it.URL), Summary: it.Summary, Content: value(it.ContentHTML)}
		s.Published, _ = time.Parse(time.RFC3339, value(it.DatePublished))
		s.Updated, _ = time.Parse(time.RFC3339, value(it.DateModified))
		for _, a := range it.Authors {
			if !slices.Contains(s.Authors, a.Name) {
				s.Authors = append(s.Authors, a.Name)
			}
		}
		for _, a := range it.Attachments {
			s.Files = append(s.Files, a.URL)
			s.Described = append(s.Described, a.file())
		}
		s.Episode = readMore(it.Ours)
		if it.Ours != nil && it.Ours.Source != nil {
			s.From = it.Ours.Source.Title + " " + it.Ours.Source.URL
		}
		s.Language = first(value(it.Language), value(f.Language))
		if s.Title+s.Summary+s.Content == "" {
			s.Summary = value(it.ContentText)
		}
		s.Labels, s.Files = sorted(it.Tags), sorted(s.Files)
		out = append(out, s)
	}
	return out, nil
}

func readGofeed(doc []byte, mediaType string) ([]said, error) {
	f, err := gofeed.NewParser().Parse(bytes.NewReader(doc))
	if err != nil {
		return nil, err
	}
	var out []said
	for _, it := range f.Items {
		s := said{ID: it.GUID, Title: it.Title, Link: it.Link, Summary: it.Description, Content: it.Content}
		if mediaType == "application/rss+xml" {
			s.Summary = html.UnescapeString(s.Summary)
		}
		if it.PublishedParsed != nil {
			s.Published = *it.PublishedParsed
		}
		if it.UpdatedParsed != nil {
			s.Updated = *it.UpdatedParsed
		}
		for _, a := range it.Authors {
			s.Authors = append(s.Authors, a.Name)
		}
		for _, e := range it.Enclosures {
			if n, err := strconv.ParseInt(e.Length, 10, 64); err != nil && e.Length != "" || n < 0 {
				return nil, fmt.Errorf("enclosure length %q", e.Length)
			}
			s.Files = append(s.Files, e.URL)
			n, _ := strconv.ParseInt(e.Length, 10, 64)
			s.Described = append(s.Described, feeds.Enclosure{URL: e.URL, Type: e.Type, Length: n})
		}
		x := extensions(it.Extensions)
		s.Described, s.Episode = readMedia(x, s.Described), readEpisode(x)
		s.Labels, s.Files = sorted(it.Categories), sorted(s.Files)
		out = append(out, s)
	}
	return out, nil
}

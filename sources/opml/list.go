package opml

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"feedmill/feeds"
	"feedmill/sources"
)

// list is a list in force: every feed that it ever named, because the name of a feed's source is its identity and stays
// its own when the feed comes back.
type list struct {
	Feeds []named `json:"feeds"`
}

// named is a feed with the name of its source.
type named struct {
	URL     string   `json:"url"`
	Name    string   `json:"name"`
	Title   string   `json:"title,omitempty"`
	Folders []string `json:"folders,omitempty"`
	// Off says that the list does not name it any more.
	Off bool `json:"off,omitempty"`
}

// maxOff bounds the feeds that are remembered although they are off the list.
const maxOff = MaxFeeds

func decode(b []byte) (list, error) {
	var l list
	if len(b) == 0 {
		return l, nil
	}
	if err := json.Unmarshal(b, &l); err != nil {
		return l, fmt.Errorf("read the list as it was: %w", err)
	}
	return l, nil
}

func (l list) count() (n int) {
	for _, f := range l.Feeds {
		if !f.Off {
			n++
		}
	}
	return n
}

// with is the list after a look at it, and how many feeds it does not name any more.
func (l list) with(found []Feed, source string) (out list, dropped int) {
	known, taken := map[string]named{}, map[string]bool{}
	for _, f := range l.Feeds {
		known[f.URL] = f
		taken[feeds.Fold(f.Name)] = true
	}
	for _, f := range found {
		n, ok := known[f.URL]
		if !ok {
			n = named{URL: f.URL, Name: nameOf(source, f.URL, taken)}
			taken[feeds.Fold(n.Name)] = true
		}
		n.Title, n.Folders, n.Off = f.Title, f.Folders, false
		out.Feeds = append(out.Feeds, n)
		delete(known, f.URL)
	}
	off := make([]named, 0, len(known))
	for _, f := range known {
		if !f.Off {
			dropped++
		}
		f.Off, f.Title, f.Folders = true, "", nil
		off = append(off, f)
	}
	slices.SortFunc(off, func(a, b named) int { return cmp.Compare(a.Name, b.Name) })
	out.Feeds = append(out.Feeds, off[:min(len(off), maxOff)]...)
	return out, dropped
}

// maxName is the longest name of a source, in runes.
const maxName = 64

// nameOf makes the name of a feed's source: the list's, a dot, the feed's host. A second feed of a host gets a number.
func nameOf(source, address string, taken map[string]bool) string {
	host := ""
	if u, err := url.Parse(address); err == nil {
		host = strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	}
	base := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, source+"."+host)
	name := clip(base, maxName)
	for n := 2; taken[feeds.Fold(name)]; n++ {
		suffix := fmt.Sprintf("-%d", n)
		name = clip(base, maxName-len(suffix)) + suffix
	}
	return name
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		s = string(r[:n])
	}
	return strings.TrimRight(s, "._-")
}

// members are the sources that a list names.
func members(b []byte, feed sources.Kind) ([]sources.Member, error) {
	l, err := decode(b)
	if err != nil {
		return nil, err
	}
	var out []sources.Member
	for _, f := range l.Feeds {
		if f.Off {
			continue
		}
		cfg, ok := feed.Recognise(f.URL)
		if !ok {
			return nil, fmt.Errorf("the kind %s does not take the address of %s", feed.Name, f.Name)
		}
		out = append(out, sources.Member{Name: f.Name, Kind: feed, Config: cfg, Title: f.Title, Categories: f.Folders})
	}
	return out, nil
}

package sources

import (
	"slices"
	"strings"

	"feedmill/feeds"
)

// maxTitles bounds how many topics a source may name and how many addresses it may redirect.
const maxTitles = 20_000

// cleanAbout brings what a source says of itself into the form in which it is published: one-line plain text,
// absolute addresses, topics with titles.
func cleanAbout(a feeds.About) feeds.About {
	out := feeds.About{
		Title:       cutText(plainText(a.Title), maxTitle),
		Description: cutText(plainText(a.Description), maxSummary),
		URL:         absolute(a.URL, nil),
		Language:    languageTag(a.Language),
		Window:      min(max(a.Window, 0), 1000),
	}
	if people := cleanPeople([]feeds.Person{a.Author}, feeds.Person{}, baseURL(a.URL)); len(people) > 0 {
		out.Author = people[0]
	}
	for t, title := range a.Titles {
		if title = cutText(plainText(title), maxTitle); title == "" || t.Name == "" || len(out.Titles) == maxTitles {
			continue
		}
		if out.Titles == nil {
			out.Titles = map[feeds.Topic]string{}
		}
		out.Titles[t] = title
	}
	for path, t := range a.Redirects {
		path = cleanID(path)
		if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || len(out.Redirects) == maxTitles {
			continue
		}
		if out.Redirects == nil {
			out.Redirects = map[string]feeds.Topic{}
		}
		out.Redirects[path] = t
	}
	return out
}

// cleanKeys is CleanKey for many.
func cleanKeys(keys []string) []string {
	keys = slices.Clone(keys)
	for i := range keys {
		keys[i] = CleanKey(keys[i])
	}
	return keys
}

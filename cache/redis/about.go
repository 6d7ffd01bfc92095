package redis

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"feedmill/feeds"
)

// storedAbout is feeds.About as it is kept: JSON with lists in a fixed order, so that equal facts are equal bytes.
type storedAbout struct {
	Title, Description, URL, Language string         `json:",omitempty"`
	Author                            feeds.Person   `json:",omitzero"`
	Window                            int            `json:",omitempty"`
	Titles                            []titledTopic  `json:",omitempty"`
	Redirects                         []redirectPath `json:",omitempty"`
}

type titledTopic struct {
	Topic storedTopic
	Title string
}

type redirectPath struct {
	Path  string
	Topic storedTopic
}

// storedTopic is a topic as three strings: its text form is for people and takes only kinds that are in paths.
type storedTopic struct {
	Group, Kind, Name string `json:",omitempty"`
}

func compareTopics(a, b feeds.Topic) int {
	return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

func encodeAbout(a feeds.About) string {
	out := storedAbout{
		Title: a.Title, Description: a.Description, URL: a.URL, Language: a.Language, Author: a.Author, Window: a.Window,
	}
	for t, title := range a.Titles {
		out.Titles = append(out.Titles, titledTopic{storedTopic(t), title})
	}
	slices.SortFunc(out.Titles, func(x, y titledTopic) int {
		return compareTopics(feeds.Topic(x.Topic), feeds.Topic(y.Topic))
	})
	for path, t := range a.Redirects {
		out.Redirects = append(out.Redirects, redirectPath{path, storedTopic(t)})
	}
	slices.SortFunc(out.Redirects, func(x, y redirectPath) int { return cmp.Compare(x.Path, y.Path) })
	b, err := json.Marshal(out)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return string(b)
}

func decodeAbout(text string) (feeds.About, error) {
	var in storedAbout
	if text == "" {
		return feeds.About{}, nil
	}
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return feeds.About{}, fmt.Errorf("%w: %w", errRecord, err)
	}
	a := feeds.About{
		Title: in.Title, Description: in.Description, URL: in.URL, Language: in.Language, Author: in.Author, Window: in.Window,
	}
	for _, t := range in.Titles {
		if a.Titles == nil {
			a.Titles = make(map[feeds.Topic]string, len(in.Titles))
		}
		a.Titles[feeds.Topic(t.Topic)] = t.Title
	}
	for _, r := range in.Redirects {
		if a.Redirects == nil {
			a.Redirects = make(map[string]feeds.Topic, len(in.Redirects))
		}
		a.Redirects[r.Path] = feeds.Topic(r.Topic)
	}
	return a, nil
}

package webfeed

import (
	"net/url"
	"strings"

	ext "github.com/mmcdole/gofeed/extensions"

	"feedmill/feeds"
)

// podcasting are the names of the podcast namespace (https://podcasting2.org/docs/podcast-namespace/1.0), which gofeed
// knows by the feed's own prefix alone.
var podcasting = map[string]bool{
	"https://podcastindex.org/namespace/1.0":                                      true,
	"http://podcastindex.org/namespace/1.0":                                       true,
	"https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": true,
	"https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": true,
}

// maxCast is how many people of an episode are looked at, and how many transcripts; fewer are kept in the end.
const maxCast = 100

// episode reads what iTunes and the podcast namespace, under its prefix, say of an entry.
func (e *entry) episode(base *url.URL, x ext.Extensions, prefix string) {
	it, pod := x["itunes"], x[first(prefix, "podcast")]
	if len(it)+len(pod) == 0 {
		return
	}
	var p feeds.Episode
	season := one(pod["season"])
	p.Season = pixels(first(season.Value, one(it["season"]).Value))
	p.SeasonName = oneLine(season.Attrs["name"])
	number := one(pod["episode"])
	p.Number, p.Name = strings.TrimSpace(first(number.Value, one(it["episode"]).Value)), oneLine(number.Attrs["display"])
	p.Type = strings.ToLower(strings.TrimSpace(one(it["episodeType"]).Value))
	switch strings.ToLower(strings.TrimSpace(one(it["explicit"]).Value)) {
	case "yes", "true", "explicit":
		p.Explicit = "true"
	case "no", "false", "clean":
		p.Explicit = "false"
	}
	for _, t := range pod["transcript"][:min(len(pod["transcript"]), maxCast)] {
		if f := file(base, t); f.URL != "" {
			f.Title, f.Language = oneLine(t.Attrs["rel"]), language(t.Attrs["language"])
			p.Transcripts = append(p.Transcripts, f)
		}
	}
	p.Chapters = file(base, one(pod["chapters"]))
	for _, who := range pod["person"][:min(len(pod["person"]), maxCast)] {
		if name := oneLine(who.Value); name != "" {
			p.Cast = append(p.Cast, feeds.Role{
				Person: feeds.Person{Name: name, URL: resolve(base, who.Attrs["href"])},
				Role:   strings.ToLower(oneLine(who.Attrs["role"])), Group: strings.ToLower(oneLine(who.Attrs["group"])), Image: resolve(base, who.Attrs["img"]),
			})
		}
	}
	for _, alternate := range pod["alternateEnclosure"][:min(len(pod["alternateEnclosure"]), maxCast)] {
		for _, s := range alternate.Children["source"] {
			e.enclose(base, feeds.Enclosure{
				URL: s.Attrs["uri"], Type: first(s.Attrs["contentType"], alternate.Attrs["type"]), Length: length(alternate.Attrs["length"]),
				Title: oneLine(alternate.Attrs["title"]), Height: pixels(alternate.Attrs["height"]), Language: language(alternate.Attrs["lang"]),
			})
		}
	}
	if p.Season != 0 || p.SeasonName+p.Number+p.Name+p.Type+p.Explicit+p.Chapters.URL != "" || len(p.Transcripts)+len(p.Cast) > 0 {
		e.item.Episode = &p
	}
}

// file is an element with url and type.
func file(base *url.URL, x ext.Extension) feeds.Enclosure {
	return feeds.Enclosure{URL: resolve(base, x.Attrs["url"]), Type: strings.ToLower(strings.TrimSpace(x.Attrs["type"]))}
}

// one is the first of the elements of a name; zero for none.
func one(list []ext.Extension) ext.Extension {
	for _, x := range list {
		return x
	}
	return ext.Extension{}
}

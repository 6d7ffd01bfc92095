package sources

import (
	"net/url"
	"regexp"
	"strings"

	"feedmill/feeds"
)

const (
	maxPixels = 100_000 // of a picture's side
	maxSeason = 100_000
	maxTexts  = 50 // transcripts
)

// media are the words of Media RSS 1.5.1 for what a file is.
var media = map[string]bool{"image": true, "audio": true, "video": true, "document": true, "executable": true}

// cleanMedia cleans what is known of a file beyond its address, type and length.
func cleanMedia(e *feeds.Enclosure, base *url.URL) {
	e.Medium = strings.ToLower(strings.TrimSpace(e.Medium))
	if major, _, _ := strings.Cut(e.Type, "/"); !media[e.Medium] || e.Medium == major {
		e.Medium = "" // the type says so already
	}
	e.Width, e.Height = pixels(e.Width), pixels(e.Height)
	e.Language, e.Thumbnail = languageTag(e.Language), absolute(e.Thumbnail, base)
	e.Description = cutText(plainText(e.Description), maxSummary)
}

func pixels(n int) int {
	if n < 0 || n > maxPixels {
		return 0
	}
	return n
}

var episodeNumber = regexp.MustCompile(`^[0-9]{1,6}(\.[0-9]{1,3})?$`)

// cleanEpisode cleans what a podcast says of an item; nil when nothing is left.
func cleanEpisode(p *feeds.Episode, base *url.URL) *feeds.Episode {
	if p == nil {
		return nil
	}
	out := feeds.Episode{SeasonName: cutText(plainText(p.SeasonName), maxName), Name: cutText(plainText(p.Name), maxName)}
	if p.Season > 0 && p.Season <= maxSeason {
		out.Season = p.Season
	}
	if n := strings.TrimSpace(p.Number); episodeNumber.MatchString(n) {
		out.Number = n
	}
	switch t := strings.ToLower(strings.TrimSpace(p.Type)); t {
	case "full", "trailer", "bonus":
		out.Type = t
	}
	switch p.Explicit {
	case "true", "false":
		out.Explicit = p.Explicit
	}
	out.Transcripts = cleanFiles(p.Transcripts[:min(len(p.Transcripts), maxTexts)], base)
	for _, chapters := range cleanFiles([]feeds.Enclosure{p.Chapters}, base) {
		out.Chapters = chapters
	}
	for _, r := range p.Cast {
		list := addPerson(nil, r.Person, base)
		if len(list) == 0 || len(out.Cast) == maxPeople {
			continue
		}
		out.Cast = append(out.Cast, feeds.Role{
			Person: list[0], Role: cutText(cleanLine(r.Role), maxName), Group: cutText(cleanLine(r.Group), maxName), Image: absolute(r.Image, base),
		})
	}
	if out.Season == 0 && out.SeasonName+out.Number+out.Name+out.Type+out.Explicit+out.Chapters.URL == "" && len(out.Transcripts)+len(out.Cast) == 0 {
		return nil
	}
	return &out
}

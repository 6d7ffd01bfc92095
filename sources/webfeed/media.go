package webfeed

import (
	"cmp"
	"math"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	ext "github.com/mmcdole/gofeed/extensions"

	"feedmill/feeds"
)

// enclose adds a file, once.
func (e *entry) enclose(base *url.URL, x feeds.Enclosure) {
	if x.URL = resolve(base, x.URL); x.URL == "" {
		return
	}
	if x.Type = strings.ToLower(strings.TrimSpace(x.Type)); x.Type == "" {
		x.Type = typeOf(x.URL)
	}
	for i := range e.item.Enclosures {
		if have := &e.item.Enclosures[i]; have.URL == x.URL {
			complete(have, x)
			return
		}
	}
	e.item.Enclosures = append(e.item.Enclosures, x)
}

// complete adds what another statement of the same file tells.
func complete(have *feeds.Enclosure, x feeds.Enclosure) {
	have.Duration, have.Length = cmp.Or(have.Duration, x.Duration), cmp.Or(have.Length, x.Length)
	have.Type, have.Title, have.Medium = cmp.Or(have.Type, x.Type), cmp.Or(have.Title, x.Title), cmp.Or(have.Medium, x.Medium)
	have.Language, have.Thumbnail = cmp.Or(have.Language, x.Language), cmp.Or(have.Thumbnail, x.Thumbnail)
	have.Description = cmp.Or(have.Description, x.Description)
	have.Width, have.Height = cmp.Or(have.Width, x.Width), cmp.Or(have.Height, x.Height)
}

// media reads what Media RSS and iTunes say: recordings, their running time, and the picture of the entry.
func (e *entry) media(base *url.URL, x ext.Extensions) {
	if d := duration(value(x, "itunes", "duration")); d > 0 {
		for i := range e.item.Enclosures {
			if t := e.item.Enclosures[i].Type; strings.HasPrefix(t, "audio/") || strings.HasPrefix(t, "video/") || t == "" {
				e.item.Enclosures[i].Duration = d
				break
			}
		}
	}
	var pictures []ext.Extension
	for _, m := range mediaElements(x, "content") {
		kind, medium := strings.ToLower(strings.TrimSpace(m.Attrs["type"])), strings.ToLower(strings.TrimSpace(m.Attrs["medium"]))
		if kind == "" && medium == "" {
			kind = typeOf(m.Attrs["url"])
		}
		switch {
		case medium == "image" || strings.HasPrefix(kind, "image/"):
			pictures = append(pictures, m) // mostly one in several sizes: the item's picture, no files
		case medium != "" || strings.HasPrefix(kind, "audio/") || strings.HasPrefix(kind, "video/"):
			e.enclose(base, feeds.Enclosure{
				URL: m.Attrs["url"], Type: kind, Length: length(m.Attrs["fileSize"]), Duration: duration(m.Attrs["duration"]),
				Title: plainText(child(m, "title")), Medium: medium, Width: pixels(m.Attrs["width"]), Height: pixels(m.Attrs["height"]),
				Language: language(m.Attrs["lang"]), Thumbnail: resolve(base, largest(m.Children["thumbnail"])),
				Description: plainText(child(m, "description")),
			})
		}
	}
	candidates := []string{largest(mediaElements(x, "thumbnail"))}
	for _, i := range x["itunes"]["image"] {
		candidates = append(candidates, i.Attrs["href"])
	}
	candidates = append(candidates, largest(pictures))
	for _, enc := range e.item.Enclosures {
		if strings.HasPrefix(enc.Type, "image/") {
			candidates = append(candidates, enc.URL)
		}
	}
	for _, c := range candidates {
		if e.item.Image == "" {
			e.item.Image = resolve(base, c)
		}
	}
}

// mediaElements are the Media RSS elements of an entry, its groups and their contents included.
func mediaElements(x ext.Extensions, name string) []ext.Extension {
	list := append([]ext.Extension(nil), x["media"][name]...)
	for _, g := range x["media"]["group"] {
		list = append(list, g.Children[name]...)
	}
	if name != "content" {
		for _, c := range mediaElements(x, "content") {
			list = append(list, c.Children[name]...)
		}
	}
	return list
}

func mediaValue(x ext.Extensions, name string) string {
	for _, m := range mediaElements(x, name) {
		if v := strings.TrimSpace(m.Value); v != "" {
			return v
		}
	}
	return ""
}

// largest is the address of the widest picture, the first of equals.
func largest(list []ext.Extension) (address string) {
	width := -1
	for _, m := range list {
		w := pixels(m.Attrs["width"])
		if m.Attrs["url"] != "" && w > width {
			address, width = m.Attrs["url"], w
		}
	}
	return address
}

// typeOf is the media type that the ending of an address tells; the system's own table would differ from one to another.
func typeOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return types[strings.ToLower(path.Ext(u.Path))]
	}
	return ""
}

var types = map[string]string{
	".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg", ".aac": "audio/aac", ".flac": "audio/flac", ".wav": "audio/wav",
	".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime", ".ogv": "video/ogg",
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif", ".svg": "image/svg+xml",
	".pdf": "application/pdf", ".epub": "application/epub+zip", ".zip": "application/zip", ".torrent": "application/x-bittorrent",
}

// pixels is a number of pixels; 0 when it is not stated.
func pixels(s string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(s), "px"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// length is a number of bytes; some write it with commas.
func length(s string) int64 {
	n, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(s), ",", ""), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// duration reads seconds, minutes:seconds or hours:minutes:seconds.
func duration(s string) time.Duration {
	s = strings.TrimSpace(s)
	parts := strings.Split(s, ":")
	if s == "" || len(parts) > 3 {
		return 0
	}
	total := 0.0
	for _, p := range parts {
		n, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || n < 0 || math.IsInf(n, 0) || math.IsNaN(n) {
			return 0
		}
		total = total*60 + n
	}
	if total > 30*24*3600 {
		return 0
	}
	return time.Duration(total * float64(time.Second)).Round(time.Second)
}

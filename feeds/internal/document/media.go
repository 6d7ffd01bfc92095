package document

import (
	"cmp"
	"net/url"
	"path"
	"strings"
	"time"

	"feedmill/feeds"
)

// UnknownType is the media type that says nothing (RFC 2046 §4.5.1), for where one is required.
const UnknownType = "application/octet-stream"

// types are the media types of enclosures by file ending. The table of the machine is not asked: a document is the
// same on every one.
var types = map[string]string{
	".aac": "audio/aac", ".aif": "audio/aiff", ".aiff": "audio/aiff", ".flac": "audio/flac", ".m4a": "audio/mp4",
	".mp3": "audio/mpeg", ".oga": "audio/ogg", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".wav": "audio/wav",
	".weba": "audio/webm",
	".avi":  "video/x-msvideo", ".m4v": "video/mp4", ".mkv": "video/x-matroska", ".mov": "video/quicktime",
	".mp4": "video/mp4", ".mpeg": "video/mpeg", ".mpg": "video/mpeg", ".ogv": "video/ogg", ".webm": "video/webm",
	".avif": "image/avif", ".bmp": "image/bmp", ".gif": "image/gif", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
	".png": "image/png", ".svg": "image/svg+xml", ".tif": "image/tiff", ".tiff": "image/tiff", ".webp": "image/webp",
	".7z": "application/x-7z-compressed", ".bz2": "application/x-bzip2", ".csv": "text/csv",
	".doc":  "application/msword",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".epub": "application/epub+zip", ".gz": "application/gzip", ".json": "application/json", ".pdf": "application/pdf",
	".ppt":     "application/vnd.ms-powerpoint",
	".pptx":    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".torrent": "application/x-bittorrent", ".srt": "application/x-subrip", ".txt": "text/plain", ".vtt": "text/vtt", ".xls": "application/vnd.ms-excel",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xml": "application/xml",
	".zip": "application/zip",
}

// Ending is the lower-case file ending of an address with its dot, or empty.
func Ending(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(path.Ext(u.Path))
}

// mediaType returns the stated type when it is one (RFC 6838 §4.2), else the one that the address's ending tells, else
// nothing.
func mediaType(stated, address string) string {
	stated = Line(stated)
	kind, sub, ok := strings.Cut(stated, "/")
	sub, _, _ = strings.Cut(sub, ";")
	if ok && token(kind) && token(strings.TrimSpace(sub)) && ascii(stated) {
		return stated
	}
	return types[Ending(address)]
}

func token(s string) bool {
	for _, c := range []byte(s) {
		if !alnum(c) && strings.IndexByte("!#$&-^_.+", c) < 0 {
			return false
		}
	}
	return s != ""
}

func ascii(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x20 || c > 0x7E {
			return false
		}
	}
	return true
}

// kind is the Media RSS word for what a file is, or empty.
func kind(f *feeds.Enclosure) string { return cmp.Or(f.Medium, medium(f.Type)) }

// medium is the Media RSS word for a media type, or empty.
func medium(mediaType string) string {
	switch kind, _, _ := strings.Cut(mediaType, "/"); kind {
	case "audio", "video", "image":
		return kind
	case "text", "application":
		return "document"
	}
	return ""
}

// MediaContent is a file that belongs to an item (Media RSS 1.5.1, media:content).
type MediaContent struct {
	URL         string     `xml:"url,attr"`
	Size        int64      `xml:"fileSize,attr,omitempty"`
	Type        string     `xml:"type,attr,omitempty"`
	Medium      string     `xml:"medium,attr,omitempty"`
	Duration    int64      `xml:"duration,attr,omitempty"`
	Height      int        `xml:"height,attr,omitempty"`
	Width       int        `xml:"width,attr,omitempty"`
	Language    string     `xml:"lang,attr,omitempty"`
	Title       *Text      `xml:"media:title"`
	Description *Text      `xml:"media:description"`
	Thumbnail   *Thumbnail `xml:"media:thumbnail"`
}

// Media describes an enclosure.
func Media(e feeds.Enclosure) MediaContent {
	m := MediaContent{
		URL: e.URL, Size: e.Length, Type: e.Type, Medium: kind(&e),
		Duration: int64(e.Duration / time.Second), Height: e.Height, Width: e.Width, Language: e.Language, Title: PlainText(e.Title), Description: PlainText(e.Description),
	}
	if e.Thumbnail != "" {
		m.Thumbnail = &Thumbnail{URL: e.Thumbnail}
	}
	return m
}

// NeedsMedia reports whether Media RSS says more of the i-th enclosure than address, type, length, and the running time that
// itunes:duration tells.
func (e *Entry) NeedsMedia(i int) bool {
	f := &e.Enclosures[i]
	return f.Medium != "" || f.Width > 0 || f.Height > 0 || f.Thumbnail != "" || f.Description != "" || f.Duration > 0 && (e.playing() != i || !e.episodic())
}

// playing is the index of the entry's recording, the first of several; -1 for none.
func (e *Entry) playing() int {
	for i := range e.Enclosures {
		if k := kind(&e.Enclosures[i]); k == "audio" || k == "video" {
			return i
		}
	}
	return -1
}

// Thumbnail is a picture that stands for an item or a file (Media RSS 1.5.1, media:thumbnail).
type Thumbnail struct {
	URL    string `xml:"url,attr"`
	Height int    `xml:"height,attr,omitempty"`
	Width  int    `xml:"width,attr,omitempty"`
}

// Picture is the thumbnail of an entry, with its size where it is one of the entry's files; nil for none.
func (e *Entry) Picture() *Thumbnail {
	if e.Image == "" {
		return nil
	}
	t := &Thumbnail{URL: e.Image}
	for i := range e.Enclosures {
		if f := &e.Enclosures[i]; f.URL == e.Image {
			t.Height, t.Width = f.Height, f.Width
		}
	}
	return t
}

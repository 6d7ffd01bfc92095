package document

import (
	"net/url"
	"path"
	"strings"
)

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
	".torrent": "application/x-bittorrent", ".txt": "text/plain", ".xls": "application/vnd.ms-excel",
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

// Medium is the Media RSS word for a media type, or empty.
func Medium(mediaType string) string {
	switch kind, _, _ := strings.Cut(mediaType, "/"); kind {
	case "audio", "video", "image":
		return kind
	case "text", "application":
		return "document"
	}
	return ""
}

package document

import (
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	gorilla "github.com/gorilla/feeds"
)

// Names of the extension namespaces, declared on the root of a document under their usual prefixes where one of their
// elements is used.
const (
	NSAtom    = "http://www.w3.org/2005/Atom"
	NSContent = "http://purl.org/rss/1.0/modules/content/"
	NSDC      = "http://purl.org/dc/elements/1.1/"
	NSMedia   = "http://search.yahoo.com/mrss/"
	NSITunes  = "http://www.itunes.com/dtds/podcast-1.0.dtd"
	NSPodcast = "https://podcastindex.org/namespace/1.0"
	// NSHistory is that of RFC 5005.
	NSHistory = "http://purl.org/syndication/history/1.0"
)

// WriteXML writes feed as the library does, with the declaration on a line of its own and a line end at the end of
// the document. It fails only when w does.
func WriteXML(w io.Writer, feed gorilla.XmlFeed) error {
	if err := gorilla.WriteXML(feed, &declared{w: w}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// declared puts a line end behind the first write, which is the library's XML declaration.
type declared struct {
	w    io.Writer
	done bool
}

func (d *declared) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	if d.done || err != nil {
		return n, err
	}
	d.done = true
	_, err = io.WriteString(d.w, "\n")
	return n, err
}

// Text is character data that is escaped already. encoding/xml would write every line end as "&#xA;", and the
// ampersand as "&amp;", which RSS readers cannot tell from HTML.
type Text struct {
	Body string `xml:",innerxml"`
}

// Escaped is s as character data with the usual references.
func Escaped(s string) string { return escape(s, "&amp;", "&lt;", "&gt;") }

// Hexed is s as character data with hexadecimal references, by which a reader of RSS knows plain text from HTML (RSS
// profile, "Character data").
func Hexed(s string) string { return escape(s, "&#x26;", "&#x3C;", "&#x3E;") }

// PlainText is s as the content of an RSS element that holds plain text; nil for an empty one.
func PlainText(s string) *Text {
	if s == "" {
		return nil
	}
	return &Text{Hexed(s)}
}

func escape(s, amp, lt, gt string) string {
	i := strings.IndexAny(s, "&<>")
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/8 + 16)
	from := 0
	for ; i < len(s); i++ {
		c := s[i]
		if c > '>' || c != '&' && c != '<' && c != '>' {
			continue
		}
		b.WriteString(s[from:i])
		switch c {
		case '&':
			b.WriteString(amp)
		case '<':
			b.WriteString(lt)
		default:
			b.WriteString(gt)
		}
		from = i + 1
	}
	b.WriteString(s[from:])
	return b.String()
}

// Length is the length of an enclosure in bytes as an attribute, "0" when it is unknown.
func Length(n int64) string { return strconv.FormatInt(n, 10) }

// Minutes is a duration in whole minutes, rounded up, so that a reader never comes back early.
func Minutes(d time.Duration) int {
	if d <= 0 {
		return 0
	}
	return int(math.Ceil(d.Minutes()))
}

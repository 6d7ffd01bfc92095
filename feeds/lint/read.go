package lint

import (
	"bytes"
	"mime"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// doc is a document while it is looked at.
type doc struct {
	in     Input
	report *Report
	rule   *Rule
	count  int

	text   []byte // as UTF-8, without byte order mark
	starts []int  // where lines begin
	bom    bool
	coding string // the encoding, as whoever named it wrote it; empty for UTF-8
	// unknown is an encoding that nobody knows, invalid the line of the first byte that is none of the encoding.
	unknown string
	invalid int

	markup, object bool     // XML, JSON
	broken         *problem // why there is no tree
	doctype, style int      // the lines of a DOCTYPE and of an XSLT stylesheet
	twice          []problem
	root           *node
	json           *value

	tags   []tag // lazily, of all HTML
	tagged bool
	stamps []stamp // lazily, all dates
	dated  bool
}

// problem is something found while reading.
type problem struct {
	line int
	what string
}

var encodingDecl = regexp.MustCompile(`^<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']`)

// read makes the tree. The encoding is that of the byte order mark, else of the answer, else of the document (RFC 7303 §3).
func (d *doc) read() {
	raw := d.in.Doc
	label := ""
	switch {
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")):
		d.bom, raw, label = true, raw[3:], "utf-8"
	case bytes.HasPrefix(raw, []byte("\xfe\xff")):
		d.bom, label = true, "utf-16be"
	case bytes.HasPrefix(raw, []byte("\xff\xfe")):
		d.bom, label = true, "utf-16le"
	}
	if label == "" && d.in.Answer != nil {
		if _, p, err := mime.ParseMediaType(d.in.Answer.Header.Get("Content-Type")); err == nil {
			label = p["charset"]
		}
	}
	if label == "" {
		label = declared(raw)
	}
	if label != "" && !strings.EqualFold(label, "utf-8") && !strings.EqualFold(label, "us-ascii") {
		d.coding = label
		if enc, _ := charset.Lookup(label); enc == nil {
			d.unknown = label
		} else if b, err := enc.NewDecoder().Bytes(raw); err == nil {
			raw = bytes.TrimPrefix(b, []byte("\ufeff"))
		}
	}
	d.lines(raw)
	if !utf8.Valid(raw) {
		for i := 0; i < len(raw); {
			r, n := utf8.DecodeRune(raw[i:])
			if r == utf8.RuneError && n == 1 {
				d.invalid = d.lineAt(i)
				break
			}
			i += n
		}
		raw = bytes.ToValidUTF8(raw, nil)
		d.lines(raw)
	}
	switch trimmed := bytes.TrimLeft(raw, " \t\r\n"); {
	case bytes.HasPrefix(trimmed, []byte("<")):
		d.markup = true
		d.readXML()
	case bytes.HasPrefix(trimmed, []byte("{")), bytes.HasPrefix(trimmed, []byte("[")):
		d.object = true
		d.readJSON()
	}
}

// declared is the encoding that the XML declaration names.
func declared(raw []byte) string {
	if m := encodingDecl.FindSubmatch(raw[:min(len(raw), 300)]); m != nil {
		return string(m[1])
	}
	return ""
}

func (d *doc) lines(text []byte) {
	d.text, d.starts = text, []int{0}
	for i, c := range text {
		if c == '\n' {
			d.starts = append(d.starts, i+1)
		}
	}
}

// lineAt is the line of an offset.
func (d *doc) lineAt(offset int) int {
	return sort.SearchInts(d.starts, offset+1)
}

package sources

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"feedmill/feeds"
)

// OriginalRule says where the address of the page that an item was copied from stands; at most one of Field and Link is
// set.
type OriginalRule struct {
	// Field is a field of the front matter, for kinds whose posts have some ([Kind.FrontMatter]).
	Field string
	// Link chooses a link of the text: [LinkLast], [LinkFirst], or words that stand in it, whatever their capitals.
	Link string
	// Remove takes the paragraph of the link out of the text, if nothing else is in it.
	Remove bool
}

// The links that an [OriginalRule] names by their place.
const (
	// LinkLast is the link of the last paragraph, if that holds nothing but a link to another host, or the address as text;
	// a word with a colon may stand before it. Paragraphs of links back into the site do not count, and a link whose text
	// is its address, as autolinks are, goes before one that has words.
	LinkLast = "last"
	// LinkFirst is the first link to another host.
	LinkFirst = "first"
)

// apply looks for the link in the content, which is clean, and reports whether it was found. rest is the content without
// its paragraph, as far as that is to go.
func (r OriginalRule) apply(it *feeds.Item) (rest string, ok bool) {
	rest = it.Content
	var address string
	var at span
	switch r.Link {
	case "":
		return rest, false
	case LinkLast:
		if address, at = lastLink(it.Content, hostOf(it.URL), true); address == "" {
			address, at = lastLink(it.Content, hostOf(it.URL), false)
		}
	default:
		address, at = linkWith(it.Content, r.Link, hostOf(it.URL))
	}
	if address == "" {
		return rest, false
	}
	it.Original = address
	it.Because("original", "the link "+r.describe())
	if r.Remove && at.end > at.start {
		it.Because("original", "its paragraph is left out of the text")
		rest = strings.TrimSpace(rest[:at.start] + rest[at.end:])
	}
	return rest, true
}

func (r OriginalRule) describe() string {
	switch r.Link {
	case LinkLast:
		return "at the end of the text"
	case LinkFirst:
		return "that is the first in the text"
	}
	return "with " + r.Link
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// LastLink is the address that [LinkLast] chooses in HTML, if the text of the link is its address; empty for none. own is
// the address of the site, or of the page itself.
func LastLink(html, own string) string {
	address, _ := lastLink(html, hostOf(own), true)
	return address
}

// span is a piece of a text.
type span struct{ start, end int }

// maxLast is how many paragraphs from the end are looked at, and maxParagraph how long such a one is, in bytes.
const (
	maxLast      = 3
	maxParagraph = 8 << 10
)

// wrappers may end after the last paragraph.
var wrappers = []string{"</div>", "</article>", "</section>", "</main>", "<hr>", "<hr/>", "<hr />", "<br>", "<br/>", "<br />", "<p></p>"}

// lastLink looks for a link that shows its address (bare), or for any.
func lastLink(content, own string, bare bool) (string, span) {
	end := len(content)
	for range maxLast {
		rest := trimWrappers(content[:end])
		body, ok := strings.CutSuffix(rest, "</p>")
		if !ok {
			return "", span{}
		}
		start := lastParagraph(body)
		if start < 0 {
			return "", span{}
		}
		if !mayLink(body[start:]) {
			return "", span{}
		}
		p := readParagraph(body[start:])
		if address, host := p.only(); address != "" && host != own && (!bare || p.bare()) {
			return address, span{start, len(rest)}
		}
		if !p.navigates(own, bare) {
			return "", span{}
		}
		end = start
	}
	return "", span{}
}

// lastParagraph is where the last paragraph of s begins, if that is within the last maxParagraph bytes; else -1.
func lastParagraph(s string) int {
	for end := len(s); len(s)-end <= maxParagraph; {
		if end = strings.LastIndexByte(s[:end], '<'); end < 0 {
			return -1
		}
		if rest := s[end:]; (strings.HasPrefix(rest, "<p>") || strings.HasPrefix(rest, "<p ")) && len(rest) <= maxParagraph {
			return end
		}
	}
	return -1
}

func trimWrappers(s string) string {
	for {
		s = strings.TrimRight(s, " \t\r\n")
		before := len(s)
		for _, w := range wrappers {
			s = strings.TrimSuffix(s, w)
		}
		if len(s) == before {
			return s
		}
	}
}

// paragraph is what a short piece of HTML says.
type paragraph struct {
	links []string // their addresses
	words string   // the text of all of them
	label string   // the text that is in no link
	other bool     // there is something to see that is neither text nor link
}

// mayLink spares reading the last paragraph of most posts.
func mayLink(src string) bool {
	return strings.Contains(src, "<a") || strings.Contains(src, "<A") || strings.Contains(src, "http")
}

func readParagraph(src string) paragraph {
	if address, ok := autolink(src); ok {
		return paragraph{links: []string{absolute(address, nil)}, words: address}
	}
	return parseParagraph(src)
}

// autolink is the address of a paragraph that is what Markdown makes of <http://…>, as the last one of many posts is: that
// needs no parser.
func autolink(src string) (address string, ok bool) {
	rest, ok := strings.CutPrefix(src, `<p><a href="`)
	if !ok {
		return "", false
	}
	address, rest, _ = strings.Cut(rest, `">`)
	text, ok := strings.CutSuffix(rest, "</a>")
	if !ok || text != address {
		return "", false
	}
	for i := range len(address) {
		if c := address[i]; c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '&' || c == '"' {
			return "", false
		}
	}
	return address, true
}

func parseParagraph(src string) (p paragraph) {
	z := html.NewTokenizer(strings.NewReader(src))
	depth := 0
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return p
		case html.TextToken:
			if depth == 0 {
				p.label += string(z.Text())
			} else {
				p.words += string(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			switch t.DataAtom {
			case atom.A:
				for _, a := range t.Attr {
					if a.Key == "href" {
						p.links = append(p.links, absolute(a.Val, nil))
					}
				}
				depth++
			case atom.Img, atom.Picture, atom.Video, atom.Audio, atom.Iframe, atom.Table:
				p.other = true
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "a" && depth > 0 {
				depth--
			}
		}
	}
}

// only is the address of a paragraph that is nothing but that, and its host.
func (p paragraph) only() (address, host string) {
	label := strings.TrimSpace(html.UnescapeString(p.label))
	switch {
	case p.other:
		return "", ""
	case len(p.links) == 1 && (label == "" || isLabel(label)):
		address = p.links[0]
	case len(p.links) == 0 && (strings.HasPrefix(label, "http://") || strings.HasPrefix(label, "https://")) && !strings.ContainsAny(label, " \t\r\n"):
		address = absolute(label, nil)
	}
	return address, hostOf(address)
}

// isLabel reports whether words only announce a link: "Source:", "原文链接：".
func isLabel(s string) bool {
	return utf8.RuneCountInString(s) <= 20 && (strings.HasSuffix(s, ":") || strings.HasSuffix(s, "："))
}

// bare reports whether the paragraph shows the address.
func (p paragraph) bare() bool {
	words := strings.TrimSpace(p.words)
	return len(p.links) == 0 || strings.HasPrefix(words, "http://") || strings.HasPrefix(words, "https://")
}

// navigates reports whether the paragraph holds nothing but links, and signs between them, that lead back into the site. It
// often has several hosts: several links are navigation wherever they lead, and so is one with words where the one that is
// looked for shows its address.
func (p paragraph) navigates(own string, bare bool) bool {
	if p.other || len(p.links) == 0 || strings.Trim(html.UnescapeString(p.label), " \t\r\n\u00a0|｜·•/、,，-—>»") != "" {
		return false
	}
	return len(p.links) > 1 || hostOf(p.links[0]) == own || bare && !p.bare()
}

// linkWith is the first link with these words in it, or with [LinkFirst] the first one, to another host; and the paragraph
// around it, if nothing else is in that.
func linkWith(content, words, own string) (string, span) {
	z := html.NewTokenizer(strings.NewReader(content))
	words = strings.ToLower(words)
	at, para := 0, -1
	address, text := "", ""
	for {
		kind := z.Next()
		start := at
		at += len(z.Raw())
		switch kind {
		case html.ErrorToken:
			return "", span{}
		case html.TextToken:
			if address != "" {
				text += string(z.Text())
			}
		case html.StartTagToken:
			t := z.Token()
			if t.DataAtom == atom.P {
				para = start
			}
			if t.DataAtom != atom.A {
				continue
			}
			address, text = "", ""
			for _, a := range t.Attr {
				if a.Key == "href" && hostOf(a.Val) != own {
					address = absolute(a.Val, nil)
				}
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "p":
				para = -1
			case "a":
				if address == "" || words != LinkFirst && !strings.Contains(strings.ToLower(text), words) {
					address = ""
					continue
				}
				return address, around(content, para)
			}
		}
	}
}

// around is the paragraph that starts there, if it is nothing but a link.
func around(content string, start int) span {
	if start < 0 {
		return span{}
	}
	length := strings.Index(content[start:], "</p>")
	if length < 0 || length > maxParagraph {
		return span{}
	}
	if address, _ := readParagraph(content[start : start+length]).only(); address == "" {
		return span{}
	}
	return span{start, start + length + len("</p>")}
}

package webfeed

import (
	"strings"
	"unicode"

	"github.com/mmcdole/gofeed/atom"
	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/rss"
)

// What a feed calls a category is a category, what it calls a keyword, tag or subject is a tag: RSS and Atom category,
// itunes:category, media:category, prism and slash sections make categories; dc:subject, the keywords of iTunes, Media
// RSS and PRISM, and categories of a scheme for tags (WordPress's post_tag, Flickr's, TypePad's, YouTube's keywords)
// make tags. JSON Feed has tags alone. A category in parts ("arts/films") stays one label; keywords, which are defined as
// lists, are parted at commas.

// rssLabels collects the categories and tags of an item.
func (e *entry) rssLabels(it *rss.Item, sp spot) {
	for _, c := range it.Categories {
		e.label(c.Domain, c.Value)
	}
	e.item.Categories = labels(e.item.Categories, sp.terms...)
	e.extensionLabels(it.Extensions)
	e.item.Tags = labels(e.item.Tags, keywords(custom(it, "keywords", "tags"))...)
	e.item.Tags = labels(e.item.Tags, custom(it, "tag"))
}

// label adds a category under its scheme (RSS calls it a domain).
func (e *entry) label(scheme, word string) {
	scheme = strings.ToLower(strings.TrimSpace(scheme))
	switch {
	case strings.HasSuffix(scheme, "#kind") || strings.HasSuffix(scheme, "/post-format") || scheme == "post_format":
		// Google's type of entry, WordPress's of posts: words for programs
	case tagSchemes[scheme] || strings.HasSuffix(scheme, "#tag") || strings.HasSuffix(scheme, "keywords.cat") || strings.HasSuffix(scheme, "photos/tags/"):
		e.item.Tags = labels(e.item.Tags, word)
	default:
		e.item.Categories = labels(e.item.Categories, word)
	}
}

var tagSchemes = map[string]bool{"tag": true, "tags": true, "post_tag": true, "keyword": true, "keywords": true, "urn:flickr:tags": true}

// extensionLabels collects those that extensions state, in RSS and Atom alike.
func (e *entry) extensionLabels(x ext.Extensions) {
	if len(x) == 0 {
		return
	}
	for _, c := range x["atom"]["category"] {
		e.label(c.Attrs["scheme"], first(term(&atom.Category{Term: c.Attrs["term"], Label: c.Attrs["label"]}), c.Value))
	}
	for _, c := range mediaElements(x, "category") {
		if c.Attrs["scheme"] == "urn:flickr:tags" {
			e.item.Tags = labels(e.item.Tags, strings.Fields(c.Value)...)
			continue
		}
		e.label(c.Attrs["scheme"], first(c.Attrs["label"], c.Value))
	}
	for _, c := range x["itunes"]["category"] {
		e.nested(c)
	}
	for _, from := range [][2]string{{"dc", "category"}, {"dcterms", "category"}, {"prism", "section"}, {"prism", "category"}, {"slash", "section"}} {
		e.item.Categories = labels(e.item.Categories, values(x, from[0], from[1])...)
	}
	for _, from := range [][2]string{{"dc", "subject"}, {"dcterms", "subject"}, {"prism", "keyword"}} {
		for _, s := range x[from[0]][from[1]] {
			e.item.Tags = labels(e.item.Tags, texts(s)...)
		}
	}
	e.item.Tags = labels(e.item.Tags, keywords(value(x, "itunes", "keywords"))...)
	e.item.Tags = labels(e.item.Tags, keywords(mediaValue(x, "keywords"))...)
	for _, list := range x["media"]["community"] {
		for _, tags := range list.Children["tags"] { // "news: 5, sea: 3": with weights
			for _, tag := range keywords(tags.Value) {
				word, _, _ := strings.Cut(tag, ":")
				e.item.Tags = labels(e.item.Tags, word)
			}
		}
	}
}

// nested adds an iTunes category, and those inside it, each for itself.
func (e *entry) nested(c ext.Extension) {
	e.item.Categories = labels(e.item.Categories, first(c.Attrs["text"], c.Value))
	for _, inner := range c.Children["category"] {
		e.nested(inner)
	}
}

// texts are the text of an element, or those of the leaves in it (rdf:Bag of rdf:li, rdf:Description with rdf:value).
func texts(x ext.Extension) []string {
	if len(x.Children) == 0 {
		return []string{x.Value}
	}
	list := []string{x.Value}
	for _, name := range []string{"label", "value", "li", "Bag", "Seq", "Alt", "Description", "topic"} {
		for _, c := range x.Children[name] {
			list = append(list, texts(c)...)
		}
	}
	return list
}

// keywords parts a list at its commas, those of Chinese and Japanese included.
func keywords(s string) (list []string) {
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == '，' || r == '、' }) {
		if list = append(list, word); len(list) == maxLabels {
			break
		}
	}
	return list
}

// letters are the letters and digits of a word, small: what two spellings of it have in common.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// opaque says that an Atom term is for machines: a URL, a number, a UUID or a long hexadecimal string.
func opaque(term string) bool {
	if isURL(term) || strings.HasPrefix(term, "tag:") || strings.HasPrefix(term, "urn:") {
		return true
	}
	if strings.Trim(term, "0123456789") == "" {
		return true
	}
	return len(term) >= 16 && strings.Trim(strings.ToLower(term), "0123456789abcdef-") == ""
}

// label is a label of one line without markup.
func label(s string) string { return maybePlain(s) }

// maxLabels is how many labels of a kind are looked at; fewer are kept in the end.
const maxLabels = 1000

// labels appends those that are not there yet.
func labels(list []string, more ...string) []string {
next:
	for _, l := range more {
		if len(list) >= maxLabels {
			return list
		}
		if l = label(l); l == "" {
			continue
		}
		for _, have := range list {
			if have == l {
				continue next
			}
		}
		list = append(list, l)
	}
	return list
}

package sources

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"feedmill/feeds"
)

// Policy is what the settings of a source say about each of its items.
type Policy struct {
	// Source is the source's name.
	Source string
	// Language is that of items which name none.
	Language string
	// Author is that of items which name none.
	Author feeds.Person
	// AddCategories and AddTags are added to each item's own.
	AddCategories, AddTags []string
	// Rules say what is published.
	Rules Rules
	// Labels and SiteLabels are the operator's rules about labels: those of the source, then those for all sources.
	Labels, SiteLabels LabelRules
	// Original says where the address of the page that an item was copied from stands; empty for where the source says it.
	Original OriginalRule
	// Merge lets items be one with those of other sources that have the same address ([Canonical]).
	Merge bool
	// Group is the private group of the items that no rule moves to another one; empty for none.
	Group string
	// Report is told what was mended (Repaired is set): such an item is published all the same. Nil for nobody.
	Report func(Rejected)
}

// The most that an item may have. What is longer is no longer what its name says.
const (
	maxTitle   = 500  // runes
	maxSummary = 2000 // runes, of a summary that the source states
	maxName    = 200  // runes, of a person
	maxPeople  = 50
	maxFiles   = 100 // enclosures
	titleRunes = 80  // of a title made from the text
)

// ErrNoKey says that a change has no key: the store could not tell the item from others.
var ErrNoKey = errors.New("item has no key: state a guid, a link or a path")

// ErrEmpty says that there is nothing in an item to show.
var ErrEmpty = errors.New("item has neither title, text, link nor file")

// Normalise brings a change into the form in which it is published, in place. It is the one place where text is
// cleaned, HTML made safe, addresses made absolute, labels made equal and dates checked; feeds write down what it gives.
// The same change gives the same bytes, whenever and wherever; now only decides whether a date lies ahead.
//
//   - Key, Formerly and Wish are trimmed and free of control characters; see [CleanKey]. Raw, if 0, becomes a hash of
//     the item as it came.
//   - Texts are valid UTF-8 in NFC without the characters XML forbids. Title, Summary, names and labels are one line of
//     plain text. A title may come as HTML: tags with their other half go, "&lt;" becomes "<".
//   - Content is safe, balanced HTML. From it come a missing Summary and Image, from that a missing Title. An item
//     with an HTML Summary and no Content has it as Content too.
//   - Published ahead of now is zero, "first seen", unless Hold; Updated ahead of now or before Published is zero.
//     Years outside 1–9999 are no date. Zones stay.
//   - Addresses are absolute http or https URIs, others are empty. They resolve against Base, else URL.
//   - Language is a BCP 47 tag: the item's, the policy's, or what the script tells.
//
// It fails, naming the key, for an item that cannot be published: ErrNoKey, ErrEmpty, or content that is too large.
// Safe for concurrent use.
func Normalise(c *feeds.Change, p Policy, now time.Time) error {
	c.Source = p.Source
	it := c.Item
	if it != nil && c.Raw == 0 {
		c.Raw = rawHash(it)
	}
	c.Key, c.Formerly = CleanKey(c.Key), CleanKey(c.Formerly)
	if c.Key == "" {
		return fmt.Errorf("normalise item of %s: %w", p.Source, ErrNoKey)
	}
	if it == nil {
		return nil
	}
	report := func(reason string) {
		if p.Report != nil {
			p.Report(Rejected{Where: c.Key, Reason: reason, Repaired: true})
		}
	}
	if c.Wish = cleanID(c.Wish); len(c.Wish) > feeds.MaxID {
		report(fmt.Sprintf("its ID has %d bytes, at most %d: it gets another", len(c.Wish), feeds.MaxID))
		c.Wish = ""
	}
	it.ID, it.Source, it.Arrived, it.Also = "", p.Source, time.Time{}, nil

	base := cleanAddresses(c, report)
	if err := cleanTexts(it, base, p.Original); err != nil {
		return fmt.Errorf("normalise %s: %w", c.Key, err)
	}
	it.Authors = cleanPeople(it.Authors, p.Author, base)
	it.Categories = cleanLabels("category", it.Categories, p, it, report)
	it.Tags = cleanLabels("tag", it.Tags, p, it, report)
	it.Enclosures, it.Episode = cleanFiles(it.Enclosures, base), cleanEpisode(it.Episode, base)
	if err := fillTitle(it); err != nil {
		return fmt.Errorf("normalise %s: %w", c.Key, err)
	}
	if it.Language = languageTag(it.Language); it.Language == "" {
		if it.Language = languageTag(p.Language); it.Language != "" {
			it.Because("lang", "settings")
		} else if it.Language = guessLanguage(it.Title, it.Summary); it.Language != "" {
			it.Because("lang", "script")
		}
	}
	cleanDates(c, now, report)
	it.Group, _ = p.GroupOf(it)
	if c.Address = p.address(it); c.Address != "" {
		it.Because("duplicates", "one with those of other sources at "+c.Address)
	}
	return nil
}

// address is the one by which an item is merged; empty where items are not.
func (p Policy) address(it *feeds.Item) string {
	if !p.Merge {
		return ""
	}
	return Canonical(it)
}

// CleanKey is the form of a native key in the store: trimmed, without control characters, invalid bytes as %XX so that
// no two keys become one, and at most [feeds.MaxKey] bytes, where a hash stands for the rest of a longer one. A source
// may withdraw a key in the form in which it stated it: the Manager cleans both.
func CleanKey(key string) string {
	key = cleanID(key)
	if len(key) <= feeds.MaxKey {
		return key
	}
	sum := xxhash.Sum64String(key)
	var b [8]byte
	for i := range b {
		b[i] = byte(sum >> (56 - 8*i))
	}
	return clipText(key, feeds.MaxKey-17) + "#" + hex.EncodeToString(b[:])
}

// cleanID cleans an identifier: what can be seen of it stays byte for byte.
func cleanID(s string) string {
	s = strings.TrimSpace(s)
	bad := !utf8.ValidString(s)
	for i := 0; i < len(s) && !bad; i++ {
		bad = s[i] < ' ' || s[i] == 0x7f || s[i] == 0xc2 || s[i] == 0xef
	}
	if !bad {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, "%%%02X", s[i])
		case cleanRune(r) == r && r != '\n' && r != '\t' || r == utf8.RuneError:
			b.WriteRune(r)
		}
		i += n
	}
	return strings.TrimSpace(b.String())
}

// cleanAddresses makes the addresses of an item absolute and returns what others in it resolve against; nil for nothing.
func cleanAddresses(c *feeds.Change, report func(string)) *url.URL {
	it := c.Item
	base := baseURL(c.Base)
	stated := strings.TrimSpace(it.URL)
	if it.URL = absolute(it.URL, base); it.URL == "" && stated != "" {
		report(fmt.Sprintf("its link is no http address and is left out: %q", clipText(stated, 100)))
	}
	if base == nil {
		base = baseURL(it.URL)
	}
	it.Original = absolute(it.Original, base)
	it.Image = absolute(it.Image, base)
	if o := it.Origin; o != nil {
		it.Origin = nil
		clean := feeds.Origin{
			ID: clipText(cleanID(o.ID), feeds.MaxID), Title: cutText(plainText(o.Title), maxTitle),
			URL: absolute(o.URL, base), Home: absolute(o.Home, base),
		}
		if clean != (feeds.Origin{}) {
			it.Origin = &clean
		}
	}
	return base
}

// cleanTexts makes content, summary and picture.
func cleanTexts(it *feeds.Item, base *url.URL, rule OriginalRule) error {
	if it.Content == "" && looksHTML(it.Summary) {
		it.Content = it.Summary
		if utf8.RuneCountInString(it.Summary) > maxSummary {
			it.Summary = "" // a whole text: the first words of it will do
		}
	}
	head := ""
	if it.Content != "" {
		b, err := readHTML(it.Content, base)
		if err != nil {
			return err
		}
		head = b.text
		it.Content = b.html
		if b.cut != (cuts{}) {
			it.Because("html", b.cut.String())
		}
		if rest, ok := rule.apply(it); ok && len(rest) < len(b.html) {
			if b, err = readHTML(rest, base); err != nil { // the words of the link are not what it is about
				return err
			}
			head, it.Content = b.text, b.html
		}
		if it.Image == "" {
			it.Image = b.image
		}
		if strings.TrimSpace(it.Summary) == "" {
			it.Summary = b.text
			return nil
		}
	}
	if looksHTML(it.Summary) {
		it.Summary = htmlText(it.Summary, maxSummary)
	} else {
		it.Summary = cutText(cleanLine(decodeRefs(clipText(it.Summary, 64<<10))), maxSummary)
	}
	if it.Summary == "" {
		it.Summary = head // what is stated is code, a table or a picture
	}
	return nil
}

// fillTitle makes the title; RSS 2.0 wants one or a description, RFC 4287 §4.2.14 always one.
func fillTitle(it *feeds.Item) error {
	it.Title = cutText(plainText(it.Title), maxTitle)
	if it.Title != "" {
		return nil
	}
	it.Title = strings.TrimSuffix(cutText(it.Summary, titleRunes), " …") // a whole sentence needs no mark
	for _, e := range it.Enclosures {
		if it.Title == "" {
			it.Title = e.Title
		}
	}
	if it.Title == "" && it.Content != "" {
		it.Title = cutText(htmlText(it.Content, maxTitle), titleRunes) // nothing but a table or code
	}
	for _, u := range []string{it.URL, it.Original, it.Image} {
		if it.Title == "" {
			_, it.Title, _ = strings.Cut(u, "://")
		}
	}
	for _, e := range it.Enclosures {
		if it.Title == "" {
			_, it.Title, _ = strings.Cut(e.URL, "://")
		}
	}
	if it.Title == "" {
		return ErrEmpty
	}
	return nil
}

// cleanPeople cleans the authors; with none left, the policy's is.
func cleanPeople(list []feeds.Person, fallback feeds.Person, base *url.URL) []feeds.Person {
	var out []feeds.Person
	for _, p := range list {
		out = addPerson(out, p, base)
	}
	if len(out) == 0 {
		out = addPerson(out, fallback, base)
	}
	return out
}

func addPerson(list []feeds.Person, p feeds.Person, base *url.URL) []feeds.Person {
	p = feeds.Person{Name: cutText(plainText(p.Name), maxName), Email: cleanEmail(p.Email), URL: absolute(p.URL, base)}
	if p == (feeds.Person{}) || len(list) == maxPeople {
		return list
	}
	for _, other := range list {
		if feeds.Fold(other.String()) == feeds.Fold(p.String()) {
			return list
		}
	}
	return append(list, p)
}

// cleanEmail is an address if it looks like one.
func cleanEmail(s string) string {
	s = cleanLine(s)
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || domain == "" || len(s) > 254 || strings.ContainsAny(s, " <>()[],;:\\\"") || strings.Contains(domain, "@") {
		return ""
	}
	return s
}

// cleanFiles cleans the enclosures.
func cleanFiles(list []feeds.Enclosure, base *url.URL) []feeds.Enclosure {
	var out []feeds.Enclosure
next:
	for _, e := range list {
		e.URL = absolute(e.URL, base)
		if e.URL == "" || len(out) == maxFiles {
			continue
		}
		for _, other := range out {
			if other.URL == e.URL {
				continue next
			}
		}
		e.Type = mediaType(e.Type, e.URL)
		e.Title = cutText(plainText(e.Title), maxTitle)
		e.Length, e.Duration = max(e.Length, 0), max(e.Duration, 0)
		cleanMedia(&e, base)
		out = append(out, e)
	}
	return out
}

// typesBySuffix are the types of files that feeds carry. A system's own table differs between machines.
var typesBySuffix = map[string]string{
	"mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg", "opus": "audio/ogg", "oga": "audio/ogg", "flac": "audio/flac",
	"wav": "audio/wav", "mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm", "mov": "video/quicktime",
	"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp",
	"pdf": "application/pdf", "epub": "application/epub+zip", "zip": "application/zip", "torrent": "application/x-bittorrent",
	"vtt": "text/vtt", "srt": "application/x-subrip",
}

// mediaType is the stated type without parameters, else what the address's ending tells, else that of unknown bytes:
// RSS 2.0 demands one.
func mediaType(stated, address string) string {
	stated, _, _ = strings.Cut(stated, ";")
	stated = strings.ToLower(strings.TrimSpace(stated))
	if major, minor, ok := strings.Cut(stated, "/"); ok && attrToken([]byte(major), "-+.") && attrToken([]byte(minor), "-+.") {
		return stated
	}
	if i := strings.IndexAny(address, "?#"); i >= 0 {
		address = address[:i]
	}
	if t := typesBySuffix[strings.ToLower(address[strings.LastIndexByte(address, '.')+1:])]; t != "" {
		return t
	}
	return "application/octet-stream"
}

// cleanDates takes out dates that cannot be.
func cleanDates(c *feeds.Change, now time.Time, report func(string)) {
	it := c.Item
	it.Published, it.Updated = cleanDate(it.Published, report), cleanDate(it.Updated, report)
	if it.Published.After(now) && !c.Hold {
		it.Because("date", it.Published.Format(time.RFC3339)+feeds.Ahead)
		it.Published = time.Time{}
	}
	if it.Updated.After(now) {
		it.Because("updated", it.Updated.Format(time.RFC3339)+feeds.Ahead)
		it.Updated = time.Time{}
	} else if it.Updated.Before(it.Published) {
		it.Updated = time.Time{}
	}
}

// cleanDate is t without what no document can hold: a year outside 1–9999, or a zone that RFC 3339 cannot write, which
// becomes UTC.
func cleanDate(t time.Time, report func(string)) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	if _, offset := t.Zone(); offset%60 != 0 || offset <= -86400 || offset >= 86400 {
		t = t.UTC()
	}
	for _, year := range []int{t.Year(), t.UTC().Year()} {
		if year < 1 || year > 9999 {
			report(fmt.Sprintf("a date in the year %d is left out", year))
			return time.Time{}
		}
	}
	return t.Round(0)
}

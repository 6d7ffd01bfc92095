package push

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// Mark stands at the end of what was cut. It counts towards every limit.
const Mark = "…"

// Cut shortens s, from its end and between letters, until fits says yes of it with its [Mark]. s itself is returned where it
// fits whole, and "" where not even the mark does. fits must not say no of a shorter text than one that it said yes of.
func Cut(s string, fits func(string) bool) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if fits(s) {
		return s
	}
	ends := []int{0}
	for i := range s {
		if i > 0 {
			ends = append(ends, i)
		}
	}
	short := func(i int) string {
		head := s[:ends[i]]
		// A joiner or a combining mark without what follows it, or before it, shows as rubbish.
		head = strings.TrimRightFunc(head, func(r rune) bool { return r == '\u200d' || r <= ' ' })
		return head + Mark
	}
	i := sort.Search(len(ends), func(i int) bool { return !fits(short(i)) })
	if i == 0 {
		return ""
	}
	return short(i - 1)
}

// Pack finds the request that shows as many entries of m from the front as fit: build makes a body of entries, and fits judges
// it; most is how many entries there can be in any body, 0 for any number. Of an entry that does not fit alone the text is cut,
// then the footer goes, the title is cut, and at last the picture and the address go. Fails with an [*Error] of class [BadPayload]
// where not even that fits, and with errors of build.
func Pack(m *Message, most int, fits func(body []byte) bool, build func(entries []Entry) ([]byte, error)) (body []byte, n int, err error) {
	total := len(m.Entries)
	if most > 0 {
		total = min(total, most)
	}
	if total == 0 {
		return nil, 0, &Error{Class: BadPayload, Code: "empty", Reason: "the message has no entry"}
	}
	try := func(entries []Entry) ([]byte, bool) {
		if err != nil {
			return nil, false
		}
		var b []byte
		if b, err = build(entries); err != nil {
			return nil, false
		}
		return b, fits(b)
	}
	// Most messages fit as they are; the others are as long as a search says, which a longer list never makes shorter.
	if b, ok := try(m.Entries[:total]); ok || err != nil {
		return b, total, err
	}
	n = sort.Search(total, func(i int) bool { _, ok := try(m.Entries[:i+1]); return !ok })
	if err != nil {
		return nil, 0, err
	}
	if n > 0 {
		b, _ := try(m.Entries[:n])
		return b, n, err
	}
	e := m.Entries[0]
	one := func() bool { body, n = nil, 0; b, ok := try([]Entry{e}); body = b; return ok }
	text, title := e.Text, e.Title
	for _, less := range []func(){
		func() { e.Text = Cut(text, func(s string) bool { e.Text = s; return one() }) },
		func() { e.Text = "" },
		func() { e.Footer = "" },
		func() { e.Title = Cut(title, func(s string) bool { e.Title = s; return s != Mark && one() }) },
		func() { e.Title, e.Image = title, "" },
		func() { e.URL = "" },
		func() { e.Title = Cut(title, func(s string) bool { e.Title = s; return one() }) },
	} {
		less()
		if e.Title == "" {
			e.Title = Mark
		}
		if one() {
			return body, 1, err
		}
		if err != nil {
			return nil, 0, err
		}
	}
	return nil, 0, &Error{Class: BadPayload, Code: "size", Reason: "not even the title of the item fits into the limits of the platform"}
}

// Bytes is a limit in bytes for [Cut].
func Bytes(most int) func(string) bool { return func(s string) bool { return len(s) <= most } }

// Runes is a limit in characters for [Cut].
func Runes(most int) func(string) bool {
	return func(s string) bool { return utf8.RuneCountInString(s) <= most }
}

package push

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// MoreText says how many further items a message stands for: "+37 more"; empty for none.
func (m *Message) MoreText() string {
	switch {
	case m.More <= 0:
		return ""
	case m.Language == "zh":
		return fmt.Sprintf("另有 %d 条", m.More)
	}
	return fmt.Sprintf("+%d more", m.More)
}

// ReadText is the word of a button that leads to the item.
func (m *Message) ReadText() string {
	if m.Language == "zh" {
		return "阅读原文"
	}
	return "Read on"
}

// maxHeadline is the longest title in characters: what follows it is no title any more.
const maxHeadline = 300

// Headline is the entry's title as one line that is never empty, with a word before it where the entry was delivered before.
func (m *Message) Headline(e *Entry) string {
	title := Cut(strings.Join(strings.Fields(Plain(e.Title)), " "), Runes(maxHeadline))
	if title == "" {
		title = Mark
	}
	switch {
	case !e.Edited:
		return title
	case m.Language == "zh":
		return "（更新）" + title
	}
	return "(updated) " + title
}

// Units counts s as most platforms of the West count characters: in UTF-16.
func Units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// LinkURL is an address as it may stand in a link of Markdown or mrkdwn: what would end the link there is percent-encoded.
//
// Broken UTF-8 is as long here as in the JSON around it.
func LinkURL(address string) string {
	return linkURL.Replace(Plain(strings.ToValidUTF8(address, "%EF%BF%BD")))
}

var linkURL = strings.NewReplacer(
	"(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "|", "%7C", " ", "%20", "\\", "%5C", "\"", "%22", "`", "%60", "\n", "", "\r", "", "\t", "",
)

// Plain is s without what no platform shows as a letter: broken UTF-8, control characters, and marks that turn the direction of
// what follows them. Line ends and tabs stay.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\u2028', r == '\u2029', r == '\u0085':
			return '\n'
		case r < ' ', r >= 0x7f && r < 0xa0, r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\ufeff', r&0xfffe == 0xfffe:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// FullWidth is s for Markdown of platforms that have no way to escape a letter: those that would mean something are written as
// their wide forms, which look alike.
func FullWidth(s string) string {
	var b strings.Builder
	rs := []rune(Plain(s))
	begins := true // a line
	for i, r := range rs {
		next := '\n'
		if i+1 < len(rs) {
			next = rs[i+1]
		}
		switch {
		case strings.ContainsRune("[]<>*`~|\\@", r), r == '#' && begins:
			r += 0xFF01 - '!'
		case strings.ContainsRune("-+=", r) && begins && (next == ' ' || next == '\t' || next == '\n' || next == r): // a list, a rule, a heading
			r += 0xFF01 - '!'
		case r == '_' && (i == 0 || !letter(rs[i-1]) || !letter(next)):
			r = '＿'
		case r == '.' && i > 0 && begins: // 1. is a list
			r = '．'
		}
		begins = r == '\n' || begins && (r == ' ' || r == '\t' || unicode.IsDigit(r))
		b.WriteRune(r)
	}
	return b.String()
}

func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// JSON writes v without the escapes that are for HTML, which would count towards limits.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

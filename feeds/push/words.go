package push

import (
	"fmt"
	"strings"
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

// Headline is the entry's title as one line, with a word before it where the entry was delivered before.
func (m *Message) Headline(e *Entry) string {
	title := strings.Join(strings.Fields(e.Title), " ")
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
func LinkURL(address string) string { return linkURL.Replace(address) }

var linkURL = strings.NewReplacer(
	"(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "|", "%7C", " ", "%20", "\\", "%5C", "\"", "%22", "`", "%60", "\n", "", "\r", "", "\t", "",
)

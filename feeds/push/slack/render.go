package slack

import (
	"strings"

	"feedmill/feeds/push"
)

// Limits of a message, in characters after escaping, with some room below those of the platform: 50 blocks, 3,000 in a section
// and 150 in a header (https://docs.slack.dev/reference/block-kit/blocks), and about 13,200 in all blocks together, which is
// documented nowhere (https://github.com/slackapi/bolt-js/issues/2509).
const (
	maxBlocks   = 45
	maxSection  = 2900
	maxHeader   = 150
	maxContext  = 2000
	maxTotal    = 12_000
	maxFallback = 1000
	maxImageURL = 3000
)

type message struct {
	// Text is what a notification shows, and clients without blocks.
	Text string `json:"text"`
	// Nothing in it becomes a link, a mention or markup by itself, and no link a preview: ten items would have ten.
	Markdown    bool    `json:"mrkdwn"`
	Parse       string  `json:"parse"`
	LinkNames   int     `json:"link_names"`
	UnfurlLinks bool    `json:"unfurl_links"`
	UnfurlMedia bool    `json:"unfurl_media"`
	Blocks      []block `json:"blocks"`
}

type block struct {
	Type      string  `json:"type"`
	Text      *text   `json:"text,omitempty"`
	Accessory *image  `json:"accessory,omitempty"`
	Elements  []*text `json:"elements,omitempty"`
}

type image struct {
	Type string `json:"type"`
	URL  string `json:"image_url"`
	Alt  string `json:"alt_text"`
}

type text struct {
	Type string `json:"type"`
	Text string `json:"text"`
	// Emoji false keeps ":words:" of plain text as they are; Verbatim keeps what looks like an address or a name in mrkdwn.
	Emoji    *bool `json:"emoji,omitempty"`
	Verbatim bool  `json:"verbatim,omitempty"`
}

// plain is text in which nothing is markup but "&", "<" and ">".
func plain(s string) *text {
	no := false
	return &text{Type: "plain_text", Text: escape(push.Plain(s)), Emoji: &no}
}

func mrkdwn(s string) *text { return &text{Type: "mrkdwn", Text: s, Verbatim: true} }

// Render implements [push.Target].
func (t *target) Render(m *push.Message) (*push.Payload, error) {
	var last message
	build := func(entries []push.Entry) ([]byte, error) {
		last = message{Parse: "none"}
		switch {
		case m.Heading == "" && len(entries) == 1:
			last.Text, last.Blocks = fallback(m.Headline(&entries[0])), single(m, &entries[0])
		default:
			heading := m.Heading
			if heading == "" {
				heading = m.Headline(&entries[0])
			}
			last.Text, last.Blocks = fallback(heading), digest(m, entries)
		}
		return push.JSON(last)
	}
	body, n, err := push.Pack(m, 0, func([]byte) bool { return fits(last.Blocks) }, build)
	if err != nil {
		return nil, err
	}
	return &push.Payload{Body: body, ContentType: "application/json; charset=utf-8", Entries: n}, nil
}

// fallback is the line of a notification.
func fallback(s string) string {
	s = line(push.Plain(s))
	if s = push.Cut(s, func(s string) bool { return push.Units(escape(s)) <= maxFallback }); s == "" {
		s = push.Mark
	}
	return escape(s)
}

// single are the blocks of one item: its title, its text beside a picture, its small print.
func single(m *push.Message, e *push.Entry) []block {
	title := block{Type: "section"}
	if e.URL == "" {
		title.Text = plain(m.Headline(e))
	} else {
		title.Text = mrkdwn("*" + link(m.Headline(e), e.URL) + "*")
	}
	blocks := []block{title}
	if m.Small {
		return blocks
	}
	if e.Text != "" {
		blocks = append(blocks, block{Type: "section", Text: plain(strings.TrimSpace(e.Text))})
	}
	if e.Image != "" && len(e.Image) <= maxImageURL {
		alt := push.Cut(line(push.Plain(m.Headline(e))), push.Runes(200))
		blocks[len(blocks)-1].Accessory = &image{Type: "image", URL: e.Image, Alt: alt}
	}
	if e.Footer != "" {
		blocks = append(blocks, block{Type: "context", Elements: []*text{plain(line(e.Footer))}})
	}
	return blocks
}

// digest are the blocks of several items, a line each: as many lines in a section as it holds.
func digest(m *push.Message, entries []push.Entry) (blocks []block) {
	if m.Heading != "" {
		heading := push.Cut(line(push.Plain(m.Heading)), func(s string) bool { return push.Units(escape(s)) <= maxHeader })
		blocks = append(blocks, block{Type: "header", Text: plain(heading)})
	}
	var lines []string
	size := 0
	flush := func() {
		if len(lines) > 0 {
			blocks = append(blocks, block{Type: "section", Text: mrkdwn(strings.Join(lines, "\n"))})
			lines, size = nil, 0
		}
	}
	for i := range entries {
		l := "• " + link(m.Headline(&entries[i]), entries[i].URL)
		n := push.Units(l) + 1
		if size+n > maxSection {
			flush()
		}
		lines, size = append(lines, l), size+n
	}
	flush()
	if more := m.MoreText(); more != "" {
		blocks = append(blocks, block{Type: "context", Elements: []*text{mrkdwn(link(more, m.MoreURL))}})
	}
	return blocks
}

// fits holds the limits.
func fits(blocks []block) bool {
	total := 0
	for _, b := range blocks {
		n := 0
		if b.Text != nil {
			n = push.Units(b.Text.Text)
		}
		for _, e := range b.Elements {
			n += push.Units(e.Text)
		}
		most := map[string]int{"section": maxSection, "header": maxHeader, "context": maxContext}[b.Type]
		if n > most || n == 0 {
			return false
		}
		total += n
	}
	return len(blocks) <= maxBlocks && total <= maxTotal
}

// escape writes the three letters that Slack reads as more than themselves
// (https://docs.slack.dev/messaging/formatting-message-text#escaping), and no others.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace

func line(s string) string { return strings.Join(strings.Fields(s), " ") }

// link is a title that leads somewhere. Its label can be no markup: mrkdwn has no way to escape a letter, so what could begin or
// end bold, italic, struck or code text is written in its wide form.
func link(label, address string) string {
	label = escape(unstyled(line(push.Plain(label))))
	if address == "" {
		return label
	}
	return "<" + strings.ReplaceAll(push.LinkURL(address), "&", "&amp;") + "|" + label + ">"
}

// unstyled changes nothing inside of words, where mrkdwn sees no markup: snake_case stays.
func unstyled(s string) string {
	rs := []rune(s)
	word := func(i int) bool {
		return i >= 0 && i < len(rs) && (rs[i] >= '0' && rs[i] <= '9' || rs[i] >= 'a' && rs[i] <= 'z' || rs[i] >= 'A' && rs[i] <= 'Z')
	}
	for i, r := range rs {
		if r == '|' || strings.ContainsRune("*_~`", r) && (!word(i-1) || !word(i+1)) {
			rs[i] = r + 0xFF01 - '!'
		}
	}
	return string(rs)
}

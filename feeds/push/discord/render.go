package discord

import (
	"regexp"
	"strings"

	"feedmill/feeds/push"
)

// Limits of a message, in characters as Discord counts them
// (https://docs.discord.com/developers/resources/message, "Embed Limits").
const (
	maxEmbeds      = 10
	maxTitle       = 256
	maxDescription = 4096
	maxFooter      = 2048
	maxTotal       = 6000 // of all embeds of a message
	maxURL         = 2048
)

// Flags of a message.
const silent = 1 << 12 // SUPPRESS_NOTIFICATIONS

type message struct {
	Username string   `json:"username,omitempty"`
	Mentions mentions `json:"allowed_mentions"`
	Flags    int      `json:"flags,omitempty"`
	Embeds   []embed  `json:"embeds"`
}

// mentions with an empty list lets no text mention anybody.
type mentions struct {
	Parse []string `json:"parse"`
}

type embed struct {
	Title       string  `json:"title,omitempty"`
	URL         string  `json:"url,omitempty"`
	Description string  `json:"description,omitempty"`
	Image       *image  `json:"image,omitempty"`
	Footer      *footer `json:"footer,omitempty"`
}

type image struct {
	URL string `json:"url"`
}

type footer struct {
	Text string `json:"text"`
}

// Render implements [push.Target].
func (t *target) Render(m *push.Message) (*push.Payload, error) {
	var over bool // what was built last breaks a limit
	build := func(entries []push.Entry) ([]byte, error) {
		msg := message{Username: t.cfg.Username, Mentions: mentions{[]string{}}}
		if m.Silent {
			msg.Flags = silent
		}
		if m.Heading != "" || len(entries) > 1 {
			msg.Embeds = []embed{list(m, entries)}
		} else {
			for i := range entries {
				msg.Embeds = append(msg.Embeds, card(m, &entries[i]))
			}
		}
		over = !within(msg.Embeds)
		return push.JSON(msg)
	}
	body, n, err := push.Pack(m, 0, func([]byte) bool { return !over }, build)
	if err != nil {
		return nil, err
	}
	return &push.Payload{Body: body, ContentType: "application/json", Entries: n}, nil
}

func card(m *push.Message, e *push.Entry) embed {
	out := embed{Title: escape(m.Headline(e)), URL: e.URL}
	if m.Small {
		return out
	}
	out.Description = escape(e.Text)
	if e.Image != "" && len(e.Image) <= maxURL {
		out.Image = &image{e.Image}
	}
	if e.Footer != "" {
		out.Footer = &footer{push.Plain(e.Footer)} // shown as plain text
	}
	return out
}

// list is a digest: a line for each entry.
func list(m *push.Message, entries []push.Entry) embed {
	var b strings.Builder
	for i := range entries {
		e := &entries[i]
		line := escape(m.Headline(e))
		if e.URL != "" {
			line = "[" + line + "](" + push.LinkURL(e.URL) + ")"
		}
		b.WriteString("• " + line)
		if e.Footer != "" && !m.Small {
			b.WriteString(" — " + escape(e.Footer))
		}
		b.WriteByte('\n')
	}
	if more := m.MoreText(); more != "" {
		if m.MoreURL != "" {
			more = "[" + more + "](" + push.LinkURL(m.MoreURL) + ")"
		}
		b.WriteString(more)
	}
	return embed{Title: push.Cut(escape(m.Heading), units(maxTitle)), Description: strings.TrimSpace(b.String())}
}

func units(most int) func(string) bool {
	return func(s string) bool { return push.Units(s) <= most }
}

func within(embeds []embed) bool {
	total := 0
	for _, e := range embeds {
		title, text, foot := push.Units(e.Title), push.Units(e.Description), 0
		if e.Footer != nil {
			foot = push.Units(e.Footer.Text)
		}
		if title > maxTitle || text > maxDescription || foot > maxFooter || len(e.URL) > maxURL {
			return false
		}
		total += title + text + foot
	}
	return total <= maxTotal && len(embeds) <= maxEmbeds
}

// escape writes text so that Discord shows it as it is: no Markdown, no mention, no emoji or time stamp in "<...>", no masked
// link. Mentions would ring nobody anyhow (allowed_mentions), but look like ones.
func escape(s string) string {
	s = escaper.Replace(push.Plain(s))
	if strings.Contains(s, "://") {
		s = address.ReplaceAllStringFunc(s, func(u string) string { return strings.ReplaceAll(u, "\\_", "_") })
	}
	return lists.ReplaceAllString(s, `$1\$2`)
}

// address is one in a text, which Discord makes a link of as a whole: a backslash in it would be a part of the link.
var address = regexp.MustCompile(`https?://[^\s<]+`)

var escaper = strings.NewReplacer(
	"\\", "\\\\", "*", "\\*", "_", "\\_", "~", "\\~", "`", "\\`", "|", "\\|", ">", "\\>", "<", "\\<",
	"[", "\\[", "]", "\\]", "@", "@\u200b",
)

// lists is what begins a list or a heading at the beginning of a line.
var lists = regexp.MustCompile(`(?m)^(\s*[0-9]*)([-+.#])`)

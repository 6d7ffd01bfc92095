package dingtalk

import (
	"strings"

	"feedmill/feeds/push"
)

// Limits of a message: the whole request (460101 beyond), and what a notification shows of a title.
const (
	maxBody  = 20_000
	maxTitle = 100 // characters
	maxCards = 10  // more are hard to look at
)

type message struct {
	Type     string    `json:"msgtype"`
	Markdown *markdown `json:"markdown,omitempty"`
	Cards    *feedCard `json:"feedCard,omitempty"`
	At       *at       `json:"at,omitempty"`
}

// markdown has a title for the notification alone, and the text.
type markdown struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

type at struct {
	All bool `json:"isAtAll"`
}

type feedCard struct {
	Links []cardLink `json:"links"`
}

type cardLink struct {
	Title string `json:"title"`
	URL   string `json:"messageURL"`
	Image string `json:"picURL"`
}

// Render implements [push.Target].
func (t *target) Render(m *push.Message) (*push.Payload, error) {
	cards := t.cfg.Style == "cards" && !m.Small && m.Entries != nil && linked(m.Entries)
	most := 0
	if cards {
		most = maxCards
	}
	build := func(entries []push.Entry) ([]byte, error) {
		if cards && linked(entries) {
			return push.JSON(message{Type: "feedCard", Cards: t.cards(m, entries)})
		}
		return push.JSON(message{Type: "markdown", Markdown: t.markdown(m, entries), At: &at{}})
	}
	body, n, err := push.Pack(m, most, func(b []byte) bool { return len(b) <= maxBody }, build)
	if err != nil {
		return nil, err
	}
	return &push.Payload{Body: body, ContentType: "application/json; charset=utf-8", Entries: n}, nil
}

// linked says whether every entry has an address: a card without one is refused.
func linked(entries []push.Entry) bool {
	for i := range entries {
		if entries[i].URL == "" {
			return false
		}
	}
	return true
}

func (t *target) prefixed(s string) string {
	return strings.TrimSpace(t.cfg.Prefix + " " + s)
}

func (t *target) cards(m *push.Message, entries []push.Entry) *feedCard {
	c := &feedCard{}
	for i := range entries {
		e := &entries[i]
		c.Links = append(c.Links, cardLink{push.Plain(t.prefixed(m.Headline(e))), e.URL, e.Image})
	}
	if more := m.MoreText(); more != "" && m.MoreURL != "" {
		c.Links = append(c.Links, cardLink{t.prefixed(more), m.MoreURL, ""})
	}
	return c
}

func (t *target) markdown(m *push.Message, entries []push.Entry) *markdown {
	first := &entries[0]
	title := m.Heading
	var b strings.Builder
	if m.Heading == "" && len(entries) == 1 {
		title = m.Headline(first)
		b.WriteString("#### " + link(t.prefixed(title), first.URL) + "\n")
		if !m.Small {
			if first.Image != "" {
				b.WriteString("\n![](" + push.LinkURL(first.Image) + ")\n")
			}
			for line := range strings.Lines(escape(first.Text)) {
				if line = strings.TrimSpace(line); line != "" {
					b.WriteString("\n> " + line + "\n")
				}
			}
			if first.Footer != "" {
				b.WriteString("\n" + escape(oneLine(first.Footer)) + "\n")
			}
		}
	} else {
		if title == "" {
			title = m.Headline(first)
		} else {
			b.WriteString("#### " + escape(oneLine(t.prefixed(title))) + "\n")
		}
		for i := range entries {
			e := &entries[i]
			b.WriteString("\n- " + link(m.Headline(e), e.URL))
			if e.Footer != "" && !m.Small {
				b.WriteString(" " + escape(oneLine(e.Footer)))
			}
		}
		if more := m.MoreText(); more != "" {
			b.WriteString("\n\n" + link(more, m.MoreURL))
		}
	}
	return &markdown{Title: push.Cut(push.Plain(t.prefixed(title)), push.Runes(maxTitle)), Text: strings.TrimSpace(b.String())}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func link(label, address string) string {
	label = escape(oneLine(label))
	if address == "" {
		return label
	}
	return "[" + label + "](" + push.LinkURL(address) + ")"
}

func escape(s string) string { return push.FullWidth(s) }

package dingtalk

import (
	"strings"

	"feedmill/feeds/push"
)

// Limits of a message: the whole request (460101 beyond), and what a notification shows of a title.
const (
	maxBody  = 20_000
	maxTitle = 100 // characters
	maxCards = 10  // ours: more are hard to look at
)

type message struct {
	Type     string    `json:"msgtype"`
	Text     *text     `json:"text,omitempty"`
	Markdown *markdown `json:"markdown,omitempty"`
	Cards    *feedCard `json:"feedCard,omitempty"`
	At       *at       `json:"at,omitempty"`
}

// text is shown as it is.
type text struct {
	Content string `json:"content"`
}

// markdown has a title for the notification alone, and the text.
type markdown struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// at says whom a message rings, whatever stands in its text: nobody.
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

// Render implements [push.Target]. Its small form is plain text.
func (t *target) Render(m *push.Message) (*push.Payload, error) {
	most := 0
	cards := t.cfg.Style == "cards" && !m.Small && t.cardable(m.Entries[:min(len(m.Entries), maxCards)])
	if cards {
		most = maxCards
	}
	build := func(entries []push.Entry) ([]byte, error) {
		switch {
		case m.Small:
			return push.JSON(message{Type: "text", Text: &text{t.text(m, entries)}, At: &at{}})
		case cards && t.cardable(entries):
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

// cardable says whether every entry has what a card is refused without: an address and a picture.
func (t *target) cardable(entries []push.Entry) bool {
	for i := range entries {
		if entries[i].URL == "" || t.picture(&entries[i]) == "" {
			return false
		}
	}
	return true
}

func (t *target) picture(e *push.Entry) string {
	if e.Image != "" {
		return e.Image
	}
	return t.cfg.Picture
}

func (t *target) prefixed(s string) string { return oneLine(t.cfg.Prefix + " " + s) }

func (t *target) cards(m *push.Message, entries []push.Entry) *feedCard {
	c := &feedCard{}
	for i := range entries {
		e := &entries[i]
		c.Links = append(c.Links, cardLink{push.Plain(t.prefixed(m.Headline(e))), e.URL, t.picture(e)})
	}
	if more := m.MoreText(); more != "" && m.MoreURL != "" {
		image := t.cfg.Picture
		if image == "" {
			image = entries[len(entries)-1].Image
		}
		c.Links = append(c.Links, cardLink{t.prefixed(more), m.MoreURL, image})
	}
	return c
}

func (t *target) text(m *push.Message, entries []push.Entry) string {
	var lines []string
	add := func(words, address string) {
		if lines = append(lines, push.Plain(oneLine(words))); address != "" {
			lines = append(lines, address)
		}
	}
	if head := t.prefixed(m.Heading); head != "" {
		add(head, "")
	}
	for i := range entries {
		add(m.Headline(&entries[i]), entries[i].URL)
	}
	if more := m.MoreText(); more != "" {
		add(more, m.MoreURL)
	}
	return strings.Join(lines, "\n")
}

func (t *target) markdown(m *push.Message, entries []push.Entry) *markdown {
	first := &entries[0]
	var b strings.Builder
	if m.Heading == "" && len(entries) == 1 {
		b.WriteString("#### " + link(t.prefixed(m.Headline(first)), first.URL) + "\n")
		if first.Image != "" {
			b.WriteString("\n![](" + push.LinkURL(first.Image) + ")\n")
		}
		for line := range strings.Lines(escape(first.Text)) {
			if line = strings.TrimSpace(line); line != "" {
				b.WriteString("\n> " + line + "\n")
			}
		}
		if first.Footer != "" {
			b.WriteString("\n###### " + escape(oneLine(first.Footer)) + "\n")
		}
		return t.noted(m.Headline(first), &b)
	}
	if head := t.prefixed(m.Heading); head != "" {
		b.WriteString("#### " + escape(head) + "\n")
	}
	for i := range entries {
		e := &entries[i]
		b.WriteString("\n- " + link(m.Headline(e), e.URL))
		if e.Footer != "" {
			b.WriteString(" " + escape(oneLine(e.Footer)))
		}
	}
	if more := m.MoreText(); more != "" {
		b.WriteString("\n\n" + link(more, m.MoreURL))
	}
	if m.Heading == "" {
		return t.noted(m.Headline(first), &b)
	}
	return t.noted(m.Heading, &b)
}

// noted is a text with the title that its notification shows.
func (t *target) noted(title string, b *strings.Builder) *markdown {
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

package teams

import (
	"strings"

	"feedmill/feeds/push"
)

// maxBody is the limit of a message, 28 KB, less some room for what Teams adds to it
// (https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages).
const maxBody = 26_000

type message struct {
	Type        string       `json:"type"`
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	ContentType string  `json:"contentType"`
	ContentURL  *string `json:"contentUrl"`
	Content     card    `json:"content"`
}

type card struct {
	Schema  string         `json:"$schema"`
	Type    string         `json:"type"`
	Version string         `json:"version"`
	Width   map[string]any `json:"msteams"`
	Body    []element      `json:"body"`
	Actions []action       `json:"actions,omitempty"`
}

// element is one of a card's body. Text stands in RichTextBlocks alone: Teams reads Markdown in TextBlocks, and none in these. A link
// is a container that is touched as a whole, because links of a part of a text do not work everywhere
// (https://github.com/microsoft/AdaptiveCards/issues/9100).
type element struct {
	Type    string    `json:"type"`
	Inlines []run     `json:"inlines,omitempty"`
	Items   []element `json:"items,omitempty"`
	Select  *action   `json:"selectAction,omitempty"`
	URL     string    `json:"url,omitempty"`
	AltText string    `json:"altText,omitempty"`
	Spacing string    `json:"spacing,omitempty"`
}

type run struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Weight string `json:"weight,omitempty"`
	Size   string `json:"size,omitempty"`
	Color  string `json:"color,omitempty"`
	Subtle bool   `json:"isSubtle,omitempty"`
}

type action struct {
	Type  string `json:"type"`
	Title string `json:"title,omitempty"`
	URL   string `json:"url"`
}

// text is one line.
func text(s string) run {
	return run{Type: "TextRun", Text: strings.Join(strings.Fields(push.Plain(s)), " ")}
}

func bold(s string) run {
	r := text(s)
	r.Weight, r.Size = "Bolder", "Medium"
	return r
}

func small(s string) run {
	r := text(s)
	r.Subtle, r.Size = true, "Small"
	return r
}

func block(spacing string, runs ...run) element {
	return element{Type: "RichTextBlock", Inlines: runs, Spacing: spacing}
}

// link is a block that leads to an address, with its first text in the colour of links.
func link(spacing, address string, runs ...run) element {
	if address == "" {
		return block(spacing, runs...)
	}
	runs[0].Color = "Accent"
	return element{Type: "Container", Items: []element{block("", runs...)}, Select: &action{Type: "Action.OpenUrl", URL: address}, Spacing: spacing}
}

// Render implements [push.Target].
func (t *target) Render(m *push.Message) (*push.Payload, error) {
	build := func(entries []push.Entry) ([]byte, error) {
		c := card{
			Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4",
			Width: map[string]any{"width": "Full"},
		}
		if m.Heading != "" || len(entries) > 1 {
			list(&c, m, entries)
		} else {
			one(&c, m, &entries[0])
		}
		return push.JSON(message{Type: "message", Attachments: []attachment{{ContentType: "application/vnd.microsoft.card.adaptive", Content: c}}})
	}
	body, n, err := push.Pack(m, 0, func(b []byte) bool { return len(b) <= maxBody }, build)
	if err != nil {
		return nil, err
	}
	return &push.Payload{Body: body, ContentType: "application/json", Entries: n}, nil
}

func one(c *card, m *push.Message, e *push.Entry) {
	c.Body = append(c.Body, link("", e.URL, bold(m.Headline(e))))
	if !m.Small {
		if e.Image != "" {
			c.Body = append(c.Body, element{Type: "Image", URL: e.Image, AltText: e.Title})
		}
		for line := range strings.Lines(push.Plain(e.Text)) {
			if line = strings.TrimSpace(line); line != "" {
				c.Body = append(c.Body, block("Small", text(line)))
			}
		}
		if e.Footer != "" {
			c.Body = append(c.Body, block("Small", small(e.Footer)))
		}
	}
	if e.URL != "" {
		c.Actions = []action{{Type: "Action.OpenUrl", Title: m.ReadText(), URL: e.URL}}
	}
}

func list(c *card, m *push.Message, entries []push.Entry) {
	if m.Heading != "" {
		c.Body = append(c.Body, block("", bold(m.Heading)))
	}
	for i := range entries {
		e := &entries[i]
		runs := []run{text("• " + m.Headline(e))}
		if e.Footer != "" && !m.Small {
			foot := small(e.Footer)
			foot.Text = "  " + foot.Text
			runs = append(runs, foot)
		}
		c.Body = append(c.Body, link("Small", e.URL, runs...))
	}
	switch more := m.MoreText(); {
	case more == "":
	case m.MoreURL == "":
		c.Body = append(c.Body, block("Small", text(more)))
	default:
		c.Actions = []action{{Type: "Action.OpenUrl", Title: more, URL: m.MoreURL}}
	}
}

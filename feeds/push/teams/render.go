package teams

import (
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

// element is one of a card's body. Text stands in RichTextBlocks alone: Teams reads Markdown in TextBlocks, and none in these.
type element struct {
	Type    string `json:"type"`
	Inlines []run  `json:"inlines,omitempty"`
	URL     string `json:"url,omitempty"`
	AltText string `json:"altText,omitempty"`
	Spacing string `json:"spacing,omitempty"`
}

type run struct {
	Type   string  `json:"type"`
	Text   string  `json:"text"`
	Weight string  `json:"weight,omitempty"`
	Size   string  `json:"size,omitempty"`
	Subtle bool    `json:"isSubtle,omitempty"`
	Select *action `json:"selectAction,omitempty"`
}

type action struct {
	Type  string `json:"type"`
	Title string `json:"title,omitempty"`
	URL   string `json:"url"`
}

func text(s string) run {
	return run{Type: "TextRun", Text: push.Plain(s)}
}

func link(s, address string) run {
	r := text(s)
	if address != "" {
		r.Select = &action{Type: "Action.OpenUrl", URL: address}
	}
	return r
}

func block(spacing string, runs ...run) element {
	return element{Type: "RichTextBlock", Inlines: runs, Spacing: spacing}
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
	title := link(m.Headline(e), e.URL)
	title.Weight, title.Size = "Bolder", "Medium"
	c.Body = append(c.Body, block("", title))
	if !m.Small {
		if e.Image != "" {
			c.Body = append(c.Body, element{Type: "Image", URL: e.Image, AltText: e.Title})
		}
		if e.Text != "" {
			c.Body = append(c.Body, block("Small", text(e.Text)))
		}
		if e.Footer != "" {
			foot := text(e.Footer)
			foot.Subtle, foot.Size = true, "Small"
			c.Body = append(c.Body, block("Small", foot))
		}
	}
	// Telephones do not follow the link of a run: the button is for them.
	if e.URL != "" {
		c.Actions = []action{{Type: "Action.OpenUrl", Title: m.ReadText(), URL: e.URL}}
	}
}

func list(c *card, m *push.Message, entries []push.Entry) {
	if m.Heading != "" {
		head := text(m.Heading)
		head.Weight, head.Size = "Bolder", "Medium"
		c.Body = append(c.Body, block("", head))
	}
	for i := range entries {
		e := &entries[i]
		runs := []run{text("• "), link(m.Headline(e), e.URL)}
		if e.Footer != "" && !m.Small {
			foot := text(" " + e.Footer)
			foot.Subtle, foot.Size = true, "Small"
			runs = append(runs, foot)
		}
		c.Body = append(c.Body, block("Small", runs...))
	}
	if more := m.MoreText(); more != "" {
		c.Body = append(c.Body, block("Small", link(more, m.MoreURL)))
		if m.MoreURL != "" {
			c.Actions = []action{{Type: "Action.OpenUrl", Title: more, URL: m.MoreURL}}
		}
	}
}

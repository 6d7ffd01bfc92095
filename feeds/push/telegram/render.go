package telegram

import (
	"bytes"
	"strings"

	"feedmill/feeds/push"
)

// maxText is the limit of a message in UTF-16 units after its markup is read
// (https://core.telegram.org/bots/api#sendmessage). maxBody is ours: the markup itself has none that is documented.
const (
	maxText = 4096
	maxBody = 60_000
)

type message struct {
	Chat    string  `json:"chat_id"`
	Thread  int     `json:"message_thread_id,omitempty"`
	Text    string  `json:"text"`
	Mode    string  `json:"parse_mode,omitempty"`
	Preview preview `json:"link_preview_options"`
	Silent  bool    `json:"disable_notification,omitempty"`
}

type preview struct {
	Disabled bool   `json:"is_disabled,omitempty"`
	URL      string `json:"url,omitempty"`
}

// text builds HTML and counts what is seen of it.
type text struct {
	html bytes.Buffer
	seen int
	// plain leaves all markup out.
	plain bool
}

// write adds text that is seen.
func (t *text) write(s string) {
	s = shown.Replace(push.Plain(s))
	t.seen += push.Units(s)
	if !t.plain {
		s = escaper.Replace(s)
	}
	t.html.WriteString(s)
}

func (t *text) markup(s string) {
	if !t.plain {
		t.html.WriteString(s)
	}
}

// link adds a label that leads to an address. Without markup the address itself is seen.
func (t *text) link(label, address string) {
	switch {
	case address == "":
		t.write(label)
	case t.plain:
		t.write(label + " " + address)
	default:
		t.markup(`<a href="` + escaper.Replace(address) + `">`)
		t.write(label)
		t.markup("</a>")
	}
}

// shown keeps a name from being a mention, which Telegram finds in plain text, too, and would tell its owner of.
var shown = strings.NewReplacer("@", "@\u200b")

// escaper escapes what https://core.telegram.org/bots/api#html-style asks for.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// Render implements [push.Target]. Its small form has no markup at all.
func (t *target) Render(m *push.Message) (*push.Payload, error) {
	seen := 0
	build := func(entries []push.Entry) ([]byte, error) {
		x := text{plain: m.Small}
		if m.Heading != "" || len(entries) > 1 {
			list(&x, m, entries)
		} else {
			card(&x, m, &entries[0])
		}
		seen = x.seen
		msg := message{Chat: t.cfg.Chat, Thread: t.cfg.Thread, Text: strings.TrimSpace(x.html.String()), Silent: m.Silent}
		if !x.plain {
			msg.Mode = "HTML"
		}
		if msg.Preview.Disabled = true; len(entries) == 1 && entries[0].Image != "" && !x.plain && m.Heading == "" {
			msg.Preview = preview{URL: entries[0].Image}
		}
		return push.JSON(msg)
	}
	body, n, err := push.Pack(m, 0, func(b []byte) bool { return seen <= maxText && len(b) <= maxBody }, build)
	if err != nil {
		return nil, err
	}
	return &push.Payload{Body: body, ContentType: "application/json", Entries: n}, nil
}

func card(x *text, m *push.Message, e *push.Entry) {
	x.markup("<b>")
	x.link(m.Headline(e), e.URL)
	x.markup("</b>")
	if m.Small {
		return
	}
	if e.Text != "" {
		x.write("\n" + e.Text)
	}
	if e.Footer != "" {
		x.write("\n")
		x.markup("<i>")
		x.write(e.Footer)
		x.markup("</i>")
	}
}

func list(x *text, m *push.Message, entries []push.Entry) {
	if m.Heading != "" {
		x.markup("<b>")
		x.write(m.Heading)
		x.markup("</b>")
		x.write("\n")
	}
	for i := range entries {
		e := &entries[i]
		x.write("• ")
		x.link(m.Headline(e), e.URL)
		if e.Footer != "" && !m.Small {
			x.write(" ")
			x.markup("<i>")
			x.write(e.Footer)
			x.markup("</i>")
		}
		x.write("\n")
	}
	if more := m.MoreText(); more != "" {
		x.link(more, m.MoreURL)
	}
}

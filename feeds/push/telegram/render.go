package telegram

import (
	"regexp"
	"strings"

	"feedmill/feeds/push"
)

// Limits of a message: its text in UTF-16 units after the markup is read (https://core.telegram.org/bots/api#sendmessage); how many
// pieces of it have markup, since links beyond are dropped without a word (https://github.com/tdlib/telegram-bot-api/issues/820,
// https://github.com/rubenlagus/TelegramBots/issues/854); and how long the markup is, which is refused at some 9,500 characters of
// text and addresses (https://github.com/tdlib/telegram-bot-api/issues/165).
const (
	maxText   = 4096
	maxPieces = 100
	maxHTML   = 9000 // UTF-16 units
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
	Large    bool   `json:"prefer_large_media,omitempty"`
}

// text builds HTML and counts what is seen of it, and how many pieces have markup.
type text struct {
	html         strings.Builder
	seen, pieces int
	// plain leaves all markup out.
	plain bool
}

// write adds text that is seen.
func (t *text) write(s string) {
	if s = shown.Replace(push.Plain(s)); strings.Contains(s, "/") {
		s = command.ReplaceAllString(s, "$1/\u200b$2")
	}
	t.seen += push.Units(s)
	if !t.plain {
		s = escaper.Replace(s)
	}
	t.html.WriteString(s)
}

// in adds what write adds, within an element.
func (t *text) in(tag, s string, write func(string)) {
	if t.plain {
		write(s)
		return
	}
	t.pieces++
	t.html.WriteString("<" + tag + ">")
	write(s)
	name, _, _ := strings.Cut(tag, " ")
	t.html.WriteString("</" + name + ">")
}

// link adds a label that leads to an address. Without markup the address itself is seen.
func (t *text) link(label, address string) {
	switch {
	case address == "":
		t.write(label)
	case t.plain:
		t.write(label + " " + address)
	default:
		t.in(`a href="`+escaper.Replace(push.Plain(address))+`"`, label, t.write)
	}
}

// shown keeps a name from being a mention, which Telegram finds in plain text, too, and would tell its owner of.
var shown = strings.NewReplacer("@", "@\u200b")

// command is what Telegram would make a button of, which sends it to the group in the name of whoever touches it.
var command = regexp.MustCompile(`(^|[^\pL\pN/_:.])/([A-Za-z0-9_])`)

// escaper escapes what https://core.telegram.org/bots/api#html-style asks for.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// Render implements [push.Target]. Its small form has no markup at all.
func (t *target) Render(m *push.Message) (*push.Payload, error) {
	var x *text // of what was built last
	build := func(entries []push.Entry) ([]byte, error) {
		x = &text{plain: m.Small}
		msg := message{Chat: t.cfg.Chat, Thread: t.cfg.Thread, Silent: m.Silent, Preview: preview{Disabled: true}}
		if m.Heading != "" || len(entries) > 1 {
			list(x, m, entries)
		} else {
			card(x, m, &entries[0])
			if entries[0].Image != "" && !m.Small {
				msg.Preview = preview{URL: entries[0].Image, Large: true}
			}
		}
		if !x.plain {
			msg.Mode = "HTML"
		}
		msg.Text = strings.TrimSpace(x.html.String())
		return push.JSON(msg)
	}
	fits := func([]byte) bool {
		return x.seen <= maxText && x.pieces <= maxPieces && (x.plain || push.Units(x.html.String()) <= maxHTML)
	}
	body, n, err := push.Pack(m, 0, fits, build)
	if err != nil {
		return nil, err
	}
	return &push.Payload{Body: body, ContentType: "application/json", Entries: n}, nil
}

func card(x *text, m *push.Message, e *push.Entry) {
	x.in("b", m.Headline(e), func(s string) { x.link(s, e.URL) })
	if m.Small {
		return
	}
	if e.Text != "" {
		x.write("\n" + e.Text)
	}
	if e.Footer != "" {
		x.write("\n")
		x.in("i", e.Footer, x.write)
	}
}

// list is a digest. Its small print has no markup, which would take the pieces of the links.
func list(x *text, m *push.Message, entries []push.Entry) {
	if m.Heading != "" {
		x.in("b", m.Heading, x.write)
		x.write("\n")
	}
	for i := range entries {
		e := &entries[i]
		x.write("• ")
		x.link(m.Headline(e), e.URL)
		if e.Footer != "" && !m.Small {
			x.write(" · " + strings.Join(strings.Fields(e.Footer), " "))
		}
		x.write("\n")
	}
	if more := m.MoreText(); more != "" {
		x.link(more, m.MoreURL)
	}
}

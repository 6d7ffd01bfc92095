package feishu

import (
	"fmt"
	"strings"
	"unicode"

	"feedmill/feeds/push"
)

// maxBody is the limit of a request, 20 kB, less what a signature takes.
const maxBody = 20_000 - 150

type message struct {
	Type    string   `json:"msg_type"`
	Content *content `json:"content,omitempty"`
	Card    *card    `json:"card,omitempty"`
}

type content struct {
	Post map[string]post `json:"post"`
}

// post is rich text: its runs are shown as they are, whatever is in them.
type post struct {
	Title   string  `json:"title,omitempty"`
	Content [][]run `json:"content"`
}

type run struct {
	Tag  string `json:"tag"`
	Text string `json:"text"`
	Href string `json:"href,omitempty"`
}

func text(s string) run { return run{Tag: "text", Text: push.Plain(s)} }

func link(s, address string) run {
	if address == "" {
		return text(s)
	}
	return run{Tag: "a", Text: push.Plain(s), Href: address}
}

// Render implements [push.Target]. Pictures would have to be uploaded, which a custom bot cannot.
func (t *target) Render(m *push.Message) (*push.Payload, error) {
	build := func(entries []push.Entry) ([]byte, error) {
		many := m.Heading != "" || len(entries) > 1
		if t.cfg.Style == "card" && !m.Small {
			return push.JSON(message{Type: "interactive", Card: t.card(m, entries, many)})
		}
		lang := "en_us"
		if m.Language == "zh" {
			lang = "zh_cn"
		}
		return push.JSON(message{Type: "post", Content: &content{map[string]post{lang: t.post(m, entries, many)}}})
	}
	body, n, err := push.Pack(m, 0, func(b []byte) bool { return len(b) <= maxBody }, build)
	if err != nil {
		return nil, err
	}
	return &push.Payload{Body: body, ContentType: "application/json; charset=utf-8", Entries: n}, nil
}

// title is the heading of a digest or the title of an entry, behind the configured words.
func (t *target) title(m *push.Message, entries []push.Entry, many bool) string {
	s := m.Heading
	if !many {
		s = m.Headline(&entries[0])
	}
	return push.Plain(oneLine(t.cfg.Prefix + " " + s))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (t *target) post(m *push.Message, entries []push.Entry, many bool) post {
	out := post{Title: t.title(m, entries, many)}
	if many {
		for i := range entries {
			e := &entries[i]
			row := []run{text("• "), link(m.Headline(e), e.URL)}
			if e.Footer != "" && !m.Small {
				row = append(row, text("  "+oneLine(e.Footer)))
			}
			out.Content = append(out.Content, row)
		}
		if more := m.MoreText(); more != "" {
			out.Content = append(out.Content, []run{link(more, m.MoreURL)})
		}
		return out
	}
	e := &entries[0]
	if !m.Small {
		for line := range strings.Lines(push.Plain(e.Text)) {
			if line = strings.TrimSpace(line); line != "" {
				out.Content = append(out.Content, []run{text(line)})
			}
		}
	}
	last := []run{}
	if e.URL != "" {
		last = append(last, link(m.ReadText(), e.URL))
	}
	if e.Footer != "" && !m.Small {
		foot := oneLine(e.Footer)
		if len(last) > 0 {
			foot = "  " + foot
		}
		last = append(last, text(foot))
	}
	if len(last) == 0 && len(out.Content) == 0 {
		last = append(last, text(" ")) // a post without content is refused
	}
	if len(last) > 0 {
		out.Content = append(out.Content, last)
	}
	return out
}

// card is a message card (https://open.feishu.cn/document/feishu-cards/card-json-v2-structure).
type card struct {
	Schema string `json:"schema"`
	Header header `json:"header"`
	Body   body   `json:"body"`
}

type header struct {
	Title plain `json:"title"`
}

type body struct {
	Elements []element `json:"elements"`
}

// plain is text that is shown as it is.
type plain struct {
	Tag     string `json:"tag"`
	Content string `json:"content"`
	Size    string `json:"text_size,omitempty"`
	Color   string `json:"text_color,omitempty"`
}

type element struct {
	Tag       string     `json:"tag"`
	Content   string     `json:"content,omitempty"` // of markdown
	Text      *plain     `json:"text,omitempty"`
	Behaviors []behavior `json:"behaviors,omitempty"`
}

type behavior struct {
	Type string `json:"type"`
	URL  string `json:"default_url"`
}

func words(s string) *plain { return &plain{Tag: "plain_text", Content: push.Plain(s)} }

func button(label, address string) element {
	return element{Tag: "button", Text: words(label), Behaviors: []behavior{{"open_url", address}}}
}

func (t *target) card(m *push.Message, entries []push.Entry, many bool) *card {
	c := &card{Schema: "2.0", Header: header{*words(t.title(m, entries, many))}}
	add := func(e element) { c.Body.Elements = append(c.Body.Elements, e) }
	if many {
		// One line end alone may be taken for a blank in a card's Markdown, so each entry is one of a list.
		var b strings.Builder
		for i := range entries {
			e := &entries[i]
			b.WriteString("- " + mdLink(m.Headline(e), e.URL))
			if e.Footer != "" {
				b.WriteString(" <font color='grey'>" + escape(oneLine(e.Footer)) + "</font>")
			}
			b.WriteByte('\n')
		}
		add(element{Tag: "markdown", Content: strings.TrimSpace(b.String())})
		if more := m.MoreText(); more != "" {
			add(element{Tag: "markdown", Content: mdLink(more, m.MoreURL)})
		}
		return c
	}
	e := &entries[0]
	if e.Text != "" {
		add(element{Tag: "div", Text: words(e.Text)})
	}
	if e.Footer != "" {
		foot := words(oneLine(e.Footer))
		foot.Size, foot.Color = "notation", "grey"
		add(element{Tag: "div", Text: foot})
	}
	if e.URL != "" {
		add(button(m.ReadText(), e.URL))
	}
	if len(c.Body.Elements) == 0 {
		add(element{Tag: "div", Text: words(" ")})
	}
	return c
}

func mdLink(label, address string) string {
	if address == "" {
		return escape(label)
	}
	return "[" + escape(label) + "](" + push.LinkURL(address) + ")"
}

// escape writes one line for a card's Markdown, where letters that mean something are written as entities
// (https://open.feishu.cn/document/feishu-cards/card-json-v2-components/content-components/rich-text).
func escape(s string) string {
	var b strings.Builder
	number := true // so far, which a dot would make a list of
	for _, r := range push.Plain(s) {
		if strings.ContainsRune("&<>*_~`[]()#+-=!|\\:@$\"'", r) || r == '.' && number {
			fmt.Fprintf(&b, "&#%d;", r)
		} else {
			b.WriteRune(r)
		}
		number = number && unicode.IsDigit(r)
	}
	return b.String()
}

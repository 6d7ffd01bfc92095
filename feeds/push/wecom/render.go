package wecom

import (
	"strings"

	"feedmill/feeds/push"
)

// Limits of a message, in bytes of UTF-8 of what is inside of the JSON (40058 beyond), and of a list of news.
const (
	maxText     = 2048
	maxMarkdown = 4096
	maxArticles = 8
	// WeCom itself cuts what is longer, between any two bytes and without a mark.
	maxArticleTitle = 128
	maxArticleText  = 512
	maxArticleURL   = 2048
)

type message struct {
	Type       string `json:"msgtype"`
	Text       *text  `json:"text,omitempty"`
	Markdown   *body  `json:"markdown,omitempty"`
	MarkdownV2 *body  `json:"markdown_v2,omitempty"`
	News       *news  `json:"news,omitempty"`
}

type body struct {
	Content string `json:"content"`
}

type text struct {
	body
	Users   []string `json:"mentioned_list,omitempty"`
	Mobiles []string `json:"mentioned_mobile_list,omitempty"`
}

type news struct {
	Articles []article `json:"articles"`
}

type article struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url"`
	Picture     string `json:"picurl,omitempty"`
}

// Render implements [push.Target]. The safest form is plain text, which every client shows.
func (t *target) Render(m *push.Message) (*push.Payload, error) {
	style := t.cfg.Style
	if m.Small {
		style = styleText
	}
	if style == styleNews {
		if t.newsworthy(m) {
			return t.news(m)
		}
		style = styleMarkdown
	}
	most, lines := maxMarkdown, t.markdown
	switch style {
	case styleText:
		most, lines = maxText, t.text
	case styleMarkdownV2:
		lines = t.markdownV2
	}
	content, n, err := push.Pack(m, 0, func(b []byte) bool { return len(b) <= most }, func(entries []push.Entry) ([]byte, error) {
		return []byte(strings.Join(lines(m, entries), "\n")), nil
	})
	if err != nil {
		return nil, err
	}
	msg, b := message{Type: style}, &body{string(content)}
	switch style {
	case styleText:
		msg.Text = t.mentioning(m, *b)
	case styleMarkdownV2:
		msg.MarkdownV2 = b
	default:
		msg.Markdown = b
	}
	return payload(msg, n)
}

func payload(msg message, n int) (*push.Payload, error) {
	b, err := push.JSON(msg)
	if err != nil {
		return nil, err
	}
	return &push.Payload{Body: b, ContentType: "application/json; charset=utf-8", Entries: n}, nil
}

// one says whether entries are shown as one item, not as lines of a digest.
func one(m *push.Message, entries []push.Entry) bool { return m.Heading == "" && len(entries) == 1 }

// markdown are the lines of that type: it knows no list and no picture.
func (t *target) markdown(m *push.Message, entries []push.Entry) (lines []string) {
	if one(m, entries) {
		e := &entries[0]
		lines = append(lines, "**"+link(m.Headline(e), e.URL)+"**")
		lines = append(lines, quote(e.Text)...)
		if e.Footer != "" {
			lines = append(lines, comment(push.FullWidth(line(e.Footer))))
		}
	} else {
		lines = list(m, entries, "**", "**", "")
		if more := m.MoreText(); more != "" {
			lines = append(lines, link(more, m.MoreURL))
		}
	}
	if len(t.cfg.Mention) > 0 && !m.Silent && t.cfg.Style == styleMarkdown {
		lines = append(lines, "<@"+strings.Join(t.cfg.Mention, "> <@")+">")
	}
	return lines
}

func comment(s string) string { return `<font color="comment">` + s + `</font>` }

// markdownV2 are the lines of that type: it knows no colour and calls nobody.
func (t *target) markdownV2(m *push.Message, entries []push.Entry) (lines []string) {
	if !one(m, entries) {
		lines = list(m, entries, "### ", "", "- ")
		if more := m.MoreText(); more != "" {
			lines = append(lines, "", link(more, m.MoreURL))
		}
		return lines
	}
	e := &entries[0]
	lines = append(lines, "### "+link(m.Headline(e), e.URL))
	if e.Image != "" {
		lines = append(lines, "![]("+push.LinkURL(e.Image)+")")
	}
	lines = append(lines, quote(e.Text)...)
	if e.Footer != "" {
		lines = append(lines, "", push.FullWidth(line(e.Footer)))
	}
	return lines
}

// list are the lines of a digest.
func list(m *push.Message, entries []push.Entry, before, after, bullet string) (lines []string) {
	if m.Heading != "" {
		lines = append(lines, before+push.FullWidth(line(m.Heading))+after)
	}
	for i := range entries {
		lines = append(lines, bullet+link(m.Headline(&entries[i]), entries[i].URL))
	}
	return lines
}

func quote(s string) (lines []string) {
	for l := range strings.SplitSeq(push.FullWidth(s), "\n") {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, "> "+l)
		}
	}
	return lines
}

func link(label, address string) string {
	label = push.FullWidth(line(label))
	if address == "" {
		return label
	}
	return "[" + label + "](" + push.LinkURL(address) + ")"
}

func line(s string) string { return strings.Join(strings.Fields(s), " ") }

// text are the lines of that type: nothing in it is markup but a call, "<@", which becomes none.
func (t *target) text(m *push.Message, entries []push.Entry) (lines []string) {
	plain := strings.NewReplacer("<@", "＜@").Replace
	add := func(s, address string) {
		lines = append(lines, plain(push.Plain(s)))
		if address != "" {
			lines = append(lines, push.LinkURL(address))
		}
	}
	if !one(m, entries) {
		if m.Heading != "" {
			lines = append(lines, plain(push.Plain(line(m.Heading))), "")
		}
		for i := range entries {
			add(m.Headline(&entries[i]), entries[i].URL)
		}
		if more := m.MoreText(); more != "" {
			lines = append(lines, "")
			add(more, m.MoreURL)
		}
		return lines
	}
	e := &entries[0]
	lines = append(lines, plain(push.Plain(m.Headline(e))))
	if !m.Small {
		for l := range strings.SplitSeq(push.Plain(e.Text), "\n") {
			if l = strings.TrimSpace(l); l != "" {
				lines = append(lines, plain(l))
			}
		}
		if e.Footer != "" {
			lines = append(lines, plain(push.Plain(line(e.Footer))))
		}
	}
	if e.URL != "" {
		lines = append(lines, push.LinkURL(e.URL))
	}
	return lines
}

// mentioning adds whom a message of text calls.
func (t *target) mentioning(m *push.Message, b body) *text {
	out := &text{body: b}
	if m.Silent || t.cfg.Style != styleText {
		return out
	}
	for _, who := range t.cfg.Mention {
		if mobile(who) {
			out.Mobiles = append(out.Mobiles, who)
		} else {
			out.Users = append(out.Users, who)
		}
	}
	return out
}

// newsworthy says whether a message is shown as cards: the first entry has a picture, all have an address, and they and what
// leads to the rest fit into one list. More would be many messages where Markdown needs one.
func (t *target) newsworthy(m *push.Message) bool {
	cards := len(m.Entries)
	if m.More > 0 {
		cards++
	}
	if cards == 0 || cards > maxArticles || m.Entries[0].Image == "" || m.More > 0 && (m.MoreURL == "" || len(m.MoreURL) > maxArticleURL) {
		return false
	}
	for i := range m.Entries {
		if u := push.LinkURL(m.Entries[i].URL); u == "" || len(u) > maxArticleURL {
			return false
		}
	}
	return true
}

func (t *target) news(m *push.Message) (*push.Payload, error) {
	n := &news{}
	for i := range m.Entries {
		e := &m.Entries[i]
		a := article{Title: cut(m.Headline(e), maxArticleTitle), URL: push.LinkURL(e.URL)}
		a.Description = cut(line(e.Text), maxArticleText)
		if a.Description == "" {
			a.Description = cut(line(e.Footer), maxArticleText)
		}
		if u := push.LinkURL(e.Image); len(u) <= maxArticleURL {
			a.Picture = u
		}
		n.Articles = append(n.Articles, a)
	}
	if more := m.MoreText(); more != "" {
		n.Articles = append(n.Articles, article{Title: more, URL: push.LinkURL(m.MoreURL)})
	}
	return payload(message{Type: styleNews, News: n}, len(m.Entries))
}

// cut shortens what is shown in a card to so many bytes; a title that is empty then is a mark.
func cut(s string, most int) string {
	s = push.Plain(s)
	if s == "" {
		return ""
	}
	if c := push.Cut(s, push.Bytes(most)); c != "" {
		return c
	}
	return push.Mark
}

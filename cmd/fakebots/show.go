package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
)

// decode reads a message; what cannot be read is shown as nothing, and raw below.
func decode[T any](body []byte) (v T) {
	if err := json.Unmarshal(body, &v); err != nil {
		var none T
		return none
	}
	return v
}

func small(s string) []Node {
	if s == "" {
		return nil
	}
	return []Node{N(Small, T(s))}
}

func paragraph(s string) []Node {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	return []Node{N(Para, T(s))}
}

type slackText struct{ Type, Text string }

func showSlack(body []byte) (nodes []Node) {
	m := decode[struct {
		Text   string
		Blocks []struct {
			Type      string
			Text      *slackText
			Elements  []slackText
			Accessory *struct {
				URL string `json:"image_url"`
			}
		}
	}](body)
	if len(m.Blocks) == 0 {
		return []Node{N(Para, mrkdwn(slackText{"mrkdwn", m.Text})...)}
	}
	for _, b := range m.Blocks {
		what := Para
		switch b.Type {
		case "header":
			what = Heading
		case "context":
			what = Small
		case "divider":
			nodes = append(nodes, N(Rule))
		}
		if b.Accessory != nil {
			nodes = append(nodes, Node{What: Image, URL: b.Accessory.URL})
		}
		if b.Text != nil {
			nodes = append(nodes, N(what, mrkdwn(*b.Text)...))
		}
		for _, e := range b.Elements {
			nodes = append(nodes, N(what, mrkdwn(e)...))
		}
	}
	return nodes
}

var (
	slackAngle = regexp.MustCompile(`^<([^<>]*)>`)
	slackBold  = regexp.MustCompile(`^\*([^*\n]+)\*`)
	unescape   = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace
)

// mrkdwn reads what Slack calls so: links, mentions and bold text.
func mrkdwn(t slackText) (nodes []Node) {
	if t.Type != "mrkdwn" {
		return []Node{T(unescape(t.Text))}
	}
	plain := ""
	flush := func() {
		if plain != "" {
			nodes = append(nodes, T(unescape(plain)))
			plain = ""
		}
	}
	for s := t.Text; s != ""; {
		if x := slackAngle.FindStringSubmatch(s); x != nil {
			flush()
			address, label, ok := strings.Cut(x[1], "|")
			if !ok {
				label = address
			}
			if strings.IndexAny(address, "!@#") == 0 {
				nodes = append(nodes, N(Mention, T(label)))
			} else {
				nodes = append(nodes, L(unescape(address), T(unescape(label))))
			}
			s = s[len(x[0]):]
			continue
		}
		if x := slackBold.FindStringSubmatch(s); x != nil {
			flush()
			nodes = append(nodes, N(Bold, mrkdwn(slackText{"mrkdwn", x[1]})...))
			s = s[len(x[0]):]
			continue
		}
		plain += s[:1]
		s = s[1:]
	}
	flush()
	return nodes
}

func showWeCom(body []byte) (nodes []Node) {
	type content struct {
		Content string
		Users   []string `json:"mentioned_list"`
		Mobiles []string `json:"mentioned_mobile_list"`
	}
	m := decode[struct {
		Text, Markdown content
		V2             content `json:"markdown_v2"`
		News           struct {
			Articles []struct{ Title, Description, URL, PicURL string }
		}
	}](body)
	calls := regexp.MustCompile(`^<@([^>]*)>`)
	nodes = markdown{Fonts: true, Mention: calls}.parse(m.Markdown.Content)
	nodes = append(nodes, markdown{Italic: true, Lists: true, Images: true, Tables: true, Rules: true, Fences: true}.parse(m.V2.Content)...)
	for line := range strings.SplitSeq(m.Text.Content, "\n") {
		if web(line) {
			nodes = append(nodes, N(Para, L(line, T(line))))
		} else {
			nodes = append(nodes, paragraph(line)...)
		}
	}
	for _, who := range append(m.Text.Users, m.Text.Mobiles...) {
		nodes = append(nodes, N(Mention, T("@"+who)))
	}
	for _, a := range m.News.Articles {
		nodes = append(nodes, N(Card, Node{What: Image, URL: a.PicURL}, N(Para, L(a.URL, T(a.Title))), N(Small, T(a.Description))))
	}
	return nodes
}

func showDingTalk(body []byte) []Node {
	m := decode[struct {
		Text     struct{ Content string }
		Markdown struct{ Text string }
		FeedCard struct {
			Links []struct{ Title, MessageURL, PicURL string }
		}
	}](body)
	nodes := markdown{Italic: true, Lists: true, Images: true}.parse(m.Markdown.Text)
	nodes = append(nodes, paragraph(m.Text.Content)...)
	for _, l := range m.FeedCard.Links {
		nodes = append(nodes, N(Card, Node{What: Image, URL: l.PicURL}, N(Para, L(l.MessageURL, T(l.Title)))))
	}
	return nodes
}

func showFeishu(body []byte) (nodes []Node) {
	type words struct{ Content string }
	m := decode[struct {
		Content struct {
			Post map[string]struct {
				Title   string
				Content [][]struct{ Tag, Text, Href string }
			}
		}
		Card struct {
			Header struct{ Title words }
			Body   struct {
				Elements []struct {
					Tag, Content string
					Text         words
					Behaviors    []struct {
						URL string `json:"default_url"`
					}
				}
			}
		}
	}](body)
	for _, p := range m.Content.Post {
		nodes = append(nodes, N(Heading, T(p.Title)))
		for _, row := range p.Content {
			var runs []Node
			for _, r := range row {
				if r.Tag == "a" {
					runs = append(runs, L(r.Href, T(r.Text)))
				} else {
					runs = append(runs, T(r.Text))
				}
			}
			nodes = append(nodes, N(Para, runs...))
		}
	}
	if title := m.Card.Header.Title.Content; title != "" {
		nodes = append(nodes, N(Heading, T(title)))
	}
	for _, e := range m.Card.Body.Elements {
		switch {
		case e.Tag == "markdown":
			nodes = append(nodes, markdown{Italic: true, Lists: true, Entities: true}.parse(e.Content)...)
		case e.Tag == "button" && len(e.Behaviors) > 0:
			nodes = append(nodes, N(Para, L(e.Behaviors[0].URL, T(e.Text.Content))))
		default:
			nodes = append(nodes, paragraph(e.Text.Content)...)
		}
	}
	return nodes
}

func showDiscord(body []byte) (nodes []Node) {
	m := decode[struct {
		Content string
		Embeds  []struct {
			Title, URL, Description string
			Image                   struct{ URL string }
			Footer                  struct{ Text string }
		}
	}](body)
	md := markdown{Italic: true, Strike: true, Underscore: true, Lists: true, Fences: true, Escapes: true}
	nodes = md.parse(m.Content)
	for _, e := range m.Embeds {
		var card []Node
		if e.Title != "" {
			card = append(card, N(Heading, L(e.URL, md.inline(e.Title)...)))
		}
		card = append(card, md.parse(e.Description)...)
		card = append(card, Node{What: Image, URL: e.Image.URL})
		nodes = append(nodes, N(Card, append(card, small(e.Footer.Text)...)...))
	}
	return nodes
}

func showTelegram(body []byte) []Node {
	m := decode[struct {
		Text string
		Mode string `json:"parse_mode"`
	}](body)
	if m.Mode != "HTML" {
		return paragraph(m.Text)
	}
	dec := xml.NewDecoder(strings.NewReader("<p>" + m.Text + "</p>"))
	open := []Node{{}}
	for {
		tok, err := dec.Token()
		if err != nil {
			break
		}
		top := &open[len(open)-1]
		switch tok := tok.(type) {
		case xml.StartElement:
			n := Node{What: map[string]What{"a": Link, "b": Bold, "i": Italic, "s": Strike, "code": Code, "blockquote": Quote}[tok.Name.Local]}
			if n.What == Text {
				n.What = Para
			}
			for _, a := range tok.Attr {
				n.URL = a.Value
			}
			open = append(open, n)
		case xml.CharData:
			top.Nodes = append(top.Nodes, T(string(tok)))
		case xml.EndElement:
			open = open[:len(open)-1]
			parent := &open[len(open)-1]
			parent.Nodes = append(parent.Nodes, *top)
		}
	}
	return open[0].Nodes
}

type teamsElement struct {
	Type, Text, URL string
	Inlines         []teamsElement
	Items           []teamsElement
	Select          *struct{ URL string } `json:"selectAction"`
}

func showTeams(body []byte) (nodes []Node) {
	m := decode[struct {
		Attachments []struct {
			Content struct {
				Body    []teamsElement
				Actions []struct{ Title, URL string }
			}
		}
	}](body)
	for _, a := range m.Attachments {
		nodes = append(nodes, teams(a.Content.Body)...)
		for _, x := range a.Content.Actions {
			nodes = append(nodes, N(Para, L(x.URL, T(x.Title))))
		}
	}
	return nodes
}

func teams(list []teamsElement) (nodes []Node) {
	for _, e := range list {
		n := T(e.Text)
		switch e.Type {
		case "TextRun":
		case "Image":
			n = Node{What: Image, URL: e.URL}
		case "RichTextBlock", "TextBlock":
			n = N(Para, append(paragraph(e.Text), teams(e.Inlines)...)...)
		default:
			n = N(Card, append(teams(e.Items), teams(e.Inlines)...)...)
		}
		if e.Select != nil {
			n = L(e.Select.URL, n)
		}
		nodes = append(nodes, n)
	}
	return nodes
}

func showWebhook(body []byte) []Node {
	m := decode[struct {
		Type string
		Data struct {
			URL, Title, Summary string
			Text                string `json:"content_text"`
			Tags                []string
		}
		More struct {
			Count int
			URL   string
		}
	}](body)
	nodes := []Node{N(Small, N(Code, T(m.Type))), N(Para, L(m.Data.URL, T(m.Data.Title)))}
	nodes = append(nodes, paragraph(m.Data.Summary)...)
	if m.Data.Text != m.Data.Summary {
		nodes = append(nodes, paragraph(m.Data.Text)...)
	}
	nodes = append(nodes, small(strings.Join(m.Data.Tags, " · "))...)
	if m.More.Count > 0 {
		nodes = append(nodes, N(Para, L(m.More.URL, T(fmt.Sprintf("+%d more", m.More.Count)))))
	}
	return nodes
}

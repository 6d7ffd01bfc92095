package pushtest

import (
	"encoding/json"
	"encoding/xml"
	"regexp"
	"strings"
)

// ReadTeams is a card as Teams shows it.
func ReadTeams(body []byte) (s Shown) {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return Shown{}
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			if u, ok := v["url"].(string); ok {
				s.Links = append(s.Links, u)
			}
			switch v["type"] {
			case "TextRun":
				s.Text += v["text"].(string)
			case "TextBlock": // which reads Markdown
				s.Styles = append(s.Styles, v["text"].(string))
			case "mention":
				s.Mentions = append(s.Mentions, "mention")
			}
			if title, ok := v["title"].(string); ok && v["type"] == "Action.OpenUrl" {
				s.Text += title + "\n"
			}
			if v["type"] == "RichTextBlock" {
				defer func() { s.Text += "\n" }()
			}
			for _, key := range []string{"attachments", "content", "body", "items", "inlines", "actions", "selectAction", "msteams", "entities"} {
				walk(v[key])
			}
		}
	}
	walk(v)
	return s
}

// ReadTelegram is a message as Telegram shows it. The target's own markup is bold, italic and links.
func ReadTelegram(body []byte) (s Shown) {
	var m struct {
		Text    string `json:"text"`
		Mode    string `json:"parse_mode"`
		Preview struct {
			URL string `json:"url"`
		} `json:"link_preview_options"`
	}
	if json.Unmarshal(body, &m) != nil {
		return Shown{}
	}
	s.Text = m.Text
	if m.Preview.URL != "" {
		s.Links = append(s.Links, m.Preview.URL)
	}
	if m.Mode == "HTML" {
		text, _, err := telegramText(m.Text)
		if err != nil {
			s.Styles = append(s.Styles, err.Error())
		}
		s.Text = text
		dec := xml.NewDecoder(strings.NewReader("<x>" + m.Text + "</x>"))
		for {
			tok, err := dec.Token()
			if err != nil {
				break
			}
			e, ok := tok.(xml.StartElement)
			if !ok {
				continue
			}
			switch e.Name.Local {
			case "a":
				s.Links = append(s.Links, e.Attr[0].Value)
			case "x", "b", "i":
			default:
				s.Styles = append(s.Styles, e.Name.Local)
			}
		}
	}
	// Names are found in the text itself.
	s.Mentions = regexp.MustCompile(`@[A-Za-z0-9_]+`).FindAllString(s.Text, -1)
	return s
}

// ReadDiscord is a message as Discord shows it.
func ReadDiscord(body []byte) (s Shown) {
	var m struct {
		Embeds []struct {
			Title, URL, Description string
			Image                   struct{ URL string }
			Footer                  struct{ Text string }
		}
	}
	if json.Unmarshal(body, &m) != nil {
		return Shown{}
	}
	for _, e := range m.Embeds {
		for _, u := range []string{e.URL, e.Image.URL} {
			if u != "" {
				s.Links = append(s.Links, u)
			}
		}
		for _, md := range []string{e.Title, e.Description} {
			one := readMarkdown(md)
			s.Text += one.Text + "\n"
			s.Links = append(s.Links, one.Links...)
			s.Mentions = append(s.Mentions, one.Mentions...)
			s.Styles = append(s.Styles, one.Styles...)
		}
		s.Text += e.Footer.Text + "\n"
	}
	return s
}

var (
	mdEscape  = regexp.MustCompile(`\\([!-/:-@\[-` + "`" + `{-~])`)
	mdLink    = regexp.MustCompile(`!?\[([^\[\]]*)\]\(([^()\s]*)\)`)
	mdMention = regexp.MustCompile(`<[@#:!/]?[^<>\s]*>|@(everyone|here|all|[A-Za-z0-9_]+)`)
	mdStyle   = regexp.MustCompile("\\*+[^*\\s][^*]*\\*+|(^|\\W)_+[^_\\s][^_]*_+|~~.+~~|`+[^`]+`+|\\|\\|.+\\|\\||(?m:^(#{1,6}|>|-|\\*) )")
)

// readMarkdown finds what is live in Markdown whose letters are escaped with a backslash.
func readMarkdown(md string) (s Shown) {
	// An escaped letter is put where no markup is found, and read as itself at the end.
	const hidden = 0xE000
	md = mdEscape.ReplaceAllStringFunc(md, func(m string) string { return string(rune(hidden + int(m[1]))) })
	md = mdLink.ReplaceAllStringFunc(md, func(m string) string {
		part := mdLink.FindStringSubmatch(m)
		s.Links = append(s.Links, part[2])
		return part[1]
	})
	s.Mentions, s.Styles = mdMention.FindAllString(md, -1), mdStyle.FindAllString(md, -1)
	s.Text = strings.Map(func(r rune) rune {
		if r > hidden && r < hidden+0x80 {
			return r - hidden
		}
		return r
	}, md)
	return s
}

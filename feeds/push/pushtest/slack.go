package pushtest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// SlackPath is the path of the one webhook that [Slack] knows.
const SlackPath = "/services/T00000000/B00000000/faketokenslack"

func slackSays(status int, words string) Reply {
	return Reply{Status: status, ContentType: "text/plain; charset=utf-8", Body: words}
}

// Slack is a fake of incoming webhooks: a burst of five messages and one a second, answers in plain words.
func Slack(now func() time.Time) *Fake {
	over := after(slackSays(429, "rate_limited"), 1)
	return NewFake(Platform{
		Name: "slack",
		// A bucket of five that one a second fills.
		Rates: []push.Rate{{Count: 5, Per: time.Second}, {Count: 10, Per: 6 * time.Second}, {Count: 65, Per: time.Minute}},
		Over:  over,
		Judge: judgeSlack,
		OK:    func(int, *http.Request) Reply { return slackSays(200, "ok") },
		Answers: map[Mode]Reply{
			Limited:  after(asJSON(429, `{"ok":false,"error":"rate_limited"}`), 30),
			Gone:     slackSays(410, "channel_is_archived"),
			Blocked:  slackSays(403, "action_prohibited"),
			Refusing: slackSays(400, "invalid_blocks"),
			Busy:     slackSays(500, "rollup_error"),
		},
	}, now)
}

type slackMessage struct {
	Text        string
	Parse       string
	Markdown    *bool `json:"mrkdwn"`
	LinkNames   int   `json:"link_names"`
	UnfurlLinks *bool `json:"unfurl_links"`
	UnfurlMedia *bool `json:"unfurl_media"`
	Attachments []json.RawMessage
	Blocks      []slackBlock
}

type slackBlock struct {
	Type      string
	Text      *slackText
	Fields    []slackText
	Elements  []slackText
	Accessory *struct {
		Type string
		URL  string `json:"image_url"`
		Alt  string `json:"alt_text"`
	}
}

type slackText struct {
	Type, Text string
	Verbatim   bool
}

// texts are the texts of a block, in the order in which they are read.
func (b *slackBlock) texts() (all []slackText) {
	if b.Text != nil {
		all = append(all, *b.Text)
	}
	return append(append(all, b.Fields...), b.Elements...)
}

func judgeSlack(r *http.Request, body []byte) *Reply {
	say := func(status int, words string) *Reply { reply := slackSays(status, words); return &reply }
	switch {
	case !strings.HasPrefix(r.URL.Path, "/services/T00000000/"):
		return say(404, "no_team")
	case r.URL.Path != SlackPath:
		return say(404, "no_service")
	}
	var m slackMessage
	if json.Unmarshal(body, &m) != nil {
		return say(400, "invalid_payload")
	}
	if m.Text == "" && len(m.Blocks) == 0 && len(m.Attachments) == 0 {
		return say(400, "no_text")
	}
	if len(m.Attachments) > 100 {
		return say(400, "too_many_attachments")
	}
	total := 0
	bad := len(m.Blocks) > 50
	for i := range m.Blocks {
		b := &m.Blocks[i]
		for _, t := range b.texts() {
			n := push.Units(t.Text)
			total += n
			bad = bad || t.Type != "plain_text" && t.Type != "mrkdwn" || n == 0
		}
		switch b.Type {
		case "section":
			bad = bad || b.Text == nil && len(b.Fields) == 0 || b.Text != nil && push.Units(b.Text.Text) > 3000 || len(b.Fields) > 10
			for _, f := range b.Fields {
				bad = bad || push.Units(f.Text) > 2000
			}
			if a := b.Accessory; a != nil {
				bad = bad || a.Type != "image" || a.URL == "" || len(a.URL) > 3000 || a.Alt == "" || push.Units(a.Alt) > 2000
			}
		case "header":
			bad = bad || b.Text == nil || b.Text.Type != "plain_text" || push.Units(b.Text.Text) > 150
		case "context":
			bad = bad || len(b.Elements) == 0 || len(b.Elements) > 10
		case "divider":
		default:
			bad = true
		}
	}
	if bad || total > 13_000 {
		return say(400, "invalid_blocks")
	}
	return nil
}

var (
	slackAngle = regexp.MustCompile(`<([^<>]*)>`)
	slackStyle = regexp.MustCompile("(?:^|[^\\pL\\pN])(\\*[^*\\s](?:[^*\\n]*[^*\\s])?\\*|_[^_\\s](?:[^_\\n]*[^_\\s])?_|~[^~\\s](?:[^~\\n]*[^~\\s])?~|`[^`\\n]+`)(?:$|[^\\pL\\pN])")
	slackBare  = regexp.MustCompile(`https?://[^\s<>|]+|@(?:everyone|channel|here)\b`)
	slackUnesc = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
)

// ReadSlack is a message as Slack shows it. The target's own markup is a title in bold: a link between two asterisks, alone.
func ReadSlack(body []byte) (s Shown) {
	var m slackMessage
	if json.Unmarshal(body, &m) != nil {
		return Shown{}
	}
	if m.Parse == "full" || m.LinkNames != 0 || m.UnfurlLinks == nil || *m.UnfurlLinks || m.UnfurlMedia == nil || *m.UnfurlMedia {
		s.Links = append(s.Links, "https://evil.example/preview")
	}
	if m.Markdown == nil || *m.Markdown {
		s.Styles = append(s.Styles, slackStyle.FindAllString(m.Text, -1)...)
	}
	// The notification reads mentions and links, too.
	for _, x := range slackAngle.FindAllString(m.Text, -1) {
		s.Mentions = append(s.Mentions, "notification: "+x)
	}
	for i := range m.Blocks {
		b := &m.Blocks[i]
		for _, t := range b.texts() {
			one := readSlackText(t)
			s.Text += one.Text + "\n"
			s.Links, s.Mentions, s.Styles = append(s.Links, one.Links...), append(s.Mentions, one.Mentions...), append(s.Styles, one.Styles...)
		}
		if b.Accessory != nil {
			s.Links = append(s.Links, b.Accessory.URL)
		}
	}
	return s
}

func readSlackText(t slackText) (s Shown) {
	text := t.Text
	if t.Type == "mrkdwn" && strings.HasPrefix(text, "*<") && strings.HasSuffix(text, ">*") {
		text = text[1 : len(text)-1]
	}
	// What is between angle brackets is special in any text; plain text then shows it raw, which is a fault as well.
	plain := slackAngle.ReplaceAllStringFunc(text, func(x string) string {
		inner := x[1 : len(x)-1]
		if strings.HasPrefix(inner, "!") || strings.HasPrefix(inner, "@") || strings.HasPrefix(inner, "#") || t.Type != "mrkdwn" {
			s.Mentions = append(s.Mentions, x)
			return ""
		}
		address, label, ok := strings.Cut(inner, "|")
		s.Links = append(s.Links, slackUnesc.Replace(address))
		if !ok {
			label = address
		}
		return label
	})
	if t.Type == "mrkdwn" {
		s.Styles = append(s.Styles, slackStyle.FindAllString(plain, -1)...)
		for l := range strings.SplitSeq(plain, "\n") {
			if strings.HasPrefix(l, "&gt;") || strings.HasPrefix(l, ">") {
				s.Styles = append(s.Styles, l)
			}
		}
		if !t.Verbatim {
			s.Links = append(s.Links, slackBare.FindAllString(plain, -1)...)
		}
	}
	s.Text = slackUnesc.Replace(plain)
	return s
}

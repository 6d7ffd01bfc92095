package pushtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// WeComPath is the address of the one robot that [WeCom] knows.
const WeComPath = "/cgi-bin/webhook/send?key=fake-key-wecom"

// weComMost are the limits of a content, in bytes.
var weComMost = map[string]int{"text": 2048, "markdown": 4096, "markdown_v2": 4096}

// weComSays is an answer: status 200 whatever it says, and the hint that no reader needs.
func weComSays(code int, msg string) Reply {
	if code != 0 {
		msg += fmt.Sprintf(", hint: [1726032284347804201022717], from ip: 192.0.2.7, more info at https://open.work.weixin.qq.com/devtool/query?e=%d", code)
	}
	return asJSON(200, fmt.Sprintf(`{"errcode":%d,"errmsg":%q}`, code, msg))
}

// WeCom is a fake of a group robot: 20 messages in any minute, no word of when to come again, and status 200 for everything.
func WeCom(now func() time.Time) *Fake {
	over := weComSays(45009, "api freq out of limit")
	return NewFake(Platform{
		Name:       "wecom",
		Rates:      []push.Rate{{Count: 20, Per: time.Minute}},
		Over:       over,
		Judge:      judgeWeCom,
		OK:         func(int, *http.Request) Reply { return weComSays(0, "ok") },
		Credential: func(r *http.Request) string { return r.URL.Query().Get("key") },
		Answers: map[Mode]Reply{
			Limited:  over,
			Gone:     weComSays(93000, "invalid webhook url"),
			Blocked:  weComSays(60020, "not allow to access from your ip"),
			Refusing: weComSays(40058, "markdown.content exceed max length 4096. invalid Request Parameter"),
			Busy:     weComSays(-1, "system busy"),
		},
	}, now)
}

type weComMessage struct {
	Type       string `json:"msgtype"`
	Text       *weComContent
	Markdown   *weComContent
	MarkdownV2 *weComContent `json:"markdown_v2"`
	News       *struct {
		Articles []struct{ Title, Description, URL, PicURL string }
	}
}

type weComContent struct {
	Content string
	Users   []string `json:"mentioned_list"`
	Mobiles []string `json:"mentioned_mobile_list"`
}

func (m *weComMessage) content() *weComContent {
	return map[string]*weComContent{"text": m.Text, "markdown": m.Markdown, "markdown_v2": m.MarkdownV2}[m.Type]
}

func judgeWeCom(r *http.Request, body []byte) *Reply {
	say := func(code int, format string, args ...any) *Reply {
		reply := weComSays(code, fmt.Sprintf(format, args...))
		return &reply
	}
	if r.URL.Path != "/cgi-bin/webhook/send" || r.URL.Query().Get("key") != "fake-key-wecom" {
		return say(93000, "invalid webhook url")
	}
	var m weComMessage
	if json.Unmarshal(body, &m) != nil {
		return say(47001, "data format error")
	}
	if m.Type == "news" {
		if m.News == nil || len(m.News.Articles) == 0 || len(m.News.Articles) > 8 {
			return say(40058, "news.articles exceed max length 8. invalid Request Parameter")
		}
		for _, a := range m.News.Articles {
			if a.Title == "" || a.URL == "" {
				return say(40058, "news.articles.title missing or invalid Request Parameter")
			}
		}
		return nil
	}
	most, ok := weComMost[m.Type]
	switch c := m.content(); {
	case !ok:
		return say(40008, "invalid message type")
	case c == nil || strings.TrimSpace(c.Content) == "":
		return say(44004, "content is empty")
	case len(c.Content) > most:
		return say(40058, "%s.content exceed max length %d. invalid Request Parameter", m.Type, most)
	}
	return nil
}

// weComOwn is the markup that the target itself writes: what is bold and in small print, its headings, quotes and bullets.
var weComOwn = regexp.MustCompile(`(?m)^(### |> |- |!\[\]\(\S*\)$|\*\*(?P<bold>.*)\*\*$|<font color="comment">(?P<small>.*)</font>$)`)

// ReadWeCom is a message as WeCom shows it. What it cuts itself is cut here, too.
func ReadWeCom(body []byte) (s Shown) {
	var m weComMessage
	if json.Unmarshal(body, &m) != nil {
		return Shown{}
	}
	switch {
	case m.Type == "news":
		for _, a := range m.News.Articles {
			s.Text += strings.ToValidUTF8(a.Title[:min(len(a.Title), 128)]+"\n"+a.Description[:min(len(a.Description), 512)]+"\n", "�")
			s.Links = append(s.Links, a.URL)
			if a.PicURL != "" {
				s.Links = append(s.Links, a.PicURL)
			}
		}
	case m.Type == "text":
		s.Text = m.Text.Content
		s.Mentions = slices.Concat(regexp.MustCompile(`<@[^>]*>`).FindAllString(s.Text, -1), m.Text.Users, m.Text.Mobiles)
		// An address inside of a sentence leads where it says; one that stands alone is the target's.
		for line := range strings.SplitSeq(s.Text, "\n") {
			if strings.HasPrefix(line, "https://") && !strings.Contains(line, " ") {
				s.Links = append(s.Links, line)
			}
		}
	default:
		text := m.content().Content
		for _, x := range regexp.MustCompile(`(?m)^!\[\]\((\S*)\)$`).FindAllStringSubmatch(text, -1) {
			s.Links = append(s.Links, x[1])
		}
		md := readMarkdown(weComOwn.ReplaceAllString(text, "$bold$small"))
		s.Text, s.Mentions, s.Styles = md.Text, md.Mentions, md.Styles
		s.Links = append(s.Links, md.Links...)
	}
	return s
}

package pushtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// The one robot that [DingTalk] knows, and its secret.
const (
	DingTalkPath   = "/robot/send?access_token=fake-token-dingtalk"
	DingTalkSecret = "SECfake-dingtalk"
)

// DingTalk is a fake of a custom robot with a signature: the 21st request in a minute shuts it out for ten, and every answer has
// status 200.
func DingTalk(now func() time.Time) *Fake {
	if now == nil {
		now = time.Now
	}
	over := asJSON(200, `{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute","status":1111,"wait":5,"punish":"deny"}`)
	over.Wait = 10 * time.Minute
	keyword := asJSON(200, `{"errcode":310000,"errmsg":"keywords not in content, more: [https://ding-doc.dingtalk.com]"}`)
	return NewFake(Platform{
		NoKeyword: keyword,
		Name:      "dingtalk",
		Rates:     []push.Rate{{Count: 20, Per: time.Minute}},
		Over:      over, Penalty: 10 * time.Minute,
		Judge: func(r *http.Request, body []byte) *Reply {
			say := func(code int, msg string) *Reply {
				reply := asJSON(200, fmt.Sprintf(`{"errcode":%d,"errmsg":%q}`, code, msg))
				return &reply
			}
			q := r.URL.Query()
			if r.URL.Path != "/robot/send" || q.Get("access_token") != "fake-token-dingtalk" {
				return say(300001, "token is not exist")
			}
			ms, err := strconv.ParseInt(q.Get("timestamp"), 10, 64)
			mac := hmac.New(sha256.New, []byte(DingTalkSecret))
			mac.Write([]byte(q.Get("timestamp") + "\n" + DingTalkSecret))
			if err != nil || now().Sub(time.UnixMilli(ms)).Abs() > time.Hour || q.Get("sign") != base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
				return say(310000, "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中")
			}
			if len(body) > 20_000 {
				return say(460101, "message too long, exceed 20000 bytes")
			}
			var m struct {
				Type     string `json:"msgtype"`
				Text     struct{ Content string }
				Markdown struct{ Title, Text string }
				FeedCard struct {
					Links []struct{ Title, MessageURL, PicURL string }
				}
			}
			if json.Unmarshal(body, &m) != nil {
				return say(40035, "缺少参数 json")
			}
			switch m.Type {
			case "text":
				if m.Text.Content == "" {
					return say(40035, "缺少参数 text")
				}
			case "markdown":
				if m.Markdown.Title == "" || m.Markdown.Text == "" {
					return say(40035, "缺少参数 markdown")
				}
			case "feedCard":
				for _, l := range m.FeedCard.Links {
					if l.Title == "" || l.MessageURL == "" || l.PicURL == "" {
						return say(40035, "缺少参数 link")
					}
				}
				if len(m.FeedCard.Links) == 0 {
					return say(40035, "缺少参数 links")
				}
			default:
				return say(400105, "不支持的消息类型")
			}
			return nil
		},
		OK:         func(int, *http.Request) Reply { return asJSON(200, `{"errcode":0,"errmsg":"ok"}`) },
		Credential: func(r *http.Request) string { return r.URL.Query().Get("access_token") },
		Answers: map[Mode]Reply{
			Limited:  over,
			Gone:     asJSON(200, `{"errcode":300001,"errmsg":"token is not exist"}`),
			Blocked:  keyword,
			Refusing: asJSON(200, `{"errcode":460101,"errmsg":"message too long, exceed 20000 bytes"}`),
			Busy:     asJSON(200, `{"errcode":-1,"errmsg":"系统繁忙"}`),
		},
	}, now)
}

// own is the markup that the target itself writes: its headings, its quotes, and the bullets of a digest.
var dingTalkOwn = regexp.MustCompile(`(?m)^(####(?:##)? |> |- )`)

// ReadDingTalk is a message as DingTalk shows it.
func ReadDingTalk(body []byte) (s Shown) {
	var m struct {
		Text     struct{ Content string }
		Markdown struct{ Text string }
		FeedCard struct {
			Links []struct{ Title, MessageURL, PicURL string }
		}
	}
	if json.Unmarshal(body, &m) != nil {
		return Shown{}
	}
	s.Text = m.Text.Content
	for _, l := range m.FeedCard.Links {
		s.Text += l.Title + "\n"
		s.Links = append(s.Links, l.MessageURL, l.PicURL)
	}
	md := readMarkdown(strings.TrimSpace(dingTalkOwn.ReplaceAllString(m.Markdown.Text, "")))
	s.Text += md.Text
	s.Links = append(s.Links, md.Links...)
	s.Mentions, s.Styles = md.Mentions, md.Styles
	return s
}

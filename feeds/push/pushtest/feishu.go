package pushtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"feedmill/feeds/push"
)

// The one bot that [Feishu] knows, and its secret.
const (
	FeishuPath   = "/open-apis/bot/v2/hook/fake-feishu-0001"
	FeishuSecret = "fake-secret-feishu"
)

// Feishu is a fake of a custom bot with a signature, of 5 requests a second and 100 a minute, and of 20 kB. It says that a
// second is over with HTTP 400, and that a minute is with 200.
func Feishu(now func() time.Time) *Fake {
	if now == nil {
		now = time.Now
	}
	over := asJSON(400, `{"code":9499,"msg":"too many request","data":{}}`)
	limited := asJSON(429, `{"code":99991400,"msg":"request trigger frequency limit"}`)
	limited.Header, limited.Wait = http.Header{"X-Ogw-Ratelimit-Reset": {"3"}}, 3*time.Second
	keyword := asJSON(200, `{"code":19024,"msg":"Key Words Not Found","data":{}}`)
	return NewFake(Platform{
		NoKeyword: keyword,
		Name:      "feishu",
		Rates:     []push.Rate{{Count: 5, Per: time.Second}, {Count: 100, Per: time.Minute}},
		Over:      over,
		OverOf: func(r push.Rate) Reply {
			if r.Per == time.Minute {
				return asJSON(200, `{"code":11232,"msg":"frequency limited psm[lark.oapi.app_platform_runtime]","data":{}}`)
			}
			return over
		},
		Judge: func(r *http.Request, body []byte) *Reply {
			say := func(status, code int, msg string) *Reply {
				reply := asJSON(status, fmt.Sprintf(`{"code":%d,"msg":%q,"data":{}}`, code, msg))
				return &reply
			}
			if r.URL.Path != FeishuPath {
				return say(200, 19001, "param invalid: incoming webhook access token invalid")
			}
			if len(body) > 20_000 {
				return say(400, 9499, "Bad Request")
			}
			var m struct {
				Timestamp, Sign string
				Type            string `json:"msg_type"`
				Content         struct {
					Post map[string]struct {
						Content [][]struct{ Tag, Text, Href string }
					}
				}
				Card *struct {
					Schema string
					Header struct{ Title struct{ Tag, Content string } }
					Body   struct{ Elements []struct{ Tag string } }
				}
			}
			if json.Unmarshal(body, &m) != nil {
				return say(400, 9499, "Bad Request")
			}
			second, err := strconv.ParseInt(m.Timestamp, 10, 64)
			mac := hmac.New(sha256.New, []byte(m.Timestamp+"\n"+FeishuSecret))
			if err != nil || now().Sub(time.Unix(second, 0)).Abs() > time.Hour || m.Sign != base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
				return say(200, 19021, "sign match fail or timestamp is not within one hour from current time")
			}
			switch m.Type {
			case "post":
				for _, p := range m.Content.Post {
					for _, row := range p.Content {
						for _, r := range row {
							if r.Tag != "text" && (r.Tag != "a" || r.Text == "" || r.Href == "") {
								return say(400, 9499, "Bad Request")
							}
						}
					}
					if len(p.Content) > 0 {
						return nil
					}
				}
			case "interactive":
				if m.Card == nil || m.Card.Schema != "2.0" || len(m.Card.Body.Elements) == 0 || m.Card.Header.Title.Tag != "plain_text" {
					return say(200, 11246, "ErrCode: 200621; ErrMsg: parse card json err")
				}
				for _, e := range m.Card.Body.Elements {
					if !slices.Contains([]string{"div", "markdown", "button", "hr"}, e.Tag) {
						return say(200, 11246, "ErrCode: 200861; ErrMsg: cards of schema V2 no longer support this capability; unsupported tag "+e.Tag)
					}
				}
				return nil
			}
			return say(200, 19002, "params error, msg_type need")
		},
		OK: func(int, *http.Request) Reply {
			return asJSON(200, `{"code":0,"msg":"success","data":{},"StatusCode":0,"StatusMessage":"success","Extra":null}`)
		},
		Answers: map[Mode]Reply{
			Limited:  limited,
			Gone:     asJSON(200, `{"code":19001,"msg":"param invalid: incoming webhook access token invalid","data":{}}`),
			Blocked:  keyword,
			Refusing: asJSON(400, `{"code":9499,"msg":"Bad Request","data":{}}`),
			Busy:     asJSON(500, `{"code":10003,"msg":"internal error"}`),
		},
	}, now)
}

// feishuOwn is the markup that the target itself writes: the bullets of a digest, and small print.
var feishuOwn = regexp.MustCompile(`(?m)^- |<font color='grey'>|</font>`)

// ReadFeishu is a message as Feishu shows it. The runs of a post are shown as they are; a card's Markdown is read.
func ReadFeishu(body []byte) (s Shown) {
	var m struct {
		Content struct {
			Post map[string]struct {
				Title   string
				Content [][]struct{ Tag, Text, Href string }
			}
		}
		Card struct {
			Header struct{ Title struct{ Content string } }
			Body   struct {
				Elements []struct {
					Tag, Content string
					Text         struct{ Content string }
					Behaviors    []struct {
						URL string `json:"default_url"`
					}
				}
			}
		}
	}
	if json.Unmarshal(body, &m) != nil {
		return Shown{}
	}
	for _, p := range m.Content.Post {
		s.Text += p.Title + "\n"
		for _, row := range p.Content {
			for _, r := range row {
				s.Text += r.Text
				switch r.Tag {
				case "a":
					s.Links = append(s.Links, r.Href)
				case "at":
					s.Mentions = append(s.Mentions, r.Text)
				}
			}
			s.Text += "\n"
		}
	}
	s.Text += m.Card.Header.Title.Content + "\n"
	for _, e := range m.Card.Body.Elements {
		s.Text += e.Text.Content + "\n"
		for _, b := range e.Behaviors {
			s.Links = append(s.Links, b.URL)
		}
		if e.Tag == "markdown" {
			md := readMarkdown(feishuOwn.ReplaceAllString(e.Content, ""))
			s.Text += html.UnescapeString(md.Text) + "\n"
			s.Links = append(s.Links, md.Links...)
			s.Mentions = append(s.Mentions, md.Mentions...)
			s.Styles = append(s.Styles, md.Styles...)
		}
	}
	return s
}

// Package wecom sends to groups of WeCom (企业微信) through their group robots
// (https://developer.work.weixin.qq.com/document/path/91770).
package wecom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// Kind is a group of WeCom.
var Kind = push.Kind{
	Name:    "wecom",
	Doc:     "a group of WeCom (企业微信), through a group robot",
	Config:  func() push.Config { return &Config{Style: styleMarkdown} },
	New:     newTarget,
	Setup:   "the group → … in the corner → Message push (消息推送) → Add (添加); copy the Webhook address",
	SetupZH: "群聊 → 右上角 … → 消息推送（群机器人）→ 添加；复制 Webhook 地址",
}

// rates keep below 20 messages a minute for each robot: WeCom does not say when a robot that was too fast may come again.
var rates = []push.Rate{{Count: 18, Per: time.Minute}}

// The styles of messages.
const (
	styleMarkdown   = "markdown"
	styleMarkdownV2 = "markdown_v2"
	styleText       = "text"
	styleNews       = "news"
)

var styles = []string{styleMarkdown, styleMarkdownV2, styleText, styleNews}

// everybody is who is called by that name in a list of the text style.
const everybody = "@all"

// Config is a group robot.
type Config struct {
	URL     string   `yaml:"wecom" secret:"true" doc:"The robot's webhook, as copied: https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=KEY."`
	Style   string   `yaml:"style,omitempty" doc:"markdown, text, news (cards with pictures for items that have one) or markdown_v2 (pictures in the text; clients before 4.1.36 show it raw)." jsonschema:"enum=markdown,enum=markdown_v2,enum=text,enum=news"`
	Mention []string `yaml:"mention,omitempty,flow" doc:"User IDs that every message calls, at most 20; with style text also @all and mobile numbers. Unset: nobody."`
}

// Check implements [push.Config].
func (c *Config) Check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !strings.HasSuffix(u.Path, "/webhook/send") || u.Query().Get("key") == "" {
		return errors.New("wecom: want the robot's webhook as copied, https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=KEY")
	}
	if !slices.Contains(styles, c.Style) {
		return fmt.Errorf("style: want one of %s, got %q", strings.Join(styles, ", "), c.Style)
	}
	if len(c.Mention) > 20 {
		return errors.New("mention: want 20 user IDs or fewer")
	}
	for _, who := range c.Mention {
		switch {
		case c.Style != styleMarkdown && c.Style != styleText:
			return fmt.Errorf("mention: %s can call nobody; want style: markdown or text", c.Style)
		case c.Style == styleMarkdown && (who == everybody || mobile(who)):
			return errors.New("mention: @all and mobile numbers want style: text")
		case who != everybody && !userID(who):
			return fmt.Errorf("mention: %q is no user ID; want 64 letters, digits, and any of _-@. at most", who)
		}
	}
	return nil
}

// userID says whether s may be a user ID (https://developer.work.weixin.qq.com/document/path/90195): nothing that ends a mention.
func userID(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("_-@.", r)
	})
}

// mobile says whether s is a number of a mobile telephone: user IDs may be numbers, too, but not of 11 digits.
func mobile(s string) bool {
	return len(s) == 11 && s[0] == '1' && strings.Trim(s, "0123456789") == ""
}

// Location implements [push.Config].
func (c *Config) Location() string { return push.Redact(c.URL) }

type target struct {
	cfg *Config
	env push.Env
	key string
}

func newTarget(cfg push.Config, env push.Env) (push.Target, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fmt.Errorf("wecom: got the configuration %T", cfg)
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, errors.New("wecom: the robot's webhook cannot be read")
	}
	return &target{c, env, u.Query().Get("key")}, nil
}

// Buckets implements [push.Target].
func (t *target) Buckets() []push.Bucket {
	return []push.Bucket{{Key: push.KeyOf("wecom", t.key), Rates: rates}}
}

// Send implements [push.Target].
func (t *target) Send(ctx context.Context, _ string, p *push.Payload) (push.Receipt, error) {
	a, err := push.Call{URL: t.cfg.URL, ContentType: p.ContentType, Body: p.Body}.Do(ctx, t.env.HTTP, t.env.Now)
	if err != nil {
		return "", err
	}
	return "", judge(a)
}

// judge reads an answer: the status is 200 whatever happened, the code in the body decides
// (https://developer.work.weixin.qq.com/document/path/90313).
func judge(a *push.Answer) error {
	var b struct {
		Code *int   `json:"errcode"`
		Msg  string `json:"errmsg"`
	}
	if json.Unmarshal(a.Body, &b) != nil || b.Code == nil {
		e := a.Failed(push.Transient) // not an answer of WeCom's
		e.Ambiguous = a.Status/100 == 2
		return e
	}
	if *b.Code == 0 && a.Status/100 == 2 {
		return nil
	}
	e := a.Failed(push.Transient)
	e.Code, e.Reason = strconv.Itoa(*b.Code), push.Line(b.Msg)
	switch *b.Code {
	case 45009, 45033:
		e.Class = push.RateLimited
	case 93000, 93004, 93008: // no such robot, or it was stopped or removed from the group
		e.Class = push.Dead
		e.Reason += "; the robot was removed from the group or its address is wrong: add one and configure its webhook"
	case 40008, 40035, 40058, 44004, 45002, 45008, 47001:
		e.Class = push.BadPayload
	case 60020: // an address that the robot's owner does not allow
		e.Class = push.Blocked
		e.Reason += "; add this machine's address to the robot's list"
	}
	return e
}

// Package feishu sends to groups of Feishu and Lark through their custom bots
// (https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot).
package feishu

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// Kind is a group of Feishu.
var Kind = push.Kind{
	Name:    "feishu",
	Doc:     "a group of Feishu (飞书) or Lark, through a custom bot",
	Config:  func() push.Config { return &Config{Style: "post"} },
	New:     newTarget,
	Setup:   "the group → Settings → Bots (群机器人) → Add Bot → Custom Bot (自定义机器人); copy the webhook address, and with --secret secret that of its Signature verification (签名校验)",
	SetupZH: "群设置 → 群机器人 → 添加机器人 → 自定义机器人；复制 webhook 地址，用 --secret secret 时还有“签名校验”的密钥",
}

// rates keep below 5 requests a second and 100 a minute, of which Feishu says no more than that there were too many.
var rates = []push.Rate{{Count: 4, Per: time.Second}, {Count: 90, Per: time.Minute}}

// Config is a custom bot.
type Config struct {
	URL    string `yaml:"feishu" secret:"true" doc:"The bot's webhook address, as copied: https://open.feishu.cn/open-apis/bot/v2/hook/ID."`
	Secret string `yaml:"secret,omitempty" secret:"true" doc:"The secret of the bot's signature check. Unset: it has none."`
	Prefix string `yaml:"prefix,omitempty" doc:"Words before every title, such as the keyword that the bot asks for."`
	Style  string `yaml:"style,omitempty" doc:"post (rich text) or card (a message card)." jsonschema:"enum=post,enum=card"`
}

// Check implements [push.Config].
func (c *Config) Check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !strings.Contains(u.Path, "/bot/v2/hook/") {
		return errors.New("feishu: want the bot's webhook address as copied, https://open.feishu.cn/open-apis/bot/v2/hook/ID")
	}
	if c.Style != "post" && c.Style != "card" {
		return fmt.Errorf("style: want post or card, got %q", c.Style)
	}
	if len(c.Prefix) > 200 {
		return errors.New("prefix: want 200 bytes or less")
	}
	return nil
}

// Location implements [push.Config].
func (c *Config) Location() string { return push.Redact(c.URL) }

type target struct {
	cfg *Config
	env push.Env
}

func newTarget(cfg push.Config, env push.Env) (push.Target, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fmt.Errorf("feishu: got the configuration %T", cfg)
	}
	return &target{c, env}, nil
}

// Buckets implements [push.Target].
func (t *target) Buckets() []push.Bucket {
	return []push.Bucket{{Key: push.KeyOf("feishu", t.cfg.URL), Rates: rates}}
}

// Sign is the signature of a second: the time and the secret are the key, and nothing is what is signed.
func Sign(secret string, second int64) string {
	m := hmac.New(sha256.New, []byte(strconv.FormatInt(second, 10)+"\n"+secret))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// Send implements [push.Target].
func (t *target) Send(ctx context.Context, _ string, p *push.Payload) (push.Receipt, error) {
	body, now := p.Body, t.env.Now()
	if t.cfg.Secret != "" {
		body = append(fmt.Appendf(nil, `{"timestamp":"%d","sign":%q,`, now.Unix(), Sign(t.cfg.Secret, now.Unix())), body[1:]...)
	}
	a, err := push.Call{URL: t.cfg.URL, ContentType: p.ContentType, Body: body}.Do(ctx, t.env.HTTP, t.env.Now)
	return "", judge(a, err)
}

// classes are what codes mean: those of the bot's own page, of its gateway
// (https://open.feishu.cn/document/server-docs/api-call-guide/generic-error-code) and of cards.
var classes = map[int]push.Class{
	9499:     push.BadPayload, // "Bad Request"
	11232:    push.RateLimited,
	11246:    push.BadPayload, // what is wrong with the card stands in the text
	19001:    push.Dead,
	19002:    push.BadPayload,
	19021:    push.Blocked,
	19022:    push.Blocked,
	19024:    push.Blocked,
	230025:   push.BadPayload, // too long
	99991201: push.Dead,       // the address is none of Feishu's
	99991400: push.RateLimited,
}

// hints are the next step for the operator.
var hints = map[int]string{
	19001: "; the bot is gone, or its address is not whole: copy it again",
	19021: "; check secret: of the target and the clock of this machine",
	19022: "; add this machine's address to the bot's list",
	19024: "; set prefix: of the target to one of the bot's keywords",
}

// judge reads how an attempt ended: the status says little, the code in the body decides.
func judge(a *push.Answer, err error) error {
	var b struct {
		Code *int   `json:"code"`
		Msg  string `json:"msg"`
		// What bots of the first days said instead, and some still say beside it.
		OldCode *int   `json:"StatusCode"`
		OldMsg  string `json:"StatusMessage"`
	}
	if a != nil && json.Unmarshal(a.Body, &b) == nil && b.Code == nil {
		b.Code, b.Msg = b.OldCode, b.OldMsg
	}
	switch {
	case err == nil && b.Code == nil:
		e := a.Failed(push.Transient) // not an answer of Feishu's
		e.Ambiguous = a.Status/100 == 2
		return e
	case err == nil && *b.Code == 0 && a.Status/100 == 2:
		return nil
	}
	e := push.AsError(err)
	if err == nil {
		e = a.Failed(push.Transient)
		msg := strings.ToLower(b.Msg)
		switch class, known := classes[*b.Code]; {
		// The same code stands for a body that is wrong and for too many of them.
		case strings.Contains(msg, "too many request"), strings.Contains(msg, "frequency limit"):
			e.Class = push.RateLimited
		case *b.Code == 19001 && !strings.Contains(msg, "token"):
			e.Class = push.BadPayload // another "param invalid"
		case known:
			e.Class = class
		case a.Status/100 == 4:
			e.Class = push.BadPayload
		}
	}
	if b.Code != nil {
		e.Code, e.Reason = strconv.Itoa(*b.Code), push.Line(b.Msg)+hints[*b.Code]
	}
	if a != nil && e.Class == push.RateLimited {
		if d, err := push.Seconds(a.Header.Get("X-Ogw-Ratelimit-Reset")); err == nil {
			e.RetryAfter = max(e.RetryAfter, d)
		}
	}
	return e
}

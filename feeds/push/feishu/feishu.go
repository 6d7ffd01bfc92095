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
	Name:   "feishu",
	Doc:    "a group of Feishu (飞书) or Lark, through a custom bot",
	Config: func() push.Config { return &Config{Style: "post"} },
	New:    newTarget,
	Setup:  "群设置 → 群机器人 → 添加机器人 → 自定义机器人, and copy the webhook address (群 settings, Bots, Add bot, Custom bot)",
}

// rates keep below 5 requests a second and 100 a minute.
var rates = []push.Rate{{Count: 4, Per: time.Second}, {Count: 90, Per: time.Minute}}

// Config is a custom bot.
type Config struct {
	URL    string `yaml:"feishu" doc:"The bot's webhook address, as copied: https://open.feishu.cn/open-apis/bot/v2/hook/ID."`
	Secret string `yaml:"secret,omitempty" secret:"true" doc:"The secret of the bot's signature check. Unset: it has none."`
	Prefix string `yaml:"prefix,omitempty" doc:"Words before every title, such as the keyword that the bot asks for."`
	Style  string `yaml:"style,omitempty" doc:"post (rich text) or card (a message card)." jsonschema:"enum=post,enum=card"`
}

// Check implements [push.Config].
func (c *Config) Check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !strings.Contains(u.Path, "/hook/") {
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
	body := p.Body
	if t.cfg.Secret != "" {
		now := t.env.Now().Unix()
		body = append([]byte(fmt.Sprintf(`{"timestamp":"%d","sign":%q,`, now, Sign(t.cfg.Secret, now))), body[1:]...)
	}
	a, err := push.Call{URL: t.cfg.URL, ContentType: p.ContentType, Body: body}.Do(ctx, t.env.HTTP, t.env.Now())
	if err != nil {
		e := push.AsError(err)
		if a != nil && e.Class == push.RateLimited {
			if d, err := push.Seconds(a.Header.Get("x-ogw-ratelimit-reset")); err == nil {
				e.RetryAfter = max(e.RetryAfter, d)
			}
		}
		return "", e
	}
	return "", judge(a)
}

// judge reads an answer: the status says little, the code in the body decides.
func judge(a *push.Answer) error {
	var b struct {
		Code *int   `json:"code"`
		Msg  string `json:"msg"`
	}
	if json.Unmarshal(a.Body, &b) != nil || b.Code == nil {
		e := a.Failed(push.Transient) // not an answer of Feishu's
		e.Ambiguous = a.Status/100 == 2
		return e
	}
	if *b.Code == 0 && a.Status/100 == 2 {
		return nil
	}
	e := a.Failed(push.Transient)
	e.Code, e.Reason = strconv.Itoa(*b.Code), push.Line(b.Msg)
	msg := strings.ToLower(b.Msg)
	switch {
	case *b.Code == 9499 && strings.Contains(msg, "too many"), *b.Code == 11232, *b.Code == 99991400:
		e.Class = push.RateLimited
		if d, err := push.Seconds(a.Header.Get("x-ogw-ratelimit-reset")); err == nil {
			e.RetryAfter = d
		}
	case *b.Code == 19001, strings.Contains(msg, "access token invalid"):
		e.Class = push.Dead
	case *b.Code == 9499, *b.Code == 19002, *b.Code == 230025:
		e.Class = push.BadPayload
	case *b.Code == 19021:
		e.Class = push.Blocked
		e.Reason += "; check secret: of the target and the clock of this machine"
	case *b.Code == 19022:
		e.Class = push.Blocked
		e.Reason += "; add this machine's address to the bot's list"
	case *b.Code == 19024:
		e.Class = push.Blocked
		e.Reason += "; set prefix: of the target to one of the bot's keywords"
	}
	return e
}

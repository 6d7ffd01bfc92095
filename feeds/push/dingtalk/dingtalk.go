// Package dingtalk sends to groups of DingTalk through their custom robots
// (https://open.dingtalk.com/document/robots/custom-robot-access).
package dingtalk

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

// Kind is a group of DingTalk.
var Kind = push.Kind{
	Name:   "dingtalk",
	Doc:    "a group of DingTalk (钉钉), through a custom robot",
	Config: func() push.Config { return &Config{Style: "markdown"} },
	New:    newTarget,
	Setup:  "群设置 → 机器人 → 添加机器人 → 自定义, choose 加签, and copy the Webhook and its secret (group settings, Robots, Custom)",
}

// rates keep well below 20 requests a minute: DingTalk shuts a robot out for ten minutes at the 21st.
var rates = []push.Rate{{Count: 18, Per: time.Minute}}

// penalty is how long DingTalk shuts a robot out that was too fast.
const penalty = 10 * time.Minute

// Config is a custom robot.
type Config struct {
	URL    string `yaml:"dingtalk" secret:"true" doc:"The robot's webhook, as copied: https://oapi.dingtalk.com/robot/send?access_token=TOKEN."`
	Secret string `yaml:"secret,omitempty" secret:"true" doc:"The secret of its signature (加签), SEC... Unset: it has none."`
	Prefix string `yaml:"prefix,omitempty" doc:"Words before every title, such as the keyword that the robot asks for."`
	Style  string `yaml:"style,omitempty" doc:"markdown, or cards: titles with pictures (feedCard)." jsonschema:"enum=markdown,enum=cards"`
}

// Check implements [push.Config].
func (c *Config) Check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Query().Get("access_token") == "" {
		return errors.New("dingtalk: want the robot's webhook as copied, https://oapi.dingtalk.com/robot/send?access_token=TOKEN")
	}
	if c.Style != "markdown" && c.Style != "cards" {
		return fmt.Errorf("style: want markdown or cards, got %q", c.Style)
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
	url *url.URL
}

func newTarget(cfg push.Config, env push.Env) (push.Target, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fmt.Errorf("dingtalk: got the configuration %T", cfg)
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, errors.New("dingtalk: the robot's webhook cannot be read")
	}
	return &target{c, env, u}, nil
}

// Buckets implements [push.Target].
func (t *target) Buckets() []push.Bucket {
	return []push.Bucket{{Key: push.KeyOf("dingtalk", t.url.Query().Get("access_token")), Rates: rates}}
}

// Sign is the signature of a millisecond: the secret is the key, the time and the secret are what is signed.
func Sign(secret string, millisecond int64) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(strconv.FormatInt(millisecond, 10) + "\n" + secret))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// Send implements [push.Target].
func (t *target) Send(ctx context.Context, _ string, p *push.Payload) (push.Receipt, error) {
	u, now := *t.url, t.env.Now()
	if t.cfg.Secret != "" {
		q := u.Query()
		q.Set("timestamp", strconv.FormatInt(now.UnixMilli(), 10))
		q.Set("sign", Sign(t.cfg.Secret, now.UnixMilli()))
		u.RawQuery = q.Encode()
	}
	a, err := push.Call{URL: u.String(), ContentType: p.ContentType, Body: p.Body}.Do(ctx, t.env.HTTP, now)
	if err != nil {
		return "", err
	}
	return "", judge(a)
}

// judge reads an answer: the status is 200 whatever happened, the code in the body decides.
func judge(a *push.Answer) error {
	var b struct {
		Code *int   `json:"errcode"`
		Msg  string `json:"errmsg"`
		// Wait is in seconds; with Punish, "deny", the robot is shut out.
		Wait   float64 `json:"wait"`
		Punish string  `json:"punish"`
	}
	if json.Unmarshal(a.Body, &b) != nil || b.Code == nil {
		e := a.Failed(push.Transient) // not an answer of DingTalk's
		e.Ambiguous = a.Status/100 == 2
		return e
	}
	if *b.Code == 0 && a.Status/100 == 2 {
		return nil
	}
	e := a.Failed(push.Transient)
	e.Code, e.Reason = strconv.Itoa(*b.Code), push.Line(b.Msg)
	switch *b.Code {
	case 130101:
		e.Class, e.RetryAfter = push.RateLimited, penalty
		if b.Punish == "" && b.Wait > 0 {
			e.RetryAfter = time.Duration(b.Wait * float64(time.Second))
		}
	case 90030: // the quota of the day or of the plan
		e.Class, e.RetryAfter = push.RateLimited, time.Hour
	case 310000:
		e.Class = push.Blocked
		switch msg := strings.ToLower(b.Msg); {
		case strings.Contains(msg, "sign"), strings.Contains(msg, "签名"), strings.Contains(msg, "timestamp"):
			e.Reason += "; check secret: of the target and the clock of this machine"
		case strings.Contains(msg, "keyword"), strings.Contains(msg, "关键词"):
			e.Reason += "; set prefix: of the target to one of the robot's keywords"
		case strings.Contains(msg, "ip"):
			e.Reason += "; add this machine's address to the robot's list"
		}
	case 300001, 300005:
		e.Class = push.Dead
	case 460101, 40035, 400101, 400102, 400105:
		e.Class = push.BadPayload
	}
	return e
}

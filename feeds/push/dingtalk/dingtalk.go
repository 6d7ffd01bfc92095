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
	"slices"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// Kind is a group of DingTalk.
var Kind = push.Kind{
	Name:    "dingtalk",
	Doc:     "a group of DingTalk (钉钉), through a custom robot",
	Config:  func() push.Config { return &Config{Style: "markdown"} },
	New:     newTarget,
	Setup:   "the group → Group Settings → Robots (机器人) → Add Robot → Custom (自定义); copy the Webhook, and with --secret secret that of its Additional signature (加签)",
	SetupZH: "群设置 → 机器人 → 添加机器人 → 自定义；复制 Webhook，用 --secret secret 时还有“加签”的密钥",
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
	// Picture is needed because DingTalk takes no card without one.
	Picture string `yaml:"picture,omitempty" doc:"The https address of a picture for cards of items that have none. Unset: such items are sent as markdown."`
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
	if c.Picture != "" {
		if u, err := url.Parse(c.Picture); err != nil || u.Scheme != "https" || u.Host == "" {
			return errors.New("picture: want an address that begins with https://")
		}
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
	a, err := push.Call{URL: u.String(), ContentType: p.ContentType, Body: p.Body}.Do(ctx, t.env.HTTP, t.env.Now)
	if err != nil {
		return "", err
	}
	return "", judge(a)
}

// classes are what codes mean: those of https://open.dingtalk.com/document/robots/custom-robot-access, and older ones that are
// still answered.
var classes = map[int]push.Class{
	-1:     push.Transient,   // busy
	40035:  push.BadPayload,  // a parameter is missing
	43004:  push.BadPayload,  // the Content-Type is wrong
	90030:  push.RateLimited, // the quota of the day or of the plan
	130101: push.RateLimited,
	300001: push.Dead, // no such token
	300005: push.Dead,
	310000: push.Blocked,
	400013: push.Dead, // the group was dissolved
	400101: push.Dead, // no such token
	400102: push.Blocked,
	400105: push.BadPayload, // the type of message
	400106: push.Dead,       // no such robot
	410100: push.RateLimited,
	430101: push.BadPayload, // an unsafe link
	430102: push.BadPayload, // an unfit text
	430103: push.BadPayload, // an unfit picture
	430104: push.BadPayload, // unfit content
	460101: push.BadPayload, // more than 20,000 bytes
}

// waits are for codes of limits: DingTalk does not say how long they last.
var waits = map[int]time.Duration{90030: time.Hour, 130101: penalty, 410100: penalty}

// judge reads an answer: the status is 200 whatever happened, the code in the body decides.
func judge(a *push.Answer) error {
	var b struct {
		Code *int   `json:"errcode"`
		Msg  string `json:"errmsg"`
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
	if class, ok := classes[*b.Code]; ok {
		e.Class = class
	}
	e.Code, e.Reason, e.RetryAfter = strconv.Itoa(*b.Code), push.Line(b.Msg), waits[*b.Code]
	switch e.Class {
	case push.Dead:
		e.Reason += "; the robot or its group is gone, or the webhook is not whole: copy it again"
	case push.Blocked:
		e.Reason += hint(*b.Code, strings.ToLower(b.Msg))
	}
	return e
}

// hint is what the operator can do. One code stands for all of a robot's security settings; the texts are the older English and
// the newer Chinese ones.
func hint(code int, msg string) string {
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(msg, w) })
	}
	switch {
	case code == 400102:
		return "; enable the robot in the group's settings"
	case has("sign", "timestamp", "签名", "时间戳"):
		return "; check secret: of the target and the clock of this machine"
	case has("keyword", "关键词"):
		return "; set prefix: of the target to one of the robot's keywords"
	case has("whitelist", "白名单"):
		return "; add this machine's address to the robot's list"
	}
	return "; look at the robot's security settings"
}

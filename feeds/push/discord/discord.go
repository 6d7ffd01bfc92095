// Package discord sends to channels of Discord through their webhooks
// (https://docs.discord.com/developers/resources/webhook).
package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// Kind is a channel of Discord.
var Kind = push.Kind{
	Name:    "discord",
	Doc:     "a channel of Discord, through its webhook",
	Config:  func() push.Config { return &Config{} },
	New:     newTarget,
	Setup:   "the channel's settings → Integrations → Webhooks → New Webhook → Copy Webhook URL",
	SetupZH: "频道设置 → 整合 → Webhook → 新 Webhook → 复制 Webhook URL",
}

// rates are below what the platform was seen to allow: it names no numbers and tells them in the headers of each answer
// (https://docs.discord.com/developers/topics/rate-limits).
var rates = []push.Rate{{Count: 5, Per: 2 * time.Second}, {Count: 28, Per: time.Minute}}

// Config is a webhook.
type Config struct {
	URL      string `yaml:"discord" secret:"true" doc:"The webhook's URL, as copied: https://discord.com/api/webhooks/ID/TOKEN."`
	Username string `yaml:"username,omitempty" doc:"The name under which messages appear, at most 80 characters. Unset: the webhook's own."`
	Thread   string `yaml:"thread,omitempty" doc:"The ID of a thread in the channel to write to."`
}

// Check implements [push.Config].
func (c *Config) Check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !strings.Contains(u.Path, "/webhooks/") {
		return errors.New("discord: want the webhook's URL as copied, https://discord.com/api/webhooks/ID/TOKEN")
	}
	if push.Units(c.Username) > 80 {
		return errors.New("username: Discord takes at most 80 characters")
	}
	if strings.Trim(c.Thread, "0123456789") != "" {
		return fmt.Errorf("thread: want the number that Discord copies as the thread's ID, got %q", c.Thread)
	}
	return nil
}

// Location implements [push.Config].
func (c *Config) Location() string { return push.Redact(c.URL) }

type target struct {
	cfg *Config
	env push.Env
	url *url.URL
	// until is when the bucket of the last answer has room again: a request before that is one of the 10,000 wrong ones in
	// ten minutes after which Discord shuts an address out.
	until time.Time
}

func newTarget(cfg push.Config, env push.Env) (push.Target, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fmt.Errorf("discord: got the configuration %T", cfg)
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, errors.New("discord: the webhook's URL cannot be read")
	}
	return &target{cfg: c, env: env, url: u}, nil
}

// Buckets implements [push.Target].
func (t *target) Buckets() []push.Bucket {
	return []push.Bucket{{Key: push.KeyOf("discord", t.url.Host, t.url.Path), Rates: rates}}
}

// Send implements [push.Target].
func (t *target) Send(ctx context.Context, _ string, p *push.Payload) (push.Receipt, error) {
	a, err := t.call(ctx, http.MethodPost, "", p.Body)
	if err != nil || a.Status == http.StatusNoContent { // taken, without its number
		return "", err
	}
	var m struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(a.Body, &m) != nil || m.ID == "" {
		e := a.Failed(push.Transient) // not an answer of Discord's
		e.Ambiguous = true
		return "", e
	}
	return push.Receipt(m.ID), nil
}

// Edit implements [push.Editor]. An edit takes neither a name nor flags
// (https://docs.discord.com/developers/resources/webhook#edit-webhook-message).
func (t *target) Edit(ctx context.Context, r push.Receipt, p *push.Payload) error {
	if r == "" {
		return &push.Error{Class: push.BadPayload, Code: "receipt", Reason: "this message cannot be edited: its number is not known"}
	}
	var m message
	if err := json.Unmarshal(p.Body, &m); err != nil {
		return &push.Error{Class: push.BadPayload, Code: "json", Reason: "the message is not JSON", Err: err}
	}
	m.Username, m.Flags = "", 0
	body, err := push.JSON(m)
	if err != nil {
		return err
	}
	_, err = t.call(ctx, http.MethodPatch, "/messages/"+url.PathEscape(string(r)), body)
	return err
}

// maxPause bounds what the headers of an answer may make of the next request: a limit of Discord's lasts seconds.
const maxPause = time.Hour

func (t *target) call(ctx context.Context, method, below string, body []byte) (*push.Answer, error) {
	now := t.env.Now()
	if wait := t.until.Sub(now); wait > 0 {
		return nil, &push.Error{Class: push.RateLimited, Code: "bucket", Reason: "the webhook's bucket is empty", RetryAfter: wait}
	}
	u := *t.url
	u.Path = strings.TrimSuffix(u.Path, "/") + below
	q := u.Query()
	q.Set("wait", "true") // else the answer is empty and comes before the message is taken
	if t.cfg.Thread != "" {
		q.Set("thread_id", t.cfg.Thread)
	}
	u.RawQuery = q.Encode()
	a, err := push.Call{Method: method, URL: u.String(), ContentType: "application/json", Body: body}.Do(ctx, t.env.HTTP, t.env.Now)
	if a != nil && a.Header.Get("X-RateLimit-Remaining") == "0" {
		if d, err := push.Seconds(a.Header.Get("X-RateLimit-Reset-After")); err == nil {
			t.until = now.Add(min(d, maxPause))
		}
	}
	if err != nil {
		e := push.AsError(err)
		if e.Class == push.RateLimited && a != nil {
			e.RetryAfter = max(e.RetryAfter, retryAfter(a.Body))
			if b := read(a); b.Message != "" {
				e.Reason = push.Line(b.Message)
			}
			t.until = now.Add(min(e.RetryAfter, maxPause))
		}
		return nil, e
	}
	if a.Status/100 == 2 {
		return a, nil
	}
	return nil, refused(a)
}

// retryAfter is what a 429 says in its body: seconds, in old deployments milliseconds
// (https://github.com/discord/discord-api-docs/issues/4722).
func retryAfter(body []byte) time.Duration {
	var b struct {
		RetryAfter json.Number `json:"retry_after"`
	}
	if json.Unmarshal(body, &b) != nil {
		return 0
	}
	d, err := push.Seconds(b.RetryAfter.String())
	if err != nil {
		return 0
	}
	if d > 1000*time.Second {
		d /= 1000
	}
	return d
}

// failure is what Discord says of one (https://docs.discord.com/developers/topics/opcodes-and-status-codes).
type failure struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// read is empty for an answer that is none of Discord's.
func read(a *push.Answer) (b failure) {
	if json.Unmarshal(a.Body, &b) != nil {
		return failure{}
	}
	return b
}

// classes are of codes that say more than the status beside them.
var classes = map[int]push.Class{
	10008:  push.BadPayload, // the message to edit is gone
	40058:  push.Blocked,    // a forum, and no thread of it
	50027:  push.Dead,       // the webhook's token
	50083:  push.Blocked,    // the thread is archived
	160005: push.Blocked,    // the thread is locked
	220001: push.Blocked,    // a forum, and no thread of it
	220003: push.Blocked,    // a thread, and no forum
}

// refused reads a refusal. A webhook that is gone must not be asked again: 10,000 such answers in ten minutes, and Discord shuts the
// address out.
func refused(a *push.Answer) *push.Error {
	b := read(a)
	if b.Message == "" { // of something in between
		return a.Failed(push.Transient)
	}
	class, ok := classes[b.Code]
	switch {
	case ok:
	case a.Status == 401, a.Status == 404:
		class = push.Dead
	case a.Status == 403:
		class = push.Blocked
	case a.Status == 400, a.Status == 413:
		class = push.BadPayload
	default:
		class = push.Transient
	}
	e := a.Failed(class)
	if b.Code != 0 {
		e.Code = strconv.Itoa(b.Code)
	}
	e.Reason = push.Line(b.Message)
	switch {
	case b.Code == 40058, b.Code == 220001:
		e.Reason += "; set thread: of the target to one of the forum's threads"
	case b.Code == 10003:
		e.Reason += "; check thread: of the target"
	case class == push.Dead:
		e.Reason += "; the webhook is gone, or its URL is not whole: copy it again, or make a new one"
	}
	return e
}

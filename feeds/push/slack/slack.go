// Package slack sends to channels of Slack through incoming webhooks
// (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
package slack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// Kind is a channel of Slack.
var Kind = push.Kind{
	Name:    "slack",
	Doc:     "a channel of Slack, through an incoming webhook",
	Config:  func() push.Config { return &Config{} },
	New:     newTarget,
	Setup:   "api.slack.com/apps → Create New App → From scratch → Incoming Webhooks → Add New Webhook to Workspace; choose the channel and copy the Webhook URL",
	SetupZH: "api.slack.com/apps → Create New App → From scratch → Incoming Webhooks → Add New Webhook to Workspace；选择频道，复制 Webhook URL",
}

// rates: one message a second, short bursts may be more (https://docs.slack.dev/apis/web-api/rate-limits).
var rates = []push.Rate{{Count: 5, Per: 5 * time.Second}}

// Config is an incoming webhook.
type Config struct {
	URL string `yaml:"slack" secret:"true" doc:"The webhook's URL, as copied: https://hooks.slack.com/services/T.../B.../..."`
}

// Check implements [push.Config].
func (c *Config) Check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !strings.HasPrefix(u.Path, "/services/") || strings.Count(strings.Trim(u.Path, "/"), "/") < 3 {
		return errors.New("slack: want the webhook's URL as copied: https://hooks.slack.com/services/ and three parts")
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
		return nil, fmt.Errorf("slack: got the configuration %T", cfg)
	}
	return &target{c, env}, nil
}

// Buckets implements [push.Target].
func (t *target) Buckets() []push.Bucket {
	return []push.Bucket{{Key: push.KeyOf("slack", t.cfg.URL), Rates: rates}}
}

// Send implements [push.Target].
func (t *target) Send(ctx context.Context, _ string, p *push.Payload) (push.Receipt, error) {
	a, err := push.Call{URL: t.cfg.URL, ContentType: p.ContentType, Body: p.Body}.Do(ctx, t.env.HTTP, t.env.Now)
	if err != nil {
		return "", err
	}
	return "", judge(a)
}

// reasons are the bodies of answers that say what went wrong
// (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors), and what to do about some.
var reasons = map[string]struct {
	class push.Class
	next  string
}{
	"invalid_payload":                   {push.BadPayload, ""},
	"invalid_blocks":                    {push.BadPayload, ""},
	"invalid_attachments":               {push.BadPayload, ""},
	"msg_blocks_too_long":               {push.BadPayload, ""},
	"msg_too_long":                      {push.BadPayload, ""},
	"no_text":                           {push.BadPayload, ""},
	"too_many_attachments":              {push.BadPayload, ""},
	"user_not_found":                    {push.Blocked, "; choose another channel for the webhook"},
	"action_prohibited":                 {push.Blocked, "; an administrator of the workspace restricts it"},
	"posting_to_general_channel_denied": {push.Blocked, "; choose another channel for the webhook"},
	"channel_not_found":                 {push.Dead, "; add a new webhook"},
	"channel_is_archived":               {push.Dead, "; unarchive the channel, or add a webhook of another"},
	"no_service":                        {push.Dead, "; the webhook was removed: add a new one"},
	"no_service_id":                     {push.Dead, "; the webhook's URL is not whole: copy it again"},
	"no_team":                           {push.Dead, "; the webhook's URL is not whole: copy it again"},
	"no_active_hooks":                   {push.Dead, "; the webhook was disabled: add a new one"},
	"invalid_token":                     {push.Dead, "; the webhook's URL is wrong: copy it again"},
	"team_disabled":                     {push.Dead, ""},
	"rollup_error":                      {push.Transient, ""},
}

// judge reads an answer: it is "ok", or words that say more than the status.
func judge(a *push.Answer) error {
	said := strings.TrimSpace(string(a.Body))
	if a.Status == 200 && said == "ok" {
		return nil
	}
	e := a.Failed(push.Transient)
	// Some answers say more behind a colon: "invalid_blocks: downloading image failed".
	word, _, _ := strings.Cut(said, ":")
	if r, ok := reasons[word]; ok {
		e.Class, e.Code = r.class, word
		e.Reason += r.next
		return e
	}
	switch a.Status {
	case 400, 413:
		e.Class = push.BadPayload
	case 401, 403:
		e.Class = push.Blocked
	case 404, 410:
		e.Class = push.Dead
	default:
		e.Ambiguous = a.Status/100 == 2 // not an answer of Slack's
	}
	return e
}

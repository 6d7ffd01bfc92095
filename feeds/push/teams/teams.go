// Package teams sends to channels and chats of Microsoft Teams through a workflow "Post to a channel when a webhook request is
// received" (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using). The older
// connectors of Office 365 are being retired; their addresses take the same messages.
package teams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// Kind is a channel of Teams.
var Kind = push.Kind{
	Name:    "teams",
	Doc:     "a channel or chat of Microsoft Teams, through a workflow",
	Config:  func() push.Config { return &Config{} },
	New:     newTarget,
	Setup:   "the channel → Workflows → Send webhook alerts to a channel; copy the URL that it ends with",
	SetupZH: "频道 → 工作流 → Send webhook alerts to a channel；复制最后给出的 URL",
}

// rates keep below the four requests a second of the older connectors; workflows name no number.
var rates = []push.Rate{{Count: 3, Per: 3 * time.Second}}

// Config is a workflow.
type Config struct {
	URL string `yaml:"teams" secret:"true" doc:"The workflow's URL, as copied."`
}

// Check implements [push.Config]. The address is opaque: its hosts have changed several times.
func (c *Config) Check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("teams: want the workflow's URL as copied; it begins with https://")
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
		return nil, fmt.Errorf("teams: got the configuration %T", cfg)
	}
	return &target{c, env}, nil
}

// Buckets implements [push.Target].
func (t *target) Buckets() []push.Bucket {
	return []push.Bucket{{Key: push.KeyOf("teams", t.cfg.URL), Rates: rates}}
}

// Send implements [push.Target]. A workflow answers 202 before it has looked at the message: what it cannot show is lost there
// without a word, which is why Render keeps to what every version of Teams shows.
func (t *target) Send(ctx context.Context, _ string, p *push.Payload) (push.Receipt, error) {
	a, err := push.Call{URL: t.cfg.URL, ContentType: p.ContentType, Body: p.Body}.Do(ctx, t.env.HTTP, t.env.Now)
	if err != nil {
		return "", err
	}
	return "", judge(a)
}

// classes are codes of workflows that say more than the status beside them
// (https://learn.microsoft.com/power-automate/error-reference).
var classes = map[string]push.Class{
	"WorkflowTriggerIsNotEnabled": push.Blocked, // turned off; or deleted, which the text says
	"WorkflowDisabled":            push.Blocked,
	"WorkflowNotFound":            push.Dead,
}

// judge reads an answer.
func judge(a *push.Answer) error {
	if a.Status/100 == 2 {
		return taken(a)
	}
	var b struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	e := a.Failed(push.Transient)
	if json.Unmarshal(a.Body, &b) == nil && b.Error.Code != "" {
		e.Code, e.Reason = push.Line(b.Error.Code), push.Line(b.Error.Code+": "+b.Error.Message)
	}
	class, known := classes[b.Error.Code]
	switch {
	case known:
		e.Class = class
		if strings.Contains(b.Error.Message, "'Deleted'") {
			e.Class = push.Dead
		} else if class == push.Blocked {
			e.Reason += "; turn the workflow on"
		}
	case a.Status == 404, a.Status == 410:
		e.Class = push.Dead
	case a.Status == 401, a.Status == 403:
		e.Class = push.Blocked
		e.Reason += "; copy the workflow's whole URL again, and let anyone trigger it"
	case a.Status == 400, a.Status == 413:
		e.Class = push.BadPayload
	}
	if e.Class == push.Dead {
		e.Reason += "; the workflow is gone: make one and copy its URL"
	}
	return e
}

// taken judges an answer of success. Workflows answer 202 and nothing, some 200 and what their maker wants; the older connectors
// answer 200 and "1", or the failure in words.
func taken(a *push.Answer) error {
	_, failed, old := strings.Cut(string(a.Body), "endpoint returned HTTP error ")
	switch {
	case old && strings.HasPrefix(failed, "429"):
		return a.Failed(push.RateLimited)
	case old && strings.HasPrefix(failed, "4"):
		return a.Failed(push.BadPayload)
	case old:
		return a.Failed(push.Transient)
	case strings.Contains(a.Header.Get("Content-Type"), "html"): // a page of something in between
		e := a.Failed(push.Transient)
		e.Ambiguous = true
		return e
	}
	return nil
}

// Package telegram sends to chats, groups and channels of Telegram through a bot (https://core.telegram.org/bots/api).
package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// Kind is a chat of Telegram.
var Kind = push.Kind{
	Name:    "telegram",
	Doc:     "a chat, group or channel of Telegram, through a bot",
	Config:  func() push.Config { return &Config{API: "https://api.telegram.org"} },
	New:     newTarget,
	Setup:   "make a bot with @BotFather, add it to the group, and give its token here; --set chat= is @NAME of a channel, or the number of the group",
	SetupZH: "用 @BotFather 建一个机器人，把它拉进群，这里填它的 token；--set chat= 是频道的 @NAME，或群的编号",
}

// Limits of https://core.telegram.org/bots/faq ("My bot is hitting limits"), with some room: one message a second and 20 a
// minute to one group, about 30 a second in all.
var (
	chatRates = []push.Rate{{Count: 1, Per: time.Second}, {Count: 18, Per: time.Minute}}
	botRates  = []push.Rate{{Count: 25, Per: time.Second}}
)

// Config is a bot and a chat.
type Config struct {
	Token  string `yaml:"telegram" secret:"true" doc:"The bot's token, as @BotFather gives it."`
	Chat   string `yaml:"chat" doc:"Where to: @NAME of a channel, or the number of a chat, such as \"-1001234567890\"."`
	Thread int    `yaml:"thread,omitempty" doc:"The number of a topic of the group."`
	API    string `yaml:"api,omitempty" doc:"A Bot API server of your own. Unset: https://api.telegram.org."`
}

var (
	tokenShape = regexp.MustCompile(`^[0-9]+:[A-Za-z0-9_-]{20,}$`)
	chatShape  = regexp.MustCompile(`^(@[A-Za-z][A-Za-z0-9_]{3,}|-?[0-9]+)$`)
)

// Check implements [push.Config].
func (c *Config) Check() error {
	if !tokenShape.MatchString(c.Token) {
		return errors.New("telegram: want the bot's token as @BotFather gives it, a number, a colon and letters")
	}
	if !chatShape.MatchString(c.Chat) {
		return fmt.Errorf("chat: want @NAME of a channel or the number of a chat, got %q", c.Chat)
	}
	if u, err := url.Parse(c.API); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("api: want the address of a Bot API server, such as https://api.telegram.org")
	}
	if c.Thread < 0 {
		return errors.New("thread: want the number of a topic")
	}
	return nil
}

// Location implements [push.Config].
func (c *Config) Location() string {
	bot, _, _ := strings.Cut(c.Token, ":")
	u, err := url.Parse(c.API)
	if err != nil {
		return "telegram"
	}
	return u.Scheme + "://" + u.Host + "/bot" + bot + ":… to " + c.Chat
}

type target struct {
	cfg *Config
	env push.Env
	// moved is the chat that Telegram made of the configured one.
	moved string
}

func newTarget(cfg push.Config, env push.Env) (push.Target, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fmt.Errorf("telegram: got the configuration %T", cfg)
	}
	return &target{cfg: c, env: env}, nil
}

// Buckets implements [push.Target].
func (t *target) Buckets() []push.Bucket {
	return []push.Bucket{
		{Key: push.KeyOf("telegram", t.cfg.Token, t.cfg.Chat), Rates: chatRates},
		{Key: push.KeyOf("telegram", t.cfg.Token), Rates: botRates},
	}
}

// answer is what every method answers (https://core.telegram.org/bots/api#making-requests).
type answer struct {
	OK          bool   `json:"ok"`
	Description string `json:"description"`
	Result      struct {
		MessageID int64 `json:"message_id"`
		Chat      struct {
			ID int64 `json:"id"`
		} `json:"chat"`
	} `json:"result"`
	Parameters struct {
		RetryAfter json.Number `json:"retry_after"`
		MigrateTo  int64       `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

// Send implements [push.Target].
func (t *target) Send(ctx context.Context, _ string, p *push.Payload) (push.Receipt, error) {
	a, err := t.call(ctx, "sendMessage", p.Body, nil)
	if err != nil {
		return "", err
	}
	if a.Result.MessageID == 0 {
		return "", nil
	}
	return push.Receipt(fmt.Sprintf("%d/%d", a.Result.Chat.ID, a.Result.MessageID)), nil
}

// Edit implements [push.Editor].
func (t *target) Edit(ctx context.Context, r push.Receipt, p *push.Payload) error {
	chat, id, _ := strings.Cut(string(r), "/")
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return &push.Error{Class: push.BadPayload, Code: "receipt", Reason: "this message cannot be edited: its number is not known"}
	}
	a, err := t.call(ctx, "editMessageText", p.Body, map[string]any{"chat_id": chat, "message_id": n})
	switch {
	case err == nil:
		return nil
	case a != nil && strings.Contains(a.Description, "message is not modified"):
		return nil // it says so already: an attempt whose answer got lost
	case a != nil && a.Parameters.MigrateTo != 0:
		e := push.AsError(err)
		e.Class = push.BadPayload // what was sent before stays behind in the old group
		return e
	}
	return err
}

// call makes one request, with body and what is set in its place. The answer is nil where none could be read.
func (t *target) call(ctx context.Context, method string, body []byte, set map[string]any) (*answer, error) {
	if t.moved != "" && set == nil {
		set = map[string]any{"chat_id": t.moved}
	}
	if set != nil {
		m := map[string]any{}
		if err := json.Unmarshal(body, &m); err != nil {
			return nil, &push.Error{Class: push.BadPayload, Code: "json", Reason: "the message is not JSON", Err: err}
		}
		maps.Copy(m, set)
		var err error
		if body, err = push.JSON(m); err != nil {
			return nil, err
		}
	}
	got, err := push.Call{
		URL: strings.TrimSuffix(t.cfg.API, "/") + "/bot" + t.cfg.Token + "/" + method, ContentType: "application/json", Body: body,
	}.Do(ctx, t.env.HTTP, t.env.Now)
	var a *answer
	if got != nil {
		a = &answer{}
		if json.Unmarshal(got.Body, a) != nil || !a.OK && a.Description == "" {
			a = nil // of something in between
		}
	}
	switch {
	case err == nil && a == nil:
		e := got.Failed(push.Transient)
		e.Ambiguous = got.Status/100 == 2
		return nil, e
	case err == nil && a.OK && got.Status/100 == 2:
		return a, nil
	}
	e := push.AsError(err)
	if err == nil {
		e = got.Failed(t.class(got.Status, a))
	}
	if a != nil {
		e.Reason = push.Line(a.Description) + hint(e.Class, got.Status)
		if d, err := push.Seconds(a.Parameters.RetryAfter.String()); err == nil && e.Class == push.RateLimited {
			e.RetryAfter = max(e.RetryAfter, d)
		}
	}
	return a, e
}

// hint is the next step for the operator.
func hint(class push.Class, status int) string {
	switch {
	case class == push.Dead && (status == 401 || status == 404):
		return "; the token is not whole or was revoked: ask @BotFather for it"
	case class == push.Dead:
		return "; add the bot to the chat, and check chat: of the target"
	case class == push.Blocked:
		return "; let the bot write in the chat, as an administrator of a channel"
	}
	return ""
}

// What the description of a refusal says of the chat; Telegram has no codes beside the status.
var (
	// gone are chats that nothing can be sent to any more.
	gone = []string{
		"chat not found", "bot was kicked", "bot was blocked", "bot is not a member", "group chat was deactivated", "group is deactivated",
		"user is deactivated", "peer_id_invalid", "channel_private", "have no access to the chat",
	}
	// closed are those whose administrators can let the bot in.
	closed = []string{
		"not enough rights", "no rights to send", "have no rights", "need administrator rights", "chat_write_forbidden", "chat_restricted",
		"chat_admin_required", "chat_send_", "topic_closed", "topic_deleted", "message thread not found", "chat_guest_send_forbidden",
	}
)

// class is that of a refusal. A group that became a supergroup is remembered under its new number, and the next attempt goes there.
func (t *target) class(status int, a *answer) push.Class {
	d := strings.ToLower(a.Description)
	has := func(words []string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(d, w) })
	}
	switch {
	case a.Parameters.MigrateTo != 0:
		if to := strconv.FormatInt(a.Parameters.MigrateTo, 10); t.moved != to {
			t.moved = to
			t.env.Log.Warn("the group became a supergroup: write its new number into the configuration", "target", t.env.Name, "chat", to)
		}
		return push.Transient
	case has(closed):
		return push.Blocked
	case status == 401, status == 403, status == 404, has(gone):
		return push.Dead
	case status == 400, status == 413:
		return push.BadPayload
	}
	return push.Transient
}

package telegram_test

import (
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"feedmill/feeds/push"
	"feedmill/feeds/push/pushtest"
	"feedmill/feeds/push/telegram"
)

var suite = pushtest.Case{
	Kind: telegram.Kind, Fake: pushtest.Telegram, Read: pushtest.ReadTelegram, Most: 20,
	Config: func(base string) push.Config {
		return &telegram.Config{Token: pushtest.TelegramToken, Chat: pushtest.TelegramChat, API: base}
	},
	Secrets: []string{"fake-token"},
}

var update = flag.Bool("update", false, "rewrite the golden messages in testdata")

func TestGolden(t *testing.T) { pushtest.Golden(t, suite, "telegram", *update) }

func TestTarget(t *testing.T) { pushtest.Run(t, suite) }

func FuzzRender(f *testing.F) { pushtest.Fuzz(f, suite) }

// TestMigration: a group that became a supergroup is written to under its new number from then on.
func TestMigration(t *testing.T) {
	fake := pushtest.Telegram(nil)
	srv := httptest.NewServer(fake)
	defer srv.Close()
	var log strings.Builder
	cfg := &telegram.Config{Token: pushtest.TelegramToken, Chat: pushtest.TelegramOld, API: srv.URL}
	target, err := telegram.Kind.New(cfg, push.Env{Name: "t", Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil)), HTTP: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	p, err := target.Render(&push.Message{Entries: []push.Entry{{Title: "t"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.Send(t.Context(), "m", p); push.AsError(err) == nil || push.AsError(err).Class != push.Transient {
		t.Fatalf("the first attempt ends with %v", err)
	}
	r, err := target.Send(t.Context(), "m", p)
	if err != nil || r != pushtest.TelegramChat+"/1" {
		t.Errorf("receipt %q, %v", r, err)
	}
	if err := target.(push.Editor).Edit(t.Context(), r, p); err != nil {
		t.Error(err)
	}
	if e := push.AsError(target.(push.Editor).Edit(t.Context(), pushtest.TelegramOld+"/1", p)); e == nil || e.Class != push.BadPayload {
		t.Errorf("an edit of what stayed behind: %v", e)
	}
	if got := fake.Received(); len(got) != 2 || got[1].Replaces != 0 {
		t.Errorf("the group has %d messages", len(got))
	}
	if n := strings.Count(log.String(), pushtest.TelegramChat); n != 1 {
		t.Errorf("said %d times: %s", n, log.String())
	}
}

func TestCheck(t *testing.T) {
	good := telegram.Config{Token: pushtest.TelegramToken, Chat: "@channel_name", API: "https://api.telegram.org"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, change := range []func(*telegram.Config){
		func(c *telegram.Config) { c.Token = "SECRET" },
		func(c *telegram.Config) { c.Chat = "name" },
		func(c *telegram.Config) { c.API = "api.telegram.org" },
		func(c *telegram.Config) { c.Thread = -1 },
	} {
		c := good
		change(&c)
		if err := c.Check(); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func refuse(status int, description string) pushtest.Answer {
	return pushtest.Says(description, status, `{"ok":false,"error_code":`+strconv.Itoa(status)+`,"description":"`+description+`"}`)
}

// lost are answers that are none of Telegram's.
var lost = []pushtest.Answer{
	pushtest.Says("a page instead", 200, `<html>`).Fails(push.Transient, "http 200", "").Ambiguous(),
	pushtest.Says("nothing", 200, `{}`).Fails(push.Transient, "http 200", "").Ambiguous(),
	pushtest.Says("not found by a proxy", 404, `nothing here`).Fails(push.Transient, "http 404", "nothing here"),
	pushtest.Says("gateway", 502, `{"ok":false,"error_code":502,"description":"Bad Gateway"}`).Fails(push.Transient, "http 502", "Bad Gateway"),
}

func TestAnswers(t *testing.T) {
	list := []pushtest.Answer{
		pushtest.Says("ok", 200, `{"ok":true,"result":{"message_id":7,"chat":{"id":-100}}}`),
		pushtest.Says("429", 429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 35","parameters":{"retry_after":35}}`).
			Fails(push.RateLimited, "http 429", "Too Many Requests").After(35 * time.Second),
		pushtest.Says("429 with a header", 429, `{"ok":false,"error_code":429,"description":"Too Many Requests"}`, "Retry-After", "7").
			Fails(push.RateLimited, "http 429", "").After(7 * time.Second),
		refuse(500, "Internal Server Error").Fails(push.Transient, "http 500", ""),
		refuse(401, "Unauthorized").Fails(push.Dead, "http 401", "Unauthorized"),
		refuse(404, "Not Found").Fails(push.Dead, "http 404", ""),
		refuse(403, "Forbidden: bot was kicked from the supergroup chat").Fails(push.Dead, "http 403", ""),
		refuse(403, "Forbidden: bot was blocked by the user").Fails(push.Dead, "http 403", ""),
		refuse(403, "Forbidden: bot is not a member of the channel chat").Fails(push.Dead, "http 403", ""),
		refuse(403, "Forbidden: user is deactivated").Fails(push.Dead, "http 403", ""),
		refuse(400, "Bad Request: chat not found").Fails(push.Dead, "http 400", ""),
		refuse(400, "Bad Request: group chat was deactivated").Fails(push.Dead, "http 400", ""),
		refuse(400, "Bad Request: not enough rights to send text messages to the chat").Fails(push.Blocked, "http 400", ""),
		refuse(400, "Bad Request: need administrator rights in the channel chat").Fails(push.Blocked, "http 400", ""),
		refuse(400, "Bad Request: CHAT_WRITE_FORBIDDEN").Fails(push.Blocked, "http 400", ""),
		refuse(403, "Forbidden: CHAT_SEND_PLAIN_FORBIDDEN").Fails(push.Blocked, "http 403", ""),
		refuse(400, "Bad Request: TOPIC_CLOSED").Fails(push.Blocked, "http 400", ""),
		refuse(400, "Bad Request: message thread not found").Fails(push.Blocked, "http 400", ""),
		refuse(400, "Bad Request: can't parse entities: Unsupported start tag").Fails(push.BadPayload, "http 400", "can't parse entities"),
		refuse(400, "Bad Request: message is too long").Fails(push.BadPayload, "http 400", ""),
		refuse(400, "Bad Request: ENTITIES_TOO_LONG").Fails(push.BadPayload, "http 400", ""),
		refuse(413, "Request Entity Too Large").Fails(push.BadPayload, "http 413", ""),
		pushtest.Says("moved", 400, `{"ok":false,"description":"group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1009}}`).
			Fails(push.Transient, "http 400", "upgraded"),
	}
	pushtest.Answers(t, suite, append(list, lost...))
}

func TestEditAnswers(t *testing.T) {
	list := []pushtest.Answer{
		pushtest.Says("ok", 200, `{"ok":true,"result":{"message_id":7,"chat":{"id":-100}}}`),
		pushtest.Says("the same", 400, `{"ok":false,"description":"Bad Request: message is not modified: specified new message content"}`),
		refuse(400, "Bad Request: message to edit not found").Fails(push.BadPayload, "http 400", ""),
		refuse(400, "Bad Request: message can't be edited").Fails(push.BadPayload, "http 400", ""),
		pushtest.Says("left behind", 400, `{"ok":false,"description":"group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1009}}`).
			Fails(push.BadPayload, "http 400", "upgraded"),
	}
	pushtest.EditAnswers(t, suite, "-100/7", append(list, lost...))
	pushtest.EditAnswers(t, suite, "", []pushtest.Answer{pushtest.Says("no receipt", 200, `{"ok":true}`).Fails(push.BadPayload, "receipt", "")})
}

// TestLinks: more links than Telegram keeps are more messages, however short they are.
func TestLinks(t *testing.T) {
	target, err := telegram.Kind.New(&telegram.Config{}, push.Env{})
	if err != nil {
		t.Fatal(err)
	}
	m := &push.Message{Heading: "h", More: 7, MoreURL: "https://e.org/"}
	for range 200 {
		m.Entries = append(m.Entries, push.Entry{Title: "t", URL: "https://e.org/"})
	}
	p, err := target.Render(m)
	if err != nil || p.Entries != 98 {
		t.Errorf("%d entries, %v; want 98, the heading and what leads to more", p.Entries, err)
	}
	for i := range m.Entries {
		m.Entries[i].URL += strings.Repeat("x", 400)
	}
	if p, err = target.Render(m); err != nil || len(p.Body) > 9500 || p.Entries < 15 {
		t.Errorf("%d entries in %d bytes, %v", p.Entries, len(p.Body), err)
	}
}

// TestInert: names and commands in texts are none for Telegram, and addresses stay what they are.
func TestInert(t *testing.T) {
	target, err := telegram.Kind.New(&telegram.Config{}, push.Env{})
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"@name":                  "@\u200bname",
		"/start and (/stop) a/b": "/\u200bstart and (/\u200bstop) a/b",
		"https://e.org/a/b 1/2":  "https://e.org/a/b 1/2",
	} {
		p, err := target.Render(&push.Message{Entries: []push.Entry{{Title: "t", Text: in}}})
		if err != nil || pushtest.ReadTelegram(p.Body).Text != "t\n"+want {
			t.Errorf("%q: %s, %v", in, p.Body, err)
		}
	}
}

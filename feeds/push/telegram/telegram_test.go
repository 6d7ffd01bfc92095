package telegram_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
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

func TestTarget(t *testing.T) { pushtest.Run(t, suite) }

func FuzzRender(f *testing.F) { pushtest.Fuzz(f, suite) }

// TestMigration: a group that became a supergroup is written to under its new number from then on.
func TestMigration(t *testing.T) {
	var chats []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			Chat string `json:"chat_id"`
		}
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		chats = append(chats, m.Chat)
		if m.Chat == "-100" {
			w.WriteHeader(400)
			io.WriteString(w, `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1009}}`)
			return
		}
		io.WriteString(w, `{"ok":true,"result":{"message_id":7,"chat":{"id":-1009}}}`)
	}))
	defer srv.Close()
	cfg := &telegram.Config{Token: pushtest.TelegramToken, Chat: "-100", API: srv.URL}
	target, err := telegram.Kind.New(cfg, push.Env{Name: "t", Now: time.Now, Log: slog.New(slog.DiscardHandler), HTTP: http.DefaultClient})
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
	if err != nil || r != "-1009/7" {
		t.Errorf("receipt %q, %v", r, err)
	}
	if !slices.Equal(chats, []string{"-100", "-1009"}) {
		t.Errorf("asked for %q", chats)
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

package discord_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"feedmill/feeds/push"
	"feedmill/feeds/push/discord"
	"feedmill/feeds/push/pushtest"
)

var suite = pushtest.Case{
	Kind: discord.Kind, Fake: pushtest.Discord, Read: pushtest.ReadDiscord, Most: 30,
	Config:  func(base string) push.Config { return &discord.Config{URL: base + pushtest.DiscordPath} },
	Secrets: []string{"faketoken"},
}

func TestTarget(t *testing.T) { pushtest.Run(t, suite) }

func FuzzRender(f *testing.F) { pushtest.Fuzz(f, suite) }

// TestBucket: an answer that says its bucket is empty keeps the next request from being made, and a 429 in milliseconds is none
// of hours.
func TestBucket(t *testing.T) {
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	requests, body := 0, `{"id":"1"}`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if requests == 1 {
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.Header().Set("X-RateLimit-Reset-After", "1.5")
		} else {
			body = `{"message":"You are being rate limited.","retry_after":3500,"global":false}`
			w.WriteHeader(429)
		}
		io.WriteString(w, body)
	}))
	defer srv.Close()
	target, err := discord.Kind.New(&discord.Config{URL: srv.URL + pushtest.DiscordPath}, push.Env{
		Name: "t", Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), HTTP: http.DefaultClient,
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := target.Render(&push.Message{Entries: []push.Entry{{Title: "t"}}})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := target.Send(t.Context(), "m", p); r != "1" || err != nil {
		t.Fatalf("receipt %q, %v", r, err)
	}
	_, err = target.Send(t.Context(), "m", p)
	if e := push.AsError(err); e == nil || e.Class != push.RateLimited || e.RetryAfter != 1500*time.Millisecond || requests != 1 {
		t.Errorf("%+v after %d requests", e, requests)
	}
	now = now.Add(2 * time.Second)
	_, err = target.Send(t.Context(), "m", p)
	if e := push.AsError(err); e == nil || e.Class != push.RateLimited || e.RetryAfter != 3500*time.Millisecond || requests != 2 {
		t.Errorf("%+v after %d requests", e, requests)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []discord.Config{
		{URL: "https://example.org/SECRET"},
		{URL: "SECRET"},
		{URL: "https://discord.com/api/webhooks/1/SECRET", Thread: "x"},
		{URL: "https://discord.com/api/webhooks/1/SECRET", Username: strings.Repeat("x", 81)},
	} {
		if err := c.Check(); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

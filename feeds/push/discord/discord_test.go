package discord_test

import (
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
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

var update = flag.Bool("update", false, "rewrite the golden messages in testdata")

func TestGolden(t *testing.T) { pushtest.Golden(t, suite, "discord", *update) }

func TestTarget(t *testing.T) { pushtest.Run(t, suite) }

func FuzzRender(f *testing.F) { pushtest.Fuzz(f, suite) }

// TestHeaders: as long as the headers say that nothing is left, nothing is asked.
func TestHeaders(t *testing.T) {
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	fake := pushtest.Discord(clock)
	srv := httptest.NewServer(fake)
	defer srv.Close()
	target, err := discord.Kind.New(suite.Config(srv.URL), push.Env{Now: clock, HTTP: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	p, err := target.Render(&push.Message{Entries: []push.Entry{{Title: "t"}}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 12 {
		_, err := target.Send(t.Context(), "m", p)
		e := push.AsError(err)
		if full := i == 5 || i == 11; full != (e != nil) || full && (e.Class != push.RateLimited || e.RetryAfter != 2*time.Second) {
			t.Errorf("attempt %d: %+v", i, e)
		}
		if e != nil {
			now = now.Add(e.RetryAfter)
		}
	}
	if requests, early := fake.Requests(); requests != 10 || early != 0 {
		t.Errorf("%d requests, %d of them early", requests, early)
	}
}

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

var refusals = []pushtest.Answer{
	pushtest.Says("webhook gone", 404, `{"message":"Unknown Webhook","code":10015}`).Fails(push.Dead, "10015", "Unknown Webhook"),
	pushtest.Says("thread gone", 404, `{"message":"Unknown Channel","code":10003}`).Fails(push.Dead, "10003", ""),
	pushtest.Says("no such path", 404, `{"message":"404: Not Found","code":0}`).Fails(push.Dead, "http 404", "404: Not Found"),
	pushtest.Says("token", 401, `{"message":"Invalid Webhook Token","code":50027}`).Fails(push.Dead, "50027", ""),
	pushtest.Says("unauthorized", 401, `{"message":"401: Unauthorized","code":0}`).Fails(push.Dead, "http 401", ""),
	pushtest.Says("form", 400, `{"message":"Invalid Form Body","code":50035,"errors":{}}`).Fails(push.BadPayload, "50035", "Invalid Form Body"),
	pushtest.Says("empty", 400, `{"message":"Cannot send an empty message","code":50006}`).Fails(push.BadPayload, "50006", ""),
	pushtest.Says("too large", 413, `{"message":"Request entity too large","code":40005}`).Fails(push.BadPayload, "40005", ""),
	pushtest.Says("permissions", 403, `{"message":"Missing Permissions","code":50013}`).Fails(push.Blocked, "50013", ""),
	pushtest.Says("archived", 400, `{"message":"Thread is archived","code":50083}`).Fails(push.Blocked, "50083", ""),
	pushtest.Says("locked", 400, `{"message":"Thread is locked","code":160005}`).Fails(push.Blocked, "160005", ""),
	pushtest.Says("forum", 400, `{"message":"Webhooks posted to forum channels must have a thread_name or thread_id","code":220001}`).
		Fails(push.Blocked, "220001", "thread_id; set thread: of the target"),
	pushtest.Says("internal", 500, `{"message":"500: Internal Server Error","code":0}`).Fails(push.Transient, "http 500", ""),
	pushtest.Says("429", 429, `{"message":"You are being rate limited.","retry_after":1.234,"global":false}`, "Retry-After", "1").
		Fails(push.RateLimited, "http 429", "You are being rate limited.").After(1234 * time.Millisecond),
	pushtest.Says("429 in milliseconds", 429, `{"message":"You are being rate limited.","retry_after":1234}`).
		Fails(push.RateLimited, "http 429", "").After(1234 * time.Millisecond),
	pushtest.Says("429 of Cloudflare", 429, `<html>error 1015</html>`, "Retry-After", "600").Fails(push.RateLimited, "http 429", "1015").After(10 * time.Minute),
	pushtest.Says("not found by a proxy", 404, `<html>`).Fails(push.Transient, "http 404", ""),
	pushtest.Says("forbidden by a proxy", 403, `<html>`).Fails(push.Transient, "http 403", ""),
}

func TestAnswers(t *testing.T) {
	pushtest.Answers(t, suite, append([]pushtest.Answer{
		pushtest.Says("ok", 200, `{"id":"1","type":0}`),
		pushtest.Says("ok without its number", 204, ``),
		pushtest.Says("a page instead", 200, `<html>`).Fails(push.Transient, "http 200", "").Ambiguous(),
		pushtest.Says("no number", 200, `{}`).Fails(push.Transient, "http 200", "").Ambiguous(),
	}, refusals...))
}

func TestEditAnswers(t *testing.T) {
	pushtest.EditAnswers(t, suite, "1", append([]pushtest.Answer{
		pushtest.Says("ok", 200, `{"id":"1","type":0}`),
		pushtest.Says("message gone", 404, `{"message":"Unknown Message","code":10008}`).Fails(push.BadPayload, "10008", ""),
	}, refusals...))
	pushtest.EditAnswers(t, suite, "", []pushtest.Answer{pushtest.Says("no receipt", 200, `{}`).Fails(push.BadPayload, "receipt", "")})
}

// TestRequests: where a message goes and where an edit goes; an edit has neither name nor flags.
func TestRequests(t *testing.T) {
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.RequestURI+" "+string(body))
		io.WriteString(w, `{"id":"55"}`)
	}))
	defer srv.Close()
	target, err := discord.Kind.New(&discord.Config{URL: srv.URL + "/api/webhooks/1/T", Username: "n", Thread: "77"}, push.Env{Now: time.Now, HTTP: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	p, err := target.Render(&push.Message{Silent: true, Entries: []push.Entry{{Title: "t"}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := target.Send(t.Context(), "m", p)
	if err != nil {
		t.Fatal(err)
	}
	if err := target.(push.Editor).Edit(t.Context(), r, p); err != nil {
		t.Fatal(err)
	}
	const rest = `"allowed_mentions":{"parse":[]},`
	want := []string{
		"POST /api/webhooks/1/T?thread_id=77&wait=true {\"username\":\"n\"," + rest + `"flags":4096,"embeds":[{"title":"t"}]}`,
		"PATCH /api/webhooks/1/T/messages/55?thread_id=77&wait=true {" + rest + `"embeds":[{"title":"t"}]}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("asked for %q\nwant %q", got, want)
	}
}

// TestTotal: parts that each keep to their limit keep to that of all of them, too.
func TestTotal(t *testing.T) {
	srv := httptest.NewServer(pushtest.Discord(nil))
	defer srv.Close()
	target, err := discord.Kind.New(suite.Config(srv.URL), push.Env{Now: time.Now, HTTP: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	p, err := target.Render(&push.Message{Entries: []push.Entry{{Title: strings.Repeat("t", 250), Text: strings.Repeat("x", 4000), Footer: strings.Repeat("f", 2000)}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.Send(t.Context(), "m", p); err != nil {
		t.Error(err)
	}
}

// TestEscape: what would mean something is shown as it is, and an address in a text leads where it says.
func TestEscape(t *testing.T) {
	target, err := discord.Kind.New(&discord.Config{}, push.Env{})
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"a_b https://e.org/a_b_c?x=_y _it_": `a\_b https://e.org/a_b_c?x=_y \_it\_`,
		"**b** ||s|| `c` <@1> [x](y)":       "\\*\\*b\\*\\* \\|\\|s\\|\\| \\`c\\` \\<@\u200b1\\> \\[x\\](y)",
		"# h\n- l\n1. n\n> q C# 1.5":        "\\# h\n\\- l\n1\\. n\n\\> q C# 1.5",
	} {
		p, err := target.Render(&push.Message{Entries: []push.Entry{{Title: "t", Text: in}}})
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			Embeds []struct{ Description string }
		}
		if err := json.Unmarshal(p.Body, &m); err != nil || m.Embeds[0].Description != want {
			t.Errorf("%q: got %q, want %q (%v)", in, m.Embeds[0].Description, want, err)
		}
	}
}

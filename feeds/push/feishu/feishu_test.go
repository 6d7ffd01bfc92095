package feishu_test

import (
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"feedmill/feeds/push"
	"feedmill/feeds/push/feishu"
	"feedmill/feeds/push/pushtest"
)

var update = flag.Bool("update", false, "rewrite the golden messages in testdata")

func suite(style string) pushtest.Case {
	return pushtest.Case{
		Kind: feishu.Kind, Fake: pushtest.Feishu, Read: pushtest.ReadFeishu, Most: 25,
		Config: func(base string) push.Config {
			return &feishu.Config{URL: base + pushtest.FeishuPath, Secret: pushtest.FeishuSecret, Style: style}
		},
		Secrets: []string{"fake-feishu", pushtest.FeishuSecret},
	}
}

func TestPost(t *testing.T) { pushtest.Run(t, suite("post")) }

func TestCard(t *testing.T) { pushtest.Run(t, suite("card")) }

func TestGolden(t *testing.T) {
	for _, style := range []string{"post", "card"} {
		pushtest.Golden(t, suite(style), style, *update)
	}
}

func FuzzPost(f *testing.F) { pushtest.Fuzz(f, suite("post")) }

func FuzzCard(f *testing.F) { pushtest.Fuzz(f, suite("card")) }

// TestSign holds to what go-lark's GenSign gives.
func TestSign(t *testing.T) {
	if got := feishu.Sign("demo-secret", 1599360473); got != "3/MaVZ8JLIy4TUG+7KSFJqvUkTKd+HWY8g+56DZWq8s=" {
		t.Errorf("got %s", got)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []feishu.Config{
		{URL: "https://example.org/SECRET", Style: "post"},
		{URL: "https://open.feishu.cn/open-apis/bot/hook/SECRET", Style: "post"},
		{URL: "https://open.feishu.cn/open-apis/bot/v2/hook/SECRET", Style: "x"},
		{URL: "https://open.feishu.cn/open-apis/bot/v2/hook/SECRET", Style: "post", Prefix: strings.Repeat("x", 201)},
	} {
		if err := c.Check(); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestPrefix: the word that a bot asks for is in every message.
func TestPrefix(t *testing.T) {
	for _, style := range []string{"post", "card"} {
		target, err := feishu.Kind.New(&feishu.Config{Style: style, Prefix: "快讯"}, push.Env{})
		if err != nil {
			t.Fatal(err)
		}
		for _, heading := range []string{"", "heading"} {
			p, err := target.Render(&push.Message{Heading: heading, Entries: []push.Entry{{Title: "t", URL: "https://example.org/"}}})
			if err != nil || !strings.Contains(pushtest.ReadFeishu(p.Body).Text, "快讯") {
				t.Errorf("%s %q: %s, %v", style, heading, p.Body, err)
			}
		}
	}
}

func TestAnswers(t *testing.T) {
	says := pushtest.Says
	pushtest.Answers(t, suite("post"), []pushtest.Answer{
		says("ok", 200, `{"code":0,"msg":"success","data":{},"StatusCode":0,"StatusMessage":"success","Extra":null}`),
		says("ok of the first days", 200, `{"Extra":null,"StatusCode":0,"StatusMessage":"success"}`),
		says("failure of the first days", 200, `{"StatusCode":9499,"StatusMessage":"Bad Request"}`).Fails(push.BadPayload, "9499", "Bad Request"),
		says("0 with another status", 500, `{"code":0}`).Fails(push.Transient, "0", ""),
		says("keyword", 200, `{"code":19024,"msg":"Key Words Not Found"}`).Fails(push.Blocked, "19024", "Key Words Not Found; set prefix:"),
		says("address", 200, `{"code":19022,"msg":"Ip Not Allowed"}`).Fails(push.Blocked, "19022", "Ip Not Allowed; add this machine's address"),
		says("signature", 200, `{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}`).
			Fails(push.Blocked, "19021", "one hour from current time; check secret:"),
		says("removed", 200, `{"code":19001,"msg":"param invalid: incoming webhook access token invalid"}`).Fails(push.Dead, "19001", ""),
		says("another parameter", 200, `{"code":19001,"msg":"param invalid"}`).Fails(push.BadPayload, "19001", ""),
		says("no type", 200, `{"code":19002,"msg":"params error, msg_type need"}`).Fails(push.BadPayload, "19002", ""),
		says("card", 200, `{"code":11246,"msg":"ErrCode: 200621; ErrMsg: parse card json err"}`).Fails(push.BadPayload, "11246", ""),
		says("bad request", 400, `{"code":9499,"msg":"Bad Request"}`).Fails(push.BadPayload, "9499", ""),
		says("too many in a second", 400, `{"code":9499,"msg":"too many request"}`).Fails(push.RateLimited, "9499", ""),
		says("too many in a minute", 200, `{"code":11232,"msg":"frequency limited psm"}`).Fails(push.RateLimited, "11232", ""),
		says("gateway", 429, `{"code":99991400,"msg":"request trigger frequency limit"}`, "x-ogw-ratelimit-reset", "7").
			Fails(push.RateLimited, "99991400", "frequency limit").After(7 * time.Second),
		says("gateway of the first days", 400, `{"code":99991400,"msg":"request trigger frequency limit"}`, "X-Ogw-Ratelimit-Reset", "1.5").
			Fails(push.RateLimited, "99991400", "").After(1500 * time.Millisecond),
		says("no such address", 404, `{"code":99991201,"msg":"resource not find"}`).Fails(push.Dead, "99991201", ""),
		says("unknown code", 200, `{"code":12345,"msg":"?"}`).Fails(push.Transient, "12345", "?"),
		says("unknown code of a bad request", 400, `{"code":12345,"msg":"?"}`).Fails(push.BadPayload, "12345", "?"),
		says("internal", 500, `{"code":10003,"msg":"internal error"}`).Fails(push.Transient, "10003", "internal error"),
		says("page of a proxy", 200, `<html>`).Fails(push.Transient, "http 200", "<html>").Ambiguous(),
		says("no code", 200, `{"msg":"success"}`).Fails(push.Transient, "http 200", "").Ambiguous(),
		says("not found by a proxy", 404, `nothing here`).Fails(push.Transient, "http 404", "nothing here"),
	})
}

// TestSigned: what is sent is what was rendered, with the signature of this attempt.
func TestSigned(t *testing.T) {
	var got []byte
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		io.WriteString(w, `{"code":0}`)
	}))
	defer srv.Close()
	target, err := feishu.Kind.New(&feishu.Config{URL: srv.URL, Secret: "demo-secret", Style: "post"}, push.Env{
		HTTP: http.DefaultClient, Now: func() time.Time { return time.Unix(1599360473, 999) },
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := target.Render(&push.Message{Entries: []push.Entry{{Title: "t"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.Send(t.Context(), "m", p); err != nil {
		t.Fatal(err)
	}
	const sign = `{"timestamp":"1599360473","sign":"3/MaVZ8JLIy4TUG+7KSFJqvUkTKd+HWY8g+56DZWq8s=",`
	if want := sign + string(p.Body[1:]); string(got) != want || !json.Valid(got) {
		t.Errorf("sent %s\nwant %s", got, want)
	}
}

// TestKeyword: a bot that asks for a word refuses what is without, and takes every form of message with the prefix.
func TestKeyword(t *testing.T) {
	fake := pushtest.Feishu(nil)
	fake.Require("快讯")
	srv := httptest.NewServer(fake)
	defer srv.Close()
	for _, style := range []string{"post", "card"} {
		for _, prefix := range []string{"", "快讯"} {
			cfg := &feishu.Config{URL: srv.URL + pushtest.FeishuPath, Secret: pushtest.FeishuSecret, Style: style, Prefix: prefix}
			target, err := feishu.Kind.New(cfg, push.Env{HTTP: http.DefaultClient, Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			p, err := target.Render(&push.Message{Entries: []push.Entry{{Title: "t"}}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = target.Send(t.Context(), "m", p)
			if e := push.AsError(err); (e == nil) != (prefix != "") || e != nil && (e.Class != push.Blocked || !strings.Contains(e.Reason, "prefix:")) {
				t.Errorf("%s, prefix %q: %v", style, prefix, err)
			}
		}
	}
}

// TestRates: the 6th message of a second and the 101st of a minute are refused in Feishu's two ways, and both are a limit.
func TestRates(t *testing.T) {
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	srv := httptest.NewServer(pushtest.Feishu(clock))
	defer srv.Close()
	target, err := feishu.Kind.New(suite("post").Config(srv.URL), push.Env{HTTP: http.DefaultClient, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	p, err := target.Render(&push.Message{Entries: []push.Entry{{Title: "t"}}})
	if err != nil {
		t.Fatal(err)
	}
	send := func() string {
		_, err := target.Send(t.Context(), "m", p)
		if err == nil {
			return "delivered"
		}
		return string(push.AsError(err).Class) + " " + push.AsError(err).Code
	}
	for range 5 {
		if got := send(); got != "delivered" {
			t.Fatal(got)
		}
	}
	if got := send(); got != "rate-limited 9499" {
		t.Errorf("the 6th: %s", got)
	}
	now = now.Add(time.Second)
	for range 95 {
		now = now.Add(300 * time.Millisecond)
		if got := send(); got != "delivered" {
			t.Fatal(got)
		}
	}
	now = now.Add(time.Second)
	if got := send(); got != "rate-limited 11232" {
		t.Errorf("the 101st: %s", got)
	}
}

// TestNumber: a title that begins with a number makes no list of it.
func TestNumber(t *testing.T) {
	target, err := feishu.Kind.New(&feishu.Config{Style: "card"}, push.Env{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := target.Render(&push.Message{Heading: "h", Entries: []push.Entry{{Title: "2026. A v1.5 year"}}})
	if want := `"content":"- 2026&#46; A v1.5 year"`; err != nil || !strings.Contains(string(p.Body), want) {
		t.Errorf("%s does not have %s (%v)", p.Body, want, err)
	}
}

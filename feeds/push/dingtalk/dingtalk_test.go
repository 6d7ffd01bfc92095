package dingtalk_test

import (
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"feedmill/feeds/push"
	"feedmill/feeds/push/dingtalk"
	"feedmill/feeds/push/pushtest"
)

var update = flag.Bool("update", false, "rewrite the golden messages in testdata")

func suite(style string) pushtest.Case {
	return pushtest.Case{
		Kind: dingtalk.Kind, Fake: pushtest.DingTalk, Read: pushtest.ReadDingTalk, Most: map[string]int{"markdown": 25, "cards": 100}[style],
		Config: func(base string) push.Config {
			return &dingtalk.Config{URL: base + pushtest.DingTalkPath, Secret: pushtest.DingTalkSecret, Style: style, Picture: map[string]string{"cards": "https://example.org/logo.png"}[style]}
		},
		Secrets: []string{"fake-token", pushtest.DingTalkSecret},
	}
}

func TestMarkdown(t *testing.T) { pushtest.Run(t, suite("markdown")) }

// TestCardsSuite leaves out that the text of an item is shown: cards have titles alone.
func TestCardsSuite(t *testing.T) {
	c := suite("cards")
	c.Titles = true
	pushtest.Run(t, c)
}

func TestGolden(t *testing.T) {
	for _, style := range []string{"markdown", "cards"} {
		pushtest.Golden(t, suite(style), style, *update)
	}
}

func FuzzMarkdown(f *testing.F) { pushtest.Fuzz(f, suite("markdown")) }

func FuzzCards(f *testing.F) { pushtest.Fuzz(f, suite("cards")) }

func TestSign(t *testing.T) {
	got := url.QueryEscape(dingtalk.Sign("SECdemo", 1577262236757))
	if got != "sLRlUUvzoOXn5DR%2F%2Bo%2Bs6tOqX%2BbWe3JGaZ7JQ7844l8%3D" {
		t.Errorf("got %s", got)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []dingtalk.Config{
		{URL: "https://example.org/SECRET", Style: "markdown"},
		{URL: "https://oapi.dingtalk.com/robot/send?access_token=SECRET", Style: "x"},
		{URL: "https://oapi.dingtalk.com/robot/send?access_token=SECRET", Style: "cards", Picture: "http://example.org/a.png"},
		{URL: "https://oapi.dingtalk.com/robot/send?access_token=SECRET", Style: "markdown", Prefix: strings.Repeat("x", 201)},
	} {
		if err := c.Check(); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestCards: an item without an address or a picture makes no card, so the message is Markdown then.
func TestCards(t *testing.T) {
	for _, tt := range []struct{ picture, url, image, more, want string }{
		{"", "https://e.org/", "https://e.org/a.png", "", `{"msgtype":"feedCard","feedCard":{"links":[{"title":"快讯 t","messageURL":"https://e.org/","picURL":"https://e.org/a.png"}]}}`},
		{"https://e.org/l.png", "https://e.org/", "", "", `{"msgtype":"feedCard","feedCard":{"links":[{"title":"快讯 t","messageURL":"https://e.org/","picURL":"https://e.org/l.png"}]}}`},
		{"", "https://e.org/", "https://e.org/a.png", "https://e.org/all", `"picURL":"https://e.org/a.png"},{"title":"快讯 +7 more","messageURL":"https://e.org/all","picURL":"https://e.org/a.png"}]}}`},
		{"", "https://e.org/", "", "", `{"msgtype":"markdown",`},
		{"https://e.org/l.png", "", "", "", `{"msgtype":"markdown",`},
	} {
		target, err := dingtalk.Kind.New(&dingtalk.Config{Style: "cards", Prefix: "快讯", Picture: tt.picture}, push.Env{})
		if err != nil {
			t.Fatal(err)
		}
		m := &push.Message{Entries: []push.Entry{{Title: "t", URL: tt.url, Image: tt.image}}}
		if tt.more != "" {
			m.More, m.MoreURL = 7, tt.more
		}
		if p, err := target.Render(m); err != nil || !strings.Contains(string(p.Body), tt.want) {
			t.Errorf("%+v: got %s, %v", tt, p.Body, err)
		}
	}
}

// TestPrefix: the word that a robot asks for is in every message.
func TestPrefix(t *testing.T) {
	for _, style := range []string{"markdown", "cards"} {
		target, err := dingtalk.Kind.New(&dingtalk.Config{Style: style, Prefix: "快讯"}, push.Env{})
		if err != nil {
			t.Fatal(err)
		}
		for _, heading := range []string{"", "heading"} {
			for _, small := range []bool{false, true} {
				p, err := target.Render(&push.Message{Heading: heading, Small: small, Entries: []push.Entry{{Title: "t"}, {Title: "u"}}})
				if err != nil || !strings.Contains(pushtest.ReadDingTalk(p.Body).Text, "快讯") {
					t.Errorf("%s %q small %v: %s, %v", style, heading, small, p.Body, err)
				}
			}
		}
	}
}

func TestAnswers(t *testing.T) {
	says := pushtest.Says
	const signature, keyword, address = "; check secret:", "; set prefix:", "; add this machine's address"
	pushtest.Answers(t, suite("markdown"), []pushtest.Answer{
		says("ok", 200, `{"errcode":0,"errmsg":"ok"}`),
		says("0 with another status", 500, `{"errcode":0}`).Fails(push.Transient, "0", ""),
		says("busy", 200, `{"errcode":-1,"errmsg":"系统繁忙"}`).Fails(push.Transient, "-1", "系统繁忙"),
		says("signature", 200, `{"errcode":310000,"errmsg":"sign not match, more: [https://ding-doc.dingtalk.com]"}`).Fails(push.Blocked, "310000", signature),
		says("signature, newer", 200, `{"errcode":310000,"errmsg":"description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中"}`).Fails(push.Blocked, "310000", signature),
		says("clock", 200, `{"errcode":310000,"errmsg":"invalid timestamp"}`).Fails(push.Blocked, "310000", signature),
		says("keyword", 200, `{"errcode":310000,"errmsg":"keywords not in content"}`).Fails(push.Blocked, "310000", keyword),
		says("keyword, newer", 200, `{"errcode":310000,"errmsg":"description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词"}`).Fails(push.Blocked, "310000", keyword),
		says("address", 200, `{"errcode":310000,"errmsg":"ip 203.0.113.7 not in whitelist"}`).Fails(push.Blocked, "310000", address),
		says("address, newer", 200, `{"errcode":310000,"errmsg":"description:机器人发送的IP地址不在白名单内"}`).Fails(push.Blocked, "310000", address),
		says("another rule", 200, `{"errcode":310000,"errmsg":"description:?"}`).Fails(push.Blocked, "310000", "description:?; look at the robot's security settings"),
		says("disabled", 200, `{"errcode":400102,"errmsg":"机器人已停用"}`).Fails(push.Blocked, "400102", "enable the robot"),
		says("too fast", 200, `{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}`).Fails(push.RateLimited, "130101", "too fast").After(10 * time.Minute),
		says("too fast, shut out", 200, `{"errcode":130101,"errmsg":"send too fast","status":1111,"wait":5,"punish":"deny"}`).Fails(push.RateLimited, "130101", "").After(10 * time.Minute),
		says("too fast, newer", 200, `{"errcode":410100,"errmsg":"发送速度太快而限流"}`).Fails(push.RateLimited, "410100", "").After(10 * time.Minute),
		says("quota", 200, `{"errcode":90030,"errmsg":"webhook over limit"}`).Fails(push.RateLimited, "90030", "").After(time.Hour),
		says("429", 429, ``, "Retry-After", "60").Fails(push.RateLimited, "http 429", "").After(time.Minute),
		says("no token", 200, `{"errcode":300001,"errmsg":"token is not exist"}`).Fails(push.Dead, "300001", "token is not exist"),
		says("no token, older", 200, `{"errcode":300005,"errmsg":"token is not exist"}`).Fails(push.Dead, "300005", ""),
		says("no token, newer", 200, `{"errcode":400101,"errmsg":"access_token不存在"}`).Fails(push.Dead, "400101", ""),
		says("no robot", 200, `{"errcode":400106,"errmsg":"机器人不存在"}`).Fails(push.Dead, "400106", ""),
		says("no group", 200, `{"errcode":400013,"errmsg":"群已被解散"}`).Fails(push.Dead, "400013", ""),
		says("parameter", 200, `{"errcode":40035,"errmsg":"缺少参数 json"}`).Fails(push.BadPayload, "40035", ""),
		says("header", 200, `{"errcode":43004,"errmsg":"无效的HTTP HEADER Content-Type"}`).Fails(push.BadPayload, "43004", ""),
		says("type", 200, `{"errcode":400105,"errmsg":"不支持的消息类型"}`).Fails(push.BadPayload, "400105", ""),
		says("link", 200, `{"errcode":430101,"errmsg":"含有不安全的外链"}`).Fails(push.BadPayload, "430101", ""),
		says("text", 200, `{"errcode":430102,"errmsg":"含有不合适的文本"}`).Fails(push.BadPayload, "430102", ""),
		says("picture", 200, `{"errcode":430103,"errmsg":"含有不合适的图片"}`).Fails(push.BadPayload, "430103", ""),
		says("content", 200, `{"errcode":430104,"errmsg":"含有不合适的内容"}`).Fails(push.BadPayload, "430104", ""),
		says("size", 200, `{"errcode":460101,"errmsg":"message too long, exceed 20000 bytes"}`).Fails(push.BadPayload, "460101", ""),
		says("unknown code", 200, `{"errcode":99,"errmsg":"?"}`).Fails(push.Transient, "99", "?"),
		says("page of a proxy", 200, `<html>`).Fails(push.Transient, "http 200", "").Ambiguous(),
		says("no code", 200, `{"errmsg":"ok"}`).Fails(push.Transient, "http 200", "").Ambiguous(),
		says("not found by a proxy", 404, `nothing here`).Fails(push.Transient, "http 404", ""),
	})
}

// TestSigned: the signature of this attempt stands beside the token, as RFC 3986 writes it.
func TestSigned(t *testing.T) {
	var got string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.URL.RawQuery
		io.WriteString(w, `{"errcode":0}`)
	}))
	defer srv.Close()
	target, err := dingtalk.Kind.New(&dingtalk.Config{URL: srv.URL + "/robot/send?access_token=T", Secret: "SECdemo", Style: "markdown"}, push.Env{
		HTTP: http.DefaultClient, Now: func() time.Time { return time.UnixMilli(1577262236757) },
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
	if want := "access_token=T&sign=sLRlUUvzoOXn5DR%2F%2Bo%2Bs6tOqX%2BbWe3JGaZ7JQ7844l8%3D&timestamp=1577262236757"; got != want {
		t.Errorf("asked for %s\nwant %s", got, want)
	}
}

// TestLocation: two robots are told apart without their tokens.
func TestLocation(t *testing.T) {
	a := (&dingtalk.Config{URL: "https://oapi.dingtalk.com/robot/send?access_token=SECRET1"}).Location()
	b := (&dingtalk.Config{URL: "https://oapi.dingtalk.com/robot/send?access_token=SECRET2"}).Location()
	if a == b || strings.Contains(a, "SECRET") {
		t.Errorf("%s and %s", a, b)
	}
}

// TestBlock: whoever sends 21 messages in a minute is shut out for ten; the target says so, and so long it must not be asked.
func TestBlock(t *testing.T) {
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	fake := pushtest.DingTalk(clock)
	fake.Require("快讯")
	srv := httptest.NewServer(fake)
	defer srv.Close()
	cfg := &dingtalk.Config{URL: srv.URL + pushtest.DingTalkPath, Secret: pushtest.DingTalkSecret, Style: "markdown", Prefix: "快讯"}
	target, err := dingtalk.Kind.New(cfg, push.Env{HTTP: http.DefaultClient, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	send := func() *push.Error {
		p, err := target.Render(&push.Message{Entries: []push.Entry{{Title: "t"}}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = target.Send(t.Context(), "m", p)
		return push.AsError(err)
	}
	for range 20 {
		if e := send(); e != nil {
			t.Fatal(e)
		}
	}
	e := send()
	if e == nil || e.Class != push.RateLimited || e.RetryAfter != 10*time.Minute {
		t.Fatalf("the 21st: %+v", e)
	}
	now = now.Add(e.RetryAfter - time.Second)
	if e := send(); e == nil || e.Class != push.RateLimited {
		t.Errorf("within ten minutes: %+v", e)
	}
	now = now.Add(2 * time.Second)
	if e := send(); e != nil {
		t.Errorf("afterwards: %v", e)
	}
	if _, early := fake.Requests(); early != 1 {
		t.Errorf("%d requests were early", early)
	}
	cfg.Prefix = ""
	if e := send(); e == nil || e.Class != push.Blocked {
		t.Errorf("without the keyword: %+v", e)
	}
	// What the courier keeps to is below what DingTalk takes.
	if r := target.Buckets()[0].Rates; len(r) != 1 || r[0].Count >= 20 || r[0].Per != time.Minute {
		t.Errorf("rates %v", r)
	}
}

package dingtalk_test

import (
	"net/url"
	"strings"
	"testing"

	"feedmill/feeds/push"
	"feedmill/feeds/push/dingtalk"
	"feedmill/feeds/push/pushtest"
)

func suite(style string) pushtest.Case {
	return pushtest.Case{
		Kind: dingtalk.Kind, Fake: pushtest.DingTalk, Read: pushtest.ReadDingTalk, Most: map[string]int{"markdown": 25, "cards": 100}[style],
		Config: func(base string) push.Config {
			return &dingtalk.Config{URL: base + pushtest.DingTalkPath, Secret: pushtest.DingTalkSecret, Style: style}
		},
		Secrets: []string{"fake-token", pushtest.DingTalkSecret},
	}
}

func TestMarkdown(t *testing.T) { pushtest.Run(t, suite("markdown")) }

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
		{URL: "https://oapi.dingtalk.com/robot/send?access_token=SECRET", Style: "markdown", Prefix: strings.Repeat("x", 201)},
	} {
		if err := c.Check(); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestCards: titles with pictures; an item without an address is in none, so the message is Markdown then.
func TestCards(t *testing.T) {
	target, err := dingtalk.Kind.New(&dingtalk.Config{Style: "cards", Prefix: "快讯"}, push.Env{})
	if err != nil {
		t.Fatal(err)
	}
	m := &push.Message{Entries: []push.Entry{{Title: "t", URL: "https://example.org/", Image: "https://example.org/a.png"}}}
	p, err := target.Render(m)
	const want = `{"msgtype":"feedCard","feedCard":{"links":[{"title":"快讯 t","messageURL":"https://example.org/","picURL":"https://example.org/a.png"}]}}`
	if err != nil || string(p.Body) != want {
		t.Errorf("got %s, %v", p.Body, err)
	}
	m.Entries[0].URL = ""
	if p, err = target.Render(m); err != nil || !strings.Contains(string(p.Body), `"msgtype":"markdown"`) {
		t.Errorf("got %s, %v", p.Body, err)
	}
}

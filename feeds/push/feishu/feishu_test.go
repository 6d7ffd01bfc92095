package feishu_test

import (
	"strings"
	"testing"

	"feedmill/feeds/push"
	"feedmill/feeds/push/feishu"
	"feedmill/feeds/push/pushtest"
)

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

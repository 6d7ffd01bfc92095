package wecom_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"feedmill/feeds/push"
	"feedmill/feeds/push/pushtest"
	"feedmill/feeds/push/wecom"
)

func suite(style string, most int) pushtest.Case {
	return pushtest.Case{
		Kind: wecom.Kind, Fake: pushtest.WeCom, Read: pushtest.ReadWeCom, Most: most, Silent: true,
		Config: func(base string) push.Config {
			return &wecom.Config{URL: base + pushtest.WeComPath, Style: style}
		},
		Secrets: []string{"fake-key-wecom"},
	}
}

func TestMarkdown(t *testing.T) { pushtest.Run(t, suite("markdown", 30)) }

func TestMarkdownV2(t *testing.T) { pushtest.Run(t, suite("markdown_v2", 30)) }

func TestText(t *testing.T) { pushtest.Run(t, suite("text", 60)) }

func TestNews(t *testing.T) { pushtest.Run(t, suite("news", 30)) }

func FuzzMarkdown(f *testing.F) { pushtest.Fuzz(f, suite("markdown", 30)) }

func FuzzMarkdownV2(f *testing.F) { pushtest.Fuzz(f, suite("markdown_v2", 30)) }

func FuzzText(f *testing.F) { pushtest.Fuzz(f, suite("text", 60)) }

func FuzzNews(f *testing.F) { pushtest.Fuzz(f, suite("news", 30)) }

const address = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=SECRET"

func target(t *testing.T, c *wecom.Config) push.Target {
	t.Helper()
	if c.URL == "" {
		c.URL = address
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	to, err := wecom.Kind.New(c, push.Env{HTTP: http.DefaultClient, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// content is what a message says, whatever its type.
func content(t *testing.T, to push.Target, m *push.Message) string {
	t.Helper()
	p, err := to.Render(m)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(p.Body, &all); err != nil {
		t.Fatal(err)
	}
	var kind string
	if err := json.Unmarshal(all["msgtype"], &kind); err != nil {
		t.Fatal(err)
	}
	var c struct{ Content string }
	if err := json.Unmarshal(all[kind], &c); err != nil {
		t.Fatal(err)
	}
	if c.Content == "" {
		return string(p.Body)
	}
	return kind + "\n" + c.Content
}

var (
	ship = push.Entry{
		Title: "Ferry [late] *again*", URL: "https://example.org/a_(1)", Text: "First line.\n\n# Second <@all>", Footer: "harbour · 11-23 16:00",
		Image: "https://example.org/a.png",
	}
	pier = push.Entry{Title: "市场", URL: "https://example.org/b", Text: "正文", Footer: "harbour"}
)

// TestLook shows each style as a person gets it.
func TestLook(t *testing.T) {
	single := &push.Message{Entries: []push.Entry{ship}, Language: "en"}
	digest := &push.Message{Heading: "2 new", Entries: []push.Entry{ship, pier}, More: 37, MoreURL: "https://feeds.example.org/all", Language: "zh"}
	small := &push.Message{Entries: []push.Entry{ship}, Small: true}
	for _, tt := range []struct {
		name string
		cfg  wecom.Config
		m    *push.Message
		want string
	}{
		{"markdown", wecom.Config{Style: "markdown"}, single, "markdown\n**[Ferry ［late］ ＊again＊](https://example.org/a_%281%29)**\n> First line.\n> ＃ Second ＜＠all＞\n<font color=\"comment\">harbour · 11-23 16:00</font>"},
		{"markdown digest", wecom.Config{Style: "markdown"}, digest, "markdown\n**2 new**\n[Ferry ［late］ ＊again＊](https://example.org/a_%281%29)\n[市场](https://example.org/b)\n[另有 37 条](https://feeds.example.org/all)"},
		{"markdown mention", wecom.Config{Style: "markdown", Mention: []string{"zhangsan", "li.si"}}, &push.Message{Entries: []push.Entry{pier}}, "markdown\n**[市场](https://example.org/b)**\n> 正文\n<font color=\"comment\">harbour</font>\n<@zhangsan> <@li.si>"},
		{"markdown_v2", wecom.Config{Style: "markdown_v2"}, single, "markdown_v2\n### [Ferry ［late］ ＊again＊](https://example.org/a_%281%29)\n![](https://example.org/a.png)\n> First line.\n> ＃ Second ＜＠all＞\n\nharbour · 11-23 16:00"},
		{"markdown_v2 digest", wecom.Config{Style: "markdown_v2"}, digest, "markdown_v2\n### 2 new\n- [Ferry ［late］ ＊again＊](https://example.org/a_%281%29)\n- [市场](https://example.org/b)\n\n[另有 37 条](https://feeds.example.org/all)"},
		{"text", wecom.Config{Style: "text"}, single, "text\nFerry [late] *again*\nFirst line.\n# Second ＜@all>\nharbour · 11-23 16:00\nhttps://example.org/a_%281%29"},
		{"text digest", wecom.Config{Style: "text"}, digest, "text\n2 new\n\nFerry [late] *again*\nhttps://example.org/a_%281%29\n市场\nhttps://example.org/b\n\n另有 37 条\nhttps://feeds.example.org/all"},
		{"small", wecom.Config{Style: "markdown"}, small, "text\nFerry [late] *again*\nhttps://example.org/a_%281%29"},
		{"news", wecom.Config{Style: "news"}, digest, `{"msgtype":"news","news":{"articles":[{"title":"Ferry [late] *again*","description":"First line. # Second <@all>","url":"https://example.org/a_%281%29","picurl":"https://example.org/a.png"},{"title":"市场","description":"正文","url":"https://example.org/b"},{"title":"另有 37 条","url":"https://feeds.example.org/all"}]}}`},
		{"news without a picture", wecom.Config{Style: "news"}, &push.Message{Entries: []push.Entry{pier}}, "markdown\n**[市场](https://example.org/b)**\n> 正文\n<font color=\"comment\">harbour</font>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := content(t, target(t, &tt.cfg), tt.m); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// TestMentions: text calls users and mobiles, and nobody where the message is to be silent.
func TestMentions(t *testing.T) {
	to := target(t, &wecom.Config{Style: "text", Mention: []string{"@all", "13800001111", "zhangsan"}})
	for _, silent := range []bool{false, true} {
		p, err := to.Render(&push.Message{Entries: []push.Entry{pier}, Silent: silent})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Text struct {
				Users   []string `json:"mentioned_list"`
				Mobiles []string `json:"mentioned_mobile_list"`
			}
		}
		if err := json.Unmarshal(p.Body, &got); err != nil {
			t.Fatal(err)
		}
		users, mobiles := []string{"@all", "zhangsan"}, []string{"13800001111"}
		if silent {
			users, mobiles = nil, nil
		}
		if !reflect.DeepEqual(got.Text.Users, users) || !reflect.DeepEqual(got.Text.Mobiles, mobiles) {
			t.Errorf("silent %v: calls %q and %q", silent, got.Text.Users, got.Text.Mobiles)
		}
	}
}

// TestCuts: what is too long is cut in its text, keeps its link, and says so, to the last byte.
func TestCuts(t *testing.T) {
	for _, most := range []struct {
		style string
		bytes int
	}{{"markdown", 4096}, {"text", 2048}} {
		e := pier
		e.Text = strings.Repeat("证券时报网", 500)
		got := content(t, target(t, &wecom.Config{Style: most.style}), &push.Message{Entries: []push.Entry{e}})
		_, got, _ = strings.Cut(got, "\n")
		if len(got) > most.bytes || len(got) < most.bytes-2 || !strings.Contains(got, "…\n") || !strings.Contains(got, e.URL) || !strings.Contains(got, e.Footer) {
			t.Errorf("%s: %d bytes: %.100s", most.style, len(got), got)
		}
	}
	e := ship
	e.Title, e.Text = strings.Repeat("证", 100), strings.Repeat("时", 300)
	p, err := target(t, &wecom.Config{Style: "news"}).Render(&push.Message{Entries: []push.Entry{e}})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`"title":"%s…","description":"%s…"`, strings.Repeat("证", 41), strings.Repeat("时", 169))
	if !strings.Contains(string(p.Body), want) {
		t.Errorf("got %s", p.Body)
	}
}

// TestCodes: what each code of the platform means.
func TestCodes(t *testing.T) {
	for code, want := range map[string]push.Class{
		`{"errcode":-1,"errmsg":"system busy"}`: push.Transient, `{"errcode":45009,"errmsg":"api freq out of limit"}`: push.RateLimited,
		`{"errcode":45033}`: push.RateLimited, `{"errcode":93000,"errmsg":"invalid webhook url"}`: push.Dead, `{"errcode":93008}`: push.Dead,
		`{"errcode":40058}`: push.BadPayload, `{"errcode":40008}`: push.BadPayload, `{"errcode":44004}`: push.BadPayload, `{"errcode":45002}`: push.BadPayload,
		`{"errcode":47001}`: push.BadPayload, `{"errcode":60020}`: push.Blocked, `{"errcode":99999}`: push.Transient,
		`{}`: push.Transient, `null`: push.Transient, `[]`: push.Transient, ``: push.Transient, `{"errcode":"0"}`: push.Transient,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, code) }))
		_, err := target(t, &wecom.Config{URL: srv.URL + pushtest.WeComPath, Style: "text"}).Send(t.Context(), "m", &push.Payload{Body: []byte("{}")})
		srv.Close()
		if err == nil {
			t.Fatalf("%s is taken for delivered", code)
		}
		if e := push.AsError(err); e.Class != want {
			t.Errorf("%s: %v, want %s", code, err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []wecom.Config{
		{URL: "https://example.org/SECRET", Style: "markdown"},
		{URL: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?ke=SECRET", Style: "markdown"},
		{URL: "ftp://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=SECRET", Style: "markdown"},
		{URL: address, Style: "card"},
		{URL: address, Style: "news", Mention: []string{"x"}},
		{URL: address, Style: "markdown", Mention: []string{"@all"}},
		{URL: address, Style: "markdown", Mention: []string{"13800001111"}},
		{URL: address, Style: "text", Mention: []string{"a>b"}},
		{URL: address, Style: "text", Mention: make([]string, 21)},
	} {
		if err := c.Check(); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

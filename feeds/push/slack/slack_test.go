package slack_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"feedmill/feeds/push"
	"feedmill/feeds/push/pushtest"
	"feedmill/feeds/push/slack"
)

var suite = pushtest.Case{
	Kind: slack.Kind, Fake: pushtest.Slack, Read: pushtest.ReadSlack, Most: 12,
	Config:  func(base string) push.Config { return &slack.Config{URL: base + pushtest.SlackPath} },
	Secrets: []string{"faketokenslack"},
}

func Test(t *testing.T) { pushtest.Run(t, suite) }

func Fuzz(f *testing.F) { pushtest.Fuzz(f, suite) }

func target(t *testing.T, base string) push.Target {
	t.Helper()
	c := &slack.Config{URL: base + pushtest.SlackPath}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	to, err := slack.Kind.New(c, push.Env{HTTP: http.DefaultClient, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// TestLook shows each form to the byte.
func TestLook(t *testing.T) {
	ship := push.Entry{
		Title: "Q&A: <ferry> *again* | snake_case", URL: "https://example.org/a|b?x=1&y=<2>", Text: "> First *line*\n<!channel> & more :joy:", Footer: "harbour · 11-23",
		Image: "https://example.org/a.png",
	}
	bare := push.Entry{Title: "_No_ address"}
	const head = `"mrkdwn":false,"parse":"none","link_names":0,"unfurl_links":false,"unfurl_media":false,"blocks":[`
	const title = `<https://example.org/a%7Cb?x=1&amp;y=%3C2%3E|Q&amp;A: &lt;ferry&gt; ＊again＊ ｜ snake_case>`
	for _, tt := range []struct {
		name string
		m    *push.Message
		want string
	}{
		{
			"one", &push.Message{Entries: []push.Entry{ship}},
			`{"text":"Q&amp;A: &lt;ferry&gt; *again* | snake_case",` + head +
				`{"type":"section","text":{"type":"mrkdwn","text":"*` + title + `*","verbatim":true}},` +
				`{"type":"section","text":{"type":"plain_text","text":"&gt; First *line*\n&lt;!channel&gt; &amp; more :joy:","emoji":false},"accessory":{"type":"image","image_url":"https://example.org/a.png","alt_text":"Q&A: <ferry> *again* | snake_case"}},` +
				`{"type":"context","elements":[{"type":"plain_text","text":"harbour · 11-23","emoji":false}]}]}`,
		},
		{
			"small", &push.Message{Entries: []push.Entry{ship}, Small: true},
			`{"text":"Q&amp;A: &lt;ferry&gt; *again* | snake_case",` + head + `{"type":"section","text":{"type":"mrkdwn","text":"*` + title + `*","verbatim":true}}]}`,
		},
		{
			"no address", &push.Message{Entries: []push.Entry{bare}},
			`{"text":"_No_ address",` + head + `{"type":"section","text":{"type":"plain_text","text":"_No_ address","emoji":false}}]}`,
		},
		{
			"digest", &push.Message{Heading: "2 <new>", Entries: []push.Entry{ship, bare}, More: 37, MoreURL: "https://feeds.example.org/all"},
			`{"text":"2 &lt;new&gt;",` + head +
				`{"type":"header","text":{"type":"plain_text","text":"2 &lt;new&gt;","emoji":false}},` +
				`{"type":"section","text":{"type":"mrkdwn","text":"• ` + title + `\n• ＿No＿ address","verbatim":true}},` +
				`{"type":"context","elements":[{"type":"mrkdwn","text":"<https://feeds.example.org/all|+37 more>","verbatim":true}]}]}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := target(t, "https://hooks.slack.com").Render(tt.m)
			if err != nil {
				t.Fatal(err)
			}
			if string(p.Body) != tt.want {
				t.Errorf("got\n%s\nwant\n%s", p.Body, tt.want)
			}
		})
	}
}

// TestAnswers: what each answer of the platform means, also in words that nobody has seen yet.
func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   push.Class
		code   string
	}{
		{400, "invalid_payload", push.BadPayload, "invalid_payload"},
		{400, "invalid_blocks", push.BadPayload, "invalid_blocks"},
		{400, "invalid_blocks: downloading image failed", push.BadPayload, "invalid_blocks"},
		{400, "no_text\n", push.BadPayload, "no_text"},
		{400, "too_many_attachments", push.BadPayload, "too_many_attachments"},
		{400, "user_not_found", push.Blocked, "user_not_found"},
		{403, "action_prohibited", push.Blocked, "action_prohibited"},
		{403, "posting_to_general_channel_denied", push.Blocked, "posting_to_general_channel_denied"},
		{403, "invalid_token", push.Dead, "invalid_token"},
		{404, "channel_not_found", push.Dead, "channel_not_found"},
		{404, "no_service", push.Dead, "no_service"},
		{404, "no_service_id", push.Dead, "no_service_id"},
		{404, "no_team", push.Dead, "no_team"},
		{404, "no_active_hooks", push.Dead, "no_active_hooks"},
		{410, "channel_is_archived", push.Dead, "channel_is_archived"},
		{403, "team_disabled", push.Dead, "team_disabled"},
		{500, "rollup_error", push.Transient, "rollup_error"},
		{400, "something_new", push.BadPayload, "http 400"},
		{413, "<html>", push.BadPayload, "http 413"},
		{403, "<html>forbidden</html>", push.Blocked, "http 403"},
		{404, "", push.Dead, "http 404"},
		{418, "teapot", push.Transient, "http 418"},
		{500, "<html>", push.Transient, "http 500"},
		{200, `{"ok":true}`, push.Transient, "http 200"},
		{200, "", push.Transient, "http 200"},
		{204, "ok", push.Transient, "http 204"},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			w.Write([]byte(tt.body))
		}))
		_, err := target(t, srv.URL).Send(t.Context(), "m", &push.Payload{Body: []byte("{}")})
		srv.Close()
		if err == nil {
			t.Errorf("%d %q is taken for delivered", tt.status, tt.body)
			continue
		}
		if e := push.AsError(err); e.Class != tt.want || e.Code != tt.code {
			t.Errorf("%d %q: %v, want %s (%s)", tt.status, tt.body, err, tt.want, tt.code)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, u := range []string{
		"", "hooks.slack.com/services/SECRET", "https://hooks.slack.com/workflows/SECRET/a/b/c", "https://hooks.slack.com/services/SECRET",
		"ftp://hooks.slack.com/services/T/B/SECRET", "https://hooks.slack.com/\x7fSECRET",
	} {
		if err := (&slack.Config{URL: u}).Check(); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: %v", u, err)
		}
	}
}

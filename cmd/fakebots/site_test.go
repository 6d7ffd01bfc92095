package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"feedmill/feeds/push/pushtest"
)

func get(t *testing.T, s *site, method, path string, form url.Values, head map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8099"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for k, v := range head {
		if k == "Host" {
			r.Host = v
		}
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestPages: what was sent is shown as its platform shows it, and nothing in it becomes part of the page.
func TestPages(t *testing.T) {
	s := newSite(robots("http://127.0.0.1:8099"))
	send := func(path, message string) {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(message))
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code/100 != 2 || strings.Contains(w.Body.String(), "errcode\":4") {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	send(pushtest.SlackPath, `{"text":"x","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"*<https://example.org/?a=1&amp;b=2|Ferry &lt;b&gt;>*"}},{"type":"section","text":{"type":"plain_text","text":"<script>alert(1)</script>"}}]}`)
	send(pushtest.WeComPath, `{"msgtype":"markdown","markdown":{"content":"**[市场](https://example.org/)**\n> quote <i>\n<font color=\"comment\">small</font>\n[x](javascript:alert(1))"}}`)
	send(pushtest.DiscordPath+"?wait=true", `{"allowed_mentions":{"parse":[]},"embeds":[{"title":"T \\*","url":"https://example.org/","description":"d"}]}`)
	send("/bot"+pushtest.TelegramToken+"/sendMessage", `{"chat_id":"`+pushtest.TelegramChat+`","parse_mode":"HTML","text":"<b><a href=\"https://example.org/\">T &lt;i&gt;</a></b>"}`)
	if got := write(showWebhook([]byte(`{"type":"item.created","data":{"title":"T"},"more":{"count":37,"url":"https://example.org/all"}}`))); !strings.Contains(string(got), `href="https://example.org/all">+37 more</a>`) {
		t.Errorf("the rest is not shown: %s", got)
	}
	for name, want := range map[string][]string{
		"slack":    {`<p><b><a rel="noopener noreferrer" target="_blank" href="https://example.org/?a=1&amp;b=2">Ferry &lt;b&gt;</a></b></p>`, "<p>&lt;script&gt;alert(1)"},
		"wecom":    {`<p><b><a rel="noopener noreferrer" target="_blank" href="https://example.org/">市场</a></b></p><blockquote><p>quote &lt;i&gt;</p></blockquote>`, `<span class="color">small</span>`, "<u>x</u>"},
		"discord":  {`<h3><a rel="noopener noreferrer" target="_blank" href="https://example.org/">T *</a></h3><p>d</p>`},
		"telegram": {`<b><a rel="noopener noreferrer" target="_blank" href="https://example.org/">T &lt;i&gt;</a></b>`},
	} {
		r := get(t, s, http.MethodGet, "/see/"+name, nil, nil)
		page := body(t, r)
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("%s: %q is not in\n%s", name, w, page)
			}
		}
		if strings.Contains(page, "<script") || strings.Contains(page, "href=\"javascript") || !strings.Contains(r.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: the page can do something", name)
		}
	}
	for _, r := range s.robots {
		if get(t, s, http.MethodGet, "/see/"+r.Name(), nil, nil).StatusCode != 200 || !strings.Contains(body(t, get(t, s, http.MethodGet, "/", nil, nil)), r.Title) {
			t.Errorf("%s has no page", r.Name())
		}
	}
}

// TestSwitches: a robot fails as its page says, and only its page can say so.
func TestSwitches(t *testing.T) {
	s := newSite(robots("http://127.0.0.1:8099"))
	if r := get(t, s, http.MethodPost, "/see/slack", url.Values{"mode": {"gone"}}, nil); r.StatusCode != http.StatusSeeOther || s.robots[0].Mode() != pushtest.Gone {
		t.Errorf("%d, the mode is %q", r.StatusCode, s.robots[0].Mode())
	}
	for _, head := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}} {
		if r := get(t, s, http.MethodPost, "/see/slack", url.Values{"mode": {""}}, head); r.StatusCode != http.StatusForbidden || s.robots[0].Mode() != pushtest.Gone {
			t.Errorf("%v: %d", head, r.StatusCode)
		}
	}
	if r := get(t, s, http.MethodPost, "/see/slack", url.Values{"mode": {"x"}}, nil); r.StatusCode != http.StatusBadRequest {
		t.Errorf("%d", r.StatusCode)
	}
}

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-listen", "0.0.0.0:0"}, &out); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("it listens to everybody: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, []string{"-listen", "127.0.0.1:0"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"export FAKE_SLACK='http://127.0.0.1:", "  my-wecom:\n    wecom: ${FAKE_WECOM}\n    allow:", "    secret: ${FAKE_FEISHU_SECRET}\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
}

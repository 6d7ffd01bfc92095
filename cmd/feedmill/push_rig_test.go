package main

import (
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"feedmill/feeds/push/pushtest"
)

// platform is a fake of a platform, and the target that leads to it.
type platform struct {
	*pushtest.Fake
	srv    *httptest.Server
	target string // YAML, without name and topics

	mu    sync.Mutex
	modes []modeSince
}

type modeSince struct {
	at   time.Time
	mode pushtest.Mode
}

// platforms starts fakes by kind.
func platforms(t testing.TB, kinds ...string) map[string]*platform {
	t.Helper()
	out := map[string]*platform{}
	for _, kind := range kinds {
		p := &platform{}
		var keys string
		switch kind {
		case "wecom":
			p.Fake, keys = pushtest.WeCom(nil), "wecom_file: SECRET\n    x: URL/cgi-bin/webhook/send?key=fake-key-wecom"
		case "slack":
			p.Fake, keys = pushtest.Slack(nil), "slack_file: SECRET\n    x: URL"+pushtest.SlackPath
		case "feishu":
			p.Fake, keys = pushtest.Feishu(nil), "feishu_file: SECRET\n    secret_file: SECRET.sign\n    x: URL"+pushtest.FeishuPath
		case "discord":
			p.Fake, keys = pushtest.Discord(nil), "discord_file: SECRET\n    x: URL"+pushtest.DiscordPath
		case "teams":
			p.Fake, keys = pushtest.Teams(nil), "teams_file: SECRET\n    x: URL"+pushtest.TeamsPath
		case "telegram":
			p.Fake, keys = pushtest.Telegram(nil), "telegram_file: SECRET\n    chat: \"-1001234567890\"\n    api: URL\n    x: "+pushtest.TelegramToken
		default:
			t.Fatalf("no fake of %s", kind)
		}
		p.srv = httptest.NewServer(p.Fake)
		t.Cleanup(func() {
			p.Close()
			p.srv.CloseClientConnections()
			p.srv.Close()
		})
		lines, secret, _ := strings.Cut(strings.ReplaceAll(keys, "URL", p.srv.URL), "\n    x: ")
		file := filepath.Join(t.TempDir(), kind)
		write(t, file, secret+"\n")
		write(t, file+".sign", pushtest.FeishuSecret+"\n")
		p.target = strings.ReplaceAll(lines, "SECRET", file) + "\n    allow: [127.0.0.0/8]"
		out[kind] = p
	}
	return out
}

// pushFile writes a configuration of one site and the targets of platforms.
func pushFile(t testing.TB, file, site string, list map[string]*platform, more string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "base_url: https://feeds.example.com\nsources:\n  site: { jekyll: %q }\n%stargets:\n", site, more)
	for kind, p := range list {
		fmt.Fprintf(&b, "  %s:\n    %s\n", kind, p.target)
	}
	write(t, file, b.String())
	return file
}

// tell switches the mode, and remembers since when.
func (p *platform) tell(m pushtest.Mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Set(m)
	p.modes = append(p.modes, modeSince{time.Now(), m})
}

// mode is the one that was set at a time.
func (p *platform) modeAt(at time.Time) (m pushtest.Mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.modes {
		if !s.at.After(at) {
			m = s.mode
		}
	}
	return m
}

// times counts the messages that hold a text.
func (p *platform) times(text string) int {
	n := 0
	for _, m := range p.Received() {
		if strings.Contains(string(m.Body), text) {
			n++
		}
	}
	return n
}

// writePost writes one post of a site.
func writePost(t testing.TB, site string, n int, more string) {
	t.Helper()
	write(t, filepath.Join(site, "_posts", fmt.Sprintf("2026-11-%02d-mark-%04d.md", 1+n%28, n)), fmt.Sprintf("---\ntitle: mark-%04d\n%s---\nText %d.\n", n, more, n))
}

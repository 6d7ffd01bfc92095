package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"feedmill/feeds/push"
)

// targetsReady waits until every target has its bookmark and nothing to send.
func (s *server) targetsReady() {
	s.t.Helper()
	until(s.t, "targets that are idle", func() bool {
		list := s.Targets()
		for _, t := range list {
			if t.State != push.Idle && t.State != push.Elsewhere {
				return false
			}
		}
		return len(list) > 0
	})
}

// TestPushFromAPostToTheChat: what is there when a target is new is not sent; a post that is written is, once, to every target
// that asked for it, whatever the store, across a restart; and a target that a reload brings begins with what comes next.
func TestPushFromAPostToTheChat(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func() string{
		"bolt":  func() string { return "bolt:" + filepath.Join(t.TempDir(), "test.db") },
		"redis": func() string { return startRedis(t).url },
	} {
		t.Run(name, func(t *testing.T) {
			site, url := writePosts(t, t.TempDir(), 30), store()
			all := platforms(t, "wecom", "slack", "feishu")
			file := filepath.Join(t.TempDir(), "feedmill.yaml")
			const saved = "feeds:\n  boats: { match: { q: boats } }\n"
			some := map[string]*platform{"wecom": all["wecom"], "slack": all["slack"]}
			all["slack"].target += "\n    topics: [feed/boats]"
			pushFile(t, file, site, some, saved)
			s := start(t, settings{store: url, file: file})
			s.wait("site", 30)
			s.targetsReady()
			writePost(t, site, 1, "")
			writePost(t, site, 2, "tags: boats\n")
			until(t, "both posts at WeCom, the one of the saved feed at Slack", func() bool {
				return all["wecom"].times("mark-0001") == 1 && all["wecom"].times("mark-0002") == 1 && all["slack"].times("mark-0002") == 1
			})
			s.stop()

			s = start(t, settings{store: url, file: file})
			s.wait("site", 32)
			s.targetsReady()
			pushFile(t, file, site, all, saved)
			s.Reload()
			until(t, "the third target", func() bool { return len(s.Targets()) == 3 })
			s.targetsReady()
			writePost(t, site, 3, "tags: boats\n")
			until(t, "the post at all three", func() bool {
				for _, p := range all {
					if p.times("mark-0003") == 0 {
						return false
					}
				}
				return true
			})
			s.targetsReady()
			for kind, want := range map[string]string{"wecom": "1 1 1", "slack": "0 1 1", "feishu": "0 0 1"} {
				got := strings.TrimSpace(strings.Join([]string{digits(all[kind], "mark-0001"), digits(all[kind], "mark-0002"), digits(all[kind], "mark-0003")}, " "))
				if got != want || all[kind].times("第1条") > 0 {
					t.Errorf("%s got the posts %s times, want %s; of the baseline %d", kind, got, want, all[kind].times("第1条"))
				}
			}
			metrics, report := s.admin("/metrics"), s.admin("/status.json")
			for _, want := range []string{`feedmill_push_delivered_items_total{target="wecom"} 1`, `feedmill_push_state{state="idle",target="slack"} 1`, `feedmill_push_dead_letters{target="feishu"} 0`} {
				if !strings.Contains(metrics, want) {
					t.Errorf("no metric %s", want)
				}
			}
			for _, text := range []string{metrics, report, s.admin("/push.json"), s.admin("/push/log.json?of=wecom"), s.admin("/push/slack/preview.json"), s.log.String()} {
				for _, secret := range []string{"fake-key-wecom", "faketokenslack", "fake-feishu-0001"} {
					if strings.Contains(text, secret) {
						t.Errorf("a secret is shown:\n%s", text)
					}
				}
			}
			if !strings.Contains(s.admin("/push/log.json?of=slack"), `"outcome":"delivered"`) || !strings.Contains(s.admin("/push/slack/preview.json"), "mark-0003") {
				t.Errorf("log or preview: %s %s", s.admin("/push/log.json?of=slack"), s.admin("/push/slack/preview.json"))
			}
		})
	}
}

func digits(p *platform, text string) string { return string(rune('0' + min(9, p.times(text)))) }

// admin is a document of the admin listener.
func (s *server) admin(path string) string {
	s.t.Helper()
	code, body, err := fetchBody("http://" + s.AdminAddr() + path)
	if err != nil || code != http.StatusOK {
		s.t.Fatalf("GET %s: %d %v\n%s", path, code, err, body)
	}
	return body
}

// TestPushOfTwoReplicas: two programs on one Redis send each post once, also when the one that serves a target goes.
func TestPushOfTwoReplicas(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	site := writePosts(t, t.TempDir(), 10)
	all := platforms(t, "wecom", "slack")
	file := pushFile(t, filepath.Join(t.TempDir(), "feedmill.yaml"), site, all, "")
	a := start(t, settings{store: r.url, file: file})
	a.wait("site", 10)
	a.targetsReady()
	b := start(t, settings{store: r.url, file: file})
	until(t, "targets that others serve", func() bool {
		list := b.Targets()
		return len(list) == 2 && list[0].State == push.Elsewhere && list[1].State == push.Elsewhere
	})
	everywhere := func(text string) {
		t.Helper()
		until(t, text, func() bool { return all["wecom"].times(text) > 0 && all["slack"].times(text) > 0 })
	}
	writePost(t, site, 1, "")
	everywhere("mark-0001")
	a.stop()
	writePost(t, site, 2, "")
	everywhere("mark-0002")
	b.targetsReady()
	for kind, p := range all {
		if n, m := p.times("mark-0001"), p.times("mark-0002"); n != 1 || m != 1 {
			t.Errorf("%s got the posts %d and %d times, want once each", kind, n, m)
		}
	}
}

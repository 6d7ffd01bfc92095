package app

import (
	"maps"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"feedmill/feeds/hub"
	"feedmill/feeds/push"
	"feedmill/sources"
)

// TestStatusTexts: both languages say the same things, with the same numbers.
func TestStatusTexts(t *testing.T) {
	verbs := regexp.MustCompile(`%[a-z%]`)
	states := []string{"starting", "elsewhere", "fetching", "waiting", "failing", "held", "gone", "leaving", "idle", "sending", "broken", "parked", "paused"}
	for key, zh := range statusTexts["zh"] {
		en, ok := statusTexts["en"][key]
		if !ok && !slices.Contains(states, key) {
			t.Errorf("%s is in Chinese alone", key)
		}
		if ok && !slices.Equal(verbs.FindAllString(en, -1), verbs.FindAllString(zh, -1)) {
			t.Errorf("%s: %q and %q want other numbers", key, en, zh)
		}
	}
	for key := range maps.Keys(statusTexts["en"]) {
		if _, ok := statusTexts["zh"][key]; !ok {
			t.Errorf("%s is in English alone", key)
		}
	}
	for _, s := range states {
		if statusTexts["zh"][s] == "" {
			t.Errorf("the state %s has no Chinese name", s)
		}
	}
	for _, kind := range []string{kindDown, kindDrift, kindHeld, kindSilent, kindDegraded, kindBack, kindParked, kindUnreachable} {
		e := event{Kind: kind, Source: "s", Title: "title", What: "what", Next: "next"}
		if zh := e.in("zh"); zh.Title == e.Title || zh.Next == e.Next || zh.What != e.What || e.in("en") != e { // "what" is none of our words
			t.Errorf("%s in Chinese: %+v", kind, zh)
		}
	}
}

func TestStatusLanguage(t *testing.T) {
	for _, c := range []struct{ query, accept, want string }{
		{"", "", "en"}, {"", "zh-CN,zh;q=0.9,en;q=0.8", "zh"}, {"", "de, en;q=0.5", "en"}, {"?hl=zh", "en", "zh"}, {"?hl=en", "zh", "en"}, {"?hl=xx", "zh-TW", "zh"}, {"", ";;;", "en"},
	} {
		r := httptest.NewRequest("GET", "/status"+c.query, nil)
		r.Header.Set("Accept-Language", c.accept)
		if got := statusLanguage(r); got != c.want {
			t.Errorf("%q with %q: %s, want %s", c.query, c.accept, got, c.want)
		}
	}
}

// TestStatusPage: everything that can be said is, in both languages, escaped, and nothing asks anybody else.
func TestStatusPage(t *testing.T) {
	now := time.Now()
	var o overview
	o.begin = now.Truncate(time.Hour).Add(-(plotHours - 1) * time.Hour)
	o.posts[3], o.posts[47], o.cut = 2, 5, true
	hostile := "<script>alert(1)</script>"
	for lang, wants := range map[string][]string{
		"en": {"7 posts; at most 5 in an hour", "only the newest", "being gathered for the first time", "Private group: desk", "2 subscriptions to 1 feeds", "9 turned away with 429", "feedmill push resume bot", "3 failures in a row"},
		"zh": {"共 7 篇，一小时最多 5 篇", "只统计了最新", "首次收集中", "私有组: desk", "2 个订阅", "因过多而退回（429）9", "已停放", "连续失败 3 次", `<html lang="zh">`},
	} {
		var b strings.Builder
		err := statusTemplate.Execute(&b, statusView{
			T: statusTexts[lang], Style: statusStyle, Hours: o.plot(), Private: map[string]string{"a": "desk"}, Events: []event{(event{Kind: kindDown, Source: "a", What: hostile, At: now}).in(lang)},
			Report: Report{
				Base: "https://feeds.example.com", StoreError: hostile, ConfigError: hostile,
				Sources:    []sources.Status{{Name: "a", Kind: "feed", Location: hostile, State: "failing", Error: hostile, Failures: 3, Rejected: []sources.Rejected{{Where: hostile}}}},
				Targets:    []push.Status{{Name: "bot", Kind: "slack", State: push.Parked, Why: hostile, LastError: hostile, Backlog: 4, Counting: true, Dead: 1}},
				SavedFeeds: []SavedFeed{{Name: "chips", State: "gathering", Group: "desk", Error: hostile}}, Groups: []GroupStatus{{"desk", []string{"alice"}}, {"empty", nil}},
				Hub: &hub.Stats{Running: true, Subscriptions: 2, Feeds: 1, Limited: 9},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		page := b.String()
		for _, want := range append(wants, "alice") {
			if !strings.Contains(page, want) {
				t.Errorf("%s: lacks %q", lang, want)
			}
		}
		if strings.Contains(page, "<script") || strings.Contains(page, "<no value>") || strings.Contains(page, "%!") || regexp.MustCompile(`(src|href)="(https?:)?//[^"]*"`).FindString(strings.ReplaceAll(page, `href="https://feeds.example.com/"`, "")) != "" {
			t.Errorf("%s: something runs, is missing or is elsewhere:\n%s", lang, page)
		}
		if n := strings.Count(page, "<rect "); n != plotHours {
			t.Errorf("%s: %d bars", lang, n)
		}
	}
}

// TestPlotOfNothing: without posts there is nothing to divide by.
func TestPlotOfNothing(t *testing.T) {
	var o overview
	p := o.plot()
	if p.Total != 0 || p.Most != 0 || len(p.Bars) != plotHours || p.Bars[0].Height != "0.0" {
		t.Errorf("%+v", p)
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/sources"
)

// TestExample: the configuration that is shipped is a good one, and shows every key there is.
func TestExample(t *testing.T) {
	const file = "../../deploy/example.yaml"
	values := map[string]string{
		"NEWSROOM_WECOM": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a-value-of-the-environment",
		"NEWSROOM_SLACK": "https://hooks.slack.com/services/T0/B0/a-value-of-the-environment",
		"DESK_WEBHOOK":   "https://desk.example.com/hooks/a-value-of-the-environment",
		"DESK_SECRET":    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"DESK_OLD":       "whsec_ZmFrZS1zZWNyZXQtb2YtYS13ZWJob29r",
		"CREW_TELEGRAM":  "123456789:a-token-of-the-environment",
		"CREW_DISCORD":   "https://discord.com/api/webhooks/1/a-token-of-the-environment",
		"OFFICE_TEAMS":   "https://teams.example.com/a-value-of-the-environment",
		"CREW_FEISHU":    "https://open.feishu.cn/open-apis/bot/v2/hook/a-value-of-the-environment",
		"CREW_DINGTALK":  "https://oapi.dingtalk.com/robot/send?access_token=a-value-of-the-environment",
		"OFFICE_PROXY":   "http://proxy.example.com:3128",
		"ALICE_TOKEN":    "7KQ2ZV5M4XDTPWJ6BHRNFCSY3E",
	}
	cfg, err := config.Load(file, allKinds, func(name string) (string, bool) {
		if v, ok := values[name]; ok {
			return v, true
		}
		return "a-value-of-the-environment", true
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Override(nil, nil); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b, err := config.Schema(allKinds)
	if err != nil {
		t.Fatal(err)
	}
	var schema any
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	for key := range schemaKeys(schema, map[string]bool{}) {
		if !strings.HasSuffix(key, "_file") && !regexp.MustCompile(`(?m)(^|[ {#])`+regexp.QuoteMeta(key)+`:`).Match(text) {
			t.Errorf("%s does not show %s", file, key)
		}
	}
}

// schemaKeys collects the names of properties in a JSON Schema.
func schemaKeys(v any, into map[string]bool) map[string]bool {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			schemaKeys(x, into)
		}
	case map[string]any:
		properties, _ := v["properties"].(map[string]any)
		for key := range properties {
			into[key] = true
		}
		for _, x := range v {
			schemaKeys(x, into)
		}
	}
	return into
}

func TestNothingIsLeftRunning(t *testing.T) {
	http.DefaultClient.CloseIdleConnections()
	before := goleak.IgnoreCurrent()
	s := start(t, settings{store: "bolt:" + filepath.Join(t.TempDir(), "test.db"), sources: []string{sampleSite}, spool: t.TempDir()})
	until(t, "the import", func() bool { n, ok := s.items("sample-site"); return ok && n > 20 })
	s.get("/feed.atom")
	s.stop()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	goleak.VerifyNone(t, before)
}

func TestAStartThatFailsLeavesNothingRunning(t *testing.T) {
	before := goleak.IgnoreCurrent()
	for _, s := range []settings{
		{store: "bolt:" + filepath.Join(t.TempDir(), "no", "directory", "test.db"), sources: []string{sampleSite}},
		{store: "redis://127.0.0.1:1/0", sources: []string{sampleSite}},
		{store: "memory:", sources: []string{sampleSite}, spool: filepath.Join("main.go", "spool")}, // below a file
	} {
		if srv, err := tryStart(t, s); err == nil {
			srv.stop()
			t.Errorf("a server with %+v starts", s)
		}
	}
	goleak.VerifyNone(t, before)
}

func TestStopLetsRequestsUnderWayEnd(t *testing.T) {
	t.Parallel()
	s := start(t, settings{store: "memory:", sources: []string{sampleSite}})
	admin := "http://" + s.AdminAddr()
	type outcome struct {
		body []byte
		err  error
	}
	ended := make(chan outcome, 1)
	res, err := http.Get(admin + "/debug/pprof/trace?seconds=1") // answers at once and goes on for a second
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	go func() {
		b, err := io.ReadAll(res.Body)
		ended <- outcome{b, err}
	}()
	s.stop()
	if o := <-ended; o.err != nil || len(o.body) == 0 {
		t.Errorf("a request under way was cut off after %d bytes: %v", len(o.body), o.err)
	}
	if _, err := http.Get(admin + "/healthz"); err == nil {
		t.Error("the listener answers after Stop")
	}
}

// ids are the IDs of the items in a JSON Feed.
func ids(body string) []string {
	return regexp.MustCompile(`"id":"[^"]*"`).FindAllString(body, -1)
}

// noNews demands that the log of the store has no item that would be pushed.
func noNews(t *testing.T, s *server) {
	t.Helper()
	entries, err := s.Store().After(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Kind == feeds.New {
			t.Errorf("%s counts as news", e.ID)
		}
	}
}

func TestARenamedSourceKeepsItsItems(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		site := writePosts(t, filepath.Join(t.TempDir(), "site"), 12)
		broken := filepath.Join(site, "_posts", "broken.md")
		write(t, broken, "---\ntitle: no date\n---\n")
		file := filepath.Join(t.TempDir(), "feedmill.yaml")
		configured := func(name, formerly string) {
			write(t, file, fmt.Sprintf("sources:\n  %s: { jekyll: %q%s }\n", name, site, formerly))
		}
		configured("old", "")
		s := start(t, settings{store: store, file: file})
		s.wait("old", 12)
		before := ids(s.get("/source/old.json").body)

		configured("fresh", ", formerly: old")
		s.wait("fresh", 12)
		until(t, "the new name in the feed", func() bool { return len(ids(s.get("/source/fresh.json").body)) == len(before) })
		if after := ids(s.get("/source/fresh.json").body); strings.Join(after[1:], "") != strings.Join(before[1:], "") {
			t.Errorf("other IDs:\n%v\n%v", before, after)
		}
		if res := s.get("/source/old.json"); res.status != http.StatusMovedPermanently || res.header.Get("Location") == "" {
			t.Errorf("the old address answers %d to %q, want a permanent redirect", res.status, res.header.Get("Location"))
		}
		if list := s.Sources(); len(list) != 1 || len(list[0].Rejected) != 1 {
			t.Errorf("what was known of the source did not come along: %+v", list)
		}
		noNews(t, s)

		// A restart with the same file renames nothing again.
		s.stop()
		s = start(t, settings{store: store, file: file})
		s.wait("fresh", 12)
		if strings.Contains(s.log.String(), "new name") {
			t.Error("the source is renamed at each start")
		}
		noNews(t, s)
	})
}

func TestASourceThatWasRemovedCanComeBackRenamed(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		site, other := writePosts(t, filepath.Join(t.TempDir(), "site"), 5), writePosts(t, filepath.Join(t.TempDir(), "other"), 3)
		file := filepath.Join(t.TempDir(), "feedmill.yaml")
		rest := fmt.Sprintf("  other: { jekyll: %q }\n", other)
		write(t, file, fmt.Sprintf("sources:\n  old: { jekyll: %q }\n", site)+rest)
		s := start(t, settings{store: store, file: file})
		s.wait("old", 5)
		s.wait("other", 3)
		write(t, file, "sources:\n"+rest)
		until(t, "the removal", func() bool { return len(s.Sources()) == 1 })
		write(t, file, fmt.Sprintf("sources:\n  fresh: { jekyll: %q, formerly: old }\n", site)+rest)
		s.wait("fresh", 5)
		until(t, "the return", func() bool { return strings.Count(s.get("/source/fresh.json").body, `"date_published"`) == 5 })
		noNews(t, s)
	})
}

// TestAFormerNameThatCannotBeTakenOverStopsNobody: the new name had items of its own once.
func TestAFormerNameThatCannotBeTakenOverStopsNobody(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		one, two := writePosts(t, filepath.Join(t.TempDir(), "one"), 4), writePosts(t, filepath.Join(t.TempDir(), "two"), 6)
		file := filepath.Join(t.TempDir(), "feedmill.yaml")
		write(t, file, fmt.Sprintf("sources:\n  one: { jekyll: %q }\n  two: { jekyll: %q }\n", one, two))
		s := start(t, settings{store: store, file: file})
		s.wait("one", 4)
		s.wait("two", 6)
		write(t, file, fmt.Sprintf("sources:\n  one: { jekyll: %q }\n", one))
		until(t, "the removal", func() bool { return strings.Contains(s.log.String(), "configuration loaded") && len(s.Sources()) == 1 })
		write(t, file, fmt.Sprintf("sources:\n  two: { jekyll: %q, formerly: one }\n  more: { jekyll: %q }\n", two, one))
		s.wait("two", 6)
		s.wait("more", 4)
		if !strings.Contains(s.log.String(), "it had items of its own") {
			t.Error("nobody said that the items of the former name were not taken over")
		}
	})
}

func TestADirectoryThatDisappearsAndReturns(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		site := writePosts(t, filepath.Join(t.TempDir(), "site"), 30)
		s := start(t, settings{store: store, sources: []string{site}})
		s.wait("site", 30)
		before := s.get("/feed.json").body
		if err := os.Rename(site, site+".away"); err != nil {
			t.Fatal(err)
		}
		status := func() sources.Status { return s.Sources()[0] }
		until(t, "an error in the status", func() bool { return status().State == "failing" && status().Error != "" })
		if n, _ := s.items("site"); n != 30 || s.get("/feed.json").body != before {
			t.Errorf("%d items are left of 30, the same bytes: %v", n, s.get("/feed.json").body == before)
		}
		if err := os.Rename(site+".away", site); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(site, "_posts", "2024-03-01-back.md"), "---\ntitle: back again\n---\ntext\n")
		until(t, "the return", func() bool {
			return status().Error == "" && strings.Contains(s.get("/feed.json").body, "back again")
		})
		s.wait("site", 31)
	})
}

func TestAWrongFileKeepsTheOldConfiguration(t *testing.T) {
	site := writePosts(t, filepath.Join(t.TempDir(), "site"), 3)
	file := filepath.Join(t.TempDir(), "feedmill.yaml")
	good := fmt.Sprintf("title: %%s\nsources:\n  site: { jekyll: %q }\n", site)
	write(t, file, fmt.Sprintf(good, "One"))
	s := start(t, settings{store: "memory:", file: file})
	s.wait("site", 3)
	report := func() string {
		res, err := http.Get("http://" + s.AdminAddr() + "/status.json")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	write(t, file, "title: [\n")
	until(t, "the complaint", func() bool { return strings.Contains(report(), "configuration_error") })
	if n, _ := s.items("site"); n != 3 || !strings.Contains(s.get("/feed.json").body, `"title":"One`) {
		t.Error("the old configuration does not run on")
	}
	// What is wrong may lie in another file, which appears later.
	write(t, file, fmt.Sprintf(strings.Replace(good, "title: %s", "base_url: ${FEEDMILL_TEST_URL}\ntitle: %s", 1), "Two"))
	until(t, "the next complaint", func() bool { return strings.Contains(report(), "FEEDMILL_TEST_URL") })
	t.Setenv("FEEDMILL_TEST_URL", "https://two.example.com")
	s.Reload()
	until(t, "the new configuration", func() bool { return strings.Contains(s.get("/feed.json").body, "https://two.example.com/feed.json") })
	if s.Base() != "https://two.example.com" || strings.Contains(report(), "configuration_error") {
		t.Errorf("after a good file: base %q, status %s", s.Base(), report())
	}
}

// TestOnlyTheNewestConfigurationFetches is a rolling update: the old replica serves on and does not fetch, and takes
// over again when its configuration is the newest.
func TestOnlyTheNewestConfigurationFetches(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	site := writePosts(t, filepath.Join(t.TempDir(), "site"), 5)
	config := func(name, title string) string {
		file := filepath.Join(t.TempDir(), name)
		write(t, file, fmt.Sprintf("title: %s\nsources:\n  site: { jekyll: %q }\n", title, site))
		return file
	}
	old := start(t, settings{store: r.url, file: config("old.yaml", "Old")})
	old.wait("site", 5)
	fresh := start(t, settings{store: r.url, file: config("new.yaml", "New")})
	state := func(s *server, want string) func() bool {
		return func() bool { list := s.Sources(); return len(list) == 1 && list[0].State == want }
	}
	until(t, "the old one stops fetching", state(old, "elsewhere"))
	until(t, "the new one fetches", state(fresh, "waiting"))
	write(t, filepath.Join(site, "_posts", "2024-03-01-late.md"), "---\ntitle: late\n---\nlate text\n")
	for _, s := range []*server{old, fresh} {
		until(t, "the new post on both", func() bool { return strings.Contains(s.get("/feed.json").body, "late text") })
	}
	old.Reload()
	until(t, "the old one is the newest again", state(old, "waiting"))
}

package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"feedmill/feeds/lint"
)

// TestLintOfOurs: what a server gives out of the sample site, feeds, archives and lists, passes lint without a warning, headers
// included; and in the order of arrival without anything that Slack stumbles over.
func TestLintOfOurs(t *testing.T) {
	t.Parallel()
	s := start(t, settings{store: "memory:", sources: []string{sampleSite}})
	until(t, "the import", func() bool { n, ok := s.items("sample-site"); return ok && n > 20 })
	pass := func(path string, slack bool) {
		res := s.get(path)
		if res.status != http.StatusOK {
			t.Errorf("GET %s: %d", path, res.status)
			return
		}
		again := s.get(path, "If-None-Match", res.header.Get("ETag"))
		a := &lint.Answer{URL: "https://feeds.example.com" + path, FinalURL: "https://feeds.example.com" + path, Header: res.header, Repeated: true, Unchanged: again.status == http.StatusNotModified}
		report := lint.Check(lint.Input{Doc: []byte(res.body), Answer: a, Now: time.Now(), Slack: slack})
		if report.Format == lint.Unknown || report.Items == 0 {
			t.Errorf("%s: format %q with %d items", path, report.Format, report.Items)
		}
		for _, f := range report.Findings {
			if f.Severity > lint.Info {
				t.Errorf("%s:%d: %s: %s (%s)", path, f.Line, f.Severity, f.Message, f.Rule.ID)
			}
		}
	}
	for _, path := range s.paths() {
		pass(path, false)
		if !strings.HasSuffix(path, ".json") {
			pass(path+"?dates=arrival", true)
		}
	}
	for _, path := range []string{"/opml", "/opml/category", "/opml/tag"} {
		pass(path, false)
	}
}

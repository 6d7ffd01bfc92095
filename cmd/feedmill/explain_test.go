package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/cmd/internal/app"
	"feedmill/feeds"
	"feedmill/sources"
)

// explained asks a running server for one item.
func (s *server) explained(asked string) app.Story {
	s.t.Helper()
	e := s.explanation(asked)
	if len(e.Items) != 1 {
		s.t.Fatalf("explain %s: %d items, want one: %+v", asked, len(e.Items), e)
	}
	return e.Items[0]
}

// now is the store's second.
func (s *server) now() time.Time {
	s.t.Helper()
	now, err := s.Store().Now(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return now.Truncate(time.Second)
}

func (s *server) explanation(asked string) app.Explanation {
	s.t.Helper()
	e, err := app.Explain(s.t.Context(), s.Store(), s.Scene(), app.Question{Asked: asked})
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

// TestExplain: an item is found by each of its names and whatever has become of it, with what made it so.
func TestExplain(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		var items atomic.Value
		items.Store("")
		entry := func(n int, title, date string) string {
			return fmt.Sprintf(`<item><title>%s</title><guid isPermaLink="false">n-%d</guid><link>https://sea.example/%[2]d</link><pubDate>%[3]s</pubDate></item>`, title, n, date)
		}
		first := entry(1, "Calm", "Mon, 05 Jan 2026 10:00:00 +0800") + entry(2, "A storm", "Tue, 06 Jan 2026 10:00:00") + `<item><title>Undated</title><guid isPermaLink="false">n-3</guid></item>`
		items.Store(first)
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `<rss version="2.0"><channel><title>The sea</title><link>https://sea.example/</link><description>d</description>%s</channel></rss>`, items.Load())
		}))
		t.Cleanup(srv.Close)
		dir := t.TempDir()
		writePosts(t, filepath.Join(dir, "site"), 3)
		file := filepath.Join(dir, "feedmill.yaml")
		config := "base_url: https://feeds.example.com\nsources:\n" +
			"  sea: { feed: " + srv.URL + ", allow: [127.0.0.0/8], drop: [{ q: storm }], language: en, interval: 1s }\n" +
			"  twin: { feed: " + srv.URL + "/twin, allow: [127.0.0.0/8], keep: [{ q: calm }], interval: 1h }\n"
		site := "  site: { jekyll: site }\n"
		saved := "feeds:\n  calm: { match: { q: calm } }\n  long: { where: len(text) > 3000 }\n"
		write(t, file, config+site+saved)
		s := start(t, settings{store: store, file: file})
		s.wait("sea", 2)
		s.wait("twin", 1)
		s.wait("site", 3)

		// Two sources have it: both are told, and one of them got the other's ID with a suffix.
		both := s.explanation("http://www.sea.example/1/")
		if len(both.Items) != 2 {
			t.Fatalf("%d items have the address, want two: %+v", len(both.Items), both)
		}
		suffixed := 0
		for _, it := range both.Items {
			if it.State != "live" || it.Published.From != "pubDate" || len(it.Topics) == 0 {
				t.Errorf("%+v", it)
			}
			if strings.HasPrefix(it.ID, "n-1#") && strings.HasSuffix(it.IDFrom, "so it got a suffix") {
				suffixed++
			}
		}
		if suffixed != 1 {
			t.Errorf("%d IDs with a suffix that is told, want one: %+v", suffixed, both.Items)
		}

		// Who is in a saved feed cannot be read off the item, and is told all the same.
		if it := both.Items[0]; !strings.Contains(fmt.Sprint(it.Topics), "https://feeds.example.com/feed/calm.atom") ||
			!strings.Contains(fmt.Sprint(it.Rules), "feed/calm: matches") || !strings.Contains(fmt.Sprint(it.Rules), "feed/long: does not match") {
			t.Errorf("saved feeds: %v %v", it.Topics, it.Rules)
		}
		until(t, "the saved feed to be gathered", func() bool {
			e := s.explanation("/feed/calm.rss")
			return e.Topic.Known && e.Topic.Items == 2 && strings.HasPrefix(fmt.Sprint(e.Topic.Because), "[a saved feed of the items that match ")
		})

		// An entry that the churn guard holds says what it waits for.
		b, err := json.Marshal(sources.Twin{New: "n-9", Old: "n-1", ID: "n-1", At: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		note := cache.Edit{Bucket: sources.BucketHeld + "/twin", Key: sources.HeldName("n-9"), Value: b}
		if err := s.Store().Write(t.Context(), cache.Lease{}, note); err != nil {
			t.Fatal(err)
		}
		if it := s.explained("n-9"); it.State != "held" || !strings.Contains(it.Because, "feedmill absorb twin if they are the same") {
			t.Errorf("a held entry: %+v", it)
		}

		storm := s.explanation("n-2")
		if len(storm.Items) != 2 || storm.Items[0].State != "dropped" || storm.Items[1].State != "dropped" {
			t.Errorf("what rules left out: %+v", storm)
		}
		for _, it := range storm.Items {
			want := map[string]string{"sea": "by the rule drop: {q: storm}", "twin": "by the rule keep: it is not {q: calm}"}[it.Source]
			if !strings.HasPrefix(it.Because, want) {
				t.Errorf("%s: because %q, want %q", it.Source, it.Because, want)
			}
		}

		var undated app.Story
		for _, it := range s.explanation("n-3").Items {
			if it.Source == "sea" {
				undated = it
			}
		}
		if undated.Published.From != "first seen: its source states none" || !undated.Published.Time.Equal(undated.FirstSeen.Time) || undated.LanguageFrom != "the configuration" {
			t.Errorf("an undated item: %+v", undated)
		}

		post := s.explained("https://news.example.com/c0/2024/01/01/p0000.html")
		if post.Key != "_posts/2024-01-01-p0000.md" || post.Published.From != post.File+":3" || post.Language != "zh-CN" ||
			!strings.HasPrefix(post.IDFrom, "wished by its source") {
			t.Errorf("a post: %+v", post)
		}
		if !strings.Contains(fmt.Sprint(post.Topics), "https://feeds.example.com/category/c0.atom") {
			t.Errorf("its topics: %v", post.Topics)
		}

		// A topic, one that is not there, and what nobody knows.
		if e := s.explanation("https://feeds.example.com/category/c0.rss"); e.Topic == nil || !e.Topic.Known || e.Topic.Items != 1 {
			t.Errorf("a topic: %+v", e.Topic)
		}
		if e := s.explanation("/category/c00"); e.Topic == nil || e.Topic.Known || !strings.Contains(fmt.Sprint(e.Topic.Near), "/category/c0") {
			t.Errorf("a topic that is not there: %+v", e.Topic)
		}
		if e := s.explanation("https://sea.example/77"); len(e.Items) != 0 || !strings.Contains(fmt.Sprint(e.Hints), "source sea is of its host") {
			t.Errorf("what nobody knows: %+v", e)
		}

		// Gone from the configuration: its items are found by their names, and say so.
		write(t, file, config)
		s.Reload()
		until(t, "the site to leave", func() bool {
			e := s.explanation(post.ID)
			return len(e.Items) == 1 && e.Items[0].State == "retired"
		})
		if gone := s.explained(post.Key); gone.ID != post.ID || len(gone.Topics) != 0 {
			t.Errorf("of a retired source: %+v", gone)
		}
		s.stop()

		// A withdrawn post of a directory, and an item that a new rule takes out; the server is another one.
		write(t, file, strings.Replace(config, "{ q: storm }", "{ q: storm }, { q: calm }", 1)+site)
		s = start(t, settings{store: store, file: file})
		s.wait("site", 3)
		before := s.now()
		if err := os.Remove(filepath.Join(dir, "site", "_posts", "2024-01-01-p0000.md")); err != nil {
			t.Fatal(err)
		}
		s.wait("site", 2)
		gone := s.explained(post.URL)
		if gone.State != "withdrawn" || gone.ID != post.ID || len(gone.Topics) != 0 || !gone.FirstSeen.Time.Equal(post.FirstSeen.Time) {
			t.Errorf("a withdrawn post: %+v", gone)
		}
		if gone.Withdrawn.Before(before) || gone.Withdrawn.After(s.now()) || !post.Withdrawn.IsZero() {
			t.Errorf("withdrawn %v, removed after %v", gone.Withdrawn, before)
		}
		until(t, "the calm to be left out", func() bool {
			for _, it := range s.explanation("https://sea.example/1").Items {
				if it.Source == "sea" && it.State == "dropped" && strings.HasPrefix(it.Because, "by the rule drop: {q: calm}, since ") {
					return !it.FirstSeen.Time.IsZero() && len(it.Topics) == 0
				}
			}
			return false
		})
	})
}

// TestExplainMerged: of a post that two sources have as one, both are told: which is shown, where it is, and in whose place.
func TestExplainMerged(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		dir := t.TempDir()
		for _, name := range []string{"sea", "land"} {
			write(t, filepath.Join(dir, name+".xml"), fmt.Sprintf(`<rss version="2.0"><channel><title>The %s</title><link>https://%[1]s.example/</link><description>d</description>
				<item><title>Tides</title><guid isPermaLink="false">%[1]s-1</guid><link>https://coast.example/tides?utm_source=%[1]s</link><category>%[1]s</category></item></channel></rss>`, name))
		}
		file := filepath.Join(dir, "feedmill.yaml")
		write(t, file, "base_url: https://feeds.example.com\nduplicates: merge\nsources:\n  sea: { feed: sea.xml }\n  land: { feed: land.xml }\n")
		s := start(t, settings{store: store, file: file})
		until(t, "one of them to be merged", func() bool {
			states := map[string]bool{}
			for _, it := range s.explanation("https://coast.example/tides").Items {
				states[it.State] = true
			}
			return states["live"] && states["merged"]
		})
		var live, merged app.Story
		for _, it := range s.explanation("https://coast.example/tides").Items {
			if it.State == "live" {
				live = it
			} else {
				merged = it
			}
		}
		if len(live.Also) != 1 || !strings.HasPrefix(live.Also[0], merged.Source+" ") {
			t.Errorf("also in: %v", live.Also)
		}
		for _, topic := range []string{"category/sea", "category/land", "source/sea", "source/land"} {
			if !strings.Contains(fmt.Sprint(live.Topics), "https://feeds.example.com/"+topic+".atom") {
				t.Errorf("the topics of both: no %s in %v", topic, live.Topics)
			}
		}
		if merged.Because != "another source's item is shown in its place: "+live.ID || len(merged.Topics) != 0 {
			t.Errorf("the merged one: %+v", merged)
		}
	})
}

// ahead is an item that may lie ahead.
type ahead struct {
	published time.Time
	date      string // the step of its trace
	hold      bool
}

func (a ahead) changes() []feeds.Change {
	return []feeds.Change{{Key: "k", Hold: a.hold, Item: &feeds.Item{Published: a.published, Trace: "date: " + a.date + "\n"}}}
}

// TestWarnings: what an answer says about the next ones, and dates that lie ahead.
func TestWarnings(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name string
		item ahead
		want string
	}{
		{"past", ahead{now.Add(-time.Hour), "line 3, no zone", true}, ""},
		{"held, with a zone", ahead{now.Add(time.Hour), "line 3", true}, ""},
		{"held, far ahead", ahead{now.Add(100 * time.Hour), "line 3, no zone", true}, ""},
		{"held without a zone", ahead{now.Add(time.Hour), "line 3, no zone", true}, "set timezone"},
		{"not believed, without a zone", ahead{time.Time{}, "pubDate, no zone\ndate: 2099-01-01T00:00:00Z is ahead", false}, "set timezone"},
		{"not believed", ahead{time.Time{}, "pubDate\ndate: 2099-01-01T00:00:00Z is ahead", false}, "first seen counts"},
	} {
		got := strings.Join(aheadOf(c.item.changes()), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		name string
		x    *sources.Exchange
		want string
	}{
		{"asks nobody", nil, ""},
		{"good", &sources.Exchange{Status: 200, ETag: `"a"`, Slowest: sources.Duration(time.Second)}, ""},
		{"one validator", &sources.Exchange{Status: 200, LastModified: "Mon, 05 Jan 2026 10:00:00 GMT"}, ""},
		{"no validators", &sources.Exchange{Status: 200}, "neither ETag nor Last-Modified"},
		{"moved", &sources.Exchange{Status: 200, ETag: `"a"`, Moved: "https://new.example/"}, "write https://new.example/ into"},
		{"slow", &sources.Exchange{Status: 200, ETag: `"a"`, Slowest: sources.Duration(time.Minute)}, "1m0s for one answer"},
	} {
		got := strings.Join(warningsOf(c.x), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"feedmill/feeds"
)

// origin serves documents that can be replaced, by path.
type origin struct {
	*httptest.Server
	docs atomic.Pointer[map[string]string]
}

func newOrigin(t testing.TB, docs map[string]string) *origin {
	u := &origin{}
	u.docs.Store(&docs)
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		doc, ok := (*u.docs.Load())[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/rss+xml")
		fmt.Fprint(w, doc)
	}))
	t.Cleanup(u.Close)
	return u
}

// channel is an RSS feed of n posts, which says of each its number, its guid and its page.
func channel(n int, guid, page string) string {
	var b strings.Builder
	b.WriteString(`<rss version="2.0"><channel><title>Harbour</title><link>https://harbour.example/</link><description>d</description>`)
	for i := n - 1; i >= 0; i-- {
		fmt.Fprintf(&b, `<item><title>Notice %d</title><guid isPermaLink="false">%s</guid><link>%s</link><pubDate>%02d Jan 2024 %02d:00:00 GMT</pubDate>
			<description>What notice %[1]d says.</description></item>`, i, strings.ReplaceAll(guid, "#", fmt.Sprint(i)), strings.ReplaceAll(page, "#", fmt.Sprint(i)), 1+i%28, i%24)
	}
	return b.String() + `</channel></rss>`
}

type jsonItem struct {
	ID    string `json:"id"`
	URL   string `json:"url"`
	Title string `json:"title"`
	Date  string `json:"date_published"`
	Moved string `json:"date_modified"`
}

// published are the items of a feed, the newest first.
func (s *server) published(path string) []jsonItem {
	s.t.Helper()
	var doc struct {
		Items []jsonItem `json:"items"`
	}
	if err := json.Unmarshal([]byte(s.get(path).body), &doc); err != nil {
		s.t.Fatal(err)
	}
	return doc.Items
}

// kinds counts the entries of the log.
func (s *server) kinds() map[feeds.Kind]int {
	s.t.Helper()
	out := map[feeds.Kind]int{}
	entries, err := s.Store().After(s.t.Context(), "", 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		if e.ID != "" {
			out[e.Kind]++
		}
	}
	return out
}

func (s *server) churn(source string) int {
	for _, st := range s.Sources() {
		if st.Name == source && st.Churn != nil {
			return st.Churn.Items
		}
	}
	return 0
}

// TestAnUpstreamThatMovesRepeatsNothing: fifty entries under other guids at another domain are held, over a restart, too,
// while what is really new is published; absorbed they have the IDs they had, and nobody is told that they changed.
func TestAnUpstreamThatMovesRepeatsNothing(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		u := newOrigin(t, map[string]string{"/feed": channel(50, "old-#", "https://old.example/notice/#")})
		file := filepath.Join(t.TempDir(), "feedmill.yaml")
		write(t, file, fmt.Sprintf("sources:\n  harbour: { feed: %s/feed, interval: 1s, allow: [127.0.0.0/8] }\n", u.URL))
		s := start(t, settings{store: store, file: file})
		s.wait("harbour", 50)
		before := s.published("/source/harbour.json")
		if len(before) != 50 {
			t.Fatalf("%d items are published", len(before))
		}

		moved := channel(50, "https://new.example/?p=#", "https://new.example/notice/#/")
		u.docs.Store(&map[string]string{"/feed": moved})
		until(t, "the entries to be held", func() bool { return s.churn("harbour") == 50 })
		news := strings.Replace(moved, "<item>", "<item><title>Really new</title><guid>news</guid><link>https://new.example/news</link></item><item>", 1)
		u.docs.Store(&map[string]string{"/feed": news})
		s.wait("harbour", 51)
		s.stop()
		s = start(t, settings{store: store, file: file})
		until(t, "what is held, after a restart", func() bool { return s.churn("harbour") == 50 })
		if got := s.kinds(); got[feeds.New] != 1 || got[feeds.Baseline] != 50 || got[feeds.Changed]+got[feeds.Withdrawn]+got[feeds.Reshaped] != 0 {
			t.Errorf("the log says %v", got)
		}
		if got := s.published("/source/harbour.json"); len(got) != 50 || !slices.Equal(got[1:], before[:49]) {
			t.Errorf("the feed moved: %v", got)
		}
		if n := strings.Count(s.log.String(), "came again under other keys"); n != 0 {
			t.Errorf("the operator was told again after a restart")
		}

		if err := s.Absorb(t.Context(), "harbour"); err != nil {
			t.Fatal(err)
		}
		until(t, "the answer", func() bool { return s.churn("harbour") == 0 })
		until(t, "the new addresses", func() bool { return !strings.Contains(s.get("/source/harbour.json").body, "old.example") })
		after := s.published("/source/harbour.json")
		for i, it := range after[1:] {
			want := before[i]
			want.URL = strings.Replace(want.URL, "old", "new", 1) + "/"
			if it != want {
				t.Errorf("item %d is %+v, want %+v", i, it, want)
			}
		}
		if got := s.kinds(); got[feeds.New] != 1 || got[feeds.Changed] != 0 || got[feeds.Reshaped] != 50 {
			t.Errorf("the log says %v", got)
		}
		if n, _ := s.items("harbour"); n != 51 {
			t.Errorf("%d items", n)
		}
		if err := s.Absorb(t.Context(), "harbour"); err == nil || !strings.Contains(err.Error(), "nothing is held") {
			t.Errorf("a second answer: %v", err)
		}
	})
}

// TestOneGuidForAll: the entries of an upstream that gives all of them one guid are told apart by their pages, and keep
// their IDs when others come and go; the guid of one source is not the ID of another one's item.
func TestOneGuidForAll(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		u := newOrigin(t, map[string]string{
			"/same":  channel(10, "same", "https://one.example/#"),
			"/first": channel(3, "guid-#", "https://first.example/#"), "/second": channel(3, "guid-#", "https://second.example/#"),
		})
		file := filepath.Join(t.TempDir(), "feedmill.yaml")
		write(t, file, strings.ReplaceAll(`sources:
  same: { feed: URL/same, interval: 1s, allow: [127.0.0.0/8] }
  first: { feed: URL/first, allow: [127.0.0.0/8] }
  second: { feed: URL/second, allow: [127.0.0.0/8] }
`, "URL", u.URL))
		s := start(t, settings{store: store, file: file})
		s.wait("same", 10)
		s.wait("first", 3)
		s.wait("second", 3)
		ids := map[string]bool{}
		for _, source := range []string{"same", "first", "second"} {
			for _, it := range s.published("/source/" + source + ".json") {
				if ids[it.ID] {
					t.Errorf("two items have the ID %s", it.ID)
				}
				ids[it.ID] = true
			}
		}
		if len(ids) != 16 || !ids["guid-0"] {
			t.Errorf("the IDs are %v", ids)
		}
		before := s.published("/source/same.json")
		docs := map[string]string{"/same": channel(12, "same", "https://one.example/#")}
		u.docs.Store(&docs)
		s.wait("same", 12)
		if after := s.published("/source/same.json"); !slices.Equal(after[2:], before) {
			t.Errorf("items moved when others came:\n%v\n%v", before, after)
		}
		if got := s.kinds(); got[feeds.New] != 2 || got[feeds.Changed] != 0 {
			t.Errorf("the log says %v", got)
		}
	})
}

// TestAdoptTheFeedOfBefore: a site that moves here from another generator keeps the IDs that its readers know, and waits
// for them where the old feed does not answer yet.
func TestAdoptTheFeedOfBefore(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		site := writePosts(t, t.TempDir(), 20)
		probe := start(t, settings{store: "memory:", sources: []string{site}})
		probe.wait(filepath.Base(site), 20)
		var old strings.Builder
		for i, it := range probe.published("/feed.json") {
			if i == 3 {
				continue // the old feed does not have it
			}
			fmt.Fprintf(&old, `<item><title>%s</title><guid isPermaLink="false">tag:old,%d</guid><link>%s?utm_source=rss</link></item>`, it.Title, i,
				strings.Replace(it.URL, "news.example.com", "www.old.example", 1))
		}
		probe.stop()
		saved := filepath.Join(t.TempDir(), "saved.xml")
		write(t, saved, `<rss version="2.0"><channel><title>Old</title><link>https://www.old.example/</link><description>d</description>`+old.String()+`</channel></rss>`)
		file := filepath.Join(t.TempDir(), "feedmill.yaml")
		write(t, file, fmt.Sprintf("sources:\n  site: { jekyll: %s, adopt: http://127.0.0.1:%d/feed.xml }\n", site, quietPort(t)))
		s := start(t, settings{store: store, file: file})
		until(t, "the wait for the old feed", func() bool {
			st := s.Sources()
			return len(st) == 1 && st[0].State == "failing" && strings.Contains(st[0].Error, "nothing is published before its IDs are known")
		})
		if n, _ := s.items("site"); n != 0 {
			t.Errorf("%d items were published before", n)
		}
		// The operator has a saved copy of it.
		write(t, file, fmt.Sprintf("sources:\n  site: { jekyll: %s, adopt: %s }\n", site, saved))
		s.wait("site", 20)
		for i, it := range s.published("/feed.json") {
			if want := fmt.Sprintf("tag:old,%d", i); it.ID != want && i != 3 || i == 3 && strings.HasPrefix(it.ID, "tag:old") {
				t.Errorf("item %d has the ID %s", i, it.ID)
			}
		}
		if a := s.Sources()[0].Adopted; a == nil || a.Items != 19 || a.Matched != 19 || a.From != saved {
			t.Errorf("the status says %+v", a)
		}
		write(t, filepath.Join(site, "_posts", "2024-02-01-later.md"), "---\ntitle: later\n---\nlater\n")
		s.wait("site", 21)
	})
}

// TestAFeedBecomesItsSite: a source that republished a feed is given the site that the feed is made of. Its items go on,
// and posts that the feed did not have any more are no news.
func TestAFeedBecomesItsSite(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		dir := t.TempDir()
		saved, site := filepath.Join(dir, "saved.xml"), filepath.Join(dir, "site")
		write(t, saved, channel(10, "g-#", "https://harbour.example/?p=#"))
		file := filepath.Join(dir, "feedmill.yaml")
		write(t, file, "sources:\n  harbour: { feed: saved.xml }\n")
		s := start(t, settings{store: store, file: file})
		s.wait("harbour", 10)
		for i := range 15 { // five of them, of December, left the feed long ago
			date, n := fmt.Sprintf("2024-01-%02d %02d:00:00 +0000", 1+i, i), i
			if i >= 10 {
				date, n = fmt.Sprintf("2023-12-%02d 08:00:00 +0000", i), i+100
			}
			write(t, filepath.Join(site, "_posts", fmt.Sprintf("%s-n%d.md", date[:10], n)), fmt.Sprintf("---\ntitle: Notice %d\ndate: %s\n---\nAll of notice %[1]d.\n", n, date))
		}
		write(t, file, "sources:\n  harbour: { jekyll: site, adopt: saved.xml }\n")
		s.wait("harbour", 15)
		if got := s.kinds(); got[feeds.New]+got[feeds.Changed]+got[feeds.Withdrawn] != 0 || got[feeds.Reshaped] != 10 || got[feeds.Baseline] != 15 {
			t.Errorf("the log says %v", got)
		}
		for i, it := range s.published("/feed.json")[:10] {
			if want := fmt.Sprintf("g-%d", 9-i); it.ID != want || it.Title != fmt.Sprintf("Notice %d", 9-i) {
				t.Errorf("item %d is %+v, want the ID %s", i, it, want)
			}
		}
		write(t, filepath.Join(site, "_posts", "2024-02-01-news.md"), "---\ntitle: news\n---\nnews\n")
		s.wait("harbour", 16)
		if got := s.kinds(); got[feeds.New] != 1 {
			t.Errorf("after a new post the log says %v", got)
		}
	})
}

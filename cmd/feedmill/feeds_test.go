package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"feedmill/feeds/formattest"
)

var titleForm = regexp.MustCompile(`"title":"([^"]*)"`)

// titles are those of the items of a JSON Feed.
func (s *server) titles(path string) []string {
	s.t.Helper()
	res := s.get(path)
	if res.status != 200 {
		return []string{fmt.Sprint(res.status)}
	}
	var out []string
	for _, m := range titleForm.FindAllStringSubmatch(res.body, -1)[1:] {
		out = append(out, m[1])
	}
	return out
}

func (s *server) titled(path string, want ...string) {
	s.t.Helper()
	until(s.t, fmt.Sprintf("%s with %q", path, want), func() bool { return slices.Equal(s.titles(path), want) })
}

// filterPost writes a post whose number is its hour.
func filterPost(t testing.TB, dir string, n int, title, tags, text string) {
	t.Helper()
	write(t, filepath.Join(dir, "_posts", fmt.Sprintf("2026-10-01-p%d.md", n)),
		fmt.Sprintf("---\ntitle: %s\ndate: 2026-10-01 %02d:00:00 +0000\ntags: [%s]\n---\n%s\n", title, n, tags, text))
}

// TestSavedFeeds follows the items of saved feeds through posts, edits, restarts and other expressions.
func TestSavedFeeds(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		dir := filepath.Join(t.TempDir(), "site")
		write(t, filepath.Join(dir, "_config.yml"), "title: Site\nurl: https://news.example.com\n")
		filterPost(t, dir, 1, "One", "chips", "short")
		filterPost(t, dir, 2, "Two", "harbour", strings.Repeat("long ", 300))
		filterPost(t, dir, 3, "Three", "chips, ads", "short")
		file := filepath.Join(t.TempDir(), "feedmill.yaml")
		configure := func(where string) {
			write(t, file, fmt.Sprintf(`base_url: https://feeds.example.com
title: News
image: https://example.com/logo.png
icon: https://example.com/icon.png
copyright: © The desk
sources:
  site: { jekyll: %s }
labels:
  tag:
    harbour: { title: The harbour, description: All about ships, language: en, image: https://example.com/ship.png }
feeds:
  Chips:
    title: Chips & more
    description: What is new in chips
    language: de
    match: { tag: [chips, 半导体], not: advertising }
%s`, dir, where))
		}
		const long = "  long-reads: { where: len(text) > 1000 }\n"
		configure(long)
		s := start(t, settings{store: store, file: file})
		s.wait("site", 3)
		s.titled("/feed/chips.json", "Three", "One")
		s.titled("/feed/long-reads.json", "Two")

		t.Run("documents", func(t *testing.T) {
			for _, path := range []string{"/feed/chips.rss", "/feed/chips.atom", "/feed/chips.json", "/tag/harbour.atom"} {
				res := s.get(path)
				media, _, _ := strings.Cut(res.header.Get("Content-Type"), ";")
				for _, finding := range formattest.Check([]byte(res.body), media) {
					t.Errorf("%s: %s", path, finding)
				}
			}
			for path, want := range map[string][]string{
				"/feed/chips.atom":       {"Chips &amp; more", "What is new in chips", `xml:lang="de"`, "logo>https://example.com/logo.png", "icon>https://example.com/icon.png", "© The desk"},
				"/tag/harbour.json":      {`"title":"The harbour"`, `"description":"All about ships"`, `"language":"en"`, `"icon":"https://example.com/ship.png"`, `"favicon":"https://example.com/icon.png"`},
				"/feed/chips?hl=en":      {"<h1>Chips &amp; more</h1>", "Saved feed", "/feed/chips.rss"},
				"/?hl=en":                {"Saved feeds", "Chips &amp; more", `href="/feed/long-reads?hl=en"`, `type="application/rss+xml" title="Chips &amp; more (RSS)" href="https://feeds.example.com/feed/chips.rss"`},
				"/opml":                  {`xmlUrl="https://feeds.example.com/feed/chips.rss"`, `text="Chips &amp;`},
				"/opml/feed":             {`xmlUrl="https://feeds.example.com/feed/long-reads.rss"`},
				"/feed/chips.json?q=one": {`"One"`},
			} {
				res := s.get(path)
				for _, w := range want {
					if res.status != 200 || !strings.Contains(res.body, w) {
						t.Errorf("%s: %d, lacks %q: %.600s", path, res.status, w, res.body)
					}
				}
			}
			s.get("/feed/Chips.rss").want(t, "another spelling", http.StatusMovedPermanently, "Location", "/feed/chips.rss")
			s.get("/feed/never.rss").refused(t, "no such feed", http.StatusNotFound)
			list, err := s.Store().Topics(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			for _, info := range list {
				if info.Topic.Kind != "feed" {
					continue
				}
				s.get(info.Topic.Path()+".rss").refused(t, "the name of an index", http.StatusNotFound)
				for _, path := range []string{"/", "/opml"} {
					if strings.Contains(s.get(path).body, info.Topic.Name) {
						t.Errorf("%s shows the name of an index", path)
					}
				}
			}
		})

		filterPost(t, dir, 4, "Four", "chips", "short")
		s.titled("/feed/chips.json", "Four", "Three", "One")
		filterPost(t, dir, 3, "Three", "chips", "with advertising")
		s.titled("/feed/chips.json", "Four", "One")
		filterPost(t, dir, 2, "Two", "半导体", strings.Repeat("long ", 300))
		s.titled("/feed/chips.json", "Four", "Two", "One")
		s.titled("/feed/long-reads.json", "Two")
		if err := os.Remove(filepath.Join(dir, "_posts", "2026-10-01-p4.md")); err != nil {
			t.Fatal(err)
		}
		s.titled("/feed/chips.json", "Two", "One")

		before := s.get("/feed/chips.atom")
		s.stop()
		s = start(t, settings{store: store, file: file})
		if after := s.get("/feed/chips.atom"); after.body != before.body || after.header.Get("Etag") != before.header.Get("Etag") {
			t.Errorf("a restart gives other bytes: %d %.300s", after.status, after.body)
		}
		if strings.Contains(s.log.String(), "saved feed is ready") {
			t.Error("the feeds were gathered again")
		}
		other := s
		if strings.HasPrefix(store, "redis") {
			other = start(t, settings{store: store, file: file})
			if got := other.get("/feed/chips.atom"); got.body != before.body {
				t.Errorf("a replica gives other bytes: %d", got.status)
			}
		}

		configure("  long-reads: { where: title startsWith \"T\" }\n")
		s.Reload()
		if other != s {
			other.Reload()
		}
		seen := map[string]bool{}
		until(t, "the other expression", func() bool {
			got := strings.Join(s.titles("/feed/long-reads.json"), " ")
			seen[got] = true
			return got == "Three Two"
		})
		delete(seen, "Two")
		delete(seen, "Three Two")
		if len(seen) > 0 {
			t.Errorf("between the old and the new items: %v", seen)
		}
		other.titled("/feed/long-reads.json", "Three", "Two")
		filterPost(t, dir, 5, "Ten", "x", "y")
		other.titled("/feed/long-reads.json", "Ten", "Three", "Two")
		until(t, "the old index to be emptied", func() bool {
			list, err := s.Store().Topics(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, info := range list {
				if info.Topic.Kind == "feed" && info.Items > 0 {
					n++
				}
			}
			return n == 2
		})

		configure("")
		s.Reload()
		if other != s {
			other.Reload()
		}
		until(t, "a removed feed to be gone", func() bool { return s.get("/feed/long-reads.json").status == http.StatusNotFound })
		s.titled("/feed/chips.json", "Two", "One")
	})
}

// TestViewsEndToEnd asks real stores through filters, and demands valid documents.
func TestViewsEndToEnd(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s := start(t, settings{store: store, sources: []string{writePosts(t, filepath.Join(t.TempDir(), "test"), 60)}})
		s.wait("test", 60)
		for query, want := range map[string]int{
			"category=c1": 12, "tag=标签1&tag=标签2": 18, "category=c1&tag=标签1": 2, "q=第1": 11, "q=none": 0, "since=2024-01-28": 2,
			"dates=arrival&limit=7": 7, "limit=3&content=summary": 3,
		} {
			for _, f := range formats {
				path := "/feed" + f.Suffix + "?" + query
				res := s.get(path)
				for _, finding := range formattest.Check([]byte(res.body), f.MediaType) {
					t.Errorf("%s: %s", path, finding)
				}
				res.want(t, path, 200, "Last-Modified", "", "Cache-Control", s.get("/feed"+f.Suffix).header.Get("Cache-Control"))
				if f.Name == "json" {
					if got := len(s.titles(path)); got != want {
						t.Errorf("%s: %d items, want %d", path, got, want)
					}
				}
			}
		}
		for _, start := range []string{"/feed.json", "/category/c3.json?limit=5", "/feed.json?tag=标签1&tag=标签2&limit=4", "/feed.json?dates=arrival&limit=9"} {
			seen := map[string]int{}
			for path := start; path != ""; {
				body := s.get(path).body
				for _, id := range ids(body) {
					seen[id]++
				}
				m := regexp.MustCompile(`"next_url":"https://feeds.example.com([^"]*)"`).FindStringSubmatch(body)
				if path = ""; m != nil {
					path = m[1]
				}
			}
			want := map[string]int{"/feed.json": 60, "/category/c3.json?limit=5": 12, "/feed.json?tag=标签1&tag=标签2&limit=4": 18, "/feed.json?dates=arrival&limit=9": 60}[start]
			if len(seen) != want {
				t.Errorf("%s: %d items in all, want %d", start, len(seen), want)
			}
			for id, n := range seen {
				if n != 1 {
					t.Errorf("%s: %s %d times", start, id, n)
				}
			}
		}
	})
}

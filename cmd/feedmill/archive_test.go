package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"feedmill/feeds"
	"feedmill/feeds/formattest"
)

// TestArchives walks the archives and the pages of every topic of a site that does not change, in every format: each item once,
// every document valid.
func TestArchives(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		dir := filepath.Join(t.TempDir(), "site")
		write(t, filepath.Join(dir, "_config.yml"), "title: Site\nurl: https://news.example.com\n")
		const posts = 530
		for i := range posts {
			// Many in one month, and many of one second.
			at := time.Date(2024, 3, 28, 12, 0, i%4, 0, time.UTC).AddDate(0, -(i*i)%7, 0)
			write(t, filepath.Join(dir, "_posts", fmt.Sprintf("%s-p%d.md", at.Format(time.DateOnly), i)),
				fmt.Sprintf("---\ntitle: P%d\ndate: %s\ntags: [t%d]\n---\nText %d\n", i, at.Format("2006-01-02 15:04:05 -0700"), i%3, i))
		}
		s := start(t, settings{store: store, sources: []string{dir}})
		s.wait("site", posts)
		late := func(n int) { // news, which arrives now
			write(t, filepath.Join(dir, "_posts", fmt.Sprintf("2023-01-01-late%d.md", n)), fmt.Sprintf("---\ntitle: Late %d\ntags: [t1]\n---\nText\n", n))
		}
		late(1)
		late(2)
		s.wait("site", posts+2)
		s.settled()

		list, err := s.Store().Topics(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		rels := map[string]*regexp.Regexp{
			".rss":  regexp.MustCompile(`<atom:link href="https://feeds.example.com([^"]*)" rel="prev-archive"`),
			".atom": regexp.MustCompile(`<link href="https://feeds.example.com([^"]*)" rel="prev-archive"`),
			".json": regexp.MustCompile(`"next_url":"https://feeds.example.com([^"]*)"`),
		}
		forms := map[string]*regexp.Regexp{
			".rss": regexp.MustCompile(`<guid[^>]*>([^<]*)</guid>`), ".atom": regexp.MustCompile(`(?s)<entry>.*?<id>([^<]*)</id>`), ".json": regexp.MustCompile(`"id":"([^"]*)"`),
		}
		for _, info := range list {
			for _, f := range formats {
				walk := func(what, from string) {
					seen := map[string]int{}
					documents := 0
					for path := from; path != ""; documents++ {
						res := s.get(path)
						if res.status != 200 || documents > 100 {
							t.Fatalf("%s: %s: %d", what, path, res.status)
						}
						if info.Topic == feeds.All {
							for _, finding := range formattest.Check([]byte(res.body), f.MediaType) {
								t.Errorf("%s: %s", path, finding)
							}
							s.get(path, "If-None-Match", res.header.Get("Etag")).want(t, path, 304)
						}
						if strings.HasPrefix(path, "/archive/") && f.Name != "json" && !strings.Contains(res.body, "<fh:archive></fh:archive>") {
							t.Errorf("%s does not say that it is an archive", path)
						}
						for _, m := range forms[f.Suffix].FindAllStringSubmatch(res.body, -1) {
							seen[m[1]]++
						}
						m := rels[f.Suffix].FindStringSubmatch(res.body)
						if path = ""; m != nil {
							path = strings.NewReplacer("&amp;", "&", "&#x26;", "&", "\\u0026", "&").Replace(m[1])
						}
					}
					if len(seen) != info.Items {
						t.Errorf("%s of %s: %d of %d items in %d documents", what, info.Topic, len(seen), info.Items, documents)
					}
					for id, n := range seen {
						if n != 1 {
							t.Errorf("%s of %s: %s is there %d times", what, info.Topic, id, n)
						}
					}
				}
				first := s.get(info.Topic.Path() + f.Suffix)
				if f.Name == "json" {
					walk("next_url", info.Topic.Path()+f.Suffix)
					walk("archive", "/archive/"+info.Version.Changed.UTC().Format("2006-01")+info.Topic.Path()+f.Suffix)
					continue
				}
				m := rels[f.Suffix].FindStringSubmatch(first.body)
				if m == nil {
					if !strings.Contains(first.body, "<fh:complete></fh:complete>") {
						t.Errorf("%s%s has neither an archive nor all", info.Topic, f.Suffix)
					}
					continue
				}
				walk("archive", m[1])
			}
		}
		before := s.get("/archive/2024-01/feed.atom")
		before.want(t, "a month that is over", 200, "Cache-Control", "public, max-age=86400, stale-while-revalidate=86400, stale-if-error=86400")
		late(3)
		s.wait("site", posts+3)
		until(t, "the archive of this month", func() bool {
			return strings.Contains(s.get("/archive/"+time.Now().UTC().Format("2006-01")+"/feed.atom").body, "Late 3")
		})
		s.get("/archive/2024-01/feed.atom").want(t, "after news", 200, "Etag", before.header.Get("Etag"))
	})
}

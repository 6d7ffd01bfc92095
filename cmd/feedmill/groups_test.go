package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"feedmill/cache"
	"feedmill/cmd/internal/app"
	"feedmill/feeds"
)

const (
	deskToken  = "DeSk0123456789abcdefghijklmnopqrstuv"
	boardToken = "B0aRd-9876543210-zyxwvutsrqponmlkjihg"
)

// marks are words of private items: label, title, text, author and source. No public answer has one.
var marks = []string{"zebra", "Zebra", "ZEBRA", "stripes", "Savannah"}

// groupSite writes a site of which one post is private by its tag, and one that is private as a whole.
func groupSite(t testing.TB) (open, covert string) {
	t.Helper()
	open, covert = filepath.Join(t.TempDir(), "open"), filepath.Join(t.TempDir(), "covert")
	write(t, filepath.Join(open, "_config.yml"), "title: Open\nurl: https://open.example.com\nlang: en\n")
	write(t, filepath.Join(covert, "_config.yml"), "title: Zebra House\nurl: https://stripes.example.com\nlang: en\n")
	filterPost(t, open, 1, "One", "chips", "short")
	filterPost(t, open, 2, "ZEBRA two", "chips, zebra", "about stripes")
	filterPost(t, open, 3, "Three", "chips", "short")
	for n := 4; n <= 5; n++ {
		write(t, filepath.Join(covert, "_posts", fmt.Sprintf("2026-10-01-p%d.md", n)),
			fmt.Sprintf("---\ntitle: ZEBRA %d\ndate: 2026-10-01 %02d:00:00 +0000\ntags: [chips, zebra]\ncategories: [Savannah]\nauthor: Zebra\nlang: sw\n---\nstripes and chips\n", n, n))
	}
	return open, covert
}

// groupConfig writes a configuration at once, so that no half of it is loaded.
func groupConfig(t testing.TB, file, sources, groups string) {
	t.Helper()
	text := "base_url: https://feeds.example.com\ntitle: News\nsources:\n" + sources + `
feeds:
  chips: { match: { tag: chips } }
  inside: { title: Zebra crossing, match: { tag: [chips] }, group: desk }
labels:
  tag: { zebra: { title: Zebra crossing, aliases: [quagga] }, chips: { aliases: [crisps] } }
  category: { Savannah: { title: Zebra land, rename: savannah-zebra } }
redirects:
  /old/stripy.xml: tag/zebra
groups:
` + groups
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// surfaces are what anybody can ask for: every document there is, and addresses that look for more. /metrics, /status.atom and
// the like are the operator's.
func (s *server) surfaces() (out []string) {
	s.t.Helper()
	names := []string{"/feed", "/tag/chips", "/tag/zebra", "/category/savannah", "/source/open", "/source/covert", "/author/zebra", "/lang/en", "/lang/sw", "/feed/chips", "/feed/inside"}
	for _, p := range s.paths() {
		names = append(names, strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(p, ".rss"), ".atom"), ".json"))
	}
	slices.Sort(names)
	for _, n := range slices.Compact(names) {
		out = append(out, n+"?hl=en", n+"?hl=zh")
		for _, f := range formats {
			path := n + f.Suffix
			out = append(out, path, "/archive/2026-10"+path, path+"?q=short", path+"?dates=arrival", path+"?tag=chips&limit=5", path+"?lang=en,sw", path+"?after=1.1")
		}
	}
	return append(out,
		"/", "/?hl=zh", "/?sort=name", "/?kind=source", "/?kind=tag", "/?kind=feed", "/?q=zeb", "/opml", "/opml/tag", "/opml/source", "/opml/feed", "/opml/category", "/opml/author",
		"/robots.txt", "/sitemap.xml", "/tag/zebr.rss", "/tag/zebr", "/source/cover", "/hub", "/t/", "/t/desk/", "/feed.xml", "/feed/by_tag/zebra.xml", "/feed/Savannah.xml", "/nothing",
		"/tag/quagga", "/tag/quagga.rss", "/archive/2026-10/tag/quagga.atom", "/feed/by_tag/quagga.xml", "/category/savannah.rss", "/old/stripy.xml", "/feed.rss?tag=quagga", "/feed?tag=quagga&hl=en",
	)
}

// nothingPrivate looks through everything public.
func (s *server) nothingPrivate(when string) {
	s.t.Helper()
	s.nothingPrivateAt(s.surfaces(), when)
}

// nothingPrivateAt looks at addresses, such as those that had something of it before.
func (s *server) nothingPrivateAt(paths []string, when string) {
	s.t.Helper()
	for _, path := range paths {
		res := s.get(path)
		text := fmt.Sprint(res.header) + res.body
		for _, m := range append(slices.Clone(marks), deskToken, boardToken) {
			// An answer to an unknown name says the name that was asked for.
			if strings.Contains(strings.ReplaceAll(text, asked(path), ""), m) {
				s.t.Errorf("%s: %s (%d) has %q: %.1500s", when, path, res.status, m, text)
			}
		}
	}
}

// asked is the name in a path, as an answer may say it.
func asked(path string) string {
	stem, _, _ := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], "?")
	stem, _, _ = strings.Cut(stem, ".")
	return stem
}

// noToken looks for tokens where the operator looks.
func (s *server) noToken() {
	s.t.Helper()
	text := s.log.String()
	for _, path := range []string{"/metrics", "/status", "/status.json", "/status.atom", "/debug/pprof/cmdline"} {
		res, err := http.Get("http://" + s.AdminAddr() + path)
		if err != nil {
			s.t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			s.t.Fatal(err)
		}
		text += string(b)
	}
	for _, token := range []string{deskToken, boardToken} {
		if i := strings.Index(text, token); i >= 0 {
			s.t.Errorf("a token stands where the operator looks: %.300s", text[max(0, i-200):])
		}
	}
}

// TestGroups: what is private is in nothing public and in everything of its group, through all that may happen to it.
func TestGroups(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		open, covert := groupSite(t)
		file, spool := filepath.Join(t.TempDir(), "feedmill.yaml"), filepath.Join(t.TempDir(), "spool")
		private := fmt.Sprintf("  open: { jekyll: %s, private: { tag: zebra, group: desk } }\n  covert: { jekyll: %s, group: desk, formerly: stripes }\n", open, covert)
		groupConfig(t, file, private, groupTokens)
		s := start(t, settings{store: store, file: file, spool: spool})
		s.wait("open", 3)
		s.wait("covert", 2)
		desk, board := "/t/"+deskToken, "/t/"+boardToken

		t.Run("shown", func(t *testing.T) {
			s.titled("/feed.json", "Three", "One")
			s.titled(desk+"/feed.json", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
			s.titled(board+"/feed.json", "Three", "One")
			s.titled(desk+"/tag/chips.json", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
			s.titled(desk+"/tag/zebra.json", "ZEBRA 5", "ZEBRA 4", "ZEBRA two")
			s.titled(board+"/tag/zebra.json", "404")
			s.titled(desk+"/source/covert.json", "ZEBRA 5", "ZEBRA 4")
			s.titled("/feed/chips.json", "Three", "One")
			s.titled(desk+"/feed/chips.json", "Three", "One")
			s.titled(desk+"/feed/inside.json", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
			s.titled(board+"/feed/inside.json", "404")
			s.titled("/feed/inside.json", "404")
			s.titled("/source/covert.json", "404")
			s.get("/tag/quagga.rss").refused(t, "another name of a label that only private items have", http.StatusNotFound)
			s.get(board+"/tag/quagga.rss").refused(t, "the same in another group", http.StatusNotFound)
			s.get(desk+"/tag/quagga.rss").want(t, "the same in the group", http.StatusMovedPermanently, "Location", desk+"/tag/zebra.rss")
			s.get("/tag/crisps.rss").want(t, "another name of a public label", http.StatusMovedPermanently, "Location", "/tag/chips.rss")
			s.titled(desk+"/feed.json?q=stripes&limit=2", "ZEBRA 5", "ZEBRA 4")
			s.titled(desk+"/archive/2026-10/tag/zebra.json", "ZEBRA 5", "ZEBRA 4", "ZEBRA two")
			s.get("/source/stripes.rss").refused(t, "the old name of a private source", http.StatusNotFound)
			s.get(desk+"/source/stripes.rss").want(t, "the old name in the group", http.StatusMovedPermanently, "Location", desk+"/source/covert.rss")
			for path, want := range map[string]string{"/": "zebra", "/opml": "https://feeds.example.com" + desk + "/tag/zebra.rss", "/tag/chips?hl=en": "ZEBRA 4", "/?q=zeb&hl=en": "zebra"} {
				if res := s.get(desk + path); res.status != 200 || !strings.Contains(res.body, want) {
					t.Errorf("%s: %d without %q", path, res.status, want)
				}
			}
			page1, err := s.Store().Recent(t.Context(), feeds.Topic{Group: "desk", Kind: "all"}, feeds.ByPublished, feeds.Pos{}, 10)
			if err != nil || len(page1.Items) != 3 {
				t.Fatalf("%d private items, %v", len(page1.Items), err)
			}
			for _, it := range page1.Items {
				path := "/item/" + base64.RawURLEncoding.EncodeToString([]byte(it.ID)) + "?hl=en"
				s.get(path).refused(t, "the public page of a private item", http.StatusNotFound)
				s.get(board+path).refused(t, "its page in another group", http.StatusNotFound)
				if res := s.get(desk + path); res.status != 200 || !strings.Contains(res.body, it.Title) {
					t.Errorf("its page in the group: %d %.300s", res.status, res.body)
				}
			}
			// Paging brings every item once.
			page, seen := desk+"/feed.json?limit=2", []string{}
			for page != "" && len(seen) < 10 {
				res := s.get(page)
				seen = append(seen, s.titles(page)...)
				_, next, _ := strings.Cut(res.body, `"next_url":"https://feeds.example.com`)
				page, _, _ = strings.Cut(next, `"`)
				page = strings.ReplaceAll(page, `\u0026`, "&")
			}
			if got := strings.Join(seen, ", "); got != "ZEBRA 5, ZEBRA 4, Three, ZEBRA two, One" {
				t.Errorf("page by page: %s", got)
			}
		})
		s.nothingPrivate("at first")
		s.noToken()

		t.Run("status", func(t *testing.T) {
			ask := func(path, accept string) (string, http.Header) {
				req, err := http.NewRequest("GET", "http://"+s.AdminAddr()+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Accept", accept)
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				b, err := io.ReadAll(res.Body)
				if err != nil || res.StatusCode != 200 {
					t.Fatalf("%s: %d %v", path, res.StatusCode, err)
				}
				return string(b), res.Header
			}
			page, header := ask("/status?hl=zh", "text/html,*/*;q=0.8")
			for _, want := range []string{"运行状态", "私有组: desk", "alice", "inside", "就绪", "<svg "} {
				if !strings.Contains(page, want) {
					t.Errorf("the status page lacks %q", want)
				}
			}
			if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'; style-src 'sha256-") || strings.Contains(csp, "unsafe") {
				t.Errorf("policy %q", csp)
			}
			text, header := ask("/status", "application/json")
			var report app.Report
			if err := json.Unmarshal([]byte(text), &report); err != nil || header.Get("Content-Type") != "application/json" {
				t.Fatalf("%s: %v: %.200s", header.Get("Content-Type"), err, text)
			}
			want := []app.SavedFeed{{Name: "chips", State: "ready", Items: 2}, {Name: "inside", Group: "desk", State: "ready", Items: 5}}
			until(t, "the counts of saved feeds", func() bool { // they are half a minute old at most
				text, _ := ask("/status.json", "")
				report = app.Report{}
				return json.Unmarshal([]byte(text), &report) == nil && slices.Equal(report.SavedFeeds, want)
			})
			metrics, _ := ask("/metrics", "")
			for _, want := range []string{`feedmill_saved_feed_items{feed="inside"} 5`, `feedmill_saved_feed_ready{feed="chips"} 1`, "feedmill_filters_refused_total 0"} {
				if !strings.Contains(metrics, want) {
					t.Errorf("metrics lack %s", want)
				}
			}
		})

		t.Run("news", func(t *testing.T) {
			before := s.get("/feed.rss").header.Get("Etag")
			write(t, filepath.Join(covert, "_posts", "2026-10-01-p6.md"), "---\ntitle: ZEBRA 6\ndate: 2026-10-01 06:00:00 +0000\ntags: [chips]\n---\nstripes\n")
			s.titled(desk+"/tag/chips.json", "ZEBRA 6", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
			s.titled(desk+"/feed/inside.json", "ZEBRA 6", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
			filterPost(t, open, 3, "Three", "chips, zebra", "short stripes") // an edit makes it private
			s.titled("/feed.json", "One")
			s.titled("/feed/chips.json", "One")
			s.titled(desk+"/feed/inside.json", "ZEBRA 6", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
			if before == s.get("/feed.rss").header.Get("Etag") {
				t.Error("a public feed that lost an item has the same bytes")
			}
			filterPost(t, open, 3, "Three", "chips", "short")
			s.titled("/feed.json", "Three", "One")
			s.titled("/feed/chips.json", "Three", "One")
		})
		s.nothingPrivate("after news")

		t.Run("moved", func(t *testing.T) {
			tail, err := s.Store().Tail(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			groupConfig(t, file, fmt.Sprintf("  open: { jekyll: %s }\n  covert: { jekyll: %s }\n", open, covert), groupTokens)
			s.titled("/feed.json", "ZEBRA 6", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
			s.titled("/feed/chips.json", "ZEBRA 6", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
			surfaces := s.surfaces()
			for _, path := range surfaces {
				s.get(path) // so that it is kept, in memory and on disk
			}
			until(t, "the spool to hold what is public", func() bool { return holds(t, spool, "ZEBRA") })
			groupConfig(t, file, private, groupTokens)
			s.titled("/feed.json", "Three", "One")
			until(t, "the spool to hold nothing private", func() bool { return !holds(t, spool, "ZEBRA") })
			s.titled("/tag/zebra.json")
			s.titled("/feed/chips.json", "Three", "One")
			s.titled(desk+"/feed/inside.json", "ZEBRA 6", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
			for _, e := range s.all(tail) {
				if e.Kind == feeds.New {
					t.Errorf("a change of groups is news: %+v", e)
				}
			}
			s.nothingPrivateAt(surfaces, "after it was public")
		})

		t.Run("revoked", func(t *testing.T) {
			old := s.get(desk + "/feed.rss")
			groupConfig(t, file, private, "  desk: { tokens: { alice: "+deskToken+"2, carol: "+boardToken+" } }\n")
			until(t, "the token to end", func() bool { return s.get(desk+"/feed.rss").status == http.StatusNotFound })
			s.get(desk+"/feed.rss", "If-None-Match", old.header.Get("Etag")).refused(t, "a kept document under a token that was taken away", http.StatusNotFound)
			until(t, "the new token", func() bool { return s.get("/t/"+deskToken+"2/feed.rss").status == 200 })
			if res := s.get("/t/" + deskToken + "2/feed.rss"); res.status != 200 || res.header.Get("Etag") == "" {
				t.Errorf("the new token: %d", res.status)
			}
			s.titled(board+"/feed.json", "ZEBRA 6", "ZEBRA 5", "ZEBRA 4", "Three", "ZEBRA two", "One")
		})
		s.noToken()
	})
}

// all is the log behind a cursor.
func (s *server) all(from cache.Cursor) (out []cache.Entry) {
	s.t.Helper()
	for {
		entries, err := s.Store().After(s.t.Context(), from, 1000)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(entries) == 0 {
			return out
		}
		out, from = append(out, entries...), entries[len(entries)-1].Cursor
	}
}

// holds reports whether a document in a spool has a text.
func holds(t testing.TB, dir, text string) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // a file that has just gone
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil //nolint:nilerr // as above
		}
		if _, packed, ok := strings.Cut(string(b), "\n"); ok && strings.Contains(decoded(t, "gzip", packed), text) {
			found = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

package hugo

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/sources"
	"feedmill/sources/internal/postdir"
	"feedmill/sources/sourcetest"
)

func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func open(dir string) sources.Source {
	src, err := Kind.New(&Config{Path: dir}, sources.Env{})
	if err != nil {
		panic(err)
	}
	return src
}

func TestSource(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Outside {
		dir := t.TempDir()
		write(t, dir, map[string]string{
			"hugo.toml":            "baseURL = 'https://a.example/'\n",
			"content/posts/one.md": "---\ntitle: One\ndate: 2024-01-02\n---\ntext\n",
			"content/posts/two.md": "+++\ntitle = 'Two'\ndate = 2024-01-03\n+++\ntext\n",
		})
		return sourcetest.Outside{
			New: func() sources.Source { return open(dir) },
			Change: func() {
				write(t, dir, map[string]string{"content/posts/three.md": "---\ntitle: Three\ndate: 2024-01-04\n---\nx\n"})
			},
			Break: func() { os.RemoveAll(dir) },
		}
	})
}

// load reads the site in a directory.
func load(t testing.TB, dir string) (postdir.Tree, *site) {
	t.Helper()
	tree, err := postdir.OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	s, err := loadSite(tree, postdir.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return tree, s.(*site)
}

// loadFiles reads a site of these files.
func loadFiles(t testing.TB, files map[string]string) *site {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	_, s := load(t, dir)
	return s
}

const siteConfig = "baseURL = 'https://a.example/b/'\ndefaultContentLanguage = 'en'\n[languages.en]\n[languages.zh]\n[permalinks]\nlog = '/:year/:month/:slug/'\n[taxonomies]\ntag = 'tags'\nplace = 'places'\n"

// TestPages holds what a page comes to against what Hugo 0.111 makes of it.
func TestPages(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"hugo.toml":                 siteConfig,
		"content/_index.md":         "---\ncascade:\n  tags: [all]\n---\n",
		"content/off/_index.md":     "---\ncascade:\n  draft: true\n---\n",
		"content/posts/b/index.md":  "",
		"content/posts/b/extra.md":  "",
		"content/tags/go/_index.md": "---\ntitle: The Go Language\n---\n",
	})
	tree, s := load(t, dir)
	titles, _ := s.Titles(tree)
	if len(titles) != 1 {
		t.Errorf("titles %v", titles)
	}
	type result struct {
		URL, Date, Content, Summary string
		Tags, Categories            []string
		Hidden, Hold                bool
		Until                       string
		Fault                       string
	}
	for name, c := range map[string]struct {
		path, file string
		want       result
	}{
		"plain":     {"posts/My Post.md", "---\ndate: 2024-01-02\n---\nx", result{URL: "posts/my-post/", Date: "2024-01-02", Content: "<p>x</p>", Summary: "x", Tags: []string{"all"}}},
		"slug":      {"posts/a.md", "---\nslug: 中文 b\ntags: []\n---\nx", result{URL: "posts/%E4%B8%AD%E6%96%87-b/", Content: "<p>x</p>", Summary: "x"}},
		"permalink": {"log/a.md", "---\ntitle: A B\ndate: 2024-03-02\ntags: x\nplaces: [kyoto]\ncategories: z\n---\nx", result{URL: "2024/03/a-b/", Date: "2024-03-02", Content: "<p>x</p>", Summary: "x", Tags: []string{"kyoto", "x"}, Categories: []string{"z"}}},
		"url":       {"posts/a.md", "---\nurl: /Old/Page.html\ntags: []\n---\nx", result{URL: "Old/Page.html", Content: "<p>x</p>", Summary: "x"}},
		"language":  {"posts/a.zh.md", "---\ntags: []\n---\nx", result{URL: "zh/posts/a/", Content: "<p>x</p>", Summary: "x"}},
		"bundle":    {"posts/b/index.md", "---\ntags: []\n---\nx", result{URL: "posts/b/", Content: "<p>x</p>", Summary: "x"}},
		"resource":  {"posts/b/extra.md", "---\ntags: []\n---\nx", result{Hidden: true}},
		"draft":     {"posts/a.md", "---\ndraft: true\n---\nx", result{Hidden: true}},
		"cascade":   {"off/a.md", "---\ntitle: x\n---\nx", result{Hidden: true}},
		"unlisted":  {"posts/a.md", "---\n_build:\n  list: never\n---\nx", result{Hidden: true}},
		"expired":   {"posts/a.md", "---\nexpiryDate: 2025-01-01\n---\nx", result{Hidden: true}},
		"expires":   {"posts/a.md", "---\ntags: []\nexpiryDate: 2027-01-01\n---\nx", result{URL: "posts/a/", Content: "<p>x</p>", Summary: "x", Until: "2027-01-01"}},
		"ahead":     {"posts/a.md", "---\ntags: []\ndate: 2027-01-01\n---\nx", result{URL: "posts/a/", Date: "2027-01-01", Content: "<p>x</p>", Summary: "x", Hold: true}},
		"later":     {"posts/a.md", "---\ntags: []\ndate: 2024-01-01\npublishDate: 2027-01-01\n---\nx", result{Hidden: true, Until: "2027-01-01"}},
		"more":      {"posts/a.md", "---\ntags: []\n---\none\n\n<!--more-->\n\ntwo", result{URL: "posts/a/", Content: "<p>one</p>\n<p>two</p>", Summary: "<p>one</p>"}},
		"not yaml":  {"posts/a.md", "---\na: [\n---\nx", result{Fault: "bad"}},
		"no format": {"posts/a.org", "x", result{Fault: "only Markdown and HTML are read, not .org"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := s.Decode(postdir.NewFile(tree, "content/"+c.path, []byte(c.file), time.Time{}, now))
			got := result{Hidden: p.Hidden, Hold: p.Change.Hold}
			day := func(t time.Time) string {
				if t.IsZero() {
					return ""
				}
				return t.Format(time.DateOnly)
			}
			got.Until = day(p.Until)
			if f, ok := p.Report(); ok {
				if got.Fault = f.Reason; name == "not yaml" {
					got.Fault = "bad"
				}
			}
			if it := p.Change.Item; it != nil {
				got.URL, got.Date, got.Content, got.Summary, got.Tags, got.Categories = it.URL, day(it.Published), it.Content, it.Summary, it.Tags, it.Categories
				if p.Change.Wish != it.URL {
					t.Errorf("wish %s", p.Change.Wish)
				}
			}
			if c.want.URL != "" {
				c.want.URL = "https://a.example/b/" + c.want.URL
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

type postdirChanges = postdir.Changes

// decodeText makes a page of a text, in a site whose other files nobody can see.
func decodeText(s *site, name, text string) *postdir.Post {
	return s.Decode(postdir.NewFile(nil, name, []byte(text), time.Time{}, time.Unix(1_800_000_000, 0)))
}

func TestGolden(t *testing.T) {
	sourcetest.Golden(t, func(_ *testing.T, input string) (sources.Source, string) { return open(input), "" })
}

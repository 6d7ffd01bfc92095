package jekyll

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/feeds"
	"feedmill/sources/internal/postdir"
)

// keysOf fetches a site once and lists what it published.
func keysOf(t *testing.T, dir string, opts ...func(*Config)) (*recorder, []string) {
	t.Helper()
	r := newRecorder(t)
	r.mustFetch(open(t, dir, opts...))
	return r, slices.Sorted(maps.Keys(r.items))
}

func TestDrafts(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "_config.yml", "url: https://a.example\n",
		"_drafts/idea.md", "---\ntitle: Idea\n---\nx", "_drafts/2023-01-02-dated.md", postOf("d"), "en/_drafts/own.md", "---\ndate: 2022-05-06\n---\nx",
		"_drafts/bad.md", "---\ndate: some day\n---\nx", "_drafts/notes.txt", "kept beside", "_posts/2024-01-01-a.md", postOf("a"), "_posts/2024-01-02-b.md", "---\ndraft: true\n---\n")
	changed := time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, f := range []string{"idea.md", "bad.md"} {
		if err := os.Chtimes(filepath.Join(dir, "_drafts", f), changed, changed); err != nil {
			t.Fatal(err)
		}
	}
	_, keys := keysOf(t, dir)
	equalKeys(t, "without the option", keys, "_posts/2024-01-01-a.md")
	r, keys := keysOf(t, dir, func(c *Config) { c.Drafts = true })
	equalKeys(t, "with it", keys, "_drafts/2023-01-02-dated.md", "_drafts/bad.md", "_drafts/idea.md", "_drafts/notes.txt", "_posts/2024-01-01-a.md", "_posts/2024-01-02-b.md", "en/_drafts/own.md")
	for key, want := range map[string]string{
		"idea.md": "2021-03-04 /2021/03/04/idea", "dated.md": "2023-01-02 /2023/01/02/dated", "own.md": "2022-05-06 /en/2022/05/06/own", "bad.md": "2021-03-04 /2021/03/04/bad",
	} {
		c := r.item(key)
		if got := c.Item.Published.Format(time.DateOnly) + " " + strings.TrimPrefix(c.Wish, "https://a.example"); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	if len(r.reports) != 1 || !strings.Contains(r.reports["_drafts/bad.md"].Reason, "took the time of the file") {
		t.Errorf("reports %v", r.reports)
	}
	write(t, dir, "_config.yml", "url: https://a.example\nshow_drafts: true\n")
	if _, again := keysOf(t, dir); !slices.Equal(again, keys) {
		t.Errorf("show_drafts: %q", again)
	}
	// A draft that becomes a post is the same item: the directory it is in is no part of who it is.
	s := open(t, dir)
	r = newRecorder(t)
	r.mustFetch(s)
	if err := os.Rename(filepath.Join(dir, "_drafts/idea.md"), filepath.Join(dir, "_posts/2024-02-02-idea.md")); err != nil {
		t.Fatal(err)
	}
	s.Changed(nil)
	r.mustFetch(s)
	if c := r.item("02-idea.md"); c.Formerly != "_drafts/idea.md" || len(r.withdrawn) != 0 {
		t.Errorf("formerly %q, withdrawn %q", c.Formerly, r.withdrawn)
	}
}

// TestDraftWithoutTime: a repository without history does not know when a draft was changed, so it counts from when it was
// first seen.
func TestDraftWithoutTime(t *testing.T) {
	s := newSite(configName, yamlFields(t, "url: https://a.example\n"), postdir.Settings{Drafts: true})
	p := s.Decode(postdir.NewFile(nil, "_drafts/a.md", []byte(postOf("a")), time.Time{}, time.Now()))
	if p.Change.Item == nil || !p.Change.Item.Published.IsZero() || p.Change.Hold {
		t.Errorf("%+v", p)
	}
}

// FuzzScope: no pattern of defaults or exclude stops the program, and one without signs matches itself.
func FuzzScope(f *testing.F) {
	f.Add("content/*/_posts/**/{a,b}-[c-d]?.md", "content/x/_posts/a-c1.md")
	f.Add("{[*", "{[*")
	f.Add("港口*}", "港口")
	f.Add("\x8f*", "0")
	f.Fuzz(func(t *testing.T, pattern, rel string) {
		globBegin(pattern).MatchString(rel)
		s := &site{exclude: newPatterns([]string{pattern})}
		s.excluded(rel)
		if trimmed := strings.TrimLeft(pattern, "/"); trimmed != "" && !s.excluded(trimmed) {
			t.Errorf("%q does not leave out itself", pattern)
		}
	})
}

func TestFutureOption(t *testing.T) {
	_, _, r := start(t, "_posts/2099-01-01-a.md", postOf("a"))
	if !r.item("a.md").Hold {
		t.Error("a future post is not held")
	}
	dir := t.TempDir()
	write(t, dir, "_posts/2099-01-01-a.md", postOf("a"))
	r, _ = keysOf(t, dir, func(c *Config) { c.Future = true })
	if r.item("a.md").Hold {
		t.Error("future: true holds")
	}
}

func TestCollections(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "_config.yml", `url: https://a.example
permalink: pretty
collections:
  notes: {output: true}
  recipes: {output: true, permalink: "/food/:name:output_ext"}
  staff:
feed:
  collections:
    notes: {path: /notes.xml, categories: [loud]}
    staff:
`,
		"_notes/a.md", "---\ndate: 2023-01-02\ncategories: Loud\n---\nx", "_notes/deep/2023-02-03-b.md", "---\ntitle: B\n---\nx", "_notes/undated.html", "---\n---\nx", "_notes/plain.md", "no front matter",
		"_notes/data.yml", "---\nx: 1\n---\n", "_notes/_hidden/x.md", "---\n---\n", "_notes/later.md", "---\ndate: 2099-01-01\n---\n",
		"_recipes/soup.md", "---\ndate: 2023-01-02\n---\nx", "_staff/lin.md", "---\ndate: 2023-01-02\n---\n![x](y.png)", "_unknown/x.md", "---\n---\nx", "x/_notes/x.md", "---\n---\nx",
		"_posts/2024-01-01-a.md", "---\n---\n[n]({% link _notes/a.md %}) [r]({% link _recipes/soup.md %})")
	r, keys := keysOf(t, dir)
	equalKeys(t, "those of jekyll-feed", keys, "_notes/a.md", "_notes/deep/2023-02-03-b.md", "_notes/later.md", "_notes/undated.html", "_posts/2024-01-01-a.md", "_staff/lin.md")
	for key, want := range map[string][]string{
		"_notes/a.md":     {"https://a.example/notes/a/", "https://a.example/notes/a", "Loud notes"},
		"b.md":            {"https://a.example/notes/deep/2023-02-03-b/", "https://a.example/notes/deep/b", "notes"},
		"_staff/lin.md":   {"", "https://a.example/staff/lin", "staff"},
		"2024-01-01-a.md": {"https://a.example/2024/01/01/a/", "https://a.example/2024/01/01/a", ""},
	} {
		c := r.item(key)
		if d := cmp.Diff(want, []string{c.Item.URL, c.Wish, strings.Join(c.Item.Categories, " ")}); d != "" {
			t.Errorf("%s (-want +got):\n%s", key, d)
		}
	}
	if c := r.item("lin.md"); c.Base != "https://a.example/staff/lin/" {
		t.Errorf("base %q", c.Base)
	}
	if !r.item("undated.html").Item.Published.IsZero() || !r.item("later.md").Hold {
		t.Error("a document without a date counts from when it is first seen, one dated ahead is held")
	}
	if got := r.item("01-a.md").Item.Content; !strings.Contains(got, `"/notes/a/"`) || !strings.Contains(got, `"/food/soup.html"`) {
		t.Error(got)
	}
	want := map[string]feeds.Topic{"/feed.xml": feeds.All, "/notes.xml": feeds.NewTopic("category", "notes"), "/feed/notes/loud.xml": feeds.NewTopic("category", "loud"), "/feed/staff.xml": feeds.NewTopic("category", "staff")}
	if d := cmp.Diff(want, r.abouts[0].Redirects); d != "" {
		t.Errorf("redirects (-want +got):\n%s", d)
	}
	r, keys = keysOf(t, dir, func(c *Config) { c.Collections = []string{"recipes", "nope"} })
	equalKeys(t, "those of the operator", keys, "_posts/2024-01-01-a.md", "_recipes/soup.md")
	if rep := r.reports[configName]; !strings.Contains(rep.Reason, `no collection "nope"`) {
		t.Errorf("reports %v", r.reports)
	}
}

func TestCollectionsDirMissing(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "_config.yml", "title: x\ncollections_dir: content\n", "_posts/2024-01-01-a.md", postOf("a"))
	_, err := newRecorder(t).fetch(open(t, dir))
	if err == nil || !strings.Contains(err.Error(), `_config.yml:2: collections_dir: there is no directory "content"`) {
		t.Fatal(err)
	}
	write(t, dir, "content/_posts/2024-01-02-b.md", postOf("b"), "content/_notes/x.md", "---\n---\n")
	if _, keys := keysOf(t, dir); !slices.Equal(keys, []string{"content/_posts/2024-01-02-b.md"}) {
		t.Errorf("%q", keys)
	}
}

func TestAuthors(t *testing.T) {
	lin := feeds.Person{Name: "Lin Yu", Email: "lin@a.example", URL: "https://lin.example/"}
	for name, files := range map[string][]string{
		"yml":       {"_data/authors.yml", "lin: {name: Lin Yu, email: lin@a.example, uri: https://lin.example/}\n"},
		"json":      {"_data/authors.json", `{"lin": {"name": "Lin Yu", "email": "lin@a.example", "url": "https://lin.example/"}}`},
		"csv":       {"_data/authors.csv", "key,name,email,uri\nwu,Wu,,\nlin,Lin Yu,lin@a.example,https://lin.example/\n"},
		"tsv":       {"_data/authors.tsv", "key\tname\temail\turi\nlin\tLin Yu\tlin@a.example\thttps://lin.example/\n"},
		"directory": {"_data/authors/lin.yml", "name: Lin Yu\nemail: lin@a.example\nuri: https://lin.example/\n", "_data/authors.yml", "lin: {name: Old}\n"},
		"elsewhere": {"_config.yml", "data_dir: d\n", "d/authors.yml", "lin: {name: Lin Yu, email: lin@a.example, uri: https://lin.example/}\n"},
	} {
		dir := t.TempDir()
		write(t, dir, append(files, "_posts/2024-01-01-a.md", "---\nauthor: lin\n---\nx", "_posts/2024-01-02-b.md", "---\nauthors: [lin, Somebody]\n---\nx")...)
		r, _ := keysOf(t, dir)
		if d := cmp.Diff([]feeds.Person{lin}, r.item("a.md").Item.Authors); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if d := cmp.Diff([]feeds.Person{lin, {Name: "Somebody"}}, r.item("b.md").Item.Authors); d != "" {
			t.Errorf("%s, two (-want +got):\n%s", name, d)
		}
	}
	_, _, r := start(t, "_data/authors.yml", "lin: [\n", "_posts/2024-01-01-a.md", "---\nauthor: lin\n---\nx")
	if rep := r.reports["_data/authors.yml"]; !strings.Contains(rep.Reason, "not YAML") || r.item("a.md").Item.Authors[0].Name != "lin" {
		t.Errorf("reports %v", r.reports)
	}
}

// TestDefaultScopes compares with what Jekyll 4.3.1 does with each scope; -real does so for whole sites.
func TestDefaultScopes(t *testing.T) {
	for _, c := range []struct{ scope, rel, kind, want string }{
		{`{path: ""}`, "_posts/a.md", posts, "x"},
		{`{path: "", type: posts}`, "_drafts/a.md", posts, "x"},
		{`{path: "", type: post}`, "_posts/a.md", posts, "x"},
		{`{path: "", type: drafts}`, "_drafts/a.md", posts, ""},
		{`{path: "", type: notes}`, "_notes/a.md", "notes", "x"},
		{`{path: "", type: notes}`, "_posts/a.md", posts, ""},
		{`{path: "", type: pages}`, "a.md", "pages", "x"},
		{`{path: en}`, "english/_posts/a.md", posts, "x"},
		{`{path: en/}`, "english/_posts/a.md", posts, ""},
		{`{path: /en}`, "en/_posts/a.md", posts, ""},
		{`{path: "*/_posts"}`, "en/_posts/a.md", posts, "x"},
		{`{path: "*/_posts"}`, "en/deep/_posts/a.md", posts, ""},
		{`{path: "**/_posts"}`, "en/deep/_posts/a.md", posts, "x"},
		{`{path: "**/*.{md,html}"}`, "_posts/a.html", posts, "x"},
		{`{path: "_posts/2024-*"}`, "_posts/2024-01-01-a.md", posts, "x"},
		{`{path: "_posts/2024-0?"}`, "_posts/2024-01-01-a.md", posts, ""},
		{`{path: "_posts/*-0?-a.md"}`, "_posts/2024-01-01-a.md", posts, "x"},
		{`{path: "_posts/*-[a-c].md"}`, "_posts/2024-01-01-b.md", posts, "x"},
		{`{path: "港口*"}`, "港口通告/_posts/a.md", posts, "x"},
	} {
		s := newSite(configName, yamlFields(t, "defaults: [{scope: "+c.scope+", values: {v: x}}]\n"), postdir.Settings{})
		if got := s.defaultsFor(c.rel, c.rel, c.kind).get("v").str(); got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.scope, c.rel, got, c.want)
		}
	}
	s := newSite(configName, yamlFields(t, "collections_dir: c\ndefaults: [{scope: {path: c/en}, values: {v: x}}, {scope: {path: 'c/*/_posts/b*'}, values: {v: y}}]\n"), postdir.Settings{})
	for rel, want := range map[string]string{"en/_posts/a.md": "x", "en/_posts/b.md": "y", "fr/_posts/a.md": ""} {
		if got := s.defaultsFor("c/"+rel, rel, posts).get("v").str(); got != want {
			t.Errorf("below collections_dir, %s: %q, want %q", rel, got, want)
		}
	}
}

func TestExclude(t *testing.T) {
	_, _, r := start(t, "_config.yml", "exclude: [hidden, 'old/', '*.tmp.md', '_posts/2024-01-01-no.md', 'wip*']\n",
		"hidden/_posts/2024-01-01-a.md", postOf("a"), "hidden2/_posts/2024-01-01-a.md", postOf("a"), "old/_posts/2024-01-01-a.md", postOf("a"), "older/_posts/2024-01-01-a.md", postOf("a"),
		"_posts/2024-01-01-no.md", postOf("a"), "_posts/2024-01-02-x.tmp.md", postOf("a"), "wip-1/_posts/2024-01-01-a.md", postOf("a"), "_posts/sub/_part/2024-01-01-a.md", postOf("a"), "_posts/_part/2024-01-01-b.md", postOf("a"))
	equalKeys(t, "items", r.order, "_posts/sub/_part/2024-01-01-a.md", "older/_posts/2024-01-01-a.md")
}

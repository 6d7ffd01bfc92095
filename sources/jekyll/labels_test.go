package jekyll

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/feeds"
	"feedmill/sources/internal/postdir"
)

func yamlFields(t testing.TB, s string) fields {
	t.Helper()
	f, err := parseYAML([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLabels(t *testing.T) {
	for _, c := range []struct {
		name, front, defaults string
		dirs                  []string
		categories, tags      []string
	}{
		{"a text is split on blanks", "categories: a  b\ntags: x y", "", nil, []string{"a", "b"}, []string{"x", "y"}},
		{"commas stay", "tags: a, b", "", nil, nil, []string{"a,", "b"}},
		{"a full-width blank stays", "tags: a　b", "", nil, nil, []string{"a　b"}},
		{"items keep their blanks", "categories: [a b, c]\ntags: ['x y']", "", nil, []string{"a b", "c"}, []string{"x y"}},
		{"the singular keeps its blanks", "category: a b\ntag: x y", "", nil, []string{"a b"}, []string{"x y"}},
		{"merged, once each", "categories: [x, x, \"a b\"]\ncategory: x", "", nil, []string{"x", "a b"}, nil},
		{"the singular tag wins", "tag: a\ntags: [b]", "", nil, nil, []string{"a"}},
		{"an empty singular tag does not", "tag: ''\ntags: [b]", "", nil, nil, []string{"b"}},
		{"directories first", "category: c", "", []string{"a", "b"}, []string{"a", "b", "c"}, nil},
		{"defaults are merged into categories", "categories: [c]\ntags: [x]", "categories: [d]\ntags: [y]", []string{"a"}, []string{"a", "d", "c"}, []string{"x"}},
		{"an empty key leaves the defaults", "tags:\ncategory:", "tags: [y]\ncategory: z", nil, []string{"z"}, []string{"y"}},
		{"numbers and words are text", "categories: 2024\ntags: [2024, 1.10, 010, true, 2024-01-02]", "", nil, []string{"2024"}, []string{"2024", "1.10", "010", "true", "2024-01-02"}},
		{"empty is none", "categories: ''\ntags: ['', ~, ' ', a]", "", nil, nil, []string{"a"}},
		{"case is kept", "categories: [News, news]", "", nil, []string{"News", "news"}, nil},
		{"lists in lists", "tags: [[a, b], c]", "", nil, nil, []string{"a", "b", "c"}},
		{"mappings are none", "tags: [{a: b}, c]\ncategories: {a: b}", "", nil, nil, []string{"c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			front, defaults := yamlFields(t, c.front), yamlFields(t, c.defaults)
			if got := categories(c.dirs, defaults, front); !slices.Equal(got, c.categories) {
				t.Errorf("categories %q, want %q", got, c.categories)
			}
			if got := tags(defaults, front); !slices.Equal(got, c.tags) {
				t.Errorf("tags %q, want %q", got, c.tags)
			}
		})
	}
}

func TestPersons(t *testing.T) {
	known := map[string]feeds.Person{"al": {Name: "Alice", URL: "https://a.example/"}}
	for in, want := range map[string][]feeds.Person{
		"v: al":                                 {known["al"]},
		"v: Bob":                                {{Name: "Bob"}},
		"v: {name: B, email: b@x.example}":      {{Name: "B", Email: "b@x.example"}},
		"v: [al, {name: C, url: //c.example/}]": {known["al"], {Name: "C", URL: "//c.example/"}},
		"v: ":                                   nil,
		"v: ''":                                 nil,
		"v: {twitter: x}":                       nil,
	} {
		if d := cmp.Diff(want, persons(yamlFields(t, in).get("v"), known)); d != "" {
			t.Errorf("%s (-want +got):\n%s", in, d)
		}
	}
}

func TestDefaults(t *testing.T) {
	s := newSite(configName, yamlFields(t, `
defaults:
  - {scope: {path: "", type: posts}, values: {layout: p, lang: a, image: {path: x, alt: y}}}
  - {scope: {path: ""}, values: {lang: untyped}}
  - {scope: {path: "", type: pages}, values: {lang: pages}}
  - {scope: {path: en/_posts}, values: {lang: b, image: {path: z}}}
  - {scope: {path: "*/_posts/2024-*"}, values: {lang: glob}}
  - {values: {author: all}}
  - {scope: {path: x}}
`), postdir.Settings{})
	for rel, want := range map[string]string{
		"_posts/2024-01-01-a.md": "a", "en/_posts/2023-01-01-a.md": "b", "en/_posts/2024-01-01-a.md": "glob", "x.md": "a",
	} {
		f := s.defaultsFor(rel, rel, posts)
		if got := f.get("lang").str(); got != want {
			t.Errorf("%s: %q, want %q", rel, got, want)
		}
		if f.get("author").str() != "all" {
			t.Errorf("%s: no author", rel)
		}
	}
	img := s.defaultsFor("en/_posts/2023-01-01-a.md", "en/_posts/2023-01-01-a.md", posts).get("image").fields
	if img.get("path").str() != "z" || img.get("alt").str() != "y" {
		t.Errorf("mappings are not merged: %+v", img)
	}
	if len(s.reports) != 1 {
		t.Errorf("reports %v", s.reports)
	}
}

func TestTopicTitles(t *testing.T) {
	dir := t.TempDir()
	page := func(key, label, title string) string {
		return "---\n" + key + ": " + label + "\ntitle: " + title + "\n---\n"
	}
	write(t, dir, "category/a.html", page("category", "a b", "A"), "category/a2.html", page("category", "A-B", "A"),
		"category/c.html", page("category", "c", "C"), "category/c2.md", page("category", "c", "D"), "category/c3.md", page("category", "c", "C"),
		"category/x.txt", page("category", "x", "X"), "category/no.html", "no front matter", "tag/t.html", page("tag", "标签", "T"))
	root, err := postdir.OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	titles, reports := new(site).Titles(root)
	want := map[feeds.Topic]string{feeds.NewTopic("category", "a-b"): "A", feeds.NewTopic("tag", "标签"): "T"}
	if d := cmp.Diff(want, titles); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if len(reports) == 0 {
		t.Error("the contradiction is not reported")
	}
}

func TestSmartTitle(t *testing.T) {
	for in, want := range map[string]string{
		`"Quoted" and 'single'`:   "“Quoted” and ‘single’",
		`It's the '90s -- really`: "It’s the ’90s – really",
		`("a") "b," he said...`:   "(“a”) “b,” he said…",
		`他说"好"了 -- it's`:          `他说"好"了 -- it's`,
		`<i title="x">a</i> "b"`:  `<i title="x">a</i> "b"`,
		"plain":                   "plain",
		"a---b":                   "a—b",
		"caf\xe9 \"x\"":           "caf\ufffd “x”",
		`5" disks`:                "5” disks",
		"trailing \"":             "trailing “",
		"a &amp; \"b\"":           "a &amp; “b”",
	} {
		if got := newSite(configName, nil, postdir.Settings{}).smartTitle(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestLocate(t *testing.T) {
	s := newSite(configName, yamlFields(t, "collections: {notes: {output: true}}\n"), postdir.Settings{})
	for in, want := range map[string]string{
		"_posts/x.md": "posts [] /x", "_posts/es/x...md": "posts [] /es/x", "foo/_posts/x.md": "posts [foo] foo//x",
		"foo/bar/_posts/a/_posts/x.md": "posts [foo bar] foo/bar//a/_posts/x", "en/_drafts/x.md": "draft [en] en/_drafts/x",
		"_notes/a/x.md": "notes [] /a/x", "x/_notes/x.md": "none", "_other/x.md": "none", "my_posts/x.md": "none",
	} {
		o, ok := s.locate(in)
		got := "none"
		if ok {
			kind := o.label
			if o.draft {
				kind = "draft"
			}
			got = fmt.Sprintf("%s %v %s", kind, o.categoryDirs(), o.clean(".md"))
		}
		if got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// TestShape: the shape moves with what shapes posts, and with nothing else.
func TestShape(t *testing.T) {
	shape := func(conf string, zoneless string, zone *time.Location) uint32 {
		f := yamlFields(t, conf)
		s := newSite(configName, f, postdir.Settings{SiteDates: zoneless == zonelessSite, Zone: zone})
		return s.hash(f)
	}
	base := shape("url: https://a.example\nauthor: x\n", "jekyll", nil)
	if shape("\n# moved\ntitle: t\nurl: https://a.example\n\n\nauthor: x\n", "jekyll", nil) != base {
		t.Error("a title moves the shape")
	}
	for name, got := range map[string]uint32{
		"url": shape("url: https://b.example\nauthor: x\n", "jekyll", nil), "author": shape("url: https://a.example\nauthor: y\n", "jekyll", nil),
		"zoneless": shape("url: https://a.example\nauthor: x\n", "site", nil), "zone": shape("url: https://a.example\nauthor: x\n", "jekyll", time.UTC),
		"defaults": shape("url: https://a.example\nauthor: x\ndefaults: [{values: {lang: b}}]\n", "jekyll", nil),
		"lang":     shape("url: https://a.example\nauthor: x\nlang: b\n", "jekyll", nil), "permalink": shape("url: https://a.example\nauthor: x\npermalink: none\n", "jekyll", nil),
	} {
		if got == base {
			t.Errorf("%s does not move the shape", name)
		}
	}
}

package jekyll

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/feeds"
	"feedmill/sources/internal/postdir"
)

func TestHoldAndZonelessWarning(t *testing.T) {
	// Five hours ahead of now as UTC, three hours ago as the clock in Shanghai shows it.
	ahead := time.Now().UTC().Add(5 * time.Hour).Format("2006-01-02 15:04:05")
	dir, _, r := start(t, "_config.yml", "timezone: Asia/Shanghai\n", "_posts/2024-01-01-a.md", "---\ndate: "+ahead+"\n---\nx",
		"_posts/2099-01-01-b.md", postOf("b"), "_posts/2024-01-01-c.md", postOf("c"))
	if !r.item("a.md").Hold || !r.item("b.md").Hold || r.item("c.md").Hold {
		t.Error("hold")
	}
	if len(r.reports) != 1 || !strings.Contains(r.reports["_posts/2024-01-01-a.md"].Reason, "zoneless_dates: site") {
		t.Errorf("reports %v", r.reports)
	}
	r = newRecorder(t)
	r.mustFetch(open(t, dir, func(c *Config) { c.ZonelessDates = "site" }))
	if r.item("a.md").Hold || len(r.reports) != 0 {
		t.Errorf("site: %v", r.reports)
	}
	write(t, dir, "_config.yml", "future: true\n")
	r.mustFetch(open(t, dir))
	if r.item("b.md").Hold {
		t.Error("future: true holds")
	}
}

func TestFeedTags(t *testing.T) {
	dir, s, r := start(t, "_config.yml", "baseurl: /b\nfeed:\n  path: atom.xml\n  categories: [News]\n  tags: {except: [no], path: /t/}\n",
		"_posts/2024-01-01-a.md", "---\ntags: [Go, no, 中, c++]\n---\n")
	want := map[string]feeds.Topic{}
	for p, topic := range map[string]feeds.Topic{"/atom.xml": feeds.All, "/feed/News.xml": feeds.NewTopic("category", "news"), "/t/Go.xml": feeds.NewTopic("tag", "go")} {
		want[p], want["/b"+p] = topic, topic
	}
	if d := cmp.Diff(want, r.abouts[len(r.abouts)-1].Redirects); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// A new tag by an event is described; another process knows it from the state.
	write(t, dir, "_posts/2024-01-02-b.md", "---\ntags: [New_1]\n---\n")
	s.Changed(&postdir.Changes{Paths: []string{"_posts/2024-01-02-b.md"}})
	n := len(r.abouts)
	r.mustFetch(s)
	if len(r.abouts) != n+1 || r.abouts[n].Redirects["/t/New_1.xml"] != feeds.NewTopic("tag", "new_1") {
		t.Errorf("redirects %v", r.abouts[len(r.abouts)-1].Redirects)
	}
	r.mustFetch(open(t, dir))
	if _, ok := r.abouts[len(r.abouts)-1].Redirects["/t/New_1.xml"]; !ok {
		t.Error("the tag is forgotten")
	}
}

func TestCollectionsDir(t *testing.T) {
	_, _, r := start(t, "_config.yml", "collections_dir: content\n", "_posts/2024-01-01-no.md", postOf("no"),
		"content/_posts/2024-01-01-a.md", postOf("a"), "content/en/_posts/2024-01-01-b.md", postOf("b"))
	equalKeys(t, "items", r.order, "content/_posts/2024-01-01-a.md", "content/en/_posts/2024-01-01-b.md")
	if got := r.item("b.md").Item.Categories; !slices.Equal(got, []string{"en"}) {
		t.Errorf("categories %q", got)
	}
}

// TestNotRead: what Jekyll heeds and this package does not is said.
func TestNotRead(t *testing.T) {
	for file, text := range map[string]string{"_config.toml": "limit_posts = 5\n", "_config.yml": "limit_posts: 5\n"} {
		dir := t.TempDir()
		write(t, dir, file, text, "_posts/2024-01-01-a.md", postOf("a"))
		r := newRecorder(t)
		r.mustFetch(open(t, dir))
		if rep, ok := r.reports[file]; !ok || len(r.items) != 1 {
			t.Errorf("%s: %v, %v", file, rep, r.items)
		}
	}
}

// TestConfigTOML: without _config.yml a site is what _config.toml says, as it would be in YAML, and is read anew when that
// changes; what is not TOML is reported with its line, and the site stays as it was.
func TestConfigTOML(t *testing.T) {
	const inYAML = "title: Harbour\nurl: https://toml.example.org\ntimezone: Asia/Shanghai\nbuilt: 2024-05-06\nat: 2024-05-06 07:08:09 +08:00\n" +
		"depth: 3.0\nopen: true\nword: \"true\"\ncollections: {notes: {output: true}}\nfeed: {collections: [notes]}\n" +
		"defaults: [{scope: {path: \"\"}, values: {lang: de}}]\n"
	const inTOML = "title = 'Harbour'\nurl = 'https://toml.example.org'\ntimezone = 'Asia/Shanghai'\nbuilt = 2024-05-06\nat = 2024-05-06T07:08:09+08:00\n" +
		"depth = 3.0\nopen = true\nword = 'true'\ncollections.notes.output = true\nfeed.collections = ['notes']\n" +
		"[[defaults]]\nscope = {path = ''}\nvalues = {lang = 'de'}\n"
	body := "---\ntitle: A\n---\n{{ site.title }} {{ site.built }} {{ site.at }} {{ site.depth }} {% if site.open == true %}open{% endif %} {% if site.word == true %}wrong{% endif %}\n"
	all := map[string][]string{}
	for file, text := range map[string]string{"_config.yml": inYAML, "_config.toml": inTOML} {
		dir := t.TempDir()
		write(t, dir, file, text, "_posts/2024-01-01-a.md", body, "_notes/n.md", "---\ndate: 2024-02-03 04:05\n---\nnote\n")
		r := newRecorder(t)
		s := open(t, dir)
		r.mustFetch(s)
		for _, key := range r.order {
			all[file] = append(all[file], describe(r.items[key])+r.items[key].Item.Content)
		}
		if len(r.reports) > 0 {
			t.Errorf("%s: %v", file, r.reports)
		}
		if file == "_config.yml" {
			write(t, dir, "_config.toml", "title = 'of no account'\n")
			r.mustFetch(open(t, dir))
			equalKeys(t, "a second configuration", r.order)
			continue
		}
		write(t, dir, file, strings.Replace(inTOML, "Harbour", "Quay", 1))
		s.Changed(&postdir.Changes{Paths: []string{file}})
		r.mustFetch(s)
		if got := r.item("a.md").Item.Content; !strings.Contains(got, "Quay 2024-05-06 2024-05-06 07:08:09 +0800 3.0 open") {
			t.Errorf("changed: %q", got)
		}
		write(t, dir, file, "title = 'x'\nurl = [\n")
		s.Changed(&postdir.Changes{Paths: []string{file}})
		r.mustFetch(s)
		if rep := r.reports[configName].Reason; !strings.Contains(rep, "_config.toml:") || !strings.Contains(rep, "not TOML") || len(r.items) != 2 {
			t.Errorf("broken: %q, %v", rep, r.reports)
		}
	}
	if d := cmp.Diff(all["_config.yml"], all["_config.toml"]); d != "" || len(all["_config.yml"]) != 2 {
		t.Errorf("(-YAML +TOML):\n%s", d)
	}
}

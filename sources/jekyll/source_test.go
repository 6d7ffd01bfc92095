package jekyll

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/internal/postdir"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestSite reads the sample site, whose IDs, addresses, dates and labels were compared with those of Jekyll 4.3.1 and
// jekyll-feed 0.17 by hand; what differs is what that Jekyll loses.
func TestSite(t *testing.T) {
	r := newRecorder(t)
	res := r.mustFetch(open(t, "testdata/site"))
	if !res.Complete {
		t.Error("the first fetch is not complete")
	}
	var b strings.Builder
	for _, k := range r.order {
		fmt.Fprintf(&b, "%s\n", describe(r.items[k]))
	}
	for _, k := range slices.Sorted(maps.Keys(r.reports)) {
		fmt.Fprintln(&b, r.reports[k])
	}
	for _, a := range r.abouts[len(r.abouts)-1:] {
		fmt.Fprintf(&b, "\n%q %q %s %s %+v window %d\n", a.Title, a.Description, a.URL, a.Language, a.Author, a.Window)
		for _, topic := range sortedTopics(a.Titles) {
			fmt.Fprintf(&b, "title of %s: %s\n", topic, a.Titles[topic])
		}
		for _, p := range slices.Sorted(maps.Keys(a.Redirects)) {
			fmt.Fprintf(&b, "redirect %s to %s\n", p, a.Redirects[p])
		}
	}
	const golden = "testdata/site.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func sortedTopics(m map[feeds.Topic]string) []feeds.Topic {
	return slices.SortedFunc(maps.Keys(m), func(a, b feeds.Topic) int { return strings.Compare(a.String(), b.String()) })
}

const simplePost = "---\ntitle: %s\n---\nbody\n"

func postOf(title string) string { return fmt.Sprintf(simplePost, title) }

// age makes files old enough for their time to be trusted.
func age(t testing.TB, dir string) {
	old := time.Now().Add(-time.Minute).Truncate(time.Second)
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil && time.Since(info.ModTime()) < 30*time.Second { // another time would be a change
			err = os.Chtimes(p, old, old)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// start lays out a site, ages it and fetches it once.
func start(t testing.TB, files ...string) (dir string, s *postdir.Source, r *recorder) {
	t.Helper()
	dir = t.TempDir()
	write(t, dir, append([]string{"_config.yml", "url: https://a.example\n"}, files...)...)
	age(t, dir)
	s, r = open(t, dir), newRecorder(t)
	r.mustFetch(s)
	return dir, s, r
}

func equalKeys(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s %q, want %q", what, got, want)
	}
}

func TestUnchangedIsNotRead(t *testing.T) {
	dir, s, r := start(t, "_posts/2024-01-01-a.md", postOf("a"), "_posts/2024-01-02-b.md", postOf("b"))
	equalKeys(t, "first", r.order, "_posts/2024-01-01-a.md", "_posts/2024-01-02-b.md")
	// A file whose size and time are those of the stamp is not opened, so its new bytes are not seen.
	info, err := os.Stat(dir + "/_posts/2024-01-01-a.md")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "_posts/2024-01-01-a.md", postOf("c"))
	if err := os.Chtimes(dir+"/_posts/2024-01-01-a.md", info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	for _, src := range []*postdir.Source{s, open(t, dir)} {
		res := r.mustFetch(src)
		equalKeys(t, "again", r.order)
		if !res.Unchanged || res.Complete {
			t.Errorf("%+v", res)
		}
	}
	// With another time it is.
	write(t, dir, "_posts/2024-01-01-a.md", postOf("d"))
	r.mustFetch(s)
	equalKeys(t, "edited", r.order, "_posts/2024-01-01-a.md")
	if r.item("a.md").Item.Title != "d" {
		t.Error("old title")
	}
	// A young file is read again, but what it says is the same.
	r.mustFetch(s)
	equalKeys(t, "young", r.order)
	// Two writes within the grain of the clock leave one time: the second is seen.
	write(t, dir, "_posts/2024-01-01-a.md", postOf("e"))
	r.mustFetch(s)
	if info, err = os.Stat(dir + "/_posts/2024-01-01-a.md"); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "_posts/2024-01-01-a.md", postOf("f"))
	if err := os.Chtimes(dir+"/_posts/2024-01-01-a.md", info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	r.mustFetch(s)
	equalKeys(t, "second write", r.order, "_posts/2024-01-01-a.md")
	// A touched file says the same.
	age(t, dir)
	r.mustFetch(s)
	equalKeys(t, "touched", r.order)
}

func TestRenames(t *testing.T) {
	dir, s, r := start(t, "_posts/2024-01-01-a.md", postOf("a"), "_posts/2024-01-02-b.md", postOf("b"),
		"_posts/2024-01-03-same1.md", postOf("same"), "_posts/2024-01-03-same2.md", postOf("same"))
	move := func(from, to string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(dir+"/"+to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(dir+"/"+from, dir+"/"+to); err != nil {
			t.Fatal(err)
		}
	}
	move("_posts/2024-01-01-a.md", "_posts/sub/2024-01-01-a2.md")
	r.mustFetch(s)
	equalKeys(t, "renamed", r.order, "_posts/sub/2024-01-01-a2.md")
	equalKeys(t, "withdrawn", r.withdrawn)
	if got := r.item("a2.md").Formerly; got != "_posts/2024-01-01-a.md" {
		t.Errorf("formerly %q", got)
	}
	// Ambiguous: two files of the same bytes are gone, one is new.
	move("_posts/2024-01-03-same1.md", "_posts/2024-01-04-same3.md")
	if err := os.Remove(dir + "/_posts/2024-01-03-same2.md"); err != nil {
		t.Fatal(err)
	}
	r.mustFetch(s)
	if got := r.item("same3.md").Formerly; got != "" {
		t.Errorf("formerly %q", got)
	}
	equalKeys(t, "withdrawn", r.withdrawn, "_posts/2024-01-03-same1.md", "_posts/2024-01-03-same2.md")
	// A move with an edit is none.
	move("_posts/2024-01-02-b.md", "_posts/2024-01-02-c.md")
	write(t, dir, "_posts/2024-01-02-c.md", postOf("c"))
	r.mustFetch(s)
	equalKeys(t, "withdrawn", r.withdrawn, "_posts/2024-01-02-b.md")
	// By events: both paths in one fetch.
	move("_posts/2024-01-02-c.md", "_posts/2024-01-02-d.md")
	s.Changed(&postdir.Changes{Paths: []string{"_posts/2024-01-02-c.md", "_posts/2024-01-02-d.md"}})
	r.mustFetch(s)
	if got := r.item("02-d.md").Formerly; got != "_posts/2024-01-02-c.md" {
		t.Errorf("formerly %q", got)
	}
	equalKeys(t, "withdrawn", r.withdrawn)
	r.mustFetch(s)
	equalKeys(t, "afterwards", r.order)
	equalKeys(t, "afterwards", r.withdrawn)
}

func TestWithdraw(t *testing.T) {
	dir, s, r := start(t, "_posts/2024-01-01-a.md", postOf("a"), "_posts/2024-01-02-b.md", postOf("b"), "_posts/2024-01-03-c.md", postOf("c"))
	r.held = true
	if err := os.Remove(dir + "/_posts/2024-01-01-a.md"); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "_posts/2024-01-02-b.md", "---\npublished: false\n---\n")
	r.mustFetch(s)
	r.mustFetch(s)
	if len(r.items) != 3 {
		t.Fatal("withdrawn although held")
	}
	// The guard lets go: it is stated again, also by a new process.
	r.held = false
	r.mustFetch(open(t, dir))
	equalKeys(t, "withdrawn", r.withdrawn, "_posts/2024-01-01-a.md", "_posts/2024-01-02-b.md")
	r.mustFetch(s)
	equalKeys(t, "withdrawn again", r.withdrawn)
	// And a post that is published again comes back.
	write(t, dir, "_posts/2024-01-02-b.md", postOf("b"))
	r.mustFetch(s)
	equalKeys(t, "back", r.order, "_posts/2024-01-02-b.md")
}

func TestHeldIsStatedNext(t *testing.T) {
	dir, s, r := start(t, "_posts/2024-01-01-a.md", postOf("a"))
	r.held = true
	if err := os.Remove(dir + "/_posts/2024-01-01-a.md"); err != nil {
		t.Fatal(err)
	}
	s.Changed(&postdir.Changes{Paths: []string{"_posts/2024-01-01-a.md"}})
	r.mustFetch(s)
	r.held = false
	r.mustFetch(s)
	equalKeys(t, "withdrawn", r.withdrawn, "_posts/2024-01-01-a.md")
}

func TestRootProblems(t *testing.T) {
	dir, s, r := start(t, "_posts/2024-01-01-a.md", postOf("a"))
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := r.fetch(s); !errors.Is(err, sources.ErrConfig) || !strings.Contains(err.Error(), dir) {
			t.Errorf("missing root: %v", err)
		}
	}
	if err := os.WriteFile(dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := r.fetch(s); !errors.Is(err, sources.ErrConfig) {
		t.Errorf("a file as root: %v", err)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir+"-away", dir); err != nil {
		t.Fatal(err)
	}
	r.mustFetch(s)
	if len(r.items) != 1 || len(r.withdrawn) != 0 {
		t.Errorf("items %d, withdrawn %q", len(r.items), r.withdrawn)
	}
}

func TestConfigReshapes(t *testing.T) {
	dir, s, r := start(t, "_posts/2024-01-01-a.md", postOf("a"), "category/x.html", "---\ntitle: X\ncategory: x\n---\n")
	raw := r.item("a.md").Raw
	write(t, dir, "_config.yml", "url: https://b.example\ntitle: t\n")
	r.mustFetch(s)
	equalKeys(t, "reshaped", r.order, "_posts/2024-01-01-a.md")
	c := r.item("a.md")
	if c.Raw != raw || !strings.HasPrefix(c.Item.URL, "https://b.example/") {
		t.Errorf("raw %x, was %x; %s", c.Raw, raw, c.Item.URL)
	}
	// What does not shape posts reads none.
	write(t, dir, "_config.yml", "# moved\n\nurl: https://b.example\ntitle: u\n", "category/x.html", "---\ntitle: Y\ncategory: x\n---\n")
	r.mustFetch(s)
	equalKeys(t, "retitled", r.order)
	about := r.abouts[len(r.abouts)-1]
	if about.Title != "u" || about.Titles[feeds.NewTopic("category", "x")] != "Y" {
		t.Errorf("about %+v", about)
	}
	// A broken configuration keeps the old one, and says so until it is mended.
	write(t, dir, "_config.yml", "url: [\n")
	r.mustFetch(s)
	if rep, ok := r.reports[configName]; !ok || !strings.Contains(rep.Reason, "_config.yml:") {
		t.Errorf("reports %v", r.reports)
	}
	equalKeys(t, "broken", r.order)
	if _, err := newRecorder(t).fetch(open(t, dir)); !errors.Is(err, sources.ErrConfig) || !strings.Contains(err.Error(), "_config.yml:") {
		t.Errorf("broken at start: %v", err)
	}
	write(t, dir, "_config.yml", "url: https://b.example\n")
	r.mustFetch(s)
	if len(r.reports) != 0 {
		t.Errorf("reports %v", r.reports)
	}
}

func TestRejected(t *testing.T) {
	dir, s, r := start(t,
		"_posts/2024-01-01-half.md", "---\ntitle: x\n", "_posts/2024-01-02-empty.md", "\n", "_posts/noname.md", postOf("x"),
		"_posts/2024-99-99-x.md", "---\ndate: y\n---\n", "_posts/2024-01-03-ok.md", postOf("ok"),
		"_posts/.hidden.md", "x", "_posts/2024-01-04-x.md~", "x", "_posts/2024-01-05-x.txt", "x\xff", "_posts/x.txt", "x", "_posts/2024-01-06-x.jpg", "x",
		"_posts/2024-01-07-big.md", strings.Repeat("x", postdir.MaxPost+1), "_posts/2024-01-08-dup1.md", "---\nguid: g\n---\nx", "_posts/2024-01-09-dup2.md", "---\nguid: g\n---\ny")
	want := []string{
		"_posts/2024-01-01-half.md:1: rejected: the front matter has no end: close it with a line ---",
		"_posts/2024-01-02-empty.md: rejected: the file is empty",
		"_posts/2024-01-07-big.md: rejected: larger than 5120 KiB",
		"_posts/2024-01-09-dup2.md: repaired: its guid \"g\" is that of _posts/2024-01-08-dup1.md: give it one of its own",
		"_posts/2024-99-99-x.md:2: rejected: date is not understood: \"y\", and the file name says 2024-99-99",
		"_posts/noname.md: rejected: no date in the file name: name it like 2022-01-31-title.md",
	}
	check := func(when string) {
		t.Helper()
		var got []string
		for _, k := range slices.Sorted(maps.Keys(r.reports)) {
			got = append(got, r.reports[k].String())
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", when, d)
		}
	}
	check("first")
	equalKeys(t, "items", slices.Sorted(maps.Keys(r.items)), "_posts/2024-01-03-ok.md", "_posts/2024-01-09-dup2.md", "g")
	// A new process restates them without reading the files.
	clear(r.reports)
	res := r.mustFetch(open(t, dir))
	check("restated")
	if !res.Unchanged {
		t.Errorf("%+v", res)
	}
	// The published version stays when an edit breaks the post; mending and removing take the report back.
	write(t, dir, "_posts/2024-01-03-ok.md", "---\ntitle: x\n")
	r.mustFetch(s)
	if c, ok := r.items["_posts/2024-01-03-ok.md"]; !ok || c.Item.Title != "ok" {
		t.Error("the published version is gone")
	}
	if err := os.Remove(dir + "/_posts/noname.md"); err != nil {
		t.Fatal(err)
	}
	r.mustFetch(s)
	if _, ok := r.reports["_posts/noname.md"]; ok {
		t.Error("the report outlives the file")
	}
}

func TestUnreadable(t *testing.T) {
	dir, s, r := start(t, "_posts/2024-01-01-a.md", postOf("a"), "outside.md", postOf("o"))
	outside := t.TempDir()
	write(t, outside, "x.md", postOf("secret"), "2024-01-05-y.md", postOf("secret"))
	for from, to := range map[string]string{
		outside + "/x.md": "_posts/2024-01-02-escape.md", "../outside.md": "_posts/2024-01-03-inside.md",
		"nowhere": "_posts/2024-01-04-broken.md", outside: "x/_posts",
	} {
		if err := os.MkdirAll(filepath.Dir(dir+"/"+to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(from, dir+"/"+to); err != nil {
			t.Fatal(err)
		}
	}
	r.mustFetch(s)
	equalKeys(t, "items", slices.Sorted(maps.Keys(r.items)), "_posts/2024-01-01-a.md", "_posts/2024-01-03-inside.md")
	for where, want := range map[string]string{"_posts/2024-01-02-escape.md": "leads out of the site", "x/_posts": "not followed"} {
		if !strings.Contains(r.reports[where].Reason, want) {
			t.Errorf("%s: %v", where, r.reports[where])
		}
	}
	if os.Getuid() != 0 {
		if err := os.Chmod(dir+"/_posts", 0); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(dir+"/_posts", 0o755)
		r.mustFetch(s)
		if len(r.items) != 2 {
			t.Error("posts of an unreadable directory were withdrawn")
		}
	}
}

func TestGUID(t *testing.T) {
	dir, s, r := start(t, "_posts/2024-01-01-a.md", postOf("a"))
	write(t, dir, "_posts/2024-01-01-a.md", "---\ntitle: a\nguid: g1\n---\n")
	r.mustFetch(s)
	if c := r.item("g1"); c.Formerly != "_posts/2024-01-01-a.md" || len(r.withdrawn) != 0 {
		t.Errorf("%+v, withdrawn %q", c, r.withdrawn)
	}
	// Moved and edited at once: the guid holds the identity.
	if err := os.Remove(dir + "/_posts/2024-01-01-a.md"); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "_posts/2024-02-02-b.md", "---\ntitle: b\nguid: g1\n---\n")
	r.mustFetch(s)
	if c := r.item("g1"); c.Item.Title != "b" || len(r.withdrawn) != 0 || len(r.reports) != 0 {
		t.Errorf("%+v, withdrawn %q, %v", c, r.withdrawn, r.reports)
	}
	if err := os.Remove(dir + "/_posts/2024-02-02-b.md"); err != nil {
		t.Fatal(err)
	}
	r.mustFetch(s)
	equalKeys(t, "withdrawn", r.withdrawn, "g1")
}

// TestInterrupted: a first import that breaks off starts again from the beginning, so that it ends complete.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	for i := range sources.MaxBatch + 10 {
		write(t, dir, fmt.Sprintf("_posts/2024-01-01-%04d.md", i), postOf("x"))
	}
	age(t, dir)
	r := newRecorder(t)
	boom := errors.New("disk full")
	ctx, cancel := context.WithCancel(context.Background())
	r.emits = make(chan []feeds.Change, 10)
	s := open(t, dir)
	r.emitErr = boom
	if _, err := r.fetch(s); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	r.emitErr = nil
	cancel()
	if _, err := s.Fetch(ctx, r, r); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	res := r.mustFetch(s)
	if !res.Complete || len(r.order) != sources.MaxBatch+10 || !slices.IsSorted(r.order) {
		t.Errorf("%+v, %d emitted", res, len(r.order))
	}
	if n := len(<-r.emits); n != sources.MaxBatch {
		t.Errorf("first batch of %d", n)
	}
}

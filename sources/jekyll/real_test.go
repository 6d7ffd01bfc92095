package jekyll

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/internal/kramdown/kramdowntest"
)

var (
	real     = flag.String("real", "", `compare with Jekyll itself: "own" for sites made up here, or the directories of sites, with commas between`)
	realSeed = flag.Uint64("seed", 1, "of the sites made up for -real own")
	realShow = flag.Int("show", 3, "how many differences of each field -real shows")
)

// TestReal compares what the source emits for whole sites with what Jekyll and jekyll-feed make of them, up to blanks that
// nobody sees, and prints how many posts are the same, field by field:
//
//	go test ./sources/jekyll -run TestReal -v -real own
//	go test ./sources/jekyll -run TestReal -v -real /path/to/a/site
//
// It needs the Debian packages jekyll and ruby-jekyll-feed, and fails where a post is lost, or where more than 1 % of the posts
// differ in what is not in onPurpose.
func TestReal(t *testing.T) {
	if *real == "" {
		t.Skip("compares with Jekyll itself: go test -run TestReal -v -real own")
	}
	if _, err := exec.LookPath("jekyll"); err != nil {
		t.Skip("needs jekyll: apt-get install jekyll ruby-jekyll-feed")
	}
	dirs := strings.Split(*real, ",")
	if *real == "own" {
		dirs = ownSites(t, *realSeed)
	}
	all := &tally{t: t, same: map[string]int{}, shown: map[string]int{}, purpose: map[string]int{}}
	for _, dir := range dirs {
		all.site(dir)
	}
	all.print()
}

// jekyllPost is what testdata/real.rb prints.
type jekyllPost struct {
	Path, Collection, Broken                                                              string
	Draft, Write                                                                          bool
	Title, URL, ID, Published, Updated, Author, Email, URI, Summary, Image, Lang, Content string
	Categories, Tags                                                                      []string
}

func askJekyll(t *testing.T, dir string) map[string]jekyllPost {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ruby", "testdata/real.rb", dir)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	cmd.Env = append(os.Environ(), "JEKYLL_ENV=production")
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("jekyll fails on %s: %v\n%.2000s", dir, err, errs.String())
	}
	posts := map[string]jekyllPost{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var p jekyllPost
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			t.Fatalf("%v: %.200s", err, lines.Text())
		}
		posts[p.Path] = p
	}
	return posts
}

// realFields are what is compared, in the order of the table.
var realFields = []string{"url", "id", "title", "published", "updated", "categories", "tags", "author", "image", "lang", "summary", "content"}

type tally struct {
	t                             *testing.T
	posts, identical, meant, held int
	lost, more, broken, mended    int
	same, shown, purpose          map[string]int
	dir                           string
}

func (a *tally) show(what, path, format string, args ...any) {
	if a.shown[what]++; a.shown[what] <= *realShow {
		a.t.Logf("%s: %s/%s: %s", what, filepath.Base(a.dir), path, fmt.Sprintf(format, args...))
	}
}

func (a *tally) site(dir string) {
	t := a.t
	a.dir = dir
	theirs := askJekyll(t, dir)
	rec := newRecorder(t)
	rec.mustFetch(open(t, dir))
	s, _ := openSite(t, dir)
	for _, path := range slices.Sorted(maps.Keys(theirs)) {
		p := theirs[path]
		c, ok := rec.items[path]
		switch {
		case p.Broken != "":
			if a.broken++; !ok {
				a.show("neither", path, "%s; %v", p.Broken, rec.reports[path])
			}
			continue
		case p.Draft && !s.drafts, p.Collection != posts && !s.collections[p.Collection].shown:
			if ok {
				a.show("more", path, "not in Jekyll's feed")
				a.more++
			}
			continue
		case !ok && empty(filepath.Join(dir, path)):
			a.purpose["post: an empty file is none"]++
			continue
		case !ok:
			a.lost++
			a.show("lost", path, "%v", rec.reports[path])
			continue
		}
		if rep, ok := rec.reports[path]; ok {
			a.mended++
			a.show("reported", path, "%s", rep)
		}
		a.compare(path, p, c, rec.reports[path].Reason)
	}
	now := time.Now()
	for _, path := range slices.Sorted(maps.Keys(rec.items)) {
		c := rec.items[path]
		if _, ok := theirs[path]; ok {
			continue
		}
		if c.Hold && c.Item.Published.After(now) {
			a.held++
			continue
		}
		a.more++
		a.show("more", path, "Jekyll does not publish it: %v", rec.reports[path])
	}
}

func empty(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Size() == 0
}

func (a *tally) compare(path string, p jekyllPost, c feeds.Change, report string) {
	a.posts++
	it := *c.Item
	c.Item = &it
	raw, wish := it, c.Wish
	if err := sources.Normalise(&c, sources.Policy{Source: "real"}, time.Now()); err != nil {
		a.show("normalise", path, "%v", err)
	}
	file, err := os.ReadFile(filepath.Join(a.dir, path))
	if err != nil {
		a.t.Fatal(err)
	}
	published, err := time.Parse(time.RFC3339, p.Published)
	if err != nil {
		a.t.Fatalf("%s: %v", path, err)
	}
	updated, err := time.Parse(time.RFC3339, p.Updated)
	if err != nil || updated.Before(published) {
		updated = published
	}
	if raw.Updated.IsZero() {
		raw.Updated = raw.Published
	}
	var author feeds.Person
	if len(raw.Authors) > 0 {
		author = raw.Authors[0]
	}
	if p.Collection != posts {
		raw.Categories = slices.DeleteFunc(slices.Clone(raw.Categories), func(l string) bool { return l == p.Collection && !slices.Contains(p.Categories, l) })
	}
	got := map[string][2]string{
		"url": {raw.URL, p.URL}, "id": {wish, p.ID},
		"title":      {blanks(it.Title), blanks(html.UnescapeString(p.Title))},
		"published":  {raw.Published.UTC().Format(time.RFC3339), published.UTC().Format(time.RFC3339)},
		"updated":    {raw.Updated.UTC().Format(time.RFC3339), updated.UTC().Format(time.RFC3339)},
		"categories": {labelSet(raw.Categories), labelSet(p.Categories)},
		"tags":       {labelSet(raw.Tags), labelSet(p.Tags)},
		"author":     {fmt.Sprint(author.Name, "|", author.Email, "|", author.URL), p.Author + "|" + p.Email + "|" + p.URI},
		"image":      {raw.Image, p.Image},
		"lang":       {raw.Language, p.Lang},
		"content":    {kramdowntest.Seen(a.t, raw.Content), kramdowntest.Seen(a.t, strings.TrimSpace(p.Content))},
	}
	// Through the same hands: what is shown of HTML is not this package's business.
	stated := feeds.Change{Key: "x", Item: &feeds.Item{Title: "x", Content: p.Content, Summary: p.Summary}}
	if err := sources.Normalise(&stated, sources.Policy{Source: "real"}, time.Now()); err != nil {
		a.show("normalise", path, "%v", err)
	}
	ours, want := solid(it.Summary), strings.ReplaceAll(strings.ReplaceAll(solid(stated.Item.Summary), "/#excerpt", ""), "#excerpt", "")
	if head, cut := strings.CutSuffix(ours, "…"); cut && strings.HasPrefix(want, head) {
		ours = want
	}
	if whole := (feeds.Change{Key: "x", Item: &feeds.Item{Title: "x", Content: p.Content}}); ours != want && raw.Summary == "" {
		if err := sources.Normalise(&whole, sources.Policy{Source: "real"}, time.Now()); err == nil && solid(whole.Item.Summary) == ours {
			a.purpose["summary: where the first block is the post or long, it is made of the text without code, tables and comments"]++
			want = ours
		}
	}
	if ours != want && (ownLabels.Match(file) || ownOrder.Match(file)) && got["content"][0] != got["content"][1] {
		a.purpose["summary: as the content"]++
		want = ours
	}
	if ours != want && strings.TrimSpace(p.Summary) == "" {
		a.purpose["summary: an excerpt of which nothing is left gives way to the beginning of the text"]++
		want = ours
	}
	got["summary"] = [2]string{ours, want}
	late := split(file).headerLine > 2
	same, meant := true, true
	for _, f := range realFields {
		if got[f][0] == got[f][1] {
			a.same[f]++
			continue
		}
		same = false
		why := onPurpose(f, got[f][0], got[f][1])
		switch {
		case strings.Contains(report, "the front matter is not YAML"):
			why = "Jekyll drops front matter that is not YAML"
		case f == "content" && ownLabels.Match(file):
			why = "templates see the item's labels: no empty or repeated ones, no numbers"
		case f == "content" && ownOrder.Match(file):
			why = "counters are each post's own, and page has its keys in another order"
		case late:
			why = "Jekyll takes front matter behind a blank line for text"
		}
		if why != "" {
			a.purpose[f+": "+why]++
			continue
		}
		meant = false
		x, y := apart(got[f][0], got[f][1])
		a.show(f, path, "\n   ours   %s\n   theirs %s", x, y)
	}
	switch {
	case same:
		a.identical++
	case meant:
		a.meant++
	}
}

// onPurpose says why a field is not Jekyll's, where it is not meant to be; "" where it is.
func onPurpose(field, ours, theirs string) string {
	switch {
	case oneOf(field, "url", "image") && strings.Replace(strings.Replace(theirs, "//", "/", 2), ":/", "://", 1) == ours:
		return "a slash at the end of the site's url is no part of addresses"
	case field == "title" && theirs == "":
		return "an item needs a title: an empty one gives way to the first words"
	case field == "title" && strings.Contains(ours, "<") && !strings.Contains(theirs, "<"):
		return "Jekyll takes <T> for a tag and leaves it out"
	case field == "title" && strings.ContainsFunc(ours, isCJK) && straight(ours) == straight(theirs):
		return "quotes in Chinese titles stay as they are written"
	case oneOf(field, "title", "tags", "categories") && yaml11.Replace(ours) == yaml11.Replace(theirs):
		return "values that YAML takes for numbers or booleans stay as they are written"
	case field == "lang" && ours == "no":
		return "no is Norwegian, not false"
	case field == "tags" && theirs == "[]" && strings.Trim(ours, "[]\"0123456789") == "":
		return "Jekyll passes over tags: 2024"
	case field == "image" && (strings.HasPrefix(ours, "//") || strings.Contains(theirs, "%7B")):
		return "Jekyll makes an address of its own site of it"
	case field == "content" && ours == "" && strings.Contains(theirs, "&lt;&gt;"):
		return "<> is what is left of an empty autolink"
	case oneOf(field, "url", "id") && ours == "" && strings.HasPrefix(theirs, "/"):
		return "a site that states no url has no addresses"
	case field == "url" && ours == "":
		return "a document without a page has no address"
	}
	return ""
}

var (
	ownLabels = regexp.MustCompile(`page\.(tags|categories)`)
	ownOrder  = regexp.MustCompile(`(in|de)crement|page \||in page `)
)

var yaml11 = strings.NewReplacer("3.50", "3.5", `"no"`, `"false"`, "False", "false")

// straight is a text with plain quotes, dashes and dots.
func straight(s string) string {
	return strings.NewReplacer("“", `"`, "”", `"`, "‘", "'", "’", "'", "–", "--", "—", "---", "…", "...").Replace(s)
}

func (a *tally) print() {
	t := a.t
	percent := func(n int) float64 { return 100 * float64(n) / float64(max(a.posts, 1)) }
	for _, f := range realFields {
		t.Logf("%-10s %6d of %d, %6.2f %%", f, a.same[f], a.posts, percent(a.same[f]))
	}
	t.Logf("%-10s %6d of %d, %6.2f %%", "all", a.identical, a.posts, percent(a.identical))
	t.Logf("%-10s %6d of %d, %6.2f %%", "or on purpose", a.identical+a.meant, a.posts, percent(a.identical+a.meant))
	for _, why := range slices.Sorted(maps.Keys(a.purpose)) {
		t.Logf("%6d times %s", a.purpose[why], why)
	}
	t.Logf("lost %d, more than Jekyll %d, held until their date %d, posts that break Jekyll's build %d, reported %d",
		a.lost, a.more, a.held, a.broken, a.mended)
	if a.lost > 0 || percent(a.identical+a.meant) < 99 {
		t.Error("more than 1 % are other than Jekyll's without a reason, or a post is lost")
	}
}

// apart are two texts from shortly before the place where they part.
func apart(a, b string) (string, string) {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	from := max(n-60, 0)
	cut := func(s string) string { return fmt.Sprintf("%q", s[min(from, len(s)):min(n+160, len(s))]) }
	return cut(a), cut(b)
}

// blanks makes every run of blanks one.
func blanks(s string) string { return norm.NFC.String(strings.Join(strings.Fields(s), " ")) }

// solid is a text without its blanks.
func solid(s string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u200b' {
			return -1
		}
		return r
	}, s))
}

// labelSet is a set of labels; blanks around them and empty ones do not count.
func labelSet(list []string) string {
	var out []string
	for _, l := range list {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	slices.Sort(out)
	return fmt.Sprintf("%q", slices.Compact(out))
}

// ownSites makes sites up, in the forms that real ones have.
func ownSites(t *testing.T, seed uint64) []string {
	var dirs []string
	for i, kind := range realSites {
		dir := filepath.Join(t.TempDir(), fmt.Sprintf("site%02d", i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		g := newSiteMaker(t, dir, seed+uint64(i)*1000)
		kind(g)
		dirs = append(dirs, dir)
	}
	return dirs
}

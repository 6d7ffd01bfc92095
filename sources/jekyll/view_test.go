package jekyll

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/sources/internal/postdir"
)

// TestOthers reads a site whose posts show other posts, pages and files. What they show is what Jekyll 4.3.1 makes of them, to
// the last character that is seen: go test -run TestReal -v -real testdata/others
func TestOthers(t *testing.T) {
	r := newRecorder(t)
	r.mustFetch(open(t, "testdata/others"))
	var b strings.Builder
	for _, k := range r.order {
		it := r.items[k].Item
		fmt.Fprintf(&b, "== %s\n%s\n-- summary\n%s\n", k, it.Content, it.Summary)
	}
	if len(r.reports) > 0 {
		t.Errorf("reports %v", r.reports)
	}
	const golden = "testdata/others.golden"
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

// TestOthersChange: a post that shows others is made anew when one of these comes, changes or goes, whether that is found by a
// look at everything, told by an event, or seen after a restart; a post that shows none is not.
func TestOthersChange(t *testing.T) {
	const (
		lister, beside, tagged, filer, plain = "_posts/2024-02-01-lister.md", "_posts/2024-02-02-beside.md",
			"_posts/2024-02-03-tagged.md", "_posts/2024-02-04-filer.md", "_posts/2024-02-05-plain.md"
		other, page, ship = "_posts/2024-01-01-other.md", "pages/about.md", "_ships/aurora.md"
	)
	titled := func(title, more string) string {
		return "---\ntitle: " + title + "\n" + more + "---\ntext of " + title + "\n"
	}
	for _, way := range []string{"looks", "events", "restarts"} {
		t.Run(way, func(t *testing.T) {
			ahead := time.Now().Add(time.Hour).Truncate(time.Second)
			dir, s, r := start(t,
				"_config.yml", "url: https://a.example\ncollections: [ships]\n",
				"_includes/side.html", "{% for p in site.tags.sea %}[{{ p.title }}]{% endfor %}",
				lister, "---\n---\n{% for p in site.posts %}[{{ p.title }}]{% endfor %}\n",
				beside, "---\n---\n{{ page.previous.previous.excerpt }}\n",
				tagged, "---\n---\n{% include side.html %}\n",
				filer, "---\n---\n{% for p in site.pages %}[{{ p.title }}]{% endfor %}{% for p in site.static_files %}[{{ p.name }}]{% endfor %}{{ site.ships[0].title }}\n",
				plain, postOf("plain"), other, titled("Other", ""), page, titled("About", ""), ship, titled("Aurora", ""),
				"_posts/2999-01-01-ahead.md", "---\ntitle: Ahead\ndate: "+ahead.Format("2006-01-02 15:04:05 -0700")+"\n---\nx\n")
			change := func(what string, files []string, want ...string) {
				t.Helper()
				age(t, dir)
				switch way {
				case "events":
					s.Changed(&postdir.Changes{Paths: files})
				case "looks":
					s.Changed(nil)
				default:
					s = open(t, dir)
				}
				r.mustFetch(s)
				equalKeys(t, what, r.order, want...)
			}
			shows := func(key, want string) {
				t.Helper()
				if got := r.items[key].Item.Content; !strings.Contains(got, want) {
					t.Errorf("%s shows %q, want %q", key, got, want)
				}
			}
			shows(lister, "<p>[plain][Filer][Tagged][Beside][Lister][Other]</p>")
			shows(beside, "<p>text of Other</p>")
			shows(tagged, "")
			shows(filer, "[About]Aurora")
			change("nothing", nil)
			write(t, dir, other, titled("Another", "tags: sea\n"))
			change("a post changed", []string{other}, other, lister, beside, tagged)
			shows(lister, "[Another]")
			shows(beside, "text of Another")
			shows(tagged, "[Another]")
			write(t, dir, page, titled("About us", ""))
			change("a page changed", []string{page}, filer)
			shows(filer, "[About us]")
			write(t, dir, "files/plan.pdf", "%PDF", ship, titled("Borealis", ""))
			change("a file came and a document changed", []string{"files/plan.pdf", ship}, filer)
			shows(filer, "[plan.pdf]Borealis")
			write(t, dir, "_posts/2024-01-31-new.md", titled("New", ""))
			change("a post came", []string{"_posts/2024-01-31-new.md"}, "_posts/2024-01-31-new.md", lister, beside, tagged)
			shows(beside, "text of New")
			if err := os.Remove(filepath.Join(dir, "_posts/2024-01-31-new.md")); err != nil {
				t.Fatal(err)
			}
			change("a post went", []string{"_posts/2024-01-31-new.md"}, lister, beside, tagged)
			shows(beside, "text of Another")
			if s.Pending(ahead.Add(-time.Second)) || !s.Pending(ahead) {
				t.Error("the lists are not made anew when the next post comes")
			}
			// It shows others no more.
			write(t, dir, lister, postOf("on its own"))
			change("a post shows others no more", []string{lister}, lister, beside, tagged)
			write(t, dir, other, titled("Last", ""))
			s.Changed(nil)
			change("and is its own", []string{other}, other, beside, tagged)
		})
	}
}

// TestOthersBounds: posts that show each other come to an end, and say what they left out.
func TestOthersBounds(t *testing.T) {
	files := []string{
		"_posts/2024-03-01-echo.md", "---\n---\n{% for p in site.posts %}{{ p.excerpt }}{% endfor %}{{ page.excerpt }}\n",
		"_posts/2024-02-28-self.md", "---\n---\n{{ page.content }}{{ page.excerpt }}{{ page }}\n",
	}
	for i := range 28 {
		files = append(files, fmt.Sprintf("_posts/2024-01-%02d-p.md", i+2), "---\n---\n({{ page.previous.content }})\n\nx\n")
	}
	_, _, r := start(t, files...)
	deepest := r.items["_posts/2024-01-29-p.md"]
	if n := strings.Count(deepest.Item.Content, "("); n != maxShown+2 {
		t.Errorf("%d deep: %q", n, deepest.Item.Content)
	}
	if rep := r.reports["_posts/2024-01-29-p.md"]; !strings.Contains(rep.Reason, "8 deep") || strings.Count(rep.Reason, "deep") > 3 {
		t.Errorf("reported %v", rep)
	}
	if rep, ok := r.reports["_posts/2024-01-05-p.md"]; ok {
		t.Errorf("reported %v", rep)
	}
	if got := r.items["_posts/2024-02-28-self.md"].Item.Content; strings.Count(got, "page.content") != 4 {
		t.Errorf("itself: %q", got)
	}
}

// TestTooManyTexts: a post that shows more texts than one may read shows the others, and says so.
func TestTooManyTexts(t *testing.T) {
	files := []string{"_posts/2025-01-01-all.md", "---\n---\n{% for p in site.posts %}{{ p.title }}: {{ p.content | size }}; {% endfor %}\n"}
	for i := range 1100 {
		files = append(files, fmt.Sprintf("_posts/2024-01-01-p%04d.md", i), "x")
	}
	_, _, r := start(t, files...)
	got := r.items["_posts/2025-01-01-all.md"].Item.Content
	if !strings.Contains(got, "P1099: ") || !strings.Contains(got, "P0000: ") || strings.Count(got, ": 0;") != 101 {
		t.Errorf("%d texts left out of %.300q", strings.Count(got, ": 0;"), got)
	}
	if rep := r.reports["_posts/2025-01-01-all.md"].Reason; strings.Count(rep, "at most 1000") != 3 {
		t.Errorf("reported %q", rep)
	}
}

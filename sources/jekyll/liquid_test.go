package jekyll

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"feedmill/sources/internal/postdir"
)

// liquidSite is a site whose posts look at other files.
func liquidSite(t testing.TB) string {
	dir := t.TempDir()
	write(t, dir,
		"_config.yml", "url: https://harbour.example.org\nbaseurl: /notes\ntimezone: Asia/Shanghai\nauthor: {name: Lin}\nnumbers: [1, 2, 3]\n",
		"_includes/box.html", "<b class=\"x\">{{ include.text | upcase }}{{ include.n }}</b>",
		"_includes/deep/loop.html", "{% include deep/loop.html %}",
		"_data/ships.yml", "- {name: Aurora, tons: 1200}\n- {name: 晨星, tons: 300}\n",
		"_data/fees.csv", "kind,fee\nberth,12\nwater,3\n",
		"_posts/part.txt", "beside {{ page.title }}",
		"_posts/2024-01-02-first.md", "---\ntitle: First\ncategories: news\n---\nfirst\n",
		"pages/about.md", "---\ntitle: About\n---\nabout\n",
		"files/plan.pdf", "%PDF",
	)
	return dir
}

func openSite(t testing.TB, dir string) (*site, *postdir.Disk) {
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
	return s.(*site), tree
}

func TestLiquid(t *testing.T) {
	s, tree := openSite(t, liquidSite(t))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct{ name, front, body, want, report string }{
		{"raw", "", "{% raw %}{{ a }} {% b %}{% endraw %} c", "<p>{{ a }} {% b %} c</p>", ""},
		{"comment", "", "a{% comment %}\n\nx\n{% endcomment %}b", "<p>ab</p>", ""},
		{"page", "flag: true", "{{ page.title }} {{ page.date | date: '%Y-%m-%d %H:%M' }} {{ page.categories[0] }} {% if page.flag %}on{% endif %}", "<p>T 2024-03-04 05:06 c on</p>", ""},
		{"page's address", "", "{{ page.url }} {{ page.id }}", "<p>/c/2024/03/04/p.html /c/2024/03/04/p</p>", ""},
		{"site", "", "{{ site.url }}{{ site.baseurl }} {{ site.author.name }} {{ site.numbers | join: '+' }}", "<p>https://harbour.example.org/notes Lin 1+2+3</p>", ""},
		{"addresses", "", "{{ '/a.png' | relative_url }} {{ 'b.png' | absolute_url }}", "<p>/notes/a.png https://harbour.example.org/notes/b.png</p>", ""},
		{"data", "", "{% for s in site.data.ships %}{{ s.name }}:{{ s.tons }} {% endfor %}{{ site.data.fees[1].fee }}", "<p>Aurora:1200 晨星:300 3</p>", ""},
		{"include", "", "{% include box.html text=page.title n=3 %}", "<p><b class=\"x\">T3</b></p>", ""},
		{"include beside the post", "", "{% include_relative part.txt %}", "<p>beside T</p>", ""},
		{"link", "", "[a]({% link _posts/2024-01-02-first.md %}) [b]({% link pages/about.md %}) [c]({% link files/plan.pdf %})", `<p><a href="/notes/news/2024/01/02/first.html">a</a> <a href="/notes/pages/about.html">b</a> <a href="/notes/files/plan.pdf">c</a></p>`, ""},
		{"highlight", "", "{% highlight go %}\na < b\n{% endhighlight %}", `<figure class="highlight"><pre><code class="language-go" data-lang="go">a &lt; b</code></pre></figure>`, ""},
		{"in code", "", "`{{ page.title }}`", `<p><code class="language-plaintext highlighter-rouge">T</code></p>`, ""},
		{"switched off", "render_with_liquid: false", "{{ page.title }}", "<p>{{ page.title }}</p>", ""},
		{"output without end", "", "a {{ b", "<p>a {{ b</p>", "6: left as it is"},

		{"unknown tag", "", "a\n\nb {% gist 123 %} c", "<p>a</p>\n<p>b  c</p>", "8: gist"},
		{"unknown filter", "", "{{ page.title | shout }}", "<p>T</p>", "6: shout"},
		{"include that is not there", "", "a {% include none.html %}", "<p>a</p>", "6: none.html"},
		{"include that includes itself", "", "a {% include deep/loop.html %}", "<p>a</p>", "loop.html"},
		{"out of the site", "", "{% include_relative ../../../etc/passwd %}a", "<p>a</p>", "passwd"},
		{"post that is not there", "", "[a]({% post_url 2020-01-01-none %})", "<p><a href=\"\">a</a></p>", "6: 2020-01-01-none"},
		{"without posts", "", "{% for p in site.posts %}x{% endfor %}{{ page.next }}a", "<p>a</p>", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := "---\ntitle: T\ndate: 2024-03-04 05:06:00 +0800\ncategories: c\n" + c.front
			if c.front != "" {
				file += "\n"
			}
			file += "---\n" + c.body + "\n"
			p := s.Decode(postdir.NewFile(tree, "_posts/2024-03-04-p.md", []byte(file), now, now))
			if p.Change.Item == nil {
				t.Fatal(p.Report())
			}
			if got := p.Change.Item.Content; strings.TrimSpace(got) != strings.TrimSpace(c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			f, said := p.Report()
			line, part, numbered := strings.Cut(c.report, ": ")
			if !numbered {
				line, part = "", c.report
			}
			if said != (c.report != "") || !strings.Contains(f.Reason, part) {
				t.Errorf("report %+v, want %q", f, c.report)
			}
			if numbered && line != "6" && f.Line == 0 {
				t.Errorf("the report has no line: %+v", f)
			}
		})
	}
}

// TestSharedFiles: what a post includes, and the data it shows, are looked at anew when they change; other posts are not.
func TestSharedFiles(t *testing.T) {
	dir := liquidSite(t)
	write(t, dir,
		"_posts/2024-03-04-a.md", "---\ntitle: A\n---\n{% include box.html text='x' %} {{ site.data.ships[0].name }}\n",
		"_posts/2024-03-05-b.md", "---\ntitle: B\n---\nplain\n")
	old := time.Now().Add(-time.Hour)
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, old, old)
	})
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(t)
	look := func() map[string]string {
		r.mustFetch(open(t, dir))
		got := map[string]string{}
		for _, key := range r.order {
			got[key] = r.items[key].Item.Content
		}
		return got
	}
	if got := look(); !strings.Contains(got["_posts/2024-03-04-a.md"], "X</b> Aurora") {
		t.Fatalf("first: %q", got)
	}
	if got := look(); len(got) != 0 {
		t.Errorf("nothing changed: %q", got)
	}
	write(t, dir, "_includes/box.html", "<i>{{ include.text }}</i>")
	if got := look(); len(got) != 1 || !strings.Contains(got["_posts/2024-03-04-a.md"], "<i>x</i>") {
		t.Errorf("another include: %q", got)
	}
	write(t, dir, "_data/ships.yml", "- {name: Borealis}\n")
	if got := look(); len(got) != 1 || !strings.Contains(got["_posts/2024-03-04-a.md"], "Borealis") {
		t.Errorf("other data: %q", got)
	}
	write(t, dir, "_posts/2024-03-05-b.md", "---\ntitle: B\n---\n{{ site.motto }}\n")
	look()
	write(t, dir, "_config.yml", "url: https://harbour.example.org\nbaseurl: /notes\ntimezone: Asia/Shanghai\nauthor: {name: Lin}\nmotto: slow\n")
	if got := look(); !strings.Contains(got["_posts/2024-03-05-b.md"], "slow") {
		t.Errorf("another configuration: %q", got)
	}
}

// TestLinkedFiles: a post is read anew when what it links to comes, moves or goes, whether that is found by a look at
// everything or told by an event; posts that link elsewhere are not.
func TestLinkedFiles(t *testing.T) {
	const (
		linker, byName, other = "_posts/2024-03-04-a.md", "_posts/2024-03-05-b.md", "_posts/2024-03-06-c.md"
		page, target, late    = "pages/about.md", "_posts/2024-01-02-first.md", "_posts/2024-02-03-late.md"
	)
	for _, way := range []string{"looks", "events"} {
		t.Run(way, func(t *testing.T) {
			dir := liquidSite(t)
			write(t, dir,
				linker, "---\ntitle: A\n---\n[x]({% link pages/about.md %}) [p]({% link files/plan.pdf %}) {% include_relative part.txt %}\n",
				byName, "---\ntitle: B\n---\n[x]({% post_url 2024-01-02-first %}) [z]({% post_url 2024-01-03-deep %}) [y]({% post_url 2024-02-03-late %})\n",
				other, "---\ntitle: C\n---\n{{ site.motto }} plain\n")
			write(t, dir, "en/_posts/2024-01-03-deep.md", postOf("deep"))
			age(t, dir)
			s, r := open(t, dir), newRecorder(t)
			r.mustFetch(s)
			change := func(what string, files []string, want ...string) {
				t.Helper()
				age(t, dir)
				if way == "events" {
					s.Changed(&postdir.Changes{Paths: files})
				} else {
					s.Changed(nil)
				}
				r.mustFetch(s)
				equalKeys(t, what, r.order, want...)
			}
			if got := r.items[byName].Item.Content; !strings.Contains(got, "news/2024/01/02/first.html") || !strings.Contains(got, "/en/2024/01/03/deep.html") || !strings.Contains(r.reports[byName].Reason, "when there is, the post is read anew") {
				t.Fatalf("%s\n%v", got, r.reports)
			}
			// The modification time is a second, as that of a file that was edited some time ago.
			edit := func(name, text string) {
				t.Helper()
				write(t, dir, name, text)
			}
			change("nothing", nil)
			edit(page, "---\ntitle: About\npermalink: /us/\n---\nlonger\n")
			change("a page moved", []string{page}, linker)
			if got := r.items[linker].Item.Content; !strings.Contains(got, `href="/notes/us/"`) {
				t.Error(got)
			}
			edit("_posts/part.txt", "beside, and longer")
			change("an include", []string{"_posts/part.txt"}, linker)
			edit(late, postOf("late"))
			change("a post came", []string{late}, late, byName)
			if got := r.items[byName].Item.Content; !strings.Contains(got, "late.html") {
				t.Error(got)
			}
			for _, name := range []string{target, "files/plan.pdf"} {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			change("a post and a file went", []string{target, "files/plan.pdf"}, linker, byName)
			if len(r.withdrawn) != 1 || !strings.Contains(r.reports[byName].Reason, "2024-01-02-first") || !strings.Contains(r.reports[linker].Reason, "plan.pdf") {
				t.Errorf("withdrawn %q, %v", r.withdrawn, r.reports)
			}
			edit("_data/ships.yml", "- {name: Borealis}\n")
			change("data that nobody shows", []string{"_data/ships.yml"}, other)
		})
	}
}

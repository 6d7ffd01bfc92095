package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"feedmill/feeds/lint"
)

// builtSite is a site with what is hard about addresses and more posts than a document holds, and its tree; the state is a file.
func builtSite(t *testing.T, args ...string) (tree, state, site string) {
	t.Helper()
	dir := t.TempDir()
	site = filepath.Join(dir, "site")
	write(t, filepath.Join(site, "_config.yml"), "title: 港湾\nurl: https://news.example.com\nfeed:\n  tags: true\n")
	labels := []string{"芯片", "c#", "C++", "a b", "100%", "I/O", "go/redis", "what?", "index", "x.rss", "..", "index.html", "back~", "é&ü", `"quoted"`, "<b>", "a'b", "semi;colon", "404"}
	for i := range 340 {
		// Months with more posts than an archive document, and months with a few.
		at := time.Date(2024, 3, 1, 12, 0, i%4, 0, time.UTC).AddDate(0, -i/250, 0).Add(time.Duration(i) * time.Minute)
		write(t, filepath.Join(site, "_posts", fmt.Sprintf("%s-p%d.md", at.Format(time.DateOnly), i)),
			fmt.Sprintf("---\ntitle: \"P%d\"\ndate: %s\ncategories: [town]\ntags: ['%s', everywhere]\nauthor: 张三\n---\nText %d [link](https://other.example/%d)\n",
				i, at.Format("2006-01-02 15:04:05 -0700"), strings.ReplaceAll(labels[i%len(labels)], "'", "''"), i, i))
	}
	tree, state = filepath.Join(dir, "tree"), filepath.Join(dir, "state.db")
	buildTree(t, append([]string{"--out", tree, "--state", state, site}, args...)...)
	return tree, state, site
}

// buildTree runs the program.
func buildTree(t *testing.T, args ...string) string {
	t.Helper()
	cmd := root()
	var out strings.Builder
	cmd.SetOut(&out)
	cmd.SetArgs(append([]string{"build"}, args...))
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("build %q: %v\n%s", args, err, out.String())
	}
	return out.String()
}

// eachFile calls fn for each file of a tree.
func eachFile(t *testing.T, tree string, fn func(p string, body []byte)) {
	t.Helper()
	err := filepath.WalkDir(tree, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := os.ReadFile(name)
		rel, relErr := filepath.Rel(tree, name)
		if err != nil || relErr != nil {
			return fmt.Errorf("%v, %v", err, relErr)
		}
		fn(filepath.ToSlash(rel), body)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestBuildLint holds every document of a tree against the standards.
func TestBuildLint(t *testing.T) {
	tree, _, _ := builtSite(t)
	n := 0
	eachFile(t, tree, func(p string, body []byte) {
		switch path.Ext(p) {
		case ".rss", ".atom", ".json", ".xml":
		default:
			return
		}
		n++
		for _, f := range lint.Check(lint.Input{Doc: body, Now: time.Now()}).Findings {
			if f.Severity != lint.Info {
				t.Errorf("%s:%d: %s: %s", p, f.Line, f.Rule.ID, f.Message)
			}
		}
	})
	if n < 100 {
		t.Errorf("only %d documents", n)
	}
}

// TestBuildCrawl follows every link of a tree that a plain server of files serves, from the start page and from every document:
// none is dead, and every item is found.
func TestBuildCrawl(t *testing.T) {
	tree, _, _ := builtSite(t)
	files := http.FileServer(http.Dir(tree))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if info, err := os.Stat(filepath.Join(tree, filepath.FromSlash(r.URL.Path))); err == nil && info.IsDir() && !strings.HasSuffix(r.URL.Path, "/") {
			http.Redirect(w, r, (&url.URL{Path: r.URL.Path + "/"}).EscapedPath(), http.StatusMovedPermanently) // net/http does not escape it
			return
		}
		files.ServeHTTP(w, r)
	}))
	defer srv.Close()
	const base = "https://news.example.com"
	seen := map[string]string{"/": "the start"}
	queue := []string{"/"}
	follow := func(link, from string) {
		u, err := url.Parse(link)
		if err != nil {
			t.Errorf("%s: %q: %v", from, link, err)
			return
		}
		page, err := url.Parse(base + from)
		if err != nil {
			t.Fatal(err)
		}
		to := page.ResolveReference(u)
		if to.Scheme+"://"+to.Host != base || strings.HasPrefix(to.Path, "/town/") { // the posts' own pages
			return
		}
		to.Fragment = ""
		at := strings.TrimPrefix(to.String(), base)
		if _, ok := seen[at]; !ok {
			seen[at] = from
			queue = append(queue, at)
		}
	}
	guids := map[string]bool{}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		res, err := http.Get(srv.URL + at)
		if err != nil {
			t.Fatal(err)
		}
		body := readAll(t, res)
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s, linked from %s: %d", at, seen[at], res.StatusCode)
			continue
		}
		file, _, _ := strings.Cut(at, "?")
		switch path.Ext(file) {
		case ".rss", ".atom", ".xml":
			for _, link := range xmlLinks(t, at, body) {
				follow(link, at)
			}
			for _, m := range regexp.MustCompile(`<guid[^>]*>([^<]*)</guid>`).FindAllStringSubmatch(body, -1) {
				guids[m[1]] = true
			}
		case ".json":
			for _, m := range regexp.MustCompile(`"(?:next_url|feed_url|home_page_url|favicon|icon)":"([^"]*)"`).FindAllStringSubmatch(body, -1) {
				follow(m[1], at)
			}
		case ".css", ".svg", ".js", ".txt":
		default:
			for _, link := range htmlLinks(t, at, body) {
				follow(link, at)
			}
		}
	}
	if len(guids) != 340 {
		t.Errorf("%d items were found by links, want 340", len(guids))
	}
	eachFile(t, tree, func(p string, _ []byte) { // nothing is there that nobody finds
		at := "/" + strings.TrimSuffix(p, "/index.html")
		name := (&url.URL{Path: at}).EscapedPath()
		for s := range seen {
			if u, err := url.Parse(s); err == nil && (strings.TrimSuffix(u.Path, "/") == at || u.Path == "/" && p == "index.html") {
				return
			}
		}
		switch {
		case strings.HasPrefix(p, "feed/by_tag/"), p == "feed.xml", p == "404.html", p == "robots.txt", p == ".htaccess", p == "_headers", p == "_redirects",
			p == ".nojekyll", p == "feedmill.manifest":
		default:
			t.Errorf("%s (%s) is linked from nowhere", p, name)
		}
	})
}

// xmlLinks are the addresses in feeds and outlines; not those of items.
func xmlLinks(t *testing.T, at, body string) (out []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(body))
	depth, item := 0, 0
	text := ""
	for {
		token, err := d.Token()
		if err != nil {
			return out
		}
		switch x := token.(type) {
		case xml.StartElement:
			if depth++; x.Name.Local == "item" || x.Name.Local == "entry" {
				item = depth
			}
			for _, a := range x.Attr {
				if item == 0 && (a.Name.Local == "href" || a.Name.Local == "xmlUrl" || a.Name.Local == "htmlUrl") {
					out = append(out, a.Value)
				}
			}
			text = ""
		case xml.CharData:
			text += string(x)
		case xml.EndElement:
			if item == 0 && x.Name.Local == "link" && strings.HasPrefix(text, "http") {
				out = append(out, text)
			}
			if depth == item {
				item = 0
			}
			depth--
		}
	}
}

// htmlLinks are the addresses in a page.
func htmlLinks(t *testing.T, at, body string) (out []string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := z.Token()
			for _, a := range tag.Attr {
				if a.Key == "href" || a.Key == "src" {
					out = append(out, a.Val)
				}
				if a.Key == "action" || a.Key == "data-live" {
					t.Errorf("%s: %s needs a server", at, tag)
				}
			}
		}
	}
}

func readAll(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestBuildAsServed holds that the subscriptions of a tree are, byte by byte, what a server answers on the same store, but for what
// takes a server: the hub, and where a poller of JSON Feed goes on.
func TestBuildAsServed(t *testing.T) {
	tree, state, site := builtSite(t)
	defer func(v string) { version = v }(version)
	version = "test"
	buildTree(t, "--out", tree, "--state", state, site)
	s := start(t, settings{store: "bolt:" + state, sources: []string{site}})
	served := strings.NewReplacer("https://feeds.example.com", "https://news.example.com")
	hub := regexp.MustCompile(`\s*<(?:atom:)?link href="[^"]*" rel="hub"></(?:atom:)?link>|"hubs":\[[^]]*\],`)
	n, rests := 0, regexp.MustCompile(`"next_url":"[^"]*",|,?"_feedmill":\{"after":"[^"]*"\}|"after":"[^"]*",?`)
	eachFile(t, tree, func(p string, body []byte) {
		ext := path.Ext(p)
		if ext != ".rss" && ext != ".atom" && ext != ".json" || strings.HasPrefix(p, "archive/") {
			return
		}
		kind, name, _ := strings.Cut(strings.TrimSuffix(p, ext), "/")
		address := "/" + kind + ext
		if name != "" {
			address = "/" + kind + "/" + url.PathEscape(name) + ext
		}
		res := s.get(address)
		want, got := hub.ReplaceAllString(served.Replace(res.body), ""), string(body)
		if ext == ".json" {
			want, got = rests.ReplaceAllString(want, ""), rests.ReplaceAllString(got, "")
		}
		n++
		if res.status != 200 || want != got {
			t.Errorf("%s (%d) is not what is served at %s", p, res.status, address)
			for i := range min(len(want), len(got)) {
				if want[i] != got[i] {
					t.Logf("served …%.200s\nbuilt  …%.200s", want[max(0, i-50):], got[max(0, i-50):])
					break
				}
			}
		}
	})
	if n < 60 {
		t.Errorf("only %d feeds", n)
	}
}

// TestBuildTouches counts the files that one changed post moves: those of its labels, and of everything that it is in.
func TestBuildTouches(t *testing.T) {
	tree, state, site := builtSite(t)
	times := map[string]time.Time{}
	old := time.Unix(1_700_000_000, 0)
	eachFile(t, tree, func(p string, _ []byte) {
		if err := os.Chtimes(filepath.Join(tree, p), old, old); err != nil {
			t.Fatal(err)
		}
		times[p] = old
	})
	at := time.Date(2024, 2, 1, 12, 0, 3, 0, time.UTC)
	name := fmt.Sprintf("%s-p339.md", at.Add(339*time.Minute).Format(time.DateOnly))
	write(t, filepath.Join(site, "_posts", name), "---\ntitle: Changed\ndate: "+at.Add(339*time.Minute).Format("2006-01-02 15:04:05 -0700")+"\ncategories: [town]\ntags: [\"a'b\", everywhere]\nauthor: 张三\n---\nOther\n")
	said := buildTree(t, "--out", tree, "--state", state, site)
	touched := map[string]bool{}
	eachFile(t, tree, func(p string, _ []byte) {
		info, err := os.Stat(filepath.Join(tree, p))
		if err != nil {
			t.Fatal(err)
		}
		if !info.ModTime().Equal(old) {
			touched[p] = true
		}
	})
	for p := range touched {
		switch dir := path.Dir(p); {
		case strings.HasPrefix(p, "tag/") && !strings.HasPrefix(p, "tag/a'b") && !strings.HasPrefix(p, "tag/everywhere"),
			strings.HasPrefix(p, "archive/2024-03") && dir != "archive":
			t.Errorf("%s was touched", p)
		}
	}
	for _, p := range []string{"tag/a'b.atom", "tag/a'b/index.html", "archive/2024-02/feed.rss", "archive/2024-02/tag/everywhere.json"} {
		if !touched[p] {
			t.Errorf("%s was not touched\n%s", p, said)
		}
	}
}

package git

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/git/gittest"
	"feedmill/sources/internal/postdir"
	"feedmill/sources/internal/repo"
	"feedmill/sources/sourcetest"
)

// lines is a generator of the tests: each line of a *.md below posts is the title of a post, and a file "site.yml" its
// configuration.
var lines = postdir.Generator{
	Name: "lines", Config: "site.yml",
	Detect: func(t postdir.Tree) bool { _, err := t.Lstat("site.yml"); return err == nil },
	Load: func(t postdir.Tree, set postdir.Settings) (postdir.Site, error) {
		b, _, err := t.ReadFile("site.yml", 1000)
		if err != nil {
			return nil, err
		}
		return &linesSite{title: strings.TrimSpace(string(b)), dates: set.FileDates}, nil
	},
}

type linesSite struct {
	title string
	dates bool
}

func (s *linesSite) Enter(dir string) (bool, bool) {
	return true, dir == "posts" || strings.HasPrefix(dir, "posts/")
}
func (s *linesSite) IsPost(path string) bool { return strings.HasSuffix(path, ".md") }
func (s *linesSite) Role(path string) postdir.Role {
	if path == "site.yml" {
		return postdir.Shapes
	}
	return postdir.Nothing
}
func (s *linesSite) Shape() uint32               { return uint32(len(s.title)) }
func (s *linesSite) Around() uint32              { return 0 }
func (s *linesSite) Notes(*feeds.Item) []string  { return nil }
func (s *linesSite) Reports() []sources.Rejected { return nil }
func (s *linesSite) Titles(postdir.Tree) (map[feeds.Topic]string, []sources.Rejected) {
	return nil, nil
}

func (s *linesSite) About(map[feeds.Topic]string, []string) feeds.About {
	return feeds.About{Title: s.title}
}

func (s *linesSite) Decode(f *postdir.File) *postdir.Post {
	p := &postdir.Post{}
	title, _, _ := strings.Cut(string(f.Data), "\n")
	if title == "" {
		return p.Reject(1, "no title")
	}
	p.Change.Item = &feeds.Item{Title: title, Content: string(f.Data), Published: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)}
	if s.dates {
		p.Change.Item.Updated = f.ModTime
	}
	return p
}

// open makes a source of a checked config.
func open(t *testing.T, c *Config) *source {
	t.Helper()
	return openIn(t, c, filepath.Join(t.TempDir(), "files"))
}

func openIn(t *testing.T, c *Config, dir string) *source {
	t.Helper()
	c.generators = []postdir.Generator{lines}
	if err := c.Check(""); err != nil {
		t.Fatal(err)
	}
	client := fetch.NewClient(fetch.Options{Spacing: fetch.NoSpacing, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	src, err := newSource(c, sources.Env{Name: "site", HTTP: client, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func fetched(t *testing.T, src sources.Source, st *sourcetest.State) *sourcetest.Sink {
	t.Helper()
	out := sourcetest.NewSink(st)
	if _, err := sourcetest.Fetch(t.Context(), src, st, out); err != nil {
		t.Fatal(err)
	}
	for _, b := range out.Broken {
		t.Error(b)
	}
	return out
}

// changes are "KEY<FORMERLY=TITLE" and "-KEY", sorted.
func changes(out *sourcetest.Sink) []string {
	var list []string
	for _, c := range out.Changes {
		key := c.Key
		if c.Formerly != "" {
			key += "<" + c.Formerly
		}
		list = append(list, key+"="+c.Item.Title)
	}
	for _, k := range out.Withdrawn {
		list = append(list, "-"+k)
	}
	slices.Sort(list)
	return list
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

const story = "\nThe ferry runs again from Monday.\nIt calls at both piers.\nTickets are sold on board.\n"

func TestSuite(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Outside {
		site := gittest.New(t)
		site.Commit(t, "site.yml", "Harbour", "posts/a.md", "A"+story, "posts/b.md", "B"+story)
		dir := t.TempDir()
		n := 0
		return sourcetest.Outside{
			New: func() sources.Source {
				n++
				return openIn(t, &Config{URL: site.Dir}, filepath.Join(dir, fmt.Sprint(n)))
			},
			Change: func() { site.Commit(t, "posts/c.md", "C"+story) },
			Break:  func() { os.RemoveAll(filepath.Join(site.Dir, ".git")) },
			Box:    &sourcetest.Box{},
		}
	})
}

// TestJourney follows a site through its life: the same keys as in a directory, renames, another process, lost clones.
func TestJourney(t *testing.T) {
	for name, path := range map[string]string{"at the root": "", "in a directory": "docs/site"} {
		t.Run(name, func(t *testing.T) {
			at := func(f string) string { return strings.TrimPrefix(path+"/"+f, "/") }
			in := func(files ...string) []string {
				for i := 0; i < len(files); i += 2 {
					files[i] = at(files[i])
				}
				return files
			}
			site := gittest.New(t)
			site.Commit(t, in("site.yml", "Harbour", "posts/a.md", "A"+story, "posts/b.md", "B"+story, "posts/pic.png", "png")...)
			site.Commit(t, "elsewhere/posts/x.md", "X")
			dir := t.TempDir()
			cfg := func() *Config { return &Config{URL: site.Dir, Path: path} }
			src, st := openIn(t, cfg(), dir), sourcetest.NewState()
			same(t, changes(fetched(t, src, st)), "posts/a.md=A", "posts/b.md=B")
			same(t, changes(fetched(t, src, st)))

			site.Commit(t, in("posts/a.md", "A2"+story)...)
			same(t, changes(fetched(t, src, st)), "posts/a.md=A2")

			// Moved and changed in one commit: only git's diff knows.
			site.Git(t, "mv", at("posts/a.md"), at("posts/moved.md"))
			site.Commit(t, in("posts/moved.md", "A3"+story+"One line more.\n")...)
			same(t, changes(fetched(t, src, st)), "posts/moved.md<posts/a.md=A3")

			// Another process with the same state, and no clone.
			src = openIn(t, cfg(), t.TempDir())
			same(t, changes(fetched(t, src, st)))
			site.Git(t, "mv", at("posts/b.md"), at("posts/c.md"))
			site.Commit(t, in("posts/c.md", "B2"+story+"And more.\n", "posts/new.md", "New\n")...)
			src = openIn(t, cfg(), dir)
			same(t, changes(fetched(t, src, st)), "posts/c.md<posts/b.md=B2", "posts/new.md=New")

			// The configuration shapes all posts.
			site.Commit(t, in("site.yml", "The harbour")...)
			out := fetched(t, src, st)
			same(t, changes(out), "posts/c.md=B2", "posts/moved.md=A3", "posts/new.md=New")
			if len(out.About) == 0 || out.About[len(out.About)-1].Title != "The harbour" {
				t.Errorf("about %+v", out.About)
			}

			// History is rewritten, and the commit before is nowhere any more.
			site.Git(t, "rm", "-q", at("posts/new.md"))
			site.Git(t, "commit", "--quiet", "--amend", "-m", "again")
			site.Git(t, "reflog", "expire", "--expire=now", "--all")
			site.Git(t, "gc", "--quiet", "--prune=now")
			src = openIn(t, cfg(), t.TempDir())
			same(t, changes(fetched(t, src, st)), "-posts/new.md")

			// The clone is broken while we run.
			if err := os.RemoveAll(filepath.Join(dir, "repo.git", "objects")); err != nil {
				t.Fatal(err)
			}
			site.Commit(t, in("posts/d.md", "D\n")...)
			src = openIn(t, cfg(), dir)
			same(t, changes(fetched(t, src, st)), "posts/d.md=D")
		})
	}
}

// TestDamaged: content that cannot be read is one failed fetch, and no post is lost by it.
func TestDamaged(t *testing.T) {
	site := gittest.New(t)
	site.Commit(t, "site.yml", "Harbour", "posts/a.md", "A"+story, "posts/b.md", "B"+story)
	dir := t.TempDir()
	st := sourcetest.NewState()
	fetched(t, openIn(t, &Config{URL: site.Dir}, dir), st)
	packs, err := filepath.Glob(filepath.Join(dir, "repo.git", "objects", "pack", "*.pack"))
	if err != nil || len(packs) == 0 {
		t.Fatal(packs, err)
	}
	// Every other byte of the last pack, where the contents are; the trees stay.
	pack := packs[0]
	for _, p := range packs {
		if a, b := stat(t, p), stat(t, pack); a.ModTime().After(b.ModTime()) {
			pack = p
		}
	}
	b, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	for i := 14; i < len(b)-20; i += 2 {
		b[i] ^= 0x55
	}
	if err := os.Remove(pack); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pack, b, 0o600); err != nil {
		t.Fatal(err)
	}
	site.Commit(t, "site.yml", "The harbour") // everything is read again
	src := openIn(t, &Config{URL: site.Dir}, dir)
	out := sourcetest.NewSink(st)
	if _, err := sourcetest.Fetch(t.Context(), src, st, out); err != nil {
		t.Logf("the damage is told: %v", err)
		out = fetched(t, src, st)
	}
	if len(out.Withdrawn) > 0 {
		t.Errorf("withdrawn: %v", out.Withdrawn)
	}
	same(t, changes(out), "posts/a.md=A", "posts/b.md=B")
}

func stat(t *testing.T, name string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestCommits: a post was changed when a commit last touched it, also before the first fetch.
func TestCommits(t *testing.T) {
	site := gittest.New(t)
	first := site.When
	site.Commit(t, "s/site.yml", "Harbour", "s/posts/a.md", "A"+story, "s/posts/b.md", "B"+story)
	second := site.When
	site.Commit(t, "s/posts/b.md", "B2"+story)
	site.Commit(t, "other", "x")
	s := gittest.HTTPS(t, filepath.Dir(site.Dir))
	c := &Config{URL: s.URL + "/site/.git", Path: "s", CAFile: s.CAFile, LastModified: "commits"}
	src, st := open(t, c), sourcetest.NewState()
	check := func(want map[string]time.Time) {
		t.Helper()
		got := map[string]time.Time{}
		for _, ch := range fetched(t, src, st).Changes {
			got[ch.Key] = ch.Item.Updated
		}
		for key, at := range want {
			if !got[key].Equal(at) {
				t.Errorf("%s was changed at %v, want %v", key, got[key], at)
			}
		}
		if len(got) != len(want) {
			t.Errorf("got %v", got)
		}
	}
	check(map[string]time.Time{"posts/a.md": first, "posts/b.md": second})
	third := site.When
	site.Commit(t, "s/posts/a.md", "A3"+story)
	check(map[string]time.Time{"posts/a.md": third})
}

// TestLinks: a link is followed within the tree, and nowhere else.
func TestLinks(t *testing.T) {
	site := gittest.New(t)
	site.Write(t, "s/site.yml", "Harbour", "s/posts/a.md", "A", "s/texts/shared.md", "Shared", "outside.md", "Secret")
	for name, to := range map[string]string{
		"s/posts/in.md": "../texts/shared.md", "s/posts/out.md": "../../outside.md", "s/posts/root.md": "/etc/hostname",
		"s/posts/loop.md": "loop.md", "s/posts/chain.md": "in.md", "s/posts/gone.md": "nowhere.md", "s/posts/up.md": "..",
	} {
		if err := os.Symlink(to, filepath.Join(site.Dir, filepath.FromSlash(name))); err != nil {
			t.Skip(err)
		}
	}
	site.Commit(t)
	out := fetched(t, open(t, &Config{URL: site.Dir, Path: "s"}), sourcetest.NewState())
	same(t, changes(out), "posts/a.md=A", "posts/chain.md=Shared", "posts/in.md=Shared")
	var told []string
	for _, r := range out.Rejected {
		told = append(told, r.Where)
	}
	slices.Sort(told)
	same(t, told, "posts/loop.md", "posts/out.md", "posts/root.md", "posts/up.md")
}

func TestErrors(t *testing.T) {
	site := gittest.New(t)
	st := sourcetest.NewState()
	try := func(c *Config, want error, text string) {
		t.Helper()
		_, err := sourcetest.Fetch(t.Context(), open(t, c), st, sourcetest.NewSink(st))
		if !errors.Is(err, want) || !errors.Is(err, sources.ErrConfig) || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want %v with %q", err, want, text)
		}
	}
	try(&Config{URL: site.Dir}, repo.ErrEmpty, "push a commit")
	site.Commit(t, "readme.md", "x")
	try(&Config{URL: site.Dir}, sources.ErrConfig, "no site is recognised")
	try(&Config{URL: site.Dir, Path: "docs"}, sources.ErrConfig, "path docs: there is no such directory")
	try(&Config{URL: "git@example.org:a", KeyFile: "/nowhere"}, os.ErrNotExist, "key_file: open /nowhere")
	try(&Config{URL: site.Dir, Branch: "gone"}, repo.ErrNoBranch, "there are: main")
}

func TestCheck(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]*Config{
		"git: the address is empty":            {},
		"git: http is not encrypted":           {URL: "http://example.org/a"},
		"branch: not the name":                 {URL: "/a", Branch: "a b"},
		`generator: "x" is not known: write `:  {URL: "/a", Generator: "x"},
		`last_modified: "mtime" is not known`:  {URL: "/a", LastModified: "mtime"},
		"webhook_secret: want at least 16":     {URL: "/a", WebhookSecret: "short"},
		"key_file: only an ssh address":        {URL: "https://example.org/a", KeyFile: key},
		"known_hosts: only an ssh address":     {URL: "https://example.org/a", KnownHosts: key},
		"ca_file: only an https address":       {URL: "/a", CAFile: key},
		`zoneless_dates: "utc" is not known: `: {URL: "/a", ZonelessDates: "utc"},
	} {
		c.generators = []postdir.Generator{lines}
		if err := c.Check("/base"); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	good := &Config{URL: "git@example.org:a", KeyFile: key, Path: "/../docs/"}
	if err := good.Check("/base"); err != nil || good.Path != "docs" || good.Location() != "git@example.org:a" {
		t.Errorf("%v %q %q", err, good.Path, good.Location())
	}
}

func TestRecognise(t *testing.T) {
	site := gittest.New(t)
	for arg, want := range map[string]bool{
		"https://example.org/ida/site.git": true, "git@example.org:ida/site": true, "ssh://git@example.org/site": true,
		"https://example.org/feed.xml": false, "http://example.org/site.git": false,
		filepath.Join(site.Dir, ".git"): true, site.Dir: false, "": false,
	} {
		if recognise(arg) != want {
			t.Errorf("%s: %v", arg, !want)
		}
	}
}

const secret = "an-unguessable-secret"

func sum(body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestReceive(t *testing.T) {
	mainPush := `{"ref":"refs/heads/main","repository":{"default_branch":"main"}}`
	labPush := `{"ref":"refs/heads/main","project":{"default_branch":"main"}}`
	otherPush := `{"ref":"refs/heads/draft","repository":{"default_branch":"main"}}`
	tag := `{"ref":"refs/tags/main","repository":{"default_branch":"main"}}`
	bucket := `{"push":{"changes":[{"new":{"type":"branch","name":"%s"}}]},"repository":{}}`
	form := "payload=" + url.QueryEscape(otherPush)
	sha := hmac.New(sha1.New, []byte(secret))
	sha.Write([]byte(mainPush))
	for _, c := range []struct {
		name, branch, body string
		header             []string
		want               int
		wakes              bool
	}{
		{"GitHub", "", mainPush, []string{"X-GitHub-Event", "push", "X-Hub-Signature-256", "sha256=" + sum(mainPush)}, 202, true},
		{"GitHub, SHA-1 beside it", "", mainPush, []string{"X-Hub-Signature", "sha1=" + hex.EncodeToString(sha.Sum(nil)), "X-Hub-Signature-256", "sha256=" + sum(mainPush)}, 202, true},
		{"SHA-1 alone", "", mainPush, []string{"X-Hub-Signature", "sha1=" + hex.EncodeToString(sha.Sum(nil))}, 403, false},
		{"GitHub, ping", "", `{"zen":"x"}`, []string{"X-GitHub-Event", "ping", "X-Hub-Signature-256", "sha256=" + sum(`{"zen":"x"}`)}, 200, false},
		{"GitHub, form", "", form, []string{"Content-Type", "application/x-www-form-urlencoded", "X-Hub-Signature-256", "sha256=" + sum(form)}, 200, false},
		{"another branch", "", otherPush, []string{"X-Hub-Signature-256", "sha256=" + sum(otherPush)}, 200, false},
		{"a configured branch", "draft", otherPush, []string{"X-Hub-Signature-256", "sha256=" + sum(otherPush)}, 202, true},
		{"a tag", "", tag, []string{"X-Hub-Signature-256", "sha256=" + sum(tag)}, 200, false},
		{"Gitea", "", mainPush, []string{"X-Gitea-Event", "push", "X-Gitea-Signature", sum(mainPush)}, 202, true},
		{"Forgejo", "", mainPush, []string{"X-Forgejo-Event", "push", "X-Forgejo-Signature", sum(mainPush)}, 202, true},
		{"Gogs", "", mainPush, []string{"X-Gogs-Event", "create", "X-Gogs-Signature", sum(mainPush)}, 200, false},
		{"GitLab", "", labPush, []string{"X-Gitlab-Event", "Push Hook", "X-Gitlab-Token", secret}, 202, true},
		{"GitLab, another event", "", labPush, []string{"X-Gitlab-Event", "Issue Hook", "X-Gitlab-Token", secret}, 200, false},
		{"GitLab, wrong token", "", labPush, []string{"X-Gitlab-Token", secret + "x"}, 403, false},
		{"Bitbucket", "main", fmt.Sprintf(bucket, "main"), []string{"X-Event-Key", "repo:push", "X-Hub-Signature", "sha256=" + sum(fmt.Sprintf(bucket, "main"))}, 202, true},
		{"Bitbucket, another branch", "main", fmt.Sprintf(bucket, "x"), []string{"X-Hub-Signature", "sha256=" + sum(fmt.Sprintf(bucket, "x"))}, 200, false},
		{"no JSON", "", "?", []string{"X-Gitlab-Token", secret}, 202, true},
		{"wrong signature", "", mainPush, []string{"X-Hub-Signature-256", "sha256=" + sum(otherPush)}, 403, false},
		{"empty signature", "", mainPush, []string{"X-Hub-Signature-256", "sha256="}, 403, false},
		{"no signature", "", mainPush, nil, 403, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := open(t, &Config{URL: "/nowhere", Branch: c.branch, WebhookSecret: secret})
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
			for i := 0; i < len(c.header); i += 2 {
				r.Header.Set(c.header[i], c.header[i+1])
			}
			w, box := httptest.NewRecorder(), &sourcetest.Box{}
			src.Receive(w, r, box)
			if w.Code != c.want || box.Puts > 0 != c.wakes {
				t.Errorf("%d %s; woken %d times", w.Code, w.Body, box.Puts)
			}
			box.Fail = errors.New("the store is down")
			w = httptest.NewRecorder()
			r.Body = http.NoBody
			r = r.Clone(context.Background())
			r.Body = readCloser(c.body)
			if src.Receive(w, r, box); c.wakes && w.Code != http.StatusServiceUnavailable {
				t.Errorf("without store: %d", w.Code)
			}
		})
	}
	for path, want := range map[string]int{"/": 404, "/x": 404} {
		w := httptest.NewRecorder()
		open(t, &Config{URL: "/nowhere"}).Receive(w, httptest.NewRequest(http.MethodPost, path, nil), &sourcetest.Box{})
		if w.Code != want {
			t.Errorf("without a secret: %d", w.Code)
		}
	}
	w := httptest.NewRecorder()
	open(t, &Config{URL: "/nowhere", WebhookSecret: secret}).Receive(w, httptest.NewRequest(http.MethodGet, "/", nil), &sourcetest.Box{})
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
}

type body struct{ *strings.Reader }

func (body) Close() error { return nil }

func readCloser(s string) body { return body{strings.NewReader(s)} }

// TestMail: a letter is gone once its fetch went well, and not before.
func TestMail(t *testing.T) {
	site := gittest.New(t)
	site.Commit(t, "site.yml", "Harbour", "posts/a.md", "A")
	box := &sourcetest.Box{}
	st := sourcetest.NewStateWith(box)
	src := open(t, &Config{URL: site.Dir})
	if err := box.Put(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	left := func() int {
		list, err := st.Letters()
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	git := filepath.Join(site.Dir, ".git")
	if err := os.Rename(git, git+"x"); err != nil {
		t.Fatal(err)
	}
	if _, err := sourcetest.Fetch(t.Context(), src, st, sourcetest.NewSink(st)); err == nil || left() != 1 {
		t.Errorf("after a failed fetch: %v, %d letters", err, left())
	}
	if err := os.Rename(git+"x", git); err != nil {
		t.Fatal(err)
	}
	fetched(t, src, st)
	if left() != 0 {
		t.Errorf("%d letters are left", left())
	}
}

// TestGeneratorSettings: what is said of the site reaches its generator.
func TestGeneratorSettings(t *testing.T) {
	got := open(t, &Config{URL: t.TempDir(), Drafts: true, Future: true, Collections: []string{"notes"}, ZonelessDates: "site"}).set
	if !got.Drafts || !got.Future || !got.SiteDates || !slices.Equal(got.Collections, []string{"notes"}) {
		t.Errorf("%+v", got)
	}
}

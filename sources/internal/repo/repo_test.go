package repo_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"feedmill/sources/fetch"
	"feedmill/sources/git/gittest"
	"feedmill/sources/internal/repo"
)

// route allows the loopback interface, where the tests' servers are.
func route() fetch.Route {
	return fetch.RouteOf(fetch.NewClient(fetch.Options{Spacing: fetch.NoSpacing, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}))
}

func address(t *testing.T, raw string) repo.Address {
	t.Helper()
	a, err := repo.ParseAddress(raw, "")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// open begins on a repository; the test ends it.
func open(t *testing.T, o repo.Options) *repo.Repo {
	t.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "clone")
	}
	r := repo.New(o)
	end, err := r.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return r
}

// read is every file of the branch, "PATH=CONTENT", and the commit.
func read(t *testing.T, r *repo.Repo) (files []string, commit string) {
	t.Helper()
	c, err := r.Update(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.List(t.Context(), c.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range list {
		ids = append(ids, e.ID)
	}
	if err := r.Prefetch(t.Context(), c.ID, ids); err != nil {
		t.Fatal(err)
	}
	rd, err := r.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	for _, e := range list {
		b, err := rd.Blob(e.ID, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, e.Path+"="+string(b))
	}
	return files, c.ID
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// twoWays are enough for what happens in the clone: with the whole of a repository, and with parts of it.
func twoWays(t *testing.T) map[string]func(*testing.T, *gittest.Repo) repo.Options {
	all := transports(t)
	return map[string]func(*testing.T, *gittest.Repo) repo.Options{"path": all["path"], "https": all["https"]}
}

// transports are the ways to the repository of an author.
func transports(t *testing.T) map[string]func(t *testing.T, site *gittest.Repo) repo.Options {
	return map[string]func(*testing.T, *gittest.Repo) repo.Options{
		"path": func(t *testing.T, site *gittest.Repo) repo.Options {
			return repo.Options{Address: address(t, site.Dir)}
		},
		"https": func(t *testing.T, site *gittest.Repo) repo.Options {
			s := gittest.HTTPS(t, filepath.Dir(site.Dir))
			return repo.Options{Address: address(t, s.URL+"/site/.git"), CAFile: s.CAFile, Network: route()}
		},
		"https without filter": func(t *testing.T, site *gittest.Repo) repo.Options {
			s := gittest.HTTPS(t, filepath.Dir(site.Dir))
			s.NoFilter.Store(true)
			return repo.Options{Address: address(t, s.URL+"/site/.git"), CAFile: s.CAFile, Network: route()}
		},
		"ssh": func(t *testing.T, site *gittest.Repo) repo.Options {
			s := gittest.StartSSH(t)
			return repo.Options{Address: address(t, s.URL+site.Dir), KeyFile: s.KeyFile, KnownHosts: s.KnownHosts, Network: route()}
		},
	}
}

func TestTransports(t *testing.T) {
	for name, way := range transports(t) {
		t.Run(name, func(t *testing.T) {
			site := gittest.New(t)
			site.Commit(t, "a.md", "first", "dir/b ü\n.md", "second")
			o := way(t, site)
			r := open(t, o)
			files, one := read(t, r)
			same(t, files, "a.md=first", "dir/b ü\n.md=second")

			site.Commit(t, "a.md", "changed")
			files, two := read(t, r)
			same(t, files, "a.md=changed", "dir/b ü\n.md=second")
			if one == two {
				t.Error("the commit is still the same")
			}

			// Rewritten history, on a clone that knew the old one.
			site.Git(t, "checkout", "--quiet", "--orphan", "other")
			site.Git(t, "rm", "-rfq", ".")
			site.Commit(t, "c.md", "new world")
			site.Git(t, "branch", "-D", "main")
			site.Git(t, "branch", "-m", "main")
			files, _ = read(t, r)
			same(t, files, "c.md=new world")
		})
	}
}

func TestHistory(t *testing.T) {
	for name, way := range transports(t) {
		t.Run(name, func(t *testing.T) {
			site := gittest.New(t)
			first := site.When
			site.Commit(t, "x/a.md", "a", "x/b.md", "b", "c.md", "c")
			second := site.When
			site.Commit(t, "x/b.md", "b2", "c.md", "c2")
			site.Commit(t, "y/n.md", "n")
			o := way(t, site)

			// A shallow clone first: it has to be deepened.
			o.Dir = filepath.Join(t.TempDir(), "clone")
			shallow := repo.New(o)
			end, err := shallow.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, tip := read(t, shallow)
			if _, err := shallow.Touched(t.Context(), tip, ""); err == nil {
				t.Error("a shallow clone says when files were changed")
			}
			end()

			o.History = true
			r := open(t, o)
			check := func(want map[string]time.Time) {
				t.Helper()
				_, tip := read(t, r)
				got, err := r.Touched(t.Context(), tip, "x")
				if err != nil {
					t.Fatal(err)
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("got %v, want %v", got, want)
				}
			}
			check(map[string]time.Time{"x/a.md": first, "x/b.md": second})
			third := site.When
			site.Commit(t, "x/a.md", "a3")
			check(map[string]time.Time{"x/a.md": third, "x/b.md": second})

			// Rewritten history.
			site.Git(t, "reset", "--quiet", "--hard", "HEAD~3")
			fourth := site.When
			site.Commit(t, "x/b.md", "b4")
			check(map[string]time.Time{"x/a.md": first, "x/b.md": fourth})
		})
	}
}

func TestRenames(t *testing.T) {
	for name, way := range twoWays(t) {
		t.Run(name, func(t *testing.T) {
			site := gittest.New(t)
			text := strings.Repeat("The ferry runs again from Monday.\n", 20)
			site.Commit(t, "a.md", text+"a", "b.md", text+"b", "gone.md", "gone", "big.bin", "x")
			r := open(t, way(t, site))
			_, old := read(t, r)
			if err := r.Keep(t.Context(), old); err != nil {
				t.Fatal(err)
			}
			site.Git(t, "mv", "a.md", "with a\ttab.md")
			site.Git(t, "mv", "b.md", "c.md")
			site.Git(t, "rm", "-q", "gone.md")
			site.Commit(t, "c.md", text+"b, and a line more\n", "new.md", "something else")
			_, tip := read(t, r)
			if ok, err := r.Has(t.Context(), old); !ok || err != nil {
				t.Fatalf("the kept commit is gone: %v", err)
			}
			got, err := r.Renames(t.Context(), old, tip, []string{"a.md", "b.md", "gone.md", "with a\ttab.md", "c.md", "new.md"})
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"with a\ttab.md": "a.md", "c.md": "b.md"}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// TestAnotherProcess: a commit that only another clone knew is asked for, and one that nobody has is not an error.
func TestAnotherProcess(t *testing.T) {
	for name, way := range twoWays(t) {
		t.Run(name, func(t *testing.T) {
			site := gittest.New(t)
			old := site.Commit(t, "a.md", "a")
			site.Commit(t, "a.md", "b")
			r := open(t, way(t, site))
			read(t, r)
			if ok, err := r.Has(t.Context(), old); !ok || err != nil {
				t.Errorf("Has(%s) = %v, %v", old, ok, err)
			}
			if ok, err := r.Has(t.Context(), strings.Repeat("5", 40)); ok || err != nil {
				t.Errorf("Has of a commit that never was = %v, %v", ok, err)
			}
		})
	}
}

func TestBranch(t *testing.T) {
	site := gittest.New(t)
	o := repo.Options{Address: address(t, site.Dir)}
	r := open(t, o)
	if _, err := r.Update(t.Context()); !errors.Is(err, repo.ErrEmpty) {
		t.Errorf("an empty repository: %v", err)
	}
	site.Commit(t, "a.md", "a")
	site.Git(t, "branch", "pages")
	files, _ := read(t, r)
	same(t, files, "a.md=a")

	o.Branch = "pages"
	r = open(t, o)
	files, _ = read(t, r)
	same(t, files, "a.md=a")
	site.Git(t, "branch", "-D", "pages")
	if _, err := r.Update(t.Context()); !errors.Is(err, repo.ErrNoBranch) || !strings.Contains(err.Error(), "main") {
		t.Errorf("a branch that is gone: %v", err)
	}
	// HEAD names a branch that is not there.
	site.Git(t, "symbolic-ref", "HEAD", "refs/heads/nowhere")
	r = open(t, repo.Options{Address: address(t, site.Dir)})
	if _, err := r.Update(t.Context()); !errors.Is(err, repo.ErrNoBranch) || !strings.Contains(err.Error(), "set branch") {
		t.Errorf("a HEAD without branch: %v", err)
	}
	// No repository at all.
	r = open(t, repo.Options{Address: address(t, filepath.Join(site.Dir, "nothing"))})
	if _, err := r.Update(t.Context()); err == nil || !strings.Contains(err.Error(), "does not appear to be a git repository") {
		t.Errorf("no repository: %v", err)
	}
}

func TestSHA256(t *testing.T) {
	site := gittest.New(t)
	if err := os.RemoveAll(filepath.Join(site.Dir, ".git")); err != nil {
		t.Fatal(err)
	}
	site.Git(t, "init", "--quiet", "--initial-branch=main", "--object-format=sha256")
	site.Commit(t, "a.md", "a")
	files, commit := read(t, open(t, repo.Options{Address: address(t, site.Dir)}))
	same(t, files, "a.md=a")
	if len(commit) != 64 {
		t.Errorf("commit %s", commit)
	}
}

// TestBroken breaks the clone in every place and wants the right files all the same.
func TestBroken(t *testing.T) {
	site := gittest.New(t)
	site.Commit(t, "a.md", "a", "b/c.md", strings.Repeat("text ", 1000))
	o := repo.Options{Address: address(t, site.Dir), Dir: filepath.Join(t.TempDir(), "clone")}
	r := repo.New(o)
	end, err := r.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, _ := read(t, r)
	end()
	git := filepath.Join(o.Dir, "repo.git")
	var parts []string
	err = filepath.WalkDir(git, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			parts = append(parts, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	breaks := map[string]func() error{
		"all gone":   func() error { return os.RemoveAll(git) },
		"no objects": func() error { return os.RemoveAll(filepath.Join(git, "objects")) },
		"no refs":    func() error { return os.RemoveAll(filepath.Join(git, "refs")) },
		"a lock":     func() error { return os.WriteFile(filepath.Join(git, "shallow.lock"), nil, 0o600) },
		"half a pack": func() error {
			return os.WriteFile(filepath.Join(git, "objects", "pack", "tmp_pack_x"), []byte("PACK"), 0o600)
		},
	}
	for _, name := range parts {
		rel, err := filepath.Rel(git, name)
		if err != nil {
			t.Fatal(err)
		}
		breaks["empty "+rel] = func() error { return replace(name, nil) }
		if strings.HasPrefix(rel, "objects") || rel == "HEAD" || rel == "config" {
			breaks["garbage in "+rel] = func() error { return replace(name, []byte("garbage\x00\xff")) }
		}
	}
	fine := filepath.Join(t.TempDir(), "fine")
	if err := os.CopyFS(fine, os.DirFS(git)); err != nil {
		t.Fatal(err)
	}
	for name, hurt := range breaks {
		t.Run(name, func(t *testing.T) {
			if err := os.RemoveAll(git); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS(git, os.DirFS(fine)); err != nil {
				t.Fatal(err)
			}
			if err := hurt(); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			// Content that is broken is seen when it is read; then the next look makes the clone anew.
			for try := 0; ; try++ {
				r := repo.New(o)
				end, err := r.Begin(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				got, err := readAll(t.Context(), r)
				if err != nil && try == 0 {
					t.Logf("first look: %v", err)
					err = r.Spoil()
					end()
					if err != nil {
						t.Fatal(err)
					}
					continue
				}
				end()
				if err != nil {
					t.Fatal(err)
				}
				same(t, got, want...)
				return
			}
		})
	}
}

func replace(name string, content []byte) error {
	if err := os.Remove(name); err != nil { // packs cannot be written
		return err
	}
	return os.WriteFile(name, content, 0o600)
}

func readAll(ctx context.Context, r *repo.Repo) (files []string, err error) {
	c, err := r.Update(ctx)
	if err != nil {
		return nil, err
	}
	list, err := r.List(ctx, c.ID, "")
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range list {
		ids = append(ids, e.ID)
	}
	if err := r.Prefetch(ctx, c.ID, ids); err != nil {
		return nil, err
	}
	rd, err := r.Read(ctx)
	if err != nil {
		return nil, err
	}
	defer rd.Close()
	for _, e := range list {
		b, err := rd.Blob(e.ID, 1<<20)
		if err != nil {
			return nil, err
		}
		files = append(files, e.Path+"="+string(b))
	}
	return files, nil
}

func TestBlob(t *testing.T) {
	site := gittest.New(t)
	site.Commit(t, "big", strings.Repeat("x", 5000), "small", "y", "empty", "")
	r := open(t, repo.Options{Address: address(t, site.Dir)})
	_, commit := read(t, r)
	list, err := r.List(t.Context(), commit, "")
	if err != nil {
		t.Fatal(err)
	}
	rd, err := r.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	var large *repo.TooLargeError
	if _, err := rd.Blob(list[0].ID, 4999); !errors.As(err, &large) || large.Size != 5000 {
		t.Errorf("a file of 5,000 bytes: %v", err)
	}
	if b, err := rd.Blob(list[1].ID, 10); err != nil || len(b) != 0 {
		t.Errorf("an empty file: %q, %v", b, err)
	}
	if _, err := rd.Blob(strings.Repeat("0", 40), 10); !errors.Is(err, repo.ErrMissing) {
		t.Errorf("a file that is not there: %v", err)
	}
	if b, err := rd.Blob(list[2].ID, 10); err != nil || string(b) != "y" {
		t.Errorf("after an error: %q, %v", b, err)
	}
	if _, err := rd.Blob(commit, 10); err == nil {
		t.Error("a commit is no file")
	}
	rd.Close()
	if _, err := rd.Blob(list[2].ID, 10); err == nil {
		t.Error("a closed reader reads")
	}
}

// TestGuard: neither the host itself nor a redirect leads to where it must not.
func TestGuard(t *testing.T) {
	site := gittest.New(t)
	site.Commit(t, "a.md", "a")
	s := gittest.HTTPS(t, filepath.Dir(site.Dir))
	strict := fetch.RouteOf(fetch.NewClient(fetch.Options{}))
	r := open(t, repo.Options{Address: address(t, s.URL+"/site/.git"), CAFile: s.CAFile, Network: strict})
	if _, err := r.Update(t.Context()); !errors.Is(err, fetch.ErrPrivate) {
		t.Errorf("a loopback address over https: %v", err)
	}
	if n := s.Requests.Load(); n > 0 {
		t.Errorf("the server saw %d requests", n)
	}
	r = open(t, repo.Options{Address: address(t, "ssh://git@localhost:2222/site"), Network: strict})
	if _, err := r.Update(t.Context()); !errors.Is(err, fetch.ErrPrivate) {
		t.Errorf("a loopback address over ssh: %v", err)
	}

	other := gittest.HTTPS(t, filepath.Dir(site.Dir))
	away := func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, other.URL+r.URL.RequestURI(), http.StatusMovedPermanently)
		return true
	}
	s.Before.Store(&away)
	r = open(t, repo.Options{Address: address(t, s.URL+"/site/.git"), CAFile: s.CAFile, Network: route()})
	if _, err := r.Update(t.Context()); !errors.Is(err, repo.ErrRedirect) {
		t.Errorf("a redirect to another host: %v", err)
	}
	if n := other.Requests.Load(); n > 0 {
		t.Errorf("the other server saw %d requests", n)
	}

	renamed := func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/old/") {
			return false
		}
		http.Redirect(w, r, s.URL+"/site/.git/"+strings.TrimPrefix(r.URL.RequestURI(), "/old/"), http.StatusMovedPermanently)
		return true
	}
	s.Before.Store(&renamed)
	r = open(t, repo.Options{Address: address(t, s.URL+"/old"), CAFile: s.CAFile, Network: route()})
	files, _ := read(t, r)
	same(t, files, "a.md=a")
}

func TestCredentials(t *testing.T) {
	site := gittest.New(t)
	site.Commit(t, "a.md", "a")
	s := gittest.HTTPS(t, filepath.Dir(site.Dir))
	login := func(w http.ResponseWriter, r *http.Request) bool {
		if user, password, _ := r.BasicAuth(); user == "ida" && password == "pa:ss wörd" {
			return false
		}
		w.Header().Set("WWW-Authenticate", "Basic")
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	s.Before.Store(&login)
	for header, good := range map[string]bool{"ida:pa:ss wörd": true, "ida:wrong": false, "": false} {
		o := repo.Options{Address: address(t, s.URL+"/site/.git"), CAFile: s.CAFile, Network: route(), Header: http.Header{}, Dir: filepath.Join(t.TempDir(), "clone")}
		if user, password, ok := strings.Cut(header, ":"); ok {
			req := http.Request{Header: o.Header}
			req.SetBasicAuth(user, password)
		}
		r := open(t, o)
		_, err := r.Update(t.Context())
		if good && err != nil || !good && !errors.Is(err, repo.ErrCredentials) {
			t.Errorf("%q: %v", header, err)
		}
		if err != nil && strings.Contains(err.Error(), "wrong") {
			t.Errorf("the error tells the password: %v", err)
		}
		err = filepath.WalkDir(o.Dir, func(name string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && strings.Contains(readFile(t, name), "Basic") {
				t.Errorf("%s holds the credentials", name)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	// A certificate that nobody vouches for.
	r := open(t, repo.Options{Address: address(t, s.URL+"/site/.git"), Network: route()})
	if _, err := r.Update(t.Context()); !errors.Is(err, repo.ErrNetwork) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
}

func TestSSHKeys(t *testing.T) {
	site := gittest.New(t)
	site.Commit(t, "a.md", "a")
	s := gittest.StartSSH(t)
	at := address(t, s.URL+site.Dir)
	wrong := filepath.Join(t.TempDir(), "known hosts")
	pub, err := os.ReadFile(gittest.Key(t) + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(readFile(t, s.KnownHosts), " ")
	if err := os.WriteFile(wrong, []byte(name+" "+string(pub)), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty % 'known' hosts")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, key, hosts string
		want             error
	}{
		{"a known host", s.KeyFile, s.KnownHosts, nil},
		{"an unknown host, remembered", s.KeyFile, "", nil},
		{"an unknown host", s.KeyFile, empty, repo.ErrHostKey},
		{"another key than the known one", s.KeyFile, wrong, repo.ErrHostKey},
		{"a key that is not let in", gittest.Key(t), s.KnownHosts, repo.ErrCredentials},
		{"no key", "", s.KnownHosts, repo.ErrCredentials},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := open(t, repo.Options{Address: at, KeyFile: c.key, KnownHosts: c.hosts, Network: route()})
			if _, err := r.Update(t.Context()); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	// A host whose remembered key changes.
	dir := t.TempDir()
	r := open(t, repo.Options{Address: at, KeyFile: s.KeyFile, Dir: dir, Network: route()})
	read(t, r)
	if got, want := strings.TrimSpace(readFile(t, filepath.Join(dir, "known_hosts"))), strings.TrimSpace(readFile(t, s.KnownHosts)); !strings.HasPrefix(want, got) {
		t.Errorf("remembered %q, want %q", got, want)
	}
	if err := os.WriteFile(filepath.Join(dir, "known_hosts"), []byte(name+" "+string(pub)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Update(t.Context()); !errors.Is(err, repo.ErrHostKey) {
		t.Errorf("a changed host key: %v", err)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestCancel ends a fetch while the server is silent, and goes on afterwards.
func TestCancel(t *testing.T) {
	site := gittest.New(t)
	site.Commit(t, "a.md", "a")
	s := gittest.HTTPS(t, filepath.Dir(site.Dir))
	asked := make(chan struct{}, 10)
	silent := func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		io.Copy(io.Discard, r.Body) //nolint:errcheck // so that the end of the connection is seen
		asked <- struct{}{}
		<-r.Context().Done()
		return true
	}
	s.Before.Store(&silent)
	r := open(t, repo.Options{Address: address(t, s.URL+"/site/.git"), CAFile: s.CAFile, Network: route()})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := r.Update(ctx)
		done <- err
	}()
	<-asked
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	s.Before.Store(nil)
	files, _ := read(t, r)
	same(t, files, "a.md=a")
}

func TestTooLarge(t *testing.T) {
	site := gittest.New(t)
	site.Commit(t, "a.md", "a")
	r := open(t, repo.Options{Address: address(t, site.Dir), MaxDisk: 100})
	if _, err := r.Update(t.Context()); !errors.Is(err, repo.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

// TestCut: a server that breaks off anywhere in its answer is an error, and the next look goes on.
func TestCut(t *testing.T) {
	site := gittest.New(t)
	site.Commit(t, "a.md", strings.Repeat("text ", 1000), "b.md", "b")
	s := gittest.HTTPS(t, filepath.Dir(site.Dir))
	r := open(t, repo.Options{Address: address(t, s.URL+"/site/.git"), CAFile: s.CAFile, Network: route()})
	for _, share := range []int{0, 1, 50, 90, 99} {
		cut := func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost {
				return false
			}
			whole := httptest.NewRecorder()
			s.Backend.ServeHTTP(whole, r)
			b := whole.Body.Bytes()
			w.Header().Set("Content-Type", whole.Header().Get("Content-Type"))
			w.Header().Set("Content-Length", strconv.Itoa(len(b)))
			w.Write(b[:len(b)*share/100]) //nolint:errcheck // it is cut off anyway
			return true
		}
		s.Before.Store(&cut)
		if _, err := readAll(t.Context(), r); !errors.Is(err, repo.ErrNetwork) {
			t.Errorf("an answer cut after %d %%: %v", share, err)
		}
	}
	s.Before.Store(nil)
	files, err := readAll(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	same(t, files, "a.md="+strings.Repeat("text ", 1000), "b.md=b")
}

// TestKill kills a process, as the kernel does, while it fetches: another one goes on with what it left.
func TestKill(t *testing.T) {
	const variable = "REPO_TEST_KILL"
	if job := os.Getenv(variable); job != "" {
		part := strings.Split(job, "|")
		r := repo.New(repo.Options{Address: address(t, part[0]), CAFile: part[1], Dir: part[2], Network: route()})
		if _, err := r.Begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := readAll(t.Context(), r)
		t.Fatalf("it was to be killed: %v", err)
	}
	site := gittest.New(t)
	site.Commit(t, "a.md", "a")
	s := gittest.HTTPS(t, filepath.Dir(site.Dir))
	dir := filepath.Join(t.TempDir(), "clone")
	for n := 1; n <= 4; n++ { // in one request after the other
		asked, posts := make(chan struct{}), 0
		silent := func(w http.ResponseWriter, r *http.Request) bool {
			if posts++; posts != n {
				return false
			}
			io.Copy(io.Discard, r.Body) //nolint:errcheck // so that the end of the connection is seen
			close(asked)
			<-r.Context().Done()
			return true
		}
		s.Before.Store(&silent)
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), variable+"="+s.URL+"/site/.git|"+s.CAFile+"|"+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-asked:
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-ended
		case <-ended: // there are fewer requests than that
		}
	}
	s.Before.Store(nil)
	r := open(t, repo.Options{Address: address(t, s.URL+"/site/.git"), CAFile: s.CAFile, Dir: dir, Network: route()})
	files, _ := read(t, r)
	same(t, files, "a.md=a")
}

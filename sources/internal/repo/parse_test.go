package repo

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseAddress(t *testing.T) {
	for raw, want := range map[string]string{
		"https://example.org/ida/site.git":   "https://example.org/ida/site.git",
		"HTTPS://example.org:8443/a":         "https://example.org:8443/a",
		"ssh://git@example.org:2222/a/b":     "ssh://git@example.org:2222/a/b",
		"git@example.org:ida/site.git":       "git@example.org:ida/site.git",
		"example.org:site":                   "example.org:site",
		"file:///srv/site":                   "/srv/site",
		"site":                               "/base/site",
		"./a:b":                              "/base/a:b",
		"https://example.org/a?token=geheim": "https://example.org/a",
		"https://[2001:db8::1]/a":            "https://[2001:db8::1]/a",
	} {
		a, err := ParseAddress(raw, "/base")
		if err != nil || a.String() != want {
			t.Errorf("%s: %q, %v; want %q", raw, a.String(), err, want)
		}
	}
	for raw, want := range map[string]string{
		"":                                 "empty",
		"--upload-pack=touch /tmp/x":       "begins with -",
		"http://example.org/a":             "not encrypted",
		"ext::sh -c touch% /tmp/x":         "cannot be read",
		"git://example.org/a":              "not a way",
		"https://ida:geheim@example.org/a": "holds a password",
		"https://ida@example.org/a":        "holds a user",
		"https://-oProxyCommand=x/a":       "cannot be",
		"ssh://-oProxyCommand=x/a":         "cannot be",
		"-oProxyCommand=x@example.org:a":   "begins with -",
		"git@-oProxyCommand=x:a":           "cannot be read",
		"https://example.org":              "no path",
		"ssh://git@example.org/a\nb":       "control",
		"file://elsewhere/a":               "without file://",
		"https://exa mple.org/a":           "cannot be",
		"ssh://git;touch x@example.org/a":  "cannot be",
	} {
		_, err := ParseAddress(raw, "/base")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want an error with %q", raw, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: the error tells the password: %v", raw, err)
		}
	}
}

func TestCheckBranch(t *testing.T) {
	for _, good := range []string{"main", "gh-pages", "release/2026", "主分支"} {
		if err := CheckBranch(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"-x", "a b", "a..b", "refs/heads/main", "a*", "x.lock", ".a", "a//b", "a@{1}", "a:b", "a^"} {
		if CheckBranch(bad) == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		told string
		want error
		text string
	}{
		{"fatal: Authentication failed for 'https://u:p@example.org/a/'\n", ErrCredentials, "https://example.org/a/"},
		{"fatal: could not read Username for 'https://example.org': terminal prompts disabled\n", ErrCredentials, "terminal"},
		{"remote: Not Found\nfatal: unable to access: The requested URL returned error: 404\n", ErrCredentials, "Not Found"},
		{"ssh: connect to host x port 22: Connection refused\nfatal: Could not read from remote repository.\n", ErrNetwork, "refused"},
		{"error: cannot run ssh: No such file or directory\nfatal: unable to fork\n", ErrNoSSH, "ssh"},
		{"fatal: something \x1b[31mred\n", nil, "something  [31mred"},
		{strings.Repeat("fatal: é", 5000), nil, "…"},
	} {
		err := explain(c.told, errors.New("exit status 128"))
		if c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "u:p@") || len(err.Error()) > 800 {
			t.Errorf("%.80q: %v", c.told, err)
		}
	}
}

func TestRecent(t *testing.T) {
	for version, want := range map[string]bool{
		"git version 2.39.5": true, "git version 2.31.0 (Apple Git-1)": true, "git version 3.0": true,
		"git version 2.30.9": false, "git version 1.99": false, "gut": false,
	} {
		if recent(version) != want {
			t.Errorf("%s: %v", version, !want)
		}
	}
}

// TestNoGit: without git there is an error that names the package.
func TestNoGit(t *testing.T) {
	program.Lock()
	program.good = false
	program.Unlock()
	t.Setenv("PATH", t.TempDir())
	_, err := New(Options{Dir: t.TempDir()}).Begin(t.Context())
	if !errors.Is(err, ErrNoGit) || !strings.Contains(err.Error(), "install the package git") {
		t.Errorf("got %v", err)
	}
}

// TestGroup: what git starts dies with it.
func TestGroup(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "sh", "-c", "sleep 60 & echo; wait")
	group(cmd)
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.ReadAll(out); err != nil { // ends when the last holder of the pipe is dead
		t.Fatal(err)
	}
	_ = cmd.Wait()
}

// TestLock: one process at a time has the clone.
func TestLock(t *testing.T) {
	r := New(Options{Dir: filepath.Join(t.TempDir(), "x")})
	end, err := r.Begin(t.Context())
	if err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.Begin(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second caller: %v", err)
	}
	end()
	if end, err = r.Begin(t.Context()); err != nil {
		t.Error(err)
	}
	end()
}

func FuzzRefs(f *testing.F) {
	f.Add("ref: refs/heads/main\tHEAD\n" + strings.Repeat("a", 40) + "\tHEAD\n")
	f.Fuzz(func(t *testing.T, text string) {
		for name, id := range parseRefs(text).ids {
			if !isID(id) || strings.Contains(name, "\n") {
				t.Errorf("%q: %q", name, id)
			}
		}
	})
}

// FuzzOutput gives the parsers of git's output what git would not write.
func FuzzOutput(f *testing.F) {
	id := strings.Repeat("0a", 20)
	f.Add([]byte("100644 blob " + id + "     12\ta.md\x00"))
	f.Add([]byte(":100644 100644 " + id + " " + id + " R090\x00a\x00b\x00"))
	f.Add([]byte("\x011785571200\x00\na.md\x00b.md\x00\x011785571100\x00\nc\x00"))
	f.Add([]byte(id + " blob 12\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := func() *bufio.Reader { return bufio.NewReaderSize(strings.NewReader(string(b)), 16) }
		for r := in(); ; {
			record, err := readRecord(r)
			if err != nil {
				break
			}
			if e, file, err := parseEntry(record); err == nil && file && (e.Path == "" || !isID(e.ID)) {
				t.Errorf("%q gives %+v", record, e)
			}
		}
		for r := in(); ; {
			from, to, err := readRename(r)
			if err != nil {
				break
			}
			if from == "" || to == "" {
				t.Errorf("%q gives an empty name", b)
			}
		}
		err := readLog(in(), func(path string, at time.Time) error {
			if path == "" || at.IsZero() {
				t.Errorf("%q gives %q at %v", b, path, at)
			}
			return nil
		})
		_ = err // it may be anything
		if size, err := parseHead(string(b), id); err == nil && size < 0 {
			t.Errorf("%q gives size %d", b, size)
		}
	})
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"https://example.org/a", "git@example.org:a", "./x", "ssh://a@b:1/c", "a:b:c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := ParseAddress(raw, "/base")
		if err != nil {
			return
		}
		g := a.git()
		if g == "" || g[0] == '-' || strings.Contains(g, "\n") || strings.Contains(g, "::") && a.Scheme() == "" && g[0] != '/' {
			t.Errorf("%q becomes %q", raw, g)
		}
		if a.url != nil && strings.HasPrefix(a.url.Hostname(), "-") {
			t.Errorf("%q has the host %q", raw, a.url.Hostname())
		}
	})
}

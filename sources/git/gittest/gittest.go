// Package gittest gives tests real git repositories, behind a path, an https server and an sshd.
//
// A test that needs git or sshd is skipped without it, unless CI is "true": then it fails, so that nobody believes that
// it ran.
package gittest

import (
	"bytes"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Repo is a repository with a work tree, in which a test is the author.
type Repo struct {
	// Dir is the work tree; Dir/.git is the repository.
	Dir string
	// When is the time of the next commit; each commit adds a minute.
	When time.Time
}

// New makes an empty repository whose branch is called main.
func New(t testing.TB) *Repo {
	t.Helper()
	find(t, "git")
	r := &Repo{Dir: filepath.Join(t.TempDir(), "site"), When: time.Date(2026, 8, 1, 8, 0, 0, 0, time.UTC)}
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r.Git(t, "init", "--quiet", "--initial-branch=main")
	return r
}

// Git runs git in the work tree and returns what it writes.
func (r *Repo) Git(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.Dir
	stamp := r.When.Format(time.RFC3339)
	cmd.Env = append(os.Environ(),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_DATE="+stamp, "GIT_COMMITTER_DATE="+stamp,
		"GIT_AUTHOR_NAME=Ida", "GIT_AUTHOR_EMAIL=ida@example.org", "GIT_COMMITTER_NAME=Ida", "GIT_COMMITTER_EMAIL=ida@example.org")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// Write writes files, by path and content.
func (r *Repo) Write(t testing.TB, files ...string) {
	t.Helper()
	for i := 0; i+1 < len(files); i += 2 {
		name := filepath.Join(r.Dir, filepath.FromSlash(files[i]))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Commit commits the work tree, after it wrote files, and returns the commit.
func (r *Repo) Commit(t testing.TB, files ...string) string {
	t.Helper()
	r.Write(t, files...)
	r.Git(t, "add", "--all")
	r.Git(t, "commit", "--quiet", "--allow-empty", "-m", "news")
	r.When = r.When.Add(time.Minute)
	return r.Git(t, "rev-parse", "HEAD")
}

// find is the path of a program.
func find(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			return filepath.Join(dir, name)
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("no %s: CI must test the real one", name)
	}
	t.Skipf("no %s", name)
	return ""
}

// Server is a web server that gives out the repositories below a directory.
type Server struct {
	// URL is the address of the server's root; CAFile the certificate to trust.
	URL, CAFile string
	// Requests counts requests. Before, if set, may answer one itself: then it returns true.
	Requests atomic.Int64
	Before   atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
	// NoFilter makes the server one that knows no partial clones.
	NoFilter atomic.Bool
	// Backend answers requests as the server does without Before.
	Backend http.Handler
}

// HTTPS serves the repositories below dir with git http-backend over TLS, under the names of their directories.
func HTTPS(t testing.TB, dir string) *Server {
	t.Helper()
	backend := exec.Command(find(t, "git"), "--exec-path")
	out, err := backend.Output()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{}
	s.Backend = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := &cgi.Handler{
			Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"), Root: "/",
			Env: []string{
				"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
				"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=uploadpack.allowFilter", "GIT_CONFIG_VALUE_0=" + strconv.FormatBool(!s.NoFilter.Load()),
				"GIT_CONFIG_KEY_1=safe.directory", "GIT_CONFIG_VALUE_1=*",
			},
		}
		if p := r.Header.Get("Git-Protocol"); p != "" {
			h.Env = append(h.Env, "GIT_PROTOCOL="+p)
		}
		h.ServeHTTP(w, r)
	})
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Requests.Add(1)
		if before := s.Before.Load(); before == nil || !(*before)(w, r) {
			s.Backend.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(web.Close)
	s.URL = web.URL
	s.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	if err := os.WriteFile(s.CAFile, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// SSH is an sshd that lets one key in.
type SSH struct {
	// URL is ssh://USER@HOST:PORT, to be followed by the path of a repository.
	URL string
	// KeyFile is the private key that is let in; KnownHosts holds the server's key.
	KeyFile, KnownHosts string
}

// StartSSH starts an sshd on a port of the loopback interface, for as long as the test runs.
func StartSSH(t testing.TB) *SSH {
	t.Helper()
	sshd, keygen := find(t, "sshd"), find(t, "ssh-keygen")
	find(t, "git")
	find(t, "ssh")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "sshd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // temporary
	for _, key := range []string{"host", "user"} {
		cmd := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v\n%s", err, out)
		}
	}
	if os.Getuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // where Debian's sshd wants to be locked in
			t.Fatal(err)
		}
	}
	s := &SSH{KeyFile: filepath.Join(dir, "user"), KnownHosts: filepath.Join(dir, "known")}
	var log bytes.Buffer
	for try := 0; ; try++ {
		port := freePort(t)
		config := fmt.Sprintf(`Port %d
ListenAddress 127.0.0.1
HostKey %s/host
AuthorizedKeysFile %s/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
AcceptEnv GIT_PROTOCOL
`, port, dir, dir)
		file := filepath.Join(dir, "config")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		log.Reset()
		cmd := exec.Command(sshd, "-D", "-e", "-f", file)
		cmd.Stderr = &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			cmd.Wait() //nolint:errcheck // it is killed
			close(ended)
		}()
		t.Cleanup(func() {
			cmd.Process.Kill() //nolint:errcheck // it may have ended
			<-ended
		})
		if answers(port, ended) {
			s.URL = fmt.Sprintf("ssh://%s@127.0.0.1:%d", me.Username, port)
			pub, err := os.ReadFile(filepath.Join(dir, "host.pub"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(s.KnownHosts, fmt.Appendf(nil, "[127.0.0.1]:%d %s", port, pub), 0o600); err != nil {
				t.Fatal(err)
			}
			return s
		}
		if try == 3 {
			<-ended
			t.Fatalf("sshd does not answer:\n%s", &log)
		}
	}
}

// answers waits for a server on a port.
func answers(port int, ended <-chan struct{}) bool {
	for range 500 {
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			c.Close() //nolint:errcheck // it has done its work
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return false
}

// freePort is a port that is likely to stay free for a moment.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing was promised
	return l.Addr().(*net.TCPAddr).Port
}

// Key makes a private key that nobody lets in.
func Key(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key-"+rand.Text()[:6])
	if out, err := exec.Command(find(t, "ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	return file
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"feedmill/feeds"
)

// TestSessions runs the user sessions of testdata/script: the test binary is feedmill. UPDATE=1 writes what feedmill
// prints into the files that are compared with it.
func TestSessions(t *testing.T) {
	p := sessions(t, "")
	p.Dir = "testdata/script"
	testscript.Run(t, p)
}

// TestDuplicatesOnRedis is the session of merged duplicates on the other kind of store.
func TestDuplicatesOnRedis(t *testing.T) {
	t.Parallel()
	p := sessions(t, startRedis(t).url)
	p.Files = []string{"testdata/script/duplicates.txtar"}
	testscript.Run(t, p)
}

// sessions are the words of sessions. A store wins over that of their configuration.
func sessions(t *testing.T, store string) testscript.Params {
	sample, err := filepath.Abs(sampleSite)
	if err != nil {
		t.Fatal(err)
	}
	return testscript.Params{
		UpdateScripts: os.Getenv("UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("SAMPLE", sample)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("TMPDIR", env.WorkDir)
			if store != "" {
				env.Setenv("FEEDMILL_STORE", store)
			}
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"absent": absent, "ask": ask, "configure": configure, "damage": damage, "exits": exits, "freeport": freePort, "get": get, "hup": hangUp,
			"listening": listening, "location": location, "oneline": oneLine, "platform": fakePlatform, "posts": makePosts, "same": sameTrees, "shown": shownBy,
			"unpack": unpack, "waitfor": waitFor, "waitstatus": waitStatus,
			"website": website,
		},
	}
}

// exits CODE COMMAND... runs a command that ends with this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	code := 0
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d, want %s; stdout:\n%s\nstderr:\n%s", code, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// oneline PATTERN demands that the last command printed nothing but one line, "feedmill: PATTERN", on stderr.
func oneLine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: oneline PATTERN")
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("stdout is not empty:\n%s", out)
	}
	text := strings.TrimSuffix(ts.ReadFile("stderr"), "\n")
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "{") { // the log, which is for machines here
			lines = append(lines, line)
		}
	}
	re, err := regexp.Compile(`^feedmill: (?:` + args[0] + `)$`)
	ts.Check(err)
	if len(lines) != 1 || !re.MatchString(lines[0]) {
		ts.Fatalf("want one line that matches %s, got:\n%s", re, text)
	}
}

// freeport VAR... sets variables to ports on which nobody listens.
func freePort(ts *testscript.TestScript, neg bool, args []string) {
	for taken := map[int]bool{}; len(args) > 0; {
		port := 10_000 + rand.IntN(20_000) // outside the range of ports that others get who ask for any
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil || taken[port] {
			continue
		}
		l.Close()
		taken[port] = true
		ts.Setenv(args[0], fmt.Sprint(port))
		args = args[1:]
	}
}

// listening VAR sets a variable to a port on which somebody listens until the end of the script.
func listening(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], fmt.Sprint(l.Addr().(*net.TCPAddr).Port))
}

// fetch is the body of a document.
func fetchBody(url string) (int, string, error) {
	client := http.Client{Timeout: 5 * time.Second}
	res, err := client.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

// get URL prints a document.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: get URL")
	}
	code, body, err := fetchBody(args[0])
	ts.Check(err)
	if code != http.StatusOK {
		ts.Fatalf("GET %s: %d\n%s", args[0], code, body)
	}
	_, err = io.WriteString(ts.Stdout(), body)
	ts.Check(err)
}

// ask URL [FIELD VALUE]... asks with header fields and prints the status and Retry-After of the answer.
func ask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args)%2 != 1 {
		ts.Fatalf("usage: ask URL [FIELD VALUE]...")
	}
	req, err := http.NewRequest(http.MethodGet, args[0], nil)
	ts.Check(err)
	for i := 1; i < len(args); i += 2 {
		req.Header.Add(args[i], args[i+1])
	}
	client := http.Client{Timeout: 5 * time.Second}
	res, err := client.Do(req)
	ts.Check(err)
	res.Body.Close()
	_, err = fmt.Fprintln(ts.Stdout(), res.StatusCode, res.Header.Get("Retry-After"))
	ts.Check(err)
}

// location URL prints the status of a redirect and where it leads.
func location(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: location URL")
	}
	client := http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	poll(ts, fmt.Sprint(args), func() (bool, string) {
		res, err := client.Get(args[0])
		if err != nil {
			return false, err.Error()
		}
		defer res.Body.Close()
		to := res.Header.Get("Location")
		if to == "" {
			return false, res.Status
		}
		_, err = fmt.Fprintln(ts.Stdout(), res.StatusCode, to)
		ts.Check(err)
		return true, ""
	})
}

// poll asks until ok, at most thirty seconds.
func poll(ts *testscript.TestScript, what string, ok func() (bool, string)) {
	last := ""
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var done bool
		if done, last = ok(); done {
			return
		}
	}
	ts.Fatalf("%s did not happen within thirty seconds; last seen:\n%s", what, last)
}

// waitfor URL [PATTERN] waits until a document is there, and matches.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: waitfor URL [PATTERN]")
	}
	re, err := regexp.Compile("(?m)" + strings.Join(args[1:], ""))
	ts.Check(err)
	poll(ts, fmt.Sprint(args), func() (bool, string) {
		code, body, err := fetchBody(args[0])
		return err == nil && code == http.StatusOK && re.MatchString(body), fmt.Sprint(code, " ", err, "\n", body)
	})
}

// waitstatus PATTERN waits until `feedmill status` prints what matches.
func waitStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitstatus PATTERN")
	}
	re, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	poll(ts, args[0], func() (bool, string) {
		if err := ts.Exec("feedmill", "status"); err != nil {
			return false, err.Error()
		}
		text := ts.ReadFile("stdout")
		return re.MatchString(text), text
	})
}

// website DIR [FILE...] serves the files of a directory on this machine, and writes its address into other files: WEB in
// them becomes the address, TLS that of a server whose certificate nobody trusts. Below /moved is a permanent redirect to
// each file, below /bare each file without validators. The variable WEB is the address, too.
func website(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: website DIR [FILE...]")
	}
	dir := os.DirFS(ts.MkAbs(args[0]))
	var address string
	serve := func(w http.ResponseWriter, r *http.Request) {
		name, moved := strings.CutPrefix(r.URL.Path, "/moved/")
		if moved {
			http.Redirect(w, r, "/"+name, http.StatusMovedPermanently)
			return
		}
		changed := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		name, bare := strings.CutPrefix(r.URL.Path, "/bare/")
		if bare {
			changed = time.Time{}
		}
		text, err := fs.ReadFile(dir, strings.TrimPrefix(name, "/"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, name, changed, strings.NewReader(strings.ReplaceAll(string(text), "WEB", address)))
	}
	plain, private := httptest.NewServer(http.HandlerFunc(serve)), httptest.NewUnstartedServer(http.HandlerFunc(serve))
	private.Config.ErrorLog = log.New(io.Discard, "", 0) // that nobody trusts it is what it is for
	private.StartTLS()
	ts.Setenv("WEB", plain.URL)
	ts.Defer(plain.Close)
	ts.Defer(private.Close)
	address = plain.URL
	for _, file := range args[1:] {
		path := ts.MkAbs(file)
		text, err := os.ReadFile(path)
		ts.Check(err)
		ts.Check(os.WriteFile(path, []byte(strings.NewReplacer("WEB", plain.URL, "TLS", private.URL).Replace(string(text))), 0o600))
	}
}

// hup sends SIGHUP to everything in the background.
func hangUp(ts *testscript.TestScript, neg bool, args []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGHUP))
	}
}

// posts DIR N makes a Jekyll site of N posts.
func makePosts(ts *testscript.TestScript, neg bool, args []string) {
	var n int
	_, err := fmt.Sscan(args[1], &n)
	ts.Check(err)
	dir := filepath.Join(ts.MkAbs(args[0]), "_posts")
	ts.Check(os.MkdirAll(dir, 0o755))
	for i := range n {
		text := fmt.Sprintf("---\ntitle: Post %d\ncategories: news\n---\nText %d.\n", i, i)
		ts.Check(os.WriteFile(filepath.Join(dir, fmt.Sprintf("2026-01-%02d-p%d.md", 1+i%28, i)), []byte(text), 0o644))
	}
}

// configure FILE LINE writes a configuration of one source with a line of its own.
func configure(ts *testscript.TestScript, neg bool, args []string) {
	text := args[1] + "\nadmin: off\ntitle: Of the file\nsources:\n  site: { jekyll: site }\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// damage FILE overwrites the second half of a file.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	for i := len(b) / 4; i < len(b); i++ {
		b[i] = 0xa5
	}
	ts.Check(os.WriteFile(path, b, 0o600))
}

// same DIR DIR demands that two directories hold the same files.
func sameTrees(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: same DIR DIR")
	}
	var have [2]map[string]string
	for i, dir := range args {
		have[i] = map[string]string{}
		fsys := os.DirFS(ts.MkAbs(dir))
		ts.Check(fs.WalkDir(fsys, ".", func(p string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := fs.ReadFile(fsys, p)
			have[i][p] = string(b)
			return err
		}))
	}
	for i := range have {
		for p, text := range have[i] {
			if other, ok := have[1-i][p]; !ok || other != text {
				ts.Fatalf("%s is in %s, and not the same in %s", p, args[i], args[1-i])
			}
		}
	}
}

// absent PATH WORD... demands that no file at or below a path has one of the words in its name or bytes.
func absent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: absent PATH WORD...")
	}
	n := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		n++
		for _, word := range args[1:] {
			if strings.Contains(name, word) || strings.Contains(string(b), word) {
				ts.Fatalf("%s has %q", name, word)
			}
		}
		return err
	}))
	if n == 0 {
		ts.Fatalf("%s has no file", args[0])
	}
}

// unpack FILE TO makes a store file of the state of a built tree, and writes all that its items say behind it.
func unpack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: unpack FILE TO")
	}
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	to := ts.MkAbs(args[1])
	ts.Check(os.RemoveAll(to))
	ts.Check(loadState(context.Background(), to, f))
	store, err := openState(to)
	ts.Check(err)
	page, err := store.Recent(context.Background(), feeds.All, feeds.ByPublished, feeds.Pos{}, 1000)
	ts.Check(err)
	ts.Check(store.Close())
	out, err := os.OpenFile(to, os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	for _, it := range page.Items {
		_, err := fmt.Fprintf(out, "%+v\n", it)
		ts.Check(err)
	}
	ts.Check(out.Close())
}

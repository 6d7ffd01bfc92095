package repo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxLine bounds an answer of one line, in bytes.
const maxLine = 64 << 10

// maxTold bounds what is kept of git's complaints, in bytes.
const maxTold = 8 << 10

// call is one run of git.
type call struct {
	args []string
	// stdin is what git reads; nil for nothing.
	stdin io.Reader
	// read takes what git writes; git is stopped when it returns an error. errDone stops it without one.
	read func(*bufio.Reader) error
	// outside: the clone is not there yet, or not meant.
	outside bool
	// env and config are added for the network.
	env    []string
	config [][2]string
	limit  time.Duration
}

// errDone ends the reading of an output early.
var errDone = errors.New("enough")

func discard(r *bufio.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// settings are what every git has to go by. They come through the environment: arguments can be seen by every user.
func (r *Repo) settings() [][2]string {
	return [][2]string{
		{"core.hooksPath", os.DevNull},
		{"core.fsmonitor", "false"},
		{"core.askPass", ""},
		{"core.bigFileThreshold", "16m"},
		{"core.quotePath", "false"},
		{"credential.helper", ""},
		{"fetch.recurseSubmodules", "false"},
		{"fetch.showForcedUpdates", "false"},
		{"fetch.writeCommitGraph", "false"},
		{"submodule.recurse", "false"},
		{"gc.auto", "0"},
		{"maintenance.auto", "false"},
		{"protocol.allow", "never"},
		{"advice.fetchShowForcedUpdates", "false"},
		{"pack.threads", "2"},
		{"diff.renameLimit", strconv.Itoa(maxRenames)},
		{"log.showSignature", "false"},
	}
}

// environment is all that git gets from us.
func environment(config [][2]string, more []string) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"TMPDIR=" + os.TempDir(),
		"HOME=" + os.DevNull,
		"XDG_CONFIG_HOME=" + os.DevNull,
		"LC_ALL=C",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_OPTIONAL_LOCKS=0",
		"GIT_NO_REPLACE_OBJECTS=1",
		"GIT_NO_LAZY_FETCH=1",
		"GIT_FLUSH=1",
		"GIT_CONFIG_COUNT=" + strconv.Itoa(len(config)),
	}
	for i, kv := range config {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, kv[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, kv[1]))
	}
	return append(env, more...)
}

// command makes git, in a process group that dies with ctx.
func (r *Repo) command(ctx context.Context, c call) *exec.Cmd {
	args := c.args
	if !c.outside {
		args = append([]string{"--git-dir=" + r.git}, args...)
	}
	cmd := exec.CommandContext(ctx, "git", append([]string{"--no-pager"}, args...)...)
	cmd.Env = environment(append(r.settings(), c.config...), c.env)
	cmd.Dir = r.o.Dir
	cmd.Stdin = c.stdin
	cmd.WaitDelay = 5 * time.Second
	group(cmd)
	return cmd
}

// run runs git to its end. The error tells what git complained of.
func (r *Repo) run(ctx context.Context, c call) error {
	if c.limit == 0 {
		c.limit = maxLocal
	}
	outer, cancel := context.WithTimeoutCause(ctx, c.limit, fmt.Errorf("it took longer than %v", c.limit))
	defer cancel()
	inner, stop := context.WithCancel(outer)
	defer stop()
	cmd := r.command(inner, c)
	told := &tail{}
	cmd.Stderr = told
	if c.read == nil {
		c.read = discard
	}
	fail := func(err error) error { return fmt.Errorf("git %s: %w", c.args[0], err) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fail(err)
	}
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			err = ErrNoGit
		}
		return fail(err)
	}
	readErr := c.read(bufio.NewReaderSize(out, 64<<10))
	if readErr != nil {
		stop()
	}
	waitErr := cmd.Wait()
	switch {
	case errors.Is(readErr, errDone), waitErr == nil && readErr == nil:
		return nil
	case outer.Err() != nil:
		return fail(context.Cause(outer))
	case readErr != nil && cmd.ProcessState.ExitCode() <= 0:
		return fail(readErr) // git ended well, or because we stopped it
	}
	return fail(explain(told.String(), waitErr))
}

// output is what git writes, at most limit bytes.
func (r *Repo) output(ctx context.Context, limit int64, args ...string) (string, error) {
	var text string
	err := r.run(ctx, call{args: args, read: func(out *bufio.Reader) (err error) {
		text, err = readAll(out, limit)
		return err
	}})
	return text, err
}

func readAll(r io.Reader, limit int64) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("it writes more than %d bytes", limit)
	}
	return string(b), err
}

// network runs git with the way outside. While it runs, the clone's size is watched.
func (r *Repo) network(ctx context.Context, stdin io.Reader, args ...string) error {
	return r.online(ctx, call{args: args, stdin: stdin})
}

func (r *Repo) online(ctx context.Context, c call) error {
	way, err := r.way(ctx)
	if err != nil {
		return err
	}
	defer way.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var watching sync.WaitGroup
	defer watching.Wait()
	done := make(chan struct{})
	defer close(done)
	watching.Go(func() { r.watchSize(done, cancel) })
	tooLarge := fmt.Errorf("%w: more than %d MiB on disk", ErrTooLarge, r.o.MaxDisk>>20)
	c.env, c.config, c.limit = way.env, append(way.config, partial...), maxNetwork
	err = r.run(ctx, c)
	if err != nil && errors.Is(err, ErrPaused) {
		host, _ := r.o.Address.hostPort()
		r.o.Network.Pause(context.WithoutCancel(ctx), host)
	}
	if denied := way.denied(); err != nil && denied != nil {
		return denied
	}
	if errors.Is(context.Cause(ctx), ErrTooLarge) || !c.outside && diskUse(r.git) > r.o.MaxDisk {
		return tooLarge
	}
	return err
}

// watchSize ends a fetch that fills the disk.
func (r *Repo) watchSize(done <-chan struct{}, stop context.CancelCauseFunc) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		over := diskUse(r.git) > r.o.MaxDisk
		if over {
			stop(ErrTooLarge)
			return
		}
		select {
		case <-done:
			return
		case <-tick.C:
		}
	}
}

// diskUse is the size of the files below a directory, in bytes.
func diskUse(dir string) (size int64) {
	// A file that vanishes while we look takes no room.
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // see above
		}
		if info, err := d.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	return size
}

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - maxTold; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}

// ErrNetwork says that the server cannot be reached, or broke off.
var ErrNetwork = errors.New("the server does not answer")

// ErrPaused says that the server was asked too often.
var ErrPaused = errors.New("the server wants to be left alone for a while")

// complaints are what git and ssh say, and what it means.
var complaints = []struct {
	text *regexp.Regexp
	err  error
}{
	{regexp.MustCompile(`Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|host key .* has changed`), ErrHostKey},
	{regexp.MustCompile(`cannot run ssh|ssh: not found|ssh: command not found`), ErrNoSSH},
	{regexp.MustCompile(`(?i)Authentication failed|could not read (Username|Password)|Permission denied|returned error: 40[134]|HTTP Basic: Access denied|UNPROTECTED PRIVATE KEY|Repository not found`), ErrCredentials},
	{regexp.MustCompile(`(?i)couldn't find remote ref|Remote branch .* not found`), ErrNoBranch},
	{regexp.MustCompile(`returned error: 429`), ErrPaused},
	{regexp.MustCompile(`(?i)Could not resolve host|Couldn't connect|Connection (refused|reset|timed out|closed)|Operation timed out|Operation too slow|SSL certificate problem|server certificate verification failed|early EOF|hung up unexpectedly|returned error: 5\d\d|Empty reply|Recv failure|CONNECT tunnel failed|RPC failed`), ErrNetwork},
}

// explain makes an error of what git complained of: the last lines that say something, on one line.
func explain(told string, err error) error {
	text := complaint(told)
	if text == "" {
		text = err.Error()
	}
	for _, c := range complaints {
		if c.text.MatchString(told) {
			return fmt.Errorf("%w (%s)", c.err, text)
		}
	}
	return errors.New(text)
}

// secretURL is user and password in an address.
var secretURL = regexp.MustCompile(`://[^/@\s]*@`)

// complaint is the gist of git's own words: the lines that it marks as such, without addresses' secrets.
func complaint(told string) string {
	var lines []string
	for line := range strings.Lines(told) {
		line = strings.TrimSpace(strings.Map(visible, line))
		rest, found := "", false
		for _, mark := range []string{"fatal: ", "error: ", "remote: ", "ERROR: "} {
			if r, ok := strings.CutPrefix(line, mark); ok {
				rest, found = strings.TrimSpace(r), true
				break
			}
		}
		switch {
		case found && rest != "" && len(lines) < 4:
			lines = append(lines, rest)
		case !found && line != "" && len(lines) < 2 && !strings.HasPrefix(line, "@@@") && !strings.HasPrefix(line, "hint:"):
			lines = append(lines, line)
		}
	}
	text := secretURL.ReplaceAllString(strings.Join(lines, "; "), "://")
	if len(text) > 500 {
		text = strings.ToValidUTF8(text[:500], "") + "…"
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

func visible(r rune) rune {
	if r < 0x20 || r == 0x7f {
		return ' '
	}
	return r
}

var program struct {
	sync.Mutex
	good bool
}

// checkProgram looks once for git and its version.
func checkProgram(ctx context.Context) error {
	program.Lock()
	defer program.Unlock()
	if program.good {
		return nil
	}
	path, err := exec.LookPath("git")
	if err != nil {
		return ErrNoGit
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.Env = environment(nil, nil)
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("git --version: %w", err)
	}
	if !recent(string(bytes.TrimSpace(out))) {
		return fmt.Errorf("%s is too old: %w", bytes.TrimSpace(out), ErrNoGit)
	}
	program.good = true
	return nil
}

var versionText = regexp.MustCompile(`^git version (\d{1,4})\.(\d{1,4})`)

// recent reports whether a version can take its configuration from the environment (GIT_CONFIG_COUNT, git 2.31).
func recent(version string) bool {
	m := versionText.FindStringSubmatch(version)
	if m == nil {
		return false
	}
	major, _ := strconv.Atoi(m[1]) // at most four digits
	minor, _ := strconv.Atoi(m[2])
	return major > 2 || major == 2 && minor >= 31
}

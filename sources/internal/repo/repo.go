// Package repo reads one branch of a git repository with the git program: the newest commit, its files, and what
// changed since another commit. It keeps a bare clone without work tree, as shallow as the server allows and without
// the contents of files until they are asked for (partial clone).
//
// The server is taken for hostile. Nothing of it is ever run: there are no hooks, no submodules, no filters and no
// checkout. git gets an environment of its own, without the configuration of the system or the user, may speak the one
// protocol of the configured address, and reaches the network only through what [Network] lets pass. Output, time and
// disk are bounded, and the whole process group dies with the context.
package repo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Limits of one repository.
const (
	// DefaultMaxDisk is the most that a clone may take on disk unless Options says otherwise, in bytes.
	DefaultMaxDisk = 4 << 30
	// MaxFiles is the most files of a commit that are listed.
	MaxFiles = 2_000_000
	// maxNetwork bounds one exchange with the server. Silence ends it much earlier.
	maxNetwork = time.Hour
	// maxLocal bounds one look into the clone.
	maxLocal = 10 * time.Minute
	// maxPacks is how many packs may gather before they are made one.
	maxPacks = 50
)

var (
	// ErrNoGit says that the git program is missing or too old.
	ErrNoGit = errors.New("git 2.31 or newer is needed: install the package git")
	// ErrNoSSH says that ssh is missing.
	ErrNoSSH = errors.New("ssh is needed for this address: install the package openssh-client")
	// ErrEmpty says that the repository has no commit.
	ErrEmpty = errors.New("the repository is empty: push a commit to it")
	// ErrNoBranch says that the branch is not there (any more).
	ErrNoBranch = errors.New("no such branch")
	// ErrCredentials says that the server does not let us in.
	ErrCredentials = errors.New("the server does not let us in; check the address and its credentials")
	// ErrHostKey says that the server's host key is not the known one.
	ErrHostKey = errors.New("the server's host key is not the one in known_hosts")
	// ErrTooLarge says that the clone would take more disk than allowed.
	ErrTooLarge = errors.New("the repository is too large")
	// ErrMissing says that an object is not in the clone.
	ErrMissing = errors.New("the object is missing")
)

// Options of a repository.
type Options struct {
	// Address is where the repository is.
	Address Address
	// Branch is its name; empty for the branch that the server's HEAD names.
	Branch string
	// Dir is a directory of our own, made when needed.
	Dir string
	// Header is sent to the https server; it may hold credentials.
	Header http.Header
	// CAFile holds the certificates that the server may be signed with, beside the system's if empty.
	CAFile string
	// KeyFile is the private key for ssh. KnownHosts is a file of host keys; empty to remember the first key in Dir.
	KeyFile, KnownHosts string
	// History keeps every commit, for [Repo.Touched].
	History bool
	// Network leads outside; not needed for a path.
	Network Network
	// Proxy is asked in place of Network; for https alone.
	Proxy *url.URL
	// Agent is the User-Agent for https; Silence how long a server may say nothing. 0 means a minute.
	Agent   string
	Silence time.Duration
	// MaxDisk bounds the clone, in bytes; 0 means DefaultMaxDisk.
	MaxDisk int64
}

// Repo is a repository with its clone. Its methods are for one caller at a time.
type Repo struct {
	o       Options
	git     string // the clone
	touched touched
}

// Commit is the newest commit of the branch.
type Commit struct {
	ID string
	// Branch is its name, also where none was configured.
	Branch string
	// New: the clone did not have it before.
	New bool
}

// New makes a repository; it does no input or output.
func New(o Options) *Repo {
	if o.MaxDisk <= 0 {
		o.MaxDisk = DefaultMaxDisk
	}
	if o.Silence <= 0 {
		o.Silence = time.Minute
	}
	return &Repo{o: o, git: filepath.Join(o.Dir, "repo.git")}
}

// Begin takes the clone for one caller, among all processes, until the returned function is called.
func (r *Repo) Begin(ctx context.Context) (end func(), err error) {
	if err := checkProgram(ctx); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(r.o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of the clone: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(r.o.Dir, "lock"))
	if err != nil {
		return nil, err
	}
	return sync.OnceFunc(unlock), nil
}

// Update asks the server for the newest commit of the branch and brings it into the clone. A clone that is broken is
// made anew. Fails with ErrEmpty, ErrNoBranch, ErrCredentials, ErrHostKey or ErrTooLarge, among others.
func (r *Repo) Update(ctx context.Context) (Commit, error) {
	tip, branch, err := r.remoteTip(ctx)
	if err != nil {
		return Commit{}, fmt.Errorf("ask %s for its branch: %w", r.o.Address, err)
	}
	c := Commit{ID: tip, Branch: branch}
	fresh, err := r.prepare(ctx, len(tip))
	if err != nil {
		return Commit{}, err
	}
	if !fresh {
		err := r.bring(ctx, &c)
		if err == nil || ctx.Err() != nil || final(err) {
			return c, err
		}
		if err := r.rebuild(ctx, len(tip)); err != nil {
			return Commit{}, err
		}
	}
	if err := r.bring(ctx, &c); err != nil {
		if errors.Is(err, ErrTooLarge) {
			err = errors.Join(err, os.RemoveAll(r.git))
		}
		return Commit{}, err
	}
	return c, nil
}

// final says that a new clone would fail in the same way.
func final(err error) bool {
	for _, known := range []error{ErrEmpty, ErrNoBranch, ErrCredentials, ErrHostKey, ErrNoGit, ErrNoSSH, ErrNetwork, ErrPaused} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// bring makes sure that the clone has a commit with all its trees.
func (r *Repo) bring(ctx context.Context, c *Commit) error {
	if r.whole(ctx, c.ID) {
		return r.setRef(ctx, "tip", c.ID)
	}
	c.New = true
	// The branch, not the commit: not every server gives out a commit by its name. If the branch moved meanwhile, what
	// it is now is as good.
	args := []string{
		"fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance",
		"--filter=blob:none", "--force", "--update-head-ok",
	}
	switch {
	case !r.o.History:
		args = append(args, "--depth=1")
	case r.shallow():
		args = append(args, "--unshallow")
	}
	args = append(args, "origin", "+refs/heads/"+c.Branch+":"+refs+"tip")
	if err := r.network(ctx, nil, args...); err != nil {
		return fmt.Errorf("fetch %s: %w", r.o.Address, err)
	}
	tip, err := r.output(ctx, maxLine, "rev-parse", "--verify", "--end-of-options", refs+"tip^{commit}")
	if err != nil {
		return fmt.Errorf("read the clone: %w", err)
	}
	if c.ID = strings.TrimSpace(tip); !isID(c.ID) {
		return fmt.Errorf("read the clone: %q is not a commit", c.ID)
	}
	if !r.whole(ctx, c.ID) {
		return fmt.Errorf("fetch %s: commit %s did not come whole", r.o.Address, c.ID)
	}
	return r.tidy(ctx)
}

// refs is where the commits are named that the clone is to keep.
const refs = "refs/feedmill/"

// Keep names a commit of the clone, so that it outlives the branch's next moves: the one to compare with later.
func (r *Repo) Keep(ctx context.Context, commit string) error { return r.setRef(ctx, "base", commit) }

func (r *Repo) setRef(ctx context.Context, name, commit string) error {
	if _, err := r.output(ctx, maxLine, "update-ref", refs+name, commit); err != nil {
		return fmt.Errorf("name the commit %s: %w", commit, err)
	}
	return nil
}

// Has says whether the clone has a commit with all its trees. If it has not, the server is asked for it: a commit that
// was rewritten or that another process fetched may still be there.
func (r *Repo) Has(ctx context.Context, commit string) (bool, error) {
	if !isID(commit) {
		return false, nil
	}
	if r.whole(ctx, commit) {
		return true, nil
	}
	args := []string{
		"fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance",
		"--filter=blob:none", "--force",
	}
	if !r.o.History {
		args = append(args, "--depth=1")
	}
	err := r.network(ctx, nil, append(args, "origin", "+"+commit+":"+refs+"base")...)
	if ctx.Err() != nil {
		return false, err
	}
	return err == nil && r.whole(ctx, commit), nil
}

// whole says whether a commit and every tree of it are in the clone.
func (r *Repo) whole(ctx context.Context, commit string) bool {
	return !(r.o.History && r.shallow()) && r.treesOf(ctx, commit)
}

func (r *Repo) treesOf(ctx context.Context, commit string) bool {
	if _, err := r.output(ctx, maxLine, "rev-parse", "--verify", "--quiet", "--end-of-options", commit+"^{tree}"); err != nil {
		return false
	}
	return r.run(ctx, call{args: []string{"ls-tree", "-r", "-d", "-z", commit}}) == nil
}

func (r *Repo) shallow() bool {
	_, err := os.Stat(filepath.Join(r.git, "shallow"))
	return err == nil
}

// tidy makes one pack of many.
func (r *Repo) tidy(ctx context.Context) error {
	packs, err := filepath.Glob(filepath.Join(r.git, "objects", "pack", "*.pack"))
	if err != nil || len(packs) < maxPacks {
		return err
	}
	if err := r.run(ctx, call{args: []string{"repack", "-a", "-d", "-q"}, config: partial}); err != nil {
		return fmt.Errorf("repack the clone: %w", err)
	}
	return nil
}

// marker holds what a clone was made for. Its absence says that it is not finished, or broken.
const marker = "feedmill"

// prepare makes the clone if it is not there, broken, or of another repository.
func (r *Repo) prepare(ctx context.Context, idLength int) (fresh bool, err error) {
	b, err := os.ReadFile(filepath.Join(r.git, marker))
	if err != nil || string(b) != r.identity(idLength) {
		return true, r.rebuild(ctx, idLength)
	}
	r.sweep()
	// What the last fetch brought must be there: a fetch into a broken clone may do anything.
	if tip, err := r.output(ctx, maxLine, "rev-parse", "--verify", "--quiet", refs+"tip"); err != nil || !r.treesOf(ctx, strings.TrimSpace(tip)) {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return true, r.rebuild(ctx, idLength)
	}
	return false, nil
}

// partial tells git that the clone is partial. Without it git never goes and fetches what it finds missing.
var partial = [][2]string{{"remote.origin.promisor", "true"}, {"remote.origin.partialclonefilter", "blob:none"}}

func (r *Repo) identity(idLength int) string {
	return fmt.Sprintf("1 %d %s\n", idLength, r.o.Address)
}

// Spoil says that the clone is broken: the next Update makes it anew.
func (r *Repo) Spoil() error {
	if err := os.Remove(filepath.Join(r.git, marker)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("mark the clone as broken: %w", err)
	}
	return nil
}

// rebuild makes an empty clone.
func (r *Repo) rebuild(ctx context.Context, idLength int) error {
	if err := os.RemoveAll(r.git); err != nil {
		return fmt.Errorf("remove the broken clone: %w", err)
	}
	r.touched = touched{}
	format := "sha1"
	if idLength == 64 {
		format = "sha256"
	}
	init := call{args: []string{"init", "--quiet", "--bare", "--template=", "--object-format=" + format, "--", r.git}, outside: true}
	if err := r.run(ctx, init); err != nil {
		return fmt.Errorf("make the clone: %w", err)
	}
	settings := [][2]string{
		{"remote.origin.url", r.o.Address.git()},
		{"remote.origin.tagOpt", "--no-tags"},
	}
	if r.o.Address.path != "" {
		// What serves a path is our own git, which may be told to give out parts.
		settings = append(settings, [2]string{
			"remote.origin.uploadpack", "git -c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true upload-pack",
		})
	}
	for _, s := range settings {
		if _, err := r.output(ctx, maxLine, "config", s[0], s[1]); err != nil {
			return fmt.Errorf("configure the clone: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(r.git, marker), []byte(r.identity(idLength)), 0o600); err != nil {
		return fmt.Errorf("make the clone: %w", err)
	}
	return nil
}

// sweep removes what a process that was killed left behind: locks, and packs that did not come whole. The clone is ours
// alone, see Begin.
func (r *Repo) sweep() {
	for _, pattern := range []string{"*.lock", "refs/feedmill/*.lock", "objects/pack/tmp_*", "objects/tmp_*", "objects/pack/.tmp-*", "objects/??/tmp_*"} {
		left, err := filepath.Glob(filepath.Join(r.git, filepath.FromSlash(pattern)))
		if err != nil {
			continue
		}
		for _, name := range left {
			_ = os.RemoveAll(name) // what stays is in git's way, which then says so
		}
	}
}

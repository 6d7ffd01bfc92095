package repo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// maxRenames is how many files on each side git compares by content to find renames; beyond that only equal content is.
const maxRenames = 1000

// Renames finds the files that are files of an older commit under another name: new path to old path. Both commits are
// in the clone. git compares contents where that is few enough; of more, equal contents are found. paths are those to
// look at, old and new ones.
func (r *Repo) Renames(ctx context.Context, old, commit string, paths []string) (map[string]string, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	args := []string{"--literal-pathspecs", "diff-tree", "-r", "-z", "--raw", "--diff-filter=R", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all"}
	if len(paths) > 2*maxRenames {
		args = append(args, "-M100%", old, commit)
	} else {
		args = append(append(args, "-M", old, commit, "--"), paths...)
	}
	found := map[string]string{}
	err := r.run(ctx, call{args: args, read: func(out *bufio.Reader) error {
		for {
			from, to, err := readRename(out)
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if found[to] = from; len(found) > MaxFiles {
				return fmt.Errorf("more than %d renames", MaxFiles)
			}
		}
	}})
	if err != nil {
		return nil, fmt.Errorf("compare %s with %s: %w", commit, old, err)
	}
	return found, nil
}

// readRename reads ":MODE MODE ID ID R086\0FROM\0TO\0".
func readRename(out *bufio.Reader) (from, to string, err error) {
	head, err := readRecord(out)
	if err != nil {
		return "", "", err
	}
	fields := strings.Split(head, " ")
	if len(fields) != 5 || !strings.HasPrefix(head, ":") || !strings.HasPrefix(fields[4], "R") {
		return "", "", fmt.Errorf("%w: %.80q", errRecord, head)
	}
	for _, p := range []*string{&from, &to} {
		if *p, err = readRecord(out); err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", "", err
		}
	}
	if from == "" || to == "" {
		return "", "", fmt.Errorf("%w: a rename without a name", errRecord)
	}
	return from, to, nil
}

// touched is what Touched knows of a commit's files.
type touched struct {
	commit, dir string
	times       map[string]time.Time
}

// Touched says when the files of a commit below dir ("" for all) were last changed: the commit time of the newest
// commit that is no merge and touched them. It needs Options.History.
func (r *Repo) Touched(ctx context.Context, commit, dir string) (map[string]time.Time, error) {
	if r.shallow() {
		return nil, fmt.Errorf("read the history of %s: the clone does not have it all", r.o.Address)
	}
	span := commit
	base := r.touched
	if base.dir != dir || base.times == nil || !r.ancestor(ctx, base.commit, commit) {
		base = touched{times: map[string]time.Time{}}
	} else if base.commit == commit {
		return base.times, nil
	} else {
		span = base.commit + ".." + commit
	}
	args := []string{
		"--literal-pathspecs", "log", "-z", "--format=%x01%ct", "--name-only", "--no-renames", "--no-merges", "--no-ext-diff", "--no-textconv",
		"--ignore-submodules=all", "--end-of-options", span,
	}
	if dir != "" {
		args = append(args, "--", dir)
	}
	fresh := map[string]time.Time{}
	err := r.run(ctx, call{args: args, read: func(out *bufio.Reader) error {
		return readLog(out, func(path string, at time.Time) error {
			if t, ok := fresh[path]; !ok || at.After(t) {
				fresh[path] = at
			}
			if len(fresh) > MaxFiles {
				return fmt.Errorf("more than %d files", MaxFiles)
			}
			return nil
		})
	}})
	if err != nil {
		return nil, fmt.Errorf("read the history of %s: %w", r.o.Address, err)
	}
	all := make(map[string]time.Time, len(base.times)+len(fresh))
	for path, t := range base.times {
		all[path] = t
	}
	for path, t := range fresh {
		all[path] = t
	}
	r.touched = touched{commit: commit, dir: dir, times: all}
	return all, nil
}

func (r *Repo) ancestor(ctx context.Context, old, commit string) bool {
	return old == commit || r.run(ctx, call{args: []string{"merge-base", "--is-ancestor", old, commit}}) == nil
}

// readLog reads "\x01SECONDS\0", then "\nPATH\0" and "PATH\0" for each file (the blank line of git log is in front of
// the first), and calls fn for each path.
func readLog(out *bufio.Reader, fn func(path string, at time.Time) error) error {
	var at time.Time
	for {
		record, err := readRecord(out)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		record = strings.TrimPrefix(record, "\n")
		if stamp, ok := strings.CutPrefix(record, "\x01"); ok {
			stamp, path, more := strings.Cut(stamp, "\n")
			seconds, err := strconv.ParseInt(stamp, 10, 64)
			if err != nil || seconds < -1<<40 || seconds > 1<<40 {
				return fmt.Errorf("%w: %.80q", errRecord, record)
			}
			at = time.Unix(seconds, 0).UTC()
			if record = path; !more {
				continue
			}
		}
		if record == "" {
			continue
		}
		if at.IsZero() {
			return fmt.Errorf("%w: %.80q", errRecord, record)
		}
		if err := fn(record, at); err != nil {
			return err
		}
	}
}

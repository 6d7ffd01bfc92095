package repo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Entry is a file of a commit.
type Entry struct {
	// Path is below the root of the repository, with forward slashes.
	Path string
	// ID names the content. Size is its length in bytes; -1 while the clone does not have it.
	ID   string
	Size int64
	// Link: the content is where a symbolic link leads to.
	Link bool
}

// List is the files of a commit below a directory ("" for all), in git's order. Submodules are none. A directory that
// is not there has no files.
func (r *Repo) List(ctx context.Context, commit, dir string) ([]Entry, error) {
	args := []string{"--literal-pathspecs", "ls-tree", "-r", "-l", "-z", "--full-tree", commit}
	if dir != "" {
		args = append(args, "--", dir+"/")
	}
	var list []Entry
	err := r.run(ctx, call{args: args, read: func(out *bufio.Reader) error {
		for {
			record, err := readRecord(out)
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			e, file, err := parseEntry(record)
			if err != nil {
				return err
			}
			if !file {
				continue
			}
			if list = append(list, e); len(list) > MaxFiles {
				return fmt.Errorf("more than %d files", MaxFiles)
			}
		}
	}})
	if err != nil {
		return nil, fmt.Errorf("list commit %s: %w", commit, err)
	}
	return list, nil
}

// maxRecord bounds one record of git's output: a path is at most 4 KiB where it can be checked out.
const maxRecord = 64 << 10

var errRecord = errors.New("git writes what is not understood")

// readRecord reads up to a NUL; io.EOF at the end.
func readRecord(r *bufio.Reader) (string, error) {
	var b []byte
	for {
		part, err := r.ReadSlice(0)
		b = append(b, part...)
		switch {
		case err == nil:
			return string(b[:len(b)-1]), nil
		case len(b) > maxRecord:
			return "", fmt.Errorf("%w: a record of more than %d bytes", errRecord, maxRecord)
		case err == bufio.ErrBufferFull:
		case err == io.EOF && len(b) == 0:
			return "", io.EOF
		case err == io.EOF:
			return "", io.ErrUnexpectedEOF
		default:
			return "", err
		}
	}
}

// parseEntry reads "MODE TYPE ID SIZE\tPATH"; file is false for what is no file. The size of what is missing is "BAD".
func parseEntry(record string) (e Entry, file bool, err error) {
	head, path, ok := strings.Cut(record, "\t")
	fields := strings.Fields(head)
	if !ok || len(fields) != 4 || path == "" || !isID(fields[2]) {
		return e, false, fmt.Errorf("%w: %.80q", errRecord, record)
	}
	e = Entry{Path: path, ID: fields[2], Link: fields[0] == "120000", Size: -1}
	if size, err := strconv.ParseInt(fields[3], 10, 64); err == nil && size >= 0 {
		e.Size = size
	}
	return e, fields[1] == "blob", nil
}

// Prefetch brings the contents of files into the clone, all in one exchange with the server.
func (r *Repo) Prefetch(ctx context.Context, commit string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	missing, err := r.missing(ctx, commit, wanted)
	if err != nil || len(missing) == 0 {
		return err
	}
	for part := range chunks(missing, maxWants) {
		err := r.network(ctx, strings.NewReader(strings.Join(part, "\n")+"\n"), "-c", "fetch.negotiationAlgorithm=noop",
			"fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance",
			"--filter=blob:none", "--stdin", "origin")
		if err != nil {
			return fmt.Errorf("fetch %d files of %s: %w", len(part), r.o.Address, err)
		}
	}
	if missing, err = r.missing(ctx, commit, wanted); err != nil {
		return err
	}
	if len(missing) > 0 {
		return fmt.Errorf("fetch %d files of %s: the server keeps back %d of them: %w", len(wanted), r.o.Address, len(missing), ErrMissing)
	}
	return nil
}

// maxWants is how many objects are asked for at once.
const maxWants = 20_000

func chunks(list []string, size int) func(func([]string) bool) {
	return func(yield func([]string) bool) {
		for len(list) > 0 {
			n := min(size, len(list))
			if !yield(list[:n]) {
				return
			}
			list = list[n:]
		}
	}
}

// missing are those of the wanted files of a commit that are not in the clone.
func (r *Repo) missing(ctx context.Context, commit string, wanted map[string]bool) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	err := r.run(ctx, call{
		args: []string{"rev-list", "--objects", "--no-walk", "--missing=print", "--end-of-options", commit},
		read: func(in *bufio.Reader) error {
			lines := bufio.NewScanner(in)
			lines.Buffer(make([]byte, 0, 4096), maxRecord)
			for lines.Scan() {
				if id, ok := strings.CutPrefix(lines.Text(), "?"); ok && wanted[id] && !seen[id] {
					seen[id] = true
					out = append(out, id)
				}
			}
			return lines.Err()
		},
	})
	if err != nil {
		return nil, fmt.Errorf("look what the clone lacks: %w", err)
	}
	return out, nil
}

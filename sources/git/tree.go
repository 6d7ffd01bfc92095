package git

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"feedmill/sources/internal/postdir"
	"feedmill/sources/internal/repo"
)

// tree is a directory of a commit as a Tree.
type tree struct {
	files map[string]repo.Entry
	dirs  map[string][]fs.DirEntry
	times map[string]time.Time // when files were last changed; nil if that is not known
	// read reads a blob.
	read func(id string, limit int64) ([]byte, error)

	mu     sync.Mutex
	broken error // the first content that could not be read though the commit has it
}

var _ postdir.Tree = (*tree)(nil)

// newTree makes a tree of the files below a directory of a commit, "" for all. times is by the paths of the commit.
func newTree(list []repo.Entry, dir string, times map[string]time.Time) *tree {
	t := &tree{files: make(map[string]repo.Entry, len(list)), dirs: map[string][]fs.DirEntry{"": nil}}
	if times != nil {
		t.times = make(map[string]time.Time, len(list))
	}
	for _, e := range list {
		full := e.Path
		if dir != "" {
			rel, ok := strings.CutPrefix(e.Path, dir+"/")
			if !ok {
				continue
			}
			e.Path = rel
		}
		if !fs.ValidPath(e.Path) {
			continue // git lets nobody commit such a name; a hostile server may
		}
		if at, ok := times[full]; ok {
			t.times[e.Path] = at
		}
		t.files[e.Path] = e
		t.enter(e.Path)
	}
	return t
}

// enter lists a file in its directory, and that one in its own.
func (t *tree) enter(name string) {
	for {
		parent, base := split(name)
		_, isFile := t.files[name]
		known := t.dirs[parent] != nil
		mode := fs.ModeDir
		if isFile {
			mode = 0
			if t.files[name].Link {
				mode = fs.ModeSymlink
			}
		}
		t.dirs[parent] = append(t.dirs[parent], &info{name: base, mode: mode, tree: t, path: name})
		if parent == "" || known {
			return
		}
		name = parent
	}
}

func split(name string) (dir, base string) {
	i := strings.LastIndexByte(name, '/')
	return name[:max(i, 0)], name[i+1:]
}

// info is a file or directory of a tree.
type info struct {
	name string
	mode fs.FileMode
	tree *tree
	path string
}

func (i *info) Name() string               { return i.name }
func (i *info) IsDir() bool                { return i.mode.IsDir() }
func (i *info) Type() fs.FileMode          { return i.mode.Type() }
func (i *info) Mode() fs.FileMode          { return i.mode }
func (i *info) Info() (fs.FileInfo, error) { return i, nil }
func (i *info) Size() int64                { return max(i.tree.files[i.path].Size, 0) }
func (i *info) ModTime() time.Time         { return i.tree.times[i.path] }
func (i *info) Sys() any                   { return nil }

// ReadDir lists a directory.
func (t *tree) ReadDir(dir string) ([]fs.DirEntry, error) {
	real, err := t.follow("open", dir, true)
	if err != nil {
		return nil, err
	}
	list, ok := t.dirs[real]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: fs.ErrNotExist}
	}
	return slices.Clone(list), nil
}

// Lstat knows the size of what the clone has.
func (t *tree) Lstat(name string) (fs.FileInfo, error) {
	real, err := t.follow("lstat", name, false)
	if err != nil {
		return nil, err
	}
	if e, ok := t.files[real]; ok {
		mode := fs.FileMode(0)
		if e.Link {
			mode = fs.ModeSymlink
		}
		return &info{name: path.Base(real), mode: mode, tree: t, path: real}, nil
	}
	if _, ok := t.dirs[real]; ok {
		return &info{name: path.Base(real), mode: fs.ModeDir, tree: t, path: real}, nil
	}
	return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
}

// Mark is the first half of the blob's name. A link's own says nothing of what it leads to.
func (t *tree) Mark(fi fs.FileInfo) uint64 {
	i, ok := fi.(*info)
	if !ok || i.mode != 0 {
		return 0
	}
	var b [8]byte
	if _, err := hex.Decode(b[:], []byte(t.files[i.path].ID[:16])); err != nil {
		return 0
	}
	return max(binary.BigEndian.Uint64(b[:]), 1)
}

// errNotFile is what reading something else than a file gives.
var errNotFile = errors.New("not a regular file")

// ReadFile reads a file, also by way of links.
func (t *tree) ReadFile(name string, limit int64) ([]byte, fs.FileInfo, error) {
	real, err := t.follow("read", name, true)
	if err != nil {
		return nil, nil, err
	}
	e, ok := t.files[real]
	if !ok {
		err := fs.ErrNotExist
		if _, isDir := t.dirs[real]; isDir {
			err = errNotFile
		}
		return nil, nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	fi := &info{name: path.Base(real), tree: t, path: real}
	b, err := t.content(e, limit)
	var large *repo.TooLargeError
	if errors.As(err, &large) {
		err = postdir.ErrTooLarge(limit)
	}
	if err != nil {
		return nil, fi, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return b, fi, nil
}

func (t *tree) content(e repo.Entry, limit int64) ([]byte, error) {
	b, err := t.read(e.ID, limit)
	var large *repo.TooLargeError
	if err != nil && !errors.As(err, &large) {
		t.mu.Lock()
		if t.broken == nil {
			t.broken = err
		}
		t.mu.Unlock()
	}
	return b, err
}

// damage is the first content that could not be read.
func (t *tree) damage() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.broken
}

// Links are followed so far, and are at most so long, in bytes.
const (
	maxHops = 20
	maxLink = 4 << 10
)

var (
	errEscapes = errors.New("path escapes from parent") // as os.Root says it
	errLoop    = errors.New("too many links")
)

// follow resolves the links in a path, the last one only if asked to.
func (t *tree) follow(op, name string, last bool) (string, error) {
	fail := func(err error) (string, error) { return "", &fs.PathError{Op: op, Path: name, Err: err} }
	if name == "" || name == "." {
		return "", nil
	}
	if !fs.ValidPath(name) {
		return fail(errEscapes)
	}
	done, rest := "", name
	for hops := 0; rest != ""; {
		part, more, _ := strings.Cut(rest, "/")
		next := path.Join(done, part)
		e, ok := t.files[next]
		if !ok || !e.Link || more == "" && !last {
			if ok && more != "" {
				return fail(fs.ErrNotExist) // a file is no directory
			}
			done, rest = next, more
			continue
		}
		if hops++; hops > maxHops {
			return fail(errLoop)
		}
		b, err := t.content(e, maxLink)
		if err != nil {
			return fail(err)
		}
		to := string(b)
		if path.IsAbs(to) {
			return fail(errEscapes)
		}
		to = path.Join(done, to, more)
		if to == ".." || strings.HasPrefix(to, "../") {
			return fail(errEscapes)
		}
		if to == "." {
			return "", nil
		}
		done, rest = "", to
	}
	return done, nil
}

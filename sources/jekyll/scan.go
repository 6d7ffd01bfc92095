package jekyll

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"feedmill/sources"
)

// defaultExcludes are Jekyll's own.
var defaultExcludes = []string{
	".sass-cache", ".jekyll-cache", "gemfiles", "Gemfile", "Gemfile.lock",
	"node_modules", "vendor/bundle/", "vendor/cache/", "vendor/gems/", "vendor/ruby/",
}

// maxLevels bounds how deep directories are entered.
const maxLevels = 40

// file is a post on disk.
type file struct {
	path  string // below the root, with forward slashes
	size  int64
	mtime int64
	link  bool // a symbolic link: size and mtime are not the file's
}

// listing is what a walk found.
type listing struct {
	files []file
	// dirs are all directories that may come to hold posts, the root ("") first.
	dirs []string
	// unread are the directories that could not be listed: nothing below them is gone.
	unread  []string
	reports []sources.Rejected
}

// walk lists the posts below root, sorted by path.
func (s *site) walk(root *os.Root) (*listing, error) {
	l := &listing{dirs: []string{""}}
	top := s.top
	if top != "" {
		l.dirs = append(l.dirs, top)
	}
	if err := s.walkDir(root, top, false, 0, l); err != nil {
		return nil, err
	}
	slices.SortFunc(l.files, func(a, b file) int { return cmp.Compare(a.path, b.path) })
	return l, nil
}

// walkDir lists one directory. Only the error of the first one is the site's.
func (s *site) walkDir(root *os.Root, dir string, posts bool, level int, l *listing) error {
	entries, err := readDir(root, dir)
	if err != nil {
		if level == 0 {
			return err
		}
		l.unread = append(l.unread, dir+"/")
		l.reports = append(l.reports, sources.Rejected{Where: dir, Reason: "cannot list the directory: " + reason(err)})
		return nil
	}
	if level > 0 {
		l.dirs = append(l.dirs, dir)
	}
	for _, e := range entries {
		name := e.Name()
		rel := path.Join(dir, name)
		switch {
		case e.IsDir():
			if level < maxLevels && s.enter(rel, name, posts) {
				s.walkDir(root, rel, posts || name == "_posts", level+1, l) //nolint:errcheck // reported in l
			}
		case e.Type()&fs.ModeSymlink != 0 && name == "_posts" && !posts:
			l.unread = append(l.unread, rel+"/")
			l.reports = append(l.reports, sources.Rejected{
				Where: rel, Reason: "a symbolic link to a directory is not followed: configure the site where the directory really is",
			})
		case posts && !special(name) && s.candidate(name) && (e.Type().IsRegular() || e.Type()&fs.ModeSymlink != 0):
			info, err := e.Info()
			if err != nil {
				continue // gone since the directory was read
			}
			l.files = append(l.files, file{rel, info.Size(), info.ModTime().UnixNano(), e.Type()&fs.ModeSymlink != 0})
		}
	}
	return nil
}

// enter reports whether Jekyll looks into a directory.
func (s *site) enter(rel, name string, posts bool) bool {
	if name == "_posts" && !posts {
		return true
	}
	for _, in := range s.include {
		if strings.Trim(in, "/") == rel {
			return true
		}
	}
	return !special(name) && !s.excluded(rel)
}

func (s *site) excluded(rel string) bool {
	for _, ex := range s.exclude {
		ex = strings.TrimPrefix(ex, "/")
		if ok, err := path.Match(strings.TrimSuffix(ex, "/"), rel); err == nil && ok {
			return true
		}
		if strings.HasPrefix(rel+"/", strings.TrimSuffix(ex, "/")+"/") {
			return true
		}
	}
	return false
}

// candidate reports whether a file below _posts is written like a post, whatever its name says.
func (s *site) candidate(name string) bool {
	ext := path.Ext(name)
	return s.isMarkdown(ext) || isHTML(ext)
}

// postPath reports whether a path is one that walk would list, for events about single files.
func (s *site) postPath(rel string) bool {
	dir, name := path.Split(rel)
	if special(name) || !s.candidate(name) {
		return false
	}
	entered, posts := s.entered(strings.TrimSuffix(dir, "/"))
	return entered && posts
}

// enterPath reports whether walk would list a directory.
func (s *site) enterPath(dir string) bool {
	entered, _ := s.entered(dir)
	return entered
}

// entered reports whether walk comes to a directory, and whether that is in _posts.
func (s *site) entered(dir string) (ok, posts bool) {
	if s.top != "" && dir != s.top && !strings.HasPrefix(dir, s.top+"/") {
		return false, false
	}
	for i := len(s.top); i < len(dir); {
		if dir[i] == '/' {
			i++
		}
		end := len(dir)
		if j := strings.IndexByte(dir[i:], '/'); j >= 0 {
			end = i + j
		}
		if !s.enter(dir[:end], dir[i:end], posts) {
			return false, false
		}
		posts = posts || dir[i:end] == "_posts"
		i = end
	}
	return true, posts
}

// openRoot opens the site's directory.
func openRoot(dir string) (*os.Root, error) {
	root, err := os.OpenRoot(dir)
	if err == nil {
		return root, nil
	}
	return nil, fmt.Errorf("open the site: %w (%w): is the disk mounted, and may this user read it?", err, sources.ErrConfig)
}

// readDir lists a directory below root. It does not leave the root, also where a directory became a link meanwhile.
func readDir(root *os.Root, dir string) ([]fs.DirEntry, error) {
	if dir == "" {
		dir = "."
	}
	f, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadDir(-1)
}

var errNotFile = errors.New("not a regular file")

// errTooLarge says that a file is larger than its limit.
type errTooLarge int64

func (e errTooLarge) Error() string { return fmt.Sprintf("larger than %d KiB", int64(e)>>10) }

// readFile reads a file below root. Links that lead out of root are refused, and opening never waits (a named pipe).
func readFile(root *os.Root, name string, limit int64) ([]byte, fs.FileInfo, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("read %s: %w", name, errNotFile)
	}
	if info.Size() > limit {
		return nil, info, fmt.Errorf("read %s: %w", name, errTooLarge(limit))
	}
	b := make([]byte, info.Size()+1)
	n, err := f.Read(b)
	if err == nil && int64(n) == info.Size() {
		return b[:n], info, nil // a regular file that had one byte more would have given it
	}
	if err == nil {
		var more int
		more, err = io.ReadFull(f, b[n:])
		n += more
	}
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return b[:n], info, nil
	case err != nil:
		return nil, nil, err
	}
	rest, err := io.ReadAll(io.LimitReader(f, limit)) // it grew while we read
	if err != nil {
		return nil, nil, err
	}
	if b = append(b, rest...); int64(len(b)) > limit {
		return nil, info, fmt.Errorf("read %s: %w", name, errTooLarge(limit))
	}
	return b, info, nil
}

// reason is an error without the path, which stands beside it.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		if strings.Contains(pe.Err.Error(), "escapes") {
			return "the symbolic link leads out of the site and is not followed"
		}
		return pe.Err.Error()
	}
	return err.Error()
}

// loaded is a file that was read and decoded.
type loaded struct {
	candidate
	post *post
	// err says that the file cannot be read; gone that it is not there any more.
	err  error
	gone bool
	// same: the bytes are those of the stamp and so is the site, so nothing was decoded.
	same bool
}

// load reads and decodes one file; force decodes also what the stamp knows. It is safe for concurrent use.
func (s *site) load(root *os.Root, f candidate, force bool, now time.Time) loaded {
	l := loaded{candidate: f}
	if _, ok := parseName(path.Base(f.path)); !ok {
		l.post = new(post).reject(0, "%s", badName)
		l.mtime = max(f.mtime, 1) // the name does not get older
		return l
	}
	b, info, err := readFile(root, f.path, maxPost)
	var large errTooLarge
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.gone = true
		return l
	case errors.As(err, &large):
		l.post = new(post).reject(0, "%v", large)
		return l
	case err != nil:
		l.err = err
		return l
	}
	l.mtime = trusted(info.ModTime(), now)
	if f.link {
		l.mtime = 0 // the link's own time says nothing
	}
	l.size = int64(len(b))
	if p := f.prior; !force && p != nil && p.shape == s.shape && p.size == l.size && p.raw == rawHash(b) {
		l.same = true
		return l
	}
	l.post = s.decode(f.path, b, now)
	return l
}

package postdir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"feedmill/sources"
)

// Tree holds the files of a site. Paths are relative to its root, with forward slashes; "" is the root. What is not
// there is an error that is [fs.ErrNotExist]. A Tree is only read, by several goroutines at once.
type Tree interface {
	// ReadDir lists a directory, in any order. It does not list what a link leads to outside of the tree.
	ReadDir(dir string) ([]fs.DirEntry, error)
	// Lstat is what is known of a file without reading it; of a symbolic link it is the link's own.
	Lstat(path string) (fs.FileInfo, error)
	// ReadFile reads a regular file, also by way of a link that stays in the tree. The info is that of the file that was
	// read; its ModTime is zero if the tree does not know it. A larger file is an [ErrTooLarge], and what is no file (a
	// device, a pipe) an error at once.
	ReadFile(path string, limit int64) ([]byte, fs.FileInfo, error)
	// Mark tells one state of a file from the next: a file with the mark and the size of a former look is taken as not
	// changed. 0 tells nothing, so that the file is read. It is the modification time on disk and the hash of the
	// blob in a repository.
	Mark(info fs.FileInfo) uint64
}

// ErrTooLarge says that a file is larger than this limit, in bytes.
type ErrTooLarge int64

func (e ErrTooLarge) Error() string { return fmt.Sprintf("larger than %d KiB", int64(e)>>10) }

// errNotFile is what reading something else than a file gives.
var errNotFile = errors.New("not a regular file")

// Disk is a directory on disk as a Tree. Links that lead out of it are refused.
type Disk struct{ root *os.Root }

var _ Tree = (*Disk)(nil)

// OpenDisk opens a directory; Close it. The error is a sources.ErrConfig.
func OpenDisk(dir string) (*Disk, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the site: %w (%w): is the disk mounted, and may this user read it?", err, sources.ErrConfig)
	}
	return &Disk{root}, nil
}

// Close ends the use of the directory.
func (d *Disk) Close() error { return d.root.Close() }

// ReadDir does not leave the root, also where a directory became a link meanwhile. Opening never waits (a named pipe).
func (d *Disk) ReadDir(dir string) ([]fs.DirEntry, error) {
	if dir == "" {
		dir = "."
	}
	f, err := d.root.OpenFile(dir, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadDir(-1)
}

// Lstat does not follow the last link.
func (d *Disk) Lstat(path string) (fs.FileInfo, error) { return d.root.Lstat(path) }

// settle is how old a file must be for its time to be trusted: coarser than the clock of any file system in use.
const settle = 2 * time.Second

// Mark is the modification time in nanoseconds. It is 0 for a file so young that a second write may leave the same time,
// and for a link, whose own time says nothing.
func (d *Disk) Mark(info fs.FileInfo) uint64 {
	t := info.ModTime()
	if info.Mode()&fs.ModeSymlink != 0 || time.Since(t) < settle {
		return 0
	}
	return uint64(t.UnixNano())
}

// ReadFile reads a file below the root.
func (d *Disk) ReadFile(name string, limit int64) ([]byte, fs.FileInfo, error) {
	f, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
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
		return nil, info, fmt.Errorf("read %s: %w", name, ErrTooLarge(limit))
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
		return nil, info, fmt.Errorf("read %s: %w", name, ErrTooLarge(limit))
	}
	return b, info, nil
}

package tree

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
)

// Staged is a file that is written beside its place, piece by piece: what is too large for memory, or stands for others that
// have to be there first. Exactly one of Keep and Discard ends it.
type Staged struct {
	dir  *Dir
	path string
	f    *os.File
	sum  hash.Hash
}

// Stage begins a file. It fails with a [*ForeignError] where one of others has the name.
func (d *Dir) Stage(p string) (*Staged, error) {
	if err := d.Foreign(p); err != nil {
		return nil, err
	}
	err := d.prepare(p)
	var f *os.File
	if err == nil {
		f, err = d.root.OpenFile(filepath.FromSlash(p+partial), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	}
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", d.at(p), err)
	}
	return &Staged{d, p, f, sha256.New()}, nil
}

// Write implements io.Writer.
func (s *Staged) Write(b []byte) (int, error) {
	s.sum.Write(b)
	n, err := s.f.Write(b)
	if err != nil {
		err = fmt.Errorf("write %s: %w", s.dir.at(s.path), err)
	}
	return n, err
}

// Keep puts the file in its place. One that has these bytes already is not touched.
func (s *Staged) Keep() error {
	same, err := false, s.f.Close()
	if err == nil {
		if same, err = s.same(); err == nil && !same {
			err = s.dir.settle(s.path)
		}
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", s.dir.at(s.path), err), s.remove())
	}
	s.dir.count(s.path, digest(s.sum), same)
	if same {
		return s.remove()
	}
	return nil
}

// same says whether the file is there already.
func (s *Staged) same() (bool, error) {
	info, err := s.dir.root.Lstat(filepath.FromSlash(s.path))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return false, nil
	} else if err != nil {
		return false, err
	}
	old, err := s.dir.hashOf(s.path)
	return old == digest(s.sum), err
}

// Discard gives the file up.
func (s *Staged) Discard() error { return errors.Join(s.f.Close(), s.remove()) }

func (s *Staged) remove() error { return s.dir.discard(filepath.FromSlash(s.path + partial)) }

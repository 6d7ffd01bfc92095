// Package tree keeps a directory of files that a program writes again and again, beside files of others. It touches only what
// it wrote itself: that stands in a manifest in the directory, which is saved last. Each file is replaced in one step, and one
// whose bytes are the same is not touched.
//
// A run that was killed leaves every file whole, the old one or the new one. Which files it wrote stands in a journal, so that
// the next run knows them for its own; it compares bytes, and so repairs what is not as it should be. Files are not forced to
// the disk: what a crash of the machine loses is made again.
package tree

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// errNotDir is what the system answers for a path below a file.
const errNotDir = syscall.ENOTDIR

const (
	// Manifest is the name of the file that lists the others, with hashes of their bytes.
	Manifest = "feedmill.manifest"
	journal  = "feedmill.journal"
	// partial is what the name of a file that is being written ends in.
	partial = ".feedmill-new"
	// maxManifest bounds the manifest and the journal, in bytes: more than a million files.
	maxManifest = 256 << 20
	// maxOld bounds a file that is compared with what it is to be, in bytes; longer ones are other ones.
	maxOld = 1 << 30
)

// manifest is what the file of that name holds.
type manifest struct {
	// Version is 1. Facts are what the program wants to know the next time.
	Version int               `json:"feedmill_manifest"`
	Facts   map[string]string `json:"facts,omitempty"`
	Files   map[string]string `json:"files"`
}

// Dir is a directory of which one process writes a part. Its methods may be called at once but for Finish and Close.
type Dir struct {
	root    *os.Root
	lock    *os.File // the directory itself
	name    string
	shared  error
	fresh   bool
	old     manifest
	journal *os.File

	mu      sync.Mutex
	written map[string]string // of this run, also what stayed as it was
	begun   map[string]bool   // by this run or one that was killed
	counts  Counts
}

// Counts tell what became of files.
type Counts struct{ Written, Deleted, Unchanged int }

// ErrLocked is what Open fails with while another process writes there.
var ErrLocked = errors.New("another feedmill writes there: wait until it has ended, or give this one a directory of its own")

// Open opens a directory, which it makes if there is none. It fails with [ErrLocked] while another process has it open, as far
// as [Dir.Shared] can tell.
func Open(name string) (_ *Dir, err error) {
	if err := os.MkdirAll(name, 0o755); err != nil {
		return nil, fmt.Errorf("make the directory %s: %w", name, err)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("open the directory %s: %w", name, err)
	}
	d := &Dir{root: root, name: name, written: map[string]string{}, begun: map[string]bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open the directory %s: %w", name, err), d.Close())
		}
	}()
	if d.lock, err = root.Open("."); err != nil {
		return nil, err
	}
	if d.shared = lock(d.lock); errors.Is(d.shared, ErrLocked) {
		return nil, ErrLocked
	}
	b, err := d.read(Manifest, maxManifest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.fresh = true
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(b, &d.old); err != nil || d.old.Version != 1 {
			return nil, fmt.Errorf("%s is no manifest that this feedmill knows: if none of the files here matter, empty the directory", Manifest)
		}
	}
	if err := d.resume(); err != nil {
		return nil, err
	}
	return d, nil
}

// resume takes over what a run that was killed had begun.
func (d *Dir) resume() error {
	b, err := d.read(journal, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for line := range strings.Lines(string(b)) {
		var p string
		if !strings.HasSuffix(line, "\n") || json.Unmarshal([]byte(line), &p) != nil {
			continue // it was being written, so the file was not
		}
		d.begun[p] = true
		if err := d.root.Remove(filepath.FromSlash(p + partial)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// read reads a file of at most so many bytes.
func (d *Dir) read(p string, most int64) ([]byte, error) {
	f, err := d.root.Open(filepath.FromSlash(p))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s is longer than %d bytes", p, most)
	}
	return b, err
}

// Shared says why another process could write here at the same time: the file system does not lock directories, as NFS. Nil
// where none can.
func (d *Dir) Shared() error { return d.shared }

// Fresh says that no run has ever finished here.
func (d *Dir) Fresh() bool { return d.fresh }

// Fact is what the last finished run remembered under a name.
func (d *Dir) Fact(name string) string { return d.old.Facts[name] }

// Owns says whether an earlier run wrote this file.
func (d *Dir) Owns(p string) bool {
	_, ok := d.old.Files[p]
	d.mu.Lock()
	defer d.mu.Unlock()
	return ok || d.begun[p]
}

// Same says whether a file is there and has these bytes.
func (d *Dir) Same(p string, body []byte) (bool, error) {
	info, err := d.root.Lstat(filepath.FromSlash(p))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotDir) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("look at %s: %w", d.at(p), err)
	}
	if !info.Mode().IsRegular() || info.Size() != int64(len(body)) {
		return false, nil
	}
	have, err := d.read(p, maxOld)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", d.at(p), err)
	}
	return bytes.Equal(have, body), nil
}

// ForeignError names a file that is there and that no earlier run wrote.
type ForeignError struct{ Path string }

func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s is there and feedmill did not write it: move it away, or write into another directory", e.Path)
}

// Foreign fails with a [*ForeignError] where a file that no run of ours wrote is in the way of one, or a file where a directory
// is to be.
func (d *Dir) Foreign(p string) error {
	if d.Owns(p) {
		return nil
	}
	for at := p; at != "."; at = path.Dir(at) {
		info, err := d.root.Lstat(filepath.FromSlash(at))
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, errNotDir):
		case err != nil:
			return fmt.Errorf("look at %s: %w", d.at(at), err)
		case at == p && info.IsDir():
			return d.ownsAll(p)
		case at == p, !info.IsDir() && !d.Owns(at):
			return &ForeignError{d.at(at)}
		}
	}
	return nil
}

// ownsAll fails with a [*ForeignError] unless a directory is one of ours: with files in it, all of them ours.
func (d *Dir) ownsAll(dir string) error {
	some := false
	err := fs.WalkDir(d.root.FS(), dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if some = true; !d.Owns(p) {
			return &ForeignError{d.at(p)}
		}
		return nil
	})
	if err == nil && !some {
		err = &ForeignError{d.at(dir)}
	}
	return err
}

func (d *Dir) at(p string) string { return filepath.Join(d.name, filepath.FromSlash(p)) }

// Write makes a file have these bytes. It fails with a [*ForeignError] where that would overwrite a file of others.
func (d *Dir) Write(p string, body []byte) error {
	same, err := d.Same(p, body)
	if err == nil && !same {
		if err = d.Foreign(p); err == nil {
			if err = d.replace(p, body); err != nil {
				err = fmt.Errorf("write %s: %w", d.at(p), err)
			}
		}
	}
	if err != nil {
		return err
	}
	sum := sha256.New()
	sum.Write(body)
	d.count(p, digest(sum), same)
	return nil
}

// count notes that a file has these bytes now, and whether it had them before.
func (d *Dir) count(p, sum string, same bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.written[p] = sum; same {
		d.counts.Unchanged++
	} else {
		d.counts.Written++
	}
}

// digest is what the manifest knows the bytes of a file by.
func digest(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil)[:16]) }

func (d *Dir) hashOf(p string) (string, error) {
	f, err := d.Open(p)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return digest(sum), err
}

// replace writes beside a file and puts the new one in its place.
func (d *Dir) replace(p string, body []byte) error {
	if err := d.prepare(p); err != nil {
		return err
	}
	temp := filepath.FromSlash(p + partial)
	err := d.root.WriteFile(temp, body, 0o644)
	if err == nil {
		err = d.settle(p)
	}
	if err != nil {
		return errors.Join(err, d.discard(temp))
	}
	return nil
}

// prepare makes everything ready for a file.
func (d *Dir) prepare(p string) error {
	if err := d.begin(p); err != nil {
		return err
	}
	if dir := path.Dir(p); dir != "." {
		return d.makeDir(dir)
	}
	return nil
}

// settle puts a file that was written beside its place there.
func (d *Dir) settle(p string) error {
	if info, err := d.root.Lstat(filepath.FromSlash(p)); err == nil && info.IsDir() {
		// It was a directory of ours: a name that once had others below it.
		if err := d.clear(p); err != nil {
			return err
		}
	}
	return d.root.Rename(filepath.FromSlash(p+partial), filepath.FromSlash(p))
}

func (d *Dir) discard(temp string) error {
	if err := d.root.Remove(temp); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// makeDir makes a directory. A file of ours that stands in its way goes.
func (d *Dir) makeDir(dir string) error {
	err := d.root.MkdirAll(filepath.FromSlash(dir), 0o755)
	if err == nil {
		return nil
	}
	for at := dir; at != "."; at = path.Dir(at) {
		if info, statErr := d.root.Lstat(filepath.FromSlash(at)); statErr == nil && !info.IsDir() && d.Owns(at) {
			if err := d.root.Remove(filepath.FromSlash(at)); err != nil {
				return err
			}
		}
	}
	return d.root.MkdirAll(filepath.FromSlash(dir), 0o755)
}

// clear deletes a directory that Foreign has found to have nothing but files of ours.
func (d *Dir) clear(dir string) error {
	return fs.WalkDir(d.root.FS(), dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if err := d.root.Remove(filepath.FromSlash(p)); err != nil {
			return err
		}
		d.prune(path.Dir(p))
		return nil
	})
}

// begin notes in the journal that a file is ours, before it is.
func (d *Dir) begin(p string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.journal == nil {
		f, err := d.root.OpenFile(journal, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		d.journal = f
	}
	if d.begun[p] {
		return nil
	}
	line, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if _, err := d.journal.Write(append(line, '\n')); err != nil {
		return err
	}
	d.begun[p] = true
	return nil
}

// Finish deletes the files of earlier runs that this one did not write, unless keep says that they stay, and saves the
// manifest. A file that somebody else has changed since is left: left names those, and they are not ours any more.
func (d *Dir) Finish(facts map[string]string, keep bool) (c Counts, left []string, err error) {
	next := manifest{Version: 1, Facts: facts, Files: d.written}
	for _, p := range d.obsolete() {
		hash := d.old.Files[p] // empty for a file that is only begun
		if keep {
			if d.begun[p] { // by a run that was killed
				if hash, err = d.hashOf(p); errors.Is(err, fs.ErrNotExist) {
					continue
				} else if err != nil {
					return d.counts, left, fmt.Errorf("keep %s: %w", d.at(p), err)
				}
			}
			next.Files[p] = hash
			continue
		}
		gone, err := d.delete(p, hash)
		switch {
		case err != nil:
			return d.counts, left, fmt.Errorf("delete %s: %w", d.at(p), err)
		case !gone:
			left = append(left, d.at(p))
		default:
			d.counts.Deleted++
		}
	}
	b, err := json.MarshalIndent(next, "", " ")
	if err != nil {
		return d.counts, left, fmt.Errorf("save the manifest of %s: %w", d.name, err)
	}
	b = append(b, '\n')
	same, err := d.Same(Manifest, b)
	if err == nil && !same {
		if err = d.root.WriteFile(Manifest+partial, b, 0o644); err == nil {
			err = d.root.Rename(Manifest+partial, Manifest)
		}
	}
	if err != nil {
		return d.counts, left, fmt.Errorf("save the manifest of %s: %w", d.name, err)
	}
	if d.journal != nil {
		err, d.journal = d.journal.Close(), nil
	}
	if err = errors.Join(err, d.discard(journal)); err != nil {
		return d.counts, left, fmt.Errorf("end the journal of %s: %w", d.name, err)
	}
	return d.counts, left, nil
}

// obsolete are the files of earlier runs that this one did not write.
func (d *Dir) obsolete() []string {
	all := maps.Clone(d.begun)
	for p := range d.old.Files {
		all[p] = true
	}
	for p := range d.written {
		delete(all, p)
	}
	return slices.Sorted(maps.Keys(all))
}

// delete deletes a file of ours, and the directories that are empty then. It reports false for one that has other bytes than
// we wrote; what a run that was killed wrote has no hash.
func (d *Dir) delete(p, hash string) (bool, error) {
	name := filepath.FromSlash(p)
	info, err := d.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotDir) || err == nil && info.IsDir() {
		return true, nil
	} else if err != nil {
		return false, err
	}
	if !d.begun[p] {
		if have, err := d.hashOf(p); err != nil || have != hash {
			return false, err
		}
	}
	if err := d.root.Remove(name); err != nil {
		return false, err
	}
	d.prune(path.Dir(p))
	return true, nil
}

// prune deletes a directory and those above it as long as they are empty: the system refuses for others.
func (d *Dir) prune(dir string) {
	for ; dir != "."; dir = path.Dir(dir) {
		if d.root.Remove(filepath.FromSlash(dir)) != nil {
			return
		}
	}
}

// Adopt makes a file that somebody has put here one of ours, such as one of another machine's run.
func (d *Dir) Adopt(p string) error {
	if d.Owns(p) {
		return nil
	}
	return d.begin(p)
}

// Open opens a file of the directory for reading; fs.ErrNotExist for none.
func (d *Dir) Open(p string) (io.ReadCloser, error) { return d.root.Open(filepath.FromSlash(p)) }

// Close lets go of the directory. Without Finish before it, the next run goes on where this one was.
func (d *Dir) Close() error {
	var err error
	if d.journal != nil {
		err = d.journal.Close()
	}
	return errors.Join(err, d.lock.Close(), d.root.Close())
}

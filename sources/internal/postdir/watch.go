package postdir

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// quiet is how long a file must rest before it is read, so that one that is being written is read once.
	quiet = 20 * time.Millisecond
	// restless is when a file that never rests is read all the same.
	restless = 2 * time.Second
	// grace is how long a file that vanished may reappear under another name, and how long no other may vanish before it
	// counts as gone: what empties a directory goes through the withdrawal guard as a whole, not a few files at a time.
	grace = time.Second
	// pollEvery is the pause between looks at the directories where events do not arrive.
	pollEvery = 10 * time.Second
)

// Watch calls wake after each change of the site. Where the system sends no events it looks at the directories' times
// instead; what that does not show, an edit in place, is found by the full scan of each interval.
func (s *Source) Watch(ctx context.Context, wake func()) error {
	if len(s.directories()) == 0 { // before the first walk there is nothing to watch; a Watch that follows another has it
		select {
		case <-ctx.Done():
			return nil
		case <-s.scanned:
		}
	}
	w := &watch{Source: s, wake: wake, known: map[string]bool{}, waiting: map[string]pending{}}
	err := w.start()
	if err == nil {
		err = w.run(ctx)
	}
	if err != nil {
		s.log.Warn("no file events, looking at directories instead", "path", s.dir, "every", pollEvery, "error", err)
		w.poll(ctx)
	}
	return nil
}

// watch turns events into work.
type watch struct {
	*Source
	wake func()
	fs   *fsnotify.Watcher
	// known are the directories that are watched, below the root.
	known map[string]bool
	// waiting are paths with recent events.
	waiting map[string]pending
	// lastLeft is when a path was last found to be gone.
	lastLeft time.Time
	timer    *time.Timer
}

// pending is a path that is waiting for quiet.
type pending struct {
	first, due time.Time
	// left: the path is gone, and waits to be found under another name.
	left bool
}

var errNetwork = errors.New("the directory is on a network file system")

func (w *watch) start() (err error) {
	if name := networkFS(w.dir); name != "" {
		return fmt.Errorf("%w (%s)", errNetwork, name)
	}
	if w.fs, err = fsnotify.NewBufferedWatcher(1024); err != nil {
		return err
	}
	if err := w.addAll(); err != nil {
		w.fs.Close()
		return err
	}
	return nil
}

// addAll watches every directory of the last walk, and asks for another look: something may have changed between the
// walk and the watch.
func (w *watch) addAll() error {
	added := false
	for _, dir := range w.directories() {
		isNew, err := w.add(dir)
		if err != nil {
			return err
		}
		added = added || isNew
	}
	if added {
		w.todo.add(work{full: true})
		w.wake()
	}
	return nil
}

// add watches one directory. That a directory is not there any more is no error.
func (w *watch) add(dir string) (isNew bool, err error) {
	err = w.fs.Add(filepath.Join(w.dir, filepath.FromSlash(dir)))
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return false, fmt.Errorf("watch %d directories: %w: raise fs.inotify.max_user_watches", len(w.directories()), err)
	case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission), errors.Is(err, syscall.ENOTDIR):
		delete(w.known, dir)
		return false, nil
	case err != nil:
		return false, err
	}
	isNew = !w.known[dir]
	w.known[dir] = true
	return isNew, nil
}

func (w *watch) run(ctx context.Context) error {
	defer w.fs.Close()
	w.timer = time.NewTimer(time.Hour)
	w.timer.Stop()
	defer w.timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.scanned:
			if err := w.addAll(); err != nil {
				return err
			}
		case ev, ok := <-w.fs.Events:
			if !ok {
				return errors.New("the system ended the events")
			}
			if err := w.event(ev); err != nil {
				return err
			}
		case err, ok := <-w.fs.Errors:
			if !ok {
				return errors.New("the system ended the events")
			}
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				w.log.Warn("file events", "path", w.dir, "error", err)
			}
			w.everything() // events are missing
		case <-w.timer.C:
			w.release(time.Now())
		}
	}
}

// everything asks for a full scan.
func (w *watch) everything() {
	w.todo.add(work{full: true})
	w.wake()
}

func (w *watch) event(ev fsnotify.Event) error {
	if ev.Op == fsnotify.Chmod {
		return nil
	}
	rel, err := filepath.Rel(w.dir, ev.Name)
	if err != nil || strings.HasPrefix(rel, "..") {
		return nil //nolint:nilerr // not ours
	}
	rel = filepath.ToSlash(rel)
	if ev.Has(fsnotify.Remove) || ev.Has(fsnotify.Rename) {
		if rel == "." {
			rel = ""
		}
		if w.known[rel] {
			w.forget(rel)
			w.everything()
			return nil
		}
	}
	site := w.site()
	if ev.Has(fsnotify.Create) && !postPath(site, rel) {
		if info, err := os.Lstat(ev.Name); err == nil && info.IsDir() {
			return w.newDir(site, rel)
		}
	}
	if w.relevant(site, rel) {
		w.hold(rel)
	}
	return nil
}

// relevant reports whether a change of the path is one of the site.
func (w *watch) relevant(site Site, rel string) bool {
	return postPath(site, rel) || site.Role(rel) != Nothing || w.follow.any(rel) || w.follow.any(otherFiles)
}

// hold waits for quiet on a path.
func (w *watch) hold(rel string) {
	now := time.Now()
	p, ok := w.waiting[rel]
	if !ok || p.left {
		p = pending{first: now}
		w.todo.departs(rel)
	}
	p.due = now.Add(quiet)
	if last := p.first.Add(restless); p.due.After(last) {
		p.due = last
	}
	if len(w.waiting) == 0 {
		w.timer.Reset(quiet)
	}
	w.waiting[rel] = p
}

// release hands on the paths that have come to rest.
func (w *watch) release(now time.Time) {
	w.noteLeft(now)
	ready := work{paths: map[string]bool{}}
	next := time.Time{}
	for rel, p := range w.waiting {
		due := p.due
		if p.left {
			due = w.lastLeft.Add(grace)
		}
		if due.After(now) {
			if next.IsZero() || due.Before(next) {
				next = due
			}
			continue
		}
		delete(w.waiting, rel)
		if !p.left || w.todo.departs(rel) {
			ready.paths[rel] = true
		}
	}
	if !next.IsZero() {
		w.timer.Reset(max(next.Sub(now), time.Millisecond))
	}
	if !ready.empty() {
		w.todo.add(ready)
		w.wake()
	}
}

// noteLeft marks the posts that have come to rest by being gone.
func (w *watch) noteLeft(now time.Time) {
	for rel, p := range w.waiting {
		if !p.left && !p.due.After(now) && w.site().Role(rel) == Nothing && w.missing(rel) {
			w.todo.leave(rel)
			p.left = true
			w.waiting[rel] = p
			w.lastLeft = now
		}
	}
}

func (w *watch) missing(rel string) bool {
	_, err := os.Lstat(filepath.Join(w.dir, filepath.FromSlash(rel)))
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// forget ends the watch of a directory that is gone or has another name, and of those below it.
func (w *watch) forget(dir string) {
	for known := range w.known {
		if known == dir || dir == "" || strings.HasPrefix(known, dir+"/") {
			delete(w.known, known)
			// Of a directory that is gone the system has ended the watch itself.
			_ = w.fs.Remove(filepath.Join(w.dir, filepath.FromSlash(known)))
		}
	}
}

// newDir watches a directory that appeared and what is in it by now.
func (w *watch) newDir(site Site, rel string) error {
	if enter, _ := entered(site, rel); !enter {
		return nil
	}
	// Watch first, list then: what comes in between is seen twice rather than never.
	if _, err := w.add(rel); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(w.dir, filepath.FromSlash(rel)))
	if err != nil {
		return nil //nolint:nilerr // gone again
	}
	for _, e := range entries {
		below := path.Join(rel, e.Name())
		switch {
		case e.IsDir():
			if err := w.newDir(site, below); err != nil {
				return err
			}
		case w.relevant(site, below):
			w.hold(below)
		}
	}
	return nil
}

// poll looks at the times of the directories until ctx ends.
func (w *watch) poll(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	seen := w.times()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			now := w.times()
			if !equal(seen, now) {
				seen = now
				w.everything()
			}
		}
	}
}

// times are the modification times of the directories and of the files that shape posts.
func (w *watch) times() map[string]int64 {
	t := map[string]int64{}
	for _, rel := range slices.Concat(w.directories(), w.shapingFiles()) {
		if info, err := os.Stat(filepath.Join(w.dir, filepath.FromSlash(rel))); err == nil {
			t[rel] = info.ModTime().UnixNano()
		}
	}
	return t
}

// equal reports whether no time changed and nothing vanished; a directory that a walk has found since is no change.
func equal(old, now map[string]int64) bool {
	for k, t := range old {
		if n, ok := now[k]; !ok || n != t {
			return false
		}
	}
	return true
}

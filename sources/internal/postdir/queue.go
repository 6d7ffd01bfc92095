package postdir

import (
	"maps"
	"slices"
	"sync"
)

// Changes is what is known to have changed in a tree.
type Changes struct {
	// Paths are files that changed, appeared or went away; of a directory that went away, the files that were in it.
	Paths []string
	// Renames are files that are others under a new name, by a diff: new path to old. The contents need not be equal. Both
	// paths are known without standing in Paths.
	Renames map[string]string
}

// work is what is to be looked at.
type work struct {
	// full asks for a look at everything.
	full    bool
	paths   map[string]bool
	renames map[string]string
}

func (w work) empty() bool { return !w.full && len(w.paths) == 0 }

// workOf is the work that changes make; nil asks for a look at everything.
func workOf(ch *Changes) work {
	if ch == nil {
		return work{full: true}
	}
	w := work{paths: map[string]bool{}, renames: ch.Renames}
	for _, p := range ch.Paths {
		w.paths[p] = true
	}
	for to, from := range ch.Renames {
		w.paths[to], w.paths[from] = true, true
	}
	return w
}

func (w work) sorted() []string {
	out := make([]string, 0, len(w.paths))
	for p := range w.paths {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// queue hands work from Watch, or from a fetch that could not do it, to the next fetch.
type queue struct {
	mu   sync.Mutex
	work work
	left map[string]bool
}

func (q *queue) add(w work) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.work.full = q.work.full || w.full
	if q.work.paths == nil {
		q.work.paths = map[string]bool{}
	}
	for p := range w.paths {
		q.work.paths[p] = true
	}
	if q.work.renames == nil {
		q.work.renames = map[string]string{}
	}
	maps.Copy(q.work.renames, w.renames)
}

// waits reports whether there is work.
func (q *queue) waits() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.work.empty()
}

func (q *queue) take() work {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.work
	q.work = work{}
	return w
}

// leave notes a path that is gone for a moment: a file that appears may be it under another name.
func (q *queue) leave(path string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.left == nil {
		q.left = map[string]bool{}
	}
	q.left[path] = true
}

// departs ends the wait for a path that left; ok is false if Fetch has taken it.
func (q *queue) departs(path string) (ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	ok = q.left[path]
	delete(q.left, path)
	return ok
}

// leaving takes the paths that left.
func (q *queue) leaving() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := work{paths: q.left}
	q.left = nil
	return w.sorted()
}

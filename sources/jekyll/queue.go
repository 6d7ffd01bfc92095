package jekyll

import (
	"slices"
	"sync"
)

// work is what Watch saw change.
type work struct {
	// full asks for a look at everything, pages for the pages that name topics.
	full, pages bool
	paths       map[string]bool
}

func (w work) empty() bool { return !w.full && !w.pages && len(w.paths) == 0 }

func (w work) sorted() []string {
	out := make([]string, 0, len(w.paths))
	for p := range w.paths {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// queue hands work from Watch to Fetch.
type queue struct {
	mu   sync.Mutex
	work work
	left map[string]bool
}

func (q *queue) add(w work) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.work.full = q.work.full || w.full
	q.work.pages = q.work.pages || w.pages
	if q.work.paths == nil {
		q.work.paths = map[string]bool{}
	}
	for p := range w.paths {
		q.work.paths[p] = true
	}
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

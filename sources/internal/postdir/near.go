package postdir

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/cespare/xxhash/v2"
)

// maxNear is the most files, beside posts, that one post depends on.
const maxNear = maxReads

// depend notes that the post is to be decoded anew when a file comes, changes or goes.
func (f *File) depend(path string) {
	switch {
	case f.seen == nil:
	case f.isPost(path):
		f.need(nameOf(path))
	case len(f.near) < maxNear && !slices.Contains(f.near, path):
		f.near = append(f.near, path)
		f.seen.sum([]string{path}) // before it is read, so that no later change is missed
	}
}

// nearby remembers in one fetch what the files that posts look for are like, so that a page to which many posts link is
// looked at once.
type nearby struct {
	tree Tree
	seen sync.Map // path to uint64
	// others is the state of all files that are no posts.
	others func() uint64
}

// sum is a hash of the state of files. A file so young that its time says nothing makes it another one at the next look.
func (n *nearby) sum(paths []string) uint64 {
	if len(paths) == 0 {
		return 0
	}
	h := xxhash.New()
	for _, p := range paths {
		v, ok := n.seen.Load(p)
		if !ok {
			v = n.state(p)
			n.seen.Store(p, v)
		}
		h.Write(binary.BigEndian.AppendUint64(nil, v.(uint64))) //nolint:errcheck // a hash does not fail
	}
	return h.Sum64()
}

// state is 0 for a file that is not there, or cannot be looked at.
func (n *nearby) state(path string) uint64 {
	if path == otherFiles {
		return n.others()
	}
	info, err := n.tree.Lstat(path)
	if err != nil {
		return 0
	}
	var b [17]byte
	if info.IsDir() {
		b[0] = 1
	} else {
		binary.BigEndian.PutUint64(b[1:], n.tree.Mark(info))
		binary.BigEndian.PutUint64(b[9:], uint64(info.Size()))
	}
	return max(xxhash.Sum64(b[:]), 1)
}

// followers knows which posts depend on a file that is none.
type followers struct {
	mu sync.Mutex
	of map[string]map[string]struct{}
}

// clear forgets all.
func (f *followers) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.of = nil
}

// add notes the files that a post depends on.
func (f *followers) add(post string, files []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil && len(files) > 0 {
		f.of = map[string]map[string]struct{}{}
	}
	for _, file := range files {
		if f.of[file] == nil {
			f.of[file] = map[string]struct{}{}
		}
		f.of[file][post] = struct{}{}
	}
}

// any reports whether a post depends on a file.
func (f *followers) any(file string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.of[file]) > 0
}

// posts calls fn for each post that depends on a file.
func (f *followers) posts(file string, fn func(post string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for p := range f.of[file] {
		fn(p)
	}
}

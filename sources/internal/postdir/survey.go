package postdir

import (
	"cmp"
	"encoding/binary"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
)

// What a post depends on that looks at the whole site. No path and no name of a file is like these.
const (
	// everyPost is a name that each file with a post goes by.
	everyPost = "//posts"
	// otherFiles stands for all files that are no posts.
	otherFiles = "//files"
)

// maxOthers bounds the files, beside posts, that a survey lists.
const maxOthers = 200_000

// Entry is a file that is no post.
type Entry struct {
	Path string
	Size int64
	// ModTime is when it last changed; zero if the tree does not know.
	ModTime time.Time

	mark uint64
}

// Survey is what a post asks that looks at its whole site. What Posts and Files build is built once a fetch, for all posts
// that ask, so that no other post and no other site pays for it.
type Survey interface {
	// Posts builds something of all files that may be posts, sorted by path.
	Posts(build func(t Tree, paths []string) any) any
	// Files builds something of all other files in the directories that the site enters, sorted by path. skipped is how many
	// were too many.
	Files(build func(t Tree, files []Entry, skipped int) any) any
}

var _ Survey = (*File)(nil)

// Posts is of [Survey]. The post is decoded again whenever one changes, goes or comes.
func (f *File) Posts(build func(t Tree, paths []string) any) any {
	f.everyPost = true
	if f.all == nil {
		return build(f.tree, nil)
	}
	return f.all.posts.get(func() any { return build(f.tree, f.all.paths()) })
}

// Files is of [Survey]. The post is decoded again whenever one changes, goes or comes.
func (f *File) Files(build func(t Tree, files []Entry, skipped int) any) any {
	if f.all == nil {
		return build(f.tree, nil, 0)
	}
	if !slices.Contains(f.near, otherFiles) {
		f.near = append(f.near, otherFiles)
		f.seen.sum([]string{otherFiles})
	}
	return f.all.files.get(func() any {
		files, skipped := f.all.others()
		return build(f.tree, files, skipped)
	})
}

// survey is what one fetch knows of its whole site, as far as a post asked.
type survey struct {
	site Site
	tree Tree
	// list are the posts.
	list func() []file
	// posts and files are what was built.
	posts, files once
	walked       once
}

type once struct {
	sync.Once
	v any
}

func (o *once) get(build func() any) any {
	o.Do(func() { o.v = build() })
	return o.v
}

func (s *survey) paths() []string {
	list := s.list()
	out := make([]string, len(list))
	for i, f := range list {
		out[i] = f.path
	}
	return out
}

// others lists the files that are no posts, sorted.
func (s *survey) others() (files []Entry, skipped int) {
	w, ok := s.walked.get(func() any {
		w := &walker{site: s.site, tree: s.tree, collect: true}
		_, posts := s.site.Enter("")
		if err := w.walk("", posts, 0); err != nil {
			return nil // the next look at everything reports it
		}
		slices.SortFunc(w.others, func(a, b Entry) int { return cmp.Compare(a.Path, b.Path) })
		return w
	}).(*walker)
	if !ok {
		return nil, 0
	}
	return w.others, w.skipped
}

// sum is a hash of the state of all files that are no posts.
func (s *survey) sum() uint64 {
	h := xxhash.New()
	files, _ := s.others()
	for i := range files {
		e := &files[i]
		h.WriteString(e.Path) //nolint:errcheck // a hash does not fail
		var b [17]byte
		binary.BigEndian.PutUint64(b[1:], e.mark)
		binary.BigEndian.PutUint64(b[9:], uint64(e.Size))
		h.Write(b[:]) //nolint:errcheck // a hash does not fail
	}
	return max(h.Sum64(), 1)
}

// other notes a file that is no post.
func (w *walker) other(rel string, e fs.DirEntry) {
	if len(w.others) >= maxOthers {
		w.skipped++
		return
	}
	info, err := e.Info()
	if err != nil {
		return // gone since the directory was read
	}
	w.others = append(w.others, Entry{Path: rel, Size: info.Size(), ModTime: info.ModTime(), mark: w.tree.Mark(info)})
}

// listed are the posts of the site, from a walk of their own if this fetch looks at single files.
func (f *fetch) listed() []file {
	f.listOnce.Do(func() {
		if f.files == nil {
			if l, err := walk(f.site, f.tree); err == nil { // else the next look at everything reports it
				f.files = l.files
			}
		}
	})
	return f.files
}

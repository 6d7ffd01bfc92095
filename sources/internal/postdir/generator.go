package postdir

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"feedmill/feeds"
	"feedmill/sources"
)

// Generator is a site generator whose posts can be read without it.
type Generator struct {
	// Name is its name in the configuration, such as jekyll.
	Name string
	// Config is the name of its configuration file, where faults of the site as a whole are reported.
	Config string
	// Detect reports whether a tree holds a site of this generator.
	Detect func(Tree) bool
	// Load reads the site's own configuration. An error means that nothing can be read for now: the site that was loaded
	// before stays in use and the error is reported. It names file and line and ends with what to do.
	Load func(t Tree, set Settings) (Site, error)
}

// Settings are what the operator says about a site. A generator passes over those that mean nothing to it.
type Settings struct {
	// Drafts publishes what the author calls a draft, Future what is dated ahead, at once.
	Drafts, Future bool
	// Collections are published beside the posts (Jekyll).
	Collections []string
	// SiteDates reads dates without zone in the site's zone where the generator would take them as UTC.
	SiteDates bool
	// Zone is the operator's time zone, for sites that state none; nil for none. The engine takes it from its Env.
	Zone *time.Location
	// FileDates takes the modification time of a file as that of its last change, where the post states none. For trees
	// whose times mean something: commits, not check-outs.
	FileDates bool
	// Original is the field of the front matter that holds the address of the page that a post was copied from; the engine
	// takes it from its Env.
	Original string
	// Shape is [sources.Env]'s, from where the engine takes it: when it moves, every post is decoded and stated again.
	Shape string
}

// Site is a site as its configuration describes it. It never changes: a change of its configuration makes a new one. Its
// methods are called by several goroutines at once.
type Site interface {
	// Enter reports whether a directory, in one that is entered, is looked into, and whether files in it may be posts.
	// What is not entered is not watched either, so it covers also the directories with files of a [Role], and with those
	// that a [Survey] lists.
	Enter(dir string) (enter, posts bool)
	// IsPost reports whether a file in a directory with posts is to be read. It is asked of every file at every look, so
	// it only looks at the path. A file that merely looks like a post is one: Decode rejects it with a reason.
	IsPost(path string) bool
	// Role says what a file that is no post does when it changes, or that of a post when it comes or goes.
	Role(path string) Role
	// Shape is a hash of everything beside a post's own file that shapes all posts, the version of the mapping included.
	Shape() uint32
	// Around is a hash of the files that posts share and that the generator keeps in memory; 0 if there are none. Posts that
	// say so ([File.Uses]) are decoded again when it moves.
	Around() uint32
	// Decode makes an item of a file. It does no input or output but by f.
	Decode(f *File) *Post
	// Notes are words of an item that About needs of all items; mostly none.
	Notes(it *feeds.Item) []string
	// Titles reads the files that name topics.
	Titles(t Tree) (map[feeds.Topic]string, []sources.Rejected)
	// About is what the site says of itself. notes are those of all items, sorted.
	About(titles map[feeds.Topic]string, notes []string) feeds.About
	// Reports are the faults of the configuration that do not stop the site.
	Reports() []sources.Rejected
}

// Role is what a file does beside being a post.
type Role int

// The roles.
const (
	// Nothing: the file may change as it likes.
	Nothing Role = iota
	// Shapes: it shapes posts, so the site is loaded anew after a change.
	Shapes
	// Names: it names topics, so the site is described anew.
	Names
)

// MaxPost is the largest post that is read, in bytes.
const MaxPost = 5 << 20

// Post is what became of one file.
type Post struct {
	// Change has an Item if the post is published. Its Key may be empty for the path; its Raw is set by the engine.
	Change feeds.Change
	// Hidden: the author does not publish it.
	Hidden bool
	// Open: the file is cut off, so somebody may still be writing it. It is rejected, too.
	Open bool
	// Until is when this result is no longer right though no file changed, such as when the post expires; zero for never.
	Until time.Time
	// Rejected says why there is no item; Repaired lists what was mended.
	Rejected *Fault
	Repaired []Fault
}

// Fault is a reason with its line; 0 for none.
type Fault struct {
	Line   int
	Reason string
}

// Reject makes the post one that cannot be used.
func (p *Post) Reject(line int, format string, args ...any) *Post {
	p.Rejected = &Fault{line, fmt.Sprintf(format, args...)}
	return p
}

// Repair notes what was mended.
func (p *Post) Repair(line int, format string, args ...any) {
	p.Repaired = append(p.Repaired, Fault{line, fmt.Sprintf(format, args...)})
}

// Report joins the faults of a post, because a post has one report.
func (p *Post) Report() (Fault, bool) {
	if p.Rejected != nil {
		return *p.Rejected, true
	}
	if len(p.Repaired) == 0 {
		return Fault{}, false
	}
	f := p.Repaired[0]
	for _, more := range p.Repaired[1:] {
		f.Reason += "; " + more.Reason
	}
	return f, true
}

// rejection makes the report of a fault.
func (f Fault) rejection(where string, repaired bool) sources.Rejected {
	return sources.Rejected{Where: where, Line: f.Line, Reason: f.Reason, Repaired: repaired}
}

// Bounds of what one post may read beside its own file.
const (
	maxReads = 1000
	maxRead  = 32 << 20
)

var errReads = errors.New("a post reads at most 1000 other files, of 32 MiB together")

// File is a post's file on its way through Decode, and the only way to other files of the site. A post depends on the files
// that it looks at, there or not: it is decoded again when one of them comes, changes or goes; of those that are posts,
// whenever one of that name does. One goroutine uses a File.
type File struct {
	// Path is the file below the root of the tree.
	Path string
	// Data are its bytes, at most MaxPost.
	Data []byte
	// ModTime is when it last changed; zero if the tree does not know.
	ModTime time.Time
	// Now is the time of the fetch.
	Now time.Time

	tree  Tree
	reads int
	bytes int64
	uses  bool
	// needs are the names of the files that were looked for, named finds posts by name; nil if nobody knows.
	needs map[string]bool
	named func(name string) []string
	// all is what this fetch knows of the whole site; nil if nobody knows. everyPost: the post depends on all others.
	all       *survey
	everyPost bool
	// near are other files that were looked for, which are no posts; seen knows what these look like. nil if nobody asks.
	near   []string
	seen   *nearby
	isPost func(path string) bool
}

// NewFile makes a File of a post in a tree, which may be nil: then there are no other files.
func NewFile(t Tree, path string, data []byte, modTime, now time.Time) *File {
	return &File{Path: path, Data: data, ModTime: modTime, Now: now, tree: t}
}

// Uses notes that the post depends on the files of [Site.Around], which the generator keeps in memory.
func (f *File) Uses() { f.uses = true }

// ReadFile reads another file of the site, of at most limit bytes.
func (f *File) ReadFile(path string, limit int64) ([]byte, error) {
	if err := f.look(); err != nil {
		return nil, err
	}
	f.depend(path)
	b, _, err := f.tree.ReadFile(path, min(limit, maxRead-f.bytes))
	f.bytes += int64(len(b))
	return b, err
}

// ReadDir lists a directory of the site.
func (f *File) ReadDir(dir string) ([]fs.DirEntry, error) {
	if err := f.look(); err != nil {
		return nil, err
	}
	return f.tree.ReadDir(dir)
}

// Exists reports whether the site has a file or directory of that path.
func (f *File) Exists(path string) bool {
	if f.look() != nil {
		return false
	}
	f.depend(path)
	_, err := f.tree.Lstat(path)
	return err == nil
}

func (f *File) look() error {
	f.reads++
	switch {
	case f.tree == nil:
		return fs.ErrNotExist
	case f.reads > maxReads || f.bytes >= maxRead:
		return errReads
	}
	return nil
}

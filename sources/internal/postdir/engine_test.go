package postdir

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/feeds"
	"feedmill/sources"
)

// plain is the smallest generator: files below posts whose text is the title; "include NAME" takes the text of another
// file, "all" the paths of all posts, "others" those of all other files, "until SECOND" a title that is hidden from then on.
var plain = Generator{Name: "plain", Config: "plain.conf", Load: loadPlain}

type plainSite struct {
	shape, around uint32
	title         string
}

func loadPlain(t Tree, _ Settings) (Site, error) {
	s := &plainSite{}
	if b, _, err := t.ReadFile("plain.conf", 1000); err == nil {
		s.title, s.shape = string(b), uint32(rawHash(b))
	}
	if b, _, err := t.ReadFile("inc/a", 1000); err == nil {
		s.around = uint32(rawHash(b))
	}
	return s, nil
}

func (s *plainSite) Enter(dir string) (enter, posts bool) {
	return dir == "" || dir == "inc" || dir == "posts" || strings.HasPrefix(dir, "posts/"), strings.HasPrefix(dir, "posts")
}
func (s *plainSite) IsPost(path string) bool { return strings.HasSuffix(path, ".txt") }
func (s *plainSite) Role(path string) Role {
	if path == "plain.conf" || strings.HasPrefix(path, "inc/") || strings.HasSuffix(path, "/shaping.txt") {
		return Shapes
	}
	return Nothing
}
func (s *plainSite) Shape() uint32                                            { return s.shape }
func (s *plainSite) Around() uint32                                           { return s.around }
func (s *plainSite) Notes(*feeds.Item) []string                               { return nil }
func (s *plainSite) Reports() []sources.Rejected                              { return nil }
func (s *plainSite) Titles(Tree) (map[feeds.Topic]string, []sources.Rejected) { return nil, nil }
func (s *plainSite) About(map[feeds.Topic]string, []string) feeds.About {
	return feeds.About{Title: s.title}
}

func (s *plainSite) Decode(f *File) *Post {
	p := &Post{}
	title := string(f.Data)
	if name, ok := strings.CutPrefix(title, "include "); ok {
		f.Uses()
		b, err := f.ReadFile(name, 1000)
		if err != nil {
			return p.Reject(0, "%v", err)
		}
		title = string(b)
	}
	if name, ok := strings.CutPrefix(title, "named "); ok {
		title = strings.Join(f.Named(name), ", ")
	}
	switch title {
	case "all":
		title, _ = f.Posts(func(_ Tree, paths []string) any { return strings.Join(paths, " ") }).(string)
	case "others":
		title, _ = f.Files(func(_ Tree, files []Entry, _ int) any {
			var paths []string
			for _, e := range files {
				paths = append(paths, e.Path)
			}
			return strings.Join(paths, " ")
		}).(string)
	}
	if t, ok := strings.CutPrefix(title, "until "); ok {
		at, err := time.Parse(time.RFC3339, t)
		if err != nil {
			return p.Reject(1, "%v", err)
		}
		if p.Hidden = !f.Now.Before(at); p.Hidden {
			return p
		}
		p.Until = at
	}
	p.Change.Item = &feeds.Item{Title: title, Published: time.Unix(1, 0)}
	return p
}

// sink is a State and a Sink in memory.
type sink struct {
	t         *testing.T
	state     map[string][]byte
	items     map[string]string
	order     []string
	formerly  map[string]string
	withdrawn []string
	held      bool
}

func newSink(t *testing.T) *sink {
	return &sink{t: t, state: map[string][]byte{}, items: map[string]string{}, formerly: map[string]string{}}
}

func (s *sink) Get(k string) ([]byte, bool, error) { v, ok := s.state[k]; return v, ok, nil }
func (s *sink) Set(k string, v []byte)             { s.state[k] = slices.Clone(v) }
func (s *sink) Delete(k string)                    { delete(s.state, k) }
func (s *sink) Range(fn func(string, []byte) error) error {
	for k, v := range s.state {
		if err := fn(k, v); err != nil {
			return err
		}
	}
	return nil
}

func (s *sink) Emit(changes ...feeds.Change) error {
	for _, c := range changes {
		if c.Raw == 0 || c.Key == "" {
			s.t.Errorf("incomplete change %+v", c)
		}
		delete(s.items, c.Formerly)
		s.items[c.Key] = c.Item.Title
		s.order = append(s.order, c.Key)
		s.formerly[c.Key] = c.Formerly
	}
	return nil
}

func (s *sink) Withdraw(keys ...string) (bool, error) {
	if s.held {
		return false, nil
	}
	for _, k := range keys {
		delete(s.items, k)
	}
	s.withdrawn = append(s.withdrawn, keys...)
	return true, nil
}
func (s *sink) Reject(r sources.Rejected)  { s.t.Logf("reported: %v", r) }
func (s *sink) Describe(feeds.About) error { return nil }

// look runs one fetch over a directory and compares what it emitted.
func (s *sink) look(e *Engine, dir string, ch *Changes, want ...string) {
	s.t.Helper()
	t, err := OpenDisk(dir)
	if err != nil {
		s.t.Fatal(err)
	}
	defer t.Close()
	s.order, s.withdrawn = nil, nil
	if _, err := e.Fetch(s.t.Context(), t, ch, s, s); err != nil {
		s.t.Fatal(err)
	}
	if !slices.Equal(s.order, want) {
		s.t.Errorf("emitted %q, want %q", s.order, want)
	}
}

func put(t *testing.T, dir string, files ...string) {
	t.Helper()
	old := time.Now().Add(-time.Hour)
	for i := 0; i < len(files); i += 2 {
		p := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, old, old); err != nil {
			t.Fatal(err)
		}
	}
}

// source is a watched directory after its first fetch.
func source(t *testing.T, files ...string) (*Source, string) {
	t.Helper()
	dir := t.TempDir()
	put(t, dir, files...)
	src := NewSource(dir, plain, Settings{}, sources.Env{}, time.Hour)
	s := newSink(t)
	if _, err := src.Fetch(t.Context(), s, s); err != nil {
		t.Fatal(err)
	}
	return src, dir
}

// TestAround: a change of a file that posts look at reads those posts anew, and no other.
func TestAround(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "inc/a", "one", "posts/1.txt", "include inc/a", "posts/2.txt", "two")
	e, s := NewEngine(plain, Settings{}, sources.Env{}), newSink(t)
	s.look(e, dir, nil, "posts/1.txt", "posts/2.txt")
	put(t, dir, "inc/a", "other")
	s.look(e, dir, &Changes{Paths: []string{"inc/a"}}, "posts/1.txt")
	if s.items["posts/1.txt"] != "other" {
		t.Errorf("items %q", s.items)
	}
	s.look(NewEngine(plain, Settings{}, sources.Env{}), dir, nil)
	put(t, dir, "plain.conf", "x")
	s.look(e, dir, &Changes{Paths: []string{"plain.conf"}}, "posts/1.txt", "posts/2.txt")
}

// TestNeeds: a post that is made from another is read anew when that comes, changes or goes, also after a restart, and no
// other is.
func TestNeeds(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "posts/1.txt", "include posts/2.txt", "posts/2.txt", "two", "posts/3.txt", "three", "posts/4.txt", "named A")
	e, s := NewEngine(plain, Settings{}, sources.Env{}), newSink(t)
	s.look(e, dir, nil, "posts/1.txt", "posts/2.txt", "posts/3.txt", "posts/4.txt")
	want := func(first, fourth string) {
		t.Helper()
		if s.items["posts/1.txt"] != first || s.items["posts/4.txt"] != fourth {
			t.Errorf("items %q", s.items)
		}
	}
	put(t, dir, "posts/2.txt", "second")
	s.look(e, dir, &Changes{Paths: []string{"posts/2.txt"}}, "posts/1.txt", "posts/2.txt")
	want("second", "")
	put(t, dir, "posts/sub/a.txt", "new")
	s.look(e, dir, &Changes{Paths: []string{"posts/sub/a.txt"}}, "posts/4.txt", "posts/sub/a.txt")
	put(t, dir, "posts/a/index.txt", "newer")
	s.look(e, dir, &Changes{Paths: []string{"posts/a/index.txt"}}, "posts/4.txt", "posts/a/index.txt")
	want("second", "posts/a/index.txt, posts/sub/a.txt")
	put(t, dir, "posts/2.txt", "while nobody looked")
	e = NewEngine(plain, Settings{}, sources.Env{})
	s.look(e, dir, nil, "posts/1.txt", "posts/2.txt")
	want("while nobody looked", "posts/a/index.txt, posts/sub/a.txt")
	if err := os.RemoveAll(filepath.Join(dir, "posts/sub")); err != nil {
		t.Fatal(err)
	}
	s.look(e, dir, nil, "posts/4.txt")
	want("while nobody looked", "posts/a/index.txt")
	put(t, dir, "posts/1.txt", "on its own")
	s.look(e, dir, &Changes{Paths: []string{"posts/1.txt"}}, "posts/1.txt")
	put(t, dir, "posts/2.txt", "2")
	s.look(e, dir, nil, "posts/2.txt")
	if _, ok := s.state[needsPrefix+"posts/1.txt"]; ok || len(s.state[needsPrefix+"posts/4.txt"]) == 0 {
		t.Errorf("state %q", s.state)
	}
	if err := os.Remove(filepath.Join(dir, "posts/4.txt")); err != nil {
		t.Fatal(err)
	}
	s.look(e, dir, nil)
	if _, ok := s.state[needsPrefix+"posts/4.txt"]; ok {
		t.Error("what a post needed that is gone is remembered")
	}
}

// TestSurvey: a post that looks at the whole site is decoded anew when that changes; of a site without such a post no more is
// listed than before.
func TestSurvey(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "posts/1.txt", "one", "posts/a.txt", "all", "posts/o.txt", "others", "file.txt", "f")
	e, s := NewEngine(plain, Settings{}, sources.Env{}), newSink(t)
	s.look(e, dir, nil, "posts/1.txt", "posts/a.txt", "posts/o.txt")
	want := func(all, others string) {
		t.Helper()
		if s.items["posts/a.txt"] != all || s.items["posts/o.txt"] != others {
			t.Errorf("items %q", s.items)
		}
	}
	want("posts/1.txt posts/a.txt posts/o.txt", "file.txt")
	for _, again := range []bool{false, true} {
		name := map[bool]string{false: "posts/2.txt", true: "posts/3.txt"}[again]
		look := func(changed string, order ...string) {
			t.Helper()
			if again {
				s.look(NewEngine(plain, Settings{}, sources.Env{}), dir, nil, order...)
				return
			}
			s.look(e, dir, &Changes{Paths: []string{changed}}, order...)
		}
		put(t, dir, name, "two")
		look(name, name, "posts/a.txt")
		put(t, dir, "other.txt", name)
		look("other.txt", "posts/o.txt")
		put(t, dir, name, "second")
		look(name, name, "posts/a.txt")
		if err := os.Remove(filepath.Join(dir, "other.txt")); err != nil {
			t.Fatal(err)
		}
		look("other.txt", "posts/o.txt")
		want("posts/1.txt posts/2.txt posts/3.txt posts/a.txt posts/o.txt"[:11]+map[bool]string{false: " posts/2.txt", true: " posts/2.txt posts/3.txt"}[again]+" posts/a.txt posts/o.txt", "file.txt")
	}
	if got := string(s.state[needsPrefix+"posts/a.txt"]); got != everyPost {
		t.Errorf("state %q", got)
	}
	put(t, dir, "posts/a.txt", "x", "posts/o.txt", "y")
	s.look(e, dir, &Changes{Paths: []string{"posts/a.txt", "posts/o.txt"}}, "posts/a.txt", "posts/o.txt")
	put(t, dir, "posts/1.txt", "once more")
	s.look(e, dir, nil, "posts/1.txt")
	disk, err := OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	put(t, dir, "posts/1.txt", "and more")
	counted := &countedTree{Tree: disk}
	if _, err := e.Fetch(t.Context(), counted, &Changes{Paths: []string{"posts/1.txt", "file.txt"}}, s, s); err != nil {
		t.Fatal(err)
	}
	if counted.lists.Load() != 0 || s.items["posts/1.txt"] != "and more" {
		t.Errorf("one changed post listed %d directories, %q", counted.lists.Load(), s.items)
	}
}

// countedTree counts the directories that are listed.
type countedTree struct {
	Tree
	lists atomic.Int64
}

func (t *countedTree) ReadDir(dir string) ([]fs.DirEntry, error) {
	t.lists.Add(1)
	return t.Tree.ReadDir(dir)
}

func TestNameOf(t *testing.T) {
	for path, want := range map[string]string{
		"posts/A.zh.md": "a", "posts/v1.2/index.md": "v1", "V1.2": "v1", "index.md": "index", "p/_index.md": "p", "p/.x": ".x", "": "",
	} {
		if got := nameOf(path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

// TestShapingPost: a post that shapes others when it comes or goes has the site loaded anew, but not when it changes.
func TestShapingPost(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "posts/1.txt", "one")
	e, s := NewEngine(plain, Settings{}, sources.Env{}), newSink(t)
	s.look(e, dir, nil, "posts/1.txt")
	shaping := &Changes{Paths: []string{"posts/shaping.txt"}}
	put(t, dir, "plain.conf", "x", "posts/shaping.txt", "s")
	s.look(e, dir, shaping, "posts/1.txt", "posts/shaping.txt")
	put(t, dir, "plain.conf", "y", "posts/shaping.txt", "changed")
	s.look(e, dir, shaping, "posts/shaping.txt")
	if err := os.Remove(filepath.Join(dir, "posts/shaping.txt")); err != nil {
		t.Fatal(err)
	}
	s.look(e, dir, shaping, "posts/1.txt")
}

// TestDiffRename: a diff knows that an edited file is another one under a new name.
func TestDiffRename(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "posts/1.txt", "one", "posts/2.txt", "two")
	e, s := NewEngine(plain, Settings{}, sources.Env{}), newSink(t)
	s.look(e, dir, nil, "posts/1.txt", "posts/2.txt")
	if err := os.Remove(filepath.Join(dir, "posts/1.txt")); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "posts/sub/3.txt", "one, edited")
	s.look(e, dir, &Changes{Renames: map[string]string{"posts/sub/3.txt": "posts/1.txt"}}, "posts/sub/3.txt")
	if s.formerly["posts/sub/3.txt"] != "posts/1.txt" || len(s.withdrawn) != 0 {
		t.Errorf("formerly %q, withdrawn %q", s.formerly, s.withdrawn)
	}
	// A file that is still there stays itself, whatever the diff says (a copy).
	put(t, dir, "posts/4.txt", "four")
	s.look(e, dir, &Changes{Renames: map[string]string{"posts/4.txt": "posts/2.txt"}}, "posts/4.txt")
	if s.formerly["posts/4.txt"] != "" || len(s.items) != 3 {
		t.Errorf("formerly %q, items %q", s.formerly, s.items)
	}
}

// TestUntil: a post whose time has come is looked at again, also after a restart.
func TestUntil(t *testing.T) {
	dir := t.TempDir()
	at := time.Now().Add(time.Hour).Truncate(time.Second)
	put(t, dir, "posts/1.txt", "until "+at.Format(time.RFC3339))
	e, s := NewEngine(plain, Settings{}, sources.Env{}), newSink(t)
	if !e.Pending(time.Now()) {
		t.Error("nothing to do before the first fetch")
	}
	s.look(e, dir, nil, "posts/1.txt")
	again := NewEngine(plain, Settings{}, sources.Env{})
	s.look(again, dir, nil)
	for _, e := range []*Engine{e, again} {
		if e.Pending(at.Add(-time.Second)) || !e.Pending(at) {
			t.Errorf("pending %v before, %v then", e.Pending(at.Add(-time.Second)), e.Pending(at))
		}
	}
}

// TestHeldIsPending: withdrawals that the guard holds are stated again.
func TestHeldIsPending(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "posts/1.txt", "one")
	e, s := NewEngine(plain, Settings{}, sources.Env{}), newSink(t)
	s.look(e, dir, nil, "posts/1.txt")
	if e.Pending(time.Now()) {
		t.Error("pending without reason")
	}
	if err := os.Remove(filepath.Join(dir, "posts/1.txt")); err != nil {
		t.Fatal(err)
	}
	s.held = true
	s.look(e, dir, &Changes{Paths: []string{"posts/1.txt"}})
	if !e.Pending(time.Now()) {
		t.Error("a held withdrawal is forgotten")
	}
	s.held = false
	s.look(e, dir, &Changes{})
	if !slices.Equal(s.withdrawn, []string{"posts/1.txt"}) || e.Pending(time.Now()) {
		t.Errorf("withdrawn %q", s.withdrawn)
	}
}

func TestFileBounds(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a", "x")
	tree, err := OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	f := NewFile(tree, "p", nil, time.Time{}, time.Now())
	for range maxReads {
		if _, err := f.ReadFile("a", 10); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.ReadFile("a", 10); err == nil || f.Exists("a") {
		t.Error("a post reads without end")
	}
	if _, err := NewFile(tree, "p", nil, time.Time{}, time.Now()).ReadFile("../a", 10); err == nil {
		t.Error("a post reads outside of the site")
	}
}

// TestWatchOverflow: when events are lost, everything is looked at.
func TestWatchOverflow(t *testing.T) {
	src, dir := source(t, "posts/a.txt", "a")
	woken := 0
	w := &watch{Source: src, wake: func() { woken++ }, known: map[string]bool{}, waiting: map[string]pending{}}
	w.everything()
	if got := src.todo.take(); !got.full || woken != 1 {
		t.Errorf("%+v, woken %d", got, woken)
	}
	// Without events the directories' times tell.
	before := w.times()
	if !equal(before, w.times()) {
		t.Error("a change where there was none")
	}
	future := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "posts"), future, future); err != nil {
		t.Fatal(err)
	}
	if equal(before, w.times()) {
		t.Error("a changed directory is not seen")
	}
}

// TestQuiet: a path waits for quiet, but not for ever; one that is gone waits for another name.
func TestQuiet(t *testing.T) {
	src, _ := source(t, "posts/a.txt", "a")
	w := &watch{Source: src, wake: func() {}, known: map[string]bool{}, waiting: map[string]pending{}, timer: time.NewTimer(time.Hour)}
	const here, gone = "posts/a.txt", "posts/b.txt"
	w.hold(here)
	w.hold(gone)
	now := time.Now()
	w.release(now)
	if got := src.todo.take(); !got.empty() {
		t.Errorf("read before it was quiet: %+v", got)
	}
	w.release(now.Add(quiet + time.Millisecond))
	if got := src.todo.take().sorted(); !slices.Equal(got, []string{here}) {
		t.Errorf("after quiet %q", got)
	}
	w.release(now.Add(quiet + grace + time.Second))
	if got := src.todo.take().sorted(); !slices.Equal(got, []string{gone}) {
		t.Errorf("after the grace %q", got)
	}
	// One that was taken as a rename does not come again.
	w.hold(gone)
	w.release(time.Now().Add(quiet + time.Millisecond))
	if got := src.todo.leaving(); !slices.Equal(got, []string{gone}) {
		t.Errorf("leaving %q", got)
	}
	w.release(time.Now().Add(time.Minute))
	if got := src.todo.take(); !got.empty() {
		t.Errorf("again %+v", got)
	}
	// One that never rests is read after a while.
	w.waiting[here] = pending{first: time.Now().Add(-restless)}
	w.hold(here)
	if p := w.waiting[here]; p.due.After(time.Now()) {
		t.Error("waits for ever")
	}
}

func FuzzStamp(f *testing.F) {
	f.Add((&stamp{size: 1, mark: 2, raw: 3, shape: 4, emitted: true, key: "k", report: &Fault{5, "r"}, repaired: true, uses: true, until: 6}).encode())
	f.Add((&stamp{size: 1, near: []string{"a", "b/c"}, nearSum: 7}).encode())
	f.Add((&stamp{}).encode())
	f.Add([]byte("\x01A00000000000000000000000000000\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeStamp(b)
		if err != nil {
			return
		}
		again, err := decodeStamp(s.encode())
		if d := cmp.Diff(s, again, cmp.AllowUnexported(stamp{})); err != nil || d != "" {
			t.Fatalf("%v %s", err, d)
		}
	})
}

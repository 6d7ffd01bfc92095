package postdir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"feedmill/feeds"
	"feedmill/sources"
)

// Engine brings in the posts of one site. Its methods but Fetch may be called at any time.
type Engine struct {
	gen  Generator
	set  Settings
	todo queue
	// live: files are written while we look, so one that is cut off may soon be whole.
	live bool

	// What Fetch keeps between calls; the Manager runs one at a time.
	lastFull time.Time
	told     []string // where the site's own faults were reported
	notes    map[string]bool
	// needs are the posts that are made from files of a name.
	needs map[string]map[string]bool
	// follow are those that are made from files which are no posts.
	follow followers

	mu      sync.Mutex
	current Site
	dirs    []string
	shaping []string
	revisit int64 // the first second at which a post is to be decoded again; 0 for none
	scanned chan struct{}
}

// NewEngine makes the engine of a source.
func NewEngine(gen Generator, set Settings, env sources.Env) *Engine {
	set.Zone, set.Shape, set.Original = env.Zone, env.Shape, env.Original
	return &Engine{gen: gen, set: set, notes: map[string]bool{}, needs: map[string]map[string]bool{}, scanned: make(chan struct{}, 1)}
}

// Fetch emits what changed: in the files that ch names, or, if ch is nil, wherever it finds a change. The first one looks
// at everything, as does one after a Fetch that failed, and one after a change of a file that shapes posts.
func (e *Engine) Fetch(ctx context.Context, t Tree, ch *Changes, st sources.State, out sources.Sink) (sources.Result, error) {
	e.todo.add(workOf(ch))
	return e.fetch(ctx, t, e.todo.take(), st, out)
}

// Pending reports whether a Fetch has something to do though nothing changed: withdrawals that were held, or a post whose
// time has come.
func (e *Engine) Pending(now time.Time) bool {
	e.mu.Lock()
	due := e.current == nil || e.revisit != 0 && e.revisit <= now.Unix()
	e.mu.Unlock()
	return due || e.todo.waits()
}

func (e *Engine) fetch(ctx context.Context, t Tree, w work, st sources.State, out sources.Sink) (res sources.Result, err error) {
	defer func() {
		if err != nil {
			e.todo.add(work{full: true, renames: w.renames})
		}
	}()
	now := time.Now()
	f := &fetch{Engine: e, ctx: ctx, st: st, out: out, tree: t, now: now, site: e.site(), renames: w.renames}
	f.near.tree, f.near.others = t, f.all.sum
	f.all.tree, f.all.list = t, f.listed
	if f.site == nil || e.due(now) {
		w.full = true
	}
	names := false
	for p := range w.paths {
		if w.full {
			break
		}
		if !postPath(f.site, p) {
			switch f.site.Role(p) {
			case Shapes:
				w.full = true
			case Names:
				names = true
			case Nothing:
			}
		}
	}
	if w.full {
		return f.full()
	}
	f.waiting = e.live
	return f.partial(w, names)
}

func (e *Engine) site() Site {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.current
}

// due reports whether the time of a post has come.
func (e *Engine) due(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.revisit != 0 && e.revisit <= now.Unix()
}

// expect notes that a post is to be decoded again at a second; 0 is none.
func (e *Engine) expect(until int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if until != 0 && (e.revisit == 0 || until < e.revisit) {
		e.revisit = until
	}
}

// publish tells Watch what a walk found.
func (e *Engine) publish(site Site, l *listing) {
	e.mu.Lock()
	e.current, e.dirs, e.shaping = site, l.dirs, l.shaping
	e.mu.Unlock()
	select {
	case e.scanned <- struct{}{}:
	default:
	}
}

func (e *Engine) directories() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.dirs
}

func (e *Engine) shapingFiles() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.shaping
}

// fetch is one Fetch.
type fetch struct {
	*Engine
	ctx  context.Context
	st   sources.State
	out  sources.Sink
	tree Tree
	site Site
	// reports are the faults of the site's configuration.
	reports []sources.Rejected
	near    nearby
	// shape is that of the site, around that of posts that depend on other files.
	shape, around uint32
	now           time.Time
	renames       map[string]string
	// waiting: a file without end is left to be written, instead of rejected.
	waiting bool
	// force emits also what the stamps say is emitted.
	force bool

	emitted int
	// kept counts items of the store that were neither emitted anew nor withdrawn.
	kept int
	// describe asks for a description at the end.
	describe bool
	gone     []departed
	// files are all posts, if this fetch lists them; names finds them.
	files     []file
	listOnce  sync.Once
	namesOnce sync.Once
	names     map[string][]string
	// all is what posts ask of the whole site.
	all survey
}

// use makes a site the one of this fetch.
func (f *fetch) use(site Site) {
	f.site, f.all.site = site, site
	f.shape = site.Shape() ^ uint32(rawHash([]byte(f.set.Shape)))
	f.around = f.shape ^ site.Around()*0x9e3779b1
}

// shapeOf is the shape in a stamp.
func (f *fetch) shapeOf(uses bool) uint32 {
	if uses {
		return f.around
	}
	return f.shape
}

// current reports whether a file with the bytes of its stamp need not be decoded: neither the site nor a file beside it
// changed, nor has its time come.
func (f *fetch) current(s *stamp) bool {
	return s.shape == f.shapeOf(s.uses) && !s.due(f.now) && s.nearSum == f.near.sum(s.near)
}

// fresh reports whether a file is still what its stamp says.
func (f *fetch) fresh(s *stamp, c file) bool {
	return s.is(c) && f.current(s)
}

// departed is a file that is not there any more, or not published any more.
type departed struct {
	path  string
	stamp stamp
	// hidden is the stamp of a file that is still there; nil if it is gone.
	hidden *stamp
	// moved: another file has taken over its key.
	moved bool
}

// full looks at every file.
func (f *fetch) full() (res sources.Result, err error) {
	if err := f.reload(); err != nil {
		return res, err
	}
	l, err := walk(f.site, f.tree)
	if err != nil {
		return res, fmt.Errorf("list the site: %w (%w): may this user read it?", err, sources.ErrConfig)
	}
	f.publish(f.site, l)
	f.files = l.files
	if err := f.ctx.Err(); err != nil {
		return res, err
	}
	_, done, err := f.st.Get(scannedKey)
	if err != nil {
		return res, fmt.Errorf("read the state: %w", err)
	}
	f.force = !done
	f.mu.Lock()
	f.revisit = 0
	f.mu.Unlock()
	todo, err := f.compare(l)
	if err != nil {
		return res, err
	}
	titles := f.selfReports(l)
	if err := f.out.Describe(f.site.About(titles, f.noteList())); err != nil {
		return res, err
	}
	f.describe = false
	if err := f.run(todo); err != nil {
		return res, err
	}
	if f.describe {
		if err := f.out.Describe(f.site.About(titles, f.noteList())); err != nil {
			return res, err
		}
	}
	if f.force {
		f.st.Set(scannedKey, []byte{1})
	}
	f.lastFull = f.now
	res.Complete = f.force && f.kept == 0
	res.Unchanged = !res.Complete && f.emitted == 0 && len(f.gone) == 0
	res.Note = fmt.Sprintf("%d posts, %d read", len(l.files), len(todo))
	return res, nil
}

// reload reads the configuration. A broken one keeps the last good one in use.
func (f *fetch) reload() error {
	site, err := f.gen.Load(f.tree, f.set)
	switch {
	case err == nil:
		f.use(site)
		f.reports = site.Reports()
	case f.site == nil:
		return fmt.Errorf("read the site's configuration: %w (%w)", err, sources.ErrConfig)
	default:
		f.use(f.site)
		f.reports = []sources.Rejected{{
			Where: f.gen.Config, Reason: fmt.Sprintf("%v; the configuration read before stays in use", err), Repaired: true,
		}}
	}
	return nil
}

// compare finds the files to read and those that are gone.
func (f *fetch) compare(l *listing) ([]candidate, error) {
	first := f.lastFull.IsZero()
	fresh := make([]bool, len(l.files))
	prior := map[int]stamp{}
	var restate []sources.Rejected
	clear(f.needs)
	f.follow.clear()
	err := f.st.Range(func(key string, b []byte) error {
		if p, ok := strings.CutPrefix(key, needsPrefix); ok {
			f.depend(p, strings.Split(string(b), "\n"))
			return nil
		}
		if t, ok := strings.CutPrefix(key, notePrefix); ok {
			f.notes[t] = true
			return nil
		}
		path, ok := strings.CutPrefix(key, filePrefix)
		if !ok {
			return nil
		}
		s, err := decodeStamp(b)
		i, found := slices.BinarySearchFunc(l.files, path, func(a file, p string) int { return strings.Compare(a.path, p) })
		switch {
		case err != nil && !found:
			// Without a stamp there is no key but the path.
			f.gone = append(f.gone, departed{path: path, stamp: stamp{emitted: true}})
		case err != nil:
			prior[i] = stamp{emitted: true}
		case !found && l.below(path):
			f.kept++
		case !found:
			f.gone = append(f.gone, departed{path: path, stamp: s})
		case !f.force && f.fresh(&s, l.files[i]):
			fresh[i] = true
			f.expect(s.until)
			f.follow.add(path, s.near)
			if first && s.report != nil {
				restate = append(restate, s.report.rejection(s.keyOf(path), s.repaired))
			}
		default:
			prior[i] = s
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	for _, r := range restate {
		f.out.Reject(r)
	}
	slices.SortFunc(f.gone, func(a, b departed) int { return strings.Compare(a.path, b.path) })
	if err := f.unsettle(l, fresh, prior); err != nil {
		return nil, err
	}
	var todo []candidate
	for i, file := range l.files {
		if fresh[i] {
			continue
		}
		c := candidate{file: file}
		if s, ok := prior[i]; ok {
			c.prior = &s
		}
		todo = append(todo, c)
	}
	return todo, nil
}

// unsettle makes those fresh posts ones to decode that are made from files which changed, came or went.
func (f *fetch) unsettle(l *listing, fresh []bool, prior map[int]stamp) error {
	if len(f.needs) == 0 {
		return nil
	}
	moved := map[string]bool{}
	for i, file := range l.files {
		if fresh[i] {
			continue
		}
		moved[nameOf(file.path)] = true
		// A post that is decoded again only because of a file beside it is itself what it was.
		if s, ok := prior[i]; !ok || !s.is(file) || s.due(f.now) {
			moved[everyPost] = true
		}
	}
	for _, d := range f.gone {
		moved[nameOf(d.path)], moved[everyPost] = true, true
	}
	for _, post := range f.dependents(moved) {
		i, found := slices.BinarySearchFunc(l.files, post, func(a file, p string) int { return strings.Compare(a.path, p) })
		if !found {
			continue
		}
		if s, ok := prior[i]; ok {
			s.stale()
			prior[i] = s
			continue
		}
		b, ok, err := f.st.Get(filePrefix + post)
		if err != nil {
			return fmt.Errorf("read the state: %w", err)
		}
		if s, err := decodeStamp(b); ok && err == nil {
			s.stale()
			fresh[i], prior[i] = false, s
		}
	}
	return nil
}

// partial looks at single files; names says that the names of topics may have changed.
func (f *fetch) partial(w work, names bool) (res sources.Result, err error) {
	f.use(f.site)
	var todo []candidate
	arrives, reshapes := false, false
	look := func(path string, anew bool) error {
		c, found, err := f.find(path)
		if known := c.prior != nil; err == nil && found != known && f.site.Role(path) == Shapes {
			reshapes = true
		}
		if anew && c.prior != nil {
			c.prior.stale()
		}
		switch {
		case err != nil:
			return err
		case found && c.prior != nil && f.fresh(c.prior, c.file):
		case found:
			todo = append(todo, c)
			arrives = arrives || c.prior == nil
		case c.prior != nil:
			f.gone = append(f.gone, departed{path: path, stamp: *c.prior})
		}
		return nil
	}
	moved := map[string]bool{}
	anew := map[string]bool{}
	also := func(post string) { anew[post] = true }
	for path := range w.paths {
		moved[nameOf(path)] = true
		if postPath(f.site, path) {
			moved[everyPost] = true
		} else {
			f.follow.posts(path, also)
			f.follow.posts(otherFiles, also)
		}
	}
	for _, path := range f.dependents(moved) {
		also(path)
	}
	for path := range anew {
		w.paths[path] = true
	}
	for _, path := range w.sorted() {
		if !postPath(f.site, path) {
			continue
		}
		if err := look(path, anew[path]); err != nil {
			return res, err
		}
	}
	if reshapes {
		f.gone, f.waiting = nil, false
		return f.full()
	}
	if arrives {
		// A new file may be one that has just left another place.
		for _, path := range f.todo.leaving() {
			if w.paths[path] {
				continue
			}
			if err := look(path, false); err != nil {
				return res, err
			}
		}
	}
	if err := f.run(todo); err != nil {
		return res, err
	}
	if names || f.describe {
		titles, reports := f.site.Titles(f.tree)
		for _, r := range reports {
			f.out.Reject(r)
		}
		if err := f.out.Describe(f.site.About(titles, f.noteList())); err != nil {
			return res, err
		}
	}
	res.Note = fmt.Sprintf("%d changed files", len(todo)+len(f.gone))
	return res, nil
}

// find looks at one file and its stamp.
func (f *fetch) find(path string) (c candidate, found bool, err error) {
	b, ok, err := f.st.Get(filePrefix + path)
	if err != nil {
		return c, false, fmt.Errorf("read the state: %w", err)
	}
	if ok {
		s, err := decodeStamp(b)
		if err != nil {
			s = stamp{emitted: true}
		}
		c.prior = &s
	}
	info, err := f.tree.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return c, false, nil
	}
	c.path = path
	if err == nil {
		if info.IsDir() {
			return candidate{}, false, nil
		}
		c.size, c.mark, c.link = info.Size(), f.tree.Mark(info), info.Mode()&fs.ModeSymlink != 0
	}
	return c, true, nil
}

// selfReports reports the faults of the site itself, takes back those that are mended, and returns the titles of its
// topics.
func (f *fetch) selfReports(l *listing) (titles map[feeds.Topic]string) {
	titles, reports := f.site.Titles(f.tree)
	var told []string
	for _, r := range slices.Concat(f.reports, l.reports, reports) {
		f.out.Reject(r)
		told = append(told, r.Where)
	}
	for _, where := range f.told {
		if !slices.Contains(told, where) {
			f.gone = append(f.gone, departed{path: where})
		}
	}
	f.told = told
	return titles
}

// noteList is the notes so far in their order.
func (e *Engine) noteList() []string {
	out := make([]string, 0, len(e.notes))
	for n := range e.notes {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

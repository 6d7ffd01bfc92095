package jekyll

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"feedmill/sources"
)

// source is one Jekyll site.
type source struct {
	cfg  *Config
	env  sources.Env
	log  *slog.Logger
	todo queue

	// What Fetch keeps between calls; the Manager runs one at a time. Watch reads current and dirs under mu.
	lastFull time.Time
	told     []string // where the site's own faults were reported
	tags     map[string]bool

	mu      sync.Mutex
	current *site
	dirs    []string
	// scanned is signalled when dirs were listed anew.
	scanned chan struct{}
}

var (
	_ sources.Source  = (*source)(nil)
	_ sources.Watcher = (*source)(nil)
)

func newSource(cfg *Config, env sources.Env) *source {
	log := env.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &source{cfg: cfg, env: env, log: log, tags: map[string]bool{}, scanned: make(chan struct{}, 1)}
}

// Fetch emits what changed since the last one: the files that Watch saw change, or, if it saw none, whatever a walk
// over the whole site finds.
func (s *source) Fetch(ctx context.Context, st sources.State, out sources.Sink) (res sources.Result, err error) {
	w := s.todo.take()
	if w.empty() || s.site() == nil || time.Since(s.lastFull) > Kind.Interval {
		w.full = true
	}
	defer func() {
		if err != nil {
			s.todo.add(work{full: true})
		}
	}()
	root, err := openRoot(s.cfg.Path)
	if err != nil {
		return res, err
	}
	defer root.Close()
	f := &fetch{source: s, ctx: ctx, st: st, out: out, root: root, now: time.Now(), waiting: !w.full}
	if w.full {
		return f.full()
	}
	return f.partial(w)
}

func (s *source) site() *site {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

// publish tells Watch what a walk found.
func (s *source) publish(site *site, dirs []string) {
	s.mu.Lock()
	s.current, s.dirs = site, dirs
	s.mu.Unlock()
	select {
	case s.scanned <- struct{}{}:
	default:
	}
}

func (s *source) directories() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dirs
}

// fetch is one Fetch.
type fetch struct {
	*source
	ctx  context.Context
	st   sources.State
	out  sources.Sink
	root *os.Root
	site *site
	now  time.Time
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
	if f.site, err = f.reload(); err != nil {
		return res, err
	}
	l, err := f.site.walk(f.root)
	if err != nil {
		return res, fmt.Errorf("list the site: %w (%w): may this user read it?", err, sources.ErrConfig)
	}
	f.publish(f.site, l.dirs)
	if err := f.ctx.Err(); err != nil {
		return res, err
	}
	_, done, err := f.st.Get(scannedKey)
	if err != nil {
		return res, fmt.Errorf("read the state: %w", err)
	}
	f.force = !done
	todo, err := f.compare(l)
	if err != nil {
		return res, err
	}
	titles := f.selfReports(l)
	if err := f.out.Describe(f.site.about(titles, f.tagList())); err != nil {
		return res, err
	}
	f.describe = false
	if err := f.run(todo); err != nil {
		return res, err
	}
	if f.describe {
		if err := f.out.Describe(f.site.about(titles, f.tagList())); err != nil {
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
func (f *fetch) reload() (*site, error) {
	site, err := loadSite(f.root, f.cfg, f.env.Zone)
	if err == nil {
		return site, nil
	}
	old := f.source.site()
	if old == nil {
		return nil, fmt.Errorf("read the site's configuration: %w (%w)", err, sources.ErrConfig)
	}
	kept := *old
	kept.reports = []sources.Rejected{{
		Where: configName, Reason: fmt.Sprintf("%v; the configuration read before stays in use", err), Repaired: true,
	}}
	return &kept, nil
}

// compare finds the files to read and those that are gone.
func (f *fetch) compare(l *listing) ([]candidate, error) {
	first := f.lastFull.IsZero()
	fresh := make([]bool, len(l.files))
	prior := map[int]stamp{}
	var restate []sources.Rejected
	err := f.st.Range(func(key string, b []byte) error {
		if t, ok := strings.CutPrefix(key, tagPrefix); ok {
			f.tags[t] = true
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
		case !f.force && s.fresh(l.files[i], f.site.shape):
			fresh[i] = true
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

// below reports whether a path is in a directory that could not be listed.
func (l *listing) below(path string) bool {
	for _, dir := range l.unread {
		if strings.HasPrefix(path, dir) {
			return true
		}
	}
	return false
}

// partial looks at the files that Watch saw change.
func (f *fetch) partial(w work) (res sources.Result, err error) {
	f.site = f.source.site()
	var todo []candidate
	arrives := false
	look := func(path string) error {
		c, found, err := f.find(path)
		switch {
		case err != nil:
			return err
		case found && c.prior != nil && c.prior.fresh(c.file, f.site.shape):
		case found:
			todo = append(todo, c)
			arrives = arrives || c.prior == nil
		case c.prior != nil:
			f.gone = append(f.gone, departed{path: path, stamp: *c.prior})
		}
		return nil
	}
	for _, path := range w.sorted() {
		if err := look(path); err != nil {
			return res, err
		}
	}
	if arrives {
		// A new file may be one that has just left another place.
		for _, path := range f.todo.leaving() {
			if w.paths[path] {
				continue
			}
			if err := look(path); err != nil {
				return res, err
			}
		}
	}
	if err := f.run(todo); err != nil {
		return res, err
	}
	if w.pages || f.describe {
		titles, reports := topicTitles(f.root)
		for _, r := range reports {
			f.out.Reject(r)
		}
		if err := f.out.Describe(f.site.about(titles, f.tagList())); err != nil {
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
	info, err := f.root.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return c, false, nil
	}
	c.path = path
	if err == nil {
		if info.IsDir() {
			return candidate{}, false, nil
		}
		c.size, c.mtime, c.link = info.Size(), info.ModTime().UnixNano(), info.Mode()&fs.ModeSymlink != 0
	}
	return c, true, nil
}

// selfReports reports the faults of the site itself, takes back those that are mended, and returns the titles of its
// topics.
func (f *fetch) selfReports(l *listing) (titles topicNames) {
	titles, reports := topicTitles(f.root)
	var told []string
	for _, r := range slices.Concat(f.site.reports, l.reports, reports) {
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

// tagList is the tags seen so far in their order.
func (s *source) tagList() []string {
	out := make([]string, 0, len(s.tags))
	for t := range s.tags {
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}

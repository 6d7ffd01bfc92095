package git

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/internal/postdir"
	"feedmill/sources/internal/repo"
)

// source is one repository.
type source struct {
	cfg  *Config
	env  sources.Env
	repo *repo.Repo
	set  postdir.Settings

	// What Fetch keeps between calls; the Manager runs one at a time.
	engine    *postdir.Engine
	generator string
}

var (
	_ sources.Source   = (*source)(nil)
	_ sources.Receiver = (*source)(nil)
)

// commitKey is where the commit stands that was emitted last.
const commitKey = "git/commit"

// Fetch asks for the newest commit and emits what changed since the last one.
func (s *source) Fetch(ctx context.Context, st sources.State, out sources.Sink) (res sources.Result, err error) {
	letters, err := wakes(st)
	if err != nil {
		return res, err
	}
	res, err = s.fetch(ctx, st, out)
	if paused := (*fetch.PausedError)(nil); errors.As(err, &paused) {
		res.NotBefore = paused.Until
	}
	if err != nil {
		return res, marked(err)
	}
	for _, l := range letters {
		st.(sources.Mail).Done(l)
	}
	return res, nil
}

// wakes are the letters that came before this fetch: what they told of, it sees.
func wakes(st sources.State) ([]sources.Letter, error) {
	mail, ok := st.(sources.Mail)
	if !ok {
		return nil, nil
	}
	letters, err := mail.Letters()
	if err != nil {
		return nil, fmt.Errorf("read the mailbox: %w", err)
	}
	return letters, nil
}

// marked marks the errors that wait for the operator.
func marked(err error) error {
	for _, known := range []error{
		repo.ErrNoGit, repo.ErrNoSSH, repo.ErrEmpty, repo.ErrNoBranch, repo.ErrCredentials, repo.ErrHostKey, repo.ErrTooLarge, repo.ErrRedirect,
	} {
		if errors.Is(err, known) && !errors.Is(err, sources.ErrConfig) {
			return fmt.Errorf("%w (%w)", err, sources.ErrConfig)
		}
	}
	return err
}

func (s *source) fetch(ctx context.Context, st sources.State, out sources.Sink) (res sources.Result, err error) {
	if err := s.cfg.files(); err != nil {
		return res, err
	}
	end, err := s.repo.Begin(ctx)
	if err != nil {
		return res, err
	}
	defer end()
	tip, err := s.repo.Update(ctx)
	if err != nil {
		return res, err
	}
	stored, _, err := st.Get(commitKey)
	if err != nil {
		return res, fmt.Errorf("read the state: %w", err)
	}
	base := string(stored)
	note := fmt.Sprintf("%s %.10s", tip.Branch, tip.ID)
	if base == tip.ID && s.engine != nil && !s.engine.Pending(time.Now()) {
		return sources.Result{Unchanged: true, Note: note}, nil
	}
	l := &look{source: s, ctx: ctx, tip: tip.ID}
	defer l.close()
	if err := l.open(base); err != nil {
		return res, err
	}
	res, err = s.engine.Fetch(ctx, l.tree, l.changes, st, out)
	if broken := l.tree.damage(); broken != nil && ctx.Err() == nil {
		return sources.Result{}, errors.Join(fmt.Errorf("the clone is broken and is made anew: %w", broken), s.repo.Spoil())
	}
	if err != nil {
		return res, err
	}
	if err := s.repo.Keep(ctx, tip.ID); err != nil {
		return res, err
	}
	st.Set(commitKey, []byte(tip.ID))
	res.Note = note + ": " + res.Note
	return res, nil
}

// look is the view of one commit.
type look struct {
	*source
	ctx    context.Context
	tip    string
	reader *repo.Reader
	// fetching: one fetch at a time.
	fetching sync.Mutex

	tree    *tree
	changes *postdir.Changes
}

func (l *look) close() {
	if l.reader != nil {
		l.reader.Close()
	}
}

// open makes the tree of the commit, finds what changed since base, and brings what will be read.
func (l *look) open(base string) (err error) {
	list, err := l.repo.List(l.ctx, l.tip, l.cfg.Path)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		where := "the commit has no files"
		if l.cfg.Path != "" {
			where = fmt.Sprintf("path %s: there is no such directory in the branch", l.cfg.Path)
		}
		return fmt.Errorf("read commit %.10s: %s (%w)", l.tip, where, sources.ErrConfig)
	}
	var times map[string]time.Time
	if l.set.FileDates {
		if times, err = l.repo.Touched(l.ctx, l.tip, l.cfg.Path); err != nil {
			return err
		}
	}
	var ids []string
	for _, e := range list {
		if e.Size < 0 && (isText(e.Path) || e.Link) {
			ids = append(ids, e.ID)
		}
	}
	if len(ids) > 0 {
		if err := l.repo.Prefetch(l.ctx, l.tip, ids); err != nil {
			return err
		}
		if list, err = l.repo.List(l.ctx, l.tip, l.cfg.Path); err != nil {
			return err
		}
	}
	if l.reader, err = l.repo.Read(l.ctx); err != nil {
		return err
	}
	l.tree = newTree(list, l.cfg.Path, times)
	l.tree.read = l.blob
	if err := l.generate(); err != nil {
		return err
	}
	if base == "" || base == l.tip {
		return nil
	}
	return l.compare(base, list)
}

// blob reads a file, and fetches one that was not expected to be read.
func (l *look) blob(id string, limit int64) ([]byte, error) {
	b, err := l.reader.Blob(id, limit)
	if !errors.Is(err, repo.ErrMissing) {
		return b, err
	}
	l.fetching.Lock()
	err = l.repo.Prefetch(l.ctx, l.tip, []string{id})
	l.fetching.Unlock()
	if err != nil {
		return nil, err
	}
	return l.reader.Blob(id, limit)
}

// text are the extensions of files that sites are made of, beside pictures and the like: those are fetched beforehand, all
// at once.
var text = []string{
	".adoc", ".asciidoc", ".csv", ".htm", ".html", ".json", ".liquid", ".markdown", ".md", ".mdown", ".mdwn", ".mkd", ".mkdn", ".mkdown",
	".org", ".rst", ".toml", ".tsv", ".txt", ".xhtml", ".yaml", ".yml",
}

func isText(name string) bool { return slices.Contains(text, strings.ToLower(path.Ext(name))) }

// generate finds the site's generator. Another one than before starts with an engine of its own.
func (l *look) generate() error {
	gens := l.cfg.generators
	i := slices.IndexFunc(gens, func(g postdir.Generator) bool {
		if l.cfg.Generator != "" {
			return g.Name == l.cfg.Generator
		}
		return g.Detect(l.tree)
	})
	if i < 0 {
		if l.engine == nil {
			return fmt.Errorf("read commit %.10s: no site is recognised in it: set path to the site's directory, or generator (%w)", l.tip, sources.ErrConfig)
		}
		return nil // what it was before is what it is meant to be
	}
	if l.engine == nil || l.generator != gens[i].Name {
		l.engine, l.generator = postdir.NewEngine(gens[i], l.set, l.env), gens[i].Name
	}
	return nil
}

// compare finds what changed since a commit. If that is nowhere to be had any more, everything is looked at.
func (l *look) compare(base string, list []repo.Entry) error {
	ok, err := l.repo.Has(l.ctx, base)
	if err != nil || !ok {
		return err
	}
	old, err := l.repo.List(l.ctx, base, l.cfg.Path)
	if err != nil {
		l.env.Log.Debug("cannot list the former commit: everything is looked at", "err", err)
		return nil
	}
	before := make(map[string]string, len(old))
	for _, e := range old {
		before[e.Path] = e.ID
	}
	ch := &postdir.Changes{}
	var moved []string
	for _, e := range list {
		id, ok := before[e.Path]
		if delete(before, e.Path); ok && id == e.ID {
			continue
		}
		ch.Paths = append(ch.Paths, l.inside(e.Path))
		if !ok && isText(e.Path) {
			moved = append(moved, e.Path)
		}
	}
	gone := 0
	for p := range before {
		ch.Paths = append(ch.Paths, l.inside(p))
		if isText(p) {
			gone++
			moved = append(moved, p)
		}
	}
	if gone > 0 && gone < len(moved) {
		renames, err := l.renames(base, old, moved)
		if err != nil {
			return err
		}
		ch.Renames = renames
	}
	l.changes = ch
	return nil
}

// renames are the files that have another name than in base, below the site's directory.
func (l *look) renames(base string, old []repo.Entry, paths []string) (map[string]string, error) {
	wanted := map[string]bool{}
	for _, p := range paths {
		wanted[p] = true
	}
	var ids []string
	for _, e := range old {
		if wanted[e.Path] && e.Size < 0 {
			ids = append(ids, e.ID)
		}
	}
	if err := l.repo.Prefetch(l.ctx, base, ids); err != nil {
		if l.ctx.Err() != nil {
			return nil, err
		}
		// Equal contents are found by the engine.
		l.env.Log.Debug("cannot fetch former contents: only files moved without a change keep their identity", "err", err)
		return nil, nil
	}
	found, err := l.repo.Renames(l.ctx, base, l.tip, paths)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for to, from := range found {
		out[l.inside(to)] = l.inside(from)
	}
	return out, nil
}

// inside is a path of the repository as one of the site.
func (l *look) inside(p string) string {
	if l.cfg.Path == "" {
		return p
	}
	return strings.TrimPrefix(p, l.cfg.Path+"/")
}

package web

import (
	"context"
	"errors"
	"fmt"
	"time"

	"feedmill/feeds"
)

// doc names a document that is kept rendered. Its key is its canonical address below the base URL, query included.
type doc struct {
	key   string
	topic feeds.Topic
	// format is set for a feed, the language of the look for a page for people, neither for an outline.
	format *feeds.Format
	look
	// item is the ID of the item that a page shows; empty for a topic's page.
	item string
	// kind narrows an outline; empty for all of them.
	kind string
	// view is set for what a query makes of a feed or a page; nil for the document as it is.
	view *view
	// month is set for an archive document.
	month string
}

func feedDoc(t feeds.Topic, f *feeds.Format) doc {
	return doc{key: t.Path() + f.Suffix, topic: t, format: f}
}

func pageDoc(t feeds.Topic, l look) doc {
	return doc{key: l.key(t.Path(), ""), topic: t, look: l}
}

// viewed is the document that a view makes of d.
func (d doc) viewed(v *view) doc {
	if v.plain() {
		return d
	}
	if d.view, d.key = v, d.key+"?"+v.query; d.lang != "" {
		d.key = d.look.key(d.topic.Path(), v.query)
	}
	return d
}

// aside reports whether a document is one of so many that it must not push out others: it is kept in a cache of its own
// and never on disk.
func (d doc) aside() bool { return d.view != nil || d.month != "" || d.item != "" }

// walks reports whether making a document may mean to look through many items.
func (d doc) walks() bool { return d.view != nil && (d.view.filters() || !d.view.after.IsZero()) }

// errUnknown says that a topic never had an item.
var errUnknown = errors.New("no such topic")

// ErrNotReady is what a store fails with for a saved feed whose items are being gathered for the first time.
var ErrNotReady = errors.New("the feed is being gathered")

// Times of rendering.
const (
	// renderTimeout bounds one attempt, reading the store included.
	renderTimeout = 30 * time.Second
	// patience is how long a request waits for new bytes when it could have old ones, impatience the same where there is
	// little to hope for or to win, firstTime how long it waits when there is nothing else.
	patience   = 800 * time.Millisecond
	impatience = 250 * time.Millisecond
	firstTime  = 20 * time.Second
	// retryEvery is how often a failing document is tried again.
	retryEvery = time.Second
	// attempts bounds how often a document is rendered again because it changed meanwhile.
	attempts = 3
)

// flight is one rendering under way; all requests for its document wait for the same one. It is written by hand
// because otter's loader knows no stale value to fall back to while it loads.
type flight struct {
	doc     doc
	started time.Time
	dirty   bool // guarded by Server.mu: something changed since the store was read
	// forgotten, guarded as well, says that what is being made may be private by now: nobody may have it later.
	forgotten bool
	done      chan struct{}
	e         *entry // valid once done is closed, as err
	err       error
}

// get returns a document: fresh, or the last one there was if it cannot be had in time. It fails with errUnknown, and
// with the store's error for a document that was never rendered.
func (s *Server) get(ctx context.Context, d doc) (*entry, error) {
	old, ok := s.home(d).GetIfPresent(d.key)
	if ok && !old.stale.Load() && !old.due(s.now) {
		return old, nil
	}
	if ok && time.Since(s.made) < time.Duration(old.retry.Load()) {
		s.stats.Stale.Add(1)
		return old, nil
	}
	f := s.join(d)
	limit := firstTime
	switch {
	case ok && (!old.stale.Load() || old.failing.Load()):
		limit = impatience
	case ok || s.spooled(d):
		limit = patience
	}
	wait := limit - time.Since(f.started)
	if !ok {
		wait = max(wait, impatience) // a flight that hung may be on its last yard: the store is back
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	var err error
	select {
	case <-f.done:
		if f.e != nil {
			if f.err != nil {
				s.stats.Stale.Add(1)
			}
			return f.e, nil
		}
		if err = f.err; refused(err) {
			return nil, err
		}
	case <-timer.C:
		err = fmt.Errorf("render %s: the store has not answered for %s", d.key, limit)
	case <-ctx.Done():
		err = ctx.Err()
	}
	if !ok {
		// The store hangs rather than fails: what an earlier process rendered is better than nothing.
		if old = s.revive(d); old == nil {
			return nil, err
		}
	}
	s.stats.Stale.Add(1)
	return old, nil
}

// healthy and unhealthy note how the store does; only what is new is logged.
func (s *Server) healthy() {
	s.ready.Store(true)
	if s.failing.Swap(false) {
		s.log.Info("documents are rendered again")
	}
}

func (s *Server) unhealthy(err error) {
	s.stats.Failures.Add(1)
	if s.ctx.Err() == nil && !s.failing.Swap(true) {
		s.log.Warn("documents cannot be rendered, the last ones are served until the store is back", "err", err)
	}
}

// join returns the flight of a document, a new one if there is none.
func (s *Server) join(d doc) *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.flights[d.key]; f != nil {
		return f
	}
	f := &flight{doc: d, started: time.Now(), done: make(chan struct{})}
	if e, ok := s.home(d).GetEntryQuietly(d.key); ok && !e.Value.stale.Load() && !e.Value.due(s.now) {
		f.e = e.Value // another request was faster
		close(f.done)
		return f
	}
	s.flights[d.key] = f
	if !s.background(func() { s.fly(f, d) }) {
		delete(s.flights, d.key)
		f.err = fmt.Errorf("render %s: %w", d.key, context.Canceled)
		close(f.done)
	}
	return f
}

// fly renders a document and publishes it. A change that comes while it renders makes it start again, so that no old
// bytes are taken for new ones.
func (s *Server) fly(f *flight, d doc) {
	ctx, cancel := context.WithTimeout(s.ctx, renderTimeout)
	defer cancel()
	var e *entry
	var err error
	for try := 1; ; try++ {
		s.mu.Lock()
		f.dirty = false
		s.mu.Unlock()
		e, err = s.render(ctx, d)
		s.mu.Lock()
		if !f.dirty || err != nil || try == attempts || d.aside() {
			break // with the lock
		}
		s.mu.Unlock()
	}
	keep := err == nil && !f.forgotten
	if keep {
		s.seq++
		e.seq = s.seq
		e.stale.Store(f.dirty)
		s.home(d).Set(d.key, e)
	}
	if errors.Is(err, errUnknown) {
		s.home(d).Invalidate(d.key)
	}
	s.mu.Unlock()

	if err == nil {
		s.stats.Renders.Add(1)
	}
	switch {
	case err == nil || refused(err):
		s.healthy()
	default:
		if !errors.Is(err, errBusy) {
			s.unhealthy(err)
		}
		if e = s.revive(d); e != nil {
			e.failing.Store(true)
			e.retry.Store(int64(time.Since(s.made) + retryEvery))
		}
	}
	f.e, f.err = e, err
	s.mu.Lock()
	if s.flights[d.key] == f {
		delete(s.flights, d.key)
	}
	s.mu.Unlock()
	close(f.done)
	if keep && s.spool != nil && d.lang == "" && !d.aside() {
		s.keepOnDisk(e)
	}
}

// keepOnDisk has an entry written to the spool, soon.
func (s *Server) keepOnDisk(e *entry) {
	write := func() {
		for _, e := range s.spool.take() {
			if err := s.spool.put(e); err != nil {
				s.log.Warn("document not spooled", "path", e.key, "err", err)
			}
		}
	}
	first, full := s.spool.add(e)
	if first {
		soon := func() {
			t := time.NewTimer(spoolAfter)
			defer t.Stop()
			select {
			case <-t.C:
			case <-s.ctx.Done():
			}
			write()
		}
		full = !s.background(soon) || full // closing: there is no later
	}
	if full {
		write()
	}
}

// spooled reports whether the spool has some bytes of a document.
func (s *Server) spooled(d doc) bool {
	return s.spool != nil && d.lang == "" && !d.aside() && s.spool.has(d.key)
}

// revive returns the last bytes of a document there are, in memory or in the spool; nil for none.
func (s *Server) revive(d doc) *entry {
	if e, ok := s.home(d).GetEntryQuietly(d.key); ok {
		return e.Value
	}
	if s.spool == nil || d.lang != "" || d.aside() {
		return nil
	}
	e, err := s.spool.get(d.key, s.config.Load().shell(d))
	if err != nil {
		s.log.Warn("spooled document not used", "path", d.key, "err", err)
		return nil
	}
	if e == nil {
		return nil
	}
	s.stats.SpoolReads.Add(1)
	e.stale.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if now, ok := s.home(d).GetEntryQuietly(d.key); ok {
		return now.Value
	}
	s.home(d).Set(d.key, e)
	return e
}

// render makes a document from the store.
func (s *Server) render(ctx context.Context, d doc) (e *entry, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("rendering panicked", "path", d.key, "err", fmt.Sprint(p), "stack", stack())
			e, err = nil, fmt.Errorf("render %s: panic: %v", d.key, p)
		}
	}()
	leave, err := s.enter(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("render %s: waiting for others: %w", d.key, err)
	}
	defer leave()
	made, err := s.document(ctx, s.config.Load(), d)
	if err != nil {
		return nil, err
	}
	old := (*entry)(nil)
	if now, ok := s.home(d).GetEntryQuietly(d.key); ok {
		old = now.Value
	}
	return newEntry(d.key, made, old)
}

// document makes a document from the store.
func (s *Server) document(ctx context.Context, cfg *config, d doc) (made *document, err error) {
	made = cfg.shell(d)
	made.read = s.now()
	switch {
	case d.month != "":
		err = s.renderArchive(ctx, cfg, d, made)
	case d.view != nil && d.format != nil:
		err = s.renderView(ctx, cfg, d, made)
	case d.format != nil:
		err = s.renderFeed(ctx, cfg, d, made)
	case d.item != "":
		err = s.renderItem(ctx, cfg, d, made)
	case d.lang != "":
		err = s.renderTopic(ctx, cfg, d, made)
	default:
		err = s.renderOutline(ctx, cfg, d, made)
	}
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", d.key, err)
	}
	return made, nil
}

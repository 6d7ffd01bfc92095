package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"feedmill/feeds"
)

// Store is what the web needs of a store.
type Store interface {
	// Recent reads at most limit items of a topic together with the topic's version.
	Recent(ctx context.Context, topic feeds.Topic, order feeds.Order, before feeds.Pos, limit int) (feeds.Page, error)
	// Topics lists every topic of a group that ever had an item.
	Topics(ctx context.Context, group string) ([]feeds.TopicInfo, error)
	// Get returns the live items with these public IDs, without those that are not there.
	Get(ctx context.Context, ids ...string) ([]feeds.Item, error)
}

// Options are settings of the process; they need a restart.
type Options struct {
	// Log takes what an operator should know; nil discards it.
	Log *slog.Logger
	// Memory bounds the rendered documents in memory, in bytes; 0 means 64 MiB.
	Memory int64
	// Spool is a directory for rendered documents, which outlive the process there so that a restart serves them while
	// the store is down; empty for none. SpoolBytes bounds it; 0 means 256 MiB.
	Spool      string
	SpoolBytes int64
	// Reading says how far the first fetches are: how many posts were read, and how many sources are still to be. The index
	// tells while there are any; nil for no such thing.
	Reading func() (posts, sources int)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Server publishes what a store holds. Make it with [New]; all methods may be called at any time by anyone.
type Server struct {
	store   Store
	formats []feeds.Format
	log     *slog.Logger
	now     func() time.Time
	reading func() (posts, sources int)
	made    time.Time // origin of monotonic times in entries
	config  atomic.Pointer[config]
	stats   *counters
	limits  *limiter
	ready   atomic.Bool
	failing atomic.Bool // the last read of the store failed
	spool   *spool
	statics map[string]*entry // what comes with the program, by path
	cache   *otter.Cache[string, *entry]
	slots   chan struct{}                // bounds how many documents are rendered at once, and so the memory that takes
	side    *otter.Cache[string, *entry] // what views make of feeds: random ones push out only each other
	walks   chan struct{}                // bounds how many of those are made at once
	queued  *atomic.Int64                // how many are made or wait for it
	hints   chan struct{}                // bounds searches for similar names

	mu      sync.Mutex // flights, and what a flight publishes against what changes
	flights map[string]*flight
	seq     uint64
	catalog catalog

	doors  doors
	memory int64

	ctx     context.Context
	cancel  context.CancelFunc
	closing sync.Mutex // between background and Close
	wg      sync.WaitGroup
}

// New makes a server. It does no input or output but to create and list the spool directory. It fails when the site
// has no usable BaseURL or no Instance, when there is no format, or when the spool cannot be used.
func New(store Store, formats []feeds.Format, site Site, opts Options) (*Server, error) {
	if len(formats) == 0 {
		return nil, errors.New("publish: no formats")
	}
	s, err := newServer(store, formats, site, opts, nil)
	if err != nil {
		return nil, err
	}
	s.hang(site)
	return s, nil
}

// newServer makes a server; outer is set for one behind a token, which counts and waits together with it.
func newServer(store Store, formats []feeds.Format, site Site, opts Options, outer *Server) (*Server, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Reading == nil {
		opts.Reading = func() (posts, sources int) { return 0, 0 }
	}
	if opts.Memory <= 0 {
		opts.Memory = 64 << 20
	}
	if opts.SpoolBytes <= 0 {
		opts.SpoolBytes = 256 << 20
	}
	cfg, err := newConfig(site, formats)
	if err != nil {
		return nil, err
	}
	cache, err := newCache(opts.Memory - opts.Memory/sideShare)
	if err != nil {
		return nil, err
	}
	side, err := newCache(opts.Memory / sideShare)
	if err != nil {
		return nil, err
	}
	s := &Server{
		store: store, formats: formats, log: opts.Log, now: opts.Now, reading: opts.Reading, made: time.Now(), cache: cache,
		slots:   make(chan struct{}, max(8, 4*runtime.GOMAXPROCS(0))),
		hints:   make(chan struct{}, 2),
		side:    side,
		walks:   make(chan struct{}, maxWalks),
		queued:  &atomic.Int64{},
		flights: map[string]*flight{},
		stats:   &counters{}, limits: &limiter{}, memory: opts.Memory,
	}
	if outer != nil {
		s.stats, s.limits, s.slots, s.hints, s.walks, s.queued = outer.stats, outer.limits, outer.slots, outer.hints, outer.walks, outer.queued
	}
	s.take(cfg)
	if s.statics, err = staticEntries(cfg.private); err != nil {
		return nil, err
	}
	if opts.Spool != "" {
		if s.spool, err = openSpool(opts.Spool, opts.SpoolBytes); err != nil {
			return nil, err
		}
		s.ready.Store(s.spool.bytes() > 0)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Handler is the public HTTP side.
func (s *Server) Handler() http.Handler { return s }

// ServeHTTP answers one request. A panic becomes a 500 that nobody keeps.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler {
			panic(p)
		}
		s.log.Error("request panicked", "path", Hide(r.URL.Path), "client", s.config.Load().client(r).String(), "err", fmt.Sprint(p), "stack", stack())
		s.fail(w, r, http.StatusInternalServerError, "internal error: the operator's log says more")
	}()
	if len(r.TransferEncoding) > 0 {
		// net/http drops a Content-Length beside it, so that which of both a proxy went by cannot be seen any more. Nothing
		// here takes a body: refuse it, and let nothing behind it count as a request (RFC 9112 §6.1, §11.2).
		w.Header()["Connection"] = []string{"close"}
		s.fail(w, r, http.StatusBadRequest, "no request here has a body: leave out Transfer-Encoding")
		return
	}
	cfg := s.config.Load()
	if cfg.cost != 0 && s.limited(w, r, cfg) {
		return
	}
	s.dispatch(w, r, cfg)
}

// dispatch answers a request that may be answered.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request, cfg *config) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		// An entry's key is its canonical address, so most requests find it by their request line as it stands.
		target := strings.TrimPrefix(r.RequestURI, cfg.prefix)
		if e, ok := s.cache.GetIfPresent(target); ok && !e.stale.Load() && !e.due(s.now) {
			s.serve(w, r, e)
			return
		}
	}
	s.route(w, r)
}

func stack() string {
	b := make([]byte, 8<<10)
	return string(b[:runtime.Stack(b, false)])
}

// Ready reports whether documents can be served: one was rendered, or lies in the spool.
func (s *Server) Ready() bool { return s.ready.Load() }

// Warm renders the documents of these topics, or of everything without any, so that their first readers need not wait.
func (s *Server) Warm(ctx context.Context, topics ...feeds.Topic) error {
	if len(topics) == 0 {
		topics = []feeds.Topic{feeds.All}
	}
	var errs []error
	for _, t := range topics {
		for i := range s.formats {
			if _, err := s.get(ctx, feedDoc(t, &s.formats[i])); err != nil {
				errs = append(errs, err)
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// Changed says that these topics moved in the store. Their documents are rendered again when they are asked for.
func (s *Server) Changed(topics ...feeds.Topic) {
	public, private := parted(topics)
	for _, inner := range s.inners("") {
		inner.changed(public)
	}
	for group, list := range private {
		for _, inner := range s.inners(group) {
			inner.changed(list)
		}
	}
	s.changed(public)
}

// parted splits topics into the public ones and, by group, the private ones as those see them who may.
func parted(topics []feeds.Topic) (public []feeds.Topic, private map[string][]feeds.Topic) {
	private = map[string][]feeds.Topic{}
	for _, t := range topics {
		if group := t.Group; group != "" {
			t.Group = ""
			private[group] = append(private[group], t)
		} else {
			public = append(public, t)
		}
	}
	return public, private
}

func (s *Server) changed(topics []feeds.Topic) {
	if len(topics) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range topics {
		for _, key := range s.keys(t) {
			s.expire(key)
		}
	}
	for _, path := range outlinePaths {
		s.expire(path)
	}
	s.expireSide(topics)
	s.catalog.dirty = true
}

// Forget drops all documents of these topics, from memory and disk: none is served again, even if the store fails. It is for
// items that became private; what is merely withdrawn may be seen for as long as the store cannot be asked. Without topics it
// drops everything.
func (s *Server) Forget(topics ...feeds.Topic) {
	for _, inner := range s.inners("") {
		inner.Forget(topics...) // of another group the item may have been there, too
	}
	forgotten := func(d doc) bool {
		return len(topics) == 0 || slices.ContainsFunc(topics, func(t feeds.Topic) bool { t.Group = ""; return t == d.topic })
	}
	s.mu.Lock()
	for key, f := range s.flights {
		if f.dirty = true; forgotten(f.doc) || f.doc.aside() {
			f.forgotten = true
			delete(s.flights, key) // who asks from now on waits for another one
		}
	}
	s.side.InvalidateAll()
	if len(topics) == 0 {
		s.cache.InvalidateAll()
	}
	var keys []string
	if len(topics) > 0 {
		keys = slices.Clone(outlinePaths)
	}
	for _, t := range topics {
		keys = append(keys, s.keys(t)...)
	}
	for _, key := range keys {
		s.cache.Invalidate(key)
	}
	s.catalog.dirty, s.catalog.current = true, nil
	s.catalog.forgets++
	last := s.seq
	s.mu.Unlock()
	if s.spool == nil {
		return
	}
	if err := s.spool.forget(last, keys...); err != nil {
		s.log.Error("what became private may lie in the spool still: remove the directory", "dir", s.spool.dir, "err", err)
	}
}

// keys are those of all documents of a topic but those that views make.
func (s *Server) keys(t feeds.Topic) (out []string) {
	path := t.Path()
	for i := range s.formats {
		out = append(out, path+s.formats[i].Suffix)
	}
	for _, l := range looks {
		out = append(out, l.key(path, ""))
	}
	return out
}

// expire marks one document. The caller holds s.mu.
func (s *Server) expire(key string) {
	if f := s.flights[key]; f != nil {
		f.dirty = true
	}
	if e, ok := s.cache.GetEntryQuietly(key); ok {
		e.Value.stale.Store(true)
	}
}

// Reset says that anything may have moved.
func (s *Server) Reset() {
	for _, inner := range s.inners("") {
		inner.Reset()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.flights {
		f.dirty = true
	}
	for _, c := range []*otter.Cache[string, *entry]{s.cache, s.side} {
		for _, e := range c.All() {
			e.stale.Store(true)
		}
	}
	s.catalog.dirty = true
}

// Configure takes new settings. Documents they do not reach keep their bytes and entity tags. Settings that cannot be
// used are logged, and the old ones stay.
func (s *Server) Configure(site Site) {
	if s.configure(site) {
		s.hang(site)
	}
}

func (s *Server) configure(site Site) bool {
	cfg, err := newConfig(site, s.formats)
	if err != nil {
		s.log.Error("settings not taken, the old ones stay", "err", err)
		return false
	}
	s.take(cfg)
	s.Reset()
	return true
}

func (s *Server) take(cfg *config) {
	if cfg.site.Discreet {
		cfg.listed = s.listed
	}
	s.config.Store(cfg)
}

// Close ends what is being rendered and waits for it. Requests that come later get what is in memory.
func (s *Server) Close() {
	s.closing.Lock()
	s.cancel()
	s.closing.Unlock()
	for _, inner := range s.inners("") {
		inner.Close()
	}
	s.wg.Wait()
}

// background runs f beside the request. It reports false, and runs nothing, once the server is closing.
func (s *Server) background(f func()) bool {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.ctx.Err() != nil {
		return false
	}
	s.wg.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				s.log.Error("background work panicked", "err", fmt.Sprint(p), "stack", stack())
			}
		}()
		f()
	})
	return true
}

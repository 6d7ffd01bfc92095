// Package app is the running program: it wires sources, store and web together, and owns their life cycle. Tests embed
// it on ":0"; the command in cmd/feedmill adds flags, signals and exit codes. It names no adapter.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/web"
	"feedmill/sources"
)

// Options is what the program hands in.
type Options struct {
	Version string
	Formats []feeds.Format
	// Load reads the configuration; it is called again at each reload.
	Load func() (*config.Config, error)
	// OpenStore opens the store of a URL such as bolt:feedmill.db.
	OpenStore func(ctx context.Context, url string, log *slog.Logger) (cache.Store, error)
	// HTTP makes the polite client; private networks in allow may be reached.
	HTTP func(allow []netip.Prefix) *http.Client
	Log  *slog.Logger
	// Spool is the directory that keeps rendered documents for when the store fails; empty for none.
	Spool string
	// Socket is the path of the control socket; empty for none.
	Socket string
}

// App is one running feedmill.
type App struct {
	opts    Options
	log     *slog.Logger
	store   cache.Store
	web     *web.Server
	manager *sources.Manager

	public, admin net.Listener
	servers       []*http.Server
	base          string // where readers find this, without a slash at the end
	stop          context.CancelFunc
	running       sync.WaitGroup
	failed        chan error // a listener that broke

	superseded atomic.Bool // another replica runs a newer configuration
	applying   sync.Mutex  // one reload at a time

	// clients are shared by the sources with the same private networks, so that they share the pace of each host.
	clients map[string]*http.Client

	mu         sync.Mutex
	cfg        *config.Config
	configHash string
	site       web.Site
}

// Start loads the configuration and brings everything up: listeners first, so that a used port is known at once, then
// the store, then the web, then the sources. What fails is one clear error; nothing keeps running then.
func Start(ctx context.Context, opts Options) (_ *App, err error) {
	cfg, err := opts.Load()
	if err != nil {
		return nil, err
	}
	a := &App{opts: opts, log: opts.Log, cfg: cfg, failed: make(chan error, 3), clients: map[string]*http.Client{}}
	defer func() {
		if err != nil {
			a.release()
		}
	}()
	if a.public, err = listen(cfg.Listen, "listen"); err != nil {
		return nil, err
	}
	if cfg.Admin != "off" {
		if a.admin, err = listen(cfg.Admin, "admin"); err != nil {
			return nil, err
		}
	}
	if a.store, err = opts.OpenStore(ctx, cfg.Store, a.log); err != nil {
		return nil, err
	}
	a.base = cfg.BaseURL
	if a.base == "" {
		a.base = fmt.Sprintf("http://localhost:%d", a.public.Addr().(*net.TCPAddr).Port)
		a.log.Warn("base_url is not set: readers elsewhere, Slack and WebSub cannot use these addresses", "base_url", a.base)
	}
	if err := a.shape(ctx, cfg); err != nil {
		return nil, err
	}
	bg, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.manager = sources.NewManager(
		&desks{store: a.store, log: a.log, mayFetch: func() bool { return !a.superseded.Load() }},
		sources.Options{Log: a.log})
	a.serve(a.public, web.NewHTTPServer(a.web.Handler()))
	if a.admin != nil {
		a.serve(a.admin, adminServer(a.adminHandler()))
	}
	if err := a.serveSocket(); err != nil {
		return nil, err
	}
	for _, loop := range []func(context.Context){a.tail, a.maintain, a.watchSettings, a.watchFiles, a.bringIn} {
		a.running.Go(func() { loop(bg) })
	}
	return a, nil
}

// shape makes or reconfigures the web from a configuration.
func (a *App) shape(ctx context.Context, cfg *config.Config) error {
	site := shape(cfg, a.base, a.opts.Version)
	hash := configHash(cfg, site)
	st, err := a.adopt(ctx, site, hash)
	if err != nil {
		return err
	}
	site.Instance, site.Since, site.Notice = st.Instance, st.Since, notice(a.base)
	a.mu.Lock()
	a.cfg, a.configHash, a.site = cfg, hash, site
	a.mu.Unlock()
	a.superseded.Store(false)
	if a.web == nil {
		a.web, err = web.New(a.store, a.opts.Formats, site, web.Options{Log: a.log, Spool: a.opts.Spool})
		if err != nil {
			return err
		}
	}
	a.refreshSite(ctx)
	return nil
}

// bringIn starts the sources, after renames and removals.
func (a *App) bringIn(ctx context.Context) {
	a.applying.Lock()
	defer a.applying.Unlock()
	a.applySources(ctx)
}

func (a *App) applySources(ctx context.Context) {
	specs, err := a.specs()
	if err != nil {
		a.log.Error("cannot start the sources", "err", err)
		return
	}
	keep := map[string]bool{}
	for _, s := range specs {
		keep[s.Name] = true
	}
	a.manager.Keep(keep) // a source that leaves stops before its items do
	for ctx.Err() == nil {
		if err = a.roster(ctx); err == nil || ctx.Err() != nil {
			break
		}
		a.log.Warn("cannot bring the store in line with the configured sources; trying again", "err", err)
		pause(ctx, 5*time.Second)
	}
	if ctx.Err() == nil {
		a.refreshSite(ctx) // sources may have left or returned
		a.manager.Apply(specs)
	}
}

// specs makes the Manager's specs of the configuration. The caller holds applying.
func (a *App) specs() ([]sources.Spec, error) {
	cfg := a.config()
	out := make([]sources.Spec, 0, len(cfg.Sources))
	for _, s := range cfg.Sources {
		networks := fmt.Sprint(s.Allow)
		if a.clients[networks] == nil {
			a.clients[networks] = a.opts.HTTP(s.Allow)
		}
		spec, err := MakeSpec(cfg, s, a.clients[networks], a.log)
		if err != nil {
			return nil, err
		}
		out = append(out, spec)
	}
	return out, nil
}

// MakeSpec makes a source of its configuration, as `serve`, `preview` and `check` all do.
func MakeSpec(cfg *config.Config, s config.Source, client *http.Client, log *slog.Logger) (sources.Spec, error) {
	src, err := s.Kind.New(s.Config, sources.Env{Name: s.Name, HTTP: client, Log: log.With("source", s.Name), Zone: cfg.Zone})
	if err != nil {
		return sources.Spec{}, fmt.Errorf("source %s: %w", s.Name, err)
	}
	policy := sources.Policy{
		Source: s.Name, Language: s.Language, Author: feeds.Person{Name: s.Author},
		AddCategories: s.AddCategories, AddTags: s.AddTags,
	}
	if policy.Language == "" {
		policy.Language = cfg.Language
	}
	return sources.Spec{
		Name: s.Name, Kind: s.Kind.Name, Location: s.Config.Location(),
		Fingerprint: fmt.Sprint(s.Fingerprint, policy.Language, cfg.Zone), Source: src, Policy: policy, Interval: s.Interval,
	}, nil
}

// Reload loads the configuration again. A bad one keeps the old one running and is the returned error.
func (a *App) Reload(ctx context.Context) error {
	a.applying.Lock()
	defer a.applying.Unlock()
	cfg, err := a.opts.Load()
	if err != nil {
		return err
	}
	old := a.config()
	for _, k := range []struct{ name, before, now string }{
		{"listen", old.Listen, cfg.Listen},
		{"admin", old.Admin, cfg.Admin},
		{"store", config.Redact(old.Store), config.Redact(cfg.Store)},
	} {
		if k.before != k.now {
			a.log.Warn("this change needs a restart", "setting", k.name)
		}
	}
	if cfg.BaseURL != "" {
		a.base = cfg.BaseURL
	}
	if err := a.shape(ctx, cfg); err != nil {
		return err
	}
	a.applySources(ctx)
	a.log.Info("configuration loaded", "sources", len(cfg.Sources))
	return nil
}

func (a *App) config() *config.Config {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cfg
}

// fetchAll wakes every source.
func (a *App) fetchAll() {
	for _, s := range a.manager.Status() {
		if err := a.manager.Fetch(s.Name); err != nil {
			a.log.Debug("cannot wake a source", "err", err)
		}
	}
}

// serve runs a server on a listener until Stop.
func (a *App) serve(l net.Listener, s *http.Server) {
	s.ErrorLog = slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)
	a.servers = append(a.servers, s)
	a.running.Go(func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- fmt.Errorf("serve on %s: %w", l.Addr(), err)
		}
	})
}

// listen binds an address. flag names the setting in the error.
func listen(addr, flag string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%w: is another server running there? choose another address with --%s", err, flag)
	}
	return l, nil
}

// Base is the address under which readers find the feeds.
func (a *App) Base() string { return a.base }

// Addr is the address of the public listener, AdminAddr that of the admin listener ("" without one).
func (a *App) Addr() string { return a.public.Addr().String() }

// AdminAddr is the address of the admin listener; empty without one.
func (a *App) AdminAddr() string {
	if a.admin == nil {
		return ""
	}
	return a.admin.Addr().String()
}

// Sources is the state of every source.
func (a *App) Sources() []sources.Status { return a.manager.Status() }

// Store is the open store, for those who look at what is kept.
func (a *App) Store() cache.Store { return a.store }

// Wait returns the context's cause, or the error of a listener that broke.
func (a *App) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-a.failed:
		return err
	}
}

// stopFor is how long requests under way may take at the end.
const stopFor = 10 * time.Second

// Stop ends everything in order: sources, requests under way, the store.
func (a *App) Stop() error {
	a.stop()
	a.manager.Close()
	ctx, cancel := context.WithTimeout(context.Background(), stopFor)
	defer cancel()
	var errs []error
	for _, s := range a.servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("end the requests under way: %w", err), s.Close())
		}
	}
	a.running.Wait()
	a.web.Close()
	if err := a.store.Close(); err != nil {
		errs = append(errs, fmt.Errorf("close the store: %w", err))
	}
	return errors.Join(errs...)
}

// release undoes a Start that failed half-way.
func (a *App) release() {
	if a.stop != nil {
		a.stop()
	}
	for _, s := range a.servers {
		s.Close()
	}
	for _, l := range []net.Listener{a.public, a.admin} {
		if l != nil {
			l.Close()
		}
	}
	if a.store != nil {
		a.store.Close()
	}
}

func isHeld(err error) bool { return errors.Is(err, cache.ErrHeld) }

// hidden is what of a store URL may be shown.
func hidden(store string) string { return strings.TrimSpace(config.Redact(store)) }

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
	"sync"
	"sync/atomic"
	"time"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/hub"
	"feedmill/feeds/push"
	"feedmill/feeds/web"
	"feedmill/sources"
	"feedmill/sources/fetch"
)

// Options is what the program hands in.
type Options struct {
	Version string
	Formats []feeds.Format
	// Kinds are all kinds of source, configured or not.
	Kinds []sources.Kind
	// Load reads the configuration; it is called again at each reload.
	Load func() (*config.Config, error)
	// OpenStore opens the store of a URL such as bolt:feedmill.db.
	OpenStore func(ctx context.Context, url string, log *slog.Logger) (cache.Store, error)
	// HTTP makes the polite client of a source; those of one network share the pace of each host.
	HTTP func(cfg *config.Config, s config.Source, network *fetch.Network) *http.Client
	Log  *slog.Logger
	// Spool is the directory that keeps rendered documents for when the store fails; empty for none.
	Spool string
	// Files is the directory in which sources may keep files; empty for none.
	Files string
	// Socket is the path of the control socket; empty for none.
	Socket string
	// Quiet keeps what the first fetches report out of the log: the same terminal shows it with [App.Import].
	Quiet bool
}

// App is one running feedmill.
type App struct {
	opts    Options
	log     *slog.Logger
	store   cache.Store
	shown   *shown // the store as readers see it
	health  *health
	web     *web.Server
	hub     *hub.Hub
	manager *sources.Manager
	courier *push.Courier

	public, admin net.Listener
	servers       []*http.Server
	serving       sync.WaitGroup // the servers
	failed        chan error     // a listener that broke

	stop  context.CancelFunc // ends the loops
	loops sync.WaitGroup
	again chan struct{} // one slot: load the configuration again

	received   chan struct{} // a slot for each request to a source
	superseded atomic.Bool   // another replica runs a newer configuration
	importing  atomic.Bool   // the first fetches are shown on a terminal

	network *fetch.Network // what the clients of all sources share

	settling   sync.Mutex // one look at the settings note at a time, or one change of it
	refreshing sync.Mutex // one refreshSite at a time

	mu  sync.Mutex
	cfg *config.Config
	// withheld is a configuration that is being taken over: what it closes is closed already.
	withheld *config.Config
	// effectiveNow are the sources that were last applied, lists the stamp of the lists they were made of.
	effectiveNow []config.Source
	lists        string
	targets      []push.Spec              // of the configuration
	left         map[string]config.Source // sources that left the configuration while this process ran
	ways         map[string]string        // what is remembered of how sources reach others, by source; one goroutine uses it
	configHash   string
	letter       int64 // the time of the last letter, in nanoseconds
	configErr    error // why the configuration on disk is not the one that runs
	site         web.Site
	views        map[string]*view // by private group
	overview     overview
}

// Start loads the configuration and brings everything up: listeners first, so that a used port is known at once, then
// the store, then the web, then the sources. What fails is one clear error; nothing keeps running then.
func Start(ctx context.Context, opts Options) (_ *App, err error) {
	cfg, err := opts.Load()
	if err != nil {
		return nil, err
	}
	files := stamps(cfg.Files)
	a := &App{
		opts: opts, log: opts.Log, cfg: cfg, failed: make(chan error, 3), again: make(chan struct{}, 1),
		stop: func() {}, received: make(chan struct{}, maxReceiving), left: map[string]config.Source{}, views: map[string]*view{},
	}
	a.network = fetch.NewNetwork(fetch.Options{Hosts: &hosts{a}})
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
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
	if _, err := a.specs(cfg, cfg.Sources); err != nil {
		return nil, err
	}
	store, err := opts.OpenStore(ctx, cfg.Store, a.log)
	if err != nil {
		return nil, err
	}
	a.store, a.shown, a.health = store, &shown{Store: store}, &health{
		a: a, status: func() []sources.Status { return a.manager.Status() }, targets: func() []push.Status { return a.Targets() },
	}
	if err := a.adopt(ctx, cfg); err != nil {
		return nil, err
	}
	if cfg.BaseURL == "" && !opts.Quiet {
		a.log.Warn("base_url is not set: readers elsewhere, Slack and WebSub cannot use these addresses", "base_url", a.Base())
	}
	if a.web, err = web.New(a.shown, opts.Formats, a.parted(a.site), web.Options{Log: a.log, Spool: opts.Spool, Reading: a.reading}); err != nil {
		return nil, err
	}
	if len(cfg.Groups) > 0 {
		a.web.Forget() // what an earlier process left may be private by now
	}
	if err := a.refreshSite(ctx); err != nil {
		return nil, err
	}
	a.importing.Store(opts.Quiet)
	a.manager = sources.NewManager(
		&desks{store: a.store, log: a.log, mayFetch: a.mayFetch},
		sources.Options{Log: slog.New(&hush{a.log.Handler(), &a.importing})})
	a.hub = a.newHub(cfg)
	a.courier = push.New(a.shown, push.Options{Log: a.log, May: a.mayFetch})
	if err := a.applyTargets(cfg); err != nil {
		return nil, err
	}
	a.serve(a.public, web.NewHTTPServer(a.hubbing(a.receiving(a.web.Handler()))))
	if a.admin != nil {
		a.serve(a.admin, adminServer(a.adminHandler()))
	}
	a.serveSocket()
	var bg context.Context
	bg, a.stop = context.WithCancel(context.Background())
	a.loops.Go(func() { a.apply(bg, files) })
	for _, loop := range []func(context.Context){a.tail, a.maintain, a.watchSettings, a.gather, a.health.watch, a.hub.Run, a.carry} {
		a.loops.Go(func() { loop(bg) })
	}
	return a, nil
}

// mayFetch says whether this process runs the newest configuration.
func (a *App) mayFetch() bool { return !a.superseded.Load() }

func (a *App) config() *config.Config {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cfg
}

// Base is the address under which readers find the feeds, without a slash at its end.
func (a *App) Base() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.site.BaseURL
}

// Addr is the address of the public listener.
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

// Reload asks for the configuration to be loaded again, and returns at once. A wrong one keeps the old one running:
// the log and /status say so.
func (a *App) Reload() {
	select {
	case a.again <- struct{}{}:
	default:
	}
}

// Wait returns nil when ctx ends, or the error of a listener that broke.
func (a *App) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-a.failed:
		return err
	}
}

// Stop ends everything in order: sources, requests under way, the store.
func (a *App) Stop() error { return a.close() }

// close also undoes a Start that failed half-way.
func (a *App) close() error {
	a.stop()
	a.loops.Wait()
	if a.manager != nil {
		a.manager.Close()
	}
	a.stopServing()
	if a.hub != nil {
		a.hub.Close()
	}
	a.network.CloseIdleConnections()
	if a.web != nil {
		a.web.Close()
	}
	if a.store != nil {
		if err := a.store.Close(); err != nil {
			return fmt.Errorf("close the store: %w", err)
		}
	}
	return nil
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

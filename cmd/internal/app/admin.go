package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/pprof"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"feedmill/cmd/internal/config"
	"feedmill/feeds/hub"
	"feedmill/feeds/push"
	"feedmill/sources"
)

// adminHandler is the admin listener: health, readiness, metrics, status, profiles and the inboxes of private sources,
// which guard themselves. The rest changes nothing: what changes something goes through the socket, which only the
// operator's user can open.
func (a *App) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		plain(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if a.web.Ready() {
			plain(w, http.StatusOK, "ready")
			return
		}
		plain(w, http.StatusServiceUnavailable, "not ready: no document can be served yet")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.registry(), promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("GET /status", a.statusPage)
	mux.HandleFunc("GET /status.json", a.statusJSON)
	mux.HandleFunc("GET /status.atom", a.health.statusFeed)
	a.pushReads(mux)
	mux.HandleFunc(inboxPrefix, func(w http.ResponseWriter, r *http.Request) { a.receive(w, r, inboxPrefix, true) })
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/status", http.StatusFound) })
	return mux
}

func plain(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	fmt.Fprintln(w, text) // a client that hung up is nobody to tell
}

// Report is the state of the program as /status and `feedmill status` show it.
type Report struct {
	Version string `json:"version"`
	Base    string `json:"base_url"`
	Store   string `json:"store"`
	Newest  bool   `json:"newest_configuration"`
	// ConfigError says why the configuration on disk is not the one that runs; empty when it is.
	ConfigError string           `json:"configuration_error,omitempty"`
	Sources     []sources.Status `json:"sources"`
	Targets     []push.Status    `json:"targets"`
	// Hub is what the WebSub hub does; nil without one.
	Hub *hub.Stats `json:"hub,omitempty"`
	// SavedFeeds and Groups stand in the order of the configuration.
	SavedFeeds []SavedFeed   `json:"saved_feeds,omitempty"`
	Groups     []GroupStatus `json:"groups,omitempty"`
	// RefusedFilters is how many filters were not looked up, since this process runs, because too many were asked for at once.
	RefusedFilters uint64 `json:"refused_filters"`
	// StoreError says why the store does not answer; empty while it does. StoreBytes is the size of its file; 0 for none.
	StoreError string `json:"store_error,omitempty"`
	StoreBytes int64  `json:"store_bytes,omitempty"`
}

func (a *App) report() Report {
	r := Report{Version: a.opts.Version, Newest: a.mayFetch(), Sources: a.manager.Status(), Targets: a.Targets()}
	a.countMerged(r.Sources)
	if a.hubActive() || a.hubOpen() {
		st := a.hub.Stats()
		r.Hub = &st
	}
	r.SavedFeeds, r.Groups = a.savedFeeds(context.Background()), a.groupStatus()
	r.RefusedFilters, r.StoreError = a.web.Stats().Refused, a.health.failing()
	a.mu.Lock()
	defer a.mu.Unlock()
	r.StoreBytes = storeSize(a.cfg.Store)
	r.Base, r.Store = a.site.BaseURL, config.Redact(a.cfg.Store)
	if a.configErr != nil {
		r.ConfigError = a.configErr.Error()
	}
	return r
}

// countMerged brings up to date how many items of each source are merged: what other sources do moves that, too. While the
// store does not answer, what was known last stays.
func (a *App) countMerged(list []sources.Status) {
	cfg := a.config()
	if !slices.ContainsFunc(a.running(), func(s config.Source) bool { return s.Merges(cfg) }) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	infos, err := a.store.List(ctx)
	if err != nil {
		a.log.Debug("cannot count merged items", "err", err)
		return
	}
	merged := make(map[string]int, len(infos))
	for _, s := range infos {
		merged[s.Name] = s.Merged
	}
	for i := range list {
		list[i].Merged = merged[list[i].Name]
	}
}

func (a *App) statusJSON(w http.ResponseWriter, r *http.Request) {
	b, err := json.MarshalIndent(a.report(), "", "  ")
	if err != nil {
		plain(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if _, err := w.Write(append(b, '\n')); err != nil {
		a.log.Debug("cannot write the status", "err", err)
	}
}

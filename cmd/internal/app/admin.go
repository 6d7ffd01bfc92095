package app

import (
	"context"
	"encoding/json"
	"fmt"
	"html/template"
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
}

func (a *App) report() Report {
	r := Report{Version: a.opts.Version, Newest: a.mayFetch(), Sources: a.manager.Status(), Targets: a.courier.Status()}
	a.countMerged(r.Sources)
	if a.hubActive() || a.hubOpen() {
		st := a.hub.Stats()
		r.Hub = &st
	}
	a.mu.Lock()
	defer a.mu.Unlock()
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

func (a *App) statusPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	if err := statusTemplate.Execute(w, a.report()); err != nil {
		a.log.Debug("cannot write the status page", "err", err)
	}
}

// shownRejected bounds the posts a source lists on the page; /status.json has them all.
const shownRejected = 200

var statusTemplate = template.Must(template.New("status").Funcs(template.FuncMap{
	"when": func(t time.Time) string {
		if t.IsZero() {
			return "never"
		}
		return t.Local().Format("2006-01-02 15:04:05")
	},
	"short":   func(d sources.Duration) string { return time.Duration(d).Round(time.Minute).String() },
	"percent": func(part, of int64) int64 { return 100 * part / max(of, 1) },
	"first":   func(list []sources.Rejected) []sources.Rejected { return list[:min(len(list), shownRejected)] },
	"more":    func(list []sources.Rejected) int { return max(0, len(list)-shownRejected) },
}).Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>feedmill status</title>
<link rel="alternate" type="application/atom+xml" title="feedmill: health" href="/status.atom">
<style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3em .8em .3em 0;border-bottom:1px solid #8884;vertical-align:top}
.bad{color:#c33}code{font-size:.9em}</style></head><body>
<h1>feedmill {{.Version}}</h1>
<p>Publishes at <a href="{{.Base}}/">{{.Base}}</a>, keeps in <code>{{.Store}}</code>.
{{if not .Newest}}<strong class="bad">Another replica runs a newer configuration: this one serves and does not fetch.</strong>{{end}}</p>
{{with .ConfigError}}<p class="bad">The configuration on disk was not loaded, the one before runs on:</p><pre class="bad">{{.}}</pre>{{end}}
<table><thead><tr><th>Source</th><th>State</th><th>Items</th><th>Last fetch</th><th>Next</th><th>Answer</th></tr></thead><tbody>
{{range .Sources}}{{$name := .Name}}<tr><td><strong>{{.Name}}</strong><br>{{.Kind}}: <code>{{.Location}}</code></td>
<td{{if .Error}} class="bad"{{end}}>{{.State}}{{with .Withheld}}<br>{{.}}: <code>feedmill release {{$name}}</code>{{end}}{{with .Churn}}<br>{{.}}: <code>feedmill absorb {{$name}}</code> if they are the same, <code>feedmill release {{$name}}</code> if they are new{{end}}</td>
<td>{{.Items}}{{with .Merged}}<br>{{.}} of them shown under other sources{{end}}{{with .Dropped}}<br>{{.}} left out by rules{{end}}{{with .Adopted}}{{if not .Error}}<br>{{.Matched}} of {{.Items}} IDs of <code>{{.From}}</code>{{with .Late}}; {{.}} were published here before{{end}}{{end}}{{end}}</td><td>{{when .Last}}</td><td>{{when .Due}}</td><td>{{.Note}}{{with .Error}}<br><span class="bad">{{.}}</span>{{end}}
{{with .Traffic}}<br>{{.Requests}} requests, {{percent .NotModified .Requests}}% not modified, {{.Bytes}} bytes
{{if or .Last.ETag .Last.LastModified}}{{with .Last.ETag}}<br>ETag <code>{{.}}</code>{{end}}{{with .Last.LastModified}}<br>Last-Modified <code>{{.}}</code>{{end}}{{else}}<br>no validators{{end}}{{end}}
{{if eq .Told "pushed"}}<br>news are pushed{{end}}{{with .Cadence}}<br>something new about every {{short .}}{{end}}
{{if .Silent}}<br><span class="bad">silent since {{when .Newest}}</span>{{end}}</td></tr>
{{if .Rejected}}<tr><td colspan="6"><details open><summary>{{len .Rejected}} posts rejected or repaired</summary><ul>
{{range first .Rejected}}<li><code>{{.}}</code></li>{{end}}</ul>{{with more .Rejected}}<p>and {{.}} more: see /status.json</p>{{end}}</details></td></tr>{{end}}
{{else}}<tr><td colspan="6">No source is running yet.</td></tr>{{end}}
</tbody></table><p>What happens is also a feed: <a href="/status.atom">/status.atom</a>.</p></body></html>
`))

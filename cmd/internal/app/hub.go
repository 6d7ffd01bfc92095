package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/hub"
	"feedmill/feeds/web"
	"feedmill/sources/fetch"
)

const hubPath = "/hub"

// hubClientHost is how many connections the hub keeps to one host.
const hubClientHost = 32

// hubTimeout bounds what the hub's own time limits do not.
const hubTimeout = 30 * time.Second

// newHub makes the hub; whether it is open is a setting.
func (a *App) newHub(cfg *config.Config) *hub.Hub {
	return hub.New(hub.Env{
		Store: a.shown, Documents: documents{a.web}, Log: a.log, Active: a.hubActive, UserAgent: fetch.UserAgent(a.opts.Version, cfg.BaseURL, 0), Client: a.web.Client,
	}, a.hubOptions(cfg))
}

// hubActive says whether this process may serve subscribers: it has the newest configuration, and that has a hub.
func (a *App) hubActive() bool {
	cfg := a.config()
	return a.mayFetch() && (a.hubOpen() || cfg.BaseURL != "" && len(cfg.Hub.Ping) > 0)
}

func (a *App) hubOptions(cfg *config.Config) hub.Options {
	o := hub.Options{URL: a.Base() + hubPath, Lease: cfg.Hub.Lease, HTTP: fetch.NewSender(fetch.Options{Allow: cfg.Hub.Allow, PerHost: hubClientHost, Timeout: hubTimeout})}
	for _, u := range cfg.Hub.Ping {
		o.External = append(o.External, u.String())
	}
	return o
}

// hubOpen says whether programs can subscribe here. Without base_url no feed has an address that is reached from elsewhere.
func (a *App) hubOpen() bool {
	cfg := a.config()
	return cfg.BaseURL != "" && !cfg.Hub.Off
}

// hubs are what documents name.
func hubs(cfg *config.Config, base string) (out []string) {
	if cfg.BaseURL == "" {
		return nil
	}
	if !cfg.Hub.Off {
		out = append(out, base+hubPath)
	}
	for _, u := range cfg.Hub.Ping {
		out = append(out, u.String())
	}
	return out
}

// hubbing puts the hub before the public pages. The base URL's path may stand before it, for a proxy that does not strip it.
func (a *App) hubbing(pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, hubPath) && a.hubOpen() {
			u, err := url.Parse(a.Base())
			if r.URL.Path == hubPath || err == nil && r.URL.Path == u.Path+hubPath {
				// The listener's own limit is for readers, who send nothing.
				_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(10 * time.Second))
				a.hub.ServeHTTP(w, r)
				return
			}
		}
		pages.ServeHTTP(w, r)
	})
}

// documents are the public feeds for the hub.
type documents struct{ web *web.Server }

// Feed implements hub.Documents.
func (d documents) Feed(address string) (hub.Feed, bool) {
	t, ok := d.web.FeedAt(address)
	return hub.Feed{Topic: t, URL: address}, ok
}

// Feeds implements hub.Documents.
func (d documents) Feeds(t feeds.Topic) (out []hub.Feed) {
	for _, u := range d.web.FeedsOf(t) {
		out = append(out, hub.Feed{Topic: t, URL: u})
	}
	return out
}

// Document implements hub.Documents.
func (d documents) Document(ctx context.Context, f hub.Feed) (hub.Document, error) {
	p, err := d.web.Current(ctx, f.URL)
	if errors.Is(err, web.ErrNoFeed) {
		return hub.Document{}, fmt.Errorf("%w: %w", hub.ErrGone, err)
	}
	return hub.Document{Body: p.Body, ContentType: p.ContentType, Tag: p.Tag}, err
}

// Hub is what the hub does.
func (a *App) Hub() hub.Stats { return a.hub.Stats() }

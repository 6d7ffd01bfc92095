package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"time"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/web"
)

// settings is the note by which replicas agree on what shapes documents and on who runs the newest configuration.
type settings struct {
	// Instance is the store's random identity; feed IDs are made of it.
	Instance string `json:"instance"`
	// Shape is a hash of everything in the configuration that shapes documents, Since the store's second in which it
	// was first loaded: no document of this shape has an older Last-Modified.
	Shape string    `json:"shape"`
	Since time.Time `json:"since"`
	// Config is a hash of the newest loaded configuration.
	Config string `json:"config"`
}

const (
	settingsBucket = "feedmill"
	settingsKey    = "settings"
)

// shape is the part of the configuration that shapes documents.
func shape(cfg *config.Config, base, version string) web.Site {
	return web.Site{
		BaseURL: base, Title: cfg.Title, Description: cfg.Description, Language: cfg.Language,
		Window: cfg.Items, MaxAge: cfg.MaxAge, Titles: cfg.Titles, Redirects: redirects(cfg), Version: version,
	}
}

// redirects keeps the addresses of renamed sources alive.
func redirects(cfg *config.Config) map[string]string {
	out := map[string]string{}
	for _, s := range cfg.Sources {
		if s.Formerly != "" {
			out[feeds.NewTopic("source", s.Formerly).Path()] = feeds.NewTopic("source", s.Name).Path()
		}
	}
	return out
}

// adopt reads the settings note and writes what this process has loaded, under a lease: one process at a time.
func (a *App) adopt(ctx context.Context, site web.Site, configHash string) (settings, error) {
	var st settings
	lease, err := a.acquire(ctx, "settings")
	if err != nil {
		return st, err
	}
	defer func() {
		if err := a.store.Release(context.WithoutCancel(ctx), lease); err != nil {
			a.log.Debug("cannot give back the lease of the settings", "err", err)
		}
	}()
	if st, err = a.readSettings(ctx); err != nil {
		return st, err
	}
	b, err := json.Marshal(site)
	if err != nil {
		return st, fmt.Errorf("hash the settings: %w", err)
	}
	sum := sha256.Sum256(b)
	want := st
	if want.Instance == "" {
		want.Instance = rand.Text()
	}
	if hash := hex.EncodeToString(sum[:8]); want.Shape != hash {
		now, err := a.store.Now(ctx)
		if err != nil {
			return st, fmt.Errorf("read the store's clock: %w", err)
		}
		want.Shape, want.Since = hash, now.Truncate(time.Second)
	}
	want.Config = configHash
	if want == st {
		return st, nil
	}
	b, err = json.Marshal(want)
	if err != nil {
		return st, fmt.Errorf("write the settings: %w", err)
	}
	if err := a.store.Write(ctx, lease, cache.Edit{Bucket: settingsBucket, Key: settingsKey, Value: b}); err != nil {
		return st, fmt.Errorf("write the settings: %w", err)
	}
	return want, nil
}

func (a *App) readSettings(ctx context.Context) (settings, error) {
	var st settings
	notes, err := a.store.Read(ctx, settingsBucket, settingsKey)
	if err != nil {
		return st, fmt.Errorf("read the settings: %w", err)
	}
	if b, ok := notes[settingsKey]; ok {
		if err := json.Unmarshal(b, &st); err != nil {
			return st, fmt.Errorf("read the settings: %w", err)
		}
	}
	return st, nil
}

// acquire takes a short lease, waiting for others to be done with it.
func (a *App) acquire(ctx context.Context, name string) (cache.Lease, error) {
	for {
		l, err := a.store.Acquire(ctx, name, 10*time.Second)
		if err == nil {
			return l, nil
		}
		if !isHeld(err) {
			return l, fmt.Errorf("take the lease %q: %w", name, err)
		}
		pause(ctx, 50*time.Millisecond)
		if ctx.Err() != nil {
			return l, fmt.Errorf("take the lease %q: %w", name, ctx.Err())
		}
	}
}

// refreshSite gives the web what the sources now say of themselves.
func (a *App) refreshSite(ctx context.Context) {
	list, err := a.store.List(ctx)
	if err != nil {
		a.log.Debug("cannot read what the sources say of themselves; keeping the old", "err", err)
		return
	}
	a.mu.Lock()
	site := a.site
	site.Sources = make(map[string]feeds.About, len(list))
	for _, s := range list {
		if s.Retired.IsZero() {
			site.Sources[s.Name] = s.About
		}
	}
	a.site = site
	a.mu.Unlock()
	a.web.Configure(site)
}

// notice tells on the index page when only this machine or network can subscribe.
func notice(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	private := host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsUnspecified())
	if !private {
		return ""
	}
	return "Only this machine or network can reach " + base + ": set base_url to the public address, so that readers elsewhere, Slack and WebSub can."
}

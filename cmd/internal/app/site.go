package app

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/url"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/web"
)

// baseOf is the address that readers subscribe to. A listener's address is never it: that may be a wildcard.
func (a *App) baseOf(cfg *config.Config) string {
	listen := ""
	if a.public != nil { // else it is a build
		listen = a.Addr()
	}
	return BaseOf(cfg, listen)
}

// siteOf is the part of the configuration that shapes documents.
func siteOf(cfg *config.Config, base, version string) web.Site {
	return web.Site{
		BaseURL: base, Title: cfg.Title, Description: cfg.Description, Language: cfg.Language,
		Window: cfg.Items, MaxAge: cfg.MaxAge, Titles: cfg.Titles, Texts: cfg.Texts, Image: cfg.Image, Icon: cfg.Icon, Rights: cfg.Copyright, Saved: savedTopics(cfg, ""), Redirects: cfg.Redirects, RateLimit: cfg.RateLimit, TrustedProxies: cfg.TrustedProxies, Version: version,
		Hubs: hubs(cfg, base),
	}
}

// refreshSite gives the web the configuration and what the sources now say of themselves: those that are named, or all.
// Without an answer of the store they stay as they were.
func (a *App) refreshSite(ctx context.Context, names ...string) error {
	a.refreshing.Lock()
	defer a.refreshing.Unlock()
	list, err := a.listed(ctx, names)
	if err == nil {
		err = a.shown.refresh(ctx, a.config())
	}
	a.mu.Lock()
	if err == nil {
		about := make(map[string]feeds.About, len(list))
		if len(names) > 0 {
			maps.Copy(about, a.site.Sources) // a new map: the web still reads the old one
		}
		for _, s := range list {
			if delete(about, s.Name); s.Retired.IsZero() {
				about[s.Name] = s.About
			}
		}
		a.site.Sources = about
	}
	site := a.parted(a.site)
	a.mu.Unlock()
	a.web.Configure(site)
	if err != nil {
		return fmt.Errorf("read what the sources say of themselves: %w", err)
	}
	return nil
}

// listed reads what the store knows of the sources with these names, or of all. A first import of thousands of sources has
// each of them described once: it must not read all of them each time.
func (a *App) listed(ctx context.Context, names []string) (list []cache.SourceInfo, err error) {
	if len(names) == 0 {
		return a.store.List(ctx)
	}
	for _, name := range names {
		s, err := a.store.Source(ctx, name)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// local reports whether only this machine or network reaches an address.
func local(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsUnspecified() || ip.IsLinkLocalUnicast())
}

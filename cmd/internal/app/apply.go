package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/sources"
)

// watchEvery is how often the configuration's files are looked at. Looking at what a path leads to, instead of waiting
// for events, also sees a Kubernetes ConfigMap, whose files are links that are swapped.
const watchEvery = time.Second

// retryEvery is how often a configuration that could not be taken over is tried again, although its files have not
// changed: what was wrong may lie elsewhere, such as a store that does not answer.
const retryEvery = 10 * time.Second

// apply starts the sources, and then everything anew whenever a file of the configuration has changed or Reload asks for
// it, until ctx ends. files are the stamps of the configuration that runs.
func (a *App) apply(ctx context.Context, files string) {
	a.applySources(ctx)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var retry time.Time
	said := ""
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-a.again:
			asked = true
		case <-tick.C:
		}
		if !asked && a.listsMoved(ctx) {
			a.applySources(ctx)
		}
		now := stamps(a.config().Files)
		if !asked && now == files && (retry.IsZero() || time.Now().Before(retry)) {
			continue
		}
		err := a.reload(ctx)
		if ctx.Err() != nil {
			return
		}
		a.mu.Lock()
		a.configErr = err
		a.mu.Unlock()
		files = now // as they were before they were read: no change is missed, at the price of a reload too many
		if err != nil {
			retry = time.Now().Add(retryEvery)
			if text := err.Error(); asked || text != said {
				said = text
				a.log.Error("the configuration was not loaded: the old one keeps running", "err", err)
			}
			continue
		}
		retry, said = time.Time{}, ""
	}
}

// stamps is a text that changes with the content of files, cheaply seen.
func stamps(files []string) string {
	var b strings.Builder
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			fmt.Fprintf(&b, "%s %d %d\n", f, info.Size(), info.ModTime().UnixNano())
		} else {
			fmt.Fprintf(&b, "%s gone\n", f)
		}
	}
	return b.String()
}

// reload loads the configuration and takes it over. A wrong one changes nothing and is the returned error.
func (a *App) reload(ctx context.Context) error {
	cfg, err := a.opts.Load()
	if err != nil {
		return err
	}
	if _, err := a.specs(cfg, cfg.Sources); err != nil {
		return err
	}
	old := a.config()
	if keys := cfg.NeedsRestart(old); len(keys) > 0 {
		a.log.Warn("these settings change at the next start of feedmill", "settings", strings.Join(keys, ", "))
		cfg.Store, cfg.Listen, cfg.Admin = old.Store, old.Listen, old.Admin
	}
	a.withhold(cfg)
	if err := a.adopt(ctx, cfg); err != nil {
		return err
	}
	if err := a.refreshSite(ctx); err != nil { // before anything else, such as waiting for leases
		a.log.Debug("cannot read what the sources say of themselves; trying again", "err", err)
	}
	a.hub.Configure(a.hubOptions(cfg))
	a.applySources(ctx)
	if err := a.applyTargets(cfg); err != nil {
		return err
	}
	a.log.Info("configuration loaded", "sources", len(cfg.Sources), "targets", len(cfg.Targets))
	return nil
}

// applySources makes the running sources those of the configuration and of its lists, after the store was brought in line
// with them. While the store does not answer it waits.
func (a *App) applySources(ctx context.Context) {
	said := ""
	for {
		err := a.applyOnce(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		if text := err.Error(); text != said {
			said = text
			a.log.Warn("cannot bring the store in line with the configured sources; trying again", "err", err)
		}
		pause(ctx, 5*time.Second)
	}
}

func (a *App) applyOnce(ctx context.Context) error {
	cfg := a.config()
	list, stamp, err := effective(ctx, a.store, a.log, cfg)
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, s := range list {
		keep[s.Name] = true
	}
	a.manager.Keep(keep) // a source that leaves stops before its items do
	if err := a.roster(ctx, list); err != nil && !errors.Is(err, errSuperseded) {
		return err
	} else if err == nil {
		if err := a.refreshSite(ctx); err != nil { // sources may have left or returned
			return err
		}
	}
	specs, err := a.specs(cfg, list)
	if err != nil {
		return err
	}
	if err := a.rememberWays(ctx, list); err != nil {
		return err
	}
	a.parting(list)
	leaving, err := a.leaving(ctx, cfg, keep)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.effectiveNow, a.lists = list, stamp
	a.mu.Unlock()
	a.manager.Apply(append(specs, leaving...))
	return nil
}

// specs makes the Manager's specs of sources.
func (a *App) specs(cfg *config.Config, list []config.Source) ([]sources.Spec, error) {
	out := make([]sources.Spec, 0, len(list))
	for _, s := range list {
		spec, err := MakeSpec(cfg, s, a.opts.HTTP(cfg, s, a.network), a.opts.Files, a.log)
		if err != nil {
			return nil, err
		}
		client := func(s config.Source) *http.Client { return a.opts.HTTP(cfg, s, a.network) }
		if spec.Adopt, err = MakeAdopt(cfg, s, client, a.log); err != nil {
			return nil, err
		}
		out = append(out, spec)
	}
	return out, nil
}

// MakeSpec makes a source of its configuration, as `serve`, `preview` and `check` all do. files is the directory for files
// of sources; empty for none.
func MakeSpec(cfg *config.Config, s config.Source, client *http.Client, files string, log *slog.Logger) (sources.Spec, error) {
	env := sources.Env{Name: s.Name, HTTP: client, Log: log.With("source", s.Name), Zone: s.ZoneIn(cfg), Hook: hookOf(cfg, s.Name)}
	if files != "" {
		env.Dir = filepath.Join(files, fileName(s.Name))
	}
	policy := PolicyOf(cfg, s)
	env.Shape, env.Original = policy.Shape(), s.Original.Field
	src, err := s.Kind.New(s.Config, env)
	if err != nil {
		return sources.Spec{}, fmt.Errorf("source %s: %w", s.Name, err)
	}
	return sources.Spec{
		Name: s.Name, Kind: s.Kind.Name, Location: s.Config.Location(),
		Fingerprint: s.Fingerprint + " " + env.Shape + " " + env.Hook, Source: src, Policy: policy,
		Interval: s.Interval, MaxInterval: s.MaxInterval, Chosen: s.Chosen, Private: s.Kind.Private, Web: s.Kind.Web,
	}, nil
}

// hookOf is the public address of a source that is told of news; empty without base_url.
func hookOf(cfg *config.Config, source string) string {
	if cfg.BaseURL == "" {
		return ""
	}
	return cfg.BaseURL + hookPrefix + url.PathEscape(source)
}

// PolicyOf is what the configuration says of each item of a source.
func PolicyOf(cfg *config.Config, s config.Source) sources.Policy {
	p := sources.Policy{
		Source: s.Name, Language: s.Language, Author: feeds.Person{Name: s.Author},
		AddCategories: s.AddCategories, AddTags: s.AddTags,
		Rules: s.Rules, Labels: s.Labels, SiteLabels: cfg.Labels, Original: s.Original, Merge: s.Merges(cfg), Group: s.Group,
	}
	if p.Language == "" {
		p.Language = cfg.Language
	}
	return p
}

// fileName is a name for the files of a source: the source's own where that can be the name of a file anywhere.
func fileName(source string) string {
	plain := strings.Trim(source, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
	if plain && len(source) <= 60 {
		return source
	}
	sum := sha256.Sum256([]byte(source))
	return "." + hex.EncodeToString(sum[:16])
}

// fetchAll wakes every source.
func (a *App) fetchAll() {
	for _, s := range a.manager.Status() {
		if err := a.manager.Fetch(s.Name); err != nil {
			a.log.Debug("cannot wake a source", "err", err) // it has just left
		}
	}
}

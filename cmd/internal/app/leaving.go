package app

import (
	"context"
	"fmt"

	"feedmill/cmd/internal/config"
	"feedmill/sources"
)

// leaving makes the specs of what runs in place of sources that are not configured any more and still have something
// arranged with others (sources.Leave). That stands in the store, so a restart goes on with it.
func (a *App) leaving(ctx context.Context, cfg *config.Config, configured map[string]bool) ([]sources.Spec, error) {
	known, err := a.store.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the sources of the store: %w", err)
	}
	var out []sources.Spec
	for _, s := range known {
		if configured[s.Name] || s.Retired.IsZero() {
			continue
		}
		for _, kind := range a.opts.Kinds {
			if kind.Leave == nil {
				continue
			}
			found, err := a.store.Read(ctx, noteBucket(sources.BucketState, s.Name), kind.Leave.Key)
			if err != nil {
				return nil, fmt.Errorf("read the state of source %s: %w", s.Name, err)
			}
			if _, ok := found[kind.Leave.Key]; !ok {
				continue
			}
			settings, ok, err := a.settingsLeft(ctx, s.Name)
			switch {
			case err != nil:
				return nil, err
			case !ok:
				a.log.Warn("the source left the configuration while nothing ran, and the password of its proxy is not kept: its subscription is not ended, it runs out",
					"source", s.Name)
			default:
				out = append(out, a.leavingSpec(cfg, settings, kind))
			}
		}
	}
	return out, nil
}

func (a *App) leavingSpec(cfg *config.Config, settings config.Source, kind sources.Kind) sources.Spec {
	name := settings.Name
	hook := hookOf(cfg, name)
	env := sources.Env{Name: name, HTTP: a.opts.HTTP(cfg, settings, a.network), Log: a.log.With("source", name), Hook: hook}
	return sources.Spec{
		Name: name, Kind: kind.Name, Location: "left", Fingerprint: "left " + hook, Leaving: true,
		Source: kind.Leave.New(env), Policy: sources.Policy{Source: name}, Interval: kind.Interval, Web: kind.Web,
	}
}

// parting notes the settings of sources that leave with a new list.
func (a *App) parting(list []config.Source) {
	stay := map[string]bool{}
	for _, s := range list {
		stay[s.Name] = true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.effectiveNow {
		if !stay[s.Name] {
			a.left[s.Name] = s
		}
	}
	for name := range stay {
		delete(a.left, name)
	}
}

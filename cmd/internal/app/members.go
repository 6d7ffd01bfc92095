package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/sources"
)

// effective is every source that is to run: those of the configuration, and those that their lists name. The lists
// stand in the store, where the one process that fetches them keeps them, so all replicas agree. stamp tells whether a
// list has changed since. It asks the store only where the configuration has a list.
func effective(ctx context.Context, store cache.Notes, log *slog.Logger, cfg *config.Config) (all []config.Source, stamp string, err error) {
	taken := map[string]bool{}
	for _, s := range cfg.Sources {
		taken[feeds.Fold(s.Name)] = true
	}
	var text []byte
	for _, s := range cfg.Sources {
		all = append(all, s)
		if s.Kind.Members == nil {
			continue
		}
		list, err := listOf(ctx, store, s)
		if err != nil {
			return nil, "", err
		}
		text = fmt.Appendf(text, "%s %d %s\n", s.Name, len(list), list)
		members, err := s.Kind.Members(list)
		if err != nil {
			return nil, "", fmt.Errorf("source %s: %w", s.Name, err)
		}
		for _, m := range members {
			if taken[feeds.Fold(m.Name)] {
				log.Error("a source of the list is left out: its name is taken", "source", s.Name, "name", m.Name)
				continue
			}
			one, err := s.Member(cfg, m)
			if err != nil {
				log.Error("a source of the list is left out", "source", s.Name, "name", m.Name, "err", err)
				continue
			}
			taken[feeds.Fold(m.Name)] = true
			all = append(all, one)
		}
	}
	return all, hash(text), nil
}

// listOf is the list of a source that names others, as its last good fetch left it. A source that has just got its name
// is found under its former one.
func listOf(ctx context.Context, store cache.Notes, s config.Source) ([]byte, error) {
	for _, name := range []string{s.Name, s.Formerly} {
		if name == "" {
			continue
		}
		found, err := store.Read(ctx, noteBucket(sources.BucketState, name), sources.MembersKey)
		if err != nil {
			return nil, fmt.Errorf("read the list of source %s: %w", s.Name, err)
		}
		if list := found[sources.MembersKey]; len(list) > 0 {
			return list, nil
		}
	}
	return nil, nil
}

// listsMoved says whether a list in the store is another one than the sources that run were made of. While the store does
// not answer, none has.
func (a *App) listsMoved(ctx context.Context) bool {
	cfg := a.config()
	if !slices.ContainsFunc(cfg.Sources, func(s config.Source) bool { return s.Kind.Members != nil }) {
		return false
	}
	_, stamp, err := effective(ctx, a.store, a.log, cfg)
	a.mu.Lock()
	defer a.mu.Unlock()
	return err == nil && stamp != a.lists
}

// applied says whether sources were applied at all.
func (a *App) applied() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lists != ""
}

// running is every source that was last applied.
func (a *App) running() []config.Source {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.effectiveNow
}

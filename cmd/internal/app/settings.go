package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
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

// adopt makes cfg the configuration of this process and, by the settings note, the newest one of all replicas.
func (a *App) adopt(ctx context.Context, cfg *config.Config) error {
	a.settling.Lock()
	defer a.settling.Unlock()
	site := siteOf(cfg, a.baseOf(cfg), a.opts.Version)
	text, err := json.Marshal(site)
	if err != nil {
		return fmt.Errorf("hash the settings: %w", err)
	}
	privacy := a.privacyOf(ctx, cfg)
	if len(cfg.Groups) > 0 {
		text = append(text, privacy.key...) // what becomes private reshapes documents
	}
	all := text
	for _, s := range cfg.Sources {
		all = fmt.Appendln(all, s.Name, s.Fingerprint, PolicyOf(cfg, s).Shape())
	}
	for _, g := range cfg.Groups {
		for _, who := range slices.Sorted(maps.Keys(g.Tokens)) {
			all = fmt.Appendln(all, g.Name, who, hash([]byte(g.Tokens[who])))
		}
	}
	for _, f := range cfg.Feeds {
		all = fmt.Appendln(all, f.Topic, f.Hash)
	}
	st, err := a.settle(ctx, hash(text), hash(all))
	if err != nil {
		return err
	}
	site.Instance, site.Since, site.Local = st.Instance, st.Since, local(site.BaseURL)
	a.mu.Lock()
	site.Sources = a.site.Sources // until refreshSite
	a.cfg, a.configHash, a.site, a.withheld = cfg, st.Config, site, nil
	a.shown.privacy.Store(privacy)
	a.mu.Unlock()
	a.superseded.Store(false)
	return nil
}

func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// settle reads the settings note and writes what this process has loaded, under a lease: one process at a time.
func (a *App) settle(ctx context.Context, shape, configHash string) (settings, error) {
	lease, err := a.settingsLease(ctx)
	if err != nil {
		return settings{}, err
	}
	defer func() {
		if err := a.store.Release(context.WithoutCancel(ctx), lease); err != nil {
			a.log.Debug("cannot give back the lease of the settings: it runs out by itself", "err", err)
		}
	}()
	st, err := a.readSettings(ctx)
	if err != nil {
		return st, err
	}
	want := st
	if want.Instance == "" {
		want.Instance = rand.Text()
	}
	if want.Shape != shape {
		now, err := a.store.Now(ctx)
		if err != nil {
			return st, fmt.Errorf("read the store's clock: %w", err)
		}
		want.Shape, want.Since = shape, now.Truncate(time.Second)
	}
	want.Config = configHash
	if want == st {
		return st, nil
	}
	b, err := json.Marshal(want)
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

// settingsLease takes the lease of the settings note for as long as a few reads and writes take, waiting for others to
// be done with it.
func (a *App) settingsLease(ctx context.Context) (cache.Lease, error) {
	for {
		l, err := a.store.Acquire(ctx, "settings", 10*time.Second)
		if err == nil {
			return l, nil
		}
		if errors.Is(err, cache.ErrHeld) {
			pause(ctx, 50*time.Millisecond)
			err = ctx.Err()
		}
		if err != nil {
			return l, fmt.Errorf("take the lease of the settings: %w", err)
		}
	}
}

// settingsEvery is how often a process looks whether another replica has loaded a newer configuration.
const settingsEvery = 5 * time.Second

// watchSettings lets only the newest loaded configuration fetch: during a rolling update the old replicas go on
// serving, but two configurations never write in turns. The desks see the change by [App.mayFetch].
func (a *App) watchSettings(ctx context.Context) {
	for {
		pause(ctx, settingsEvery)
		if ctx.Err() != nil {
			return
		}
		a.lookForNewer(ctx)
		a.lookForIndexes(ctx)
		a.lookForFollowed(ctx)
	}
}

func (a *App) lookForNewer(ctx context.Context) {
	a.settling.Lock()
	defer a.settling.Unlock()
	st, err := a.readSettings(ctx)
	if err != nil {
		return // tail says that the store does not answer
	}
	a.mu.Lock()
	newer := st.Config != a.configHash
	a.mu.Unlock()
	if newer == a.superseded.Load() {
		return
	}
	a.superseded.Store(newer)
	if newer {
		a.log.Warn("another replica has loaded a newer configuration: this one serves on and does not fetch")
	} else {
		a.log.Info("this configuration is the newest again: fetching goes on")
	}
}

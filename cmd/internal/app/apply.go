package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"feedmill/cmd/internal/config"
	"feedmill/feeds/web"
)

// watchEvery is how often the configuration's files are looked at. Looking at what a path leads to, instead of waiting
// for events, also sees a Kubernetes ConfigMap, whose files are links that are swapped.
const watchEvery = time.Second

// watchFiles reloads when a file of the configuration has changed.
func (a *App) watchFiles(ctx context.Context) {
	last := stamps(a.config().Files)
	said := ""
	for {
		pause(ctx, watchEvery)
		if ctx.Err() != nil {
			return
		}
		now := stamps(a.config().Files)
		if now == last {
			continue
		}
		last = now
		if err := a.Reload(ctx); err != nil {
			if text := err.Error(); text != said {
				said = text
				a.log.Error("the new configuration is wrong; the old one keeps running", "err", err)
			}
			continue
		}
		said = ""
		last = stamps(a.config().Files)
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

// settingsEvery is how often a process looks whether another replica has loaded a newer configuration.
const settingsEvery = 5 * time.Second

// watchSettings lets only the newest loaded configuration fetch: during a rolling update the old replicas go on
// serving, but two configurations never write in turns.
func (a *App) watchSettings(ctx context.Context) {
	for {
		pause(ctx, settingsEvery)
		if ctx.Err() != nil {
			return
		}
		st, err := a.readSettings(ctx)
		if err != nil {
			continue // tail says that the store does not answer
		}
		a.mu.Lock()
		newer := st.Config != a.configHash
		a.mu.Unlock()
		if newer == a.superseded.Load() {
			continue
		}
		a.superseded.Store(newer)
		if newer {
			a.log.Warn("another replica has loaded a newer configuration: this one serves on and does not fetch")
			a.manager.Keep(nil)
		} else {
			a.bringIn(ctx)
		}
	}
}

// configHash tells configurations apart: what shapes documents, and the sources.
func configHash(cfg *config.Config, site web.Site) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	if err := enc.Encode(site); err != nil {
		panic(err) // a Site holds nothing that JSON cannot say
	}
	for _, s := range cfg.Sources {
		fmt.Fprintln(h, s.Name, s.Fingerprint)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

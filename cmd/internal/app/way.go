package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/sources"
)

// way is how a source reaches others, as it is remembered for the time when the source has left the configuration and
// something is to be ended for it. What goes to the source's own host (headers, cookies) is not part of it, nor is a secret.
type way struct {
	Allow []netip.Prefix `json:"allow,omitempty"`
	Proxy string         `json:"proxy,omitempty"`
	// Locked: the proxy wants a name or password, which are not remembered.
	Locked bool `json:"locked,omitempty"`
}

func wayOf(s config.Source) (w way) {
	w.Allow = s.Web.Allow
	switch p := s.Web.Proxy; {
	case p == nil:
	case p.User != nil:
		w.Locked = true
	default:
		w.Proxy = (&url.URL{Scheme: p.Scheme, Host: p.Host}).String()
	}
	return w
}

// settings are those of a source that goes this way.
func (w way) settings(name string) (config.Source, error) {
	s := config.Source{Name: name}
	s.Web.Allow = w.Allow
	if w.Proxy != "" {
		u, err := url.Parse(w.Proxy)
		if err != nil {
			return s, fmt.Errorf("read the proxy of source %s: %w", name, err)
		}
		s.Web.Proxy = u
	}
	return s, nil
}

const wayKey = "way"

// rememberWays notes the ways of sources that may have to end something after they have left.
func (a *App) rememberWays(ctx context.Context, list []config.Source) error {
	noted := map[string]string{}
	var edits []cache.Edit
	for _, s := range list {
		if s.Kind.Leave == nil {
			continue
		}
		var value []byte
		if w := wayOf(s); len(w.Allow) > 0 || w.Proxy != "" || w.Locked {
			b, err := json.Marshal(w)
			if err != nil {
				return fmt.Errorf("remember how source %s reaches others: %w", s.Name, err)
			}
			value = b
		}
		noted[s.Name] = string(value)
		if old, known := a.ways[s.Name]; !known || old != string(value) {
			edits = append(edits, cache.Edit{Bucket: noteBucket(sources.BucketWay, s.Name), Key: wayKey, Value: value})
		}
	}
	for part := range slices.Chunk(edits, cache.MaxBatch) {
		if err := a.store.Write(ctx, cache.Lease{}, part...); err != nil {
			return fmt.Errorf("remember how sources reach others: %w", err)
		}
	}
	a.ways = noted
	return nil
}

// settingsLeft are the settings of a source that has left: as this process knew them, else what is remembered. ok is false
// where the source had a proxy whose password nobody knows any more: without it nobody is to be asked.
func (a *App) settingsLeft(ctx context.Context, name string) (s config.Source, ok bool, err error) {
	a.mu.Lock()
	s, known := a.left[name]
	a.mu.Unlock()
	if known {
		return s, true, nil
	}
	w, err := noteAs[way](ctx, a.store, sources.BucketWay, name, wayKey)
	if err != nil || w == nil {
		return config.Source{Name: name}, err == nil, err
	}
	if w.Locked {
		return s, false, nil
	}
	s, err = w.settings(name)
	return s, err == nil, err
}

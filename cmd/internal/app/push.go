package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/push"
	"feedmill/sources/fetch"
)

// Sender makes the client that a target is reached with. Those of one network share connections.
func Sender(cfg *config.Config, t config.Target, version string, network *fetch.Network) *http.Client {
	return fetch.NewSender(fetch.Options{
		UserAgent: fetch.UserAgent(version, cfg.BaseURL, 0), Allow: t.Web.Allow, Proxy: t.Web.Proxy, Timeout: t.Web.Timeout, Network: network,
	})
}

// MakeTarget makes a target of its configuration, as `serve` and `push` do. base is the address under which readers find feeds.
func MakeTarget(cfg *config.Config, t config.Target, base string, client *http.Client, log *slog.Logger) (push.Spec, error) {
	to, err := t.Kind.New(t.Config, push.Env{Name: t.Name, HTTP: client, Now: time.Now, Log: log.With("target", t.Name)})
	if err != nil {
		return push.Spec{}, fmt.Errorf("target %s: %w", t.Name, err)
	}
	spec := push.Spec{
		Name: t.Name, Kind: t.Kind, Location: t.Config.Location(), Target: to, Hash: t.Hash, Topics: t.Asked(), Where: t.Match, Shape: t.Shape,
		Language: t.Language, Images: t.Images, Digest: t.Digest, Quiet: t.Quiet, Edits: t.Edits, CatchUp: t.CatchUp, SendLast: t.SendLast, Zone: t.Zone,
		Page: func(topic feeds.Topic) string {
			if topic.Group != "" { // its page is behind a token, which a message must not have
				return base + "/"
			}
			return base + topic.Path()
		},
	}
	savedFeeds(cfg, t, &spec)
	return spec, nil
}

// savedFeeds lets a target that asks for saved feeds look at the items themselves: what the store knows of them follows behind
// the items, and while an expression is gathered anew it follows the old one, so news would be missed.
func savedFeeds(cfg *config.Config, t config.Target, spec *push.Spec) {
	var saved []*config.Feed
	for i := range cfg.Feeds {
		if slices.Contains(t.Topics, cfg.Feeds[i].Topic) {
			saved = append(saved, &cfg.Feeds[i])
		}
	}
	if len(saved) == 0 {
		return
	}
	for _, f := range saved {
		spec.Hash += " " + f.Hash // another expression is another target
	}
	plain := slices.DeleteFunc(t.Asked(), func(topic feeds.Topic) bool { return topic.Kind == "feed" })
	page, first := spec.Page, t.Topics[0]
	spec.Page = func(feeds.Topic) string { return page(first) }
	spec.Topics = nil
	for _, topic := range t.Asked() {
		for _, group := range []string{"", topic.Group} {
			if group == "" && topic.Group != "" && topic.Kind != "feed" {
				continue // a saved feed of a group has public items, too
			}
			if all := (feeds.Topic{Group: group, Kind: "all"}); !slices.Contains(spec.Topics, all) {
				spec.Topics = append(spec.Topics, all)
			}
		}
	}
	spec.Where = func(it *feeds.Item) (bool, error) {
		in := slices.ContainsFunc(feeds.Topics(it), func(m feeds.Membership) bool { return slices.Contains(plain, m.Topic) })
		var errs []error
		for i := 0; i < len(saved) && !in; i++ {
			yes, err := saved[i].Match(it)
			if err != nil {
				errs = append(errs, err)
			}
			in = yes && (it.Group == "" || it.Group == saved[i].Topic.Group)
		}
		if !in {
			return false, errors.Join(errs...)
		}
		return t.Match(it)
	}
}

// MakeTargets makes all targets of a configuration.
func MakeTargets(cfg *config.Config, base, version string, network *fetch.Network, log *slog.Logger) ([]push.Spec, error) {
	out := make([]push.Spec, 0, len(cfg.Targets))
	for _, t := range cfg.Targets {
		spec, err := MakeTarget(cfg, t, base, Sender(cfg, t, version, network), log)
		if err != nil {
			return nil, err
		}
		out = append(out, spec)
	}
	return out, nil
}

// applyTargets makes the running targets those of a configuration. It is called when what is shown is that of it, too.
func (a *App) applyTargets(cfg *config.Config) error {
	specs, err := MakeTargets(cfg, a.Base(), a.opts.Version, a.network, a.log)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.targets = specs
	a.mu.Unlock()
	a.courier.Apply(specs)
	return nil
}

// carry serves the targets until ctx ends.
func (a *App) carry(ctx context.Context) {
	if err := a.courier.Run(ctx); err != nil {
		a.log.Error("nothing is pushed", "err", err)
	}
}

// Targets is how every target is.
func (a *App) Targets() []push.Status { return a.courier.Status() }

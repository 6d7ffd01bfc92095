package config

import (
	"errors"
	"net/netip"
	"net/url"
	"time"

	"go.yaml.in/yaml/v4"
)

// hub is the section of that name.
type hub struct {
	Serve *bool          `yaml:"serve,omitempty" doc:"Whether programs can subscribe to feeds at /hub (WebSub). Unset: yes, if base_url is set."`
	Lease time.Duration  `yaml:"lease,omitempty" doc:"How long a subscription lasts at most, 1h to 720h. Unset: 240h."`
	Allow []netip.Prefix `yaml:"allow,omitempty,flow" doc:"Private networks that subscribers may be in, such as 10.0.0.0/8. Unset: public addresses only."`
	Ping  []string       `yaml:"ping,omitempty,flow" doc:"Hubs of others that every feed names, too, and that are told of each change."`
}

// Hub is how WebSub subscribers are served.
type Hub struct {
	// Off: nobody can subscribe here.
	Off bool
	// Lease is how long a subscription lasts at most; 0 leaves it to the hub.
	Lease time.Duration
	Allow []netip.Prefix
	// Ping are hubs of others.
	Ping []*url.URL
}

func (r *reader) hub(c *Config, root *yaml.Node, h *hub) {
	n := valueOf(root, "hub")
	c.Hub = Hub{Off: h.Serve != nil && !*h.Serve, Lease: h.Lease, Allow: h.Allow}
	if h.Lease != 0 && (h.Lease < time.Hour || h.Lease > 720*time.Hour) {
		r.value(valueOf(n, "lease"), "hub.lease", errors.New("want 1h to 720h"))
	}
	for _, s := range h.Ping {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "" {
			r.value(valueOf(n, "ping"), "hub.ping", errors.New("want addresses of hubs, such as https://hub.example.org/"))
			return
		}
		c.Hub.Ping = append(c.Hub.Ping, u)
	}
}

package config

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"feedmill/feeds"
	publish "feedmill/feeds/web"
)

// redirect is where an address leads: a topic or a path, or both keys.
type redirect struct {
	To     string `yaml:"to" doc:"A topic such as tag/go or all, or a path below base_url such as /tag/go.rss."`
	Status int    `yaml:"status,omitempty" doc:"301 (the default) or 308." jsonschema:"enum=301,enum=308"`
}

// redirects reads the section of that name, behind all others: what labels and sources were called is part of the check.
func (r *reader) redirects(c *Config, n *yaml.Node) {
	for _, s := range c.Sources {
		if s.Formerly != "" {
			c.Redirects[feeds.NewTopic("source", s.Formerly).Path()] = publish.Redirect{To: feeds.NewTopic("source", s.Name).String()}
		}
	}
	places := map[string]*yaml.Node{}
	if !n.IsZero() && n.Kind != yaml.MappingNode {
		r.fail(n, "redirects", "want a mapping (OLD PATH: topic or path), got %s", describe(n.Kind, n.Value, false))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join("redirects", k.Value)
		before := len(r.errs)
		to := redirect{To: v.Value}
		switch {
		case k.Kind != yaml.ScalarNode || k.Value == "<<":
			r.fail(k, at, "want the old path, such as /posts/index.xml")
		case places[k.Value] != nil:
			r.fail(k, at, "the path is already redirected in line %d; remove one of the two", places[k.Value].Line)
		case strings.HasPrefix(k.Value, "/hook/") || k.Value == "/hook":
			r.fail(k, at, "the paths below /hook are those of webhooks")
		case k.Value == "/hub":
			r.fail(k, at, "the path is that of the hub")
		case v.Kind == yaml.ScalarNode:
			r.walk(v, stringType, at, false)
			to.To = v.Value
		case v.Kind == yaml.MappingNode:
			to = redirect{}
			r.fields(v, fieldsOf(&to), at, nil)
			r.load(v, &to)
		default:
			r.fail(v, at, "want a topic such as tag/go, a path such as /tag/go.rss, or { to: ONE OF THEM, status: 308 }, got %s", describe(v.Kind, v.Value, false))
		}
		if len(r.errs) > before {
			continue
		}
		if _, taken := c.Redirects[k.Value]; taken {
			r.fail(k, at, "labels or formerly lead this address elsewhere already; remove one of the two")
			continue
		}
		places[k.Value] = k
		c.redirected = append(c.redirected, k.Value)
		c.Redirects[k.Value] = publish.Redirect{To: to.To, Status: to.Status}
	}
	var wrong *publish.RedirectError
	if err := publish.CheckRedirects(c.Redirects); errors.As(err, &wrong) {
		place := places[wrong.From]
		switch {
		case place != nil:
			r.fail(place, join("redirects", wrong.From), "%s", wrong.Reason)
		case len(r.errs) == 0: // of labels or sources, together with these; else what is wrong with them was said
			r.fail(n, "redirects", "%s", wrong)
		}
	} else if err != nil {
		r.fail(n, "redirects", "%s", fmt.Sprint(err))
	}
}

// Package opml is the source that names other sources: a list of feeds as readers and planets export it. The list is
// looked at again and again; a feed that is added to it becomes a source of its own with its own schedule, one that is
// taken off it leaves the feeds as any source that is taken out of the configuration does.
//
// State: "list" is the poll's record, [sources.MembersKey] holds the list as it is in force.
package opml

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"feedmill/sources"
	"feedmill/sources/fetch"
)

// Kind is the kind of source. feed is the kind that its feeds are of: it has to recognise their addresses.
func Kind(feed sources.Kind) sources.Kind {
	return sources.Kind{
		Name:      "opml",
		Doc:       "the feeds that an OPML list names, by the list's URL or file: each becomes a source",
		Config:    func() sources.Config { return &Config{} },
		New:       newSource,
		Recognise: recognise,
		Interval:  time.Hour,
		Web:       true,
		Members: func(list []byte) ([]sources.Member, error) {
			return members(list, feed)
		},
	}
}

// Config is the configuration of a list.
type Config struct {
	// URL is an http or https address, or the path of a file.
	URL string `yaml:"opml"`

	path string // absolute; empty for a URL
}

// Check implements [sources.Config].
func (c *Config) Check(base string) error {
	raw := strings.TrimSpace(c.URL)
	scheme, _, isURL := strings.Cut(raw, "://")
	switch {
	case raw == "":
		return errors.New("opml: give the URL or the file of a list")
	case isURL && !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https"):
		return fmt.Errorf("opml: %s: only http and https can be fetched", fetch.Redact(raw))
	case isURL:
		if u, err := url.Parse(raw); err != nil || u.Hostname() == "" {
			return fmt.Errorf("opml: %s: not an address; write it as in a browser, https://HOST/PATH", fetch.Redact(raw))
		}
		c.path = ""
		return nil
	}
	if c.path = raw; !filepath.IsAbs(raw) {
		c.path = filepath.Join(base, raw)
	}
	return nil
}

// Location implements [sources.Config].
func (c *Config) Location() string {
	if c.path != "" {
		return c.path
	}
	return fetch.Redact(strings.TrimSpace(c.URL))
}

// recognise takes what is called .opml, and a file that begins like one.
func recognise(arg string) (sources.Config, bool) {
	c := &Config{URL: arg}
	if u, err := url.Parse(arg); err == nil && u.Host != "" {
		return c, strings.HasSuffix(strings.ToLower(u.Path), ".opml")
	}
	f, err := os.Open(arg)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, false
	}
	head, err := io.ReadAll(io.LimitReader(f, 4<<10))
	return c, err == nil && strings.Contains(strings.ToLower(string(head)), "<opml")
}

func newSource(cfg sources.Config, env sources.Env) (sources.Source, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fmt.Errorf("new opml source: config is a %T", cfg)
	}
	if c.path != "" {
		return &fileSource{source{cfg: c, env: env}}, nil
	}
	if env.HTTP == nil {
		return nil, errors.New("new opml source: no HTTP client")
	}
	return &source{cfg: c, env: env}, nil
}

// source is one list.
type source struct {
	cfg *Config
	env sources.Env
}

var _ sources.Source = (*source)(nil)

// Fetch reads the list. It emits no items: what it finds are the members in the state.
func (s *source) Fetch(ctx context.Context, st sources.State, out sources.Sink) (sources.Result, error) {
	poll := fetch.NewPoll(s.env.HTTP, st, "1")
	doc, err := poll.Get(ctx, "list", fetch.Request{URL: s.cfg.URL, Accept: "text/x-opml, application/xml;q=0.9, */*;q=0.1", MaxBytes: MaxBytes})
	if err != nil {
		return poll.Result(""), err
	}
	var body []byte
	if !doc.Unchanged {
		body = doc.Body
	}
	note, moved, err := s.look(body, st, out)
	if err != nil {
		return poll.Result(""), err
	}
	doc.Done()
	res := poll.Result(note)
	res.Unchanged = !moved
	return res, nil
}

// look brings a list in force, or counts one more look at a list that is held; body is nil for the list of the last look.
func (s *source) look(body []byte, st sources.State, out sources.Sink) (note string, moved bool, err error) {
	b, _, err := st.Get(sources.MembersKey)
	if err != nil {
		return "", false, fmt.Errorf("read the state: %w", err)
	}
	was, err := decode(b)
	if err != nil {
		return "", false, err
	}
	h, err := loadHeld(st)
	if err != nil {
		return "", false, err
	}
	switch {
	case body != nil:
		found, err := Read(body)
		if err != nil {
			return "", false, fmt.Errorf("read the list %s: %w", s.cfg.Location(), err)
		}
		is, dropped := was.with(found, s.env.Name)
		h = held{Looks: 1, Dropped: dropped, List: is}
	case h.Looks == 0:
		return fmt.Sprintf("%d feeds", was.count()), false, nil
	default:
		h.Looks++
	}
	if n := was.count(); h.Looks < guardLooks && shrunk(h.Dropped, n) {
		if err := h.save(st); err != nil {
			return "", false, err
		}
		reason := fmt.Sprintf("%d of its %d feeds are off the list: they stay until %d looks in a row say so", h.Dropped, n, guardLooks)
		out.Reject(sources.Rejected{Where: s.cfg.Location(), Reason: reason, Repaired: true})
		return reason, true, nil
	}
	st.Delete(heldKey)
	text, err := json.Marshal(h.List)
	if err != nil {
		return "", false, fmt.Errorf("write the list: %w", err)
	}
	st.Set(sources.MembersKey, text)
	return fmt.Sprintf("%d feeds", h.List.count()), true, nil
}

package config

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"golang.org/x/net/http/httpguts"

	"feedmill/sources"
)

// web are the keys of every source that asks others over HTTP.
type web struct {
	Headers   map[string]string `yaml:"headers,omitempty" secret:"true" doc:"Headers for the source's own host, by name. NAME_file: PATH reads a value from a file."`
	Basic     string            `yaml:"basic,omitempty" secret:"true" doc:"USER:PASSWORD for the source's own host."`
	Bearer    string            `yaml:"bearer,omitempty" secret:"true" doc:"A token for the source's own host, sent as Authorization: Bearer."`
	Cookie    string            `yaml:"cookie,omitempty" secret:"true" doc:"The Cookie header for the source's own host."`
	Proxy     string            `yaml:"proxy,omitempty" secret:"true" doc:"The http, https or socks5 proxy that the source is asked through, such as socks5://127.0.0.1:9050."`
	UserAgent string            `yaml:"user_agent,omitempty" doc:"The User-Agent. Unset: feedmill's own name, with base_url for whom to ask."`
	Timeout   time.Duration     `yaml:"timeout,omitempty" doc:"How long one answer may take, 1s to 10m. Unset: 30s."`
	MaxBytes  int64             `yaml:"max_bytes,omitempty" doc:"The largest answer in bytes, decompressed, 1024 to 268435456. Unset: 15 MiB, or what suits the kind." jsonschema:"minimum=1024,maximum=268435456"`
	Allow     []netip.Prefix    `yaml:"allow,omitempty" doc:"Private networks that the source may fetch from, such as 10.0.0.0/8. Unset: public addresses only."`
}

// Web is how a source asks others.
type Web struct {
	// Header goes to the source's own host only, and may hold secrets.
	Header    http.Header
	Proxy     *url.URL
	UserAgent string
	Timeout   time.Duration
	MaxBytes  int64
	// Allow are private networks that the source may fetch from.
	Allow []netip.Prefix

	keys web
}

// anonymous is w without what is meant for the source's own host.
func (w Web) anonymous() Web {
	w.Header = nil
	w.keys.Headers, w.keys.Basic, w.keys.Bearer, w.keys.Cookie = nil, "", "", ""
	return w
}

// ours are headers that feedmill writes itself.
var ours = []string{
	"Accept-Encoding", "Connection", "Content-Length", "Host", "If-Modified-Since", "If-None-Match", "Range", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// parse turns the keys into what is made of them; key names the one that is wrong.
func (k web) parse() (w Web, key string, err error) {
	w = Web{Header: http.Header{}, UserAgent: k.UserAgent, Timeout: k.Timeout, MaxBytes: k.MaxBytes, Allow: k.Allow, keys: k}
	for name, value := range k.Headers {
		canonical := http.CanonicalHeaderKey(name)
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			return w, "headers", errors.New("want names of headers such as X-Api-Key")
		case slices.Contains(ours, canonical):
			return w, "headers", fmt.Errorf("%s is written by feedmill itself", canonical)
		case canonical == "User-Agent":
			return w, "headers", errors.New("write user_agent for User-Agent")
		case len(w.Header[canonical]) > 0:
			return w, "headers", fmt.Errorf("%s is given twice", canonical)
		}
		w.Header.Set(name, value)
	}
	set := func(name, header, value string) {
		switch {
		case value == "" || err != nil:
		case w.Header.Get(header) != "":
			key, err = name, fmt.Errorf("the header %s is already given; remove one of the two", header)
		default:
			w.Header.Set(header, value)
		}
	}
	if k.Basic != "" {
		user, password, ok := strings.Cut(k.Basic, ":")
		if !ok {
			return w, "basic", errors.New("want USER:PASSWORD")
		}
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, password)
		set("basic", "Authorization", r.Header.Get("Authorization"))
	}
	if k.Bearer != "" {
		set("bearer", "Authorization", "Bearer "+k.Bearer)
	}
	set("cookie", "Cookie", k.Cookie)
	if err != nil {
		return w, key, err
	}
	for name, values := range w.Header {
		if !httpguts.ValidHeaderFieldValue(values[0]) {
			return w, map[string]string{"Authorization": "bearer", "Cookie": "cookie"}[name], errors.New("want a value on one line, without control characters")
		}
	}
	if !httpguts.ValidHeaderFieldValue(k.UserAgent) {
		return w, "user_agent", errors.New("want text on one line")
	}
	if k.Timeout != 0 && (k.Timeout < time.Second || k.Timeout > 10*time.Minute) {
		return w, "timeout", errors.New("want 1s to 10m")
	}
	if k.MaxBytes != 0 && (k.MaxBytes < 1<<10 || k.MaxBytes > 256<<20) {
		return w, "max_bytes", errors.New("want 1024 to 268435456 bytes")
	}
	if k.Proxy != "" {
		u, err := url.Parse(k.Proxy)
		if err != nil || u.Hostname() == "" || !slices.Contains([]string{"http", "https", "socks5"}, u.Scheme) {
			return w, "proxy", errors.New("want an address such as http://HOST:PORT or socks5://USER:PASSWORD@HOST:PORT")
		}
		w.Proxy = u
	}
	if len(w.Header) == 0 {
		w.Header = nil
	}
	return w, "", nil
}

// web reads the keys of a source that asks others.
func (r *reader) web(n *yaml.Node, at string) Web {
	var keys web
	before := len(r.errs)
	r.load(n, &keys)
	if len(r.errs) > before {
		return Web{}
	}
	w, key, err := keys.parse()
	if err != nil {
		v := valueOf(n, key)
		if v == n {
			key, v = "headers", valueOf(n, "headers")
		}
		r.value(v, join(at, key), err)
	}
	return w
}

// refuseWeb reports keys for asking others at a kind that does not.
func (r *reader) refuseWeb(n *yaml.Node, own []field, at string, kind sources.Kind) {
	if kind.Web {
		return
	}
	fields := fieldsOf(&web{})
	var kept []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		_, ours := find(fields, strings.TrimSuffix(k.Value, "_file"))
		_, theirs := find(own, strings.TrimSuffix(k.Value, "_file"))
		if ours && !theirs {
			r.fail(k, join(at, k.Value), "a source of kind %s does not fetch over HTTP; remove the key", kind.Name)
			continue
		}
		kept = append(kept, k, n.Content[i+1])
	}
	n.Content = kept
}

// webFields are the keys for asking others that a kind takes.
func webFields(kind sources.Kind) []field {
	if !kind.Web {
		return nil
	}
	return fieldsOf(&web{})
}

// DefaultMaxInterval is the longest time between two fetches of a source that asks others, unless configured otherwise.
const DefaultMaxInterval = 24 * time.Hour

// interval is the time between fetches: one, or bounds for what the source's own cadence suggests.
type interval struct {
	Min time.Duration `yaml:"min,omitempty" doc:"The shortest time between fetches."`
	Max time.Duration `yaml:"max,omitempty" doc:"The longest time between fetches."`
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (i *interval) UnmarshalYAML(n *yaml.Node) error {
	want := errors.New("want a duration such as 30m, or bounds such as {min: 15m, max: 6h}")
	if n.Kind == yaml.ScalarNode {
		d, err := time.ParseDuration(n.Value)
		if err != nil {
			return want
		}
		i.Min, i.Max = d, d
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return want
	}
	for k := 0; k+1 < len(n.Content); k += 2 {
		d, err := time.ParseDuration(n.Content[k+1].Value)
		if err != nil {
			return want
		}
		switch n.Content[k].Value {
		case "min":
			i.Min = d
		case "max":
			i.Max = d
		default:
			return want
		}
	}
	return nil
}

// MarshalYAML implements yaml.Marshaler.
func (i interval) MarshalYAML() (any, error) {
	if i.Min == i.Max {
		return short(i.Min), nil
	}
	m := map[string]string{}
	if i.Min != 0 {
		m["min"] = short(i.Min)
	}
	if i.Max != 0 {
		m["max"] = short(i.Max)
	}
	return m, nil
}

// IsZero lets omitempty leave it out.
func (i interval) IsZero() bool { return i == interval{} }

// bounds are the times between fetches for a kind: what is left out is the kind's.
func (i interval) bounds(kind sources.Kind) (shortest, longest time.Duration, err error) {
	if i.IsZero() {
		if kind.MaxInterval > 0 {
			return kind.Interval, max(kind.Interval, kind.MaxInterval), nil
		}
		if kind.Web {
			return kind.Interval, max(kind.Interval, DefaultMaxInterval), nil
		}
		return kind.Interval, kind.Interval, nil
	}
	if i.Min == 0 {
		i.Min = min(kind.Interval, i.Max)
	}
	if i.Max == 0 {
		i.Max = max(i.Min, DefaultMaxInterval)
	}
	switch {
	case i.Min < time.Second:
		return 0, 0, errors.New("want 1s or more")
	case i.Max < i.Min:
		return 0, 0, errors.New("want a max that is not below min")
	case i.Max > 30*24*time.Hour:
		return 0, 0, errors.New("want at most 720h")
	}
	return i.Min, i.Max, nil
}

// interval checks the key of that name.
func (r *reader) interval(n *yaml.Node, at string, i interval, kind sources.Kind) (shortest, longest time.Duration) {
	shortest, longest, err := i.bounds(kind)
	if v := valueOf(n, "interval"); err != nil && v != n {
		r.value(v, join(at, "interval"), err)
	}
	return shortest, longest
}

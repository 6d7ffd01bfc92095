package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Limits that no origin needs more of.
const (
	// DefaultTimeout bounds one Get from the first connection to the last byte, redirects included. Waiting for the
	// turn at a host does not count.
	DefaultTimeout = 30 * time.Second
	// DefaultSpacing is the time between two requests to one host.
	DefaultSpacing = time.Second
	// NoSpacing is the Spacing for tests.
	NoSpacing time.Duration = -1

	dialTimeout   = 10 * time.Second
	tlsTimeout    = 10 * time.Second
	headerTimeout = 20 * time.Second
	maxHeader     = 64 << 10 // bytes
	maxRedirects  = 5

	// grace is how long a host is ours beyond the time of a request: it covers what no time limit does.
	grace = 10 * time.Second
)

// Options of a client. The zero value is the strictest.
type Options struct {
	// UserAgent is sent with every request that has none; see [UserAgent].
	UserAgent string
	// Allow are networks that may be connected to although they are private or special.
	Allow []netip.Prefix
	// Timeout bounds one Get; 0 means DefaultTimeout.
	Timeout time.Duration
	// MaxBytes bounds a body, before what a Request says; 0 leaves it to the Request.
	MaxBytes int64
	// Proxy is asked in place of the origin: http, https or socks5. The guard looks at the origin's addresses before.
	Proxy *url.URL
	// Header is sent to the host of Origin, a URL, and to no other; it may hold credentials.
	Header http.Header
	Origin string

	// Network is what this client shares with others; nil means a new one with the fields below.
	Network *Network
	// PerHost is the most requests under way to one host; 0 means 1.
	PerHost int
	// Spacing is the least time between two requests to one host; 0 means DefaultSpacing, NoSpacing none.
	Spacing time.Duration
	// Resolver resolves host names; nil means the system's.
	Resolver *net.Resolver
	// Dial makes connections in place of the system, past the guard: for tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Hosts is what other processes know of hosts; nil if there are none.
	Hosts Hosts
}

// Hosts is what processes share about the hosts that they ask. Its methods report their own trouble: without an answer
// there is no pause, and nobody else asks.
type Hosts interface {
	// Paused is until when a host asked to be left alone (429), also before a restart; Pause remembers it.
	Paused(ctx context.Context, host string) time.Time
	Pause(ctx context.Context, host string, until time.Time)
	// Take takes a host for this process, for at most so long, and waits while another one has it: then it calls waiting
	// first. give lets others have it after the spacing. Fails with the error of ctx alone.
	Take(ctx context.Context, host string, most time.Duration, waiting func()) (give func(spacing time.Duration), err error)
}

// Network is what the clients of one program share: the pace of each host, whoever asks it, and connections.
type Network struct {
	pace     *pacer
	perHost  int
	resolver *net.Resolver
	dial     func(ctx context.Context, network, address string) (net.Conn, error)

	mu    sync.Mutex
	bases map[string]*http.Transport // by allowed networks and proxy
}

// NewNetwork makes a Network of the lower half of the options.
func NewNetwork(o Options) *Network {
	if o.PerHost <= 0 {
		o.PerHost = 1
	}
	if o.Spacing == 0 {
		o.Spacing = DefaultSpacing
	}
	return &Network{
		pace: newPacer(o.PerHost, max(o.Spacing, 0), o.Hosts), perHost: o.PerHost, resolver: o.Resolver, dial: o.Dial,
		bases: map[string]*http.Transport{},
	}
}

// CloseIdleConnections closes the connections that no request uses.
func (n *Network) CloseIdleConnections() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, b := range n.bases {
		b.CloseIdleConnections()
	}
}

// base is the transport for those with the same allowed networks and proxy.
func (n *Network) base(o Options) *http.Transport {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := fmt.Sprint(o.Allow)
	if o.Proxy != nil {
		key = o.Proxy.String()
	}
	if n.bases[key] != nil {
		return n.bases[key]
	}
	d := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, Resolver: n.resolver}
	t := &http.Transport{
		DialContext:            d.DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns:           min(100*n.perHost, 1024),
		MaxIdleConnsPerHost:    n.perHost,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true, // Get decodes, under limits
	}
	if o.Proxy != nil {
		t.Proxy = http.ProxyURL(o.Proxy) // all it dials is the proxy, which the operator chose
	} else {
		d.Control = newGuard(o.Allow, n.resolver).control
	}
	if n.dial != nil {
		t.DialContext = n.dial
	}
	n.bases[key] = t
	return t
}

// UserAgent is the honest name of the program: "feedmill/1.2 (+https://example.org; 5 subscribers)". contact is where
// the operator of an origin can complain; both it and subscribers may be left out (empty, 0).
func UserAgent(version, contact string, subscribers int) string {
	var notes []string
	if contact != "" {
		notes = append(notes, "+"+contact)
	}
	if subscribers > 0 {
		notes = append(notes, fmt.Sprintf("%d subscribers", subscribers))
	}
	s := "feedmill/" + version
	if len(notes) > 0 {
		s += " (" + strings.Join(notes, "; ") + ")"
	}
	return s
}

// NewClient makes the polite client. It speaks http and https only, through no proxy but the one it is given, sends no
// cookies and no Referer unless its Header has them, and follows at most five redirects.
func NewClient(o Options) *http.Client {
	if o.Network == nil {
		o.Network = NewNetwork(o)
	}
	return newClient(o, o.Network.base(o))
}

func newClient(o Options, base http.RoundTripper) *http.Client {
	if o.Network == nil {
		o.Network = NewNetwork(o)
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.UserAgent == "" {
		o.UserAgent = UserAgent("0", "", 0)
	}
	t := &transport{
		base: base, agent: o.UserAgent, timeout: o.Timeout, maxBytes: o.MaxBytes, header: o.Header, pace: o.Network.pace,
		proxy: o.Proxy, network: newGuard(o.Allow, o.Network.resolver),
	}
	if u, err := url.Parse(o.Origin); err == nil {
		t.origin = u
	}
	if o.Proxy != nil {
		t.guard = t.network
	}
	return &http.Client{
		Transport: t,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			req.Header.Del("Referer")
			if len(via) > maxRedirects {
				return fmt.Errorf("%w: more than %d", ErrRedirect, maxRedirects)
			}
			if last := via[len(via)-1].URL; last.Scheme == "https" && req.URL.Scheme != "https" {
				return fmt.Errorf("%w: it leads from https to %s", ErrRedirect, req.URL.Scheme)
			}
			return nil
		},
	}
}

// transport adds pace, time limit and name to every request, whoever makes it.
type transport struct {
	base     http.RoundTripper
	agent    string
	timeout  time.Duration
	maxBytes int64
	header   http.Header // for origin
	origin   *url.URL
	guard    *guard // of what a proxy is asked for; nil without a proxy
	network  *guard // the networks that may be reached, for a Route
	proxy    *url.URL
	pace     *pacer
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the connections.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		closeBody(req)
		return nil, ErrScheme
	}
	name := hostKey(req.URL)
	release, err := t.pace.acquire(req.Context(), name, t.timeout+grace)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	purse, ok := req.Context().Value(budgetKey{}).(*budget)
	if !ok {
		purse = &budget{}
	}
	ctx, cancel := context.WithTimeoutCause(req.Context(), purse.left(t.timeout), ErrTimeout)
	start := time.Now()
	end := sync.OnceFunc(func() {
		cancel()
		purse.spend(time.Since(start))
		release()
	})
	context.AfterFunc(ctx, end) // frees the host also when a caller forgets to close
	if t.guard != nil {
		if err := t.guard.check(ctx, req.URL); err != nil {
			closeBody(req)
			err = named(ctx, err)
			end()
			return nil, err
		}
	}
	req = req.Clone(ctx)
	if t.origin != nil && own(t.origin, req.URL) {
		maps.Copy(req.Header, t.header)
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", t.agent)
	}
	purse.begin()
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		err = named(ctx, err)
		end()
		return nil, err
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		t.pace.pause(ctx, name, retryAfter(resp.Header, time.Now()))
	}
	resp.Body = &body{ReadCloser: resp.Body, ctx: ctx, end: end}
	return resp, nil
}

// body ends the request when it is closed.
type body struct {
	io.ReadCloser
	ctx context.Context // of the request: lives exactly as long as the response
	end func()
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = named(b.ctx, err)
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.end()
	return err
}

// named turns an error that our own time limit caused into ErrTimeout.
func named(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), ErrTimeout) {
		return ErrTimeout
	}
	return err
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close() // RoundTrip must close it; there is nobody to tell
	}
}

// hostKey is the name under which requests are paced: ports of one machine share it.
func hostKey(u *url.URL) string { return hostName(u.Hostname()) }

func hostName(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

// budget is the time that the hops of one Get have together.
type budget struct {
	mu    sync.Mutex
	spent time.Duration
	// begun says that the first request is on its way, and no more waits for its turn.
	begun bool
}

type budgetKey struct{}

func (b *budget) left(total time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(total-b.spent, 0)
}

func (b *budget) total() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent
}

func (b *budget) spend(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent += d
}

func (b *budget) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.begun = true
}

func (b *budget) hasBegun() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.begun
}

package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
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
)

// Options of a client. The zero value is the strictest.
type Options struct {
	// UserAgent is sent with every request that has none; see [UserAgent].
	UserAgent string
	// Allow are networks that may be connected to although they are private or special.
	Allow []netip.Prefix
	// PerHost is the most requests under way to one host; 0 means 1.
	PerHost int
	// Spacing is the least time between two requests to one host; 0 means DefaultSpacing, NoSpacing none.
	Spacing time.Duration
	// Timeout bounds one Get; 0 means DefaultTimeout.
	Timeout time.Duration
	// Resolver resolves host names; nil means the system's.
	Resolver *net.Resolver
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

// NewClient makes the polite client. It speaks http and https only, through no proxy (a proxy would connect on our
// behalf to what the guard forbids), sends no cookies and no Referer, and follows at most five redirects.
func NewClient(o Options) *http.Client {
	d := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, Resolver: o.Resolver, Control: control(o.Allow)}
	return newClient(o, &http.Transport{
		Proxy:                  nil,
		DialContext:            d.DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    max(o.PerHost, 1),
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true, // Get decodes, under limits
	})
}

func newClient(o Options, base http.RoundTripper) *http.Client {
	if o.PerHost <= 0 {
		o.PerHost = 1
	}
	if o.Spacing == 0 {
		o.Spacing = DefaultSpacing
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.UserAgent == "" {
		o.UserAgent = UserAgent("0", "", 0)
	}
	return &http.Client{
		Transport: &transport{base: base, agent: o.UserAgent, timeout: o.Timeout, pace: newPacer(o.PerHost, max(o.Spacing, 0))},
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
	base    http.RoundTripper
	agent   string
	timeout time.Duration
	pace    *pacer
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
	release, err := t.pace.acquire(req.Context(), name)
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
	req = req.Clone(ctx)
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", t.agent)
	}
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		err = named(ctx, err)
		end()
		return nil, err
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		now := time.Now()
		t.pace.pause(name, retryAfter(resp.Header, now))
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
func hostKey(u *url.URL) string { return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".") }

// budget is the time that the hops of one Get have together.
type budget struct {
	mu    sync.Mutex
	spent time.Duration
}

type budgetKey struct{}

func (b *budget) left(total time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(total-b.spent, 0)
}

func (b *budget) spend(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent += d
}

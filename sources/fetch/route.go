package fetch

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Route is the way outside of a client, for programs that bring a protocol of their own, such as git.
type Route struct {
	// Agent, Timeout and MaxBytes are the client's; 0 says that none was chosen.
	Agent    string
	Timeout  time.Duration
	MaxBytes int64
	// Proxy is to be asked in place of the origin; nil for none. Ask Check before.
	Proxy *url.URL

	origin *url.URL
	header http.Header
	guard  *guard
	pace   *pacer
}

// RouteOf is the route of a client that NewClient made; of any other client, the strictest.
func RouteOf(c *http.Client) Route {
	if c != nil {
		if t, ok := c.Transport.(*transport); ok {
			r := Route{Agent: t.agent, MaxBytes: t.maxBytes, Proxy: t.proxy, origin: t.origin, header: t.header, guard: t.network, pace: t.pace}
			if t.timeout != DefaultTimeout {
				r.Timeout = t.timeout
			}
			return r
		}
	}
	return Route{Agent: UserAgent("0", "", 0), guard: newGuard(nil, nil), pace: newPacer(1, DefaultSpacing, nil)}
}

// exchange is how long a host is kept from other processes for a Turn at most: a clone may take an hour, and the process
// that makes it may die.
const exchange = 2 * time.Minute

// Turn waits for a turn at a host among all who ask it, whatever they speak; call release at the end of the exchange. Fails
// with *[PausedError] while the host wants to be left alone.
func (r Route) Turn(ctx context.Context, host string) (release func(), err error) {
	return r.pace.acquire(ctx, hostName(host), exchange)
}

// Pause tells everybody that a host has asked to be left alone, for as long as a 429 without Retry-After does.
func (r Route) Pause(ctx context.Context, host string) {
	r.pace.pause(ctx, hostName(host), time.Now().Add(retryDefault))
}

// Dial connects to "host:port" and no proxy. The address that the host turns out to have is checked as for any request.
func (r Route) Dial(ctx context.Context, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, Resolver: r.guard.resolver, Control: r.guard.control}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, plain(err)
	}
	return c, nil
}

// Resolve is the first address of a host, if every address of it may be reached.
func (r Route) Resolve(ctx context.Context, host string) (netip.Addr, error) {
	addrs, err := r.guard.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("resolve %s: %w", host, err)
	}
	for _, ip := range addrs {
		if err := r.guard.ssrf.SafeAddr(ip.Unmap()); err != nil {
			return netip.Addr{}, fmt.Errorf("resolve %s: %w", host, plain(err))
		}
	}
	return addrs[0].Unmap(), nil
}

// Check looks at the addresses of an origin that a proxy is asked for.
func (r Route) Check(ctx context.Context, u *url.URL) error { return plain(r.guard.check(ctx, u)) }

// Header is what the origin at u is told beside the name of the program; it may hold credentials.
func (r Route) Header(u *url.URL) http.Header {
	if r.origin == nil || !own(r.origin, u) {
		return nil
	}
	return r.header
}

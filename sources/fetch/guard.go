package fetch

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"
)

// badPorts belong to other protocols: a fetch of them speaks HTTP to a mail or chat server
// (Fetch standard, "port blocking").
var badPorts = func() map[uint16]bool {
	m := make(map[uint16]bool)
	for _, p := range []uint16{
		0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
		110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530,
		531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190,
		5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
	} {
		m[p] = true
	}
	return m
}()

// guard keeps requests from private and special addresses.
type guard struct {
	ssrf     *ssrf.Guardian
	resolver *net.Resolver
	all      bool // every network is allowed
}

func newGuard(allow []netip.Prefix, resolver *net.Resolver) *guard {
	var v4, v6 []netip.Prefix
	every4, every6 := false, false
	for _, p := range allow {
		if p.Addr().Is4() {
			v4 = append(v4, p)
			every4 = every4 || p.Bits() == 0
		} else {
			v6 = append(v6, p)
			every6 = every6 || p.Bits() == 0
		}
	}
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	return &guard{
		ssrf:     ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...)),
		resolver: resolver, all: every4 && every6,
	}
}

// control checks the address of every connection after the name was resolved, so that neither a name that resolves to
// another address the second time nor a redirect gets around it. It has the shape of net.Dialer.Control.
func (g *guard) control(network, address string, c syscall.RawConn) error {
	if ap, err := netip.ParseAddrPort(address); err == nil && badPorts[ap.Port()] {
		return fmt.Errorf("%w: %d", ErrPort, ap.Port())
	}
	return g.ssrf.Safe(network, address, c)
}

// check looks at the addresses of a host that a proxy is to connect to. The proxy resolves the name again, so a host that
// answers differently then gets around it; a name that only the proxy can resolve cannot be checked, and is refused
// unless every network is allowed.
func (g *guard) check(ctx context.Context, u *url.URL) error {
	p, err := strconv.ParseUint(port(u), 10, 16)
	if err != nil || badPorts[uint16(p)] {
		return fmt.Errorf("%w: %s", ErrPort, port(u))
	}
	if g.all {
		return nil
	}
	host := hostKey(u)
	var addrs []netip.Addr
	if ip, err := netip.ParseAddr(host); err == nil {
		addrs = []netip.Addr{ip}
	} else if last := host[strings.LastIndexByte(host, '.')+1:]; last == "" || last[0] >= '0' && last[0] <= '9' {
		return fmt.Errorf("%w: %s is an address in disguise", ErrPrivate, host) // 2130706433, 0177.0.0.1, 0x7f.1
	} else if addrs, err = g.resolver.LookupNetIP(ctx, "ip", host); err != nil {
		return fmt.Errorf("check where %s is before the proxy is asked for it (to leave that to the proxy: allow [0.0.0.0/0, ::/0]): %w", host, err)
	}
	for _, ip := range addrs {
		if err := g.ssrf.SafeAddr(ip.Unmap()); err != nil {
			return err
		}
	}
	return nil
}

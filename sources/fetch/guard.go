package fetch

import (
	"fmt"
	"net/netip"
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

// control checks the address of every connection after the name was resolved, so that neither a name that resolves to
// another address the second time nor a redirect gets around it. It has the shape of net.Dialer.Control.
func control(allow []netip.Prefix) func(network, address string, c syscall.RawConn) error {
	var v4, v6 []netip.Prefix
	for _, p := range allow {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	g := ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
	return func(network, address string, c syscall.RawConn) error {
		if ap, err := netip.ParseAddrPort(address); err == nil && badPorts[ap.Port()] {
			return fmt.Errorf("%w: %d", ErrPort, ap.Port())
		}
		return g.Safe(network, address, c)
	}
}

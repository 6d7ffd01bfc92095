package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

func TestC19PrivateAddresses(t *testing.T) {
	c := NewClient(Options{Spacing: NoSpacing})
	t.Cleanup(c.CloseIdleConnections)
	for _, host := range []string{
		"127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "198.18.0.1",
		"224.0.0.1", "255.255.255.255", "240.0.0.1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[fe80::1]", "[fc00::1]",
		"[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[ff02::1]", "localhost", "2130706433", "0x7f.1",
	} {
		_, err := Get(t.Context(), c, Request{URL: "http://" + host + "/"})
		if err == nil {
			t.Errorf("%s: connected", host)
		} else if dns := (*net.DNSError)(nil); !errors.Is(err, ErrPrivate) && !errors.As(err, &dns) {
			t.Errorf("%s: %v, want ErrPrivate", host, err)
		}
	}
}

func TestC19SchemesAndPorts(t *testing.T) {
	c := testClient(t, Options{})
	for raw, want := range map[string]error{
		"ftp://h.example/":        ErrScheme,
		"file:///etc/passwd":      ErrScheme,
		"gopher://127.0.0.1:70/":  ErrScheme,
		"//h.example/":            ErrScheme,
		"http://127.0.0.1:22/":    ErrPort,
		"http://127.0.0.1:25/":    ErrPort,
		"https://127.0.0.1:6667/": ErrPort,
	} {
		if _, err := Get(t.Context(), c, Request{URL: raw}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", raw, err, want)
		}
	}
	if _, err := c.Get("file:///etc/passwd"); err == nil {
		t.Error("the bare client reads files")
	}
}

func TestC19RedirectToAPrivateAddress(t *testing.T) {
	inside := newOrigin(t, respond("secret"))
	outside := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
		// The origin stands on 127.0.0.1, which this client may reach; the target on 127.0.0.2 it may not.
		http.Redirect(w, r, strings.Replace(inside.URL, "127.0.0.1", "127.0.0.2", 1), http.StatusFound)
	})
	c := NewClient(Options{Spacing: NoSpacing, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	t.Cleanup(c.CloseIdleConnections)
	if _, err := Get(t.Context(), c, Request{URL: outside.URL}); !errors.Is(err, ErrPrivate) {
		t.Errorf("%v, want ErrPrivate", err)
	}
	if n := len(inside.requests()); n != 0 {
		t.Errorf("the private host got %d requests", n)
	}
}

// resolver is a DNS server of our own: the nth answer is the nth address, the last one for ever.
func resolver(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	var asked atomic.Int32
	return dns(t, func(string) string { return addresses[min(int(asked.Add(1)), len(addresses))-1] })
}

// fakeDNS is a DNS server that knows these names.
func fakeDNS(t *testing.T, names map[string]string) *net.Resolver {
	t.Helper()
	return dns(t, func(name string) string { return names[name] })
}

// dns is a DNS server that answers with an IPv4 address, or with none.
func dns(t *testing.T, lookup func(name string) string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			reply := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}, Questions: m.Questions}
			if q.Type == dnsmessage.TypeA {
				address := lookup(q.Name.String())
				if address == "" {
					reply.RCode = dnsmessage.RCodeNameError
				} else {
					reply.Answers = []dnsmessage.Resource{{
						Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 0},
						Body:   &dnsmessage.AResource{A: netip.MustParseAddr(address).As4()},
					}}
				}
			}
			b, err := reply.Pack()
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(b, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func TestC19RebindingResolver(t *testing.T) {
	o := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close") // so that the next request resolves again
		_, _ = w.Write([]byte("x"))
	})
	port := o.URL[strings.LastIndexByte(o.URL, ':'):]
	c := NewClient(Options{
		Spacing: NoSpacing, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		Resolver: resolver(t, "127.0.0.1", "127.0.0.2", "10.0.0.1"),
	})
	t.Cleanup(c.CloseIdleConnections)
	address := "http://rebind.feedmill.test." + port + "/"
	mustGet(t, c, Request{URL: address}) // what the first answer allows
	for i := range 2 {
		if _, err := Get(t.Context(), c, Request{URL: address}); !errors.Is(err, ErrPrivate) {
			t.Errorf("answer %d: %v, want ErrPrivate", i+2, err)
		}
	}
	if n := len(o.requests()); n != 1 {
		t.Errorf("%d requests arrived, want 1", n)
	}
}

func TestNoProxyFromTheEnvironment(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:9")
	tr := NewClient(Options{}).Transport.(*transport).base.(*http.Transport)
	if tr.Proxy != nil {
		t.Error("a proxy would connect where the guard forbids")
	}
	if got := fmt.Sprint(tr.TLSClientConfig.MinVersion); got != "771" {
		t.Errorf("TLS from %s, want 1.2", got)
	}
}

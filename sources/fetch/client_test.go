package fetch

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

func TestC13HeadersGoToTheOriginOnly(t *testing.T) {
	other := newOrigin(t, respond("x"))
	o := newOrigin(t, nil)
	o.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.reqs = append(o.reqs, r.Clone(t.Context()))
		o.mu.Unlock()
		if r.URL.Path == "/away" {
			http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
		}
	})
	c := testClient(t, Options{
		Origin: o.URL, Header: http.Header{"Authorization": {"Bearer s3cret"}, "Cookie": {"a=b"}, "Accept": {"text/html"}}, UserAgent: "me/1",
	})
	for _, path := range []string{"/", "/away"} {
		mustGet(t, c, Request{URL: o.URL + path})
		h := o.last(t).Header
		if h.Get("Authorization") != "Bearer s3cret" || h.Get("Cookie") != "a=b" || h.Get("Accept") != "text/html" || h.Get("User-Agent") != "me/1" {
			t.Errorf("%s: %v", path, h)
		}
	}
	mustGet(t, c, Request{URL: other.URL}) // a page that the source follows to
	for _, r := range other.requests() {
		if h := r.Header; h.Get("Authorization") != "" || h.Get("Cookie") != "" || h.Get("Accept") != AcceptFeeds {
			t.Errorf("another host got %v", h)
		}
	}
}

func TestClientMaxBytesBeatsTheRequest(t *testing.T) {
	o := newOrigin(t, respond(strings.Repeat("x", 2000)))
	if _, err := Get(t.Context(), testClient(t, Options{MaxBytes: 1000}), Request{URL: o.URL, MaxBytes: 5000}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v", err)
	}
	mustGet(t, testClient(t, Options{MaxBytes: 3000}), Request{URL: o.URL, MaxBytes: 100})
}

// proxy is an HTTP proxy that counts what it is asked for.
func newProxy(t *testing.T, target string) (*url.URL, *atomic.Int32) {
	var n atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		if user, password, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth(); user != "u" || password != "p" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		resp, err := http.Get(target)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		_, _ = io.Copy(w, resp.Body)
	}))
	t.Cleanup(s.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("u", "p")
	return u, &n
}

// TestC19AProxyIsAskedForPublicHostsOnly: the proxy itself may be anywhere, what it is asked for may not.
func TestC19AProxyIsAskedForPublicHostsOnly(t *testing.T) {
	o := newOrigin(t, respond("through the proxy"))
	p, asked := newProxy(t, o.URL)
	resolver := fakeDNS(t, map[string]string{"public.example.": "93.184.216.34", "rebinding.example.": "10.1.2.3"})
	c := NewClient(Options{Proxy: p, Spacing: NoSpacing, Resolver: resolver})
	t.Cleanup(c.CloseIdleConnections)
	for _, address := range []string{"http://93.184.216.34/", "http://public.example/"} {
		resp, err := Get(t.Context(), c, Request{URL: address})
		if err != nil || string(resp.Body) != "through the proxy" {
			t.Errorf("%s: %q %v", address, resp.Body, err)
		}
	}
	n := asked.Load()
	for _, address := range []string{
		"http://127.0.0.1/", "http://10.0.0.1/", "http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://[64:ff9b::a00:1]/", "http://169.254.169.254/",
		"http://2130706433/", "http://0177.0.0.1/", "http://0x7f.0x1/", "http://127.1/", "http://rebinding.example/", "http://localhost/",
	} {
		if _, err := Get(t.Context(), c, Request{URL: address}); !errors.Is(err, ErrPrivate) {
			t.Errorf("%s: %v, want ErrPrivate", address, err)
		}
	}
	if _, err := Get(t.Context(), c, Request{URL: "http://public.example:25/"}); !errors.Is(err, ErrPort) {
		t.Errorf("port 25: %v", err)
	}
	_, err := Get(t.Context(), c, Request{URL: "http://hidden.example/"})
	if err == nil || !strings.Contains(err.Error(), "0.0.0.0/0") {
		t.Errorf("a name that only the proxy knows: %v", err)
	}
	if asked.Load() != n {
		t.Error("the proxy was asked for what is forbidden")
	}
	all := NewClient(Options{Proxy: p, Spacing: NoSpacing, Resolver: resolver, Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}})
	t.Cleanup(all.CloseIdleConnections)
	mustGet(t, all, Request{URL: "http://hidden.example/"})
}

// TestProxySocks5 speaks just enough of RFC 1928 to see that the name is handed to the proxy.
func TestProxySocks5(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	got := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		buf := make([]byte, 512)
		read := func(n int) []byte { _, _ = io.ReadFull(conn, buf[:n]); return buf[:n] }
		read(int(read(2)[1]))
		_, _ = conn.Write([]byte{5, 0})
		read(4)
		got <- string(read(int(read(1)[0])))
		read(2)
		_, _ = conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		_, _ = conn.Read(buf)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsocks")
	}()
	c := NewClient(Options{
		Proxy: &url.URL{Scheme: "socks5", Host: l.Addr().String()}, Spacing: NoSpacing,
		Resolver: fakeDNS(t, map[string]string{"public.example.": "93.184.216.34"}),
	})
	t.Cleanup(c.CloseIdleConnections)
	if resp := mustGet(t, c, Request{URL: "http://public.example/"}); string(resp.Body) != "socks" || <-got != "public.example" {
		t.Errorf("%q", resp.Body)
	}
}

func TestClientsOfANetworkShareThePace(t *testing.T) {
	o := newOrigin(t, respond("x"))
	n := NewNetwork(Options{Spacing: NoSpacing})
	a, b := NewClient(Options{Network: n, Allow: loopback}), NewClient(Options{Network: n, Allow: loopback, UserAgent: "other"})
	t.Cleanup(n.CloseIdleConnections)
	release, err := n.pace.acquire(t.Context(), "127.0.0.1", DefaultTimeout)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*http.Client{a, b} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Get(ctx, c, Request{URL: o.URL}); !errors.Is(err, context.Canceled) {
			t.Errorf("asked although the host is busy: %v", err)
		}
	}
	release()
	mustGet(t, a, Request{URL: o.URL})
	mustGet(t, b, Request{URL: o.URL})
}

package repo

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// tunnel is an HTTP proxy on the loopback interface for one run of git. It knows CONNECT alone (RFC 9110 §9.3.6), to
// one host and port, for whoever has its password. What passes through it is TLS between git and that host.
type tunnel struct {
	target string
	net    Network
	secret string
	listen net.Listener
	ctx    context.Context // ends with close: connections are made within it
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	refuse error
	conns  map[net.Conn]bool
}

func openTunnel(ctx context.Context, target string, network Network) (*tunnel, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a tunnel for git: %w", err)
	}
	t := &tunnel{target: target, net: network, secret: rand.Text(), listen: l, conns: map[net.Conn]bool{}}
	t.ctx, t.cancel = context.WithCancel(ctx)
	t.wg.Go(t.accept)
	return t, nil
}

// proxy is the tunnel's address with its password.
func (t *tunnel) proxy() string { return "http://git:" + t.secret + "@" + t.listen.Addr().String() }

// refusal is the first reason for which a connection was refused.
func (t *tunnel) refusal() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refuse
}

func (t *tunnel) close() {
	t.cancel()
	t.listen.Close() //nolint:errcheck // nothing was promised
	t.mu.Lock()
	for c := range t.conns {
		c.Close() //nolint:errcheck // as above
	}
	t.conns = nil
	t.mu.Unlock()
	t.wg.Wait()
}

// hold notes a connection that close has to end; false if that has happened already.
func (t *tunnel) hold(c net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conns == nil {
		c.Close() //nolint:errcheck // nothing was promised
		return false
	}
	t.conns[c] = true
	return true
}

func (t *tunnel) drop(c net.Conn) {
	t.mu.Lock()
	delete(t.conns, c)
	t.mu.Unlock()
	c.Close() //nolint:errcheck // nothing was promised
}

func (t *tunnel) accept() {
	for {
		c, err := t.listen.Accept()
		if err != nil {
			return // closed
		}
		if t.hold(c) {
			t.wg.Go(func() {
				defer t.drop(c)
				t.serve(c)
			})
		}
	}
}

// maxHead bounds the head of a request to the tunnel, in bytes.
const maxHead = 16 << 10

func (t *tunnel) serve(c net.Conn) {
	c.SetDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // close ends it all the same
	limited := &io.LimitedReader{R: c, N: maxHead}
	in := bufio.NewReader(limited)
	answer := func(code int) {
		fmt.Fprintf(c, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", code, http.StatusText(code))
	}
	req, err := http.ReadRequest(in)
	switch {
	case err != nil:
		answer(http.StatusBadRequest)
		return
	case !t.knows(req.Header.Get("Proxy-Authorization")):
		answer(http.StatusProxyAuthRequired)
		return
	case req.Method != http.MethodConnect || !strings.EqualFold(req.Host, t.target):
		t.refused(redirected(req.Host))
		answer(http.StatusForbidden)
		return
	}
	out, err := t.net.Dial(t.ctx, t.target)
	if err != nil {
		t.refused(fmt.Errorf("connect to %s: %w", t.target, err))
		answer(http.StatusBadGateway)
		return
	}
	if !t.hold(out) {
		return
	}
	defer t.drop(out)
	if _, err := io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	c.SetDeadline(time.Time{}) //nolint:errcheck // close ends it all the same
	limited.N = 1 << 62
	var both sync.WaitGroup
	both.Go(func() {
		io.Copy(out, in) //nolint:errcheck // git tells
		half(out)
	})
	io.Copy(c, out) //nolint:errcheck // git tells
	half(c)
	both.Wait()
}

// half says that nothing more is coming.
func half(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		tcp.CloseWrite() //nolint:errcheck // the other side may be gone
		return
	}
	c.Close() //nolint:errcheck // as above
}

func (t *tunnel) knows(header string) bool {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("git:"+t.secret))
	return subtle.ConstantTimeCompare([]byte(header), []byte(want)) == 1
}

func (t *tunnel) refused(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refuse == nil {
		t.refuse = err
	}
}

package fetch

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// origin is a fake server that records the requests it gets.
type origin struct {
	*httptest.Server
	mu   sync.Mutex
	reqs []*http.Request
}

func newOrigin(t *testing.T, handler http.HandlerFunc) *origin {
	t.Helper()
	o := &origin{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.reqs = append(o.reqs, r.Clone(t.Context()))
		o.mu.Unlock()
		handler(w, r)
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *origin) requests() []*http.Request {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]*http.Request(nil), o.reqs...)
}

func (o *origin) last(t *testing.T) *http.Request {
	t.Helper()
	reqs := o.requests()
	if len(reqs) == 0 {
		t.Fatal("the origin got no request")
	}
	return reqs[len(reqs)-1]
}

func testClient(t *testing.T, o Options) *http.Client {
	t.Helper()
	o.Allow = append(o.Allow, loopback...)
	if o.Spacing == 0 {
		o.Spacing = NoSpacing
	}
	c := NewClient(o)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// roundTrip is a base transport that is a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// refused is the error of a connection that nobody takes.
func refused() error { return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED} }

func answer(r *http.Request, status int, body io.Reader, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(body), ContentLength: -1, Request: r,
	}
}

func mustGet(t *testing.T, c *http.Client, r Request) *Response {
	t.Helper()
	resp, err := Get(t.Context(), c, r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func respond(body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		_, _ = io.Copy(w, strings.NewReader(body))
	}
}

func compressed(t *testing.T, newWriter func(io.Writer) io.WriteCloser, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := newWriter(&b)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// near says that a wish of an origin lies d ahead, give or take what the test itself took.
func near(t *testing.T, what string, got time.Time, d time.Duration) {
	t.Helper()
	if diff := time.Until(got) - d; diff > time.Second || diff < -30*time.Second {
		t.Errorf("%s: %v ahead, want %v", what, time.Until(got).Round(time.Second), d)
	}
}

package pushtest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"time"
)

// Client reaches the fake without a network, whatever the host of the address: inside of [testing/synctest] time then waits for
// nothing but the clock. It follows no redirect.
func (f *Fake) Client(timeout time.Duration) *http.Client {
	return &http.Client{
		Transport: memory{f}, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type memory struct{ f *Fake }

var errReset = errors.New("read: connection reset by peer")

// RoundTrip implements [http.RoundTripper].
func (m memory) RoundTrip(r *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := &recorder{ResponseRecorder: httptest.NewRecorder()}
	m.f.ServeHTTP(w, in)
	in.Body.Close()
	switch {
	case r.Context().Err() != nil:
		return nil, r.Context().Err()
	case !w.wrote: // the fake wanted the connection, to reset it, or hung until it was closed
		return nil, errReset
	}
	return w.Result(), nil
}

// recorder knows whether anything was answered.
type recorder struct {
	*httptest.ResponseRecorder
	wrote bool
}

func (r *recorder) WriteHeader(status int) {
	r.wrote = true
	r.ResponseRecorder.WriteHeader(status)
}

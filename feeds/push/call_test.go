package push_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"feedmill/feeds/push"
)

func client(t *testing.T, limit time.Duration) *http.Client {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: limit, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func TestCall(t *testing.T) {
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		want    push.Error // of class "" for an answer
	}{
		{"ok", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }, push.Error{}},
		{"400 is the target's", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) }, push.Error{}},
		{"500 is the target's", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, push.Error{}},
		{
			"redirect", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(307)
			},
			push.Error{Class: push.Blocked, Code: "http 307"},
		},
		{
			"429 in seconds", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "30")
				w.WriteHeader(429)
			},
			push.Error{Class: push.RateLimited, Code: "http 429", RetryAfter: 30 * time.Second},
		},
		{
			"503 until a date", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", now.Add(time.Minute).Format(http.TimeFormat))
				w.WriteHeader(503)
			},
			push.Error{Class: push.Transient, Code: "http 503", RetryAfter: time.Minute},
		},
		{"504", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(504) }, push.Error{Class: push.Transient, Code: "http 504", Ambiguous: true}},
		{
			"reset after reading", func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				c, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				c.(*net.TCPConn).SetLinger(0)
				c.Close()
			},
			push.Error{Class: push.Transient, Code: "network", Ambiguous: true},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(tt.handler)
			defer srv.Close()
			a, err := push.Call{URL: srv.URL + "/services/SECRET", Body: []byte("{}")}.Do(t.Context(), client(t, 10*time.Second), func() time.Time { return now })
			if tt.want.Class == "" {
				if err != nil || a == nil {
					t.Fatalf("got %v, %v; want an answer", a, err)
				}
				return
			}
			e := push.AsError(err)
			if e.Class != tt.want.Class || e.Code != tt.want.Code || e.RetryAfter != tt.want.RetryAfter || e.Ambiguous != tt.want.Ambiguous {
				t.Errorf("got %+v\nwant %+v", e, tt.want)
			}
			if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the secret is in %q", err)
			}
		})
	}
}

// TestCallUnreached: what never left is not ambiguous, and the address stays out of the words.
func TestCallUnreached(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = push.Call{URL: "http://" + l.Addr().String() + "/x?key=SECRET"}.Do(t.Context(), client(t, time.Second), time.Now)
	e := push.AsError(err)
	if e.Class != push.Transient || e.Ambiguous || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("got %+v", e)
	}
	var cause *push.Error
	if !errors.As(err, &cause) || errors.Unwrap(cause) == nil || strings.Contains(errors.Unwrap(cause).Error(), "SECRET") {
		t.Errorf("the cause is %v", errors.Unwrap(cause))
	}
}

func TestCallTimeout(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-ctx.Done() }))
	defer srv.Close()
	defer cancel()
	_, err := push.Call{URL: srv.URL, Body: []byte("x")}.Do(t.Context(), client(t, 200*time.Millisecond), time.Now)
	if e := push.AsError(err); e.Code != "timeout" || !e.Ambiguous {
		t.Errorf("got %+v, want an ambiguous timeout", e)
	}
}

func TestRetryAfter(t *testing.T) {
	for v, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "1.5": 1500 * time.Millisecond, "-3": 0, "soon": 0, "NaN": 0, "1e30": 30 * 24 * time.Hour,
	} {
		if got := push.RetryAfter(http.Header{"Retry-After": {v}}, time.Now()); got != want {
			t.Errorf("Retry-After %q: %v, want %v", v, got, want)
		}
	}
}

func TestRedact(t *testing.T) {
	got := push.Redact("https://hooks.slack.com/services/T0/B0/SECRET?x=SECRET#SECRET")
	if strings.Contains(got, "SECRET") || !strings.HasPrefix(got, "https://hooks.slack.com/") {
		t.Errorf("got %q", got)
	}
	if u := push.Redact("https://user:SECRET@example.org/"); strings.Contains(u, "SECRET") || strings.Contains(u, "user") {
		t.Errorf("got %q", u)
	}
}

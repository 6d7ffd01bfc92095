package fetch

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestC1ValidatorsAreEchoedByteForByte(t *testing.T) {
	const etag, modified = `W/"A\"b  é"`, "Sun Nov  6 08:49:37 1994"
	o := newOrigin(t, respond("x", "ETag", etag, "Last-Modified", modified))
	c := testClient(t, Options{})
	first := mustGet(t, c, Request{URL: o.URL + "/feed"})
	if first.Validators != (Validators{URL: o.URL + "/feed", ETag: etag, LastModified: modified}) {
		t.Errorf("kept %+v", first.Validators)
	}
	mustGet(t, c, Request{URL: o.URL + "/feed", Validators: first.Validators})
	h := o.last(t).Header
	if got := h.Get("If-None-Match"); got != etag {
		t.Errorf("If-None-Match %q, want %q", got, etag)
	}
	if got := h.Get("If-Modified-Since"); got != modified {
		t.Errorf("If-Modified-Since %q, want %q", got, modified)
	}
}

func TestC2ValidatorsAreNeverInvented(t *testing.T) {
	o := newOrigin(t, respond("x", "Date", "Mon, 23 Nov 2026 00:00:00 GMT"))
	c := testClient(t, Options{})
	v := Validators{}
	for range 3 {
		v = mustGet(t, c, Request{URL: o.URL, Validators: v}).Validators
	}
	for _, r := range o.requests() {
		if r.Header.Get("If-Modified-Since") != "" || r.Header.Get("If-None-Match") != "" {
			t.Errorf("made up a validator: %v", r.Header)
		}
	}
}

func TestC4NotModifiedMayBringNewValidators(t *testing.T) {
	o := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"2"`)
		w.WriteHeader(http.StatusNotModified)
	})
	old := Validators{URL: o.URL + "/", ETag: `"1"`, LastModified: "yesterday"}
	resp := mustGet(t, testClient(t, Options{}), Request{URL: o.URL + "/", Validators: old})
	if !resp.NotModified || resp.Body != nil {
		t.Errorf("not a 304: %+v", resp)
	}
	if want := (Validators{URL: o.URL + "/", ETag: `"2"`, LastModified: "yesterday"}); resp.Validators != want {
		t.Errorf("validators %+v, want %+v", resp.Validators, want)
	}
}

func TestNotModifiedThatNobodyAskedForIsAnError(t *testing.T) {
	o := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	if _, err := Get(t.Context(), testClient(t, Options{}), Request{URL: o.URL}); err == nil {
		t.Error("took a 304 without a body for an answer")
	}
}

func TestC6ValidatorsAreBoundToTheFinalURL(t *testing.T) {
	var to string
	o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/feed" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		w.Header().Set("ETag", `"same"`)
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
		}
	})
	c := testClient(t, Options{})
	to = "/a"
	v := mustGet(t, c, Request{URL: o.URL + "/feed"}).Validators
	resp := mustGet(t, c, Request{URL: o.URL + "/feed", Validators: v})
	if !resp.NotModified || o.last(t).Header.Get("If-None-Match") != `"same"` {
		t.Error("did not ask the same final URL conditionally")
	}
	for _, r := range o.requests() {
		if r.URL.Path == "/feed" && r.Header.Get("If-None-Match") != "" {
			t.Error("sent a validator to a URL it did not come from")
		}
	}
	to = "/b"
	resp = mustGet(t, c, Request{URL: o.URL + "/feed", Validators: resp.Validators})
	if resp.NotModified || o.last(t).Header.Get("If-None-Match") != "" {
		t.Error("asked another final URL conditionally")
	}
}

func TestC9Freshness(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		header []string
		want   time.Duration
	}{
		{nil, 0},
		{[]string{"Cache-Control", "max-age=7200"}, 2 * time.Hour},
		{[]string{"Cache-Control", "public, Max-Age=\"7200\", x"}, 2 * time.Hour},
		{[]string{"Cache-Control", "max-age=7200", "Age", "3600"}, time.Hour},
		{[]string{"Cache-Control", "max-age=60"}, 15 * time.Minute},
		{[]string{"Cache-Control", "max-age=31536000"}, 24 * time.Hour},
		{[]string{"Cache-Control", "max-age=99999999999999999999"}, 24 * time.Hour},
		{[]string{"Cache-Control", "max-age=0"}, 0},
		{[]string{"Cache-Control", "max-age=-5"}, 0},
		{[]string{"Cache-Control", "max-age=7200", "Age", "9000"}, 0},
		{[]string{"Cache-Control", "no-cache, max-age=7200"}, 0},
		{[]string{"Cache-Control", "max-age=7200", "Expires", "Mon, 23 Nov 2026 23:00:00 GMT"}, 2 * time.Hour},
		{[]string{"Expires", "Mon, 23 Nov 2026 15:00:00 GMT"}, 3 * time.Hour},
		{[]string{"Expires", "Mon, 23 Nov 2026 15:00:00 GMT", "Date", "Mon, 23 Nov 2026 14:00:00 GMT"}, time.Hour},
		{[]string{"Expires", "0"}, 0},
		{[]string{"Expires", "Mon, 23 Nov 2020 15:00:00 GMT"}, 0},
	} {
		h := http.Header{}
		for i := 0; i < len(c.header); i += 2 {
			h.Set(c.header[i], c.header[i+1])
		}
		got := time.Duration(0)
		if f := freshUntil(h, now); !f.IsZero() {
			got = f.Sub(now)
		}
		if got != c.want {
			t.Errorf("%v: fresh for %v, want %v", c.header, got, c.want)
		}
	}
}

func TestC10RetryAfter(t *testing.T) {
	for _, c := range []struct {
		status int
		value  string
		want   time.Duration
	}{
		{429, "120", 2 * time.Minute},
		{503, "7200", 2 * time.Hour},
		{503, "", time.Hour},
		{429, "soon", time.Hour},
		{503, "999999999", 24 * time.Hour},
		{503, time.Now().Add(3 * time.Hour).UTC().Format(http.TimeFormat), 3 * time.Hour},
		{503, time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), 0},
	} {
		o := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) {
			if c.value != "" {
				w.Header().Set("Retry-After", c.value)
			}
			w.WriteHeader(c.status)
		})
		resp, err := Get(t.Context(), testClient(t, Options{}), Request{URL: o.URL})
		status := (*StatusError)(nil)
		if !errors.As(err, &status) || status.Code != c.status {
			t.Errorf("%d: error %v", c.status, err)
		}
		near(t, fmt.Sprintf("%d Retry-After %q", c.status, c.value), resp.NotBefore, c.want)
		if n := len(o.requests()); n != 1 {
			t.Errorf("%d: asked %d times in one cycle", c.status, n)
		}
	}
}

func TestC10TooManyRequestsPausesTheHost(t *testing.T) {
	for status, want := range map[int]int{429: 1, 503: 2} {
		o := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "600")
			w.WriteHeader(status)
		})
		c := testClient(t, Options{})
		if _, err := Get(t.Context(), c, Request{URL: o.URL + "/one"}); err == nil {
			t.Fatal("no error")
		}
		resp, err := Get(t.Context(), c, Request{URL: o.URL + "/two"})
		if n := len(o.requests()); n != want {
			t.Errorf("%d: the host was asked %d times for two feeds, want %d", status, n, want)
		}
		if paused := (*PausedError)(nil); errors.As(err, &paused) != (status == 429) {
			t.Errorf("%d: the second feed got %v", status, err)
		}
		near(t, fmt.Sprint(status), resp.NotBefore, 10*time.Minute)
	}
}

func TestC12GoneAndForbidden(t *testing.T) {
	for status, gone := range map[int]bool{410: true, 404: false, 403: false, 401: false} {
		o := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		resp, err := Get(t.Context(), testClient(t, Options{}), Request{URL: o.URL})
		if err == nil || errors.Is(err, ErrGone) != gone {
			t.Errorf("%d: %v", status, err)
		}
		near(t, fmt.Sprint(status), resp.NotBefore, 24*time.Hour)
	}
}

func TestC13Redirects(t *testing.T) {
	o := newOrigin(t, nil)
	hops := map[string]struct {
		status int
		to     string
	}{
		"/moved":    {301, "/end"},
		"/moved308": {308, "/moved"},
		"/found":    {302, "/end"},
		"/mixed":    {301, "/found"},
		"/foundm":   {302, "/moved"},
		"/self":     {301, "/self"},
		"/ping":     {302, "/pong"},
		"/pong":     {302, "/ping"},
		"/nowhere":  {301, ""},
		"/ftp":      {301, "ftp://example.org/x"},
		"/h1":       {301, "/h2"},
		"/h2":       {301, "/h3"},
		"/h3":       {301, "/h4"},
		"/h4":       {301, "/h5"},
		"/h5":       {301, "/end"},
		"/h0":       {301, "/h1"},
	}
	o.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := hops[r.URL.Path]; ok {
			if h.to != "" {
				w.Header().Set("Location", h.to)
			}
			w.WriteHeader(h.status)
			return
		}
		_, _ = w.Write([]byte("end"))
	})
	c := testClient(t, Options{})
	for path, permanent := range map[string]string{"/end": "", "/moved": o.URL + "/end", "/moved308": o.URL + "/end", "/found": "", "/mixed": "", "/foundm": "", "/h1": o.URL + "/end"} {
		resp := mustGet(t, c, Request{URL: o.URL + path})
		if resp.FinalURL != o.URL+"/end" || resp.Permanent != permanent {
			t.Errorf("%s: final %q, permanent %q, want permanent %q", path, resp.FinalURL, resp.Permanent, permanent)
		}
	}
	for _, path := range []string{"/self", "/ping", "/nowhere", "/ftp", "/h0"} {
		if _, err := Get(t.Context(), c, Request{URL: o.URL + path}); !errors.Is(err, ErrRedirect) {
			t.Errorf("%s: %v, want ErrRedirect", path, err)
		}
	}
}

func TestC13NoDowngrade(t *testing.T) {
	from, _ := url.Parse("https://a.example/feed")
	if _, err := target(from, "http://a.example/feed"); !errors.Is(err, ErrRedirect) {
		t.Errorf("https to http: %v", err)
	}
	if to, err := target(from, "//b.example/x"); err != nil || to.String() != "https://b.example/x" {
		t.Errorf("%v, %v", to, err)
	}
}

func TestC13NoCredentialsAcrossHosts(t *testing.T) {
	other := newOrigin(t, respond("x"))
	o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/here" {
			http.Redirect(w, r, "/there", http.StatusFound)
			return
		}
		http.Redirect(w, r, strings.Replace(other.URL, "http://", "http://eve:x@", 1), http.StatusFound)
	})
	mustGet(t, testClient(t, Options{}), Request{
		URL:    strings.Replace(o.URL, "http://", "http://user:pass@", 1) + "/here",
		Header: http.Header{"X-Token": {"t"}},
	})
	for _, r := range o.requests() {
		if user, pass, _ := r.BasicAuth(); user != "user" || pass != "pass" || r.Header.Get("X-Token") != "t" {
			t.Errorf("%s: its own credentials are missing: %v", r.URL, r.Header)
		}
	}
	if h := other.last(t).Header; h.Get("Authorization") != "" || h.Get("X-Token") != "" {
		t.Errorf("another host got %v", h)
	}
	for _, c := range []struct {
		a, b string
		own  bool
	}{
		{"http://a.example/", "https://a.example/x", true},
		{"https://a.example/", "https://A.example:443/x", true},
		{"https://a.example/", "https://b.example/", false},
		{"https://a.example/", "https://a.example:8443/", false},
		{"https://a.example/", "https://x.a.example/", false},
	} {
		a, _ := url.Parse(c.a)
		b, _ := url.Parse(c.b)
		if own(a, b) != c.own {
			t.Errorf("own(%s, %s) = %v", c.a, c.b, !c.own)
		}
	}
}

func TestC14To17Headers(t *testing.T) {
	o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/a/" {
			http.SetCookie(w, &http.Cookie{Name: "track", Value: "1"})
			http.Redirect(w, r, "/b?x=1&y=%2F", http.StatusFound)
		}
	})
	agent := UserAgent("1.2", "https://example.org/contact", 5)
	if agent != "feedmill/1.2 (+https://example.org/contact; 5 subscribers)" {
		t.Errorf("User-Agent %q", agent)
	}
	mustGet(t, testClient(t, Options{UserAgent: agent}), Request{URL: o.URL + "/a/?Q=%7E&z#frag"})
	reqs := o.requests()
	if got := reqs[0].RequestURI; got != "/a/?Q=%7E&z" {
		t.Errorf("C14: asked for %q, want the URL exactly as configured", got)
	}
	for _, r := range reqs {
		want := http.Header{"Accept": {AcceptFeeds}, "Accept-Encoding": {"gzip, br, zstd"}, "User-Agent": {agent}}
		if !reflect.DeepEqual(r.Header, want) {
			t.Errorf("%s: headers %v, want only %v", r.URL, r.Header, want)
		}
	}
	if !strings.HasPrefix(AcceptFeeds, "application/atom+xml, application/rss+xml, application/feed+json") {
		t.Errorf("C16: Accept %q", AcceptFeeds)
	}
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"https://user:pass@h.example/f?token=abc&format=atom#x": "https://h.example/f?token=…&format=atom",
		"https://h.example/f?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":    "https://h.example/f?…",
		"https://h.example/feed?paged":                          "https://h.example/feed?paged",
		"http://h.example/%zz?token=1":                          "(an address that cannot be parsed)",
	} {
		if got := Redact(in); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNoSecretInErrors(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bad":
			w.Header().Set("Location", "http://s3cret%zz/")
		case "/loop":
			w.Header().Set("Location", r.RequestURI)
		case "/dead":
			w.Header().Set("Location", dead.URL+"/?key=s3cret")
		default:
			w.WriteHeader(404)
			return
		}
		w.WriteHeader(302)
	})
	c := testClient(t, Options{})
	for _, raw := range []string{
		strings.Replace(o.URL, "http://", "http://me:s3cret@", 1) + "/404?key=s3cret",
		o.URL + "/bad?key=s3cret", o.URL + "/loop?key=s3cret", o.URL + "/dead?key=s3cret",
		dead.URL + "/?key=s3cret", "ftp://me:s3cret@h.example/", "http://h.example:s3cret/", "http://%zzs3cret/",
	} {
		_, err := Get(t.Context(), c, Request{URL: raw})
		if err == nil {
			t.Errorf("%s: no error", raw)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}

func TestPost(t *testing.T) {
	var got []string
	o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.Header.Get("Content-Type")+" "+string(body)+" "+r.Header.Get("If-None-Match"))
		if r.URL.Path == "/moved" {
			w.Header().Set("Location", "/")
			w.WriteHeader(http.StatusSeeOther)
			return
		}
		w.Header().Set("ETag", `"1"`)
		_, _ = w.Write([]byte("{}"))
	})
	client := testClient(t, Options{})
	resp := mustGet(t, client, Request{URL: o.URL, Body: []byte(`{"q":1}`), Validators: Validators{URL: o.URL, ETag: `"1"`}})
	if string(resp.Body) != "{}" {
		t.Errorf("%+v", resp)
	}
	_, err := Get(t.Context(), client, Request{URL: o.URL + "/moved", Body: []byte(`{}`)})
	if status := (*StatusError)(nil); !errors.As(err, &status) || status.Code != http.StatusSeeOther {
		t.Errorf("a POST was redirected: %v", err)
	}
	if want := []string{`POST application/json {"q":1} `, "POST application/json {} "}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

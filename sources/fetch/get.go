package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// AcceptFeeds is the Accept header of somebody who reads feeds.
const AcceptFeeds = "application/atom+xml, application/rss+xml, application/feed+json, application/json;q=0.8, application/xml;q=0.7, */*;q=0.1"

// Validators are what an origin gave to recognise a representation by. They are opaque: sent back byte for byte, never
// made up, and only to the URL they came from (RFC 9110 §13.1).
type Validators struct {
	URL          string `json:"url,omitempty"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// maxValidator bounds what is kept of a validator, in bytes: a longer one is not worth sending back.
const maxValidator = 4 << 10

// Request says what to get.
type Request struct {
	// URL is used exactly as configured; user and password in it become Basic credentials for its host.
	URL string
	// Validators are those of the last answer that was read and parsed.
	Validators Validators
	// Accept is the Accept header; empty means AcceptFeeds.
	Accept string
	// Header is sent to the host of URL only, never to a host it redirects to.
	Header http.Header
	// MaxBytes bounds the body after decompression; 0 means DefaultMaxBytes.
	MaxBytes int64
	// Body, if not nil, is JSON to send: the request is a POST then, unconditional, and no redirect is followed.
	Body []byte

	// origin is whom Header and the user in the URL are for, if not URL's own host.
	origin string
	// failed is an address that was just asked in vain: a redirect to it is not followed.
	failed string
	// cut, if not 0, is MaxBytes for a body whose beginning is enough.
	cut int64
}

// Response is an answer, read whole.
type Response struct {
	// Status is 0 when there was no answer.
	Status int
	// NotModified says that the representation of the Validators is still the current one; there is no Body then.
	NotModified bool
	Body        []byte
	Header      http.Header
	// ContentType is the Content-Type header as it came.
	ContentType string
	// FinalURL is where the answer came from, without user and fragment.
	FinalURL string
	// Permanent is FinalURL when every redirect on the way was permanent (301, 308), else empty.
	Permanent string
	// Validators are to be stored once the body is parsed: those of a 200, those of the request with what a 304 brought
	// anew, and beside an error those of the request.
	Validators Validators
	// NotBefore is when the origin wishes to be asked again; zero for no wish.
	NotBefore time.Time
	// Took is how long the origin took for all of it, redirects included, without the time that requests waited for their turn.
	Took time.Duration

	begun bool // a request was on its way, whatever became of it
}

// Get asks once and reads the answer; it never retries. The Response is never nil, and its NotBefore counts beside an
// error too. Errors: [ErrScheme], [ErrPrivate], [ErrPort], [ErrRedirect], [ErrTimeout], [ErrTooLarge], [ErrBomb],
// [ErrEncoding], *[PausedError], *[StatusError] ([ErrGone] for 410), the context's and the network's. They show the
// URL as [Redact] does.
func Get(ctx context.Context, client *http.Client, r Request) (*Response, error) {
	resp := &Response{Validators: r.Validators}
	if err := get(ctx, client, r, resp); err != nil {
		resp.Body = nil
		return resp, fmt.Errorf("get %s: %w", Redact(r.URL), err)
	}
	return resp, nil
}

func get(ctx context.Context, client *http.Client, r Request, resp *Response) error {
	u, err := url.Parse(strings.TrimSpace(r.URL))
	if err != nil {
		return errors.New("the address cannot be parsed") // the parser's error would quote it
	}
	if err := checkURL(u); err != nil {
		return err
	}
	// Redirects are followed here and not by the client, because each hop decides anew about credentials and validators,
	// and because the client adds a Referer and quotes addresses in its errors.
	rt := client.Transport
	if rt == nil {
		rt = http.DefaultTransport
	}
	if client.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, client.Timeout)
		defer cancel()
	}
	purse := &budget{}
	ctx = context.WithValue(ctx, budgetKey{}, purse)
	defer func() { resp.Took = purse.total() }()

	first, permanent := u, true
	if r.origin != "" {
		if first, err = url.Parse(strings.TrimSpace(r.origin)); err != nil {
			return errors.New("the address cannot be parsed")
		}
	}
	if t, ok := rt.(*transport); ok && t.maxBytes > 0 {
		r.MaxBytes = t.maxBytes
	}
	seen := make(map[string]bool, maxRedirects)
	if r.failed != "" {
		seen[r.failed] = true
	}
	for hop := 0; ; hop++ {
		address := bare(u)
		if seen[address] {
			return fmt.Errorf("%w: it leads back to %s", ErrRedirect, Redact(address))
		}
		seen[address] = true
		req, conditional, err := request(ctx, r, first, u)
		if err != nil {
			return err
		}
		res, err := rt.RoundTrip(req)
		resp.begun = purse.hasBegun()
		if err != nil {
			err = plain(err)
			if p := (*PausedError)(nil); errors.As(err, &p) {
				resp.NotBefore = p.Until
			}
			return err
		}
		if !redirects(res.StatusCode) || r.Body != nil {
			resp.FinalURL = address
			if hop > 0 && permanent {
				resp.Permanent = address
			}
			return finish(res, r, resp, conditional)
		}
		permanent = permanent && (res.StatusCode == http.StatusMovedPermanently || res.StatusCode == http.StatusPermanentRedirect)
		next, err := target(u, res.Header.Get("Location"))
		drain(res)
		_ = res.Body.Close()
		if err != nil {
			return err
		}
		if hop == maxRedirects {
			return fmt.Errorf("%w: more than %d", ErrRedirect, maxRedirects)
		}
		u = next
	}
}

func checkURL(u *url.URL) error {
	if s := strings.ToLower(u.Scheme); s != "http" && s != "https" {
		return ErrScheme
	}
	if u.Hostname() == "" {
		return errors.New("the address has no host")
	}
	return nil
}

// request makes the request of one hop. Conditional says that it carries validators.
func request(ctx context.Context, r Request, first, u *url.URL) (req *http.Request, conditional bool, err error) {
	to := *u
	to.User, to.Fragment, to.RawFragment = nil, "", ""
	method, body := http.MethodGet, io.Reader(nil)
	if r.Body != nil {
		method, body = http.MethodPost, bytes.NewReader(r.Body)
	}
	req, err = http.NewRequestWithContext(ctx, method, to.String(), body)
	if err != nil {
		return nil, false, errors.New("the address cannot be used")
	}
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
		r.Validators = Validators{}
	}
	if own(first, u) {
		for k, v := range r.Header {
			req.Header[http.CanonicalHeaderKey(k)] = v
		}
		if first.User != nil && req.Header.Get("Authorization") == "" {
			password, _ := first.User.Password()
			req.SetBasicAuth(first.User.Username(), password)
		}
	}
	accept := r.Accept
	if accept == "" {
		accept = AcceptFeeds
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("Accept-Encoding", acceptEncoding)
	if v := r.Validators; v.URL == to.String() {
		if v.ETag != "" {
			req.Header.Set("If-None-Match", v.ETag)
			conditional = true
		}
		if v.LastModified != "" {
			req.Header.Set("If-Modified-Since", v.LastModified)
			conditional = true
		}
	}
	return req, conditional, nil
}

// own says whether u may see the credentials of first: the same host and port, or the same host after the step from
// http to https.
func own(first, u *url.URL) bool {
	if !strings.EqualFold(first.Hostname(), u.Hostname()) {
		return false
	}
	return port(first) == port(u) && strings.EqualFold(first.Scheme, u.Scheme) || port(first) == "80" && port(u) == "443"
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if strings.EqualFold(u.Scheme, "https") {
		return "443"
	}
	return "80"
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

func target(from *url.URL, location string) (*url.URL, error) {
	if location == "" {
		return nil, fmt.Errorf("%w: it has no Location", ErrRedirect)
	}
	to, err := from.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("%w: its Location cannot be parsed", ErrRedirect)
	}
	if err := checkURL(to); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRedirect, err)
	}
	if strings.EqualFold(from.Scheme, "https") && !strings.EqualFold(to.Scheme, "https") {
		return nil, fmt.Errorf("%w: it leads from https to http", ErrRedirect)
	}
	return to, nil
}

// bare is the URL without user and fragment.
func bare(u *url.URL) string {
	b := *u
	b.User, b.Fragment, b.RawFragment = nil, "", ""
	return b.String()
}

// finish reads the last answer.
func finish(res *http.Response, r Request, resp *Response, conditional bool) error {
	defer res.Body.Close()
	resp.Status, resp.Header, resp.ContentType = res.StatusCode, res.Header, res.Header.Get("Content-Type")
	resp.NotBefore = notBefore(res.StatusCode, res.Header, time.Now())
	switch {
	case res.StatusCode == http.StatusNotModified && conditional:
		resp.NotModified = true
		resp.Validators.URL = resp.FinalURL
		if v := validator(res.Header, "ETag"); v != "" {
			resp.Validators.ETag = v
		}
		if v := validator(res.Header, "Last-Modified"); v != "" {
			resp.Validators.LastModified = v
		}
		return nil
	case res.StatusCode == http.StatusOK, res.StatusCode == http.StatusNonAuthoritativeInfo:
		limit := r.MaxBytes
		if limit <= 0 {
			limit = DefaultMaxBytes
		}
		if r.cut > 0 {
			limit = r.cut
		}
		body, err := readBody(res, limit)
		if err != nil && (r.cut == 0 || !errors.Is(err, ErrTooLarge)) {
			if !errors.Is(err, context.Canceled) { // then the body is not to blame
				resp.NotBefore = time.Time{}
			}
			return err
		}
		resp.Body = body
		resp.Validators = Validators{URL: resp.FinalURL, ETag: validator(res.Header, "ETag"), LastModified: validator(res.Header, "Last-Modified")}
		return nil
	}
	drain(res)
	return &StatusError{Code: res.StatusCode, NotBefore: resp.NotBefore}
}

// drain reads a short body that nobody needs, so that the connection can be used again. It does not wait for a long one.
func drain(res *http.Response) {
	if res.ContentLength >= 0 && res.ContentLength <= 4<<10 {
		_, _ = io.CopyN(io.Discard, res.Body, res.ContentLength) // a failure only costs the connection
	}
}

// validator is the header as it came, or empty when it could not be sent back.
func validator(h http.Header, name string) string {
	v := h.Get(name)
	if len(v) > maxValidator {
		return ""
	}
	for i := range len(v) {
		if c := v[i]; c < ' ' && c != '\t' || c == 0x7f {
			return ""
		}
	}
	return v
}

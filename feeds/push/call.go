package push

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// maxAnswer bounds what is read of an answer, in bytes: platforms answer with less than 1 kB.
const maxAnswer = 64 << 10

// Call is one request to a platform.
type Call struct {
	// Method is POST where empty.
	Method string
	// URL is where it goes; it may be a secret.
	URL         string
	ContentType string
	Header      http.Header
	Body        []byte
}

// Answer is what the platform said. Body has at most 64 KiB of it, without what it repeats of the address.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do makes one attempt. It answers what means the same on every platform with an [*Error]: no answer (Transient), a redirect
// (Blocked: following it would give the message to somebody else), 429 (RateLimited, with what Retry-After says), 502 to 504
// and 408 (Transient). Any other answer is the target's to judge, also another 5xx, which may name a reason. now is
// asked behind the answer, for a Retry-After that is a date.
func (c Call) Do(ctx context.Context, client *http.Client, now func() time.Time) (*Answer, error) {
	method := c.Method
	if method == "" {
		method = http.MethodPost
	}
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { connected.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, method, c.URL, bytes.NewReader(c.Body))
	if err != nil {
		return nil, &Error{Class: Blocked, Code: "address", Reason: "the address is not one that can be asked; check the configuration of the target"}
	}
	// A request that failed on a kept connection is not sent again by net/http itself: that might be the second time.
	req.GetBody = nil
	for k, v := range c.Header {
		req.Header[k] = v
	}
	if c.ContentType != "" {
		req.Header.Set("Content-Type", c.ContentType)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, failure(err, connected.Load())
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	a := &Answer{Status: resp.StatusCode, Header: resp.Header, Body: scrub(body, req.URL)}
	switch {
	case a.Status/100 == 3:
		return a, &Error{
			Class: Blocked, Code: a.code(),
			Reason: "the endpoint redirects to another address; a message is not sent on: configure the address it redirects to",
		}
	case a.Status == http.StatusTooManyRequests:
		return a, &Error{Class: RateLimited, Code: a.code(), Reason: a.Line(), RetryAfter: RetryAfter(a.Header, now())}
	case a.Status == http.StatusRequestTimeout, a.Status >= 502 && a.Status <= 504:
		return a, &Error{Class: Transient, Code: a.code(), Reason: a.Line(), RetryAfter: RetryAfter(a.Header, now()), Ambiguous: a.Status == 504}
	case err != nil:
		// Status and headers came, so the platform has decided; but what it said got lost.
		return nil, failure(err, true)
	}
	return a, nil
}

// minSecret is the shortest part of an address that is taken for a secret, in bytes.
const minSecret = 12

// scrub takes out of an answer what it repeats of the address that was asked: pages of proxies do, and platforms that do not know
// a token. Numbers stay: they are names, and JSON without them is none.
func scrub(body []byte, u *url.URL) []byte {
	parts := strings.FieldsFunc(u.Path+"/"+u.EscapedPath(), func(r rune) bool { return r == '/' || r == ':' })
	for _, values := range u.Query() {
		for _, v := range values {
			parts = append(parts, v, url.QueryEscape(v))
		}
	}
	if pass, ok := u.User.Password(); ok {
		parts = append(parts, pass)
	}
	slices.SortFunc(parts, func(a, b string) int { return len(b) - len(a) }) // one may be a part of another
	for _, p := range parts {
		if len(p) >= minSecret && strings.Trim(p, "0123456789") != "" {
			body = bytes.ReplaceAll(body, []byte(p), []byte(Mark))
		}
	}
	return body
}

// Failed is the answer as an error of a class.
func (a *Answer) Failed(class Class) *Error {
	return &Error{Class: class, Code: a.code(), Reason: a.Line()}
}

func (a *Answer) code() string { return "http " + strconv.Itoa(a.Status) }

// Line is the beginning of the body as one line of text, for reasons.
func (a *Answer) Line() string { return Line(string(a.Body)) }

// maxLine bounds a reason, in runes.
const maxLine = 200

// Line is what a platform said as one line of at most 200 characters, without what a terminal would obey.
func Line(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), 4*maxLine)], "")
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < 0x21 || r >= 0x7f && r < 0xa0 }), " ")
	if r := []rune(s); len(r) > maxLine {
		s = string(r[:maxLine-1]) + "…"
	}
	return s
}

// failure is an error of net/http without the address, which is the secret.
func failure(err error, sent bool) *Error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	e := &Error{Class: Transient, Code: "network", Reason: Line(err.Error()), Ambiguous: sent, Err: err}
	var timeout interface{ Timeout() bool }
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		e.Code = "timeout"
	}
	return e
}

// RetryAfter is what the header of that name asks for: whole or broken seconds, or a date (RFC 9110 §10.2.3). 0 for nothing
// that can be understood.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if d, err := Seconds(v); err == nil {
		return d
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// Seconds reads a time in seconds that may be broken, such as "1.5". Fails for what is none.
func Seconds(s string) (time.Duration, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f < 0 {
		return 0, fmt.Errorf("%q is no time in seconds", s)
	}
	const most = 30 * 24 * time.Hour
	return time.Duration(min(f, most.Seconds()) * float64(time.Second)), nil
}

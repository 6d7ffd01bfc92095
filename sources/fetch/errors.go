package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"code.dny.dev/ssrf"
)

var (
	// ErrPrivate says that a host resolves to a loopback, private, link-local or other special address.
	ErrPrivate = errors.New("the host is at a private or special address; allow its network if that is meant")
	// ErrPort says that the port belongs to another protocol than HTTP.
	ErrPort = errors.New("the port is not one for HTTP")
	// ErrScheme says that the address is neither http nor https.
	ErrScheme = errors.New("the address must start with http:// or https://")
	// ErrRedirect says that redirects loop, are more than five, lead from https to http, or lead nowhere.
	ErrRedirect = errors.New("redirect not followed")
	// ErrTimeout says that the answer, body included, took longer than allowed.
	ErrTimeout = errors.New("the answer took too long")
	// ErrTooLarge says that the body is larger than the request allows, after decompression.
	ErrTooLarge = errors.New("the body is too large")
	// ErrBomb says that a compressed body expands beyond any honest ratio.
	ErrBomb = errors.New("the body expands too much")
	// ErrEncoding says that the body is compressed in a way that was not asked for, or is damaged.
	ErrEncoding = errors.New("the body cannot be decompressed")
	// ErrGone matches a *StatusError with 410: stop asking.
	ErrGone = errors.New("gone for good")
)

// StatusError is an answer that is neither 200 nor the 304 that was asked for.
type StatusError struct {
	// Code is the HTTP status.
	Code int
	// NotBefore is when to ask again; zero for no wish.
	NotBefore time.Time
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("the server answers %d", e.Code)
	if text := http.StatusText(e.Code); text != "" {
		s += " " + text
	}
	switch e.Code {
	case http.StatusUnauthorized, http.StatusForbidden:
		s += "; check the address and its credentials"
	case http.StatusNotFound:
		s += "; check the address"
	case http.StatusGone:
		s += "; remove the source or find its new address"
	}
	return s
}

// Is reports ErrGone for 410.
func (e *StatusError) Is(target error) bool { return target == ErrGone && e.Code == http.StatusGone }

// PausedError says that the host answered 429 to an earlier request and has not been asked again (RFC 6585 §4).
type PausedError struct {
	Host  string
	Until time.Time
}

func (e *PausedError) Error() string {
	return fmt.Sprintf("%s asked for a pause until %s", e.Host, e.Until.UTC().Format(time.RFC3339))
}

// harmless are the query parameters whose values Redact shows; any other may be a key.
var harmless = map[string]bool{
	"alt": true, "cat": true, "category": true, "channel_id": true, "feed": true, "format": true, "lang": true,
	"limit": true, "output": true, "page": true, "paged": true, "playlist_id": true, "q": true, "tag": true, "type": true,
}

// Redact is a URL as it may be shown in logs, errors and pages: without user and password, without fragment, and with
// "…" for the value of every query parameter that may be a key. What cannot be parsed is not shown at all.
func Redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(an address that cannot be parsed)"
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	if u.Opaque != "" {
		u.Opaque = "…"
	}
	if u.RawQuery != "" {
		parts := strings.Split(u.RawQuery, "&")
		for i, p := range parts {
			name, _, ok := strings.Cut(p, "=")
			if !ok && len(p) > 16 {
				parts[i] = "…" // a bare token
			} else if ok && !harmless[strings.ToLower(name)] {
				parts[i] = name + "=…"
			}
		}
		u.RawQuery = strings.Join(parts, "&")
	}
	return u.String()
}

// unreachable says that nobody answers under the host's name, or somebody who cannot prove to be meant.
func unreachable(err error) bool {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.IsNotFound
	}
	var op *net.OpError
	var cert *tls.CertificateVerificationError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &cert)
}

// plain gives the failures of the network their names.
func plain(err error) error {
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP):
		var op *net.OpError
		if errors.As(err, &op) && op.Addr != nil {
			return fmt.Errorf("%w: %s", ErrPrivate, op.Addr)
		}
		return fmt.Errorf("%w: %w", ErrPrivate, err)
	case errors.Is(err, ErrTimeout), errors.Is(err, context.Canceled):
		return err
	}
	var t interface{ Timeout() bool }
	if errors.As(err, &t) && t.Timeout() {
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return err
}

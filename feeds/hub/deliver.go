package hub

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// deliverTimeout bounds one delivery, the reading of the answer included.
	deliverTimeout = 15 * time.Second
	// maxAnswer is what is read of an answer, so that the connection can be used again, in bytes.
	maxAnswer = 4 << 10
	// A callback that fails is served again after a pause that doubles from retryFirst to retryMost; it is dropped when it has
	// failed for dropAfter.
	retryFirst = 10 * time.Second
	retryMost  = 3 * time.Hour
	dropAfter  = 3 * 24 * time.Hour
)

// errEnded says that the callback wants nothing any more (410, WebSub §7).
var errEnded = errors.New("the callback has ended the subscription (410)")

// lateError is a failure with the time that the callback asks for.
type lateError struct {
	status int
	after  time.Duration
}

func (e *lateError) Error() string { return fmt.Sprintf("the callback answers %d", e.status) }

// parcel is a document on its way: those who get it share its bytes, and those whose secrets are equal its signature.
type parcel struct {
	Document
	mu    sync.Mutex
	signs map[string]func() string
}

// sign is the value of X-Hub-Signature (WebSub §8).
func (p *parcel) sign(secret string) string {
	p.mu.Lock()
	sign := p.signs[secret]
	if sign == nil {
		if p.signs == nil {
			p.signs = map[string]func() string{}
		}
		sign = sync.OnceValue(func() string {
			m := hmac.New(sha256.New, []byte(secret))
			m.Write(p.Body)
			return "sha256=" + hex.EncodeToString(m.Sum(nil))
		})
		p.signs[secret] = sign
	}
	p.mu.Unlock()
	return sign()
}

// deliver makes one delivery (WebSub §7).
func (h *Hub) deliver(ctx context.Context, s *subscription, d *parcel, hub string) error {
	ctx, cancel := context.WithTimeout(ctx, deliverTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Callback, bytes.NewReader(d.Body))
	if err != nil {
		return fmt.Errorf("%w: its address cannot be asked", errEnded)
	}
	req.Header.Set("User-Agent", h.env.UserAgent)
	req.Header.Set("Content-Type", d.ContentType)
	req.Header.Set("Link", "<"+s.Topic+`>; rel="self", <`+hub+`>; rel="hub"`)
	if s.Secret != "" {
		req.Header.Set("X-Hub-Signature", d.sign(s.Secret))
	}
	resp, err := h.options().HTTP.Do(req)
	if err != nil {
		return bare(err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer) // what it says beside the status means nothing
	switch {
	case resp.StatusCode/100 == 2:
		return nil
	case resp.StatusCode == http.StatusGone:
		return errEnded
	}
	late := &lateError{status: resp.StatusCode}
	if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && n > 0 {
		late.after = time.Duration(min(n, int(retryMost/time.Second))) * time.Second
	} else if at, err := http.ParseTime(resp.Header.Get("Retry-After")); err == nil {
		late.after = min(max(time.Until(at), 0), retryMost)
	}
	return late
}

// failed is what is due after a failure.
func (d due) failed(err error, now time.Time) due {
	if d.Since.IsZero() {
		d.Since = now
	}
	wait := min(retryMost, retryFirst<<min(d.Attempts, 20))
	wait = wait/2 + rand.N(wait/2+1)
	var late *lateError
	if errors.As(err, &late) {
		wait = max(wait, late.after)
	}
	d.Attempts++
	d.Next, d.Reason = now.Add(wait), line(err.Error())
	return d
}

func line(s string) string { return s[:min(len(s), 200)] }

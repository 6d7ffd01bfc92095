package fetch

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Bounds of what an origin may wish for.
const (
	MinWait = 15 * time.Minute
	MaxWait = 24 * time.Hour
	// retryDefault is the pause after a 429 or 503 that names none.
	retryDefault = time.Hour
)

// freshUntil is how long a good answer stays fresh: max-age less Age, else Expires less Date (RFC 9111 §4.2), between
// MinWait and MaxWait. It is zero when the origin does not say, or says that it must always be asked.
func freshUntil(h http.Header, now time.Time) time.Time {
	life, ok := maxAge(h)
	if !ok {
		expires, err := http.ParseTime(h.Get("Expires"))
		if err != nil {
			return time.Time{}
		}
		date, err := http.ParseTime(h.Get("Date"))
		if err != nil {
			date = now
		}
		life = expires.Sub(date)
	}
	if age, err := strconv.ParseInt(strings.TrimSpace(h.Get("Age")), 10, 32); err == nil && age > 0 {
		life -= time.Duration(age) * time.Second
	}
	if life <= 0 {
		return time.Time{}
	}
	return now.Add(ClampWait(life))
}

// ClampWait brings a wish of an origin between MinWait and MaxWait.
func ClampWait(d time.Duration) time.Duration { return min(max(d, MinWait), MaxWait) }

func maxAge(h http.Header) (time.Duration, bool) {
	for _, line := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "no-cache", "no-store":
				return 0, true
			case "max-age":
				return seconds(strings.Trim(strings.TrimSpace(value), `"`))
			}
		}
	}
	return 0, false
}

// seconds reads delta-seconds; what does not fit in 31 bits means the largest (RFC 9111 §1.2.2).
func seconds(s string) (time.Duration, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		n = 1<<31 - 1
	}
	return time.Duration(n) * time.Second, true
}

// retryAfter is the end of the pause that a 429 or 503 asks for, in seconds or as a date (RFC 9110 §10.2.3), at most
// MaxWait ahead; an hour when it names none.
func retryAfter(h http.Header, now time.Time) time.Time {
	wait := retryDefault
	v := strings.TrimSpace(h.Get("Retry-After"))
	if d, ok := seconds(v); ok {
		wait = d
	} else if t, err := http.ParseTime(v); err == nil {
		wait = t.Sub(now)
	}
	return now.Add(min(max(wait, 0), MaxWait))
}

// notBefore is when to ask again after a status; zero for no wish.
func notBefore(status int, h http.Header, now time.Time) time.Time {
	switch status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo, http.StatusNotModified:
		return freshUntil(h, now)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return retryAfter(h, now)
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return now.Add(MaxWait)
	}
	return time.Time{}
}

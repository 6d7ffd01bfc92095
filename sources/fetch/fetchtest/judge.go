package fetchtest

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"

	"feedmill/sources/fetch"
)

// The rules, in the times that they name.
const (
	hour      = time.Hour
	day       = 24 * time.Hour
	spacing   = time.Second
	settled   = 10              // permanent redirects in a row after which the old address is left alone
	tooLong   = day + day/4     // without any request a page counts as given up (C11)
	aftermath = 2 * time.Minute // before a crash: what was told then may be forgotten
	grain     = time.Second     // headers count in seconds
)

// judge holds the requests for one page against the rules.
type judge struct {
	n    int
	last time.Time // the last request
	// etag and date are what the next request has to carry; before are those of the answer before.
	etag, date string
	before     [2]string
	when       time.Time // when they came
	known      bool      // a good answer has come, with validators
	notBefore  time.Time
	why        string
	gone       bool
	moved      int    // permanent redirects in a row
	target     string // where the last one led
	bad        bool   // the last answer was none that a redirect leads to for long
}

// request judges a request.
func (j *judge) request(r *http.Request, now, crashed time.Time) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	j.n++
	if j.gone {
		fault("C12: asked again after 410")
	}
	if now.Before(j.notBefore) {
		fault("%s: %v too early", j.why, j.notBefore.Sub(now))
	}
	if j.moved >= settled {
		fault("C13: the old address is asked after %d permanent redirects", j.moved)
	}
	inm, ims := r.Header.Get("If-None-Match"), r.Header.Get("If-Modified-Since")
	sent := [2]string{inm, ims}
	right := sent == [2]string{j.etag, j.date}
	if !right && !crashed.IsZero() && crashed.Sub(j.when) < aftermath && crashed.Sub(j.when) >= 0 {
		right = sent == j.before
	}
	switch {
	case right:
	case j.known && inm == "" && ims == "":
		fault("C7: unconditional, although validators are known")
	case ims != "" && j.date == "":
		fault("C2: If-Modified-Since %q was never given", ims)
	default:
		fault("C1, C3 to C6: validators %q, want %q", sent, [2]string{j.etag, j.date})
	}
	j.last = now
	return faults
}

// answered notes what a request was told, which decides on the next.
func (j *judge) answered(now time.Time, status int, h http.Header, good bool, p *Page) {
	j.bad = !good
	wait, why := hour, "C8: less than an hour after the last request"
	switch {
	case good:
		j.before, j.when = [2]string{j.etag, j.date}, now
		j.etag, j.date = get(h, "Etag"), get(h, "Last-Modified")
		j.known = j.etag != "" || j.date != ""
		j.moved = 0
		if !j.known {
			wait, why = day, "C8: less than a day after the last request, without validators"
		}
		if fresh := min(maxAge(h), day); fresh > wait {
			wait, why = fresh, "C9: within max-age"
		}
		if wish := min(p.Wish, day); wish > wait {
			wait, why = wish, "C9: within ttl"
		}
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		if d := min(pauseOf(h, now).Sub(now), day); d > wait {
			wait, why = d, "C10: within Retry-After"
		}
	case status == http.StatusGone:
		j.gone = true
	case status == http.StatusNotFound, status == http.StatusForbidden, status == http.StatusUnauthorized:
		wait, why = day, fmt.Sprintf("C12: less than a day after %d", status)
	case status == http.StatusMovedPermanently, status == http.StatusPermanentRedirect:
		j.forget(now)
		j.moved, j.target = j.moved+1, get(h, "Location")
	case status == http.StatusFound, status == http.StatusTemporaryRedirect:
		j.forget(now)
		j.moved = 0
	}
	j.notBefore, j.why = now.Add(wait-grain), why
	if p.Skip != nil && good {
		// Within a day of patience no request may fall into skipped times.
		for t := j.notBefore.Truncate(time.Minute); t.Before(now.Add(day - time.Minute)); t = t.Add(time.Minute) {
			if !p.Skip(t) {
				if t.After(j.notBefore) {
					j.notBefore, j.why = t, "C9: within skipHours"
				}
				break
			}
		}
	}
}

// forget drops the validators: they are those of the address that a redirect leads to from now on (C6).
func (j *judge) forget(now time.Time) {
	j.before, j.when = [2]string{j.etag, j.date}, now
	j.etag, j.date, j.known = "", "", false
}

// abandoned says that nobody has asked for long.
func (j *judge) abandoned(now time.Time) string {
	if j.n == 0 || j.gone || j.moved >= settled || now.Sub(j.last) < tooLong {
		return ""
	}
	return fmt.Sprintf("C11: given up: the last request came %v ago", now.Sub(j.last))
}

func get(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

var digits = regexp.MustCompile(`max-age=(\d+)`)

func maxAge(h http.Header) time.Duration {
	m := digits.FindStringSubmatch(get(h, "Cache-Control"))
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // digits
	return time.Duration(n) * time.Second
}

// pauseOf is the end of the pause that Retry-After asks for, in either form; an hour without one.
func pauseOf(h http.Header, now time.Time) time.Time {
	v := get(h, "Retry-After")
	if n, err := strconv.Atoi(v); err == nil {
		return now.Add(min(time.Duration(n)*time.Second, day))
	}
	if t, err := http.ParseTime(v); err == nil {
		return now.Add(min(t.Sub(now), day))
	}
	return now.Add(hour)
}

var agent = regexp.MustCompile(`^[a-z-]+/[\w.]+ \(\+https?://[^;)]+(; \d+ subscribers)?\)$`)

// manners judges what is in every request.
func manners(r *http.Request) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if r.Method != http.MethodGet {
		fault("C33: method %s", r.Method)
	}
	for _, name := range []string{"Cookie", "Referer", "Origin", "Cache-Control", "Pragma", "A-Im", "Authorization", "Range"} {
		if v := r.Header.Get(name); v != "" {
			fault("C14, C30: %s: %s", name, v)
		}
	}
	if v := r.Header.Get("User-Agent"); !agent.MatchString(v) {
		fault("C15: User-Agent %q", v)
	}
	if v := r.Header.Get("Accept"); v != fetch.AcceptFeeds {
		fault("C16: Accept %q", v)
	}
	if v := r.Header.Get("Accept-Encoding"); v != "gzip, br, zstd" {
		fault("C17: Accept-Encoding %q", v)
	}
	return faults
}

// host holds the requests to one host against the rules.
type host struct {
	mu     sync.Mutex
	open   int
	ended  time.Time
	paused time.Time
}

func (h *host) begin(now time.Time) (faults []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open++; h.open > 1 {
		faults = append(faults, fmt.Sprintf("C20: %d requests at once to one host", h.open))
	}
	if !h.ended.IsZero() && now.Sub(h.ended) < spacing {
		faults = append(faults, fmt.Sprintf("C20: %v after the last request to the host", now.Sub(h.ended)))
	}
	if now.Before(h.paused.Add(-grain)) {
		faults = append(faults, "C10: the host asked everybody for a pause (429)")
	}
	return faults
}

func (h *host) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open--
	h.ended = time.Now()
}

func (h *host) pause(until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.paused = until
}

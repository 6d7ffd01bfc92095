package fetchtest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
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
	aftermath = 2 * time.Minute // before a crash: what was told then may not be stored yet
	grain     = time.Second     // headers count in seconds
)

// end is when whoever polls ended. What it was told within a while before may be forgotten.
type end struct {
	at     time.Time
	within time.Duration
}

type ends []end

func (e ends) forgot(told time.Time) bool {
	return slices.ContainsFunc(e, func(e end) bool {
		lost := e.at.Sub(told)
		return lost >= 0 && lost <= e.within
	})
}

// judge holds the requests for one page against the rules.
type judge struct {
	n    int
	last time.Time // the last request
	// told is what the page has told, before what it had told before its last answer, which came at when.
	told, before told
	when         time.Time
	bad          bool // the last answer was none that a redirect leads to for long
}

// told is what a page has told those who ask it, and what they have to keep to.
type told struct {
	etag, date string // what the next request has to carry
	known      bool   // a good answer has come, with validators
	wait       time.Duration
	notBefore  time.Time
	why        string
	gone       bool
	moved      int    // permanent redirects in a row
	target     string // where the last one led
}

// request judges a request. Where the last answer may be forgotten what had been told before counts, and the page wishes as
// long a rest as it did then.
func (j *judge) request(r *http.Request, now time.Time, ended ends) (faults []string) {
	j.n++
	j.last = now
	faults = j.told.judge(r, now)
	if len(faults) > 0 && ended.forgot(j.when) {
		before := j.before
		before.notBefore, before.why = j.when.Add(max(before.wait, hour)-grain), "C8: early after an end: "+before.why
		if len(before.judge(r, now)) == 0 {
			return nil
		}
	}
	return faults
}

func (t *told) judge(r *http.Request, now time.Time) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if t.gone {
		fault("C12: asked again after 410")
	}
	if now.Before(t.notBefore) {
		fault("%s: %v too early", t.why, t.notBefore.Sub(now))
	}
	if t.moved >= settled {
		fault("C13: the old address is asked after %d permanent redirects", t.moved)
	}
	inm, ims := r.Header.Get("If-None-Match"), r.Header.Get("If-Modified-Since")
	switch {
	case inm == t.etag && ims == t.date:
	case t.known && inm == "" && ims == "":
		fault("C7: unconditional, although validators are known")
	case ims != "" && t.date == "":
		fault("C2: If-Modified-Since %q was never given", ims)
	default:
		fault("C1, C3 to C6: validators %q, want %q", [2]string{inm, ims}, [2]string{t.etag, t.date})
	}
	return faults
}

// answered notes what a request was told, which decides on the next.
func (j *judge) answered(now time.Time, status int, h http.Header, good bool, p *Page) {
	j.bad = !good
	j.before, j.when = j.told, now
	t := &j.told
	wait, why := hour, "C8: less than an hour after the last request"
	switch {
	case good:
		t.etag, t.date = get(h, "Etag"), get(h, "Last-Modified")
		t.known = t.etag != "" || t.date != ""
		t.moved = 0
		if !t.known {
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
		t.gone = true
	case status == http.StatusNotFound, status == http.StatusForbidden, status == http.StatusUnauthorized:
		wait, why = day, fmt.Sprintf("C12: less than a day after %d", status)
	case status == http.StatusMovedPermanently, status == http.StatusPermanentRedirect:
		t.forget()
		t.moved, t.target = t.moved+1, get(h, "Location")
	case status == http.StatusFound, status == http.StatusTemporaryRedirect:
		t.forget()
		t.moved = 0
	}
	t.wait, t.notBefore, t.why = wait, now.Add(wait-grain), why
	if p.Skip != nil && good {
		// Within a day of patience no request may fall into skipped times.
		for at := t.notBefore.Truncate(time.Minute); at.Before(now.Add(day - time.Minute)); at = at.Add(time.Minute) {
			if !p.Skip(at) {
				if at.After(t.notBefore) {
					t.notBefore, t.why = at, "C9: within skipHours"
				}
				break
			}
		}
	}
}

// forget drops the validators: they are those of the address that a redirect leads to from now on (C6).
func (t *told) forget() { t.etag, t.date, t.known = "", "", false }

// abandoned says that nobody has asked for long.
func (j *judge) abandoned(now time.Time) string {
	if j.n == 0 || j.told.gone || j.told.moved >= settled || now.Sub(j.last) < tooLong {
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
	when   time.Time // when the pause was asked for
}

func (h *host) begin(now time.Time, ended ends) (faults []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open++; h.open > 1 {
		faults = append(faults, fmt.Sprintf("C20: %d requests at once to one host", h.open))
	}
	if !h.ended.IsZero() && now.Sub(h.ended) < spacing {
		faults = append(faults, fmt.Sprintf("C20: %v after the last request to the host", now.Sub(h.ended)))
	}
	if ended.forgot(h.when) {
		h.paused = time.Time{} // whoever knew of it is dead
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
	h.paused, h.when = until, time.Now()
}

package webfeed

import (
	"strconv"
	"strings"
	"time"

	ext "github.com/mmcdole/gofeed/extensions"

	"feedmill/sources/fetch"
)

// skip are hours and days at which a feed does not want to be fetched, in GMT (RSS 2.0 skipHours, skipDays).
type skip struct {
	Hours uint32 `json:"hours,omitempty"` // bit n: hour n
	Days  uint8  `json:"days,omitempty"`  // bit n: time.Weekday n
}

func newSkip(hours, days []string) (s skip) {
	for _, h := range hours {
		if n, err := strconv.Atoi(strings.TrimSpace(h)); err == nil && n >= 0 && n <= 24 {
			s.Hours |= 1 << (n % 24) // some count from 1 to 24
		}
	}
	for _, d := range days {
		for w := time.Sunday; w <= time.Saturday; w++ {
			if strings.EqualFold(strings.TrimSpace(d), w.String()) {
				s.Days |= 1 << w
			}
		}
	}
	if s.Hours == 1<<24-1 {
		s.Hours = 0 // never is not meant
	}
	if s.Days == 1<<7-1 {
		s.Days = 0
	}
	return s
}

func (s skip) holds(t time.Time) bool {
	t = t.UTC()
	return s.Hours>>t.Hour()&1 == 1 || s.Days>>t.Weekday()&1 == 1
}

// next is t, or the first full hour behind it that is not skipped.
func (s skip) next(t time.Time) time.Time {
	if !s.holds(t) {
		return t
	}
	n := t.UTC().Truncate(time.Hour)
	for range 7 * 24 {
		if n = n.Add(time.Hour); !s.holds(n) {
			return n
		}
	}
	return t
}

// notBefore brings together what the HTTP headers and the feed itself wish, from 15 minutes to 24 hours ahead. due is
// when the next fetch is to be expected without any wish; it only counts where it falls into skipped hours.
func notBefore(now, http time.Time, pause time.Duration, s skip, due time.Time) time.Time {
	t := http
	if pause > 0 {
		if own := now.Add(fetch.ClampWait(pause)); own.After(t) {
			t = own
		}
	}
	when := t
	if due.After(when) {
		when = due
	}
	if s.holds(when) {
		t = s.next(when)
	}
	if limit := now.Add(fetch.MaxWait); t.After(limit) {
		t = limit
	}
	return t
}

// pause is the wish of an RSS channel: ttl in minutes, or the updatePeriod and updateFrequency of the RSS 1.0
// syndication module.
func pause(ttl string, e ext.Extensions) time.Duration {
	var d time.Duration
	if n, err := strconv.Atoi(strings.TrimSpace(ttl)); err == nil && n > 0 {
		d = time.Duration(min(n, 7*24*60)) * time.Minute
	}
	period := map[string]time.Duration{
		"hourly": time.Hour, "daily": 24 * time.Hour, "weekly": 7 * 24 * time.Hour, "monthly": 30 * 24 * time.Hour, "yearly": 365 * 24 * time.Hour,
	}[strings.ToLower(value(e, "sy", "updatePeriod"))]
	if n, err := strconv.Atoi(value(e, "sy", "updateFrequency")); err == nil && n > 1 {
		period /= time.Duration(n)
	}
	return max(d, period)
}

// value is the text of the first extension element of that name.
func value(e ext.Extensions, prefix, name string) string {
	for _, x := range e[prefix][name] {
		if v := strings.TrimSpace(x.Value); v != "" {
			return v
		}
	}
	return ""
}

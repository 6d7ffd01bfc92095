package webfeed

import (
	"strconv"
	"strings"
	"time"

	ext "github.com/mmcdole/gofeed/extensions"

	"feedmill/sources"
)

// newSkip reads skipHours and skipDays of RSS 2.0. All hours or all days together are not meant.
func newSkip(hours, days []string) (s sources.Skip) {
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

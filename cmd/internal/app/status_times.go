package app

import (
	"fmt"
	"strings"
	"time"
)

// lasting writes how long something lasts for people: in days from two days on, else in hours and minutes, or in seconds.
func lasting(lang string, d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return units(lang, int((d+day/2)/day), "day")
	case d >= 10*time.Hour:
		return units(lang, int((d+time.Hour/2)/time.Hour), "hour")
	case d >= time.Hour:
		d = d.Round(time.Minute)
		s := units(lang, int(d/time.Hour), "hour")
		if m := int(d % time.Hour / time.Minute); m > 0 {
			s += " " + units(lang, m, "minute")
		}
		return s
	case d >= 2*time.Minute, d > 0 && d%time.Minute == 0:
		return units(lang, int(d.Round(time.Minute)/time.Minute), "minute")
	}
	return units(lang, int(d.Round(time.Second)/time.Second), "second")
}

var unitNames = map[string]string{"day": "天", "hour": "小时", "minute": "分钟", "second": "秒"}

func units(lang string, n int, unit string) string {
	if lang == "zh" {
		return fmt.Sprintf("%d %s", n, unitNames[unit])
	}
	return count(n, unit, unit+"s")
}

// every says how often something is done: at an interval, or between two.
func every(lang string, d, most time.Duration) string {
	s := lasting(lang, d)
	if most > d {
		s += map[string]string{"en": " to ", "zh": " 到 "}[lang] + lasting(lang, most)
	}
	if lang == "zh" {
		return "每隔 " + s
	}
	if s == "1 day" || s == "1 hour" || s == "1 minute" || s == "1 second" {
		s = strings.TrimPrefix(s, "1 ")
	}
	return "every " + s
}

// Package dates reads dates as they are found in feeds and on pages, whoever wrote them.
package dates

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Reader reads the dates of a document. None of them is ever rolled over or guessed into being: what is no date is the
// zero time.
type Reader struct {
	// Zone is for dates without one; nil means UTC.
	Zone *time.Location
	// Chinese reads CST as China's, not as North America's central standard time (RFC 822 §5).
	Chinese bool
}

var fastLayouts = []string{time.RFC3339, "Mon, 2 Jan 2006 15:04:05 -0700"}

// Parse reads a date as feeds write it: RFC 3339, RFC 822 and what is found instead of them. It keeps the zone.
func (d Reader) Parse(s string) time.Time {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 100 {
		return time.Time{}
	}
	for _, layout := range fastLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			_, offset := t.Zone()
			return sane(t.In(Fixed(offset)))
		}
	}
	if t := epoch(s); !t.IsZero() {
		return sane(t)
	}
	return sane(d.loose(s))
}

// sane drops what programs write for "no date".
func sane(t time.Time) time.Time {
	if t.Year() < 1000 || t.Year() > 9999 || t.Unix() == 0 {
		return time.Time{}
	}
	return t
}

// Fixed is the zone of an offset in seconds east of UTC, without a name.
func Fixed(offset int) *time.Location {
	if offset == 0 {
		return time.UTC
	}
	return time.FixedZone("", offset)
}

// epoch reads seconds or milliseconds since 1970: ten or thirteen digits.
func epoch(s string) time.Time {
	if len(s) != 10 && len(s) != 13 || strings.Trim(s, "0123456789") != "" {
		return time.Time{}
	}
	n, _ := strconv.ParseInt(s, 10, 64) // thirteen digits fit
	if len(s) == 13 {
		return time.UnixMilli(n).UTC()
	}
	return time.Unix(n, 0).UTC()
}

var (
	cjkUnits  = strings.NewReplacer("年", "-", "月", "-", "日", " ", "号", " ", "時", ":", "时", ":", "点", ":", "點", ":", "分", ":", "秒", " ", "：", ":", "　", " ", ",", " ", "，", " ")
	clock     = regexp.MustCompile(`(?i)(?:^|[\sT])(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,]\d{1,9})?)?:?\s*(am|pm|a\.m\.|p\.m\.)?`)
	offset    = regexp.MustCompile(`^(?:UTC|GMT)?\s*([+-])(\d{1,2}):?(\d{2})?$`)
	yearFirst = regexp.MustCompile(`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$`)
	yearLast  = regexp.MustCompile(`^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$`)
	compact   = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`)
	dayFirst  = regexp.MustCompile(`^(\d{1,2})(?:st|nd|rd|th|er|\.)?[ -](\pL+)\.?[ -](\d{4}|\d{2})$`)
	monFirst  = regexp.MustCompile(`^(\pL+)\.? (\d{1,2})(?:st|nd|rd|th)? (\d{4})$`)
	yearAtEnd = regexp.MustCompile(`^(?:(.*)\s)?(\d{4})$`)
	zoneArea  = regexp.MustCompile(`\s*[\[(][^\])]*[\])]\s*$`)
)

// loose takes a date apart: clock, zone behind it, day before (or after) it.
func (d Reader) loose(s string) time.Time {
	s = zoneArea.ReplaceAllString(s, "") // "[Asia/Shanghai]", "(CST)": a comment on the offset before it
	afternoon := strings.Contains(s, "下午") || strings.Contains(s, "晚上") || strings.Contains(s, "오후") || strings.Contains(s, "午後")
	for _, w := range []string{"上午", "下午", "晚上", "早上", "凌晨", "中午", "오전", "오후", "午前", "午後"} {
		s = strings.ReplaceAll(s, w, " ")
	}
	s = strings.Join(strings.Fields(cjkUnits.Replace(s)), " ")

	day, zone := s, ""
	var h, m, sec int
	if at := clock.FindStringSubmatchIndex(s); at != nil {
		group := func(n int) string {
			if at[2*n] < 0 {
				return ""
			}
			return s[at[2*n]:at[2*n+1]]
		}
		h, m, sec = number(group(1)), number(group(2)), number(group(3))
		if half := strings.ToLower(group(4)); half != "" || afternoon {
			if half != "" && (h < 1 || h > 12) {
				return time.Time{}
			}
			pm := afternoon || strings.HasPrefix(half, "p")
			switch {
			case pm && h < 12:
				h += 12
			case !pm && h == 12:
				h = 0
			}
		}
		day, zone = strings.TrimSpace(s[:at[0]]), strings.TrimSpace(s[at[1]:])
		// "Mon Jan 2 15:04:05 -0700 2006" has its year last.
		if y := yearAtEnd.FindStringSubmatch(zone); y != nil && !strings.ContainsAny(day, "-/") {
			day, zone = day+" "+y[2], strings.TrimSpace(y[1])
		}
	}
	if sec == 60 {
		sec = 59 // RFC 3339 §5.6 allows a leap second
	}
	year, month, date := calendar(day)
	loc, ok := d.location(zone)
	if year == 0 || !ok || h > 23 || m > 59 || sec > 59 {
		return time.Time{}
	}
	t := time.Date(year, time.Month(month), date, h, m, sec, 0, loc)
	if t.Day() != date || int(t.Month()) != month {
		return time.Time{} // 31 February
	}
	return t
}

// calendar reads the day. A year of 0 means that it is none.
func calendar(s string) (year, month, day int) {
	s = strings.Trim(s, " T-")
	s = strings.TrimSpace(stripWeekday(s))
	switch {
	case compact.MatchString(s):
		g := compact.FindStringSubmatch(s)
		return number(g[1]), number(g[2]), number(g[3])
	case yearFirst.MatchString(s):
		g := yearFirst.FindStringSubmatch(s)
		return number(g[1]), number(g[2]), number(g[3])
	case yearLast.MatchString(s):
		g := yearLast.FindStringSubmatch(s)
		a, b := number(g[1]), number(g[2])
		if b > 12 { // the month first, as in North America: only where nothing else is possible
			a, b = b, a
		}
		return number(g[3]), b, a
	case dayFirst.MatchString(s):
		g := dayFirst.FindStringSubmatch(s)
		year, month, day = number(g[3]), monthNumber(g[2]), number(g[1])
	case monFirst.MatchString(s):
		g := monFirst.FindStringSubmatch(s)
		year, month, day = number(g[3]), monthNumber(g[1]), number(g[2])
	}
	if month == 0 {
		return 0, 0, 0
	}
	if year < 100 && year > 0 { // RFC 2822 §4.3
		if year += 1900; year < 1950 {
			year += 100
		}
	}
	return year, month, day
}

// stripWeekday takes a leading word off that is no month: weekdays are redundant and often wrong.
func stripWeekday(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
	if i <= 0 {
		return s
	}
	if monthNumber(s[:i]) > 0 {
		return s
	}
	return strings.TrimLeft(s[i:], ". ")
}

var months = map[string]int{
	"janvier": 1, "février": 2, "fevrier": 2, "mars": 3, "avril": 4, "mai": 5, "juin": 6, "juillet": 7, "août": 8, "aout": 8, "septembre": 9, "octobre": 10, "novembre": 11, "décembre": 12, "decembre": 12,
	"janv": 1, "févr": 2, "fevr": 2, "avr": 4, "juil": 7, "déc": 12,
	"januar": 1, "februar": 2, "märz": 3, "mär": 3, "juni": 6, "juli": 7, "oktober": 10, "okt": 10, "dezember": 12, "dez": 12,
	"enero": 1, "febrero": 2, "marzo": 3, "abril": 4, "mayo": 5, "junio": 6, "julio": 7, "agosto": 8, "septiembre": 9, "octubre": 10, "noviembre": 11, "diciembre": 12,
	"ene": 1, "abr": 4, "ago": 8, "dic": 12, "sept": 9,
}

func init() {
	for m := time.January; m <= time.December; m++ {
		name := strings.ToLower(m.String())
		months[name], months[name[:3]] = int(m), int(m)
	}
}

func monthNumber(s string) int { return months[strings.ToLower(strings.TrimSuffix(s, "."))] }

// zones are the abbreviations that are used for one offset only, or nearly so, in minutes.
var zones = map[string]int{
	"Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0,
	"EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
	"AKST": -540, "AKDT": -480, "HST": -600, "AST": -240, "ADT": -180, "NST": -210, "NDT": -150, "BRT": -180, "ART": -180,
	"BST": 60, "WEST": 60, "CET": 60, "MET": 60, "CEST": 120, "MEST": 120, "EET": 120, "SAST": 120, "EEST": 180, "MSK": 180,
	"IST": 330, "PKT": 300, "ICT": 420, "WIB": 420, "HKT": 480, "SGT": 480, "PHT": 480, "MYT": 480, "AWST": 480,
	"JST": 540, "KST": 540, "ACST": 570, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
}

// location reads what stands behind the clock. An unknown abbreviation is taken as no zone.
func (d Reader) location(s string) (*time.Location, bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	if s == "" {
		if d.Zone != nil {
			return d.Zone, true
		}
		return time.UTC, true
	}
	if g := offset.FindStringSubmatch(s); g != nil {
		hours, minutes := number(g[2]), number(g[3])
		if hours > 15 || minutes > 59 {
			return nil, false
		}
		seconds := hours*3600 + minutes*60
		if g[1] == "-" {
			seconds = -seconds
		}
		return Fixed(seconds), true
	}
	if s == "CST" && d.Chinese {
		return Fixed(8 * 3600), true
	}
	if minutes, ok := zones[s]; ok {
		return Fixed(minutes * 60), true
	}
	if strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return d.location("")
	}
	// "EST -0500", "+0800 CST": the offset says it all.
	for _, part := range strings.Fields(s) {
		if part != s && offset.MatchString(part) {
			return d.location(part)
		}
	}
	return nil, false
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // the patterns hold at most nine digits
	return n
}

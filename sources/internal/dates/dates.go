// Package dates reads dates as they are found in feeds and on pages, whoever wrote them.
package dates

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Reader reads the dates of a document. None of them is ever rolled over or guessed into being: what is no date is the
// zero time.
type Reader struct {
	// Zone is for dates without one; nil means UTC.
	Zone *time.Location
	// Language is the BCP 47 tag of the document; empty if it is not known. It decides what CST means, and IST, BST and
	// others that are used for several zones, and whether 2/3/2026 begins with the month.
	Language string
}

var fastLayouts = []string{time.RFC3339, "Mon, 2 Jan 2006 15:04:05 -0700"}

// Parse reads a date as feeds write it: RFC 3339, RFC 822 and what is found instead of them, with months and days in the
// words of twenty languages. It keeps the zone. A month or year alone (W3C NOTE-datetime) is its first day.
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

// Zoneless says that a date names no zone: which instant it is depends on the reader's.
func (d Reader) Zoneless(s string) bool {
	s = strings.TrimSpace(s)
	if strings.HasSuffix(s, "Z") || strings.HasSuffix(s, "GMT") { // most of them, and cheap to see
		return false
	}
	east, west := d, d
	east.Zone, west.Zone = time.UTC, Fixed(-3600)
	return !east.Parse(s).Equal(west.Parse(s))
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

// epoch reads the time since 1970 in seconds (ten digits, perhaps with a fraction), milliseconds, microseconds or
// nanoseconds.
func epoch(s string) time.Time {
	if whole, fraction, ok := strings.Cut(s, "."); ok && len(whole) == 10 && strings.Trim(fraction, "0123456789") == "" {
		s = whole
	}
	if strings.Trim(s, "0123456789") != "" {
		return time.Time{}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}
	}
	switch len(s) {
	case 10:
		return time.Unix(n, 0).UTC()
	case 13:
		return time.UnixMilli(n).UTC()
	case 16:
		return time.UnixMicro(n).UTC()
	case 19:
		return time.Unix(0, n).UTC()
	}
	return time.Time{}
}

var (
	eastAsian = strings.NewReplacer("年", "-", "月", "-", "日", " ", "号", " ", "號", " ", "時", ":", "时", ":", "点", ":", "點", ":", "分", ":", "秒", " ",
		"년", "-", "월", "-", "일", " ", "시", ":", "분", ":", "초", " ", ",", " ", "、", " ", "،", " ")
	// halves are the halves of the day where they stand before the clock. Noon is "p" too: 中午12:30.
	halves = []struct{ word, half string }{
		{"上午", "a"},
		{"下午", "p"},
		{"晚上", "p"},
		{"早上", "a"},
		{"凌晨", "a"},
		{"清晨", "a"},
		{"傍晚", "p"},
		{"中午", "p"},
		{"오전", "a"},
		{"오후", "p"},
		{"午前", "a"},
		{"午後", "p"},
	}
	// eras are those of Japan, with the year before their first.
	eras        = map[string]int{"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "R": 2018, "H": 1988, "S": 1925}
	era         = regexp.MustCompile(`^(令和|平成|昭和|大正|[RHS])\s?(\d{1,2}|元)\s?([年./-])`)
	numerals    = regexp.MustCompile(`[〇零一二三四五六七八九十]+`)
	dotted      = regexp.MustCompile(`(\d{4})\. ?(\d{1,2})\. ?(\d{1,2})\.`)
	apart       = regexp.MustCompile(`(\d)([./:-]) (\d)`)
	loneMonth   = regexp.MustCompile(`(^|\s)([一二三四五六七八九十]+|\d{1,2})月(\s|$)`)
	hourMark    = regexp.MustCompile(`(?i)(\d{1,2})\s?[hu]\s?(\d{2})(?:\b|\s|$)`)
	bareHour    = regexp.MustCompile(`(?:^|\s)(\d{1,2}):(?:\s|$)`)
	noise       = regexp.MustCompile(`(?i)(?:^|\s)(?:of|the|at|on|de|del|d|le|la|las|el|den|der|am|um|uhr|à|á|às|le|il|kl|klo|о|в|г|года|році|року|р)[.']?(?:\s|$)`)
	comment     = regexp.MustCompile(`\s*[\[(]([^\])]*)[\])]\s*`)
	clock       = regexp.MustCompile(`(?i)(?:^|[\sT])(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,]\d{1,9})?)?:?\s*(am\b|pm\b|a\.\s?m\.|p\.\s?m\.)?`)
	stamp       = regexp.MustCompile(`^(\d{8})(?:T|\s)?(\d{2})(\d{2})(\d{2})?(?:[.,]\d{1,9})?\s*(Z|[+-].*)?$`)
	yearFirst   = regexp.MustCompile(`^(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})[-/.]?$`)
	yearLast    = regexp.MustCompile(`^(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})\.?$`)
	compact     = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`)
	yearMonth   = regexp.MustCompile(`^(\d{4})(?:-(\d{1,2}))?-?$`)
	ordinal     = regexp.MustCompile(`^(\d{4})-(\d{3})$`)
	week        = regexp.MustCompile(`^(\d{4})-?W(\d{2})-?([1-7])$`)
	dayFirst    = regexp.MustCompile(`^(\d{1,2})(?:st|nd|rd|th|er|e|º|°|\.)?[ \-/.]?([\pL\pM]+)\.?[ \-/.]?(\d{4}|\d{2})$`)
	monFirst    = regexp.MustCompile(`^([\pL\pM]+)\.?[ \-/]?(\d{1,2})(?:st|nd|rd|th|\.)?[ \-/](\d{4})$`)
	monMiddle   = regexp.MustCompile(`^(\d{4})[ \-/.]([\pL\pM]+)\.?[ \-/.](\d{1,2})(?:st|nd|rd|th|\.)?$`)
	weekdayLast = regexp.MustCompile(`^(.*\d)\.?,? ([\pL\pM]+)\.?$`)
	yearAtEnd   = regexp.MustCompile(`^(?:(.*)\s)?(\d{4})$`)
)

// loose takes a date apart: clock, zone behind it, day before (or after) it.
func (d Reader) loose(s string) time.Time {
	if !isASCII(s) {
		s = norm.NFKC.String(s)
	}
	s = eastern(s)
	aside := ""
	for _, g := range comment.FindAllStringSubmatch(s, -1) {
		aside = strings.TrimSpace(g[1]) // "[Asia/Shanghai]", "(CST)": a comment on the offset, or instead of one; "(Mon)"
	}
	s = comment.ReplaceAllString(s, " ")
	if g := stamp.FindStringSubmatch(s); g != nil {
		s = g[1] + " " + g[2] + ":" + g[3] + ":" + first(g[4], "00") + g[5]
	}
	half := ""
	for _, h := range halves {
		if strings.Contains(s, h.word) {
			s, half = strings.ReplaceAll(s, h.word, " "), h.half
		}
	}
	s = strings.Join(strings.Fields(eastAsian.Replace(s)), " ")
	s = apart.ReplaceAllString(dotted.ReplaceAllString(s, "$1-$2-$3 "), "$1$2$3")
	if !strings.Contains(s, ":") {
		s = hourMark.ReplaceAllString(s, "$1:$2 ")
	}
	s = bareHour.ReplaceAllString(s, " $1:00 ")

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
		if stated := strings.ToLower(group(4)); stated != "" {
			if half = stated[:1]; h < 1 || h > 12 {
				return time.Time{}
			}
		}
		switch {
		case half == "p" && h < 12:
			h += 12
		case half == "a" && h == 12:
			h = 0
		}
		day, zone = strings.TrimSpace(s[:at[0]]), strings.TrimSpace(s[at[1]:])
		// "Mon Jan 2 15:04:05 -0700 2006" has its year last, "15:04 2 Jan 2006" all of its day.
		switch y := yearAtEnd.FindStringSubmatch(zone); {
		case day == "":
			day, zone = zone, ""
		case y != nil && !strings.ContainsAny(day, "-/"):
			day, zone = day+" "+y[2], strings.TrimSpace(y[1])
		}
	}
	if sec == 60 {
		sec = 59 // RFC 3339 §5.6 allows a leap second
	}
	if zone == "" && aside != "" && h+m+sec > 0 && !isOrdinaryWord(aside) {
		zone = aside
	}
	year, month, date := d.calendar(day, half != "")
	loc, ok := d.location(noise.ReplaceAllString(zone, " "))
	if year == 0 || !ok || h > 23 || m > 59 || sec > 59 {
		return time.Time{}
	}
	t := time.Date(year, time.Month(month), date, h, m, sec, 0, loc)
	if t.Day() != date || int(t.Month()) != month {
		return time.Time{} // 31 February
	}
	return t
}

// isOrdinaryWord says that what stands in brackets is no zone, such as a day of the week.
func isOrdinaryWord(s string) bool {
	if strings.ContainsAny(s, "/+-") {
		return false
	}
	_, ok := zones[strings.ToUpper(s)]
	return !ok
}

// eastern writes the years of Japanese eras and Chinese numerals as numbers.
func eastern(s string) string {
	if g := era.FindStringSubmatchIndex(s); g != nil {
		n := 1
		if text := s[g[4]:g[5]]; text != "元" {
			n = number(text)
		}
		s = strconv.Itoa(eras[s[g[2]:g[3]]]+n) + s[g[6]:]
	}
	if !strings.Contains(s, "年") {
		s = loneMonth.ReplaceAllStringFunc(s, func(word string) string {
			text := strings.TrimSuffix(strings.TrimSpace(word), "月")
			n, ok := chineseNumber(text)
			if !ok {
				n = number(text)
			}
			if n < 1 || n > 12 {
				return word
			}
			return " " + time.Month(n).String() + " "
		})
	}
	if !strings.ContainsAny(s, "年月日") {
		return s
	}
	return numerals.ReplaceAllStringFunc(s, func(word string) string {
		if n, ok := chineseNumber(word); ok {
			return strconv.Itoa(n)
		}
		return word
	})
}

// chineseNumber reads "二〇二六", digit by digit, and "二十三".
func chineseNumber(s string) (int, bool) {
	n, ten := 0, false
	for _, r := range s {
		if !strings.ContainsRune("〇零一二三四五六七八九十", r) {
			return 0, false
		}
		if r == '十' {
			if ten {
				return 0, false
			}
			n, ten = max(n, 1)*10, true
			continue
		}
		digit := strings.IndexRune("〇一二三四五六七八九", r)
		if r == '零' {
			digit = 0
		} else {
			digit /= len("〇")
		}
		switch {
		case ten:
			n += digit
		default:
			n = n*10 + digit
		}
		if n > 9999 {
			return 0, false
		}
	}
	return n, true
}

// calendar reads the day. A year of 0 means that it is none. halved says that the clock beside it has a.m. or p.m.
func (d Reader) calendar(s string, halved bool) (year, month, day int) {
	s = strings.Trim(s, " T-,")
	for range 3 { // "on the 23rd of", "de": each replacement eats the blank that the next one needs
		s = strings.TrimSpace(noise.ReplaceAllString(s, " "))
	}
	s = strings.Trim(stripWeekday(s), " ,")
	if g := weekdayLast.FindStringSubmatch(s); g != nil && monthNumber(g[2]) == 0 {
		s = g[1]
	}
	switch {
	case compact.MatchString(s):
		g := compact.FindStringSubmatch(s)
		return number(g[1]), number(g[2]), number(g[3])
	case yearFirst.MatchString(s):
		g := yearFirst.FindStringSubmatch(s)
		return number(g[1]), number(g[2]), number(g[3])
	case yearLast.MatchString(s):
		return d.numeric(yearLast.FindStringSubmatch(s), halved)
	case ordinal.MatchString(s):
		g := ordinal.FindStringSubmatch(s)
		t := time.Date(number(g[1]), 1, number(g[2]), 0, 0, 0, 0, time.UTC)
		if n := number(g[2]); n < 1 || t.YearDay() != n {
			return 0, 0, 0
		}
		return t.Year(), int(t.Month()), t.Day()
	case week.MatchString(s):
		g := week.FindStringSubmatch(s)
		return weekDate(number(g[1]), number(g[2]), number(g[3]))
	case yearMonth.MatchString(s):
		g := yearMonth.FindStringSubmatch(s)
		if g[2] == "" {
			return number(g[1]), 1, 1
		}
		return number(g[1]), number(g[2]), 1
	case dayFirst.MatchString(s):
		g := dayFirst.FindStringSubmatch(s)
		year, month, day = number(g[3]), monthNumber(g[2]), number(g[1])
	case monFirst.MatchString(s):
		g := monFirst.FindStringSubmatch(s)
		year, month, day = number(g[3]), monthNumber(g[1]), number(g[2])
	case monMiddle.MatchString(s):
		g := monMiddle.FindStringSubmatch(s)
		year, month, day = number(g[1]), monthNumber(g[2]), number(g[3])
	}
	if month == 0 {
		return 0, 0, 0
	}
	return century(year), month, day
}

// numeric reads "23.11.2026": the day first, except where North America writes or nothing else is possible.
func (d Reader) numeric(g []string, halved bool) (year, month, day int) {
	a, b := number(g[1]), number(g[3])
	if len(g[4]) == 2 && g[2] == "-" {
		return 0, 0, 0 // 03-04-05 can be anything
	}
	american := g[2] == "/" && (halved || strings.EqualFold(d.Language, "en-US"))
	if b > 12 || american && a <= 12 {
		a, b = b, a
	}
	return century(number(g[4])), b, a
}

// century completes a year of two digits (RFC 2822 §4.3).
func century(year int) int {
	switch {
	case year <= 0 || year > 99:
		return year
	case year < 50:
		return 2000 + year
	}
	return 1900 + year
}

// weekDate is the day of an ISO 8601 week.
func weekDate(year, n, weekday int) (int, int, int) {
	fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC) // is always in the first week
	t := fourth.AddDate(0, 0, (n-1)*7+weekday-1-(int(fourth.Weekday())+6)%7)
	if y, w := t.ISOWeek(); y != year || w != n {
		return 0, 0, 0
	}
	return t.Year(), int(t.Month()), t.Day()
}

// stripWeekday takes leading words off that are no month: weekdays are redundant and often wrong. A word that is both
// ("mar." is Tuesday and March in French) is a weekday where another month follows.
func stripWeekday(s string) string {
	for range 2 {
		i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
		if i <= 0 {
			return s
		}
		rest := strings.TrimLeft(s[i:], "., -")
		if monthNumber(s[:i]) > 0 && !namesMonth(rest) {
			return s
		}
		s = rest
	}
	return s
}

// namesMonth says that a month stands among the words.
func namesMonth(s string) bool {
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		if monthNumber(word) > 0 {
			return true
		}
	}
	return false
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // the patterns hold at most nine digits
	return n
}

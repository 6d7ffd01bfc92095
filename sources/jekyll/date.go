package jekyll

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// zoning is how dates without a zone are read.
type zoning struct {
	// zone is the site's; nil if neither the site nor the operator says one.
	zone *time.Location
	// asSite reads every date without a zone in the site's zone. Without it an unquoted date and time is UTC, as in
	// Jekyll, whose YAML 1.1 says so.
	asSite bool
}

// local is the zone in which a date that is no YAML timestamp is read.
func (z zoning) local() *time.Location {
	if z.zone != nil {
		return z.zone
	}
	return time.UTC
}

// show gives a date the zone it is published in: the site's, else the one it was written in.
func (z zoning) show(t time.Time) time.Time {
	if z.zone != nil {
		return t.In(z.zone)
	}
	return t
}

var errDate = errors.New("not understood")

// zoned says where the zone of a date is from.
type zoned int

const (
	stated  zoned = iota // it names one
	assumed              // it names none that means anything, and was read in the site's
	asUTC                // it names none, and was read as UTC only for that
)

// parse reads a date of front matter.
func (z zoning) parse(v value) (t time.Time, zone zoned, err error) {
	s := v.str()
	if s == "" {
		return time.Time{}, stated, fmt.Errorf("%w: empty", errDate)
	}
	c, ok := parseClock(s)
	if !ok {
		return time.Time{}, stated, fmt.Errorf("%w: %.80q", errDate, s)
	}
	loc, known := z.location(c)
	if !known {
		zone = assumed
	}
	if !known && v.plain && c.timestamp && !z.asSite {
		loc, zone = time.UTC, asUTC
	}
	t = time.Date(c.year, time.Month(c.month), c.day, c.hour, c.min, c.sec, 0, loc)
	return z.show(t), zone, nil
}

// clock is a date as written.
type clock struct {
	year, month, day, hour, min, sec int
	// zone is the text behind the time.
	zone string
	// timestamp says that YAML 1.1 takes an unquoted text of this form for a timestamp
	// (https://yaml.org/type/timestamp.html): a date with hours, minutes and seconds, and a numeric zone or none.
	timestamp bool
}

// ok reports whether the numbers are a date; like Ruby it lets 30 February be 2 March, and 24:00 the next midnight.
func (c clock) ok() bool {
	return c.year > 0 && c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= 31 && c.min < 60 && c.sec <= 60 &&
		(c.hour < 24 || c.hour == 24 && c.min == 0 && c.sec == 0)
}

var (
	ymdForm  = regexp.MustCompile(`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:\D|$)`)
	hanForm  = regexp.MustCompile(`^(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]`)
	packForm = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})(?:\D|$)`)
	dmyForm  = regexp.MustCompile(`^(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:\D|$)`)
	dMonForm = regexp.MustCompile(`(?i)^(?:[a-z]{3,9},?\s+)?(\d{1,2})(?:st|nd|rd|th)?[-\s]+([a-z]{3,9})\.?,?[-\s]+(\d{4})`)
	monDForm = regexp.MustCompile(`(?i)^(?:[a-z]{3,9},?\s+)?([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})`)
	packTime = regexp.MustCompile(`^[T\s]*(\d{2})(\d{2})(\d{2})?(?:[.,]\d+)?(?:$|[^\d:])`)
	timeForm = regexp.MustCompile(`(?i)^[T\s日]*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([ap]\.?m\b\.?)?`)
)

// parseClock reads the forms that people write dates in: those of YAML and RFC 3339 first and by hand, because every
// post has one, then what Ruby's Time.parse takes, and Chinese dates.
func parseClock(s string) (clock, bool) {
	if len(s) > 100 {
		return clock{}, false
	}
	if c, ok := parseISO(s); ok {
		return c, c.ok()
	}
	var c clock
	var rest string
	if m := ymdForm.FindStringSubmatchIndex(s); m != nil {
		c.year, c.month, c.day, rest = num(s, m, 1), num(s, m, 2), num(s, m, 3), s[m[7]:]
	} else if m := hanForm.FindStringSubmatchIndex(s); m != nil {
		c.year, c.month, c.day, rest = num(s, m, 1), num(s, m, 2), num(s, m, 3), s[m[1]:]
	} else if m := packForm.FindStringSubmatchIndex(s); m != nil {
		c.year, c.month, c.day, rest = num(s, m, 1), num(s, m, 2), num(s, m, 3), s[m[7]:]
	} else if m := dmyForm.FindStringSubmatchIndex(s); m != nil {
		c.year, c.month, c.day, rest = num(s, m, 3), num(s, m, 2), num(s, m, 1), s[m[7]:]
	} else if m := dMonForm.FindStringSubmatchIndex(s); m != nil {
		c.year, c.month, c.day, rest = num(s, m, 3), month(s[m[4]:m[5]]), num(s, m, 1), s[m[1]:]
	} else if m := monDForm.FindStringSubmatchIndex(s); m != nil {
		c.year, c.month, c.day, rest = num(s, m, 3), month(s[m[2]:m[3]]), num(s, m, 2), s[m[1]:]
	} else {
		return clock{}, false
	}
	if m := timeForm.FindStringSubmatchIndex(rest); m != nil {
		c.hour, c.min = num(rest, m, 1), num(rest, m, 2)
		if m[6] >= 0 {
			c.sec = num(rest, m, 3)
		}
		if m[8] >= 0 {
			if c.hour < 1 || c.hour > 12 {
				return clock{}, false
			}
			c.hour %= 12
			if rest[m[8]] == 'p' || rest[m[8]] == 'P' {
				c.hour += 12
			}
		}
		c.zone = strings.Trim(rest[m[1]:], " ()[]")
	} else if m := packTime.FindStringSubmatchIndex(rest); m != nil {
		c.hour, c.min = num(rest, m, 1), num(rest, m, 2)
		end := m[5]
		if m[6] >= 0 {
			c.sec, end = num(rest, m, 3), m[7]
		}
		c.zone = strings.Trim(rest[end:], " ()[]")
	}
	return c, c.ok()
}

func num(s string, m []int, group int) int {
	n, _ := strconv.Atoi(s[m[2*group]:m[2*group+1]])
	return n
}

func month(s string) int {
	s = strings.ToLower(s)
	for m := time.January; m <= time.December; m++ {
		name := strings.ToLower(m.String())
		if s == name || s == name[:3] || s == "sept" && m == time.September {
			return int(m)
		}
	}
	return 0
}

// parseISO reads YYYY-M-D with or without H:MM:SS and a numeric zone.
func parseISO(s string) (c clock, ok bool) {
	r := reader{s: s}
	if c.year, ok = r.number(4, 4); !ok || !r.skip('-') {
		return c, false
	}
	if c.month, ok = r.number(1, 2); !ok || !r.skip('-') {
		return c, false
	}
	if c.day, ok = r.number(1, 2); !ok {
		return c, false
	}
	if r.s == "" {
		return c, true
	}
	if !r.skip('T') && !r.skip('t') && !r.blanks() {
		return c, false
	}
	if c.hour, ok = r.number(1, 2); !ok || !r.skip(':') {
		return c, false
	}
	if c.min, ok = r.number(2, 2); !ok || !r.skip(':') {
		return c, false
	}
	if c.sec, ok = r.number(2, 2); !ok {
		return c, false
	}
	if r.skip('.') {
		for r.s != "" && r.s[0] >= '0' && r.s[0] <= '9' {
			r.s = r.s[1:]
		}
	}
	r.blanks()
	c.zone, c.timestamp = r.s, true
	if r.s == "" || r.s == "Z" {
		return c, true
	}
	_, ok = offset(r.s)
	return c, ok && (r.s[0] == '+' || r.s[0] == '-')
}

type reader struct{ s string }

func (r *reader) number(low, high int) (n int, ok bool) {
	i := 0
	for i < len(r.s) && i < high && r.s[i] >= '0' && r.s[i] <= '9' {
		n = n*10 + int(r.s[i]-'0')
		i++
	}
	r.s = r.s[i:]
	return n, i >= low
}

func (r *reader) skip(c byte) bool {
	if r.s == "" || r.s[0] != c {
		return false
	}
	r.s = r.s[1:]
	return true
}

func (r *reader) blanks() bool {
	t := strings.TrimLeft(r.s, " \t")
	found := len(t) < len(r.s)
	r.s = t
	return found
}

// offset reads a numeric zone such as +0800, +08:00, +8 or GMT+8: seconds east of Greenwich.
func offset(s string) (int, bool) {
	if t, ok := strings.CutPrefix(s, "GMT"); ok {
		s = t
	} else if t, ok := strings.CutPrefix(s, "UTC"); ok {
		s = t
	}
	if s == "" || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	r := reader{s: s[1:]}
	h, ok := r.number(1, 2)
	mins := 0
	if ok && r.s != "" {
		r.skip(':')
		mins, ok = r.number(2, 2)
	}
	if !ok || r.s != "" || h > 24 || mins > 59 {
		return 0, false
	}
	sec := h*3600 + mins*60
	if s[0] == '-' {
		sec = -sec
	}
	return sec, true
}

// abbreviations are the zone names of RFC 5322 §4.3, all that may be taken without knowing the place.
var abbreviations = map[string]int{
	"UTC": 0, "GMT": 0, "UT": 0, "Z": 0,
	"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}

// location is the zone a date names; known is false if it names none that means anything. A name that the site's own
// zone goes by means that one: CST is China's time on a site in Shanghai.
func (z zoning) location(c clock) (loc *time.Location, known bool) {
	if c.zone == "" {
		return z.local(), false
	}
	if sec, ok := offset(c.zone); ok {
		return fixed(sec), true
	}
	if z.zone != nil {
		noon := time.Date(c.year, time.Month(c.month), c.day, 12, 0, 0, 0, z.zone)
		if name, _ := noon.Zone(); strings.EqualFold(name, c.zone) {
			return z.zone, true
		}
	}
	if h, ok := abbreviations[strings.ToUpper(c.zone)]; ok {
		return fixed(h * 3600), true
	}
	if strings.Contains(c.zone, "/") && len(c.zone) < 40 {
		if loc, err := time.LoadLocation(c.zone); err == nil {
			return loc, true
		}
	}
	return z.local(), false
}

func fixed(sec int) *time.Location {
	if sec == 0 {
		return time.UTC
	}
	return time.FixedZone("", sec)
}

// fileName is what the name of a post says: YYYY-MM-DD-slug.ext, with years of two digits and days of one.
type fileName struct {
	year, month, day int
	slug, base, ext  string // base is the name without its extension
}

// parseName reads the name of a document without its directory; ok is false where Jekyll finds no date in it: then slug is
// the whole name.
func parseName(name string) (f fileName, ok bool) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || dot == len(name)-1 {
		return fileName{slug: name, base: name}, false
	}
	f.base, f.ext = name[:dot], name[dot:]
	f.slug = strings.TrimRight(f.base, ".")
	r := reader{s: f.base}
	if f.year, ok = r.number(2, 4); !ok || !r.skip('-') {
		return f, false
	}
	digits := len(f.base) - len(r.s) - 1
	if f.month, ok = r.number(1, 2); !ok || !r.skip('-') {
		return f, false
	}
	if f.day, ok = r.number(1, 2); !ok || !r.skip('-') {
		return f, false
	}
	if digits == 2 { // as Ruby's Date._parse reads them
		if f.year += 1900; f.year < 1969 {
			f.year += 100
		}
	}
	f.slug = strings.TrimRight(r.s, ".")
	return f, true
}

// date is local midnight of the day in the name.
func (f fileName) date(z zoning) (time.Time, bool) {
	c := clock{year: f.year, month: f.month, day: f.day}
	return z.show(time.Date(f.year, time.Month(f.month), f.day, 0, 0, 0, 0, z.local())), c.ok()
}

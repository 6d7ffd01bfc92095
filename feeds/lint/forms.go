package lint

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	uriChars    = regexp.MustCompile(`^(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=\[\]-]|%[0-9A-Fa-f]{2})+$`)
	languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$`)
	mediaType   = regexp.MustCompile(`^[\w!#$&^.+-]+/[\w!#$&^.+-]+(\s*;.*)?$`)
	emailForm   = regexp.MustCompile(`^[A-Za-z0-9_\-+.']+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	iriForm     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>"{}|\\^` + "`" + `]+$`)
	rfc3339Form = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)
	rfc822Form  = regexp.MustCompile(`^(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)) (\d{2}|\d{4}) ` +
		`(\d\d:\d\d)(:\d\d)? ([+-]\d{4}|GMT|UT|EST|EDT|CST|CDT|MST|MDT|PST|PDT|Z)$`)
)

// wrongAddress says what is wrong with an absolute http or https URI, nothing if it is right.
func wrongAddress(s string) string {
	u, err := url.Parse(s)
	switch {
	case s == "":
		return "is empty"
	case err != nil || !uriChars.MatchString(s):
		return "is not a URI (other characters are percent-encoded, names of hosts in punycode)"
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return "is not an absolute http or https address"
	}
	return ""
}

// absolute reports whether an address has a scheme.
func absolute(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	return ok && rest != "" && scheme != "" && !strings.ContainsAny(scheme, "/?#")
}

// canonical reports whether an IRI is in the form of RFC 4287 §4.2.6.1: scheme and host in lower case, no default
// port, no empty path after a host.
func canonical(s string) bool {
	scheme, rest, _ := strings.Cut(s, ":")
	if scheme != strings.ToLower(scheme) {
		return false
	}
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return true
	}
	host, _, slash := strings.Cut(rest, "/")
	return slash && host == strings.ToLower(host) &&
		!(scheme == "http" && strings.HasSuffix(host, ":80")) && !(scheme == "https" && strings.HasSuffix(host, ":443"))
}

func rfc3339(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil && rfc3339Form.MatchString(s)
}

// zones of RFC 822 are those that a number would say better.
var zones = map[string]string{
	"GMT": "+0000", "UT": "+0000", "Z": "+0000", "EST": "-0500", "EDT": "-0400", "CST": "-0600", "CDT": "-0500", "MST": "-0700", "MDT": "-0600",
	"PST": "-0800", "PDT": "-0700",
}

// date822 is a date of RFC 822 with what is to be said of it.
type date822 struct {
	at      time.Time
	ok      bool // it has the form, and there is such a day
	weekday bool // the day of the week is right, or not said
	year    bool // the year has four digits and can be one of a post
	zone    bool // a number, or GMT
}

func rfc822(s string) date822 {
	m := rfc822Form.FindStringSubmatch(s)
	if m == nil {
		return date822{}
	}
	zone, layout := m[6], "2 Jan 2006 15:04:05 -0700"
	r := date822{year: len(m[3]) == 4 && m[3] >= "1000", zone: zone == "GMT" || zones[zone] == "" && zone != "-0000"}
	if z := zones[zone]; z != "" {
		zone = z
	}
	if len(m[3]) == 2 {
		layout = "2 Jan 06 15:04:05 -0700"
	}
	seconds := m[5]
	if seconds == "" {
		seconds = ":00"
	}
	at, err := time.Parse(layout, m[2]+" "+m[3]+" "+m[4]+seconds+" "+zone)
	r.at, r.ok = at, err == nil
	r.weekday = m[1] == "" || at.Weekday().String()[:3] == m[1]
	return r
}

var daysOfWeek = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// short is a list for a message.
func short(list []string) string {
	list = slices.Clone(list)
	slices.Sort(list)
	if list = slices.Compact(list); len(list) > 5 {
		list = append(list[:5], "…")
	}
	return strings.Join(list, ", ")
}

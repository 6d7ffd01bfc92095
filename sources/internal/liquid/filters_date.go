package liquid

import (
	"fmt"
	"strings"
	"time"
)

var dateFilters = map[string]filterFunc{
	"date": {func(r *run, in any, a []any) any {
		format := r.text(arg(a, 0))
		if format == "" {
			return in
		}
		t, ok := r.time(in)
		if !ok {
			return in
		}
		s := strftime(t, format, r.limits.Bytes)
		r.grow(len(s))
		return s
	}, 0},
	"date_to_xmlschema":   shown(func(t time.Time, _ []any) string { return t.Format("2006-01-02T15:04:05-07:00") }),
	"date_to_rfc822":      shown(func(t time.Time, _ []any) string { return t.Format("Mon, 02 Jan 2006 15:04:05 -0700") }),
	"date_to_string":      shown(func(t time.Time, a []any) string { return day(t, "Jan", a) }),
	"date_to_long_string": shown(func(t time.Time, a []any) string { return day(t, "January", a) }),
}

// time is the moment a value stands for.
func (r *run) time(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, true
	case Date:
		return v.Time, true
	case int64:
		return time.Unix(v, 0).In(r.zone()), true
	case string:
		switch s := strings.ToLower(v); {
		case s == "":
			return time.Time{}, false
		case s == "now" || s == "today":
			return r.env.Now.In(r.zone()), !r.env.Now.IsZero()
		case strings.Trim(s, "0123456789") == "":
			return time.Unix(leadingInt(s), 0).In(r.zone()), true
		}
		if r.env.ParseTime != nil {
			return r.env.ParseTime(v)
		}
	}
	return time.Time{}, false
}

// shown makes a filter of a way to write a date in the local zone.
func shown(write func(t time.Time, args []any) string) filterFunc {
	return filterFunc{func(r *run, in any, args []any) any {
		if in == nil || in == "" {
			return in
		}
		t, ok := r.time(in)
		if !ok {
			return r.fail("%.60q is no date", r.text(in))
		}
		if d, ok := in.(Date); ok {
			t = time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, r.zone())
		}
		return write(t.In(r.zone()), args)
	}, 0}
}

// day writes a day with the month in the layout given.
func day(t time.Time, month string, args []any) string {
	if arg(args, 0) != "ordinal" {
		return t.Format("02 " + month + " 2006")
	}
	n := t.Day()
	suffix := "th"
	if n < 11 || n > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	if arg(args, 1) == "US" {
		return fmt.Sprintf("%s %d%s, %s", t.Format(month), n, suffix, t.Format("2006"))
	}
	return fmt.Sprintf("%d%s %s", n, suffix, t.Format(month+" 2006"))
}

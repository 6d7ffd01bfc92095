package rss

import (
	"testing"
	"time"

	"feedmill/feeds"
)

func TestDate(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 30, 5, 0, time.UTC)
	for _, tt := range []struct {
		in   time.Time
		want string
	}{
		{time.Time{}, ""},
		{at, "Mon, 02 Mar 2026 09:30:05 GMT"},
		{at.In(time.FixedZone("UTC", 0)), "Mon, 02 Mar 2026 09:30:05 GMT"},
		{at.In(time.FixedZone("WET", 0)), "Mon, 02 Mar 2026 09:30:05 GMT"},
		{at.In(time.FixedZone("CST", 8*3600)), "Mon, 02 Mar 2026 17:30:05 +0800"},
		{at.In(time.FixedZone("", -(3*3600 + 1800))), "Mon, 02 Mar 2026 06:00:05 -0330"},
		{time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), "Sun, 01 Mar 2026 00:00:00 GMT"},
	} {
		if got := date(tt.in); got != tt.want {
			t.Errorf("date(%v) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestAddress(t *testing.T) {
	for _, tt := range []struct {
		in   feeds.Person
		want string
	}{
		{feeds.Person{Name: "Jo"}, ""},
		{feeds.Person{Name: "Jo", Email: "jo@example.org"}, "jo@example.org (Jo)"},
		{feeds.Person{Name: "jo@example.org", Email: "jo@example.org"}, "jo@example.org"},
		{feeds.Person{Name: "Jo (CEO)", Email: "jo@example.org"}, ""},
	} {
		if got := address(tt.in); got != tt.want {
			t.Errorf("address(%+v) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

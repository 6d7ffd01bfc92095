package sources

import (
	"testing"
	"time"
)

func TestSkipNext(t *testing.T) {
	const layout = "Mon 2006-01-02 15:04"
	night := Skip{Hours: 1<<0 | 1<<1 | 1<<2}
	weekend := Skip{Days: 1<<time.Saturday | 1<<time.Sunday}
	for _, c := range []struct {
		name      string
		skip      Skip
		due, want string
	}{
		{"outside", night, "Mon 2026-11-23 12:10", "Mon 2026-11-23 12:10"},
		{"inside", night, "Mon 2026-11-23 00:30", "Mon 2026-11-23 03:00"},
		{"its last minute", night, "Mon 2026-11-23 02:59", "Mon 2026-11-23 03:00"},
		{"weekend", weekend, "Sat 2026-11-28 00:30", "Mon 2026-11-30 00:00"},
		{"night and weekend", Skip{Hours: night.Hours, Days: weekend.Days}, "Sat 2026-11-28 00:30", "Mon 2026-11-30 03:00"},
		{"always is not meant", Skip{Hours: 1<<24 - 1}, "Mon 2026-11-23 12:00", "Mon 2026-11-23 12:00"},
	} {
		due, err := time.Parse(layout, c.due)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.skip.Next(due).Format(layout); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

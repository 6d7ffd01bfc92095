package app

import (
	"testing"

	"feedmill/sources"
)

// TestReadingOf: only first fetches count, and those that have failed are not waited for.
func TestReadingOf(t *testing.T) {
	seen := func(n int) sources.Counts { return sources.Counts{Seen: n} }
	posts, waiting := readingOf([]sources.Status{
		{State: "fetching", Counts: seen(700)},
		{State: "starting"},
		{State: "waiting", Fetched: true, Counts: seen(5)},
		{State: "fetching", Fetched: true, Counts: seen(9)},
		{State: "failing", Counts: seen(3)},
		{State: "elsewhere"},
		{State: "waiting", Counts: seen(1)},
	})
	if posts != 701 || waiting != 3 {
		t.Errorf("%d posts, %d sources", posts, waiting)
	}
}

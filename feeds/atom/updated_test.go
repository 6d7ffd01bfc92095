package atom

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"feedmill/feeds"
)

var day = time.Date(2026, 2, 27, 0, 0, 0, 0, time.FixedZone("", 8*3600))

// posts are n items of one second, the first the latest to arrive.
func posts(n int) []feeds.Item {
	out := make([]feeds.Item, n)
	for i := range out {
		out[i] = feeds.Item{
			ID: fmt.Sprintf("tag:example.org,2026:%d", i), Title: "x", Published: day, Updated: day,
			Arrived: day.Add(time.Duration(n-i) * time.Minute),
		}
	}
	return out
}

var updated = regexp.MustCompile(`<updated>(.*)</updated>\s*<id>(.*)</id>`)

// dates maps the IDs of a document to their updated.
func dates(t *testing.T, items []feeds.Item) map[string]string {
	t.Helper()
	var b bytes.Buffer
	if err := Format.Encode(&b, &feeds.Feed{ID: "tag:example.org,2026:feed", Title: "x", Items: items}); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, m := range updated.FindAllStringSubmatch(b.String(), -1) {
		out[m[2]] = m[1]
	}
	if len(out) != len(items) {
		t.Fatalf("%d dates for %d items:\n%s", len(out), len(items), b.String())
	}
	return out
}

func TestUpdatedIsUnique(t *testing.T) {
	items := posts(1000)
	got := dates(t, items)
	seen := map[string]string{}
	for id, s := range got {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil || at.Before(day) || !at.Truncate(time.Second).Equal(day) {
			t.Errorf("%s has %q, want a time of second %v", id, s, day)
		}
		if other, ok := seen[s]; ok {
			t.Errorf("%s and %s have %s", id, other, s)
		}
		seen[s] = id
	}
	first := items[len(items)-1].ID
	if got[first] != "2026-02-27T00:00:00+08:00" {
		t.Errorf("the first to arrive has %s, want the plain second", got[first])
	}
}

func TestUpdatedDoesNotDependOnTheOthers(t *testing.T) {
	items := posts(20)
	want := dates(t, items)
	reversed := slices.Clone(items)
	slices.Reverse(reversed)
	for id, s := range dates(t, reversed) {
		if s != want[id] {
			t.Errorf("in another order %s has %s, before %s", id, s, want[id])
		}
	}
	// A new post of the same day arrives, and one in the middle is withdrawn.
	more := append([]feeds.Item{{ID: "tag:example.org,2026:new", Title: "x", Published: day, Updated: day, Arrived: day.Add(24 * time.Hour)}}, items...)
	more = slices.Delete(more, 5, 6)
	for id, s := range dates(t, more) {
		if want[id] != "" && s != want[id] {
			t.Errorf("beside other posts %s has %s, before %s", id, s, want[id])
		}
	}
}

func TestUpdatedStaysPlainWithoutTies(t *testing.T) {
	items := posts(3)
	for i := range items {
		items[i].Updated = day.Add(time.Duration(i) * time.Second)
	}
	for id, s := range dates(t, items) {
		if len(s) != len("2026-02-27T00:00:00+08:00") {
			t.Errorf("%s has %s, want whole seconds", id, s)
		}
	}
}

package atom

import (
	"cmp"
	"hash/fnv"
	"slices"
	"time"

	"feedmill/feeds/internal/document"
)

// layout is RFC 3339 with as much of a fraction as there is.
const layout = "2006-01-02T15:04:05.999999Z07:00"

// stamp is t, or the Unix epoch for a zero time: RFC 4287 wants a date in every feed and entry.
func stamp(t time.Time) time.Time {
	if t.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return t
}

// stamps are the dates for atom:updated, no two of them alike. Posts that only have a day often share one, and
// validators and readers that order by it warn of or shuffle such entries (the W3C validator's DuplicateUpdated). Of
// the entries of one second the one that arrived first keeps the second. Each other one gets microseconds made from its
// ID: so it says the same in each document in which it comes second, whatever stands beside it, and never leaves its
// second or gets before its published.
func stamps(d *document.Document) []time.Time {
	out := make([]time.Time, len(d.Entries))
	order := make([]int, len(d.Entries))
	for i := range d.Entries {
		out[i], order[i] = stamp(d.Entries[i].Updated), i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := &d.Entries[a], &d.Entries[b]
		return cmp.Or(x.Arrived.Compare(y.Arrived), cmp.Compare(x.ID, y.ID))
	})
	taken := make(map[int64]bool, len(order))
	for _, i := range order {
		if taken[out[i].UnixMicro()] {
			second := out[i]
			for n := fraction(d.Entries[i].ID); taken[out[i].UnixMicro()]; n++ {
				out[i] = second.Add(time.Duration(1+n%999_999) * time.Microsecond)
			}
		}
		taken[out[i].UnixMicro()] = true
	}
	return out
}

func fraction(id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return h.Sum64() % 999_999
}

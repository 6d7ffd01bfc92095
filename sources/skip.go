package sources

import "time"

// Skip are hours and days at which somebody does not want to be asked, in GMT (RSS 2.0, skipHours and skipDays).
type Skip struct {
	Hours uint32 `json:"hours,omitempty"` // bit n: hour n
	Days  uint8  `json:"days,omitempty"`  // bit n: time.Weekday n
}

// Next is t, or the first full hour behind it that is not skipped. A Skip that leaves no hour at all is not meant: then
// it is t.
func (s Skip) Next(t time.Time) time.Time {
	if !s.holds(t) {
		return t
	}
	n := t.UTC().Truncate(time.Hour)
	for range 8 * 24 {
		if n = n.Add(time.Hour); !s.holds(n) {
			return n
		}
	}
	return t
}

func (s Skip) holds(t time.Time) bool {
	t = t.UTC()
	return s.Hours>>t.Hour()&1 == 1 || s.Days>>t.Weekday()&1 == 1
}

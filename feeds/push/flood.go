package push

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

const (
	// What a source brings with less than floodGap between two items is one burst. A burst of more than floodLeast items, and of
	// more than floodTimes the median of the bursts before, is a flood.
	floodGap   = 5 * time.Second
	floodLeast = 20
	floodTimes = 5
	// A flood is sent when it has been over for floodRest, and at most floodMost after its beginning.
	floodRest = 10 * time.Second
	floodMost = 2 * time.Minute
	// floodPast is how many items of a source its usual bursts are told from.
	floodPast = 300
)

// flood is what a source brought at once.
type flood struct {
	items, usual int
	first, last  time.Time // when the oldest and the newest of it came
}

// floods marks the items of the list that came in a flood, and says until when to wait for the rest of it. It adds to those that
// are known, by source: of lists before, whose floods may go on in this one. What follows one that was sent at once is the rest of it.
func (s *stream) floods(ctx context.Context, now time.Time, known map[string]*flood) (hold time.Time, err error) {
	if len(s.list) <= floodLeast && len(known) == 0 && len(s.flooded) == 0 || s.spec.Kind.Data {
		return hold, nil
	}
	by := map[string][]int{}
	for i := range s.list {
		if e := &s.list[i]; !e.stale && e.edit == "" {
			by[e.source] = append(by[e.source], i)
		}
	}
	for source, places := range by {
		f := known[source]
		sent, rest := s.flooded[source]
		if f == nil && !rest && len(places) <= floodLeast {
			continue
		}
		usual := -1
		for from := 0; from < len(places); {
			to := from + 1
			for to < len(places) && s.list[places[to]].arrived.Sub(s.list[places[to-1]].arrived).Abs() < floodGap {
				to++
			}
			burst := places[from:to]
			from = to
			first, last := s.list[burst[0]].arrived, s.list[burst[len(burst)-1]].arrived
			if goesOn := f != nil && first.Sub(f.last).Abs() < floodGap || rest && first.Sub(sent).Abs() < floodGap; !goesOn {
				if len(burst) <= floodLeast {
					continue
				}
				if usual < 0 {
					if usual, err = s.usual(ctx, feeds.Topic{Group: s.list[burst[0]].group, Kind: "source", Name: feeds.Fold(source)}, first); err != nil {
						return hold, err
					}
				}
				if len(burst) <= floodTimes*usual {
					continue
				}
			}
			if f == nil {
				f = &flood{usual: usual, first: first}
				known[source] = f
			}
			f.items, f.last = f.items+len(burst), last
			for _, i := range burst {
				s.list[i].flood = true
			}
			until := earlier(last.Add(floodRest), first.Add(floodMost))
			if len(s.list) >= maxWindow {
				until = first.Add(floodMost) // where it ends cannot be seen yet
			}
			if until.After(hold) && until.After(now) {
				hold = until
			}
		}
	}
	return hold, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// usual is how many items a source brought at once before a time: the median of its bursts.
func (s *stream) usual(ctx context.Context, source feeds.Topic, before time.Time) (int, error) {
	var sizes []int
	var last time.Time
	pos := feeds.Pos{Second: before.Add(-floodGap).Unix()}
	for read := 0; read < floodPast; {
		page, err := s.c.store.Recent(ctx, source, feeds.ByArrival, pos, getPage)
		if errors.Is(err, cache.ErrUnavailable) {
			return 0, err
		}
		if err != nil {
			return 0, fmt.Errorf("read what %s brought before: %w", source, err)
		}
		for i := range page.Items {
			at := page.Items[i].Arrived
			if last.IsZero() || last.Sub(at).Abs() >= floodGap {
				sizes = append(sizes, 0)
			}
			sizes[len(sizes)-1]++
			last = at
		}
		read += len(page.Items)
		if pos = page.Next; pos.IsZero() || len(page.Items) == 0 {
			break
		}
	}
	if len(sizes) == 0 {
		return 0, nil
	}
	slices.Sort(sizes)
	return sizes[len(sizes)/2], nil
}

package push

import (
	"context"
	"maps"
	"slices"
	"time"
)

const (
	// defaultCatchUp is how far back a digest shows what piled up, where the target does not say: an outage of a day, or of two, is
	// caught up with whole.
	defaultCatchUp = 48 * time.Hour
	// showLeast is how many items a digest shows at least, the newest, however old they are.
	showLeast = 5
	// maxMore and maxMoreBytes bound how many items one digest counts without showing them.
	maxMore      = 20_000
	maxMoreBytes = 4 << 20
)

// one makes a message of the first entry of the list.
func (s *stream) one() *message {
	e := &s.list[0]
	m := &message{Edit: e.edit}
	m.add(part{ID: e.id, At: e.at, Edited: e.repost})
	return m
}

// gather makes a digest of what is in the list: as many items as one message can have, but of floods only the first, and of what
// waited for too long none. Those are counted, also where they go on behind what the list holds. It is nil where the log has to be
// looked at anew.
func (s *stream) gather(ctx context.Context, now time.Time, floods map[string]*flood) (*message, error) {
	d := draft{m: &message{Digest: true, Count: s.st.Counted, floods: floods}, shown: map[string]int{}}
	for {
		whole := len(s.list) < maxWindow
		if full := d.take(s.list); full || whole || len(d.m.More) >= maxMore || d.bytes >= maxMoreBytes {
			break
		}
		s.list = s.list[:0]
		cursor := s.st.Cursor
		if err := s.fill(ctx); err != nil || s.st.Cursor != cursor {
			return nil, err
		}
		s.markStale(now)
		if _, err := s.floods(ctx, now, floods); err != nil {
			return nil, err
		}
	}
	d.showNewest()
	d.m.Digest = len(d.m.Items)+len(d.m.More)+d.m.Count > 1
	return d.m, nil
}

// markStale marks what waited for longer than the target wants to catch up with, counted from when it was to be sent.
func (s *stream) markStale(now time.Time) {
	most := s.spec.CatchUp
	if most <= 0 {
		most = defaultCatchUp
	}
	if s.spec.Kind.Data {
		return
	}
	for i := range s.list {
		e := &s.list[i]
		since := e.arrived
		if now.Sub(since) > most && s.spec.Digest.on() {
			since = s.spec.Digest.due(since, s.spec.Name, s.spec.zone())
		}
		e.stale = now.Sub(since) > most
	}
}

// draft is a digest that is being made.
type draft struct {
	m     *message
	shown map[string]int // items of a flood, by source
	place int
	size  int // of what is shown, in the note
	bytes int // of what is counted
}

// take takes entries of the list into the digest, and says whether it ends before the last of them.
func (d *draft) take(list []entry) (full bool) {
	for i := range list {
		e := &list[i]
		p := part{ID: e.id, At: e.at, Edited: e.repost, Place: d.place, Flood: e.flood}
		switch {
		case e.edit != "": // it changes a message of its own, at its turn
			return true
		case e.stale, e.flood && d.shown[e.source] >= maxFlood:
			d.m.More, d.m.To = append(d.m.More, p), e.at
			d.bytes += partSize(p.ID, p.At)
		case len(d.m.Items) == maxItems:
			return true
		default:
			if d.size += partSize(p.ID, p.At); d.size > maxParts && len(d.m.Items) > 0 {
				return true
			}
			d.m.add(p)
			if e.flood {
				d.shown[e.source]++
			}
		}
		d.place++
	}
	return false
}

// showNewest shows the newest items of those that are only counted, where hardly anything else is shown.
func (d *draft) showNewest() {
	m := d.m
	n := min(showLeast-len(m.Items), len(m.More))
	if n <= 0 {
		return
	}
	for _, p := range m.More[len(m.More)-n:] {
		p.Flood = true // what of it does not fit is counted again
		m.Items = append(m.Items, p)
	}
	m.More = m.More[: len(m.More)-n : len(m.More)-n]
	slices.SortStableFunc(m.Items, func(a, b part) int { return a.Place - b.Place })
}

// settleCounted writes into the log which items a message stands for without showing them. From then on they are a number.
func (s *stream) settleCounted(m *message) {
	for chunk := range slices.Chunk(ids(m.More), recordItems) {
		rec := record{Time: time.Now(), Outcome: counted, Message: m.ID, Reason: "a digest counts it without showing it", Items: chunk}
		s.records = append(s.records, rec)
		s.sent.add(&rec)
	}
	m.Count += len(m.More)
	for _, p := range m.More {
		delete(s.in, p.ID)
	}
	m.More = nil
}

// handOn lets the next digest count what a message counted that is not sent.
func (s *stream) handOn(m *message) {
	s.settleCounted(m)
	s.st.Counted += m.Count
	m.Count = 0
}

// warn says, once it is on its way, that a digest stands for a flood or for what waited for long.
func (s *stream) warn(m *message) {
	if m.Count == 0 && !slices.ContainsFunc(m.Items, func(p part) bool { return p.Flood }) {
		return
	}
	maps.DeleteFunc(s.flooded, func(_ string, last time.Time) bool { return m.Tried.Sub(last) > time.Hour })
	for _, source := range slices.Sorted(maps.Keys(m.floods)) {
		f := m.floods[source]
		if told := s.flooded[source]; f.first.Sub(told) >= floodGap { // else it is the rest of the one before
			s.c.log.Warn("a source brings many items at once; the target gets one digest of them", "target", s.spec.Name, "source", source, "items", f.items, "usual", f.usual)
		}
		s.flooded[source] = f.last
	}
	if len(m.floods) == 0 {
		s.c.log.Warn("much waited for a target for long: a digest shows the newest and counts the rest; `feedmill push replay` sends what is stored", "target", s.spec.Name, "counted", m.Count)
	}
}

package redis

import (
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// decision is what a statement makes of a ledger entry.
type decision struct {
	kind    feeds.Kind
	next    entry
	item    feeds.Item
	encoded []byte
}

// decide says what the statement c does to an item that stood at old (nil for a new key, which starts as begin).
// It fills the dates in as [cache.Items] says. Where the item is in topics is not its business.
func decide(old *entry, begin entry, c *feeds.Change, now int64) decision {
	d := decision{item: *c.Item, next: begin}
	if old != nil {
		d.next = *old
	}
	it, next := &d.item, &d.next
	if it.Published.IsZero() {
		it.Published = second(next.first)
	}
	next.published = it.Published.Unix()
	hold := c.Hold && next.published > now
	if old == nil || !old.shown && !hold {
		next.arrived = arrival(next.baseline, next.published, now)
	}
	if it.Updated.IsZero() {
		switch {
		case old == nil:
			it.Updated = it.Published
		case old.raw != c.Raw && !c.Silent:
			it.Updated = second(now)
		default:
			it.Updated = old.updated
		}
	}
	if it.Updated.Before(it.Published) {
		it.Updated = it.Published
	}
	it.ID, it.Arrived = next.id, second(next.arrived)
	next.raw, next.updated = c.Raw, it.Updated
	d.encoded = cache.EncodeItem(it)
	next.print = cache.PrintItem(it, d.encoded)
	next.state, next.shown = live, true
	if hold {
		next.state, next.shown = held, old != nil && old.shown
	}
	d.kind = kindOf(old, next, c.Silent)
	return d
}

// kindOf names the step from old to next, which is live or held.
func kindOf(old, next *entry, silent bool) feeds.Kind {
	same := old != nil && old.state == next.state && old.raw == next.raw && old.print == next.print
	switch {
	case same:
		return feeds.Unchanged
	case next.state == held:
		return feeds.Held
	case old == nil || !old.shown:
		return firstKind(next)
	case old.state != live:
		return feeds.Restored
	case old.raw != next.raw && !silent:
		return feeds.Changed
	}
	return feeds.Reshaped
}

// firstKind is how an item enters its topics for the first time.
func firstKind(e *entry) feeds.Kind {
	if e.baseline {
		return feeds.Baseline
	}
	return feeds.New
}

// arrival is when an item that enters its topics now counts as arrived.
func arrival(baseline bool, published, now int64) int64 {
	if baseline {
		return min(published, now)
	}
	return now
}

func second(s int64) time.Time { return time.Unix(s, 0).UTC() }

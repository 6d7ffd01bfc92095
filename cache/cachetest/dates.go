package cachetest

import (
	"time"

	"feedmill/feeds"
)

var dateCases = []testCase{
	{
		name:    "dates/given",
		promise: "a date that the source states is kept to the instant and the offset",
		run: func(r *run) {
			published := time.Date(2001, 2, 3, 4, 5, 6, 789_000_000, time.FixedZone("", -5*3600-1800))
			updated := published.Add(90 * time.Minute).In(time.FixedZone("", 8*3600))
			c := post("a", at(published))
			c.Item.Updated = updated
			it := r.get(r.put1("s", c, feeds.Baseline).ID)
			for _, d := range []struct {
				name      string
				got, want time.Time
			}{{"Published", it.Published, published}, {"Updated", it.Updated, updated}} {
				_, got := d.got.Zone()
				_, want := d.want.Zone()
				if !d.got.Equal(d.want) || got != want {
					r.Errorf("%s: got %v, want %v", d.name, d.got, d.want)
				}
			}
		},
	},
	{
		name:    "dates/first-seen",
		promise: "Published, where the change has none, is the second in which the key was first seen, for ever",
		run: func(r *run) {
			before := r.now()
			id := r.put1("s", post("a", at(time.Time{})), feeds.Baseline).ID
			after := r.now()
			it := r.get(id)
			if s := it.Published.Unix(); s < before.Unix() || s > after.Unix() {
				r.Errorf("Published %v, want between %v and %v", it.Published, before, after)
			}
			if !it.Updated.Equal(it.Published) {
				r.Errorf("Updated %v, want Published %v", it.Updated, it.Published)
			}
			r.until(it.Published.Add(time.Second))
			r.put1("s", post("a", at(time.Time{}), raw(2)), feeds.Changed)
			if again := r.get(id); !again.Published.Equal(it.Published) || !again.Updated.After(it.Updated) {
				r.Errorf("after a change: published %v, updated %v; before %v, %v", again.Published, again.Updated, it.Published, it.Updated)
			}
		},
	},
	{
		name:    "dates/updated",
		promise: "Updated, where the change has none, is Published for a new key, the store's second for other Raw, else what it was",
		run: func(r *run) {
			id := r.put1("s", post("a"), feeds.Baseline).ID
			if it := r.get(id); !it.Updated.Equal(day0) {
				r.Errorf("new: Updated %v, want %v", it.Updated, day0)
			}
			r.put1("s", post("a", title("reshaped")), feeds.Reshaped)
			if it := r.get(id); !it.Updated.Equal(day0) {
				r.Errorf("reshaped: Updated %v, want %v", it.Updated, day0)
			}
			before := r.now()
			r.put1("s", post("a", raw(2)), feeds.Changed)
			after := r.now()
			changed := r.get(id).Updated
			if changed.Unix() < before.Unix() || changed.Unix() > after.Unix() {
				r.Errorf("changed: Updated %v, want between %v and %v", changed, before, after)
			}
			r.until(changed.Add(time.Second))
			r.put1("s", post("a", raw(2), title("reshaped again")), feeds.Reshaped)
			if it := r.get(id); !it.Updated.Equal(changed) {
				r.Errorf("reshaped after a change: Updated %v, want %v", it.Updated, changed)
			}
			r.put1("s", withdraw("a"), feeds.Withdrawn)
			r.put1("s", post("a", raw(2)), feeds.Restored)
			if it := r.get(id); !it.Updated.Equal(changed) {
				r.Errorf("restored with the same Raw: Updated %v, want %v", it.Updated, changed)
			}
		},
	},
	{
		name:    "dates/updated-early",
		promise: "Updated is never before Published",
		run: func(r *run) {
			c := post("a")
			c.Item.Updated = day0.Add(-time.Hour)
			id := r.put1("s", c, feeds.Baseline).ID
			if it := r.get(id); !it.Updated.Equal(day0) {
				r.Errorf("Updated %v, want %v", it.Updated, day0)
			}
			r.put1("s", post("a", raw(2), at(day0.AddDate(900, 0, 0))), feeds.Changed)
			if it := r.get(id); it.Updated.Before(it.Published) {
				r.Errorf("Updated %v before Published %v", it.Updated, it.Published)
			}
		},
	},
	{
		name:    "dates/arrived",
		promise: "Arrived of a Baseline item is its Published, or now where that is earlier; of a New one it is the store's second",
		run: func(r *run) {
			old := r.get(r.put1("s", post("old"), feeds.Baseline).ID)
			if !old.Arrived.Equal(day0) {
				r.Errorf("baseline: Arrived %v, want %v", old.Arrived, day0)
			}
			before := r.now()
			ahead := r.get(r.put1("s", post("ahead", at(before.Add(time.Hour))), feeds.Baseline).ID)
			if s := ahead.Arrived.Unix(); s < before.Unix() || s > r.now().Unix() {
				r.Errorf("baseline ahead of now: Arrived %v, now %v", ahead.Arrived, before)
			}
			r.live("s")
			before = r.now()
			fresh := r.get(r.put1("s", post("fresh"), feeds.New).ID)
			if s := fresh.Arrived.Unix(); s < before.Unix() || s > r.now().Unix() || fresh.Arrived.Nanosecond() != 0 {
				r.Errorf("new: Arrived %v, now %v", fresh.Arrived, before)
			}
			r.until(before.Add(time.Second))
			r.put1("s", post("fresh", raw(2)), feeds.Changed)
			r.put1("s", withdraw("fresh"), feeds.Withdrawn)
			r.put1("s", post("fresh", raw(3)), feeds.Restored)
			if it := r.get(fresh.ID); !it.Arrived.Equal(fresh.Arrived) {
				r.Errorf("Arrived moved from %v to %v", fresh.Arrived, it.Arrived)
			}
		},
	},
}

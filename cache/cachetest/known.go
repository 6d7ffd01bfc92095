package cachetest

import (
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

var knownCases = []testCase{
	{
		name:    "known/standing",
		promise: "Known and Find tell of every item, whatever has become of it, and nothing of what was never stated",
		run: func(r *run) {
			r.live("s")
			ahead := r.now().Add(time.Hour).Truncate(time.Second)
			acc := r.put("s", post("a", raw(7)), post("b"), post("c", hold, at(ahead)), post("d", wish("https://d.example/")))
			r.put1("s", withdraw("b"), feeds.Withdrawn)
			r.put1("t", post("a"), feeds.Baseline)
			got, err := r.s.Known(r.ctx, "s", "a", "never", "b", "c", "d")
			r.ok("Known", err)
			if len(got) != 5 {
				r.Fatalf("Known answered %d of 5 keys", len(got))
			}
			for i, want := range []feeds.Record{
				{Source: "s", Key: "a", ID: acc[0].ID, Standing: feeds.Live, Raw: 7},
				{},
				{Source: "s", Key: "b", ID: acc[1].ID, Standing: feeds.Gone, Raw: 1},
				{Source: "s", Key: "c", ID: acc[2].ID, Standing: feeds.Waiting, Raw: 1},
				{Source: "s", Key: "d", ID: "https://d.example/", Standing: feeds.Live, Raw: 1},
			} {
				have := got[i]
				it, seen, left := have.Item, have.FirstSeen, have.Withdrawn
				have.Item, have.FirstSeen, have.Withdrawn = nil, time.Time{}, time.Time{}
				if left.IsZero() != (want.Standing != feeds.Gone) {
					r.Errorf("Known %q: withdrawn %v", want.Key, left)
				}
				if have != want {
					r.Errorf("Known %d: got %+v, want %+v", i, have, want)
				}
				if want.Key == "" {
					continue
				}
				if it == nil || it.Title != "Post "+want.Key || it.ID != want.ID || it.Source != "s" {
					r.Errorf("Known %q: the item is %+v", want.Key, it)
				}
				if age := r.now().Sub(seen); age < 0 || age > time.Minute {
					r.Errorf("Known %q: first seen %v, it is %v", want.Key, seen, r.now())
				}
			}
			found, err := r.s.Find(r.ctx, acc[1].ID, "urn:never", acc[3].ID, acc[0].ID)
			r.ok("Find", err)
			for i, want := range []feeds.Record{got[2], {}, got[4], got[0]} {
				if found[i].Key != want.Key || found[i].Source != want.Source || found[i].Standing != want.Standing || found[i].ID != want.ID ||
					(found[i].Item == nil) != (want.Item == nil) {
					r.Errorf("Find %d: got %+v, want %+v", i, found[i], want)
				}
			}
			if none, err := r.s.Known(r.ctx, "nobody", "a"); err != nil || len(none) != 1 || none[0].Standing != "" {
				r.Errorf("Known of an unknown source: %+v, %v", none, err)
			}
		},
	},
	{
		name:    "known/withdrawn",
		promise: "while its body is kept it is known when an item was withdrawn, also after a rename of its source, and not of one that is back",
		run: func(r *run) {
			a := r.put1("s", post("a"), feeds.Baseline)
			r.put1("s", post("b"), feeds.Baseline)
			r.until(r.now().Add(time.Second))
			before := r.now().Truncate(time.Second)
			r.put1("s", withdraw("a"), feeds.Withdrawn)
			r.put1("s", withdraw("b"), feeds.Withdrawn)
			after := r.now()
			r.until(after.Add(time.Second))
			r.put1("s", withdraw("a"), feeds.Unchanged)
			r.put1("s", post("b"), feeds.Restored)
			look := func(source string) {
				r.Helper()
				known, err := r.s.Known(r.ctx, source, "a", "b")
				r.ok("Known", err)
				found, err := r.s.Find(r.ctx, a.ID)
				r.ok("Find", err)
				for _, rec := range []feeds.Record{known[0], found[0]} {
					if rec.Withdrawn.Before(before) || rec.Withdrawn.After(after) || rec.Withdrawn.Nanosecond() != 0 {
						r.Errorf("withdrawn %v, want from %v to %v", rec.Withdrawn, before, after)
					}
				}
				if !known[1].Withdrawn.IsZero() {
					r.Errorf("one that is back is withdrawn %v", known[1].Withdrawn)
				}
			}
			look("s")
			r.ok("Rename", r.s.Rename(r.ctx, r.lease("t"), "s", "t"))
			look("t")
		},
	},
	{
		name:    "known/moved",
		promise: "after a rename the item is known under its new key only",
		run: func(r *run) {
			a := r.put1("s", post("a"), feeds.Baseline)
			r.put("s", post("b", was("a")))
			got, err := r.s.Known(r.ctx, "s", "a", "b")
			r.ok("Known", err)
			if got[0].Standing != "" || got[1].ID != a.ID {
				r.Errorf("got %+v", got)
			}
			found, err := r.s.Find(r.ctx, a.ID)
			r.ok("Find", err)
			if found[0].Key != "b" {
				r.Errorf("Find: got key %q, want b", found[0].Key)
			}
		},
	},
	{
		name:    "known/retired",
		promise: "items of a retired source are known as such",
		run: func(r *run) {
			a := r.put1("s", post("a"), feeds.Baseline)
			r.ok("Retire", r.s.Retire(r.ctx, r.lease("s"), "s"))
			got, err := r.s.Find(r.ctx, a.ID)
			r.ok("Find", err)
			if got[0].Standing != feeds.Retired || got[0].Key != "a" {
				r.Errorf("got %+v", got[0])
			}
		},
	},
	{
		name:    "known/thrown-away",
		promise: "once its body was thrown away, an item is still known by key and ID",
		long:    true,
		run: func(r *run) {
			a := r.put1("s", post("a"), feeds.Baseline)
			r.put1("s", withdraw("a"), feeds.Withdrawn)
			r.pass(cache.KeepGone + 48*time.Hour)
			r.maintain()
			r.pass(48 * time.Hour)
			r.maintain()
			got, err := r.s.Known(r.ctx, "s", "a")
			r.ok("Known", err)
			if got[0].ID != a.ID || got[0].Standing != feeds.Gone || got[0].Item != nil {
				r.Errorf("Known: got %+v", got[0])
			}
			found, err := r.s.Find(r.ctx, a.ID)
			r.ok("Find", err)
			if found[0].ID != a.ID || found[0].Standing != feeds.Gone {
				r.Errorf("Find: got %+v", found[0])
			}
		},
	},
	{
		name:    "known/again",
		promise: "an item as Known returns it is Unchanged when it is put again, whatever dates the store filled in",
		run: func(r *run) {
			r.live("s")
			undated := func(c *feeds.Change) { c.Item.Published = time.Time{} }
			edited := func(c *feeds.Change) { c.Item.Updated = day0.Add(time.Hour) }
			r.put("s", post("a"), post("b", undated), post("c", edited), post("d", raw(2), edited), post("e", raw(1)))
			r.put("s", post("d", raw(3), title("other")), post("e", raw(2), title("other")))
			r.put("t", post("f", same("x")))
			r.put("s", post("g", same("x")))
			tail := r.tail()
			for _, key := range []string{"a", "b", "c", "d", "e", "g"} {
				k := r.known("s", key)
				c := feeds.Change{Key: key, Raw: k.Raw, Item: k.Item}
				if key == "g" {
					c.Address = "x"
				}
				r.put1("s", c, feeds.Unchanged)
			}
			if r.tail() != tail {
				r.Errorf("it moved something: %+v", r.log(tail))
			}
		},
	},
	{
		name:    "put/backlog",
		promise: "an item of the backlog is Baseline, also after the baseline; one that is known stays what it is",
		run: func(r *run) {
			r.live("s")
			backlog := func(c *feeds.Change) { c.Backlog = true }
			a := r.put1("s", post("a", backlog), feeds.Baseline)
			if it := r.get(a.ID); !it.Arrived.Equal(day0) {
				r.Errorf("Arrived %v, want %v", it.Arrived, day0)
			}
			r.put1("s", post("a"), feeds.Unchanged)
			r.put1("s", post("a", backlog, raw(2), title("other")), feeds.Changed)
			r.put1("s", post("b"), feeds.New)
			r.put1("s", post("b", backlog), feeds.Unchanged)
			known, err := r.s.Known(r.ctx, "s", "a", "b")
			r.ok("Known", err)
			if !known[0].Baseline || known[1].Baseline {
				r.Errorf("got %+v", known)
			}
		},
	},
	{
		name:    "put/silent",
		promise: "a silent change of Raw is Reshaped and leaves Updated; the Raw it brings is the one that counts",
		run: func(r *run) {
			r.live("s")
			silent := func(c *feeds.Change) { c.Silent = true }
			a := r.put1("s", post("a", silent), feeds.New)
			was := r.get(a.ID)
			moved := post("b", silent, raw(2), title("moved"))
			moved.Formerly = "a"
			if got := r.put1("s", moved, feeds.Reshaped); got.ID != a.ID {
				r.Errorf("ID %q, want %q", got.ID, a.ID)
			}
			if it := r.get(a.ID); it.Title != "moved" || !it.Updated.Equal(was.Updated) || !it.Arrived.Equal(was.Arrived) {
				r.Errorf("was %+v, is %+v", was, it)
			}
			r.put1("s", post("b", silent, raw(3), title("moved")), feeds.Reshaped)
			r.put1("s", post("b", raw(3), title("moved")), feeds.Unchanged)
			r.put1("s", post("b", raw(2), title("moved")), feeds.Changed)
		},
	},
	{
		name:    "put/trace",
		promise: "the trace of an item moves nothing; what others have of it is not for sources to say",
		run: func(r *run) {
			also := func(c *feeds.Change) { c.Item.Also = []feeds.Copy{{Source: "t", URL: "https://t.example/a"}} }
			trace := func(c *feeds.Change) { c.Item.Because("published", "the file name") }
			a := r.put1("s", post("a"), feeds.Baseline)
			r.put1("s", post("a", trace, also), feeds.Unchanged)
			r.put1("s", post("a", title("other"), trace, also), feeds.Reshaped)
			if it := r.get(a.ID); len(it.Also) != 0 || it.Trace != "published: the file name\n" {
				r.Errorf("stored: %+v", it)
			}
			if got := r.ids(feeds.NewTopic("source", "t"), feeds.ByPublished); len(got) != 0 {
				r.Errorf("the other source's topic holds %v", got)
			}
		},
	},
}

package cachetest

import (
	"fmt"
	"slices"
	"time"

	"feedmill/feeds"
)

// spread stores n items over few seconds, so that many are equal, and returns their IDs in the order stored.
func (r *run) spread(source string, n int) []string {
	r.Helper()
	var ids []string
	for i := 0; i < n; i += 10 {
		var changes []feeds.Change
		for j := i; j < min(i+10, n); j++ {
			changes = append(changes, post(fmt.Sprintf("k%03d", j), at(day0.Add(time.Duration(j*7%5)*time.Second)), in("X")))
		}
		for _, a := range r.put(source, changes...) {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

// walk pages through a topic and checks the order and the ends.
func (r *run) walk(topic feeds.Topic, order feeds.Order, size int) []string {
	r.Helper()
	var ids []string
	var pos feeds.Pos
	last := time.Unix(1<<40, 0)
	for {
		p, err := r.s.Recent(r.ctx, topic, order, pos, size)
		r.ok("Recent", err)
		if len(p.Items) > size {
			r.Fatalf("a page of %d items for a limit of %d", len(p.Items), size)
		}
		if len(p.At) != len(p.Items) {
			r.Fatalf("%d places for %d items", len(p.At), len(p.Items))
		}
		for i, it := range p.Items {
			at := it.Published
			if order == feeds.ByArrival {
				at = it.Arrived
			}
			if at.Unix() > last.Unix() {
				r.Errorf("order %d, size %d: %v after %v", order, size, at, last)
			}
			last = at
			ids = append(ids, it.ID)
			if p.At[i].Second != at.Unix() {
				r.Errorf("order %d: an item of second %d stands at %v", order, at.Unix(), p.At[i])
			}
		}
		if p.Next.IsZero() {
			return ids
		}
		if len(p.At) > 0 && p.Next != p.At[len(p.At)-1] {
			r.Errorf("order %d: the next page starts behind %v, the last item stands at %v", order, p.Next, p.At[len(p.At)-1])
		}
		if len(p.Items) == 0 {
			r.Fatal("an empty page that is not the last")
		}
		if p.Next.Second != last.Unix() {
			r.Errorf("Next.Second is %d, the last item's second %d", p.Next.Second, last.Unix())
		}
		pos = p.Next
	}
}

var readCases = []testCase{
	{
		name:    "read/paging",
		promise: "paging through items of equal seconds gives every item exactly once, the later stored first, and Next is zero when there is nothing more",
		run: func(r *run) {
			ids := r.spread("s", 42)
			r.live("s")
			var fresh []string
			for i := range 9 {
				fresh = append(fresh, r.put1("s", post(fmt.Sprint("new", i), in("X"), at(day0.Add(-time.Hour))), feeds.New).ID)
			}
			for _, order := range []feeds.Order{feeds.ByPublished, feeds.ByArrival} {
				whole := r.walk(category("x"), order, 1000)
				if len(whole) != len(ids)+len(fresh) {
					r.Fatalf("order %d: %d items, want %d", order, len(whole), len(ids)+len(fresh))
				}
				if order == feeds.ByArrival {
					want := slices.Clone(fresh)
					slices.Reverse(want)
					if !slices.Equal(whole[:len(want)], want) {
						r.Errorf("by arrival: new items are not the newest, the latest first")
					}
				}
				old := whole[len(fresh):]
				if order == feeds.ByPublished {
					old = whole[:len(ids)]
				}
				// The newest second holds the items whose number times 7 is 4 mod 5: 2, 7, 12 … 37.
				if want := []string{ids[37], ids[32], ids[27], ids[22], ids[17], ids[12], ids[7], ids[2]}; !slices.Equal(old[:8], want) {
					r.Errorf("order %d: equal seconds are not the later stored first", order)
				}
				for _, size := range []int{1, 2, 3, 7, len(whole) - 1, len(whole), len(whole) + 1} {
					if got := r.walk(category("x"), order, size); !slices.Equal(got, whole) {
						r.Errorf("order %d, pages of %d: %d items, or another order than in one page", order, size, len(got))
					}
				}
			}
		},
	},
	{
		name:    "read/rising",
		promise: "an order turned round has the same items at the same places, page by page from any of them",
		run: func(r *run) {
			r.spread("s", 42)
			r.live("s")
			for i := range 9 {
				r.put1("s", post(fmt.Sprint("new", i), in("X"), at(day0.Add(-time.Hour))), feeds.New)
			}
			for _, order := range []feeds.Order{feeds.ByPublished, feeds.ByArrival} {
				read := func(o feeds.Order, from feeds.Pos, limit int) feeds.Page {
					p, err := r.s.Recent(r.ctx, category("x"), o, from, limit)
					r.ok("Recent", err)
					return p
				}
				whole := read(order, feeds.Pos{}, 1000)
				for _, size := range []int{1, 7, 50, 51, 60} {
					var got []feeds.Pos
					for at, n := (feeds.Pos{}), 0; n < 60; n++ {
						p := read(order|feeds.Rising, at, size)
						if p.Version != whole.Version || len(p.Items) != len(p.At) || len(p.At) > size {
							r.Fatalf("order %d: %d items at %d places for a limit of %d, version %v", order, len(p.Items), len(p.At), size, p.Version)
						}
						for i := range p.Items {
							if at := len(whole.At) - 1 - len(got) - i; at < 0 || p.Items[i].ID != whole.Items[at].ID {
								r.Fatalf("order %d, pages of %d: item %d from the end is %s", order, size, len(got)+i, p.Items[i].ID)
							}
						}
						got = append(got, p.At...)
						if at = p.Next; at.IsZero() {
							break
						}
					}
					slices.Reverse(got)
					if !slices.Equal(got, whole.At) {
						r.Errorf("order %d, pages of %d: %d places, want %d", order, size, len(got), len(whole.At))
					}
				}
				for i, from := range whole.At {
					p := read(order|feeds.Rising, from, 3)
					want := slices.Clone(whole.At[max(0, i-3):i])
					slices.Reverse(want)
					if !slices.Equal(p.At, want) || p.Next.IsZero() != (i <= 3) {
						r.Errorf("order %d, behind place %d: %v, next %v, want %v", order, i, p.At, p.Next, want)
					}
				}
				// A place that no item has.
				if p := read(order|feeds.Rising, feeds.Pos{Second: whole.At[0].Second, Seq: 1 << 62}, 3); len(p.At) != 0 {
					r.Errorf("order %d: newer than the newest: %v", order, p.At)
				}
				if p := read(order|feeds.Rising, feeds.Pos{Second: whole.At[50].Second - 1, Seq: 1 << 62}, 1); len(p.At) != 1 || p.At[0] != whole.At[50] {
					r.Errorf("order %d: newer than what is older than the oldest: %v", order, p.At)
				}
			}
		},
	},
	{
		name:    "read/pos",
		promise: "reading continues behind any Pos, also one that no item has",
		run: func(r *run) {
			for i := range 5 {
				r.put("s", post(fmt.Sprint("k", i), at(day0.Add(time.Duration(2*i)*time.Second))))
			}
			for _, order := range []feeds.Order{feeds.ByPublished, feeds.ByArrival} {
				for back, want := range map[int]int{20: 5, 9: 5, 7: 4, 1: 1, -1: 0} {
					p, err := r.s.Recent(r.ctx, feeds.All, order, feeds.Pos{Second: day0.Unix() + int64(back)}, 10)
					r.ok("Recent", err)
					if len(p.Items) != want || !p.Next.IsZero() {
						r.Errorf("order %d, behind second %d: %d items, want %d", order, back, len(p.Items), want)
					}
				}
			}
		},
	},
	{
		name:    "read/orders",
		promise: "a Changed item whose Published moved moves in the order ByPublished, never in the order ByArrival",
		run: func(r *run) {
			r.live("s")
			var id []string
			for i := range 3 {
				id = append(id, r.put1("s", post(fmt.Sprint("k", i), at(day0.Add(time.Duration(i)*time.Hour))), feeds.New).ID)
			}
			arrival := r.ids(feeds.All, feeds.ByArrival)
			if got, want := r.ids(feeds.All, feeds.ByPublished), []string{id[2], id[1], id[0]}; !slices.Equal(got, want) {
				r.Errorf("by published %v, want %v", got, want)
			}
			r.put1("s", post("k0", at(day0.Add(10*time.Hour)), raw(2)), feeds.Changed)
			if got, want := r.ids(feeds.All, feeds.ByPublished), []string{id[0], id[2], id[1]}; !slices.Equal(got, want) {
				r.Errorf("by published after the change %v, want %v", got, want)
			}
			if got := r.ids(feeds.All, feeds.ByArrival); !slices.Equal(got, arrival) {
				r.Errorf("by arrival %v, was %v", got, arrival)
			}
		},
	},
	{
		name:    "read/whole",
		promise: "what was stored is what is read, every field of it",
		run: func(r *run) {
			c := post("a", in("Politik", "c++"))
			c.Item.Original = "https://elsewhere.example/?q=a&b=c"
			c.Item.Authors = []feeds.Person{{Name: "Ann"}, {Email: "b@example.org", URL: "https://b.example"}}
			c.Item.Tags = []string{"金融", "c#"}
			c.Item.Language = "zh-CN"
			c.Item.Image = "https://posts.example/a.png"
			c.Item.Enclosures = []feeds.Enclosure{{URL: "https://posts.example/a.mp3", Type: "audio/mpeg", Title: "t", Length: 5_000_000_000, Duration: 90 * time.Second}}
			c.Item.Origin = &feeds.Origin{ID: "o", Title: "Origin", URL: "https://o.example/feed", Home: "https://o.example"}
			want := *c.Item
			a := r.put1("s", c, feeds.Baseline)
			want.ID, want.Source, want.Updated, want.Arrived = a.ID, "s", want.Published, want.Published
			sameItem(r.T, r.get(a.ID), want)
			sameItem(r.T, r.page(feeds.NewTopic("author", "b@example.org"), feeds.ByArrival).Items[0], want)
		},
	},
	{
		name:    "read/unknown",
		promise: "an unknown topic is an empty page with a zero Version",
		run: func(r *run) {
			r.put("s", post("a"))
			p := r.page(category("nobody"), feeds.ByPublished)
			if len(p.Items) != 0 || p.Version != (feeds.Version{}) || !p.Next.IsZero() {
				r.Errorf("page %+v", p)
			}
			if v := r.version(category("nobody")); v != (feeds.Version{}) {
				r.Errorf("version %+v", v)
			}
		},
	},
	{
		name:    "read/early",
		promise: "dates before 1970 and far in the future are ordered like any other",
		run: func(r *run) {
			dates := []time.Time{
				time.Date(1890, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC),
				time.Unix(0, 0).UTC(), time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9998, 1, 1, 0, 0, 0, 0, time.UTC),
			}
			var want []string
			for i, d := range dates {
				want = append(want, r.put1("s", post(fmt.Sprint(i), at(d)), feeds.Baseline).ID)
			}
			slices.Reverse(want)
			for _, size := range []int{1, 2, 9} {
				if got := r.walk(feeds.All, feeds.ByPublished, size); !slices.Equal(got, want) {
					r.Errorf("pages of %d: %v, want %v", size, got, want)
				}
			}
			if ti, _ := r.info(feeds.All); ti.Newest.Unix() != dates[4].Unix() {
				r.Errorf("newest %v", ti.Newest)
			}
		},
	},
}

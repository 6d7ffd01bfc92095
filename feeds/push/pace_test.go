package push_test

import (
	"slices"
	"testing"
	"time"

	"feedmill/feeds"
	"feedmill/feeds/push"
)

// TestDigest: what has piled up comes together, packed to the limits of the platform, nothing left out.
func TestDigest(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t", most: 35}
		w.start(to.spec(func(s *push.Spec) {
			s.Kind.Data = true
			s.Language = "zh"
			s.Target = to
		}))
		ids := w.news("a", 5)
		w.pass(0)
		same(t, "requests for five", len(to.got()), 5)
		ids = append(ids, w.news("a", 6)...)
		w.pass(0)
		same(t, "requests for six more", len(to.got()), 6)
		same(t, "heading", to.got()[5].Heading, "6 篇新文章")

		ids = append(ids, w.news("a", 1000)...)
		w.pass(0)
		same(t, "requests for 1,000 more", len(to.got())-6, 29)
		same(t, "items", to.items(), ids)

		// Few items that waited for long.
		w.kill()
		ids = append(ids, w.news("a", 2)...)
		w.pass(3 * time.Minute)
		w.start()
		w.pass(0)
		same(t, "requests for two old ones", len(to.got())-35, 1)
		same(t, "items", to.items(), ids)
	})
}

func TestDigestTimes(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		every, at := &script{name: "every"}, &script{name: "at"}
		shanghai := zone(t, "Asia/Shanghai")
		w.start(
			every.spec(func(s *push.Spec) { s.Digest.Every = 15 * time.Minute }),
			at.spec(func(s *push.Spec) { s.Digest.At, s.Zone = []time.Duration{9 * time.Hour, 18 * time.Hour}, shanghai }),
		)
		var ids []string
		for range 72 { // three days, an item an hour
			ids = append(ids, w.news("a", 1)...)
			w.pass(time.Hour)
		}
		w.pass(12 * time.Hour)
		same(t, "items of every", every.items(), ids)
		same(t, "items of at", at.items(), ids)
		same(t, "requests of every", len(every.got()), 72)
		if n := len(at.got()); n != 7 {
			t.Errorf("%d digests at nine and eighteen, want 7", n)
		}
		for _, r := range at.got() {
			clock := r.At.In(shanghai)
			if h, m := clock.Hour(), clock.Minute(); h != 9 && h != 18 || m > 4 || m == 0 && clock.Second() < 5 {
				t.Errorf("a digest at %s", clock)
			}
		}
	})
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Skip("this system has no time zones")
	}
	return z
}

func TestQuiet(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t"}
		w.start(to.spec(func(s *push.Spec) { s.Quiet = push.Quiet{From: 22 * time.Hour, To: 7*time.Hour + 30*time.Minute} }))
		w.pass(21 * time.Hour) // the bubble begins at midnight
		n := len(w.news("a", 1))
		w.pass(time.Hour + time.Minute)
		same(t, "requests before 22:00", len(to.got()), n)
		ids := w.news("a", 3)
		w.pass(9 * time.Hour)
		same(t, "requests at 07:01", len(to.got()), n)
		same(t, "state", w.courier.Status()[0].State, push.Waiting)
		w.pass(35 * time.Minute)
		same(t, "requests afterwards", len(to.got()), n+1)
		same(t, "together", to.got()[n].Items, ids)
		if at := to.got()[n].At; at.Hour() != 7 || at.Minute() < 30 || at.Minute() > 34 {
			t.Errorf("at %s", at)
		}
	})
}

// TestFlood: a source that brings far more than usual makes one digest, which counts what it does not show.
func TestFlood(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a", "b")
		to, data := &script{name: "t", most: 30}, &script{name: "data", most: 100}
		w.start(to.spec(func(s *push.Spec) { s.Page = func(t feeds.Topic) string { return "https://example.org" + t.Path() } }),
			data.spec(func(s *push.Spec) { s.Kind.Data = true }))
		var ids []string
		for range 20 { // usually one at a time
			ids = append(ids, w.news("a", 1)...)
			w.pass(time.Hour)
		}
		for range 4 {
			ids = append(ids, w.news("a", 250)...)
			w.pass(2 * time.Second)
		}
		ids = append(ids, w.news("b", 1)...)
		w.pass(time.Minute)
		got := to.got()[20:]
		if len(got) != 1 || len(got[0].Items) != 30 || got[0].More != 971 || got[0].Items[29] != ids[len(ids)-1] {
			for _, r := range got {
				t.Logf("%d items and %d more at %s", len(r.Items), r.More, r.At)
			}
			w.Fatalf("%d messages, want one for the flood, with the item of another source", len(got))
		}
		same(t, "heading", got[0].Heading, "1001 new posts")
		same(t, "warnings", w.logs.with("many items at once"), 1)
		same(t, "what programs get", data.items(), ids)

		// What the digest only counted says so, and by which message.
		d, err := w.courier.Deliveries(w.Context(), "t", "a-0900", 10)
		if err != nil || len(d) != 1 || d[0].Outcome != "counted" || d[0].Message != got[0].ID {
			t.Errorf("deliveries of one that was only counted: %+v, %v", d, err)
		}

		// A source that always brings many is not a flood.
		before := len(to.got())
		for range 5 {
			w.news("c", 0)
			w.baseline("c")
			w.news("c", 40)
			w.pass(time.Hour)
		}
		same(t, "warnings, of a source that was new and brings forty each hour", w.logs.with("source=c"), 1)
		last := to.got()[before:]
		same(t, "more", last[len(last)-1].More, 0)
	})
}

// TestAfterQuiet: what comes right behind the quiet hours waits with what came in them: each target has its own place in the
// minutes behind them, so that they do not all ask the platform at the full hour.
func TestAfterQuiet(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		one, two := &script{name: "one"}, &script{name: "two"}
		night := func(s *push.Spec) { s.Quiet = push.Quiet{From: 22 * time.Hour, To: 7 * time.Hour} }
		w.start(one.spec(night), two.spec(night))
		w.pass(time.Until(time.Now().Truncate(24 * time.Hour).Add(31*time.Hour - time.Second)))
		ids := w.news("a", 1)
		w.pass(2 * time.Second)
		ids = append(ids, w.news("a", 1)...)
		w.pass(10 * time.Minute)
		for _, s := range []*script{one, two} {
			same(t, s.name, s.items(), ids)
			for _, r := range s.got() {
				clock := r.At.Sub(r.At.Truncate(24 * time.Hour))
				if clock < 7*time.Hour+5*time.Second || clock > 7*time.Hour+5*time.Minute || !r.At.Equal(s.got()[0].At) {
					t.Errorf("%s: a request at %s", s.name, r.At)
				}
			}
		}
		if one.got()[0].At.Equal(two.got()[0].At) {
			t.Errorf("both at %s", one.got()[0].At)
		}
	})
}

// TestQuietHours holds the rule against the clock, minute by minute, over the changes of a clock.
func TestQuietHours(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for _, q := range []push.Quiet{
		{From: 22 * time.Hour, To: 7 * time.Hour},
		{From: 2*time.Hour + 30*time.Minute, To: 2*time.Hour + 45*time.Minute},
		{From: time.Hour, To: 2*time.Hour + 30*time.Minute}, // ends in the hour that is left out
		{From: 0, To: 24*time.Hour - time.Minute},
		{},
	} {
		for _, day := range []time.Time{time.Date(2026, 3, 28, 12, 0, 0, 0, berlin), time.Date(2026, 10, 24, 12, 0, 0, 0, berlin)} {
			for m := range 48 * 60 {
				at := day.Add(time.Duration(m) * time.Minute)
				clock := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
				quiet := q.From < q.To && clock >= q.From && clock < q.To || q.From > q.To && (clock >= q.From || clock < q.To)
				end := push.QuietEnd(q, at)
				if quiet == end.IsZero() || quiet && (!end.After(at) || !push.QuietEnd(q, end).IsZero() || push.QuietEnd(q, end.Add(-time.Minute)).IsZero()) {
					t.Fatalf("%v at %s: ends %s", q, at, end)
				}
			}
		}
	}
}

// TestDue: every moment has a digest behind it, never later than the configuration says, and a day has as many as it lists.
func TestDue(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for _, d := range []push.Digest{
		{Every: 15 * time.Minute},
		{At: []time.Duration{9 * time.Hour}},
		{At: []time.Duration{2*time.Hour + 30*time.Minute, 18 * time.Hour}},
	} {
		for _, day := range []time.Time{time.Date(2026, 3, 27, 0, 0, 0, 0, berlin), time.Date(2026, 10, 23, 0, 0, 0, 0, berlin)} {
			var times []time.Time
			for m := range 4 * 24 * 60 {
				at := day.Add(time.Duration(m) * time.Minute)
				due := push.Due(d, at, "name", berlin)
				if !due.After(at) || d.Every > 0 && due.Sub(at) > d.Every || due.Sub(at) > 26*time.Hour {
					t.Fatalf("%v: what came at %s is due at %s", d, at, due)
				}
				if !slices.Contains(times, due) {
					times = append(times, due)
				}
			}
			if n := len(times); len(d.At) > 0 && n != 4*len(d.At) && n != 4*len(d.At)+1 {
				t.Errorf("%v: %d digests in four days from %s: %v", d, n, day, times)
			}
		}
	}
	if a, b := push.Due(push.Digest{At: []time.Duration{9 * time.Hour}}, time.Unix(0, 0), "a", time.UTC), push.Due(push.Digest{At: []time.Duration{9 * time.Hour}}, time.Unix(0, 0), "b", time.UTC); a.Equal(b) {
		t.Errorf("two targets are due in the same millisecond, %s", a)
	}
}

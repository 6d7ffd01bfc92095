package push_test

import (
	"slices"
	"testing"
	"time"

	"feedmill/feeds"
	"feedmill/feeds/push"
)

// counted are the items that digests of a target only counted, as its log has them.
func (w *world) counted(target string) (out []string) {
	w.Helper()
	d, err := w.courier.Deliveries(w.Context(), target, "", 100_000)
	if err != nil {
		w.Fatal(err)
	}
	for _, d := range d {
		if d.Outcome == "counted" {
			out = append(out, d.Item)
		}
	}
	return out
}

// accounted holds that every item is shown once, or counted once, and that the numbers in messages are those of the log.
func (w *world) accounted(s *script, ids []string) {
	w.Helper()
	counted := w.counted(s.name)
	all := append(s.items(), counted...)
	slices.Sort(all)
	if want := slices.Sorted(slices.Values(ids)); !slices.Equal(all, want) {
		w.Errorf("%s: %d items are shown or counted, want %d, each once", s.name, len(all), len(want))
	}
	said := 0
	for _, r := range s.got() {
		if r.failed == nil {
			said += r.More
		}
	}
	same(w, s.name+": items that messages count", said, len(counted))
}

// TestCatchUp: a target that was gone for weeks gets one digest: what came last, and how much more there was.
func TestCatchUp(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		page := func(s *push.Spec) { s.Page = func(t feeds.Topic) string { return "https://example.org" + t.Path() } }
		dead := true
		to := &script{name: "t", answer: func(int, request) (push.Receipt, error) {
			if dead {
				return "", fails(push.Dead, "gone")
			}
			return "", nil
		}}
		small, long, data, idle := &script{name: "small", most: 8}, &script{name: "long"}, &script{name: "data"}, &script{name: "idle"}
		small.answer, long.answer, data.answer, idle.answer = to.answer, to.answer, to.answer, to.answer
		w.start(to.spec(page), small.spec(page), long.spec(func(s *push.Spec) { s.CatchUp = 4 * 24 * time.Hour }),
			data.spec(func(s *push.Spec) { s.Kind.Data = true }), idle.spec(func(s *push.Spec) { s.Topics = []feeds.Topic{feeds.NewTopic("tag", "early")} }))
		var ids, early []string
		for day := range 21 {
			for range 4 {
				if day < 10 {
					early = append(early, w.news("a", 10, func(c *feeds.Change) { c.Item.Tags = []string{"early"} })...)
					ids = append(ids, early[len(early)-10:]...)
				} else {
					ids = append(ids, w.news("a", 10)...)
				}
				w.pass(time.Minute)
				if day > 0 { // nothing happens then but that time goes by
					w.kill()
				}
				w.pass(6*time.Hour - time.Minute)
				if day > 0 {
					w.start()
				}
			}
		}
		dead = false
		for _, s := range w.specs {
			if err := w.courier.Resume(w.Context(), s.Name); err != nil {
				w.Fatal(err)
			}
		}
		w.pass(time.Hour)
		last := func(s *script) []request {
			return slices.DeleteFunc(s.got(), func(r request) bool { return r.failed != nil })
		}
		got := last(to)
		if len(got) != 1 || got[0].Heading != "840 new posts" || got[0].More != 760 || !slices.Equal(got[0].Items, ids[760:]) {
			t.Errorf("%d messages, the first has %d items and %d more: %q", len(got), len(got[0].Items), got[0].More, got[0].Heading)
		}
		if got := last(small); len(got) != 10 || got[0].More != 760 || got[0].Items[0] != ids[760] || got[1].More != 0 {
			t.Errorf("small: %d messages, the first has %d items and %d more", len(got), len(got[0].Items), got[0].More)
		}
		same(t, "items shown to who wants more", long.items(), ids[840-160:])
		same(t, "items shown to programs", data.items(), ids)
		if got := last(idle); len(got) != 1 || got[0].More != len(early)-5 || !slices.Equal(got[0].Items, early[len(early)-5:]) {
			t.Errorf("of what is old all together: %+v", got)
		}
		w.accounted(to, ids)
		w.accounted(small, ids)
		w.accounted(long, ids)
		w.accounted(idle, early)
		same(t, "warnings", w.logs.with("waited for a target for long"), 4)

		// What comes afterwards comes as ever.
		ids = append(ids, w.news("a", 2)...)
		w.pass(time.Minute)
		same(t, "messages", len(last(to)), 3)
		w.accounted(to, ids)
	})
}

// TestBigFlood: a flood of more than what a courier looks ahead is one digest, with what others bring meanwhile in it.
func TestBigFlood(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a", "b")
		to, small := &script{name: "t"}, &script{name: "small", most: 3}
		w.start(to.spec(), small.spec())
		var ids []string
		for range 7 {
			ids = append(ids, w.news("a", 1000)...)
			w.pass(2 * time.Second)
			ids = append(ids, w.news("b", 1)...)
			w.pass(2 * time.Second)
		}
		w.pass(10 * time.Minute)
		same(t, "requests", len(to.got()), 1)
		same(t, "shown", len(to.items()), 57)
		same(t, "warnings", w.logs.with("one digest of them target=t "), 1)
		same(t, "warnings of its size", w.logs.with("target=t source=a items=7000"), 1)
		w.accounted(to, ids)
		w.accounted(small, ids) // its messages end before what was looked at

		// One that arrives after it is no part of it, and nothing is told again after a restart.
		w.kill()
		w.start()
		ids = append(ids, w.news("a", 1)...)
		w.pass(time.Minute)
		same(t, "requests", len(to.got()), 2)
		w.accounted(to, ids)
	})
}

// TestFloodGivesWay: where not all of a digest fits the items of others are shown rather than those of the flood, and it is warned of
// once however many messages that takes.
func TestFloodGivesWay(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a", "b")
		for range 12 {
			w.news("b", 8) // usually
			w.pass(time.Minute)
		}
		to := &script{name: "t", most: 10}
		w.start(to.spec())
		var ids, others []string
		for range 8 {
			ids = append(ids, w.news("a", 100)...)
			others = append(others, w.news("b", 3)...)
			ids = append(ids, others[len(others)-3:]...)
		}
		w.pass(10 * time.Minute)
		same(t, "requests", len(to.got()), 3)
		shown := slices.DeleteFunc(to.items(), func(id string) bool { return !slices.Contains(others, id) })
		same(t, "of others", shown, others)
		same(t, "warnings", w.logs.with("many items at once"), 1)
		w.accounted(to, ids)
	})
}

// TestLongFlood: a flood that does not end keeps nobody waiting for longer than two minutes.
func TestLongFlood(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t"}
		w.start(to.spec())
		begun := time.Now()
		ids := w.news("a", 100)
		for range 60 {
			w.pass(4 * time.Second)
			ids = append(ids, w.news("a", 2)...)
		}
		w.pass(10 * time.Minute)
		w.accounted(to, ids)
		if got := to.got(); !got[0].At.Equal(begun.Add(2*time.Minute)) || len(got) > 3 {
			t.Errorf("%d messages, the first after %s", len(got), got[0].At.Sub(begun))
		}
		same(t, "warnings", w.logs.with("many items at once"), 1)
		before := len(to.got())
		w.news("a", 2)
		w.pass(time.Second)
		same(t, "messages for what comes later", len(to.got())-before, 2)
	})
}

// TestParkedFlood: a target that is gone when the digest of a flood comes gets it when it is resumed, with its number.
func TestParkedFlood(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		dead := true
		to := &script{name: "t", answer: func(int, request) (push.Receipt, error) {
			if dead {
				return "", fails(push.Dead, "gone")
			}
			return "", nil
		}}
		w.start(to.spec())
		ids := w.news("a", 200)
		w.pass(time.Minute)
		dead = false
		if err := w.courier.Resume(w.Context(), "t"); err != nil {
			w.Fatal(err)
		}
		w.pass(time.Minute)
		w.accounted(to, ids)
	})
}

// TestRefusedFlood: where a digest is never taken its items are dead letters, and the next one says what it would have counted.
func TestRefusedFlood(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		refuse := true
		to := &script{name: "t"}
		to.answer = func(int, request) (push.Receipt, error) {
			if refuse {
				return "", fails(push.BadPayload, "no")
			}
			return "", nil
		}
		w.start(to.spec())
		ids := w.news("a", 300)
		w.pass(10 * time.Minute)
		letters, err := w.courier.Letters(w.Context(), "t")
		if err != nil || len(letters) == 0 {
			t.Fatalf("%d dead letters, %v", len(letters), err)
		}
		refuse = false
		w.kill()
		w.start()
		more := w.news("a", 1)
		w.pass(time.Minute)
		got := to.got()[len(to.got())-1]
		if got.More != len(ids)-len(letters) || !slices.Equal(got.Items, more) {
			t.Errorf("%d dead letters of %d items; the next message has %v and %d more", len(letters), len(ids), got.Items, got.More)
		}
		w.news("a", 1)
		w.pass(time.Minute)
		if got := to.got()[len(to.got())-1]; got.More != 0 {
			t.Errorf("the one behind it counts %d again", got.More)
		}
	})
}

package push_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/cache"
	"feedmill/feeds"
	"feedmill/feeds/push"
)

func assign(id string) cache.Assignment { return cache.Assignment{ID: id, Kind: feeds.New} }

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: (-want +got)\n%s", what, d)
	}
}

// TestFirst: a new target begins at now, what follows comes at once and in order, and what is no news does not come.
func TestFirst(t *testing.T) {
	inWorld(t, func(w *world) {
		w.news("a", 1000) // baseline
		w.baseline("a")
		w.news("a", 3) // before the target was there
		to := &script{name: "t"}
		w.start(to.spec())
		w.pass(time.Hour)
		same(t, "before anything is new", len(to.got()), 0)

		ids := w.news("a", 3)
		w.pass(0)
		same(t, "news", to.items(), ids)
		for i, r := range to.got() {
			same(t, "one each", r.Items, ids[i:i+1])
			same(t, "heading of one", r.Heading, "")
		}

		edit := change("a", "a-0001")
		edit.Item.Title = "Something else"
		w.state("a", edit)                                     // changed
		w.state("a", feeds.Change{Source: "a", Key: "a-0002"}) // withdrawn
		w.state("a", change("a", "a-0002"))                    // restored
		churn := change("a", "a-0003")
		churn.Item.Content, churn.Silent = "<p>other bytes</p>", true
		w.state("a", churn) // reshaped
		w.news("b", 50)     // the first import of another source
		w.pass(time.Hour)
		same(t, "after what is no news", to.items(), ids)

		w.kill()
		ids = append(ids, w.news("a", 2)...)
		w.start()
		w.pass(time.Second)
		same(t, "after a restart", to.items(), ids)
		if n := w.logs.with("WARN"); n > 0 {
			t.Errorf("warnings: %q", w.logs.lines)
		}
	})
}

func TestSendLast(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.news("a", 1000)
		w.baseline("a")
		to := &script{name: "t"}
		w.start(to.spec(func(s *push.Spec) { s.SendLast = 3 }))
		w.pass(time.Minute)
		got := to.items()
		slices.Sort(got) // those of one second have no order
		if len(got) != 3 || !slices.Contains(ids, got[0]) {
			w.Fatalf("got %v, want the three newest", got)
		}
		w.kill()
		w.start()
		w.pass(time.Hour)
		same(t, "requests after a restart", len(to.got()), 3)
	})
}

// TestTopics: a target sees its topics and what its expression says yes to, each item once.
func TestTopics(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a", "b", "secret")
		to := &script{name: "t"}
		other := &script{name: "secret"}
		w.start(
			to.spec(func(s *push.Spec) {
				s.Topics = []feeds.Topic{feeds.NewTopic("category", "a"), feeds.NewTopic("source", "a"), feeds.NewTopic("feed", "x")}
				s.Where = func(it *feeds.Item) (bool, error) {
					if it.Title == "Title of a-0002" {
						return false, fmt.Errorf("no")
					}
					return it.Title != "Title of a-0001", nil
				}
			}),
			other.spec(func(s *push.Spec) { s.Topics = []feeds.Topic{{Group: "desk", Kind: "all"}} }),
		)
		private := w.news("secret", 1, func(c *feeds.Change) { c.Item.Group = "desk" })
		w.news("a", 4)
		w.news("b", 2)
		w.pass(0)
		same(t, "items", to.items(), []string{"a-0003", "a-0004"})
		same(t, "of the group", other.items(), private)

		// A saved feed says later that it has an item, too.
		l, err := w.store.Acquire(w.Context(), "feeds", time.Hour)
		if err != nil {
			w.Fatal(err)
		}
		if err := w.store.Assign(w.Context(), l, feeds.Topic{Kind: "feed", Name: "x"}, assign("a-0003"), assign("b-0001")); err != nil {
			w.Fatal(err)
		}
		w.pass(0)
		same(t, "items", to.items(), []string{"a-0003", "a-0004", "b-0001"})
	})
}

// TestTwoEntries: an item that the log names twice while it waits, since a saved feed has it, too, is sent once.
func TestTwoEntries(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		to := &script{name: "t"}
		saved := feeds.Topic{Kind: "feed", Name: "x"}
		w.start(to.spec(func(s *push.Spec) { s.Topics, s.Digest.Every = []feeds.Topic{feeds.All, saved}, time.Hour }))
		ids := w.news("a", 2)
		w.pass(time.Second) // seen
		l, err := w.store.Acquire(w.Context(), "feeds", time.Hour)
		if err != nil {
			w.Fatal(err)
		}
		if err := w.store.Assign(w.Context(), l, saved, assign(ids[0]), assign(ids[1])); err != nil {
			w.Fatal(err)
		}
		w.pass(2 * time.Hour)
		same(t, "items", to.items(), ids)
	})
}

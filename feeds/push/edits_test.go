package push_test

import (
	"strings"
	"testing"
	"time"

	"feedmill/feeds"
	"feedmill/feeds/push"
)

// TestEdits: an edit is sent again, or changes the message, where the target asks for it and what is shown says something else.
func TestEdits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		ignore, repost := &script{name: "ignore"}, &script{name: "repost"}
		place := editor{&script{name: "place"}}
		w.start(
			ignore.spec(),
			repost.spec(func(s *push.Spec) { s.Edits = push.Repost }),
			place.spec(func(s *push.Spec) { s.Edits, s.Target = push.InPlace, place }),
		)
		text := strings.Repeat("The council met on Monday and talked about the budget of the coming year. ", 3)
		post := func(title, text string) feeds.Change {
			c := change("a", "post")
			c.Item.Title, c.Item.Summary = title, text
			return c
		}
		counts := func(what string, want ...int) {
			t.Helper()
			w.pass(time.Minute)
			same(t, what, []int{len(ignore.got()), len(repost.got()), len(place.got())}, want)
		}
		w.state("a", post("A title", text))
		counts("new", 1, 1, 1)
		w.state("a", post("A  title!", strings.Replace(text, "Monday", "monday", 1)))
		counts("a corrected letter", 1, 1, 1)
		w.state("a", post("Another title", text))
		counts("another title", 1, 2, 2)
		if r := repost.got()[1]; !r.Edited || r.ID == repost.got()[0].ID {
			t.Errorf("the repost is not marked, or has the ID of the first message: %+v", r)
		}
		if r := place.got()[1]; r.Edits != "place-1" || r.Edited {
			t.Errorf("the message was not changed in place: %+v", r)
		}
		w.kill()
		w.start()
		w.state("a", post("A third title", text))
		counts("a third title on the same day", 1, 2, 3)
		w.pass(24 * time.Hour)
		w.state("a", post("A third title", "Nothing of what was said before is true, as the mayor told reporters on the phone late last night."))
		counts("another text on the next day", 1, 3, 4)
		w.state("a", change("a", "unknown"), feeds.Change{Source: "a", Key: "unknown"})
		counts("withdrawn before it was seen", 1, 3, 4)
		if got := place.got()[3].Titles; got[0] != "A third title" {
			t.Errorf("got %q", got)
		}
	})
}

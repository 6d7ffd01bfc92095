package push_test

import (
	"testing"
	"time"

	"feedmill/feeds"
	"feedmill/feeds/push"
)

// TestPrivateMeanwhile: what became private while it waited is sent to nobody who does not name its group.
func TestPrivateMeanwhile(t *testing.T) {
	inWorld(t, func(w *world) {
		w.baseline("a")
		everybody, desk := &script{name: "t"}, &script{name: "d"}
		later := func(s *push.Spec) { s.Digest = push.Digest{Every: time.Hour} }
		w.start(everybody.spec(later), desk.spec(later, func(s *push.Spec) { s.Topics = []feeds.Topic{feeds.All, {Group: "desk", Kind: "all"}} }))
		ids := w.news("a", 2)
		w.pass(time.Second)
		l := w.lease("a")
		records, err := w.store.Find(w.Context(), ids[0])
		if err != nil || len(records) != 1 || records[0].Item == nil {
			t.Fatalf("%v, %v", records, err)
		}
		it := *records[0].Item
		it.Group = "desk"
		if _, err := w.store.Put(w.Context(), l, feeds.Change{Source: "a", Key: records[0].Key, Raw: records[0].Raw, Item: &it}); err != nil {
			t.Fatal(err)
		}
		w.pass(3 * time.Hour)
		same(t, "for everybody", everybody.items(), ids[1:])
		same(t, "for the group", desk.items(), ids)
	})
}

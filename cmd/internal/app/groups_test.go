package app

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
)

// TestMergePages: two topics read page by page bring what one with all their items would, each once.
func TestMergePages(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 1))
	for round := range 200 {
		turn := feeds.Order(round%2) * feeds.Rising
		var lists [2][]feeds.Pos
		var all []feeds.Pos
		for seq := range rng.IntN(30) {
			p := feeds.Pos{Second: rng.Int64N(8), Seq: uint64(seq + 1)}
			i := rng.IntN(2)
			lists[i], all = append(lists[i], p), append(all, p)
		}
		order := func(a, b feeds.Pos) int {
			if newer(a, b) == (turn == 0) {
				return -1
			}
			return 1
		}
		slices.SortFunc(all, order)
		read := func(list []feeds.Pos, before feeds.Pos, limit int) (page feeds.Page) {
			list = slices.Clone(list)
			slices.SortFunc(list, order)
			for _, p := range list {
				if !before.IsZero() && order(before, p) >= 0 || before == p {
					continue
				}
				if len(page.At) == limit {
					page.Next = page.At[limit-1]
					break
				}
				page.At, page.Items = append(page.At, p), append(page.Items, feeds.Item{ID: fmt.Sprint(p.Seq), Group: "desk"})
			}
			return page
		}
		limit := 1 + rng.IntN(7)
		var got []feeds.Pos
		for at, n := (feeds.Pos{}), 0; n < 40; n++ {
			page, err := open(mergePages(read(lists[0], at, limit), read(lists[1], at, limit), turn, limit), nil)
			if err != nil || len(page.Items) > limit || len(page.Items) != len(page.At) {
				t.Fatalf("seed %d: %d items of %d, %v", seed, len(page.Items), limit, err)
			}
			for i := range page.Items {
				if page.Items[i].Group != "" || page.Items[i].ID != fmt.Sprint(page.At[i].Seq) {
					t.Fatalf("seed %d: %+v at %v", seed, page.Items[i], page.At[i])
				}
			}
			got = append(got, page.At...)
			if at = page.Next; at.IsZero() {
				break
			}
		}
		if !slices.Equal(got, all) {
			t.Fatalf("seed %d: %v, want %v", seed, got, all)
		}
	}
}

func TestMergeInfos(t *testing.T) {
	old, late := time.Unix(1, 0), time.Unix(9, 0)
	tag := feeds.NewTopic("tag", "go")
	own := tag
	own.Group = "desk"
	got := mergeInfos(
		[]feeds.TopicInfo{{Topic: tag, Label: "go", Items: 1, Newest: old, Version: feeds.Version{Count: 2, Changed: late}}, {Topic: feeds.All, Items: 1}},
		[]feeds.TopicInfo{{Topic: own, Label: "Go", Items: 3, Newest: late, Version: feeds.Version{Count: 5, Changed: old}}},
	)
	want := []feeds.TopicInfo{{Topic: tag, Label: "Go", Items: 4, Newest: late, Version: feeds.Version{Count: 7, Changed: late}}, {Topic: feeds.All, Items: 1}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestSourceGroup: the sources of a private list are private, whatever else begins like it.
func TestSourceGroup(t *testing.T) {
	list := []config.Source{{Name: "list", Group: "desk"}, {Name: "list.open"}, {Name: "other", Group: "board"}}
	for name, want := range map[string]string{"list": "desk", "list.host": "desk", "list.open": "", "list.open.more": "", "lists": "", "other": "board", "nobody": ""} {
		if got, _ := sourceGroup(list, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestPrivateEntry: an item goes over where its entry has topics of two groups; saved feeds of a group have public items, too.
func TestPrivateEntry(t *testing.T) {
	desk := func(kind, name string) feeds.Topic { return feeds.Topic{Group: "desk", Kind: kind, Name: name} }
	for _, c := range []struct {
		topics []feeds.Topic
		want   bool
	}{
		{[]feeds.Topic{feeds.All, feeds.NewTopic("tag", "go")}, false},
		{[]feeds.Topic{desk("all", ""), desk("tag", "go")}, false},
		{[]feeds.Topic{feeds.All, desk("all", "")}, true},
		{[]feeds.Topic{feeds.All, desk("feed", "x")}, false},
		{[]feeds.Topic{{Group: "board", Kind: "all"}, desk("all", "")}, true},
	} {
		if got := private(cache.Entry{Topics: c.topics}); got != c.want {
			t.Errorf("%v: %v", c.topics, got)
		}
	}
}

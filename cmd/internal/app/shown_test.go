package app

import (
	"slices"
	"testing"
	"time"

	"feedmill/feeds"
)

// TestVersionOfASavedFeed: the version grows and its second does not fall when another expression takes over.
func TestVersionOfASavedFeed(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	old := served{Hash: "a", Since: at(100), Base: 1}.version(feeds.Version{Count: 40, Changed: at(500)})
	if old != (feeds.Version{Count: 41, Changed: at(500)}) {
		t.Errorf("old %+v", old)
	}
	next := served{Hash: "b", Since: at(600), Base: old.Count + 1}
	if v := next.version(feeds.Version{Count: 3, Changed: at(300)}); v != (feeds.Version{Count: 45, Changed: at(600)}) {
		t.Errorf("next %+v", v)
	}
	if v := next.version(feeds.Version{Count: 4, Changed: at(700)}); v != (feeds.Version{Count: 46, Changed: at(700)}) {
		t.Errorf("after a change %+v", v)
	}
	if v := (served{}).version(feeds.Version{Count: 4, Changed: at(7)}); v != (feeds.Version{Count: 4, Changed: at(7)}) {
		t.Errorf("of another topic %+v", v)
	}
}

// TestNamesOfSavedFeeds: the log shows what is read under a name, and nothing of other indexes.
func TestNamesOfSavedFeeds(t *testing.T) {
	x := &indexes{names: map[string]served{"chips": {Hash: "1f"}}, of: map[string]string{"chips@1f": "chips"}}
	tag := feeds.NewTopic("tag", "x")
	list := func() []feeds.Topic {
		return []feeds.Topic{tag, indexTopic("chips", "1f"), indexTopic("chips", "2e"), indexTopic("other", "1f"), {Group: "vip", Kind: "feed", Name: "chips@1f"}}
	}
	if got := x.rename(list()); !slices.Equal(got, []feeds.Topic{tag, feeds.NewTopic("feed", "chips")}) {
		t.Errorf("got %v", got)
	}
	if got := (*indexes)(nil).rename(list()); !slices.Equal(got, []feeds.Topic{tag}) {
		t.Errorf("before anything is known: %v", got)
	}
}

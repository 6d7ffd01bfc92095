package cachetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/cache"
	"feedmill/feeds"
)

func cacheID(source, key string) string { return cache.MintID(source, key, "", false) }

func sameItem(t *testing.T, got, want feeds.Item) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("item (-want +got):\n%s", d)
	}
}

// sameTopics compares sets.
func sameTopics(t *testing.T, what string, got []feeds.Topic, want ...feeds.Topic) {
	t.Helper()
	set := func(list []feeds.Topic) []string {
		out := []string{}
		for _, t := range list {
			out = append(out, t.String())
		}
		slices.Sort(out)
		return out
	}
	if g, w := set(got), set(want); !slices.Equal(g, w) {
		t.Errorf("%s: topics %v, want %v", what, g, w)
	}
}

var topicCases = []testCase{
	{
		name:    "topics/join-leave",
		promise: "a Changed item leaves topics and joins others; all topics it is in or left move, no other does",
		run: func(r *run) {
			src := feeds.NewTopic("source", "s")
			id := r.put1("s", post("a", in("A", "B")), feeds.Baseline).ID
			r.put1("s", post("z", in("Z")), feeds.Baseline)
			a, b, c, z, all := r.version(category("a")), r.version(category("b")), r.version(category("c")), r.version(category("z")), r.version(feeds.All)
			if c != (feeds.Version{}) || a.Count == 0 || a.Changed.IsZero() {
				r.Errorf("versions before: a %+v, c %+v", a, c)
			}
			tail := r.tail()
			r.put1("s", post("a", in("B", "C"), raw(2)), feeds.Changed)
			log := r.log(tail)
			if len(log) != 1 || log[0].Kind != feeds.Changed || log[0].ID != id {
				r.Fatalf("log %+v", log)
			}
			sameTopics(r.T, "entry", log[0].Topics, feeds.All, src, category("a"), category("b"), category("c"))
			for topic, before := range map[feeds.Topic]feeds.Version{category("a"): a, category("b"): b, category("c"): c, feeds.All: all} {
				if now := r.version(topic); now.Count <= before.Count || now.Changed.Before(before.Changed) {
					r.Errorf("version of %v: %+v, was %+v", topic, now, before)
				}
			}
			if now := r.version(category("z")); now != z {
				r.Errorf("version of a topic that has nothing to do with it moved: %+v, was %+v", now, z)
			}
			for topic, want := range map[feeds.Topic][]string{category("a"): {}, category("b"): {id}, category("c"): {id}} {
				for _, order := range []feeds.Order{feeds.ByPublished, feeds.ByArrival} {
					if got := r.ids(topic, order); !slices.Equal(got, want) {
						r.Errorf("%v: %v, want %v", topic, got, want)
					}
				}
			}
		},
	},
	{
		name:    "topics/empty-known",
		promise: "a topic that once had items stays in the list, with 0 items and a Version",
		run: func(r *run) {
			r.put1("s", post("a", in("Gone By")), feeds.Baseline)
			before := r.version(category("gone by"))
			r.put1("s", withdraw("a"), feeds.Withdrawn)
			ti, ok := r.info(category("gone by"))
			if !ok || ti.Items != 0 || !ti.Newest.IsZero() || ti.Label == "" {
				r.Errorf("listed %v: %+v", ok, ti)
			}
			if ti.Version.Count <= before.Count || ti.Version != r.version(category("gone by")) {
				r.Errorf("version %+v, was %+v", ti.Version, before)
			}
			if p := r.page(category("gone by"), feeds.ByPublished); len(p.Items) != 0 || p.Version != ti.Version {
				r.Errorf("page %+v", p)
			}
		},
	},
	{
		name:    "topics/list",
		promise: "Topics counts the items of each topic and knows the newest Published and the Version",
		run: func(r *run) {
			for i := range 6 {
				c := post(fmt.Sprint("k", i), in(fmt.Sprint("C", i%2)), at(day0.Add(time.Duration(i)*time.Hour)))
				c.Item.Tags = []string{"t"}
				c.Item.Language = "de"
				c.Item.Authors = []feeds.Person{{Name: "Ann Bee"}}
				r.put("s", c)
			}
			r.put1("s", withdraw("k5"), feeds.Withdrawn)
			want := map[feeds.Topic]int{
				feeds.All: 5, category("c0"): 3, category("c1"): 2, feeds.NewTopic("tag", "t"): 5, feeds.NewTopic("source", "s"): 5,
				feeds.NewTopic("lang", "de"): 5, feeds.NewTopic("author", "ann-bee"): 5,
			}
			newest := map[feeds.Topic]int{category("c1"): 3}
			list, err := r.s.Topics(r.ctx, "")
			r.ok("Topics", err)
			if len(list) != len(want) {
				r.Errorf("%d topics, want %d: %+v", len(list), len(want), list)
			}
			for _, ti := range list {
				hours, ok := newest[ti.Topic]
				if !ok {
					hours = 4
				}
				if ti.Items != want[ti.Topic] || ti.Newest.Unix() != day0.Add(time.Duration(hours)*time.Hour).Unix() || ti.Version != r.version(ti.Topic) {
					r.Errorf("%v: %+v, want %d items, newest at hour %d", ti.Topic, ti, want[ti.Topic], hours)
				}
			}
		},
	},
	{
		name:    "topics/label",
		promise: "the Label of a topic is the commonest spelling among its items",
		run: func(r *run) {
			label := func() string {
				ti, _ := r.info(category("neue post"))
				return ti.Label
			}
			r.put("s", post("a", in("NEUE Post")), post("b", in("Neue Post")), post("c", in("Neue Post")), post("d", in("neue  post")))
			if got := label(); got != "Neue Post" {
				r.Errorf("label %q", got)
			}
			r.put("s", post("c", in("neue  post"), raw(2)), post("e", in("neue  post")), post("f", in("Neue Post")))
			if got := label(); got != "neue  post" {
				r.Errorf("label after an item changed sides: %q", got)
			}
			r.put("s", withdraw("c"), withdraw("d"), withdraw("e"))
			if got := label(); got != "Neue Post" {
				r.Errorf("label after withdrawals: %q", got)
			}
			r.put("s", post("c", in("neue  post")), post("d", in("neue  post")), post("e", in("neue  post")))
			if got := label(); got != "neue  post" {
				r.Errorf("label after the items were restored: %q", got)
			}
		},
	},
	{
		name:    "topics/many-spellings",
		promise: "a topic with a great many spellings still has a label, and counts stay true",
		run: func(r *run) {
			// 10 letters make 1024 spellings of one topic.
			spell := func(i int) string {
				b := []byte("abcdefghij")
				for j := range b {
					if i>>j&1 == 1 {
						b[j] -= 'a' - 'A'
					}
				}
				return string(b)
			}
			var changes, gone []feeds.Change
			for i := range 300 {
				changes = append(changes, post(fmt.Sprint("k", i), in(spell(i))))
				gone = append(gone, withdraw(fmt.Sprint("k", i)))
			}
			r.put("s", changes...)
			ti, ok := r.info(category("abcdefghij"))
			if !ok || ti.Items != 300 || feeds.Fold(ti.Label) != "abcdefghij" {
				r.Errorf("%+v", ti)
			}
			r.put("s", gone...)
			r.put("s", post("x", in("ABCDEFGHIJ")), post("y", in("ABCDEFGHIJ")))
			if ti, _ := r.info(category("abcdefghij")); ti.Items != 2 || ti.Label != "ABCDEFGHIJ" {
				r.Errorf("%+v", ti)
			}
		},
	},
	{
		name:    "topics/group",
		promise: "an item of a private group is in no public topic, list or count",
		run: func(r *run) {
			c := post("secret", in("X", "Hidden"), group("staff"))
			c.Item.Language = "de"
			id := r.put1("s", c, feeds.Baseline).ID
			pub := r.put1("s", post("open", in("X")), feeds.Baseline).ID
			priv := func(t feeds.Topic) feeds.Topic { t.Group = "staff"; return t }
			for topic, want := range map[feeds.Topic][]string{
				feeds.All: {pub}, category("x"): {pub}, category("hidden"): {}, feeds.NewTopic("source", "s"): {pub},
				priv(feeds.All): {id}, priv(category("x")): {id}, priv(category("hidden")): {id}, priv(feeds.NewTopic("source", "s")): {id},
			} {
				for _, order := range []feeds.Order{feeds.ByPublished, feeds.ByArrival} {
					if got := r.ids(topic, order); !slices.Equal(got, want) {
						r.Errorf("%v: %v, want %v", topic, got, want)
					}
				}
			}
			if _, ok := r.info(category("hidden")); ok {
				r.Error("a private topic is in the public list")
			}
			if ti, ok := r.info(priv(category("hidden"))); !ok || ti.Items != 1 {
				r.Errorf("in the group's list: %v, %+v", ok, ti)
			}
			if v := r.version(category("hidden")); v.Count != 0 {
				r.Errorf("public version of a private topic: %+v", v)
			}
			for _, e := range r.log("") {
				for _, t := range e.Topics {
					if (t.Group == "staff") != (e.ID == id) {
						r.Errorf("entry of %q names %v", e.ID, t)
					}
				}
			}
			// The item becomes public: it changes sides.
			r.put1("s", post("secret", in("X"), raw(2)), feeds.Changed)
			if got := r.ids(priv(category("x")), feeds.ByPublished); len(got) != 0 {
				r.Errorf("still in the group: %v", got)
			}
			if got := r.ids(category("x"), feeds.ByPublished); len(got) != 2 {
				r.Errorf("not public: %v", got)
			}
		},
	},
	{
		name:    "topics/version",
		promise: "Version.Changed is the store's second of the latest change and Count grows with each Put that changes the topic",
		run: func(r *run) {
			var last feeds.Version
			for i := range 4 {
				before := r.now()
				r.put("s", post("a", in("X"), raw(uint64(i+1))))
				v := r.version(category("x"))
				if v.Count <= last.Count || v.Changed.Unix() < before.Unix() || v.Changed.Unix() > r.now().Unix() || v.Changed.Nanosecond() != 0 {
					r.Errorf("version %+v, was %+v, now %v", v, last, before)
				}
				if p := r.page(category("x"), feeds.ByArrival); p.Version != v {
					r.Errorf("the page's version is %+v, the topic's %+v", p.Version, v)
				}
				last = v
				if i == 1 {
					r.until(v.Changed.Add(time.Second))
				}
			}
		},
	},
}

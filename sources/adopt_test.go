package sources

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/feeds"
)

func TestAdoptedFind(t *testing.T) {
	day := time.Date(2026, 11, 2, 8, 30, 0, 0, time.UTC)
	a := &adopted{list: []adoptedItem{
		{ID: "page", Host: "old.example", Path: "/harbour"},
		{ID: "titled", Title: printText("The ferry"), Date: day},
		{ID: "twin 1", Host: "one.example", Path: "/about", Title: printText("About"), Date: day},
		{ID: "twin 2", Host: "two.example", Path: "/about", Title: printText("About"), Date: day},
	}}
	a.index()
	for _, tc := range []struct {
		name string
		item feeds.Item
		want string
	}{
		{"its page", feeds.Item{URL: "http://www.old.example/harbour/?utm_medium=rss#top"}, "page"},
		{"its page on another host", feeds.Item{URL: "https://new.example/harbour"}, "page"},
		{"the host that several have a page on", feeds.Item{URL: "https://two.example/about", Title: "About", Published: day}, "twin 2"},
		{"title and day", feeds.Item{URL: "https://new.example/2026/ferry", Title: "the  Ferry", Published: day.Add(3 * time.Hour)}, "titled"},
		{"the day in another zone", feeds.Item{Title: "The ferry", Published: time.Date(2026, 11, 3, 0, 30, 0, 0, time.FixedZone("", 8*3600))}, "titled"},
		{"the title of another day", feeds.Item{Title: "The ferry", Published: day.Add(48 * time.Hour)}, ""},
		{"a title without a date", feeds.Item{Title: "The ferry"}, ""},
		{"what fits two", feeds.Item{URL: "https://new.example/about", Title: "About", Published: day}, ""},
		{"a front page", feeds.Item{URL: "https://old.example/"}, ""},
	} {
		if got := a.find(&tc.item); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// oldFeed is a feed that is adopted: n entries with IDs of their own, once it answers.
func oldFeed(n int) *scripted {
	return &scripted{fetch: func(_ int, _ State, out Sink) (Result, error) {
		list := entries("old", n)
		for i := range list {
			list[i].Wish = "known to readers: " + list[i].Key
		}
		return Result{}, out.Emit(list...)
	}}
}

func adopting(src Source, from string, old Source) Spec {
	s := spec("s", src)
	s.Fingerprint, s.Adopt = from, &Adopt{Source: old, Location: from}
	return s
}

func TestAdopt(t *testing.T) {
	for name, run := range map[string]func(t *testing.T){
		"before the first item": func(t *testing.T) {
			store, old := newMemoryStore(), oldFeed(8)
			src := newWindow(entries("a", 10)...)
			m := startManager(t, store, adopting(src, "https://old.example/feed", old))
			synctest.Wait()
			if id := store.ids["a:03"]; id != "known to readers: old:03" {
				t.Errorf("the ID is %q", id)
			}
			if id := store.ids["a:09"]; id != "id of a:09" {
				t.Errorf("an item that is not in the old feed has the ID %q", id)
			}
			st := m.Status()[0]
			if d := st.Adopted; d == nil || *d != (Adopted{From: "https://old.example/feed", Items: 8, Matched: 8}) {
				t.Errorf("the status says %+v", d)
			}
			// Another process does not ask the old feed again, and an item that comes later has its ID from there, too.
			m.Close()
			src.entries = entries("a", 9)[8:]
			again := oldFeed(9)
			m = startManager(t, store, adopting(src, "https://old.example/feed", again))
			synctest.Wait()
			if len(old.times())+len(again.times()) != 1 {
				t.Error("the old feed was asked twice")
			}
			if d := m.Status()[0].Adopted; d == nil || d.Matched != 8 {
				t.Errorf("after a restart the status says %+v", d)
			}
		},
		"the first item waits for the old feed": func(t *testing.T) {
			store, old := newMemoryStore(), oldFeed(8)
			answer := old.fetch
			old.fetch = func(n int, st State, out Sink) (Result, error) {
				if n < 4 {
					return Result{}, errors.New("503")
				}
				return answer(n, st, out)
			}
			src := newWindow(entries("a", 8)...)
			m := startManager(t, store, adopting(src, "https://old.example/feed", old))
			synctest.Wait()
			st := m.Status()[0]
			for _, want := range []string{"adopt https://old.example/feed: 503", "nothing is published before", "a saved copy", "remove it"} {
				if !strings.Contains(st.Error, want) {
					t.Errorf("the error does not say %q: %s", want, st.Error)
				}
			}
			if len(store.items) > 0 || len(src.times()) > 0 {
				t.Errorf("%d items were published before the old feed was read", len(store.items))
			}
			for range 20 { // whatever wakes the source, the old feed is not asked for that
				if err := m.Fetch("s"); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
			if n := len(old.times()); n != 1 {
				t.Errorf("the old feed was asked %d times at once", n)
			}
			time.Sleep(3 * time.Hour)
			synctest.Wait()
			asked := old.times()
			for i := 1; i < len(asked); i++ {
				if d := asked[i].Sub(asked[i-1]); d < adoptRetry {
					t.Errorf("the old feed was asked again after %s", d)
				}
			}
			if st := m.Status()[0]; st.Error != "" || store.ids["a:03"] != "known to readers: old:03" {
				t.Errorf("error %q, ID %q", st.Error, store.ids["a:03"])
			}
		},
		"after items were published": func(t *testing.T) {
			store, old := newMemoryStore(), oldFeed(8)
			src := newWindow(entries("a", 5)...)
			m := startManager(t, store, spec("s", src))
			synctest.Wait()
			src.entries = entries("a", 8)
			for i := range src.entries[:5] {
				delete(src.last, src.entries[i].Key) // stated again
			}
			m.Apply([]Spec{adopting(src, "https://old.example/feed", old)})
			synctest.Wait()
			if err := m.Fetch("s"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if id := store.ids["a:03"]; id != "id of a:03" {
				t.Errorf("an item that was published has the ID %q now", id)
			}
			if id := store.ids["a:07"]; id != "known to readers: old:07" {
				t.Errorf("an item that was not has the ID %q", id)
			}
			if d := m.Status()[0].Adopted; d == nil || *d != (Adopted{From: "https://old.example/feed", Items: 8, Matched: 3, Late: 5}) {
				t.Errorf("the status says %+v", d)
			}
		},
		"a published source goes on without the old feed": func(t *testing.T) {
			store := newMemoryStore()
			src := newWindow(entries("a", 5)...)
			m := startManager(t, store, spec("s", src))
			synctest.Wait()
			dead := &scripted{fetch: func(int, State, Sink) (Result, error) { return Result{}, errors.New("404") }}
			src.entries = entries("a", 8)
			m.Apply([]Spec{adopting(src, "https://old.example/feed", dead)})
			time.Sleep(2 * time.Hour)
			synctest.Wait()
			st := m.Status()[0]
			if len(store.items) != 8 || st.Error != "" || st.Adopted == nil || !strings.Contains(st.Adopted.Error, "404") {
				t.Errorf("%d items, error %q, adopted %+v", len(store.items), st.Error, st.Adopted)
			}
		},
		"a source that republished the feed until now": func(t *testing.T) {
			store := newMemoryStore()
			before := entries("feed", 8)
			for i := range before {
				before[i].Wish = fmt.Sprintf("known to readers: old:%02d", i)
			}
			m := startManager(t, store, spec("s", newWindow(before[2:]...)))
			synctest.Wait()
			old := oldFeed(8)
			src := newWindow(entries("a", 10)...)
			src.silent = true // as a directory is
			m.Apply([]Spec{adopting(src, "https://old.example/feed", old)})
			synctest.Wait()
			if err := m.Fetch("s"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if n := store.kinds[feeds.New] + store.kinds[feeds.Changed] + store.kinds[feeds.Withdrawn]; n != 0 {
				t.Errorf("the log says %v: it is the same source", store.kinds)
			}
			if len(store.items) != 10 {
				t.Errorf("%d items are live, want 10", len(store.items))
			}
			for i := range 8 {
				if id := store.ids[fmt.Sprintf("a:%02d", i)]; id != fmt.Sprintf("known to readers: old:%02d", i) {
					t.Errorf("item %d has the ID %q", i, id)
				}
			}
			// What is written from now on is news.
			fresh := entries("a", 11)[10:]
			src.entries = fresh
			if err := m.Fetch("s"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if n := store.kinds[feeds.New]; n != 1 {
				t.Errorf("%d items were news, want 1", n)
			}
		},
		"an empty feed is a mistake": func(t *testing.T) {
			store := newMemoryStore()
			m := startManager(t, store, adopting(newWindow(entries("a", 5)...), "https://old.example/feed", oldFeed(0)))
			synctest.Wait()
			if st := m.Status()[0]; !strings.Contains(st.Error, "no items with IDs") || len(store.items) > 0 {
				t.Errorf("%d items, error %q", len(store.items), st.Error)
			}
		},
		"another feed": func(t *testing.T) {
			store := newMemoryStore()
			src := newWindow()
			m := startManager(t, store, adopting(src, "https://wrong.example/feed", oldFeed(3)))
			synctest.Wait()
			m.Apply([]Spec{adopting(src, "https://old.example/feed", oldFeed(8))})
			src.entries = entries("a", 8)
			synctest.Wait()
			if err := m.Fetch("s"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if d := m.Status()[0].Adopted; d == nil || fmt.Sprint(*d) != fmt.Sprint(Adopted{From: "https://old.example/feed", Items: 8, Matched: 8}) {
				t.Errorf("the status says %+v", d)
			}
		},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, run) })
	}
}

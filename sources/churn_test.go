package sources

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/feeds"
)

func TestSame(t *testing.T) {
	day := time.Date(2026, 11, 2, 8, 30, 0, 0, time.UTC)
	base := feeds.Item{
		URL: "https://old.example/2026/harbour?id=7", Title: "The harbour opens", Content: "<p>It <b>opens</b> at eight.</p>", Published: day,
	}
	for _, tc := range []struct {
		name string
		move func(*feeds.Item)
		want bool
	}{
		{"nothing but the key", func(*feeds.Item) {}, true},
		{"another domain", func(it *feeds.Item) { it.URL = "https://www.new.example/2026/harbour/?utm_source=x&id=7" }, true},
		{"other markup", func(it *feeds.Item) {
			it.Content = `<div><p>It opens  at <a href="https://new.example">eight</a>.</p></div>`
		}, true},
		{"another scheme of addresses", func(it *feeds.Item) { it.URL = "https://old.example/news/harbour-opens" }, true},
		{"an edited title", func(it *feeds.Item) { it.Title = "The harbour has opened" }, true},
		{"the clock of another zone", func(it *feeds.Item) { it.Published = time.Date(2026, 11, 2, 8, 30, 0, 0, time.FixedZone("", 8*3600)) }, true},
		{"no date any more", func(it *feeds.Item) { it.Published = time.Time{} }, true},
		{"nothing but title and link left", func(it *feeds.Item) { it.Published, it.Content = time.Time{}, "" }, true},
		{"another date", func(it *feeds.Item) { it.Published = day.Add(time.Hour) }, false},
		{"the next edition of a column", func(it *feeds.Item) { it.Published, it.Content = day.Add(24*time.Hour), "<p>Other news</p>" }, false},
		{"the next edition of an undated column", func(it *feeds.Item) { it.Published, it.Content = time.Time{}, "<p>Other news</p>" }, false},
		{"a standing text at another address", func(it *feeds.Item) { it.Published, it.URL = time.Time{}, "https://old.example/other" }, false},
		{"another post of that second", func(it *feeds.Item) { it.URL, it.Title = "https://old.example/2026/ferry", "The ferry" }, false},
		{"nothing but the date left", func(it *feeds.Item) { it.URL, it.Title, it.Content = "", "", "" }, false},
		{"nothing but the title left", func(it *feeds.Item) {
			*it = feeds.Item{Title: it.Title, Content: it.Title, URL: "https://old.example/"}
		}, false},
	} {
		moved := base
		tc.move(&moved)
		a, b := printOf(&base), printOf(&moved)
		if a.same(b) != tc.want || b.same(a) != tc.want {
			t.Errorf("%s: same is %v and %v, want %v", tc.name, a.same(b), b.same(a), tc.want)
		}
	}
}

// window is a source whose document can be replaced: it emits what is new or other, as one that polls does.
type window struct {
	*scripted
	entries  []feeds.Change
	complete bool // what is not there is gone
	silent   bool // does not say what is there
	last     map[string]bool
}

func newWindow(entries ...feeds.Change) *window {
	w := &window{entries: entries, last: map[string]bool{}}
	w.scripted = &scripted{fetch: func(_ int, _ State, out Sink) (Result, error) {
		here := map[string]bool{}
		var keys, gone []string
		var news []feeds.Change
		for _, c := range w.entries {
			here[c.Key] = true
			keys = append(keys, c.Key)
			if !w.last[c.Key] {
				it := *c.Item
				c.Item = &it
				news = append(news, c)
			}
		}
		for k := range w.last {
			if !here[k] {
				gone = append(gone, k)
			}
		}
		if !w.silent {
			out.(Witness).Present(keys...)
		}
		if err := out.Emit(news...); err != nil {
			return Result{}, err
		}
		w.last = here
		if w.complete && len(gone) > 0 {
			if ok, err := out.Withdraw(gone...); !ok || err != nil {
				return Result{}, fmt.Errorf("withdraw: %v %w", ok, err)
			}
		}
		return Result{}, nil
	}}
	return w
}

// entries are n posts under keys of a scheme.
func entries(scheme string, n int) []feeds.Change {
	out := make([]feeds.Change, n)
	for i := range out {
		out[i] = feeds.Change{Key: fmt.Sprintf("%s:%02d", scheme, i), Item: &feeds.Item{
			URL: fmt.Sprintf("https://%s.example/%d", scheme, i), Title: fmt.Sprintf("Post %d", i), Content: fmt.Sprintf("<p>Text %d</p>", i),
			Published: time.Date(1999, 1, 1+i, 12, 0, 0, 0, time.UTC),
		}}
	}
	return out
}

// churned is a source of n posts that has been fetched once, in a store.
type churned struct {
	t     *testing.T
	store *memoryStore
	src   *window
	log   bytes.Buffer
	m     *Manager
}

func newChurned(t *testing.T, n int) *churned {
	c := &churned{t: t, store: newMemoryStore(), src: newWindow(entries("a", n)...)}
	c.start()
	return c
}

func (c *churned) start() {
	c.m = NewManager(c.store, Options{Log: slog.New(slog.NewTextHandler(&c.log, nil))})
	c.t.Cleanup(c.m.Close)
	c.m.Apply([]Spec{spec("s", c.src)})
	synctest.Wait()
}

func (c *churned) fetch(entries ...feeds.Change) {
	c.t.Helper()
	c.src.entries = entries
	if err := c.m.Fetch("s"); err != nil {
		c.t.Fatal(err)
	}
	synctest.Wait()
	if st := c.status(); st.Error != "" {
		c.t.Fatal(st.Error)
	}
}

func (c *churned) status() Status { return c.m.Status()[0] }

// say is the operator's word, given to a store.
func (c *churned) say(key string) {
	c.store.mu.Lock()
	c.store.notes[bucketSchedule+"/"+key] = []byte("1")
	c.store.mu.Unlock()
	time.Sleep(releaseEvery + time.Second)
	synctest.Wait()
}

// want checks the live keys of each scheme, how many counted as new, and how many are held.
func (c *churned) want(live map[string]int, news, held int) {
	c.t.Helper()
	got := map[string]int{}
	for k := range c.store.items {
		scheme, _, _ := strings.Cut(k, ":")
		got[scheme]++
	}
	if fmt.Sprint(got) != fmt.Sprint(live) {
		c.t.Errorf("live are %v, want %v", got, live)
	}
	if n := c.store.kinds[feeds.New]; n != news {
		c.t.Errorf("%d items were news, want %d", n, news)
	}
	n := 0
	if ch := c.status().Churn; ch != nil {
		n = ch.Items
	}
	if n != held {
		c.t.Errorf("%d are held, want %d", n, held)
	}
	if state := c.status().State; (state == "held") != (held > 0) {
		c.t.Errorf("the state is %q with %d held", state, held)
	}
	for k := range c.store.notes {
		if held == 0 && strings.HasPrefix(k, BucketHeld+"/") {
			c.t.Errorf("%s is left of what was held", k)
		}
	}
	if n := strings.Count(c.log.String(), "came again under other keys"); held > 0 && n != 1 {
		c.t.Errorf("the operator was told %d times, want once:\n%s", n, c.log.String())
	}
}

func TestChurn(t *testing.T) {
	for name, run := range map[string]func(t *testing.T){
		"absorbed": func(t *testing.T) {
			c := newChurned(t, 50)
			c.fetch(entries("b", 50)...)
			c.want(map[string]int{"a": 50}, 0, 50)
			c.fetch(slices.Concat(entries("b", 50), entries("really new", 60)[59:])...)
			c.want(map[string]int{"a": 50, "really new": 1}, 1, 50)
			c.m.Close()
			c.start() // in another process
			c.want(map[string]int{"a": 50, "really new": 1}, 1, 50)
			asked := len(c.src.times())
			c.say(AbsorbKey)
			c.want(map[string]int{"b": 50, "really new": 1}, 1, 0)
			if n := len(c.src.times()); n != asked {
				t.Errorf("the answer asked the source %d times", n-asked)
			}
			for i := range 50 {
				key := fmt.Sprintf("b:%02d", i)
				if id := c.store.ids[key]; id != fmt.Sprintf("id of a:%02d", i) {
					t.Errorf("%s has the ID %q", key, id)
				}
				if it := c.store.items[key].Item; it.URL != fmt.Sprintf("https://b.example/%d", i) {
					t.Errorf("%s still says %s", key, it.URL)
				}
			}
			c.fetch(entries("b", 50)...)
			c.want(map[string]int{"b": 50, "really new": 1}, 1, 0)
			if n := c.store.kinds[feeds.Changed]; n != 0 {
				t.Errorf("%d items count as changed", n)
			}
		},
		"released": func(t *testing.T) {
			c := newChurned(t, 50)
			c.fetch(entries("b", 50)...)
			c.say(ReleaseKey)
			c.want(map[string]int{"a": 50, "b": 50}, 50, 0)
			if _, ok := c.store.notes[bucketSchedule+"/"+ReleaseKey]; ok {
				t.Error("the release would also let withdrawals pass that come later")
			}
		},
		"old keys are withdrawn meanwhile, absorbed": func(t *testing.T) {
			c := newChurned(t, 12)
			c.src.complete = true
			c.fetch(entries("b", 12)...)
			c.want(map[string]int{"a": 12}, 0, 12)
			c.say(AbsorbKey)
			c.want(map[string]int{"b": 12}, 0, 0)
		},
		"old keys are withdrawn meanwhile, released": func(t *testing.T) {
			c := newChurned(t, 12)
			c.src.complete = true
			c.fetch(entries("b", 12)...)
			c.say(ReleaseKey)
			c.want(map[string]int{"b": 12}, 12, 0)
		},
		"a new key is gone again": func(t *testing.T) {
			c := newChurned(t, 12)
			c.src.complete = true
			c.fetch(entries("b", 12)...)
			c.fetch(entries("b", 11)...)
			c.want(map[string]int{"a": 11}, 0, 11) // its post is gone under both keys
			c.say(AbsorbKey)
			c.want(map[string]int{"b": 11}, 0, 0)
		},
		"a few move by themselves": func(t *testing.T) {
			c := newChurned(t, 50)
			c.fetch(slices.Concat(entries("b", 5), entries("a", 50)[5:])...)
			c.want(map[string]int{"a": 45, "b": 5}, 0, 0)
			if id := c.store.ids["b:04"]; id != "id of a:04" {
				t.Errorf("the ID is %q", id)
			}
		},
		"six do not": func(t *testing.T) {
			c := newChurned(t, 50)
			c.fetch(slices.Concat(entries("b", 6), entries("a", 50)[6:])...)
			c.want(map[string]int{"a": 50}, 0, 6)
		},
		"both in one document": func(t *testing.T) {
			c := newChurned(t, 50)
			c.fetch(slices.Concat(entries("b", 50), entries("a", 50))...)
			c.want(map[string]int{"a": 50, "b": 50}, 50, 0)
		},
		"the old ones come back": func(t *testing.T) {
			c := newChurned(t, 50)
			c.fetch(entries("b", 50)...)
			c.fetch(entries("a", 50)...)
			c.want(map[string]int{"a": 50}, 0, 0)
		},
		"the old ones come back beside the new ones": func(t *testing.T) {
			c := newChurned(t, 50)
			c.fetch(entries("b", 50)...)
			c.fetch(slices.Concat(entries("a", 50), entries("b", 50))...)
			c.want(map[string]int{"a": 50, "b": 50}, 50, 0)
		},
		"nothing but title and text": func(t *testing.T) {
			bare := func(scheme string) []feeds.Change {
				list := entries(scheme, 10)
				for i := range list {
					list[i].Item.URL, list[i].Item.Published = "", time.Time{}
				}
				return list
			}
			c := &churned{t: t, store: newMemoryStore(), src: newWindow(bare("a")...)}
			c.start()
			c.fetch(bare("b")...)
			c.want(map[string]int{"a": 10}, 0, 10)
		},
		"edited while it is held": func(t *testing.T) {
			c := newChurned(t, 10)
			c.fetch(entries("b", 10)...)
			edited := entries("b", 10)
			edited[3].Item.Title = "Other words"
			delete(c.src.last, edited[3].Key)
			c.fetch(edited...)
			c.want(map[string]int{"a": 10}, 0, 10)
			c.say(AbsorbKey)
			if it := c.store.items["b:03"].Item; it.Title != "Other words" {
				t.Errorf("the last words are lost: %q", it.Title)
			}
		},
		"two that look alike are told apart by nobody": func(t *testing.T) {
			c := newChurned(t, 20)
			again := entries("b", 10)
			for i := range again {
				again[i].Item.Published = again[0].Item.Published
				again[i].Item.Title, again[i].Item.Content, again[i].Item.URL = "Post 0", "<p>Text 0</p>", "https://b.example/0"
			}
			c.fetch(again...)
			c.want(map[string]int{"a": 20, "b": 10}, 10, 0)
		},
		"a source that does not say what is there": func(t *testing.T) {
			c := newChurned(t, 10)
			c.src.silent = true
			c.fetch(entries("b", 10)...)
			c.want(map[string]int{"a": 10, "b": 10}, 10, 0)
		},
		"an answer without a question": func(t *testing.T) {
			c := newChurned(t, 10)
			c.say(AbsorbKey)
			c.fetch(entries("b", 10)...)
			time.Sleep(2 * releaseEvery)
			synctest.Wait()
			c.want(map[string]int{"a": 10}, 0, 10)
		},
		"large entries": func(t *testing.T) {
			c := newChurned(t, 6)
			large := entries("b", 6)
			var noise strings.Builder
			for i := range 120_000 {
				fmt.Fprintf(&noise, "%x ", uint64(i)*0x9e3779b97f4a7c15)
			}
			for i := range large[4:] { // two fill more than one write of notes
				large[4+i].Item.Content += "<p>" + noise.String() + "</p>"
			}
			c.fetch(large...)
			c.want(map[string]int{"a": 6}, 0, 6)
			for k, v := range c.store.notes {
				if len(v) > 1<<20 {
					t.Errorf("%s takes %d bytes, more than a store's notes take", k, len(v))
				}
			}
			c.say(AbsorbKey)
			c.want(map[string]int{"b": 6}, 0, 0)
			if n := len(c.store.items["b:05"].Item.Content); n < noise.Len() {
				t.Errorf("%d bytes are left of %d", n, noise.Len())
			}
		},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, run) })
	}
}

// TestChurnUnderNewRules: what is held follows rules that have changed while it waited.
func TestChurnUnderNewRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChurned(t, 10)
		c.fetch(entries("b", 10)...)
		next := spec("s", c.src)
		next.Fingerprint, next.Policy.AddTags = "2", []string{"moved"}
		c.m.Apply([]Spec{next})
		synctest.Wait()
		c.say(AbsorbKey)
		if tags := c.store.items["b:03"].Item.Tags; fmt.Sprint(tags) != "[moved]" {
			t.Errorf("tags are %q", tags)
		}
	})
}

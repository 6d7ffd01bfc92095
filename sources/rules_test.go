package sources

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/feeds"
	"feedmill/feeds/match"
)

func filter(t *testing.T, w match.Words) *match.Filter {
	t.Helper()
	f, err := match.Compile(w)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRules(t *testing.T) {
	it := &feeds.Item{Title: "Chips", Tags: []string{"tech"}, Language: "en"}
	chips, boats, tech := filter(t, match.Words{Q: "chips"}), filter(t, match.Words{Q: "boats"}), filter(t, match.Words{Tag: []string{"tech"}})
	for _, c := range []struct {
		name       string
		keep, drop []*match.Filter
		want       string
	}{
		{"none", nil, nil, ""},
		{"drop", nil, []*match.Filter{boats, chips}, "drop: {q: chips}"},
		{"keep one of two", []*match.Filter{boats, tech}, nil, ""},
		{"keep none", []*match.Filter{boats}, nil, "keep: it is not {q: boats}"},
		{"keep none of two", []*match.Filter{boats, boats}, nil, "keep: it is none of 2"},
		{"drop beats keep", []*match.Filter{tech}, []*match.Filter{chips}, "drop: {q: chips}"},
	} {
		r := Rules{Keep: c.keep, Drop: c.drop}
		if got := r.judge(it); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if _, published := r.Judge(it); published != (c.want == "") {
			t.Errorf("%s: Judge says published %v", c.name, published)
		}
	}
}

// TestShapeOfPolicy: everything in a policy that decides on an item moves its shape.
func TestShapeOfPolicy(t *testing.T) {
	base := Policy{Source: "s"}.Shape()
	if base != (Policy{Source: "other", Report: func(Rejected) {}}).Shape() {
		t.Error("the name of the source moves the shape")
	}
	drop := []*match.Filter{filter(t, match.Words{Q: "x"})}
	seen := map[string]string{base: "nothing"}
	for name, p := range map[string]Policy{
		"language": {Language: "en"}, "author": {Author: feeds.Person{Name: "x"}}, "category": {AddCategories: []string{"x"}},
		"tag": {AddTags: []string{"x"}}, "group": {Group: "x"}, "private": {Rules: Rules{Private: []PrivateRule{{drop[0], "x"}}}}, "private elsewhere": {Rules: Rules{Private: []PrivateRule{{drop[0], "y"}}}}, "drop": {Rules: Rules{Drop: drop}}, "keep": {Rules: Rules{Keep: drop}},
		"to": {Labels: LabelRules{Tag: Relabel{To: map[string]string{"a": "b"}}}}, "site": {SiteLabels: LabelRules{Tag: Relabel{To: map[string]string{"a": "b"}}}},
		"merge": {Merge: true}, "field": {Original: OriginalRule{Field: "x"}}, "link": {Original: OriginalRule{Link: "x"}}, "remove": {Original: OriginalRule{Link: "x", Remove: true}},
		"drop label": {Labels: LabelRules{Category: Relabel{Drop: map[string]bool{"a": true}}}}, "add": {Labels: LabelRules{Tag: Relabel{Add: map[string][]string{"a": {"b"}}}}},
	} {
		shape := p.Shape()
		if other, ok := seen[shape]; ok {
			t.Errorf("%s has the shape of %s", name, other)
		}
		seen[shape] = name
	}
}

func TestRelabel(t *testing.T) {
	p := Policy{
		AddTags: []string{"all"},
		Labels:  LabelRules{Tag: Relabel{Drop: map[string]bool{"misc": true}, To: map[string]string{"local": "AI"}}},
		SiteLabels: LabelRules{Tag: Relabel{
			To: map[string]string{"ai": "人工智能", "all": "everything"}, Drop: map[string]bool{"spam": true}, Add: map[string][]string{"人工智能": {"science"}},
		}},
	}
	it := &feeds.Item{}
	got := cleanLabels("tag", []string{"MISC", "local", "Spam", "plain", "ＡＩ"}, p, it, func(s string) { t.Error(s) })
	if want := []string{"人工智能", "science", "plain", "ＡＩ", "everything"}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
	want := "tag: MISC left out\ntag: local became AI\ntag: AI became 人工智能, brought science\ntag: Spam left out\n" +
		"tag: all became everything\ntag: everything is added by the configuration\n"
	if it.Trace != want {
		t.Errorf("trace:\n%swant:\n%s", it.Trace, want)
	}
	if again := cleanLabels("tag", got, p, &feeds.Item{}, func(string) {}); fmt.Sprint(again) != fmt.Sprint(got) {
		t.Errorf("applied twice: %q, want %q", again, got)
	}
}

// TestRulesApplyToWhatIsStored: a source that states differences only, and does not state its older items again. More than
// half of them are left out by a new rule: at once, without a fetch, and the guard holds nothing.
func TestRulesApplyToWhatIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		src := &scripted{fetch: func(n int, _ State, out Sink) (Result, error) {
			if n > 1 {
				return Result{Unchanged: true}, nil
			}
			all := posts(60)
			for i := range all[:40] {
				all[i].Item.Tags = []string{"old"}
			}
			return Result{}, out.Emit(all...)
		}}
		first := spec("s", src)
		m := startManager(t, store, first)
		synctest.Wait()
		if n := len(store.items); n != 60 {
			t.Fatalf("%d items", n)
		}
		second := first
		second.Fingerprint = "2"
		second.Policy.Rules.Drop = []*match.Filter{filter(t, match.Words{Tag: []string{"old"}})}
		second.Policy.AddCategories = []string{"here"}
		m.Apply([]Spec{second})
		synctest.Wait()
		if n := len(store.items); n != 20 {
			t.Errorf("%d items are left, want 20", n)
		}
		if got := store.items["p0050"].Item.Categories; fmt.Sprint(got) != "[here]" {
			t.Errorf("categories of what is stored: %q", got)
		}
		st := m.Status()[0]
		if st.Dropped != 40 || st.Withheld != nil {
			t.Errorf("status: %d left out, withheld %v", st.Dropped, st.Withheld)
		}
		if n := len(src.times()); n != 1 {
			t.Errorf("%d fetches: the outside was asked for it", n-1)
		}
	})
}

// TestDroppedThenLetIn: what a rule left out and another configuration lets in is no news; what came since is.
func TestDroppedThenLetIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		src := &scripted{fetch: func(n int, _ State, out Sink) (Result, error) {
			changes := posts(3)
			if n > 1 {
				changes = append(changes, post("late"))
				changes[3].Item.Published = time.Now().Add(-time.Second)
			}
			return Result{Complete: true}, out.Emit(changes...)
		}}
		first := spec("s", src)
		first.Policy.Rules.Drop = []*match.Filter{filter(t, match.Words{Q: `"title of p0001"`})}
		m := startManager(t, store, first)
		synctest.Wait()
		if st := m.Status()[0]; st.Dropped != 1 || st.Counts.Dropped != 1 || len(store.items) != 2 {
			t.Fatalf("%d left out, %d items", st.Dropped, len(store.items))
		}
		second := first
		second.Fingerprint, second.Policy.Rules = "2", Rules{}
		m.Apply([]Spec{second})
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if !store.items["p0001"].Backlog {
			t.Error("what the rule had left out comes as news")
		}
		if c, ok := store.items["late"]; !ok || c.Backlog {
			t.Errorf("what is really new: there %v, backlog %v", ok, c.Backlog)
		}
		if st := m.Status()[0]; st.Dropped != 0 {
			t.Errorf("%d still counted as left out", st.Dropped)
		}
	})
}

// TestDroppedAreBounded: the names of the latest thousand are kept.
func TestDroppedAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		src := &scripted{fetch: func(_ int, _ State, out Sink) (Result, error) {
			all := posts(maxDropped + 200)
			for len(all) > 0 {
				n := min(len(all), MaxBatch)
				if err := out.Emit(all[:n]...); err != nil {
					return Result{}, err
				}
				all = all[n:]
			}
			return Result{Complete: true}, nil
		}}
		s := spec("s", src)
		s.Policy.Rules.Drop = []*match.Filter{filter(t, match.Words{Q: "title"})}
		m := startManager(t, store, s)
		synctest.Wait()
		st := m.Status()[0]
		if st.Counts.Dropped != maxDropped+200 || st.Dropped != maxDropped {
			t.Errorf("%d counted, %d remembered", st.Counts.Dropped, st.Dropped)
		}
	})
}

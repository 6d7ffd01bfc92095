package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/cache/embedded"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/match"
	"feedmill/sources"
)

// privateRule makes what the words match private.
func privateRule(t *testing.T, w match.Words, group string) sources.Rules {
	t.Helper()
	f, err := match.Compile(w)
	if err != nil {
		t.Fatal(err)
	}
	return sources.Rules{Private: []sources.PrivateRule{{Filter: f, Group: group}}}
}

// privacyApp is an App over a store in which everything is public.
func privacyApp(t *testing.T, items map[string][]feeds.Item) *App {
	t.Helper()
	store, err := embedded.OpenTemp(t.TempDir(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	a := &App{store: store, shown: &shown{Store: store}, log: slog.New(slog.DiscardHandler)}
	for source, list := range items {
		err := a.atDesk(t.Context(), source, func(ctx context.Context, l cache.Lease) error {
			for part := range slices.Chunk(list, 1000) {
				var changes []feeds.Change
				for i := range part {
					part[i].Source = source
					changes = append(changes, feeds.Change{Source: source, Key: part[i].ID, Wish: part[i].ID, Raw: 1, Item: &part[i], Address: part[i].URL})
				}
				if _, err := store.Put(ctx, l, changes...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func at(hour int) time.Time { return time.Date(2026, 10, 1, hour, 0, 0, 0, time.UTC) }

// TestPrivacyOfLists: what is private is in no count, label or date of a list, and a topic that only it has is not in it.
func TestPrivacyOfLists(t *testing.T) {
	a := privacyApp(t, map[string][]feeds.Item{
		"open": {
			{ID: "o1", Tags: []string{"chips"}, Published: at(1)},
			{ID: "o2", Tags: []string{"chips", "inner"}, Published: at(2)},
			{ID: "o3", Tags: []string{"only", "inner"}, Published: at(3)},
		},
		"covert": {
			{ID: "c1", Tags: []string{"CHIPS"}, Published: at(4)},
			{ID: "c2", Tags: []string{"CHIPS", "zebra"}, Published: at(5)},
			{ID: "c3", Tags: []string{"CHIPS"}, Published: at(6)},
		},
	})
	lines := func() string {
		t.Helper()
		list, err := a.shown.Topics(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, info := range list {
			out = append(out, fmt.Sprintf("%s %s %d %d", info.Topic, info.Label, info.Items, info.Newest.Hour()))
		}
		slices.Sort(out)
		return strings.Join(out, "\n")
	}
	cfg := &config.Config{Sources: []config.Source{{Name: "open"}, {Name: "covert"}}}
	a.shown.privacy.Store(a.privacyOf(t.Context(), cfg))
	if got, want := lines(), "all  6 6\nsource/covert covert 3 6\nsource/open open 3 3\ntag/chips CHIPS 5 6\ntag/inner inner 2 3\ntag/only only 1 3\ntag/zebra zebra 1 5"; got != want {
		t.Errorf("public:\n%s\nwant\n%s", got, want)
	}
	cfg = &config.Config{
		Groups:  []config.Group{{Name: "desk"}},
		Sources: []config.Source{{Name: "open", Rules: privateRule(t, match.Words{Tag: []string{"inner"}}, "desk")}, {Name: "hidden", Formerly: "covert", Group: "desk"}},
	}
	a.shown.privacy.Store(a.privacyOf(t.Context(), cfg))
	if got, want := lines(), "all  1 1\nsource/open open 1 1\ntag/chips chips 1 1"; got != want {
		t.Errorf("private:\n%s\nwant\n%s", got, want)
	}
	for _, topic := range []feeds.Topic{feeds.All, feeds.NewTopic("tag", "chips"), feeds.NewTopic("tag", "zebra"), feeds.NewTopic("source", "covert")} {
		page, err := a.shown.Recent(t.Context(), topic, feeds.ByPublished, feeds.Pos{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			if it.ID != "o1" {
				t.Errorf("%s has %s", topic, it.ID)
			}
		}
	}
	items, err := a.shown.Get(t.Context(), "o1", "o2", "c1")
	if err != nil || len(items) != 3 || items[0].Group != "" || items[1].Group != "desk" || items[2].Group != "desk" {
		t.Errorf("by ID: %+v, %v", items, err)
	}
	// The group of another configuration does not see what is to go to this one.
	v := &view{a.shown, "board"}
	if items, err := v.Get(t.Context(), "o1", "o2", "c1"); err != nil || len(items) != 1 {
		t.Errorf("another group has %d of them, %v", len(items), err)
	}
}

// TestPrivacyOfPages: pages that are full of what is private are read on; each visible item comes once, in order, also where one
// read gives up.
func TestPrivacyOfPages(t *testing.T) {
	var open, covert []feeds.Item
	for n := range 12 {
		open = append(open, feeds.Item{ID: fmt.Sprintf("o%02d", n), Published: at(0).Add(time.Duration(n*3000) * time.Second)})
	}
	for n := range maxHidden + 3000 {
		covert = append(covert, feeds.Item{ID: fmt.Sprintf("c%05d", n), Published: at(0).Add(time.Duration(3000+n) * time.Second)})
	}
	for n, second := range []int{1500, 10_500, 40_000} { // these follow already
		covert = append(covert, feeds.Item{ID: fmt.Sprintf("d%d", n), Group: "desk", Published: at(0).Add(time.Duration(second) * time.Second)})
	}
	a := privacyApp(t, map[string][]feeds.Item{"open": open, "covert": covert})
	cfg := &config.Config{Groups: []config.Group{{Name: "desk"}}, Sources: []config.Source{{Name: "open"}, {Name: "covert", Group: "desk"}}}
	a.shown.privacy.Store(a.privacyOf(t.Context(), cfg))
	for want, read := range map[string]interface {
		Recent(ctx context.Context, t feeds.Topic, order feeds.Order, before feeds.Pos, limit int) (feeds.Page, error)
	}{
		"o11 o10 o09 o08 o07 o06 o05 o04 o03 o02 o01 o00":          a.shown,
		"d2 o11 o10 o09 o08 o07 o06 o05 o04 d1 o03 o02 o01 d0 o00": &view{a.shown, "desk"},
	} {
		for _, limit := range []int{1, 5, 12, 50} {
			var got []string
			pos := feeds.Pos{}
			for range 40 {
				page, err := read.Recent(t.Context(), feeds.All, feeds.ByPublished, pos, limit)
				if err != nil || len(page.Items) > limit || len(page.Items) != len(page.At) {
					t.Fatalf("%d items of %d, %v", len(page.Items), limit, err)
				}
				for _, it := range page.Items {
					got = append(got, it.ID)
				}
				if pos = page.Next; pos.IsZero() {
					break
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("limit %d: %v, want %s", limit, got, want)
			}
		}
	}
}

// TestPrivacyDecides: which policy decides for a stored item, and what it says.
func TestPrivacyDecides(t *testing.T) {
	inner := privateRule(t, match.Words{Tag: []string{"inner"}}, "desk")
	renamed := sources.LabelRules{Tag: sources.Relabel{To: map[string]string{"secret": "inner"}}}
	list := sources.Kind{Members: func([]byte) ([]sources.Member, error) { return nil, nil }}
	a := privacyApp(t, nil)
	p := a.privacyOf(t.Context(), &config.Config{Sources: []config.Source{
		{Name: "open"},
		{Name: "list.open"},
		{Name: "whole", Group: "desk"},
		{Name: "rules", Rules: inner, Labels: renamed},
		{Name: "list", Group: "desk", Kind: list, Formerly: "roll"},
		{Name: "new", Formerly: "old", Group: "desk"},
	}})
	for _, c := range []struct {
		it   feeds.Item
		want string
	}{
		{feeds.Item{Source: "open"}, ""},
		{feeds.Item{Source: "gone"}, ""},
		{feeds.Item{Source: "gone", Group: "desk"}, "desk"},
		{feeds.Item{Source: "whole"}, "desk"},
		{feeds.Item{Source: "whole", Group: "board"}, "desk"},
		{feeds.Item{Source: "rules"}, ""},
		{feeds.Item{Source: "rules", Group: "board"}, "board"}, // it becomes public later
		{feeds.Item{Source: "rules", Tags: []string{"inner"}}, "desk"},
		{feeds.Item{Source: "rules", Tags: []string{"Secret"}}, "desk"}, // it will be renamed
		{feeds.Item{Source: "list.host"}, "desk"},
		{feeds.Item{Source: "roll.host"}, "desk"},
		{feeds.Item{Source: "list.open"}, ""},
		{feeds.Item{Source: "new"}, "desk"},
		{feeds.Item{Source: "old"}, "desk"},
		{feeds.Item{Source: "open", Also: []feeds.Copy{{Source: "list.open"}}}, ""},
		{feeds.Item{Source: "open", Also: []feeds.Copy{{Source: "whole"}}}, nobody},
		{feeds.Item{Source: "open", Also: []feeds.Copy{{Source: "rules"}}}, nobody},
		{feeds.Item{Source: "whole", Group: "desk", Also: []feeds.Copy{{Source: "new"}}}, "desk"},
	} {
		if got := p.groupOf(&c.it); got != c.want {
			t.Errorf("%+v: %q, want %q", c.it, got, c.want)
		}
	}
	if tags := []string{"Secret"}; p.groupOf(&feeds.Item{Source: "rules", Tags: tags}) == "" || tags[0] != "Secret" {
		t.Errorf("the item itself moved: %v", tags)
	}
}

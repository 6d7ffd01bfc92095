package cachetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"feedmill/cache"
	"feedmill/feeds"
)

// nasty strings are where separators, lengths and patterns of a store go wrong.
var nasty = []string{
	"\x00", "a", "a\x00", "a\x00b", "\x00a", "a:b", "a/b", "a//b", "{a}", "{a}:b", "*", "a*", "[a-z]", "\\", "\n", "\r\n", " ", "é", "\u00e9",
	"日本", "\U0001F600", "%00", "'; --", "\"", "\xff\xfe", "\x01", "\xff", "a\xff", "source/s", "..", "~", "-1", "0", "+", "(", "{}",
}

var hostileCases = []testCase{
	{
		name:    "hostile/keys",
		promise: "keys are any bytes, and no two are ever taken for one",
		run: func(r *run) {
			var changes []feeds.Change
			keys := slices.Clone(nasty)
			keys = append(keys, strings.Repeat("\x00", feeds.MaxKey), strings.Repeat("\x00", feeds.MaxKey-1))
			for _, k := range keys {
				c := post("x", title(fmt.Sprintf("%q", k)))
				c.Key = k
				changes = append(changes, c)
			}
			ids := map[string]bool{}
			acc := r.put("s", changes...)
			for i, a := range acc {
				if a.Kind != feeds.Baseline || ids[a.ID] {
					// Two spellings of é above are one string in Go source; the key is then the same.
					if a.Kind == feeds.Unchanged && slices.Index(keys, keys[i]) < i {
						continue
					}
					r.Errorf("key %q: %+v", keys[i], a)
				}
				ids[a.ID] = true
				if got := r.get(a.ID).Title; got != fmt.Sprintf("%q", keys[i]) {
					r.Errorf("key %q gives the item of %s", keys[i], got)
				}
			}
			got := r.keyList("s")
			slices.Sort(keys)
			if want := slices.Compact(keys); !slices.Equal(got, want) {
				r.Errorf("Keys gives %d keys, want %d", len(got), len(want))
			}
			r.put1("s", withdraw("a"), feeds.Withdrawn)
			r.put1("s", withdraw("a\x00"), feeds.Withdrawn)
			if n := len(r.keyList("s")); n != len(got)-2 {
				r.Errorf("%d keys after two withdrawals of %d", n, len(got))
			}
		},
	},
	{
		name:    "hostile/sources",
		promise: "source names and keys are never taken for one another",
		run: func(r *run) {
			r.put1("a\x00b", post("c", title("1")), feeds.Baseline)
			r.put1("a", post("b\x00c", title("2")), feeds.Baseline)
			r.put1("a:b", post("c", title("3")), feeds.Baseline)
			r.put1("a", post("b:c", title("4")), feeds.Baseline)
			if got := r.keyList("a"); !slices.Equal(got, []string{"b\x00c", "b:c"}) {
				r.Errorf("keys %q", got)
			}
			if n := len(r.ids(feeds.All, feeds.ByPublished)); n != 4 {
				r.Errorf("%d items, want 4", n)
			}
		},
	},
	{
		name:    "hostile/labels",
		promise: "labels are any text, and topics of different names are apart",
		run: func(r *run) {
			for i, label := range nasty {
				r.put1("s", post(fmt.Sprint(i), in(label), group(nasty[len(nasty)-1-i])), feeds.Baseline)
				r.put1("s", post(fmt.Sprint("public", i), in(label)), feeds.Baseline)
			}
			for i, label := range nasty {
				name := feeds.Fold(label)
				if name == "" {
					continue
				}
				want := 0
				for _, l := range nasty {
					if feeds.Fold(l) == name {
						want++
					}
				}
				if n := len(r.ids(category(label), feeds.ByPublished)); n != want {
					r.Errorf("category %q has %d items, want %d", label, n, want)
				}
				t := category(label)
				t.Group = nasty[len(nasty)-1-i]
				if n := len(r.ids(t, feeds.ByArrival)); n < 1 {
					r.Errorf("%v has no items", t)
				}
				if _, ok := r.info(t); !ok {
					r.Errorf("%v is not listed", t)
				}
			}
		},
	},
	{
		name:    "hostile/ids",
		promise: "IDs are any bytes",
		run: func(r *run) {
			for i, id := range slices.Compact(slices.Sorted(slices.Values(nasty))) {
				a := r.put1("s", post(fmt.Sprint(i), wish(id)), feeds.Baseline)
				if a.ID != id || r.get(id).ID != id {
					r.Errorf("wish %q: got %q", id, a.ID)
				}
			}
		},
	},
	{
		name:    "hostile/notes",
		promise: "buckets and keys of notes are never taken for one another",
		run: func(r *run) {
			var edits []cache.Edit
			for _, b := range nasty {
				for _, k := range nasty {
					edits = append(edits, note(b, k, b+"|"+k))
				}
			}
			for part := range slices.Chunk(edits, 400) {
				r.ok("Write", r.s.Write(r.ctx, cache.Lease{}, part...))
			}
			want := len(slices.Compact(slices.Sorted(slices.Values(nasty))))
			for _, b := range nasty {
				got := r.notes(b)
				if len(got) != want {
					r.Errorf("bucket %q has %d notes, want %d", b, len(got), want)
				}
				for k, v := range got {
					if v != b+"|"+k {
						r.Errorf("note %q of bucket %q says %q", k, b, v)
					}
				}
			}
		},
	},
	{
		name:    "hostile/big",
		promise: "a body of 1 MiB and more is kept like a small one",
		run: func(r *run) {
			rng := rand.New(rand.NewPCG(1, 2))
			var b strings.Builder
			for b.Len() < 1<<20 {
				b.WriteRune(rune(0x4e00 + rng.IntN(0x5000)))
			}
			big := b.String()
			var ids []string
			for i := range 3 {
				c := post(fmt.Sprint("big", i), in("X"))
				c.Item.Content = big[3*i:]
				ids = append(ids, r.put1("s", c, feeds.Baseline).ID)
			}
			for i, it := range r.page(category("x"), feeds.ByPublished).Items {
				if it.ID != ids[2-i] || it.Content != big[3*(2-i):] {
					r.Errorf("item %d came back otherwise", i)
				}
			}
			c := post("big0", in("X"), raw(2))
			r.put1("s", c, feeds.Changed)
			if got := r.get(ids[0]).Content; got != c.Item.Content {
				r.Errorf("a big item that became small has %d bytes", len(got))
			}
		},
	},
	{
		name:    "hostile/many-labels",
		promise: "an item with hundreds of labels is in all of their topics and leaves them all",
		run: func(r *run) {
			var labels []string
			for i := range 400 {
				labels = append(labels, fmt.Sprintf("Label %03d", i))
			}
			a := r.put1("s", post("a", in(labels...)), feeds.Baseline)
			for _, l := range []string{labels[0], labels[199], labels[399]} {
				if got := r.ids(category(l), feeds.ByPublished); !slices.Equal(got, []string{a.ID}) {
					r.Errorf("%s: %v", l, got)
				}
			}
			r.put1("s", withdraw("a"), feeds.Withdrawn)
			list, err := r.s.Topics(r.ctx, "")
			r.ok("Topics", err)
			if len(list) != 402 {
				r.Errorf("%d topics, want 402", len(list))
			}
			for _, ti := range list {
				if ti.Items != 0 {
					r.Errorf("%v has %d items", ti.Topic, ti.Items)
				}
			}
		},
	},
}

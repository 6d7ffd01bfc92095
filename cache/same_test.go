package cache

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"feedmill/feeds"
)

func TestShares(t *testing.T) {
	list := []Share{
		{Copy: feeds.Copy{Source: "t", URL: "https://t.example/"}, Categories: []string{"一", "two"}},
		{Copy: feeds.Copy{Source: "u"}, Tags: []string{"x"}},
	}
	encoded := EncodeShares(list)
	got, err := DecodeShares(encoded)
	if d := cmp.Diff(list, got); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
	for n := 1; n < len(encoded); n++ {
		if got, err := DecodeShares(encoded[:n]); err == nil && len(got) == len(list) {
			t.Errorf("the first %d of %d bytes say as much as all", n, len(encoded))
		}
	}
	if b := EncodeShares(nil); b != nil {
		t.Errorf("nothing takes %d bytes", len(b))
	}
}

func TestUnite(t *testing.T) {
	own := []string{"One", "Two"}
	it := feeds.Item{Categories: own[:1], Tags: []string{"a"}}
	Unite(&it, []Share{
		{Copy: feeds.Copy{Source: "t", URL: "https://t.example/"}, Categories: []string{"one", "Three"}},
		{Copy: feeds.Copy{Source: "u"}, Categories: []string{"THREE"}, Tags: []string{"b"}},
	})
	want := feeds.Item{
		Categories: []string{"One", "Three"}, Tags: []string{"a", "b"},
		Also: []feeds.Copy{{Source: "t", URL: "https://t.example/"}, {Source: "u"}},
	}
	if d := cmp.Diff(want, it); d != "" {
		t.Error(d)
	}
	if own[1] != "Two" {
		t.Error("the list that the item was made with was written to")
	}
}

func TestMerged(t *testing.T) {
	for _, c := range []struct {
		sources []uint64
		want    []int
	}{
		{nil, nil},
		{[]uint64{1}, nil},
		{[]uint64{1, 2, 3}, []int{1, 2}},
		{[]uint64{1, 1, 2, 2, 1, 3}, []int{2, 3, 5}},
	} {
		if got := Merged(c.sources); !slices.Equal(got, c.want) {
			t.Errorf("Merged(%v) = %v, want %v", c.sources, got, c.want)
		}
	}
}

func TestAddressKey(t *testing.T) {
	if AddressKey("g", "") != "" || AddressKey("", "x") == AddressKey("g", "x") || len(AddressKey("", "x")) != AddressLen {
		t.Error("want none for no address, and one of 12 bytes for each group and address")
	}
}

package redis

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"feedmill/feeds"
)

func TestMember(t *testing.T) {
	seqs := []uint64{0, 1, 63, 64, 4095, 4096, 1 << 40, math.MaxUint64 - 1, math.MaxUint64}
	for range 10_000 {
		seqs = append(seqs, rand.Uint64()>>rand.IntN(64))
	}
	slices.Sort(seqs)
	last := ""
	for i, seq := range seqs {
		m := member(seq)
		if got, err := parseMember(m); err != nil || got != seq {
			t.Fatalf("member %q of %d reads %d, %v", m, seq, got, err)
		}
		if i > 0 && seq != seqs[i-1] && m <= last {
			t.Fatalf("member %q of %d is not behind %q of %d", m, seq, last, seqs[i-1])
		}
		last = m
	}
	if m := member(1_000_000); len(m) > 5 {
		t.Errorf("member %q of a million is longer than 5 bytes", m)
	}
	for _, bad := range []string{"", "0", "2a", "*", "1*", strings.Repeat("z", 20)} {
		if seq, err := parseMember(bad); err == nil {
			t.Errorf("%q reads %d", bad, seq)
		}
	}
}

func TestToken(t *testing.T) {
	for _, topic := range []feeds.Topic{
		feeds.All, {Kind: "category", Name: "a/b"}, {Group: "g", Kind: "all"}, {Group: "a\nb", Kind: "tag", Name: "(x) {y}"},
	} {
		if got := parseToken(token(topic)); got != topic {
			t.Errorf("%+v reads %+v", topic, got)
		}
	}
}

func TestKeysShareOneTag(t *testing.T) {
	k := newKeys("fm")
	for _, key := range []string{
		k.meta(), k.sources(), k.source("{x}"), k.native("}{"), k.published("tag/{a}"), k.arrived("}"), k.notes("{}"), k.topics("{g}"),
	} {
		if !strings.HasPrefix(key, "{fm}:") {
			t.Errorf("%q is in another slot", key)
		}
	}
	if key := k.body(bodyName(member(7), nonce())); strings.ContainsAny(key, "{}") {
		t.Errorf("bodies would all be in one slot: %q", key)
	}
}

func drawEntry(t *rapid.T) *entry {
	e := &entry{
		state:     state(rapid.IntRange(int(live), int(retiredHeld)).Draw(t, "state")),
		baseline:  rapid.Bool().Draw(t, "baseline"),
		shown:     rapid.Bool().Draw(t, "shown"),
		raw:       rapid.Uint64().Draw(t, "raw"),
		print:     rapid.Uint64().Draw(t, "print"),
		source:    rapid.Uint64().Draw(t, "source"),
		first:     rapid.Int64Range(-1<<40, 1<<40).Draw(t, "first"),
		published: rapid.Int64Range(-1<<40, 1<<40).Draw(t, "published"),
		arrived:   rapid.Int64Range(-1<<40, 1<<40).Draw(t, "arrived"),
		id:        rapid.String().Draw(t, "id"),
	}
	if rapid.Bool().Draw(t, "has body") {
		e.body = nonce()
	}
	e.updated = second(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "updated"))
	for range rapid.IntRange(0, 5).Draw(t, "topics") {
		e.topics = append(e.topics, place{
			rapid.Uint64Range(0, math.MaxUint64>>1).Draw(t, "topic"), rapid.Uint64().Draw(t, "spelling"),
		})
	}
	return e
}

func TestEntry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEntry(t)
		got, err := decodeEntry(e.encode())
		if err != nil {
			t.Fatal(err)
		}
		if !got.updated.Equal(e.updated) || got.encode() != e.encode() {
			t.Errorf("got %+v, want %+v", got, e)
		}
	})
}

// TestEntrySize holds the ledger to 200 bytes an item beside key and ID.
func TestEntrySize(t *testing.T) {
	e := entry{state: live, raw: math.MaxUint64, print: math.MaxUint64, body: nonce(), source: 1000, first: 1.9e9, published: 1, arrived: 1.9e9}
	e.updated = second(1.9e9)
	for i := range 20 {
		e.topics = append(e.topics, place{uint64(10_000 + i), 0})
	}
	// In Redis a field of a hash takes some 70 bytes more: the entry of the table, two headers, the member.
	if n := len(e.encode()); n > 130 {
		t.Errorf("an entry with 20 topics takes %d bytes", n)
	}
}

func FuzzEntry(f *testing.F) {
	e := entry{state: live, body: nonce(), id: "x", topics: []place{{1, 0}, {2, 7}}}
	f.Add(e.encode())
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if e, err := decodeEntry(s); err == nil {
			if again, err := decodeEntry(e.encode()); err != nil || again.encode() != e.encode() {
				t.Errorf("%q reads %+v, written again %+v, %v", s, e, again, err)
			}
		}
	})
}

func FuzzLine(f *testing.F) {
	f.Add(line{kind: feeds.New, source: 1, item: 5, topics: []uint64{1, 2, 300}}.encode())
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if l, err := decodeLine(s); err == nil {
			if again, err := decodeLine(l.encode()); err != nil || again.encode() != l.encode() {
				t.Errorf("%q reads %+v, written again %+v, %v", s, l, again, err)
			}
		}
	})
}

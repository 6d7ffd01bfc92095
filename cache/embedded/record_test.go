package embedded

import (
	"reflect"
	"testing"
	"time"

	"feedmill/feeds"
)

func wideRecord() *record {
	zone := time.FixedZone("", -9*3600-1800)
	rec := &record{
		state: dropped, baseline: true, shown: true, seq: 1 << 40, raw: 1<<64 - 1, print: 1<<64 - 1, firstSeen: 1 << 33, since: 1 << 33,
		published: time.Unix(1<<33, 999_999_999).In(zone), updated: time.Unix(1<<33, 999_999_999).In(zone), arrived: time.Unix(1<<33, 999_999_999).In(zone),
		id: "https://posts.example/1",
	}
	for i := range 20 {
		rec.members = append(rec.members, member{topic: 1_000_000 + uint32(i), spelling: maxSpellings})
	}
	return rec
}

func TestRecord(t *testing.T) {
	for _, rec := range []*record{{}, {state: gone, id: "x", published: time.Unix(-1, 0).UTC()}, wideRecord()} {
		got, err := decodeRecord(rec.encode())
		if err != nil || !reflect.DeepEqual(got, rec) && !got.published.Equal(rec.published) {
			t.Errorf("got %+v, %v, want %+v", got, err, rec)
		}
		if got.state != rec.state || got.baseline != rec.baseline || got.shown != rec.shown || got.since != rec.since || len(got.members) != len(rec.members) || got.id != rec.id {
			t.Errorf("got %+v, want %+v", got, rec)
		}
	}
}

// TestRecordSize holds the ledger to its bound: it outlives retention, so it decides how a store grows for ever.
func TestRecordSize(t *testing.T) {
	rec := wideRecord()
	if n := len(rec.encode()) - len(rec.id); n > 200 {
		t.Errorf("an entry of the ledger with 20 topics takes %d bytes beside key and ID, want at most 200", n)
	}
}

// FuzzDecode gives damaged bytes to everything that reads the file: an error, never a panic.
func FuzzDecode(f *testing.F) {
	f.Add(wideRecord().encode())
	f.Add((&topic{num: 3, items: 2, version: 9, newest: -5, spellings: []spelling{{"A", 2}, {"a", 0}}}).encode())
	f.Add((&source{num: 1, baseline: true, items: 3}).encode())
	f.Add((&head{source: 1, key: "k", id: "i", published: time.Unix(1, 1).UTC()}).append(nil))
	f.Add(topicKey(feeds.Topic{Group: "g", Kind: "category", Name: "x"}))
	f.Add([]byte{1, 2, 1, 's', 1, 'i', 2, 1, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		if rec, err := decodeRecord(b); err == nil {
			if again, err := decodeRecord(rec.encode()); err != nil || again.id != rec.id || len(again.members) != len(rec.members) {
				t.Errorf("%+v became %+v, %v", rec, again, err)
			}
		}
		if tp, err := decodeTopic(feeds.All, b); err == nil {
			if _, err := decodeTopic(feeds.All, tp.encode()); err != nil {
				t.Error(err)
			}
		}
		if src, err := decodeSource("s", b); err == nil {
			if _, err := decodeSource("s", src.encode()); err != nil {
				t.Error(err)
			}
		}
		_, _ = decodeItem(b, "s")
		_, _ = parseTopicKey(b)
		_, _ = decodeEntry(b, func(uint32) (feeds.Topic, error) { return feeds.All, nil })
		_, _ = alive(b, 0)
	})
}

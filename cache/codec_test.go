package cache

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"feedmill/feeds"
)

// full is an item with every field set, so that a forgotten one shows.
func full() feeds.Item {
	return feeds.Item{
		ID: "urn:uuid:1", Source: "s", URL: "https://posts.example/1", Original: "https://elsewhere.example/?a=1&b=2",
		Title: "Ein Titel — 标题", Summary: "Summary", Content: "<p>Content\x00with a NUL</p>", Language: "zh-CN", Image: "https://posts.example/1.png", Group: "staff",
		Authors:    []feeds.Person{{Name: "Ann"}, {Email: "b@example.org", URL: "https://b.example"}},
		Categories: []string{"金融", "c++"}, Tags: []string{"", "c#"},
		Enclosures: []feeds.Enclosure{{URL: "https://posts.example/1.mp3", Type: "audio/mpeg", Title: "t", Length: 1 << 40, Duration: 90 * time.Second, Medium: "audio", Width: 3, Height: 2, Language: "de", Thumbnail: "https://posts.example/t.png", Description: "d"}, {URL: "https://posts.example/2.mp3"}},
		Episode: &feeds.Episode{
			Season: 2, SeasonName: "Two", Number: "1.5", Name: "One and a half", Type: "bonus", Explicit: "false",
			Transcripts: []feeds.Enclosure{{URL: "https://posts.example/1.vtt", Type: "text/vtt", Title: "captions", Length: 1, Duration: 2, Medium: "document", Language: "en"}},
			Chapters:    feeds.Enclosure{URL: "https://posts.example/1.json", Type: "application/json+chapters"},
			Cast:        []feeds.Role{{Person: feeds.Person{Name: "Ann", URL: "https://ann.example"}, Role: "guest", Group: "cast", Image: "https://ann.example/1.png"}, {}},
		},
		Published: time.Date(1890, 1, 2, 3, 4, 5, 678, time.FixedZone("", -9*3600-1800)),
		Updated:   time.Date(2030, 1, 2, 3, 4, 5, 0, time.FixedZone("CST", 8*3600)),
		Arrived:   time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Also:      []feeds.Copy{{Source: "t", URL: "https://t.example/1"}, {Source: "u"}},
		Trace:     "published: front matter\n",
		Origin:    &feeds.Origin{ID: "o", Title: "Origin", URL: "https://o.example/feed", Home: "https://o.example"},
	}
}

func TestItemRoundTrip(t *testing.T) {
	for name, it := range map[string]feeds.Item{"full": full(), "empty": {}, "no origin": {Title: "x", Origin: nil}, "an episode without files": {Episode: &feeds.Episode{Season: 1}}, "a wide file": {Enclosures: []feeds.Enclosure{{}, {Width: 1}}}, "empty origin": {Origin: &feeds.Origin{}}} {
		got, err := DecodeItem(EncodeItem(&it))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(it, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		for _, d := range [][2]time.Time{{it.Published, got.Published}, {it.Updated, got.Updated}, {it.Arrived, got.Arrived}} {
			_, want := d[0].Zone()
			if _, offset := d[1].Zone(); offset != want {
				t.Errorf("%s: offset %d, want %d", name, offset, want)
			}
		}
	}
}

// plain is full without what version 3 added.
func plain() feeds.Item {
	it := full()
	it.Enclosures, it.Episode = []feeds.Enclosure{{URL: "https://posts.example/1.mp3", Type: "audio/mpeg", Title: "t", Length: 1 << 40, Duration: 90 * time.Second}}, nil
	return it
}

// TestEncodeItemVersion2: an item without anything of version 3 has the bytes that it had before there was one.
func TestEncodeItemVersion2(t *testing.T) {
	it := plain()
	b := EncodeItem(&it)
	if b[0] != codecPlain {
		t.Errorf("written under version %d", b[0])
	}
	if got, err := DecodeItem(b); err != nil || cmp.Diff(it, got) != "" {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(it, got))
	}
}

// TestEncodeItemVersion3: the same without descriptions.
func TestEncodeItemVersion3(t *testing.T) {
	it := full()
	it.Enclosures[0].Description = ""
	b := EncodeItem(&it)
	if b[0] != codecMedia {
		t.Errorf("written under version %d", b[0])
	}
	if got, err := DecodeItem(b); err != nil || cmp.Diff(it, got) != "" {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(it, got))
	}
}

func TestItemRoundTripAny(t *testing.T) {
	str := rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes")) })
	when := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "zero") {
			return time.Time{}
		}
		zone := time.FixedZone("", rapid.IntRange(-86400, 86400).Draw(t, "offset"))
		return time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanosecond")).In(zone)
	})
	labels := rapid.SliceOfN(str, 0, 5)
	rapid.Check(t, func(rt *rapid.T) {
		it := feeds.Item{
			ID: str.Draw(rt, "id"), Source: str.Draw(rt, "source"), Title: str.Draw(rt, "title"), Content: str.Draw(rt, "content"), Group: str.Draw(rt, "group"),
			Published: when.Draw(rt, "published"), Updated: when.Draw(rt, "updated"), Arrived: when.Draw(rt, "arrived"),
		}
		if l := labels.Draw(rt, "categories"); len(l) > 0 {
			it.Categories = l
		}
		for range rapid.IntRange(0, 3).Draw(rt, "enclosures") {
			it.Enclosures = append(it.Enclosures, feeds.Enclosure{URL: str.Draw(rt, "url"), Length: rapid.Int64().Draw(rt, "length"), Duration: time.Duration(rapid.Int64().Draw(rt, "duration"))})
		}
		got, err := DecodeItem(EncodeItem(&it))
		if err != nil {
			rt.Fatal(err)
		}
		if d := cmp.Diff(it, got); d != "" {
			rt.Fatalf("(-want +got):\n%s", d)
		}
	})
}

// TestDecodeItemDamaged cuts and stretches an encoded item: an error, whatever is missing.
func TestDecodeItemDamaged(t *testing.T) {
	it := full()
	b := EncodeItem(&it)
	for n := range b {
		if _, err := DecodeItem(b[:n]); !errors.Is(err, errCodec) {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(b), err)
		}
	}
	if _, err := DecodeItem(append(bytes.Clone(b), 0)); !errors.Is(err, errCodec) {
		t.Errorf("a byte too many: %v", err)
	}
	b[0]++
	if _, err := DecodeItem(b); !errors.Is(err, errCodec) {
		t.Errorf("unknown version: %v", err)
	}
	huge := append([]byte{codecVersion}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)
	if _, err := DecodeItem(huge); !errors.Is(err, errCodec) {
		t.Errorf("a length of 2^64-1: %v", err)
	}
}

func FuzzDecodeItem(f *testing.F) {
	it := full()
	f.Add(EncodeItem(&it))
	f.Add(EncodeItem(&feeds.Item{}))
	f.Add([]byte{codecVersion, 3, 'a'})
	f.Fuzz(func(t *testing.T, b []byte) {
		it, err := DecodeItem(b)
		if err != nil {
			return
		}
		again, err := DecodeItem(EncodeItem(&it))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(it, again); d != "" {
			t.Errorf("(-first +second):\n%s", d)
		}
	})
}

func BenchmarkCodec(b *testing.B) {
	it := full()
	it.Content = strings.Repeat("<p>一些新闻和一些词语。 Some news, some words.</p>\n", 50)
	encoded := EncodeItem(&it)
	packed := Compress(encoded)
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			EncodeItem(&it)
		}
	})
	b.Run("compress", func(b *testing.B) {
		for b.Loop() {
			Compress(encoded)
		}
	})
	b.Run("compress fast", func(b *testing.B) {
		for b.Loop() {
			CompressFast(encoded)
		}
	})
	b.Run("decompress fast", func(b *testing.B) {
		packed := CompressFast(encoded)
		for b.Loop() {
			if _, err := Decompress(packed); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decompress", func(b *testing.B) {
		for b.Loop() {
			if _, err := Decompress(packed); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := DecodeItem(encoded); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestPrintItem: the trace alone moves no print, everything else does.
func TestPrintItem(t *testing.T) {
	it := full()
	want := PrintItem(&it, EncodeItem(&it))
	it.Trace += strings.Repeat("x", 300)
	if PrintItem(&it, EncodeItem(&it)) != want {
		t.Error("the trace moves the print")
	}
	it.Also[0].URL = "https://other.example/"
	if PrintItem(&it, EncodeItem(&it)) == want {
		t.Error("another source of the item does not move the print")
	}
}

// TestDecodeItemVersion1 reads what was written before items had other sources and a trace.
func TestDecodeItemVersion1(t *testing.T) {
	it := plain()
	it.Also, it.Trace = nil, ""
	b := EncodeItem(&it)
	b = b[:len(b)-2]
	b[0] = 1
	got, err := DecodeItem(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(it, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

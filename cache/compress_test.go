package cache

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"feedmill/feeds"
)

var compressors = map[string]func([]byte) []byte{"small": Compress, "fast": CompressFast}

func TestCompress(t *testing.T) {
	for name, compress := range compressors {
		t.Run(name, func(t *testing.T) {
			for _, s := range []string{"", "x", strings.Repeat("新闻 news ", 5000)} {
				got, err := Decompress(compress([]byte(s)))
				if err != nil || string(got) != s {
					t.Errorf("%d bytes became %d, %v", len(s), len(got), err)
				}
			}
			packed := compress([]byte(strings.Repeat("news ", 500)))
			for _, b := range [][]byte{packed[:len(packed)-1], packed[:1], packed[:4], []byte("not compressed at all"), append([]byte("x"), packed...)} {
				if _, err := Decompress(b); !errors.Is(err, errCodec) {
					t.Errorf("damaged bytes: %v", err)
				}
			}
			if _, err := Decompress(compress(make([]byte, maxBody+1))); !errors.Is(err, errCodec) {
				t.Errorf("a body above the limit: %v", err)
			}
		})
	}
}

// TestDamage: no flipped bit of a stored body goes unnoticed, unless it changes nothing.
func TestDamage(t *testing.T) {
	text := strings.Repeat("一些新闻和一些词语。 Some news, some words.", 20)
	packed := CompressFast([]byte(text))
	for i := range packed {
		for bit := range 8 {
			packed[i] ^= 1 << bit
			if got, err := Decompress(packed); err == nil && string(got) != text {
				t.Fatalf("bit %d of byte %d is flipped, and %d bytes come out", bit, i, len(got))
			}
			packed[i] ^= 1 << bit
		}
	}
}

func FuzzDecompress(f *testing.F) {
	for _, compress := range compressors {
		f.Add(compress([]byte(strings.Repeat("news ", 50))))
	}
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd})
	f.Add([]byte{s2Mark, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		if out, err := Decompress(b); err == nil && len(out) > maxBody {
			t.Errorf("%d bytes", len(out))
		}
	})
}

// TestUnpackItem holds that items stay what they are when the room that they were unpacked in is used again, and that what is no
// item is an error.
func TestUnpackItem(t *testing.T) {
	for name, compress := range compressors {
		t.Run(name, func(t *testing.T) {
			var got []feeds.Item
			for i := range 20 {
				it := feeds.Item{Title: strconv.Itoa(i), Content: strings.Repeat(strconv.Itoa(i), 5000-i*200)}
				unpacked, err := UnpackItem(compress(EncodeItem(&it)))
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, unpacked)
			}
			for i, it := range got {
				if it.Title != strconv.Itoa(i) || it.Content != strings.Repeat(strconv.Itoa(i), 5000-i*200) {
					t.Errorf("item %d became %.20s… (%d bytes)", i, it.Content, len(it.Content))
				}
			}
			for _, bad := range [][]byte{nil, []byte("s"), compress(nil), compress([]byte{99}), compress([]byte("no item"))} {
				if it, err := UnpackItem(bad); err == nil {
					t.Errorf("of %q comes %v", bad, it)
				}
			}
		})
	}
}

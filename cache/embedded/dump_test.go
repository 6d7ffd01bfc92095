package embedded

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"feedmill/cache"
	"feedmill/feeds"
)

// published is a store with live, edited, withdrawn and held items, two merged ones, a retired source and notes.
func published(t *testing.T) *Store {
	t.Helper()
	s := mustOpen(t, filepath.Join(t.TempDir(), "store.db"), Options{NoSync: true})
	fill(t, s, "a", 0, 300)
	a, b := acquire(t, s, "b"), acquire(t, s, "left")
	held := item("held")
	held.Hold, held.Item.Published = true, time.Now().Add(time.Hour)
	same1, same2 := item("same1"), item("same2")
	same1.Address, same2.Address = "https://x.example/1", "https://x.example/1"
	l := acquire(t, s, "c")
	for _, step := range []func() error{
		func() error { _, err := s.Put(t.Context(), a, held, same1, item("gone"), item("secret")); return err },
		func() error { _, err := s.Put(t.Context(), l, same2); return err },
		func() error {
			_, err := s.Put(t.Context(), a, feeds.Change{Key: "gone"}, feeds.Change{Key: "secret"})
			return err
		},
		func() error { return s.SetBaseline(t.Context(), a, "b") },
		func() error { return s.Describe(t.Context(), a, "b", feeds.About{Title: "B"}) },
		func() error { _, err := s.Put(t.Context(), b, item("retiredpost")); return err },
		func() error { return s.Retire(t.Context(), b, "left") },
		func() error {
			return s.Write(t.Context(), cache.Lease{}, cache.Edit{Bucket: "keep", Key: "k", Value: []byte("v")}, cache.Edit{Bucket: "token", Key: "k", Value: []byte("hunter2")})
		},
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

var someNotes = DumpOptions{
	Note: func(bucket, _ string) bool { return bucket == "keep" },
	Omit: func(source, key string) bool { return source == "b" && key == "secret" },
}

func dumpOf(t *testing.T, s *Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Dump(t.Context(), &b, someNotes); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func loaded(t *testing.T, dump []byte) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "loaded.db")
	if err := Load(t.Context(), path, bytes.NewReader(dump)); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, path, Options{NoSync: true})
	return s
}

// TestDump holds that a loaded dump goes on where the store was: the same topics, versions and IDs, nothing new for what
// is stated again, and the same dump.
func TestDump(t *testing.T) {
	s := published(t)
	dump := dumpOf(t, s)
	l := loaded(t, dump)
	if again := dumpOf(t, l); !bytes.Equal(again, dump) {
		t.Error("the dump of what was loaded is another one")
	}
	for _, topic := range []feeds.Topic{feeds.All, feeds.NewTopic("source", "a"), feeds.NewTopic("source", "c")} {
		want, err := s.Recent(t.Context(), topic, feeds.ByArrival, feeds.Pos{}, 1000)
		if err != nil {
			t.Fatal(err)
		}
		got, err := l.Recent(t.Context(), topic, feeds.ByArrival, feeds.Pos{}, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Items) != len(want.Items) || got.Version != want.Version {
			t.Errorf("%s has %d items at %v, want %d at %v", topic, len(got.Items), got.Version, len(want.Items), want.Version)
		}
		for i := range min(len(got.Items), len(want.Items)) {
			if got.Items[i].ID != want.Items[i].ID || !got.Items[i].Arrived.Equal(want.Items[i].Arrived) || got.Items[i].Content != want.Items[i].Content {
				t.Fatalf("%s: item %d is %v, want %v", topic, i, got.Items[i], want.Items[i])
			}
		}
	}
	acc, err := l.Put(t.Context(), acquire(t, l, "a"), item("k00007"), item("k00008"))
	if err != nil || acc[0].Kind != feeds.Unchanged || acc[1].Kind != feeds.Unchanged {
		t.Errorf("stated again: %v, %v", acc, err)
	}
	acc, err = l.Put(t.Context(), acquire(t, l, "b"), item("gone"), item("secret"))
	if err != nil || acc[0].Kind != feeds.Restored || acc[1].Kind != feeds.New {
		t.Errorf("a withdrawn and an omitted item come back as %v, %v", acc, err)
	}
	list, err := l.List(t.Context())
	if err != nil || len(list) != 3 || list[1].About.Title != "B" || !list[1].Baseline {
		t.Errorf("sources %+v, %v", list, err)
	}
	notes, err := l.Read(t.Context(), "keep", "k")
	if err != nil || string(notes["k"]) != "v" {
		t.Errorf("notes %q, %v", notes, err)
	}
	path := l.Path()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Check(t.Context(), path); err != nil {
		t.Error(err)
	}
}

// TestDumpHides looks for what must not be published in the whole of a loaded dump.
func TestDumpHides(t *testing.T) {
	l := loaded(t, dumpOf(t, published(t)))
	path := l.Path()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"held", "secret", "hunter2", "retiredpost"} {
		if bytes.Contains(b, []byte(word)) {
			t.Errorf("%q is in what is published", word)
		}
	}
}

func TestDumpRefusesPrivate(t *testing.T) {
	s := published(t)
	c := item("ours")
	c.Item.Group = "ours"
	if _, err := s.Put(t.Context(), acquire(t, s, "a"), c); err != nil {
		t.Fatal(err)
	}
	if err := s.Dump(t.Context(), &bytes.Buffer{}, DumpOptions{}); err == nil || !strings.Contains(err.Error(), "private") {
		t.Errorf("Dump of a private item: %v", err)
	}
}

// TestLoadDamaged cuts and bends a dump: a whole store or a clear error, never half of one.
func TestLoadDamaged(t *testing.T) {
	dump := dumpOf(t, published(t))
	bad := map[string][]byte{"empty": nil, "another file": []byte("<html>404</html>"), "cut": dump[:len(dump)-1], "half": dump[:len(dump)/2]}
	bent := bytes.Clone(dump)
	bent[len(bent)/2] ^= 0x10
	bad["bent"] = bent
	for name, b := range bad {
		path := filepath.Join(t.TempDir(), "x.db")
		if err := Load(t.Context(), path, bytes.NewReader(b)); !errors.Is(err, ErrNoDump) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: a file is left", name)
		}
	}
	newer := bytes.NewBufferString(dumpMagic)
	newer.Write(compressed(t, num32(99)))
	if err := Load(t.Context(), filepath.Join(t.TempDir(), "x.db"), newer); !errors.Is(err, cache.ErrSchema) {
		t.Errorf("of a newer schema: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte{0, 0, 0, 2, 7, 's', 'o', 'u', 'r', 'c', 'e', 's', 1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "x.db")
		in := append([]byte(dumpMagic), compressed(t, b)...)
		if err := Load(t.Context(), path, bytes.NewReader(in)); err != nil {
			return
		}
		s, err := Open(path, Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func compressed(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return z.EncodeAll(b, nil)
}

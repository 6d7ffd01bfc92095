package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	bolt "go.etcd.io/bbolt"

	"feedmill/cache"
	"feedmill/feeds"
)

// filled is a closed store with n items.
func filled(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	s := mustOpen(t, path, Options{NoSync: true})
	fill(t, s, "s", 0, n)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustOpen(t *testing.T, path string, opts Options) *Store {
	t.Helper()
	s, err := Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func acquire(t *testing.T, s *Store, source string) cache.Lease {
	t.Helper()
	l, err := s.Acquire(t.Context(), "source/"+source, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func fill(t *testing.T, s *Store, source string, from, n int) {
	t.Helper()
	l := acquire(t, s, source)
	for i := from; i < from+n; i += 100 {
		var changes []feeds.Change
		for j := i; j < min(i+100, from+n); j++ {
			changes = append(changes, item(fmt.Sprintf("k%05d", j)))
		}
		if _, err := s.Put(t.Context(), l, changes...); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Release(t.Context(), l); err != nil {
		t.Fatal(err)
	}
}

func item(key string) feeds.Change {
	return feeds.Change{Key: key, Raw: 1, Item: &feeds.Item{Title: key, Content: strings.Repeat(key+" ", 300), Categories: []string{"c"}}}
}

func TestOpenErrors(t *testing.T) {
	open := func(path string) error {
		s, err := Open(path, Options{})
		if err == nil {
			return s.Close()
		}
		return err
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T) string
		is   error
		says []string
	}{
		{
			name: "open already",
			make: func(t *testing.T) string { return mustOpen(t, filepath.Join(t.TempDir(), "x.db"), Options{}).Path() },
			is:   cache.ErrLocked, says: []string{"x.db", "stop that process"},
		},
		{
			name: "no directory",
			make: func(t *testing.T) string { return filepath.Join(t.TempDir(), "not", "there", "x.db") },
			is:   fs.ErrNotExist, says: []string{"make the directory"},
		},
		{
			name: "a directory",
			make: func(t *testing.T) string { return t.TempDir() },
			says: []string{"is a directory"},
		},
		{
			name: "directory that cannot be written",
			make: func(t *testing.T) string {
				dir := t.TempDir()
				if err := os.Chmod(dir, 0o500); err != nil {
					t.Fatal(err)
				}
				if os.Geteuid() == 0 {
					t.Skip("root may write everywhere")
				}
				return filepath.Join(dir, "x.db")
			},
			is: fs.ErrPermission, says: []string{"writable"},
		},
		{
			name: "some other file",
			make: func(t *testing.T) string {
				path := filepath.Join(t.TempDir(), "x.db")
				if err := os.WriteFile(path, []byte(strings.Repeat("this is a text\n", 1000)), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			},
			says: []string{"not a store"},
		},
		{
			name: "another program's bbolt file",
			make: func(t *testing.T) string {
				path := filepath.Join(t.TempDir(), "x.db")
				edit(t, path, func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err })
				return path
			},
			says: []string{"another program", "theirs"},
		},
		{
			name: "cut short",
			make: func(t *testing.T) string {
				path := filled(t, 300)
				if err := os.Truncate(path, 64<<10); err != nil {
					t.Fatal(err)
				}
				return path
			},
			is: errDamaged, says: []string{"backup"},
		},
		{
			name: "cut to nothing but its head",
			make: func(t *testing.T) string {
				path := filled(t, 3)
				if err := os.Truncate(path, 100); err != nil {
					t.Fatal(err)
				}
				return path
			},
			says: []string{"backup"},
		},
		{
			name: "newer schema",
			make: func(t *testing.T) string {
				path := filled(t, 3)
				edit(t, path, func(tx *bolt.Tx) error { return tx.Bucket(bMeta).Put(keySchema, num32(99)) })
				return path
			},
			is: cache.ErrSchema, says: []string{"version 99", fmt.Sprintf("knows %d", len(migrations)+1)},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.make(t)
			err := open(path)
			if err == nil {
				t.Fatal("it opened")
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v: want %v", err, c.is)
			}
			for _, s := range append(c.says, path) {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
		})
	}
}

// edit changes a file behind the back of the store.
func edit(t *testing.T, path string, fn func(tx *bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(fn), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestMigrate(t *testing.T) {
	path := filled(t, 3)
	edit(t, path, func(tx *bolt.Tx) error { return tx.Bucket(bMeta).Put(keySchema, num32(1)) })
	var ran []int
	step := func(n int) func(*bolt.Tx) error { return func(*bolt.Tx) error { ran = append(ran, n); return nil } }
	edit(t, path, func(tx *bolt.Tx) error { return migrate(tx, []func(*bolt.Tx) error{step(1), step(2)}) })
	edit(t, path, func(tx *bolt.Tx) error { return migrate(tx, []func(*bolt.Tx) error{step(1), step(2), step(3)}) })
	if fmt.Sprint(ran) != "[1 2 3]" {
		t.Errorf("ran %v, want every step once", ran)
	}
	edit(t, path, func(tx *bolt.Tx) error {
		if v, err := schema(tx); err != nil || v != 4 {
			t.Errorf("schema %d, %v", v, err)
		}
		if err := migrate(tx, nil); !errors.Is(err, cache.ErrSchema) {
			t.Errorf("going back: %v", err)
		}
		return nil
	})
}

// TestMigrateVersion1 opens a store as it was before items were merged, and merges some.
func TestMigrateVersion1(t *testing.T) {
	path := filled(t, 3)
	edit(t, path, func(tx *bolt.Tx) error {
		err := tx.Bucket(bSources).ForEach(func(k, v []byte) error { return tx.Bucket(bSources).Put(k, v[:len(v)-1]) })
		return errors.Join(err, tx.DeleteBucket(bAddresses), tx.DeleteBucket(bShares), tx.Bucket(bMeta).Put(keySchema, num32(1)))
	})
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, want := range []feeds.Kind{feeds.Baseline, feeds.Merged} {
		source := fmt.Sprint("other", i)
		lease := acquire(t, s, source)
		acc, err := s.Put(t.Context(), lease, feeds.Change{Key: "k", Address: "https://a.example/", Item: &feeds.Item{Title: "T", URL: "https://a.example/"}})
		if err != nil || acc[0].Kind != want {
			t.Errorf("%s: %v, %v; want %s", source, acc, err, want)
		}
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFileMode(t *testing.T) {
	info, err := os.Stat(filled(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestOpenTemp(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenTemp(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, "s", 0, 10)
	if st, err := s.Stats(t.Context()); err != nil || st.Items != 10 || st.Sources != 1 || st.Topics != 3 || st.LogEntries != 10 || st.FileBytes == 0 {
		t.Errorf("%+v, %v", st, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("Close left %v", left)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
	if _, err := s.Version(t.Context(), feeds.All); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("reading after Close: %v", err)
	}
	if err := s.Write(t.Context(), cache.Lease{}); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("writing after Close: %v", err)
	}
}

func TestFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := mustOpen(t, path, Options{NoSync: true, maxSize: 4 << 20})
	fill(t, s, "s", 0, 100)
	l := acquire(t, s, "s")
	var err error
	stored := 100
	for ; err == nil && stored < 100_000; stored++ {
		c := item(fmt.Sprintf("k%05d", stored))
		c.Item.Content = strings.Repeat(fmt.Sprint(stored*7919), 2000)
		_, err = s.Put(t.Context(), l, c)
	}
	stored--
	if !errors.Is(err, cache.ErrFull) {
		t.Fatalf("after %d items: %v", stored, err)
	}
	p, err := s.Recent(t.Context(), feeds.All, feeds.ByPublished, feeds.Pos{}, 1000)
	if err != nil || len(p.Items) != min(stored, 1000) {
		t.Errorf("reading from a full store: %d of %d items, %v", len(p.Items), stored, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path, Options{NoSync: true})
	fill(t, s, "s", stored, 10)
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for _, e := range []error{syscall.ENOSPC, syscall.EFBIG, syscall.EDQUOT} {
		if err := storeError(&os.PathError{Op: "write", Path: path, Err: e}); !errors.Is(err, cache.ErrFull) || !errors.Is(err, e) {
			t.Errorf("%v becomes %v", e, err)
		}
	}
}

func TestCheckFinds(t *testing.T) {
	first := func(b *bolt.Bucket) []byte { k, _ := b.Cursor().First(); return k }
	for name, harm := range map[string]func(tx *bolt.Tx) error{
		"an index entry is missing": func(tx *bolt.Tx) error { return tx.Bucket(bIndex).Delete(first(tx.Bucket(bIndex))) },
		"an index entry too many":   func(tx *bolt.Tx) error { return tx.Bucket(bIndex).Put(indexKey(nil, 1, inBoth, 5, 99), nil) },
		"a body is missing":         func(tx *bolt.Tx) error { return tx.Bucket(bBodies).Delete(num64(2)) },
		"a body is garbled": func(tx *bolt.Tx) error {
			v := append([]byte{}, tx.Bucket(bBodies).Get(num64(2))...)
			v[len(v)-5] ^= 0xff
			return tx.Bucket(bBodies).Put(num64(2), v)
		},
		"a ledger entry is missing": func(tx *bolt.Tx) error { return tx.Bucket(bLedger).Delete(first(tx.Bucket(bLedger))) },
		"an arrival is missing":     func(tx *bolt.Tx) error { return tx.Bucket(bArrivals).Delete(first(tx.Bucket(bArrivals))) },
		"a source miscounts": func(tx *bolt.Tx) error {
			return tx.Bucket(bSources).Put([]byte("s"), (&source{num: 1, items: 7}).encode())
		},
		"a topic miscounts": func(tx *bolt.Tx) error {
			k := topicKey(feeds.All)
			t, err := decodeTopic(feeds.All, tx.Bucket(bTopics).Get(k))
			if err != nil {
				return err
			}
			t.items++
			return tx.Bucket(bTopics).Put(k, t.encode())
		},
		"an ID is another's": func(tx *bolt.Tx) error { return tx.Bucket(bIDs).Put(first(tx.Bucket(bIDs)), num64(77)) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filled(t, 5)
			if err := Check(t.Context(), path); err != nil {
				t.Fatalf("before: %v", err)
			}
			edit(t, path, harm)
			if err := Check(t.Context(), path); !errors.Is(err, errDamaged) {
				t.Errorf("Check: %v", err)
			}
		})
	}
	if err := Check(t.Context(), filepath.Join(t.TempDir(), "nothing.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Check of nothing: %v", err)
	}
}

func TestCompact(t *testing.T) {
	path := filled(t, 2000)
	s := mustOpen(t, path, Options{NoSync: true, Options: cache.Options{KeepItems: 10, LogEntries: 10}})
	if _, _, err := Compact(t.Context(), path); !errors.Is(err, cache.ErrLocked) {
		t.Errorf("Compact of an open store: %v", err)
	}
	for range 20 {
		if _, err := s.Maintain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want, err := s.Recent(t.Context(), feeds.All, feeds.ByArrival, feeds.Pos{}, 1000)
	if err != nil || len(want.Items) != 10 {
		t.Fatalf("%d items, %v", len(want.Items), err)
	}
	tail, err := s.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Compact(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("Compact after cancel: %v", err)
	}
	before, after, err := Compact(t.Context(), path)
	if err != nil || after*2 > before {
		t.Errorf("from %d to %d bytes, %v", before, after, err)
	}
	if err := Check(t.Context(), path); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("files left over: %v", left)
	}
	s = mustOpen(t, path, Options{NoSync: true})
	got, err := s.Recent(t.Context(), feeds.All, feeds.ByArrival, feeds.Pos{}, 1000)
	if err != nil || len(got.Items) != 10 || got.Version != want.Version {
		t.Errorf("after: %d items, %v", len(got.Items), err)
	}
	if entries, err := s.After(t.Context(), tail, 10); err != nil || len(entries) != 0 {
		t.Errorf("behind the old tail: %v, %v", entries, err)
	}
	fill(t, s, "s", 5000, 1)
	if entries, err := s.After(t.Context(), tail, 10); err != nil || len(entries) != 1 {
		t.Errorf("behind the old tail: %v, %v", entries, err)
	}
}

// TestRestored restores a backup and goes on until the log is longer than the lost one: a cursor from the lost history
// is noticed all the same.
func TestRestored(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, filepath.Join(dir, "store.db"), Options{NoSync: true})
	fill(t, s, "s", 0, 10)
	shared, err := s.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(dir, "backup.db")
	f, err := os.Create(backup)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Backup(f), f.Close()); err != nil {
		t.Fatal(err)
	}
	fill(t, s, "s", 10, 5)
	lost, err := s.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old := mustOpen(t, backup, Options{NoSync: true})
	if err := old.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := old.After(t.Context(), lost, 10); !errors.Is(err, cache.ErrRegressed) {
		t.Errorf("cursor behind the end: %v", err)
	}
	fill(t, old, "s", 100, 20)
	if _, err := old.After(t.Context(), lost, 10); !errors.Is(err, cache.ErrRegressed) {
		t.Errorf("cursor of a lost history: %v", err)
	}
	if got, err := old.After(t.Context(), shared, 100); err != nil || len(got) != 20 {
		t.Errorf("cursor from before the backup: %d entries, %v", len(got), err)
	}
	if _, err := old.After(t.Context(), "1700000000000-0", 10); !errors.Is(err, cache.ErrRegressed) {
		t.Errorf("cursor of another kind of store: %v", err)
	}
	if _, err := old.After(t.Context(), "what", 10); !errors.Is(err, cache.ErrRegressed) {
		t.Errorf("no cursor at all: %v", err)
	}
}

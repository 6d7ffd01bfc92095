package embedded

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	bolt "go.etcd.io/bbolt"

	"feedmill/cache"
	"feedmill/feeds"
)

// left counts the keys of buckets.
func left(t *testing.T, s *Store, buckets ...[]byte) (n int) {
	t.Helper()
	err := s.db.View(func(tx *bolt.Tx) error {
		for _, b := range buckets {
			n += count(tx.Bucket(b))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func tidy(t *testing.T, s *Store) {
	t.Helper()
	for range 50 {
		if _, err := s.Maintain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestExpired wants expired notes gone from the file, not only from the answers.
func TestExpired(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	synctest.Test(t, func(t *testing.T) {
		s := mustOpen(t, path, Options{NoSync: true})
		for _, ttl := range []time.Duration{time.Minute, time.Hour, time.Minute} {
			if err := s.Write(t.Context(), cache.Lease{}, cache.Edit{Bucket: "b", Key: "a", Value: []byte("v"), TTL: ttl}, cache.Edit{Bucket: "b", Key: ttl.String(), Value: []byte("v"), TTL: ttl}); err != nil {
				t.Fatal(err)
			}
		}
		if n := left(t, s, bNotes, bExpiries); n != 6 {
			t.Errorf("%d keys for 3 notes that expire", n)
		}
		time.Sleep(2 * time.Minute)
		tidy(t, s)
		if n := left(t, s, bNotes, bExpiries); n != 2 {
			t.Errorf("%d keys for 1 note that is left", n)
		}
	})
}

// TestDropped states items again that retention dropped: as long as they would be dropped again nothing moves, or every
// fetch of everything would bring them back and take them out.
func TestDropped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	synctest.Test(t, func(t *testing.T) {
		s := mustOpen(t, path, Options{NoSync: true, Options: cache.Options{KeepItems: 5}})
		l := acquire(t, s, "s")
		var changes []feeds.Change
		for i := range 12 {
			c := item(string(rune('a' + i)))
			c.Item.Published = time.Unix(int64(i), 0).UTC()
			changes = append(changes, c)
		}
		put := func() (kinds map[feeds.Kind]int) {
			t.Helper()
			kinds = map[feeds.Kind]int{}
			acc, err := s.Put(t.Context(), l, changes...)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range acc {
				kinds[a.Kind]++
			}
			return kinds
		}
		put()
		tidy(t, s)
		if n := left(t, s, bBodies); n != 5 {
			t.Errorf("%d bodies, want 5", n)
		}
		before := txID(t, s)
		if got := put(); got[feeds.Unchanged] != 12 || txID(t, s) != before {
			t.Errorf("stated again: %v, %d commits", got, txID(t, s)-before)
		}
		// More room: they come back under their IDs, and are not news.
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = mustOpen(t, path, Options{NoSync: true, Options: cache.Options{KeepItems: 8}})
		l = acquire(t, s, "s")
		if got := put(); got[feeds.Unchanged]+got[feeds.Restored] != 12 || got[feeds.Restored] < 3 {
			t.Errorf("stated again with more room: %v", got)
		}
		tidy(t, s)
		if n := left(t, s, bBodies); n != 8 {
			t.Errorf("%d bodies, want 8", n)
		}
	})
}

// TestBuried follows withdrawn and retired items to their end.
func TestBuried(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	synctest.Test(t, func(t *testing.T) {
		s := mustOpen(t, path, Options{NoSync: true})
		fill(t, s, "s", 0, 700)
		fill(t, s, "t", 0, 10)
		l := acquire(t, s, "t")
		if _, err := s.Put(t.Context(), l, feeds.Change{Key: "k00003"}); err != nil {
			t.Fatal(err)
		}
		if err := s.Retire(t.Context(), acquire(t, s, "s"), "s"); err != nil {
			t.Fatal(err)
		}
		if n := left(t, s, bBodies); n != 710 {
			t.Errorf("%d bodies before, want all 710", n)
		}
		time.Sleep(cache.KeepGone + time.Hour)
		tidy(t, s)
		if b, l, i := left(t, s, bBodies), left(t, s, bLedger), left(t, s, bIDs); b != 9 || l != 10 || i != 10 {
			t.Errorf("%d bodies, %d ledger entries, %d IDs; want 9, 10, 10", b, l, i)
		}
		if n := left(t, s, bGone, bDue); n != 0 {
			t.Errorf("%d items wait for something", n)
		}
		if n := left(t, s, bSources, bNames); n != 2 {
			t.Errorf("the retired source is still known: %d keys", n)
		}
	})
}

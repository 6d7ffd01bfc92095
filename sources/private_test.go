package sources

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"feedmill/feeds"
)

// cutStore fails once it has taken so many batches.
type cutStore struct {
	*memoryStore
	left int
}

type cutDesk struct {
	Desk
	s *cutStore
}

func (s *cutStore) Open(ctx context.Context, source string) (Desk, error) {
	desk, err := s.memoryStore.Open(ctx, source)
	return &cutDesk{desk, s}, err
}

func (d *cutDesk) Put(ctx context.Context, changes ...feeds.Change) ([]feeds.Accepted, error) {
	if d.s.left--; d.s.left < 0 {
		return nil, errors.New("cut short")
	}
	return d.Desk.Put(ctx, changes...)
}

// TestTakenBack: a policy that was applied to a part of what is stored and is then taken back leaves nothing under it.
func TestTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &cutStore{newMemoryStore(), 1000}
		src := &scripted{fetch: func(n int, _ State, out Sink) (Result, error) {
			if n > 1 {
				return Result{Unchanged: true}, nil
			}
			return Result{}, out.Emit(posts(2 * reworkBatch)...)
		}}
		private := spec("s", src)
		private.Policy.Group = "desk"
		m := startManager(t, store, private)
		synctest.Wait()
		in := func(group string) (n int) {
			for _, c := range store.items {
				if c.Item.Group == group {
					n++
				}
			}
			return n
		}
		follows := func() bool {
			t.Helper()
			desk, err := store.Open(t.Context(), "s")
			if err != nil {
				t.Fatal(err)
			}
			ok, err := Follows(t.Context(), desk, private.Policy.Shape())
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		if n := in("desk"); n != 2*reworkBatch || !follows() {
			t.Fatalf("%d items are private, all follow: %v", n, follows())
		}
		public := private
		public.Fingerprint, public.Policy.Group = "2", ""
		store.left = 1
		m.Apply([]Spec{public})
		synctest.Wait()
		if n := in(""); n != reworkBatch || follows() {
			t.Fatalf("%d items are public, all follow what was private: %v", n, follows())
		}
		store.left = 1000
		m.Apply([]Spec{private})
		synctest.Wait()
		if n := in("desk"); n != 2*reworkBatch || !follows() {
			t.Errorf("%d items are private, all follow: %v", n, follows())
		}
	})
}

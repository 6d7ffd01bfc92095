package embedded

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"feedmill/cache"
	"feedmill/feeds"
)

func txID(t *testing.T, s *Store) (id int) {
	t.Helper()
	if err := s.db.View(func(tx *bolt.Tx) error { id = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return id
}

// TestCoalesce queues Puts behind a slow job: they share one commit.
func TestCoalesce(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "store.db"), Options{NoSync: true})
	release, busy := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.write(t.Context(), nil, 1, func(*batch) error {
			close(busy)
			<-release
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-busy
	before := txID(t, s)
	const n = 20
	jobs := make([]*job, n)
	for i := range jobs {
		wg.Go(func() {
			err := s.Write(t.Context(), cache.Lease{}, cache.Edit{Bucket: "b", Key: fmt.Sprint(i), Value: []byte{1}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	time.Sleep(50 * time.Millisecond) // most of them wait by now; those that do not cost a commit more
	close(release)
	wg.Wait()
	if commits := txID(t, s) - before; commits > n/2 {
		t.Errorf("%d commits for %d waiting writes", commits, n)
	}
}

// TestAlone lets one job of a commit fail half-way: the others go through, of it nothing is left.
func TestAlone(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "store.db"), Options{NoSync: true})
	broken := errors.New("broken")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	put := func(name string) func(b *batch) error {
		return func(b *batch) error {
			src, err := b.ensureSource(name)
			if err != nil {
				return err
			}
			c := item(name)
			p := prepareChange(name, &c)
			_, err = b.apply(src, &p)
			return err
		}
	}
	jobs := []*job{
		{ctx: t.Context(), run: put("a")},
		{ctx: t.Context(), run: func(b *batch) error { return errors.Join(put("bad")(b), broken) }},
		{ctx: t.Context(), run: put("b")},
		{ctx: cancelled, run: put("late")},
		{ctx: t.Context(), run: put("fenced"), lease: &cache.Lease{Name: "source/fenced", Token: 1}},
		{ctx: t.Context(), run: func(*batch) error { return broken }},
	}
	for _, j := range jobs {
		j.done = make(chan struct{})
	}
	s.commit(jobs)
	for i, want := range []error{nil, broken, nil, context.Canceled, cache.ErrStale, broken} {
		<-jobs[i].done
		if !errors.Is(jobs[i].err, want) || want == nil && jobs[i].err != nil {
			t.Errorf("job %d: %v, want %v", i, jobs[i].err, want)
		}
	}
	list, err := s.List(t.Context())
	if err != nil || len(list) != 2 || list[0].Name != "a" || list[1].Name != "b" || list[0].Items != 1 || list[1].Items != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestIdle does what needs no write: it makes no commit.
func TestIdle(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "store.db"), Options{NoSync: true})
	fill(t, s, "s", 0, 50)
	before := txID(t, s)
	fill(t, s, "s", 0, 50)
	l := acquire(t, s, "s")
	for range 3 {
		if _, err := s.Maintain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Renew(t.Context(), l, time.Hour), s.Write(t.Context(), l), s.Describe(t.Context(), l, "s", feeds.About{})); err != nil {
			t.Fatal(err)
		}
	}
	if n := txID(t, s) - before; n != 0 {
		t.Errorf("%d commits", n)
	}
}

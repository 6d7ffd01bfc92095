package sources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/feeds"
)

// memoryStore is a Store in memory: enough of the contract to test the Manager.
type memoryStore struct {
	mu       sync.Mutex
	busy     bool
	fail     error
	items    map[string]feeds.Change // live, by key
	baseline bool
	notes    map[string][]byte
	ids      map[string]string // by key, also of items that are gone
	kinds    map[feeds.Kind]int
	puts     []string // "key" or "-key", in order
	writes   int      // of notes
	lost     chan struct{}
}

// copy is the store as another process finds it after a crash.
func (m *memoryStore) copy() *memoryStore {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := newMemoryStore()
	c.items, c.notes, c.baseline = maps.Clone(m.items), maps.Clone(m.notes), m.baseline
	return c
}

// written counts the writes of notes.
func (m *memoryStore) written() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.writes
}

func newMemoryStore() *memoryStore {
	return &memoryStore{
		items: map[string]feeds.Change{}, ids: map[string]string{}, kinds: map[feeds.Kind]int{}, notes: map[string][]byte{}, lost: make(chan struct{}),
	}
}

func (m *memoryStore) Open(context.Context, string) (Desk, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy {
		return nil, ErrBusy
	}
	return &memoryDesk{m}, nil
}

type memoryDesk struct{ m *memoryStore }

func (d *memoryDesk) Put(_ context.Context, changes ...feeds.Change) ([]feeds.Accepted, error) {
	m := d.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return nil, m.fail
	}
	var out []feeds.Accepted
	for _, c := range changes {
		if old, ok := m.items[c.Formerly]; ok && c.Formerly != "" && m.ids[c.Key] == "" {
			m.items[c.Key], m.ids[c.Key] = old, m.ids[c.Formerly]
			delete(m.items, c.Formerly)
			delete(m.ids, c.Formerly)
		}
		old, known := m.items[c.Key]
		if c.Item != nil && m.ids[c.Key] == "" {
			m.ids[c.Key] = cmp.Or(c.Wish, "id of "+c.Key)
		}
		a := feeds.Accepted{ID: m.ids[c.Key], Kind: feeds.Unchanged}
		switch {
		case c.Item == nil && known:
			delete(m.items, c.Key)
			m.puts = append(m.puts, "-"+c.Key)
			a.Kind = feeds.Withdrawn
		case c.Item != nil && (!known || old.Raw != c.Raw):
			a.Kind = feeds.New
			switch {
			case !m.baseline || c.Backlog && !known:
				a.Kind = feeds.Baseline
			case known && c.Silent:
				a.Kind = feeds.Reshaped
			case known:
				a.Kind = feeds.Changed
			}
			m.items[c.Key] = c
			m.puts = append(m.puts, c.Key)
		}
		if c.Item != nil && a.Kind == feeds.Unchanged && !reflect.DeepEqual(old.Item, c.Item) {
			a.Kind, m.items[c.Key] = feeds.Reshaped, c
		}
		m.kinds[a.Kind]++
		out = append(out, a)
	}
	return out, nil
}

func (d *memoryDesk) Describe(context.Context, feeds.About) error { return nil }

func (d *memoryDesk) SetBaseline(context.Context) error {
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	d.m.baseline = true
	return nil
}

func (d *memoryDesk) Info(context.Context) (Facts, error) {
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	return Facts{Items: len(d.m.items), Baseline: d.m.baseline}, nil
}

func (d *memoryDesk) Keys(_ context.Context, fn func(string) error) error {
	d.m.mu.Lock()
	keys := make([]string, 0, len(d.m.items))
	for k := range d.m.items {
		keys = append(keys, k)
	}
	d.m.mu.Unlock()
	for _, k := range keys {
		if err := fn(k); err != nil {
			return err
		}
	}
	return nil
}

func (d *memoryDesk) Known(_ context.Context, keys ...string) ([]feeds.Record, error) {
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	out := make([]feeds.Record, len(keys))
	for i, k := range keys {
		if c, ok := d.m.items[k]; ok {
			out[i] = feeds.Record{Source: c.Source, Key: k, ID: d.m.ids[k], Standing: feeds.Live, Raw: c.Raw, Item: c.Item}
		}
	}
	return out, nil
}

func (d *memoryDesk) Recent(_ context.Context, _ string, before feeds.Pos, limit int) (feeds.Page, error) {
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	keys := slices.Sorted(maps.Keys(d.m.items))
	keys = keys[before.Seq:]
	var page feeds.Page
	for _, k := range keys[:min(limit, len(keys))] {
		it := *d.m.items[k].Item
		it.ID = d.m.ids[k]
		page.Items = append(page.Items, it)
	}
	if len(keys) > limit {
		page.Next = feeds.Pos{Seq: before.Seq + uint64(limit)}
	}
	return page, nil
}

func (d *memoryDesk) Find(ctx context.Context, ids ...string) ([]feeds.Record, error) {
	out := make([]feeds.Record, len(ids))
	for i, id := range ids {
		d.m.mu.Lock()
		var keys []string
		for k, have := range d.m.ids {
			if have == id {
				keys = append(keys, k)
			}
		}
		d.m.mu.Unlock()
		list, err := d.Known(ctx, keys...)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			out[i] = list[0]
		}
	}
	return out, nil
}

func (d *memoryDesk) Read(_ context.Context, bucket, key string) ([]byte, bool, error) {
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	v, ok := d.m.notes[bucket+"/"+key]
	return v, ok, nil
}

func (d *memoryDesk) Range(_ context.Context, bucket string, fn func(string, []byte) error) error {
	d.m.mu.Lock()
	found := map[string][]byte{}
	for k, v := range d.m.notes {
		if key, ok := strings.CutPrefix(k, bucket+"/"); ok {
			found[key] = v
		}
	}
	d.m.mu.Unlock()
	for k, v := range found {
		if err := fn(k, v); err != nil {
			return err
		}
	}
	return nil
}

func (d *memoryDesk) Write(_ context.Context, bucket string, edits map[string][]byte) error {
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	d.m.writes++
	for k, v := range edits {
		if v == nil {
			delete(d.m.notes, bucket+"/"+k)
		} else {
			d.m.notes[bucket+"/"+k] = v
		}
	}
	return nil
}

func (d *memoryDesk) Lost() <-chan struct{} { return d.m.lost }
func (d *memoryDesk) Close() error          { return nil }

// scripted is a source whose fetches are functions.
type scripted struct {
	mu      sync.Mutex
	fetches []time.Time
	fetch   func(n int, st State, out Sink) (Result, error)
}

func (s *scripted) Fetch(_ context.Context, st State, out Sink) (Result, error) {
	s.mu.Lock()
	s.fetches = append(s.fetches, time.Now())
	n := len(s.fetches)
	s.mu.Unlock()
	return s.fetch(n, st, out)
}

func (s *scripted) times() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.fetches)
}

// watched is a scripted source that is local: it has a Watch.
type watched struct {
	*scripted
	wake chan func()
}

func (w *watched) Watch(ctx context.Context, wake func()) error {
	w.wake <- wake
	<-ctx.Done()
	return nil
}

func post(key string) feeds.Change {
	return feeds.Change{Key: key, Raw: 1, Item: &feeds.Item{Title: "title of " + key, Content: "<p>text</p>"}}
}

func posts(n int) []feeds.Change {
	out := make([]feeds.Change, n)
	for i := range out {
		out[i] = post(fmt.Sprintf("p%04d", i))
	}
	return out
}

func startManager(t *testing.T, store Store, specs ...Spec) *Manager {
	t.Helper()
	m := NewManager(store, Options{Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(m.Close)
	m.Apply(specs)
	return m
}

func spec(name string, src Source) Spec {
	return Spec{Name: name, Kind: "test", Location: "here", Fingerprint: "1", Source: src, Policy: Policy{Source: name}, Interval: time.Hour}
}

func TestFetchesComeAfterTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &scripted{fetch: func(int, State, Sink) (Result, error) {
			time.Sleep(time.Second)
			return Result{}, nil
		}}
		m := startManager(t, newMemoryStore(), spec("a", src))
		time.Sleep(100 * time.Hour)
		m.Close()
		got := src.times()
		if len(got) < 85 {
			t.Errorf("%d fetches in a hundred hours, want at least 85", len(got))
		}
		for i := 1; i < len(got); i++ {
			if d := got[i].Sub(got[i-1]); d < time.Hour || d > time.Hour*9/8+2*time.Second {
				t.Errorf("fetch %d came %s after the one before, want one hour and up to an eighth more", i, d)
			}
		}
	})
}

func TestARestartFetchesNothingEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		src := &scripted{fetch: func(int, State, Sink) (Result, error) { return Result{}, nil }}
		m := startManager(t, store, spec("a", src))
		synctest.Wait()
		m.Close()
		time.Sleep(time.Minute)
		startManager(t, store, spec("a", src))
		time.Sleep(30 * time.Minute)
		if n := len(src.times()); n != 1 {
			t.Errorf("%d fetches within half an hour and a restart, want 1", n)
		}
	})
}

func TestNotBeforeIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &scripted{fetch: func(int, State, Sink) (Result, error) {
			return Result{NotBefore: time.Now().Add(5 * time.Hour)}, errors.New("429")
		}}
		startManager(t, newMemoryStore(), spec("a", src))
		time.Sleep(4*time.Hour + 59*time.Minute)
		if n := len(src.times()); n != 1 {
			t.Errorf("%d fetches before the time the origin asked for, want 1", n)
		}
	})
}

func TestFailuresBackOffAndNeverGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &scripted{fetch: func(n int, _ State, _ Sink) (Result, error) { return Result{}, errors.New("down") }}
		m := startManager(t, newMemoryStore(), spec("a", src))
		time.Sleep(10 * 24 * time.Hour)
		got := src.times()
		if len(got) < 15 || len(got) > 60 {
			t.Errorf("%d fetches of a dead source in ten days: want it slow, and never given up", len(got))
		}
		if last := got[len(got)-1]; time.Since(last) > 25*time.Hour {
			t.Errorf("the last fetch was %s ago: given up", time.Since(last))
		}
		if st := m.Status()[0]; st.State != "failing" || st.Error != "down" {
			t.Errorf("status is %q with error %q, want failing with the error", st.State, st.Error)
		}
	})
}

func TestGoneStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		src := &scripted{fetch: func(int, State, Sink) (Result, error) { return Result{Gone: true}, errors.New("410") }}
		m := startManager(t, store, spec("a", src))
		time.Sleep(100 * 24 * time.Hour)
		if n := len(src.times()); n != 1 {
			t.Errorf("%d fetches of a source that is gone, want 1", n)
		}
		moved := spec("a", src)
		moved.Fingerprint, moved.Location = "2", "elsewhere"
		m.Apply([]Spec{moved})
		synctest.Wait()
		if n := len(src.times()); n != 2 {
			t.Errorf("a new location was not fetched")
		}
	})
}

func TestWithdrawalGuard(t *testing.T) {
	for _, tc := range []struct {
		name       string
		have, gone int
		held       bool
	}{
		{"a few", 1000, 20, false},
		{"more than twenty, less than a tenth", 1000, 100, false},
		{"more than a tenth", 1000, 101, true},
		{"half of a small source", 30, 15, false},
		{"everything of a small source", 3, 3, true},
		{"twenty-one of thirty", 30, 21, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				all := posts(tc.have)
				var ok bool
				src := &scripted{fetch: func(n int, st State, out Sink) (Result, error) {
					if n == 1 {
						for len(all) > 0 {
							k := min(len(all), MaxBatch)
							if err := out.Emit(all[:k]...); err != nil {
								return Result{}, err
							}
							all = all[k:]
						}
						return Result{}, nil
					}
					var keys []string
					for i := range tc.gone {
						keys = append(keys, fmt.Sprintf("p%04d", i))
					}
					var err error
					ok, err = out.Withdraw(keys...)
					return Result{}, err
				}}
				m := startManager(t, store, spec("a", src))
				synctest.Wait()
				if err := m.Fetch("a"); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				want := tc.have
				if !tc.held {
					want -= tc.gone
				}
				if len(store.items) != want || ok == tc.held {
					t.Errorf("%d of %d items are left and ok is %v, want %d left", len(store.items), tc.have, ok, want)
				}
				st := m.Status()[0]
				if held := st.Withheld != nil; held != tc.held {
					t.Errorf("status says held: %v, want %v", held, tc.held)
				}
				if !tc.held {
					return
				}
				// The operator's word, as another process writes it, lets the next fetch pass.
				store.mu.Lock()
				store.notes["schedule/"+ReleaseKey] = []byte("1")
				store.mu.Unlock()
				time.Sleep(releaseEvery + time.Second)
				synctest.Wait()
				if len(store.items) != tc.have-tc.gone {
					t.Errorf("after the release %d items are left, want %d", len(store.items), tc.have-tc.gone)
				}
				if _, still := store.notes["schedule/"+ReleaseKey]; still {
					t.Error("the release was not used up: the next flood would pass too")
				}
			})
		})
	}
}

func TestTheGuardSeesAFloodInPortions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		src := &scripted{fetch: func(n int, st State, out Sink) (Result, error) {
			if n == 1 {
				return Result{}, out.Emit(posts(100)...)
			}
			var keys []string
			for i := range 10 {
				keys = append(keys, fmt.Sprintf("p%04d", (n-2)*10+i))
			}
			_, err := out.Withdraw(keys...)
			return Result{}, err
		}}
		m := startManager(t, store, spec("a", src))
		synctest.Wait()
		for range 8 {
			if err := m.Fetch("a"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if len(store.items) != 80 || m.Status()[0].Withheld == nil {
			t.Errorf("%d of 100 items are left, want 80 and the rest held", len(store.items))
		}
	})
}

func TestCompleteWithdrawsWhatWasNotSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		src := &scripted{fetch: func(n int, _ State, out Sink) (Result, error) {
			all := posts(30)
			return Result{Complete: true}, out.Emit(all[:30-(n-1)*2]...)
		}}
		m := startManager(t, store, spec("a", src))
		synctest.Wait()
		if err := m.Fetch("a"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(store.items) != 28 {
			t.Errorf("%d items are left, want the 28 of the second fetch", len(store.items))
		}
	})
}

func TestAnErrorWithdrawsNothingAndSavesNoPosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		src := &scripted{fetch: func(n int, st State, out Sink) (Result, error) {
			st.Set("first", []byte("1"))
			if err := out.Emit(post("one")); err != nil {
				return Result{}, err
			}
			st.Set("second", []byte("2"))
			return Result{Complete: true}, errors.New("cut off")
		}}
		store.items["old"] = post("old")
		startManager(t, store, spec("a", src))
		synctest.Wait()
		if _, ok := store.items["old"]; !ok {
			t.Error("a failed fetch withdrew an item")
		}
		if store.notes["state/first"] == nil {
			t.Error("state that belongs to a stored item was not saved")
		}
		if store.notes["state/second"] != nil {
			t.Error("state set after the last Emit was saved although the fetch failed")
		}
		if store.baseline {
			t.Error("a failed first fetch ended the baseline")
		}
	})
}

func TestReportsStandUntilThePostIsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		src := &scripted{fetch: func(n int, st State, out Sink) (Result, error) {
			switch n {
			case 1:
				out.Reject(Rejected{Where: "x", Line: 3, Reason: "no date"})
			case 3:
				return Result{}, out.Emit(post("x"))
			}
			return Result{}, nil
		}}
		local := &watched{src, make(chan func(), 1)}
		m := startManager(t, store, spec("a", local))
		synctest.Wait()
		wake := <-local.wake
		for fetch, want := range []int{1, 1, 0} {
			if got := len(m.Status()[0].Rejected); got != want {
				t.Errorf("after fetch %d there are %d reports, want %d", fetch+1, got, want)
			}
			wake()
			synctest.Wait()
		}
	})
}

func TestAWakeDoesNotPutOffTheFullScan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &scripted{fetch: func(int, State, Sink) (Result, error) { return Result{}, nil }}
		local := &watched{src, make(chan func(), 1)}
		m := startManager(t, newMemoryStore(), spec("a", local))
		synctest.Wait()
		wake := <-local.wake
		due := m.Status()[0].Due
		for range 20 {
			time.Sleep(time.Minute)
			wake()
			synctest.Wait()
		}
		if got := m.Status()[0].Due; got.After(due) {
			t.Errorf("the look at everything moved from %s to %s", due, got)
		}
	})
}

func TestOnlyOneFetchIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running, most := 0, 0
		src := &scripted{fetch: func(int, State, Sink) (Result, error) {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Minute)
			mu.Lock()
			running--
			mu.Unlock()
			return Result{}, nil
		}}
		m := startManager(t, newMemoryStore(), spec("a", src))
		for range 30 {
			time.Sleep(10 * time.Second)
			if err := m.Fetch("a"); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(5*time.Minute + time.Second)
		m.Close()
		if most != 1 || len(src.times()) < 4 {
			t.Errorf("%d fetches ran at once, %d in all", most, len(src.times()))
		}
	})
}

func TestApplyKeepsWhatDidNotChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nothing := func(int, State, Sink) (Result, error) { return Result{}, nil }
		a, b, c := &scripted{fetch: nothing}, &scripted{fetch: nothing}, &scripted{fetch: nothing}
		m := startManager(t, newMemoryStore(), spec("a", a), spec("b", b))
		synctest.Wait()
		kept := m.runners["a"]
		m.Apply([]Spec{spec("a", a), spec("c", c)})
		synctest.Wait()
		if m.runners["a"] != kept {
			t.Error("a source that did not change was restarted")
		}
		if m.runners["b"] != nil || len(c.times()) == 0 && m.runners["c"] == nil {
			t.Error("a removed source runs on, or a new one does not run")
		}
	})
}

func TestAPanicIsTheSourcesError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &scripted{fetch: func(int, State, Sink) (Result, error) { panic("broken") }}
		m := startManager(t, newMemoryStore(), spec("a", src))
		synctest.Wait()
		if st := m.Status()[0]; !strings.Contains(st.Error, "broken") {
			t.Errorf("error is %q, want the panic in it", st.Error)
		}
	})
}

func TestABusySourceIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		store.busy = true
		src := &scripted{fetch: func(int, State, Sink) (Result, error) { return Result{}, nil }}
		m := startManager(t, store, spec("a", src))
		synctest.Wait()
		if st := m.Status()[0]; st.State != "elsewhere" {
			t.Errorf("state is %q, want elsewhere", st.State)
		}
		store.mu.Lock()
		store.busy = false
		store.mu.Unlock()
		time.Sleep(busyRetry + time.Second)
		synctest.Wait()
		if len(src.times()) != 1 {
			t.Error("the source was not taken over")
		}
	})
}

// TestRetract: keys that were named one by one pass the guard that holds what a look around misses.
func TestRetract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		src := &scripted{fetch: func(n int, st State, out Sink) (Result, error) {
			if n == 1 {
				return Result{}, out.Emit(posts(100)...)
			}
			var keys []string
			for _, p := range posts(100) {
				keys = append(keys, p.Key)
			}
			if ok, err := out.Withdraw(keys...); ok || err != nil {
				return Result{}, fmt.Errorf("the guard lets everything go: %v %w", ok, err)
			}
			return Result{}, out.(Retractor).Retract(keys...)
		}}
		m := startManager(t, store, spec("s", src))
		synctest.Wait()
		if err := m.Fetch("s"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if st := m.Status()[0]; st.Error != "" || st.Items != 0 {
			t.Errorf("after Retract: %d items, error %q", st.Items, st.Error)
		}
	})
}

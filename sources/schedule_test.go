package sources

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// every returns n arrivals, one each d, the last one now.
func every(now time.Time, d time.Duration, n int) []time.Time {
	var out []time.Time
	for i := range n {
		out = append(out, now.Add(-time.Duration(i)*d))
	}
	return out
}

func TestC8TheIntervalFollowsTheCadence(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	validated, plain := &Exchange{ETag: `"1"`}, &Exchange{}
	auto := Spec{Interval: time.Hour, MaxInterval: 24 * time.Hour}
	for _, c := range []struct {
		name     string
		spec     Spec
		exchange *Exchange
		arrivals []time.Time
		told     Told
		want     time.Duration
	}{
		{"nothing known", auto, validated, nil, "", time.Hour},
		{"too little known", auto, validated, every(now, 24*time.Hour, 3), "", time.Hour},
		{"every minute", auto, validated, every(now, time.Minute, 500), "", time.Hour},
		{"daily", auto, validated, every(now, 24*time.Hour, 9), "", 3 * time.Hour},
		{"weekly", auto, validated, every(now, 7*24*time.Hour, 9), "", 21 * time.Hour},
		{"yearly", auto, validated, every(now, 365*24*time.Hour, 5), "", 24 * time.Hour},
		{"daily, then silent for a year", auto, validated, every(now.Add(-365*24*time.Hour), 24*time.Hour, 16), "", 24 * time.Hour},
		{"no validators", auto, plain, every(now, time.Minute, 9), "", 24 * time.Hour},
		{"a kind that asks more often", Spec{Interval: time.Minute, MaxInterval: time.Hour}, validated, every(now, time.Minute, 9), "", time.Hour},
		{"chosen", Spec{Interval: time.Minute, MaxInterval: time.Minute, Chosen: true}, plain, every(now, 24*time.Hour, 9), "", time.Minute},
		{"chosen bounds", Spec{Interval: time.Minute, MaxInterval: 2 * time.Hour, Chosen: true}, plain, every(now, 24*time.Hour, 9), "", 2 * time.Hour},
		{"no server at all", Spec{Interval: time.Minute}, nil, every(now, 24*time.Hour, 9), "", time.Minute},
		{"pushed", auto, validated, every(now, time.Minute, 9), Pushed, 24 * time.Hour},
	} {
		s := schedule{Told: c.told}
		s.arrived(c.arrivals)
		s.count(c.exchange, nil)
		if got := s.interval(now, c.spec); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestArrivalsAreBoundedAndMerged(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	var s schedule
	for i := range 100 {
		s.arrived([]time.Time{now.Add(time.Duration(i) * time.Hour), now.Add(time.Duration(i)*time.Hour + time.Minute)})
	}
	if n := len(s.Arrivals); n != maxArrivals || s.cadence() < 50*time.Minute || s.cadence() > 70*time.Minute {
		t.Errorf("%d arrivals, one each %v", n, s.cadence())
	}
}

func TestC11BackOff(t *testing.T) {
	for _, c := range []struct {
		name     string
		local    bool
		exchange *Exchange
		first    time.Duration
		most     time.Duration
	}{
		{"local", true, nil, minLocalBackoff, maxLocalBackoff},
		{"nobody reached", false, &Exchange{}, 5 * time.Minute, maxBackoff},
		{"a server reached", false, &Exchange{Reached: true, Status: 500}, 3 * time.Hour, maxBackoff},
	} {
		want := c.first
		for n := 1; n < 20; n++ {
			s := schedule{Failures: n}
			got := s.backoff(3*time.Hour, "a", time.Unix(int64(n), 0), c.local, c.exchange)
			if got < min(want, c.most) || got > min(want*9/8+time.Second, c.most) {
				t.Errorf("%s: %v after %d failures, want %v", c.name, got, n, want)
			}
			want = min(want*2, c.most)
		}
	}
}

func TestScheduleOfAChangedSource(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	later := now.Add(20 * time.Hour)
	base := schedule{Location: "here", Fingerprint: "1", Last: now, Due: later, Wish: later}
	with := func(change func(*schedule)) schedule {
		s := base
		change(&s)
		return s
	}
	other := Spec{Location: "here", Fingerprint: "2", Interval: time.Hour}
	for _, c := range []struct {
		name string
		was  schedule
		spec Spec
		due  time.Time
		gone bool
	}{
		{"the same", with(func(s *schedule) { s.Gone = true }), Spec{Location: "here", Fingerprint: "1", Interval: time.Hour}, later, true},
		{"another place", with(func(s *schedule) { s.Gone = true }), Spec{Location: "there", Fingerprint: "2"}, time.Time{}, false},
		{"gone, and changed", with(func(s *schedule) { s.Gone = true }), other, time.Time{}, false},
		{"refused, and changed", with(func(s *schedule) { s.Failures, s.Traffic = 3, &Traffic{Last: Exchange{Status: 401}} }), other, time.Time{}, false},
		{"told to wait, and changed", with(func(s *schedule) { s.Failures, s.Traffic = 3, &Traffic{Last: Exchange{Status: 429}} }), other, later, false},
		{"a shorter interval", with(func(s *schedule) { s.Wish = time.Time{} }), other, now.Add(time.Hour), false},
		{"a shorter interval than the origin wishes", base, other, later, false},
	} {
		if got := c.was.recall(c.spec); !got.Due.Equal(c.due) || got.Gone != c.gone {
			t.Errorf("%s: due %v, gone %v; want %v, %v", c.name, got.Due, got.Gone, c.due, c.gone)
		}
	}
}

func TestC9SkippedTimes(t *testing.T) {
	at := time.Date(2026, 11, 27, 23, 30, 0, 0, time.UTC) // a Friday
	for _, c := range []struct {
		skip Skip
		want time.Duration // at least, and at most so much more than an eighth
	}{
		{Skip{}, time.Hour},
		{Skip{Hours: 1<<0 | 1<<1 | 1<<2}, 3*time.Hour + 30*time.Minute},
		{Skip{Days: 1<<time.Saturday | 1<<time.Sunday}, 24 * time.Hour},
	} {
		var s schedule
		s.after(at, Spec{Interval: time.Hour}, false, Result{Skip: c.skip}, nil)
		if got := s.Due.Sub(at); got < c.want || got > c.want+8*time.Minute {
			t.Errorf("%+v: %v ahead, want %v", c.skip, got, c.want)
		}
	}
}

// TestACrashInTheMiddleAsksNobodyEarly: the process dies while the origin answers. What it wishes is lost with it; what it
// wished the time before is kept to (C8, C9, C11).
func TestACrashInTheMiddleAsksNobodyEarly(t *testing.T) {
	good := &Exchange{Requests: 1, Reached: true, ETag: "1"}
	for name, c := range map[string]struct {
		first  func() (Result, error)
		second time.Duration // when the second fetch is sure to be under way
		wait   time.Duration // from then on nobody may be asked
	}{
		"the first fetch": {nil, time.Minute, 58 * time.Minute},
		"no wish":         {func() (Result, error) { return Result{Exchange: good}, nil }, 70 * time.Minute, 50 * time.Minute},
		"max-age":         {func() (Result, error) { return Result{Exchange: good, NotBefore: time.Now().Add(5 * time.Hour)}, nil }, 5*time.Hour + 1, 5*time.Hour - 1},
		"skipped hours": {
			func() (Result, error) { return Result{Exchange: good, Skip: Skip{Hours: 1<<24 - 1<<2}}, nil }, 68 * time.Minute, 22*time.Hour + 50*time.Minute,
		},
		"403 before": {
			func() (Result, error) {
				return Result{Exchange: &Exchange{Requests: 1, Reached: true, Status: 403}, NotBefore: time.Now().Add(24 * time.Hour)}, errors.New("403")
			}, 24*time.Hour + 1, 24*time.Hour - 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				release := make(chan struct{})
				cut := 2
				if c.first == nil {
					cut = 1
				}
				src := &scripted{fetch: func(n int, _ State, _ Sink) (Result, error) {
					if n == cut {
						<-release
					}
					if n < cut {
						return c.first()
					}
					return Result{Exchange: good}, nil
				}}
				asks := spec("a", src)
				asks.Web = true
				first := startManager(t, store, asks)
				time.Sleep(c.second)
				if n := len(src.times()); n != cut {
					t.Fatalf("%d fetches after %v, want %d", n, c.second, cut)
				}
				crashed := store.copy()
				close(release)
				first.Close()
				startManager(t, crashed, asks)
				time.Sleep(c.wait)
				if n := len(src.times()); n != cut {
					t.Errorf("%d fetches within %v of the crash, want %d", n, c.wait, cut)
				}
				time.Sleep(3 * time.Hour)
				if n := len(src.times()); n == cut {
					t.Errorf("nobody asks again: %+v", src.times())
				}
			})
		})
	}
}

// TestAStopInTheMiddleForgetsNothing: the program is stopped while the origin answers.
func TestAStopInTheMiddleForgetsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		exchange *Exchange
		err      error
		wish     time.Duration
		again    time.Duration // when the next fetch comes
	}{
		"nobody was asked":      {&Exchange{}, context.Canceled, 0, 0},
		"asked, no answer":      {&Exchange{Reached: true}, context.Canceled, 0, time.Hour},
		"a longer wish":         {&Exchange{Reached: true, ETag: "1"}, context.Canceled, 9 * time.Hour, 9 * time.Hour},
		"all done just in time": {&Exchange{Reached: true, ETag: "1"}, nil, 9 * time.Hour, 9 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				running := make(chan *Manager, 1)
				closed := make(chan struct{})
				src := &scripted{fetch: func(n int, _ State, _ Sink) (Result, error) {
					if n != 2 {
						return Result{Exchange: &Exchange{Requests: 1, Reached: true, ETag: "1"}}, nil
					}
					go func() {
						(<-running).Close()
						close(closed)
					}()
					synctest.Wait() // all wait for this fetch
					res := Result{Exchange: c.exchange}
					if c.wish > 0 {
						res.NotBefore = time.Now().Add(c.wish)
					}
					return res, c.err
				}}
				asks := spec("a", src)
				asks.Web = true
				running <- startManager(t, store, asks)
				<-closed
				startManager(t, store, asks)
				time.Sleep(30 * time.Hour)
				at := src.times()
				if d := at[2].Sub(at[1]); d < c.again || d > c.again+10*time.Minute {
					t.Errorf("asked again after %v, want %v", d, c.again)
				}
			})
		})
	}
}

// TestAFetchWithoutNewsIsSavedOnce: before it is asked for; counters follow when the program ends.
func TestAFetchWithoutNewsIsSavedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		src := &scripted{fetch: func(n int, _ State, _ Sink) (Result, error) {
			return Result{Unchanged: n > 1, Note: "304", NotBefore: time.Now().Add(2 * time.Hour), Exchange: &Exchange{Requests: 1, NotModified: 1, Reached: true, ETag: "1"}}, nil
		}}
		asks := spec("a", src)
		asks.Web = true
		m := startManager(t, store, asks)
		time.Sleep(time.Minute)
		before := store.written()
		time.Sleep(100 * time.Hour)
		if n, writes := len(src.times())-1, store.written()-before; n < 45 || writes != n {
			t.Errorf("%d fetches and %d writes", n, writes)
		}
		m.Close()
		fetches := len(src.times())
		m = startManager(t, store, asks)
		synctest.Wait()
		if st := m.Status()[0]; st.Traffic.Requests != int64(fetches) || st.Note != "304" {
			t.Errorf("after a restart %d requests are known of %d: %+v", st.Traffic.Requests, fetches, st)
		}
		at := src.times()
		for i := 1; i < len(at); i++ {
			if d := at[i].Sub(at[i-1]); d < 2*time.Hour || d > 2*time.Hour+20*time.Minute {
				t.Errorf("fetch %d comes %v after the one before", i, d)
			}
		}
	})
}

// waiting is a source that waits for its turn at a host.
type waiting struct{ turn chan struct{} }

func (w *waiting) Fetch(ctx context.Context, _ State, _ Sink) (Result, error) {
	back := StepAside(ctx)
	defer back()
	select {
	case <-w.turn:
	case <-ctx.Done():
	}
	return Result{}, ctx.Err()
}

func TestWhoWaitsForAHostKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &waiting{make(chan struct{})}
		quick := &scripted{fetch: func(int, State, Sink) (Result, error) { return Result{}, errors.New("asked") }}
		m := NewManager(newMemoryStore(), Options{Parallel: 2, Log: slog.New(slog.DiscardHandler)})
		t.Cleanup(m.Close)
		var specs []Spec
		for i := range 20 {
			specs = append(specs, spec(fmt.Sprint("w", i), w))
		}
		m.Apply(append(specs, spec("z", quick)))
		time.Sleep(time.Second)
		if len(quick.times()) == 0 {
			t.Error("twenty sources that wait for one host keep the others from being fetched")
		}
	})
}

func TestHandledLettersLeaveTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &scripted{fetch: func(n int, _ State, _ Sink) (Result, error) {
			if n == 1 {
				return Result{Told: Pushed, Exchange: &Exchange{Requests: 1, Reached: true, ETag: "1"}}, nil
			}
			return Result{Told: Handled, Note: "a letter"}, nil
		}}
		m := startManager(t, newMemoryStore(), spec("a", src))
		synctest.Wait()
		before := m.Status()[0]
		time.Sleep(time.Minute)
		if err := m.Fetch("a"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if after := m.Status()[0]; !after.Due.Equal(before.Due) || after.Note != "a letter" {
			t.Errorf("due %v, then %v, %q", before.Due, after.Due, after.Note)
		}
	})
}

package push

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"feedmill/cache"
)

// fakeLog is a log whose cursors are numbers. It counts how often it is read.
type fakeLog struct {
	cache.Log
	n     int
	reads int
	err   error
}

func (l *fakeLog) After(_ context.Context, c cache.Cursor, limit int) (out []cache.Entry, err error) {
	l.reads++
	var i int
	fmt.Sscan(string(c), &i)
	for i++; i <= l.n && len(out) < limit; i++ {
		out = append(out, cache.Entry{Cursor: cache.Cursor(fmt.Sprint(i))})
	}
	return out, l.err
}

// TestTail: whoever reads, and wherever, sees every entry once and in order; those who are up to date cost one read together.
func TestTail(t *testing.T) {
	log := &fakeLog{}
	tl := newTail(log)
	at := make([]int, 20)
	for round := range 300 {
		log.n += rand.N(300)
		if round%50 == 7 {
			log.n += 3 * keepTail // a large import
		}
		tl.moved(cache.Cursor(fmt.Sprint(log.n)))
		for i := range at {
			if i == 0 && round%40 != 0 {
				continue // it lags behind
			}
			for {
				page, err := tl.after(t.Context(), cache.Cursor(fmt.Sprint(at[i])), 100)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				for _, e := range page {
					if at[i]++; e.Cursor != cache.Cursor(fmt.Sprint(at[i])) {
						t.Fatalf("reader %d sees %s in place of %d", i, e.Cursor, at[i])
					}
				}
			}
			if at[i] != log.n {
				t.Fatalf("reader %d ends at %d of %d", i, at[i], log.n)
			}
		}
		if n := len(tl.entries); n > keepTail+100 || len(tl.at) > n+1 {
			t.Fatalf("%d entries and %d places are kept", n, len(tl.at))
		}
	}
	t.Logf("%d reads for %d entries", log.reads, log.n)

	log.reads = 0
	for range 100 {
		log.n++
		tl.moved(cache.Cursor(fmt.Sprint(log.n)))
		for i := 1; i < len(at); i++ {
			page, _ := tl.after(t.Context(), cache.Cursor(fmt.Sprint(at[i])), 100)
			at[i] += len(page)
		}
	}
	if log.reads > 101 {
		t.Errorf("%d reads for 100 entries and %d readers", log.reads, len(at))
	}
	log.err = errors.New("regressed")
	log.n++
	tl.moved(cache.Cursor(fmt.Sprint(log.n)))
	if _, err := tl.after(t.Context(), cache.Cursor(fmt.Sprint(at[1])), 100); err == nil || len(tl.entries) > 0 {
		t.Errorf("%d entries of another history are kept: %v", len(tl.entries), err)
	}
}

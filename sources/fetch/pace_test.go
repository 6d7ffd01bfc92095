package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestC20OneHostIsAskedOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var under, most atomic.Int32
		var mu sync.Mutex
		var starts, ends []time.Time
		c := newClient(Options{}, roundTrip(func(r *http.Request) (*http.Response, error) {
			n := under.Add(1)
			most.Store(max(most.Load(), n))
			mu.Lock()
			starts = append(starts, time.Now())
			mu.Unlock()
			time.Sleep(300 * time.Millisecond)
			mu.Lock()
			ends = append(ends, time.Now())
			mu.Unlock()
			under.Add(-1)
			return answer(r, 200, strings.NewReader("x")), nil
		}))
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				if _, err := Get(t.Context(), c, Request{URL: fmt.Sprintf("http://Many.example:%d/%d", 8000+i%2, i)}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if most.Load() != 1 {
			t.Errorf("%d requests at once", most.Load())
		}
		for i := 1; i < len(starts); i++ {
			if d := starts[i].Sub(ends[i-1]); d < DefaultSpacing {
				t.Fatalf("request %d came %v after the one before", i, d)
			}
		}
	})
}

func TestC20HostsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(Options{}, roundTrip(func(r *http.Request) (*http.Response, error) {
			time.Sleep(10 * time.Second)
			return answer(r, 200, strings.NewReader("x")), nil
		}))
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() { mustGet(t, c, Request{URL: fmt.Sprintf("http://h%d.example/", i)}) })
		}
		wg.Wait()
		if d := time.Since(start); d != 10*time.Second {
			t.Errorf("20 hosts took %v", d)
		}
	})
}

func TestC20WaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		c := newClient(Options{}, roundTrip(func(r *http.Request) (*http.Response, error) {
			<-block
			return answer(r, 200, strings.NewReader("x")), nil
		}))
		go func() { _, _ = Get(t.Context(), c, Request{URL: "http://h.example/1"}) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := Get(ctx, c, Request{URL: "http://h.example/2"})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		close(block)
	})
}

func TestWaitingForATurnIsNoTimeOfTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(Options{}, roundTrip(func(r *http.Request) (*http.Response, error) {
			time.Sleep(20 * time.Second)
			return answer(r, 200, strings.NewReader("x")), nil
		}))
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() {
				if _, err := Get(t.Context(), c, Request{URL: fmt.Sprintf("http://h.example/%d", i)}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestABodyThatIsNeverClosedFreesItsHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(Options{}, roundTrip(func(r *http.Request) (*http.Response, error) {
			return answer(r, 200, strings.NewReader("x")), nil
		}))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h.example/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do(req); err != nil {
			t.Fatal(err)
		}
		mustGet(t, c, Request{URL: "http://h.example/2"})
	})
}

func TestIdleHostsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(1, time.Second, nil)
		for i := range 1000 {
			release, err := p.acquire(t.Context(), fmt.Sprint(i), DefaultTimeout)
			if err != nil {
				t.Fatal(err)
			}
			release()
		}
		p.pause(t.Context(), "paused", time.Now().Add(time.Hour))
		time.Sleep(2 * time.Minute)
		release, err := p.acquire(t.Context(), "new", DefaultTimeout)
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if n := len(p.hosts); n != 2 {
			t.Errorf("%d hosts are remembered, want the new and the paused one", n)
		}
	})
}

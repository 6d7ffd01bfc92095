package sources

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"feedmill/feeds"
)

// TestOnce fetches each source one time, also one that is not due, and tells of each how it went.
func TestOnce(t *testing.T) {
	good := &scripted{fetch: func(_ int, _ State, out Sink) (Result, error) {
		return Result{Complete: true, NotBefore: time.Now().Add(time.Hour)}, out.Emit(feeds.Change{Key: "a", Item: &feeds.Item{Title: "A", Published: time.Unix(1, 0)}})
	}}
	bad := &scripted{fetch: func(int, State, Sink) (Result, error) { return Result{}, errors.New("down") }}
	store := newMemoryStore()
	specs := []Spec{
		{Name: "good", Source: good, Interval: time.Minute, Web: true, Policy: Policy{Source: "good"}},
		{Name: "bad", Source: bad, Interval: time.Minute, Policy: Policy{Source: "bad"}},
	}
	opts := Options{Log: slog.New(slog.DiscardHandler), Parallel: 1}
	for range 2 {
		list := Once(t.Context(), store, specs, opts, nil)
		if list[0].Name != "good" || list[0].Error != "" || !list[0].Fetched || list[0].Items != 1 {
			t.Errorf("the good source is %+v", list[0])
		}
		if list[1].Error != "down" || list[1].State != "failing" {
			t.Errorf("the bad source is %+v", list[1])
		}
	}
	if n := len(good.times()); n != 2 {
		t.Errorf("%d fetches, want one a call", n)
	}
	store.busy = true
	if list := Once(t.Context(), store, specs, opts, nil); list[0].Error == "" || len(good.times()) != 2 {
		t.Errorf("while another process fetches it: %+v", list[0])
	}
	store.busy = false
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if list := Once(ctx, store, specs, opts, nil); list[0].Error == "" {
		t.Errorf("after the end of ctx: %+v", list[0])
	}
}

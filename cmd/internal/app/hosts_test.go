package app

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/cache/embedded"
)

// TestHostsTake: one process has a host until the spacing after its request is over, or until its time is up.
func TestHostsTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, err := embedded.OpenTemp(t.TempDir(), embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		one, two := &hosts{&App{store: store, log: slog.New(slog.DiscardHandler)}}, &hosts{&App{store: store, log: slog.New(slog.DiscardHandler)}}
		waited := 0
		take := func(h *hosts, ctx context.Context) func(time.Duration) {
			t.Helper()
			give, err := h.Take(ctx, "h.example", time.Minute, func() { waited++ })
			if err != nil {
				t.Fatal(err)
			}
			return give
		}
		within := func(what string, start time.Time, want time.Duration) {
			t.Helper()
			if d := time.Since(start); d < want || d > want+3*takeEvery {
				t.Errorf("%s: %v, want %v", what, d, want)
			}
		}
		start := time.Now()
		give := take(one, t.Context())
		within("nobody has it", start, 0)
		time.AfterFunc(10*time.Second, func() { give(time.Second) })
		if give = take(two, t.Context()); waited == 0 {
			t.Error("who waits does not say so")
		}
		within("after the spacing", start, 11*time.Second)
		give(0)
		start = time.Now()
		take(one, t.Context()) // and dies
		take(two, t.Context())
		within("after the time of a dead one", start, time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := one.Take(ctx, "h.example", time.Minute, func() {}); err == nil {
			t.Error("waiting does not end with the context")
		}
	})
}

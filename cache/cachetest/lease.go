package cachetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

var leaseCases = []testCase{
	{
		name:    "lease/held",
		promise: "one at a time holds a lease; it is free again after Release, and tokens grow",
		run: func(r *run) {
			other, done := r.replica()
			defer done()
			a, err := r.s.Acquire(r.ctx, "n", time.Hour)
			r.ok("Acquire", err)
			if a.Name != "n" || a.Token == 0 {
				r.Errorf("lease %+v", a)
			}
			if _, err := other.Acquire(r.ctx, "n", time.Hour); !errors.Is(err, cache.ErrHeld) {
				r.Errorf("Acquire of a held lease: %v", err)
			}
			if _, err := other.Acquire(r.ctx, "another", time.Hour); err != nil {
				r.Errorf("Acquire of another lease: %v", err)
			}
			r.ok("Renew", r.s.Renew(r.ctx, a, time.Hour))
			r.ok("Release", r.s.Release(r.ctx, a))
			b, err := other.Acquire(r.ctx, "n", time.Hour)
			r.ok("Acquire after Release", err)
			if b.Token <= a.Token {
				r.Errorf("token %d after %d", b.Token, a.Token)
			}
			r.ok("Release of a stale lease", r.s.Release(r.ctx, a))
			if _, err := r.s.Acquire(r.ctx, "n", time.Hour); !errors.Is(err, cache.ErrHeld) {
				r.Errorf("the release of a stale lease freed the new one: %v", err)
			}
			if err := r.s.Renew(r.ctx, a, time.Hour); !errors.Is(err, cache.ErrStale) {
				r.Errorf("Renew of a stale lease: %v", err)
			}
			r.ok("Renew", other.Renew(r.ctx, b, time.Hour))
		},
	},
	{
		name:    "lease/expiry",
		promise: "a lease that is not renewed runs out, a renewed one does not",
		run: func(r *run) {
			const ttl = 400 * time.Millisecond
			lost, err := r.s.Acquire(r.ctx, "lost", ttl)
			r.ok("Acquire", err)
			kept, err := r.s.Acquire(r.ctx, "kept", ttl)
			r.ok("Acquire", err)
			for range 6 {
				time.Sleep(ttl / 4)
				r.ok("Renew in time", r.s.Renew(r.ctx, kept, ttl))
			}
			if _, err := r.s.Acquire(r.ctx, "kept", ttl); !errors.Is(err, cache.ErrHeld) {
				r.Errorf("the renewed lease was given away: %v", err)
			}
			if err := r.s.Renew(r.ctx, lost, ttl); !errors.Is(err, cache.ErrStale) {
				r.Errorf("Renew of a lease that ran out: %v", err)
			}
			next, err := r.s.Acquire(r.ctx, "lost", ttl)
			r.ok("Acquire after it ran out", err)
			if next.Token <= lost.Token {
				r.Errorf("token %d after %d", next.Token, lost.Token)
			}
		},
	},
	{
		name:    "lease/race",
		promise: "of many that acquire at once one gets the lease",
		run: func(r *run) {
			var wg sync.WaitGroup
			var got atomic.Int32
			for range 16 {
				wg.Add(1)
				go func() {
					defer wg.Done()
					switch _, err := r.s.Acquire(r.ctx, "n", time.Hour); {
					case err == nil:
						got.Add(1)
					case !errors.Is(err, cache.ErrHeld):
						r.Errorf("Acquire: %v", err)
					}
				}()
			}
			wg.Wait()
			if got.Load() != 1 {
				r.Errorf("%d got it", got.Load())
			}
		},
	},
	{
		name:    "lease/fenced",
		promise: "a write under a lease that somebody else has taken since is refused with ErrStale and leaves no trace",
		run: func(r *run) {
			old, err := r.s.Acquire(r.ctx, "source/s", 30*time.Millisecond)
			r.ok("Acquire", err)
			time.Sleep(60 * time.Millisecond)
			held, err := r.s.Acquire(r.ctx, "source/s", time.Hour)
			r.ok("Acquire", err)
			r.leases["s"] = held
			r.put1("s", post("a", in("X")), feeds.Baseline)
			tail, all, about := r.tail(), r.version(feeds.All), feeds.About{Title: "no"}
			c := post("b", in("Y"))
			c.Source = "s"
			refused := map[string]error{}
			acc, err := r.s.Put(r.ctx, old, c)
			refused["Put"] = err
			if len(acc) != 0 {
				r.Errorf("answers beside ErrStale: %+v", acc)
			}
			refused["Write"] = r.s.Write(r.ctx, old, cache.Edit{Bucket: "b", Key: "k", Value: []byte("v")})
			refused["Describe"] = r.s.Describe(r.ctx, old, "s", about)
			refused["SetBaseline"] = r.s.SetBaseline(r.ctx, old, "s")
			refused["Retire"] = r.s.Retire(r.ctx, old, "s")
			refused["Revive"] = r.s.Revive(r.ctx, old, "s")
			_, refused["Put without a lease"] = r.s.Put(r.ctx, cache.Lease{}, c)
			_, refused["Put under a made-up token"] = r.s.Put(r.ctx, cache.Lease{Name: "source/s", Token: held.Token + 1}, c)
			target, err := r.s.Acquire(r.ctx, "source/t", time.Millisecond)
			r.ok("Acquire", err)
			time.Sleep(30 * time.Millisecond)
			_, err = r.s.Acquire(r.ctx, "source/t", time.Hour)
			r.ok("Acquire", err)
			refused["Rename"] = r.s.Rename(r.ctx, target, "s", "t")
			for what, err := range refused {
				if !errors.Is(err, cache.ErrStale) {
					r.Errorf("%s: %v, want ErrStale", what, err)
				}
			}
			if r.tail() != tail || r.version(feeds.All) != all {
				r.Error("the log or a version moved")
			}
			if _, ok := r.info(category("y")); ok {
				r.Error("a topic appeared")
			}
			notes, err := r.s.Read(r.ctx, "b", "k")
			r.ok("Read", err)
			list, err := r.s.List(r.ctx)
			r.ok("List", err)
			if len(notes) != 0 || len(list) != 1 || list[0].Name != "s" || list[0].Baseline || list[0].About.Title != "" || !list[0].Retired.IsZero() {
				r.Errorf("notes %v, sources %+v", notes, list)
			}
			r.gone(cacheID("s", "b"))
		},
	},
	{
		name:    "lease/wrong-name",
		promise: "the lease of Put is the one of its source",
		run: func(r *run) {
			l, err := r.s.Acquire(r.ctx, "source/other", time.Hour)
			r.ok("Acquire", err)
			if err := r.s.SetBaseline(r.ctx, l, "s"); !errors.Is(err, cache.ErrStale) {
				r.Errorf("SetBaseline under another source's lease: %v", err)
			}
			if err := r.s.Describe(r.ctx, l, "s", feeds.About{Title: "x"}); !errors.Is(err, cache.ErrStale) {
				r.Errorf("Describe under another source's lease: %v", err)
			}
		},
	},
}

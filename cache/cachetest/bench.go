package cachetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// Benchmarks measures what the performance targets are about, on posts of the reference site.
func Benchmarks(b *testing.B, open func(t testing.TB, opts cache.Options) cache.Store) {
	ctx := context.Background()
	start := func(b *testing.B) (cache.Store, cache.Lease) {
		b.Helper()
		s := open(b, cache.Options{})
		b.Cleanup(func() {
			if err := s.Close(); err != nil {
				b.Error(err)
			}
		})
		l, err := s.Acquire(ctx, "source/reference", 24*time.Hour)
		if err != nil {
			b.Fatal(err)
		}
		return s, l
	}
	put := func(b *testing.B, s cache.Store, l cache.Lease, changes []feeds.Change, want feeds.Kind) {
		b.Helper()
		acc, err := s.Put(ctx, l, changes...)
		if err != nil || len(acc) != len(changes) || acc[0].Kind != want {
			b.Fatalf("Put: %v, %v", acc, err)
		}
	}
	posts := func(from, n int) []feeds.Change {
		out := make([]feeds.Change, n)
		for i := range out {
			out[i] = Reference(from + i)
		}
		return out
	}
	perItem := func(b *testing.B, items int) {
		b.ReportMetric(float64(items)/b.Elapsed().Seconds(), "items/s")
	}
	for _, size := range []int{1, 500, 1000} {
		b.Run(fmt.Sprintf("put/%d", size), func(b *testing.B) {
			s, l := start(b)
			n := 0
			for b.Loop() {
				b.StopTimer()
				changes := posts(n, size)
				n += size
				b.StartTimer()
				put(b, s, l, changes, feeds.Baseline)
			}
			perItem(b, n)
		})
	}
	// Each post comes from two sources: apart, with addresses that no other has, and merged.
	for _, mode := range []string{"apart", "addressed", "merged"} {
		b.Run("put/twice/"+mode, func(b *testing.B) {
			s, l := start(b)
			other, err := s.Acquire(ctx, "source/other", 24*time.Hour)
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for b.Loop() {
				b.StopTimer()
				first, second := posts(n, 500), posts(n, 500)
				for i := range second {
					second[i].Source, second[i].Wish = "other", ""
					if mode != "apart" {
						first[i].Address, second[i].Address = first[i].Item.URL, second[i].Item.URL
					}
					if mode == "addressed" {
						second[i].Address += "?other"
					}
				}
				want := feeds.Baseline
				if mode == "merged" {
					want = feeds.Merged
				}
				b.StartTimer()
				put(b, s, l, first, feeds.Baseline)
				put(b, s, other, second, want)
				n += 500
			}
			perItem(b, 2*n)
		})
	}
	b.Run("put/unchanged", func(b *testing.B) {
		s, l := start(b)
		changes := posts(0, 500)
		put(b, s, l, changes, feeds.Baseline)
		n := 0
		for b.Loop() {
			put(b, s, l, changes, feeds.Unchanged)
			n += len(changes)
		}
		perItem(b, n)
	})
	b.Run("read", func(b *testing.B) {
		s, l := start(b)
		for i := 0; i < 4000; i += 500 {
			put(b, s, l, posts(i, 500), feeds.Baseline)
		}
		for _, order := range []feeds.Order{feeds.ByPublished, feeds.ByArrival} {
			b.Run(fmt.Sprintf("recent50/order=%d", order), func(b *testing.B) {
				for b.Loop() {
					if p, err := s.Recent(ctx, feeds.NewTopic("category", "category07"), order, feeds.Pos{}, 50); err != nil || len(p.Items) != 50 {
						b.Fatal(len(p.Items), err)
					}
				}
			})
		}
		b.Run("after100", func(b *testing.B) {
			for b.Loop() {
				if e, err := s.After(ctx, "", 100); err != nil || len(e) != 100 {
					b.Fatal(len(e), err)
				}
			}
		})
		b.Run("version", func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Version(ctx, feeds.All); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("topics", func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Topics(ctx, ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

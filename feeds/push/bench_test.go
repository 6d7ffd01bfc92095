package push_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/cache/embedded"
	"feedmill/feeds"
	"feedmill/feeds/push"
)

// bench is a courier over a store that writes through to the disk.
func bench(b *testing.B, specs ...push.Spec) (put func(changes ...feeds.Change)) {
	b.Helper()
	s, err := embedded.Open(filepath.Join(b.TempDir(), "store.db"), embedded.Options{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	lease, err := s.Acquire(ctx, "source/a", 24*time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.SetBaseline(ctx, lease, "a"); err != nil {
		b.Fatal(err)
	}
	c := push.New(s, push.Options{})
	c.Apply(specs)
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	for begun := false; !begun; time.Sleep(time.Millisecond) {
		notes := 0
		if err := s.Range(ctx, "push", func(string, []byte) error { notes++; return nil }); err != nil {
			b.Fatal(err)
		}
		begun = notes == len(specs)
	}
	return func(changes ...feeds.Change) {
		for i := range changes {
			changes[i].Raw = cache.Fingerprint([]byte(changes[i].Key))
		}
		if _, err := s.Put(ctx, lease, changes...); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLatency is the time from the answer of Put to the request at the target.
func BenchmarkLatency(b *testing.B) {
	for _, targets := range []int{1, 50} {
		b.Run(fmt.Sprint(targets), func(b *testing.B) {
			came := make(chan time.Time, targets)
			specs := make([]push.Spec, targets)
			for i := range specs {
				s := &script{name: fmt.Sprintf("t%d", i)}
				s.answer = func(int, request) (push.Receipt, error) { came <- time.Now(); return "", nil }
				specs[i] = s.spec()
			}
			put := bench(b, specs...)
			var all []time.Duration
			n := 0
			for b.Loop() {
				n++
				put(change("a", fmt.Sprintf("post-%06d", n)))
				stored := time.Now()
				for range targets {
					all = append(all, max(0, (<-came).Sub(stored)))
				}
			}
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// BenchmarkFollow is the time in which fifty targets read 1,000 entries of the log that only the last of is for them.
func BenchmarkFollow(b *testing.B) {
	const targets = 50
	came := make(chan bool, targets)
	specs := make([]push.Spec, targets)
	for i := range specs {
		s := &script{name: fmt.Sprintf("t%d", i)}
		s.answer = func(int, request) (push.Receipt, error) { came <- true; return "", nil }
		specs[i] = s.spec(func(s *push.Spec) { s.Topics = []feeds.Topic{feeds.NewTopic("tag", "wanted")} })
	}
	put := bench(b, specs...)
	n := 0
	for b.Loop() {
		b.StopTimer()
		changes := make([]feeds.Change, 1000)
		for i := range changes {
			n++
			changes[i] = change("a", fmt.Sprintf("post-%06d", n))
		}
		changes[999].Item.Tags = []string{"wanted"}
		put(changes...)
		b.StartTimer()
		for range targets {
			<-came
		}
	}
}

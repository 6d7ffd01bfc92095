package hub

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"feedmill/cache"
)

// BenchmarkFanOut is one change delivered to 10,000 subscribers at as many hosts as the name says, in one process with them.
func BenchmarkFanOut(b *testing.B) {
	const subscribers = 10_000
	for _, bb := range []struct{ size, hosts int }{{3 << 10, 100}, {3 << 10, 10_000}, {220 << 10, 100}} {
		for _, secret := range []bool{false, true} {
			b.Run(fmt.Sprintf("size=%d/hosts=%d/secret=%v", bb.size, bb.hosts, secret), func(b *testing.B) {
				var got atomic.Int64
				l, err := net.Listen("tcp4", ":0") // for every address of 127.0.0.0/8
				if err != nil {
					b.Fatal(err)
				}
				srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					got.Add(1)
				})}}
				srv.Start()
				defer srv.Close()
				h, st, docs := newTestHub(b)
				docs.size = bb.size
				h.Configure(Options{URL: "https://feeds.example.com/hub", HTTP: &http.Client{Transport: &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 32}}})
				edits := make([]cache.Edit, 0, subscribers+1)
				for i := range subscribers {
					s := &subscription{
						Topic:    "https://feeds.example.com/feed.atom",
						Callback: fmt.Sprintf("http://127.2.%d.%d:%d/cb/%d", i%bb.hosts/250, 1+i%bb.hosts%250, l.Addr().(*net.TCPAddr).Port, i), Expires: time.Now().Add(time.Hour),
					}
					if secret {
						s.Secret = fmt.Sprint("secret of ", i)
					}
					edits = append(edits, note(bucketSubs, s.key(), s, time.Hour))
				}
				if err := st.Write(b.Context(), cache.Lease{}, append(edits, generation())...); err != nil {
					b.Fatal(err)
				}
				running(b, h)
				tail, err := st.Tail(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				n := int64(0)
				for b.Loop() {
					n++
					docs.version.Store(n)
					st.says <- &cache.TrimmedError{First: tail}
					for h.Stats().Delivered < n*subscribers {
						time.Sleep(time.Millisecond)
					}
				}
				b.ReportMetric(float64(n*subscribers)/b.Elapsed().Seconds(), "deliveries/s")
			})
		}
	}
}

// BenchmarkLook is what one renewal among 100,000 subscriptions costs the loop, and what each subscription takes of memory.
func BenchmarkLook(b *testing.B) {
	const subscribers = 100_000
	h, st, _ := newTestHub(b)
	keep := func(i int, until time.Time) cache.Edit {
		s := &subscription{
			Topic: fmt.Sprintf("https://feeds.example.com/tag/%d.atom", i%1000), Callback: fmt.Sprintf("https://reader%d.example.net/websub/%d", i%1000, i),
			Secret: fmt.Sprintf("a secret of thirty bytes %d", i), Expires: until,
		}
		return note(bucketSubs, s.key(), s, time.Hour)
	}
	until := time.Now().Add(time.Hour)
	for i := 0; i < subscribers; i += 1000 {
		var edits []cache.Edit
		for k := range 1000 {
			edits = append(edits, keep(i+k, until))
		}
		if err := st.Write(b.Context(), cache.Lease{}, append(edits, generation())...); err != nil {
			b.Fatal(err)
		}
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	d := newDistributor(h, cache.Lease{})
	if err := d.look(b.Context()); err != nil {
		b.Fatal(err)
	}
	each := float64(heap()-before) / subscribers
	b.ReportAllocs()
	for b.Loop() {
		until = until.Add(time.Second)
		if err := st.Write(b.Context(), cache.Lease{}, keep(7, until), generation()); err != nil {
			b.Fatal(err)
		}
		if err := d.look(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if len(d.subs) != subscribers {
		b.Fatalf("%d subscriptions are known", len(d.subs))
	}
	b.ReportMetric(each, "B/subscription")
}

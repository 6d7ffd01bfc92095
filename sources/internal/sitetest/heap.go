package sitetest

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// Limit is what no answer of a hostile server may cost beside what was there before, in bytes of the heap.
const Limit = 100 << 20

// Grown runs f and says how much the heap grew at most meanwhile, in bytes, garbage included.
func Grown(f func()) uint64 {
	runtime.GC()
	debug.FreeOSMemory()
	idle, peak := heap(), uint64(0)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				peak = max(peak, heap())
			}
		}
	})
	f()
	peakAtEnd := heap()
	close(done)
	wg.Wait()
	return max(peak, peakAtEnd, idle) - idle
}

func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

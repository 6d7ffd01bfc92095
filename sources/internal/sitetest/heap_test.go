package sitetest

import (
	"runtime"
	"testing"
)

// TestGrown: what is allocated is seen, also if it is garbage at once.
func TestGrown(t *testing.T) {
	const size = Limit + 10<<20
	for name, f := range map[string]func(){
		"in one piece": func() { runtime.KeepAlive(make([]byte, size)) },
		"in many": func() {
			var all [][]byte
			for range size >> 10 {
				all = append(all, make([]byte, 1<<10))
			}
			runtime.KeepAlive(all)
		},
	} {
		if n := Grown(f); n < size {
			t.Errorf("%s: only %d of %d bytes were seen", name, n, size)
		}
	}
	if n := Grown(func() {}); n > 1<<20 {
		t.Errorf("nothing takes %d bytes", n)
	}
}

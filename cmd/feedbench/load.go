package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"
)

// connections is how many keep-alive connections the load uses at once.
const connections = 16

// load sends the same request over and over and returns the responses per second. Every response must have the status.
func load(addr string, request []byte, status int, d time.Duration) (float64, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // one core for the client, one for the server
	var wg sync.WaitGroup
	counts := make([]int, connections)
	errs := make([]error, connections)
	started := time.Now()
	deadline := started.Add(d)
	for i := range connections {
		wg.Go(func() { counts[i], errs[i] = drive(addr, request, status, deadline) })
	}
	wg.Wait()
	took := time.Since(started)
	total := 0
	for _, n := range counts {
		total += n
	}
	return float64(total) / took.Seconds(), errors.Join(errs...)
}

func drive(addr string, request []byte, status int, deadline time.Time) (n int, err error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	r := bufio.NewReaderSize(c, 64<<10)
	for time.Now().Before(deadline) {
		if _, err := c.Write(request); err != nil {
			return n, err
		}
		got, err := skipResponse(r)
		if err != nil {
			return n, err
		}
		if got != status {
			return n, fmt.Errorf("%s answered %d, want %d", addr, got, status)
		}
		n++
	}
	return n, nil
}

// skipResponse reads one response and forgets it: the client must cost little beside the server.
func skipResponse(r *bufio.Reader) (status int, err error) {
	length := 0
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first {
			if len(line) < 12 {
				return 0, fmt.Errorf("bad status line %q", line)
			}
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, err
			}
			continue
		}
		if len(line) == 0 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
	}
	_, err = r.Discard(length)
	if errors.Is(err, io.EOF) && length == 0 {
		err = nil
	}
	return status, err
}

// median of the rounds of a comparison.
func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

// percentile of durations, p in 0..1.
func percentile(v []time.Duration, p float64) time.Duration {
	s := slices.Sorted(slices.Values(v))
	return s[min(len(s)-1, int(p*float64(len(s))))]
}
